"""How long a store of many runs takes to be listed, queried and checked.

    python experiments/benchmarks/store.py [runs=100000] [months=24]

The files are made by the store's own writer, in a passing folder, of made-up numbers: scenarios of twenty replicates
that differ in policy and in one parameter, as a sweep leaves them, and some runs that are not packed yet.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from sim import compose, open_store
from sim.config import HOW_TO_RUN
from sim.source import source_hash
from sim.store import LOOSE, About, Store, check, digest_of, file, run_id
from sim.store.shelf import PACK, PACKED
from sim.tables import ALWAYS, PARTS, SCHEMAS, Tables

POLICIES = ("none", "nurture_early", "ready_meals", "listening")
REPLICATES = 20


def made_up(months: int) -> dict[str, dict[Any, Any]]:
    """Columns of each table that are not those of identity: numbers at random, the same for all runs but a shift."""
    luck, tables = np.random.default_rng(1), {}
    for name in ALWAYS:
        label, parts = PARTS.get(name, (None, (None,)))
        parts = () if name == "by_area" else parts
        known = {"month": [m for m in range(months) for _ in parts],
                 "date": [date(2007 + (m + 3) // 12, (m + 3) % 12 + 1, 1) for m in range(months) for _ in parts],
                 label: [part for _ in range(months) for part in parts]}  # fmt: skip
        tables[name] = {f.name: known[f.name] if f.name in known else luck.normal(100.0, 20.0, months * len(parts))
                        for f in list(SCHEMAS[name])[9:]}  # fmt: skip
    return tables


def sweep(months: int, source: str) -> Iterator[tuple[str, Tables, About]]:
    """Runs without end: name, tables, and what is kept beside them."""
    plain = made_up(months)
    configs = {p: compose([f"policy={p}"]).resolved() for p in POLICIES}
    point = 0
    while True:
        policy = POLICIES[point % len(POLICIES)]
        config = {k: v for k, v in configs[policy].items() if k not in HOW_TO_RUN}
        config["ties"] = config["ties"] | {"build": round(0.01 + point * 1e-6, 9)}
        for replicate in range(REPLICATES):
            name = run_id(source=source, content=config["ties"]["build"], draw=0, replicate=replicate, seed=replicate)
            same = {"run_id": name, "place": "england_average", "world": "history", "policy": policy, "rival": "none",
                    "ablation": "none", "draw": 0, "replicate": replicate, "seed": replicate}  # fmt: skip
            tables = {table: _table(SCHEMAS[table], same, each, 1e-3 * replicate) for table, each in plain.items()}
            yield name, Tables(**tables), About(source, config)
        point += 1


def _table(schema: pa.Schema, same: dict[str, Any], columns: dict[Any, Any], shift: float) -> pa.Table:
    rows = len(columns["month"])
    made = columns | {name: [value] * rows for name, value in same.items()}
    made |= {name: column + shift for name, column in columns.items() if isinstance(column, np.ndarray)}
    return pa.table([pa.array(made[field.name], field.type) for field in schema], schema=schema)


def fill(store: Store, count: int, months: int) -> None:
    """Runs in packs, and last some that are not packed yet."""
    each, loose = sweep(months, source_hash()), min(count, LOOSE - 1)
    for first in range(0, count - loose, LOOSE):
        some = list(islice(each, min(LOOSE, count - loose - first)))
        for table in PACKED:
            rows = {n: a.row(t.results) if table == "runs" else getattr(t, table) for n, t, a in some}
            file.write(store.path(table, f"{PACK}{first:024x}"), rows)
    for name, tables, about in islice(each, loose):
        store.put(name, tables, about)


def main(runs: int = 100_000, months: int = 24) -> None:
    """Fill, and say how long each takes."""
    from sim.cli import main as takestwo

    with TemporaryDirectory() as folder:
        store = Store(folder)
        _timed(f"making {runs:,} runs of {months} months", lambda: fill(store, runs, months))
        files = list(Path(folder).rglob("*.parquet"))
        print(f"  {len(files):,} files, {sum(path.stat().st_size for path in files) / 1e6:,.0f} MB")
        for words in (["list"], ["list", "policy=listening"], ["list", "ties.build=0.01"]):
            command = ["runs", *words, f"store={folder}"]
            _timed(f"takestwo runs {' '.join(words)}", lambda command=command: takestwo(command))  # type: ignore[misc]
        last = months - 1
        _timed("open_store", lambda: open_store(folder))
        _timed("mean of an outcome in the last month, by policy", lambda: print(
            open_store(folder).results.to_pandas(["policy", "unmet_need"], month=last).groupby("policy").mean()))
        ids = open_store(folder).ids[:: max(1, runs // 100)]
        _timed(f"reading {len(ids)} runs here and there", lambda: list(map(store.get, ids)))
        _timed("the store's digest", lambda: print(digest_of(store)))
        _timed("check", lambda: print(check(store)))
        print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def _timed(what: str, done: Callable[[], object]) -> None:
    began, used = time.perf_counter(), time.process_time()
    done()
    print(f"{what}: {time.perf_counter() - began:.1f} s, {time.process_time() - used:.1f} s of CPU", flush=True)


if __name__ == "__main__":
    main(**{name: int(value) for name, value in (word.split("=") for word in sys.argv[1:])})
