"""What an observable is, and the state as observables see it.

One function an observable. A function returns a number, or, where the observable is also given by deprivation quintile
and by area, a `Ratio` of two columns over residents (or over charities), which is then summed within each part of the
place: those of one quintile inside the funded area, next door, or in the rest. Sums run in the order of the rows, so
the bits do not depend on the machine's vector width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from sim.compiling import KERNEL, PART
from sim.indexes import held_slots
from sim.ledger import Flow
from sim.state import AREAS, EMPTY, INSIDE, KINDS, QUINTILES, SLOTS, STRONG, SURVIVAL_MONTHS, State
from sim.units import MONTHS_A_YEAR

PER = 1000.0
"""Hours are given for every 1,000 residents."""
TOP = (0.09, 0.36)
"""Shares of residents, the most generous first, whose part in all hours is written down."""
PARTS = QUINTILES * AREAS
TWO_YEARS = 24
ABREAST = 4
"""Sums that are added up side by side."""


class Ratio(NamedTuple):
    """A numerator; a denominator (a value a row, or its sums, or none); the part of the place of each row."""

    top: Any
    bottom: Any
    part: Any
    has_area: bool
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


class Income(NamedTuple):
    """Pounds a month of all charities and groups, by where they come from."""

    grants: float  # of the state
    contracts: float  # of the state
    private: float  # gifts, fees, trading and legacies


class Town:
    """A state as the observables see it: columns derived once a month and shared."""

    def __init__(self, state: State, config: Any) -> None:
        self.state, self.config, self.month = state, config, state.month
        self.residents, self.ties, self.ledger = state.residents, state.ties, state.ledger
        self.size = len(state.residents.id)
        places = state.neighbourhoods
        self.has_area = bool((places.area == INSIDE).any())
        self.part_of = ((places.quintile - 1) * AREAS + places.area).astype(np.uint8)
        self.part = self.part_of.take(state.residents.neighbourhood)

    def among(self, top: Any, bottom: Any | None = None, scale: float = 1.0) -> Ratio:
        """A ratio over residents; over everybody, unless a denominator is given."""
        return Ratio(top, self.counts if bottom is None else bottom, self.part, self.has_area, scale)

    @cached_property
    def counts(self) -> Sums:
        """Residents, in all and of each part of the place."""
        return _sums(np.bincount(self.part_of, self.living_in, PARTS).tolist(), has_area=self.has_area)

    def posted(self, *flows: Flow) -> float:
        """What was posted of these flows, for every resident."""
        return math.fsum(float(self.state.ledger[flow]) for flow in flows) / self.size

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
    def held(self) -> Any:
        """The slots that hold a tie, ascending."""
        return _held(self.ties.alter)

    @cached_property
    def holds(self) -> Any:
        """Whether each slot holds a tie."""
        return self.ties.alter != EMPTY

    def lasting(self, months: int) -> Any:
        """Slots that have held their tie for so many months; of shape (N * SLOTS,)."""
        return (self.ties.born <= self.month - months) & self.holds

    @cached_property
    def ends(self) -> tuple[Any, Any]:
        """Ties of each resident, whoever owns them, and strong ones of them; each of shape (N,)."""
        degrees, close = _ends(self.held, self.ties.alter, self.ties.strength, self.size)
        return degrees, close

    @cached_property
    def given(self) -> Any:
        """Formal and neighbourly hours of each resident this month."""
        return self.residents.formal_hours + self.residents.helping_hours

    @cached_property
    def top_shares(self) -> tuple[float, ...]:
        """What the most generous gave of all formal and neighbourly hours of the last 12 months: for each `TOP`."""
        hours = positive(_across_the_year(self.residents.hours_past, self.given, self.month % MONTHS_A_YEAR))
        return shares_of_most(hours, [max(1, round(share * self.size)) for share in TOP])

    def past(self, column: str, months_ago: int) -> float:
        """A count of an earlier month."""
        return float(getattr(self.state.past, column)[(self.month - months_ago) % (SURVIVAL_MONTHS + 1)])

    @cached_property
    def charity_part(self) -> Any:
        """Part of the place where each charity is at home."""
        return self.part_of[self.state.charities.neighbourhood]

    def charities(self, top: Any) -> Ratio:
        """A plain sum over charities."""
        return Ratio(top, None, self.charity_part, self.has_area)

    @cached_property
    def growth(self) -> tuple[Any, Any]:
        """Rows of charities that have lived two whole years, and their last 12 months' income over the 12 before."""
        c = self.state.charities
        old = np.flatnonzero((c.alive == 1) & (c.founded <= self.month - TWO_YEARS))
        months = (self.month - np.arange(TWO_YEARS)) % TWO_YEARS
        past = c.income_past[old][:, months]
        last, before = past[:, :MONTHS_A_YEAR].sum(axis=1), past[:, MONTHS_A_YEAR:].sum(axis=1)
        known = before > 0.0
        return old[known], last[known] / before[known]

    @cached_property
    def living_in(self) -> Any:
        """Residents of each neighbourhood."""
        return np.bincount(self.residents.neighbourhood, minlength=len(self.part_of))

    @cached_property
    def income(self) -> Income:
        """What charities and groups receive this month."""
        c = self.state.charities
        return Income(*(math.fsum(column.tolist()) for column in (c.grants, c.contracts, c.private_income)))


class Sums(NamedTuple):
    """An observable over the whole place, in each quintile, and in each area, if there is any."""

    whole: float
    by_quintile: tuple[float, ...]
    by_area: tuple[float, ...]


