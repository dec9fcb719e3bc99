"""The common month in every implementation: do they live the same months, and how long does each take?

    python experiments/benchmarks/common_month/compare.py                      # 20,000 and 200,000 residents
    python experiments/benchmarks/common_month/compare.py --sizes 1000000 --rounds 2 --seeds 0
    python experiments/benchmarks/common_month/compare.py --only own_engine c_month --json ratios.json

Same months: means over months 13 to 24 of 20,000 residents, for several seeds; each quantity of each implementation
lies within three standard errors of the mean of the others (the standard error from all their seeds).

Speed: the quickest month, in nanoseconds a resident. All implementations are in turn, round after round, so that what
else the machine does hits all alike. Each has a process of its own, and may use one thread.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from peers import ROOT, PeerMissingError, python_of
from rules import EXPECTED, QUANTITIES

HERE = Path(__file__).parent


class Implementation(NamedTuple):
    """A module of this folder, what it is called, and whose environment it runs in."""

    title: str
    peer: str | None = None


IMPLEMENTATIONS = {
    "plain_mesa": Implementation("plain Mesa with networkx", "mesa"),
    "mesa_well": Implementation("Mesa done well", "mesa"),
    "mesa_frames_month": Implementation("mesa-frames (Polars)", "mesa-frames"),
    "starsim_month": Implementation("Starsim", "starsim"),
    "numpy_month": Implementation("NumPy"),
    "own_engine": Implementation("Takes Two's engine"),
    "c_month": Implementation("careful C (gcc -O3)"),
}
OWN, LIMIT = "own_engine", "c_month"
TARGETS = {"plain_mesa": 250.0, "starsim_month": 6.0, "mesa_frames_month": 15.0, "c_month": 0.6}
"""How many times as long as the own engine a month should take, at least, with 200,000 residents."""
TARGET_SIZE = 200_000

CHECKED_SIZE, FIRST_MONTH, LAST_MONTH = 20_000, 13, 24
STANDARD_ERRORS = 3.0
ROUNDING = 0.0005
"""Half of the last figure in which expected values are given."""
ROUND_SECONDS, MOST_MONTHS = 1.5, 60
"""What an implementation may take of a round, and live in it; a month at least."""

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS",
     "RAYON_NUM_THREADS"), "1",
)  # fmt: skip


class Running:
    """An implementation that lives in a process of its own."""

    def __init__(self, module: str) -> None:
        peer = IMPLEMENTATIONS[module].peer
        python = sys.executable if peer is None else str(python_of(peer))
        environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT)}
        self.complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it lasts as long as the process
        self.process = subprocess.Popen(  # noqa: S603 - our own scripts
            [python, str(HERE / "living.py"), module], env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.complaints, text=True,
        )  # fmt: skip

    def ask(self, **request: Any) -> dict[str, Any]:
        """Have it do something, and wait for the answer."""
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            self.process.communicate()
            self.complaints.seek(0)
            raise PeerMissingError(f"it stopped: {''.join(self.complaints.read().splitlines()[-1:])}") from None

    def end(self) -> None:
        """Let it go."""
        self.process.communicate()


def start(modules: list[str], residents: int, seed: int, left_out: dict[str, str]) -> dict[str, Running]:
    """Those of the implementations that can be had, each with a town; says why of the others."""
    running = {}
    for module in modules:
        if module in left_out:
            continue
        try:
            running[module] = Running(module)
            running[module].facts = running[module].ask(found=[residents, seed])
        except PeerMissingError as missing:
            left_out[module] = str(missing)
            running.pop(module, None)
    return running


def measure(modules: list[str], residents: int, rounds: int, left_out: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The quickest month of each, in nanoseconds a resident, and what else is seen on the way."""
    running = start(modules, residents, 1, left_out)
    first = {module: one.ask(months=1, watched=False)["seconds"][0] for module, one in running.items()}
    pace = {module: one.ask(months=1, watched=False)["seconds"][0] for module, one in running.items()}
    seen = {
        module: {"first_month_s": first[module], "months": 0, "seconds": [], **one.facts}
        for module, one in running.items()
    }  # fmt: skip
    for _ in range(rounds):
        for module, one in running.items():
            months = max(1, min(MOST_MONTHS, int(ROUND_SECONDS / pace[module])))
            answer = one.ask(months=months, watched=False)
            seen[module]["seconds"] += answer["seconds"]
            seen[module] |= {"cores": answer["cores"], "peak_mb": answer["peak_mb"]}
    for module, one in running.items():
        one.end()
        seconds = seen[module].pop("seconds")
        seen[module] |= {"months": len(seconds), "ns": 1e9 * min(seconds) / residents}
    for one in seen.values():
        for other in (OWN, LIMIT):
            if other in seen:
                one[f"over_{other}"] = one["ns"] / seen[other]["ns"]
    return seen


