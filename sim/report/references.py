"""References: every work that the model's sources cite, once, with where it is cited; and the sources that cite none.

Where a work is cited is read where the sources are: in rooms, parameters, patterns, places, data files, worlds and the
other pages of the code. What the work is, a source does not say in full: that is in ``references.yaml``, by the names
under which sources cite it.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import month_name
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module, resources
from typing import NamedTuple

import yaml  # type: ignore[import-untyped]

from sim.analysis.patterns import WHAT
from sim.composition import options
from sim.parameters import REGISTRY
from sim.place import NEED_NO_SOURCE, Place
from sim.report.stated import fixed
from sim.schedule import MONTH
from sim.source import HERE, config_folder

PAGES = ("sim.chance", "sim.elementary", "sim.founding.books")
"""Pages of the code beside the rooms that name a source."""
FILES = ("bands", "services", "drivers")
"""Data files whose opening comments name their sources as a whole."""
PATTERNS = ("calibration", "declared")
"""Data files whose opening comments name a source for each row."""
OURS = re.compile(r"assumption|\[a\]|MODEL\b|contested|by definition", re.IGNORECASE)
"""How a source begins that is nobody's work."""
KINDS = {
    "head": ("head of this page", ""), "section": ("section", "sections"), "room": ("room", "rooms"),
    "parameter": ("parameter", "parameters"), "pattern": ("pattern", "patterns"), "place": ("place", "places"),
    "data": ("data file", "data files"), "world": ("world", "worlds"), "code": ("code", "code"),
    "number": ("fixed number", "fixed numbers"),
}  # fmt: skip
"""What may name a source, as it is called of one and of several."""
_SOURCE = re.compile(r"^Source +(.*(?:\n {8,}\S.*)*)", re.MULTILINE)
_ROWS = re.compile(r"((?:[CV]\d+ )+)([^;]+)")
_SECTION = re.compile(r"^### ([IVX]+\.[ivx]+) ", re.MULTILINE)


class Cited(NamedTuple):
    """What names a source: of which kind it is, its name, and what it says of the source."""

    kind: str
    name: str
    says: str


class Reference(NamedTuple):
    """A work in full, and where it is cited."""

    work: str
    where: str


def references(prose: str) -> list[Reference]:
    """Every work that is cited, by its author.

    Args:
        prose: the text around what is read from the code, which cites works too.
    """
    places: dict[str, list[Cited]] = {}
    for cited in every_source(prose):
        for work in works(cited.says):
            places.setdefault(work, []).append(cited)
    return [Reference(work, _told(places[work])) for work in sorted(places, key=_in_order)]


def unnamed() -> list[Reference]:
    """What sources say that are neither an assumption nor cite a work, and where: here the figures rest on no text."""
    places: dict[str, list[Cited]] = {}
    for cited in every_source(""):
        if cited.kind in {"parameter", "pattern", "place"} and not works(cited.says) and not OURS.match(cited.says):
            places.setdefault(cited.says, []).append(cited)
    return [Reference(says, _told(places[says])) for says in sorted(places, key=_in_order)]


def every_source(prose: str) -> Iterator[Cited]:
    """All that names a source, kind after kind."""
    head, *sections = _SECTION.split(prose)
    yield Cited("head", "", head)
    yield from (Cited("section", *pair) for pair in zip(sections[::2], sections[1::2], strict=True))
    yield from (Cited("room", step.name, source_of(step.room.__doc__)) for step in MONTH)
    yield from (Cited("parameter", entry.path, entry.source) for entry in REGISTRY.values())
    yield from (Cited("pattern", name, says) for name, says in pattern_sources().items())
    for name in options("place"):
        sources = Place.named(name).sources
        yield from (Cited("place", f"{name}.{of}", sources[of]) for of in sources if of not in NEED_NO_SOURCE)
    yield from (Cited("data", f"{name}.csv", comment(name)) for name in FILES)
    for name in options("world"):
        text = (config_folder() / "world" / f"{name}.yaml").read_text(encoding="utf-8")
        yield Cited("world", name, " ".join(re.findall(r"^# (.+)$", text, re.MULTILINE)))
    yield from (Cited("code", name, source_of(import_module(name).__doc__)) for name in PAGES)
    yield from (Cited("number", number.name, number.meaning) for number in fixed())


