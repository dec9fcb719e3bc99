"""What the terminal shows: progress with the time left, first numbers, and tables of outcomes."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sim.cost import Cost
from sim.headlines import NAMES, SHORT
from sim.pool import HasResults, Progress
from sim.results import Results, summarised, summary_frame
from sim.run import RunSpec
from sim.tables import unit_of
from sim.wording import is_share, plural

FIRST_NUMBERS = ("unmet_need", "formal_volunteering", "ties_per_resident")
HOURS = "Hours are a month's, for every 1,000 residents."
"""What tables of outcomes say of their unit."""
WIDTH = 100
PACE_SECONDS = 1.0
"""How long months are watched before their pace says anything."""
EYE_SECONDS = 0.05
"""How long a report is shown at least, unless a run has come to its end."""
ESTIMATE_SECONDS = 1.0
"""How long what is known so far stays on the screen, at least."""
STOPPING = "Ctrl-C: the runs that are under way come to their end and are kept. Press it again to stop at once."
FIRST_LINE_SECONDS, LINE_SECONDS = 5.0, 60.0
"""Without a terminal, lines come ever more seldom: after the one, and at last every so many seconds."""


def console(*, error: bool = False) -> Console:
    """The terminal; where there is none, plain text a hundred columns wide."""
    stream = sys.stderr if error else sys.stdout
    return Screen(file=stream, width=None if stream.isatty() else WIDTH, highlight=False, soft_wrap=False)


class Screen(Console):
    """Where whoever reads has gone, as in ``takestwo compare ... | head``, it falls silent; files are still made."""

    def on_broken_pipe(self) -> None:
        """Say no more, instead of ending."""
        self.quiet = True
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - the system's own file
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


class Estimates(Protocol):
    """What takes up runs as they come to their end, and says what is known by them."""

    def take(self, spec: RunSpec, run: HasResults) -> None:
        """Take up a run."""

    def lines(self) -> list[str]:
        """What is known, a line each."""


class _Bar(Bar):
    """A bar with lines of text under it."""

    below: Sequence[str] = ()

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar, then the lines."""
        yield from super().get_renderables()
        yield from (Text(line) for line in self.below)


class Watcher:
    """Shows how far an ensemble is: a bar in a terminal, else a line now and then. Use it in ``with``, and call it.

    Args:
        cost: what it will cost, said first.
        estimates: what is known so far, shown with it.
    """

    def __init__(self, cost: Cost, estimates: Estimates | None = None) -> None:
        self._console = console(error=True)
        self._console.print(str(cost), soft_wrap=True)
        self._estimates = estimates
        self._began = self._last_line = time.monotonic()
        self._shown = self._last_estimate = -math.inf
        self._pause = FIRST_LINE_SECONDS
        self._first, self._year_told, self._told_stop = True, False, False
        self._moving: tuple[float, int] | None = None  # since when months are lived, and how many were then
        self.progress: Progress | None = None
        self._bar = _Bar(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"), TimeElapsedColumn(),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("starting", total=None, left="")

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._began

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Show one report."""
        self.progress = progress
        if progress.lived and self._moving is None:
            self._moving = time.monotonic(), progress.lived
        if progress.year is not None and progress.newest is None and self._first and not self._year_told:
            self._year_told = True
            self._console.print(first_year(progress.year), soft_wrap=True)
        if progress.newest is not None and self._estimates is not None:
            self._estimates.take(*progress.newest)
        if progress.newest is not None and progress.done > progress.stored and self._first:
            self._first = False
            self._console.print(first_numbers(progress.newest[1].results), soft_wrap=True)
        if progress.stopping and not self._told_stop:
            self._told_stop = True
            self._console.print(STOPPING, soft_wrap=True)
        if progress.newest is None and time.monotonic() - self._shown < EYE_SECONDS:
            return  # months of a small town go by faster than anybody reads
        self._shown = time.monotonic()
        total = progress.months or None
        self._bar.update(
            self._task, description=_what(progress), total=total, completed=progress.lived, left=self._left(progress)
        )
        self._estimate()
        self._line(progress)

    def again(self, said: str) -> None:
        """Say something, and go on with more runs."""
        self._console.print(said, soft_wrap=True)
        self._moving = None

    def _estimate(self) -> None:
        """Renew the lines under the bar, not more often than they can be read."""
        now = time.monotonic()
        if self._console.is_terminal and self._estimates is not None and now - self._last_estimate >= ESTIMATE_SECONDS:
            self._last_estimate = now
            self._bar.below = self._estimates.lines()

    def _line(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._console.is_terminal or not progress.runs:
            return
        at_the_end = progress.newest is not None and progress.done + progress.failed == progress.runs
        if now - self._last_line >= self._pause or at_the_end:
            self._last_line, self._pause = now, min(2.0 * self._pause, LINE_SECONDS)
            left = self._left(progress)
            known = self._estimates.lines() if self._estimates is not None else []
            self._console.print("; ".join([f"{_what(progress)}{left and ', '}{left}", *known]), soft_wrap=True)

    def _left(self, progress: Progress) -> str:
        """The time left, by the pace since the first month was lived: before that, all is compiled and founded once."""
        began, before = self._moving or (math.inf, 0)
        moving = time.monotonic() - began
        if moving < PACE_SECONDS or progress.lived in {before, progress.months}:
            return ""
        seconds = moving * (progress.months - progress.lived) / (progress.lived - before)
        return f"about {_duration(seconds)} left"


def _what(progress: Progress) -> str:
    stored = f"{progress.stored:,} from the store" if progress.stored else ""
    failed = f"{progress.failed:,} failed" if progress.failed else ""
    told = ", ".join(filter(None, [f"{progress.done:,} of {progress.runs:,} runs done", stored, failed]))
    if progress.lived == 0 and progress.months and progress.newest is None:
        founding = "founding the towns (a new place or version takes longer, once)"
        return f"{told}; {founding}" if stored or failed else founding
    return told


def _duration(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def listing(names: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """Rows of plain text under their names."""
    table = Table(*names, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    return table


def titled(title: str) -> Table:
    """A table of outcomes that has no columns yet."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False,
                  caption_justify="left", caption_style="dim")  # fmt: skip
    table.padding = (0, 1, 0, 0)
    return table


