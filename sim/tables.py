"""The tables that runs leave: their columns, and the diary in which one run is written down.

A run leaves ``results`` (a row a month), ``by_quintile`` (a row a month and deprivation quintile), ``by_area`` (a row a
month and area, where a place has a funded area; else no row), ``by_band`` (a row a month and income band of charities)
and ``by_service`` (a row a month and council service); and on request ``residents`` and ``ties`` as they stood at the
end of the first and the last month. The tables of several runs are the same, one under the other. `SCHEMAS` states
names, dtypes, units and meanings; the files carry them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from sim.lately import COLUMNS as LATELY, Lately
from sim.observables import OBSERVABLES, parties
from sim.source import data_table
from sim.state import EMPTY, NOBODY, QUINTILES, SLOTS, STRONG, State

SCENARIO = ("place", "world", "policy", "rival", "ablation", "draw")
"""The columns that name a scenario."""
STATES = ("residents", "ties")
"""Tables that are kept on request."""


def _field(name: str, kind: pa.DataType, unit: str, meaning: str) -> pa.Field:
    return pa.field(name, kind, metadata={"unit": unit, "meaning": meaning})


_IDENTITY = [
    _field("run_id", pa.string(), "name", "hash of source, configuration, draw, replicate and seed"),
    _field("place", pa.string(), "name", "the place"),
    _field("world", pa.string(), "name", "what happens from outside"),
    _field("policy", pa.string(), "name", "what is done about it; several are joined by +"),
    _field("rival", pa.string(), "name", "the account of how things hang together"),
    _field("ablation", pa.string(), "name", "the mechanism that is off"),
    _field("draw", pa.int64(), "count", "the set of uncertain parameters; 0: every parameter at its stated value"),
    _field("replicate", pa.int64(), "count", "0-based; one replicate is one run seed, the same in every scenario"),
    _field("seed", pa.int64(), "count", "the run seed: CommunityModel(config, rng=seed) lives this run again"),
]
_TIME = [
    _field("month", pa.int64(), "month", "0-based month of the run"),
    _field("date", pa.date32(), "date", "first day of the month"),
]


def _quintile(state: State) -> Any:
    return state.neighbourhoods.quintile[state.residents.neighbourhood]


def _charity(state: State) -> Any:
    held = state.residents.role != NOBODY
    return pa.array(np.append(state.charities.id, 0)[state.residents.role], pa.int64(), mask=~held)


def _role_since(state: State) -> Any:
    return pa.array(state.residents.role_since, pa.int64(), mask=state.residents.role == NOBODY)


def _ties_of_each(state: State, least: float) -> Any:
    slots = np.flatnonzero((state.ties.alter != EMPTY) & (state.ties.strength >= least))
    people = len(state.residents.id)
    return np.bincount(slots // SLOTS, minlength=people) + np.bincount(state.ties.alter[slots], minlength=people)


_RESIDENTS: dict[str, tuple[str, str, Callable[[State], Any]]] = {
    "id": ("count", "permanent id", lambda s: s.residents.id),
    "neighbourhood": ("count", "number of the neighbourhood, from 0", lambda s: s.residents.neighbourhood),
    "quintile": ("count", "deprivation of the neighbourhood, 1 most deprived", _quintile),
    "arrived": ("month", "when this resident came; negative: before the run", lambda s: s.residents.arrived),
    "tenure": ("count", "of the home: 0 owner, 1 social, 2 private", lambda s: s.residents.tenure),
    "group": ("count", "grade (0 ABC1, 1 C2DE) times 3 + age (0 16-34, 1 35-64, 2 older)", lambda s: s.residents.group),
    "x": ("km", "where the home stands", lambda s: s.residents.x),
    "y": ("km", "where the home stands", lambda s: s.residents.y),
    "charity": ("count", "id of the charity in which a role is held, or none", _charity),
    "role_since": ("month", "when the role was taken up, or none", _role_since),
    "formal_hours": ("hours", "given to charities this month", lambda s: s.residents.formal_hours),
    "helping_hours": ("hours", "given to neighbours this month", lambda s: s.residents.helping_hours),
    "need": ("hours", "of need arisen this month, all kinds", lambda s: s.residents.need.sum(axis=1)),
    "met": ("hours", "of that need met", lambda s: s.residents.met.sum(axis=1)),
    "trust_council": ("0 to 1", "trust in the council", lambda s: s.residents.trust_council),
    "trust_charity": ("0 to 1", "trust in charities", lambda s: s.residents.trust_charity),
    "ties": ("count", "ties with other residents", lambda s: _ties_of_each(s, 0.0)),
    "strong_ties": ("count", "of them with a strength of at least .5", lambda s: _ties_of_each(s, STRONG)),
}  # fmt: skip
_PEOPLE = {name: (unit, meaning) for name, (unit, meaning, _) in _RESIDENTS.items()} | LATELY
_TIES: dict[str, tuple[str, str]] = {
    "smaller_id": ("count", "permanent id of the one resident"),
    "larger_id": ("count", "permanent id of the other"),
    "strength": ("0 to 1", "strength of the tie"),
    "class": ("name", "bonding, weak or bridging"),
    "born": ("month", "when the tie began"),
}
OPTIONAL = {"charity", "role_since"}
"""Columns of whole numbers that are empty for residents without a role."""
_CLASSES = ("bonding", "weak", "bridging")
_FLOATS = {"x", "y", "formal_hours", "helping_hours", "need", "met", "trust_council", "trust_charity", "strength"}
_FLOATS |= set(LATELY)


def _kind(column: str) -> pa.DataType:
    return pa.float64() if column in _FLOATS else pa.string() if column == "class" else pa.int64()


def _observed(*, by_quintile: bool) -> list[pa.Field]:
    return [
        _field(o.name, pa.float64(), o.unit, o.meaning)
        for o in OBSERVABLES.values()
        if o.by_quintile or not by_quintile
    ]


BANDS = parties.BAND_NAMES
SERVICES = tuple(row["service"] for row in data_table("services"))


def _parts(name: str, part: str, meaning: str) -> pa.Schema:
    """The columns of a table that has a row for each month and named part."""
    columns = [_field(column, pa.float64(), unit, what) for column, (unit, what) in parties.UNITS[name].items()]
    return pa.schema([*_IDENTITY, *_TIME, _field(part, pa.string(), "name", meaning), *columns])


AREA_NAMES = ("inside", "next door", "the rest")
_AREA = _field("area", pa.string(), "name", "inside the funded area, next door to it, or the rest of the place")
_QUINTILE = _field("quintile", pa.int64(), "count", "deprivation of the neighbourhood, 1 most deprived")
SCHEMAS: dict[str, pa.Schema] = {
    "results": pa.schema(_IDENTITY + _TIME + _observed(by_quintile=False)),
    "by_quintile": pa.schema([*_IDENTITY, *_TIME, _QUINTILE, *_observed(by_quintile=True)]),
    "by_area": pa.schema([*_IDENTITY, *_TIME, _AREA, *_observed(by_quintile=True)]),
    "by_band": _parts("by_band", "income_band", "income band of charities, or unregistered groups"),
    "by_service": _parts("by_service", "service", "service of the council"),
    "residents": pa.schema(_IDENTITY + _TIME + [_field(c, _kind(c), u, m) for c, (u, m) in _PEOPLE.items()]),
    "ties": pa.schema(_IDENTITY + _TIME + [_field(c, _kind(c), u, m) for c, (u, m) in _TIES.items()]),
}
"""Names, dtypes, units and meanings of every table, in order."""
PARTS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "by_quintile": ("quintile", tuple(range(1, QUINTILES + 1))), "by_area": ("area", AREA_NAMES),
    "by_band": ("income_band", BANDS), "by_service": ("service", SERVICES),
}  # fmt: skip
"""Tables with a row for each month and part: the column that names the part, and the parts in order."""
ALWAYS = ("results", *PARTS)
"""Tables that every run leaves."""


def published_schema() -> dict[str, list[dict[str, str]]]:
    """`SCHEMAS` as plain data: what ``sim/data/schema.json`` holds."""
    return {
        table: [
            {"name": f.name, "type": str(f.type), **{k.decode(): v.decode() for k, v in f.metadata.items()}}
            for f in schema
        ]
        for table, schema in SCHEMAS.items()
    }


OWN_UNIT = "own"
"""Unit of an observable that a model from outside has added (`CommunityModel.also`)."""


def outcomes_of(columns: Iterable[str]) -> list[str]:
    """The outcomes among the columns of ``results``: the model's, then those of a model from outside."""
    names = dict.fromkeys(columns)
    return [name for name in OBSERVABLES if name in names] + [name for name in names if name not in _KNOWN]


