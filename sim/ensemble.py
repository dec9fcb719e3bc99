"""Many runs: place x scenario x draw x replicate, over the cores of one machine.

`simulate` lives one run and is pure: the same `RunSpec` gives the same bits, in whatever process and order. So one
task is one run, finished runs are stored by whoever finished them, and results are put together in the order of the
replicates. A worker that dies is replaced, and what it had not finished is run again.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sim.chance import run_seed
from sim.config import HOW_TO_RUN, Config, checked, nearest
from sim.contrast import Contrast
from sim.files import OutputError
from sim.founding import FoundingError, found, morning_calls
from sim.observables import OBSERVABLES
from sim.outside import checked_model, is_passing, told
from sim.results import Results
from sim.schedule import kernel_calls, live_a_month
from sim.source import source_hash
from sim.store import LOOSE, About, Store, pack, run_id
from sim.tables import STATES, Diary, Tables, joined
from sim.units import MONTHS_A_YEAR, date_of
from sim.workers import children_of_sim, context as workers_context, surroundings

if TYPE_CHECKING:
    from sim.model import CommunityModel

TRIES = 3
"""Pools that may die in a row without finishing one run before it is given up."""
GLANCE_SECONDS = 0.2
AHEAD = 8
"""Runs that are handed out ahead, for each worker: all of 100,000 at once would only be in the way."""
LONGEST_TURN = 60.0
"""Seconds that a worker waits for what another one compiles, before it does so itself."""


class EnsembleError(Exception):
    """An ensemble that cannot be run, told in one message."""


@dataclass(frozen=True)
class RunSpec:
    """All that decides one run, and which of its states to keep.

    Attributes:
        config: the resolved configuration.
        replicate: 0-based.
        record: states to keep, of ``residents`` and ``ties``.
        model: a class of one's own that lives by other rules or writes down more (`sim.outside`); None for the model's.

    Examples:
        >>> from sim import compose
        >>> from sim.ensemble import RunSpec, simulate
        >>> spec = RunSpec(compose(["place.residents=1500", "months=2"]), replicate=0, record=("residents",))
        >>> spec.seed == RunSpec(compose(["world=flat"]), replicate=0).seed, len(spec.run_id)
        (True, 24)
        >>> tables = simulate(spec)
        >>> tables.results.num_rows, tables.residents.num_rows
        (2, 3000)
    """

    config: Config
    replicate: int
    record: tuple[str, ...] = ()
    model: type[CommunityModel] | None = None

    @property
    def seed(self) -> int:
        """The run seed: the same for all scenarios of a replicate."""
        return run_seed(self.config.seed, self.replicate)

    @cached_property
    def run_id(self) -> str:
        """The name of this run in the store and in every table."""
        config = self.config
        content = config.content() if self.model is None else {"config": config.content(), "model": told(self.model)}
        return run_id(
            source=source_hash(), content=content, draw=config.draw, replicate=self.replicate, seed=self.seed
        )

    @property
    def identity(self) -> dict[str, str | int]:
        """The columns that are the same in all rows of this run."""
        numbers = {"draw": self.config.draw, "replicate": self.replicate, "seed": self.seed}
        return {"run_id": self.run_id, **self.config.scenario, **numbers}

    @property
    def about(self) -> About:
        """What the store keeps of this run beside its tables."""
        config = {k: v for k, v in self.config.resolved().items() if k not in HOW_TO_RUN}
        return About(source_hash(), config, "" if self.model is None else told(self.model)[0])


# One run.


def lived(spec: RunSpec) -> Iterator[tuple[Any, Any]]:
    """The months of a run as (what was observed, the state), one after another: stop asking and it stops."""
    if spec.model is not None:
        model = spec.model(spec.config, rng=spec.seed)
        while model.running:
            model.step()
            yield model.observed, model.state
        return
    state = found(spec.config, spec.seed)
    for _ in range(spec.config.months):
        yield live_a_month(state, spec.config), state


def simulate(
    spec: RunSpec, tick: Callable[[int], None] | None = None,
    first_year: Callable[[dict[str, float]], None] | None = None,
) -> Tables:  # fmt: skip
    """Live one run and write it down.

    Args:
        spec: which run.
        tick: told how many months are lived, after each.
        first_year: told each observable once the first year is lived, the mean of its months.

    Returns:
        The run's tables, with the columns of `sim.tables.SCHEMAS`.

    Examples:
        >>> from sim import compose
        >>> from sim.ensemble import RunSpec, simulate
        >>> tables = simulate(RunSpec(compose(["place.residents=1500", "months=2"]), replicate=0), tick=print)
        1
        2
        >>> tables.results.schema.field("unmet_need").metadata[b"unit"].decode()
        'share'
    """
    config = spec.config
    diary = Diary(spec.identity, [date_of(m, config.world.first_month) for m in range(config.months)], spec.record)
    for months, (observed, state) in enumerate(lived(spec), 1):
        diary.write(observed, state)
        if months == MONTHS_A_YEAR and first_year is not None:
            first_year(diary.means())
        if tick is not None:
            tick(months)
    return diary.tables()


# Many runs.


@dataclass(frozen=True)
class Progress:
    """How far an ensemble is.

    Attributes:
        runs: how many were asked for.
        done: how many are finished, those found in the store among them.
        stored: how many were found in the store.
        months: months to live in the runs that were not found.
        lived: how many of them are lived.
        newest: the run that has just finished, with its tables.
        year: each observable in the first year of the first run that was not found, the mean of its months; None until
            it has lived longer than that.
    """

    runs: int
    done: int
    stored: int
    months: int
    lived: int
    newest: tuple[RunSpec, Tables] | None = field(default=None, repr=False)
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
        KeyboardInterrupt: on Ctrl-C; what is finished stays in the store.
    """
    done = dict(_each(specs, workers, store, progress))
    return [done[place] for place in range(len(specs))]


