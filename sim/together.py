"""The results of several scenarios in one folder, written while each is at hand: not all are in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.files import MANY_ROWS, OutputError, becoming, cannot_write, packed_as
from sim.results import SUMMARIES, SUMMARY, Results, csv_lines
from sim.tables import SCENARIO, SCHEMAS

BYTES_AT_ONCE = 8_000_000
"""Of a table, that are gathered before they are written: a file of many small groups is slow to read."""
TABLES_AT_ONCE = 100
"""Tables that are gathered before they are made one: a table of four rows and a hundred columns takes 50 kB."""


@contextmanager
def together(folder: Path, tables: Collection[str]) -> Iterator[Callable[[Results, str], None]]:
    """Write the tables and summaries of scenarios one under the other, as they are handed over.

    Args:
        folder: where to. Its files get their names at the end, and none if something goes wrong before.
        tables: names of `SCHEMAS`, of tables that all scenarios have. One that has no rows is not written.

    Yields:
        What takes a scenario's results, and what it was called; it stands in ``summary.csv``, behind its number.

    Raises:
        OutputError: if the disk is full, or the folder may not be written.
    """
    with ExitStack() as open_files:
        growing = {name: _Growing(folder / f"{name}.parquet", open_files) for name in SCHEMAS if name in tables}
        summaries = open_files.enter_context(becoming(folder / SUMMARIES)).open("w", encoding="utf-8", newline="")
        open_files.enter_context(summaries)
        summaries.writelines(csv_lines([[*SCENARIO, *SUMMARY, "point", "overrides"]]))
        count = 0

        def add(results: Results, name: str) -> None:
            nonlocal count
            for table, file in growing.items():
                file.add(getattr(results.tables, table))
            (whose,) = csv_lines([[count, name]])
            summaries.writelines(f"{line[:-1]},{whose}" for line in results.summary_lines)
            count += 1

        yield add
        for file in growing.values():
            file.flush()


class _Growing:
    """A file of Parquet to which tables are added."""

    def __init__(self, path: Path, open_files: ExitStack) -> None:
        self._path, self._open_files = path, open_files
        self._small, self._waiting, self._bytes = list[pa.Table](), list[pa.Table](), 0
        self._writer: Any = None

    def add(self, table: pa.Table) -> None:
        """Take up a table; it may be written later."""
        if not len(table):
            return
        self._small.append(table)
        self._bytes += table.nbytes
        if self._bytes >= BYTES_AT_ONCE:
            self.flush()
        elif len(self._small) == TABLES_AT_ONCE:
            self._put_together()

    def _put_together(self) -> None:
        if self._small:
            self._waiting.append(pa.concat_tables(self._small).combine_chunks())
            self._small.clear()

    def flush(self) -> None:
        """Write what waits.

        Raises:
            OutputError: if the disk is full, or the folder may not be written.
        """
        self._put_together()
        if not self._waiting:
            return
        try:
            if self._writer is None:
                schema, passing = self._waiting[0].schema, self._open_files.enter_context(becoming(self._path))
                to = pq.ParquetWriter(passing, schema, **packed_as(schema, MANY_ROWS))
                self._writer = self._open_files.enter_context(to)
            self._writer.write_table(pa.concat_tables(self._waiting))
        except OSError as fault:
            raise OutputError(cannot_write(self._path, fault)) from fault
        self._waiting.clear()
        self._bytes = 0
