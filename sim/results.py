"""Results: tidy frames of an ensemble, and the folder in which they are written with their provenance."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from sim.files import OutputError, read_parquet, write_parquet, write_text
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
        """A row a scenario and outcome, with the columns of `SCENARIO` and `SUMMARY`."""
        return summary_frame(self.summary_rows)

    @cached_property
    def summary_rows(self) -> list[list[Any]]:
        """The same without a frame: see `summarised`."""
        return summarised(self.tables.results)

    @cached_property
    def summary_lines(self) -> list[str]:
        """The same as it is written: a line of CSV each."""
        return csv_lines(self.summary_rows)


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
    values, month = results[outcomes].to_numpy(np.float64), results["month"].to_numpy()
    columns = pd.MultiIndex.from_tuples([(name, end) for end in ("first", "last") for name in outcomes])
    return pd.DataFrame(np.hstack(_ends(values, run, month)), pd.Index(names, name="run_id"), columns)


def _ends(values: Any, run: Any, month: Any) -> tuple[Any, Any]:
    """The mean of each column over the first and the last twelve months of each run.

    Args:
        values: a row a run and month.
        run: of each row, counted from 0.
        month: of each row.

    Returns:
        Two tables with a row a run.
    """
    if (run[1:] < run[:-1]).any():
        order = np.argsort(run, kind="stable")
        values, run, month = values[order], run[order], month[order]
    begins = np.flatnonzero(np.diff(run, prepend=-1))
    since = month - np.minimum.reduceat(month, begins)[run]
    until = np.maximum.reduceat(month, begins)[run] - month
    first, last = (_means_of_runs(values, begins, months < MONTHS_A_YEAR) for months in (since, until))
    return first, last


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


def summary_frame(rows: list[list[Any]]) -> Any:
    """What `summarised` returns, as a frame."""
    import pandas as pd

    return pd.DataFrame(rows, columns=[*SCENARIO, *SUMMARY])


def summarised(results: pa.Table) -> list[list[Any]]:
    """Per scenario and outcome: start, end and change over replicates.

    Runs of one replicate are never taken together: scenarios that differ in nothing but numbers have a row each.

    Args:
        results: the table ``results``.

    Returns:
        Rows with the columns of `SCENARIO` and `SUMMARY`.
    """
    column = dict(zip(results.column_names, results.itercolumns(), strict=True))
    outcomes, run = outcomes_of(column), column["run_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    values = np.column_stack([column[name].to_numpy() for name in outcomes])
    first, last = (np.ascontiguousarray(end.T) for end in _ends(values, run, column["month"].to_numpy()))
    row_of_each = np.unique(run, return_index=True)[1]
    seen, groups = Counter[Any](), dict[Any, list[int]]()
    named = results.select([*SCENARIO, "replicate"]).take(row_of_each)
    for place, (*names, replicate) in enumerate(zip(*(column.to_pylist() for column in named.columns), strict=True)):
        groups.setdefault((*names, seen[*names, replicate]), []).append(place)
        seen[*names, replicate] += 1
    units = [unit_of(name) for name in outcomes]
    return [
        [*names, *row]
        for (*names, _), own in groups.items()
        for row in zip(outcomes, units, *_spreads(first[:, own], last[:, own]), strict=True)
    ]


def _spreads(first: Any, last: Any) -> list[list[float | int]]:
    """What `SUMMARY` says from ``replicates`` on, a list a column, of outcomes whose values lie in a row, by run."""
    numbers = [_means(first), *_moments(last), *_moments(last - first)]
    return [(~np.isnan(last)).sum(axis=1).tolist(), *(each.tolist() for each in numbers)]


def _means(values: Any) -> Any:
    """The mean of each row over the runs that have a value."""
    whole = ~np.isnan(values).any(axis=1)
    means = np.full(len(values), np.nan)
    means[whole] = values[whole].mean(axis=1)
    for number in np.flatnonzero(~whole):
        known = values[number][~np.isnan(values[number])]
        means[number] = known.mean() if len(known) else np.nan
    return means


def _moments(values: Any) -> tuple[Any, Any, Any, Any]:
    """Mean, 5%, 95% and the standard error of the mean, of each row."""
    runs = values.shape[1]
    whole = ~np.isnan(values).any(axis=1)
    lows, highs, errors = np.full((3, len(values)), np.nan)
    if runs == 1:
        lows[whole] = highs[whole] = values[whole, 0]
    else:
        lows[whole], highs[whole] = np.quantile(values[whole], [0.05, 0.95], axis=1)  # one call for many is quick
        errors[whole] = values[whole].std(axis=1, ddof=1) / runs**0.5
    for number in np.flatnonzero(~whole):
        known = values[number][~np.isnan(values[number])]
        if len(known):
            lows[number], highs[number] = np.quantile(known, [0.05, 0.95])
        if len(known) > 1:
            errors[number] = known.std(ddof=1) / len(known) ** 0.5
    return _means(values), lows, highs, errors


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
    text = "".join([*csv_lines([[*SCENARIO, *SUMMARY]]), *results.summary_lines])
    return [*files, write_text(folder / SUMMARIES, text), *write_texts(folder, config, provenance)]


def csv_lines(rows: Iterable[Sequence[Any]]) -> list[str]:
    """Rows as lines of CSV, each with its end; a number that does not exist is an empty cell."""
    lines = list[str]()
    to = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\n")  # which writes a row at one stroke
    to.writerows([["" if cell != cell else cell for cell in row] for row in rows])  # noqa: PLR0124 - not a number
    return lines


def write_texts(folder: Path, config: str, provenance: dict[str, Any]) -> list[Path]:
    """Write the configuration and the provenance of a results folder."""
    texts = {CONFIG: config, PROVENANCE: json.dumps(provenance, indent=2) + "\n"}
    return [write_text(folder / name, text) for name, text in texts.items()]


SUMMARIES, CONFIG, PROVENANCE = "summary.csv", "config.yaml", "provenance.json"


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
