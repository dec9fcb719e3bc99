"""One implementation in a process of its own: imports, memory and threads are nobody else's.

    python living.py MODULE        then a request a line on its input, and an answer a line on its output, as JSON

Requests: ``{"found": [residents, seed]}`` founds a town, in place of any before; ``{"months": n, "watched": w}`` lives
n months, and answers the seconds of each, and, if it is watched, the shares after each.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer until nobody asks."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a package prints is no answer
    start = time.perf_counter()
    implementation = import_module(sys.argv[1])
    imported = time.perf_counter() - start
    town = None
    for line in sys.stdin:
        request = json.loads(line)
        if "found" in request:
            start = time.perf_counter()
            town = None  # the old town's memory first
            town = implementation.build(*request["found"])
            answer = {"import_s": imported, "found_s": time.perf_counter() - start}
        else:
            answer = live(town, request["months"], request["watched"])
        print(json.dumps(answer), file=answers, flush=True)


def live(town: Any, months: int, watched: bool) -> dict[str, Any]:
    """Live some months."""
    seconds, shares = [], []
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(months):
        start = time.perf_counter()
        town.month()
        seconds.append(time.perf_counter() - start)
        if watched:
            shares.append(town.shares())
    busy = (time.process_time() - cpu) / (time.perf_counter() - wall)
    return {"seconds": seconds, "shares": shares, "cores": busy, "peak_mb": peak_mb()}


def peak_mb() -> float | None:
    """The most memory that this process has had, where the system says so."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    return int(status.read_text(encoding="utf-8").split("VmHWM:")[1].split()[0]) / 1000.0


if __name__ == "__main__":
    main()