_KNOWN = frozenset(SCHEMAS["results"].names)


def unit_of(outcome: str) -> str:
    """The unit of an outcome of ``results``."""
    return OBSERVABLES[outcome].unit if outcome in OBSERVABLES else OWN_UNIT


def is_table(name: str, schema: pa.Schema) -> bool:
    """Whether these are the columns of a table; ``results`` may have some more, of a model from outside."""
    known, columns = SCHEMAS[name], list(schema)
    added = columns[len(known) :] if name == "results" else []
    return pa.schema(columns[: len(columns) - len(added)]).equals(known) and all(c.type == pa.float64() for c in added)


# One run's tables, or those of several runs, one under the other.


@dataclass(frozen=True)
class Tables:
    """Arrow tables with the columns of `SCHEMAS`; the states of residents and ties where they were asked for."""

    results: pa.Table
    by_quintile: pa.Table
    by_area: pa.Table
    by_band: pa.Table
    by_service: pa.Table
    residents: pa.Table | None = None
    ties: pa.Table | None = None

    def items(self) -> list[tuple[str, pa.Table]]:
        """(name, table) of the tables that there are."""
        return [(name, getattr(self, name)) for name in SCHEMAS if getattr(self, name) is not None]

    def holds(self, record: Iterable[str]) -> bool:
        """Whether every table asked for is there."""
        return all(getattr(self, name) is not None for name in record)


