"""The store of runs, by content: what is done is never done again.

A run is found by its `run_id`, a hash of all that can change it. Its tables are immutable Parquet files named by it,
written under a passing name, put on the disk, then renamed, so any number of processes may share a folder. The
``results`` table is written last: where it stands, the run is whole. A damaged file counts as absent.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sim.files import OutputError, check_folder, read_parquet, write_parquet
from sim.tables import ALWAYS, Tables, is_table

ID_DIGITS = 24


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


class Store:
    """A folder of finished runs.

    Args:
        folder: made when it is first written to.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def check(self) -> None:
        """Make the folder, or say why not.

        Raises:
            OutputError: if it cannot be written.
        """
        check_folder(self.folder)

    def has(self, run: str, record: Iterable[str] = ()) -> bool:
        """Whether a finished run's files are there; only `get` sees whether they are sound."""
        return all(self._path(run, name).exists() for name in (*ALWAYS, *record))

    def get(self, run: str, record: Iterable[str] = ()) -> Tables | None:
        """A finished run's tables, or None if it, or a state asked for, is not there whole."""
        tables: dict[str, Any] = {}
        for name in (*ALWAYS, *record):
            path = self._path(run, name)
            if not path.exists():
                return None
            try:
                tables[name] = read_parquet(path)
            except OutputError:
                return None
            if not is_table(name, tables[name].schema):
                return None
        return Tables(**tables)

    def put(self, run: str, tables: Tables) -> None:
        """Keep a finished run.

        Raises:
            OutputError: if the disk is full or the folder cannot be written.
        """
        for name, table in reversed(tables.items()):
            write_parquet(table, self._path(run, name))

    def _path(self, run: str, name: str) -> Path:
        return self.folder / (f"{run}.parquet" if name == "results" else f"{run}.{name}.parquet")
