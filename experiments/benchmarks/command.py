"""From typing a command to its numbers: import, cold and warm start, two cores against one, a sweep's overhead."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

TAKESTWO = str(Path(sys.executable).with_name("takestwo"))
ROOT = Path(__file__).resolve().parents[2]
SPREAD = ("place.residents=20000", "world=flat")
"""The scenario whose replicates are spread over cores."""
MONTHS, SIDE_BY_SIDE = 204, 8
SWEPT = ("place.residents=1500", "world=flat")


class Sweep(NamedTuple):
    """Scenarios of so many months, by so many seeds: none is founded anew for them.

    All are lived, and then those of the first seed alone: what a command takes before its first run, and for one
    table, falls out. They are more than 12, for up to there each scenario has a report with figures of its own. All is
    done in rounds, and their means are taken: between two rounds the clock of a machine may swing by a tenth.
    """

    months: range
    seeds: tuple[int, ...]
    replicates: int
    rounds: int


SWEEPS = {
    "157 to 202 months": Sweep(range(157, 205, 3), (1, 2, 3), 1, 2),
    "30 to 43 months, thirty a scenario": Sweep(range(30, 44), (1, 2), 30, 1),
    "12 to 59 months": Sweep(range(12, 60), (1, 2, 3), 1, 3),
}
"""By what runs they are of."""


def _environment(cache: str | None = None) -> dict[str, str]:
    """As a user's shell has it: `NUMBA_CACHE_DIR` is set by this process's own import."""
    found = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    found |= {"TAKESTWO_CACHE": cache} if cache else {}
    found.pop("NUMBA_CACHE_DIR", None)
    return found


def import_seconds() -> float:
    """Seconds to import the package."""
    call = "import time; t = time.perf_counter(); import sim; print(time.perf_counter() - t)"
    done = (
        subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True, env=_environment())  # noqa: S603
        for _ in range(7)
    )
    return min(float(one.stdout) for one in done)


def seconds_to_first_numbers(cache: str | None) -> float:
    """From typing ``takestwo run`` to the first line with numbers, with the given cache of kernels and towns.

    Raises:
        RuntimeError: if no numbers come.
    """
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with subprocess.Popen(  # noqa: S603
            [TAKESTWO, "run", "replicates=2"], cwd=folder, env=_environment(cache), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            said = []
            for line in process.stdout or ():
                said.append(line)
                if line.startswith("First numbers"):
                    taken = time.perf_counter() - began
                    process.communicate()
                    return taken
    raise RuntimeError(f"takestwo run printed no first numbers: {''.join(said[-3:])}")


def starts() -> dict[str, float]:
    """Seconds from typing ``takestwo run`` to first numbers, with everything in the cache and with an empty one."""
    seconds_to_first_numbers(None)
    with tempfile.TemporaryDirectory() as empty:
        return {
            "first_numbers_warm_s": min(seconds_to_first_numbers(None) for _ in range(3)),
            "first_numbers_cold_s": seconds_to_first_numbers(empty),
        }


def replicates_side_by_side() -> dict[str, float]:
    """The same replicates by one process and by two, and how many times as fast two are.

    ``times`` is of the whole; ``times_once_started`` leaves out what a run of one month takes, which is the start.
    """
    from sim.composition import compose
    from sim.ensemble import run_ensemble

    def seconds(months: int, workers: int) -> float:
        config = compose([*SPREAD, f"months={months}"])
        began = time.perf_counter()
        run_ensemble(config, replicates=SIDE_BY_SIDE, workers=workers)
        return time.perf_counter() - began

    seconds(1, 2)
    lived = {workers: seconds(MONTHS, workers) for workers in (1, 2)}
    start = {workers: seconds(1, workers) for workers in (1, 2)}
    return {
        "one_core_s": lived[1], "two_cores_s": lived[2], "start_on_two_s": start[2], "times": lived[1] / lived[2],
        "times_once_started": (lived[1] - start[1]) / (lived[2] - start[2]),
    }  # fmt: skip


def sweep_overhead(sweep: Sweep) -> dict[str, float]:
    """A sweep by the command on one core, beside its runs alone.

    The processor's seconds within `simulate` are set beside all others of the command, which checks, stores and tells
    runs, and writes its results folder, with a folder a scenario. As both are of one process, run by run, a change of
    the machine's pace meets both; a plain loop over the same runs is measured too, to see that they take no longer in
    the command. All find their towns in the cache. No folder is deleted before the end: a file system may take three
    times as long to make files just after others were deleted.
    """
    from sim.composition import compose
    from sim.ensemble import simulate, specs_of

    def specs_by(seed: int, months: int) -> list[Any]:
        words = (f"replicates={sweep.replicates}", f"seed={seed}", f"months={months}")
        return specs_of(compose([*SWEPT, *words]))

    for seed in sweep.seeds:
        for spec in specs_by(seed, 1):  # compiled, and their towns founded
            simulate(spec)
    specs = [spec for seed in sweep.seeds[1:] for months in sweep.months for spec in specs_by(seed, months)]
    loop = within = beside = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(sweep.rounds):
            began = time.process_time()
            for spec in specs:
                simulate(spec)
            loop += time.process_time() - began
            many, few = _alone(sweep, folder)
            within, beside = within + many.within - few.within, beside + many.beside - few.beside
    each = 1e3 / (sweep.rounds * len(specs))
    return {
        "runs": sweep.rounds * len(specs), "ms_a_run": each * within, "ms_a_run_in_sweep": each * (within + beside),
        "times": 1.0 + beside / within, "ms_a_run_in_loop": each * loop,
    }  # fmt: skip


class Taken(NamedTuple):
    """Seconds of a command that it lives runs, and those of all else."""

    within: float
    beside: float


def _alone(sweep: Sweep, folder: str) -> tuple[Taken, Taken]:
    """What all scenarios of a sweep take, and the first of them, in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_all_and_first, sweep, folder).result()


