"""Many runs over the cores of one machine: found in the store, or lived by a pool of processes.

Processes are given jobs: runs that follow one another, mostly a point of a sweep or some points with their replicates,
as many as come to some seconds by what earlier jobs took. Finished runs are stored by whoever finished them, short ones
several in a file; the store is told of, run by run, so a worker that dies loses what it had not stored, and no more: it
is replaced, and that is run again. Results do not depend on how many workers there are, nor on which of them lives
which run.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from sim.files import OutputError
from sim.founding import FoundingError, morning_calls
from sim.observables import OBSERVABLES
from sim.outside import is_passing
from sim.run import RunSpec, simulate
from sim.schedule import kernel_calls
from sim.source import source_hash
from sim.store import LOOSE, Store, pack, put_together
from sim.tables import Tables
from sim.units import MONTHS_A_YEAR
from sim.workers import children_of_sim, context as workers_context, surroundings

T = TypeVar("T")

TRIES = 3
"""Pools that may die in a row without finishing one run before it is given up."""
GLANCE_SECONDS = 0.2
AHEAD = 2
"""Jobs that are handed out ahead, for each worker: all at once would only be in the way."""
JOB_SECONDS = 10.0
"""What a job comes to; less where the work that is left would not give each worker `SHARES` of them."""
SHARES = 4
BLOCK_SECONDS = 1.0
"""How long a finished run may wait to be stored together with those that follow it: six files cost as much as a run of
20 milliseconds, and six for all of a second's runs next to nothing."""
LONGEST_TURN = 60.0
"""Seconds that a worker waits for what another one compiles, before it does so itself."""


class EnsembleError(Exception):
    """An ensemble that cannot be run, told in one message."""


class HasResults(Protocol):
    """What was observed in a run: its tables, or what reads one of them when it is asked for."""

    @property
    def results(self) -> pa.Table:
        """The table ``results``."""


class _Kept:
    """A run that a process has just stored. Most who asked for it look at little of it, and reading takes time.

    Args:
        shelf: where it lies.
        spec: the run.
    """

    def __init__(self, shelf: Store, spec: RunSpec) -> None:
        self._shelf, self._spec = shelf, spec

    @cached_property
    def results(self) -> pa.Table:
        """The table ``results``."""
        return self._there(self._shelf.results(self._spec.run_id))

    def whole(self) -> Tables:
        """All of its tables."""
        return self._there(self._shelf.get(self._spec.run_id, self._spec.record))

    def _there(self, found: T | None) -> T:
        if found is None:
            kept = f"run {self._spec.run_id} was kept in {self._shelf.folder}"
            raise OutputError(f"{kept} and cannot be read back. Is the disk sound?")
        return found


@dataclass(frozen=True)
class Progress:
    """How far an ensemble is.

    Attributes:
        runs: how many were asked for.
        done: how many are finished, those found in the store among them.
        stored: how many were found in the store.
        months: months to live in the runs that were not found, or not looked up yet.
        lived: how many of them are lived.
        newest: the run that has just been found or finished, with its results.
        failed: how many were given up.
        stopping: whether Ctrl-C was pressed, and no more is begun.
        year: each observable in the first year of the first run that was not found, the mean of its months; None until
            it has lived longer than that.
    """

    runs: int
    done: int
    stored: int
    months: int
    lived: int
    newest: tuple[RunSpec, HasResults] | None = field(default=None, repr=False)
    failed: int = 0
    stopping: bool = False
    year: Mapping[str, float] | None = field(default=None, repr=False)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
        place: run.whole() if isinstance(run, _Kept) else run for place, run in _each(specs, workers, store, progress)
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
) -> Iterator[tuple[int, Tables | _Kept]]:  # fmt: skip
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
    fresh: Iterator[tuple[int, Tables | _Kept]]
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