def store_all(
    specs: Sequence[RunSpec],
    store: str | os.PathLike[str],
    *,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> dict[int, Exception]:
    """See to it that a store has all of these runs. As `run_all`, but that no tables stay in memory, and all are tried.

    A run that fails is tried once more when its turn comes again, unless it is for its place, which cannot be founded:
    then no run of that scenario is tried. `Store.get` finds the others.

    Returns:
        Why runs failed, by their place among ``specs``.
    """
    failed: dict[int, Exception] = {}
    for _ in _each(specs, workers, store, progress, failed):
        pass
    return failed


def _each(
    specs: Sequence[RunSpec], workers: int | None, store: str | os.PathLike[str] | None,
    progress: Callable[[Progress], None] | None, failed: dict[int, Exception] | None = None,
) -> Iterator[tuple[int, Tables]]:  # fmt: skip
    """Yield the place of each run with its tables: first what the store has, then what is lived now as it is done.

    Faults are raised at once, or go into ``failed``.
    """
    if workers is not None and not _is_whole(workers, least=0):
        raise EnsembleError(f"workers is {workers!r}: a whole number is needed; 0 or None is one a core.")
    passing = any(is_passing(model) for model in {spec.model for spec in specs})
    shelf = None if store is None or passing else Store(store)
    todo = list(range(len(specs)))
    if shelf is not None:
        shelf.check()
        todo = []
        for place, spec in enumerate(specs):
            stored = shelf.get(spec.run_id, spec.record)
            if stored is None:
                todo.append(place)
            else:
                yield place, stored
    watch = _Watch(specs, todo, progress)
    workers = 1 if passing else min(workers or cores(), len(todo))
    for number, (place, tables) in enumerate(_fresh(specs, _Turns(specs, todo, failed), workers, shelf, watch), 1):
        watch.finished(specs[place], tables)
        yield place, tables
        if shelf is not None and (number % LOOSE == 0 or number == len(todo)):
            with suppress(OutputError):  # no room to pack: the runs are kept as they are
                pack(shelf)


class _Turns:
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
    specs: Sequence[RunSpec], turns: _Turns, workers: int, shelf: Store | None, watch: _Watch
) -> Iterator[tuple[int, Tables]]:
    """Yield what is lived now. Processes hand tables over in the store, or else in a passing folder."""
    if workers <= 1:
        yield from _here(specs, turns, shelf, watch)
    elif shelf is not None:
        yield from _in_processes(specs, turns, workers, shelf, watch)
    else:
        with TemporaryDirectory(prefix="takestwo-") as passing:
            yield from _in_processes(specs, turns, workers, Store(passing), watch)


