"""Draws: parameters at other places of their ranges. Draw 0 is the centre; draw k >= 1 is one keyed point of all.

    u(k, path, a)  in (0, 1), keyed by the draw, the parameter's dotted path and the attempt, and by nothing else
    value          = low + u (high - low)                 or, where low > 0 and high / low > 30,
                   = low exp(u log(high / low));          whole numbers from low to high are equally likely

``low`` and ``high`` are the ends of what is thought likely, where the room says so (`parameter`), else of what may be
asked for. Draw k is therefore the same on every machine, in whatever order rooms are imported, and stays as it is when
parameters are added. Switches are not drawn: they stay on.

A room that refuses what was drawn for it (`need` refuses a crisis that would feed on itself) is drawn again as a whole,
with the next attempt in the key: so its draws are spread evenly over what the room allows. What a user sets wins over
the draw, and leaves all else of the draw as it is.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import Any

from sim.chance import HALF_STEP, STEP, key
from sim.parameters import REGISTRY, ROOMS, Entry

ATTEMPTS = 1000
"""Attempts before a room is thought to refuse everything."""
WIDE = 30.0
"""Ends this many times apart, with the lower above 0: the draw is even in the logarithm."""


def uniform(k: int, path: str, attempt: int = 0) -> float:
    """A number in (0, 1) for one parameter of draw ``k``."""
    name = int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big")
    return (key(k, name, attempt) >> 12) * STEP + HALF_STEP


def value(entry: Entry, u: float) -> float | int:
    """The value that lies at ``u`` in (0, 1) of a parameter's range."""
    low, high = entry.likely or (entry.low, entry.high)
    if isinstance(entry.default, int):
        first, last = math.ceil(low), math.floor(high)
        return first + min(int(u * (last - first + 1)), last - first)
    if low > 0.0 and high > WIDE * low:
        return min(max(low * math.exp(u * math.log(high / low)), low), high)
    return min(max(low + u * (high - low), low), high)


@lru_cache(maxsize=4096)
def room(name: str, k: int) -> Any:
    """The ``Parameters`` of one room in draw ``k``.

    Args:
        name: the room.
        k: which draw; 0 is the centre.

    Raises:
        ValueError: if the room refuses every attempt.
    """
    made = ROOMS[name]
    if k == 0:
        return made()
    drawn = [entry for entry in REGISTRY.values() if entry.room == name and entry.is_number]
    for attempt in range(ATTEMPTS):
        try:
            return made(**{e.field: value(e, uniform(k, e.path, attempt)) for e in drawn})
        except ValueError:
            continue
    raise ValueError(f"draw={k} has no numbers that {name} allows together, in {ATTEMPTS} attempts; choose another")
