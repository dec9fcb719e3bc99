"""What runs will cost, said before they begin: seconds, memory and room on the disk.

    seconds of a month = STEP + residents x rate(residents)
    a run   = its months, and those of its spin-up where its town is not kept from before
    a place = the months in which its constants are solved, where they are not kept; every process that needs them
              before one of them has them solves them for itself

Runs are given to processes in their order, and a process takes the next when it is free. The rates are those of the
benchmark (``experiments/benchmarks/results``), times the pace of this machine: how long the ensembles of this store
took, beside what the benchmark's rates said. The pace is kept in the store and renewed after each ensemble that was
long enough to tell. Runs that the store holds already cost nothing.
"""

from __future__ import annotations

import heapq
import json
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim import founding
from sim.composition import compose
from sim.config import Config
from sim.files import OutputError, write_text
from sim.founding import solving
from sim.pool import cores
from sim.run import RunSpec, simulate
from sim.store import Store

LIVED_NS, PASSED_NS = (1680.0, 2550.0), (1210.0, 1890.0)
"""Nanoseconds of a resident's month, at `SIZES` residents: with all written down, and without, as in a spin-up."""
SIZES = (20_000, 200_000)
STEP_SECONDS = 1.5e-3
START_SECONDS = 2.5
"""Until a process has imported everything."""
COMPILE_SECONDS = 75.0
"""Of one core, the first time after the model's source has changed."""
SHARED_BY = 6
"""Processes that can share it: the dearest room takes a sixth."""
PROCESS_BYTES, RESIDENT_BYTES, TOWN_BYTES = 275e6, 1_200.0, 1_000.0
RUN_BYTES, MONTH_BYTES, REPORT_BYTES = 60_000.0, 600.0, 1e6
RECORD_BYTES = {"residents": 112.0, "ties": 255.0}
"""On the disk, a resident, for both months that are recorded."""
RECORD_MEMORY = {"residents": 1_000.0, "ties": 8_000.0}
LEAST_SECONDS = 2.0
"""An ensemble shorter than this, its start left out, says little about the pace."""
PACE = "pace.json"
LEAST_PACE, MOST_PACE = 0.01, 100.0
MEASURED = ("place.residents=4000", "months=60")
"""The run by which the pace of a machine is measured where no ensemble has told it: half a second."""


@dataclass(frozen=True)
class Cost:
    """What some runs will cost.

    Attributes:
        runs: how many are to be lived; those in the store are left out.
        stored: how many are in the store.
        workers: processes side by side.
        seconds: from beginning to end.
        benchmark: the same at the benchmark's pace.
        memory: bytes of each process, at most.
        disk: bytes of the store and the results folder together.
        cache: bytes of founded towns that come to lie in the cache.
        measured: whether the pace comes from earlier runs of this store.
        compiles: whether the model has to be compiled first.
    """

    runs: int
    stored: int
    workers: int
    seconds: float
    benchmark: float
    memory: float
    disk: float
    cache: float
    measured: bool
    compiles: bool

    @property
    def basis(self) -> str:
        """What the seconds rest on."""
        return "by the pace of earlier runs here" if self.measured else "by the benchmark's pace"

    def __str__(self) -> str:
        if not self.runs:
            return f"Nothing to run: the store has all {self.stored}."
        side = f"{self.workers} core{'s' * (self.workers > 1)}"
        kept = f" and {size(self.cache)} in the cache" if self.cache else ""
        return (
            f"About {span(self.seconds)} on {side}, {size(self.memory)} of memory at most per worker, "
            f"{size(self.disk)} on disk{kept}; {self.basis}."
        )


def cost_of(
    specs: Sequence[RunSpec], *, workers: int | None = None, store: str | os.PathLike[str] | None = None
) -> Cost:
    """What runs will cost on this machine.

    Args:
        specs: the runs.
        workers: processes; None or 0 for one a core.
        store: the folder in which finished runs are kept; None for none.
    """
    shelf = None if store is None else Store(store)
    todo = [s for s in specs if shelf is None or not shelf.has(s.run_id, s.record)]
    side = max(1, min(workers or cores(), len(todo)))
    compiles = bool(todo) and not _compiled()
    kept = None if store is None else pace(store)
    starting = START_SECONDS + compiles * COMPILE_SECONDS / min(side, SHARED_BY)
    each = [_towns(spec) for spec in todo]
    new = _new_towns(each)
    seconds = _scheduled(todo, each, new, side) + (starting if todo else 0.0)
    return Cost(
        runs=len(todo), stored=len(specs) - len(todo), workers=side,
        seconds=seconds * (kept or 1.0), benchmark=seconds, memory=max(map(_memory, todo), default=0.0),
        disk=_disk(specs, todo), cache=sum(new.values()), measured=kept is not None, compiles=compiles,
    )  # fmt: skip


