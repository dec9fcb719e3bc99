"""Values as they stand: of the default place, of data files, of what is fixed, chosen or solved at founding.

The ODD+D document prints them. Nothing is solved for it: constants of the default place come with the package.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Mapping
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple

import yaml  # type: ignore[import-untyped]
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from sim.composition import ACCOUNTS, compose, title_of
from sim.founding import constants_file, published_constants
from sim.founding.solving import Levels, Solved
from sim.place import NEED_NO_SOURCE, Place
from sim.source import config_folder, data_table
from sim.wording import upper

DEFAULT_PLACE = "england_average"
FIXED = {
    "sim.units": ("ADULT_SHARE",),
    "sim.founding.first_morning": ("VENUES", "NEED_BY_QUINTILE", "TRUST_SHAPE", "PICTURE", "NEXT_DOOR_KM"),
    "sim.founding.books": ("CONTRACTS_SHARE", "CONTRACTS_FROM_GBP"),
    "sim.observables.people": ("ENOUGH", "TRUSTS"),
}
"""Numbers that nobody can set, with the pages on which they stand."""
NAMES = {"name", "title", "defaults", "dated_events", "rival", "ablation", "sources"}
"""What a file of the configuration says and does not set: names, beginnings, what figures point at, sources."""
OF_A_TOWN = {"paid_hours", "paid_before", "unpaid_before"}
"""Constants that are each town's own, counted at month 0."""
_REMARK = re.compile(r"^(\w+): .+ # (.+)$", re.MULTILINE)
_COMMENTED = re.compile(r"^    (\w+): \w+  # (.+)$", re.MULTILINE)


class Fixed(NamedTuple):
    """A number that nobody can set: its name, its value and its meaning."""

    name: str
    value: str
    meaning: str


class Data(NamedTuple):
    """A data file: its columns, and its rows."""

    columns: list[str]
    rows: list[list[str]]


def cell(text: str) -> str:
    """Text that stands in a cell of a Markdown table."""
    return text.replace("|", "\\|")


def place() -> list[dict[str, str]]:
    """What is known of a place, with the value of the default one and its source."""
    default = Place.named(DEFAULT_PLACE)
    values = default.model_dump()
    return [
        field | {"value": _values(values[field["name"]]), "source": cell(default.sources[field["name"]])}
        for field in fields(Place)
        if field["name"] not in NEED_NO_SOURCE
    ]


def residents() -> int:
    """How many live in the default place."""
    return Place.named(DEFAULT_PLACE).residents


def fields(model: type[BaseModel]) -> list[dict[str, str]]:
    """What a file of the configuration may say: name, unit, meaning, and what holds if it says nothing."""
    made = []
    for name, field in model.model_fields.items():
        unit = str((field.json_schema_extra or {}).get("unit", "share" if model is Place else ""))  # type: ignore[union-attr]
        default = "" if field.default in (PydanticUndefined, None, ()) else _values(field.default, "")
        made.append({"name": name, "unit": unit, "meaning": cell(str(field.description)), "default": default})
    return [field for field in made if field["name"] not in NAMES]


def data(name: str) -> Data:
    """What ``sim/data/NAME.csv`` holds."""
    rows = data_table(name)
    return Data(list(rows[0]), [[cell(value) for value in row.values()] for row in rows])


def fixed() -> list[Fixed]:
    """Numbers that nobody can set, with what is said of them where they stand."""
    made = []
    for page, names in FIXED.items():
        module = import_module(page)
        said = _said_of_names(module)
        made += [Fixed(name, cell(_values(getattr(module, name))), cell(said[name])) for name in names]
    return made


def _said_of_names(module: Any) -> dict[str, str]:
    """The text that stands below a name's value, by name."""
    lines = ast.parse(inspect.getsource(module)).body
    return {
        above.targets[0].id: " ".join(str(ast.literal_eval(below.value)).split())
        for above, below in pairwise(lines)
        if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name)
        and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    }  # fmt: skip


def options(group: str) -> dict[str, dict[str, str]]:
    """The files of a group of the configuration: what each is called, and what it sets.

    The title of a policy or an account is what is read in a sentence: only the comment says what it does.
    """
    made = {}
    for file in sorted((config_folder() / group).glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        comment = " ".join(re.findall(r"^# (?!@package)(.+)$", text, re.MULTILINE))
        title, first = title_of(group, file.stem), comment.partition(". ")[0].rstrip(".")
        both = dict.fromkeys(map(upper, (title, first)))
        what = ". ".join(both) if title and group in (*ACCOUNTS, "policy") else title or first
        made[file.stem] = {"what": cell(what), "sets": cell(_settings(text))}
    return made


def _settings(text: str) -> str:
    """What a file sets, with the remark beside it, and the other files from which it begins."""
    said, remarks = yaml.safe_load(text) or {}, dict(_REMARK.findall(text))
    begins = [base for base in said.get("defaults", []) if not base.startswith(("/", "_"))]
    after = [f"as `{base.partition('@')[0]}`{' before month 0' if '@' in base else ''}" for base in begins]
    values = [
        f"`{path}={value}`" + (f" ({remark})" if (remark := remarks.pop(path.partition(".")[0], "")) else "")
        for path, value in _paths(said).items()
    ]
    return "; ".join([*after, *values])


def _paths(said: Mapping[str, Any], under: str = "") -> dict[str, str]:
    """Values by dotted path."""
    made: dict[str, str] = {}
    for name, value in said.items():
        if name not in NAMES:
            path = f"{under}{name}"
            made |= _paths(value, f"{path}.") if isinstance(value, dict) else {path: _plain(value)}
    return made


def _plain(value: Any) -> str:
    return re.sub('"', "", json.dumps(value, default=str))


def solved() -> Solved | None:
    """The constants of the default place, if they come with this source or were solved before."""
    config = compose([f"place={DEFAULT_PLACE}"])
    for path in (published_constants(config), constants_file(config)):
        try:
            return Solved.load(path)
        except (OSError, ValueError):
            continue
    return None


def solved_values(table: str) -> dict[str, str]:
    """The columns of a table that is solved at founding, with their values in the default place."""
    known = solved()
    columns = getattr(known, table, None)
    if columns is None:
        return {}
    told = {name: _values(tuple(column.ravel().tolist()), ".4g") for name, column in columns._asdict().items()}
    return {name: "each town's own" if name in OF_A_TOWN else value for name, value in told.items()}


def joint_work() -> list[dict[str, str]]:
    """What is solved of joint work, by discretionary service: statutory ones have none."""
    known = solved()
    if known is None:
        return []
    columns = {name: column.tolist() for name, column in known.joint._asdict().items()}
    return [
        {"service": row["service"]} | {name: f"{column[number]:.4g}" for name, column in columns.items()}
        for number, row in enumerate(data_table("services"))
        if row["statutory"] == "0"
    ]


def levels() -> list[dict[str, str]]:
    """What the default place has once it has settled."""
    values = solved_values("levels")
    said = dict(_COMMENTED.findall(inspect.getsource(Levels)))
    return [{"name": name, "value": value, "meaning": said[name]} for name, value in values.items()]


def _values(value: Any, form: str = "g") -> str:
    """A number, or several, as text."""
    if isinstance(value, dict):
        return "; ".join(f"{name} {_values(one)}" for name, one in value.items())
    return ", ".join(format(number, form) for number in (value if isinstance(value, tuple) else (value,)))
