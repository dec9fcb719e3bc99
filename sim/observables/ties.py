"""What is written down of ties between residents."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Dice, Die, uniforms
from sim.compiling import KERNEL, PART
from sim.observables.town import Ratio, Town, observable, share_of
from sim.state import EMPTY, SLOTS, STRONG, SURVIVAL_MONTHS
from sim.units import MONTHS_A_YEAR

CLUSTERING_SAMPLE = 500
"""Residents, on average, in the keyed sample."""


@observable("ties", "ties between residents that a resident has", by_quintile=True)
def ties_per_resident(town: Town) -> Ratio:
    return town.among(town.tally.degrees)


@observable("share", "of ties, bridging")
def bridging_share(town: Town) -> float:
    return share_of(float(town.tally.bridging), float(town.tally.ties))


@observable("share", "of pairs of a resident's alters, tied to each other; mean over a keyed sample of residents")
def clustering(town: Town) -> float:
    stream = Dice(town.state.seed, 0).streams[Die.CLUSTERING_SAMPLE]
    return float(_mean_clustering(town.held, town.ties.alter, town.residents.id, stream, CLUSTERING_SAMPLE / town.size))


@observable("share", "residents in the largest connected part of the network")
def giant_component(town: Town) -> float:
    return float(_largest_part(town.ties.alter, town.size)) / town.size


@observable("share", "residents without a strong tie", by_quintile=True)
def lonely(town: Town) -> Ratio:
    return town.among(town.tally.close == 0.0)


@observable("share", "of ties alive 12 months ago, alive now")
def tie_survival_12(town: Town) -> float:
    return share_of(float(town.tally.a_year), town.past("ties", MONTHS_A_YEAR))


@observable("share", "of ties strong 84 months ago, alive now")
def tie_survival_84(town: Town) -> float:
    return share_of(float(town.tally.seven_years), town.past("strong", SURVIVAL_MONTHS))


@njit(**KERNEL)
def keep_the_strong(ties, bits):  # noqa: ANN001, ANN201
    """Write down which slots hold a strong tie, as `numpy.packbits` would; how many ties there are, and strong ones."""
    count, strong = 0, 0
    for byte in range(bits.size):
        eight = np.uint8(0)
        for slot in range(8 * byte, 8 * byte + 8):
            count += ties.alter[slot] != EMPTY
            is_strong = ties.strength[slot] >= STRONG
            strong += is_strong
            eight = np.uint8((eight << 1) | is_strong)
        bits[byte] = eight
    return count, strong


@njit(**KERNEL)
def _mean_clustering(held, alter, ids, stream, share):  # noqa: ANN001, ANN202
    """The share of pairs of alters that are tied, mean over those in the sample who have two alters.

    A tie between two alters stands in the slots of one of them, so it is enough to look there.
    """
    sampled = uniforms(stream, ids) < share
    ego, other = _ties_of(_with_an_end_in(sampled, held, alter), sampled, alter)
    start = np.zeros(ids.size + 1, np.int64)
    for entry in range(ego.size):
        start[ego[entry] + 1] += 1
    for i in range(ids.size):
        start[i + 1] += start[i]
    alters = np.empty(ego.size, np.uint32)
    filled = start[:-1].copy()
    for entry in range(ego.size):
        alters[filled[ego[entry]]] = other[entry]
        filled[ego[entry]] += 1
    total, counted = 0.0, 0
    seen_from = np.full(ids.size + 1, -1, np.int32)  # the first stands for the alter that an empty slot has not
    for i in range(ids.size):
        if start[i + 1] - start[i] < 2:
            continue
        mine = alters[start[i] : start[i + 1]]
        for j in mine:
            seen_from[j + np.uint32(1)] = i
        tied = 0
        for j in mine:
            for slot in range(j * SLOTS, (j + 1) * SLOTS):
                tied += seen_from[np.uint32(alter[slot] - EMPTY)] == i
        total += 2 * tied / (mine.size * (mine.size - 1))
        counted += 1
    return total / counted if counted else np.nan


@njit(**PART)
def _with_an_end_in(sampled, held, alter):  # noqa: ANN001, ANN202
    """The slots of ties of some residents, among all. Luck decides which, so this does not branch on it."""
    slots = np.empty(held.size + 1, np.uint32)
    found = np.uint32(0)
    for slot in held:
        slots[found] = slot
        found += np.uint32(sampled[slot // SLOTS] | sampled[np.uint32(alter[slot])])
    return slots[:found]


@njit(**PART)
def _ties_of(held, sampled, alter):  # noqa: ANN001, ANN202
    """The ties of some residents: their rows, and the rows at the other end."""
    ego = np.empty(2 * held.size + 1, np.uint32)
    other = np.empty(ego.size, np.uint32)
    found = np.uint32(0)
    for slot in held:
        i, j = slot // SLOTS, np.uint32(alter[slot])
        ego[found], other[found] = i, j
        found += np.uint32(sampled[i])
        ego[found], other[found] = j, i
        found += np.uint32(sampled[j])
    return ego[:found], other[:found]


@njit(**KERNEL)
def _largest_part(alter, residents):  # noqa: ANN001, ANN202
    """Residents in the largest connected part.

    Nearly everybody is in one part, which is soon walked through; it need not be the largest, so the rest is looked at.
    """
    reached, left = _reached_from(0, alter, residents)
    return max(reached, _largest_among(left, alter, residents))


@njit(**PART)
def _reached_from(start, alter, residents):  # noqa: ANN001, ANN202
    """How many residents hang together with one; and the rows of the others, whose ties are all among themselves.

    Whoever owns a tie with one who is reached is reached, and so are then all the alters: again and again, until a walk
    along those who are left reaches nobody.
    """
    reached = np.zeros(residents + 1, np.bool_)  # the first stands for the alter that an empty slot has not
    reached[start + 1] = True
    left = np.arange(residents).astype(np.uint32)
    walked = left.size + 1
    while left.size < walked:
        walked, found = left.size, np.uint32(0)
        for i in left:
            is_reached = reached[i + np.uint32(1)]
            if not is_reached:
                for slot in range(i * SLOTS, (i + 1) * SLOTS):
                    is_reached |= reached[np.uint32(alter[slot] - EMPTY)]
            if is_reached:
                reached[i + np.uint32(1)] = True
                for slot in range(i * SLOTS, (i + 1) * SLOTS):
                    reached[np.uint32(alter[slot] - EMPTY)] = True
                reached[0] = False
            else:
                left[found] = i  # what is left overtakes nobody who is still to be asked
                found += np.uint32(1)
        left = left[:found]
    return residents - left.size, left


@njit(**PART)
def _largest_among(owners, alter, residents):  # noqa: ANN001, ANN202
    """Residents in the largest part that the ties of these owners connect: union by size, paths halved."""
    root = np.arange(residents).astype(np.uint32)
    size = np.ones(residents, np.uint32)
    for i in owners:
        for slot in range(i * SLOTS, (i + 1) * SLOTS):
            if alter[slot] == EMPTY:
                continue
            a, b = i, np.uint32(alter[slot])
            while root[a] != a:
                root[a] = root[root[a]]
                a = root[a]
            while root[b] != b:
                root[b] = root[root[b]]
                b = root[b]
            if a != b:
                if size[a] < size[b]:
                    a, b = b, a
                root[b] = a
                size[a] += size[b]
    return np.int64(size.max())
