"""Which charities a resident can come to: those at home in the neighbourhood, then those that serve the whole place.

One is picked by its joining weight: with near and wide the weights of the two in all, the draw u falls at
u (near + wide), which is counted off first along those of the neighbourhood and then along the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sim.compiling import PART
from sim.state import NOBODY, Floats, Ints

if TYPE_CHECKING:
    from sim.community import Community


class Reach(NamedTuple):
    """Living charities that take people: entries ``start[b]`` to ``start[b + 1]`` for neighbourhood b, rows ascending.

    Those that serve the whole place stand last, as one neighbourhood more.
    """

    start: Ints  # (B + 2,)
    row: Ints
    upto: Floats  # joining weights, added up along each neighbourhood


@njit(**PART)
def reach_of(charities, neighbourhoods):  # noqa: ANN001, ANN201 - compiled
    """Who can be reached from where, this month."""
    start = np.zeros(neighbourhoods + 2, np.int64)
    for g in range(charities.id.size):
        if charities.alive[g] == 1 and charities.joining_weight[g] > 0.0:
            start[_home(g, charities, neighbourhoods) + 1] += 1
    for b in range(start.size - 1):
        start[b + 1] += start[b]
    filled = start[:-1].copy()
    row = np.empty(start[-1], np.int64)
    upto = np.empty(row.size)
    for g in range(charities.id.size):
        if charities.alive[g] == 1 and charities.joining_weight[g] > 0.0:
            b = _home(g, charities, neighbourhoods)
            entry = filled[b]
            before = upto[entry - 1] if entry > start[b] else 0.0
            row[entry], upto[entry] = g, before + charities.joining_weight[g]
            filled[b] += 1
    return Reach(start, row, upto)


@njit(**PART)
def _home(g, charities, neighbourhoods):  # noqa: ANN001, ANN202 - compiled
    return neighbourhoods if charities.serves_place[g] == 1 else charities.neighbourhood[g]


@njit(**PART)
def pick(reach, neighbourhood, u):  # noqa: ANN001, ANN201 - compiled
    """A charity within reach of a neighbourhood, by its joining weight; NOBODY where there is none."""
    near = _along(reach, neighbourhood)
    wide = _along(reach, reach.start.size - 2)
    left = u * (near + wide)
    if near + wide <= 0.0:
        return np.int64(NOBODY)
    if left < near or wide <= 0.0:
        return _counted_off(reach, neighbourhood, left)
    return _counted_off(reach, reach.start.size - 2, left - near)


@njit(**PART)
def _along(reach, b):  # noqa: ANN001, ANN202 - compiled
    return reach.upto[reach.start[b + 1] - 1] if reach.start[b + 1] > reach.start[b] else 0.0


@njit(**PART)
def _counted_off(reach, b, left):  # noqa: ANN001, ANN202 - compiled
    first, last = reach.start[b], reach.start[b + 1] - 1
    return reach.row[min(last, first + np.searchsorted(reach.upto[first : last + 1], left, "right"))]


def pick_plain(community: Community, neighbourhood: int, u: float) -> int:
    """The same for the plain hand."""
    takes = [(g, c) for g, c in enumerate(community.charities) if c.alive and c.joining_weight > 0.0]
    near = [(g, c.joining_weight) for g, c in takes if not c.serves_place and c.neighbourhood == neighbourhood]
    wide = [(g, c.joining_weight) for g, c in takes if c.serves_place]
    if not near and not wide:
        return NOBODY
    left = u * (_total(near) + _total(wide))
    if wide and left >= _total(near):
        near, left = wide, left - _total(near)
    running = 0.0
    for g, weight in near:
        running += weight
        if left < running:
            return g
    return near[-1][0]


def _total(weights: list[tuple[int, float]]) -> float:
    total = 0.0
    for _, weight in weights:
        total += weight
    return total
