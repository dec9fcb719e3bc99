"""Ties of officers and charities, the fast hand: with charities, with residents, between charities, and belonging.

Free slots look at the ties as the month found them, so nothing depends on who is visited first.
"""
# Compiled kernels carry no types.
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, uniform, uniform2
from sim.compiling import KERNEL, PART
from sim.elementary import exp, log
from sim.indexes import holds
from sim.ledger import Flow
from sim.reach import pick, reach_of
from sim.state import ALLIES, EMPTY, NOBODY, PARTNERS

NO_ONE = -1
LOOKED_AT = 20
"""Residents looked at in one search for somebody in a role: where a tenth hold one, seven searches in eight succeed."""


@njit(**KERNEL)
def keep_contacts(officers, bodies, partnerships, acquaintances, alliances, groups, people, near, constants, p,
                  streams, ledger, month, banned):  # fmt: skip
    """A month of all ties of officers and charities."""
    met = p.ban_contact if banned else 1.0
    is_out = _posts_at_work(officers, bodies, month)
    lent = _connect(is_out, partnerships.charity, people.belongs, groups.connecting_hours, met)
    _keep_partnerships(officers, is_out, partnerships, groups, lent, met, constants.partner_chance[0], p, streams,
                       ledger, month)  # fmt: skip
    _part_with_those_gone(acquaintances, people.id, ledger)
    _keep_acquaintances(officers, is_out, acquaintances, people, near, met, constants.acquaint_chance[0], p, streams,
                        ledger, month)  # fmt: skip
    _keep_alliances(alliances, groups, met, constants.ally_chance[0], p, streams, ledger, month)
    reach = reach_of(groups, near.start.size - 1)
    _keep_belongings(people, groups, reach, lent, met, constants.lapse_chance[0], p, streams, ledger)


@njit(**PART)
def _posts_at_work(officers, bodies, month):
    """1 for each post that is filled and whose body does not stand still."""
    is_out = np.zeros(officers.id.size, np.int8)
    for k in range(is_out.size):
        is_out[k] = officers.filled[k] == 1 and bodies.stalled_until[officers.body[k]] <= month
    return is_out