def run_ensemble(
    config: Config,
    replicates: int | None = None,
    workers: int | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
    record: Sequence[str] | None = None,
    model: type[CommunityModel] | None = None,
) -> Results:
    """Replicates of one scenario.

    Args:
        config: the scenario.
        replicates: how many; None for as many as the configuration says.
        workers: processes; None for as many as the configuration says.
        store: a folder in which finished runs are kept and found again; None for none.
        progress: told how far it is, a few times a second.
        record: states to keep, of ``residents`` and ``ties``; None for those that the configuration says.
        model: a subclass of `CommunityModel` with rules (``verbs``) or observables (``also``) of its own, which the
            results then have as columns. One that no file holds, as in a notebook or under ``__main__``, lives in this
            process alone and is not stored: put it into a module to use every core.

    Returns:
        Tidy frames, as in the results folder.

    Raises:
        EnsembleError: if ``replicates``, ``workers`` or ``record`` are not as above, or workers keep dying.
        FoundingError: if such a place cannot be kept as it is.
        OutputError: if the store cannot be written.
        TypeError: if ``config`` is not what `compose` makes.

    Examples:
        >>> from sim import compose, run_ensemble
        >>> config = compose(["place.residents=1500", "months=2"])
        >>> results = run_ensemble(config, replicates=2, workers=1)
        >>> results
        Results(2 runs, 4 rows; results, by_quintile, by_area, by_band, by_service, summary)
        >>> results.results[["replicate", "month", "venues_open"]].to_string(index=False).splitlines()[-1].split()
        ['1', '1', '3.0']
        >>> run_ensemble(config, replicates=0)
        Traceback (most recent call last):
        sim.ensemble.EnsembleError: replicates is 0: a whole number is needed, and at least 1.

        An observable of one's own, over many runs:

        >>> from sim import CommunityModel
        >>> class Mine(CommunityModel):
        ...     also = {"most_hours": lambda model: model.state.residents.formal_hours.max()}
        >>> mine = run_ensemble(config, replicates=2, model=Mine)
        >>> row = mine.summary.set_index("outcome").loc["most_hours"]
        >>> int(row["replicates"]), bool(row["end"] > 20)
        (2, True)
    """
    specs = specs_of(config, replicates, record, model)
    return Results(joined(run_all(specs, workers=workers or config.workers, store=store, progress=progress)))


def specs_of(
    config: Config, replicates: int | None = None, record: Sequence[str] | None = None,
    model: type[CommunityModel] | None = None,
) -> list[RunSpec]:  # fmt: skip
    """The runs of one scenario, in order.

    Raises:
        EnsembleError: if ``replicates`` is no whole number from 1, ``record`` names what cannot be recorded, or
            ``model`` is no subclass of `CommunityModel`.
    """
    model = checked_model(model)
    count = checked(config).replicates if replicates is None else replicates
    if not _is_whole(count, least=1):
        raise EnsembleError(f"replicates is {count!r}: a whole number is needed, and at least 1.")
    asked = config.record if record is None else (record,) if isinstance(record, str) else record
    for name in asked:
        if name not in STATES:
            raise EnsembleError(f"record names {name!r}, which cannot be recorded. {nearest(name, STATES)}")
    keep = tuple(name for name in STATES if name in asked)
    return [RunSpec(config, replicate, keep, model) for replicate in range(count)]


