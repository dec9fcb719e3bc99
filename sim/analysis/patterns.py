"""Patterns: what surveys found, and what a run shows when it is asked as the survey asked.

Each row of ``data/calibration.csv`` has a value, a band and the time of its survey. `MEASURES` says how it is read off
a frame of results: means of months for shares at a time, sums over the window for shares of events. A row of a survey
in fiscal years is read from April to March, one in calendar years from January to December.

Source  calibration.csv, where each row names its survey.
Departs C6: the survey may have allowed several answers; here an ending has one cause, and deaths and moves away, whom
        no survey asks, count as changes in life. C15: every month from `SURVIVAL_MONTHS` on, so that the seven years
        lie within the run. Shares of a place's few charities are pooled over runs: sums over sums.
        C9: five years with the survey's in their midst, since few charities open or close in one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sim.source import data_table
from sim.state import SURVIVAL_MONTHS
from sim.units import MONTHS_A_YEAR

ENDINGS = ("left_life", "left_overload", "left_one_off", "left_closed", "left_other")
UNDER_100K = ("micro", "small")

WHAT = {
    "C1": "adults who volunteered for a group in the month, %",
    "C2": "adults who volunteered for a group in the year, %",
    "C3a": "hours given by the 9% who give most, share",
    "C3b": "hours given by the 36% who give most, share",
    "C4": "hours a month of the middle volunteer",
    "C5": "joiners whom somebody inside had asked, share",
    "C6": "volunteers who stop for a change in life, share",
    "C7x": "volunteers who are none a year later, share",
    "C7e": "others who volunteer a year later, share",
    "C8a": "registered charities under £100,000 a year, share",
    "C8b": "income of charities over £1 million a year, share",
    "C9a": "charities opened a year, share",
    "C9b": "charities closed a year, share",
    "C10": "registered charities for 1,000 people",
    "C11": "charities' income from the state, 2007/08, share",
    "C14": "adults who trust the council, %",
    "C15": "strong ties alive seven years later, share",
    "C16": "adults who can influence local decisions, %",
    "V5": "what councils pay to charities, 2009/10 to 2020/21, % change",
    "V6a": "charities' income from the state, 2015/16, share",
    "V6b": "charities' income from the state, 2021/22, share",
    "V8": "closing within ten years to 2020, most deprived areas over least, ratio",
    "V9": "charities a head, affluent places over deprived ones, ratio",
    "V11": "private pounds that come for a pound of state money that goes",
    "V12a": "adults who trust the council, 2009 to 2018, points",
    "V12b": "adults who trust the council, 2018 to mid-2020, points",
    "V13": "trust falls faster than it comes back, ratio",
    "V19": "adults who can influence local decisions, 2016/17 to 2019/20, points",
    "V20": "adults who are often lonely, 2013/14 to 2023/24, points",
    "V22": "volunteering of higher over lower social grades, points",
}
"""What each row of both tables is, in plain words and with its unit: the evidence and the ODD document say it so."""


class Pattern(NamedTuple):
    """One row of the table."""

    id: str
    period: str
    unit: str
    value: float
    low: float
    high: float
    confidence: str
    note: str
    use: str
    observable: str
    when: str

    @property
    def scale(self) -> float:
        """What an observable, a share, is multiplied by to have the row's unit."""
        return 100.0 if {"pct", "pp"} & set(self.unit.split()) and not self.unit.startswith("share") else 1.0

    def holds(self, value: float) -> bool:
        """Whether a value lies in the band."""
        return self.low <= value <= self.high

    @property
    def window(self) -> tuple[date, date]:
        """The first and the last month of the survey; all time where it has none."""
        return self.windows[0]

    @property
    def windows(self) -> tuple[tuple[date, date], ...]:
        """As `window`, one after another where surveys are held against each other."""
        return tuple(_window(when) for when in self.when.split(" to "))


def _mean(name: str) -> Callable[[Any], float]:
    return lambda frame: float(frame[name].mean())


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan


def _sum(name: str) -> Callable[[Any], float]:
    return lambda frame: float(frame[name].sum())


def _years(name: str) -> Callable[[Any], float]:
    """Years that bodies lived through, from a count a month."""
    return lambda frame: float(frame[name].sum()) / MONTHS_A_YEAR


def _over_a_million(frame: Any) -> float:
    return float((frame["income_share_over_1m"] * frame["income_total"]).sum())


def _insiders(frame: Any) -> float:
    """Of the joins of the window, those that somebody inside had asked for."""
    return _share((frame["joined_by_ask"] * frame["volunteer_joined"]).sum(), frame["volunteer_joined"].sum())


def _life(frame: Any) -> float:
    """Of the endings of the window, those by a change in life."""
    return _share(frame["left_life"].sum(), frame[list(ENDINGS)].sum().sum())


def _kept(frame: Any) -> float:
    """Strong ties alive seven years later, where both ends lie in the run."""
    return float(frame.loc[frame["month"] >= SURVIVAL_MONTHS, "tie_survival_84"].mean())


