"""What the processes of one machine tell one another while they live runs, in memory that all of them see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.observables import OBSERVABLES
from sim.units import MONTHS_A_YEAR
from sim.workers import context as workers_context


@dataclass(frozen=True)
class Shared:
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
    def alone(cls, runs: int) -> Shared:
        """As long as there is one process."""
        unknown = np.full(len(OBSERVABLES), math.nan)
        return cls(np.zeros(runs, np.int64), np.zeros(runs, np.int8), SimpleNamespace(value=0), unknown)

    @classmethod
    def between_processes(cls, runs: int, first: int) -> Shared:
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
