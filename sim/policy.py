"""Policy: what is done for a community, with what money, through whom, where and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import BeforeValidator, Field

from sim.chance import permanent_id
from sim.checked import Checked, Month, number, words
from sim.units import date_of, month_of

Instrument = Literal[
    "organisers", "publicity", "contracts", "small_grants", "shared_assets", "second_contacts", "connectors", "culture",
    "joint_picture", "volunteer_support", "match", "listening", "hosting", "officer_time", "local_decisions",
    "libraries",
]  # fmt: skip
Whom = Literal["as met", "assets", "needs"]
INSTRUMENTS = get_args(Instrument)
"""What money is turned into, in the order of their numbers in the state."""
(ORGANISERS, PUBLICITY, CONTRACTS, SMALL_GRANTS, SHARED_ASSETS, SECOND_CONTACTS, CONNECTORS, CULTURE, JOINT_PICTURE,
 VOLUNTEER_SUPPORT, MATCH, LISTENING, HOSTING, OFFICER_TIME, LOCAL_DECISIONS,
 LIBRARIES) = range(len(INSTRUMENTS))  # fmt: skip
WHOM_FIRST = get_args(Whom)
"""Whom organisers, listeners and hosts meet first: those they come across, who could give most, or those in need."""
AS_MET, ASSETS, NEEDS = range(len(WHOM_FIRST))
PAYERS = ("outside", "council")
BY_COUNCIL = 1
ALL = -1
WIDE = ("all", "funded_area")
"""Parts of a place larger than a neighbourhood."""


MOST_MONTHS_AHEAD = 1200
"""Months beyond which a number is taken for a slip, such as a year."""


def _neighbourhood(value: object) -> object:
    if value not in WIDE and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        said = "is no part of a place; write all, funded_area, or the number of a neighbourhood, from 0"
        near = get_close_matches(str(value), WIDE, n=1)
        raise ValueError(f"{said}. Did you mean {near[0]}?" if near else said)
    return value


def _start(value: object) -> object:
    if type(value) in {bool, int, float}:  # what `dated` made no date of
        raise ValueError("is no month; write a year and a month, as 2009-04, or whole months after the world's month "
                         f"0, as 24 (to {MOST_MONTHS_AHEAD:,})")  # fmt: skip
    return value


def first_neighbourhoods(count: int) -> int:
    """How `Policies.where` writes the first so many neighbourhoods."""
    return ALL - count


def reaches(where: int, neighbourhood: int) -> bool:
    """Whether `Policies.where` takes in a neighbourhood, as the plain hand asks."""
    if where < ALL:
        return neighbourhood < ALL - where
    return where in {ALL, neighbourhood}


class Policy(Checked):
    """One policy: an instrument, its dose and its path.

    A file may give its start as so many whole months after the world's month 0; `dated` makes a date of it, and a
    policy that is checked with its world has a date always.
    """

    title: str = words("what the policy is called in text")
    instrument: Instrument = words("what money is turned into")
    whom: Whom = Field(
        "as met",
        description="whom organisers, listeners and hosts meet first: as met, assets (who could give most) or needs",
    )
    dose: float = number(12.0, unit="pounds a resident-year", low=0.0, high=500.0, meaning="money paid into the purse")
    start: Annotated[Month, BeforeValidator(_start)] = Field(
        description="first month in which money is paid: a date, or months after month 0")
    months: int = number(60, unit="months", low=1, high=600, meaning="how long the full dose is paid")
    ramp: int = number(
        0, unit="months", low=0, high=120, meaning="over how many of its first months it rises, while people are hired")
    taper: int = number(0, unit="months", low=0, high=120, meaning="over how many months more it fades to nothing")
    where: Annotated[int | Literal["all", "funded_area"], BeforeValidator(_neighbourhood)] = Field(
        "all", description="for whom: all, the funded_area, or those of one neighbourhood, by its number from 0")
    payer: Literal["outside", "council"] = Field(
        "outside", description="who pays: money from outside, or the council's discretionary spending")
    overhead: float = number(
        0.15, unit="share", low=0.1, high=0.2, meaning="what the host takes, beside the direct cost")  # fmt: skip

    @property
    def named(self) -> str:
        """Its title, and when it begins."""
        return f"{self.title} from {self.start:%B %Y}"

    def months_beyond(self, first_month: date, months: int) -> int:
        """Of the months in which money is paid, how many lie beyond the end of a run."""
        ends = month_of(self.start, first_month) + self.months + self.taper
        return max(0, ends - months)


def dated(said: Any, first_month: date) -> Any:
    """What is said of a policy, with its start as a date where it is so many whole months after ``first_month``.

    >>> dated({"start": 24}, date(2026, 4, 1))
    {'start': datetime.date(2028, 4, 1)}
    """
    start = said.get("start") if isinstance(said, Mapping) else None
    if isinstance(start, bool) or not isinstance(start, int | float) or start % 1 or abs(start) > MOST_MONTHS_AHEAD:
        return said
    return {**said, "start": date_of(int(start), first_month)}


def rows(policies: Mapping[str, Policy], first_month: date, funded: int = 0) -> dict[str, Any]:
    """The policies as columns of the state's table `Policies`, in the order given.

    Args:
        policies: by name.
        first_month: the date of month 0.
        funded: neighbourhoods of the funded area, the first ones of the place.

    Returns:
        arrays by column, one row a policy; columns that are not here begin at zero.
    """
    each = list(policies.values())
    wide: dict[Any, int] = {"all": ALL, "funded_area": first_neighbourhoods(funded)}
    return {
        "id": np.array([permanent_id(*name.encode()) for name in policies], np.int64),
        "instrument": np.array([INSTRUMENTS.index(p.instrument) for p in each], np.int8),
        "whom": np.array([WHOM_FIRST.index(p.whom) for p in each], np.int8),
        "dose": np.array([p.dose for p in each], np.float64),
        "start": np.array([month_of(p.start, first_month) for p in each], np.int32),
        "months": np.array([p.months for p in each], np.int32),
        "ramp": np.array([p.ramp for p in each], np.int32),
        "taper": np.array([p.taper for p in each], np.int32),
        "where": np.array([wide.get(p.where, p.where) for p in each], np.int32),
        "payer": np.array([PAYERS.index(p.payer) for p in each], np.int8),
        "overhead": np.array([p.overhead for p in each], np.float64),
    }
