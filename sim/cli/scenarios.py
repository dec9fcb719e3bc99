"""What the terminal shows of the runs of a store: a row a scenario, and the settings that make it what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.text import Text

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
MAY_BE_THE_SAME = ("place", "world", "source", "newest")
"""Columns that are left out where all rows have the same."""


def counted(runs: Runs, store: Path) -> str:
    """How many runs there are, in a line."""
    points, other = runs.points.nunique(), int((runs.runs["source"] != source_hash()).sum())
    several = f"{len(runs):,} {plural(len(runs), 'run')} of {points:,} {plural(points, 'scenario')} in {store}."
    return several + (f" Lived by another source, and not found again: {other:,}." if other else "")


def scenarios(runs: Runs) -> Group:
    """What to print of runs: a row a scenario; where there are many, a row for all those of one name."""
    frame = runs.runs.assign(point=runs.points)
    return _one_by_one(runs, frame) if frame.point.nunique() <= LINES else _by_name(runs, frame)


def _one_by_one(runs: Runs, frame: Any) -> Group:
    defaults, parts = Defaults(), [part for _, part in frame.groupby("point", sort=False)]
    off = [defaults.off(runs.config(part.iloc[0].run_id)) for part in parts]
    everywhere = [n for n, v in (off[0] or {}).items() if all(o and o.get(n) == v for o in off)] if len(off) > 1 else []
    rows = [
        _named(part) | {"settings off the default": _short(own, everywhere), "runs": f"{len(part):,}"} | _last(part)
        for part, own in zip(parts, off, strict=True)
    ]
    return _listing(rows, [f"{name}={off[0][name]}" for name in everywhere] if off[0] else [])


def _by_name(runs: Runs, frame: Any) -> Group:
    by = ["place", "world", "policy", "rival", "ablation"]
    groups = sorted((part for _, part in frame.groupby(by, sort=False)), key=len, reverse=True)
    settings = runs.settings
    rows = [
        _named(part) | {
            "settings that differ": _varied(settings.loc[part.index]), "scenarios": f"{part.point.nunique():,}",
            "runs": f"{len(part):,}",
        } | _last(part)
        for part in groups[:LINES]
    ]  # fmt: skip
    listing = _listing(rows, [])
    if len(groups) > LINES:
        left = len(runs) - sum(map(len, groups[:LINES]))
        more = f"And {len(groups) - LINES:,} more rows, of {left:,} runs: choose some, as world=essay."
        listing.renderables.append(Text(more))
    return listing


def _listing(rows: Sequence[Mapping[str, str]], everywhere: Sequence[str]) -> Group:
    """A table; what is the same in all its rows is said above it."""
    same = [n for n in MAY_BE_THE_SAME if len({row[n] for row in rows}) == 1]
    above = [*(f"{name} {rows[0][name]}" for name in same), *everywhere]
    table = titled("")
    table.title = None
    names = [name for name in rows[0] if name not in same]
    for name in names:
        table.add_column(name, justify="right" if name in {"scenarios", "runs"} else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[name]) for name in names))
    return Group(*([Text(f"In all: {', '.join(above)}.")] if above else []), table)


def _named(part: Any) -> dict[str, str]:
    """Place, world and policy; and beside the policy what else is chosen by name."""
    run = part.iloc[0]
    also = [f"{name} {run[name]}" for name in ("rival", "ablation") if run[name] != "none"]
    return {"place": run.place, "world": run.world, "policy": ", ".join([run.policy.replace("+", " + "), *also])}


def _last(part: Any) -> dict[str, str]:
    sources = {"this" if source == source_hash() else "other" for source in part["source"].unique()}
    return {"source": " and ".join(sorted(sources, reverse=True)), "newest": f"{part.made.max():%Y-%m-%d}"}


def _varied(settings: Any) -> str:
    names = [name for name in settings.columns if settings[name].nunique(dropna=False) > 1]
    return ", ".join(names[:NAMES_IN_A_CELL]) + _more(names)


def _short(settings: Mapping[str, Any] | None, but: Sequence[str]) -> str:
    """Settings in a cell, less those that are said above."""
    if settings is None:
        return "not known here"
    told = [f"{name}={value}" for name, value in settings.items() if name not in but]
    return " ".join(told[:NAMES_IN_A_CELL]) + _more(told)


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - NAMES_IN_A_CELL} more" if len(names) > NAMES_IN_A_CELL else ""


class Defaults:
    """What a run's settings would be, had only its place, world, policies and so on been named."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], dict[str, Any] | None] = {}

    def off(self, config: Mapping[str, Any]) -> dict[str, Any] | None:
        """The settings of a run that are others; None where its names are not known here."""
        named = {name: (config.get(name) or {}).get("name") for name in ("place", "world")}
        named |= {"policy": f"[{','.join(config.get('policy') or ())}]"}
        named |= {name: config.get(name) for name in ("rival", "ablation")}
        drawn = config.get("draw")
        words = tuple(f"{n}={v}" for n, v in (named | {"draw": drawn}).items() if v not in {None, "[]", "none", 0})
        if words not in self._known:
            self._known[words] = self._composed(words)
        usual = self._known[words]
        if usual is None:
            return None
        usual = usual | {"draw": 0}  # a draw is told, and what comes of it is not
        return {n: v for n, v in flat(config).items() if n not in named and v != usual.get(n)}

    @staticmethod
    def _composed(words: Sequence[str]) -> dict[str, Any] | None:
        try:
            return flat(compose(words).resolved())
        except ConfigError:  # a place of one's own, or what another version had
            return None
