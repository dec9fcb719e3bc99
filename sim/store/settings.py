"""Settings of runs: configurations taken apart, and values compared as they are typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

_BY_NAME = {"place": ("place",), "world": ("world",), "policy": ()}
"""Settings that are explained by a name: those of every other section by that of the account, and by the draw."""


class Configs:
    """The configurations of runs, each taken apart once: `flat`, and the number that each run has of them."""

    def __init__(self, column: Any) -> None:
        joined = column.unify_dictionaries().combine_chunks() if len(column) else column
        if not len(column):
            self.config_number, self.flat = np.zeros(0, dtype=int), []
            return
        used, number = np.unique(joined.indices.to_numpy(), return_inverse=True)
        self.config_number = number
        self.flat = [flat(json.loads(text)) for text in joined.dictionary.take(pa.array(used)).to_pylist()]


def flat(config: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Settings by dotted names, as on the command line; no titles and sources.

    >>> from sim.store.settings import flat
    >>> flat({"ties": {"build": 0.3}, "policy": {"listening": {"dose": 12.0, "title": "listening"}}, "draw": 0})
    {'ties.build': 0.3, 'policy.listening.dose': 12.0, 'draw': 0}
    """
    found: dict[str, Any] = {}
    for name, value in config.items():
        if name in {"matched", "sources", "name"} or (name == "title" and isinstance(value, str)):
            continue
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = text(value) if isinstance(value, list) else value
    if not before:  # the names by which the others are told
        found |= {name: (config.get(name) or {}).get("name") for name in ("place", "world") if name in config}
    return found


def told_by(name: str) -> tuple[str, ...]:
    """The names that explain a setting: of two runs that have the same, it is not told where it is the same."""
    section, dot, _ = name.partition(".")
    return _BY_NAME.get(section, ("rival", "ablation", "draw")) if dot else ()


def text(value: Any) -> str:
    """A value as it is compared: numbers by what they are, and lists as they are written."""
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(text, value))}]"
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return str(int(value)) if isinstance(value, int | np.integer) else f"{number:.17g}"
