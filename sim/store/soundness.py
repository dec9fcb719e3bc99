"""Whether the files of a store are what was put there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from sim.store import file
from sim.store.shelf import PACK, PACKED, PACKING, RUNS, TABLES, WRITING, Store
from sim.tables import is_table

MAGIC = b"PAR1"
LEAST_BYTES = 12
"""Of a Parquet file: it begins and ends with `MAGIC`, and has a length between."""
FAULTY = {
    "truncated": "cut short",
    "altered": "not what was written",
    "unreadable": "cannot be opened",
    "missing": "a table of these runs is not there",
    "strange": "nothing that the store has written",
    "twice": "of runs that lie elsewhere too",
}
"""What may be wrong with a file."""
DAMAGE = ("truncated", "altered", "unreadable", "missing")
PASSING = {"unfinished": "of runs that were stopped while they were put here, or are being put here now"}
"""What may be so, and is not wrong."""
_KNOWN = (PACKING, WRITING, "pace.json")


@dataclass(frozen=True)
class Finding:
    """One file that is not sound.

    Attributes:
        path: where it is, or should be.
        kind: one of `FAULTY` or `PASSING`.
        runs: those that are damaged by it.
    """

    path: Path
    kind: str
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Soundness:
    """What a look at every file has found.

    Attributes:
        files: how many were looked at.
        runs: how many are there, whole and sound.
        findings: files that are not sound.
        digest: of what all sound runs say, states included: two stores that hold the same have the same.
    """

    files: int
    runs: int
    findings: tuple[Finding, ...]
    digest: str

    @property
    def is_sound(self) -> bool:
        """Whether every file is."""
        return not any(finding.kind in FAULTY for finding in self.findings)

    @property
    def damaged(self) -> set[str]:
        """Runs that are not there sound; they are lived again when they are next asked for."""
        return {run for finding in self.findings if finding.kind != "twice" for run in finding.runs}


def check(store: Store, tick: Callable[[int, int], None] | None = None) -> Soundness:
    """Look at every byte of a store.

    Args:
        store: which.
        tick: told how many files are looked at, and how many there are.
    """
    paths = sorted(path for path in store.folder.rglob("*") if not path.is_dir()) if store.folder.is_dir() else []
    findings: list[Finding] = []
    sound: dict[tuple[str, str], str] = {}
    for number, path in enumerate(paths, 1):
        findings += _look(store, path, sound)
        if tick is not None:
            tick(number, len(paths))
    findings += _missing(store)
    lost = {run for finding in findings for run in finding.runs if finding.kind != "twice"}
    whole = {run for table, run in sound if table == "runs"} - lost
    return Soundness(len(paths), len(whole), tuple(findings), _digest(sound, whole))


def digest_of(store: Store) -> str:
    """What all runs of a store say, in 32 hexadecimal digits, by the digests that their files carry."""
    said: dict[tuple[str, str], str] = {}
    for table in TABLES:
        for name in store.names(table):
            try:
                said.update({(table, run): one for run, one in file.digests(store.path(table, name)).items()})
            except file.FAULTS:
                continue
    return _digest(said, {run for table, run in said if table == "runs"})


def _digest(said: dict[tuple[str, str], str], runs: set[str]) -> str:
    """When a run was made does not count."""
    lines = sorted(f"{run} {table} {one}" for (table, run), one in said.items() if run in runs and table != "runs")
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def _look(store: Store, path: Path, sound: dict[tuple[str, str], str]) -> Iterator[Finding]:
    """What is wrong with one file; the digests of its sound runs are written into `sound`."""
    table, name = path.parent.name, path.stem
    if path.name in _KNOWN and path.parent == store.folder:
        return
    if path.name.startswith("."):
        yield Finding(path, "unfinished")
        return
    if path.parent.parent != store.folder or path.suffix != ".parquet" or table not in TABLES:
        yield Finding(path, "strange")
        return
    own = _runs_of(store, name)
    if fault := _frame(path):
        yield Finding(path, fault, own)
        return
    try:
        schema = pq.read_schema(path)
        if file.DIGESTS not in (schema.metadata or {}) and not store.path("runs", name).exists():
            yield Finding(path, "strange")
            return
        said = file.digests(path)
        right = schema.names == RUNS.names if table == "runs" else is_table(table, schema)
        is_sound = right and file.is_sealed(path)
    except file.FAULTS:
        yield Finding(path, "altered", own)
        return
    good = set(said) if is_sound else _sound_runs(path) if right else set()
    if not is_sound:
        yield Finding(path, "altered", tuple(run for run in said if run not in good))
    if table in PACKED[:-1] and not store.path("runs", name).exists():
        if good:
            yield Finding(path, "unfinished")
        return
    if again := tuple(run for run in good if (table, run) in sound):
        yield Finding(path, "twice", again)
    sound.update({(table, run): said[run] for run in good})


def _frame(path: Path) -> str:
    """What is wrong with how a file begins and ends, if anything is."""
    try:
        size = path.stat().st_size
        with path.open("rb") as raw:
            begins = raw.read(len(MAGIC))
            raw.seek(max(0, size - len(MAGIC)))
            ends = raw.read()
    except OSError:
        return "unreadable"
    if size < LEAST_BYTES or (begins == MAGIC and ends != MAGIC):
        return "truncated"
    return "" if begins == ends == MAGIC else "altered"


def _sound_runs(path: Path) -> set[str]:
    """The runs of a file whose rows are what their digest says, as far as it can be read."""
    good = set()
    try:
        for run, is_sound in file.each_run(path):
            if is_sound:
                good.add(run)
    except file.FAULTS:
        return good
    return good


def _missing(store: Store) -> Iterator[Finding]:
    """Tables that are not there of runs that are."""
    for name in store.names():
        for table in PACKED:
            path = store.path(table, name)
            if not path.exists():
                yield Finding(path, "missing", _runs_of(store, name))


def _runs_of(store: Store, name: str) -> tuple[str, ...]:
    """The runs of a file, as far as it says."""
    if not name.startswith(PACK):
        return (name,)
    try:
        return tuple(file.digests(store.path("runs", name)))
    except file.FAULTS:
        return ()
