"""Results: tidy frames of an ensemble, and the folder in which they are written with their provenance."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sim.files import OutputError, packed_as, read_parquet, write_parquet, write_text, written_whole
from sim.tables import ALWAYS, OPTIONAL, PARTS, SCENARIO, SCHEMAS, Tables, outcomes_of, unit_of
from sim.units import MONTHS_A_YEAR


class Results:
    """Tidy frames: `results`, `by_quintile`, `by_area`, `by_band`, `by_service` and `summary`.

    And `residents` and `ties`, where they were recorded. Columns, dtypes, units and meanings are those of
    `sim.tables.SCHEMAS`, and of ``sim/data/schema.json``.

    Examples:
        >>> from sim import compose, run_ensemble
        >>> results = run_ensemble(compose(["place.residents=1500", "months=2"]), replicates=2, workers=1)
        >>> len(results.results), len(results.by_quintile), len(results.by_band), len(results.by_service)
        (4, 20, 28, 32)
        >>> len(results.by_area), results.residents  # no funded area, and no states recorded
        (0, None)
        >>> row = results.summary.set_index("outcome").loc["hours_volunteer"]
        >>> row["unit"], int(row["replicates"])
        ('hours/1,000 residents', 2)
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def __repr__(self) -> str:
        rows = self.tables.results
        parts = ", ".join(("results", *PARTS, "summary"))
        return f"Results({len(rows['run_id'].unique())} runs, {len(rows)} rows; {parts})"

    def _repr_html_(self) -> str:
        from sim import showing

        each = self.summary.groupby(list(SCENARIO), sort=False, dropna=False)
        return "\n".join(showing.of_results(rows, _title(names)) for names, rows in each)

    @property
    def scenario(self) -> dict[str, str]:
        """The columns of `SCENARIO` of the first run, as text."""
        return {name: str(self.tables.results[name][0]) for name in SCENARIO}

    @cached_property
    def results(self) -> Any:
        """A row a run and month."""
        return frame_of(self.tables.results)

    @cached_property
    def by_quintile(self) -> Any:
        """A row a run, month and deprivation quintile."""
        return frame_of(self.tables.by_quintile)

    @cached_property
    def by_area(self) -> Any:
        """A row a run, month and area: inside the funded area, next door, the rest. No rows without a funded area."""
        return frame_of(self.tables.by_area)

    @cached_property
    def by_band(self) -> Any:
        """A row a run, month and income band of charities."""
        return frame_of(self.tables.by_band)

    @cached_property
    def by_service(self) -> Any:
        """A row a run, month and council service."""
        return frame_of(self.tables.by_service)

    @cached_property
    def residents(self) -> Any:
        """Residents at the end of the first and the last month, or None where they were not recorded."""
        return None if self.tables.residents is None else frame_of(self.tables.residents)

    @cached_property
    def ties(self) -> Any:
        """Ties at the end of the first and the last month, or None where they were not recorded."""
        return None if self.tables.ties is None else frame_of(self.tables.ties)

    @cached_property
    def summary(self) -> Any:
        """A row a scenario and outcome: see `summarised`."""
        return summarised(self.results)


def _title(names: tuple[Any, ...]) -> str:
    """A scenario by its place, world and policy, and whatever else is chosen."""
    each = zip(SCENARIO, names, strict=True)
    return ", ".join(f"{n} {v}" for n, v in each if n in {"place", "world", "policy"} or v not in {"none", 0})


def frame_of(table: pa.Table) -> Any:
    """An Arrow table as a frame."""
    import pandas as pd

    frame = table.to_pandas(date_as_object=False)
    for name in OPTIONAL & set(table.column_names):  # whole numbers with gaps: floats would not hold an id
        frame[name] = table[name].to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame


def yearly(results: Any) -> Any:
    """The mean of each outcome over a run's first and last twelve months.

    Args:
        results: a frame with the columns of ``results``.

    Returns:
        A frame with a row a run, and columns of two levels: outcome, then ``first`` and ``last``. A month without a
        value (its denominator was zero) is left out of the mean.
    """
    import pandas as pd

    outcomes = outcomes_of(results.columns)
    run, names = pd.factorize(results["run_id"])
    order = np.argsort(run, kind="stable")
    begins = np.searchsorted(run[order], np.arange(len(names)))
    month, values = results["month"].to_numpy()[order], results[outcomes].to_numpy(np.float64)[order]
    since = month - np.minimum.reduceat(month, begins)[run[order]]
    until = np.maximum.reduceat(month, begins)[run[order]] - month
    ends = [_means_of_runs(values, begins, months < MONTHS_A_YEAR) for months in (since, until)]
    columns = pd.MultiIndex.from_tuples([(name, end) for end in ("first", "last") for name in outcomes])
    return pd.DataFrame(np.hstack(ends), pd.Index(names, name="run_id"), columns)


