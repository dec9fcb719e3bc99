"""The ODD+D document, assembled from rooms, parameters, schedule, state, dice, data and observables where they are."""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from sim import __version__, state
from sim.analysis.declared import NOT_READ, READ_AS, verdict
from sim.analysis.patterns import WHAT
from sim.chance import Die
from sim.composition import ACCOUNTS, title_of
from sim.config import ROOMS_IN_ORDER
from sim.founding import SPIN_UP_MONTHS, solving
from sim.ledger import FLOWS
from sim.observables import OBSERVABLES
from sim.parameters import REGISTRY, Entry
from sim.place import NEED_NO_SOURCE, Place
from sim.policy import INSTRUMENTS, WHOM_FIRST
from sim.schedule import MONTH
from sim.source import config_folder, data_table, source_hash
from sim.switches import SWITCHES
from sim.wording import upper
from sim.world import WorldSpec

DEFAULT_PLACE = "england_average"
SOLVED = ("constants", "classes", "trust_knots", "quintiles", "quantiles")
"""Tables that hold what was solved at founding."""
DRIVERS = ("world", "policies")
"""Tables that hold what comes from outside."""
MEMORY = ("past", "strong_ties")
"""Tables that remember counts for the observables, and that no rule reads."""
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
    pages = Environment(  # noqa: S701 - Markdown, from the code alone
        loader=PackageLoader("sim.report", "."), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return pages.get_template("odd.md.jinja").render(
        version=__version__, source=source_hash(), month=MONTH, rooms=rooms(), observables=list(OBSERVABLES.values()),
        tables=[t for t in tables() if t.name not in (*SOLVED, *DRIVERS, *MEMORY)],
        drivers=[t for t in tables() if t.name in DRIVERS], solved=[t for t in tables() if t.name in SOLVED],
        spin_up=SPIN_UP_MONTHS, switches=SWITCHES, dice=dice(), flows=stocks(), options=options, place=place(),
        numbers=confidence(), instruments=INSTRUMENTS, whom=WHOM_FIRST, patterns=patterns(), solving=solving,
        state=state, most_months=WorldSpec.model_fields["most_months"].default,
    )  # fmt: skip


def tables() -> list[Table]:
    """The tables of the state, with what the comments beside their columns say."""
    made = []
    for name, table in state.TABLES.items():
        columns: list[tuple[str, str]] = []
        for column, comment in _COLUMN.findall(inspect.getsource(table)):
            meaning = f"as `{columns[-1][0]}`" if columns and comment == LIKEWISE else comment
            columns.append((column, _cell(meaning)))
        made.append(Table(name, " ".join(str(table.__doc__).split()), columns))
    return made


def rooms() -> list[Room]:
    """The rooms in the order of the month."""
    of = {step.name: [_told(entry) for entry in REGISTRY.values() if entry.room == step.name] for step in MONTH}
    texts = {step.name: str(step.room.__doc__).strip() for step in MONTH}
    return [Room(name, text, _parts(text), of[name]) for name, text in texts.items()]


def _parts(text: str) -> dict[str, str]:
    """What the foot of a room's page says: what it reads and writes, its source, and where it departs from it."""
    return {what: _cell(" ".join(words.split())) for what, words in _TOLD.findall(text)}


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


def options(group: str) -> dict[str, str]:
    """The files of a group of the configuration, each with its title, or the first sentence of its comment, or both.

    The title of a policy or an account is what is read in a sentence: only the comment says what it does.
    """
    made = {}
    for file in sorted((config_folder() / group).glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        comment = " ".join(re.findall(r"^# (?!@package)(.+)$", text, re.MULTILINE))
        title, first = title_of(group, file.stem), comment.partition(". ")[0].rstrip(".")
        both = dict.fromkeys(map(upper, (title, first)))
        made[file.stem] = _cell(". ".join(both) if title and group in (*ACCOUNTS, "policy") else title or first)
    return made


def place() -> list[dict[str, str]]:
    """What is known of a place, with the value of the default one and its source."""
    default = Place.named(DEFAULT_PLACE)
    values = default.model_dump()
    made = []
    for name, field in Place.model_fields.items():
        if name not in NEED_NO_SOURCE:
            unit = str((field.json_schema_extra or {}).get("unit", "share"))  # type: ignore[union-attr]
            words = {"unit": unit, "meaning": str(field.description), "source": default.sources[name]}
            made.append({"name": name, "value": _values(values[name]), **{k: _cell(text) for k, text in words.items()}})
    return made


def _values(value: Any) -> str:
    """A number, or several, as text."""
    several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
    return ", ".join(f"{number:g}" for number in several)


def confidence() -> dict[str, int]:
    """How many parameters there are, with what confidence, and how many are assumptions."""
    numbers = [entry for entry in REGISTRY.values() if entry.is_number and entry.room in ROOMS_IN_ORDER]
    counts = Counter(entry.confidence for entry in numbers)
    assumed = sum(entry.source.lower().startswith("assumption") for entry in numbers)
    return {"all": len(numbers), "assumed": assumed, **counts}


def patterns() -> list[dict[str, str]]:
    """What the model is held against: calibration patterns, and declared ones to which nothing is fitted."""
    rows = [*data_table("calibration"), *data_table("declared")]
    told = [row | {"what": WHAT[row["id"]], "measured": _measured(row["id"], row["observable"])} for row in rows]
    return [{name: _cell(str(value)) for name, value in row.items() if value is not None} for row in told]


def _measured(name: str, observable: str) -> str:
    """The observables that a pattern is read from, and what they stand in for; of one that is not read, why."""
    if name in NOT_READ:
        return verdict(name, math.nan)
    words = re.sub(r"\w+", lambda word: f"`{word[0]}`" if word[0] in OBSERVABLES else word[0], observable)
    return f"{words}; {READ_AS[name]}" if name in READ_AS else words


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
