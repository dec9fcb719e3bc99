"""What the studies of this folder share: points lived and kept, a claim judged in pairs, a table and a figure left.

A study is a question, a design, and claims that could fail. Its design is words of ``takestwo run -m``; whatever is
typed behind the name of the file takes their place or comes to them, so that any study runs smaller, elsewhere, or
under another account:

    python experiments/cuts_and_nurture.py plan                          # what it would cost; nothing is run
    python experiments/cuts_and_nurture.py                               # in full
    python experiments/cuts_and_nurture.py place.residents=1500 replicates=4 hydra.run.dir=FOLDER

What is done is kept in the store, and a study that was stopped goes on where it was. The same luck is in every point
of a replicate, so a claim is judged replicate by replicate, and its interval is that of the mean over replicates.
"""

from __future__ import annotations

import io
import math
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sim import open_store
from sim.cli import BAD_INPUT, OK, main as takestwo, told
from sim.cli.request import Point, read
from sim.cli.work import run_points
from sim.config import Config
from sim.contrast.interval import Interval, interval
from sim.ensemble import specs_of
from sim.files import write_text, written_whole
from sim.report.figures import STYLE

Months = pd.DataFrame
"""A row a run and month: ``replicate``, ``month``, what its point is by the study's own names, and outcomes."""
Factors = Mapping[str, Any]
POINTS = 72.0
"""Of an inch."""


class Claim(NamedTuple):
    """A sentence about differences that would be above zero if it were true.

    Attributes:
        true: the sentence, if the interval lies above zero.
        false: what is so instead, if it lies below.
        unclear: what is not known, if it holds zero.
        measure: what the number is, with its unit.
        found: the mean over replicates and its 95% interval.
    """

    true: str
    false: str
    unclear: str
    measure: str
    found: Interval

    @property
    def verdict(self) -> str:
        """Whether it holds."""
        if self.found.low > 0.0:
            return "holds"
        return "fails" if self.found.high < 0.0 else "is not shown"

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        return {"holds": self.true, "fails": self.false}.get(self.verdict, self.unclear)

    @property
    def amount(self) -> str:
        """By how much, and how well that is known."""
        mean, low, high = (number(value) for value in self.found)
        between = "no interval: one pair has none" if math.isnan(self.found.low) else f"95% interval {low} to {high}"
        return f"{self.measure}: {mean} ({between})"

    def __str__(self) -> str:
        return f"{self.sentence}.\n  Claimed: {self.true}. That {self.verdict}.\n  {self.amount}."


def number(value: float) -> str:
    """A number in three figures, with a true minus.

    >>> number(-0.01234), number(1234.5), number(float("nan"))
    ('−0.0123', '1,234', 'none')
    """
    if math.isnan(value):
        return "none"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−")


def claimed(sign: float, values: Any, *, true: str, false: str, unclear: str, measure: str) -> Claim:
    """A claim from a value a replicate, which are above zero (``sign`` 1) or below (-1) if it is true."""
    values = np.asarray(values, float)
    return Claim(true, false, unclear, measure, interval(sign * values[~np.isnan(values)]))


def slopes(rows: pd.DataFrame, along: str, value: str) -> pd.Series:
    """How much ``value`` grows with every unit of ``along``, a number a replicate: least squares over its means.

    A replicate that lacks a point is left out.
    """
    means = rows.pivot_table(index="replicate", columns=along, values=value, aggfunc="mean").dropna()
    apart = means.columns.to_numpy(float) - means.columns.to_numpy(float).mean()
    return means @ apart / (apart @ apart)


