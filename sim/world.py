"""World: what happens to a place from outside, month by month.

    core_funding = 1, or the council's column of ``drivers.csv`` beside 2007-08, or the essay's
                   g_0 G + (1 - g_0),  g_0 the share of grant in core funding, G grant beside 2007-08
    other_income = (1 + rate)^years since it grows,  care_demand likewise
    household    = household income beside 2007-08
    hardship     = 1 + hardship_slope (unemployment - unemployment of 2007-08)

Funding may fall deeper than it did (`deepening` times as far as after 2010-11), or come back to its level of 2010-11 in
equal steps. Reorganisations come by chance, at rates a year, and on planned dates.

Money moves by fiscal years, from April. A council's column lies between the most deprived tenth, the average and the
least deprived tenth, by the mean deprivation of its place.

A world may come after another: the place has then lived through that one, and this one goes on from its last levels.

Source  drivers.csv; the essay "Takes two to tango" (2013) for `essay`.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.checked import EPOCH, Checked, Month, fiscal_year, number, words
from sim.place import Place
from sim.source import data_table
from sim.state import NO_REORGANISATION, RESTRUCTURE, STRUCTURAL
from sim.units import date_of, month_of

PEAK = 2010
"""The fiscal year after which funding fell, and to whose level it may come back."""
KIND = {"structural": STRUCTURAL, "restructure": RESTRUCTURE}


class GrantStep(Checked):
    """A change of central grant, in equal steps each April."""

    first: Month = Field(description="April of the first step")
    last: Month = Field(description="last month of the year in which the whole change is reached")
    change: float = number(unit="share", low=-1.0, high=1.0, meaning="change of grant, beside what it was before")


class ByDeprivation(Checked):
    """A number of councils that are most deprived, average and least deprived."""

    most_deprived: float = number(unit="share", low=0.0, high=1.0, meaning="in the most deprived tenth of councils")
    average: float = number(unit="share", low=0.0, high=1.0, meaning="in the average council")
    least_deprived: float = number(unit="share", low=0.0, high=1.0, meaning="in the least deprived tenth of councils")

    def at(self, deprivation: float) -> float:
        """The number at a place's mean deprivation."""
        return _between(self.most_deprived, self.average, self.least_deprived, deprivation)


class Reorganisation(Checked):
    """One that is known beforehand."""

    date: Month = words("when it strikes")
    body: Literal["council", "health"] = words("whose it is")
    kind: Literal["structural", "restructure"] = words("whether bodies are abolished and merged, or change inside")


class DatedEvent(Checked):
    """Something that figures point at."""

    date: Month = words("when")
    what: str = words("what happened, in a few words")


