"""The figure of the paths: what became of both parties and of the town, month by month, beside the dated events.

Small multiples with one time axis. One scenario shows the two parties, what is between them, and the town; of several
the paired differences come first, then the levels. Colours are those of Okabe and Ito, which the colour-blind tell
apart, and a panel's second curve is dashed as well; levels begin at zero, so that small moves look small.
"""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.contrast import t_quantile
from sim.report.curves import NARROW, WIDE, Line, Named, draw_in_turns, name_curves
from sim.report.study import Scenario, Study
from sim.report.words import finding
from sim.units import MONTHS_A_YEAR

SUFFIXES = ("png", "svg")
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
INK, GREY, PALE = "#1a1a1a", "#595959", "#d9d9d9"
COLOURS = ("#8a8a8a", BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
"""Of the scenarios, the first of them grey. No more than these are drawn."""
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.edgecolor": GREY, "axes.labelcolor": INK,
    "xtick.color": GREY, "ytick.color": GREY, "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.8, "svg.fonttype": "path", "svg.hashsalt": "takestwo",
}  # fmt: skip

Curve = tuple[str, str]  # an outcome and what its curve is called


class Panel(NamedTuple):
    """One small multiple.

    Attributes:
        title: what it shows.
        unit: in which unit, in plain words.
        curves: its outcomes, the first of them drawn whole, the second dashed.
        scale: what the table's numbers are multiplied by.
        smooth: whether months are noisy, so that the mean of the last 12 is drawn.
        counted: whether events are added up from the first month on.
        least: how far an axis of differences reaches at least, so that a trifle looks like one.
    """

    title: str
    unit: str
    curves: tuple[Curve, ...]
    scale: float = 1.0
    smooth: bool = False
    counted: bool = False
    least: float = 0.0


A_MONTH = "hours a month per 1,000 residents"
COUNCIL = Panel(
    "Paid council hours", A_MONTH, (("hours_discretionary", "discretionary"), ("hours_statutory", "statutory")),
)  # fmt: skip
CHARITIES = Panel(
    "Hours in charities and groups", A_MONTH, (("hours_volunteer", "volunteers"), ("hours_charity", "paid staff")),
)  # fmt: skip
TURNOVER = Panel(
    "Charities opened and closed", "registered ones, counted from the start",
    (("charities_opened", "opened"), ("charities_closed", "closed")), counted=True,
)  # fmt: skip
PARTNERSHIPS = Panel("Officers’ partnerships", "working ties with charities", (("partnerships", ""),), least=2.0)
PICTURE = Panel("Shared picture of need", "how well it is known, 0 to 1", (("shared_picture", ""),), least=0.02)
JOINT = Panel("Need met in joint work", A_MONTH, (("joint_output", ""),), least=20.0)
UNMET = Panel("Unmet need", "% of the hours of need", (("unmet_need", ""),), 100.0, least=0.5)
VOLUNTEERING = Panel(
    "Formal volunteering", "% of residents in a month", (("formal_volunteering", ""),), 100.0, smooth=True, least=0.5,
)  # fmt: skip
TIES = Panel("Ties between residents", "ties a resident", (("ties_per_resident", ""),), least=0.1)
NURTURE = Panel(
    "Spent on nurture", "£ a year for each resident of the place", (("spend_nurture", ""),), float(MONTHS_A_YEAR),
)  # fmt: skip

# In inches.
LEFT, RIGHT, GAP, WIDTH = 0.57, 0.22, 0.62, 2.55
PANEL, ABOVE, BETWEEN, BELOW, HEADING = 1.35, 0.56, 0.1, 0.34, 0.32
TOUCH = 0.1
"""Numbers of events nearer than this would touch."""


class Section(NamedTuple):
    """Panels under one heading, and how they are drawn."""

    heading: str
    panels: tuple[Panel, ...]
    draw: Callable[[Axes, Study, Panel], None]

    @property
    def apart(self) -> bool:
        """Whether its panels show differences."""
        return self.draw is _draw_difference


