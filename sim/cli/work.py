"""The work that commands share: run what was asked for, say where it lies."""

from __future__ import annotations

import dataclasses
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, overload

from rich.console import Console

from sim.cli import folder, narrowing
from sim.cli.folder import FEW
from sim.cli.live import Live
from sim.cli.request import Point, Request, with_replicates
from sim.cli.screen import Watcher
from sim.cli.searching import unsearched
from sim.config import Config
from sim.contrast.stopping import Precision, Settled
from sim.cost import Cost, cost_of, learn
from sim.ensemble import specs_of
from sim.files import OutputError, check_folder
from sim.founding import constants_file, missed
from sim.headlines import HEADLINE
from sim.launchers import Local, check_ready, elsewhere
from sim.pool import Progress, store_all
from sim.provenance import provenance
from sim.results import Results
from sim.run import RunSpec
from sim.store import Store
from sim.tables import Tables, joined
from sim.units import MONTHS_A_YEAR, date_of

ORDERS = ".jobs"
"""The sub-folder of the results in which orders and logs of a cluster's jobs come to lie."""


@dataclass(frozen=True)
class Done:
    """What came of a request: results by scenario, provenance, and how many runs the store already held.

    Of a sweep, scenarios of which a run failed are left out: ``points`` are the others, and ``failed`` says why.
    ``settled`` are the contrasts of the others with the first of them, where a precision was asked for.
    """

    points: Sequence[Point]
    results: Sequence[Results]
    provenance: dict[str, Any]
    runs: int
    stored: int
    failed: Sequence[str] = ()
    settled: Sequence[Settled] = ()


@unsearched()
def run_points(
    asked: Request, command: Sequence[str], started: datetime, record: Sequence[str] = (), *, alike: bool = False
) -> Done:
    """Run every scenario of a request, side by side.

    Args:
        asked: what to run.
        command: the command line, for the provenance.
        started: when.
        record: states to keep beside those that were asked for.
        alike: whether all scenarios have as many replicates, where a precision decides how many.

    Raises:
        KeyboardInterrupt: on Ctrl-C, with what to say; what is finished stays in the store.
        OutputError: if the folder or the store cannot be written.
    """
    check_ready(asked.launcher)
    check_folder(asked.folder)
    Store(asked.store).check()
    runs = _Runs(asked, record)
    try:
        with runs.watcher:
            runs.live()
            if asked.precision:
                runs.narrow(asked.precision, alike=alike)
    except BaseException as fault:
        folder.unmake(asked.folder)
        if isinstance(fault, KeyboardInterrupt):
            raise KeyboardInterrupt(_interrupted(asked, command, runs)) from None
        raise
    each, faults = runs.each, runs.faults
    if len(faults) == len(each) or (faults and not asked.multirun):
        folder.unmake(asked.folder)
        raise next(iter(faults.values()))
    whole = [number for number in range(len(each)) if number not in faults]
    settled = runs.settled(asked.precision, whole) if asked.precision else []
    folder.clear(asked.folder)
    facts = provenance([s for number in whole for s in each[number]], started=started, command=["takestwo", *command])
    return Done(
        points=[runs.points[number] for number in whole],
        results=Stored(Store(asked.store), [each[number] for number in whole], runs.at_hand),
        provenance=facts, runs=sum(len(specs) for specs in each), stored=runs.stored,
        failed=[f"{asked.points[number].name}: {fault}" for number, fault in faults.items()],
        settled=settled,
    )  # fmt: skip