def first_year(means: Mapping[str, float]) -> str:
    """One line on the first run's first year, while it is lived."""
    said = [f"{NAMES[name]} {value(means[name], unit_of(name))}" for name in FIRST_NUMBERS]
    return f"First numbers, from the first year of one run: {', '.join(said)}."


def first_numbers(results: pa.Table) -> str:
    """One line on the first run that is finished, by its table ``results``."""
    rows = summary_frame(summarised(results)).set_index("outcome")
    said = [
        f"{NAMES[name]} {value(rows.start[name], rows.unit[name])} to {value(rows.end[name], rows.unit[name])}"
        for name in FIRST_NUMBERS
        if name in rows.index
    ]
    return f"One run is finished, first year to last: {', '.join(said)}."


def outcomes(results: Results, title: str) -> Table:
    """The headline outcomes of one scenario, over its replicates."""
    rows = results.summary.set_index("outcome")
    runs = int(rows.replicates.max())
    names = ["first year", "last year", "change", "5% to 95%"]
    table = titled(f"{title}: mean of {runs} {plural(runs, 'run')}")
    table.caption = HOURS
    table.add_column("outcome", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for group, members in SHORT.items():
        table.add_row(Text(group, style="bold"))
        for outcome, called in members.items():
            row = rows.loc[outcome]
            ends = value(row.start, row.unit), value(row.end, row.unit)
            spread = _range(row.change_5, row.change_95, row.unit) if runs > 1 else ""
            table.add_row(f"  {called}", *ends, change(row.change, row.unit), spread)
    return table


SWEEP = ("unmet_need", "formal_volunteering", "ties_per_resident", "joint_output", "trust_council")
"""What a table of many scenarios has room for."""
LISTED = 40
"""Scenarios of a sweep that are listed; all are in its files."""


def sweep(names: Sequence[str], summaries: Iterable[Mapping[str, Mapping[str, str]]]) -> Table:
    """Many scenarios in one table: the last year of a few outcomes, a row a scenario.

    Args:
        names: of the scenarios.
        summaries: rows of ``summary.csv`` of each, by outcome; no more are asked for than are listed.
    """
    table = titled(f"{len(names):,} scenarios: the last year, mean of the runs of each")
    more = f" The first {LISTED} are listed; summary.csv has all." if len(names) > LISTED else ""
    table.caption = f"{HOURS}{more}"
    table.add_column("", justify="right")
    table.add_column("scenario", overflow="fold")
    for outcome in SWEEP:
        table.add_column(NAMES[outcome], justify="right")
    for number, (name, summary) in enumerate(zip(names[:LISTED], summaries, strict=False)):
        rows = [summary[outcome] for outcome in SWEEP]
        ends = [value(float(row["end"] or "nan"), row["unit"]) for row in rows]
        table.add_row(str(number), " ".join(map(_short, name.split())), *ends)
    return table


def _short(setting: str) -> str:
    """A setting in few digits.

    >>> _short("ties.build=0.007003184134140611"), _short("policy=none")
    ('ties.build=0.007003', 'policy=none')
    """
    name, _, said = setting.rpartition("=")
    try:
        return f"{name}={float(said):.4g}" if "." in said else setting
    except ValueError:
        return setting


def value(number: float, unit: str) -> str:
    """A number in its unit, for people.

    >>> value(0.2713, "share"), value(1234.5, "hours/1,000 residents"), value(11.25, "ties")
    ('27.1%', '1,234', '11.2')
    """
    return _written(number, unit, "")


def change(number: float, unit: str) -> str:
    """A difference in its unit, signed; shares differ by percentage points.

    >>> change(-0.0213, "share"), change(3.0, "ties")
    ('−2.13 points', '+3.0')
    """
    return _written(number, unit, "+") + (" points" if is_share(unit) and not math.isnan(number) else "")


def _range(low: float, high: float, unit: str) -> str:
    return "" if math.isnan(low) or math.isnan(high) else f"{_written(low, unit, '+')} to {_written(high, unit, '+')}"


def _written(number: float, unit: str, sign: str) -> str:
    if math.isnan(number):
        return "none"
    if is_share(unit):
        text = f"{100 * number:{sign}z.2f}" if sign else f"{100 * number:z.1f}%"
    else:
        digits = 3 if unit == "0 to 1" else 0 if abs(number) >= 100 else 1 if abs(number) >= 1 else 2
        text = f"{number:{sign}z,.{digits}f}"
    return text.replace("-", "−")
