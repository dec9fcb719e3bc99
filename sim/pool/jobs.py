"""Jobs of worker processes: how many runs make one, and what is said of one that has ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim.pool.turns import Turns
from sim.run import RunSpec

JOB_SECONDS = 10.0
"""What a job comes to; less where the work that is left would not give each worker `SHARES` of them."""
SHARES = 4


@dataclass(frozen=True)
class Word:
    """What a worker says of a job that has come to its end.

    Attributes:
        lived: the places of the runs that it lived.
        seconds: how long it took over them.
        faults: why others failed, by their place.
    """

    lived: list[int]
    seconds: float
    faults: dict[int, Exception]


class Sizes:
    """How many runs make a job, by what those took that have ended.

    Args:
        specs: all runs.
        workers: processes that share them.
    """

    def __init__(self, specs: Sequence[RunSpec], workers: int) -> None:
        self._specs, self._workers = specs, workers
        self._rate = math.inf  # seconds of a resident's month: until one is known, a job is one run

    def learn(self, word: Word) -> None:
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