class WorldSpec(Checked):
    """A world as data. What is not given does not happen."""

    name: str = words("what the world is called on the command line")
    title: str = words("what the world is called in text")
    first_month: Month = Field(EPOCH, description="the date of month 0, an April")
    months: int = number(204, unit="months", low=1, high=600, meaning="how long a run is if nothing else is said")
    most_months: int = number(600, unit="months", low=1, high=600, meaning="how long a run can be")
    core_funding: Literal["flat", "drivers", "essay"] = Field("flat", description="the path of core funding")
    deepening: float = number(
        1.0, unit="times", low=0.0, high=3.0, meaning="how far core funding falls after 2010-11, beside the drivers")
    recovers_from: Month | None = Field(None, description="April from which core funding climbs to its 2010-11 level")
    recovery_years: int = number(5, unit="years", low=1, high=20, meaning="how long that takes")
    other_income_growth_rate: float = number(
        0.0, unit="share a year", low=-0.1, high=0.1, meaning="real growth of fees and other income")
    other_income_grows_from: Month = Field(EPOCH, description="April of the last year before it grows")
    care_growth_rate: float = number(
        0.0, unit="share a year", low=-0.1, high=0.1, meaning="real growth of demand for care")
    care_grows_from: Month = Field(EPOCH, description="April of the last year before it grows")
    household_income: Literal["flat", "drivers"] = Field("flat", description="the path of household income")
    structural_rate: float = number(
        0.0, unit="1/year", low=0.0, high=1.0, meaning="chance of a structural reorganisation of the council")
    restructure_rate: float = number(
        0.0, unit="1/year", low=0.0, high=1.0, meaning="chance of a restructure inside the council")
    restructures: tuple[Month, Month] | None = Field(
        None, description="first and last month in which restructures come by chance; all, if not given")
    health_rate: float = number(
        0.0, unit="1/year", low=0.0, high=1.0, meaning="chance that the health body is reorganised")
    reorganisations: tuple[Reorganisation, ...] = Field((), description="those known beforehand")
    core_funding_growth_rate: float = number(
        0.0, unit="share a year", low=-0.1, high=0.1, meaning="real growth of core funding, beside its path")
    core_funding_grows_from: Month = Field(EPOCH, description="April of the last year before it grows")
    drivers_held_from: Month | None = Field(
        None, description="April of the last year that the record tells; later years are as that one")
    after: WorldSpec | None = Field(
        None, description="the world that the place has lived through, from that world's first month to this one's")
    unemployment: Literal["flat", "drivers"] = Field("flat", description="the path of unemployment")
    hardship_slope: float = number(
        0.05, unit="share a point", low=0.0, high=0.2, meaning="more need with each point of unemployment")
    meeting_ban: tuple[Month, Month] | None = Field(None, description="first and last month in which meeting is banned")
    grant_steps: tuple[GrantStep, ...] = Field((), description="changes of central grant, for the essay's path")
    grant_share: ByDeprivation | None = Field(None, description="share of grant in core funding, for the essay's path")
    dated_events: tuple[DatedEvent, ...] = Field((), description="what figures point at")  # fmt: skip

    @model_validator(mode="after")
    def _coherent(self) -> WorldSpec:
        if self.first_month.month != EPOCH.month:
            raise ValueError(f"begins in {self.first_month:%Y-%m}; money moves by fiscal years, so begin in an April")
        if self.core_funding == "essay" and self.grant_share is None:
            raise ValueError("follows the essay's path but does not say grant_share")
        if self.restructures and self.restructures[1] < self.restructures[0]:
            raise ValueError("has restructures that end before they begin")
        if self.meeting_ban and self.meeting_ban[1] < self.meeting_ban[0]:
            raise ValueError("has a meeting_ban that ends before it begins")
        if self.after and not 0 < self.months_after <= self.after.most_months:
            raise ValueError(f"begins in {self.first_month:%Y-%m}, which is not within or right after the "
                             f"{self.after.most_months} months of the world that it comes after")
        return self

    @property
    def months_after(self) -> int:
        """Months of the world before, which come before month 0."""
        return month_of(self.first_month, self.after.first_month) if self.after else 0


def build(world: WorldSpec, place: Place, months: int) -> dict[str, NDArray[Any]]:
    """The columns of the state's table `World`: one value a month, money beside founding.

    Args:
        world: what happens.
        place: to whom; its deprivation picks the council's column.
        months: how many rows, from month 0; those of the world before come on top, and first.

    Raises:
        ValueError: if the drivers do not reach that far.
    """
    own = _build(world, place, months)
    if world.after is None:
        return own
    before = _build(world.after, place, world.months_after)
    levels = {name: before[name][-1] if name in BESIDE_FOUNDING else 1 for name in own}
    return {name: np.concatenate([before[name], levels[name] * column]) for name, column in own.items()}


BESIDE_FOUNDING = ("core_funding", "other_income", "care_demand", "household", "hardship")
"""Columns that stand beside founding; the others are rates, kinds and yes or no."""


def _build(world: WorldSpec, place: Place, months: int) -> dict[str, NDArray[Any]]:
    """The world by itself, from its first month on."""
    last = world.drivers_held_from.year if world.drivers_held_from else 9999
    years = [min(last, fiscal_year(month, world.first_month)) for month in range(months)]
    dates = [date_of(month, world.first_month) for month in range(months)]
    ban = world.meeting_ban
    return {
        "core_funding": _core_funding(world, place, years)
        * _growth(world.core_funding_growth_rate, world.core_funding_grows_from, years),
        "other_income": _growth(world.other_income_growth_rate, world.other_income_grows_from, years),
        "care_demand": _growth(world.care_growth_rate, world.care_grows_from, years),
        "household": np.array(_household(world, years)),
        "structural_rate": np.full(months, world.structural_rate),
        "restructure_rate": np.array([world.restructure_rate * _within(day, world.restructures) for day in dates]),
        "health_rate": np.full(months, world.health_rate),
        "planned_council": _planned(world, "council", dates),
        "planned_health": _planned(world, "health", dates),
        "hardship": np.array(_hardship(world, years)),
        "meeting_ban": np.array([bool(ban) and ban[0] <= day <= ban[1] for day in dates], np.int8),  # type: ignore[index]
    }


