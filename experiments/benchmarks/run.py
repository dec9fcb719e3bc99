"""How fast is it, and against what? Ratios in one run; machines are noisy, so seconds alone say little.

    python experiments/benchmarks/run.py                 # or: make bench, under 20 minutes
    python experiments/benchmarks/run.py --all           # or: make bench-all, which measures the rest
    python experiments/benchmarks/run.py month towns     # some parts

Parts, in order:

- ``month``: the whole month room by room at 2,000, 20,000 and 200,000 residents, beside each room's roof and, for the
  two dearest, the same room in C (`whole_month/`); and by the plain hands;
- ``common``: the common month (`common_month/`) by this engine, by careful C and by other tools, at 20,000 and 200,000;
- ``large``: both at 1,000,000 residents;
- ``towns``: founding, memory a resident, how cost grows with ties and with residents (`town.py`);
- ``limits``: what half the width, and rows in another order, would bring to the two dearest rooms
  (`whole_month/limits.py`);
- ``commands``: import, cold and warm start, replicates on two cores against one, a sweep's overhead (`command.py`).

All of it goes into ``results/<date>.json``, into which parts that are measured on the same day at the same commit come
together, and the table of the README is made from it (`table.py`). Nothing else should run on the machine: how busy it
was before stands in the file as ``load_before``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import command
import table
import town

from sim import schedule
from sim.chance import run_seed
from sim.composition import compose
from sim.ensemble import cores
from sim.founding import found
from sim.source import source_hash, versions

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SIZES, LARGE = (2_000, 20_000, 200_000), 1_000_000
PLAIN_RESIDENTS = 1_500
GROWTH_FROM = 20_000


def month(seen: dict[str, Any], sizes: Sequence[int] = SIZES) -> None:
    """The whole month, and the plain hands' beside it."""
    for residents in sizes:
        seen.setdefault("whole_month", {}).update(_rooms(residents))
    config = compose(["world=flat", f"place.residents={PLAIN_RESIDENTS}"])
    state = found(config, run_seed(1, 0))
    began = time.thread_time()
    schedule.act(state, config, plain=True)
    plain = 1e9 * (time.thread_time() - began) / PLAIN_RESIDENTS
    fast = min(one["acting_ns"] for one in seen["whole_month"].values())
    seen["plain"] = {"ns": plain, "over_fast": plain / fast}


def _rooms(residents: int) -> dict[str, Any]:
    return _told_by("rooms", residents)


def _told_by(script: str, *residents: int) -> dict[str, Any]:
    """What a script of `whole_month` finds, in a process of its own, so that no town is left from the one before."""
    words = [sys.executable, str(HERE / "whole_month" / f"{script}.py"), *map(str, residents)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        lines = list(process.stdout or ())
    if process.returncode:
        raise RuntimeError(f"whole_month/{script}.py could not measure {residents}")
    print("".join(lines[:-1]), flush=True)
    return dict(json.loads(lines[-1]))


def common(seen: dict[str, Any]) -> None:
    """The common month, checked and measured."""
    found = _common()
    found["speed"] = seen.get("common_month", {}).get("speed", {}) | found["speed"]
    seen["common_month"] = found


def _common(*words: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        script = str(HERE / "common_month" / "compare.py")
        subprocess.run([sys.executable, script, "--json", str(found), *words], check=True)  # noqa: S603
        return json.loads(found.read_text(encoding="utf-8"))


def large(seen: dict[str, Any]) -> None:
    """A million residents: the whole month, and the common month by those that can."""
    seen.setdefault("whole_month", {}).update(_rooms(LARGE))
    found = _common("--sizes", str(LARGE), "--rounds", "2", "--seeds", "0")
    seen.setdefault("common_month", {}).setdefault("speed", {}).update(found["speed"])


def towns(seen: dict[str, Any]) -> None:
    """What towns cost beside their months."""
    founding = {str(residents): town.founding_seconds(residents) for residents in (20_000, 200_000, LARGE)}
    seen["towns"] = {"founding": founding, "memory": town.memory(20_000, 200_000), "by_ties": town.by_ties(20_000)}
    print(json.dumps(seen["towns"], indent=2), flush=True)


def limits(seen: dict[str, Any]) -> None:
    """What less to move would bring."""
    seen["limits"] = _told_by("limits", *SIZES[1:])


def commands(seen: dict[str, Any]) -> None:
    """What commands cost beside their months."""
    seen["commands"] = command.measured()
    print(json.dumps(seen["commands"], indent=2), flush=True)


PARTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "month": month, "common": common, "large": large, "towns": towns, "limits": limits, "commands": commands,
}  # fmt: skip
QUICK = ("month", "common")
KEPT = ("whole_month", "plain", "common_month", "towns", "limits", "commands", "growth")


def about() -> dict[str, Any]:
    """Where and of what this is measured."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    git = subprocess.run(words, cwd=HERE, check=False, capture_output=True, text=True)  # noqa: S603
    return {
        "commit": git.stdout.strip() or "unknown", "source": source_hash(), "machine": platform.machine(),
        "processor": _processor(), "cores": cores(), "versions": versions(), "load_before": os.getloadavg()[0],
    }  # fmt: skip


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def growth(seen: dict[str, Any]) -> dict[str, float]:
    """The exponent of a month's cost with residents, from the whole months that are measured."""
    ns = {int(size): one["all_ns"] for size, one in seen.get("whole_month", {}).items() if int(size) >= GROWTH_FROM}
    return {"exponent": town.growth(ns), "to": max(ns)} if len(ns) > 1 else {}


def main() -> None:
    """Measure, print and write; then renew the table of the README."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}")
    words.add_argument("--all", action="store_true", help="every part")
    words.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="residents of part month")
    asked = words.parse_args()
    parts = PARTS | {"month": partial(month, sizes=asked.sizes)}
    for part in asked.parts:
        if part not in PARTS:
            words.error(f"there is no part {part!r}; there are {', '.join(PARTS)}")
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json"
    seen: dict[str, Any] = about()
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        if before.get("source") == seen["source"]:
            seen |= {part: before[part] for part in KEPT if part in before}
    for part in asked.parts or (PARTS if asked.all else QUICK):
        began = time.perf_counter()
        parts[part](seen)
        seen["growth"] = growth(seen)
        seen.setdefault("seconds", {})[part] = round(time.perf_counter() - began)
        RESULTS.mkdir(exist_ok=True)  # each part is kept as it is done
        path.write_text(json.dumps(seen, indent=2) + "\n", encoding="utf-8")
    print(table.made(seen))
    table.renew()
    print(f"written to {path}, and its table to the README")


if __name__ == "__main__":
    main()
