"""Does the whole of England fit on a desk? Streams every council of a made list through the cores into one table.

    python experiments/england.py                     # 57 million residents, 296 councils, 204 months
    python experiments/england.py --plan              # what that would take
    python experiments/england.py --councils 3 --residents 6000 --months 3 --folder outputs/trial
    python experiments/england.py policy=nurture_early      # any setting of takestwo run but the place

`councils.py` has the list, and says how towns are founded. A council is a run in a store, ``FOLDER/store``: whatever
stops this, what is done is kept there, and the same command goes on from it. Last comes ``FOLDER/england.parquet``, a
row a council and month: ``council``, ``kind``, ``residents``, and then the columns of any ``results.parquet``.

Each worker holds one town at a time. First mornings lie in the cache while a council still needs them, about a kilobyte
a resident; those that were there before stay.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from councils import ALIKE, LEAST, RESIDENTS, Council, Town, councils, first_replicate

from sim.chance import run_seed
from sim.composition import compose
from sim.config import Config, ConfigError
from sim.cost import size, span
from sim.ensemble import EnsembleError, Progress, RunSpec, cores, store_all
from sim.files import OutputError, check_folder, read_parquet, write_parquet, write_text
from sim.founding import SPIN_UP_MONTHS, FoundingError, are_solved, solved_for, town_file
from sim.store import Store

WORLD = "world=history"
SETTLED_NS, LIVED_NS = 1_250.0, 1_480.0
"""Nanoseconds of a resident's month before anything is measured: of a spin-up, and with all written down."""
WORKER_BYTES, RESIDENT_BYTES = 275e6, 1_150.0
SAY_EVERY = 15.0
"""Seconds between two lines of progress, at least."""
INTERRUPTED = 130


@dataclass(frozen=True)
class Work:
    """What is to be done: the towns, each with its run, the largest first and the first of every class before all."""

    towns: list[Town]
    specs: list[RunSpec]

    def residents(self, place: int) -> int:
        """Of one run."""
        return self.towns[place].residents


def asked_work(towns: Sequence[Town], overrides: Sequence[str], months: int) -> Work:
    """The runs of the councils.

    Raises:
        ConfigError: if the settings cannot be run.
    """
    for word in overrides:
        if word.partition("=")[0] in {"place", "place.residents", "months", "replicates", "workers", "store"}:
            raise ConfigError(f"{word}: the list of councils says how large each is and what it is like, and --months, "
                              "--workers and --folder say the rest. Leave it out.")  # fmt: skip
    order = sorted(towns, key=lambda town: (town.place_in_class > 0, -town.residents))
    configs: dict[tuple[str, int], Config] = {}
    for town in order:
        if (town.place, town.residents) not in configs:
            settings = [WORLD, *overrides, f"place={town.place}", f"place.residents={town.residents}"]
            configs[town.place, town.residents] = compose([*settings, f"months={months}"])
    specs = [
        RunSpec(configs[t.place, t.residents], first_replicate(t.residents) + t.place_in_class, model=Council)
        for t in order
    ]
    return Work(order, specs)


def mornings(work: Work) -> dict[Path, int]:
    """The files of first mornings that all this needs, and the residents of each."""
    return {_morning(spec.config): work.residents(k) for k, spec in enumerate(work.specs)}


def _morning(config: Config) -> Path:
    return town_file(config, run_seed(config.seed, first_replicate(config.place.residents)))


def told_plan(work: Work, store: Store, workers: int, months: int) -> str:
    """What is to be done, and what it will take by the pace that is known before anything is measured."""
    seconds = seconds_of_each(work, store)
    todo = [k for k, spec in enumerate(work.specs) if spec.run_id in seconds]
    needed = {path: n for path, n in mornings(work).items() if not path.exists()}
    of_todo = {_morning(work.specs[k].config) for k in todo}
    again = {_morning(spec.config) for spec, town in zip(work.specs, work.towns, strict=True) if town.place_in_class}
    kept = sum(n for path, n in needed.items() if path in of_todo & again)
    most = max((work.residents(k) for k in todo), default=0)
    people = sum(town.residents for town in work.towns)
    return (
        f"{len(work.towns)} councils of {people:,} residents in all, {len(mornings(work))} first mornings, {months} "
        f"months. {len(todo)} councils are left to do: about {span(sum(seconds.values()) / workers)} on {workers} "
        f"cores, {size(WORKER_BYTES + most * RESIDENT_BYTES)} of memory at most per worker, "
        f"{size(kept * RESIDENT_BYTES)} in the cache meanwhile."
    )


