"""What a store holds, as tidy frames: which runs there are, and their tables, read as far as they are asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sim.config import nearest
from sim.files import OutputError
from sim.source import source_hash
from sim.store import file
from sim.store.frame import ChoiceError, Frame
from sim.store.settings import Configs, text, told_by
from sim.store.shelf import PACK, PACKED, RUNS, Store
from sim.tables import SCENARIO, SCHEMAS

LEAST_PREFIX = 4
"""Digits by which a run may be called."""
THIS, OTHER = "this", "other"
_COLUMNS = {"seed": "root_seed", "place.residents": "residents"} | {
    name: name for name in (*SCENARIO, "replicate", "months", "residents", "source", "model")
}


def open_store(folder: str | os.PathLike[str] = "outputs/.store", **filters: Any) -> Runs:
    """The runs of a store, as tidy frames that are read as far as they are asked for.

    Args:
        folder: the store.
        **filters: which runs, as in `Runs.where`; all of this source and of others if none is given.

    Raises:
        OutputError: if there is no such folder.
        ChoiceError: if a filter names what is not there.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from sim import compose, open_store, run_ensemble
        >>> folder = TemporaryDirectory()
        >>> for policy in ("none", "ready_meals"):
        ...     config = compose(["place.residents=1500", "months=2", f"policy={policy}",
        ...                       *(["policy.ready_meals.start=2007-04"] * (policy != "none"))])
        ...     _ = run_ensemble(config, replicates=2, workers=1, store=folder.name)
        >>> store = open_store(folder.name, source="this")
        >>> store
        Runs(4 runs of 2 scenarios)
        >>> list(store.runs["policy"]), store.where(policy="none").runs["months"].tolist()
        (['none', 'none', 'ready_meals', 'ready_meals'], [2, 2])

        Only these columns and rows are read, however large the store is:

        >>> last = store.results.to_pandas(["policy", "venues_open"], month=1)
        >>> last.groupby("policy")["venues_open"].mean().tolist()
        [3.0, 3.0]

        What does not fit into memory is read part by part:

        >>> sum(len(part) for part in store.by_quintile.parts(["quintile"]))
        40
        >>> folder.cleanup()
    """
    if not Path(folder).is_dir():
        raise OutputError(f"there is no store {folder}. Name one, as store=FOLDER; takestwo run makes one.")
    runs = Runs(Store(folder))
    return runs.where(**filters) if filters else runs


class Runs:
    """Runs of a store: `runs` and `settings`, a row a run; and lazily all that they left.

    `results`, `by_quintile`, `by_area`, `by_band`, `by_service`, and `residents` and `ties` where they were recorded,
    are a `Frame` each, with the columns of `sim.tables.SCHEMAS`. Make one with `open_store`.
    """

    def __init__(self, store: Store, table: pa.Table | None = None) -> None:
        self.store = store
        self._table = _whole(store) if table is None else table

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        return f"Runs({len(self):,} runs of {self.points.nunique():,} scenarios)"

    def __getattr__(self, name: str) -> Any:
        """The table of that name."""
        if name in SCHEMAS:
            return Frame(self, name)
        if name.startswith("_"):
            raise AttributeError(f"Runs has no {name!r}")
        raise AttributeError(f"Runs has no {name!r}. {nearest(name, [*SCHEMAS, 'runs', 'settings', 'where'])}")

    def __dir__(self) -> list[str]:
        """What a prompt may complete."""
        return [*super().__dir__(), *SCHEMAS]

    @cached_property
    def runs(self) -> Any:
        """A frame with a row a run: scenario, replicate, seed, root_seed, months, residents, source, model, made."""
        return self._table.drop_columns(["config"]).to_pandas()

    @cached_property
    def ids(self) -> list[str]:
        """The runs, by name."""
        ids: list[str] = self._table["run_id"].to_pylist()
        return ids

    @cached_property
    def points(self) -> Any:
        """A series with a number a run, the same for runs that differ in their luck alone: replicates of a scenario."""
        import pandas as pd

        known = self._known
        return pd.Series(known.config_number, index=self.runs.index).groupby(
            [known.config_number, self.runs["source"], self.runs["model"]], sort=False).ngroup()  # fmt: skip

    @cached_property
    def settings(self) -> Any:
        """A frame with a row a run, and a column for each setting that differs and is not told by a name or a draw.

        Columns are called as on the command line: ``ties.build``, ``policy.listening.dose``.
        """
        import pandas as pd

        known = self._known
        seen: dict[str, dict[tuple[Any, ...], Any]] = {}
        differs = {"months": True, "seed": True} if len(known.flat) > 1 else {}
        for config in known.flat:
            for name, value in config.items():
                if name in SCENARIO:
                    continue
                by = tuple(config.get(one) for one in told_by(name))
                first = seen.setdefault(name, {}).setdefault(by, value)
                if first != value:
                    differs[name] = True
        columns = {n: [c.get(n) for c in known.flat] for n in differs}
        columns = {n: values for n, values in columns.items() if any(value != values[0] for value in values)}
        return pd.DataFrame(columns, index=range(len(known.flat))).iloc[known.config_number].set_axis(self.runs.index)

    def config(self, run: str) -> dict[str, Any]:
        """The whole configuration of a run, as plain data: `Config.check` of `sim.config` takes it up."""
        config: dict[str, Any] = json.loads(self._table["config"][self.ids.index(run)].as_py())
        return config

    def where(self, ids: Sequence[str] = (), **filters: Any) -> Runs:
        """Fewer of the runs: those that meet every filter.

        Args:
            ids: names of runs, or their first digits.
            **filters: a value, or several of which any will do, of ``place``, ``world``, ``policy`` (several policies
                of one run are joined by ``+``), ``rival``, ``ablation``, ``draw``, ``replicate``, ``months``,
                ``seed``; ``source`` (``this``, ``other`` or the hash); or any setting, as ``**{"ties.build": 0.3}``.

        Raises:
            ChoiceError: if nothing here is called so, or no run has such a value.
        """
        keep = np.ones(len(self), dtype=bool) if not ids else np.zeros(len(self), dtype=bool)
        for each in ids:
            keep |= self._called(each)
        for name, values in filters.items():
            keep &= self._having(name, list(values) if isinstance(values, list | tuple | set) else [values])
        return Runs(self.store, self._table.filter(pa.array(keep)))

    def _called(self, prefix: str) -> Any:
        if len(prefix) < LEAST_PREFIX:
            raise ChoiceError(f"{prefix} is too short for the name of a run: {LEAST_PREFIX} digits are needed.")
        found = pc.starts_with(self._table["run_id"], prefix.lower()).to_numpy()
        if not found.any():
            raise ChoiceError(f"no run here has a name that begins with {prefix}. takestwo runs list shows them.")
        return found

    def _having(self, name: str, values: Sequence[Any]) -> Any:
        if name in _COLUMNS:
            there = self._table[_COLUMNS[name]].to_pandas()
            if name == "source":
                values = [one for value in values for one in _sources(value, there.unique())]
            return self._any(name, values, there.to_numpy())
        known = self._known
        if not any(name in config for config in known.flat):
            every = {key for config in known.flat for key in config}
            raise ChoiceError(f"{name} is nothing that runs are chosen by. {nearest(name, [*_COLUMNS, *every])}")
        return self._any(name, values, np.array([text(c.get(name)) for c in known.flat], object))[known.config_number]

    def _any(self, name: str, values: Sequence[Any], there: Any) -> Any:
        texts = np.array([text(value) for value in there], object)
        keep = np.zeros(len(texts), dtype=bool)
        for value in values:
            found = texts == text(value)
            if len(texts) and not found.any():
                raise ChoiceError(f"no run here has {name}={value}. {nearest(text(value), set(texts) - {''})}")
            keep |= found
        return keep

    @cached_property
    def _known(self) -> Configs:
        return Configs(self._table["config"])


def _sources(value: Any, there: Iterable[str]) -> list[str]:
    """The sources that are meant: this one, all others, or one by its first digits."""
    if value == THIS:
        return [source_hash()]
    if value == OTHER:
        return [one for one in there if one != source_hash()] or [OTHER]
    return [one for one in there if one.startswith(str(value))] or [str(value)]


def _whole(store: Store) -> pa.Table:
    """The rows of ``runs`` of all runs that are there whole, each once."""
    there = set.intersection(*(set(store.names(table)) for table in PACKED))
    tables: list[pa.Table] = [RUNS.empty_table()]
    seen: set[str] = set()
    for name in sorted(there, key=lambda name: (not name.startswith(PACK), name)):
        try:
            path = store.path("runs", name)
            stored = pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=["config"])
            rows = stored.read(use_threads=False)
            ids = rows["run_id"].to_pylist()
            if rows.schema.names != RUNS.names:
                continue
        except file.FAULTS:
            continue
        if seen.isdisjoint(ids):
            tables.append(rows)
        else:
            tables.append(rows.filter(pa.array([run not in seen for run in ids])))
        seen.update(ids)
    kept = RUNS.set(RUNS.get_field_index("config"), pa.field("config", pa.dictionary(pa.int32(), pa.string())))
    table = pa.concat_tables([each.cast(kept) for each in tables])
    return table.sort_by([(name, "ascending") for name in (*SCENARIO, "source", "made", "replicate")])