class Turns:
    """Whose turn it is: runs in their order, and at the end once more those that failed.

    Args:
        specs: all runs.
        todo: the places of those that are to be lived.
        failed: where faults go; None raises them at once.
    """

    def __init__(self, specs: Sequence[RunSpec], todo: Sequence[int], failed: dict[int, Exception] | None) -> None:
        self._specs, self._failed = specs, failed
        self._waiting, self._again = deque(todo), set[int]()
        self._hopeless: dict[int, Exception] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[int]:
        while self._waiting:
            place = self._waiting.popleft()
            fault = self._hopeless.get(id(self._specs[place].config))
            if fault is None:
                yield place
            elif self._failed is not None:
                self._failed[place] = fault

    def back(self, places: Iterable[int]) -> None:
        """Put back what was handed out and not lived, to come next."""
        self._waiting.extendleft(sorted(places, reverse=True))

    def fault(self, place: int, fault: Exception) -> None:
        """A run has failed.

        Raises:
            Exception: the fault, where faults are raised, or where it is one of the disk: no other run would be kept.
        """
        if self._failed is None or isinstance(fault, OutputError):
            raise fault
        if isinstance(fault, FoundingError):
            self._hopeless[id(self._specs[place].config)] = self._failed[place] = fault
        elif place in self._again:
            self._failed[place] = fault
        else:
            self._again.add(place)
            self._waiting.append(place)


def _fresh(
    specs: Sequence[RunSpec], turns: Turns, workers: int, shelf: Store | None, watch: Watch
) -> Iterator[tuple[int, Tables | _Kept]]:
    """Yield what is lived now. Processes hand tables over in the store, or else in a passing folder."""
    if workers <= 1:
        yield from _here(specs, turns, shelf, watch)
    elif shelf is not None:
        yield from _in_processes(specs, turns, workers, shelf, watch, patient=True)
    else:
        with TemporaryDirectory(prefix="takestwo-") as passing:
            yield from _in_processes(specs, turns, workers, Store(passing), watch, patient=False)


