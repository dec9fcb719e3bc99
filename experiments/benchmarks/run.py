"""How fast is a month, and against what? Ratios in one run; machines are noisy, so seconds alone say little.

    python experiments/benchmarks/run.py            # or: make bench

Measured, each as the least of several tries:

- a month of the fast hands at 20,000 and 200,000 residents, room by room, in ms and in ns a resident;
- the same month by the plain hands at 1,500 residents, and the ratio of the two, a resident;
- growth of peak memory from 20,000 to 200,000 residents, in bytes a resident, each in a process of its own;
- ``import sim``, and ``takestwo run`` from typing to first numbers, with a warm and with an empty cache.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import observables, schedule
from sim.chance import Dice, run_seed
from sim.composition import compose
from sim.founding import solved_for
from sim.founding.first_morning import first_morning

if TYPE_CHECKING:
    from sim.state import State

RESULTS = Path(__file__).parent / "results"
TRIES = 7


def settled_town(residents: int) -> tuple[Any, State]:
    """A town on its first morning, three months on: as costly as any other month."""
    config = compose(["world=flat", f"place.residents={residents}"])
    state = first_morning(config, run_seed(1, 0), solved_for(config), month=-200)
    for _ in range(3):
        schedule.live_a_month(state, config)
    return config, state


def rooms_ms(residents: int) -> dict[str, float]:
    """Milliseconds of each step of the month."""
    config, state = settled_town(residents)
    least: dict[str, float] = {}
    for _ in range(TRIES):
        dice = Dice(state.seed, state.month)
        state.ledger[:] = 0.0
        acts = {step.name: (step.room.advance, (state, getattr(config, step.name), dice)) for step in schedule.MONTH}
        acts["observe"] = (observables.observe, (state, config))
        acts["remember"] = (observables.remember, (state,))
        for name, (act, arguments) in acts.items():
            start = time.perf_counter()
            act(*arguments)
            least[name] = min(least.get(name, 1e9), 1000.0 * (time.perf_counter() - start))
        state.month += 1
    return least


def plain_ms(residents: int) -> float:
    """Milliseconds of a month by the plain hands, without writing it down."""
    config, state = settled_town(residents)
    start = time.perf_counter()
    schedule.act(state, config, plain=True)
    return 1000.0 * (time.perf_counter() - start)


def peak_bytes(residents: int) -> int:
    """Peak memory of a process that lives three months."""
    call = f"import runpy; runpy.run_path({__file__!r})['report_peak']({residents})"
    return int(subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True).stdout)  # noqa: S603


def report_peak(residents: int) -> None:
    """Print the peak memory of this process after three months; its usage record would count its parent too."""
    settled_town(residents)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print(1024 * int(status.split("VmHWM:")[1].split()[0]))


def seconds_to_first_numbers(cache: str | None) -> float:
    """From typing ``takestwo run`` to the first line with numbers, with the given cache of kernels and towns."""
    environment = os.environ | ({"TAKESTWO_CACHE": cache} if cache else {}) | {"PYTHONUNBUFFERED": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)  # set by this process's own import
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [str(Path(sys.executable).with_name("takestwo")), "run", "replicates=2"]
        with subprocess.Popen(  # noqa: S603
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            for line in process.stdout or ():
                if line.startswith("First numbers"):
                    taken = time.perf_counter() - start
                    process.communicate()
                    return taken
    raise RuntimeError("takestwo run printed no first numbers")


def import_seconds() -> float:
    """Seconds to import the package."""
    call = "import time; t = time.perf_counter(); import sim; print(time.perf_counter() - t)"
    return min(
        float(subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True).stdout)  # noqa: S603
        for _ in range(TRIES)
    )


def main() -> None:
    """Measure, print and write."""
    found: dict[str, Any] = {"machine": platform.processor() or platform.machine(), "python": platform.python_version()}
    for residents in (20_000, 200_000):
        rooms = rooms_ms(residents)
        acting = sum(ms for name, ms in rooms.items() if name not in {"observe", "remember"})
        found[f"month_{residents}"] = {
            "ms": {name: round(ms, 3) for name, ms in rooms.items()}, "rooms_ms": acting, "all_ms": sum(rooms.values()),
            "rooms_ns_a_resident": 1e6 * acting / residents,
        }  # fmt: skip
    plain = 1e6 * plain_ms(1_500) / 1_500
    found["plain_ns_a_resident"] = plain
    found["plain_over_fast"] = plain / found["month_20000"]["rooms_ns_a_resident"]
    found["bytes_a_resident"] = (peak_bytes(200_000) - peak_bytes(20_000)) / 180_000
    found["import_s"] = import_seconds()
    found["first_numbers_warm_s"] = min(seconds_to_first_numbers(None) for _ in range(2))
    with tempfile.TemporaryDirectory() as empty:
        found["first_numbers_cold_s"] = seconds_to_first_numbers(empty)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json"
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    print(f"written to {path}")


if __name__ == "__main__":
    main()
