"""How long each room of the month takes, beside the least that moving its columns would take.

    roof = bytes of the columns that a room names / bytes a second that this machine's memory gives to one core

A column counts once where it is read and twice where it is written, however often that is done: so the roof is the
time of a room that had nothing to work out. Which columns a room names is read from its code.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
import time
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from sim import observables
from sim.schedule import MONTH, act
from sim.state import TABLES, State

AFTERWARDS = ("observe", "remember")
"""What is done once the rooms of a month are through."""
PLAIN = "reference"
"""Modules of a room whose name has this are its plain hand, and are not timed."""
STREAMED = 1 << 27
"""Bytes that are copied to learn how fast memory is: more than any cache holds."""
SLICE = 1 << 24
"""Bytes that are copied at a stretch: so short that other work on the machine seldom comes between."""
TRIES = 3


def timed(state: State, config: Any, months: int) -> dict[str, list[float]]:
    """Seconds that each room takes, month by month, in the order of the month; then observing and remembering.

    Args:
        state: lived on in place.
        config: has the numbers of each room.
        months: how many.
    """
    taken: dict[str, list[float]] = {name: [] for name in (*(step.name for step in MONTH), *AFTERWARDS)}
    month = tuple(step._replace(room=_TimedRoom(step.room, taken[step.name])) for step in MONTH)
    for _ in range(months):
        act(state, config, month=month)
        with _stopwatch(taken["observe"]):
            observables.observe(state, config)
        with _stopwatch(taken["remember"]):
            observables.remember(state)
        state.month += 1
    return taken


def roofs(state: State) -> dict[str, float]:
    """Seconds below which no room can be, by its name: moving what it names, and nothing else."""
    speed = bytes_a_second()
    rooms = {step.name: step.room for step in MONTH}
    return {name: moved(room, state) / speed for name, room in rooms.items()} | {
        "observe": moved(observables, state) / speed
    }


def moved(room: ModuleType, state: State) -> int:
    """Bytes of the columns that a room names, once if it reads them and twice if it writes them."""
    return sum(
        getattr(getattr(state, table), column).nbytes * (2 if written else 1)
        for (table, column), written in named(room).items()
    )


@cache
def named(room: ModuleType) -> dict[tuple[str, str], bool]:
    """The columns that a room's fast hand names, as (table, column), and whether it writes them there and then."""
    found: dict[tuple[str, str], bool] = {}
    for module in _modules(room):
        tree = ast.parse(inspect.getsource(module))
        written = {id(node.value) for node in ast.walk(tree)
                   if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)}  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and (column := _column(node)):
                found[column] = found.get(column, False) or id(node) in written
    return found


@cache
def bytes_a_second() -> float:
    """What one core moves, read and written: the quickest slice of copies of more than any cache holds."""
    source = np.ones((STREAMED // SLICE, SLICE // 8))
    copied, taken = np.zeros_like(source), list[float]()
    for _ in range(TRIES):
        for there, here in zip(copied, source, strict=True):
            with _stopwatch(taken):
                np.copyto(there, here)
    return 2.0 * SLICE / min(taken)


def _modules(room: ModuleType) -> Iterator[ModuleType]:
    yield room
    for entry in pkgutil.iter_modules(getattr(room, "__path__", ())):
        if PLAIN not in entry.name:
            yield import_module(f"{room.__name__}.{entry.name}")


def _column(node: ast.Attribute) -> tuple[str, str] | None:
    """``ties.hours`` or ``state.ties.hours`` as (table, column); nothing for any other name."""
    holder = node.value
    table = holder.id if isinstance(holder, ast.Name) else holder.attr if isinstance(holder, ast.Attribute) else ""
    return (table, node.attr) if table in TABLES and node.attr in TABLES[table]._fields else None


class _TimedRoom:
    """A room as a step of the month, with a stopwatch on it."""

    def __init__(self, room: ModuleType, taken: list[float]) -> None:
        self.__name__, self._advance, self._taken = room.__name__, room.advance, taken

    def advance(self, *arguments: Any) -> None:
        """Have the room act."""
        with _stopwatch(self._taken):
            self._advance(*arguments)


class _stopwatch:
    """Adds the seconds of its block to a list: those that the processor gave it, whatever else it had to do."""

    def __init__(self, taken: list[float]) -> None:
        self._taken = taken

    def __enter__(self) -> None:
        self._start = time.thread_time()

    def __exit__(self, *_: object) -> None:
        self._taken.append(time.thread_time() - self._start)
