"""Serving, the fast hand: pools by neighbourhood and kind, handed out in the order of the lottery."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, bits
from sim.compiling import KERNEL, PART
from sim.indexes import in_lottery_order, start_and_row
from sim.ledger import Flow
from sim.state import KINDS, NOBODY

TURN = 13
"""Bits by which a ticket is turned from one kind to the next, so that one hash gives five orders."""


@njit(**KERNEL)
def serve_for_a_month(
    residents, charities, services, formula, allotted, reached, decides, p, streams, ledger, month
):  # fmt: skip
    """Hours put into pools, handed out, and traced back to who gave them."""
    start, row = start_and_row(residents.neighbourhood, formula.size)
    deciding = p.deciding_hours * p.participants * _who_decide(start, decides) / 1000.0
    alone = _paid_by_council(services, deciding, ledger)
    council = _council(services, alone, formula, allotted)
    charity = np.zeros_like(council)
    volunteer = np.zeros_like(council)
    worth = np.zeros_like(council)
    _charities(residents, charities, reached, deciding, p, month, charity, volunteer, worth, ledger)
    pool = np.empty_like(council)
    for b in range(formula.size):
        for k in range(pool.shape[1]):
            pool[b, k] = council[b, k] + charity[b, k] + worth[b, k]
    left = pool.copy()
    for b in range(formula.size):
        _serve_here(left[b], row[start[b] : start[b + 1]], residents, p, streams)
    for b in range(formula.size):
        for k in range(pool.shape[1]):
            used = (pool[b, k] - left[b, k]) / pool[b, k] if pool[b, k] > 0.0 else 0.0
            _post(used, council[b, k], charity[b, k], volunteer[b, k], worth[b, k], ledger)
            for s in range(alone.size):
                share = formula[b] if services.statutory[s] == 1 else allotted[b]
                services.used[s] += share * services.kinds[s, k] * alone[s] * used
    unmet = ledger[Flow.NEED_UNMET]
    for i in range(residents.id.size):
        for k in range(pool.shape[1]):
            unmet += max(0.0, residents.need[i, k] - residents.met[i, k])
    ledger[Flow.NEED_UNMET] = unmet


@njit(**PART)
def _who_decide(start, decides):
    """Residents of the neighbourhoods that decide for themselves."""
    count = 0
    for b in range(decides.size):
        count += decides[b] * (start[b + 1] - start[b])
    return count


@njit(**PART)
def _paid_by_council(services, deciding, ledger):
    """Each service's hours less those of joint work; discretionary ones less those of deciding."""
    alone = np.empty(services.hours.size)
    discretionary = 0.0
    for s in range(alone.size):
        alone[s] = max(0.0, services.hours[s] - services.joint_officer[s])
        if services.statutory[s] == 0:
            discretionary += alone[s]
    spent = min(deciding, discretionary)
    ledger[Flow.HOURS_COUNCIL] += spent
    ledger[Flow.HOURS_COUNCIL_RUNNING] += spent
    kept = 1.0 - spent / discretionary if discretionary > 0.0 else 1.0
    for s in range(alone.size):
        if services.statutory[s] == 0:
            alone[s] *= kept
    return alone


@njit(**PART)
def _council(services, alone, formula, allotted):
    hours = np.zeros((formula.size, services.kinds.shape[1]))
    for s in range(alone.size):
        for b in range(formula.size):
            share = formula[b] if services.statutory[s] == 1 else allotted[b]
            for k in range(hours.shape[1]):
                hours[b, k] += share * services.kinds[s, k] * alone[s]
    return hours


