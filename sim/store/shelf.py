"""`Store`: keep a finished run, and find it again by all that can change it."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from sim.files import check_folder
from sim.store import file
from sim.tables import ALWAYS, SCENARIO, SCHEMAS, STATES, Tables, is_table

ID_DIGITS = 24
PACK = "pack-"
"""How the names of files of many runs begin."""
BLOCK = f"{PACK}some-"
"""And those of files of a few, that were finished within two seconds."""
PACKING, WRITING = ".lock", ".blocks"
"""Files that are locked while packs, or blocks, are written."""
JUST_NOW_NS = 2_000_000_000
"""What has changed since may have changed again without another time: file systems tell it in steps, of up to 2 s."""
_SAME = [SCHEMAS["results"].field(name) for name in ("run_id", *SCENARIO, "replicate", "seed")]
_OWN = {
    "root_seed": (pa.int64(), "whole number", "where all luck of the ensemble comes from: the setting seed"),
    "months": (pa.int64(), "months", "how long the run is"),
    "residents": (pa.int64(), "count", "adults of the place"),
    "source": (pa.string(), "name", "the hash of the source that the run was lived by"),
    "model": (pa.string(), "name", "the class of a model from outside; empty for the model"),
    "made": (pa.timestamp("ms", "UTC"), "date", "when the run was put here"),
    "config": (pa.string(), "JSON", "the resolved configuration, less what cannot change a result"),
}  # fmt: skip
RUNS = pa.schema(
    _SAME + [pa.field(name, kind, metadata={"unit": u, "meaning": m}) for name, (kind, u, m) in _OWN.items()]
)
"""The columns of ``runs``: a row a run."""
PACKED = (*ALWAYS, "runs")
"""The tables of which many runs are put into one file, in the order in which they are written: what counts is last."""
TABLES = (*STATES, *reversed(ALWAYS), "runs")
"""All tables, in the order in which a run's are written."""


def run_id(*, source: str, content: Any, draw: Any, replicate: int, seed: int) -> str:
    """The name of a run: a hash of all that can change it, in hexadecimal.

    Args:
        source: the source hash.
        content: the resolved configuration, less what cannot change a result, as plain data.
        draw: which set of uncertain parameters.
        replicate: which replicate.
        seed: the run seed.
    """
    parts = {"source": source, "content": content, "draw": draw, "replicate": replicate, "seed": seed}
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]


@dataclass(frozen=True)
class About:
    """What is kept of a run beside its tables.

    Attributes:
        source: the source hash.
        config: the resolved configuration, less what cannot change a result, as plain data.
        model: the class of a model from outside, or nothing.
        made: when.
    """

    source: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    made: datetime = field(default_factory=lambda: datetime.now(UTC))

    def row(self, results: pa.Table) -> pa.Table:
        """The run's row of ``runs``."""
        same = {f.name: results[f.name][0].as_py() for f in _SAME}
        own = {
            "root_seed": self.config.get("seed"), "months": len(results),
            "residents": (self.config.get("place") or {}).get("residents"), "source": self.source,
            "model": self.model, "made": self.made, "config": json.dumps(self.config, separators=(",", ":")),
        }  # fmt: skip
        return pa.Table.from_pylist([same | own], schema=RUNS)


