"""Jobs: a point of a sweep with all its replicates, or a pack of points, sized by a measured run.

A job is idempotent: it lives what the store does not hold yet, and puts each run there as it is done. So one that was
killed, ran out of time or was started twice takes nothing away, and goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sim.files import OutputError
from sim.pool import EnsembleError, sendable, store_all
from sim.run import RunSpec
from sim.source import source_hash

SPLIT = 2.0
"""A point that alone takes more than so many times what a job is to take is split between several."""
CHANGED = "the model's source changed while it ran. Run it again, so that all runs are alike."


@dataclass(frozen=True)
class Job:
    """Some runs that one process of a cluster lives, on one machine.

    Attributes:
        places: of its runs, among all that were asked for.
        specs: the runs.
        store: the folder of the store, which the machines share.
        workers: processes side by side.
        seconds: what it is expected to take.
        source: the source hash of whoever asked.
    """

    places: tuple[int, ...]
    specs: tuple[RunSpec, ...]
    store: str
    workers: int
    seconds: float
    source: str

    def __call__(self) -> Ended:
        """Live what is not stored yet."""
        if self.source != source_hash():
            return Ended({}, EnsembleError(CHANGED))
        try:
            failed = store_all(self.specs, self.store, workers=self.workers)
        except KeyboardInterrupt:  # whoever asked has pressed Ctrl-C: the run that was under way is stored
            return Ended({}, stopped=True)
        except (OutputError, EnsembleError) as fault:
            return Ended({}, sendable(fault))
        return Ended({self.places[number]: sendable(fault) for number, fault in failed.items()})


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes:
        failed: why runs failed, by their place.
        fault: why it could not go on at all, if so.
        stopped: whether it was asked to end before all was lived.
    """

    failed: dict[int, Exception]
    fault: Exception | None = None
    stopped: bool = False


def packed(
    places: Iterable[int], specs: Sequence[RunSpec], seconds: Sequence[float], *, target: float, store: str,
    workers: int = 1,
) -> list[Job]:  # fmt: skip
    """Runs as jobs: whole points, as many as come to ``target`` seconds of work; a point that is far longer is split.

    Jobs begin together, and the points of a sweep share their towns, a town a replicate. So that not all of them found
    the same town first, each job begins with another replicate.

    Args:
        places: of the runs to live, among ``specs``, in order.
        specs: all that were asked for.
        seconds: what each is expected to take one core, by place.
        target: what a job is to take.
        store: the folder of the store.
        workers: cores of a job.
    """
    packs: list[list[int]] = []
    room = 0.0
    for _, members in groupby(places, key=lambda place: id(specs[place].config)):
        point = list(members)
        work = sum_of(seconds, point) / workers
        for part in _split(point, seconds, target * workers) if work > SPLIT * target else [point]:
            work = sum_of(seconds, part) / workers
            if not packs or work > room:
                packs.append([])
                room = target
            packs[-1] += part
            room -= work
    return [_job(number, pack, specs, seconds, store, workers) for number, pack in enumerate(packs)]


def sum_of(seconds: Sequence[float], places: Iterable[int]) -> float:
    """The work of some runs."""
    return sum(seconds[place] for place in places)


def _split(point: Sequence[int], seconds: Sequence[float], most: float) -> list[list[int]]:
    """The runs of a point in parts that each come to about ``most`` seconds of work, and to one run at least."""
    parts: list[list[int]] = []
    room = 0.0
    for place in point:
        if not parts or seconds[place] > room:
            parts.append([])
            room = most
        parts[-1].append(place)
        room -= seconds[place]
    return parts


def _job(
    number: int, places: Sequence[int], specs: Sequence[RunSpec], seconds: Sequence[float], store: str, workers: int
) -> Job:
    replicates = sorted({specs[place].replicate for place in places})
    first = replicates[number % len(replicates)]
    turned = sorted(places, key=lambda place: (specs[place].replicate < first, specs[place].replicate, place))
    work = sum_of(seconds, places) / workers
    return Job(tuple(turned), tuple(specs[place] for place in turned), store, workers, work, source_hash())
