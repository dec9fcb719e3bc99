"""What changed between two commits? Both live the same months in turn, pair by pair.

    python experiments/benchmarks/between.py HEAD~1 HEAD          # or: make bench-compare A=HEAD~1 B=HEAD
    python experiments/benchmarks/between.py HEAD . --residents 200000 --pairs 20

A commit is whatever git knows by a name; ``.`` is this folder as it stands. Each is put into a temporary folder of its
own, with a cache of its own, and founds its town there; then the two take turns, month for month, and the order within
a pair changes from pair to pair. So what else the machine does, and how warm it is, hits both alike.

Told are B's seconds beside A's, room by room and in all: the mean of the logs of the pairs, with its 95% interval, by
Student's t. A room whose interval holds 1 is not told apart. Whether the two leave the same columns after the last
month, to the bit, is told last. ``import sim`` is timed the same way.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

ROOT = Path(__file__).resolve().parents[2]
HERE_AS_IT_STANDS = "."
SURE = 0.95
IMPORTS = 10
LIVING = """
import hashlib, json, sys
from sim.analysis.pace import timed
from sim.chance import run_seed
from sim.composition import compose
from sim.founding import found
from sim.schedule import live_a_month
config = compose(json.loads(sys.argv[1]))
state = found(config, run_seed(1, 0))
live_a_month(state.fork(), config)
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    if line.strip() == "digest":
        digest = hashlib.sha256()
        for table, name, column in state.columns():
            digest.update(f"{table}.{name}".encode() + column.tobytes())
        print(json.dumps(digest.hexdigest()), flush=True)
    else:
        print(json.dumps({name: seconds[0] for name, seconds in timed(state, config, 1).items()}), flush=True)
"""
"""What each commit runs: of the product it asks only for what has long been there."""


class BetweenError(Exception):
    """Two commits that cannot be compared, told in one message."""


class Change(NamedTuple):
    """B beside A: how many times as long, with an interval."""

    times: float
    low: float
    high: float

    @property
    def told(self) -> str:
        """In a word."""
        return "no difference seen" if self.low <= 1.0 <= self.high else "quicker" if self.high < 1.0 else "slower"


def change(a: list[float], b: list[float]) -> Change:
    """How many times as long b takes as a, from pairs.

    Args:
        a: seconds, a pair each; two at least.
        b: likewise, in the same order.
    """
    logs = np.log(b) - np.log(a)
    error = float(student.ppf(0.5 + SURE / 2.0, len(logs) - 1)) * float(logs.std(ddof=1)) / np.sqrt(len(logs))
    middle = float(logs.mean())
    return Change(float(np.exp(middle)), float(np.exp(middle - error)), float(np.exp(middle + error)))


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603, S607
    if done.returncode:
        raise BetweenError(f"git {' '.join(words)}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()


def laid_out(commit: str, folder: Path) -> str:
    """Put a commit into a folder; what it is called.

    Raises:
        BetweenError: if there is no such commit.
    """
    if commit == HERE_AS_IT_STANDS:
        for name in _git("ls-files", "--cached", "--others", "--exclude-standard").splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        return "this folder as it stands"
    try:
        digits = _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    except (BetweenError, IndexError):
        raise BetweenError(f"{commit!r} is no commit here. Name one as git does (HEAD~1, a branch, its digits), or . "
                           "for this folder as it stands.") from None  # fmt: skip
    _git("clone", "--quiet", "--no-checkout", "--shared", str(ROOT), str(folder))
    subprocess.run(["git", "checkout", "--quiet", digits], cwd=folder, check=True)  # noqa: S603, S607
    return f"{commit} ({digits[:12]})"


class Side:
    """One of the two commits, living in a process of its own."""

    def __init__(self, commit: str, within: Path) -> None:
        self.folder = within / "clone"
        self.folder.mkdir(parents=True)
        self.name = laid_out(commit, self.folder)
        self.environment = os.environ | {
            "PYTHONPATH": str(self.folder), "TAKESTWO_CACHE": str(within / "cache"), "NUMBA_NUM_THREADS": "1",
        }  # fmt: skip
        self.environment.pop("NUMBA_CACHE_DIR", None)

    def begin(self, overrides: list[str]) -> None:
        """Found the town, and compile what that takes."""
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", LIVING, json.dumps(overrides)], cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._answer()

    def ask(self, what: str = "month") -> Any:
        """A month's seconds by room, or the digest of the columns."""
        assert self.process.stdin  # noqa: S101
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout  # noqa: S101
        line = self.process.stdout.readline()
        if not line:
            _, said = self.process.communicate()
            raise BetweenError(f"{self.name} cannot be measured: {(said.strip().splitlines() or ['it stopped'])[-1]}")
        return json.loads(line)

    def import_seconds(self) -> float:
        """Seconds until the package is imported, Python's own start left out."""
        call = "import time; t = time.perf_counter(); import sim; print(time.perf_counter() - t)"
        command = [sys.executable, "-c", call]
        done = subprocess.run(  # noqa: S603
            command, cwd=self.folder, env=self.environment, check=True, capture_output=True, text=True
        )
        return float(done.stdout)

    def end(self) -> None:
        """Let it go."""
        if hasattr(self, "process"):
            self.process.kill()
            self.process.communicate()