class _Runs:
    """The runs of a request; where a precision is asked for, first some of each scenario, then as many as it takes.

    Args:
        asked: what to run.
        record: states to keep beside those that were asked for.

    Attributes:
        points: the scenarios, with as many replicates as there are to be.
        each: their runs, scenario by scenario.
        faults: why a run failed, by the number of its scenario.
        stored: how many were in the store before.
        at_hand: what was lived in this process, and need not be read from the store.
        watcher: shows how far they are.
    """

    def __init__(self, asked: Request, record: Sequence[str]) -> None:
        self._asked, self._record = asked, record
        self.points = list(asked.points)
        self.each = [self._specs(point) for point in self.points]
        self.faults: dict[int, Exception] = {}
        self._seen = [0] * len(self.points)  # runs of each that were lived, or tried
        self._done = self.stored = 0
        self.at_hand = AtHand()
        self._estimates = Live(self.points, asked.precision.outcome if asked.precision else HEADLINE)
        self._cost = self._what_is_new_costs()
        self.watcher = Watcher(self._cost, self._estimates)

    @property
    def count(self) -> int:
        """How many runs there are to be, as far as that is known."""
        return sum(len(specs) for specs in self.each)

    def live(self) -> None:
        """Live what is new.

        Raises:
            KeyboardInterrupt: on Ctrl-C; what is finished stays in the store.
        """
        began, store, launcher = time.monotonic(), self._asked.store, self._asked.launcher
        new, specs = self._new(), [spec for part in self._new() for spec in part]
        before = self._done, self.stored, self.count - len(specs)

        def tell(progress: Progress) -> None:
            self._done, self.stored = before[0] + progress.done, before[1] + progress.stored
            if progress.newest is not None and isinstance(tables := progress.newest[1], Tables):
                self.at_hand.keep(progress.newest[0], tables)
            if any(before):
                runs = before[2] + progress.runs
                progress = dataclasses.replace(progress, runs=runs, done=self._done, stored=self.stored)
            self.watcher(progress)

        away = elsewhere(launcher, specs, store, self._asked.folder / ORDERS) if self._cost.runs else None
        workers = self.points[0].config.workers
        failed = store_all(specs, store, workers=workers, progress=tell, elsewhere=away)
        if isinstance(launcher, Local):
            learn(store, self._cost, time.monotonic() - began)
        self.faults = _by_scenario(new, failed) | self.faults
        self._seen = [len(part) for part in self.each]

    def narrow(self, precision: Precision, *, alike: bool) -> None:
        """Live more, until the contrasts with the first scenario are as narrow as asked, or there are too many.

        Args:
            precision: how narrow they are to be.
            alike: whether all scenarios are to have as many as the one that needs most.
        """
        while 0 not in self.faults:  # nothing could be set beside it
            others = [number for number in range(1, len(self.points)) if number not in self.faults]
            differences = {number: self._differences(number) for number in others}
            pairs = {number: precision.pairs(differences[number]) for number in others}
            most = max(pairs.values(), default=precision.least)
            wanted = {number: most if alike else pairs[number] for number in others} | ({0: most} if others else {})
            before = self.count
            for number, replicates in wanted.items():
                if replicates > len(self.each[number]):
                    self.points[number] = with_replicates(self.points[number], replicates)
                    self.each[number] = self._specs(self.points[number])
            needed = [precision.needed(differences[number]) for number in others]
            said = narrowing.asked_for(precision, self._seen[0], needed, self.count - before)
            if self.count == before:
                self.watcher.again(said)
                return
            self._estimates.again(self.points)
            self._cost = self._what_is_new_costs()
            self.watcher.again(f"{said} {self._cost}")
            self.live()

    def settled(self, precision: Precision, whole: Sequence[int]) -> list[Settled]:
        """The contrasts of the others of these scenarios with the first; none without the first."""
        others = [number for number in whole if number] if 0 in whole else []
        return [precision.settled(self._differences(number)) for number in others]

    def _differences(self, number: int) -> list[float]:
        """Those of a scenario from the first; what is neither handed over nor at hand is read from the store."""
        tally, store, replicates = self._estimates.tally, Store(self._asked.store), len(self.each[number])
        for scenario in (0, number):
            for spec in self.each[scenario][:replicates]:
                if not tally.has(scenario, spec.replicate):
                    self._estimates.take(spec, self.at_hand.get(spec) or _kept(store, spec))
        return tally.differences(number, replicates)

    def _specs(self, point: Point) -> list[RunSpec]:
        return specs_of(point.config, record=[*point.config.record, *self._record])

    def _new(self) -> list[list[RunSpec]]:
        return [part[seen:] for part, seen in zip(self.each, self._seen, strict=True)]

    def _what_is_new_costs(self) -> Cost:
        specs = [spec for part in self._new() for spec in part]
        return cost_of(specs, workers=self.points[0].config.workers, store=self._asked.store)


def _kept(store: Store, spec: RunSpec) -> Tables:
    """A run that was stored.

    Raises:
        OutputError: if it is not there any more.
    """
    tables = store.get(spec.run_id, spec.record)
    if tables is None:
        raise OutputError(f"run {spec.run_id} was kept in {store.folder} and cannot be read back. Is the disk sound? "
                          "takestwo runs check looks at every file.")  # fmt: skip
    return tables


def _by_scenario(each: Sequence[Sequence[RunSpec]], failed: dict[int, Exception]) -> dict[int, Exception]:
    """The first fault of each scenario of which a run failed."""
    ends = list(accumulate(len(specs) for specs in each))
    faults: dict[int, Exception] = {}
    for place in sorted(failed):
        faults.setdefault(bisect_right(ends, place), failed[place])
    return faults


COLUMN = 500
"""Bytes that Arrow takes for a column of a table beside its values: of a short run, more than those."""


class AtHand:
    """Tables of runs, as many as come to no more than some bytes: of a sweep with short runs, the first thousand."""

    def __init__(self, room: int = 100_000_000) -> None:
        self._room = room
        self._tables: dict[tuple[str, tuple[str, ...]], Tables] = {}

    def keep(self, spec: RunSpec, tables: Tables) -> None:
        """Keep a run's tables, if there is room."""
        size = sum(table.num_columns * (8 * len(table) + COLUMN) for _, table in tables.items())
        if self.get(spec) is None and size <= self._room:
            self._room -= size
            self._tables[spec.run_id, spec.record] = tables

    def get(self, spec: RunSpec) -> Tables | None:
        """A run's tables, with those of its states that are asked for, if they were kept."""
        return self._tables.get((spec.run_id, spec.record))