def _all_and_first(sweep: Sweep, folder: str) -> tuple[Taken, Taken]:
    """The same, after a command of other scenarios: the first of a process takes half a second more or less.

    All come before the first of them, so that what may still be known helps these alone.
    """
    _sweep(sweep._replace(months=range(60, 74), seeds=(1,), replicates=1), folder)
    return _sweep(sweep, folder), _sweep(sweep._replace(seeds=sweep.seeds[:1]), folder)


def _sweep(sweep: Sweep, folder: str) -> Taken:
    """What a command takes for all scenarios of a sweep."""
    from sim.cli import main
    from sim.pool import alone

    lived, within = alone.simulate, 0.0

    def timed(spec: Any, tick: Callable[[int], None], first_year: Any) -> Any:
        nonlocal within

        def told(month: int) -> None:
            nonlocal within
            began = time.process_time()
            tick(month)
            within -= time.process_time() - began

        began = time.process_time()
        tables = lived(spec, told, first_year)
        within += time.process_time() - began
        return tables

    own = tempfile.mkdtemp(dir=folder)
    command = [
        "run", "-m", *SWEPT, f"replicates={sweep.replicates}", f"seed={','.join(map(str, sweep.seeds))}",
        f"months={','.join(map(str, sweep.months))}", "workers=1", f"store={own}/store",
        f"hydra.sweep.dir={own}/results",
    ]  # fmt: skip
    began = time.process_time()
    alone.simulate = timed
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
            code = main(command)
    finally:
        alone.simulate = lived
    if code:
        raise RuntimeError(said.getvalue())
    return Taken(within, time.process_time() - began - within)


def measured() -> dict[str, Any]:
    """All of it."""
    return {
        "import_s": import_seconds(), **starts(), "replicates": replicates_side_by_side(),
        "sweep": {runs: sweep_overhead(sweep) for runs, sweep in SWEEPS.items()},
    }  # fmt: skip
