"""Does the council lose more joint work the more often it is restructured, and do second contacts then pay?

A council that is not cut is restructured inside never, once in ten years, and so on up to every year
(`world=endless world.restructure_rate=0` to `1`, by chance; the record is taken to be .35 a year), for ten years.
Beside it the same years in which every partnership of an officer and a charity may have a second contact
(`policy=double_contacts`, at most £3 a resident-year), which the council pays for out of its discretionary services
(`payer=council`). So what a second contact costs in services is in the balance.

It could fail: new faces may bring as many contacts as are lost, and stalls may be made up for; and second contacts
take officers' hours every month, of use or not. `experiment=second_contact_wasted` and `rival=reshuffling_helps` have
numbers with which the claims should fail.

In full  14 points x 40 replicates of 10,000 residents over 120 months: 24 minutes of one core.

python experiments/reorganisations.py [plan] [KEY=VALUE ...]
"""

from __future__ import annotations

import sys

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from study import Claim, Factors, Months, Study, claimed, slopes, summed_up

from sim.config import Config
from sim.report.figures import BLUE, GREY, PALE, VERMILLION

SECOND = "double_contacts"
DESIGN = (
    "world=endless", "world.restructure_rate=0,0.1,0.2,0.35,0.5,0.75,1", f"policy=none,{SECOND}", "months=120",
    f"policy.{SECOND}.start=0", f"policy.{SECOND}.months=120", f"policy.{SECOND}.dose=3",
    f"policy.{SECOND}.payer=council", "replicates=40",
)  # fmt: skip
LEVELS = {"partnerships": "working ties of officers and\ncharities, in the town",
          "joint_output": "need met in joint work,\nhours a month per 1,000 residents"}  # fmt: skip
NET = "need met more with second contacts,\nless what their cost takes from services,\nhours for every £1,000"


def factors(config: Config) -> Factors:
    """Restructures a year, whether there are second contacts, and residents."""
    second = SECOND in config.policy
    return {"rate": config.world.restructure_rate, "second": second, "residents": config.place.residents}


def measured(months: Months) -> pd.DataFrame:
    """A row a rate and replicate: levels without and with second contacts, over all months, and what £1,000 buys."""
    by = ["rate", "replicate"]
    outcomes = [*LEVELS, "capacity", "spend_nurture"]
    sides = (months[months["second"] == side].groupby(by)[outcomes] for side in (False, True))
    without, second = (side.agg(["mean", "sum"]) for side in sides)
    rows = {f"{name}_{side}": frame[name, "mean"] for name in LEVELS
            for side, frame in (("without", without), ("second", second))}  # fmt: skip
    thousands = (second["spend_nurture", "sum"] - without["spend_nurture", "sum"]) / 1000.0
    residents = months.groupby(by)["residents"].first() / 1000.0
    more = (second["capacity", "sum"] - without["capacity", "sum"]) * residents
    return pd.DataFrame(rows | {"bought": more / thousands}).reset_index()


def claims(rows: pd.DataFrame) -> list[Claim]:
    """Joint work is lost; second contacts pay; and the more so."""
    return [
        claimed(-1.0, slopes(rows, "rate", "joint_output_without"),
                true="The more often a council is restructured, the less need is met in joint work",
                false="The more often a council is restructured, the more need is met in joint work",
                unclear="Whether restructuring takes anything from joint work cannot be told from these runs",
                measure="Hours a month per 1,000 residents, less with each restructure a year"),
        claimed(1.0, rows.groupby("replicate")["bought"].mean(),
                true="Second contacts meet more need than the services that pay for them",
                false="Second contacts meet less need than the services that pay for them",
                unclear="Whether second contacts meet more need than they cost cannot be told from these runs",
                measure="Hours of need met for every £1,000, over all rates"),
        claimed(1.0, slopes(rows, "rate", "bought"),
                true="Second contacts buy more, the more often a council is restructured",
                false="Second contacts buy less, the more often a council is restructured",
                unclear="Whether second contacts buy more where councils are restructured often cannot be told",
                measure="Hours of need met for every £1,000, more with each restructure a year"),
    ]  # fmt: skip


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a rate."""
    return summed_up(rows, ["rate"], [name for name in rows if name not in {"rate", "replicate"}])


def drawn(table: pd.DataFrame) -> Figure:
    """By restructures a year: partnerships and joint work without and with second contacts, and what these buy."""
    figure = Figure(figsize=(10.5, 4.8), layout="constrained")
    *levels, net = figure.subplots(1, len(LEVELS) + 1, sharex=True)
    for axes, (name, unit) in zip(levels, LEVELS.items(), strict=True):
        for side, called, colour, mark, aside in (
            ("without", "one contact", BLUE, "o", -0.008), ("second", "second contacts", VERMILLION, "s", 0.008),
        ):  # fmt: skip
            _curve(axes, table, f"{name}_{side}", colour=colour, marker=mark, aside=aside, label=called)
        axes.set_ylim(bottom=0.0)
        axes.set_ylabel(unit)
    _curve(net, table, "bought", colour=VERMILLION, marker="s")
    net.axhline(0.0, color=GREY, linewidth=0.8)
    net.set_ylabel(NET)
    for axes in (*levels, net):
        axes.set_xlabel("restructures a year")
        axes.grid(axis="y", color=PALE, linewidth=0.6)
    figure.legend(*levels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False,
                  title="Bars: 95% intervals over towns; what is said of them is judged within towns")  # fmt: skip
    return figure


def _curve(axes: Axes, table: pd.DataFrame, name: str, *, aside: float = 0.0, colour: str, **how: str) -> None:
    ends = [table[name] - table[f"{name}_low"], table[f"{name}_high"] - table[name]]
    axes.errorbar(table["rate"] + aside, table[name], yerr=ends, color=colour, markersize=4, linewidth=1.4,
                  elinewidth=0.9, **how)  # fmt: skip


STUDY = Study(
    name="reorganisations", question=__doc__.partition("\n")[0], design=DESIGN, factors=factors,
    outcomes=(*LEVELS, "capacity", "spend_nurture"), measured=measured, claims=claims, summary=summary, drawn=drawn,
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(STUDY.main())
