"""Patterns: what surveys found, and what a run shows when it is asked as the survey asked.

Each row of ``data/calibration.csv`` has a value, a band and the time of its survey. `MEASURES` says how it is read off
a frame of results: means of months for shares at a time, sums over the window for shares of events. A row of a survey
in fiscal years is read from April to March, one in calendar years from January to December.

Source  calibration.csv, where each row names its survey.
Departs C6: the survey may have allowed several answers; here an ending has one cause, and deaths and moves away, whom
        no survey asks, count as changes in life. C15: every month from `SURVIVAL_MONTHS` on, so that the seven years
        lie within the run.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from sim.state import SURVIVAL_MONTHS

ENDINGS = ("left_life", "left_overload", "left_one_off", "left_other")


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
        return 100.0 if "pct" in self.unit.split() and not self.unit.startswith("share") else 1.0

    @property
    def window(self) -> tuple[date, date]:
        """The first and the last month of the survey; all time where it has none."""
        return _window(self.when)


def _mean(name: str) -> Callable[[Any], float]:
    return lambda frame: float(frame[name].mean())


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan


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
"""By row, what is read off the months of its window in one run. Rows on charities' money and number come with them."""


@cache
def patterns() -> dict[str, Pattern]:
    """The rows of ``calibration.csv`` by id."""
    text = files("sim").joinpath("data/calibration.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        row["id"]: Pattern(
            row["id"], row["period"], row["unit"], float(row["value"]), float(row["lo"]), float(row["hi"]), row["conf"],
            row["note"], row["use"], row["observable"], row["when"],
        )
        for row in rows
    }  # fmt: skip


def score(results: Any) -> Any:
    """How runs stand beside the patterns.

    Args:
        results: a frame with the columns of ``results``, of one scenario.

    Returns:
        A frame with a row a pattern, by id: ``observable``, ``when``, ``value`` (the mean over runs, in the unit of the
        row), ``runs`` (how many have one), ``low`` and ``high`` (the band), ``in_band``, and ``observed``. A run
        without months in the window has no value; a pattern without a value is in no band.
    """
    import pandas as pd

    rows = []
    for name, measure in MEASURES.items():
        pattern = patterns()[name]
        first, last = (pd.Timestamp(day) for day in pattern.window)
        months = results[(results["date"] >= first) & (results["date"] <= last)]
        values = pd.Series([measure(run) for _, run in months.groupby("run_id")], dtype=float).dropna() * pattern.scale
        value = float(values.mean())
        rows.append([name, pattern.observable, pattern.when, value, len(values), pattern.low, pattern.high,
                     pattern.low <= value <= pattern.high, pattern.value])  # fmt: skip
    return pd.DataFrame(rows, columns=[
        "id", "observable", "when", "value", "runs", "low", "high", "in_band", "observed"
    ]).set_index("id")  # fmt: skip


def _window(when: str) -> tuple[date, date]:
    months = re.match(r"(\d{4})-(\d{2})\.\.(\d{4})-(\d{2})", when)
    if months:
        a, b, c, d = map(int, months.groups())
        return date(a, b, 1), date(c, d, 1)
    fiscal = re.match(r"(\d{4})/\d{2}", when)
    if fiscal:
        year = int(fiscal[1])
        return date(year, 4, 1), date(year + 1, 3, 1)
    years = re.match(r"(\d{4})(?:\.\.(\d{4}))?", when)
    if years:
        return date(int(years[1]), 1, 1), date(int(years[2] or years[1]), 12, 1)
    return date(1800, 1, 1), date(2200, 1, 1)
