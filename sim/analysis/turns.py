"""What became of stocks at the corners: which empty or double, where, and which groups of numbers that hangs on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sim.analysis.corners import Life, contested, live
from sim.config import Config
from sim.draws import value
from sim.parameters import REGISTRY

EMPTIES, DOUBLES = 0.05, 2.0
"""A stock empties where a year's mean is below this share of month 0, and doubles where it is above this many times."""
NOTHING = 1e-6
"""A level that is none: a picture fades without end."""


Kind = tuple[str, str]


class Turn(NamedTuple):
    """A stock that empties or doubles in one life.

    Attributes:
        life: where.
        stock: which.
        what: "empty from the first", "empties" or "doubles".
        first: the level on the first morning.
        level: the level of the year that is farthest from it.
        year: which year that was, from 1.
        hinges: groups whose crossing, just before or just after this corner, makes it or ends it.
    """

    life: Life
    stock: str
    what: str
    first: float
    level: float
    year: int
    hinges: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        """The stock, and what befalls it."""
        return self.stock, self.what


def verdicts(path: Sequence[float]) -> dict[str, int]:
    """What befalls a stock, and the year that shows it most."""
    first, years = path[0], path[1:]
    least, most = int(np.argmin(years)), int(np.argmax(years))
    if first < NOTHING:
        return {"empty from the first": most + 1}
    found = {"empties": least + 1} if years[least] < EMPTIES * first else {}
    return found | ({"doubles": most + 1} if years[most] > DOUBLES * first else {})


def turns(lives: Sequence[Life]) -> list[Turn]:
    """Every stock that empties or doubles, in the order of the lives."""
    place = {(life.corner.trajectory, life.corner.step, life.scenario): life for life in lives}

    def hinges(life: Life, stock: str, what: str) -> tuple[str, ...]:
        k, step, _ = life.corner[:3]
        near = [(place.get((k, step + by, life.scenario)), by) for by in (-1, 1)]
        return tuple(
            life.corner.crossed if by < 0 else other.corner.crossed
            for other, by in near
            if other is not None and other.paths and what not in verdicts(other.paths[stock])
        )

    return [
        Turn(life, stock, what, path[0], path[year], year, hinges(life, stock, what))
        for life in lives
        for stock, path in life.paths.items()
        for what, year in verdicts(path).items()
    ]


def effects(lives: Sequence[Life], scenario: str) -> dict[str, dict[str, float]]:
    """By stock and group, Morris's mu*: the mean size of the change in log (last year / month 0) when it crosses.

    Levels at or below nought count as a thousandth of month 0; a stock that has none at month 0 does not count.
    """
    mine = [life for life in lives if life.scenario == scenario and life.paths]
    sizes: dict[str, dict[str, list[float]]] = {}
    for one, other in pairwise(mine):
        if other.corner.trajectory == one.corner.trajectory and other.corner.step == one.corner.step + 1:
            for stock in one.paths:
                change = _growth(other.paths[stock]) - _growth(one.paths[stock])
                if math.isfinite(change):
                    sizes.setdefault(stock, {}).setdefault(other.corner.crossed, []).append(abs(change))
    return {stock: {g: math.fsum(x) / len(x) for g, x in by.items()} for stock, by in sizes.items()}


def _growth(path: Sequence[float]) -> float:
    return math.log(max(path[-1] / path[0], 0.001)) if path[0] >= NOTHING else math.nan


def undone_by(turn: Turn, base: Config) -> list[str]:
    """The numbers that undo a turn when each alone crosses on the first morning, of the groups that it hangs on.

    Args:
        turn: what befell a stock after the first morning.
        base: the scenario.
    """
    corner, groups = turn.life.corner, contested()
    numbers = [entry.path for group in turn.hinges for entry in groups[group]]
    return [path for path in numbers if not _turned(live(corner, turn.life.scenario, base, path), turn)]


def _turned(life: Life, turn: Turn) -> bool:
    return bool(life.paths) and turn.what in verdicts(life.paths[turn.stock])


# The list, as Markdown