def _is_whole(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def compare(
    config_a: Config,
    config_b: Config,
    replicates: int = 20,
    workers: int | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
    models: tuple[type[CommunityModel] | None, type[CommunityModel] | None] = (None, None),
) -> Contrast:
    """Two scenarios under the same luck, replicate by replicate.

    Args:
        config_a: the counterfactual.
        config_b: the scenario.
        replicates: how many pairs.
        workers: processes; None for as many as the first configuration says.
        store: a folder in which finished runs are kept and found again; None for none.
        progress: told how far it is, a few times a second.
        models: a class of one's own for the one and for the other, as `run_ensemble` takes it; None for the model's.
            With one configuration twice they put two accounts beside each other, under the same luck.

    Returns:
        The contrast of scenario less counterfactual.

    Raises:
        EnsembleError: if the two differ in seed or in months, so that they cannot be paired; or as `run_ensemble`.
        TypeError: if one of the two is not what `compose` makes, or ``models`` are no two.

    Examples:
        >>> from sim import compare, compose
        >>> small = ["place.residents=1500", "months=3"]
        >>> asked = compose([*small, "policy=ready_meals", "policy.ready_meals.start=2007-04"])
        >>> contrast = compare(compose(small), asked, replicates=2, workers=1)
        >>> row = contrast.outcomes.set_index("outcome").loc["spend_nurture"]
        >>> int(row["pairs"]), float(row["counterfactual"]), float(row["difference"]) > 0
        (2, 0.0, True)
        >>> people = contrast.residents  # a row a resident and pair, as they stood at the end of both runs
        >>> len(people) >= 3000, sorted(people["lives_in"].unique())[0]
        (True, 'both')
        >>> {"strength_counterfactual", "strength_scenario"} <= set(contrast.ties)
        True

        A rule of one's own, beside the model without it:

        >>> from sim import CommunityModel
        >>> from sim.schedule import MONTH, Step
        >>> class strike:
        ...     @staticmethod
        ...     def advance(state, p, dice):
        ...         state.residents.pledged_hours[:] = 0.0
        >>> class Strike(CommunityModel):
        ...     verbs = (*MONTH, Step("rest", strike, "nobody gives in the month that comes", 0.0))
        >>> rested = compare(compose(small), compose(small), replicates=2, models=(None, Strike))
        >>> rested.names
        ('model CommunityModel', 'model Strike')
        >>> float(rested.outcomes.set_index("outcome").loc["hours_volunteer", "difference"]) < 0
        True
    """
    if not isinstance(models, Sequence) or len(models) != 2:
        raise TypeError(f"models is {models!r}: two are needed, one a side, as (None, MyModel). None is the model.")
    check_pairs([config_a, config_b])
    config_a, config_b = with_one_area([config_a, config_b])
    workers = workers or config_a.workers

    def run(record: Sequence[str] | None) -> tuple[Results, Results]:
        sides = zip((config_a, config_b), models, strict=True)
        specs = [spec for config, model in sides for spec in specs_of(config, replicates, record, model)]
        tables = run_all(specs, workers=workers, store=store, progress=progress)
        return Results(joined(tables[:replicates])), Results(joined(tables[replicates:]))

    called = ["CommunityModel" if model is None else model.__name__ for model in models]
    return Contrast(*run(None), states=lambda: run(STATES), models=(called[0], called[1]))


def with_one_area(configs: Sequence[Config]) -> list[Config]:
    """The scenarios, each told by the funded area of those that have one: it changes no bit of the whole.

    Only where all that have one have the same, and the places are otherwise alike.
    """
    places = [config.place.model_copy(update={"funded_area": 0}) for config in configs]
    areas = {config.place.funded_area for config in configs} - {0}
    if len(areas) != 1 or any(place != places[0] for place in places):
        return list(configs)
    area = {"place": places[0].model_copy(update={"funded_area": areas.pop()})}
    return [config.model_copy(update=area) for config in configs]


def check_pairs(configs: Sequence[Config]) -> None:
    """Raise `EnsembleError` unless the scenarios share what pairs them: seed and months."""
    configs = [checked(config) for config in configs]
    for name in ("seed", "months"):
        values = sorted({getattr(config, name) for config in configs})
        if len(values) > 1:
            raise EnsembleError(
                f"scenarios are compared under the same luck over the same months, but {name} is "
                f"{' in one and '.join(map(str, values))} in the other. Set {name} to the same in both."
            )


@dataclass(frozen=True)
class _Shared:
    """What is told while runs are lived. Each cell is written by one process only, so no lock is needed.

    Attributes:
        lived: months lived, a cell a run.
        means: of the first run that is lived: what was observed in its first year, the mean of its months.
        first: which that is.
    """

    lived: Any
    means: Any
    first: int

    @classmethod
    def between_processes(cls, alone: _Shared) -> _Shared:
        context = workers_context()
        return cls(context.RawArray("q", alone.lived), context.RawArray("d", alone.means), alone.first)

    def tell_year(self, place: int, means: Mapping[str, float]) -> None:
        """A run has lived its first year."""
        if place == self.first:
            self.means[:] = [means[name] for name in OBSERVABLES]

    def year(self) -> dict[str, float] | None:
        """What was observed in the first year of the first run, once it is lived."""
        if self.first < 0 or self.lived[self.first] <= MONTHS_A_YEAR:
            return None
        return dict(zip(OBSERVABLES, self.means, strict=True))


class _Watch:
    """Counts months and runs, and tells who asked."""

    def __init__(self, specs: Sequence[RunSpec], todo: Sequence[int], tell: Callable[[Progress], None] | None) -> None:
        self._runs, self._stored, self._tell = len(specs), len(specs) - len(todo), tell
        self._done = self._stored
        self._months = sum(specs[place].config.months for place in todo)
        self.shared = _Shared([0] * len(specs), [0.0] * len(OBSERVABLES), todo[0] if todo else -1)
        self.look()

    def share(self) -> None:
        """Let other processes tell, too."""
        self.shared = _Shared.between_processes(self.shared)

    def look(self, newest: tuple[RunSpec, Tables] | None = None) -> None:
        if self._tell is not None:
            lived, year = sum(self.shared.lived), self.shared.year()
            self._tell(Progress(self._runs, self._done, self._stored, self._months, lived, newest, year))

    def finished(self, spec: RunSpec, tables: Tables) -> None:
        self._done += 1
        self.look((spec, tables))


def _here(
    specs: Sequence[RunSpec], turns: _Turns, shelf: Store | None, watch: _Watch
) -> Iterator[tuple[int, Tables]]:
    def tick(months: int) -> None:
        heed_it()
        watch.shared.lived[place] = months
        watch.look()

    with _ctrl_c_noted(raised=True) as heed_it:
        for place in turns:
            try:
                tables = _finish(specs[place], shelf, tick, partial(watch.shared.tell_year, place))
            except Exception as fault:  # noqa: BLE001 - whatever it is, it is told with the run's name
                turns.fault(place, fault)
            else:
                yield place, tables


def _finish(
    spec: RunSpec, shelf: Store | None, tick: Callable[[int], None], first_year: Callable[[dict[str, float]], None]
) -> Tables:
    tables = simulate(spec, tick, first_year)
    if shelf is not None:
        shelf.put(spec.run_id, tables, spec.about)
    return tables


# Processes.


def _in_processes(
    specs: Sequence[RunSpec], turns: _Turns, workers: int, shelf: Store, watch: _Watch
) -> Iterator[tuple[int, Tables]]:
    in_vain = 0
    watch.share()
    while turns:
        finished = 0
        try:
            for place in _one_pool(specs, turns, workers, shelf, watch):
                finished += 1
                yield place, _handed_over(specs[place], shelf)
        except BrokenProcessPool as fault:
            in_vain = 0 if finished else in_vain + 1
            if in_vain == TRIES:
                raise EnsembleError(
                    f"worker processes died {TRIES} times without finishing one of {len(turns)} runs. Often that is "
                    "for want of memory: try workers=1, or a smaller place.residents."
                ) from fault


def _handed_over(spec: RunSpec, shelf: Store) -> Tables:
    tables = shelf.get(spec.run_id, spec.record)
    if tables is None:
        raise OutputError(f"run {spec.run_id} was kept in {shelf.folder} and cannot be read back. Is the disk sound?")
    return tables


def _one_pool(
    specs: Sequence[RunSpec], turns: _Turns, workers: int, shelf: Store, watch: _Watch
) -> Iterator[int]:
    """Yield what one pool of processes finishes; raise `BrokenProcessPool` if one of them dies before the end."""
    context, policies = workers_context(), any(spec.config.policy for spec in specs)
    locks = [context.Lock() for _ in compiling(policies=policies)]
    begin = partial(_begin, surroundings(), watch.shared, shelf, locks, policies)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=begin)
    finished_all = False
    try:
        places = dict[Future[None], int]()
        with _ctrl_c_noted(raised=False) as heed_it:
            while True:
                heed_it()
                with children_of_sim():
                    for place in islice(turns, max(0, AHEAD * workers - len(places))):
                        try:
                            places[pool.submit(_work, specs[place], place, source_hash())] = place
                        except (EOFError, ConnectionError) as fault:
                            turns.back([place])
                            raise BrokenProcessPool("the server that forks workers has died") from fault
                if not places:
                    break
                finished, _ = wait(places, timeout=GLANCE_SECONDS, return_when=FIRST_COMPLETED)
                yield from _harvest({future: places.pop(future) for future in finished}, turns)
                watch.look()
        finished_all = True
    finally:
        turns.back(places.values())
        _end(pool, at_once=not finished_all)