def measure(a: str, b: str, overrides: list[str], pairs: int) -> tuple[tuple[str, str], dict[str, Change], bool]:
    """What the two are called, B beside A by room, and whether they left the same columns.

    Args:
        a: a commit, or "." for this folder as it stands.
        b: likewise.
        overrides: what is run, as on the command line.
        pairs: months that each lives.
    """
    with ExitStack() as stack:
        within = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="takestwo-between-")))
        sides = [Side(commit, within / name) for commit, name in ((a, "a"), (b, "b"))]
        for side in sides:
            stack.callback(side.end)
            print(f"{side.name}: compiling, founding...", flush=True)
            side.begin(overrides)
        taken: list[list[dict[str, float]]] = [[], []]
        imports: list[list[float]] = [[], []]
        for pair in range(pairs):
            for which in (0, 1) if pair % 2 else (1, 0):
                taken[which].append(sides[which].ask())
        for pair in range(IMPORTS):
            for which in (0, 1) if pair % 2 else (1, 0):
                imports[which].append(sides[which].import_seconds())
        same = sides[0].ask("digest") == sides[1].ask("digest")
        both = [name for name in taken[0][0] if name in taken[1][0]]
        changes = {name: change(*([month[name] for month in side] for side in taken)) for name in both}
        changes["the whole month"] = change(*([sum(month.values()) for month in side] for side in taken))
        changes["import sim"] = change(*imports)
        return (sides[0].name, sides[1].name), changes, same


def written(names: tuple[str, str], changes: dict[str, Change], pairs: int, same: bool) -> str:
    """All of it as plain text."""
    lines = [f"A: {names[0]}", f"B: {names[1]}", f"B beside A over {pairs} pairs of months, times, with 95% intervals:"]
    lines += [f"  {name:<18}{one.times:>7.3f}   {one.low:.3f} to {one.high:.3f}   {one.told}"
              for name, one in changes.items()]  # fmt: skip
    lines.append("After the last month both have the same columns to the bit." if same else
                 "After the last month their columns differ: results changed, or what is held in them.")  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    """Read the command line, measure and tell."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("a", help="a commit")
    words.add_argument("b", help="another, or . for this folder as it stands")
    words.add_argument("--residents", type=int, default=20_000, help="1,500 to 1,000,000")
    words.add_argument("--pairs", type=int, default=40, help="months that each lives, at least 3")
    asked = words.parse_args()
    if asked.pairs < 3:
        words.error(f"--pairs is {asked.pairs}: at least 3 are needed for an interval")
    if not 1_500 <= asked.residents <= 1_000_000:
        words.error(f"--residents is {asked.residents}, outside what is allowed: 1,500 to 1,000,000")
    overrides = ["world=flat", f"place.residents={asked.residents}"]
    try:
        names, changes, same = measure(asked.a, asked.b, overrides, asked.pairs)
    except BetweenError as fault:
        print(fault, file=sys.stderr)
        return 2
    print(written(names, changes, asked.pairs, same))
    return 0


if __name__ == "__main__":
    sys.exit(main())