class Stored(Sequence[Results]):
    """The results of scenarios, each read from the store when it is asked for, and the last few kept.

    Args:
        store: where the runs are.
        specs: the runs of each scenario.
        at_hand: what need not be read.

    Raises:
        OutputError: if a run is not there any more.
    """

    def __init__(self, store: Store, specs: Sequence[Sequence[RunSpec]], at_hand: AtHand) -> None:
        self._store, self._specs, self._at_hand = store, specs, at_hand
        self._at = lru_cache(maxsize=FEW)(self._read)

    def __len__(self) -> int:
        return len(self._specs)

    @overload
    def __getitem__(self, place: int) -> Results: ...
    @overload
    def __getitem__(self, place: slice) -> list[Results]: ...
    def __getitem__(self, place: int | slice) -> Results | list[Results]:
        places = range(len(self))[place]
        return [self._at(each) for each in places] if isinstance(places, range) else self._at(places)

    def _read(self, place: int) -> Results:
        return Results(joined([self._at_hand.get(s) or _kept(self._store, s) for s in self._specs[place]]))


def _interrupted(asked: Request, command: Sequence[str], runs: _Runs) -> str:
    finished = runs.watcher.progress.done if runs.watcher.progress else 0
    again = " ".join(["takestwo", *command])
    return f"Interrupted. {finished} of {runs.count} runs are finished and kept in {asked.store}. To go on: {again}"


def report(where: Path) -> None:
    """Write figures and the one-file report of a results folder."""
    from sim.report import write_report

    write_report(where)


SMALL = 4_000
"""Residents under which a place begins elsewhere than its constants, which are solved for 12,000, would have it: more
ties have a friend in common there, and last. Up to 3 points more of them volunteer."""


FAR_OFF = 0.1
"""Share by which a funded area of whole neighbourhoods may miss what was asked for without a word."""


def notes(config: Config, faults: Sequence[str], *, compared: bool = False) -> list[str]:
    """What is right, and yet not as it may seem: a place that begins elsewhere, an area, money beyond the end.

    A comparison tells itself what a policy did while it was paid.

    Args:
        config: of one scenario.
        faults: what its constants could not meet (`sim.founding.missed`).
        compared: whether a comparison is told.
    """
    place, world = config.place, config.world
    said = []
    if faults:
        told = "; ".join(faults)
        said.append(f"{folder.title(config)}: with these parameters it cannot begin as places are to ({told}).")
    if place.residents < SMALL:
        said.append(f"so small a place ({place.residents:,} residents) begins with 16 to 18 ties a resident, not 15.")
    if place.funded_area and place.area_neighbourhoods == place.neighbourhoods:
        said.append(f"the funded area of {place.name} is the whole place, for an area is made of whole neighbourhoods "
                    f"of about {place.neighbourhood_people:,.0f} people: so nothing lies next door.")  # fmt: skip
    elif place.funded_area and abs(place.area_residents / place.funded_area - 1.0) > FAR_OFF:
        said.append(f"the funded area of {place.name} has {place.area_residents:,} residents and not "
                    f"{place.funded_area:,}: it is made of whole neighbourhoods ({place.area_neighbourhoods} of "
                    f"{place.neighbourhoods}).")  # fmt: skip
    if place.funded_area and config.policy and all(policy.where == "all" for policy in config.policy.values()):
        name = next(iter(config.policy))
        said.append(f"{place.name} has a funded area, and policy {name} is for the whole place. To fund the area "
                    f"alone, set policy.{name}.where=funded_area.")  # fmt: skip
    for name, policy in config.policy.items():
        beyond, paid = policy.months_beyond(world.first_month, config.months), policy.months + policy.taper
        if beyond and policy.dose > 0.0:
            end = date_of(config.months - 1, world.first_month)
            said.append(f"policy {name} begins in {policy.start:%B %Y}, and the run ends in {end:%B %Y}: "
                        f"{beyond} of its {paid} months of money lie beyond the end, so less is paid than by a policy "
                        "that begins earlier.")  # fmt: skip
        ended = not policy.months_beyond(world.first_month, config.months - MONTHS_A_YEAR)
        if policy.dose > 0.0 and ended and not compared:
            last = date_of(paid - 1, policy.start)
            said.append(f"policy {name} was paid until {last:%B %Y}, and the last year of the run is told. "
                        "A comparison (takestwo compare) tells what it did while it was paid.")  # fmt: skip
    return said


def say_where(out: Console, asked: Request, done: Done, *, compared: bool = False) -> None:
    """Say what is to be borne in mind of each scenario, and where the results lie."""
    files = [constants_file(point.config) for point in asked.points]
    faults = {path: missed(point.config) for path, point in dict(zip(files, asked.points, strict=True)).items()}
    each = (
        notes(point.config, faults[path], compared=compared) for path, point in zip(files, asked.points, strict=True)
    )
    for note in dict.fromkeys(note for said in each for note in said):
        out.print(f"Note: {note}")
    if done.stored:
        out.print(f"{done.stored} of {done.runs} runs were found in {asked.store}.", soft_wrap=True)
    out.print(f"Results: {asked.folder}", soft_wrap=True)