MEASURES: dict[str, Callable[[Any], float]] = {
    "C1": _mean("formal_volunteering"), "C2": _mean("formal_volunteering_yearly"), "C3a": _mean("hours_top9_share"),
    "C3b": _mean("hours_top36_share"), "C4": _mean("hours_median"), "C5": _insiders, "C6": _life,
    "C7x": _mean("volunteer_exit_12"), "C7e": _mean("volunteer_entry_12"), "C14": _mean("trust_council_share"),
    "C15": _kept, "C16": _mean("influence"),
}  # fmt: skip
"""By row, what is read off the months of its window in one run."""
POOLED: dict[str, tuple[Callable[[Any], float], Callable[[Any], float]]] = {
    "C8a": (_sum("registered_under_100k"), _sum("charities_registered")),
    "C8b": (_over_a_million, _sum("income_total")),
    "C9a": (_sum("charities_opened"), _years("charities_registered")),
    "C9b": (_sum("charities_closed"), _years("charities_registered")),
    "C10": (_mean("density_per_1000"), lambda _: 1.0),
    "C11": (_sum("income_state"), _sum("income_total")),
}  # fmt: skip
"""By row, what is summed over runs, and over what."""
YEARS_AROUND = {"C9a": 2, "C9b": 2}
"""Rows that are read over so many years before and after the survey's as well."""


@cache
def patterns(table: str = "calibration") -> dict[str, Pattern]:
    """The rows of a table of patterns by id."""
    return {
        row["id"]: Pattern(
            row["id"], row["period"], row["unit"], float(row["value"]), float(row["lo"]), float(row["hi"]), row["conf"],
            row["note"], row["use"], row["observable"], row["when"],
        )
        for row in data_table(table)
    }  # fmt: skip


def score(results: Any, by_band: Any) -> Any:
    """How runs stand beside the patterns.

    Args:
        results: a frame with the columns of ``results``, of one scenario.
        by_band: the frame ``by_band`` of the same runs.

    Returns:
        A frame with a row a pattern, by id: ``observable``, ``when``, ``value`` (the mean over runs, in the unit of the
        row), ``runs`` (how many have one), ``low`` and ``high`` (the band), ``in_band``, ``observed``, and the
        values between which 90% of the runs lie, ``run_5`` and ``run_95``. A run without months in the window has no
        value; a pattern without a value is in no band.
    """
    import pandas as pd

    small = by_band[by_band["income_band"].isin(UNDER_100K)].groupby(["run_id", "month"])["charities"].sum()
    results = results.join(small.rename("registered_under_100k"), on=["run_id", "month"])
    rows = []
    for name, pattern in patterns().items():
        around = pd.DateOffset(years=YEARS_AROUND.get(name, 0))
        first, last = pd.Timestamp(pattern.window[0]) - around, pd.Timestamp(pattern.window[1]) + around
        runs = [run for _, run in results[results["date"].between(first, last)].groupby("run_id")]
        if name in POOLED:
            values, of = (pd.Series([measure(run) for run in runs], dtype=float) for measure in POOLED[name])
            value = _share(values.sum(), of.sum()) * pattern.scale
            each = (values / of).dropna() * pattern.scale
        else:
            values = pd.Series([MEASURES[name](run) for run in runs], dtype=float).dropna() * pattern.scale
            value, each = float(values.mean()), values
        rows.append([name, pattern.observable, pattern.when, value, len(values), pattern.low, pattern.high,
                     pattern.holds(value), pattern.value, *middle(each)])  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS).set_index("id")


COLUMNS = ["id", "observable", "when", "value", "runs", "low", "high", "in_band", "observed", "run_5", "run_95"]


MIDDLE_90 = 3.29
"""Standard deviations between the values below and above which 5% of a normal lie."""


def near_an_edge(pattern: Pattern, value: float, run_5: float, run_95: float, runs: int) -> bool:
    """Whether other runs, as many, may well fall on the other side of an end of the range: it lies within 2 errors.

    Args:
        pattern: the row.
        value: the value of all runs together.
        run_5: below this lie 5% of the runs; all in the unit of the row.
        run_95: above this lie 5%.
        runs: how many.
    """
    error = (run_95 - run_5) / MIDDLE_90 / math.sqrt(runs) if runs else math.nan
    return min(abs(value - pattern.low), abs(value - pattern.high)) < 2.0 * error


def middle(values: Any) -> tuple[float, float]:
    """The values of runs below and above which 5% of the runs lie; either may be without bound."""
    import numpy as np

    if not len(values):
        return math.nan, math.nan
    low, high = np.quantile(values, [0.05, 0.95], method="inverted_cdf").tolist()
    return low, high


def _window(when: str) -> tuple[date, date]:
    months = re.match(r"(\d{4})-(\d{2})(?:\.\.(\d{4})-(\d{2}))?", when)
    if months:
        first = date(int(months[1]), int(months[2]), 1)
        return first, date(int(months[3]), int(months[4]), 1) if months[3] else first
    fiscal = re.match(r"(\d{4})/\d{2}", when)
    if fiscal:
        year = int(fiscal[1])
        return date(year, 4, 1), date(year + 1, 3, 1)
    years = re.match(r"(\d{4})(?:\.\.(\d{4}))?", when)
    if years:
        return date(int(years[1]), 1, 1), date(int(years[2] or years[1]), 12, 1)
    return date(1800, 1, 1), date(2200, 1, 1)
