"""Contrasts: a scenario less its counterfactual, run by run under the same luck.

For each outcome and replicate, d = (mean of the scenario's last 12 months) - (the same of the counterfactual). Both
runs of a pair throw the same dice, so d leaves out the luck that they share; its mean has the 95% interval of
Student's t over the pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from sim.observables import OBSERVABLES
from sim.results import Results, yearly

CONTRAST = {
    "outcome": "the observable",
    "unit": "its unit",
    "pairs": "pairs of runs that both have a value",
    "counterfactual": "mean of the last 12 months in the counterfactual",
    "scenario": "mean of the last 12 months in the scenario",
    "difference": "mean over pairs of scenario less counterfactual",
    "low": "lower end of its 95% interval",
    "high": "upper end of its 95% interval",
}
"""The columns of `Contrast.outcomes`."""


class Contrast:
    """A scenario beside its counterfactual, in pairs.

    Attributes:
        counterfactual: results of the one.
        scenario: results of the other, replicate by replicate under the same run seeds.
    """

    def __init__(
        self, counterfactual: Results, scenario: Results, states: Callable[[], tuple[Results, Results]]
    ) -> None:
        self.counterfactual, self.scenario, self._states = counterfactual, scenario, states

    def __repr__(self) -> str:
        return f"Contrast({self.counterfactual!r}, {self.scenario!r}; outcomes, residents, ties)"

    @cached_property
    def outcomes(self) -> Any:
        """A row an outcome, with the columns of `CONTRAST`."""
        return paired(self.counterfactual, self.scenario)

    @property
    def residents(self) -> Any:
        """Residents at the end of both runs of each pair, matched by permanent id.

        A row a replicate and resident; each column twice, ending in ``_counterfactual`` and ``_scenario``; ``lives_in``
        says "both", "counterfactual" or "scenario". Where the states were not recorded the pairs are run again.
        """
        return matched(*(states.residents for states in self._recorded), keys=["id"])

    @property
    def ties(self) -> Any:
        """Ties at the end of both runs of each pair, matched by the ids of their two ends; as `residents`."""
        return matched(*(states.ties for states in self._recorded), keys=["smaller_id", "larger_id"])

    @cached_property
    def _recorded(self) -> tuple[Results, Results]:
        return self._states()


def paired(counterfactual: Results, scenario: Results) -> Any:
    """The paired difference of each outcome, with its interval: a frame with the columns of `CONTRAST`."""
    import pandas as pd

    before, after = _last_year(counterfactual), _last_year(scenario)
    rows = []
    for name, observable in OBSERVABLES.items():
        a, b = before[name].align(after[name], join="inner")
        whole = ~(np.isnan(a) | np.isnan(b))
        rows.append([name, observable.unit, *_interval(a[whole].to_numpy(), b[whole].to_numpy())])
    return pd.DataFrame(rows, columns=list(CONTRAST))


def _last_year(results: Results) -> Any:
    frame = yearly(results.results).xs("last", axis=1, level=1)
    return frame.set_axis(results.results.groupby("run_id", sort=False)["replicate"].first()[frame.index])


def _interval(a: Any, b: Any) -> list[float | int]:
    pairs = len(a)
    if pairs == 0:
        return [0] + [np.nan] * 5
    differences = b - a
    mean = float(differences.mean())
    half = np.nan
    if pairs > 1:
        half = t_quantile(0.975, pairs - 1) * float(differences.std(ddof=1)) / math.sqrt(pairs)
    return [pairs, float(a.mean()), float(b.mean()), mean, mean - half, mean + half]


def matched(counterfactual: Any, scenario: Any, *, keys: list[str]) -> Any:
    """Two frames of recorded states at their last month, side by side by replicate and permanent id.

    Args:
        counterfactual: residents or ties.
        scenario: the same of the other scenario.
        keys: the columns that hold the permanent id.
    """
    keys = ["replicate", *keys]
    sides = []
    for frame in (counterfactual, scenario):
        last = frame[frame["month"] == frame["month"].max()]
        sides.append(last[[c for c in last.columns if c in keys or c not in _RUN]])
    both = sides[0].merge(
        sides[1], on=keys, how="outer", suffixes=("_counterfactual", "_scenario"), indicator="lives_in", sort=True
    )
    names = {"left_only": "counterfactual", "right_only": "scenario", "both": "both"}
    both["lives_in"] = both["lives_in"].astype(str).map(names)
    return both


_RUN = ("run_id", "place", "world", "policy", "rival", "ablation", "draw", "replicate", "seed", "month", "date")


@lru_cache(maxsize=64)
def t_quantile(p: float, freedom: int) -> float:
    """The quantile of Student's t for whole degrees of freedom, by halving; p from .5 to 1. Without freedom, infinite.

    Source: the sums of Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.

    >>> from sim.contrast import t_quantile
    >>> round(t_quantile(0.975, 19), 3)
    2.093
    """
    if freedom < 1:
        return math.inf
    low, high = 0.0, 1.0
    while _t_within(high, freedom) < 2.0 * p - 1.0:
        low, high = high, 2.0 * high
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _t_within(middle, freedom) < 2.0 * p - 1.0 else (low, middle)
    return 0.5 * (low + high)


def _t_within(t: float, freedom: int) -> float:
    """P(-t < T < t)."""
    angle = math.atan2(t, math.sqrt(freedom))
    c, s = math.cos(angle), math.sin(angle)
    odd = freedom % 2
    term, total = (c, 0.0) if odd else (1.0, 0.0)
    for k in range(odd + 1, freedom, 2):
        total += term
        term *= c * c * k / (k + 1)
    return 2.0 / math.pi * (angle + s * total) if odd else s * total
