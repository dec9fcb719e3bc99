"""Ties, the fast hand: everybody looks for new ties in the network as the month found it, then the old ties change."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, two_uniforms, uniform, uniform2, uniforms
from sim.compiling import KERNEL, PART
from sim.elementary import exp, expm1, exps, log
from sim.indexes import BLOCK, pairs
from sim.ledger import Flow
from sim.state import BONDING, BRIDGING, EMPTY, SLOTS, WEAK

NO_ONE = -1
TRIES = 20
"""Strangers looked at in one search: at the default homophily one search in a hundred ends with nobody."""


@njit(**KERNEL)
def build_and_decay(residents, ties, incoming, members, constants, p, streams, ledger, month):
    """Search, introduce, change strength, and then make the ties that were found."""
    found, known = _search(residents, ties.alter, incoming, members, constants, p, streams)
    introduced, met = _introduce(residents, ties.alter, incoming, members, p, streams)
    _change_strength(incoming.slots, residents, ties, constants, p, streams, ledger)
    ledger[Flow.TIE_SEARCH] += _tie_up(found, known, residents, ties, p.new_strength, month)
    ledger[Flow.TIE_INTRODUCED] += _tie_up(introduced, met, residents, ties, p.new_strength, month)


@njit(**PART)
def _search(residents, alter, incoming, members, constants, p, streams):
    """Whom each resident finds, as a row, NO_ONE for most; and whether the two have an alter in common."""
    found = np.full(residents.id.size, NO_ONE, np.int64)
    common = np.zeros(found.size, np.bool_)
    marked = np.full(found.size, NO_ONE, np.int32)
    looks = uniforms(streams[Die.SEARCH], residents.id)
    for i in range(found.size):
        who = residents.id[i]
        free = max(0.0, 1.0 - residents.planned_hours[i] / p.time_limit)
        if looks[i] < constants.search_chance[0] * free:
            if uniform(streams[Die.SEARCH_LOCAL], who) < p.triadic_share:
                found[i], common[i] = _friend_of_friend(i, who, alter, incoming, streams), True
            else:
                found[i] = _stranger(i, who, residents, alter, members, constants, p, streams)
                common[i] = found[i] != NO_ONE and _have_common_alter(i, found[i], alter, incoming, marked)
    return found, common


@njit(**PART)
def _friend_of_friend(i, who, alter, incoming, streams):
    friend = _some_alter(i, uniform(streams[Die.SEARCH_ALTER], who), alter, incoming)
    if friend == NO_ONE:
        return NO_ONE
    k = _some_alter(friend, uniform(streams[Die.SEARCH_FRIEND], who), alter, incoming)
    return NO_ONE if k == i or _are_tied(i, k, alter) else k


@njit(**PART)
def _some_alter(i, u, alter, incoming):
    """One of the alters of i by a draw, first those of its own slots, then owners; NO_ONE where there is none."""
    own = 0
    for slot in range(i * SLOTS, (i + 1) * SLOTS):
        own += alter[slot] != EMPTY
    first = np.int64(incoming.start[i])
    left = np.int64(u * (own + np.int64(incoming.start[i + 1]) - first))
    if left >= own:
        entry = first + left - own
        return np.int64(incoming.owner[entry]) if entry < incoming.start[i + 1] else NO_ONE
    slot = i * SLOTS - 1
    while left >= 0:
        slot += 1
        left -= alter[slot] != EMPTY
    return np.int64(alter[slot])


@njit(**PART)
def _stranger(i, who, residents, alter, members, constants, p, streams):
    start, size = 0, residents.id.size
    near = uniform(streams[Die.SEARCH_NEAR], who) < p.near_share
    if near:
        start = members.start[residents.neighbourhood[i]]
        size = members.start[residents.neighbourhood[i] + 1] - start
    for attempt in range(TRIES):
        k = np.int64(uniform2(streams[Die.SEARCH_OTHER], who, attempt) * size)
        if near:
            k = np.int64(members.row[start + k])
        alike = residents.group[k] == residents.group[i]
        accepted = alike or uniform2(streams[Die.ACCEPT], who, attempt) < constants.acceptance[0]
        if accepted and k != i and not _are_tied(i, k, alter):
            return k
    return NO_ONE


@njit(**PART)
def _introduce(residents, alter, incoming, members, p, streams):
    """Whom each resident is introduced to at a nurtured meeting of the neighbourhood, and who has a common alter."""
    introduced = np.full(residents.id.size, NO_ONE, np.int64)
    common = np.zeros(introduced.size, np.bool_)
    marked = np.full(introduced.size, NO_ONE, np.int32)
    there = np.empty(residents.id.size, np.int64)
    for b in range(members.start.size - 1):
        present = 0
        for entry in range(members.start[b], members.start[b + 1]):
            if residents.nurtured_hours[members.row[entry]] > 0.0:
                there[present] = members.row[entry]
                present += 1
        for place in range(present):
            i = there[place]
            free = max(0.0, 1.0 - residents.planned_hours[i] / p.time_limit)
            if uniform(streams[Die.INTRODUCED], residents.id[i]) < 2.0 * p.introduction_chance * free:
                k = there[np.int64(uniform(streams[Die.INTRODUCED_TO], residents.id[i]) * present)]
                if k != i and not _are_tied(i, k, alter):
                    introduced[i], common[i] = k, _have_common_alter(i, k, alter, incoming, marked)
    return introduced, common


@njit(**PART)
def _are_tied(i, k, alter):
    """To look at every slot beats stopping in time, since luck decides where that would be."""
    tied = False
    for s in range(SLOTS):
        tied |= (alter[i * SLOTS + s] == k) | (alter[k * SLOTS + s] == i)
    return tied


@njit(**PART)
def _change_strength(slots, residents, ties, constants, p, streams, ledger):
    kept = np.array((exp(log(p.kept_bonding) / 12.0), exp(log(p.kept_weak) / 12.0),
                     exp(log(p.kept_bridging) / 12.0)))  # fmt: skip
    hazard = np.array((-log(p.survival_bonding) / 12.0, -log(p.survival_weak) / 12.0,
                       -log(p.survival_bridging) / 12.0))  # fmt: skip
    per_hour = 1.0 / p.contact_hours
    for first in range(0, slots.size, BLOCK):
        held = slots[first : first + BLOCK]
        ends, takes_up = two_uniforms(streams[Die.END_AND_TAKE_UP], pairs(held, ties.alter, residents.id))
        taken_up = takes_up < constants.take_up_chance[0]
        hours = np.empty(held.size)
        for tie in range(held.size):
            hours[tie] = ties.hours[held[tie]]
        unbuilt = exps(-p.build, hours, 0.0)
        for tie in range(held.size):
            slot = held[tie]
            klass = np.uint8(ties.klass[slot])
            w = 1.0 - (1.0 - ties.strength[slot] * kept[klass]) * unbuilt[tie]
            sinks, rises = (klass == BONDING) & (w < p.weak_below), (klass == WEAK) & (w >= p.bonding_from)
            ties.strength[slot] = w
            ties.klass[slot] = WEAK if sinks else (BONDING if rises else klass)
            ties.deepening[slot] = (ties.deepening[slot] | ((klass == WEAK) & taken_up[tie])) & (not rises)
            # 1 - exp(-x) < x and exp(-x) < 1 / (1 + x + x x / 2), so most ties are spared two exponentials.
            most, met = hazard[klass], hours[tie] * per_hour
            near = ends[tie] * (1.0 + met + 0.5 * met * met) < most
            if near and ends[tie] < -expm1(-most * exp(-hours[tie] / p.contact_hours)):
                _end(slot, ties)
                ledger[Flow.TIE_FADED] += 1.0


@njit(**PART)
def _end(slot, ties):
    ties.alter[slot] = EMPTY
    ties.strength[slot] = 0.0
    ties.klass[slot] = 0
    ties.deepening[slot] = 0
    ties.born[slot] = 0
    ties.hours[slot] = 0.0


@njit(**PART)
def _tie_up(partners, common, residents, ties, new_strength, month):
    """Put each new tie into a free slot of its finder; how many found one."""
    made = 0.0
    for i in range(partners.size):
        k = partners[i]
        free = _free_slot(i, k, ties.alter) if k != NO_ONE else NO_ONE
        if free != NO_ONE:
            far = residents.group[i] != residents.group[k] and residents.neighbourhood[i] != residents.neighbourhood[k]
            ties.alter[free] = k
            ties.strength[free] = new_strength
            ties.klass[free] = BRIDGING if far or not common[i] else WEAK
            ties.born[free] = month
            made += 1.0
    return made


@njit(**PART)
def _free_slot(i, k, alter):
    """The first free slot of i; NO_ONE where there is none, or where k has just made the same tie.

    To look at every slot beats stopping in time, since luck decides where that would be.
    """
    step, tied = SLOTS, False
    for s in range(SLOTS):
        own, others = alter[i * SLOTS + s], alter[k * SLOTS + s]
        step = min(step, s if own == EMPTY else SLOTS)
        tied |= (own == k) | (others == i)
    return NO_ONE if tied or step == SLOTS else i * SLOTS + step


@njit(**PART)
def _have_common_alter(i, k, alter, incoming, marked):
    """Mark the alters of i with its row, and see whether any of those of k has the mark."""
    for slot in range(i * SLOTS, (i + 1) * SLOTS):
        if alter[slot] != EMPTY:
            marked[alter[slot]] = i
    for entry in range(incoming.start[i], incoming.start[i + 1]):
        marked[incoming.owner[entry]] = i
    seen = False
    for slot in range(k * SLOTS, (k + 1) * SLOTS):
        seen |= alter[slot] != EMPTY and marked[alter[slot]] == i
    for entry in range(incoming.start[k], incoming.start[k + 1]):
        seen |= marked[incoming.owner[entry]] == i
    return seen
