"""Nurture of charities, the fast hand: contracts, small grants, shared buildings, connectors, support of volunteers."""
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.chance import Die, bits, derived_id, uniform2
from sim.compiling import KERNEL, PART
from sim.indexes import in_lottery_order
from sim.ledger import Flow
from sim.policy import BY_COUNCIL, CONNECTORS, CONTRACTS, MATCH, SHARED_ASSETS, SMALL_GRANTS, VOLUNTEER_SUPPORT
from sim.processes.nurture.bodies import grant_to, here, total_of
from sim.processes.nurture.kernel import spend
from sim.processes.nurture.purses import in_reach, largest_first
from sim.state import LIBRARY, NOBODY

SMALL = 2
"""The highest band under 100,000 pounds a year."""


@njit(**KERNEL)
def work_with_charities(
    charities, band_weight, neighbourhoods, residents, policies, modes_differ, p, streams, ledger, seed
):
    """Each purse in turn pays charities, or what is done for them."""
    given = np.zeros(charities.id.size)
    for row in range(policies.id.size):
        kind = policies.instrument[row]
        if modes_differ == 0 and kind in (CONTRACTS, SMALL_GRANTS, SHARED_ASSETS, MATCH):
            _give(charities, given, policies, row, p, ledger)
        elif kind == CONTRACTS:
            _let_contracts(charities, policies, row, p, ledger)
        elif kind == SMALL_GRANTS:
            _grant(charities, band_weight, neighbourhoods.groups_due, policies, row, p, streams, ledger)
        elif kind == SHARED_ASSETS:
            _share_assets(charities, neighbourhoods, policies, row, p, ledger, seed)
        elif kind == CONNECTORS:
            _connect(charities, residents, neighbourhoods.venues.size, policies, row, p, ledger)
        elif kind == VOLUNTEER_SUPPORT:
            _support(charities, residents, policies, row, p, ledger)


@njit(**PART)
def _give(charities, given, policies, row, p, ledger):
    """A pound is a pound: all of the purse, by ordinary income."""
    income = np.zeros(given.size)
    for g in range(given.size):
        if here(charities, g, policies.where[row]):
            income[g] = charities.private_base[g] + charities.grants_base[g] + charities.contracts_base[g]
    total, paid = total_of(income), 0.0
    pounds = max(0.0, policies.balance[row]) / (1.0 + policies.overhead[row])
    for g in range(given.size):
        if income[g] > 0.0:
            part = min(pounds * (income[g] / total), max(0.0, p.most_growth * income[g] - given[g]))
            given[g] += part
            paid += part
            grant_to(charities, g, part, policies.payer[row], ledger)
    spend(policies, row, paid, paid * (1.0 + policies.overhead[row]), paid, ledger)


@njit(**PART)
def _let_contracts(charities, policies, row, p, ledger):
    """Hours of those who hold contracts; what is paid for them is spent at once, so reserves stay as they are."""
    held = np.zeros(charities.id.size)
    for g in range(held.size):
        if here(charities, g, policies.where[row]):
            held[g] = charities.contracts_base[g]
    total, bought, paid = total_of(held), 0.0, 0.0
    hours = max(0.0, policies.balance[row]) / (p.charity_hour_gbp * (1.0 + policies.overhead[row]))
    for g in range(held.size):
        if held[g] > 0.0:
            room = max(0.0, p.most_growth * charities.paid_hours[g] - charities.bought_hours[g])
            part = min(hours * (held[g] / total), room)
            pounds = part * p.charity_hour_gbp
            charities.bought_hours[g] += part
            charities.contracts[g] += pounds
            charities.passed_on[g] += pounds
            if policies.payer[row] == BY_COUNCIL:
                charities.from_council[g] += pounds
            ledger[Flow.PURSE_TO_CHARITIES] += pounds
            ledger[Flow.CHARITY_SPENT] += pounds
            bought += part
            paid += pounds
    spend(policies, row, bought, paid * (1.0 + policies.overhead[row]), paid, ledger)


