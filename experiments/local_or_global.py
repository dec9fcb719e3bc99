"""Do decisions by neighbourhood narrow the gap between poor and rich, whichever account of the record is true?

Neighbourhoods decide for themselves where discretionary hours go from April 2009 (`policy=localism`, at most £8 a
resident-year for clerks and meetings, paid by the council out of its services), or the authority decides for all of
them. Both in the record up to March 2020, under the main model and under every rival account of the same record
(`rival=glob(*)`). Compared are the last five years: of people in need, the share with at least 80% of it met, in the
least deprived fifth of neighbourhoods less in the most deprived fifth; and that share in the most deprived alone, for
a gap is narrowed, too, where only the rich lose.

It could fail, and under one account and not another: who decides near the need knows it better, and hears the best
connected most; and a pound for a clerk is none for a service. The claim is only said to hold if it does under every
account.

In full  28 points x 30 replicates of 10,000 residents over 156 months, each rival founded to begin where the main model
begins: 1.3 hours of one core.

python experiments/local_or_global.py [plan] [KEY=VALUE ...]
"""

from __future__ import annotations

import sys

import pandas as pd
from matplotlib.figure import Figure
from study import Claim, Factors, Months, Study, claimed, summed_up

from sim.composition import title_of
from sim.config import Config, ConfigError
from sim.report.figures import BLUE, GREY, PALE, VERMILLION

LOCAL = "localism"
DESIGN = (
    "world=history", "months=156", f"policy=none,{LOCAL}", f"policy.{LOCAL}.start=2009-04",
    f"policy.{LOCAL}.months=132", f"policy.{LOCAL}.dose=8", f"policy.{LOCAL}.payer=council", "rival=glob(*)",
    "replicates=30",
)  # fmt: skip
MEASURES = {"gap": "the gap between least and most deprived fifth", "poor": "in the most deprived fifth"}
POOR, RICH = 1, 5
YEARS = 5
COLOURS = {"holds": BLUE, "fails": VERMILLION, "is not shown": GREY}
MARKS = {"holds": "o", "fails": "X", "is not shown": "D"}
TOLD = {"holds": "gap narrowed", "fails": "gap widened", "is not shown": "neither is shown"}
MAIN = "none"


def factors(config: Config) -> Factors:
    """The account, whether neighbourhoods decide, and the months that are compared."""
    return {"account": config.rival, "local": LOCAL in config.policy, "since": config.months - 12 * YEARS}


def measured(months: Months) -> pd.DataFrame:
    """Local less global decisions, in percentage points, a row an account and replicate."""
    counted = months[(months["month"] >= months["since"]) & months["quintile"].isin([POOR, RICH])]
    share = counted.pivot_table(index=["account", "replicate", "local"], columns="quintile", values="enough_support")
    if {POOR, RICH} - set(share.columns):
        raise ConfigError("this place has no neighbourhoods in the most or the least deprived fifth, so it has no gap "
                          "between them. Choose a larger one, as place.residents=10000.")  # fmt: skip
    share = 100.0 * share.assign(gap=share[RICH] - share[POOR], poor=share[POOR])[list(MEASURES)]
    local, authority = (share.xs(side, level="local") for side in (True, False))
    return (local - authority).reset_index()


def verdicts(rows: pd.DataFrame) -> dict[str, Claim]:
    """Whether the gap is narrowed, account by account."""
    return {
        account: claimed(-1.0, own["gap"], true="narrowed", false="widened", unclear="not shown", measure="points")
        for account, own in rows.groupby("account")
    }


def claims(rows: pd.DataFrame) -> list[Claim]:
    """Under every account; and under the main model."""
    each = verdicts(rows)
    what = "Decisions by neighbourhood narrow the gap between poor and rich"
    own = [Claim(f"{what} under {title(a)}", f"{what.replace('narrow', 'widen')} under {title(a)}",
                 f"Whether decisions by neighbourhood narrow the gap under {title(a)} cannot be told from these runs",
                 "Percentage points that they narrow it", each[a].found) for a in each if a == MAIN or len(each) == 1]
    if len(each) == 1:
        return own
    held, failed = ([a for a, claim in each.items() if claim.verdict == word] for word in ("holds", "fails"))
    # One account with which it fails is enough; if there is none, that which comes nearest to it tells.
    worst = min((each[a].found for a in failed or each), key=lambda found: found.high if failed else found.low)
    of = f"{len(held)} of {len(each)} accounts of the record"
    under_all = Claim(
        f"{what} under all {len(each)} accounts of the record",
        f"{what} under {of}, and widen it under {_listed(failed)}",
        f"{what} under {of}, and for the others that is not shown",
        "Percentage points that they narrow it, under the account that is worst for the claim", worst)
    return [under_all, *own]


def _listed(accounts: list[str]) -> str:
    return ", ".join(map(title, accounts))


def title(account: str) -> str:
    """What an account is called."""
    return title_of("rival", account) or account


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row an account, with whether the claim holds there: the main model, then where the gap is narrowed most."""
    table = summed_up(rows, ["account"], list(MEASURES))
    said = {account: claim.verdict for account, claim in verdicts(rows).items()}
    table = table.assign(claim=table["account"].map(said), called=table["account"].map(title))
    return table.sort_values("gap", key=lambda gap: gap.where(table["account"] != MAIN, -float("inf")))


def drawn(table: pd.DataFrame) -> Figure:
    """An account a row: how far local decisions change the gap, and the share in the most deprived fifth."""
    figure = Figure(figsize=(10.5, 2.0 + 0.28 * len(table)), layout="constrained")
    panels = figure.subplots(1, len(MEASURES), sharey=True)
    for axes, (name, called) in zip(panels, MEASURES.items(), strict=True):
        axes.axvline(0.0, color=GREY, linewidth=0.8)
        for verdict, own in table.assign(row=range(len(table))).groupby("claim"):
            ends = [own[name] - own[f"{name}_low"], own[f"{name}_high"] - own[name]]
            axes.errorbar(own[name], own["row"], xerr=ends, color=COLOURS[verdict], marker=MARKS[verdict],
                          linestyle="none", markersize=5, elinewidth=1.2, label=TOLD[verdict])  # fmt: skip
        axes.set_title(called, loc="left")
        axes.set_xlabel("percentage points, local less global decisions")
        axes.grid(axis="x", color=PALE, linewidth=0.6)
    panels[0].set_yticks(range(len(table)), table["called"])
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False,
                  title="People in need with at least 80% of it met; bars: 95% intervals over towns")  # fmt: skip
    return figure


STUDY = Study(
    name="local_or_global", question=__doc__.partition("\n")[0], design=DESIGN, factors=factors,
    outcomes=("quintile", "enough_support"), table="by_quintile", measured=measured, claims=claims, summary=summary,
    drawn=drawn,
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(STUDY.main())