@njit(**PART)
def _charities(residents, charities, reached, deciding, p, month, charity, volunteer, worth, ledger):
    """Fill the paid hours, the volunteers' hours and what these are worth."""
    pledged = np.zeros(charities.id.size)
    weighed = np.zeros(charities.id.size)
    joiners = np.zeros(charities.id.size)
    given = 0.0
    for i in _volunteers(residents.gives_to):
        g = residents.gives_to[i]
        hours = max(0.0, residents.pledged_hours[i] - residents.joint_hours[i])
        given += hours
        pledged[g] += hours
        weighed[g] += p.volunteer_worth * residents.skill[i] * hours
    for i in range(residents.id.size):
        if residents.role_since[i] == month - 1 and residents.role[i] != NOBODY:
            joiners[residents.role[i]] += 1.0
    spent = min(deciding, given)
    ledger[Flow.HOURS_VOLUNTEER] += spent
    ledger[Flow.HOURS_VOLUNTEER_RUNNING] += spent
    kept = 1.0 - spent / given if given > 0.0 else 1.0
    for g in range(pledged.size):
        paid = _paid_by_charity(g, joiners[g], charities, p, ledger)
        own = pledged[g] * kept
        left = _after_the_library(own, charities.asked_hours[g], ledger)
        if paid <= 0.0 and own <= 0.0:
            continue
        for b in range(reached.shape[1]):
            if reached[g, b] > 0.0:
                for k in range(charity.shape[1]):
                    part = reached[g, b] * charities.kinds[g, k]
                    charity[b, k] += part * paid
                    volunteer[b, k] += part * (own * left)
                    worth[b, k] += part * (weighed[g] * kept * left)


@njit(**PART)
def _volunteers(gives_to):
    """Who gives hours. Luck decides who does, so this does not branch on it."""
    rows = np.empty(gives_to.size + 1, np.uint32)
    found = np.uint32(0)
    for i in range(gives_to.size):
        rows[found] = i
        found += np.uint32(gives_to[i] != NOBODY)
    return rows[:found]


@njit(**PART)
def _after_the_library(hours, asked, ledger):
    """The share of its volunteers' hours that a charity has left when its libraries have been run."""
    if hours <= 0.0:
        return 1.0
    running = min(asked, hours)
    ledger[Flow.HOURS_VOLUNTEER] += running
    ledger[Flow.HOURS_VOLUNTEER_RUNNING] += running
    return 1.0 - running / hours


@njit(**PART)
def _paid_by_charity(g, joiners, charities, p, ledger):
    """A charity's paid and bought hours less those of joint work and of newcomers."""
    alone = charities.paid_hours[g] + charities.bought_hours[g]
    alone = max(0.0, alone - charities.joint_staff_hours[g])
    spent = min(alone, p.onboarding_hours * joiners)
    ledger[Flow.HOURS_CHARITY] += spent
    ledger[Flow.HOURS_CHARITY_RUNNING] += spent
    return alone - spent


@njit(**PART)
def _serve_here(left, rows, residents, p, streams):
    """One neighbourhood, whose residents draw one ticket each.

    ``hours`` says what each may still be given, by kind, and in the end what each is given; nil or less is nothing.
    """
    tickets = np.empty(rows.size, np.uint64)
    hours = np.empty((len(KINDS), rows.size))
    for n in range(rows.size):
        tickets[n] = bits(streams[Die.SERVE_ORDER], residents.id[rows[n]])
    for n in range(rows.size):
        i = rows[n]
        for k in range(len(KINDS)):
            hours[k, n] = p.service_reach * residents.need[i, k] - residents.met[i, k]
    for k in range(left.size):
        left[k] = _serve(k, left[k], tickets, hours[k])
    for n in range(rows.size):
        i = rows[n]
        for k in range(len(KINDS)):
            most = max(residents.need[i, k], residents.met[i, k])
            residents.met[i, k] = min(most, residents.met[i, k] + max(0.0, hours[k, n]))


@njit(**PART)
def _serve(k, left, tickets, hours):
    """One pool: those who may still be given hours, in the order of their turned tickets. What is left of it.

    Who they are is up to luck, so this does not branch on it. It does where a pool runs short, which is rare: with a
    minimum each would have to wait for the one before.
    """
    asking, turned = np.empty(hours.size + 1, np.uint32), np.empty(hours.size + 1, np.uint64)
    several = np.uint32(0)
    for n in range(hours.size):
        asking[several], turned[several] = n, _turn(tickets[n], TURN * k)
        several += np.uint32(hours[n] > 0.0)
    for place in in_lottery_order(turned[:several]):
        n = asking[place]
        if hours[n] > left:  # noqa: PLR1730
            hours[n] = left
        left -= hours[n]
    return left


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
