"""Corners of the contested ranges: does the model stay alive, finite and in its domain where every number is extreme?

Contested are all numbers that a draw moves (`sim.draws`), between the two ends between which it moves them. A corner
has each of them at one end. Corners are visited by Morris's design with groups (Campolongo, Cariboni & Saltelli
2007): a trajectory begins at a corner of keyed ends; then the groups, in a keyed order, cross to their opposite ends,
one at a time and all numbers of the group together, until each has crossed once. So with k groups a trajectory visits
k + 1 corners, each end of each number is visited, and two corners that follow each other tell what the one group does.

A group is what is set under one name, a room's numbers in most cases: with one number at a time a trajectory would be
thirteen times as long, and each corner founds a place anew. Ends and orders are keyed by path and trajectory, as in a
draw: a trajectory is the same on every machine, and more of them leave the first as they are. A room that refuses a
start, or what is opposite to it, is started again with the next attempt in the key, as a draw is.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from sim import draws
from sim.analysis.domains import columns, faults
from sim.chance import run_seed
from sim.config import Config
from sim.founding import FoundingError, found, missed
from sim.ledger import stocks
from sim.parameters import GROUPS, REGISTRY, ROOMS, Entry
from sim.schedule import live_a_month
from sim.state import BONDING, EMPTY, State
from sim.units import MONTHS_A_YEAR

RECORD = ("world=history", "place.residents=3000")
POLICIES = ("nurture_early", "nurture_late", "asset_based", "needs_led", "place_programme", "ready_meals", "contracts",
            "small_grants", "shared_assets", "double_contacts", "connectors", "culture", "joint_picture",
            "match", "listening", "hosting", "officer_time", "volunteer_support", "localism",
            "hand_over_libraries")  # fmt: skip
SCENARIOS = {"none": [*RECORD], "all": [*RECORD, f"policy=[{','.join(POLICIES)}]"]}
"""What is lived at every corner: the record without a policy, and with all of them, so that every rule has work."""
IN_THE_BOOKS = {
    "ties": "ties", "roles": "roles", "belongings": "members", "officers": "officers in post",
    "partnerships": "partnerships", "acquaintances": "residents whom officers know", "alliances": "alliances",
    "charities": "registered charities", "groups": "unregistered groups", "charities' books": "charities' reserves",
    "council": "council's reserves",
}  # fmt: skip
"""Stocks of the ledger, and how they are called here. People are always as many, and a purse begins empty."""


# The design


class Corner(NamedTuple):
    """Every contested number at one of its ends.

    Attributes:
        trajectory: which trajectory, from 0.
        step: how many groups have crossed.
        crossed: the group that crossed last; none at the start.
        high: the ends by dotted path: whether it is the high one.
    """

    trajectory: int
    step: int
    crossed: str
    high: dict[str, bool]

    @property
    def name(self) -> str:
        """Trajectory and step."""
        return f"{self.trajectory}.{self.step}"

    def numbers(self) -> dict[str, float | int]:
        """The number at each path."""
        return {path: draws.value(REGISTRY[path], float(high)) for path, high in self.high.items()}


def contested() -> dict[str, list[Entry]]:
    """The numbers that a draw moves, by group."""
    groups = {group: [e for e in names.values() if e.is_number] for group, names in GROUPS.items()}
    return {group: entries for group, entries in sorted(groups.items()) if entries}


def trajectory(k: int) -> list[Corner]:
    """The corners of one trajectory: each follows from the one before by one group's crossing over."""
    groups = contested()
    high = {path: up for room in ROOMS for path, up in _start(room, k).items()}
    made = [Corner(k, 0, "", high)]
    for step, group in enumerate(sorted(groups, key=lambda name: draws.uniform(k, name)), 1):
        high = high | {entry.path: not high[entry.path] for entry in groups[group]}
        made.append(Corner(k, step, group, high))
    return made


def _start(room: str, k: int) -> dict[str, bool]:
    """Keyed ends of one room's numbers.

    Raises:
        ValueError: if the room refuses every attempt.
    """
    drawn = [entry for entry in REGISTRY.values() if entry.room == room and entry.is_number]
    for attempt in range(draws.ATTEMPTS):
        high = {entry.path: draws.uniform(k, entry.path, attempt) >= 0.5 for entry in drawn}
        if _allowed(room, drawn, high) and _allowed(room, drawn, {path: not up for path, up in high.items()}):
            return high
    raise ValueError(f"{room} has no two opposite corners that it allows, in {draws.ATTEMPTS} attempts")


