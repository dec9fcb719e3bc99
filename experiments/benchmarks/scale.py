"""Whether a sweep of many points stays small: the parent's memory over time, and how long each part of it takes.

    python experiments/benchmarks/scale.py [points=10000] [workers=0]

Points of the smallest place, two replicates each, over two months, differ by the dose of a policy and by how long it is
paid: so they share two towns, and nearly all of the time is the sweep's own. The command is run as anybody would run
it, in a process of its own, into a passing folder, and once more, when all is stored. Printed is what it had in memory
as it went on, and by how many bytes it grew with each run that was lived, and with each scenario whose results were
written, from the first tenth of them to the last; the store is then checked whole.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sim.store import Store, check

LENGTHS = 20
"""Of the policy, in months; 1 to 500 pounds of dose for each make 10,000 points."""
REPLICATES = 2
MEGA = 1e6


class Look(NamedTuple):
    """What was seen at one time.

    Attributes:
        seconds: since the beginning.
        done: runs that are in the store.
        folders: scenarios whose results are written.
        memory: bytes of the parent.
    """

    seconds: float
    done: int
    folders: int
    memory: float

    def __str__(self) -> str:
        return (f"{self.seconds:7.0f} s  {self.done:7,} runs  {self.folders:7,} folders  "
                f"{self.memory / MEGA:6.0f} MB")  # fmt: skip


def command(points: int, workers: int, store: Path, out: Path) -> list[str]:
    """The command line of the sweep."""
    lengths = min(LENGTHS, points)
    policy = ["policy=nurture_early", "policy.nurture_early.start=0",
              f"policy.nurture_early.dose=range(1,{points // lengths + 1})",
              f"policy.nurture_early.months=range(1,{lengths + 1})"]  # fmt: skip
    return [sys.executable, "-m", "sim.cli", "run", "-m", *policy, "place.residents=1500", "months=2",
            f"replicates={REPLICATES}", f"workers={workers}", f"store={store}", f"hydra.sweep.dir={out}"]  # fmt: skip


def memory_of(process: int) -> float:
    """Bytes that a process holds."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return 1024.0 * int(status.partition("VmRSS:")[2].split()[0]) if "VmRSS:" in status else 0.0


def watched(words: list[str], store: Path, out: Path, lines: int, every: float = 1.0) -> list[Look]:
    """Run a command to its end, and look at it now and then.

    Args:
        words: the command.
        store: its store.
        out: its results folder.
        lines: after how many runs or folders more a look is printed.
        every: seconds between looks.

    Raises:
        RuntimeError: if it fails.
    """
    began, looks, shelf, told_of = time.perf_counter(), list[Look](), Store(store), -1
    with (out.parent / "told").open("w+") as told:
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=told)  # noqa: S603
        while process.poll() is None:
            try:
                memory = memory_of(process.pid)
            except OSError:  # it has just ended
                break
            done = len(set(shelf.names()) | set(shelf.packed()))
            folders = sum(1 for _ in out.iterdir()) if out.is_dir() else 0
            looks.append(Look(time.perf_counter() - began, done, folders, memory))
            if (done + folders) // lines > told_of:
                told_of = (done + folders) // lines
                print(looks[-1], flush=True)
            time.sleep(every)
        if process.wait():
            told.seek(0)
            raise RuntimeError(f"the sweep ended with {process.returncode}: {told.read()[-2000:]}")
    return looks


def growth(seen: list[tuple[int, float]], until: int) -> float:
    """Bytes by which the parent grows with one more, from the first tenth of them to the last: least squares.

    Args:
        seen: how many there were, and how many bytes the parent held.
        until: how many there are in the end.
    """
    later = [each for each in seen if each[0] >= 0.1 * until]
    if not later:
        return float("nan")
    mean = sum(count for count, _ in later) / len(later)
    spread = sum((count - mean) ** 2 for count, _ in later)
    return sum((count - mean) * memory for count, memory in later) / spread if spread else float("nan")


def live(points: int, workers: int, store: Path, out: Path) -> None:
    """Run the sweep once, and print what was seen."""
    runs, began = REPLICATES * points, time.perf_counter()
    looks = watched(command(points, workers, store, out), store, out, max(1, (runs + points) // 24))
    whole = time.perf_counter() - began
    first = next((look.seconds for look in looks if look.done), whole)
    last = next((look.seconds for look in looks if look.folders), whole)
    print(f"{points:,} points, {runs:,} runs in {whole:,.0f} s: {first:,.0f} s until a run is stored, "
          f"{last - first:,.0f} s of runs, {whole - last:,.0f} s of writing the results folder")  # fmt: skip
    lived = growth([(look.done, look.memory) for look in looks if not look.folders], runs)
    written = growth([(look.folders, look.memory) for look in looks if look.folders], points)
    grown = [f"{size:,.0f} bytes a {what}" for size, what in ((lived, "run"), (written, "scenario written"))
             if not math.isnan(size)]  # fmt: skip
    print(f"the parent grows by {' and '.join(grown) or 'what was not seen'}, and has "
          f"{max(look.memory for look in looks) / MEGA:,.0f} MB at most")  # fmt: skip


def main(points: int = 10_000, workers: int = 0) -> None:
    """Run the sweep, run it again, and print what was seen."""
    with TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        live(points, workers, store, Path(folder) / "out")
        live(points, workers, store, Path(folder) / "again")
        found = check(Store(store))
        print(f"the store has {found.runs:,} runs, {'all sound' if found.is_sound else 'NOT SOUND'}")


if __name__ == "__main__":
    main(**{name: int(value) for name, value in (word.split("=") for word in sys.argv[1:])})