def pace(store: str | os.PathLike[str]) -> float | None:
    """How long this machine takes beside the benchmark; None where the store knows of no ensemble."""
    try:
        known = json.loads((Path(store) / PACE).read_text(encoding="utf-8"))["pace"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(known) if isinstance(known, int | float) and LEAST_PACE <= known <= MOST_PACE else None


def learn(store: str | os.PathLike[str], cost: Cost, seconds: float) -> None:
    """Keep in the store how long an ensemble took beside its cost, half of the weight being on what was known before.

    Compiling and starting say nothing about the next ensemble, so one that compiled, or was short, is passed over.
    """
    if cost.compiles or cost.benchmark - START_SECONDS < LEAST_SECONDS:
        return
    now = seconds / cost.benchmark
    if not LEAST_PACE <= now <= MOST_PACE:
        return
    known = {"pace": math.sqrt(now * (pace(store) or now)), "seconds": seconds, "benchmark_seconds": cost.benchmark}
    _keep(store, known)


def each_alone(specs: Sequence[RunSpec], places: Iterable[int], pace: float) -> list[float]:
    """What each of some runs is expected to take one core, by its place; 0 for the others.

    A run whose town is not kept is counted with its founding: jobs that begin together may each found it.
    """
    seconds, there = [0.0] * len(specs), dict[Path, bool]()
    for place in places:
        spec = specs[place]
        own = _months(spec.config.months, spec.config.place.residents, LIVED_NS)
        for _, town in _towns(spec):
            if town not in there:
                there[town] = town.exists()
            if not there[town]:
                own += _months(founding.SPIN_UP_MONTHS, spec.config.place.residents, PASSED_NS)
        seconds[place] = pace * own
    return seconds


def memory_of(specs: Sequence[RunSpec]) -> float:
    """Bytes that a process needs at most for any of these runs."""
    return max(map(_memory, specs), default=0.0)


def measure(store: str | os.PathLike[str]) -> float:
    """Live a small run on this machine, and keep in the store its pace beside the benchmark's.

    It is lived twice: the first time all is compiled, and the town founded, if they are not kept from before.
    """
    spec = RunSpec(compose(MEASURED), 0)
    for _ in range(2):
        began = time.perf_counter()
        simulate(spec)
        seconds = time.perf_counter() - began
    benchmark = _months(spec.config.months, spec.config.place.residents, LIVED_NS)
    found = min(max(seconds / benchmark, LEAST_PACE), MOST_PACE)
    _keep(store, {"pace": found, "seconds": seconds, "benchmark_seconds": benchmark})
    return found


def _keep(store: str | os.PathLike[str], known: Mapping[str, float]) -> None:
    try:
        write_text(Path(store) / PACE, json.dumps(known))
    except OutputError:  # it is a convenience, and the results are safe
        return


Towns = Sequence[tuple[Config, Path]]
"""The towns of a run, and where each is kept."""


def _scheduled(todo: Sequence[RunSpec], each: Sequence[Towns], new: Mapping[Path, float], workers: int) -> float:
    """Seconds until the last of the runs is done, each taken by whichever process is free first."""
    free = [0.0] * workers
    towns, solved = dict(new), dict[Path, float]()
    for spec, own in zip(todo, each, strict=True):
        begins = heapq.heappop(free)
        seconds = _months(spec.config.months, spec.config.place.residents, LIVED_NS)
        for config, town in own:
            if towns.pop(town, None) is None:
                continue
            constants = founding.constants_file(config)
            if begins < solved.get(constants, 0.0 if founding.are_solved(config) else math.inf):
                seconds += _months(solving.MONTHS, solving.RESIDENTS, PASSED_NS)
                solved[constants] = min(solved.get(constants, math.inf), begins + seconds)
            seconds += _months(founding.SPIN_UP_MONTHS, spec.config.place.residents, PASSED_NS)
        heapq.heappush(free, begins + seconds)
    return max(free)


def _months(months: int, residents: int, ns: tuple[float, float]) -> float:
    """Seconds of so many months; the rate grows with the logarithm of the residents, as a town outgrows the caches."""
    place = math.log(residents / SIZES[0]) / math.log(SIZES[1] / SIZES[0])
    rate = ns[0] + (ns[1] - ns[0]) * min(max(place, 0.0), 1.0)
    return months * (STEP_SECONDS + residents * rate * 1e-9)


def _towns(spec: RunSpec) -> Towns:
    """The town of a run, and before it the main model's beside which another account's is founded."""
    both = [config for config in (spec.config.main_model, spec.config) if config]
    return [(config, founding.town_file(config, spec.seed)) for config in both]


def _new_towns(each: Sequence[Towns]) -> dict[Path, float]:
    """The towns that are still to be founded, and their bytes; scenarios that differ in policy or world share them."""
    towns = {town: config.place.residents * TOWN_BYTES for own in each for config, town in own}
    return {path: size for path, size in towns.items() if not path.exists()}


def _memory(spec: RunSpec) -> float:
    each = RESIDENT_BYTES + sum(RECORD_MEMORY[name] for name in spec.record)
    return PROCESS_BYTES + max(spec.config.place.residents * each, solving.RESIDENTS * RESIDENT_BYTES)


def _disk(specs: Sequence[RunSpec], todo: Sequence[RunSpec]) -> float:
    """The store gets what is lived; the results folder all, and a sweep's has it twice, in whole and in parts."""
    scenarios = len({id(spec.config) for spec in specs})
    folders = 2 if scenarios > 1 else 1
    reports = scenarios + (scenarios > 1)
    return sum(map(_run, todo)) + folders * sum(map(_run, specs)) + reports * REPORT_BYTES


def _run(spec: RunSpec) -> float:
    recorded = sum(RECORD_BYTES[name] for name in spec.record)
    return RUN_BYTES + spec.config.months * MONTH_BYTES + spec.config.place.residents * recorded


def _compiled() -> bool:
    folder = Path(os.environ.get("NUMBA_CACHE_DIR", ""))
    return folder.is_dir() and any(folder.rglob("*.nbi"))


def size(number: float) -> str:
    """Bytes in words."""
    return f"{number / 1e9:.1f} GB" if number >= 95e6 else f"{max(1, round(number / 1e6))} MB"


def span(seconds: float) -> str:
    """A time in words, no finer than it is known."""
    if seconds < 100:
        return f"{max(1, round(seconds / 5) * 5 if seconds >= 10 else round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"
