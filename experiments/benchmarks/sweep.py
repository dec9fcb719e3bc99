"""What a sweep costs beside a plain loop over the same runs, in one run.

    python experiments/benchmarks/sweep.py [short=1200] [long=40] [replicates=20] [workers=2]

Twice: with short runs, of some 20 ms of one core, where every file and message counts, and with long ones, of most of a
second. The points differ in the dose of a policy. Measured in seconds of CPU, those of worker processes among them, for
on a busy machine the clock says little:

- loop: ``for spec in specs: simulate(spec)``, which keeps nothing;
- sweep: ``store_all``, which keeps every run and puts runs into packs, as ``takestwo run -m`` does: progress is told,
  with the tables of each run. In this process, and over worker processes; what these take to start is told apart.

Loops and sweeps are measured turn by turn, half of the runs at a time, so that a change of the machine's pace meets
both.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.forkserver import _forkserver
from pathlib import Path
from tempfile import TemporaryDirectory

from sim import compose
from sim.ensemble import specs_of
from sim.pool import Progress, store_all
from sim.run import RunSpec, simulate
from sim.source import source_hash

TURNS = 2
PLACE = ("place.residents=1500", "policy=ready_meals", "policy.ready_meals.start=0")


def points(runs: int, replicates: int, months: int) -> list[RunSpec]:
    """So many runs, point by point."""
    count = max(1, runs // replicates)
    configs = [
        compose([*PLACE, f"policy.ready_meals.dose={1 + 0.01 * n:.2f}", f"months={months}", f"replicates={replicates}"])
        for n in range(count)
    ]
    return [spec for config in configs for spec in specs_of(config)]


def cpu() -> float:
    """Seconds of CPU of this process and of its children that have ended; workers are children of the fork server."""
    own = sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    server = getattr(_forkserver, "_forkserver_pid", None)
    if server is None:
        return own
    ticks = Path(f"/proc/{server}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:15]
    return own + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def timed(done: Callable[[], object]) -> tuple[float, float]:
    """Seconds of CPU, and by the clock."""
    used, began = cpu(), time.perf_counter()
    done()
    return cpu() - used, time.perf_counter() - began


def swept(specs: Sequence[RunSpec], workers: int) -> tuple[float, float]:
    """What a sweep takes, into a store of its own."""
    heard: list[Progress] = []
    with TemporaryDirectory() as folder:
        took = timed(lambda: store_all(specs, folder, workers=workers, progress=heard.append))
    if heard[-1].done != len(specs):
        raise RuntimeError(f"{len(specs) - heard[-1].done} runs failed")
    return took


def measure(name: str, specs: Sequence[RunSpec], workers: int) -> None:
    """Measure and print."""
    for spec in specs[: specs[0].config.replicates]:  # compiled, and the towns founded
        simulate(spec)
    start = min(swept(specs[:workers], workers) for _ in range(2))
    took: dict[str, list[tuple[float, float]]] = {"loop": [], "sweep, 1 process": [], f"sweep, {workers} processes": []}
    loop, alone, side = took.values()
    for turn in range(TURNS):
        part = specs[turn::TURNS]
        loop.append(timed(lambda part=part: [simulate(spec) for spec in part]))  # type: ignore[misc]
        alone.append(swept(part, 1))
        side.append(swept(part, workers))
    each = {way: [sum(both) for both in zip(*parts, strict=True)] for way, parts in took.items()}
    plain = each["loop"][0]
    print(f"\n{name}: {len(specs):,} runs of {specs[0].config.months} months, {1e3 * plain / len(specs):.0f} ms of CPU "
          f"each; {workers} processes take {start[0]:.1f} s of CPU to start", flush=True)  # fmt: skip
    for way, (used, clock) in each.items():
        started = "" if way != f"sweep, {workers} processes" else (
            f"; less their start {(used - TURNS * start[0]) / plain:.2f}")  # fmt: skip
        print(f"  {way:<20} {used:7.1f} s of CPU, {clock:7.1f} s by the clock; beside the loop {used / plain:.2f}"
              f"{started}", flush=True)  # fmt: skip


def main(short: int = 1200, long: int = 40, replicates: int = 20, workers: int = 2) -> None:
    """Both."""
    print(f"source {source_hash()}")
    measure("short", points(short, replicates, 5), workers)
    measure("long", points(long, replicates, 204), workers)


if __name__ == "__main__":
    main(**{name: int(value) for name, value in (word.split("=") for word in sys.argv[1:])})
