"""Nurture by what a council gives up, the fast hand: decisions to neighbourhoods, libraries to charities."""
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.chance import bits, derived_id
from sim.compiling import KERNEL, PART
from sim.indexes import in_lottery_order
from sim.policy import LIBRARIES, LOCAL_DECISIONS
from sim.processes.nurture.kernel import spend
from sim.processes.nurture.purses import in_reach
from sim.state import LIBRARY, NOBODY

COUNCIL = 0
"""What stands for the council where the id of the charity that runs a library would stand."""


@njit(**KERNEL)
def give_up(charities, neighbourhoods, residents, policies, p, ledger, seed):
    """Each purse in turn has decisions or libraries handed over; then charities run the libraries that they have."""
    given = np.zeros(charities.id.size)
    for i in range(residents.gives_to.size):
        if residents.gives_to[i] != NOBODY:
            given[residents.gives_to[i]] += residents.pledged_hours[i]
    for row in range(policies.id.size):
        if policies.instrument[row] == LOCAL_DECISIONS:
            _let_decide(neighbourhoods, policies, row, p, ledger, seed)
        elif policies.instrument[row] == LIBRARIES:
            _hand_over(charities, given, neighbourhoods, policies, row, p, ledger, seed)
    for b in range(neighbourhoods.venues.size):
        if neighbourhoods.library_run_by[b] != COUNCIL:
            _run_the_library(charities, given, neighbourhoods, b, p)


@njit(**PART)
def _in_turn(free, where, policy, seed):
    """Of the neighbourhoods that are free, those in reach, in an order that lasts."""
    ours = np.uint64(derived_id(seed, policy))
    at, tickets, n = np.empty(free.size, np.int64), np.empty(free.size, np.uint64), 0
    for b in range(free.size):
        if free[b] and in_reach(where, b):
            at[n], tickets[n] = b, bits(ours, b)
            n += 1
    return at[in_lottery_order(tickets[:n])]


@njit(**PART)
def _let_decide(neighbourhoods, policies, row, p, ledger, seed):
    """Whole neighbourhoods decide for themselves this month."""
    turns = _in_turn(neighbourhoods.decides == 0, policies.where[row], policies.id[row], seed)
    cost = p.deciding_gbp / 12.0 * (1.0 + policies.overhead[row])
    n = min(turns.size, max(0, math.floor(policies.balance[row] / cost)))
    for b in turns[:n]:
        neighbourhoods.decides[b] = 1
    spend(policies, row, n, n * cost, 0.0, ledger)


@njit(**PART)
def _hand_over(charities, given, neighbourhoods, policies, row, p, ledger, seed):
    """Libraries pass, for good and each at a price, where a charity has the volunteers to run one."""
    free = np.zeros(neighbourhoods.venues.size, np.bool_)
    for b in range(free.size):
        if neighbourhoods.venues[b] > LIBRARY and neighbourhoods.library_run_by[b] == COUNCIL:
            free[b] = _who_can_run(charities, given, b, p) != NOBODY
    turns = _in_turn(free, policies.where[row], policies.id[row], seed)
    cost = p.handover_gbp * (1.0 + policies.overhead[row])
    n = min(turns.size, max(0, math.floor(policies.balance[row] / cost)))
    for b in turns[:n]:
        neighbourhoods.library_run_by[b] = charities.id[_who_can_run(charities, given, b, p)]
    spend(policies, row, n, n * cost, 0.0, ledger)


@njit(**PART)
def _who_can_run(charities, given, b, p):
    """Of the registered charities at home there, the one with most volunteers' hours, if they are enough."""
    found = NOBODY
    for g in range(charities.id.size):
        if charities.alive[g] == 1 and charities.band[g] > 0 and charities.neighbourhood[g] == b:
            ahead = found == NOBODY or given[g] > given[found]
            if given[g] >= p.library_hours and ahead:
                found = g
    return found


@njit(**PART)
def _run_the_library(charities, given, neighbourhoods, b, p):
    """It opens if its charity's volunteers have the hours; a charity that is gone is followed by another that can."""
    runs = NOBODY
    for g in range(charities.id.size):
        if charities.alive[g] == 1 and charities.id[g] == neighbourhoods.library_run_by[b]:
            runs = g
    if runs == NOBODY:
        runs = _who_can_run(charities, given, b, p)
        if runs != NOBODY:
            neighbourhoods.library_run_by[b] = charities.id[runs]
    if runs == NOBODY or given[runs] < p.library_hours:
        neighbourhoods.venues_open[b] &= ~(1 << LIBRARY)
        return
    neighbourhoods.venues_open[b] |= 1 << LIBRARY
    charities.asked_hours[runs] += p.library_hours
    charities.rent_relief[runs] += p.asset_relief * (1.0 - p.asset_liability)
