"""Declared patterns: what the record showed and nothing here was fitted to, read off a run as its source read it.

Each row of ``data/declared.csv`` falls as it falls. `READINGS` says how it is read off the months of its survey;
`NOT_READ` says of each other row why a run of the record cannot show it. `READ_AS` owns up to what differs.

Source  declared.csv, where each row names its survey.
Departs V8: closings and years lived of ten years give the chance to close in ten; the source followed those alive at
        the start. V12: a reading of two surveys with unlike words. V20: nobody in the model says that they are lonely.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from sim.analysis.patterns import COLUMNS, Pattern, middle, patterns
from sim.source import data_table
from sim.units import MONTHS_A_YEAR

DEPRIVED, AFFLUENT = 1, 5
"""The quintiles that V8 holds against each other."""
YEARS = 10.0
BASE = 2010
"""The fiscal year that is 100 in ``drivers.csv``, by the year in which it begins."""

Sums = tuple[float, ...]


class Reading(NamedTuple):
    """How a row is read: what is summed up in a run, its months by survey, and the value from such sums.

    Sums are added up over runs before the value is taken, since one town has few charities and few pounds.
    """

    sums: Callable[[list[Any]], Sums]
    value: Callable[..., float]


def _ratio(part: float, whole: float) -> float:
    if whole:
        return part / whole
    return math.inf if part > 0.0 else math.nan


def _growth(outcome: str) -> Reading:
    """What an outcome's sum over the second survey is above that over the first."""
    return Reading(lambda m: (float(m[1][outcome].sum()), float(m[0][outcome].sum())), lambda a, b: _ratio(a, b) - 1.0)


def _share(part: str, whole: str) -> Reading:
    return Reading(lambda m: (float(m[0][part].sum()), float(m[0][whole].sum())), _ratio)


def _change(outcome: str) -> Reading:
    """By how much an outcome's mean is higher in the second survey than in the first."""
    return Reading(lambda m: (float(m[1][outcome].mean() - m[0][outcome].mean()), 1.0), _ratio)


def _closings(months: list[Any]) -> Sums:
    """Closings and years lived of registered charities, deprived neighbourhoods first."""
    sums = months[0].sum(numeric_only=True)
    return tuple(
        float(sums[f"{column}_{quintile}"]) / by
        for quintile in (DEPRIVED, AFFLUENT)
        for column, by in (("charities_closed", 1), ("charities_registered", MONTHS_A_YEAR))
    )


def _closure_ratio(closed: float, lived: float, closed_affluent: float, lived_affluent: float) -> float:
    """The chance to close in ten years in deprived neighbourhoods over that in affluent ones."""
    one, other = _ratio(closed, lived), _ratio(closed_affluent, lived_affluent)
    return _ratio(-math.expm1(-YEARS * one), -math.expm1(-YEARS * other))


READINGS: dict[str, Reading] = {
    "V5": _growth("income_council"),
    "V6a": _share("income_state", "income_total"),
    "V6b": _share("income_state", "income_total"),
    "V8": Reading(_closings, _closure_ratio),
    "V12a": _change("trust_council_share"),
    "V12b": _change("trust_council_share"),
    "V19": _change("influence"),
    "V20": _change("lonely"),
}
NOT_READ: dict[str, str] = {
    "V9": "it differs between places, each given its density, and one run has one place",
    "V11": "it is what funding.crowd_give sets, and no run of the record can show another",
    "V13": "no world has such an event",
    "V22": "volunteering by social grade is not written down; the gap is given to the town at founding",
}
READ_AS: dict[str, str] = {
    "V5": "all that the council pays to charities, grants and contracts",
    "V8": "closings over years lived in the most and in the least deprived fifth of neighbourhoods, as the chance to "
    "close in ten years; the source followed those alive at the start",
    "V12a": "trust above one half counts as trusting; the sources are two surveys with unlike words",
    "V12b": "trust above one half counts as trusting",
    "V20": "a stand-in: residents without a strong tie. The survey asked who is often lonely, and far fewer are",
}
"""By row, what stands for what the source asked."""


def fall(results: Any, by_quintile: Any) -> Any:
    """How the declared patterns fall in runs of the record.

    Args:
        results: a frame with the columns of ``results``, of one scenario.
        by_quintile: the frame ``by_quintile`` of the same runs.

    Returns:
        A frame as that of `sim.analysis.patterns.score`. A run that lacks a month of a survey has no value.
    """
    import pandas as pd

    both = by_quintile[by_quintile["quintile"].isin((DEPRIVED, AFFLUENT))]
    parts = both.pivot_table(
        ["charities_closed", "charities_registered"], ["run_id", "month"], "quintile", aggfunc="sum"
    )
    parts.columns = [f"{name}_{quintile}" for name, quintile in parts.columns]
    runs = [run for _, run in results.join(parts, on=["run_id", "month"]).groupby("run_id")]
    rows = []
    for name, row in patterns("declared").items():
        value, each = _read(READINGS[name], row, runs) if name in READINGS else (math.nan, [])
        rows.append([name, row.observable, row.when, value, len(each), row.low, row.high,
                     row.holds(value), row.value, *middle(each)])  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS).set_index("id")


def _read(reading: Reading, row: Pattern, runs: list[Any]) -> tuple[float, list[float]]:
    """The value of all runs together, and of each that has one."""
    sums = [reading.sums(months) for run in runs if (months := _surveyed(row, run)) is not None]
    if not sums:
        return math.nan, []
    each = [reading.value(*run) * row.scale for run in sums]
    together = reading.value(*map(math.fsum, zip(*sums, strict=True))) * row.scale
    return together, [value for value in each if not math.isnan(value)]


def _surveyed(row: Pattern, run: Any) -> list[Any] | None:
    """The months of each of a row's surveys, or none where the run lacks one."""
    import pandas as pd

    found = []
    for first, last in row.windows:
        months = run[run["date"].between(pd.Timestamp(first), pd.Timestamp(last))]
        if len(months) < (last.year - first.year) * MONTHS_A_YEAR + last.month - first.month + 1:
            return None
        found.append(months)
    return found


def verdict(name: str, value: float) -> str:
    """In plain words, how a declared row fell."""
    if name in NOT_READ:
        return f"not measured: {NOT_READ[name]}"
    row = patterns("declared")[name]
    if math.isnan(value):
        return "no value"
    expected, _, why = row.use.partition(": ")
    if row.holds(value):
        return "in its range" + (", which was not expected" if why else "")
    side = f"outside, too {'low' if value < row.low else 'high'}"
    return f"{side}, as expected: {why}" if expected == "expected to fail" else side


# The council beside the record


def furthest_from_the_record(results: Any) -> dict[str, float]:
    """By check column of ``drivers.csv``, the greatest gap in any year between runs of the record and it, in points.

    Neither column is an input: they follow from core funding, other income and the demand for care.
    """
    import pandas as pd

    year = (results["date"] - pd.DateOffset(months=3)).dt.year
    spent = results.groupby(year)[["spend_statutory", "spend_discretionary"]].mean()
    care, rest = spent["spend_statutory"], spent["spend_discretionary"]
    made = {"discretionary_pp": rest / rest[BASE], "care_share_pct": care / (care + rest)}
    gaps = {}
    for column, share in made.items():
        found = pd.Series({int(row["fy"][:4]): float(row[column]) for row in data_table("drivers")})
        gaps[column] = float((100.0 * share - found).abs().max())
    return gaps
