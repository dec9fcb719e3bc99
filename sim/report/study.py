"""What a results folder holds, read and checked: scenarios, their runs, and how they were made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

from sim.composition import ACCOUNTS, title_of
from sim.config import Config, ConfigError
from sim.contrast import GAINED, at_the_start, by_part, paired
from sim.contrast.stopping import Settled
from sim.files import OutputError
from sim.results import Results, read_results
from sim.tables import ALWAYS, PARTS, SCHEMAS, STATES, Tables
from sim.units import MONTHS_A_YEAR, date_of, month_of


@dataclass(frozen=True)
class Scenario:
    """One scenario of a folder.

    Attributes:
        name: what it is called beside the others.
        config: what was run.
        results: its runs, each under its own luck.
        typed: the overrides in which it differs from the others, as they were typed.
    """

    name: str
    config: Config
    results: Results
    typed: str = ""

    @cached_property
    def outcomes(self) -> Any:
        """`sim.results.summarised`, a row an outcome."""
        return self.results.summary.set_index("outcome")

    @cached_property
    def runs(self) -> int:
        """How many runs there are."""
        return int(self.results.results["run_id"].nunique())

    def matrix(self, outcome: str) -> Any:
        """An outcome as an array, a row a run in the order of the replicates, a column a month."""
        frame = self.results.results.pivot_table(outcome, "replicate", "month", dropna=False)
        return frame.to_numpy(dtype=float)


@dataclass(frozen=True)
class Study:
    """A results folder.

    Attributes:
        folder: where it lies.
        scenarios: in the order in which they were asked for; the first is the counterfactual of the others.
        provenance: what ``provenance.json`` holds.
    """

    folder: Path
    scenarios: tuple[Scenario, ...]
    provenance: dict[str, Any]

    @property
    def first(self) -> Scenario:
        """The only scenario, or the counterfactual of the others."""
        return self.scenarios[0]

    @property
    def others(self) -> tuple[Scenario, ...]:
        """The scenarios that are held against the first, where they share its seed and its months."""
        same = {(s.config.seed, s.config.months, s.config.world.first_month) for s in self.scenarios}
        return self.scenarios[1:] if len(same) == 1 else ()

    @cached_property
    def contrasts(self) -> dict[str, Any]:
        """`sim.contrast.paired` of each of the others with the first, by name, a row an outcome."""
        return {s.name: paired(self.first.results, s.results).set_index("outcome") for s in self.others}

    @cached_property
    def starts(self) -> dict[str, Any]:
        """`sim.contrast.at_the_start` of each of the others with the first, by name, a row an outcome."""
        return {s.name: at_the_start(self.first.results, s.results).set_index("outcome") for s in self.others}

    @cached_property
    def parts(self) -> dict[str, dict[str, Any]]:
        """`sim.contrast.by_part` of each of the others with the first, by name and table of parts; no empty ones."""
        return {s.name: _parts(self.first.results, s.results) for s in self.others}

    @cached_property
    def bands(self) -> dict[str, Any]:
        """As `parts`, of charities by income band: only bands in which a difference is known."""
        each = {s.name: by_part(self.first.results, s.results, "by_band") for s in self.others}
        return {name: rows[rows["pairs"] > 0] for name, rows in each.items()}

    @cached_property
    def gained(self) -> dict[str, Any]:
        """Who gained and lost, by name, a row an outcome: of those of which ``gained_and_lost.csv`` tells.

        Raises:
            OutputError: if that file cannot be read.
        """
        rows = _csv(self.folder / "gained_and_lost.csv", {*GAINED, "counterfactual_overrides", "scenario_overrides"})
        if rows is None:
            return {}
        return {name: told.set_index("outcome") for name, told in self._of_others(rows).items()}

    @cached_property
    def narrowed(self) -> dict[str, Any]:
        """What was asked of its interval, and what came of it, by name: the scenario's row of ``precision.csv``.

        Raises:
            OutputError: if that file cannot be read.
        """
        asked = {"counterfactual_overrides", "scenario_overrides", "outcome", "unit", "precision"}
        rows = _csv(self.folder / "precision.csv", {*Settled._fields, *asked})
        if rows is None:
            return {}
        return {name: told.iloc[0] for name, told in self._of_others(rows).items()}

    def _of_others(self, rows: Any) -> dict[str, Any]:
        """Rows of a table of contrasts with the first scenario, by the name of the other; no empty ones."""
        rows = rows[rows["counterfactual_overrides"].fillna("") == self.first.typed]
        of = {s.name: rows[rows["scenario_overrides"].fillna("") == s.typed] for s in self.others}
        return {name: told for name, told in of.items() if len(told)}

    @cached_property
    def while_paid(self) -> dict[str, tuple[date, Any]]:
        """As `contrasts`, over the last 12 months in which a policy's full dose was paid, and the last of them.

        Only of scenarios whose policies end together, at least a year before the runs do.
        """
        return {name: (last, paired(*both).set_index("outcome")) for name, (last, both) in self._until_paid.items()}

    @cached_property
    def parts_while_paid(self) -> dict[str, dict[str, Any]]:
        """As `parts`, over the same 12 months."""
        return {name: _parts(*both) for name, (_, both) in self._until_paid.items()}

    @cached_property
    def between(self) -> list[tuple[Scenario, date | None, Any]]:
        """The options beside each other: each of the others but their first, less that one, a row an outcome.

        Of the last 12 months; and before that of the last 12 in which both were paid, and the last of them, where their
        money ends together.
        """
        made: list[tuple[Scenario, date | None, Any]] = []
        for s in self.others[1:]:
            paid = [self._until_paid[each.name] for each in (self.others[0], s) if each.name in self._until_paid]
            if len(paid) > 1 and paid[0][0] == paid[1][0]:
                made.append((s, paid[0][0], paired(*[both[1] for _, both in paid]).set_index("outcome")))
            made.append((s, None, paired(self.others[0].results, s.results).set_index("outcome")))
        return made

    @cached_property
    def _until_paid(self) -> dict[str, tuple[date, tuple[Results, Results]]]:
        """The last month in which a full dose was paid, and the runs of the first scenario and this one until then."""
        found = {}
        for s in self.others:
            ends = {month_of(p.start, s.config.world.first_month) + p.months for p in s.config.policy.values()}
            if len(ends) == 1 and MONTHS_A_YEAR <= (end := ends.pop()) <= s.config.months - MONTHS_A_YEAR:
                last = date_of(end - 1, s.config.world.first_month)
                found[s.name] = last, (_until(self.first.results, end), _until(s.results, end))
        return found

    @property
    def two_years_apart(self) -> bool:
        """Whether the first and the last 12 months share no month, in every scenario."""
        return all(s.config.months >= 2 * MONTHS_A_YEAR for s in self.scenarios)


def read_study(folder: Path) -> Study:
    """Read a results folder.

    Raises:
        OutputError: if something is missing, unreadable, or of another version.
    """
    results = read_results(folder)
    provenance, content = _json(folder / "provenance.json"), _yaml(folder / "config.yaml")
    parts = _split(results, folder)
    try:
        points: Any = content["points"].values() if "points" in content else [{"overrides": [], "config": content}]
        overrides = [list(point["overrides"]) for point in points]
        own = [point["config"] if "config" in point else _yaml(folder / str(n) / "config.yaml")
               for n, point in enumerate(points)]  # fmt: skip
        configs = [Config.check(config) for config in own]
    except (ConfigError, KeyError, TypeError, AttributeError) as fault:
        raise OutputError(f"{folder / 'config.yaml'} cannot be followed: {_plainly(fault)}. {_ANOTHER}") from None
    if len(configs) != len(parts):
        raise OutputError(
            f"{folder} does not hold together: config.yaml has {len(configs)} scenarios and results.parquet "
            f"{len(parts)}. Run it again."
        )
    names = _names(overrides, configs)
    typed = [" ".join(words) for words in overrides]
    scenarios = tuple(Scenario(*each) for each in zip(names, configs, parts, typed, strict=True))
    return Study(folder, scenarios, provenance)


_ANOTHER = "It may come from another version of Takes Two: run it again with this one."


def _plainly(fault: Exception) -> str:
    return f"{fault} is missing" if isinstance(fault, KeyError) else str(fault).rstrip(".")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise OutputError(_not_whole(path, fault)) from fault
    except ValueError as fault:
        raise OutputError(f"cannot read {path}: {fault}. Run it again.") from fault
    if not isinstance(content, dict) or not {"command", "source", "versions", "runs"} <= set(content):
        raise OutputError(f"{path} does not say how the results were made. {_ANOTHER}")
    return content


def _yaml(path: Path) -> dict[str, Any]:
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except OSError as fault:
        raise OutputError(_not_whole(path, fault)) from fault
    except (YAMLError, OmegaConfBaseException, UnicodeDecodeError) as fault:
        raise OutputError(f"cannot read {path}: {fault}. Run it again.") from fault
    if not isinstance(content, dict):
        raise OutputError(f"{path} holds no configuration. {_ANOTHER}")
    return {str(name): value for name, value in content.items()}


def _not_whole(path: Path, fault: OSError) -> str:
    return f"{path.parent} is not a whole results folder: cannot read {path.name} ({fault.strerror}). Run it again."


def _split(results: Results, folder: Path) -> list[Results]:
    """The runs of each scenario: a scenario begins with month 0 of replicate 0."""
    table = results.tables.results
    missing = [name for name in SCHEMAS["results"].names if name not in table.column_names]
    if missing:
        raise OutputError(f"{folder / 'results.parquet'} has no column {missing[0]}. {_ANOTHER}")
    begins = (table["month"].to_numpy() == 0) & (table["replicate"].to_numpy() == 0)
    starts = [*np.flatnonzero(begins).tolist(), len(table)]
    if starts[0] != 0 or len(starts) == 1:
        raise OutputError(f"{folder / 'results.parquet'} does not begin with month 0 of replicate 0. {_ANOTHER}")
    runs = np.add.reduceat(table["month"].to_numpy() == 0, starts[:-1]).tolist()
    recorded = {name: getattr(results.tables, name) for name in STATES}
    states = {name: _by_scenario(states, runs) for name, states in recorded.items() if states is not None}
    return [
        _scenario(results.tables, table.slice(a, b - a), {name: each[n] for name, each in states.items()})
        for n, (a, b) in enumerate(pairwise(starts))
    ]


def _by_scenario(table: Any, runs: list[int]) -> list[Any]:
    """A table of recorded states, cut into scenarios of so many runs each; none if it does not hold these runs.

    A run begins where a first month follows a later one, or another run.
    """
    run, month = table["run_id"].to_numpy(zero_copy_only=False), table["month"].to_numpy()
    begins = np.flatnonzero((run[1:] != run[:-1]) | (month[1:] < month[:-1])) + 1
    if len(begins) + 1 != sum(runs):
        return [None] * len(runs)
    ends = [0, *begins.tolist(), len(table)]
    firsts = [ends[n] for n in np.cumsum([0, *runs])]
    return [table.slice(a, b - a) for a, b in pairwise(firsts)]


def _scenario(tables: Tables, own: pa.Table, states: dict[str, Any]) -> Results:
    """A scenario's runs in every table: `own` are its rows of ``results``.

    Scenarios that are the same to the last setting share their runs' names, and so their rows.
    """
    runs = pa.compute.unique(own["run_id"])
    parts = {}
    for name, (label, _) in PARTS.items():
        table = getattr(tables, name)
        there = table.filter(pa.compute.is_in(table["run_id"], runs))
        once = ~there.select(["run_id", "month", label]).to_pandas().duplicated().to_numpy()
        parts[name] = there.filter(once)
    return Results(Tables(own, **parts, **states))


def _csv(path: Path, columns: set[str]) -> Any:
    """A table that not every folder has, or None."""
    import pandas as pd

    if not path.exists():
        return None
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as fault:
        raise OutputError(f"cannot read {path}: {fault}. Run it again.") from fault
    if missing := columns - set(frame.columns):
        raise OutputError(f"{path} has no column {min(missing)}. {_ANOTHER}")
    return frame


def _parts(counterfactual: Results, scenario: Results) -> dict[str, Any]:
    """`sim.contrast.by_part` by table of parts; no empty ones."""
    each = {table: by_part(counterfactual, scenario, table) for table in ("by_quintile", "by_area")}
    return {table: rows for table, rows in each.items() if len(rows)}


def _until(results: Results, months: int) -> Results:
    """The results as they would be of runs of so many months."""
    tables = {name: getattr(results.tables, name) for name in ALWAYS}
    cut = {name: table.filter(table["month"].to_numpy() < months) for name, table in tables.items()}
    return Results(replace(results.tables, **cut))


def _names(overrides: list[list[str]], configs: list[Config]) -> list[str]:
    """Names in plain words where only worlds, policies or accounts differ; else what was typed."""
    varied = {text.partition("=")[0].lstrip("+") for each in overrides for text in each}
    typed = [" ".join(each) for each in overrides]
    kinds = {"account" if key in ACCOUNTS else key for key in varied}
    if kinds and kinds <= set(_WORDS):
        named = [_in_words(c, kinds) for c in configs]
    else:
        named = [text or c.place.title for text, c in zip(typed, configs, strict=True)]
    unique = len(set(named)) == len(named)
    return named if unique else [f"{number}: {name}" for number, name in enumerate(named, 1)]


def _in_words(config: Config, kinds: set[str]) -> str:
    """What a scenario has of the kinds that differ between scenarios, as in "the essay's cuts (no brokers)"."""
    first, *others = [words(config) for kind, words in _WORDS.items() if kind in kinds]
    return f"{first} ({', '.join(others)})" if others else first


def account_of(config: Config) -> str:
    """How things hang together in it, as goes on from "with": its rival and its ablation, or the main model."""
    chosen = [(group, name) for group in ACCOUNTS if (name := getattr(config, group)) != "none"]
    titles = [title_of(group, name) or f"{group}={name}" for group, name in chosen]
    return " and ".join(titles) or title_of("rival", "none")


def _policies(config: Config) -> str:
    """The policies' names; when they begin is said once, if they begin together."""
    policies = config.policy.values()
    if len({policy.start for policy in policies}) > 1:
        return " and ".join(policy.named for policy in policies)
    titles = [policy.title for policy in policies]
    return " and ".join([*titles[:-1], *[policy.named for policy in policies][-1:]]) or "no policy"


_WORDS: dict[str, Callable[[Config], str]] = {
    "world": lambda config: config.world.title, "policy": _policies, "account": account_of,
}  # fmt: skip
"""What a scenario is called by each kind of thing that can differ."""


def money(study: Study, scenario: Scenario) -> tuple[float, float]:
    """What a scenario spends on nurture beside the first one, over all months: real pounds, and pounds a resident.

    Mean over pairs of runs.
    """
    spent = [s.matrix("spend_nurture").sum(axis=1) for s in (study.first, scenario)]
    pairs = min(len(runs) for runs in spent)
    more = float((spent[1][:pairs] - spent[0][:pairs]).mean())
    return more, more / scenario.config.place.residents
