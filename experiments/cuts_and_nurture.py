"""Does nurture buy more where cuts are deeper, and more the earlier it begins?

Organisers meet residents and bring them together for five years (`policy=nurture_early`, £12 a resident-year from
outside) in the record of 2007 to 2024, where core funding after 2010-11 holds, falls half as far as it did, as far, and
up to twice as far (`world.deepening`), and they begin in 2009, 2011, and so on to 2017. Counted is what £1,000 of it
buys: the hours of need met more than without it, by paid hours, by volunteers and neighbours, and in joint work, from
its first pound until two years after its last. So early and late have as many pounds and as many months.

It could fail: where cuts are deep fewer officers and charities are left to join with, and who is asked may be too
tired; and an hour meets more need when few are left who give any, so that late may beat early.
`experiment=late_beats_early` has numbers with which the second claim fails.

In full  30 points x 30 replicates of 10,000 residents over 204 months: 58 minutes of one core.

python experiments/cuts_and_nurture.py [plan] [KEY=VALUE ...]
"""

from __future__ import annotations

import sys

import pandas as pd
from matplotlib.figure import Figure
from study import Claim, Factors, Months, Study, claimed, slopes, summed_up

from sim.config import Config, ConfigError
from sim.report.figures import BLUE, GREY, ORANGE, PALE, SKY, VERMILLION
from sim.units import date_of, month_of

NURTURE = "nurture_early"
DESIGN = (
    "world=history", "world.deepening=0,0.5,1,1.5,2", f"policy=none,{NURTURE}",
    f"policy.{NURTURE}.start=2009-04,2011-04,2013-04,2015-04,2017-04", "replicates=30",
)  # fmt: skip
AFTERWARDS = 24
"""Months after the last pound that still count."""
BOUGHT = {"capacity": "in all", "capacity_paid": "by paid hours", "capacity_unpaid": "by volunteers and neighbours",
          "joint_output": "in joint work"}  # fmt: skip
COLOURS = (GREY, SKY, BLUE, ORANGE, VERMILLION)
MARKS = ("o", "s", "^", "D", "v")


def factors(config: Config) -> Factors:
    """Depth of the cuts; the month in which nurture begins, and the last one that counts; residents."""
    same = {"depth": config.world.deepening, "residents": config.place.residents}
    if NURTURE not in config.policy:
        return same | {"start": None, "first": None, "last": None}
    nurture = config.policy[NURTURE]
    first = month_of(nurture.start, config.world.first_month)
    last = first + nurture.months + nurture.taper + AFTERWARDS - 1
    if last >= config.months:
        counts, end = (date_of(month, config.world.first_month) for month in (last, config.months - 1))
        raise ConfigError(f"nurture from {nurture.start:%Y-%m} counts until {counts:%Y-%m}, two years after its last "
                          f"pound, and the run ends in {end:%Y-%m}. Begin earlier, or make months longer.")  # fmt: skip
    return same | {"start": nurture.start.year + (nurture.start.month - 1) / 12, "first": first, "last": last}


def measured(months: Months) -> pd.DataFrame:
    """Hours of need met for every £1,000 spent, a row a depth, start and replicate."""
    by = ["depth", "replicate", "month"]
    without = months[months["start"].isna()].set_index(by)[[*BOUGHT, "spend_nurture"]]
    own = months.dropna(subset="start").set_index(by)
    more = own[[*BOUGHT, "spend_nurture"]] - without.reindex(own.index)
    more[list(BOUGHT)] = more[list(BOUGHT)].mul(own["residents"] / 1000.0, axis=0)
    month = own.index.get_level_values("month")
    counted = (month >= own["first"]) & (month <= own["last"])
    sums = more[counted].groupby([own["start"][counted], "depth", "replicate"]).sum()
    pounds = sums["spend_nurture"]
    return sums[list(BOUGHT)].div(pounds / 1000.0, axis=0).assign(pounds=pounds).reset_index()


def claims(rows: pd.DataFrame) -> list[Claim]:
    """Deeper, and earlier."""
    return [
        claimed(1.0, slopes(rows, "depth", "capacity"),
                true="Nurture buys more where cuts are deeper", false="Nurture buys less where cuts are deeper",
                unclear="Whether nurture buys more or less where cuts are deeper cannot be told from these runs",
                measure="Hours of need met for every £1,000, more with cuts that are deeper by those of the record"),
        claimed(-1.0, slopes(rows, "start", "capacity"),
                true="Nurture buys more the earlier it begins", false="Nurture buys more the later it begins",
                unclear="Whether nurture buys more early or late cannot be told from these runs",
                measure="Hours of need met for every £1,000, more with each year that it begins earlier"),
    ]  # fmt: skip


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a depth and start."""
    return summed_up(rows, ["depth", "start"], [*BOUGHT, "pounds"])


def drawn(table: pd.DataFrame) -> Figure:
    """What £1,000 buys by the year in which nurture begins, a curve a depth: in all, and its three parts."""
    figure = Figure(figsize=(11.0, 4.8), layout="constrained")
    panels = figure.subplots(1, len(BOUGHT), sharex=True, sharey=True)
    depths = sorted(table["depth"].unique())
    for axes, (outcome, name) in zip(panels, BOUGHT.items(), strict=True):
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        for place, depth in enumerate(depths):
            called = {0.0: "none", 1.0: "as in the record"}.get(depth, f"{depth:g} times as deep")
            own = table[table["depth"] == depth].sort_values("start")
            aside = 0.12 * (place - (len(depths) - 1) / 2)  # so that no interval hides another
            ends = [own[outcome] - own[f"{outcome}_low"], own[f"{outcome}_high"] - own[outcome]]
            axes.errorbar(own["start"] + aside, own[outcome], yerr=ends, color=COLOURS[place % len(COLOURS)],
                          marker=MARKS[place % len(MARKS)], markersize=4, linewidth=1.4, elinewidth=0.9,
                          label=called)  # fmt: skip
        axes.set_title(name, loc="left")
        axes.set_xlabel("nurture begins in April of")
        starts = sorted(table["start"].unique())
        axes.set_xticks(starts, [f"{int(start)}" for start in starts], rotation=45)
        axes.grid(axis="y", color=PALE, linewidth=0.6)
    panels[0].set_ylabel("hours of need met for every £1,000")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(depths), frameon=False,
                  title="Cuts of core funding after 2010-11 (bars: 95% intervals over towns)")  # fmt: skip
    return figure


STUDY = Study(
    name="cuts_and_nurture", question=__doc__.partition("\n")[0], design=DESIGN, factors=factors,
    outcomes=(*BOUGHT, "spend_nurture"), measured=measured, claims=claims, summary=summary, drawn=drawn,
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(STUDY.main())
