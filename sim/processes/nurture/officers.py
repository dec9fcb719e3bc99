"""Nurture of officers' work, the fast hand: second contacts, culture, mapping together, protected time."""
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.chance import Die, uniform2
from sim.compiling import KERNEL, PART
from sim.policy import JOINT_PICTURE, OFFICER_TIME, SECOND_CONTACTS
from sim.processes.nurture.kernel import spend
from sim.processes.nurture.purses import in_reach, largest_first
from sim.state import EMPTY, NOBODY, PARTNERS


@njit(**KERNEL)
def work_with_officers(
    services, neighbourhoods, living_in, officers, partnerships, charities, policies, p, streams, ledger
):
    """Second contacts, then mapping and protected time, each by its purses in turn."""
    _keep_seconds(officers, partnerships, charities, policies, p, streams, ledger)
    kept = np.zeros(officers.id.size)
    for row in range(policies.id.size):
        if policies.instrument[row] == JOINT_PICTURE:
            _map(neighbourhoods.mapped_hours, living_in, policies, row, p, ledger)
        elif policies.instrument[row] == OFFICER_TIME:
            _protect(kept, officers, partnerships, services, neighbourhoods.protected_hours, living_in, policies, row,
                     p, ledger)  # fmt: skip


@njit(**PART)
def _keep_seconds(officers, partnerships, charities, policies, p, streams, ledger):
    """Those paid for have a second contact; of the rest, those in reach of a policy that pays, or did, have none."""
    slots = partnerships.charity.size
    paid, lapses = np.zeros(slots, np.int8), np.zeros(slots, np.int8)
    for row in range(policies.id.size):
        if policies.instrument[row] != SECOND_CONTACTS:
            continue
        paid_before = policies.people[row] > 0.0
        _hold_seconds(paid, officers, partnerships, charities, policies, row, p, streams, ledger)
        if paid_before or policies.people[row] > 0.0:
            for slot in range(slots):
                g = partnerships.charity[slot]
                lapses[slot] |= g != EMPTY and in_reach(policies.where[row], charities.neighbourhood[g])
    for slot in range(slots):
        if lapses[slot] == 1 and paid[slot] == 0:
            partnerships.second[slot] = NOBODY


@njit(**PART)
def _hold_seconds(paid, officers, partnerships, charities, policies, row, p, streams, ledger):
    """As many as the purse pays for, strongest first."""
    cost = p.second_hours / 12.0 * p.officer_hour_gbp * (1.0 + policies.overhead[row])
    posts = np.zeros(2, np.int64)
    for k in range(officers.filled.size):
        posts[officers.body[k]] += officers.filled[k]
    open_to_it = np.empty(paid.size, np.int64)
    n = 0
    for slot in range(paid.size):
        g, k = partnerships.charity[slot], slot // PARTNERS
        able = officers.filled[k] == 1 and posts[officers.body[k]] > 1
        if g != EMPTY and able and paid[slot] == 0 and in_reach(policies.where[row], charities.neighbourhood[g]):
            open_to_it[n] = slot
            n += 1
    held = min(n, max(0, math.floor(policies.balance[row] / cost)))
    for place in largest_first(partnerships.strength[open_to_it[:n]])[:held]:
        slot = open_to_it[place]
        paid[slot] = 1
        _hold(slot, officers, partnerships, charities, posts, streams)
    spend(policies, row, held, held * cost, 0.0, ledger)


@njit(**PART)
def _hold(slot, officers, partnerships, charities, posts, streams):
    """A second contact that serves is kept; else a colleague in the same body is drawn."""
    k, second = slot // PARTNERS, partnerships.second[slot]
    body = officers.body[k]
    if second not in (NOBODY, k) and officers.filled[second] == 1 and officers.body[second] == body:
        return
    u = uniform2(streams[Die.SECOND_CONTACT], officers.id[k], charities.id[partnerships.charity[slot]])
    left = min(posts[body] - 2, math.floor(u * (posts[body] - 1)))
    for other in range(officers.filled.size):
        if other != k and officers.filled[other] == 1 and officers.body[other] == body:
            if left == 0:
                partnerships.second[slot] = other
            left -= 1


@njit(**PART)
def _map(mapped_hours, neighbourhood, policies, row, p, ledger):
    """Hours of officers and citizens over their pictures, by head."""
    heads = np.zeros(mapped_hours.size)
    living = 0.0
    for i in range(neighbourhood.size):
        if in_reach(policies.where[row], neighbourhood[i]):
            heads[neighbourhood[i]] += 1.0
            living += 1.0
    cost = p.officer_hour_gbp * (1.0 + policies.overhead[row])
    hours, bought = max(0.0, policies.balance[row]) / cost, 0.0
    for b in range(heads.size):
        if heads[b] > 0.0:
            room = max(0.0, p.mapping_most * heads[b] / 100.0 - mapped_hours[b])
            part = min(hours * (heads[b] / living), room)
            mapped_hours[b] += part
            bought += part
    spend(policies, row, bought, bought * cost, 0.0, ledger)


@njit(**PART)
def _protect(kept, officers, partnerships, services, protected_hours, neighbourhood, policies, row, p, ledger):
    """Hours of posts for joint work in reach, first of those that have most in their partnerships."""
    heads = np.zeros(protected_hours.shape[0])
    for b in neighbourhood:
        heads[b] += 1.0 if in_reach(policies.where[row], b) else 0.0
    held = np.zeros(kept.size)
    for slot in range(partnerships.charity.size):
        held[slot // PARTNERS] += partnerships.strength[slot] if partnerships.charity[slot] != EMPTY else 0.0
    cost = p.officer_hour_gbp * (1.0 + policies.overhead[row])
    hours, bought = max(0.0, policies.balance[row]) / cost, 0.0
    for k in largest_first(held):
        s, living = officers.service[k], 0.0
        for b in range(officers.first[k], officers.last[k] + 1):
            living += heads[b]
        part = min(hours - bought, p.protected_most * p.post_hours - kept[k])
        if officers.filled[k] == 0 or services.statutory[s] == 1 or living <= 0.0 or part <= 0.0:
            continue
        kept[k] += part
        officers.protected[k] = 1
        services.hours[s] += part
        bought += part
        for b in range(officers.first[k], officers.last[k] + 1):
            protected_hours[b, s] += part * (heads[b] / living)
    spend(policies, row, bought, bought * cost, 0.0, ledger)