def seconds_of_each(work: Work, store: Store) -> dict[str, float]:
    """What each council that is left takes on one core, by its run: its months, and a morning where it is the first."""
    founded, each = set[Path](), dict[str, float]()
    for k, spec in enumerate(work.specs):
        if not store.has(spec.run_id):
            morning = _morning(spec.config)
            settled = 0 if morning in founded or morning.exists() else SPIN_UP_MONTHS
            founded.add(morning)
            each[spec.run_id] = 1e-9 * work.residents(k) * (settled * SETTLED_NS + spec.config.months * LIVED_NS)
    return each


def solve_places(work: Work, workers: int) -> None:
    """Solve the constants of each place that has none yet, a process each: all of a place then find them.

    A process for one place ends by itself, also where this one was killed.

    Raises:
        FoundingError: if a place cannot be kept as it is.
    """
    places = {spec.config.place.name: spec.config for spec in work.specs}
    unsolved = [config for config in places.values() if not are_solved(config)]
    if unsolved:
        names = ", ".join(config.place.name for config in unsolved)
        print(f"Solving the constants of {names}, once for all sizes...", flush=True)
    spawn = multiprocessing.get_context("spawn")
    for first in range(0, len(unsolved), workers):
        solving = [spawn.Process(target=solved_for, args=(config,)) for config in unsolved[first : first + workers]]
        for process in solving:
            process.start()
        for process in solving:
            process.join()
    for config in unsolved:
        solved_for(config)  # found now; or, where its process failed, the reason is told here


def compile_kernels(work: Work, workers: int) -> None:
    """Let processes that end at once compile what is not compiled yet: it takes 400 MB, which stay with whoever did it.

    Raises:
        EnsembleError: if the processes cannot be started.
    """
    smallest = min(work.specs, key=lambda spec: spec.config.place.residents).config
    tiny = smallest.model_copy(update={"months": 1, "place": smallest.place.model_copy(update={"residents": LEAST})})
    with tempfile.TemporaryDirectory() as folder:
        store_all([RunSpec(tiny, k) for k in range(workers)], Path(folder), workers=workers)


def made_here(work: Work, note: Path) -> set[str]:
    """The mornings that are made for this table alone, by file name, in this sitting or one before; noted in a file."""
    noted = set(note.read_text(encoding="utf-8").split()) if note.exists() else set()
    ours = noted | {path.name for path in mornings(work) if not path.exists()}
    write_text(note, "\n".join(sorted(ours)) + "\n")
    return ours


class Teller:
    """Says how far it is, with the time left by the pace so far; deletes a morning that no council needs any more."""

    def __init__(self, work: Work, store: Store) -> None:
        self._residents = {spec.run_id: work.residents(k) for k, spec in enumerate(work.specs)}
        self._seconds, self._taken = seconds_of_each(work, store), 0.0
        self._done, self._began, self._said, self._stopping = 0, time.monotonic(), 0.0, False
        self._ours = made_here(work, store.folder.parent / "mornings.txt")
        self._needed = Counter(_morning(spec.config) for spec in work.specs if spec.run_id in self._seconds)

    def __call__(self, progress: Progress) -> None:
        """Take note, and say it now and then."""
        if progress.newest and progress.newest[0].run_id in self._seconds:  # and not found done
            spec = progress.newest[0]
            self._done += self._residents[spec.run_id]
            self._taken += self._seconds[spec.run_id]
            self._let_go(_morning(spec.config))
        if progress.stopping and not self._stopping:
            self._stopping = True
            print("Ctrl-C: the councils that are under way come to their end and are kept. Press it again to stop now.",
                  flush=True)  # fmt: skip
        now = time.monotonic()
        if now - self._said < SAY_EVERY and progress.done < progress.runs:
            return
        self._said = now
        lived, share = progress.lived / max(1, progress.months), self._taken / (sum(self._seconds.values()) or 1.0)
        left = f", about {span((now - self._began) * (1.0 - share) / share)} left" if 0.02 < share < 1.0 else ""
        told = f"{progress.done} of {progress.runs} councils done, {self._done:,} residents of this sitting"
        found_before = f" ({progress.stored} found done)" if progress.stored else ""
        print(f"{told}{found_before}; {lived:.0%} of the months lived{left}", flush=True)

    def _let_go(self, morning: Path) -> None:
        self._needed[morning] -= 1
        if self._needed[morning] == 0 and morning.name in self._ours:
            morning.unlink(missing_ok=True)


