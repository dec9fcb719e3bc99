"""The curves of a panel, so that none hides another and no name covers one.

Where curves lie within a line's width of one another, their colours take turns. A name stands near its own curve, clear
of every curve, above the axis, and at least a line from the other name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

POINTS = 72.0
"""Points an inch; all lengths here are in points."""
WIDE, NARROW = 3.4, 1.8
"""Of lines: of the first scenario, so that it shows where another lies on it, and of the others."""
DASH, HOLE = 7.2, 2.7
"""Of dashed curves."""
TURN = 6.0
"""How long a colour is seen before the next one's turn."""
TOUCH = 0.9
"""Curves nearer than this hide one another."""


class Line(NamedTuple):
    """A curve: one outcome of one scenario."""

    when: Any
    values: Any
    colour: str
    width: float = NARROW
    dashed: bool = False


class Named(NamedTuple):
    """Curves with one name: an outcome in every scenario, with the bands about them as (when, low, high)."""

    name: str
    colour: str
    lines: list[Line]
    bands: list[tuple[Any, Any, Any]]


# Turns.


def draw_in_turns(axes: Axes, lines: list[Line]) -> None:
    """Draw curves of one outcome; where some lie together, their colours take turns. The axes' limits stand already."""
    if len(lines) < 2:
        for line in lines:
            _draw(axes, line, line.when, line.values)
        return
    stretches = _stretches(axes, dashed=lines[0].dashed)
    for line in lines:
        # Dashes begin anew with every stretch, so that those of all curves cover one another.
        whole = (line.when, line.values)
        _draw(axes, line, *(_cut(line, stretches, range(len(stretches))) if line.dashed else whole))
    for line, turns in zip(lines, _turns(axes, lines, stretches), strict=True):
        if turns:
            _draw(axes, line, *_cut(line, stretches, turns), solid_capstyle="butt")


def _draw(axes: Axes, line: Line, when: Any, values: Any, **how: Any) -> None:
    style = (0.0, (DASH / line.width, HOLE / line.width)) if line.dashed else "-"  # lengths are in widths of the line
    axes.plot(when, values, color=line.colour, linewidth=line.width, linestyle=style, **how)


def _stretches(axes: Axes, *, dashed: bool) -> Any:
    """The times at which turns begin and end, a row a turn; of dashes, each is one with its hole."""
    left, right = axes.get_xlim()
    edges = np.arange(left, right, (DASH + HOLE if dashed else TURN) / _scales(axes)[0])
    return np.column_stack([edges, np.append(edges[1:], right)])


def _turns(axes: Axes, lines: list[Line], stretches: Any) -> list[list[int]]:
    """The stretches in which it is each curve's turn to lie over those that it lies with."""
    turns: list[list[int]] = [[] for _ in lines]
    middles = stretches.mean(axis=1)
    heights = _scales(axes)[1] * np.array([_at(line, middles) for line in lines])
    for stretch, each in enumerate(heights.T):
        for members in _together(each):
            if len(members) > 1:
                turns[members[stretch % len(members)]].append(stretch)
    return turns


def _together(heights: Any) -> list[list[int]]:
    """Which curves lie together where they have such heights: numbers of curves. One without a height is in none.

    >>> import numpy as np
    >>> _together(np.array([10.0, 0.0, 10.5, np.nan]))
    [[1], [0, 2]]
    """
    order = [int(k) for k in np.argsort(heights, kind="stable") if np.isfinite(heights[k])]
    groups: list[list[int]] = []
    for k in order:
        if groups and heights[k] - heights[groups[-1][-1]] < TOUCH:
            groups[-1].append(k)
        else:
            groups.append([k])
    return [sorted(group) for group in groups]


def _cut(line: Line, stretches: Any, chosen: Iterable[int]) -> tuple[Any, Any]:
    """A curve in the chosen stretches alone, with a gap after each."""
    times: list[float] = []
    for start, end in stretches[list(chosen)]:
        within = line.when[(line.when > start) & (line.when < end)]
        times += [start, *within, end, np.nan]
    return np.array(times), _at(line, np.array(times))


def _at(line: Line, times: Any) -> Any:
    return np.interp(times, line.when, line.values, np.nan, np.nan)


def _scales(axes: Axes) -> tuple[float, float]:
    """Points a year, and points a unit."""
    (left, right), (low, high), (width, height) = axes.get_xlim(), axes.get_ylim(), _size(axes)
    return width / (right - left), height / (high - low)


def _size(axes: Axes) -> tuple[float, float]:
    box, dpi = axes.get_window_extent(), axes.figure.dpi
    return POINTS * box.width / dpi, POINTS * box.height / dpi


# Names.

CLEAR = 3.0
"""Between a name and the middle of any curve."""
ABOVE_AXIS = 1.5
HIT, REVERSED, NEARER_TO_ANOTHER, ON_A_BAND, ON_AN_EVENT, UNUSUAL, AWAY = 1000.0, 60.0, 15.0, 6.0, 5.0, 1.0, 0.05
"""What a place costs beside the points between a name and its curve; the last, for each point away from its end."""


class _Places(NamedTuple):
    """Where a name could stand: right edges, feet, what each pair of them costs, and how high its curve is there."""

    rights: Any
    feet: Any
    cost: Any
    curve: Any
    height: float


