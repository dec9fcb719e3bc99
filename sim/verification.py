"""Verification of a machine: the two hands against each other, and the standard run against what was published.

The digest is over the bits of every observable in every month of the standard run. The model has its own exponential
and logarithm (`sim.elementary`), so the bits should not depend on the processor. Should a machine differ all the same,
the digest names where it was made, and beside it stand numbers of the same run, to be met to a tolerance.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from sim.chance import run_seed
from sim.composition import compose
from sim.founding import REFERENCE, found, publish_constants
from sim.observables import OBSERVABLES
from sim.place import Place
from sim.run import RunSpec, simulate
from sim.schedule import live_a_month
from sim.state import State
from sim.tables import Tables, joined, published_schema

DATA = Path(__file__).parent / "data"
STANDARD = ("world=history", "policy=nurture_early", "place.residents=1500", "months=48", "seed=1")
REPLICATES = 2
TOLERANCE = 1e-9
HANDS = ("world=history", "policy=ready_meals", "place.residents=1500", "seed=1")
HANDS_MONTHS = 3


@dataclass(frozen=True)
class Verdict:
    """What a check found."""

    name: str
    holds: bool
    says: str


def check_hands() -> Verdict:
    """Live a small town with the fast and with the plain hands, and compare every number of both states."""
    config = compose([*HANDS, "policy.ready_meals.start=2007-04"])
    fast = found(config, run_seed(config.seed, 0))
    plain = fast.fork()
    for month in range(HANDS_MONTHS):
        live_a_month(fast, config)
        live_a_month(plain, config, plain=True)
        if differing := _differing(fast, plain):
            return Verdict("hands", False, f"fast and plain hands part in month {month}, in {differing}.")
    numbers = sum(column.size for _, _, column in fast.columns())
    return Verdict("hands", True, f"{numbers:,} numbers, the same bits after {HANDS_MONTHS} months.")


def _differing(fast: State, plain: State) -> str:
    pairs = zip(fast.columns(), plain.columns(), strict=True)
    return ", ".join(f"{table}.{name}" for (table, name, a), (_, _, b) in pairs if a.tobytes() != b.tobytes())


def check_standard_run() -> Verdict:
    """Run the standard run and hold it to the published digest, else to the published numbers."""
    published = json.loads((DATA / "digest.json").read_text(encoding="utf-8"))
    tables = _standard_run()
    here, there = digest(tables), published["digest"]
    if here == there:
        return Verdict("digest", True, f"{here[:16]}, as published.")
    worst, where = _farthest(_numbers(tables), published["values"])
    how = f"digest {here[:16]} and not {there[:16]} (published on {published['platform']}; here {_platform()})"
    if worst <= TOLERANCE:
        return Verdict("digest", True, f"{how}, but every number is within {TOLERANCE:g} of the published one.")
    return Verdict("digest", False, f"{how}, and {where} is off by {worst:.3g} of its size.")


def digest(tables: Tables) -> str:
    """A hash of the bits of every observable, run by run and month by month."""
    made = hashlib.sha256()
    for table in (tables.results, tables.by_quintile):
        for name in [name for name in table.column_names if name in OBSERVABLES]:
            column = np.ascontiguousarray(table[name].to_numpy())
            made.update(name.encode() + np.where(np.isnan(column), np.nan, column).astype("<f8").tobytes())
    return made.hexdigest()


def publish() -> list[Path]:
    """Write down what the standard run gives here, the reference place's constants and the schema of the tables.

    For those who change the model.
    """
    constants = publish_constants(compose([f"place={REFERENCE}"]))
    tables = _standard_run()
    facts = {
        "standard": list(STANDARD), "replicates": REPLICATES, "platform": _platform(), "digest": digest(tables),
        "tolerance": TOLERANCE, "values": _numbers(tables),
    }  # fmt: skip
    written = {"digest.json": facts, "schema.json": published_schema(), "place.schema.json": Place.schema_of_files()}
    for name, content in written.items():
        (DATA / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return [constants, *(DATA / name for name in written)]


def _standard_run() -> Tables:
    config = compose(STANDARD)
    return joined([simulate(RunSpec(config, replicate)) for replicate in range(REPLICATES)])


def _numbers(tables: Tables) -> dict[str, list[float | None]]:
    """Each observable at the end of each year, run by run; None for a value that does not exist."""
    year_ends = np.asarray(tables.results["month"]) % 12 == 11
    return {
        name: [None if math.isnan(v) else v for v in tables.results[name].to_numpy()[year_ends].tolist()]
        for name in OBSERVABLES
    }


def _farthest(here: dict[str, list[float | None]], there: dict[str, list[Any]]) -> tuple[float, str]:
    """The greatest relative difference, and the observable in which it is."""
    worst, where = 0.0, ""
    for name in here.keys() | there.keys():
        a, b = (np.array(side.get(name, []), float) for side in (here, there))
        same = a.shape == b.shape and bool(np.array_equal(np.isnan(a), np.isnan(b)))
        off = np.abs(a - b) / np.maximum(1.0, np.abs(b)) if same else np.array([math.inf])
        most = float(np.nanmax(off, initial=0.0))
        if most > worst:
            worst, where = most, name
    return worst, where


def _platform() -> str:
    numbers = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba"))
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {numbers}"
