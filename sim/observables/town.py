"""What an observable is, and the state as observables see it.

One function an observable. A function returns a number, or, where the observable is also given by deprivation quintile
and by area, a `Ratio` of two columns over residents (or over charities), which is then summed within each part of the
place: those of one quintile inside the funded area, next door, or in the rest. Sums run in the order of the rows, so
the bits do not depend on the machine's vector width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from sim.compiling import KERNEL
from sim.indexes import Incident, held_slots, ties_by_resident
from sim.ledger import Flow
from sim.state import AREAS, EMPTY, QUINTILES, SLOTS, STRONG, SURVIVAL_MONTHS, State
from sim.units import MONTHS_A_YEAR

PER = 1000.0
"""Hours are given for every 1,000 residents."""
PARTS = QUINTILES * AREAS
_GROUPED = (
    tuple(range(q * AREAS, (q + 1) * AREAS) for q in range(QUINTILES)),
    tuple(range(area, PARTS, AREAS) for area in range(AREAS)),
)
"""The parts that make up each quintile, and each area."""


class Ratio(NamedTuple):
    """A numerator; a denominator (a value a row, or summed by part, or none); the part of the place of each row."""

    top: Any
    bottom: Any
    part: Any
    scale: float = 1.0


class Observable(NamedTuple):
    """One entry of what is written down."""

    name: str
    unit: str
    meaning: str
    by_quintile: bool
    measure: Callable[[Town], float | Ratio]


OBSERVABLES: dict[str, Observable] = {}
"""Everything that is written down, by name, in the order of the tables."""


def observable(unit: str, meaning: str, *, by_quintile: bool = False) -> Callable[[Any], Any]:
    """Enter a function of `Town` under its own name."""

    def enter(measure: Callable[[Town], float | Ratio]) -> Callable[[Town], float | Ratio]:
        name = str(getattr(measure, "__name__"))  # noqa: B009 - mypy knows no name of a callable
        OBSERVABLES[name] = Observable(name, unit, meaning, by_quintile, measure)
        return measure

    return enter


class Town:
    """A state as the observables see it: columns derived once a month and shared."""

    def __init__(self, state: State, config: Any) -> None:
        self.state, self.config, self.month = state, config, state.month
        self.residents, self.ties, self.ledger = state.residents, state.ties, state.ledger
        self.size = len(state.residents.id)
        places = state.neighbourhoods
        self.part_of = (places.quintile.astype(np.int64) - 1) * AREAS + places.area
        self.part = self.part_of[state.residents.neighbourhood]

    def among(self, top: Any, bottom: Any | None = None, scale: float = 1.0) -> Ratio:
        """A ratio over residents; over everybody, unless a denominator is given."""
        return Ratio(top, self.counts if bottom is None else bottom, self.part, scale)

    @cached_property
    def counts(self) -> tuple[float, ...]:
        """Residents of each part of the place."""
        return tuple(np.bincount(self.part, minlength=PARTS).astype(np.float64).tolist())

    def posted(self, *flows: Flow) -> float:
        """What was posted of these flows, for every resident."""
        return sum(float(self.state.ledger[flow]) for flow in flows) / self.size

    @cached_property
    def active(self) -> Any:
        """Gave formal hours this month."""
        return self.residents.formal_hours > 0.0

    @cached_property
    def need(self) -> Any:
        """Hours of need of each resident."""
        return _across(self.residents.need)

    @cached_property
    def met(self) -> Any:
        """Hours of it met."""
        return _across(self.residents.met)

    @cached_property
    def tied(self) -> Any:
        """Slots that hold a tie."""
        return self.ties.alter != EMPTY

    @cached_property
    def degrees(self) -> Any:
        """Ties and strong ties of each resident, whoever owns them: (2, N)."""
        return _degrees(self.ties.alter, self.ties.strength, self.size)

    @cached_property
    def incident(self) -> Incident:
        """The ties of each resident."""
        return ties_by_resident(self.ties)

    @cached_property
    def year_hours(self) -> Any:
        """Formal and neighbourly hours of each resident over the last 12 months, greatest first."""
        given = self.residents.formal_hours + self.residents.helping_hours
        return np.sort(_across_the_year(self.residents.hours_past, given, self.month % MONTHS_A_YEAR))[::-1]

    def past(self, column: str, months_ago: int) -> float:
        """A count of an earlier month."""
        return float(getattr(self.state.past, column)[(self.month - months_ago) % (SURVIVAL_MONTHS + 1)])

    @cached_property
    def charity_part(self) -> Any:
        """Part of the place where each charity is at home."""
        return self.part_of[self.state.charities.neighbourhood]

    def charities(self, top: Any) -> Ratio:
        """A plain sum over charities."""
        return Ratio(top, None, self.charity_part)


class Sums(NamedTuple):
    """An observable over the whole place, in each quintile, and in each area."""

    whole: float
    by_quintile: tuple[float, ...]
    by_area: tuple[float, ...]


def summed_up(ratio: Ratio) -> Sums:
    """A ratio over the whole place, and in its parts."""
    top = sums_by_part(ratio.part, np.asarray(ratio.top, np.float64)).tolist()
    if ratio.bottom is None:
        return Sums(math.fsum(top), *(tuple(math.fsum(top[k] for k in part) for part in each) for each in _GROUPED))
    bottom = ratio.bottom
    if not isinstance(bottom, tuple):
        bottom = sums_by_part(ratio.part, np.asarray(bottom, np.float64)).tolist()

    def share(part: Iterable[int]) -> float:
        rows = tuple(part)
        return share_of(math.fsum(top[k] for k in rows), math.fsum(bottom[k] for k in rows)) * ratio.scale

    return Sums(share(range(PARTS)), *(tuple(share(part) for part in each) for each in _GROUPED))


def share_of(top: float, bottom: float) -> float:
    """A share, or NaN where there is nothing to share."""
    return top / bottom if bottom else math.nan


@njit(**KERNEL)
def _across(columns):  # noqa: ANN001, ANN202
    """Row sums, from the first column to the last."""
    total = np.zeros(columns.shape[0])
    for row in range(total.size):
        for k in range(columns.shape[1]):
            total[row] += columns[row, k]
    return total


@njit(**KERNEL)
def _across_the_year(past, given, month):  # noqa: ANN001, ANN202
    """Row sums likewise, with this month's hours in the place of those of a year ago."""
    total = np.zeros(given.size)
    for row in range(given.size):
        for k in range(past.shape[1]):
            total[row] += given[row] if k == month else past[row, k]
    return total


@njit(**KERNEL)
def sums_by_part(part, values):  # noqa: ANN001, ANN201 - compiled
    """Sums in the order of the rows."""
    sums = np.zeros(PARTS)
    for row in range(values.size):
        sums[part[row]] += values[row]
    return sums


@njit(**KERNEL)
def _degrees(alter, strength, residents):  # noqa: ANN001, ANN202
    degrees = np.zeros((2, residents))
    for slot in held_slots(alter):
        i, j, strong = slot // SLOTS, np.uint32(alter[slot]), strength[slot] >= STRONG
        degrees[0, i] += 1.0
        degrees[0, j] += 1.0
        degrees[1, i] += strong
        degrees[1, j] += strong
    return degrees