def sections(study: Study) -> list[Section]:
    """What is drawn: of a comparison the differences first, then the levels that they are read beside."""
    money = NURTURE if any(s.config.policy for s in study.scenarios) else TURNOVER
    between, town = (PARTNERSHIPS, PICTURE, JOINT), (VOLUNTEERING, TIES, UNMET)
    parties = Section("Levels" if study.others else "The two parties", (COUNCIL, CHARITIES, money), _draw_level)
    if study.others:
        return [Section(f"Difference from {study.first.name}", (*between, *town), _draw_difference), parties]
    return [parties, Section("Between them", between, _draw_level), Section("The town", town, _draw_level)]


def paths(study: Study, columns: int = 3, *, worded: bool = True) -> Figure:
    """The figure.

    Args:
        study: what to draw.
        columns: panels side by side.
        worded: whether the finding and the caption stand in the figure itself.
    """
    with mpl.rc_context(STYLE):
        sheet = _Sheet(study, columns, worded=worded)
        for section in sheet.sections:
            sheet.lay(section)
        return sheet.figure


def drawn(figure: Figure, suffix: str) -> bytes:
    """A figure as the content of a file, the same bytes every time."""
    made = io.BytesIO()
    metadata = {"Date": None} if suffix == "svg" else {}
    with mpl.rc_context(STYLE):
        figure.savefig(made, format=suffix, dpi=160, facecolor="white", metadata=metadata)
    return made.getvalue()


def caption(study: Study) -> str:
    """What bands, lines and intervals are."""
    runs, few = study.first.runs, study.first.config.months < MONTHS_A_YEAR
    said = []
    if study.others:
        said.append(
            "Differences are paired, run by run under the same luck: the line is their mean, the band its 95% interval."
            if runs > 1
            else "There is one pair of runs, so differences have no interval."
        )
    said.append(
        f"Lines are means of {runs} runs; bands hold 5% to 95% of the runs. They show luck alone: every run has the "
        "same parameters, so what we do not know about those is not in them."
        if runs > 1
        else "There is one run, so there is no band."
    )
    if not few:
        said.append(
            "Differences are running means of 12 months."
            if study.others
            else "Volunteering is noisy from month to month: its line is the mean of the last 12 months, the faint one "
            "single months."
        )
    if len(study.others) > 1:
        said.append("Where lines lie together, their colours take turns.")
    if any(TURNOVER in section.panels for section in sections(study)):
        said.append(
            "A branch of a larger charity counts as a part of one, so the numbers opened and closed need not be whole."
        )
    if any(s.config.policy for s in study.scenarios):
        said.append("Money for nurture that is paid and not spent stays in the purse, and can be spent later.")
    if len(study.scenarios) > len(COLOURS):
        said.append(f"The first {len(COLOURS)} of {len(study.scenarios)} scenarios are drawn; the report has all.")
    return " ".join(said)


