"""Renewal, the fast hand: first who goes and who moves, from the homes as they stood; then ties, homes, newcomers."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, between, bits, derived_id, normal_quantile, uniform, uniforms
from sim.compiling import KERNEL, PART
from sim.elementary import log
from sim.indexes import in_lottery_order
from sim.ledger import Flow
from sim.state import EMPTY, NOBODY, SLOTS

STAYS, MOVES, LEAVES, DIES = 0, 1, 2, 3
NEVER_NIL = 2.0**-53
"""Least share beside a draw: keeps the logistic from a division by nil."""


@njit(**KERNEL)
def live_the_month(
    residents, ties, acquaintances, neighbourhoods, quantiles, p, move_chances, death_chance, streams, ledger, month,
):  # fmt: skip
    """A month of deaths, moves and arrivals."""
    fates = _fates(residents, move_chances, death_chance, p.leave_share, streams)
    was = residents.id.copy()
    if p.leavers_take_ties:
        _end_ties(fates, ties, ledger)
    _swap_homes(fates, residents, neighbourhoods, streams)
    for i in range(fates.size):
        if fates[i] >= LEAVES:
            ledger[Flow.DIED if fates[i] == DIES else Flow.MOVED_OUT] += 1.0
            ledger[Flow.ARRIVED] += 1.0
            if residents.role[i] != NOBODY:
                ledger[Flow.LEFT_PLACE] += 1.0
            belongs, belonging = residents.belongs[i], residents.belonging[i]
            residents.generation[i] += 1
            residents.id[i] = derived_id(residents.id[i], residents.generation[i])
            make_person(i, residents, neighbourhoods, quantiles, p, streams, month)
            if not p.leavers_take_ties:
                residents.belongs[i], residents.belonging[i] = belongs, belonging
            elif belongs != NOBODY:
                ledger[Flow.BELONGING_PERSON_LEFT] += 1.0
    if not p.leavers_take_ties:
        _know_the_newcomer(was, residents.id, acquaintances)


@njit(**PART)
def _fates(residents, move_chances, death_chance, leave_share, streams):
    dies, moves = uniforms(streams[Die.DEATH], residents.id), uniforms(streams[Die.MOVE], residents.id)
    fates = np.zeros(dies.size, np.int8)
    for i in range(fates.size):
        if dies[i] < death_chance:
            fates[i] = DIES
        elif moves[i] < move_chances[residents.tenure[i]]:
            leaves = uniform(streams[Die.LEAVE_PLACE], residents.id[i]) < leave_share
            fates[i] = LEAVES if leaves else MOVES
    return fates


@njit(**PART)
def _end_ties(fates, ties, ledger):
    """Few go, so all slots of a resident are looked at together before each by itself."""
    goes = np.zeros(fates.size + 1, np.uint8)  # the first stands for the alter that an empty slot has not
    goes[1:] = fates >= LEAVES
    for i in range(fates.size):
        ends = goes[i + 1]
        for slot in range(i * SLOTS, (i + 1) * SLOTS):
            ends |= goes[np.uint32(ties.alter[slot] - EMPTY)]
        if ends:
            for slot in range(i * SLOTS, (i + 1) * SLOTS):
                alter = ties.alter[slot]
                if alter != EMPTY and goes[i + 1] | goes[alter + 1]:
                    ties.alter[slot] = EMPTY
                    ties.strength[slot] = 0.0
                    ties.klass[slot] = 0
                    ties.deepening[slot] = 0
                    ties.born[slot] = 0
                    ties.hours[slot] = 0.0
                    ledger[Flow.TIE_PERSON_LEFT] += 1.0


@njit(**PART)
def _know_the_newcomer(was, ids, acquaintances):
    """Officers know whoever has come in the place of one whom they knew."""
    for slot in range(acquaintances.resident.size):
        i = acquaintances.resident[slot]
        if i != EMPTY and acquaintances.who[slot] == was[i]:
            acquaintances.who[slot] = ids[i]


@njit(**PART)
def _swap_homes(fates, residents, neighbourhoods, streams):
    """Each mover, in the order of the lottery, takes the home of the next, and the last that of the first."""
    movers = np.flatnonzero(fates == MOVES)
    if movers.size < 2:
        return
    tickets = np.empty(movers.size, np.uint64)
    for m in range(movers.size):
        tickets[m] = bits(streams[Die.NEW_HOME], residents.id[movers[m]])
    ring = movers[in_lottery_order(tickets)]
    neighbourhood, tenure = residents.neighbourhood[ring], residents.tenure[ring]
    x, y = residents.x[ring], residents.y[ring]
    for m in range(ring.size):
        i = ring[m]
        home = m + 1 if m + 1 < ring.size else 0
        residents.neighbourhood[i], residents.tenure[i] = neighbourhood[home], tenure[home]
        residents.x[i], residents.y[i] = x[home], y[home]
        residents.venue[i] = _venue(i, residents, neighbourhoods, streams)


@njit(**PART)
def _venue(i, residents, neighbourhoods, streams):
    choice = max(1, neighbourhoods.venues[residents.neighbourhood[i]])
    return int(uniform(streams[Die.VENUE], residents.id[i]) * choice)


@njit(**KERNEL)
def make_person(i, residents, neighbourhoods, quantiles, p, streams, month):
    """Make row i a person who has just come, all by chance keyed by the row's id.

    It sets every column but these, which must stand: id and generation, the home (neighbourhood, tenure, x, y), and
    group. The founding calls it for every row on the first morning.
    """
    residents.arrived[i] = month
    residents.venue[i] = _venue(i, residents, neighbourhoods, streams)
    _draw_traits(i, residents, p, streams)
    who = residents.id[i]
    trust = between(quantiles.council, uniform(streams[Die.TRUST_COUNCIL], who))
    residents.trust_council[i] = trust
    residents.trust_council_first[i] = trust
    trust = between(quantiles.charity, uniform(streams[Die.TRUST_CHARITY], who))
    residents.trust_charity[i] = trust
    residents.trust_charity_first[i] = trust
    _forget(i, residents, month)


@njit(**PART)
def _normal(die, who, streams):
    return normal_quantile(uniform(streams[die], who))


@njit(**PART)
def _draw_traits(i, residents, p, streams):
    who = residents.id[i]
    residents.civic[i] = _normal(Die.CIVIC, who, streams)
    residents.occasional[i] = _normal(Die.OCCASIONAL, who, streams)
    residents.devotion[i] = _normal(Die.DEVOTION, who, streams)
    residents.warmth[i] = 0.8 * residents.devotion[i] + 0.6 * _normal(Die.WARMTH, who, streams)
    residents.neighbourly[i] = _normal(Die.NEIGHBOURLY, who, streams)
    u = uniform(streams[Die.VOICE], who)
    residents.voice[i] = log(u / max(NEVER_NIL, 1.0 - u))
    residents.skill[i] = min(1.8, max(0.2, 1.0 + p.skill_spread * _normal(Die.SKILL, who, streams)))
    residents.ever[i] = 1 if uniform(streams[Die.EVER_VOLUNTEER], who) < p.newcomer_ever else 0


@njit(**PART)
def _forget(i, residents, month):
    """No role, no hours and no history in the place."""
    residents.role[i] = NOBODY
    residents.gives_to[i] = NOBODY
    residents.belongs[i] = NOBODY
    residents.belonging[i] = 0.0
    residents.joint_hours[i] = 0.0
    residents.role_since[i] = month
    residents.role_starts[i] = month
    residents.pledged_hours[i] = 0.0
    residents.formal_hours[i] = 0.0
    residents.spare_hours[i] = 0.0
    residents.helping_hours[i] = 0.0
    residents.active_months[i] = 0
    residents.helped_months[i] = 0
    residents.received_months[i] = 0
    residents.met_neighbour[i] = 0
    residents.planned_hours[i] = 0.0
    residents.hours_past[i, :] = 0.0
    residents.need[i, :] = 0.0
    residents.met[i, :] = 0.0
    residents.crisis[i] = 0.0
    residents.nurtured_hours[i] = 0.0
    residents.outside_ask[i] = 0.0
    residents.unsupported_asks[i] = 0
    residents.strain[i] = 0.0
    residents.influence[i] = 0
