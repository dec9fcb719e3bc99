"""The ODD+D document, assembled from rooms, parameters, schedule, state and observables where they are written."""

from __future__ import annotations

import inspect
import re
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from sim import state
from sim.founding import SPIN_UP_MONTHS
from sim.observables import OBSERVABLES
from sim.parameters import REGISTRY, Entry
from sim.schedule import MONTH

HIDDEN = {"quantiles", "classes", "trust_knots", "quintiles", "constants", "past", "strong_ties"}
"""Tables that hold what was solved at founding, or a memory of it, and no state of an entity."""
_COLUMN = re.compile(r"^    (\w+): \w+(?:  # (.+))?$", re.MULTILINE)


class Table(NamedTuple):
    """One table of the state: its name, what a row is, and its columns with their meanings."""

    name: str
    what: str
    columns: list[tuple[str, str]]


class Room(NamedTuple):
    """One room: its name, the page at its head, and its parameters in words."""

    name: str
    text: str
    parameters: list[dict[str, str]]


def document() -> str:
    """The whole document, as Markdown."""
    pages = Environment(  # noqa: S701 - Markdown, from the code alone
        loader=PackageLoader("sim.report", "."), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return pages.get_template("odd.md.jinja").render(
        tables=tables(), month=MONTH, rooms=rooms(), observables=list(OBSERVABLES.values()), spin_up=SPIN_UP_MONTHS
    )


def tables() -> list[Table]:
    """The tables of the state, with what the comments beside their columns say."""
    made = []
    for name, table in state.TABLES.items():
        if name not in HIDDEN:
            what = " ".join(str(table.__doc__).split())
            columns = _COLUMN.findall(inspect.getsource(table))
            made.append(Table(name, what, [(column, _cell(meaning or "likewise")) for column, meaning in columns]))
    return made


def rooms() -> list[Room]:
    """The rooms in the order of the month."""
    of = {step.name: [_told(entry) for entry in REGISTRY.values() if entry.room == step.name] for step in MONTH}
    return [Room(step.name, str(step.room.__doc__).strip(), of[step.name]) for step in MONTH]


def _told(entry: Entry) -> dict[str, str]:
    value: Any = entry.default
    if entry.is_switch:
        value, span = "on" if value else "off", "on, off"
    elif entry.options:
        span = ", ".join(entry.options)
    else:
        value, span = f"{value:g}", f"{entry.low:g} to {entry.high:g}"
    words = {name: _cell(getattr(entry, name)) for name in ("unit", "meaning", "source", "confidence")}
    return {"path": entry.path, "value": str(value), "range": span, **words}


def _cell(text: str) -> str:
    """Text that stands in a cell of a Markdown table."""
    return text.replace("|", "\\|")