@contextmanager
def _ctrl_c_noted(*, raised: bool) -> Iterator[Callable[[], None]]:
    """Note Ctrl-C, and raise it where the caller heeds it.

    Args:
        raised: at once too, as usual. Not within `wait`, where it would leave a lock held, and all stuck. Not alone:
            where Python cannot raise it, as while it collects garbage, it is lost.
    """
    heard: list[int] = []

    def note(number: int, _: Any) -> None:
        heard.append(number)
        if raised:
            raise KeyboardInterrupt

    def heed_it() -> None:
        if heard:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield heed_it
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield heed_it
    finally:
        signal.signal(signal.SIGINT, before)


def _harvest(finished: dict[Future[None], int], turns: _Turns) -> Iterator[int]:
    """Yield what came to an end, and then tell the faults, if there were any."""
    faults = {place: future.exception() for future, place in finished.items()}
    yield from (place for place, fault in faults.items() if fault is None)
    broken = {place: fault for place, fault in faults.items() if isinstance(fault, BrokenProcessPool)}
    turns.back(broken)
    for place, fault in faults.items():
        if isinstance(fault, Exception) and place not in broken:
            turns.fault(place, fault)
    for fault in broken.values():
        raise fault


def _end(pool: ProcessPoolExecutor, *, at_once: bool) -> None:
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - Python 3.14 has kill_workers()
    pool.shutdown(wait=not at_once, cancel_futures=True)
    if at_once:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


_shared: _Shared | None = None  # in a worker: what it tells while it lives
_shelf: Store | None = None  # in a worker: where runs go; it knows what is in packs, and looks that up once


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


def _work(spec: RunSpec, place: int, source: str) -> None:
    """Live a run and put it on the shelf.

    Tables do not go back through the pool's pipe: a worker killed while it writes there leaves the reader waiting for
    ever. The few bytes that say that it is done are written at one stroke.
    """
    if source != source_hash():
        raise EnsembleError("the model's source changed while it ran. Run it again, so that all runs are alike.")
    if _shared is None:
        raise EnsembleError("a worker was not made ready: runs are lived by run_ensemble, compare and takestwo run.")
    _finish(spec, _shelf, partial(_shared.lived.__setitem__, place), partial(_shared.tell_year, place))
