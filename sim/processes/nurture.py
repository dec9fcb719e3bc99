"""Nurture: instruments turn a purse into meetings and asks, for those they reach.

    cost_organisers = organiser_gbp / organiser_meets (1 + overhead)               pounds for a person met
    cost_publicity  = publicity_gbp (1 + overhead)                                 pounds for a person asked
    n   = min(residents in reach, floor(balance / cost))
    met = the n with the shortest t_i = -log(u_i) / weight_i                       a race: drawing without putting back
    weight_i = (.1 + hours i gave last month)^eta for organisers, 1 for publicity
    nurtured_hours_i += organiser_hours, up to most_hours;  outside_ask_i += ask A0

An organiser's ask has support; publicity's has none, and is remembered as such. Nobody is met twice a month by one
policy, so that more money goes on to those whom the first money passed by. What buys no whole person stays in the
purse; an empty purse changes nothing.

Reads   policies, residents (id, neighbourhood, formal_hours, helping_hours of last month), constants.asking
Writes  residents.nurtured_hours, outside_ask, unsupported_asks; policies.balance, spent, people
Source  Community Organisers 2011-15 (cost, people met); the rest assumptions. Departs: met again costs the same.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from sim.chance import Dice, Die, uniform2
from sim.compiling import PART
from sim.ledger import Flow
from sim.parameters import numbers, parameter, room_parameters
from sim.policy import ALL
from sim.state import State

if TYPE_CHECKING:
    from sim.community import Community

ORGANISERS = 0
LEAST = 0.1
"""Hours that count for those who gave none, so that they too can be met."""


@room_parameters
class Parameters:
    """The numbers of nurture."""

    organiser_gbp: float = parameter(
        30_000.0, unit="pounds/year", low=25_000.0, high=45_000.0, confidence="high",
        source="Community Organisers 2011-15: 15m pounds, 540 organisers of 51 weeks", meaning="an organiser, all in")
    organiser_meets: float = parameter(
        230.0, unit="people/year", low=100.0, high=500.0, confidence="high",
        source="Community Organisers 2011-15: 125,000 met by 540; the target was 500",
        meaning="people whom an organiser meets")
    organiser_hours: float = parameter(
        2.0, unit="hours", low=0.5, high=6.0, source="assumption",
        meaning="hours of nurtured meeting with others for each person met")
    organiser_ask: float = parameter(
        3.0, unit="times", low=0.0, high=6.0, source="assumption",
        meaning="strength of an organiser's ask beside the founding mean of being asked")
    eta: float = parameter(
        0.7, unit="power", low=0.0, high=1.5, source="assumption; participants were already more motivated",
        meaning="how much more those who give hours are met")
    publicity_gbp: float = parameter(
        10.0, unit="pounds", low=1.0, high=50.0, source="assumption", meaning="one ask by publicity")
    publicity_ask: float = parameter(
        0.2, unit="times", low=0.0, high=1.0, source="assumption",
        meaning="strength of an ask by publicity beside the founding mean of being asked")
    most_hours: float = parameter(
        20.0, unit="hours/month", low=5.0, high=60.0, source="assumption",
        meaning="most hours for which anybody can be met")  # fmt: skip


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of what the purses buy."""
    _kernel(state.residents, state.policies, state.constants.asking[0], numbers(p), dice.streams, state.ledger)


@njit(cache=True)
def _kernel(residents, policies, asking, p, streams, ledger):  # noqa: ANN001, ANN202
    residents.nurtured_hours[:] = 0.0
    residents.outside_ask[:] = 0.0
    for row in range(policies.dose.size):
        organisers = policies.instrument[row] == ORGANISERS
        direct = p.organiser_gbp / p.organiser_meets if organisers else p.publicity_gbp
        cost = direct * (1.0 + policies.overhead[row])
        wanted = math.floor(policies.balance[row] / cost)
        met = _those_reached(residents, policies, row, wanted, organisers, p, streams)
        for i in met:
            _reach(i, residents, organisers, asking, p)
        policies.people[row] = met.size
        policies.spent[row] = min(policies.balance[row], met.size * cost)
        policies.balance[row] -= policies.spent[row]
        ledger[Flow.PURSE_SPENT] += policies.spent[row]


