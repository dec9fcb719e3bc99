"""The figure of the parts: who gains, and where. Differences by deprivation quintile, and inside and next door.

A panel an outcome, a row a part of the place, a point with its 95% interval a scenario.
"""

from __future__ import annotations

import textwrap
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.headlines import FIFTHS, WHERE
from sim.report.figures import COLOURS, GREY, PALE, STYLE, signed_tick
from sim.report.study import Scenario, Study
from sim.tables import PARTS
from sim.wording import is_clear, is_share, upper

LEFT, GAP, WIDTH, RIGHT = 1.75, 0.35, 2.3, 0.2
ROW, ABOVE, BELOW = 0.27, 0.5, 0.35
FEW = 2
"""With fewer parts than this there is nothing to tell apart."""


def rows_of(study: Study) -> list[tuple[str, str, Any]]:
    """(what it is called, table, part) of each part in which a difference is known, the most deprived first."""
    found = []
    for table in ("by_quintile", "by_area"):
        label, parts = PARTS[table]
        known = [rows[rows["pairs"] > 0] for each in study.parts.values() if (rows := each.get(table)) is not None]
        there = {part for rows in known for part in rows[rows["outcome"].isin(WHERE)][label]}
        each = [(FIFTHS.get(part, str(part)), table, part) for part in parts if part in there]
        found += each if len(each) >= FEW else []
    return found


def where_found(study: Study) -> str:
    """The finding of the figure in one sentence a scenario."""
    if all(int(rows.pairs.max()) == 1 for rows in study.contrasts.values()):
        return "Final year, by part of the place: one pair of runs, so no interval"
    told, names = [], _names(study)
    for scenario in study.others:
        found: dict[str, list[str]] = {}
        unclear = []
        for outcome, name in WHERE.items():
            parts = _clear(study, scenario, outcome, names)
            for how, there in parts.items():
                if there:
                    found.setdefault(_places(there, len(names)), []).append(f"{name} {how}")
            unclear += [] if any(parts.values()) else [name]
        clear = [f"{_listed(what, 'and')} {where}" for where, what in found.items()]
        if len(study.others) > 1:
            told.append(f"{upper(scenario.name)}: {'; '.join(clear) or 'nothing clear'}")
        else:
            none = f"no clear difference anywhere in {_listed(unclear, 'or')}" if unclear else ""
            told.append("; ".join(filter(None, [*clear, none])))
    begin = f"Final year, against {study.first.name}"
    return f"{begin}. {'. '.join(told)}" if len(told) > 1 else f"{begin}: {told[0]}"


def _names(study: Study) -> dict[tuple[str, Any], str]:
    """What the parts are called by table and part: an area that is all of a fifth, and a fifth, are one with two names.

    Told twice, what is found there would count double.
    """
    names: dict[tuple[str, Any], str] = {}
    for name, table, part in rows_of(study):
        same = [key for key in names if key[0] != table and _is_same(study, key, (table, part))]
        if same:
            names[same[0]] += f" (which is {name})"
        else:
            names[table, part] = name
    return names


def _is_same(study: Study, one: tuple[str, Any], other: tuple[str, Any]) -> bool:
    """Whether two parts are the same neighbourhoods: every level in them is the same, in every scenario."""
    for scenario in study.others:
        for outcome in WHERE:
            rows = [row_of(study, scenario, outcome, *part) for part in (one, other)]
            if any(row is None for row in rows):
                return False
            here, there = ([row.counterfactual, row.scenario] for row in rows)
            if not np.allclose(here, there, rtol=1e-12, atol=0.0, equal_nan=True):
                return False
    return True


def _clear(study: Study, scenario: Scenario, outcome: str, names: dict[tuple[str, Any], str]) -> dict[str, list[str]]:
    """The parts in which an outcome is clearly higher, and lower."""
    found: dict[str, list[str]] = {"higher": [], "lower": []}
    for (table, part), name in names.items():
        row = row_of(study, scenario, outcome, table, part)
        if row is not None and is_clear(row):
            found["higher" if row.difference > 0.0 else "lower"].append(name)
    return found


def _places(names: list[str], many: int) -> str:
    """Where that is, in words: of one part with another, "in" is said once for those that need it."""
    if len(names) == many:
        return "in every part"
    told, within = [], False
    for name in names:
        bare = name in {"inside", "next door"}
        told.append(name if bare else f"{'' if within else 'in '}the {name.removeprefix('the ')}")
        within = not bare
    return _listed(told, "and")


def _listed(names: list[str], word: str) -> str:
    *before, last = names
    return f"{', '.join(before)} {word} {last}" if before else last