class _Sheet:
    """The figure while panels are laid on it, from the top down; all in inches."""

    def __init__(self, study: Study, columns: int, *, worded: bool) -> None:
        self.study, self.columns = study, columns
        self.width = LEFT + columns * WIDTH + (columns - 1) * GAP + RIGHT
        self.sections = sections(study)
        self.events = marked(study)
        self.title = textwrap.wrap(finding(study), int(9.2 * self.width)) if worded else []
        wide = int(14.6 * self.width)
        self.key = textwrap.wrap(_key(self.events, wide), wide) if self.events else []
        self.caption = textwrap.wrap(caption(study), int(15.5 * self.width)) if worded else []
        self.keys = 0.18 * len(self.key) + (0.1 if self.key else 0.0)
        head = 0.27 * len(self.title) + (0.12 if worded else 0.04) + self._legend_height() + self.keys
        self.height = head + self._rows_height() + 0.17 * len(self.caption) + 0.08
        self.figure = Figure(figsize=(self.width, self.height))
        self.y = self.height - head
        self._words(head)

    def _rows_height(self) -> float:
        rows = [math.ceil(len(section.panels) / self.columns) for section in self.sections]
        return sum(HEADING + n * (ABOVE + PANEL + BETWEEN) + BELOW - BETWEEN for n in rows)

    def _legend_height(self) -> float:
        shown = self.study.scenarios[: len(COLOURS)]
        return 0.2 * len(shown) + 0.05 if len(shown) > 1 else 0.0

    def _words(self, head: float) -> None:
        top = self.height - 0.24
        for line in self.title:
            self.write(0.12, top, line, size=12.5, weight="bold")
            top -= 0.27
        for number, line in enumerate(reversed(self.key)):
            self.write(0.12, self.height - head + 0.1 + 0.18 * number, line, size=8.5, color=GREY)
        shown = self.study.scenarios[: len(COLOURS)]
        bottom = self.height - head + self.keys + 0.2 * len(shown) - 0.1
        for number, scenario in enumerate(shown if len(shown) > 1 else ()):
            y = bottom - 0.2 * number
            key = [0.12 / self.width, 0.42 / self.width], [(y + 0.04) / self.height] * 2
            self.figure.add_artist(mpl.lines.Line2D(*key, color=COLOURS[number], linewidth=2.4))
            self.write(0.5, y, scenario.name, size=9.5)
        for number, line in enumerate(reversed(self.caption)):
            self.write(0.12, 0.1 + 0.17 * number, line, size=8, color=GREY)

    def write(self, x: float, y: float, text: str, **how: Any) -> None:
        """Write a line whose foot is at `y`."""
        self.figure.text(x / self.width, y / self.height, text, va="baseline", **how)

    def lay(self, section: Section) -> None:
        """Lay a section's panels, row by row."""
        self.y -= HEADING
        self.write(0.12, self.y + 0.06, section.heading, size=10.5, weight="bold", color=BLUE)
        for start in range(0, len(section.panels), self.columns):
            self.y -= ABOVE + PANEL
            for column, panel in enumerate(section.panels[start : start + self.columns]):
                axes = self._axes(column)
                axes.set_xlim(*_span(self.study))
                section.draw(axes, self.study, panel)
                unit = "percentage points" if section.apart and panel.unit.startswith("%") else panel.unit
                self._name(panel.title, unit, column)
                self._finish(axes, last=start + self.columns + column >= len(section.panels))
                if len(panel.curves) > 1:
                    name_curves(axes, _sorts(self.study, panel), [when for when, _ in self.events])
            self.y -= BETWEEN
        self.y -= BELOW - BETWEEN

    def _axes(self, column: int) -> Axes:
        x = LEFT + column * (WIDTH + GAP)
        return self.figure.add_axes((x / self.width, self.y / self.height, WIDTH / self.width, PANEL / self.height))

    def _name(self, title: str, unit: str, column: int) -> None:
        x, top = LEFT + column * (WIDTH + GAP) - 0.45, self.y + PANEL
        self.write(x, top + 0.35, title, size=10, weight="bold")
        self.write(x, top + 0.2, unit, size=8.5, color=GREY)

    def _finish(self, axes: Axes, *, last: bool) -> None:
        low, high = _span(self.study)
        axes.set_xticks(*_ticks(low, high))
        axes.tick_params(axis="x", labelbottom=last, labelsize=8.5, length=3)
        axes.tick_params(axis="y", labelsize=8.5, length=0)
        axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        axes.grid(axis="y", color=PALE, linewidth=0.6)
        axes.set_axisbelow(True)
        self._mark_events(axes, WIDTH / (high - low))

    def _mark_events(self, axes: Axes, year: float) -> None:
        """Dotted lines, with the numbers of the key; of two that would touch, one goes to either side."""
        times = [when for when, _ in self.events]
        apart = [math.inf, *((b - a) * year for a, b in pairwise(times)), math.inf]
        for number, when in enumerate(times, 1):
            before, after = (gap < TOUCH for gap in apart[number - 1 : number + 1])
            axes.axvline(when, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
            axes.annotate(str(number), (when, 1.0), xycoords=axes.get_xaxis_transform(),
                          xytext=(before - after, 2), textcoords="offset points", fontsize=7.5, color=GREY, va="bottom",
                          ha="left" if before else "right" if after else "center")  # fmt: skip


# Panels.


def _draw_level(axes: Axes, study: Study, panel: Panel) -> None:
    several = len(study.scenarios) > 1
    sorts = _sorts(study, panel)
    if panel.smooth and not several:
        _draw_single_months(axes, study.first, panel)
    for sort in sorts:
        for line, band in zip(sort.lines, sort.bands, strict=True):
            _band(axes, *band, line.colour)
    _reach(axes, [line for sort in sorts for line in sort.lines])
    _from_zero(axes)
    for sort in sorts:
        draw_in_turns(axes, sort.lines[:1])
        draw_in_turns(axes, sort.lines[1:])


def _sorts(study: Study, panel: Panel) -> list[Named]:
    """The curves of a panel of levels, by outcome."""
    several = len(study.scenarios) > 1
    made = []
    for (outcome, name), dashed, alone in zip(panel.curves, (False, True), (BLUE, VERMILLION), strict=False):
        lines, bands = [], []
        for scenario, colour in zip(study.scenarios, COLOURS, strict=False):
            values = _scaled(scenario, panel, outcome)
            values = _running(values) if panel.smooth else values
            when, width = _when(scenario), WIDE if several and scenario is study.first else NARROW
            lines.append(Line(when, _mean(values), colour if several else alone, width, dashed))
            bands.append((when, *_quantiles(values)))
        made.append(Named(name, INK if several else alone, lines, bands))
    return made


def _draw_single_months(axes: Axes, scenario: Scenario, panel: Panel) -> None:
    values = _scaled(scenario, panel, panel.curves[0][0])
    if _can_smooth(values):
        axes.plot(_when(scenario), _mean(values), color=BLUE, linewidth=0.6, alpha=0.45)


def _reach(axes: Axes, lines: list[Line]) -> None:
    """Let the axes hold curves that are drawn later: how depends on the limits."""
    for line in lines:
        axes.update_datalim(np.column_stack([line.when, line.values]))


def _draw_difference(axes: Axes, study: Study, panel: Panel) -> None:
    outcome = panel.curves[0][0]
    base = _running(_scaled(study.first, panel, outcome))
    axes.axhline(0.0, color=COLOURS[0], linewidth=1.4)
    lines = []
    for scenario, colour in zip(study.others, COLOURS[1:], strict=False):
        values = _running(_scaled(scenario, panel, outcome))
        pairs = min(len(base), len(values))
        apart = values[:pairs] - base[:pairs]
        when, mean = _when(scenario), _mean(apart)
        if pairs > 1:
            half = t_quantile(0.975, pairs - 1) * apart.std(axis=0, ddof=1) / math.sqrt(pairs)
            _band(axes, when, mean - half, mean + half, colour)
        lines.append(Line(when, mean, colour))
    _reach(axes, lines)
    axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(signed_tick))
    low, high = axes.dataLim.y0, axes.dataLim.y1
    axes.set_ylim(1.1 * min(low, -panel.least), 1.1 * max(high, panel.least))
    draw_in_turns(axes, lines)


