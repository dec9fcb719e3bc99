"""What is written down of ties between residents."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Dice, Die, uniform
from sim.compiling import KERNEL
from sim.indexes import held_slots
from sim.observables.town import Ratio, Town, observable, share_of
from sim.state import BRIDGING, SLOTS, SURVIVAL_MONTHS
from sim.units import MONTHS_A_YEAR

CLUSTERING_SAMPLE = 500
"""Residents, on average, in the keyed sample."""


@observable("ties", "ties between residents that a resident has", by_quintile=True)
def ties_per_resident(town: Town) -> Ratio:
    return town.among(town.degrees[0])


@observable("share", "of ties, bridging")
def bridging_share(town: Town) -> float:
    bridging = np.count_nonzero(town.tied & (town.ties.klass == BRIDGING))
    return share_of(float(bridging), float(np.count_nonzero(town.tied)))


@observable("share", "of pairs of a resident's alters, tied to each other; mean over a keyed sample of residents")
def clustering(town: Town) -> float:
    stream = Dice(town.state.seed, 0).streams[Die.CLUSTERING_SAMPLE]
    return float(_mean_clustering(town.incident, town.residents.id, stream, CLUSTERING_SAMPLE / town.size))


@observable("share", "residents in the largest connected part of the network")
def giant_component(town: Town) -> float:
    return float(_largest_part(town.ties.alter, town.size)) / town.size


@observable("share", "residents without a strong tie", by_quintile=True)
def lonely(town: Town) -> Ratio:
    return town.among(town.degrees[1] == 0.0)


@observable("share", "of ties alive 12 months ago, alive now")
def tie_survival_12(town: Town) -> float:
    old = np.count_nonzero(town.tied & (town.ties.born <= town.month - MONTHS_A_YEAR))
    return share_of(float(old), town.past("ties", MONTHS_A_YEAR))


@observable("share", "of ties strong 84 months ago, alive now")
def tie_survival_84(town: Town) -> float:
    row = (town.month - SURVIVAL_MONTHS) % (SURVIVAL_MONTHS + 1)
    was_strong = np.unpackbits(town.state.strong_ties.bits[row], count=len(town.ties.alter)).astype(bool)
    alive = town.tied & (town.ties.born <= town.month - SURVIVAL_MONTHS) & was_strong
    return share_of(float(np.count_nonzero(alive)), town.past("strong", SURVIVAL_MONTHS))


@njit(**KERNEL)
def _mean_clustering(incident, ids, stream, share):  # noqa: ANN001, ANN202
    total, counted = 0.0, 0
    seen_from = np.full(ids.size, -1)
    for i in range(ids.size):
        if uniform(stream, ids[i]) >= share:
            continue
        start, end = incident.start[i], incident.start[i + 1]
        pairs = (end - start) * (end - start - 1)
        if pairs == 0:
            continue
        for entry in range(start, end):
            seen_from[incident.other[entry]] = i
        closed = 0
        for entry in range(start, end):
            j = incident.other[entry]
            for further in range(incident.start[j], incident.start[j + 1]):
                closed += seen_from[incident.other[further]] == i
        total += closed / pairs
        counted += 1
    return total / counted if counted else np.nan


@njit(**KERNEL)
def _largest_part(alter, residents):  # noqa: ANN001, ANN202
    """Residents in the largest connected part: union by size, paths halved.

    Most ties join what has been joined already: what an end was led to is kept, so that this is seen at once.
    """
    root = np.arange(residents)
    size = np.ones(residents, np.int64)
    for slot in held_slots(alter):
        i, j = np.int64(slot // SLOTS), np.int64(alter[slot])
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
