"""Lists that are made anew when a room needs them: ties by resident, residents by neighbourhood.

Both list their members in a stated order (slots ascending, rows ascending), on which the exactness of sums rests.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sim.compiling import KERNEL, PART
from sim.state import EMPTY, SLOTS, Ints, Ties

BLOCK = 4096
"""Ties that a room takes at a time where it works out columns for them: so few that these stay in fast memory."""


class Incident(NamedTuple):
    """The ties of each resident i: entries ``start[i]`` to ``start[i + 1]``, in the order of the slots."""

    start: Ints  # (N + 1,)
    other: Ints  # the row of the tie's other end
    slots: Ints  # those that hold a tie, ascending


class Members(NamedTuple):
    """The rows that lie in each part b: entries ``start[b]`` to ``start[b + 1]``, ascending."""

    start: Ints
    row: Ints


def ties_by_resident(ties: Ties) -> Incident:
    """The ties of each resident, whoever owns them."""
    return Incident(*_ties_by_resident(ties.alter, len(ties.alter) // SLOTS))


@njit(**PART)
def held_slots(alter):  # noqa: ANN001, ANN201 - compiled
    """The slots that hold a tie, ascending. Luck decides which are free, so this does not branch on it.

    They have no sign, nor should a row that a loop over ties looks up: compiled code then need not ask of each whether
    it is below nil and counts from the end.
    """
    held = np.empty(alter.size + 1, np.uint32)
    found = 0
    for slot in range(alter.size):
        held[found] = slot
        found += alter[slot] != EMPTY
    return held[:found]


@njit(**PART)
def pairs(held, alter, ids):  # noqa: ANN001, ANN201 - compiled
    """The ids at the two ends of each of these ties, the lesser first: they key its draws, whoever owns it."""
    lesser = np.empty(held.size, np.int64)
    greater = np.empty(held.size, np.int64)
    for tie in range(held.size):
        one, other = ids[held[tie] // SLOTS], ids[np.uint32(alter[held[tie]])]
        lesser[tie] = min(one, other)
        greater[tie] = max(one, other)
    return lesser, greater


@njit(**KERNEL)
def _ties_by_resident(alter, residents):  # noqa: ANN001, ANN202 - compiled
    held = held_slots(alter)
    start = np.zeros(residents + 1, np.uint32)
    for slot in held:
        start[slot // SLOTS + 1] += np.uint32(1)
        start[np.uint32(alter[slot]) + 1] += np.uint32(1)
    for i in range(residents):
        start[i + 1] += start[i]
    filled = start[:-1].copy()
    other = np.empty(start[-1], np.uint32)
    for slot in held:
        owner, end = slot // SLOTS, np.uint32(alter[slot])
        other[filled[owner]] = end
        filled[owner] += np.uint32(1)
        other[filled[end]] = owner
        filled[end] += np.uint32(1)
    return start, other, held


def members(part: Ints, parts: int) -> Members:
    """The rows of each of ``parts`` parts, where ``part[row]`` names the part of a row."""
    return Members(*_members(part, parts))


@njit(**KERNEL)
def _members(part, parts):  # noqa: ANN001, ANN202 - compiled
    start = np.zeros(parts + 1, np.int64)
    for row in range(part.size):
        start[part[row] + 1] += 1
    for b in range(parts):
        start[b + 1] += start[b]
    filled = start[:-1].copy()
    rows = np.empty(part.size, np.int32)
    for row in range(part.size):
        rows[filled[part[row]]] = row
        filled[part[row]] += 1
    return start, rows


@njit(**PART)
def holds(rows, row):  # noqa: ANN001, ANN201 - compiled
    """Whether a row is among some rows."""
    for other in rows:
        if other == row:
            return True
    return False


@njit(**KERNEL)
def in_lottery_order(tickets):  # noqa: ANN001, ANN201 - compiled
    """Rows in the order of their keyed tickets (64 bits), earlier rows first among equals: a radix sort."""
    order = np.arange(tickets.size).astype(np.uint32)
    passing = np.empty(order.size, np.uint32)
    for digit in range(3):
        shift, low = np.uint64(31 + 11 * digit), np.uint64(2047)
        start = np.zeros(2049, np.uint32)
        for ticket in tickets:
            start[np.uint32((ticket >> shift) & low) + 1] += np.uint32(1)
        for b in range(2048):
            start[b + 1] += start[b]
        for row in order:
            own = np.uint32((tickets[row] >> shift) & low)
            passing[start[own]] = row
            start[own] += np.uint32(1)
        order, passing = passing, order
    return order


def lottery(tickets: list[int]) -> list[int]:
    """`in_lottery_order` for the plain hand: Python's own stable sort on the same bits."""
    return sorted(range(len(tickets)), key=lambda row: tickets[row] >> 31)


