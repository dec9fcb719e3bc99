"""How fast is a month, and against what? Ratios in one run; machines are noisy, so seconds alone say little.

    python experiments/benchmarks/run.py            # or: make bench

Measured, each as the least of several tries (a month's rooms by the median too):

- a month of the fast hands at 20,000 and 200,000 residents, founded, room by room, in ms and in ns a resident;
- the same month by the plain hands at 1,500 residents, and the ratio of the two, a resident;
- growth of peak memory from 20,000 to 200,000 residents, in bytes a resident, each in a process of its own;
- ``import sim``, and ``takestwo run`` from typing to first numbers, with a warm and with an empty cache;
- the common month (`common_month/`) by this engine, by careful C and by other tools, at 20,000 and 200,000 residents.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import schedule
from sim.analysis.pace import AFTERWARDS, timed
from sim.chance import run_seed
from sim.composition import compose
from sim.founding import found, solved_for
from sim.founding.first_morning import first_morning

if TYPE_CHECKING:
    from sim.state import State

HERE = Path(__file__).parent
RESULTS = HERE / "results"
RESIDENT_MONTHS = 1_200_000
"""Lived for a measurement: the larger the town, the fewer the months."""
SECOND_PARTY = ("reorganisation", "coproduction", "survival")
"""Rooms beside the ten about people, their money and the services that they meet, which have a limit of their own."""


def young_town(residents: int) -> tuple[Any, State]:
    """A town three months after it was made up: enough to see what memory it takes."""
    config = compose(["world=flat", f"place.residents={residents}"])
    state = first_morning(config, run_seed(1, 0), solved_for(config), month=-200)
    for _ in range(3):
        schedule.live_a_month(state, config)
    return config, state


def founded_town(residents: int) -> tuple[Any, State]:
    """A town after its spin-up: who holds a role, has time and is tied to whom, and where it lies, is as in any run."""
    config = compose(["world=flat", f"place.residents={residents}"])
    return config, found(config, run_seed(1, 0))


def rooms_ms(residents: int) -> dict[str, list[float]]:
    """Milliseconds of each step, month by month."""
    config, state = founded_town(residents)
    taken = timed(state, config, RESIDENT_MONTHS // residents)
    return {name: [1000.0 * seconds for seconds in months] for name, months in taken.items()}


def plain_ms(residents: int) -> float:
    """Milliseconds of a month by the plain hands, without writing it down."""
    config, state = founded_town(residents)
    start = time.perf_counter()
    schedule.act(state, config, plain=True)
    return 1000.0 * (time.perf_counter() - start)


def peak_bytes(residents: int) -> int:
    """Peak memory of a process that lives three months."""
    call = f"import runpy; runpy.run_path({__file__!r})['report_peak']({residents})"
    return int(subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True).stdout)  # noqa: S603


def report_peak(residents: int) -> None:
    """Print the peak memory of this process after three months; its usage record would count its parent too."""
    young_town(residents)
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
        for _ in range(7)
    )


def common_month() -> Any:
    """What `common_month/compare.py` finds, which prints its tables."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        subprocess.run([sys.executable, str(HERE / "common_month" / "compare.py"), "--json", str(found)], check=True)  # noqa: S603
        return json.loads(found.read_text(encoding="utf-8"))


def main() -> None:
    """Measure, print and write."""
    seen: dict[str, Any] = {"machine": platform.processor() or platform.machine(), "python": platform.python_version()}
    for residents in (20_000, 200_000):
        months = rooms_ms(residents)
        rooms = {name: min(ms) for name, ms in months.items()}
        acting = sum(rooms[name] for name in rooms if name not in AFTERWARDS)
        seen[f"month_{residents}"] = {
            "ms": {name: round(ms, 3) for name, ms in rooms.items()}, "rooms_ms": acting, "all_ms": sum(rooms.values()),
            "rooms_ns_a_resident": 1e6 * acting / residents,
            "spine_ms": sum(rooms[name] for name in rooms if name not in {*AFTERWARDS, *SECOND_PARTY}),
            "median_ms": {name: round(statistics.median(ms), 3) for name, ms in months.items()},
        }  # fmt: skip
    plain = 1e6 * plain_ms(1_500) / 1_500
    seen["plain_ns_a_resident"] = plain
    seen["plain_over_fast"] = plain / seen["month_20000"]["rooms_ns_a_resident"]
    seen["bytes_a_resident"] = (peak_bytes(200_000) - peak_bytes(20_000)) / 180_000
    seen["import_s"] = import_seconds()
    seen["first_numbers_warm_s"] = min(seconds_to_first_numbers(None) for _ in range(2))
    with tempfile.TemporaryDirectory() as empty:
        seen["first_numbers_cold_s"] = seconds_to_first_numbers(empty)
    print(json.dumps(seen, indent=2))
    seen["common_month"] = common_month()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json"
    path.write_text(json.dumps(seen, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
