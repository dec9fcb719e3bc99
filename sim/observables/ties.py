"""What is written down of ties between residents."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sim.chance import Dice, Die, uniforms
from sim.compiling import KERNEL, PART
from sim.observables.town import Ratio, Town, observable, share_of
from sim.state import BRIDGING, EMPTY, SLOTS, STRONG, SURVIVAL_MONTHS, Ties
from sim.units import MONTHS_A_YEAR

CLUSTERING_SAMPLE = 500
"""Residents, on average, in the keyed sample."""


@observable("ties", "ties between residents that a resident has", by_quintile=True)
def ties_per_resident(town: Town) -> Ratio:
    return town.among(town.ends[0])


@observable("share", "of ties, bridging")
def bridging_share(town: Town) -> float:
    bridging = np.count_nonzero(town.ties.klass == BRIDGING)  # an empty slot is none
    return share_of(float(bridging), float(len(town.held)))


@observable("share", "of pairs of a resident's alters, tied to each other; mean over a keyed sample of residents")
def clustering(town: Town) -> float:
    stream = Dice(town.state.seed, 0).streams[Die.CLUSTERING_SAMPLE]
    return float(_mean_clustering(town.held, town.ties.alter, town.residents.id, stream, CLUSTERING_SAMPLE / town.size))


@observable("share", "residents in the largest connected part of the network")
def giant_component(town: Town) -> float:
    return float(_largest_part(town.ties.alter, town.size)) / town.size


@observable("share", "residents without a strong tie", by_quintile=True)
def lonely(town: Town) -> Ratio:
    return town.among(town.ends[1] == 0.0)


@observable("share", "of ties alive 12 months ago, alive now")
def tie_survival_12(town: Town) -> float:
    return share_of(float(np.count_nonzero(town.lasting(MONTHS_A_YEAR))), town.past("ties", MONTHS_A_YEAR))


@observable("share", "of ties strong 84 months ago, alive now")
def tie_survival_84(town: Town) -> float:
    was_strong = town.state.strong_ties.bits[(town.month - SURVIVAL_MONTHS) % (SURVIVAL_MONTHS + 1)]
    alive = np.bitwise_count(was_strong & np.packbits(town.lasting(SURVIVAL_MONTHS)))
    return share_of(float(alive.sum()), town.past("strong", SURVIVAL_MONTHS))


def keep_the_strong(ties: Ties, bits: Any) -> tuple[int, int]:
    """Write down which slots hold a strong tie, a bit each; how many ties there are, and strong ones."""
    bits[:] = np.packbits(ties.strength >= STRONG)
    return int(np.count_nonzero(ties.alter != EMPTY)), int(np.bitwise_count(bits).sum())


@njit(**KERNEL)
def _mean_clustering(held, alter, ids, stream, share):  # noqa: ANN001, ANN202
    """The share of pairs of alters that are tied, mean over those in the sample who have two alters.

    A tie between two alters stands in the slots of one of them, so it is enough to look there.
    """
    sampled = uniforms(stream, ids) < share
    sample = np.flatnonzero(sampled)
    ego, other = _ties_of(_with_an_end_in(sampled, held, alter), sampled, alter)
    place = np.zeros(ids.size, np.uint32)
    for n in range(sample.size):
        place[sample[n]] = n
    start = np.zeros(sample.size + 1, np.int64)
    for i in ego:
        start[place[i] + 1] += 1
    for n in range(sample.size):
        start[n + 1] += start[n]
    alters = np.empty(ego.size, np.uint32)
    filled = start[:-1].copy()
    for entry in range(ego.size):
        n = place[ego[entry]]
        alters[filled[n]] = other[entry]
        filled[n] += 1
    total, counted = 0.0, 0
    seen = np.zeros(ids.size + 1, np.uint8)  # the first stands for the alter that an empty slot has not
    for n in range(sample.size):
        mine = alters[start[n] : start[n + 1]]
        if mine.size < 2:
            continue
        seen[mine + np.uint32(1)] = 1
        tied = np.int32(0)
        for j in mine:
            for step in range(SLOTS):
                tied += np.int32(seen[np.uint32(alter[np.uint64(j) * np.uint64(SLOTS) + np.uint64(step)] - EMPTY)])
        seen[mine + np.uint32(1)] = 0
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
