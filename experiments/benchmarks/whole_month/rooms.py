"""The whole month of the product: every room, beside its roof and, for the two dearest, beside the same room in C.

    python experiments/benchmarks/whole_month/rooms.py 20000 [200000 ...]

A founded town lives months by the fast hands, and each room's quickest month counts. The roof is what moving the
columns that the room names takes, each once where it is read and twice where it is written, by the memory of this
machine (`sim.analysis.pace`). For `ties` and `helping` two copies of the town live side by side, one by the kernel and
one by C (`in_c`), in turn within each month; they must stay the same to the bit, or nothing is told. Seconds are the
processor's, so that what else the machine does counts as little as may be.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from in_c import TOWNS, MissingError, Room, by_c, by_kernel, library  # noqa: E402 - scripts lie side by side

from sim.analysis.pace import AFTERWARDS, bytes_a_second, roofs, timed  # noqa: E402
from sim.chance import run_seed  # noqa: E402
from sim.composition import compose  # noqa: E402
from sim.founding import found  # noqa: E402
from sim.model import CommunityModel  # noqa: E402
from sim.observables import remember  # noqa: E402
from sim.schedule import MONTH, act, live_a_month  # noqa: E402
from sim.state import EMPTY, State  # noqa: E402

RESIDENT_MONTHS = 1_200_000
"""Lived for a measurement: the larger the town, the fewer the months."""
FEWEST, MOST = 4, 120
"""Months."""
FARTHEST = 3.0
"""How many times its own C a room may take."""


def founded(residents: int) -> tuple[Any, State]:
    """A town after its spin-up: who holds a role, has time and is tied to whom, and where it lies, is as in any run."""
    config = compose(["world=flat", f"place.residents={residents}"])
    return config, found(config, run_seed(1, 0))


def months_for(residents: int) -> int:
    """How many months are lived for a measurement."""
    return max(FEWEST, min(MOST, RESIDENT_MONTHS // residents))


def whole_month(residents: int) -> dict[str, Any]:
    """Nanoseconds a resident-month: of each room, of all, of ``model.step()``, and of the two rooms in C.

    Args:
        residents: of a town like England on average.
    """
    config, state = founded(residents)
    months, ns = months_for(residents), 1e9 / residents
    live_a_month(state.fork(), config)  # compiled, and in the caches
    taken = timed(state, config, months)
    roof = {name: seconds * ns for name, seconds in roofs(state).items()}
    rooms = {
        name: {"ns": ns * min(seconds), "median_ns": ns * statistics.median(seconds)} | (
            {"roof_ns": roof[name], "times_roof": ns * min(seconds) / roof[name]} if name in roof else {}
        )
        for name, seconds in taken.items()
    }  # fmt: skip
    held = 2.0 * float((state.ties.alter != EMPTY).sum()) / residents
    del state  # others of its size follow
    return {
        "residents": residents, "months": months, "ties_a_resident": held, "rooms": rooms,
        "acting_ns": sum(room["ns"] for name, room in rooms.items() if name not in AFTERWARDS),
        "all_ns": sum(room["ns"] for room in rooms.values()),
        "roof_ns": sum(roof.values()), "memory_gb_a_second": bytes_a_second() / 1e9,
        "step_ns": ns * quickest_step(residents), "in_c": beside_c(residents),
    }  # fmt: skip


def quickest_step(residents: int) -> float:
    """Seconds of the quickest ``model.step()``: the month, all that is written down, and Mesa's collector."""
    months = min(months_for(residents), 24)
    model = CommunityModel(compose(["world=flat", f"place.residents={residents}", f"months={months}"]), run_seed(1, 0))
    seconds = []
    while model.running:
        began = time.thread_time()
        model.step()
        seconds.append(time.thread_time() - began)
    return min(seconds)


def beside_c(residents: int) -> dict[str, Any]:
    """The two dearest rooms by the kernel and by C: nanoseconds a resident, and how many times its own C a room takes.

    Raises:
        RuntimeError: if the two leave other bits.
    """
    try:
        for name in TOWNS:
            library(name)
    except MissingError as missing:
        return {"left_out": str(missing)}
    config, town = founded(residents)
    seconds: dict[str, dict[str, list[float]]] = {name: {"kernel": [], "c": []} for name in TOWNS}
    towns = {"kernel": (town, by_kernel), "c": (town.fork(), by_c)}
    months = {
        hand: tuple(
            step._replace(room=Room(step.name, by, _watch(seconds[step.name][hand]))) if step.name in TOWNS else step
            for step in MONTH
        )
        for hand, (_, by) in towns.items()
    }
    for turn in range(months_for(residents)):
        for hand in ("kernel", "c") if turn % 2 else ("c", "kernel"):
            state = towns[hand][0]
            act(state, config, month=months[hand])
            remember(state)
            state.month += 1
        if apart := differing(*(state for state, _ in towns.values())):
            raise RuntimeError(f"kernel and C differ in month {turn}: {', '.join(apart)}")
    ns = 1e9 / residents
    found = {name: {hand: ns * min(each) for hand, each in hands.items()} for name, hands in seconds.items()}
    return {
        name: {"kernel_ns": hands["kernel"], "c_ns": hands["c"], "times_c": hands["kernel"] / hands["c"],
               "paired": statistics.median(a / b for a, b in zip(*seconds[name].values(), strict=True)),
               "at_most": FARTHEST, "met": hands["kernel"] <= FARTHEST * hands["c"]}
        for name, hands in found.items()
    }  # fmt: skip


def differing(one: State, other: State) -> list[str]:
    """The columns in which two states differ by a bit."""
    pairs = zip(one.columns(), other.columns(), strict=True)
    found = [f"{table}.{name}" for (table, name, a), (_, _, b) in pairs if a.tobytes() != b.tobytes()]
    return found + ["ledger"] * (one.ledger.tobytes() != other.ledger.tobytes())


def _watch(taken: list[float]) -> Callable[[Callable[[], None]], None]:
    def watched(work: Callable[[], None]) -> None:
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)

    return watched


def table(found: dict[str, Any]) -> str:
    """One size, as plain text."""
    lines = [f"{found['residents']:>9,} residents     ns   median     roof  x roof   in C   x C"]
    for name, room in found["rooms"].items():
        roof = f"{room['roof_ns']:>9.1f}{room['times_roof']:>8.1f}" if "roof_ns" in room else f"{'':17}"
        in_c = found["in_c"].get(name)
        beside = f"{in_c['c_ns']:>7.1f}{in_c['times_c']:>6.2f}" if isinstance(in_c, dict) else ""
        lines.append(f"{name:<18}{room['ns']:>8.1f}{room['median_ns']:>9.1f}{roof}{beside}")
    lines.append(f"{'all':<18}{found['all_ns']:>8.1f}{'':9}{found['roof_ns']:>9.1f}")
    lines.append(f"{'model.step()':<18}{found['step_ns']:>8.1f}")
    return "\n".join(lines)


def main() -> None:
    """Measure the sizes that are asked for, print tables, and last all of it as one line of JSON."""
    found = {}
    for residents in map(int, sys.argv[1:] or ["20000"]):
        found[str(residents)] = whole_month(residents)
        print(table(found[str(residents)]), end="\n\n", flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
