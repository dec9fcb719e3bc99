"""The twin harness: the fast hand and the plain hand, from the same town, must leave the same bits."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from sim.chance import Dice
from sim.community import Community
from sim.compiling import PART
from sim.state import State
from tests.towns import HABITS, town

Hand = Callable[[Any, Any, Dice], None]


def differences(one: State, other: State) -> list[str]:
    """Columns in which two states differ by a bit, with the first row and its two values."""
    found = []
    for (table, name, a), (_, _, b) in zip(one.columns(), other.columns(), strict=True):
        if a.tobytes() != b.tobytes():
            row = tuple(int(x[0]) for x in np.nonzero(a != b)) if a.shape == b.shape else ...
            found.append(f"{table}.{name} at {row}: {a[row]} / {b[row]}")
    if one.ledger.tobytes() != other.ledger.tobytes():
        rows = np.nonzero(one.ledger != other.ledger)[0]
        found.append(f"ledger at {rows.tolist()}: {one.ledger[rows]} / {other.ledger[rows]}")
    return found


def by_fast_hand(room: ModuleType, state: State, p: Any, *, hand: Hand | None = None) -> State:
    """The town after the room's fast hand (or another that takes its place)."""
    after = state.fork()
    (hand or room.advance)(after, p, Dice(after.seed, after.month))
    return after


def by_plain_hand(room: ModuleType, state: State, p: Any) -> State:
    """The town after the room's plain hand."""
    community = Community(state.fork())
    room.advance_reference(community, p, Dice(state.seed, state.month))
    return community.write_back()


def assert_twins(room: ModuleType, state: State, p: Any | None = None) -> None:
    """Both hands of a room agree to the bit on this town."""
    p = p if p is not None else room.Parameters()
    found = differences(by_fast_hand(room, state, p), by_plain_hand(room, state, p))
    assert not found, "\n".join(found)


def is_part(made: Any) -> bool:
    """Whether it is a compiled function that only kernels can call."""
    return isinstance(made, Dispatcher) and bool(made.targetoptions.get("no_cpython_wrapper"))


def for_python(made: Any) -> Any:
    """A part of a kernel as a function that plain Python can call; whatever else, as it is."""
    return _entry_to(made) if is_part(made) else made


@cache
def _entry_to(part: Dispatcher) -> Dispatcher:
    @numba.njit
    def call(*values):
        return part(*values)

    return call


def plant(kernels: ModuleType, right: str, wrong: str, *, compiled: bool = False) -> dict[str, Callable[..., Any]]:
    """The kernels of a module with one fault put in, as plain Python functions or compiled."""
    source = inspect.getsource(kernels)
    compiled_parts = {
        node.name: str(ast.get_source_segment(source, node))
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and any("njit" in ast.unparse(d) for d in node.decorator_list)
    }
    found = sum(part.count(right) for part in compiled_parts.values())
    assert found == 1, f"the fault must have one place to go, and {right!r} stands {found} times in {kernels.__name__}"
    # A name of its own: numba finds machine code by the module's name, the function's and a number that another process
    # may have given to the sound one in the cache.
    space = dict(vars(kernels)) | {"njit": numba.njit, "KERNEL": {"no_cfunc_wrapper": True}, "PART": PART}
    space["__name__"] = f"planted.{kernels.__name__}"
    if not compiled:
        space = {name: for_python(made) for name, made in space.items()}
    kind = {name: "PART" if is_part(getattr(kernels, name)) else "KERNEL" for name in compiled_parts}
    decorators = {name: f"@njit(**{kind[name]})\n" if compiled else "" for name in compiled_parts}
    exec("\n\n".join(decorators[name] + part.replace(right, wrong) for name, part in compiled_parts.items()), space)
    return {name: space[name] for name in compiled_parts}


@cache
def _town_and_what_becomes_of_it(
    made: Callable[..., State], room: ModuleType, habit: str, seed: int, p: Any
) -> tuple[State, State]:
    """A town as it is made, and the same after the plain hand, which no fault of the fast one changes."""
    state = made(residents=60, habit=habit, seed=seed)
    return state, by_plain_hand(room, state, p)


def assert_fault_is_caught(
    room: ModuleType, kernels: ModuleType, entry: str, right: str, wrong: str, *, p: Any | None = None,
    compiled: bool = False, seeds: int = 4,
) -> None:
    """With the fault in the kernel, the twins differ on some town; without it, the same towns agree.

    Args:
        room: the room, whose namespace holds the kernel's entry function under the name ``entry``.
        kernels: the module where the kernels are written (the room itself, or its ``kernel``).
        entry: the name of the kernel that `advance` calls.
        right: a piece of the kernel's source that stands there once.
        wrong: what the fault makes of it.
        p: the room's parameters.
        compiled: compile the faulty kernel too.
        seeds: towns of each habit to look at; more for a fault that shows in few.
    """
    p = p if p is not None else room.Parameters()
    faulty = plant(kernels, right, wrong, compiled=compiled)[entry]
    for habit in HABITS:
        for seed in range(seeds):
            state, plain = _town_and_what_becomes_of_it(town, room, habit, seed, p)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(room, entry, faulty)
                after = by_fast_hand(room, state, p)
            if differences(after, plain):
                assert_twins(room, state, p)
                return
    raise AssertionError(f"nobody noticed {wrong!r} in place of {right!r}")