def signed_tick(value: float, _: int | None = None) -> str:
    """A number on an axis of differences."""
    return "0" if abs(value) < 1e-12 else f"{value:+.6g}".replace("-", "−")


def _scaled(scenario: Scenario, panel: Panel, outcome: str) -> Any:
    heads = scenario.config.place.residents if outcome == "spend_nurture" else 1
    values = scenario.matrix(outcome) * (panel.scale / heads)
    return np.cumsum(values, axis=1) if panel.counted else values


def _can_smooth(values: Any) -> bool:
    return bool(values.shape[1] >= MONTHS_A_YEAR)


def _running(values: Any) -> Any:
    """The mean of the last 12 months, from the twelfth month on; short runs as they are."""
    if not _can_smooth(values):
        return values
    windows = np.lib.stride_tricks.sliding_window_view(values, MONTHS_A_YEAR, axis=1)
    early = np.full((len(values), MONTHS_A_YEAR - 1), np.nan)
    return np.concatenate([early, windows.mean(axis=2)], axis=1)


def _mean(values: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a month without a value in any run has no mean
        return np.nanmean(values, axis=0)


def _quantiles(values: Any) -> tuple[Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # as above
        low, high = np.nanquantile(values, [0.05, 0.95], axis=0)
    return low, high


def _band(axes: Axes, when: Any, low: Any, high: Any, colour: str) -> None:
    axes.fill_between(when, low, high, color=colour, alpha=0.2, linewidth=0.0)


def _from_zero(axes: Axes) -> None:
    axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,.6g}"))
    top = axes.dataLim.y1
    axes.set_ylim(0.0, 1.18 * top if math.isfinite(top) and top > 0.0 else 1.0)


# Time and events.


def _when(scenario: Scenario) -> Any:
    first = scenario.config.world.first_month
    return _year(first) + np.arange(scenario.config.months) / MONTHS_A_YEAR


def _span(study: Study) -> tuple[float, float]:
    times = [_when(s) for s in study.scenarios]
    low, high = min(float(t[0]) for t in times), max(float(t[-1]) for t in times)
    return low, max(high, low + 1.0 / MONTHS_A_YEAR)


def _ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Where the axis of time is marked, and with what: years, or months where there are not two years to mark."""
    length = high - low
    step = 1 if length <= 6 else 2 if length <= 10 else 4 if length <= 20 else 10
    years = [year for year in range(math.ceil(low), math.floor(high) + 1) if year % step == 0]
    if len(years) > 1:
        return [float(year) for year in years], [str(year) for year in years]
    months = [low + month / MONTHS_A_YEAR for month in range(round(MONTHS_A_YEAR * length) + 1)]
    shown = [when for when in months[:: math.ceil(len(months) / 3)] if when <= low + 0.9 * length]  # else they are cut
    return shown, [f"{_day(when):%b %Y}" for when in shown]


_REORGANISED = {"council": "council reorganised", "health": "health bodies reorganised"}


def marked(study: Study) -> list[tuple[float, str]]:
    """What happened when: the worlds' dated events, and of no more than two scenarios when money begins and ends."""
    dated = {(_year(e.date), e.what) for s in study.scenarios for e in s.config.world.dated_events}
    dated |= {(_year(r.date), _REORGANISED[r.body]) for s in study.scenarios for r in s.config.world.reorganisations}
    for scenario in study.scenarios if len(study.scenarios) <= 2 else ():
        for policy in scenario.config.policy.values():
            start, length = _year(policy.start), (policy.months + policy.taper) / MONTHS_A_YEAR
            what = policy.instrument.replace("_", " ")
            dated |= {(start, f"{what}: money begins"), (start + length, f"{what}: money ends")}
    low, high = _span(study)
    times = sorted({when for when, _ in dated if low <= when <= high})
    return [(when, " and ".join(sorted(what for at, what in dated if at == when))) for when in times]


def _key(events: Sequence[tuple[float, str]], wide: int) -> str:
    """Which event each number is; its words hold together where lines break, if a line holds them all."""
    each = [f"{number} {what}, {_day(when):%b %Y}" for number, (when, what) in enumerate(events, 1)]
    return "Dotted lines: " + "; ".join(name.replace(" ", "\u00a0") if len(name) < wide else name for name in each)


def _day(year: float) -> date:
    return date(int(year + 1e-6), round((year - int(year + 1e-6)) * MONTHS_A_YEAR) + 1, 1)


def _year(day: date) -> float:
    return day.year + (day.month - 1) / MONTHS_A_YEAR
