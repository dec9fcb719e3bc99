"""Who gained and who lost: residents of both runs of a pair, matched by permanent id at the end.

A resident has one life in each run of a pair, under the same luck. For an outcome x of `GAINS`, the resident has
gained if x in the scenario is higher by at least the outcome's least size, lost if it is lower by as much, and else
stayed the same. The share of each is worked out in every pair, and has its 95% interval over pairs.

Least sizes are what a person could notice [assumption]: a fifth of the 15 ties that one has, and of the 5 strong ones;
a twentieth of a year's need; a quarter of the spread of trust between people, which is .20 at the start; a role; an
hour a month. Residents who live in only one of the runs, or have no value in one, are left out.

Small things that differ change who meets whom, so some gain and some lose wherever anything differs, even if nothing is
better or worse on the whole. Read gained beside lost: ``net`` is gained less lost, and tells whether there is more of
the one. More hours given are a gain to those who are helped; they are no gain, nor a debt, of those who give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.contrast.interval import interval
from sim.results import Results, frame_of
from sim.units import MONTHS_A_YEAR

ROUNDING = 1e-9
"""A difference that falls short of the least size by no more than this counts: .55 less .50 is not quite .05."""
_RUN = ("run_id", "place", "world", "policy", "rival", "ablation", "draw", "replicate", "seed", "month", "date")


class Gain(NamedTuple):
    """An outcome of a resident that can be gained or lost.

    Attributes:
        unit: of the outcome.
        least: the least difference that counts, in that unit.
        meaning: what it is.
        columns: columns of ``residents`` that it is worked out from.
        value: from a frame with those columns, a number a resident, or NaN.
    """

    unit: str
    least: float
    meaning: str
    columns: tuple[str, ...]
    value: Callable[[Any], Any]


def _plain(column: str) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    return (column,), lambda people: people[column].to_numpy(float)


def _share_met(people: Any) -> Any:
    need, met = people["need_12"].to_numpy(float), people["met_12"].to_numpy(float)
    return np.divide(met, need, out=np.full(len(need), np.nan), where=need > 0.0)


GAINS: dict[str, Gain] = {
    "need_met": Gain("share", 0.05, "of the resident's need over 12 months, met", ("need_12", "met_12"), _share_met),
    "ties": Gain("ties", 3.0, "ties with other residents", *_plain("ties")),
    "strong_ties": Gain("ties", 1.0, "of them with a strength of at least .5", *_plain("strong_ties")),
    "trust_council": Gain("0 to 1", 0.05, "trust in the council", *_plain("trust_council")),
    "trust_charity": Gain("0 to 1", 0.05, "trust in charities", *_plain("trust_charity")),
    "role": Gain("roles", 1.0, "a role held in a charity or group", ("charity",),
                 lambda people: people["charity"].notna().to_numpy(float)),
    "formal_hours": Gain("hours/month", 1.0, "given to charities, mean of 12 months", ("formal_hours_12",),
                         lambda people: people["formal_hours_12"].to_numpy(float) / MONTHS_A_YEAR),
}  # fmt: skip
"""The outcomes of residents that are matched, by name. The month's own need is left out: it is mostly luck."""

GAINED = {
    "outcome": "the outcome, of `GAINS`",
    "unit": "its unit",
    "least": "the least difference that counts as gained or lost, in that unit",
    "pairs": "pairs of runs in which it can be told",
    "residents": "residents who live in both runs and have a value in both, mean over pairs",
    **{
        f"{name}{end}": f"{what}{told}"
        for name, what in {
            "gained": "share of them who gained",
            "lost": "share of them who lost",
            "same": "share of them who did neither",
            "net": "gained less lost",
        }.items()
        for end, told in {"": "", "_low": ": lower end of its 95% interval", "_high": ": upper end"}.items()
    },
}
"""The columns of `Contrast.gained_and_lost`; by quintile, they stand after ``quintile``."""


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


def at_the_end(results: Results) -> Any:
    """Of recorded residents, those of the last month, with no more columns than `GAINS` needs."""
    table = results.tables.residents
    if table is None:
        raise ValueError("these runs did not record residents: ask for them with record=[residents].")
    month = table["month"].to_numpy()
    columns = ["replicate", "id", "quintile", *{column for gain in GAINS.values() for column in gain.columns}]
    return frame_of(table.select(columns).filter(month == month.max()))


def gained_and_lost(counterfactual: Any, scenario: Any, *, by_quintile: bool = False) -> Any:
    """Shares of residents who gained, lost and stayed the same.

    Args:
        counterfactual: residents as they were recorded at the end, see `at_the_end`.
        scenario: those of the other.
        by_quintile: whether by deprivation quintile of where they live in the counterfactual.

    Returns:
        A frame with the columns of `GAINED`, after ``quintile`` where that is asked for.
    """
    import pandas as pd

    people = _differences(counterfactual, scenario)
    rows = []
    for name, gain in GAINS.items():
        there = people[people[name].notna()]
        parts = [([quintile], there[there["quintile"] == quintile]) for quintile in sorted(people["quintile"].unique())]
        for part, members in parts if by_quintile else [([], there)]:
            rows.append([*part, name, gain.unit, gain.least, *_shares(members["replicate"], members[name], gain.least)])
    return pd.DataFrame(rows, columns=[*["quintile"] * by_quintile, *GAINED])


def _differences(counterfactual: Any, scenario: Any) -> Any:
    """Scenario less counterfactual of each outcome, a row a replicate and resident who lives in both."""
    sides = []
    for people in (counterfactual, scenario):
        values = {name: gain.value(people) for name, gain in GAINS.items()}
        sides.append(people[["replicate", "id", "quintile"]].assign(**values).set_index(["replicate", "id"]))
    there = sides[0].index.intersection(sides[1].index, sort=False)
    before, after = (side.loc[there] for side in sides)
    return (after[[*GAINS]] - before[[*GAINS]]).assign(quintile=before["quintile"]).reset_index()


def _shares(replicate: Any, difference: Any, least: float) -> list[float | int]:
    """The columns of `GAINED` from ``pairs`` on."""
    enough = least - ROUNDING
    gained, lost = (difference >= enough).astype(float), (difference <= -enough).astype(float)
    each = {"gained": gained, "lost": lost, "same": 1.0 - gained - lost}
    means = {name: column.groupby(replicate).mean().to_numpy() for name, column in each.items()}
    means["net"] = means["gained"] - means["lost"]
    pairs = len(means["net"])
    residents = len(difference) / pairs if pairs else np.nan
    ends = [end for name, shares in means.items() for end in interval(shares, -1.0 if name == "net" else 0.0, 1.0)]
    return [pairs, residents, *ends]
