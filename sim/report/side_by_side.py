"""Two towns side by side, or one: what the figure of the network shows of them, and the words that go with it."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import numpy as np

from sim.report.turnover import CloseUp, Moment, are_one_town, close_up, ties_apart, towns, turnover
from sim.results import Results

KEPT, GONE, MADE = "#1a1a1a", "#b8730a", "#3690c9"
MANY_KEPT = "#a3a3a3"
"""Of ties that last where most do: then those that go and come are the ones to see."""
PALE_GONE, PALE_MADE = "#e8c48f", "#b9dbef"
DASHES = (0, (2.4, 1.4))
TOWN_TIES, CLOSE_TIES = 200, 100
"""Ties of the first month that are drawn: of the whole town, and close up."""


class View(NamedTuple):
    """A town at one of its moments, and how it is drawn.

    Attributes:
        heading: when.
        under: in which scenario.
        moment: what is drawn.
        colour: of ties that are not there at the other moment.
        style: of these ties' lines.
        bar: ties of the whole town for every 100 of its first month: (how many, colour, what they are).
    """

    heading: str
    under: str
    moment: Moment
    colour: str
    style: Any
    bar: tuple[tuple[float, str, str], ...]


class SideBySide:
    """A scenario, and perhaps another beside it: what is drawn of them, and the words that go with it."""

    def __init__(self, results: Results, beside: Results | None, names: tuple[str, str]) -> None:
        self.scenarios = [results] if beside is None else [results, beside]
        self.names = [name or _called(each) for name, each in zip(names, self.scenarios, strict=False)]
        self.towns = [next(towns(each)) for each in self.scenarios]
        self.town = self.towns[0]
        if not are_one_town(self.town, self.towns[-1]):
            raise ValueError("the two do not begin as one town. Only scenarios of one place and seed can stand so.")
        self.turnover = [turnover(each) for each in self.scenarios]
        self.part = close_up(self.town, CLOSE_TIES)
        self.share = min(1.0, TOWN_TIES / max(1, len(self.town.first.ties)))

    @property
    def when(self) -> tuple[str, str]:
        """The two months."""
        return _month(self.town.first.day), _month(self.town.last.day)

    @property
    def kept(self) -> str:
        """The colour of ties that last."""
        return MANY_KEPT if self.turnover[0]["lasted"].mean() > 50.0 else KEPT

    @property
    def drawn(self) -> str:
        """Which ties of the whole town are drawn."""
        return "every tie" if self.share == 1.0 else f"one tie in {round(1.0 / self.share)}"

    def views(self) -> list[View]:
        """From left to right."""
        first, last = self.when
        lasted, parted, left, _, _ = (float(value) for value in self.turnover[0].mean())
        before = (
            (lasted, self.kept, f"there in {last} too"),
            (left, GONE, "go with one who dies or leaves"),
            (parted, PALE_GONE, "end between two who stay"),
        )
        made = [View(first, "before", self.town.first, GONE, DASHES, before)]
        for number, (town, counts) in enumerate(zip(self.towns, self.turnover, strict=True)):
            kept, _, _, between, newcomer = (float(value) for value in counts.mean())
            after = (
                (kept, self.kept, f"there in {first} too"),
                (newcomer, MADE, "made with a newcomer"),
                (between, PALE_MADE, "made between two already here"),
            )
            under = f"{'beside it' if number else 'after'}: {self.names[number]}"
            made.append(View(last, under, town.last, MADE, "-", after))
        return made

    @property
    def title(self) -> str:
        """The finding: of every 100 ties of the first month, how many were gone by the last, and how many made."""
        first, last = self.when
        (gone, new), *others = (_gone_and_made(counts) for counts in self.turnover)
        told = f"Of every 100 ties of {first}, {gone} were gone by {last} and {new} made since"
        if others:
            where = "where nothing changes" if _is_still(self.scenarios[1]) else f"beside it ({self.names[1]})"
            told += f" ({self.names[0]}); {others[0][0]} and {others[0][1]} in the town {where}"
        return told

    @property
    def caption(self) -> str:
        """What is drawn, how it was chosen, and what the bars count."""
        first, _ = self.when
        part = len(self.part.homes)
        within = _between(self.town.first, self.part)
        said = [
            "Homes stand still; people move, die, leave and arrive.",
            "A tie is drawn between the homes where its two people live in that month.",
            f"Of the town: {self.drawn}, by a key of its two ends, so that it is the same one in every picture.",
            f"In the circle: the {part:,} homes nearest the middle of one neighbourhood,",
            f"every tie between them ({within:,} in {first}), and none that leads out.",
            "Nobody chose the neighbourhood: it is that of the lowest resident number, which is a hash.",
            "How far apart two of its homes stand does not matter in the model.",
            self._counted(),
        ]
        if len(self.scenarios) > 1:
            said.append(f"What lasts and what goes, on the left, is that of {self.names[0]}.{self._parted()}")
        said.append("That a tie went while budgets fell does not say that it went because they did.")
        said.append("Ties of officers and charities are not drawn.")
        return " ".join(said)

    def _counted(self) -> str:
        runs = min(len(counts) for counts in self.turnover)
        if runs == 1:
            return "The bars count all ties of this one run, so luck cannot be told apart."
        gone = 100.0 - self.turnover[0]["lasted"]
        low, high = gone.quantile([0.05, 0.95])
        return (
            f"The bars are means over all ties of {runs} runs, of which the first is drawn; in 5% to 95% of them "
            f"{low:.1f} to {high:.1f} of 100 ties were gone."
        )

    def _parted(self) -> str:
        """How far the two towns differ at the end of the first month already."""
        apart = ties_apart(*self.towns)
        ties = "tie" if apart == 1 else "ties"
        return f" In {self.when[0]} the two towns already differ in {apart:,} {ties}." if apart else ""


def _is_still(results: Results) -> bool:
    """Whether nothing is done in it, in a world where nothing changes."""
    return all(results.tables.results[name][0].as_py() == still for name, still in _STILL.items())


_STILL = {"world": "flat", "policy": "none"}


def _called(results: Results) -> str:
    world, policy = (results.tables.results[name][0].as_py() for name in ("world", "policy"))
    return f"world {world}" + (f", policy {policy}" if policy != "none" else "")


def _month(day: date) -> str:
    return f"{day:%B %Y}"


def _gone_and_made(counts: Any) -> tuple[str, str]:
    mean = counts.mean()
    return f"{100.0 - mean['lasted']:.0f}", f"{mean['between'] + mean['newcomer']:.0f}"


def _between(moment: Moment, part: CloseUp) -> int:
    return int(np.isin(moment.ties[["one", "other"]].to_numpy(), part.homes).all(axis=1).sum())