def joined(parts: Sequence[Tables]) -> Tables:
    """The tables of several runs, one under the other; a state that any run lacks is left out."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, pa.Table] = {}
    for name in SCHEMAS:
        tables = [getattr(part, name) for part in parts]
        if tables and all(table is not None for table in tables):
            columns[name] = pa.concat_tables(tables).combine_chunks()
    return Tables(**columns)


class Diary:
    """What is written down while one run is lived.

    Args:
        identity: the run's columns that do not change, `run_id` to `seed`, by name.
        dates: the first day of each month of the run.
        record: states to keep, of `STATES`.
    """

    def __init__(self, identity: dict[str, str | int], dates: Sequence[date], record: Iterable[str] = ()) -> None:
        self._identity, self._dates, self._record = identity, list(dates), tuple(record)
        self._whole: list[dict[str, float]] = []
        self._parts: dict[str, list[dict[str, Sequence[float]]]] = {name: [] for name in PARTS}
        self._states: dict[str, list[pa.Table]] = {name: [] for name in self._record}
        self._lately = Lately(len(self._dates))

    def write(self, observed: Any, state: State) -> None:
        """Write down one month: `observed` has `whole` and `by_quintile`, values by observable."""
        month = len(self._whole)
        self._whole.append(observed.whole)
        for name, months in self._parts.items():
            months.append(getattr(observed, name))
        if "residents" in self._record:
            self._lately.live(state)
        if month in {0, len(self._dates) - 1}:
            for name in self._record:
                columns = _residents(state, self._lately) if name == "residents" else _ties(state)
                rows = len(next(iter(columns.values())))
                self._states[name].append(self._table(name, columns, [month] * rows))

    def means(self) -> dict[str, float]:
        """Each observable, the mean of the months that were written down so far and in which it exists."""
        return {name: _mean([row[name] for row in self._whole]) for name in self._whole[0]}

    def tables(self) -> Tables:
        """All that was written."""
        months = range(len(self._whole))
        names = list(self._whole[0]) if self._whole else list(OBSERVABLES)
        whole = {name: np.array([row[name] for row in self._whole]) for name in names}
        results = self._table("results", whole, list(months))
        for name in names:
            if name not in OBSERVABLES:
                results = results.append_column(_field(name, pa.float64(), OWN_UNIT, "of a model from outside"),
                                                pa.array(whole[name], pa.float64()))  # fmt: skip
        return Tables(
            results=results,
            **{name: self._by_part(name) for name in PARTS},
            **{name: pa.concat_tables(parts).combine_chunks() for name, parts in self._states.items()},
        )

    def _by_part(self, name: str) -> pa.Table:
        label, parts = PARTS[name]
        rows = self._parts[name]
        if not any(rows):
            return SCHEMAS[name].empty_table()
        columns = {f.name: np.array([row[f.name] for row in rows]).ravel() for f in SCHEMAS[name] if f.name in rows[0]}
        return self._table(
            name, columns | {label: list(parts) * len(rows)}, [m for m in range(len(rows)) for _ in parts]
        )

    def _table(self, name: str, columns: dict[str, Any], months: Sequence[int]) -> pa.Table:
        schema, rows = SCHEMAS[name], len(months)
        known: dict[str, Any] = {field: [value] * rows for field, value in self._identity.items()}
        known |= {"month": months, "date": [self._dates[m] for m in months], **columns}
        return pa.table([pa.array(known[field.name], field.type) for field in schema], schema=schema)


def _mean(months: Sequence[float]) -> float:
    there = [value for value in months if not math.isnan(value)]
    return math.fsum(there) / len(there) if there else math.nan


def _residents(state: State, lately: Lately) -> dict[str, Any]:
    """The columns as they stand now: copies, for Arrow would share an array's memory, and the state lives on."""
    columns = {name: column(state) for name, (_, _, column) in _RESIDENTS.items()} | lately.columns()
    return {name: each.copy() if isinstance(each, np.ndarray) else each for name, each in columns.items()}


def _ties(state: State) -> dict[str, Any]:
    slots = np.flatnonzero(state.ties.alter != EMPTY)
    one, other = state.residents.id[slots // SLOTS], state.residents.id[state.ties.alter[slots]]
    return {
        "smaller_id": np.minimum(one, other),
        "larger_id": np.maximum(one, other),
        "strength": state.ties.strength[slots],
        "class": np.array(_CLASSES)[state.ties.klass[slots]].tolist(),
        "born": state.ties.born[slots],
    }