def _means_of_runs(values: Any, begins: Any, counted: Any) -> Any:
    """The mean of each column over the months of each run that are counted and have a value; NaN where none has."""
    known = counted[:, None] & ~np.isnan(values)
    sums, months = np.add.reduceat(np.where(known, values, 0.0), begins), np.add.reduceat(known, begins, dtype=np.int64)
    return np.divide(sums, months, out=np.full(sums.shape, np.nan), where=months > 0)


SUMMARY = {
    "outcome": "the observable",
    "unit": "its unit",
    "replicates": "runs that have a value at the end",
    "start": "mean of the first 12 months",
    "end": "mean of the last 12 months",
    "end_5": "5% of runs lie below, at the end",
    "end_95": "95% of runs lie below, at the end",
    "end_error": "Monte Carlo standard error of the mean at the end",
    "change": "mean of the last 12 months less mean of the first 12",
    "change_5": "5% of runs changed by less",
    "change_95": "95% of runs changed by less",
    "change_error": "Monte Carlo standard error of the mean change",
}
"""The columns of ``summary.csv`` after those that name the scenario."""


def summarised(results: Any) -> Any:
    """Per scenario and outcome: start, end and change over replicates.

    Runs of one replicate are never taken together: scenarios that differ in nothing but numbers have a row each.

    Args:
        results: a frame with the columns of ``results``.

    Returns:
        A frame with the columns of `SCENARIO` and `SUMMARY`.
    """
    import pandas as pd

    runs = results.loc[~results["run_id"].duplicated().to_numpy(), [*SCENARIO, "replicate"]]
    seen, groups = Counter[Any](), dict[Any, list[int]]()
    for place, (*names, replicate) in enumerate(runs.itertuples(index=False, name=None)):
        groups.setdefault((*names, seen[*names, replicate]), []).append(place)
        seen[*names, replicate] += 1
    outcomes, rows = outcomes_of(results.columns), []
    first, last = np.hsplit(yearly(results).to_numpy(), 2)
    for (*names, _), own in groups.items():
        for name, spread in zip(outcomes, _spreads(first[own], last[own]), strict=True):
            rows.append([*names, name, unit_of(name), *spread])
    return pd.DataFrame(rows, columns=[*SCENARIO, *SUMMARY])


def _spreads(first: Any, last: Any) -> list[list[float | int]]:
    """Of each column, whose rows are runs: what `SUMMARY` says from ``replicates`` on."""
    start, (end, change) = _means(first), (_moments(values) for values in (last, last - first))
    return [
        [int(count), mean, *ends, *changes]
        for count, mean, ends, changes in zip((~np.isnan(last)).sum(axis=0), start, end, change, strict=True)
    ]


def _means(values: Any) -> list[float]:
    """The mean of each column over the runs that have a value."""
    known = [column[~np.isnan(column)] for column in values.T]
    return [float(column.mean()) if len(column) else np.nan for column in known]


def _moments(values: Any) -> list[list[float]]:
    """Mean, 5%, 95% and the standard error of the mean, of each column."""
    whole = ~np.isnan(values).any(axis=0)
    lows, highs = np.full((2, values.shape[1]), np.nan)
    lows[whole], highs[whole] = np.quantile(values[:, whole], [0.05, 0.95], axis=0)  # one call for many is quick
    errors = np.full(values.shape[1], np.nan)
    for number, column in enumerate(values.T):
        known = column[~np.isnan(column)]
        if len(known) and not whole[number]:
            lows[number], highs[number] = np.quantile(known, [0.05, 0.95])
        if len(known) > 1:
            errors[number] = known.std(ddof=1) / len(known) ** 0.5
    return [list(map(float, each)) for each in zip(_means(values), lows, highs, errors, strict=True)]


# The folder.


def write_results(folder: Path, results: Results, *, config: str, provenance: dict[str, Any]) -> list[Path]:
    """Write a results folder.

    Args:
        folder: made if it does not exist.
        results: what to write.
        config: the resolved configuration as YAML.
        provenance: versions, source hash, machine, seeds, times and command.

    Returns:
        The files written.

    Raises:
        OutputError: if the disk is full or the folder may not be written.

    Examples:
        >>> import json
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sim import compose, read_results, run_ensemble
        >>> from sim.results import write_results
        >>> config = compose(["place.residents=1500", "months=2"])
        >>> results = run_ensemble(config, replicates=1, workers=1)
        >>> with TemporaryDirectory() as folder:
        ...     said = json.dumps(config.resolved())
        ...     files = write_results(Path(folder), results, config=said, provenance={"made": "in an example"})
        ...     again = read_results(folder)
        >>> print(*(file.name for file in files))
        results.parquet by_quintile.parquet by_band.parquet by_service.parquet summary.csv config.yaml provenance.json
        >>> again.results.equals(results.results)
        True
    """
    files = []
    for name, table in results.tables.items():
        if name == "by_area" and not len(table):
            continue  # a place without a funded area
        files.append(folder / f"{name}.parquet")
        write_parquet(table, files[-1])
    summary = write_text(folder / SUMMARIES, results.summary.to_csv(index=False, lineterminator="\n"))
    return [*files, summary, *_write_texts(folder, config, provenance)]


