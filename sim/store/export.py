"""One file of one table of chosen runs, for other programs: CSV or Parquet, written part by part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sim.files import OutputError, packed_as, written_whole
from sim.store.frame import ROWS
from sim.store.frames import Runs
from sim.store.shelf import RUNS

KINDS = (".csv", ".parquet")
_TOLD = pa.schema([field for field in RUNS if field.name != "config"])


def export(runs: Runs, table: str, path: Path) -> int:
    """Write a table of runs, and beside its columns one for each setting in which the runs differ.

    Args:
        runs: which.
        table: ``results``, ``by_quintile`` and so on; or ``runs``, a row a run.
        path: the file, whose name ends with ``.csv`` or ``.parquet``.

    Returns:
        How many rows were written.

    Raises:
        OutputError: if the file cannot be written, or a file of the store is damaged.
    """
    settings, order = _settings(runs), pd.Index(runs.ids)
    parts = _rows_of_runs(runs) if table == "runs" else getattr(runs, table).batches()
    known = _TOLD if table == "runs" else getattr(runs, table).schema
    schema = pa.schema([*known, *(field for field in settings.schema if field.name != "run_id")])
    written = [0]

    def whole(passing: Path) -> None:
        with _writer(path, passing, schema) as file:
            for part in _in_bulk(parts):
                file.write_table(_beside(part, settings, order, schema))
                written[0] += len(part)

    written_whole(path, whole)
    return written[0]


def _in_bulk(parts: Iterator[Any]) -> Iterator[pa.Table]:
    """Few large parts for many small ones: each that is written costs something, however small it is."""
    held: list[pa.Table] = []
    for part in parts:
        held.append(part if isinstance(part, pa.Table) else pa.Table.from_batches([part]))
        if sum(map(len, held)) >= ROWS:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _writer(path: Path, passing: Path, schema: pa.Schema) -> Any:
    if path.suffix == ".csv":
        return pyarrow.csv.CSVWriter(passing, schema)
    return pq.ParquetWriter(passing, schema, **packed_as(schema, ROWS))


def _rows_of_runs(runs: Runs) -> Iterator[pa.Table]:
    yield pa.Table.from_pandas(runs.runs, schema=_TOLD, preserve_index=False)


def _settings(runs: Runs) -> pa.Table:
    frame = runs.settings
    for name in frame.select_dtypes(object).columns:
        frame[name] = [None if pd.isna(value) else str(value) for value in frame[name]]
    frame = frame.drop(columns=[name for name in frame.columns if name in {*RUNS.names}])
    return pa.Table.from_pandas(frame.assign(run_id=runs.ids), preserve_index=False).replace_schema_metadata(None)


def _beside(part: Any, settings: pa.Table, order: Any, schema: pa.Schema) -> pa.Table:
    """Rows, and beside each the settings of its run."""
    rows = order.get_indexer(part["run_id"].to_pylist())
    if (rows < 0).any():
        raise OutputError("a file of the store has rows of runs that are not its own. takestwo runs check says which.")
    own = settings.take(pa.array(rows))
    columns = [own[f.name] if f.name in own.column_names and f.name != "run_id" else part[f.name] for f in schema]
    return pa.Table.from_arrays([pa.chunked_array(c) if isinstance(c, pa.Array) else c for c in columns], schema=schema)