class Store:
    """A folder of finished runs.

    Args:
        folder: made when it is first written to.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._changed, self._packs = 0, dict[str, tuple[int, ...]]()
        self._packed: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}

    def check(self) -> None:
        """Make the folder, or say why not.

        Raises:
            OutputError: if it cannot be written.
        """
        check_folder(self.folder)

    def has(self, run: str, record: Iterable[str] = ()) -> bool:
        """Whether a finished run's files are there; only `get` sees whether they are sound."""
        whole = any(
            name is not None and all(self.path(table, name).exists() for table in PACKED)
            for name in (self.packed().get(run), run)
        )
        return whole and all(self.path(table, run).exists() for table in record)

    def get(self, run: str, record: Iterable[str] = ()) -> Tables | None:
        """A finished run's tables, or None if it, or a state asked for, is not there whole."""
        return next((found for name in self._files_of(run) if (found := self._of(run, name, record))), None)

    def results(self, run: str) -> pa.Table | None:
        """A finished run's table ``results`` alone, or None if it is not there whole."""
        names = self._files_of(run)
        return next((rows for name in names if (rows := self.read("results", name, run)) is not None), None)

    def about(self, run: str) -> dict[str, Any] | None:
        """A finished run's row of ``runs``, or None if it is not there whole."""
        for name in self._files_of(run):
            row = self.read("runs", name, run)
            if row is not None:
                found: dict[str, Any] = row.to_pylist()[0]
                return found
        return None

    def put(self, run: str, tables: Tables, about: About | None = None) -> None:
        """Keep a finished run. What is there already, sound, is left as it is.

        Raises:
            OutputError: if the disk is full or the folder cannot be written.
        """
        there = self.get(run) is not None
        kept = dict(tables.items()) | {"runs": (about or About()).row(tables.results)}
        for name in TABLES:
            if name in kept and not (there and name in PACKED):
                file.write(self.path(name, run), {run: kept[name]})

    def path(self, table: str, name: str) -> Path:
        """The file of a table, by a run or a pack."""
        return self.folder / table / f"{name}.parquet"

    def names(self, table: str = "runs") -> list[str]:
        """The runs that lie about one by one, and the packs, in order."""
        return sorted(self._there(table))

    def _there(self, table: str, marked: str = "/") -> dict[str, tuple[int, ...]]:
        """What the folder of a table lists, and which file that is, of those whose names begin so."""
        found: dict[str, tuple[int, ...]] = {}
        with suppress(OSError), os.scandir(self.folder / table) as there:  # or nothing was put here yet
            for each in there:
                if each.name.endswith(".parquet") and each.name[0] not in "._":
                    found[each.name[:-8]] = _mark(each) if each.name.startswith(marked) else ()
        return found

    def packed(self) -> dict[str, str]:
        """The pack in which each run lies that lies in one; looked up anew when one is added, or is another file."""
        try:
            changed = (self.folder / "runs").stat().st_mtime_ns
        except OSError:
            return {}
        if changed != self._changed or time.time_ns() - changed < JUST_NOW_NS:  # then more may come at the same time
            packs = {name: mark for name, mark in self._there("runs", marked=PACK).items() if mark}
            if self._packs.items() - packs.items():  # some are gone, and what was in them may lie in others
                self._packs, self._packed, self._members = {}, {}, {}
            for name in sorted(packs.keys() - self._packs.keys()):
                self._members[name] = _runs_in(self.path("runs", name))
                self._packed |= dict.fromkeys(self._members[name], name)
            self._packs, self._changed = packs, changed
        return self._packed

    def members(self) -> dict[str, list[str]]:
        """The runs of each pack. One that two processes lived at once may lie in several."""
        self.packed()
        return self._members

    def read(self, table: str, name: str, run: str) -> Any:
        """A run's table from a file of its own or a pack's; None, too, where another table lies under its name."""
        rows = file.read(self.path(table, name), run)
        return rows if rows is not None and rows.schema.equals(SCHEMAS.get(table, RUNS)) else None

    def _files_of(self, run: str) -> Iterator[str]:
        """Where a run may lie: in files of its own, in its pack, and in other packs that say so."""
        yield run
        first = self.packed().get(run)
        if first is not None:
            yield first
            yield from [name for name, runs in self._members.items() if name != first and run in runs]

    def _of(self, run: str, name: str, record: Iterable[str]) -> Tables | None:
        """A run's tables by the file that they are in, if all are there and sound, its row of ``runs`` too."""
        if self.read("runs", name, run) is None:
            return None
        tables = {}
        for table in (*ALWAYS, *record):
            rows = file.read(self.path(table, run if table in STATES else name), run)
            if rows is None or not is_table(table, rows.schema):
                return None
            tables[table] = rows
        return Tables(**tables)


def _mark(each: os.DirEntry[str]) -> tuple[int, ...]:
    """What changes when another file comes to lie under a name; nothing if it has gone meanwhile, or points nowhere."""
    try:
        known = each.stat()
    except OSError:
        return ()
    return known.st_ino, known.st_mtime_ns, known.st_size


def _runs_in(path: Path) -> list[str]:
    try:
        return list(file.digests(path))
    except file.FAULTS:
        return []