def source_of(page: str | None) -> str:
    """What the foot of a page of the code says of its source."""
    found = _SOURCE.search(str(page))
    return " ".join(found[1].split()) if found else ""


def comment(name: str) -> str:
    """What the opening comment of ``sim/data/NAME.csv`` says."""
    lines = (HERE / "data" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return " ".join(" ".join(line.lstrip("#").strip() for line in lines if line.startswith("#")).split())


@cache
def pattern_sources() -> dict[str, str]:
    """What the record of each pattern is from. A comment names a row by its number: C3 is C3a and C3b."""
    rows = [row for table in PATTERNS for row in _ROWS.findall(comment(table).partition(" mark:")[0])]
    said = {number: source.strip().rstrip(".") for numbers, source in rows for number in numbers.split()}
    return {name: said[re.sub(r"[a-z]$", "", name)] for name in WHAT}


def works(says: str) -> list[str]:
    """The works that a source cites."""
    names, pattern = _names()
    return list(dict.fromkeys(work for name in pattern.findall(_plain(says)) for work in names[name]))


@cache
def bibliography() -> list[tuple[str, tuple[str, ...]]]:
    """Every work, with the names under which it is cited."""
    text = resources.files("sim.report").joinpath("references.yaml").read_text(encoding="utf-8")
    return [(entry["work"], tuple(entry["cited"])) for entry in yaml.safe_load(text)]


@cache
def _names() -> tuple[dict[str, list[str]], re.Pattern[str]]:
    """The works by the names under which they are cited, and what finds such a name: the longest that is there."""
    names: dict[str, list[str]] = {}
    for work, cited in bibliography():
        for name in cited:
            names.setdefault(name, []).append(work)
    longest_first = sorted(names, key=len, reverse=True)
    return names, re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


def unknown(says: str) -> list[str]:
    """What looks like the name of a work and is none that is known: to be added, or misspelt."""
    left = _names()[1].sub("", _plain(says))
    return [name for name in re.findall(r"\b[A-Z][\w'-]+(?: (?:&|and|et al\.) ?(?:[A-Z]\w+)?)? (?:19|20)\d\d\b", left)
            if name.split()[0] not in month_name]  # fmt: skip


def _plain(text: str) -> str:
    """One line without brackets, for some write Hall (2019) and others Hall 2019."""
    return " ".join(re.sub(r"[()]", "", text).split())


def _in_order(work: str) -> str:
    """Letters and spaces alone, as a dictionary has them."""
    plain = unicodedata.normalize("NFKD", work).casefold()
    return "".join(letter for letter in plain if letter.isalnum() or letter == " ")


def _told(places: Iterable[Cited]) -> str:
    """Where something is cited, in words."""
    kinds: dict[str, list[str]] = {}
    for cited in places:
        kinds.setdefault(cited.kind, []).append(cited.name)
    return "; ".join(_listed(kind, list(dict.fromkeys(names))) for kind, names in kinds.items())


def _listed(kind: str, names: list[str]) -> str:
    one, more = KINDS[kind]
    if kind == "place":
        words = ", ".join(_places(names))
    else:
        words = ", ".join(names if kind in {"head", "section", "pattern"} else (f"`{name}`" for name in names))
    return f"{one if len(names) == 1 else more} {words}".strip()


def _places(names: list[str]) -> list[str]:
    """Figures of places, each with the places whose figure it is."""
    figures: dict[str, list[str]] = {}
    for name in names:
        place, figure = name.split(".")
        figures.setdefault(figure, []).append(place)
    return [f"`{figure}` ({', '.join(places)})" for figure, places in figures.items()]
