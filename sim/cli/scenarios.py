"""What the terminal shows of the runs of a store: a row a scenario, and the settings that make it what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from sim.cli.screen import titled
from sim.composition import compose
from sim.config import ConfigError
from sim.source import source_hash
from sim.store import Runs
from sim.store.settings import flat
from sim.wording import plural

LINES = 30
"""Scenarios that are listed one by one."""
NAMES_IN_A_CELL = 5


def counted(runs: Runs, store: Path) -> str:
    """How many runs there are, in a line."""
    points, other = runs.points.nunique(), int((runs.runs["source"] != source_hash()).sum())
    several = f"{len(runs):,} {plural(len(runs), 'run')} of {points:,} {plural(points, 'scenario')} in {store}."
    return several + (f" Lived by another source, and not found again: {other:,}." if other else "")


def scenarios(runs: Runs) -> Table:
    """What to print of runs: a row a scenario; where there are many, a row for all those of one name."""
    if runs.points.nunique() <= LINES:
        frame = runs.runs.assign(point=runs.points).groupby("point", sort=False)
        defaults = Defaults()
        rows: list[tuple[str, ...]] = []
        for _, part in frame:
            off = defaults.off(runs.config(part.iloc[0].run_id))
            rows.append((*_named(part.iloc[0]), _short(off), f"{len(part):,}", *_last(part)))
        return _listing(("place", "world", "policy", "settings off the default", "runs", "source", "newest"), rows)
    by = ["place", "world", "policy", "rival", "ablation"]
    groups = [part for _, part in runs.runs.assign(point=runs.points).groupby(by, sort=False)]
    groups.sort(key=len, reverse=True)
    settings = runs.settings
    rows = [
        (*_named(part.iloc[0]), _varied(settings.loc[part.index]), f"{part.point.nunique():,}", f"{len(part):,}",
         *_last(part))
        for part in groups[:LINES]
    ]  # fmt: skip
    names = ("place", "world", "policy", "settings that differ", "scenarios", "runs", "source", "newest")
    table = _listing(names, rows)
    if len(groups) > LINES:
        left = len(runs) - sum(map(len, groups[:LINES]))
        table.caption = f"And {len(groups) - LINES:,} more rows, of {left:,} runs: choose some, as world=essay."
    return table


def _listing(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:

    table = titled("")
    table.title = None
    for name in names:
        table.add_column(name, justify="right" if name in {"scenarios", "runs"} else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _named(run: Any) -> tuple[str, str, str]:
    """Place, world and policy; and beside the policy what else is chosen by name."""
    also = [f"{name} {run[name]}" for name in ("rival", "ablation") if run[name] != "none"]
    return run.place, run.world, ", ".join([run.policy.replace("+", " + "), *also])


def _last(part: Any) -> tuple[str, str]:

    sources = {"this" if source == source_hash() else "other" for source in part["source"].unique()}
    return " and ".join(sorted(sources, reverse=True)), f"{part.made.max():%Y-%m-%d}"


def _varied(settings: Any) -> str:
    names = [name for name in settings.columns if settings[name].nunique(dropna=False) > 1]
    more = f" and {len(names) - NAMES_IN_A_CELL} more" if len(names) > NAMES_IN_A_CELL else ""
    return ", ".join(names[:NAMES_IN_A_CELL]) + more


def _short(settings: Mapping[str, Any] | None) -> str:
    if settings is None:
        return "not known here"
    said = [f"{name}={value}" for name, value in settings.items()]
    more = f" and {len(said) - NAMES_IN_A_CELL} more" if len(said) > NAMES_IN_A_CELL else ""
    return " ".join(said[:NAMES_IN_A_CELL]) + more


class Defaults:
    """What a run's settings would be, had only its place, world, policies and so on been named."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], dict[str, Any] | None] = {}

    def off(self, config: Mapping[str, Any]) -> dict[str, Any] | None:
        """The settings of a run that are others; None where its names are not known here."""
        named = {name: (config.get(name) or {}).get("name") for name in ("place", "world")}
        named |= {"policy": f"[{','.join(config.get('policy') or ())}]"}
        named |= {name: config.get(name) for name in ("rival", "ablation", "draw")}
        words = tuple(f"{name}={value}" for name, value in named.items() if value not in {None, "[]", "none", 0})
        if words not in self._known:
            self._known[words] = self._composed(words)
        usual = self._known[words]
        off = {n: v for n, v in flat(config).items() if n not in named and usual and v != usual.get(n)}
        return None if usual is None else off

    @staticmethod
    def _composed(words: Sequence[str]) -> dict[str, Any] | None:
        try:
            return flat(compose(words).resolved())
        except ConfigError:  # a place of one's own, or what another version had
            return None
