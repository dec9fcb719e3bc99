"""Results and contrasts as a notebook shows them: a table in HTML, paid and unpaid apart."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from sim.headlines import FIFTHS, SHORT, WHERE, unit_of
from sim.tables import PARTS
from sim.wording import amount, difference, interval, plural

RIGHT, LEFT = "text-align: right; white-space: nowrap;", "text-align: left;"


def of_contrast(rows: Any, finding: str, before: str, after: str) -> str:
    """A contrast.

    Args:
        rows: `Contrast.outcomes`.
        finding: said above the table.
        before: what the counterfactual is called.
        after: what the scenario is called.
    """
    pairs = int(rows["pairs"].max())

    def cells(row: Any) -> list[str]:
        levels = [amount(row.counterfactual, row.unit), amount(row.scenario, row.unit)]
        return [*levels, difference(row.difference, row.unit), interval(row.low, row.high, row.unit) or "–"]

    title = f"{after} less {before}: the last 12 months, {pairs} {plural(pairs, 'pair')} of runs"
    return f"<p><b>{escape(finding)}</b></p>" + _table(
        title, [before, after, "difference", "95% interval"], rows, cells
    )  # fmt: skip


def of_parts(parts: dict[str, Any], rows: Any) -> str:
    """Differences by part of the place, and how many pairs would halve the interval of unmet need.

    Args:
        parts: `Contrast.by_quintile` and ``by_area``, by the names of the tables.
        rows: `Contrast.outcomes`.
    """
    lines = []
    for name, table in parts.items():
        label, every = PARTS[name]
        for part in every:
            here = table[(table[label] == part) & (table["pairs"] > 0)].set_index("outcome") if len(table) else table
            if {*WHERE} <= {*here.index}:
                each = [here.loc[outcome] for outcome in WHERE]
                told = [f"{difference(r.difference, r.unit)} ({interval(r.low, r.high, r.unit) or '–'})" for r in each]
                numbers = "".join(f"<td style='{RIGHT}'>{escape(text)}</td>" for text in told)
                head = f"<th scope='row' style='{LEFT} font-weight: normal;'>{escape(str(FIFTHS.get(part, part)))}</th>"
                lines.append(f"<tr>{head}{numbers}</tr>")
    if not lines:
        return ""
    heads = "".join(f"<th scope='col' style='{RIGHT}'>{escape(name)}</th>" for name in WHERE.values())
    caption = f"<caption style='{LEFT} font-weight: bold;'>Where: differences, and their 95% intervals</caption>"
    head = f"<thead><tr><th scope='col' style='{LEFT}'>part of the place</th>{heads}</tr></thead>"
    table = f"<table>{caption}{head}<tbody>{''.join(lines)}</tbody></table>"
    return table + _halving(rows.set_index("outcome").loc["unmet_need"])


def _halving(row: Any) -> str:
    if row.pairs < 2 or row.pairs_needed <= row.pairs:
        return ""
    return f"<p>To halve the interval of unmet need: replicates={int(row.pairs_needed)}.</p>"


def of_results(summary: Any, title: str) -> str:
    """The runs of one scenario.

    Args:
        summary: rows of `sim.results.summarised` of that scenario.
        title: what the scenario is.
    """
    runs = int(summary["replicates"].max())

    def cells(row: Any) -> list[str]:
        ends = [amount(row.start, row.unit), amount(row.end, row.unit), difference(row.change, row.unit)]
        return [*ends, interval(row.change_5, row.change_95, row.unit) if runs > 1 else "–"]

    columns = ["first 12 months", "last 12 months", "change", "5% to 95% of runs"]
    return _table(f"{title}: mean of {runs} {plural(runs, 'run')}", columns, summary, cells)


def _table(title: str, columns: Iterable[str], rows: Any, cells: Any) -> str:
    columns = list(columns)
    rows = rows.set_index("outcome")
    lines = [f"<table><caption style='{LEFT} font-weight: bold;'>{escape(title)}</caption><thead><tr>"]
    lines += [f"<th scope='col' style='{LEFT}'>outcome</th><th scope='col' style='{LEFT}'>unit</th>"]
    lines += [f"<th scope='col' style='{RIGHT}'>{escape(name)}</th>" for name in columns] + ["</tr></thead>"]
    for group, members in SHORT.items():
        heading = f"<th scope='rowgroup' colspan='{2 + len(columns)}' style='{LEFT}'>{escape(group)}</th>"
        lines.append(f"<tbody><tr>{heading}</tr>")
        for outcome, name in members.items():
            row = rows.loc[outcome]
            first = f"<th scope='row' style='{LEFT} font-weight: normal;'>{escape(name)}</th>"
            unit = f"<td style='{LEFT}'>{escape(unit_of(outcome, str(row.unit)) or '%')}</td>"
            numbers = "".join(f"<td style='{RIGHT}'>{escape(text)}</td>" for text in cells(row))
            lines.append(f"<tr>{first}{unit}{numbers}</tr>")
        lines.append("</tbody>")
    return "\n".join([*lines, "</table>"])
