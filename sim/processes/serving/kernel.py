"""Serving, the fast hand: pools by neighbourhood and kind, handed out in the order of the lottery."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, bits
from sim.compiling import PART
from sim.indexes import in_lottery_order
from sim.ledger import Flow
from sim.state import NOBODY

TURN = 13
"""Bits by which a ticket is turned from one kind to the next, so that one hash gives five orders."""


@njit(cache=True)
def serve_for_a_month(residents, charities, services, need_weight, p, streams, ledger):
    """Hours put into pools, handed out, and traced back to who gave them."""
    share = _allocate(residents.neighbourhood, need_weight)
    council = _council(services, share)
    charity = np.zeros_like(council)
    volunteer = np.zeros_like(council)
    worth = np.zeros_like(council)
    _charities(residents, charities, share, p, charity, volunteer, worth)
    pool = np.empty_like(council)
    for b in range(need_weight.size):
        for k in range(pool.shape[1]):
            pool[b, k] = council[b, k] + charity[b, k] + worth[b, k]
    left = pool.copy()
    tickets = np.empty(residents.id.size, np.uint64)
    for i in range(tickets.size):
        tickets[i] = bits(streams[Die.SERVE_ORDER], residents.id[i])
    for k in range(pool.shape[1]):
        _serve(k, tickets, left, residents, p)
    for b in range(need_weight.size):
        for k in range(pool.shape[1]):
            used = (pool[b, k] - left[b, k]) / pool[b, k] if pool[b, k] > 0.0 else 0.0
            _post(used, council[b, k], charity[b, k], volunteer[b, k], worth[b, k], ledger)
    unmet = ledger[Flow.NEED_UNMET]
    for i in range(residents.id.size):
        for k in range(pool.shape[1]):
            unmet += max(0.0, residents.need[i, k] - residents.met[i, k])
    ledger[Flow.NEED_UNMET] = unmet


@njit(**PART)
def _allocate(neighbourhood, need_weight):
    """The formula's shares, by deprivation and head count."""
    share = np.zeros(need_weight.size)
    for i in range(neighbourhood.size):
        share[neighbourhood[i]] += 1.0
    total = 0.0
    for b in range(share.size):
        share[b] *= need_weight[b]
        total += share[b]
    for b in range(share.size):
        share[b] = share[b] / total if total > 0.0 else 1.0 / share.size
    return share


@njit(**PART)
def _council(services, share):
    hours = np.zeros((share.size, services.kinds.shape[1]))
    for s in range(services.hours.size):
        for b in range(share.size):
            for k in range(hours.shape[1]):
                hours[b, k] += share[b] * services.hours[s] * services.kinds[s, k]
    return hours


@njit(**PART)
def _charities(residents, charities, share, p, charity, volunteer, worth):
    """Fill the paid hours, the volunteers' hours and what these are worth."""
    pledged = np.zeros(charities.id.size)
    weighed = np.zeros(charities.id.size)
    for i in range(residents.id.size):
        g = residents.gives_to[i]
        if g != NOBODY:
            pledged[g] += residents.pledged_hours[i]
            weighed[g] += p.volunteer_worth * residents.skill[i] * residents.pledged_hours[i]
    for g in range(pledged.size):
        for b in range(share.size):
            reached = 1.0 if charities.neighbourhood[g] == b else 0.0
            if charities.serves_place[g] == 1:
                reached = share[b]
            if reached > 0.0:
                for k in range(charity.shape[1]):
                    part = reached * charities.kinds[g, k]
                    charity[b, k] += part * charities.paid_hours[g]
                    volunteer[b, k] += part * pledged[g]
                    worth[b, k] += part * weighed[g]


@njit(**PART)
def _serve(k, tickets, left, residents, p):
    """One kind: those who may still be served, in the order of their turned tickets."""
    rows = np.empty(tickets.size, np.int32)
    wanted = np.empty(tickets.size)
    turned = np.empty(tickets.size, np.uint64)
    asking = 0
    for i in range(tickets.size):
        want = p.service_reach * residents.need[i, k] - residents.met[i, k]
        if want > 0.0 and left[residents.neighbourhood[i], k] > 0.0:
            rows[asking] = i
            wanted[asking] = want
            turned[asking] = _turn(tickets[i], TURN * k)
            asking += 1
    for place in in_lottery_order(turned[:asking]):
        i = rows[place]
        b = residents.neighbourhood[i]
        if left[b, k] > 0.0:
            x = min(wanted[place], left[b, k])
            left[b, k] -= x
            residents.met[i, k] = min(residents.need[i, k], residents.met[i, k] + x)


@njit(**PART)
def _turn(ticket, by):
    if by == 0:
        return ticket
    return (ticket << np.uint64(by)) | (ticket >> np.uint64(64 - by))


@njit(**PART)
def _post(used, council, charity, volunteer, worth, ledger):
    """Post one pool: hours by source, met and idle, and the need they met."""
    ledger[Flow.HOURS_COUNCIL] += council
    ledger[Flow.HOURS_COUNCIL_MET] += council * used
    ledger[Flow.HOURS_COUNCIL_IDLE] += council - council * used
    ledger[Flow.HOURS_CHARITY] += charity
    ledger[Flow.HOURS_CHARITY_MET] += charity * used
    ledger[Flow.HOURS_CHARITY_IDLE] += charity - charity * used
    ledger[Flow.HOURS_VOLUNTEER] += volunteer
    ledger[Flow.HOURS_VOLUNTEER_MET] += volunteer * used
    ledger[Flow.HOURS_VOLUNTEER_IDLE] += volunteer - volunteer * used
    ledger[Flow.NEED_MET_COUNCIL] += council * used
    ledger[Flow.NEED_MET_CHARITY] += charity * used
    ledger[Flow.NEED_MET_VOLUNTEERS] += worth * used
