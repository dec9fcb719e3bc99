"""The ODD+D document, assembled from rooms, parameters, schedule, state, dice, data and observables where they are."""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter
from importlib import import_module
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from sim import __version__, draws, state
from sim.analysis.declared import NOT_READ, READ_AS, verdict
from sim.analysis.patterns import WHAT
from sim.chance import Die
from sim.config import ROOMS_IN_ORDER
from sim.founding import SPIN_UP_MONTHS, books, settling, solving
from sim.ledger import FLOWS
from sim.observables import OBSERVABLES
from sim.parameters import REGISTRY, Entry
from sim.policy import INSTRUMENTS, WHOM_FIRST, Policy
from sim.report import stated
from sim.report.references import comment, pattern_sources, references, unnamed
from sim.report.stated import cell
from sim.schedule import MONTH
from sim.source import data_table, source_hash
from sim.switches import SWITCHES
from sim.world import WorldSpec

SOLVED = ("constants", "classes", "trust_knots", "quintiles", "quantiles")
"""Tables that hold what was solved at founding."""
DRIVERS = ("world", "policies")
"""Tables that hold what comes from outside."""
FIRST_MORNING = import_module("sim.founding.first_morning")
"""Not the function of that name, which is what its package holds under it."""
MEMORY = ("past", "strong_ties")
"""Tables that remember counts for the observables, and that no rule reads."""
BY_DESIGN = "by design"
"""The source of what is no number: a switch, or a choice among rules."""
LIKEWISE = "likewise"
"""The comment of a column that means what the column above it means. A column without a comment means nothing here."""
_COLUMN = re.compile(r"^    (\w+): \w+(?:  # (.+))?$", re.MULTILINE)
_TOLD = re.compile(r"^(Reads|Writes|Source|Departs) +(.*(?:\n {8,}\S.*)*)", re.MULTILINE)
_THROWN = re.compile(r"^ {4}(?:# (?P<what>.+)|(?P<die>[A-Z_]+) = )", re.MULTILINE)


class Table(NamedTuple):
    """One table of the state: its name, what a row is, and its columns with their meanings."""

    name: str
    what: str
    columns: list[tuple[str, str]]


class Room(NamedTuple):
    """One room: its name, the page at its head, what that says of it in a word each, and its parameters in words."""

    name: str
    text: str
    told: dict[str, str]
    parameters: list[dict[str, str]]


def document() -> str:
    """The whole document, as Markdown."""
    loader = PackageLoader("sim.report", ".")
    pages = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - Markdown
    text = loader.get_source(pages, "odd.md.jinja")[0]
    return pages.from_string(text).render(
        version=__version__, source=source_hash(), month=MONTH, rooms=rooms(), observables=list(OBSERVABLES.values()),
        tables=[t for t in tables() if t.name not in (*SOLVED, *DRIVERS, *MEMORY)],
        drivers=[t for t in tables() if t.name in DRIVERS], solved=[t for t in tables() if t.name in SOLVED],
        spin_up=SPIN_UP_MONTHS, switches=SWITCHES, dice=dice(), flows=stocks(), stated=stated, founding=founding(),
        numbers=confidence(), instruments=INSTRUMENTS, whom=WHOM_FIRST, patterns=patterns(), solving=solving,
        settling=settling, state=state, most_months=WorldSpec.model_fields["most_months"].default, comment=comment,
        first=FIRST_MORNING,
        policy=Policy, world=WorldSpec, references=references(text), unnamed=unnamed(), wide=draws.WIDE,
    )  # fmt: skip


def founding() -> dict[str, str]:
    """The pages that say how a place is founded."""
    return {page.__name__: str(page.__doc__).strip() for page in (solving, books, settling)}


def tables() -> list[Table]:
    """The tables of the state, with what the comments beside their columns say."""
    made = []
    for name, table in state.TABLES.items():
        columns: list[tuple[str, str]] = []
        for column, said in _COLUMN.findall(inspect.getsource(table)):
            meaning = f"as `{columns[-1][0]}`" if columns and said == LIKEWISE else said
            columns.append((column, cell(meaning)))
        made.append(Table(name, " ".join(str(table.__doc__).split()), columns))
    return made


def rooms() -> list[Room]:
    """The rooms in the order of the month."""
    of = {step.name: [_told(entry) for entry in REGISTRY.values() if entry.room == step.name] for step in MONTH}
    texts = {step.name: str(step.room.__doc__).strip() for step in MONTH}
    return [Room(name, text, _parts(text), of[name]) for name, text in texts.items()]


def _parts(text: str) -> dict[str, str]:
    """What the foot of a room's page says: what it reads and writes, its source, and where it departs from it."""
    return {what: cell(" ".join(words.split())) for what, words in _TOLD.findall(text)}


def dice() -> dict[str, list[str]]:
    """What is left to chance: every die, under what it is for."""
    groups: dict[str, list[str]] = {}
    group = ""
    for found in _THROWN.finditer(inspect.getsource(Die)):
        group = found["what"] or group
        if found["die"]:
            groups.setdefault(group, []).append(found["die"].lower().replace("_", " "))
    return groups


def stocks() -> dict[str, list[str]]:
    """The flows that rooms post, by what flows."""
    made: dict[str, list[str]] = {}
    for flow, kind in FLOWS.items():
        made.setdefault(kind.unit, []).append(flow.name.lower())
    return made


def confidence() -> dict[str, int]:
    """How many parameters there are, with what confidence, and how many are assumptions."""
    numbers = [entry for entry in REGISTRY.values() if entry.is_number and entry.room in ROOMS_IN_ORDER]
    counts = Counter(entry.confidence for entry in numbers)
    assumed = sum(entry.source.lower().startswith("assumption") for entry in numbers)
    return {"all": len(numbers), "assumed": assumed, **counts}


def patterns() -> list[dict[str, str]]:
    """What the model is held against: calibration patterns, and declared ones to which nothing is fitted."""
    rows = [*data_table("calibration"), *data_table("declared")]
    told = [
        row | {"what": WHAT[row["id"]], "measured": _measured(row["id"], row["observable"]),
               "source": pattern_sources()[row["id"]]}
        for row in rows
    ]  # fmt: skip
    return [{name: cell(str(value)) for name, value in row.items() if value is not None} for row in told]


def _measured(name: str, observable: str) -> str:
    """The observables that a pattern is read from, and what they stand in for; of one that is not read, why."""
    if name in NOT_READ:
        return verdict(name, math.nan)
    words = re.sub(r"\w+", lambda word: f"`{word[0]}`" if word[0] in OBSERVABLES else word[0], observable)
    return f"{words}; {READ_AS[name]}" if name in READ_AS else words


def _told(entry: Entry) -> dict[str, str]:
    value: Any = entry.default
    source = f"{entry.source}, {entry.confidence}"
    if not entry.is_number:
        source = BY_DESIGN if entry.source == "MODEL" else entry.source
    if entry.is_switch:
        value, span = "on" if value else "off", "on, off"
    elif entry.options:
        span = ", ".join(entry.options)
    else:
        value, span = f"{value:g}", f"{entry.low:g} to {entry.high:g}"
    if entry.likely:
        span += "; drawn from {:g} to {:g}".format(*entry.likely)
    words = {"unit": entry.unit, "meaning": entry.meaning, "source": source}
    return {"path": entry.path, "value": str(value), "range": span} | {k: cell(text) for k, text in words.items()}