def is_whole(value: object, *, least: int) -> bool:
    """Whether it is a whole number, and large enough."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


@dataclass(frozen=True)
class _Shared:
    """What all processes see, without a lock: each cell is written by one of them.

    Attributes:
        lived: months lived, a cell a run.
        kept: not nil where a run is stored, a cell a run.
        stop: not nil where no run is to be begun any more.
        means: of the first run that is lived: what was observed in its first year, the mean of its months.
        first: which that is; -1 for none.
    """

    lived: Any
    kept: Any
    stop: Any
    means: Any
    first: int = -1

    @classmethod
    def alone(cls, runs: int) -> _Shared:
        """As long as there is one process."""
        unknown = np.full(len(OBSERVABLES), math.nan)
        return cls(np.zeros(runs, np.int64), np.zeros(runs, np.int8), SimpleNamespace(value=0), unknown)

    @classmethod
    def between_processes(cls, runs: int, first: int) -> _Shared:
        """Before any month is lived."""
        context, unknown = workers_context(), [math.nan] * len(OBSERVABLES)
        whole, small, real = context.RawArray("q", runs), context.RawArray("b", runs), context.RawArray("d", unknown)
        return cls(whole, small, context.RawValue("b", 0), real, first)

    def tell_year(self, place: int, means: Mapping[str, float]) -> None:
        """A run has lived its first year."""
        if place == self.first:
            self.means[:] = [means[name] for name in OBSERVABLES]

    def year(self) -> dict[str, float] | None:
        """What was observed in the first year of the first run, once it is lived, and lived by us."""
        if self.first < 0 or self.lived[self.first] <= MONTHS_A_YEAR or all(map(math.isnan, self.means)):
            return None
        return dict(zip(OBSERVABLES, map(float, self.means), strict=True))


class Watch:
    """Counts months and runs, and tells who asked."""

    def __init__(
        self, specs: Sequence[RunSpec], tell: Callable[[Progress], None] | None, failed: dict[int, Exception]
    ) -> None:
        self._specs, self._tell, self._failed = specs, tell, failed
        self._done = self._stored = 0
        self._months = sum(spec.config.months for spec in specs)
        self.shared = _Shared.alone(len(specs))
        self.lived: Any = self.shared.lived
        self.stopping = False

    def begin(self, todo: Sequence[int]) -> None:
        """All were looked up, and these are to be lived."""
        self.shared = replace(self.shared, first=todo[0] if todo else -1)
        self.look()

    def share(self) -> None:
        """Let other processes tell, too."""
        self.shared = _Shared.between_processes(len(self.lived), self.shared.first)
        self.lived = np.frombuffer(self.shared.lived, np.int64)

    def look(self, newest: tuple[RunSpec, HasResults] | None = None) -> None:
        """Tell how far it is, and of the run that has just finished."""
        if self._tell is not None:
            never = sum(self._specs[place].config.months - int(self.lived[place]) for place in self._failed)
            self._tell(Progress(len(self._specs), self._done, self._stored, self._months - never, int(self.lived.sum()),
                                newest, len(self._failed), self.stopping, self.shared.year()))  # fmt: skip

    def found(self, spec: RunSpec, run: HasResults) -> None:
        """A run was found in the store."""
        self._stored += 1
        self._months -= spec.config.months
        self.finished(spec, run)

    def finished(self, spec: RunSpec, run: HasResults) -> None:
        """A run is done."""
        self._done += 1
        self.look((spec, run))


Elsewhere = Callable[[Sequence[RunSpec], Turns, Store, Watch], Iterator[tuple[int, Tables]]]
"""Lives runs whose turn it is and yields the place of each, with its tables, when it lies in the store."""


def _here(
    specs: Sequence[RunSpec], turns: Turns, shelf: Store | None, watch: Watch
) -> Iterator[tuple[int, Tables]]:
    def tick(months: int) -> None:
        ctrl_c.heed()
        watch.lived[place], watch.stopping = months, ctrl_c.pressed
        watch.look()

    block = _Block(shelf)
    with ctrl_c_noted(raised=True, patient=shelf is not None) as ctrl_c:
        try:
            for place in turns:
                if (there := _put_meanwhile(specs[place], shelf)) is not None:
                    tick(specs[place].config.months)
                    yield place, there
                    continue
                try:
                    first_year = partial(watch.shared.tell_year, place)
                    block.add(place, specs[place], simulate(specs[place], tick, first_year))
                except Exception as fault:  # noqa: BLE001 - whatever it is, it is told with the run's name
                    turns.fault(place, fault)
                if block.is_due or not turns:
                    yield from block.stored()
                if ctrl_c.pressed:
                    yield from block.stored()
                    raise KeyboardInterrupt
            yield from block.stored()
        finally:
            with suppress(OutputError):  # whatever it ends by, what is finished is kept
                block.stored()


def _put_meanwhile(spec: RunSpec, shelf: Store | None) -> Tables | None:
    """The tables of a run that another sweep, or a job that was handed out before, has stored since this one began."""
    if shelf is None or not shelf.has(spec.run_id, spec.record):
        return None
    return shelf.get(spec.run_id, spec.record)


class _Block:
    """Finished runs that are not stored yet.

    Args:
        shelf: where they go; None for nowhere.
    """

    def __init__(self, shelf: Store | None) -> None:
        self._shelf = shelf
        self._runs: list[tuple[int, RunSpec, Tables]] = []
        self._last = -math.inf

    @property
    def is_due(self) -> bool:
        """Whether they are to be stored now: the first run of all is at once."""
        return self._shelf is None or time.monotonic() - self._last >= BLOCK_SECONDS

    def add(self, place: int, spec: RunSpec, tables: Tables) -> None:
        """A run is finished."""
        self._runs.append((place, spec, tables))

    def stored(self) -> list[tuple[int, Tables]]:
        """Store them, and give the place and the tables of each.

        Raises:
            OutputError: if the disk is full or the folder cannot be written.
        """
        runs, self._runs = self._runs, []
        if self._shelf is not None and runs:
            put_together(self._shelf, {spec.run_id: (tables, spec.about) for _, spec, tables in runs})
            self._last = time.monotonic()
        return [(place, tables) for place, _, tables in runs]


# Processes.


def _in_processes(
    specs: Sequence[RunSpec], turns: Turns, workers: int, shelf: Store, watch: Watch, *, patient: bool
) -> Iterator[tuple[int, _Kept]]:
    in_vain = 0
    watch.share()
    while turns:
        finished = 0
        try:
            for place in _one_pool(specs, turns, workers, shelf, watch, patient=patient):
                finished += 1
                yield place, _Kept(shelf, specs[place])
        except BrokenProcessPool as fault:
            in_vain = 0 if finished else in_vain + 1
            if in_vain == TRIES:
                raise EnsembleError(
                    f"worker processes died {TRIES} times without finishing one of {len(turns)} runs. Often that is "
                    "for want of memory: try workers=1, or a smaller place.residents."
                ) from fault


def _one_pool(
    specs: Sequence[RunSpec], turns: Turns, workers: int, shelf: Store, watch: Watch, *, patient: bool
) -> Iterator[int]:
    """Yield what one pool of processes finishes; raise `BrokenProcessPool` if one of them dies before the end.

    After Ctrl-C no run is begun any more, and where there is patience those that are under way come to their end.
    """
    context, policies, shared = workers_context(), any(spec.config.policy for spec in specs), watch.shared
    locks = [context.Lock() for _ in compiling(policies=policies)]
    begin = partial(_begin, surroundings(), shared, shelf, locks, policies)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=begin)
    finished_all = False
    jobs, sizes = dict[Future[_Word], list[int]](), _Sizes(specs, workers)
    try:
        with ctrl_c_noted(raised=False, patient=patient) as ctrl_c:
            while True:
                ctrl_c.heed()
                if ctrl_c.pressed:
                    watch.stopping, shared.stop.value = True, 1
                    turns.back([place for future in list(jobs) if future.cancel() for place in jobs.pop(future)])
                else:
                    with children_of_sim():
                        while turns and len(jobs) < AHEAD * workers and (job := sizes.job(turns)):
                            jobs[_submitted(pool, specs, job, turns)] = job
                if not jobs:
                    break
                finished, _ = wait(jobs, timeout=GLANCE_SECONDS, return_when=FIRST_COMPLETED)
                for job in jobs.values():
                    for place in [place for place in job if shared.kept[place]]:
                        job.remove(place)
                        yield place
                _harvest({future: jobs.pop(future) for future in finished}, turns, sizes)
                watch.look()
            if ctrl_c.pressed:
                raise KeyboardInterrupt
        finished_all = True
    except BrokenProcessPool:
        if ctrl_c.pressed:  # another pool would begin anew
            raise KeyboardInterrupt from None
        raise
    finally:
        turns.back(place for job in jobs.values() for place in job)
        _end(pool, at_once=not finished_all)


def _submitted(
    pool: ProcessPoolExecutor, specs: Sequence[RunSpec], job: list[int], turns: Turns
) -> Future[_Word]:
    """Hand out a job, which may start a worker; put it back and raise `BrokenProcessPool` if there is nobody for it."""
    try:
        return pool.submit(_work, [(place, specs[place]) for place in job], source_hash())
    except (BrokenProcessPool, EOFError, ConnectionError) as fault:
        turns.back(job)
        raise BrokenProcessPool("a worker, or the server that forks them, has died") from fault


class CtrlC:
    """How often Ctrl-C was pressed.

    Args:
        patient: whether the first is only noted, so that what is under way can come to its end.
    """

    def __init__(self, *, patient: bool) -> None:
        self._least = 2 if patient else 1
        self._times = 0

    @property
    def pressed(self) -> bool:
        """Whether it was."""
        return self._times > 0

    def press(self) -> None:
        """It was, once more."""
        self._times += 1

    def heed(self) -> None:
        """Raise `KeyboardInterrupt` if it is not to be waited for any longer."""
        if self._times >= self._least:
            raise KeyboardInterrupt


@contextmanager
def ctrl_c_noted(*, raised: bool, patient: bool = False) -> Iterator[CtrlC]:
    """Note Ctrl-C, and raise it where the caller heeds it.

    Args:
        raised: at once too, as usual. Not within `wait`, where it would leave a lock held, and all stuck. Not alone:
            where Python cannot raise it, as while it collects garbage, it is lost.
        patient: only the second time.
    """
    ctrl_c = CtrlC(patient=patient)

    def note(number: int, _: Any) -> None:  # noqa: ARG001 - as signal.signal calls it
        ctrl_c.press()
        if raised:
            ctrl_c.heed()

    if threading.current_thread() is not threading.main_thread():
        yield ctrl_c
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield ctrl_c
    finally:
        signal.signal(signal.SIGINT, before)


class _Sizes:
    """How many runs make a job, by what those took that have ended.

    Args:
        specs: all runs.
        workers: processes that share them.
    """

    def __init__(self, specs: Sequence[RunSpec], workers: int) -> None:
        self._specs, self._workers = specs, workers
        self._rate = math.inf  # seconds of a resident's month: until one is known, a job is one run

    def learn(self, word: _Word) -> None:
        """A job has ended."""
        if word.lived:
            self._rate = word.seconds / sum(map(self._size, word.lived))

    def job(self, turns: Turns) -> list[int]:
        """The runs of the next job, whose turn it is."""
        left, room, job = len(turns), JOB_SECONDS, list[int]()
        for place in turns:
            seconds = self._rate * self._size(place)
            if not job:
                room = min(room, seconds * left / (SHARES * self._workers))
            job.append(place)
            room -= seconds
            if room < seconds:
                break
        return job

    def _size(self, place: int) -> int:
        config = self._specs[place].config
        return config.months * config.place.residents


def _harvest(finished: dict[Future[_Word], list[int]], turns: Turns, sizes: _Sizes) -> None:
    """Put back what jobs that came to an end have not lived, and then tell the faults, if there were any.

    Args:
        finished: the jobs, each with those of its runs that are not stored.
        turns: where to.
        sizes: learns from them.
    """
    faults, broken = dict[int, Exception](), None
    for future, places in finished.items():
        end = future.exception()
        if isinstance(end, BrokenProcessPool):
            broken = end
        elif isinstance(end, Exception):
            faults |= dict.fromkeys(places, end)
        elif end is None:
            word = future.result()
            sizes.learn(word)
            faults |= word.faults
        turns.back(place for place in places if place not in faults)
    for place, fault in faults.items():
        turns.fault(place, fault)
    if broken is not None:
        raise broken


def _end(pool: ProcessPoolExecutor, *, at_once: bool) -> None:
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - Python 3.14 has kill_workers()
    pool.shutdown(wait=not at_once, cancel_futures=True)
    if at_once:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


@dataclass(frozen=True)
class _Word:
    """What a worker says of a job that has come to its end.

    Attributes:
        lived: the places of the runs that it lived.
        seconds: how long it took over them.
        faults: why others failed, by their place.
    """

    lived: list[int]
    seconds: float
    faults: dict[int, Exception]


_shared: Any = None  # in a worker: the `_Shared` of all
_shelf: Any = None  # in a worker: where runs go, a `Store`; it knows what is in packs, and looks that up once


def _begin(environment: dict[str, str], shared: _Shared, shelf: Store, turns: Sequence[Any], policies: bool) -> None:
    """Make ready a worker: it has its parent's environment, leaves Ctrl-C to its parent, and ends with it."""
    global _shared, _shelf
    _shared, _shelf = shared, shelf
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _compile(turns, policies)


