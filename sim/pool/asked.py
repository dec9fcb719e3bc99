"""Runs that are asked for: what the store has of them, and then what is lived now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from tempfile import TemporaryDirectory

from sim.files import OutputError
from sim.outside import is_passing
from sim.pool.alone import here
from sim.pool.faults import EnsembleError
from sim.pool.kept import Kept
from sim.pool.processes import in_processes
from sim.pool.progress import Progress, Watch
from sim.pool.turns import Turns
from sim.run import RunSpec
from sim.store import LOOSE, Store, pack
from sim.tables import Tables

Elsewhere = Callable[[Sequence[RunSpec], Turns, Store, Watch], Iterator[tuple[int, Tables]]]
"""Lives runs whose turn it is and yields the place of each, with its tables, when it lies in the store."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_whole(value: object, *, least: int) -> bool:
    """Whether it is a whole number, and large enough."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def run_all(
    specs: Sequence[RunSpec],
    *,
    workers: int | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[Tables]:
    """The tables of runs, in the order asked for: from the store, or lived on several processes.

    Args:
        specs: the runs.
        workers: processes; None for one a core. The results do not depend on it.
        store: a folder in which finished runs are kept and found again; None for none.
        progress: told how far it is, a few times a second.

    Raises:
        EnsembleError: if workers keep dying, or ``workers`` is no whole number from 0.
        OutputError: if the store cannot be written.
        KeyboardInterrupt: on Ctrl-C; what is finished stays in the store. With a store, runs that are under way are
            finished first; pressed twice, it stops at once.
    """
    done = {
        place: run.whole() if isinstance(run, Kept) else run for place, run in _each(specs, workers, store, progress)
    }
    return [done[place] for place in range(len(specs))]


def store_all(
    specs: Sequence[RunSpec],
    store: str | os.PathLike[str],
    *,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    elsewhere: Elsewhere | None = None,
) -> dict[int, Exception]:
    """See to it that a store has all of these runs. As `run_all`, but that no tables stay in memory, and all are tried.

    A run that fails is tried once more when its turn comes again, unless it is for its place, which cannot be founded:
    then no run of that scenario is tried. `Store.get` finds the others.

    Args:
        specs: the runs.
        store: the folder in which they come to lie.
        workers: processes; None for one a core.
        progress: told how far it is, a few times a second.
        elsewhere: what lives runs in place of this machine's processes (`sim.launchers`).

    Returns:
        Why runs failed, by their place among ``specs``.
    """
    failed: dict[int, Exception] = {}
    for _ in _each(specs, workers, store, progress, failed, elsewhere):
        pass
    return failed


def _each(
    specs: Sequence[RunSpec], workers: int | None, store: str | os.PathLike[str] | None,
    progress: Callable[[Progress], None] | None, failed: dict[int, Exception] | None = None,
    elsewhere: Elsewhere | None = None,
) -> Iterator[tuple[int, Tables | Kept]]:  # fmt: skip
    """Yield the place of each run with its tables: first what the store has, then what is lived now as it is done.

    Faults are raised at once, or go into ``failed``.
    """
    if workers is not None and not is_whole(workers, least=0):
        raise EnsembleError(f"workers is {workers!r}: a whole number is needed; 0 or None is one a core.")
    passing = any(is_passing(model) for model in {spec.model for spec in specs})
    shelf = None if store is None or passing else Store(store)
    todo = list(range(len(specs)))
    watch = Watch(specs, progress, {} if failed is None else failed)
    if shelf is not None:
        shelf.check()
        todo = []
        for place, spec in enumerate(specs):
            stored = shelf.get(spec.run_id, spec.record)
            if stored is None:
                todo.append(place)
            else:
                watch.found(spec, stored)
                yield place, stored
    watch.begin(todo)
    workers, turns = 1 if passing else min(workers or cores(), len(todo)), Turns(specs, todo, failed)
    fresh: Iterator[tuple[int, Tables | Kept]]
    if elsewhere is not None and shelf is not None:
        fresh = elsewhere(specs, turns, shelf, watch)
    else:
        fresh = _fresh(specs, turns, workers, shelf, watch)
    for number, (place, run) in enumerate(fresh, 1):
        watch.finished(specs[place], run)
        yield place, run
        if shelf is not None and number % LOOSE == 0:
            _packed(shelf)
    if shelf is not None:  # also where all was found: who put it there may have been killed before it was packed
        _packed(shelf)


def _packed(shelf: Store) -> None:
    with suppress(OutputError):  # no room to pack: the runs are kept as they are
        pack(shelf)


def _fresh(
    specs: Sequence[RunSpec], turns: Turns, workers: int, shelf: Store | None, watch: Watch
) -> Iterator[tuple[int, Tables | Kept]]:
    """Yield what is lived now. Processes hand tables over in the store, or else in a passing folder."""
    if workers <= 1:
        yield from here(specs, turns, shelf, watch)
    elif shelf is not None:
        yield from in_processes(specs, turns, workers, shelf, watch, patient=True)
    else:
        with TemporaryDirectory(prefix="takestwo-") as passing:
            yield from in_processes(specs, turns, workers, Store(passing), watch, patient=False)