@njit(**PART)
def _connect(is_out, partner, belongs, connecting_hours, met):
    """A connector's hours for each tie of its charity, shared evenly."""
    sharing = np.zeros(connecting_hours.size)
    for slot in range(partner.size):
        if partner[slot] != EMPTY and is_out[slot // PARTNERS] == 1:
            sharing[partner[slot]] += 1.0
    for i in range(belongs.size):
        if belongs[i] != NOBODY:
            sharing[belongs[i]] += 1.0
    lent = np.zeros(sharing.size)
    for g in range(lent.size):
        if sharing[g] > 0.0:
            lent[g] = met * connecting_hours[g] / sharing[g]
    return lent


@njit(**PART)
def _luck(stream, one, other):
    """Gamma(2) of mean 1, keyed by an ordered pair."""
    return -0.5 * log(uniform2(stream, one, other) * uniform2(stream, other, one))


@njit(**PART)
def _kept(p):
    return exp(log(p.contact_kept) / 12.0)


@njit(**PART)
def _stronger(w, hours, kept, build):
    return 1.0 - (1.0 - w * kept) * exp(-build * hours)


@njit(**PART)
def _keep_partnerships(officers, is_out, partnerships, groups, lent, met, chance, p, streams, ledger, month):
    kept = _kept(p)
    for slot in range(partnerships.charity.size):
        k, g = slot // PARTNERS, partnerships.charity[slot]
        who = officers.id[k]
        if g == EMPTY:
            turn = slot - k * PARTNERS
            if is_out[k] == 1 and uniform2(streams[Die.PARTNER_FOUND], who, turn) < chance:
                known = partnerships.charity[k * PARTNERS : (k + 1) * PARTNERS]
                u = uniform2(streams[Die.PARTNER_PICKED], who, turn)
                found = _find_partner(officers.first[k], officers.last[k], known, groups, u)
                if found != NO_ONE:
                    partnerships.charity[slot] = found
                    partnerships.strength[slot] = p.new_strength
                    partnerships.born[slot] = month
                    ledger[Flow.PARTNERSHIP_MADE] += 1.0
            continue
        hours = 0.0
        if is_out[k] == 1:
            if partnerships.used[slot] == 1:
                hours = met * p.joint_hours + lent[g]
            else:
                hours = met * p.partner_hours * _luck(streams[Die.PARTNER_HOURS], who, groups.id[g]) + lent[g]
        partnerships.strength[slot] = _stronger(partnerships.strength[slot], hours, kept, p.contact_build)


@njit(**PART)
def _find_partner(first, last, known, groups, u):
    """A charity of the patch or of the whole place that the officer does not know, by its quality."""
    weights = np.zeros(groups.id.size)
    for g in range(weights.size):
        home = groups.neighbourhood[g]
        if groups.alive[g] == 1 and (groups.serves_place[g] == 1 or first <= home <= last) and not holds(known, g):
            weights[g] = groups.quality[g]
    return _pick(weights, u)


@njit(**PART)
def _pick(weights, u):
    """The row at which the weights, added up, pass the draw; NO_ONE where there are none."""
    total = 0.0
    for weight in weights:
        total += weight
    left = u * total
    picked = NO_ONE
    for g in range(weights.size):
        if weights[g] > 0.0:
            picked = g
            left -= weights[g]
            if left < 0.0:
                break
    return picked


@njit(**PART)
def _part_with_those_gone(acquaintances, ids, ledger):
    """Rows of residents pass to newcomers, whom the officer does not know."""
    for slot in range(acquaintances.resident.size):
        i = acquaintances.resident[slot]
        if i != EMPTY and acquaintances.who[slot] != ids[i]:
            acquaintances.resident[slot] = EMPTY
            acquaintances.who[slot] = 0
            acquaintances.strength[slot] = 0.0
            acquaintances.born[slot] = 0
            acquaintances.used[slot] = 0
            ledger[Flow.ACQUAINTANCE_PERSON_LEFT] += 1.0


@njit(**PART)
def _keep_acquaintances(officers, is_out, acquaintances, people, near, met, chance, p, streams, ledger, month):
    kept = _kept(p)
    for slot in range(acquaintances.resident.size):
        k, i = slot // PARTNERS, acquaintances.resident[slot]
        who = officers.id[k]
        if i == EMPTY:
            turn = slot - k * PARTNERS
            if is_out[k] == 1 and uniform2(streams[Die.ACQUAINTANCE_FOUND], who, turn) < chance:
                known = acquaintances.resident[k * PARTNERS : (k + 1) * PARTNERS]
                start, end = near.start[officers.first[k]], near.start[officers.last[k] + 1]
                found = _find_resident(who, turn, near.row[start:end], known, people.role, streams)
                if found != NO_ONE:
                    acquaintances.resident[slot] = found
                    acquaintances.who[slot] = people.id[found]
                    acquaintances.strength[slot] = p.new_strength
                    acquaintances.born[slot] = month
                    ledger[Flow.ACQUAINTANCE_MADE] += 1.0
            continue
        hours = 0.0
        if is_out[k] == 1:
            if acquaintances.used[slot] == 1:
                hours = met * p.joint_hours
            else:
                luck = _luck(streams[Die.ACQUAINTANCE_HOURS], who, acquaintances.who[slot])
                hours = met * p.acquaintance_hours * luck
        acquaintances.strength[slot] = _stronger(acquaintances.strength[slot], hours, kept, p.contact_build)


@njit(**PART)
def _find_resident(who, turn, patch, known, role, streams):
    """The first in a role among the residents looked at, or else the first of them; never one that is known."""
    found = np.int64(NO_ONE)
    if patch.size == 0:
        return found
    for attempt in range(LOOKED_AT):
        u = uniform2(streams[Die.ACQUAINTANCE_PICKED], who, turn * LOOKED_AT + attempt)
        i = np.int64(patch[int(u * patch.size)])
        if holds(known, i):
            continue
        if role[i] != NOBODY:
            return i
        if found == NO_ONE:
            found = i
    return found


@njit(**PART)
def _keep_alliances(alliances, groups, met, chance, p, streams, ledger, month):
    kept = _kept(p)
    found = np.full(alliances.other.size, NO_ONE, np.int64)
    for slot in range(found.size):
        g, h = slot // ALLIES, alliances.other[slot]
        if h != EMPTY:
            luck = _luck(streams[Die.PARTNER_HOURS], groups.id[g], groups.id[h])
            hours = met * p.ally_hours * luck
            alliances.strength[slot] = _stronger(alliances.strength[slot], hours, kept, p.contact_build)
        elif groups.alive[g] == 1:
            turn = slot - g * ALLIES
            if uniform2(streams[Die.ALLY_FOUND], groups.id[g], turn) < chance:
                u = uniform2(streams[Die.ALLY_PICKED], groups.id[g], turn)
                found[slot] = _find_ally(g, alliances.other, groups, u)
    for slot in range(found.size):
        g, h = slot // ALLIES, found[slot]
        if h != NO_ONE and not _are_allied(g, h, alliances.other):
            alliances.other[slot] = h
            alliances.who[slot] = groups.id[h]
            alliances.strength[slot] = p.new_strength
            alliances.born[slot] = month
            ledger[Flow.ALLIANCE_MADE] += 1.0


@njit(**PART)
def _find_ally(g, others, groups, u):
    """Another charity that is no ally yet, of one neighbourhood or either of the whole place, by its quality."""
    weights = np.zeros(groups.id.size)
    for h in range(weights.size):
        wide = groups.serves_place[g] == 1 or groups.serves_place[h] == 1
        reach = wide or groups.neighbourhood[g] == groups.neighbourhood[h]
        if h != g and groups.alive[h] == 1 and reach and not _are_allied(g, h, others):
            weights[h] = groups.quality[h]
    return _pick(weights, u)


@njit(**PART)
def _are_allied(g, h, others):
    return holds(others[g * ALLIES : (g + 1) * ALLIES], h) or holds(others[h * ALLIES : (h + 1) * ALLIES], g)


@njit(**PART)
def _keep_belongings(people, groups, reach, lent, met, lapse_chance, p, streams, ledger):
    kept = _kept(p)
    for i in range(people.id.size):
        who, g = people.id[i], people.belongs[i]
        if g == NOBODY:
            if people.role[i] == NOBODY and uniform(streams[Die.BELONGS], who) < p.membership_chance:
                g = pick(reach, people.neighbourhood[i], uniform(streams[Die.BELONGS_TO], who))
                if g != NOBODY:
                    people.belongs[i] = g
                    people.belonging[i] = p.new_strength
                    ledger[Flow.BELONGING_MADE] += 1.0
        elif people.role[i] == NOBODY and uniform(streams[Die.BELONGING_LAPSES], who) < lapse_chance:
            people.belongs[i] = NOBODY
            people.belonging[i] = 0.0
            ledger[Flow.BELONGING_LAPSED] += 1.0
        else:
            if people.role[i] == g:
                hours = min(p.role_hours_most, people.formal_hours[i]) + lent[g]
            else:
                luck = _luck(streams[Die.BELONGING_HOURS], who, groups.id[g])
                hours = met * p.member_hours * luck + lent[g]
            people.belonging[i] = _stronger(people.belonging[i], hours, kept, p.contact_build)