def _allowed(room: str, drawn: Sequence[Entry], high: Mapping[str, bool]) -> bool:
    try:
        ROOMS[room](**{entry.field: draws.value(entry, float(high[entry.path])) for entry in drawn})
    except ValueError:
        return False
    return True


def config_at(base: Config, corner: Corner) -> Config:
    """A scenario with its numbers at a corner."""
    changed = base.resolved()
    for path, number in corner.numbers().items():
        group, _, name = path.rpartition(".")
        changed[group][name] = number
    return Config.check(changed)


# A life


class Life(NamedTuple):
    """What came of one scenario at one corner.

    Attributes:
        corner: where.
        scenario: which.
        refused: why no place can be founded there, else nothing.
        faults: what was not finite or not in its domain, with the first month of each; a crash too.
        paths: by stock, its level on the first morning and then the mean of each year.
        elsewhere: what the place was to begin with, and its numbers do not allow.
    """

    corner: Corner
    scenario: str
    refused: str
    faults: list[str]
    paths: dict[str, list[float]]
    elsewhere: tuple[str, ...] = ()


def live(corner: Corner, scenario: str, base: Config, crossing: str = "") -> Life:
    """Live a scenario at a corner; all corners of a trajectory have the same luck.

    Args:
        corner: where.
        scenario: its name.
        base: the scenario.
        crossing: a number that crosses to its other end on the first morning, by path; none of them, if not given.
    """
    lived: list[dict[Any, float]] = []
    levels: list[dict[str, float]] = []
    try:
        config = config_at(base, corner)
        state = found(config, run_seed(config.seed, corner.trajectory))
        elsewhere = tuple(missed(config))
        levels.append(levels_of(state))
        if crossing:
            config = config_at(base, corner._replace(high=corner.high | {crossing: not corner.high[crossing]}))
        for _ in range(config.months):
            lived.append(columns(live_a_month(state, config)))
            levels.append(levels_of(state))
    except FoundingError as fault:
        return Life(corner, scenario, str(fault), [], {})
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is told and the other corners are lived
        return Life(corner, scenario, "", [f"month {len(lived)}: {type(fault).__name__}: {fault}"], {})
    paths = {name: _by_year([month[name] for month in levels]) for name in levels[0]}
    return Life(corner, scenario, "", faults(lived), paths, elsewhere)


def live_all(corners: Iterable[Corner], scenarios: Mapping[str, Config], workers: int = 1) -> list[Life]:
    """Live each scenario at each corner, on several processes.

    Args:
        corners: where.
        scenarios: which, by name. They begin on one first morning, which is founded once a corner.
        workers: processes.

    Returns:
        The lives in the order of corners, then scenarios.
    """
    tasks = [(corner, dict(scenarios)) for corner in corners]
    if workers <= 1:
        return [life for task in tasks for life in _at(task)]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        return [life for lives in pool.map(_at, tasks) for life in lives]


def _at(task: tuple[Corner, dict[str, Config]]) -> list[Life]:
    corner, scenarios = task
    return [live(corner, name, base) for name, base in scenarios.items()]


def levels_of(state: State) -> dict[str, float]:
    """What is left over from month to month: the stocks in the books, pictures, trust and venues."""
    r, b = state.residents, state.neighbourhoods
    bonding = (state.ties.alter != EMPTY) & (state.ties.klass == BONDING)
    booked = stocks(state)
    return {called: booked[name] for name, called in IN_THE_BOOKS.items()} | {
        "bonding ties": float(np.count_nonzero(bonding)),
        "picture of need": float(b.picture_need.mean()),
        "picture of resources": float(b.picture_resources.mean()),
        "trust in the council": float(r.trust_council.mean()),
        "trust in charities": float(r.trust_charity.mean()),
        "venues": float(sum(int(which).bit_count() for which in b.venues_open)),
        "paid hours of charities": float(state.charities.paid_hours.sum()),
    }


def _by_year(months: Sequence[float]) -> list[float]:
    """The first morning, then the mean of each whole year."""
    years = len(months) // MONTHS_A_YEAR
    means = np.reshape(months[1 : 1 + years * MONTHS_A_YEAR], (-1, MONTHS_A_YEAR)).mean(axis=1)
    return [months[0], *means.tolist()]
