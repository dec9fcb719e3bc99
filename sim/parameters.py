"""A number with its unit, range, meaning, source and confidence: said once, in the room that uses it.

A room declares its numbers in a class ``Parameters``; `room_parameters` makes it a frozen dataclass, enters each field
in the registry under its dotted path (``volunteering.asked_share``), and makes the named tuple that kernels take.
"""

from __future__ import annotations

import dataclasses
import sys
from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, dataclass_transform, get_type_hints

T = TypeVar("T")
CONFIDENCE = ("high", "medium", "low")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the registry knows of one parameter."""

    path: str
    room: str
    field: str
    default: float | int | bool | str
    unit: str
    low: float
    high: float
    meaning: str
    source: str
    confidence: str
    is_switch: bool = False
    options: tuple[str, ...] = ()
    likely: tuple[float, float] | None = None

    @property
    def is_number(self) -> bool:
        """Neither a switch nor one of a few options."""
        return not self.is_switch and not self.options


REGISTRY: dict[str, Entry] = {}
"""Every parameter of every room that has been imported, by dotted path."""

ROOMS: dict[str, type] = {}
"""The class ``Parameters`` of every room that has been imported, by the room's name."""

GROUPS: dict[str, dict[str, Entry]] = {}
"""Where each number is set, by group and name. Most stand under their room's own name."""


def parameter(
    default: float, *, unit: str, low: float, high: float, meaning: str, source: str, confidence: str = "low",
    path: str = "", likely: tuple[float, float] | None = None,
) -> Any:
    """A number of a room, to be used as a field of its ``Parameters``.

    Args:
        default: the centre of what is known.
        unit: in words: "1/month", "hours", "share".
        low: the least value that may be asked for.
        high: the greatest value that may be asked for.
        meaning: one line that a reader outside the field understands.
        source: where the number comes from; "assumption" where from nowhere.
        confidence: high, medium or low.
        path: the dotted path under which it is set, where that is not the room's name and the field's.
        likely: the ends between which draws are taken, for a number that is known better than what may be asked for.

    Raises:
        ValueError: if the default lies outside a range, or the confidence is not one of the three.
    """
    if not low <= default <= high:
        raise ValueError(f"default {default} outside {low} to {high}: {meaning}")
    if confidence not in CONFIDENCE:
        raise ValueError(f"confidence {confidence!r} is none of {CONFIDENCE}: {meaning}")
    if likely is not None and not low <= likely[0] <= default <= likely[1] <= high:
        raise ValueError(f"likely {likely} leaves out default {default} or leaves {low} to {high}: {meaning}")
    facts = {"unit": unit, "low": low, "high": high, "meaning": meaning, "source": source, "confidence": confidence}
    return dataclasses.field(default=default, metadata=facts | {"path": path, "likely": likely})


def switch(*, meaning: str, source: str = "MODEL", path: str = "") -> Any:
    """A mechanism that may be turned exactly off: on by default."""
    facts = {"unit": "on/off", "low": 0, "high": 1, "meaning": meaning, "source": source, "confidence": "high"}
    return dataclasses.field(default=True, metadata=facts | {"is_switch": True, "path": path})


def choice(default: str, *, options: tuple[str, ...], meaning: str, source: str = "MODEL", path: str = "") -> Any:
    """One of a few named options. Kernels take its number in ``options``."""
    facts = {"unit": "option", "low": 0, "high": len(options) - 1, "meaning": meaning, "source": source}
    more = {"confidence": "high", "options": options, "path": path}
    return dataclasses.field(default=default, metadata=facts | more)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(parameter, switch, choice))
def room_parameters(cls: type[T]) -> type[T]:
    """Class decorator: a room's ``Parameters``, frozen, registered, and with a named tuple for kernels."""
    made = dataclass(frozen=True, kw_only=True)(cls)
    module = sys.modules[cls.__module__]
    room = cls.__module__.rpartition(".")[2]
    hints = get_type_hints(made)
    fields = dataclasses.fields(made)  # type: ignore[arg-type]
    for field in fields:
        facts = dict(field.metadata)
        path = facts.pop("path") or f"{room}.{field.name}"
        entry = Entry(path=path, room=room, field=field.name, default=hints[field.name](field.default), **facts)
        group, _, name = path.rpartition(".")
        REGISTRY[path] = GROUPS.setdefault(group, {})[name] = entry
    ROOMS[room] = made
    # Numba's disk cache finds a named tuple again by module and name, so it must live in the room's module.
    numbers_type = namedtuple("Numbers", [f.name for f in fields], module=cls.__module__)  # type: ignore[misc]  # noqa: PYI024
    module.Numbers = numbers_type  # type: ignore[attr-defined]
    return made


@lru_cache(maxsize=256)
def numbers(p: Any) -> Any:
    """The parameters as the named tuple that the room's kernel takes."""
    hints = get_type_hints(type(p))
    made = sys.modules[type(p).__module__].Numbers
    return made(*(_number(getattr(p, f.name), hints[f.name], f.metadata) for f in dataclasses.fields(p)))


def _number(value: Any, kind: type, facts: Mapping[str, Any]) -> Any:
    return facts["options"].index(value) if facts.get("options") else kind(value)


def by_group(rooms: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The numbers of the rooms as plain data, each under the group in which it is set."""
    return {
        group: {name: getattr(rooms[entry.room], entry.field) for name, entry in names.items() if entry.room in rooms}
        for group, names in GROUPS.items()
        if any(entry.room in rooms for entry in names.values())
    }
