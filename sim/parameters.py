"""A number with its unit, range, meaning, source and confidence: said once, in the room that uses it.

A room declares its numbers in a class ``Parameters``; `room_parameters` makes it a frozen dataclass, enters each field
in the registry under its dotted path (``volunteering.asked_share``), and makes the named tuple that kernels take.
"""

from __future__ import annotations

import dataclasses
import sys
from collections import namedtuple
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, dataclass_transform, get_type_hints

T = TypeVar("T")
CONFIDENCE = ("high", "medium", "low")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the registry knows of one parameter."""

    path: str
    default: float | int | bool
    unit: str
    low: float
    high: float
    meaning: str
    source: str
    confidence: str
    is_switch: bool = False
    likely: tuple[float, float] | None = None


REGISTRY: dict[str, Entry] = {}
"""Every parameter of every room that has been imported, by dotted path."""

ROOMS: dict[str, type] = {}
"""The class ``Parameters`` of every room that has been imported, by the room's name."""


def parameter(
    default: float, *, unit: str, low: float, high: float, meaning: str, source: str, confidence: str = "low",
    likely: tuple[float, float] | None = None,
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
    return dataclasses.field(default=default, metadata=facts | {"likely": likely})


def switch(*, meaning: str, source: str = "MODEL") -> Any:
    """A mechanism that may be turned exactly off: on by default."""
    facts = {"unit": "on/off", "low": 0, "high": 1, "meaning": meaning, "source": source, "confidence": "high"}
    return dataclasses.field(default=True, metadata=facts | {"is_switch": True})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(parameter, switch))
def room_parameters(cls: type[T]) -> type[T]:
    """Class decorator: a room's ``Parameters``, frozen, registered, and with a named tuple for kernels."""
    made = dataclass(frozen=True, kw_only=True)(cls)
    module = sys.modules[cls.__module__]
    room = cls.__module__.rpartition(".")[2]
    hints = get_type_hints(made)
    fields = dataclasses.fields(made)  # type: ignore[arg-type]
    for field in fields:
        path = f"{room}.{field.name}"
        REGISTRY[path] = Entry(path=path, default=hints[field.name](field.default), **field.metadata)
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
    return made(*(hints[f.name](getattr(p, f.name)) for f in dataclasses.fields(p)))
