"""What the terminal shows of a comparison: what was found first, then how much, where, and who; the rest is in files.

Every difference is that of the last 12 months, with half the width of its 95% interval after ±, unless it says other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.cli.screen import HOURS, titled
from sim.contrast import GAINS, Contrast
from sim.headlines import FIFTHS, GAINS_NAMES, HEADLINE, SHORT, WHERE, with_altered
from sim.report.gains import bought, halving, spent
from sim.report.study import Scenario, Study
from sim.report.words import begun, finding
from sim.tables import PARTS
from sim.wording import amount, is_share, plural, plus_minus, sign

BANDS = {"charities": "charities", "income_total": "their income"}
NARROW = 76
"""With fewer columns, levels are left out."""
UNITS = {
    "share": "% points", "ties": "number", "bodies": "number", "GBP/month": "£ a month", "0 to 1": "0 to 1",
    "hours/1,000 residents": "", "hours of need met/1,000 residents": "",
}  # fmt: skip


def told(study: Study, contrasts: Sequence[Contrast], width: int) -> Iterator[RenderableType]:
    """What to print, from the top.

    Args:
        study: the results folder.
        contrasts: each of the others with the first scenario, in their order.
        width: columns of the terminal.
    """
    yield Text(finding(study), style="bold")
    yield from map(Text, begun(study))
    yield from map(Text, [*spent(study), *bought(study)])
    threes = _in_threes(study.others)
    for some in threes:
        yield headlines(study, some, width)
    if len(study.others) > 1:
        ended = [s for s in study.others if s.name in study.while_paid]
        yield from (while_paid(study, some) for some in _in_threes(ended))
        yield from between(study)
    each = dict(zip((s.name for s in study.others), contrasts, strict=True))
    for some in threes:
        if any(s.name in study.while_paid for s in some):
            yield where(study, some, paid=True)
        yield where(study, some)
        yield bands(study, some)
    if all(contrast.has("residents") for contrast in contrasts):
        for some in threes:
            yield who(study, some, each)
    else:
        yield Text("Who gained and who lost: ask for it with record=[residents].")
    yield from map(Text, halving(study))


def _in_threes(scenarios: Sequence[Scenario]) -> list[Sequence[Scenario]]:
    """As many as stand beside each other in a hundred columns."""
    return [scenarios[first : first + 3] for first in range(0, len(scenarios), 3)]


def headlines(study: Study, scenarios: Sequence[Scenario], width: int) -> Table:
    """The headline outcomes, paid and unpaid apart: levels, and differences while money is paid and in the end."""
    first = study.contrasts[scenarios[0].name]
    columns = [*(_levels(study, first) if width >= NARROW else []), *_apart(study, scenarios)]
    return _headlines(study, scenarios, f"Differences from {study.first.name}", columns)


def while_paid(study: Study, scenarios: Sequence[Scenario]) -> Table:
    """The same of several scenarios in the last year of their money, where that ends long before the runs do."""
    ends = {s.name: study.while_paid[s.name] for s in scenarios}
    columns = [(f"{name}, to {last:%B %Y}", _differences(rows)) for name, (last, rows) in ends.items()]
    return _headlines(study, scenarios, f"In the last year of the money: differences from {study.first.name}", columns)


def between(study: Study) -> Iterator[Table]:
    """The options beside each other, three columns a table."""
    if not study.between:
        return
    each = [(s, f"{s.name}, {f'to {last:%B %Y}' if last else 'final year'}", rows) for s, last, rows in study.between]
    for some in (each[first : first + 3] for first in range(0, len(each), 3)):
        what = f"The options beside each other: differences from {study.others[0].name}"
        yield _headlines(study, [s for s, _, _ in some], what, [(name, _differences(rows)) for _, name, rows in some])


def _headlines(study: Study, scenarios: Sequence[Scenario], what: str, columns: Sequence[Column]) -> Table:
    first = study.contrasts[scenarios[0].name]
    pairs = int(first.pairs.max())
    title = f"{what}, mean of {pairs} {plural(pairs, 'pair')} of runs"
    table = _table(title + ("" if pairs == 1 else ", ± half of its 95% interval"), [name for name, _ in columns])
    star = " *: the interval leaves out zero." if pairs > 1 else ""
    table.caption = f"{HOURS}{star}"
    for group, members in with_altered(SHORT, study.first.config, (s.config for s in scenarios)).items():
        table.add_row(Text(group, style="bold"))
        for outcome, name in members.items():
            unit = UNITS.get(str(first.loc[outcome].unit), "")
            label = Text.assemble(name, (f", {unit}" if unit else "", "dim"))
            table.add_row(Padding(label, (0, 0, 0, 2)), *(cell(outcome) for _, cell in columns))
    return table


Column = tuple[str, Callable[[str], Text]]  # its name, and its cell of an outcome


def _levels(study: Study, rows: Any) -> list[Column]:
    """The levels of the final year: of the first scenario, and of the other where there is room."""
    columns: list[Column] = [
        (study.first.name, lambda o: Text(amount(rows.loc[o].counterfactual, rows.loc[o].unit))),
        (study.others[0].name, lambda o: Text(amount(rows.loc[o].scenario, rows.loc[o].unit))),
    ]
    return columns[:1] if len(study.others) > 1 or study.while_paid else columns


def _apart(study: Study, scenarios: Sequence[Scenario]) -> list[Column]:
    """The differences: of one scenario at two times, if its money ends long before the runs do; else in the end."""
    if len(study.others) > 1:
        return [(s.name, _differences(study.contrasts[s.name])) for s in scenarios]
    ((name, final),) = study.contrasts.items()
    columns: list[Column] = [("difference, final year", _differences(final))]
    if name in study.while_paid:
        last, rows = study.while_paid[name]
        columns.insert(0, (f"difference while paid, to {last:%B %Y}", _differences(rows)))
    return columns


def where(study: Study, scenarios: Sequence[Scenario], *, paid: bool = False) -> Table:
    """By deprivation quintile, and inside and next door to a funded area: final year, or the last of the money."""
    named = WHERE if len(study.others) == 1 else {HEADLINE: WHERE[HEADLINE]}
    if not paid:
        return _parts("Where, in the final year", study.parts, scenarios, named)
    ended = [s for s in scenarios if s.name in study.while_paid]
    return _parts("Where, in the last year of the money", study.parts_while_paid, ended, named)


def bands(study: Study, scenarios: Sequence[Scenario]) -> Table:
    """Charities by income band."""
    outcomes = BANDS if len(study.others) == 1 else {"charities": BANDS["charities"]}
    tables = {name: {"by_band": rows} for name, rows in study.bands.items()}
    return _parts("Charities by income, in the final year", tables, scenarios, outcomes)


def _parts(
    title: str, parts: dict[str, dict[str, Any]], scenarios: Sequence[Scenario], outcomes: dict[str, str]
) -> Table:
    """Differences in the parts that there are, by scenario and table; a column an outcome, or a column a scenario."""
    several = len(parts) > 1
    columns = [(parts[scenario.name], outcome, f"{scenario.name}: {name}" if several else name)
               for scenario in scenarios for outcome, name in outcomes.items()]  # fmt: skip
    table = _table(title, [f"{name}, {_unit(tables, o)}" for tables, o, name in columns])
    for name in dict.fromkeys(name for tables, _, _ in columns for name in tables):
        label, each = PARTS[name]
        for part in each:
            rows = [_of(tables.get(name), outcome, label, part) for tables, outcome, _ in columns]
            if any(row is not None for row in rows):
                table.add_row(str(FIFTHS.get(part, part)), *(_cell(row) for row in rows))
        table.add_section()
    return table


def _unit(tables: dict[str, Any], outcome: str) -> str:
    unit = str(next(iter(tables.values())).set_index("outcome").unit[outcome].iloc[0])
    return UNITS.get(unit, unit)


def _of(rows: Any, outcome: str, label: str, part: Any) -> Any:
    """The row of an outcome in a part, or None where the place has no such part."""
    if rows is None:
        return None
    found = rows[(rows["outcome"] == outcome) & (rows[label] == part) & (rows["pairs"] > 0)]
    return found.iloc[0] if len(found) else None


def who(study: Study, scenarios: Sequence[Scenario], contrasts: dict[str, Contrast]) -> Table:
    """Who gained and who lost."""
    several = len(study.others) > 1
    columns = [(contrasts[scenario.name], kind, scenario.name if several else NAMES_OF_SHARES[kind])
               for scenario in scenarios
               for kind in (("all",) if several else NAMES_OF_SHARES)]  # fmt: skip
    how = " / who lost, and the one less the other" if several else " and who lost by the end"
    table = _table(f"Residents who gained{how}, % of them", [name for _, _, name in columns])
    table.caption = "Whatever differs changes who meets whom, so some gain and some lose: read the two together."
    for outcome, gain in GAINS.items():
        least = f"{100 * gain.least:g} points" if is_share(gain.unit) else f"{gain.least:g}"
        label = Text.assemble(GAINS_NAMES[outcome], ("" if outcome == "role" else f", by {least} or more", "dim"))
        table.add_row(label, *(_share(contrast, outcome, kind) for contrast, kind, _ in columns))
    return table


NAMES_OF_SHARES = {"gained": "gained", "lost": "lost", "same": "neither", "net": "gained less lost"}


def _share(contrast: Contrast, outcome: str, kind: str) -> Text:
    row = contrast.gained_and_lost.set_index("outcome").loc[outcome]
    if kind == "all":
        both = " / ".join(_share(contrast, outcome, each).plain for each in ("gained", "lost"))
        return Text(f"{both}\n").append(_share(contrast, outcome, "net"))
    if kind != "net":
        return Text(amount(row[kind], "share").rstrip("%"))
    return _said(row["net"], row["net_low"], row["net_high"], "share")


def _differences(rows: Any) -> Callable[[str], Text]:
    return lambda outcome: _cell(rows.loc[outcome])


def _cell(row: Any) -> Text:
    """A difference, or nothing where there is no such part."""
    return Text("") if row is None else _said(row.difference, row.low, row.high, row.unit)


def _said(mean: float, low: float, high: float, unit: str) -> Text:
    """A difference with its interval; bold and with a star where that leaves out zero."""
    said = plus_minus(mean, low, high, unit)
    clear = bool(sign(low, high)) and said != "0"
    mark = "*" if clear else "\u00a0"  # so that numbers stay under one another
    told = f"{said}{mark}".replace("± ", "±\u00a0")  # where a terminal is too narrow, the line ends before ±
    return Text(told, style="bold" if clear else "")


def _table(title: str, columns: Iterable[str]) -> Table:
    table = titled(title)
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right", max_width=22)
    return table
