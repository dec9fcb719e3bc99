"""What each observable can be, by its unit: finite, within its ends, and missing only where there is nothing to share.

    share, 0 to 1         from 0 to 1
    0 or 1                one of the two
    everything else       from 0: hours, pounds, counts, ratios

Which values may be missing (NaN) is told by `MISSING`: those whose denominator is nil, as other observables show. By
quintile all may be missing where nobody lives; by income band, what is said of bodies where there are none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sim.observables import OBSERVABLES, Observed, parties
from sim.state import QUINTILES, SURVIVAL_MONTHS
from sim.units import MONTHS_A_YEAR

ROUNDING = 1e-9
"""A sum of shares may pass 1 by so much."""
TWO_YEARS = 24

Column = tuple[str, str]
"""An observable's name, and the part of the place: none for the whole, a quintile, an income band or a service."""
Months = Sequence[Mapping[Column, float]]

MISSING: dict[str, tuple[str, float, int]] = {
    "unmet_need": ("need", 0.0, 0),
    "enough_support": ("need", 0.0, 0),
    "joined_by_ask": ("volunteer_joined", 0.0, 0),
    "hours_median": ("formal_volunteering", 0.0, 0),
    "volunteer_entry_12": ("formal_volunteering", 1.0, MONTHS_A_YEAR),
    "volunteer_exit_12": ("formal_volunteering", 0.0, MONTHS_A_YEAR),
    "bridging_share": ("ties_per_resident", 0.0, 0),
    "clustering": ("ties_per_resident", 0.0, 0),
    "tie_survival_12": ("ties_per_resident", 0.0, MONTHS_A_YEAR),
    "tie_survival_84": ("lonely", 1.0, SURVIVAL_MONTHS),
    "partnership_strength": ("partnerships", 0.0, 0),
    "officer_hours_opened": ("hours_discretionary", 0.0, 0),
}
"""What may be missing: where that observable had that value so many months ago; in month 0, where that was before."""
UNSEEN = ("locality",)
"""May be missing where no body of a band has a tie with a resident, which nothing else shows."""
HOURS_OF_A_YEAR = ("hours_top9_share", "hours_top36_share")
"""Missing where nobody gave an hour in twelve months."""


def columns(observed: Observed) -> dict[Column, float]:
    """A month written down, the whole and its parts, as one row."""
    row = {(name, ""): value for name, value in observed.whole.items()}
    quintiles = tuple(f"quintile {q}" for q in range(1, QUINTILES + 1))
    bands = tuple(f"band {name}" for name in parties.BAND_NAMES)
    for parts, labels in ((observed.by_quintile, quintiles), (observed.by_band, bands), (observed.by_service, ())):
        for name, values in parts.items():
            named = labels or [f"service {k}" for k in range(len(values))]
            row |= {(name, part): value for part, value in zip(named, values, strict=True)}
    return row


def faults(months: Months) -> list[str]:
    """What is not in its domain: the first month of each observable and part, in words."""
    found: dict[Column, str] = {}
    for month, row in enumerate(months):
        for column, value in row.items():
            if column not in found and (why := _fault(months, month, column, value)):
                found[column] = f"month {month}: {' in '.join(filter(None, column))} is {value!r}, {why}"
    return list(found.values())


def unit_of(column: Column) -> str:
    """The unit of an observable, or of a part's own column."""
    name, part = column
    own = parties.UNITS.get(f"by_{part.partition(' ')[0]}", {})
    return own[name][0] if name in own else OBSERVABLES[name].unit


def _fault(months: Months, month: int, column: Column, value: float) -> str:
    if math.isnan(value):
        return "" if _may_be_missing(months, month, column) else "and its denominator is not nil"
    if not math.isfinite(value):
        return "not finite"
    unit = unit_of(column)
    if unit == "0 or 1":
        return "" if value in {0.0, 1.0} else "neither 0 nor 1"
    if value < 0.0:
        return "below 0"
    shares = unit.startswith("share") or unit == "0 to 1"
    return "above 1" if shares and value > 1.0 + ROUNDING else ""


def _may_be_missing(months: Months, month: int, column: Column) -> bool:
    name, part = column
    if part.startswith("quintile") and math.isnan(months[month]["need", part]):
        return True  # nobody lives there
    if name in HOURS_OF_A_YEAR:
        last = months[max(0, month - MONTHS_A_YEAR + 1) : month + 1]
        return not any(row["hours_volunteer", ""] + row["hours_neighbour", ""] for row in last)
    if name == "income_share_over_1m":
        return not any(months[month]["income_total", f"band {band}"] for band in parties.BAND_NAMES[1:])
    if name == "income_growth_median":
        return _all_are_young(months, month, part)
    if name not in MISSING:
        return name in UNSEEN
    of, nil, ago = MISSING[name]
    return months[max(0, month - ago)][of, part] == nil


def _all_are_young(months: Months, month: int, part: str) -> bool:
    """No body is two years old, so that none has two whole years of income: as many have opened as there are.

    How many opened before month 0 is not written down.
    """
    if month < TWO_YEARS - 1:
        return True
    kind = "charities" if part else "charities_registered"
    opened = sum(row["charities_opened", part] for row in months[max(0, month - TWO_YEARS + 1) : month + 1])
    return opened + ROUNDING >= months[month][kind, part]
