"""What a comparison says beside the headline tables: what was spent, where, and who gained and lost."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from sim import wording
from sim.contrast import GAINS, interval
from sim.headlines import GAINS_NAMES, HEADLINE, NAMES, WHERE
from sim.observables import OBSERVABLES
from sim.report.parts import parts, row_of, rows_of, where_caption, where_found
from sim.report.study import Scenario, Study, money
from sim.report.svg import embedded
from sim.tables import PARTS


class Figure(NamedTuple):
    """A number with the text that shows it."""

    value: float
    text: str


class Where(NamedTuple):
    """The section on the parts of the place.

    Attributes:
        finding: one sentence.
        caption: what the figure shows.
        wide: the figure, to be shown.
        narrow: the same for a narrow screen.
        columns: outcomes with their units.
        tables: by scenario and period, (part, its name, a cell an outcome) of each part.
    """

    finding: str
    caption: str
    wide: str
    narrow: str
    columns: list[str]
    tables: list[tuple[Scenario, str, list[tuple[str, str, list[Cell]]]]]


class Cell(NamedTuple):
    """A difference with its interval."""

    outcome: str
    column: str
    difference: Figure
    low: Figure
    high: Figure


def where(study: Study) -> Where | None:
    """What differs in which part of the place; None where there are no parts to tell apart."""
    wide, narrow = (parts(study, columns, worded=False) for columns in (3, 1))
    if wide is None or narrow is None:
        return None
    points = {outcome for outcome in WHERE if wording.is_share(OBSERVABLES[outcome].unit)}
    columns = {o: wording.upper(name) + (", percentage points" if o in points else "") for o, name in WHERE.items()}
    tables = [(s, period, _rows(study, s, columns, paid=paid))
              for s in study.others for period, paid in _periods(study, s)]  # fmt: skip
    said = where_found(study), where_caption(study)
    return Where(*said, embedded(wide), embedded(narrow), list(columns.values()), tables)


def _rows(
    study: Study, scenario: Scenario, columns: dict[str, str], *, paid: bool
) -> list[tuple[str, str, list[Cell]]]:
    """What a part is called, its key, and a cell an outcome."""
    made = []
    for name, table, part in rows_of(study):
        cells = [_cell(study, scenario, outcome, column, table, part, paid=paid) for outcome, column in columns.items()]
        made.append((name, f"{'paid:' if paid else ''}{table}:{part}", cells))
    return made


def _periods(study: Study, scenario: Scenario) -> list[tuple[str, bool]]:
    """What the twelve months are called that are told of a scenario, and whether they are those while it was paid."""
    each = [("the last 12 months", False)]
    if scenario.name in study.while_paid:
        each.insert(0, (f"the 12 months to {study.while_paid[scenario.name][0]:%B %Y}, while it was paid", True))
    return each


BANDS = {"charities": "Charities", "income_total": "Their income, £ a month"}
"""What is told of charities by their income."""


def bands(study: Study) -> list[tuple[Scenario, list[str], list[tuple[str, list[Cell]]]]]:
    """Scenario, columns, and (band, a cell an outcome) of each income band of charities in which there are some."""
    made = []
    for s in study.others:
        rows = study.bands[s.name]
        there = [band for band in PARTS["by_band"][1] if (rows["income_band"] == band).any()]
        each = [(wording.upper(band), [_of_band(rows, band, o, name) for o, name in BANDS.items()]) for band in there]
        made.append((s, list(BANDS.values()), each))
    return made


def _of_band(rows: Any, band: str, outcome: str, column: str) -> Cell:
    row = rows[(rows["income_band"] == band) & (rows["outcome"] == outcome)].iloc[0]
    return _cell_of(row, outcome, column, str(row["unit"]))


def _cell(study: Study, scenario: Scenario, outcome: str, column: str, table: str, part: Any, *, paid: bool) -> Cell:
    row = row_of(study, scenario, outcome, table, part, paid=paid)
    return _cell_of(row, outcome, column, OBSERVABLES[outcome].unit)


def _cell_of(row: Any, outcome: str, column: str, unit: str) -> Cell:
    """The cell of a row of differences; without numbers where there is none."""
    values = [math.nan] * 3 if row is None else [float(row[name]) for name in ("difference", "low", "high")]
    return Cell(outcome, column, *(Figure(value, wording.signed(value, unit)) for value in values))


class Gainers(NamedTuple):
    """A row of the table of who gained and lost: shares, and gained less lost with its interval."""

    outcome: str
    name: str
    gained: Figure
    lost: Figure
    net: Figure
    low: Figure
    high: Figure


def who(study: Study) -> list[tuple[Scenario, int, list[Gainers]]]:
    """Scenario, residents who live in both runs, and rows; of those of which it is known."""
    made = []
    for s in study.others:
        if s.name not in study.gained:
            continue
        rows = study.gained[s.name]
        each = []
        for outcome, gain in GAINS.items():
            row = rows.loc[outcome]
            least = f"{100 * gain.least:g} points" if wording.is_share(gain.unit) else f"{gain.least:g}"
            name = wording.upper(GAINS_NAMES[outcome]) + ("" if outcome == "role" else f", by {least} or more")
            values = {n: float(row[n]) for n in ("gained", "lost", "net", "net_low", "net_high")}
            write = {n: wording.amount if n in {"gained", "lost"} else wording.signed for n in values}
            figures = [Figure(value, write[n](value, "share")) for n, value in values.items()]
            each.append(Gainers(outcome, name, *figures))
        made.append((s, round(float(rows["residents"].max())), each))
    return made


def spent(study: Study) -> list[str]:
    """What was spent on nurture beside the first scenario, a sentence a scenario that spends."""
    told = []
    for s in study.others:
        more, each = money(study, s)
        if more:
            whose = f" with {s.name}" if len(study.others) > 1 else ""
            told.append(
                f"Spent on nurture in {s.config.months} months{whose}: £{more:,.0f} more than with "
                f"{study.first.name}, £{each:,.0f} a resident{_of_the_area(s, more)}.{_left(s, more)}"
            )
    return told


LEFT = 0.01
"""Share of what is spent from which on what lies unspent at the end is told."""


def _left(scenario: Scenario, spent: float) -> str:
    left = float(scenario.matrix("spend_unspent")[:, -1].mean())
    return f" £{left:,.0f} more was paid in and lies unspent at the end." if left > LEFT * spent else ""


def _of_the_area(scenario: Scenario, pounds: float) -> str:
    """What that is to those who live where the money goes, where that is the funded area alone."""
    place, paid = scenario.config.place, [p for p in scenario.config.policy.values() if p.dose > 0.0]
    if not place.funded_area or not paid or any(p.where != "funded_area" for p in paid):
        return ""
    return f" of the whole place, and £{pounds / place.area_residents:,.0f} of the funded area, to which all of it went"


BOUGHT = {
    "capacity": "need met from every source",
    "capacity_paid": "of it by paid hours",
    "capacity_unpaid": "by volunteers and neighbours",
    "joint_output": "in joint work",
}
"""What is told of every £1,000: all need met, whoever met it, and then paid, unpaid and joint apart."""
POUNDS = 1000.0


def bought(study: Study) -> list[str]:
    """Hours of need met for every £1,000 spent beside the first scenario, over all months: a sentence a scenario.

    The interval is that of the hours; what is spent hardly differs from pair to pair. Neither hours nor pounds are
    discounted. Nothing is told of a scenario without money of its own; of one pair there is no interval.
    """
    told = []
    for s in study.others:
        more, _ = money(study, s)
        if more > 0.0:
            whose = f" with {s.name}" if len(study.others) > 1 else ""
            hours = {name: hours_of(study, s, outcome, POUNDS / more) for outcome, name in BOUGHT.items()}
            each = ", ".join(f"{name} {wording.plus_minus(*value, '')}" for name, value in hours.items())
            told.append(f"For every £1,000 spent{whose}, in hours over all {s.config.months} months: {each}.")
    return told


def hours_of(study: Study, scenario: Scenario, outcome: str, scale: float) -> tuple[float, float, float]:
    """How many hours of an outcome a scenario has beside the first, over all months, times `scale`: mean and interval.

    The outcome is in hours a month for every 1,000 residents.
    """
    first, own = (s.matrix(outcome).sum(axis=1) for s in (study.first, scenario))
    pairs = min(len(first), len(own))
    return interval(scale * scenario.config.place.residents / 1000.0 * (own[:pairs] - first[:pairs]))


def narrowed(study: Study) -> list[str]:
    """Whether the intervals are as narrow as was asked, a sentence a scenario."""
    told = []
    for name, row in study.narrowed.items():
        is_share = wording.is_share(row.unit)
        half = f"±{row.precision * (100.0 if is_share else 1.0):g} {'percentage points' if is_share else row.unit}"
        found = wording.plus_minus(row.difference, row.low, row.high, row.unit)
        end = "as narrow as asked" if row.reached else f"wider than asked: some {row.needed:,} pairs are needed"
        what = f"The difference in {NAMES.get(row.outcome, row.outcome)}"
        told.append(f"{what} was to be known to {half}. With {name} it is {found} after {row.pairs:,} pairs, {end}.")
    return told


def halving(study: Study) -> list[str]:
    """How many pairs would halve the interval of the headline outcome, a sentence a scenario."""
    told = []
    for s in study.others:
        row = study.contrasts[s.name].loc[HEADLINE]
        whose = f" with {s.name}" if len(study.others) > 1 else ""
        name = wording.DIFFERS[HEADLINE]
        if row.pairs < 2:
            told.append(f"One pair of runs has no interval{whose}: ask for more, as replicates=20.")
        elif row.pairs_needed == row.pairs:
            told.append(f"{wording.upper(name)} does not differ at all{whose}: more pairs would not change that.")
        else:
            more = row.pairs_needed - row.pairs
            now = wording.plus_minus(row.difference, row.low, row.high, row.unit)
            told.append(
                f"To halve the interval of {name}{whose} ({now} percentage points): {more} more "
                f"{wording.plural(more, 'pair')}, replicates={row.pairs_needed}."
            )
    return told
