"""What would make a month much shorter? Less to move: tried on the two dearest rooms, in C.

    python experiments/benchmarks/whole_month/limits.py 20000 [200000 ...]

A room in C is nearly as fast as its kernel (`rooms.py`), so better code brings little. Here the same month of the same
town is lived by the same C, from the same morning each time, in four ways: columns as they are; columns of float32, so
that half as much moves; residents' rows in the order of their neighbourhoods, so that those who meet lie side by side;
and both. Neither is the product's: the state is float64, and rows stay where founding has put them.

And what a resident takes in memory, by table: all columns, those of float64 among them, and what they would come to at
half the width.

The quickest of some turns counts, in nanoseconds a resident; ways take turns, so that what else the machine does meets
all of them.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from in_c import TOWNS, library, town_of  # noqa: E402 - scripts lie side by side
from rooms import founded  # noqa: E402

from sim.chance import Dice  # noqa: E402
from sim.schedule import MONTH, act, live_a_month  # noqa: E402
from sim.state import EMPTY, SLOTS, State  # noqa: E402

TURNS = 12
SETTLING = 2
"""Months that are lived before."""
WAYS = ("as it is", "float32", "in order", "both")


def in_order(state: State) -> State:
    """A town whose residents' rows are in the order of their neighbourhoods. Their ties are with the same people."""
    order = np.argsort(state.residents.neighbourhood, kind="stable")
    place = np.empty(len(order) + 1, np.int32)
    place[order], place[EMPTY] = np.arange(len(order)), EMPTY
    new = state.fork()
    for column in new.residents:
        column[:] = column[order]
    for column in new.ties:
        column[:] = column.reshape(len(order), SLOTS)[order].reshape(column.shape)
    new.ties.alter[:] = place[new.ties.alter]
    return new


class Way:
    """A room's month in C, lived from the same morning as often as is wanted.

    Args:
        room: of `TOWNS`.
        state: as the room finds it.
        p: the room's numbers.
        dice: of the month.
        narrow: whether columns of floats are of float32.
    """

    def __init__(self, room: str, state: State, p: Any, dice: Dice, *, narrow: bool) -> None:
        self._code = library(room, *(["-DREAL=float"] if narrow else []))
        self._morning = {
            name: column
            for table in (state.residents, state.ties)
            for name, column in zip(table._fields, table, strict=True)
            if name in dict(TOWNS[room]._fields_)
        }
        if narrow:
            self._morning = {
                name: column.astype(np.float32) if column.dtype == np.float64 else column
                for name, column in self._morning.items()
            }
        self._columns = {name: column.copy() for name, column in self._morning.items()}
        self._town = town_of(room, state, p, dice)
        for name, column in self._columns.items():
            setattr(self._town, name, column.ctypes.data)

    def seconds(self) -> float:
        """Of the processor, for the month."""
        for name, column in self._columns.items():
            column[:] = self._morning[name]
        began = time.thread_time()
        self._code.live_a_month(ctypes.byref(self._town))
        return time.thread_time() - began


def measured(residents: int) -> dict[str, Any]:
    """Nanoseconds a resident of each room, in each way."""
    config, state = founded(residents)
    for _ in range(SETTLING):
        live_a_month(state, config)
    found: dict[str, Any] = {}
    for room in TOWNS:
        before = tuple(step for step in MONTH[: [step.name for step in MONTH].index(room)])
        noon = state.fork()
        act(noon, config, month=before)
        dice, p, ordered = Dice(state.seed, state.month), getattr(config, room), in_order(noon)
        ways = [
            Way(room, town, p, dice, narrow=narrow) for town in (noon, ordered) for narrow in (False, True)
        ]  # fmt: skip
        taken = [min(each) for each in zip(*([way.seconds() for way in ways] for _ in range(TURNS)), strict=True)]
        found[room] = {way: 1e9 * seconds / residents for way, seconds in zip(WAYS, taken, strict=True)}
    return found


def bytes_a_resident(state: State) -> dict[str, dict[str, float]]:
    """Of each table that grows with the town: all of its columns, and those of float64."""
    residents, found = len(state.residents.id), dict[str, dict[str, float]]()
    for table, _, column in state.columns():
        if column.nbytes >= residents:
            each = found.setdefault(table, {"all": 0.0, "float64": 0.0})
            each["all"] += column.nbytes / residents
            each["float64"] += column.nbytes / residents * (column.dtype == np.float64)
    return found


def main() -> None:
    """Measure the sizes that are asked for, and print them; last all of it as one line of JSON."""
    found: dict[str, Any] = {}
    for residents in map(int, sys.argv[1:] or ["20000"]):
        found[str(residents)] = measured(residents)
        held = found[str(residents)]["bytes"] = bytes_a_resident(founded(residents)[1])
        print(f"{residents:>9,} residents{''.join(f'{way:>12}' for way in WAYS)}   ns a resident, in C")
        for room in TOWNS:
            ways = found[str(residents)][room]
            print(f"{room:<19}{''.join(f'{ns:>12.1f}' for ns in ways.values())}", flush=True)
    total, floats = (sum(each[name] for each in held.values()) for name in ("all", "float64"))
    for table, each in held.items():
        print(f"{table:<19}{each['all']:>12.0f} bytes a resident, {each['float64']:.0f} of them in float64")
    print(f"{'all':<19}{total:>12.0f} bytes a resident; {total - floats / 2.0:.0f} if these were float32")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