def compiling(*, policies: bool) -> list[Callable[[], Any]]:
    """Calls that compile all kernels: dear ones first, so that no worker is left with one while the others wait.

    Without policies, not those that policies alone need.
    """
    return [*reversed(kernel_calls(policies=policies)), *morning_calls()]


def _compile(turns: Sequence[Any], policies: bool) -> None:
    """Compile the kernels that the runs need, or find them compiled; what one worker is at, the others leave to it.

    Then each calls all of them, and waits for what is still being compiled, though not for ever: a worker that was
    killed keeps its turn. A compiler makes millions of objects that are not garbage: looking for some among them takes
    a tenth of its time.
    """
    gc.disable()
    calls = compiling(policies=policies)
    for seconds in (0.0, LONGEST_TURN):
        for turn, call in zip(turns, calls, strict=True):
            if _shared.stop.value:
                break
            mine = turn.acquire(timeout=seconds)
            try:
                if mine or seconds:
                    call()
            finally:
                if mine:
                    turn.release()
    gc.enable()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(job: Sequence[tuple[int, RunSpec]], source: str) -> _Word:
    """Live the runs of a job and put them on the shelf, as long as runs are to be begun.

    Tables do not go back through the pool's pipe: a worker killed while it writes there leaves the reader waiting for
    ever. What is said of a job are a few bytes, written at one stroke.
    """
    if source != source_hash():
        raise EnsembleError("the model's source changed while it ran. Run it again, so that all runs are alike.")
    began, lived, faults = time.perf_counter(), list[int](), dict[int, Exception]()
    block = _Block(_shelf)

    def store() -> None:
        for place, _ in block.stored():
            _shared.kept[place] = 1
            lived.append(place)

    for place, spec in job:
        if _shared.stop.value:
            break
        if _put_meanwhile(spec, _shelf) is not None:
            _shared.lived[place], _shared.kept[place] = spec.config.months, 1
            continue
        tick = partial(_shared.lived.__setitem__, place)
        try:
            block.add(place, spec, simulate(spec, tick, partial(_shared.tell_year, place)))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is told with the run's name
            faults[place] = sendable(fault)
        if block.is_due:
            store()
    store()
    return _Word(lived, time.perf_counter() - began, faults)


def sendable(fault: Exception) -> Exception:
    """A fault as another process can read it."""
    try:
        pickle.loads(pickle.dumps(fault))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever it is, its words are told
        return EnsembleError(f"{type(fault).__name__}: {fault}")
    return fault
