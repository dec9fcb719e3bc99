"""The figure of the network: one town before and after, on homes that stand still, beside another scenario's town.

All ties of a town are a ball of hair, so two parts of it are drawn: of the whole town the same few ties, by a key of
their two ends, and every tie between the homes about the middle of one neighbourhood. The bars count all ties. Colours
take no side, the colour-blind tell them apart, and ties that will go are dashed as well.
"""

from __future__ import annotations

import textwrap
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from sim.chance import uniforms2
from sim.report.figures import GREY, INK, PALE, STYLE
from sim.report.side_by_side import DASHES, GONE, KEPT, MADE, SideBySide, View
from sim.results import Results

# In inches.
WIDE, NARROW = 6.9, 3.4
EDGE, GAP, LARGEST = 0.1, 0.16, 2.55
LABEL, BAR, LINE, APART = 0.22, 0.13, 0.145, 0.16

MARGIN = 0.03
"""Between the homes of a neighbourhood and its edge, in km."""
ROUND = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Distances in km that the bar under a map may show."""
RING = (("white", 4.2), (INK, 1.8))
"""Colours and widths in points of the circle in a map: dark on white, so that it stands out from ties as dark."""


def network(
    results: Results, beside: Results | None = None, names: tuple[str, str] = ("", ""), *,
    worded: bool = True, narrow: bool = False,
) -> Figure:  # fmt: skip
    """The figure, of the first run of a scenario.

    Args:
        results: a scenario with residents and ties recorded: it is drawn at its first and its last month.
        beside: another scenario of the same place and seed, drawn at its last month.
        names: what the two are called; empty for their worlds and policies.
        worded: whether title and caption stand in the figure itself.
        narrow: one view under the other, for a column of 9 cm; else side by side, for a page.

    Raises:
        ValueError: if residents and ties were not recorded at two months, or the two do not begin as one town.

    >>> from sim import compose, run_ensemble
    >>> asked = ["place.residents=1500", "months=3", "replicates=1", "record=[residents,ties]"]
    >>> cut, uncut = (run_ensemble(compose([f"world={world}", *asked])) for world in ("history", "flat"))
    >>> figure = network(cut, beside=uncut)  # a notebook shows it; figure.savefig("network.png") keeps it
    >>> from sim.report.turnover import turnover  # what its bars count, for every 100 ties of the first month
    >>> round(float(turnover(cut)[["lasted", "parted", "left"]].sum(axis=1)[0]))
    100
    """
    return side_by_side(SideBySide(results, beside, names), worded=worded, narrow=narrow)


def side_by_side(pair: SideBySide, *, worded: bool = True, narrow: bool = False) -> Figure:
    """`network` of what has been counted already."""
    with mpl.rc_context(STYLE):
        return _Sheet(pair, worded=worded, narrow=narrow).figure


class _Sheet:
    """The figure while views are laid on it, from the top down; all in inches."""

    def __init__(self, pair: SideBySide, *, worded: bool, narrow: bool) -> None:
        self.pair, self.narrow, self.views = pair, narrow, pair.views()
        self.width = NARROW if narrow else WIDE
        columns = 2 if narrow else len(self.views)
        self.size = min(LARGEST, (self.width - 2 * EDGE - (columns - 1) * GAP) / columns)
        self.width = 2 * EDGE + columns * self.size + (columns - 1) * GAP
        self.title = textwrap.wrap(pair.title, int(11.3 * self.width)) if worded else []
        self.caption = textwrap.wrap(pair.caption, int(19.5 * self.width)) if worded else []
        self.key = _key(pair)
        rows = len(self.key) if len(self.views) < 3 or narrow else 3
        below = 0.06 + LINE * rows + (0.1 + 0.135 * len(self.caption) if worded else 0.0) + 0.05
        above = 0.06 + 0.205 * len(self.title) + (0.04 if worded else 0.0)
        heights = [self._height(labelled=narrow is False or number == 0) for number, _ in enumerate(self.views)]
        self.height = above + (sum(heights) if narrow else heights[0]) + below
        self.figure = Figure(figsize=(self.width, self.height))
        for number, line in enumerate(self.title):
            self.write(EDGE, self.height - 0.2 - 0.205 * number, line, size=10.5, weight="bold")
        for number, view in enumerate(self.views):
            x = EDGE if narrow else EDGE + number * (self.size + GAP)
            self._lay(view, x, self.height - above - (sum(heights[:number]) if narrow else 0.0))
        self._lay_key(below - 0.06 - LINE * 0.8, rows)
        for number, line in enumerate(reversed(self.caption)):
            self.write(EDGE, 0.07 + 0.135 * number, line, size=6.8, color=GREY)

    def _height(self, *, labelled: bool) -> float:
        rows = 1 if self.narrow else 2
        return 0.4 + rows * self.size + (rows + 1) * LABEL * labelled + 0.1 + BAR + 0.06 + 3 * LINE + APART

    def write(self, x: float, y: float, text: str, **how: Any) -> None:
        """Write a line whose foot is at `y`."""
        self.figure.text(x / self.width, y / self.height, text, va="baseline", **how)

    def _axes(self, x: float, y: float, width: float, height: float) -> Axes:
        axes = self.figure.add_axes((x / self.width, y / self.height, width / self.width, height / self.height))
        axes.set_axis_off()
        return axes

    def _lay(self, view: View, x: float, top: float) -> None:
        """Lay a view whose upper left corner is at `x` and `top`."""
        pair, size, first = self.pair, self.size, view is self.views[0]
        label = LABEL if first or not self.narrow else 0.0
        self.write(x, top - 0.17, view.heading, size=9.5, weight="bold")
        self.write(x, top - 0.32, view.under, size=7.8, color=GREY)
        y = top - 0.4 - label - size
        aside, lower = (x + size + GAP, y) if self.narrow else (x, y - label - size)
        foot = lower - 0.1 - label
        if first:
            self.write(x, y + size + 0.06, f"The town: {pair.drawn}", size=7.8)
            self.write(aside, lower + size + 0.06, "In its circle: every tie", size=7.8)
            self.write(x, foot + 0.07, f"All ties, for every 100 of {pair.when[0]}", size=7.8)
        _draw_town(self._axes(x, y, size, size), view, pair)
        _draw_close_up(self._axes(aside, lower, size, size), view, pair, dot=1.15 * size)
        longest = max(sum(part[0] for part in each.bar) for each in self.views)
        full = self.width - 2 * EDGE if self.narrow else size
        self._lay_bar(view, x, foot - BAR, full / longest)

    def _lay_bar(self, view: View, x: float, y: float, one: float) -> None:
        start = x
        for number, (many, colour, what) in enumerate(view.bar):
            axes = self._axes(start, y, max(many * one, 1e-6), BAR)
            axes.add_patch(mpl.patches.Rectangle((0, 0), 1, 1, color=colour, linewidth=0))
            start += many * one
            foot = y - 0.06 - LINE * (number + 0.8)
            square = self._axes(x, foot - 0.005, 0.08, 0.08)
            square.add_patch(mpl.patches.Rectangle((0, 0), 1, 1, color=colour, linewidth=0))
            self.write(x + 0.13, foot, f"{many:.0f} {what}", size=7.5)

    def _lay_key(self, top: float, rows: int) -> None:
        for number, (how, what) in enumerate(self.key):
            column, row = divmod(number, rows)
            x, y = EDGE + column * self.width / 2, top - LINE * row
            axes = self._axes(x, y - 0.02, 0.3, 0.12)
            axes.set_xlim(0.0, 0.3)
            axes.set_ylim(0.0, 0.12)
            if how in {"here", "passing"}:
                _dots(axes, np.array([[0.15, 0.06]]), 2.8, solid=how == "here")
            else:
                colour, style = how
                axes.plot([0.0, 0.3], [0.06, 0.06], color=colour, linestyle=style, linewidth=1.1)
            self.write(x + 0.37, y, what, size=7.5)


def _key(pair: SideBySide) -> list[tuple[Any, str]]:
    first, last = pair.when
    return [
        ((pair.kept, "-"), f"tie that is there in {first} and in {last}"),
        ((GONE, DASHES), f"tie that is gone by {last}"),
        ((MADE, "-"), f"tie made since {first}"),
        ("here", "home of one who lives in the town in both months"),
        ("passing", "of one who will leave or die, or has come since"),
    ]


def _draw_town(axes: Axes, view: View, pair: SideBySide) -> None:
    homes, ties = pair.town.homes, view.moment.ties
    for _, near in homes.groupby("neighbourhood"):
        middle = near["x"].mean(), near["y"].mean()
        reach = np.hypot(near["x"] - middle[0], near["y"] - middle[1]).max() + MARGIN
        axes.add_patch(Circle(middle, reach, facecolor="#f3f3ef", edgecolor=PALE, linewidth=0.6))
    keys = uniforms2(np.uint64(0), ties["smaller_id"].to_numpy(), ties["larger_id"].to_numpy())
    _draw_ties(axes, view, pair, ties[keys < pair.share])
    part = pair.part
    for ink, width in RING:
        axes.add_patch(Circle(part.middle, part.radius, fill=False, edgecolor=ink, linewidth=width, zorder=8))
    middle = (homes["x"].min() + homes["x"].max()) / 2, (homes["y"].min() + homes["y"].max()) / 2
    half = 0.53 * max(np.ptp(homes["x"]), np.ptp(homes["y"])) + MARGIN
    _frame(axes, middle, half, homes[["x", "y"]].to_numpy())


def _draw_close_up(axes: Axes, view: View, pair: SideBySide, *, dot: float) -> None:
    homes, part, ties = pair.town.homes, pair.part, view.moment.ties
    axes.add_patch(Circle(part.middle, 1.06 * part.radius, facecolor="#f8f8f5", edgecolor=INK, linewidth=1.0))
    within = np.isin(ties[["one", "other"]].to_numpy(), part.homes).all(axis=1)
    _draw_ties(axes, view, pair, ties[within])
    places, settled = homes[["x", "y"]].to_numpy()[part.homes], view.moment.settled[part.homes]
    _dots(axes, places[settled], dot, solid=True)
    _dots(axes, places[~settled], dot, solid=False)
    _frame(axes, part.middle, 1.09 * part.radius)


def _draw_ties(axes: Axes, view: View, pair: SideBySide, ties: Any) -> None:
    """Ties that last, and the others: the rarer sort wide, over the other."""
    places = pair.town.homes[["x", "y"]].to_numpy()
    few = pair.kept == KEPT
    for lasted, colour, style in ((True, pair.kept, "-"), (False, view.colour, view.style)):
        ends = places[ties.loc[ties["lasted"] == lasted, ["one", "other"]].to_numpy()]
        rarer = lasted == few
        _lines(axes, ends, edgecolor=colour, linestyle=style, linewidth=1.3 if rarer else 0.7, zorder=3 + rarer)


def _dots(axes: Axes, places: Any, size: float, *, solid: bool) -> None:
    """Dots as very short lines with round caps: one path for all of them, so that files stay small. Size in points."""
    ends = np.repeat(places[:, None, :], 2, axis=1)
    ends[:, 1, 0] += 1e-4
    _lines(axes, ends, edgecolor=KEPT, linewidth=size, capstyle="round", snap=False, zorder=6)
    if not solid:
        _lines(axes, ends, edgecolor="white", linewidth=0.55 * size, capstyle="round", snap=False, zorder=7)


def _lines(axes: Axes, ends: Any, **how: Any) -> None:
    """Lines between pairs of points, as one path: `ends` has the shape (lines, 2, 2), in km."""
    if len(ends):
        codes = np.tile([Path.MOVETO, Path.LINETO], len(ends))
        axes.add_patch(PathPatch(Path(ends.reshape(-1, 2), codes), fill=False, **how))


def _frame(axes: Axes, middle: tuple[float, float], half: float, clear_of: Any = None) -> None:
    """Show a square, with a bar as long as a round distance, in the corner furthest from what it must be clear of."""
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    length = max((step for step in ROUND if step <= 0.55 * half), default=ROUND[0])
    corners = [(side, end) for side in (1.0, -1.0) for end in (-1.0, 1.0)]
    bars = [(middle[0] + side * (half - length / 2), middle[1] + (0.88 * end - 0.07) * half) for side, end in corners]
    x, y = bars[0] if clear_of is None else max(bars, key=lambda bar: np.hypot(*(clear_of - bar).T).min())
    axes.plot([x - length / 2, x + length / 2], [y, y], color=INK, linewidth=1.2, solid_capstyle="butt", zorder=8)
    text = f"{length:g} km" if length >= 1.0 else f"{1000.0 * length:g} m"
    axes.text(x, y + 0.03 * half, text, ha="center", va="bottom", fontsize=7, color=INK, zorder=8)
