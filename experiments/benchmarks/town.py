"""What a town costs beside its months: founding and memory, and how a month's cost grows with residents and with ties.

The growth is told as an exponent e, cost ~ size^e: 1 is in proportion.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from sim import founding, schedule
from sim.analysis.pace import timed
from sim.chance import run_seed
from sim.composition import compose
from sim.founding.first_morning import first_morning
from sim.processes.ties.kernel import _end
from sim.state import EMPTY, SLOTS, WEAK, State

FIRST_SEED = 1
PEAK = 'import runpy; runpy.run_path({file!r})["report_peak"]({residents}, {lived})'
TIMED_MONTHS = 12
THINNED, THICKENED = (1.0 / 3.0, 2.0 / 3.0), 1.5
"""Of the ties that a town has, how many it is left with or given."""


def _config(residents: int) -> Any:
    return compose(["world=flat", f"place.residents={residents}"])


def founding_seconds(residents: int) -> dict[str, float]:
    """Seconds to found a town: the first morning, a month of its spin-up, and the town taken from the cache.

    A town that is not in the cache is founded for it, and then ``spin_up_s`` is what that took.
    """
    config, seed, seen = _config(residents), run_seed(FIRST_SEED, 0), dict[str, float]()
    solved = founding.solved_for(config)
    began = time.perf_counter()
    state = first_morning(config, seed, solved, month=-3)
    seen["first_morning_s"] = time.perf_counter() - began
    schedule.pass_a_month(state, config)
    began = time.perf_counter()
    schedule.pass_a_month(state, config)
    seen["month_of_spin_up_s"] = time.perf_counter() - began
    del state
    if not founding.town_file(config, seed).exists():
        began = time.perf_counter()
        founding.found(config, seed)
        seen["spin_up_s"] = time.perf_counter() - began
    began = time.perf_counter()
    founding.found(config, seed)
    seen["from_cache_s"] = time.perf_counter() - began
    seen["bytes_in_cache_a_resident"] = founding.town_file(config, seed).stat().st_size / residents
    return seen


def memory(small: int, large: int) -> dict[str, float]:
    """Peak memory by process: what the larger town takes more than the smaller, in bytes a resident; and the imports.

    ``state_bytes`` are the columns of a state alone.
    """
    _peak(small, lived=True)  # whoever comes first may have to compile
    peaks = {residents: _peak(residents, lived=True) for residents in (small, large)}
    state = _first_morning(large)
    columns = sum(column.nbytes for _, _, column in state.columns())
    return {
        "bytes_a_resident": (peaks[large] - peaks[small]) / (large - small),
        "state_bytes_a_resident": columns / large, "imports_mb": _peak(small, lived=False) / 1e6,
        **{f"peak_{residents}_mb": peak / 1e6 for residents, peak in peaks.items()},
    }  # fmt: skip


def _first_morning(residents: int) -> State:
    config = _config(residents)
    return first_morning(config, run_seed(FIRST_SEED, 0), founding.solved_for(config), month=-200)


def _peak(residents: int, *, lived: bool) -> int:
    call = PEAK.format(file=__file__, residents=residents, lived=lived)
    done = subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True, env=os.environ)  # noqa: S603
    return int(done.stdout)


def report_peak(residents: int, lived: bool) -> None:
    """Print the peak memory of this process, in bytes, after three months; its usage record would count its parent."""
    config = _config(residents)
    if lived:
        state = _first_morning(residents)
        for _ in range(3):
            schedule.live_a_month(state, config)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print(1024 * int(status.split("VmHWM:")[1].split()[0]))


def growth(ns_by_size: dict[int, float]) -> float:
    """The exponent of the cost of a month: of the straight line through the logs of sizes and of seconds.

    Args:
        ns_by_size: nanoseconds a resident, by residents; two sizes at least.
    """
    sizes = np.log(list(ns_by_size))
    seconds = np.log([size * ns for size, ns in ns_by_size.items()])
    return float(np.polyfit(sizes, seconds, 1)[0])


def by_ties(residents: int) -> dict[str, Any]:
    """A month of towns that differ in how many ties their residents have, and how its cost grows with them.

    From a founded town ties are taken away by lot, or given by lot within neighbourhoods; the quickest months count.
    """
    config = _config(residents)
    founded = founding.found(config, run_seed(FIRST_SEED, 0))
    schedule.live_a_month(founded.fork(), config)
    towns = {}
    for share in (*THINNED, 1.0, THICKENED):
        town = founded.fork()
        if share < 1.0:
            thin(town, share)
        elif share > 1.0:
            thicken(town, share)
        towns[2.0 * float((town.ties.alter != EMPTY).sum()) / residents] = town
    months: dict[float, list[float]] = {ties: [] for ties in towns}
    for _ in range(TIMED_MONTHS):  # in turn, so that what else the machine does hits all alike
        for ties, town in towns.items():
            months[ties].append(sum(seconds for (seconds,) in timed(town, config, 1).values()))
    seen = {ties: 1e9 * min(seconds) / residents for ties, seconds in months.items()}
    return {"ns": {f"{ties:.1f}": ns for ties, ns in seen.items()}, "exponent": growth_with_ties(seen)}


def growth_with_ties(ns_by_ties: dict[float, float]) -> float:
    """The exponent of a month's cost with ties a resident."""
    return float(np.polyfit(np.log(list(ns_by_ties)), np.log(list(ns_by_ties.values())), 1)[0])


def thin(town: State, share: float) -> None:
    """End ties by lot until this share of them is left."""
    held = np.flatnonzero(town.ties.alter != EMPTY)
    lots = np.random.default_rng(FIRST_SEED).permutation(held)
    for slot in lots[round(share * len(held)) :]:
        _end.py_func(slot, town.ties)


def thicken(town: State, share: float) -> None:
    """Tie people of one neighbourhood by lot, weakly, until there are so many times as many ties."""
    ties, lives = town.ties, town.residents.neighbourhood
    luck, people = np.random.default_rng(FIRST_SEED), len(lives)
    rows = np.argsort(lives, kind="stable")
    start = np.searchsorted(lives[rows], np.arange(len(town.neighbourhoods.x) + 1))
    held = np.flatnonzero(ties.alter != EMPTY)
    known = set(_pairs(held // SLOTS, ties.alter[held], people).tolist())
    wanted = round((share - 1.0) * len(held))
    for slot in luck.permutation(np.flatnonzero(ties.alter == EMPTY)):
        owner = int(slot) // SLOTS
        first, end = start[lives[owner]], start[lives[owner] + 1]
        other = int(rows[luck.integers(first, end)])
        pair = int(_pairs(np.array([owner]), np.array([other]), people)[0])
        if other != owner and pair not in known and wanted > 0:
            known.add(pair)
            ties.alter[slot], ties.strength[slot], ties.klass[slot], ties.born[slot] = other, 0.1, WEAK, town.month - 1
            wanted -= 1


def _pairs(one: Any, other: Any, people: int) -> Any:
    return np.minimum(one, other).astype(np.int64) * people + np.maximum(one, other)


def linear(exponent: float, at_most: float = 1.1) -> bool:
    """Whether a cost is in proportion, as far as is asked."""
    return math.isfinite(exponent) and exponent < at_most