def written(work: Work, store: Store, path: Path) -> int:
    """Write the table, a row a council and month; how many councils it has."""
    parts = []
    for town, spec in zip(work.towns, work.specs, strict=True):
        tables = store.get(spec.run_id)
        if tables is not None:
            parts.append(_with_council(tables.results, town))
    if parts:
        write_parquet(pa.concat_tables(parts).sort_by([("council", "ascending"), ("month", "ascending")]), path)
    return len(parts)


def _with_council(results: pa.Table, town: Town) -> pa.Table:
    rows = results.num_rows
    first = {
        "council": pa.array([town.name] * rows, pa.string()), "kind": pa.array([town.kind] * rows, pa.string()),
        "residents": pa.array([town.residents] * rows, pa.int64()),
    }  # fmt: skip
    meaning = {"council": ("name", "a made council"), "kind": ("name", "kind of council"),
               "residents": ("adults", "people of 16 and over")}  # fmt: skip
    fields = [pa.field(name, column.type, metadata=dict(zip(("unit", "meaning"), meaning[name], strict=True)))
              for name, column in first.items()]  # fmt: skip
    return pa.table([*first.values(), *results.columns], schema=pa.schema([*fields, *results.schema]))


def headline(table: pa.Table) -> str:
    """England in the first and the last month: shares, weighted by residents."""
    month, people = np.asarray(table["month"]), np.asarray(table["residents"])
    lines = []
    for name, what in {"unmet_need": "need unmet", "formal_volunteering": "volunteered in the month"}.items():
        value = np.asarray(table[name])
        first, last = (np.average(value[month == m], weights=people[month == m]) for m in (0, month.max()))
        lines.append(f"{what}: {first:.1%} in the first month, {last:.1%} in the last")
    return "; ".join(lines)


def stream(work: Work, folder: Path, workers: int, months: int) -> int:
    """Live what is left to live and write the table; the exit code.

    Raises:
        OutputError: if the folder cannot be written.
    """
    check_folder(folder)
    store = Store(folder / "store")
    print(told_plan(work, store, workers, months), flush=True)
    began = time.monotonic()
    solve_places(work, workers)
    compile_kernels(work, workers)
    failed = store_all(work.specs, folder / "store", workers=workers, progress=Teller(work, store))
    for place, fault in failed.items():
        print(f"{work.towns[place].name} failed: {fault}", file=sys.stderr)
    path = folder / "england.parquet"
    count = written(work, Store(folder / "store"), path)  # a new one: the first may not know what was packed since
    if count:
        print(f"{headline(read_parquet(path))}.")
    print(f"{count} of {len(work.towns)} councils in {path}, after {span(time.monotonic() - began)} of this sitting.")
    return 1 if failed else 0


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line and stream."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="settings of takestwo run")
    asked.add_argument("--councils", type=int, help="how many of the 296, spread over all; without it all")
    asked.add_argument("--residents", type=int, default=RESIDENTS, help="in all councils together")
    asked.add_argument("--alike", type=float, default=ALIKE, help="1: every council is founded by itself (councils.py)")
    asked.add_argument("--months", type=int, default=204)
    asked.add_argument("--workers", type=int, default=0, help="processes; 0: one a core")
    asked.add_argument("--folder", type=Path, default=Path("outputs/england"))
    asked.add_argument("--plan", action="store_true", help="say what it would take, and end")
    given = asked.parse_args(words)
    for name, low, high in (("councils", 1, 296), ("months", 1, 100_000), ("workers", 0, 1_000), ("alike", 1, 10)):
        value = getattr(given, name)
        if value is not None and not low <= value <= high:
            asked.error(f"--{name} is {value}, outside what is allowed: {low} to {high:,}")
    workers = given.workers or cores()
    try:
        work = asked_work(councils(given.councils, given.residents, given.alike), given.settings, given.months)
        if given.plan:
            print(told_plan(work, Store(given.folder / "store"), workers, given.months))
            return 0
        return stream(work, given.folder, workers, given.months)
    except KeyboardInterrupt:
        print(f"Interrupted. What is done is kept in {given.folder}; the same command goes on.", file=sys.stderr)
        return INTERRUPTED
    except (ConfigError, EnsembleError, FoundingError, OutputError, ValueError) as fault:
        print(fault, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