class _There(NamedTuple):
    """What lies in a part of the panel: lower and upper edges of the name's own curves, of others and of bands."""

    own: list[Any]
    others: list[Any]
    bands: list[Any]

    @property
    def heights(self) -> tuple[float, float]:
        """How high its own curves are, and the highest of the others."""
        own, others = ([float(span.mean()) for span in spans] for spans in (self.own, self.others))
        return float(np.mean(own or [0.0])), max(others, default=0.0)


def name_curves(axes: Axes, named: list[Named], events: list[float]) -> None:
    """Write the names of one or two sorts of curves, at the best of many places. The axes' limits stand already."""
    texts = [
        axes.text(0, 0, each.name, transform=axes.transAxes, ha="right", va="bottom", fontsize=8.5, color=each.colour,
                  path_effects=[withStroke(linewidth=2.5, foreground="white")])
        for each in named
    ]  # fmt: skip
    width, height = _size(axes)
    places = [_places(axes, named, k, text, events) for k, text in enumerate(texts)]
    for text, each, (right, foot) in zip(texts, places, _best(places), strict=True):
        text.set_position((each.rights[right] / width, each.feet[foot] / height))


def _places(axes: Axes, named: list[Named], k: int, text: Any, events: list[float]) -> _Places:
    (across, _), (width, height), left = _scales(axes), _size(axes), axes.get_xlim()[0]
    box = text.get_window_extent()
    wide, high = (POINTS * length / axes.figure.dpi for length in (box.width, box.height))
    last = min(width, max(across * (line.when[-1] - left) for line in named[k].lines))
    rights = np.arange(max(last, wide), wide - 1e-9, -12.0)
    feet = np.arange(ABOVE_AXIS, height - high, 1.0)
    at = np.arange(0.0, width + 1.0)
    own, others = _reaches(axes, named[k : k + 1], at), _reaches(axes, named[:k] + named[k + 1 :], at)
    bands = _spans(axes, [band for each in named for band in each.bands], at)
    happened = across * (np.array(events) - left)
    cost, curve = np.zeros((len(rights), len(feet))), np.zeros(len(rights))
    for row, right in enumerate(rights):
        part = (at >= right - wide - 1.0) & (at <= right + 1.0)
        there = _There(*(_known([span[:, part] for span in spans]) for spans in (own, others, bands)))
        cost[row] = _cost(there, feet, high) + AWAY * (rights[0] - right)
        cost[row] += ON_AN_EVENT * bool(np.any((happened > right - wide - 1.0) & (happened < right + 1.0)))
        curve[row] = there.heights[0]
    return _Places(rights, feet, cost, curve, high)


def _cost(there: _There, feet: Any, high: float) -> Any:
    """What it costs a name to have such feet: how far it is from its curve, and what it covers."""
    near, far, bands = (_gap(spans, feet, high) for spans in there)
    cost = np.maximum(near, 0.0) + HIT * (np.minimum(near, far) < CLEAR) + ON_A_BAND * (bands < 0.0)
    curve, highest = there.heights
    over = curve >= highest  # then its name goes over it, else under
    return cost + NEARER_TO_ANOTHER * (far <= near) + UNUSUAL * ((feet > curve) != over)


def _best(places: list[_Places]) -> list[tuple[int, int]]:
    """The place of each name, as numbers of a right edge and of a foot: no two of them share a line."""
    if len(places) == 1:
        return [_cell(places[0], int(places[0].cost.argmin()))]
    one, other = places
    feet = [np.tile(each.feet, len(each.rights)) for each in places]
    curves = [np.repeat(each.curve, len(each.feet)) for each in places]
    apart = feet[0][:, None] - feet[1][None, :]
    order = curves[0][:, None] - curves[1][None, :]
    cost = one.cost.reshape(-1, 1) + other.cost.reshape(1, -1)
    cost = cost + HIT * (np.abs(apart) < max(one.height, other.height)) + REVERSED * (apart * order < 0.0)
    first, second = np.unravel_index(cost.argmin(), cost.shape)
    return [_cell(one, int(first)), _cell(other, int(second))]


def _cell(places: _Places, number: int) -> tuple[int, int]:
    row, column = np.unravel_index(number, places.cost.shape)
    return int(row), int(column)


def _reaches(axes: Axes, named: list[Named], at: Any) -> list[Any]:
    return _spans(axes, [(line.when, line.values, line.values) for each in named for line in each.lines], at)


def _spans(axes: Axes, bands: list[tuple[Any, Any, Any]], at: Any) -> list[Any]:
    """The lower and the upper edge of each in points above the axis, so many points from the left; NaN beyond it."""
    (across, up), left, low = _scales(axes), axes.get_xlim()[0], axes.get_ylim()[0]
    return [
        np.array([np.interp(at, across * (when - left), up * (edge - low), np.nan, np.nan) for edge in edges])
        for when, *edges in bands
    ]


def _known(spans: list[Any]) -> list[Any]:
    """The spans where they are known, without those that nowhere are."""
    known = [span[:, np.isfinite(span).all(axis=0)] for span in spans]
    return [span for span in known if span.size]


def _gap(spans: list[Any], feet: Any, high: float) -> Any:
    """How far names with such feet are from the nearest of the spans; below zero where they cover it."""
    gap = np.full(len(feet), np.inf)
    for lower, upper in spans:
        gap = np.minimum(gap, np.maximum(lower.min() - (feet + high), feet - upper.max()))
    return gap