def trajectories(modules: list[str], seeds: int, left_out: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    """The mean of each quantity over the checked months, seed by seed."""
    running = start(modules, CHECKED_SIZE, 0, left_out)
    means: dict[str, dict[str, list[float]]] = {module: {name: [] for name in QUANTITIES} for module in running}
    for module, one in running.items():
        for seed in range(seeds):
            one.ask(found=[CHECKED_SIZE, seed])
            one.ask(months=FIRST_MONTH - 1, watched=False)
            shares = one.ask(months=LAST_MONTH - FIRST_MONTH + 1, watched=True)["shares"]
            for name in QUANTITIES:
                means[module][name].append(statistics.fmean(month[name] for month in shares))
        one.end()
    return means


def agreement(means: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, Any]]:
    """How far each implementation is from the others, and all from what is expected, in standard errors.

    The standard error is of one implementation's mean over its seeds, from the spread of all about their own means.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in QUANTITIES:
        values = {module: by_name[name] for module, by_name in means.items()}
        seeds = len(next(iter(values.values())))
        spread = statistics.fmean(statistics.variance(of_one) for of_one in values.values())
        error = math.sqrt(spread / seeds)
        mean = {module: statistics.fmean(of_one) for module, of_one in values.items()}
        apart = {}
        for module, own in mean.items():
            others = [value for other, value in mean.items() if other != module]
            away = abs(own - statistics.fmean(others)) if others else 0.0
            allowed = error * math.sqrt(1.0 + 1.0 / max(1, len(others)))
            apart[module] = away / allowed if allowed > 0.0 else (0.0 if away < 1e-9 else math.inf)
        off = abs(statistics.fmean(mean.values()) - EXPECTED[name])
        found[name] = {
            "mean": mean, "standard_error": error, "apart": apart,
            "agree": max(apart.values()) <= STANDARD_ERRORS,
            "as_expected": off <= STANDARD_ERRORS * error + ROUNDING,
        }  # fmt: skip
    return found


def speed_table(residents: int, seen: dict[str, dict[str, Any]]) -> str:
    """One size, as plain text."""
    lines = [f"{f'{residents:,} residents':<28}ns a resident   x own     x C  months  cores  import s  peak MB"]
    for module, one in seen.items():
        own, limit = (f"{one[key]:.2f}" if key in one else "-" for key in (f"over_{OWN}", f"over_{LIMIT}"))
        peak = "-" if one["peak_mb"] is None else f"{one['peak_mb']:,.0f}"
        lines.append(
            f"{IMPLEMENTATIONS[module].title:<28}{one['ns']:>13,.1f}{own:>8}{limit:>8}{one['months']:>8}"
            f"{one['cores']:>7.2f}{one['import_s']:>10.2f}{peak:>9}"
        )
    return "\n".join(lines)


def targets(seen: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the own engine should be ahead of, and by how much."""
    return {
        module: {"at_least": least, "is": seen[module][f"over_{OWN}"], "met": seen[module][f"over_{OWN}"] >= least}
        for module, least in TARGETS.items()
        if module in seen and OWN in seen
    }


def agreement_table(found: dict[str, dict[str, Any]], seeds: int) -> str:
    """Means and verdicts, as plain text."""
    names = list(found)
    title = f"months {FIRST_MONTH} to {LAST_MONTH}, {seeds} seeds"
    lines = [f"{title:<28}" + "".join(f"{name:>14}" for name in names)]
    for module in found[names[0]]["mean"]:
        means = "".join(f"{found[name]['mean'][module]:>14.5f}" for name in names)
        lines.append(f"{IMPLEMENTATIONS[module].title:<28}{means}")
    rows = {
        "standard error": lambda name: f"{found[name]['standard_error']:.5f}",
        "farthest, standard errors": lambda name: f"{max(found[name]['apart'].values()):.1f}",
        "agree": lambda name: "yes" if found[name]["agree"] else "NO",
        "expected": lambda name: f"{EXPECTED[name]}",
        "as expected": lambda name: "yes" if found[name]["as_expected"] else "NO",
    }
    lines += [f"{title:<28}" + "".join(f"{say(name):>14}" for name in names) for title, say in rows.items()]
    return "\n".join(lines)


def compare(modules: list[str], sizes: list[int], rounds: int, seeds: int) -> dict[str, Any]:
    """Check and measure; prints tables on the way.

    Args:
        modules: keys of `IMPLEMENTATIONS`.
        sizes: residents; several sizes one after another.
        rounds: how often each implementation has its turn.
        seeds: for the check of the trajectories; none leaves it out.
    """
    left_out: dict[str, str] = {}
    found: dict[str, Any] = {"left_out": left_out, "speed": {}, "targets": {}}
    if seeds:
        means = trajectories(modules, seeds, left_out)
        found["trajectories"] = agreement(means)
        print(agreement_table(found["trajectories"], seeds), end="\n\n", flush=True)
    for residents in sizes:
        seen = measure(modules, residents, rounds, left_out)
        found["speed"][str(residents)] = seen
        print(speed_table(residents, seen), end="\n\n", flush=True)
        if residents == TARGET_SIZE:
            found["targets"] = targets(seen)
            for module, one in found["targets"].items():
                verdict = "met" if one["met"] else "MISSED"
                title = IMPLEMENTATIONS[module].title
                print(f"own engine against {title}: {one['is']:.2f} times, at least {one['at_least']} asked: {verdict}")
    for module, why in left_out.items():
        print(f"left out: {IMPLEMENTATIONS[module].title}. {why}")
    return found


def main() -> None:
    """Read the command line."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--sizes", type=int, nargs="*", default=[20_000, 200_000], help="residents")
    words.add_argument("--rounds", type=int, default=4, help="turns that each implementation has")
    words.add_argument("--seeds", type=int, default=6, help="of the check of trajectories; 0 leaves it out")
    words.add_argument("--only", nargs="*", choices=IMPLEMENTATIONS, default=list(IMPLEMENTATIONS))
    words.add_argument("--json", type=Path, help="a file to write all of it to")
    asked = words.parse_args()
    found = compare(asked.only, asked.sizes, asked.rounds, asked.seeds)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