def _write_texts(folder: Path, config: str, provenance: dict[str, Any]) -> list[Path]:
    texts = {"config.yaml": config, "provenance.json": json.dumps(provenance, indent=2) + "\n"}
    return [write_text(folder / name, text) for name, text in texts.items()]


SUMMARIES = "summary.csv"


ROWS_AT_ONCE = 100_000
"""Rows that are gathered before they are written: a file of many small groups is slow to read."""
TABLES_AT_ONCE = 100
"""Tables that are gathered before they are made one: a table of four rows and a hundred columns takes 100 kB."""


def write_together(
    folder: Path, parts: Sequence[Path], names: Sequence[str], *, config: str, provenance: dict[str, Any]
) -> list[Path]:
    """Write the results of several folders into one, read from theirs one after another: not all are in memory at once.

    Args:
        folder: where to.
        parts: folders that `write_results` has left. A table that one of them lacks is left out, unless it is of areas.
        names: what the scenario of each was called; it stands in ``summary.csv``, behind its number.
        config: as `write_results` takes it.
        provenance: of all.

    Raises:
        OutputError: if the disk is full, or a folder may not be written or read.
    """
    files = []
    for name in SCHEMAS:
        there = [part / f"{name}.parquet" for part in parts if (part / f"{name}.parquet").exists()]
        if there and (len(there) == len(parts) or name == "by_area"):
            files.append(folder / f"{name}.parquet")
            written_whole(files[-1], partial(_one_after_another, there))
    files.append(folder / SUMMARIES)
    written_whole(files[-1], partial(_summaries, dict(zip(parts, names, strict=True))))
    return files + _write_texts(folder, config, provenance)


def _summaries(parts: Mapping[Path, str], passing: Path) -> None:
    """The summaries of scenarios, one under the other, each row with the scenario's number and name behind it."""
    with passing.open("w", encoding="utf-8", newline="") as file:
        to = csv.writer(file, lineterminator="\n")
        for number, (part, name) in enumerate(parts.items()):
            with (part / SUMMARIES).open(encoding="utf-8", newline="") as own:
                head, *rows = csv.reader(own)
            if number == 0:
                to.writerow([*head, "point", "overrides"])
            to.writerows([*row, number, name] for row in rows)


def _one_after_another(files: Sequence[Path], passing: Path) -> None:
    import pyarrow.parquet as pq

    with ExitStack() as open_files:
        writer, waiting, small = None, list[Any](), list[Any]()
        for number, file in enumerate(files, 1):
            small.append(read_parquet(file))
            if len(small) == TABLES_AT_ONCE or number == len(files):
                waiting.append(pa.concat_tables(small).combine_chunks())
                small.clear()
            if number == len(files) or sum(map(len, waiting)) >= ROWS_AT_ONCE:
                if writer is None:
                    schema = waiting[0].schema
                    to = pq.ParquetWriter(passing, schema, **packed_as(schema, ROWS_AT_ONCE))
                    writer = open_files.enter_context(to)
                writer.write_table(pa.concat_tables(waiting))
                waiting.clear()


def read_results(folder: str | os.PathLike[str]) -> Results:
    """Read back a results folder, as ``takestwo run`` or `write_results` has left it.

    Raises:
        OutputError: if the folder holds no results, or they cannot be read.

    Examples:
        >>> from sim import read_results
        >>> read_results("no/such/folder")
        Traceback (most recent call last):
        sim.files.OutputError: no/such/folder is not a results folder: it needs results.parquet, ...
    """
    tables = {"by_area": SCHEMAS["by_area"].empty_table()}
    for name in SCHEMAS:
        path = Path(folder) / f"{name}.parquet"
        if path.exists():
            tables[name] = read_parquet(path)
    if not set(ALWAYS) <= set(tables):
        needed = ", ".join(f"{name}.parquet" for name in ALWAYS)
        raise OutputError(f"{folder} is not a results folder: it needs {needed}.")
    return Results(Tables(**tables))
