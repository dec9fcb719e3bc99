"""Packing: runs that lie about one by one are put together, and runs that are not wanted are taken out."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from sim.files import OutputError, cannot_write
from sim.store import file
from sim.store.shelf import BLOCK, ID_DIGITS, PACK, PACKED, PACKING, RUNS, TABLES, WRITING, About, Store
from sim.store.soundness import DAMAGE, Soundness
from sim.tables import SCENARIO, SCHEMAS, STATES, Tables

LOOSE = 256
"""Runs that may lie about one by one before they are packed, and runs of a pack."""
SMALL = 16
"""Runs from which on a block is worth no packing: a sweep of 100,000 short runs leaves some thousands of files."""
PATIENCE_SECONDS, BLOCK_PATIENCE_SECONDS = 60.0, 10.0
STALE_SECONDS = 3600.0
"""A file that has had its passing name for so long has lost its process: it is written in no time."""
ORDER = (*SCENARIO, "config", "replicate", "run_id")


def put_together(store: Store, runs: Mapping[str, tuple[Tables, About]]) -> None:
    """Keep runs that were finished within a short time, in one file each table: a block.

    Blocks are small packs, and become large ones (`pack`). One run alone, one of a model from outside, and one that is
    there already, sound or not, is kept in files of its own; so are all where a file system has no locks. For two
    blocks are not written at once: so no run comes to lie in both.

    Raises:
        OutputError: if the disk is full or the folder cannot be written.
    """
    done = set[str]()
    if len(runs) > 1:
        store.check()
        with _alone(store.folder, BLOCK_PATIENCE_SECONDS, WRITING) as alone:
            new = [run for run, (_, about) in runs.items() if not about.model and not store.has(run)]
            if alone and len(new) > 1:
                _write_block(store, {run: runs[run] for run in new})
                done = set(new)
    for run, (tables, about) in runs.items():
        if run not in done:
            store.put(run, tables, about)


def _write_block(store: Store, runs: Mapping[str, tuple[Tables, About]]) -> None:
    for run, (tables, _) in runs.items():
        for state in STATES:
            if (recorded := getattr(tables, state)) is not None:
                file.write(store.path(state, run), {run: recorded})
    name = _name(BLOCK, runs)
    rows = {run: dict(tables.items()) | {"runs": about.row(tables.results)} for run, (tables, about) in runs.items()}
    for table in PACKED:
        file.write(store.path(table, name), {run: own[table] for run, own in rows.items()})


def pack(store: Store, least: int = LOOSE) -> int:
    """Put runs that lie about one by one, or in small blocks, into packs, if there are enough of such files.

    Of a run that lies in a block and elsewhere too, the block's is dropped. Runs that are damaged, and those of models
    from outside, whose columns are their own, are left as they are.

    Returns:
        How many runs were packed: none, too, while another process packs.

    Raises:
        OutputError: if the disk is full or the folder cannot be written.
    """
    twice, few = _lie_twice(store), len(_loose(store)) + len(_blocks(store, SMALL)) < least
    if few and not twice and not _unfinished(store):
        return 0
    with _alone(store.folder, BLOCK_PATIENCE_SECONDS if twice else 0.0) as alone:
        if not alone:
            return 0
        _tidy(store)
        if few and not twice:
            return 0
        blocks = _blocks(store) if twice else _blocks(store, SMALL)
        members = store.members()
        packed = {run: name for name, runs in members.items() if name not in blocks for run in runs}
        lies_in, spoilt = dict[str, str](), dict[str, str]()
        for name, runs in blocks.items():
            for run in runs:
                if run in packed and not _has_whole(store, packed[run], [run]):
                    spoilt[run] = packed[run]
                if run in lies_in and _has_whole(store, lies_in[run], [run]):
                    continue
                if run not in packed or run in spoilt:
                    lies_in[run] = name
        lies_in |= {run: run for run in _loose(store)}
        rows = {run: store.read("runs", name, run) for run, name in lies_in.items()}
        known = {run: row.to_pylist()[0] for run, row in rows.items() if row is not None}
        own = [run for run, row in known.items() if not row["model"]]
        ordered = sorted(own, key=lambda run: [str(known[run][name]).rjust(20) for name in ORDER])
        parts = [ordered[first : first + LOOSE] for first in range(0, len(ordered), LOOSE)]
        count = sum(_pack(store, part, lies_in=lies_in) for part in parts)
        for name in set(spoilt.values()):  # unless the new one is called as it was
            kept = [run for run in members[name] if _has_whole(store, name, [run])]
            if len(kept) < len(members[name]):
                _rewrite(store, name, kept)
        for name in blocks:
            _forget(store, name)
        return count


def drop(store: Store, runs: Iterable[str]) -> None:
    """Take runs out of a store.

    Raises:
        OutputError: if the folder cannot be written, or another process packs for long.
    """
    unwanted = set(runs)
    with _in_peace(store):
        for name, members in dict(store.members()).items():
            if unwanted & set(members):
                _rewrite(store, name, [run for run in members if run not in unwanted])
        for run in unwanted:
            _forget(store, run)


def clear(store: Store, found: Soundness) -> None:
    """Remove what is damaged, and what lies there twice, by what `soundness.check` has found.

    Raises:
        OutputError: if the folder cannot be written, or another process packs for long.
    """
    with _in_peace(store):
        members = dict(store.members())
        damaged: dict[str, list[Path]] = {}
        for finding in found.findings:
            if finding.kind in DAMAGE:
                damaged.setdefault(finding.path.stem, []).append(finding.path)
        for name, paths in damaged.items():
            if name in members:
                _rewrite(store, name, members[name])
            elif store.get(name) is None:
                _forget(store, name)
            else:
                _write_anew(name, paths)
        _tidy(store)


@contextmanager
def _in_peace(store: Store) -> Iterator[None]:
    with _alone(store.folder, PATIENCE_SECONDS) as alone:
        if not alone:
            raise OutputError(f"another process is packing {store.folder}. Try again when it has ended.")
        yield


def _loose(store: Store) -> list[str]:
    return [name for name in store.names() if not name.startswith(PACK)]


def _blocks(store: Store, below: float = math.inf) -> dict[str, list[str]]:
    """The runs of each block that has fewer than so many."""
    there = store.members().items()
    return {name: runs for name, runs in there if name.startswith(BLOCK) and len(runs) < below}


def _lie_twice(store: Store) -> bool:
    """Whether a run lies in a block and elsewhere too, as when two sweeps that share runs go on at once."""
    blocks = _blocks(store)
    if not blocks:
        return False
    inside = [run for runs in store.members().values() for run in runs]
    return len(set(inside)) < len(inside) or not set(inside).isdisjoint(_loose(store))


def _unfinished(store: Store) -> list[Path]:
    """Tables of packs, or of packed runs, that are not there whole: somebody puts them here now, or was killed at it.

    Of others nobody can say: what is neither packed nor a pack is being put here now.
    """
    there, packed = set(store.names()), store.packed()
    return [
        store.path(table, name)
        for table in PACKED[:-1]
        for name in store.names(table)
        if name not in there and (name in packed or name.startswith(PACK))
    ]


def _name(kind: str, runs: Iterable[str]) -> str:
    """What a file of these runs is called."""
    return kind + hashlib.sha256(" ".join(sorted(runs)).encode()).hexdigest()[:ID_DIGITS]


def _pack(
    store: Store, runs: Sequence[str], stead: str | None = None, lies_in: Mapping[str, str] | None = None
) -> int:
    """Write a pack of those runs that are sound, and then remove what it stands for.

    Args:
        store: where.
        runs: in their order.
        stead: the pack from which all of them are taken, and which it is to replace; None for other runs.
        lies_in: the file in which each lies, where it does not lie in one of its own.
    """
    name, lies_in = _name(PACK, runs), lies_in or {}
    is_there = name != stead and bool(runs) and _has_whole(store, name, runs)  # and is not to be written over
    for table in () if is_there else PACKED:
        read = {run: file.read_with_digest(store.path(table, stead or lies_in.get(run, run)), run) for run in runs}
        own = SCHEMAS.get(table, RUNS)
        sound = {run: each for run, each in read.items() if each is not None and each[0].schema.equals(own)}
        if len(sound) < len(runs):
            if name != stead:
                _forget(store, name)
            return _pack(store, list(sound), stead, lies_in)
        if not runs:
            return 0
        rows, known = ({run: each[part] for run, each in sound.items()} for part in (0, 1))
        try:
            file.write(store.path(table, name), rows, known)
        except OutputError:  # the disk is full: what was begun is not to fill it
            if name != stead:
                _forget(store, name)
            raise
    for each in [stead] if stead else runs:
        if each != name and lies_in.get(each, each) == each:
            _forget(store, each, but_states=True)
    return len(runs)


def _rewrite(store: Store, name: str, keep: Sequence[str]) -> None:
    """A pack without some of its runs, and without what is damaged of the others; or a run of which none is kept."""
    if not _pack(store, keep, stead=name):
        _forget(store, name)


def _write_anew(run: str, paths: Iterable[Path]) -> None:
    """Damaged files of a run that is there all the same: their rows are sound, or they are states, which go."""
    for path in paths:
        rows = file.read(path, run)
        if rows is not None:
            file.write(path, {run: rows})
        else:
            _remove(path)


def _tidy(store: Store) -> None:
    """Clear up what was left by whoever was killed at this, or lived again what a damaged pack had lost."""
    there, long_ago = set(store.names()), time.time() - STALE_SECONDS
    for passing in store.folder.glob("*/.*"):
        with suppress(FileNotFoundError):  # it has got its name, by a worker who put it here
            if passing.is_file() and passing.stat().st_mtime < long_ago:
                _remove(passing)
    with _alone(store.folder, lock=WRITING) as quiet:  # packs are written under the lock that is held here
        for path in _unfinished(store):
            with suppress(FileNotFoundError):
                if quiet or not path.name.startswith(BLOCK) or path.stat().st_mtime < long_ago:
                    _remove(path)
    members: dict[str, set[str]] = {}
    for name in sorted(there):
        if name.startswith(PACK):
            members[name] = set(file.digests(store.path("runs", name))) if _is_read(store, name) else set()
    for name, runs in members.items():
        if runs and any(runs < others and _has_whole(store, other, runs) for other, others in members.items()):
            _forget(store, name)
    loose, packs = set(_loose(store)), dict(store.members())
    for name, inside in packs.items():
        mended = loose.intersection(inside)
        whole = {run for run in mended if _has_whole(store, name, [run])}
        for run in sorted(whole):
            _forget(store, run, but_states=True)
        if len(whole) < len(mended):
            _rewrite(store, name, [run for run in inside if run not in mended - whole])


def _has_whole(store: Store, name: str, runs: Iterable[str]) -> bool:
    """Whether a pack has these runs, sound and with every table."""
    return all(store.read(table, name, run) is not None for table in PACKED for run in runs)


def _is_read(store: Store, name: str) -> bool:
    try:
        file.digests(store.path("runs", name))
    except file.FAULTS:
        return False
    return True


def _forget(store: Store, name: str, *, but_states: bool = False) -> None:
    """Remove the files of a run or a pack: that which says that it is whole first."""
    for table in reversed(TABLES):
        if not (but_states and table not in PACKED):
            _remove(store.path(table, name))


def _remove(path: Path) -> None:
    """Remove a file, which may be gone already; a folder of its name is not ours, and is told."""
    try:
        path.unlink(missing_ok=True)
    except OSError as fault:
        raise OutputError(cannot_write(path, fault)) from fault


@contextmanager
def _alone(folder: Path, patience: float = 0.0, lock: str = PACKING) -> Iterator[bool]:
    """Hold a lock of a store, and say whether it was got. It ends with the process, however that ends."""
    until = time.monotonic() + patience
    try:
        held = (folder / lock).open("ab")
    except OSError as fault:
        raise OutputError(cannot_write(folder / lock, fault)) from fault
    with held:
        while (got := _lock(held)) is False and time.monotonic() < until:
            time.sleep(0.02)
        yield bool(got)


def _lock(held: IO[bytes]) -> bool | None:
    """Take the lock if it is free; None where there are no locks. It is let go when the file is closed."""
    try:
        import fcntl
    except ImportError:  # Windows
        return _lock_on_windows(held)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _lock_on_windows(held: Any) -> bool:
    import msvcrt

    locking: Any = msvcrt
    try:
        locking.locking(held.fileno(), locking.LK_NBLCK, 1)
    except OSError:
        return False
    return True
