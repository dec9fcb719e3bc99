"""What is written down of ties between residents."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Dice, Die, uniforms
from sim.compiling import KERNEL, PART
from sim.observables.town import Ratio, Town, observable, share_of
from sim.state import EMPTY, SLOTS, SURVIVAL_MONTHS
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
    return float(_largest_part(town.held, town.ties.alter, town.size)) / town.size


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
def _mean_clustering(held, alter, ids, stream, share):  # noqa: ANN001, ANN202
    """The share of pairs of alters that are tied, mean over those in the sample who have two alters.

    A tie between two alters stands in the slots of one of them, so it is enough to look there.
    """
    sampled = uniforms(stream, ids) < share
    ego, other = _ties_of(held, sampled, alter)
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
    seen_from = np.full(ids.size, -1)
    for i in range(ids.size):
        mine = alters[start[i] : start[i + 1]]
        if mine.size < 2:
            continue
        for j in mine:
            seen_from[j] = i
        tied = 0
        for j in mine:
            for slot in range(np.int64(j) * SLOTS, (np.int64(j) + 1) * SLOTS):
                tied += (alter[slot] != EMPTY) & (seen_from[alter[slot]] == i)
        total += 2 * tied / (mine.size * (mine.size - 1))
        counted += 1
    return total / counted if counted else np.nan


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
def _largest_part(held, alter, residents):  # noqa: ANN001, ANN202
    """Residents in the largest connected part: union by size, paths halved.

    Most ties join what has been joined already: what an end was led to is kept, so that this is seen at once.
    """
    root = np.arange(residents).astype(np.uint32)
    size = np.ones(residents, np.uint32)
    for slot in held:
        i, j = slot // SLOTS, np.uint32(alter[slot])
        a, b = root[i], root[j]
        if a == b:
            continue
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        root[i], root[j] = a, b
        if a != b:
            if size[a] < size[b]:
                a, b = b, a
            root[b] = a
            size[a] += size[b]
    return size.max()
