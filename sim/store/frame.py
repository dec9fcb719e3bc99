"""One table of some runs of a store, read as far as it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from sim.config import nearest
from sim.files import OutputError
from sim.tables import SCHEMAS, STATES

if TYPE_CHECKING:
    from sim.store.frames import Runs

ROWS = 131_072
"""Rows that are read at one go."""


class ChoiceError(ValueError):
    """Runs or columns that cannot be chosen so, told in one message."""


class Frame:
    """One table of chosen runs, of which no more is read than is asked for."""

    def __init__(self, runs: Runs, name: str) -> None:
        self._runs, self.name = runs, name

    def __repr__(self) -> str:
        return f"Frame({self.name} of {len(self._runs):,} runs, {len(self.columns)} columns)"

    @property
    def columns(self) -> list[str]:
        """Its columns, in order."""
        names: list[str] = self.schema.names
        return names

    @cached_property
    def dataset(self) -> Any:
        """A `pyarrow.dataset.Dataset` of these runs and no others, as DuckDB and polars take it too."""
        dataset = ds.dataset(self._files, schema=self.schema, format=_checked()) if self._files else _none(self.schema)
        return dataset if self._is_whole else dataset.filter(pc.field("run_id").isin(self._runs.ids))

    def to_arrow(self, columns: Sequence[str] | None = None, **values: Any) -> pa.Table:
        """As `to_pandas`, and an Arrow table."""
        parts = list(self.batches(columns, **values))
        kept = pa.schema([self.schema.field(name) for name in columns or self.columns])
        return pa.Table.from_batches(parts, schema=kept)

    def to_pandas(self, columns: Sequence[str] | None = None, **values: Any) -> Any:
        """A pandas frame.

        Args:
            columns: which; None for all.
            **values: only rows with this value, or one of these, in that column: ``month=203``.

        Raises:
            ChoiceError: if there is no such column.
            OutputError: if a file is damaged.
        """
        return self.to_arrow(columns, **values).to_pandas(date_as_object=False)

    def parts(self, columns: Sequence[str] | None = None, **values: Any) -> Iterator[Any]:
        """As `to_pandas`, in frames that fit into memory, one after another."""
        for batch in self.batches(columns, **values):
            yield pa.Table.from_batches([batch]).to_pandas(date_as_object=False)

    def batches(self, columns: Sequence[str] | None = None, **values: Any) -> Iterator[Any]:
        """As `parts`, in Arrow's record batches."""
        for name in (*(columns or ()), *values):
            if name not in self.columns:
                raise ChoiceError(f"{self.name} has no column {name}. {nearest(name, self.columns)}")
        rows = None
        for name, value in values.items():
            is_one = pc.field(name).isin(list(value) if isinstance(value, list | tuple | set) else [value])
            rows = is_one if rows is None else rows & is_one
        try:
            for batch in self.dataset.to_batches(columns=columns, filter=rows, batch_size=ROWS):
                if batch.num_rows:
                    yield batch
        except (OSError, pa.ArrowException) as fault:
            where = f"{self.name} of {self._runs.store.folder}"
            why = " ".join(str(fault).split()).rstrip(".")
            raise OutputError(f"cannot read {where}: {why}. takestwo runs check says which are damaged.") from fault

    @cached_property
    def _files(self) -> list[str]:
        store, chosen, packed = self._runs.store, set(self._runs.ids), self._runs.store.packed()
        there = set(store.names(self.name))
        one_by_one = {run for run in chosen if run in there and (self.name in STATES or run not in packed)}
        packs = set() if self.name in STATES else {packed[run] for run in chosen if run in packed}
        return [str(store.path(self.name, name)) for name in sorted(one_by_one | packs)]

    @cached_property
    def _is_whole(self) -> bool:
        """Whether the files hold no other runs."""
        packed = self._runs.store.packed()
        chosen = set(self._runs.ids)
        packs = {packed[run] for run in chosen if run in packed}
        return not any(name in packs and run not in chosen for run, name in packed.items())

    @cached_property
    def schema(self) -> pa.Schema:
        """Its columns with dtypes, units and meanings: the model's, and then those of models from outside."""
        schema = SCHEMAS[self.name]
        if self.name == "results":
            for run in self._runs.runs.drop_duplicates("model").query("model != ''")["run_id"]:
                for field in pq.read_schema(self._runs.store.path("results", run)):
                    schema = schema if field.name in schema.names else schema.append(field)
        return schema


def _checked() -> Any:
    """Parquet, whose pages are checked as they are read."""
    return ds.ParquetFileFormat(default_fragment_scan_options=ds.ParquetFragmentScanOptions(
        page_checksum_verification=True))  # fmt: skip


def _none(schema: pa.Schema) -> Any:
    return ds.dataset(schema.empty_table())