def row_of(study: Study, scenario: Scenario, outcome: str, table: str, part: Any, *, paid: bool = False) -> Any:
    """The difference of an outcome in a part in the final year, or while it was paid; None where it is not known."""
    rows = (study.parts_while_paid if paid else study.parts)[scenario.name].get(table)
    if rows is None:
        return None
    found = rows[(rows["outcome"] == outcome) & (rows[PARTS[table][0]] == part) & (rows["pairs"] > 0)]
    return found.iloc[0] if len(found) else None


def where_caption(study: Study) -> str:
    """What points, lines and parts are."""
    has_area = any(table == "by_area" for _, table, _ in rows_of(study))
    near = "Next door are neighbourhoods whose centre lies within 2 km of a funded one's. " if has_area else ""
    return (
        f"Points are mean differences from {study.first.name} over the last 12 months, lines their 95% intervals, over "
        f"luck alone. Fifths are those of all England by deprivation. {near}Of so many intervals, one in twenty leaves "
        "out zero where nothing differs: read the pattern, not one line."
    )


def parts(study: Study, columns: int = 3, *, worded: bool = True) -> Figure | None:
    """The figure; None where there are no parts to tell apart.

    Args:
        study: what to draw.
        columns: panels side by side.
        worded: whether the finding and the caption stand in the figure itself.
    """
    rows = rows_of(study)
    if not rows:
        return None
    width = LEFT + columns * WIDTH + (columns - 1) * GAP + RIGHT
    title = textwrap.wrap(where_found(study), int(9.2 * width)) if worded else []
    caption = textwrap.wrap(where_caption(study), int(15.5 * width)) if worded else []
    shown = study.others[: len(COLOURS) - 1]
    legend = 0.22 * len(shown) + 0.06 if len(shown) > 1 else 0.0
    panel = ROW * len(rows) + 0.1
    lines = -(-len(WHERE) // columns)
    head = 0.27 * len(title) + 0.12 + legend
    height = head + lines * (ABOVE + panel + BELOW) + 0.17 * len(caption) + 0.1
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height))

        def write(x: float, y: float, text: str, **how: Any) -> None:
            figure.text(x / width, y / height, text, va="baseline", **how)

        for number, line in enumerate(title):
            write(0.12, height - 0.24 - 0.27 * number, line, size=12.5, weight="bold")
        for number, scenario in enumerate(shown if len(shown) > 1 else ()):
            y = height - 0.27 * len(title) - 0.24 - 0.22 * number
            key = [0.12 / width, 0.42 / width], [(y + 0.04) / height] * 2
            figure.add_artist(mpl.lines.Line2D(*key, color=COLOURS[number + 1], linewidth=2.4))
            write(0.5, y, scenario.name, size=9.5)
        for number, (outcome, name) in enumerate(WHERE.items()):
            down, column = divmod(number, columns)
            x, y = LEFT + column * (WIDTH + GAP), height - head - (down + 1) * (ABOVE + panel) - down * BELOW
            axes = figure.add_axes((x / width, y / height, WIDTH / width, panel / height))
            unit = _draw(axes, study, outcome, rows, named=column == 0)
            write(x, y + panel + 0.23, upper(name), size=10, weight="bold")
            write(x, y + panel + 0.08, f"difference, {unit}", size=8.5, color=GREY)
        for number, line in enumerate(reversed(caption)):
            write(0.12, 0.1 + 0.17 * number, line, size=8, color=GREY)
        return figure


def _draw(axes: Axes, study: Study, outcome: str, rows: list[tuple[str, str, Any]], *, named: bool) -> str:
    """Draw one outcome; returns its unit."""
    unit, most = "", 0.0
    shown = study.others[: len(COLOURS) - 1]
    axes.axvline(0.0, color=COLOURS[0], linewidth=1.4, zorder=1)
    for number, (_, table, part) in enumerate(rows):
        for k, scenario in enumerate(shown):
            row = row_of(study, scenario, outcome, table, part)
            if row is None:
                continue
            scale, unit = (100.0, "percentage points") if is_share(str(row.unit)) else (1.0, str(row.unit))
            y = number + 0.5 * (k + 1) / (len(shown) + 1) * 1.2 - 0.3
            mean, low, high = (scale * value for value in (row.difference, row.low, row.high))
            if low == low:  # noqa: PLR0124 - one pair has no interval
                axes.plot([low, high], [y, y], color=COLOURS[k + 1], linewidth=1.8, solid_capstyle="butt")
            axes.plot(mean, y, "o", color=COLOURS[k + 1], markersize=5)
            most = max([most, *(abs(v) for v in (mean, low, high) if v == v)])  # noqa: PLR0124
    axes.set_xlim(-1.1 * (most or 1.0), 1.1 * (most or 1.0))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows] if named else [""] * len(rows))
    areas = [number for number, (_, table, _) in enumerate(rows) if table == "by_area"]
    if areas and areas[0]:
        axes.axhline(areas[0] - 0.5, color=PALE, linewidth=0.8)
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(signed_tick))
    axes.tick_params(labelsize=8.5, length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    return unit