def summed_up(rows: pd.DataFrame, by: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """The mean of each value over replicates, and its 95% interval: a row a point, three columns a value."""
    made = {
        point: {f"{value}{end}": at for value in values
                for end, at in zip(("", "_low", "_high"), interval(own[value].dropna().to_numpy()), strict=True)}
        for point, own in rows.groupby(list(by), dropna=False)
    }  # fmt: skip
    return pd.DataFrame.from_dict(made, orient="index").rename_axis(index=list(by)).reset_index()


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes:
        name: of its file.
        question: in one sentence.
        design: words of ``takestwo run -m``.
        factors: what a point is, by the study's own names, from its configuration.
        outcomes: what is read of each month.
        table: where they stand in the store: ``results``, or ``by_quintile`` and so on.
        measured: from the months, a row a point and replicate.
        claims: from these rows; the first gives the figure its title.
        summary: from these rows, a row a point.
        drawn: the figure, from the summary; its title is set afterwards.
    """

    name: str
    question: str
    design: tuple[str, ...]
    factors: Callable[[Config], Factors]
    outcomes: tuple[str, ...]
    measured: Callable[[Months], pd.DataFrame]
    claims: Callable[[pd.DataFrame], list[Claim]]
    summary: Callable[[pd.DataFrame], pd.DataFrame]
    drawn: Callable[[pd.DataFrame], Figure]
    table: str = "results"

    def main(self, words: Sequence[str] | None = None) -> int:
        """Do what the command line says: 0 when it is done, whatever was found; 2 on bad input."""
        typed = list(sys.argv[1:] if words is None else words)
        return told(f"experiments/{self.name}.py", partial(self._main, typed), last=words is None)

    def _main(self, typed: list[str]) -> int:
        if {"-h", "--help"} & set(typed):
            print(f"{self.question}\n\n{sys.modules[Study.__module__].__doc__}")
            return OK
        only_planned = typed[:1] == ["plan"]
        words = ["-m", *with_own(self.design, typed[only_planned:])]
        if only_planned:
            return takestwo(["plan", *words])
        words = [word.replace("hydra.run.dir=", "hydra.sweep.dir=") for word in words]
        asked = read(words)
        for point in asked.points:  # what cannot be measured is told before it is run
            self.factors(point.config)
        done = run_points(asked, ["run", *words], datetime.now(UTC))
        rows = self.measured(months_of(done.points, asked.store, self))
        folder = asked.folder if any(w.startswith("hydra.sweep.dir=") for w in words) else asked.folder / self.name
        print(self.left(folder, rows))
        for fault in done.failed:
            print(f"left out, for it could not be run: {fault}", file=sys.stderr)
        return BAD_INPUT if done.failed else OK

    def left(self, folder: Path, rows: pd.DataFrame) -> str:
        """Write what was found into a folder, and say it.

        Args:
            folder: where to.
            rows: a row a point and replicate.
        """
        claims, summary = self.claims(rows), self.summary(rows)
        found = "\n\n".join([self.question, *map(str, claims)])
        said = f"{found}\n\nMeans over {rows['replicate'].nunique()} replicates; luck alone is in the intervals.\n"
        write_text(folder / "found.txt", said)
        write_text(folder / "table.csv", summary.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
        write_text(folder / "replicates.csv", rows.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
        with mpl.rc_context(STYLE):
            figure = self.drawn(summary)
            titled(figure, claims)
            for kind, how in {"png": {"dpi": 160}, "svg": {"metadata": {"Date": None}}}.items():
                picture = io.BytesIO()
                figure.savefig(picture, format=kind, **how)
                written_whole(folder / f"figure.{kind}", lambda path, p=picture: path.write_bytes(p.getvalue()))
        return f"{said}\nThe table, the replicates and the figure are in {folder}."


def titled(figure: Figure, claims: Sequence[Claim]) -> None:
    """Give a figure what was found first as its title, in lines that fit; below it by how much, and what else."""
    width, height = figure.get_size_inches()
    first, *others = claims
    lines = textwrap.wrap(first.sentence, int(width * 9))
    said = [f"{first.amount}.", *(f"{claim.sentence}. {claim.amount}." for claim in others)]
    small = [line for text in said for line in textwrap.wrap(text, int(width * 15))]
    room = "\n".join([*lines, *([""] * len(small))])  # lines of the title that stay empty, for the small ones
    title = figure.suptitle(room, x=0.01, ha="left", fontsize=12, fontweight="bold")
    below = title.get_position()[1] - len(lines) * 1.25 * title.get_fontsize() / POINTS / height
    figure.text(0.01, below, "\n".join(small), va="top", fontsize=8.5, linespacing=1.5)


def with_own(design: Sequence[str], typed: Sequence[str]) -> list[str]:
    """The words of a design, those that are typed in place of those of the same name."""
    own = {word.partition("=")[0] for word in typed}
    return [*(word for word in design if word.partition("=")[0] not in own), *typed]


def months_of(points: Sequence[Point], store: Path, study: Study) -> Months:
    """What the store has of these points, a row a run and month, with what each point is."""
    runs = {spec.run_id: {"replicate": spec.replicate} | dict(study.factors(point.config))
            for point in points for spec in specs_of(point.config)}  # fmt: skip
    frame = getattr(open_store(store).where(list(runs)), study.table)
    months = frame.to_pandas(["run_id", "month", *study.outcomes])
    return months.join(pd.DataFrame.from_dict(runs, orient="index"), on="run_id")