def written(lives: Sequence[Life], undone: Mapping[Kind, tuple[Turn, list[str]]] | None = None) -> str:
    """The list: what was visited, which stocks turned and on what that hangs, and every corner where one did.

    Args:
        lives: all of them.
        undone: by stock and what befell it, one such turn and the numbers that undo it.
    """
    there = {life.corner.name for life in lives}
    refused = {life.corner.name: life.refused for life in lives if life.refused}
    listed = turns(lives)
    at_fault = sum(bool(life.faults) for life in lives)
    parts = [
        f"{len(there)} corners, {len(lives)} lives, of which {at_fault} had a fault. No place can be founded at "
        + (", ".join(refused) or "none of them") + ".",
        *(f"- {life.corner.name}, {life.scenario}: {fault}" for life in lives for fault in life.faults[:5]),
        _by_stock(listed, lives, undone or {}),
        _elsewhere(lives),
        _by_corner(listed),
        _by_group(lives),
    ]
    return "\n\n".join(part for part in parts if part)


def _by_stock(listed: Sequence[Turn], lives: Sequence[Life], undone: Mapping[Kind, tuple[Turn, list[str]]]) -> str:
    rows = ["| stock | what | corners | with all policies | hangs on | at one of them undone by any one of |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    of = {plain: sum(bool(x.paths) for x in lives if (x.scenario == "none") is plain) for plain in (True, False)}
    for kind in sorted({turn.kind for turn in listed}):
        mine = [turn for turn in listed if turn.kind == kind]
        plain = sum(turn.life.scenario == "none" for turn in mine)
        causes = _causes(*undone[kind]) if kind in undone else "not tried"
        rows.append(f"| {' | '.join(kind)} | {plain} of {of[True]} | {len(mine) - plain} of {of[False]} | "
                    f"{_counted(mine)} | {causes} |")  # fmt: skip
    return "\n".join(rows)


def _causes(turn: Turn, numbers: Sequence[str]) -> str:
    """The numbers that undo a turn, with the ends at which they stood."""
    high = turn.life.corner.high
    said = [f"{path} = {value(REGISTRY[path], float(high[path])):.3g}" for path in numbers]
    return f"{turn.life.corner.name}: {', '.join(said) or 'none alone'}"


def _counted(listed: Sequence[Turn]) -> str:
    """Groups by how often a turn began or ended as they crossed."""
    hinges = [hinge for turn in listed for hinge in turn.hinges]
    most = sorted(set(hinges), key=lambda hinge: (-hinges.count(hinge), hinge))
    return ", ".join(f"{hinge} {hinges.count(hinge)}" for hinge in most[:4])


def _elsewhere(lives: Sequence[Life]) -> str:
    """How many places begin elsewhere than places are to, and in what."""
    begins = {life.corner.name: life.elsewhere for life in lives if life.elsewhere}
    parts = [part.partition(": ") for parts in begins.values() for part in parts]
    levels: dict[str, list[float]] = {}
    for what, _, level in parts:
        levels.setdefault(f"{what} ({level.partition(', ')[2]})", []).append(float(level.partition(",")[0]))
    said = [f"{what} at {len(x)}, from {min(x):.2g} to {max(x):.2g}" for what, x in levels.items()]
    return f"Places that begin elsewhere than they were to: {'; '.join(said) or 'none'}."


def _by_corner(listed: Sequence[Turn]) -> str:
    """Every corner where a stock turned after the first morning, with the groups beside it on which that hangs."""
    rows = ["| corner | policies | stocks, and how much there is of them beside month 0 |", "|---|---|---|"]
    later = [turn for turn in listed if turn.first >= NOTHING]
    for at in dict.fromkeys((turn.life.corner.name, turn.life.scenario) for turn in later):
        mine = [turn for turn in later if (turn.life.corner.name, turn.life.scenario) == at]
        said = [f"{turn.stock} {turn.level / turn.first:.2g} in year {turn.year}"
                + (f" ({', '.join(turn.hinges)})" if turn.hinges else "") for turn in mine]  # fmt: skip
        rows.append(f"| {at[0]} | {at[1]} | {'; '.join(said)} |")
    return "\n".join(rows)


def _by_group(lives: Sequence[Life]) -> str:
    """Morris's mu*: the three groups that matter most to each stock, without policies."""
    rows = ["| stock | groups whose crossing changes it most, as a mean factor over the 17 years |", "|---|---|"]
    for stock, sizes in effects(lives, "none").items():
        most = sorted(sizes, key=lambda group: -sizes[group])[:3]
        rows.append(f"| {stock} | {', '.join(f'{group} x{math.exp(sizes[group]):.2f}' for group in most)} |")
    return "\n".join(rows)