def summed_up(ratio: Ratio) -> Sums:
    """A ratio over the whole place, and in its parts."""
    top, bottom = _summed(ratio, ratio.top), ratio.bottom
    if bottom is None:
        return top
    if not isinstance(bottom, Sums):
        bottom = _summed(ratio, bottom)
    scale = ratio.scale
    return Sums(
        share_of(top.whole, bottom.whole) * scale,
        tuple([share_of(one, other) * scale for one, other in zip(top.by_quintile, bottom.by_quintile, strict=True)]),
        tuple([share_of(one, other) * scale for one, other in zip(top.by_area, bottom.by_area, strict=True)]),
    )


def _summed(ratio: Ratio, values: Any) -> Sums:
    return _sums(by_part(ratio.part, values).tolist(), has_area=ratio.has_area)


def _sums(parts: Sequence[float], *, has_area: bool) -> Sums:
    """What the parts of the place come to: they are in order of quintile, and within one in order of area."""
    return Sums(
        math.fsum(parts),
        tuple([math.fsum(parts[first : first + AREAS]) for first in range(0, PARTS, AREAS)]),
        tuple([math.fsum(parts[area::AREAS]) for area in range(AREAS)]) if has_area else (),
    )


def by_part(part: Any, values: Any) -> Any:
    """Counts of what is true, or sums of numbers, by part of the place."""
    values = np.asarray(values)
    if values.dtype == np.bool_:
        return _counts_by_part(part, values)
    return _sums_by_part(part, values.astype(np.float64, copy=False))


def share_of(top: float, bottom: float) -> float:
    """A share, or NaN where there is nothing to share."""
    return top / bottom if bottom else math.nan


def median_of(values: Any) -> float:
    """The median, or NaN of nothing. NumPy sorts whole in less time than it finds the middle."""
    if not (n := len(values)):
        return math.nan
    ordered = np.sort(values)
    return float((ordered[(n - 1) // 2] + ordered[n // 2]) / 2.0)


def shares_of_most(values: Any, most: Sequence[int]) -> tuple[float, ...]:
    """What so many of the greatest are of the sum of all, or NaN where there are none."""
    if not (n := len(values)):
        return (math.nan,) * len(most)
    counts = np.minimum(n, most)
    tops, whole = _sums_of_most(values, np.sort(values)[n - counts], counts)
    return tuple((tops / whole).tolist())


@njit(**KERNEL)
def _sums_of_most(values, least, counts):  # noqa: ANN001, ANN202 - compiled
    """The sums of so many of the greatest, of which the least are given; and of all."""
    tops, more, whole = np.zeros(least.size), np.zeros(least.size, np.int64), 0.0
    for value in values:
        whole += value
        for k in range(least.size):
            tops[k] += value if value > least[k] else 0.0
            more[k] += value > least[k]
    return tops + (counts - more) * least, whole


@njit(**KERNEL)
def _across(columns):  # noqa: ANN001, ANN202
    """Row sums over the kinds of need, from the first to the last."""
    total = np.empty(columns.shape[0])
    for row in range(total.size):
        hours = 0.0
        for kind in range(len(KINDS)):
            hours += columns[row, kind]
        total[row] = hours
    return total


@njit(**KERNEL)
def _across_the_year(past, given, month):  # noqa: ANN001, ANN202
    """Row sums likewise, with this month's hours in the place of those of a year ago."""
    total = np.empty(given.size)
    for row in range(given.size):
        hours = 0.0
        for k in range(MONTHS_A_YEAR):
            hours += given[row] if k == month else past[row, k]
        total[row] = hours
    return total


@njit(**KERNEL)
def positive(values):  # noqa: ANN001, ANN201 - compiled
    """Those above nought, in their order. Luck decides which, so this does not branch on it."""
    kept = np.empty(values.size + 1)
    found = 0
    for value in values:
        kept[found] = value
        found += value > 0.0
    return kept[:found]


@njit(**KERNEL)
def _sums_by_part(part, values):  # noqa: ANN001, ANN202 - compiled
    sums = np.zeros((ABREAST, PARTS))
    _add_up(sums, part, values)
    return sums[0]


@njit(**KERNEL)
def _counts_by_part(part, values):  # noqa: ANN001, ANN202 - compiled
    counts = np.zeros((ABREAST, PARTS), np.int64)
    _add_up(counts, part, values)
    return counts[0]


@njit(**PART)
def _add_up(sums, part, values):  # noqa: ANN001, ANN202 - compiled
    """Every fourth row together, and then these four in order.

    Four sums side by side, since a sum cannot take a number before it has taken the last.
    """
    last = values.size - values.size % ABREAST
    for row in range(0, last, ABREAST):
        for lane in range(ABREAST):
            sums[lane, part[row + lane]] += values[row + lane]
    for row in range(last, values.size):
        sums[row - last, part[row]] += values[row]
    for lane in range(1, ABREAST):
        for p in range(PARTS):
            sums[0, p] += sums[lane, p]


@njit(**KERNEL)
def _held(alter):  # noqa: ANN001, ANN202
    return held_slots(alter)


@njit(**KERNEL)
def _ends(held, alter, strength, residents):  # noqa: ANN001, ANN202 - compiled
    """Ties of each resident, and strong ones."""
    ends = np.zeros(residents, np.uint32)  # ties, and under them the strong ones: one look at each end counts both
    for slot in held:
        one = np.uint32(1) + (np.uint32(strength[slot] >= STRONG) << np.uint32(16))
        ends[slot // SLOTS] += one
        ends[np.uint32(alter[slot])] += one
    degrees, close = np.empty(residents), np.empty(residents)
    for i in range(residents):
        degrees[i], close[i] = ends[i] & np.uint32(0xFFFF), ends[i] >> np.uint32(16)
    return degrees, close
