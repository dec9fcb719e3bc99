"""Paired differences of the last 12 months: of the whole place, and of its parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.contrast.interval import interval, pairs_needed
from sim.results import Results, yearly
from sim.tables import PARTS, SCHEMAS, outcomes_of, unit_of
from sim.units import MONTHS_A_YEAR

CONTRAST = {
    "outcome": "the observable",
    "unit": "its unit",
    "pairs": "pairs of runs that both have a value",
    "counterfactual": "mean of the last 12 months in the counterfactual",
    "scenario": "mean of the last 12 months in the scenario",
    "difference": "mean over pairs of scenario less counterfactual",
    "low": "lower end of its 95% interval",
    "high": "upper end of its 95% interval",
    "pairs_needed": "pairs in all that would halve the interval, if differences go on to spread as they do",
}
"""The columns of `Contrast.outcomes`, and of its parts after the one that names the part."""


def paired(counterfactual: Results, scenario: Results) -> Any:
    """The paired difference of each outcome, with its interval: a frame with the columns of `CONTRAST`."""
    before, after = _last_year(counterfactual), _last_year(scenario)
    rows = [[name, unit_of(name), *_row(before[name], after[name])] for name in before if name in after]
    return _frame(rows, [*CONTRAST])


def at_the_start(counterfactual: Results, scenario: Results) -> Any:
    """As `paired`, of month 0 alone: what differs there has not come of the years."""
    before, after = (r.results[r.results["month"] == 0].set_index("replicate") for r in (counterfactual, scenario))
    both = [name for name in outcomes_of(before.columns) if name in after]
    rows = [[name, unit_of(name), *_row(before[name], after[name])] for name in both]
    return _frame(rows, [*CONTRAST])


def by_part(counterfactual: Results, scenario: Results, table: str) -> Any:
    """The paired difference of each outcome in each part of the place: a frame with the part, then `CONTRAST`.

    Args:
        counterfactual: the one.
        scenario: the other.
        table: a name of `sim.tables.PARTS`, as ``by_quintile``.

    Returns:
        Outcome after outcome, its parts in order. No rows where either has no such parts (no area is funded).
    """
    label, parts = PARTS[table]
    sides = [getattr(results, table) for results in (counterfactual, scenario)]
    rows = []
    if all(len(side) for side in sides):
        before, after = (_last_year_of_parts(side, table) for side in sides)
        for name in before:
            for part in parts:
                there = [side[name].xs(part, level=label) for side in (before, after)]
                rows.append([part, name, _unit(table, name), *_row(*there)])
    return _frame(rows, [label, *CONTRAST])


def _frame(rows: list[list[Any]], columns: list[str]) -> Any:
    import pandas as pd

    # Whole numbers with gaps: floats would make 73 pairs 73.0.
    return pd.DataFrame(rows, columns=columns).astype({"pairs": "int64", "pairs_needed": "Int64"})


def _outcomes(table: str) -> list[str]:
    """The columns of a table that hold outcomes."""
    return [field.name for field in SCHEMAS[table] if str(field.type) == "double"]


def _unit(table: str, column: str) -> str:
    return str(SCHEMAS[table].field(column).metadata[b"unit"].decode())


def _last_year(results: Results) -> Any:
    """The mean of each outcome over the last 12 months, a row a replicate."""
    frame = yearly(results.results).xs("last", axis=1, level=1)
    return frame.set_axis(results.results.groupby("run_id", sort=False)["replicate"].first()[frame.index])


def _last_year_of_parts(frame: Any, table: str) -> Any:
    """The same of a table of parts, a row a replicate and part. A month without a value is left out of the mean."""
    last = frame["month"] > frame["month"].max() - MONTHS_A_YEAR
    return frame[last].groupby(["replicate", PARTS[table][0]], sort=False)[_outcomes(table)].mean()


def _row(a: Any, b: Any) -> list[float | int | None]:
    """The columns of `CONTRAST` from ``pairs`` on, of two series by replicate."""
    a, b = a.align(b, join="inner")
    whole = ~(np.isnan(a) | np.isnan(b))
    a, b = a[whole].to_numpy(), b[whole].to_numpy()
    levels = [float(side.mean()) if len(side) else np.nan for side in (a, b)]
    spread = float((b - a).std(ddof=1)) if len(a) > 1 else np.nan
    return [len(a), *levels, *interval(b - a), pairs_needed(len(a), spread)]