@njit(**PART)
def _grant(charities, band_weight, groups_due, policies, row, p, streams, ledger):
    """Whole grants to small bodies in the order of a lottery, each at most one a month."""
    cost = p.grant_gbp * (1.0 + policies.overhead[row])
    small = np.empty(charities.id.size, np.int64)
    tickets = np.empty(charities.id.size, np.uint64)
    n = 0
    for g in range(charities.id.size):
        if here(charities, g, policies.where[row]) and charities.band[g] <= SMALL:
            small[n] = g
            tickets[n] = bits(np.uint64(bits(streams[Die.GRANT_TO], charities.id[g])), policies.id[row])
            n += 1
    granted = min(n, max(0, math.floor(policies.balance[row] / cost)))
    for place in in_lottery_order(tickets[:n])[:granted]:
        g = small[place]
        grant_to(charities, g, p.grant_gbp, policies.payer[row], ledger)
        luck = uniform2(streams[Die.GRANT_WORKS], charities.id[g], policies.id[row])
        if luck < 0.5 * p.grant_works:
            groups_due[charities.neighbourhood[g]] += 1.0
        elif luck < p.grant_works:
            weight = charities.joining_weight[g]
            most = max(weight, 2.0 * band_weight[charities.band[g]])
            charities.joining_weight[g] = min(most, weight * p.grant_extends)
    spend(policies, row, granted, granted * cost, granted * p.grant_gbp, ledger)


@njit(**PART)
def _share_assets(charities, neighbourhoods, policies, row, p, ledger, seed):
    """Closed places are opened in an order that lasts, so that a building stays open while it is paid for.

    A library that a charity runs is that charity's to keep open.
    """
    venues, venues_open = neighbourhoods.venues, neighbourhoods.venues_open
    cost = p.asset_gbp / 12.0 * (1.0 + policies.overhead[row])
    places = np.sum(venues)
    where, venue, turn = np.empty(places, np.int64), np.empty(places, np.int64), np.empty(places, np.uint64)
    ours = derived_id(seed, policies.id[row])
    n = 0
    for b in range(venues.size):
        here = derived_id(ours, b)
        for v in range(venues[b]):
            ours_to_open = v != LIBRARY or neighbourhoods.library_run_by[b] == 0
            if ours_to_open and in_reach(policies.where[row], b) and (venues_open[b] >> v) & 1 == 0:
                where[n], venue[n], turn[n] = b, v, bits(np.uint64(here), v)
                n += 1
    opened = min(n, max(0, math.floor(policies.balance[row] / cost)))
    for place in in_lottery_order(turn[:n])[:opened]:
        venues_open[where[place]] |= 1 << venue[place]
        g = _who_takes_over(charities, where[place], turn[place])
        if g != NOBODY:
            charities.rent_relief[g] += p.asset_relief * (1.0 - p.asset_liability)
    spend(policies, row, opened, opened * cost, 0.0, ledger)


@njit(**PART)
def _who_takes_over(charities, b, building):
    """A registered charity at home there, the same as long as it lives; nobody where there is none."""
    found, first = NOBODY, np.uint64(0)
    for g in range(charities.id.size):
        if charities.alive[g] == 1 and charities.band[g] > 0 and charities.neighbourhood[g] == b:
            turn = np.uint64(bits(building, charities.id[g]))
            if found == NOBODY or turn < first:
                found, first = g, turn
    return found


@njit(**PART)
def _connect(charities, residents, parts, policies, row, p, ledger):
    """Hours to the charities in reach, more to good brokers whose people live near."""
    people, near = np.zeros(charities.id.size), np.zeros(charities.id.size)
    for i in range(residents.belongs.size):
        g = residents.belongs[i]
        if g != NOBODY:
            people[g] += 1.0
            near[g] += 1.0 if residents.neighbourhood[i] == charities.neighbourhood[g] else 0.0
    weights = np.zeros(people.size)
    for g in range(people.size):
        if here(charities, g, policies.where[row]):
            weights[g] = charities.quality[g] * (near[g] / people[g] if people[g] > 0.0 else 1.0 / parts)
    cost = p.connector_gbp / 12.0 / p.connector_hours * (1.0 + policies.overhead[row])
    total, bought = total_of(weights), 0.0
    hours = max(0.0, policies.balance[row]) / cost
    for g in range(people.size):
        if weights[g] > 0.0:
            room = max(0.0, p.connecting_most - charities.connecting_hours[g])
            part = min(hours * (weights[g] / total), room)
            charities.connecting_hours[g] += part
            bought += part
    spend(policies, row, bought, bought * cost, 0.0, ledger)


@njit(**PART)
def _support(charities, residents, policies, row, p, ledger):
    """Whole volunteers, of the charities with the heaviest load first."""
    cost = p.support_gbp / 12.0 * (1.0 + policies.overhead[row])
    left = max(0, math.floor(policies.balance[row] / cost))
    here = np.zeros(charities.id.size)
    for i in range(residents.role.size):
        if residents.role[i] != NOBODY and in_reach(policies.where[row], residents.neighbourhood[i]):
            here[residents.role[i]] += 1.0
    supported = 0
    for g in largest_first(charities.load):
        n = min(left - supported, math.floor(max(0.0, here[g] - charities.supported[g])))
        charities.supported[g] += n
        supported += n
    spend(policies, row, supported, supported * cost, 0.0, ledger)
