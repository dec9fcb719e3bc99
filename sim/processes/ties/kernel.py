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
def build_and_decay(residents, ties, incident, members, constants, p, streams, ledger, month):
    """Search, introduce, change strength, and then make the ties that were found."""
    found, through_friend = _search(residents, incident, members, constants, p, streams)
    introduced = _introduce(residents, incident, members, p, streams)
    _change_strength(incident.slots, residents, ties, constants, p, streams, ledger)
    ledger[Flow.TIE_SEARCH] += _tie_up(found, through_friend, residents, ties, incident, p.new_strength, month)
    through_friend[:] = False
    ledger[Flow.TIE_INTRODUCED] += _tie_up(introduced, through_friend, residents, ties, incident, p.new_strength, month)


@njit(**PART)
def _search(residents, incident, members, constants, p, streams):
    """Whom each resident finds, as a row, NO_ONE for most; and whether through a friend, who is a common alter."""
    found = np.full(residents.id.size, NO_ONE, np.int64)
    through_friend = np.zeros(found.size, np.bool_)
    looks = uniforms(streams[Die.SEARCH], residents.id)
    for i in range(found.size):
        who = residents.id[i]
        free = max(0.0, 1.0 - residents.planned_hours[i] / p.time_limit)
        if looks[i] < constants.search_chance[0] * free:
            through_friend[i] = uniform(streams[Die.SEARCH_LOCAL], who) < p.triadic_share
            if through_friend[i]:
                found[i] = _friend_of_friend(i, who, incident, streams)
            else:
                found[i] = _stranger(i, who, residents, incident, members, constants, p, streams)
    return found, through_friend


@njit(**PART)
def _friend_of_friend(i, who, incident, streams):
    degree = incident.start[i + 1] - incident.start[i]
    if degree == 0:
        return NO_ONE
    friend = incident.other[incident.start[i] + np.int64(uniform(streams[Die.SEARCH_ALTER], who) * degree)]
    degree = incident.start[friend + 1] - incident.start[friend]
    k = incident.other[incident.start[friend] + np.int64(uniform(streams[Die.SEARCH_FRIEND], who) * degree)]
    return NO_ONE if k == i or _are_tied(i, k, incident) else np.int64(k)


@njit(**PART)
def _stranger(i, who, residents, incident, members, constants, p, streams):
    start, size = 0, residents.id.size
    near = uniform(streams[Die.SEARCH_NEAR], who) < p.near_share
    if near:
        start = members.start[residents.neighbourhood[i]]
        size = members.start[residents.neighbourhood[i] + 1] - start
    for attempt in range(TRIES):
        k = np.int64(uniform2(streams[Die.SEARCH_OTHER], who, attempt) * size)
        if near:
            k = np.int64(members.row[start + k])
        if k == i or _are_tied(i, k, incident):
            continue
        if residents.group[k] == residents.group[i]:
            return k
        if uniform2(streams[Die.ACCEPT], who, attempt) < constants.acceptance[0]:
            return k
    return NO_ONE


@njit(**PART)
def _introduce(residents, incident, members, p, streams):
    """Whom each resident is introduced to at a nurtured meeting of the neighbourhood."""
    introduced = np.full(residents.id.size, NO_ONE, np.int64)
    there = np.empty(residents.id.size, np.int64)
    for b in range(members.start.size - 1):
        present = 0
        for entry in range(members.start[b], members.start[b + 1]):
            if residents.nurtured_hours[members.row[entry]] > 0.0:
                there[present] = members.row[entry]
                present += 1
        for place in range(present):
            i = there[place]
            if uniform(streams[Die.INTRODUCED], residents.id[i]) < p.introduction_chance:
                k = there[np.int64(uniform(streams[Die.INTRODUCED_TO], residents.id[i]) * present)]
                if k != i and not _are_tied(i, k, incident):
                    introduced[i] = k
    return introduced


@njit(**PART)
def _are_tied(i, k, incident):
    for entry in range(incident.start[i], incident.start[i + 1]):
        if incident.other[entry] == k:
            return True
    return False


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
def _tie_up(partners, through_friend, residents, ties, incident, new_strength, month):
    """Put each new tie into a free slot of its finder; how many found one."""
    made = 0.0
    marked = np.full(partners.size, NO_ONE, np.int32)
    for i in range(partners.size):
        k = partners[i]
        free = _free_slot(i, k, ties.alter) if k != NO_ONE else NO_ONE
        if free != NO_ONE:
            far = residents.group[i] != residents.group[k] and residents.neighbourhood[i] != residents.neighbourhood[k]
            strangers = far or not (
                through_friend[i] or _have_common_alter(i, k, incident.start, incident.other, marked)
            )
            ties.alter[free] = k
            ties.strength[free] = new_strength
            ties.klass[free] = BRIDGING if strangers else WEAK
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
def _have_common_alter(i, k, start, other, marked):
    """Mark the alters of i with its row, and see whether any of those of k has the mark."""
    for entry in range(start[i], start[i + 1]):
        marked[other[entry]] = i
    for entry in range(start[k], start[k + 1]):
        if marked[other[entry]] == i:
            return True
    return False
