"""Lists that are made anew when a room needs them: ties from others, residents by neighbourhood.

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


class Incoming(NamedTuple):
    """The ties of each resident i that others own: entries ``start[i]`` to ``start[i + 1]``, in the order of the slots.

    Those that i owns stand in its slots, and need no list.
    """

    start: Ints  # (N + 1,)
    owner: Ints  # the row of the tie's other end
    slots: Ints  # all that hold a tie, whoever owns it, ascending


class Members(NamedTuple):
    """The rows that lie in each part b: entries ``start[b]`` to ``start[b + 1]``, ascending."""

    start: Ints
    row: Ints


def ties_from_others(ties: Ties) -> Incoming:
    """The ties of each resident that others own."""
    return Incoming(*_ties_from_others(ties.alter, len(ties.alter) // SLOTS))


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
    """The sum of the ids at the two ends of each of these ties: it keys a tie's dice, whoever owns it."""
    pair = np.empty(held.size, np.uint64)
    for tie in range(held.size):
        pair[tie] = np.uint64(ids[held[tie] // SLOTS]) + np.uint64(ids[np.uint32(alter[held[tie]])])
    return pair


@njit(**KERNEL)
def _ties_from_others(alter, residents):  # noqa: ANN001, ANN202 - compiled
    held = held_slots(alter)
    start = np.zeros(residents + 1, np.uint32)
    for slot in held:
        start[np.uint32(alter[slot]) + 1] += np.uint32(1)
    for i in range(residents):
        start[i + 1] += start[i]
    filled = start[:-1].copy()
    owner = np.empty(start[-1], np.uint32)
    for slot in held:
        place = filled[np.uint32(alter[slot])]
        owner[place] = slot // SLOTS
        filled[np.uint32(alter[slot])] = place + np.uint32(1)
    return start, owner, held


def members(part: Ints, parts: int) -> Members:
    """The rows of each of ``parts`` parts, where ``part[row]`` names the part of a row."""
    return Members(*start_and_row(part, parts))


@njit(**KERNEL)
def start_and_row(part, parts):  # noqa: ANN001, ANN201 - compiled
    """`members` for kernels."""
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


ROW_BITS = 31
FEW, FEW_BITS, MANY_BITS = 4096, 8, 11
"""Up to so many tickets, tables of 2^8 digits serve as well as those of 2^11, and are sooner made."""


@njit(**KERNEL)
def in_lottery_order(tickets):  # noqa: ANN001, ANN201 - compiled
    """Rows in the order of their keyed tickets (the first 33 of 64 bits), earlier rows first among equals.

    Ticket and row are one number. Two passes of a radix sort put these in the order of their first 16 or 22 bits, which
    few share; those that do are then put right among themselves.
    """
    rows = (np.uint64(1) << np.uint64(ROW_BITS)) - np.uint64(1)
    digit_bits = np.uint64(FEW_BITS if tickets.size <= FEW else MANY_BITS)
    digit = (np.uint64(1) << digit_bits) - np.uint64(1)
    first, second = np.uint64(64) - np.uint64(2) * digit_bits, np.uint64(64) - digit_bits
    key, passing = np.empty(tickets.size, np.uint64), np.empty(tickets.size, np.uint64)
    low, high = np.zeros(digit + 2, np.uint32), np.zeros(digit + 2, np.uint32)
    for row in range(tickets.size):
        key[row] = (tickets[row] & ~rows) | np.uint64(row)
        low[((key[row] >> first) & digit) + np.uint64(1)] += np.uint32(1)
        high[(key[row] >> second) + np.uint64(1)] += np.uint32(1)
    lower, higher = np.uint32(0), np.uint32(0)
    for b in range(low.size):
        lower += low[b]
        higher += high[b]
        low[b], high[b] = lower, higher
    for k in key:
        passing[low[(k >> first) & digit]] = k
        low[(k >> first) & digit] += np.uint32(1)
    for k in passing:
        key[high[k >> second]] = k
        high[k >> second] += np.uint32(1)
    order = np.empty(key.size, np.uint32)
    for n in range(key.size):
        k, place = key[n], n
        while place > 0 and key[place - 1] > k:
            key[place] = key[place - 1]
            place -= 1
        key[place] = k
    for n in range(key.size):
        order[n] = np.uint32(key[n] & rows)
    return order


def lottery(tickets: list[int]) -> list[int]:
    """`in_lottery_order` for the plain hand: Python's own stable sort on the same bits."""
    return sorted(range(len(tickets)), key=lambda row: tickets[row] >> 31)