@cache
def drivers() -> dict[int, dict[str, float]]:
    """``sim/data/drivers.csv``: the numbers of each fiscal year, by the year in which it began."""
    return {
        int(row["fy"][:4]): {name: float(value) for name, value in row.items() if name != "fy"}
        for row in data_table("drivers")
    }


def _within(day: date, window: tuple[date, date] | None) -> bool:
    return window is None or window[0] <= day <= window[1]


def _planned(world: WorldSpec, body: str, dates: list[date]) -> NDArray[np.int8]:
    """The kind of reorganisation that strikes in each month."""
    kinds = {event.date: KIND[event.kind] for event in world.reorganisations if event.body == body}
    return np.array([kinds.get(day, NO_REORGANISATION) for day in dates], np.int8)


def _household(world: WorldSpec, years: list[int]) -> list[float]:
    if world.household_income == "flat":
        return [1.0] * len(years)
    return [_of(year, "household_income_index") / _of(years[0], "household_income_index") for year in years]


def _of(year: int, column: str) -> float:
    if year not in drivers():
        known = sorted(drivers())
        raise ValueError(f"drivers.csv holds the fiscal years {known[0]} to {known[-1]}, and not {year}")
    return drivers()[year][column]


def _core_funding(world: WorldSpec, place: Place, years: list[int]) -> NDArray[np.float64]:
    if world.core_funding == "drivers":
        of_year = {year: _drivers_with_turns(world, place, year) for year in dict.fromkeys(years)}
        level = np.array([of_year[year] for year in years])
        return np.asarray(level / level[0])
    if world.core_funding == "essay" and world.grant_share is not None:
        share = world.grant_share.at(place.deprivation)
        of_year = {year: share * _grant(world, year) + (1.0 - share) for year in dict.fromkeys(years)}
        return np.array([of_year[year] for year in years])
    return np.ones(len(years))


def _drivers_with_turns(world: WorldSpec, place: Place, year: int) -> float:
    """The council's column, deepened after 2010-11 and climbing back where the world says so."""
    peak = _core_of_year(PEAK, place.deprivation)
    back = world.recovers_from
    if back and year >= back.year:
        low = _drivers_with_turns(world.model_copy(update={"recovers_from": None}), place, back.year - 1)
        return low + (peak - low) * min(1.0, (year - back.year + 1) / world.recovery_years)
    level = _core_of_year(year, place.deprivation)
    return peak - world.deepening * (peak - level) if year > PEAK else level


def _core_of_year(year: int, deprivation: float) -> float:
    names = ("core_funding_pp_most_dep10", "core_funding_pp_avg", "core_funding_pp_least_dep10")
    most, average, least = (_of(year, name) for name in names)
    return _between(most, average, least, deprivation)


def _between(most: float, average: float, least: float, deprivation: float) -> float:
    """Straight lines from the most deprived (1) through the average (0) to the least deprived (-1)."""
    end = most if deprivation > 0.0 else least
    return average + abs(deprivation) * (end - average)


def _grant(world: WorldSpec, year: int) -> float:
    """Central grant beside its founding level; each step's change is on what it was before that step."""
    level = 1.0
    for step in world.grant_steps:
        steps = step.last.year - step.first.year
        level *= 1.0 + step.change * min(steps, max(0, year - step.first.year + 1)) / steps
    return level


def _growth(rate: float, since: date, years: list[int]) -> NDArray[np.float64]:
    """Growth by yearly steps; nothing before, and in, the year from which it is counted."""
    factors = [1.0]
    for _ in range(max(0, years[-1] - since.year)):
        factors.append(factors[-1] * (1.0 + rate))
    levels = [factors[max(0, year - since.year)] for year in years]
    return np.array([level / levels[0] for level in levels])


def _hardship(world: WorldSpec, years: list[int]) -> list[float]:
    if world.unemployment == "flat":
        return [1.0] * len(years)
    start = _of(years[0], "unemployment_pct")
    return [1.0 + world.hardship_slope * (_of(year, "unemployment_pct") - start) for year in years]