@njit(**PART)
def _those_reached(residents, policies, row, wanted, organisers, p, streams):  # noqa: ANN001, ANN202
    """The first of the race, in order of rows; earlier rows first among equals."""
    stream = streams[Die.MET_BY_ORGANISER] if organisers else streams[Die.ASKED_BY_PUBLICITY]
    where, whom = policies.where[row], policies.id[row]
    if wanted <= 0:
        return np.empty(0, np.int64)
    running = np.empty(residents.id.size, np.int64)
    times = np.empty(residents.id.size)
    n = 0
    for i in range(residents.id.size):
        if where == ALL or residents.neighbourhood[i] == where:
            weight = 1.0
            if organisers:
                weight = math.exp(p.eta * math.log(LEAST + residents.formal_hours[i] + residents.helping_hours[i]))
            running[n] = i
            times[n] = -math.log(uniform2(stream, residents.id[i], whom)) / weight
            n += 1
    if wanted >= n:
        return running[:n]
    last = _in_place(times[:n].copy(), wanted - 1)
    equals = wanted - np.sum(times[:n] < last)
    met = np.empty(wanted, np.int64)
    k = 0
    for entry in range(n):
        if times[entry] < last or (times[entry] == last and equals > 0):
            equals -= times[entry] == last
            met[k] = running[entry]
            k += 1
    return met


@njit(**PART)
def _in_place(x, k):  # noqa: ANN001, ANN202
    """The value that stands at place k when x is sorted: Hoare's selection, which rearranges x."""
    low, high = 0, x.size - 1
    while low < high:
        pivot = x[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while x[i] < pivot:
                i += 1
            while x[j] > pivot:
                j -= 1
            if i <= j:
                x[i], x[j] = x[j], x[i]
                i += 1
                j -= 1
        low = i if k >= i else low
        high = j if k <= j else high
        if j < k < i:
            break
    return x[k]


@njit(**PART)
def _reach(i, residents, organisers, asking, p):  # noqa: ANN001, ANN202
    if organisers:
        residents.nurtured_hours[i] = min(p.most_hours, residents.nurtured_hours[i] + p.organiser_hours)
        residents.outside_ask[i] += p.organiser_ask * asking
    else:
        residents.outside_ask[i] += p.publicity_ask * asking
        residents.unsupported_asks[i] += 1


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: each purse in turn buys what it can."""
    for resident in community.residents:
        resident.nurtured_hours = resident.outside_ask = 0.0
    for policy in community.policies:
        for resident in spend(policy, community, p, dice):
            reach(resident, policy, community.constants.asking, p)


def spend(policy: Any, community: Community, p: Parameters, dice: Dice) -> list[Any]:
    """Pay for as many people as the purse holds whole costs of, and say who they are."""
    if policy.instrument == ORGANISERS:
        cost = p.organiser_gbp / p.organiser_meets * (1.0 + policy.overhead)
    else:
        cost = p.publicity_gbp * (1.0 + policy.overhead)
    in_reach = [r for r in community.residents if policy.where in {ALL, r.neighbourhood}]
    n = min(len(in_reach), max(0, math.floor(policy.balance / cost)))
    met = sorted(in_reach, key=lambda r: race_time(r, policy, p, dice))[:n] if n else []
    policy.people = float(n)
    policy.spent = min(policy.balance, n * cost)
    policy.balance -= policy.spent
    community.ledger[Flow.PURSE_SPENT] += policy.spent
    return met


def race_time(resident: Any, policy: Any, p: Parameters, dice: Dice) -> float:
    """t_i: short for those who are met first."""
    if policy.instrument != ORGANISERS:
        return -math.log(dice.uniform(Die.ASKED_BY_PUBLICITY, resident.id, policy.id))
    u = dice.uniform(Die.MET_BY_ORGANISER, resident.id, policy.id)
    weight = math.exp(p.eta * math.log(LEAST + resident.formal_hours + resident.helping_hours))
    return -math.log(u) / weight


def reach(resident: Any, policy: Any, A0: float, p: Parameters) -> None:
    """What a meeting, or an ask, leaves with a resident."""
    if policy.instrument == ORGANISERS:
        resident.nurtured_hours = min(p.most_hours, resident.nurtured_hours + p.organiser_hours)
        resident.outside_ask += p.organiser_ask * A0
    else:
        resident.outside_ask += p.publicity_ask * A0
        resident.unsupported_asks += 1
