"""Runs that are lived on other machines: jobs are handed out, and what they have done is found in the store.

The store is all that jobs and whoever asked have in common. So it does not matter who lived a run, and what a job that
was lost had done is kept: the rest of it is handed out again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from sim.launchers.jobs import Ended, Job
from sim.pool import CtrlC, EnsembleError, Turns, Watch, ctrl_c_noted
from sim.run import RunSpec
from sim.store import Store
from sim.tables import Tables

LOOK_SECONDS = 1.0
LAG_SECONDS = 60.0
"""How long a shared disk may take to show what another machine has put there."""

Plan = Callable[[Sequence[int], Sequence[RunSpec], str], list[Job]]
"""Makes jobs of runs, by their places."""


class Engine(Protocol):
    """What has machines, and lives jobs on them."""

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand out jobs.

        Raises:
            EnsembleError: if it takes none.
        """

    def ended(self) -> Iterable[tuple[Job, Ended | str]]:
        """Jobs that have come to an end since it was last asked, and how; of one that was lost, in words, why."""

    def finish(self) -> Iterable[Job]:
        """Take back the jobs that wait, and let those under way come to an end with the run that they are at.

        Returns:
            The jobs that were taken back; the others are still told by `ended`.
        """

    def stop(self) -> None:
        """End jobs that have not come to an end, and let go of what is held."""


def lived_by(
    engine: Engine, plan: Plan, specs: Sequence[RunSpec], turns: Turns, shelf: Store, watch: Watch
) -> Iterator[tuple[int, Tables]]:
    """Yield what an engine's jobs put into the store, until no run is left that is to be tried.

    Raises:
        EnsembleError, OutputError: if a job says that no other can be lived either.
        KeyboardInterrupt: on Ctrl-C: runs that are under way are finished first, and what jobs have done is kept.
            Pressed twice, jobs are ended at once.
    """
    with ctrl_c_noted(raised=False, patient=True) as ctrl_c:
        try:
            while turns and not ctrl_c.pressed:
                jobs = plan(sorted(turns), specs, str(shelf.folder.resolve()))
                if not jobs:  # all that was left belongs to places that cannot be founded
                    break
                engine.start(jobs)
                yield from _Round(engine, jobs, specs, turns, shelf, watch).lived(ctrl_c)
        finally:
            engine.stop()
        if ctrl_c.pressed:
            raise KeyboardInterrupt


class _Round:
    """Jobs that were handed out together, until each run of theirs is stored, or has failed."""

    def __init__(
        self, engine: Engine, jobs: Sequence[Job], specs: Sequence[RunSpec], turns: Turns, shelf: Store, watch: Watch
    ) -> None:
        self._engine, self._specs, self._turns, self._shelf, self._watch = engine, specs, turns, shelf, watch
        self._due = {place for job in jobs for place in job.places}
        self._done = set[int]()
        self._late: dict[float, list[int]] = {}

    def lived(self, ctrl_c: CtrlC) -> Iterator[tuple[int, Tables]]:
        """Yield runs as they come to lie in the store."""
        while self._due:
            yield from self._stored()
            ctrl_c.heed()
            if ctrl_c.pressed and not self._watch.stopping:
                self._watch.stopping = True
                for job in self._engine.finish():
                    self._due.difference_update(job.places)
            for job, end in self._engine.ended():
                yield from self._stored(job.places)
                self._reckon(job, end)
            self._give_up()
            self._watch.look()
            if self._due:
                ctrl_c.pause(LOOK_SECONDS)

    def _stored(self, places: Sequence[int] | None = None) -> Iterator[tuple[int, Tables]]:
        """Those of some runs that are due and lie in the store now; of all, those that its folder lists."""
        if places is None:
            there = {*self._shelf.names(), *self._shelf.packed()}
            places = [place for place in self._due if self._specs[place].run_id in there]
        for place in sorted(self._due.intersection(places)):
            spec = self._specs[place]
            if not self._shelf.has(spec.run_id, spec.record):
                continue
            tables = self._shelf.get(spec.run_id, spec.record)
            if tables is not None:
                self._due.discard(place)
                self._done.add(place)
                self._watch.lived[place] = spec.config.months
                yield place, tables

    def _reckon(self, job: Job, end: Ended | str) -> None:
        """What is to become of those runs of a job that has ended which are not in the store."""
        left = sorted(self._due.intersection(job.places))
        if isinstance(end, Ended):
            if end.fault is not None:
                raise end.fault
            if end.stopped:
                self._take_back(left)
                return
            for place in left:
                if place in end.failed:
                    self._due.discard(place)
                    self._turns.fault(place, end.failed[place])
            self._late.setdefault(time.monotonic() + LAG_SECONDS, []).extend(left)
            return
        if self._watch.stopping or self._done.intersection(job.places):  # it came to something: the rest is as good
            self._take_back(left)
            return
        self._due.difference_update(left)
        for place in left:
            self._turns.fault(place, EnsembleError(f"its job was lost: {end}"))

    def _take_back(self, places: Sequence[int]) -> None:
        """Runs that are to be handed out again; not in this round."""
        self._due.difference_update(places)
        self._turns.back(places)

    def _give_up(self) -> None:
        """Runs of jobs that have ended well, which the store does not show."""
        for until in [until for until in self._late if until < time.monotonic()]:
            for place in self._late.pop(until):
                if place in self._due:
                    self._due.discard(place)
                    self._turns.fault(place, EnsembleError(
                        f"its job says that run {self._specs[place].run_id} is done, and {self._shelf.folder} does not "
                        "have it. Does every machine see this folder, and is the disk sound?"))  # fmt: skip
