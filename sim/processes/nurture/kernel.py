"""Nurture, the fast hand: what is done for people, by organisers and by publicity; and how purses are spent."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.chance import Die, uniform2
from sim.compiling import PART
from sim.ledger import Flow
from sim.policy import ALL, ASSETS, NEEDS, ORGANISERS, PUBLICITY
from sim.state import Floats, Ints

LEAST = 0.1
"""Hours that count for those who gave none, so that they too can be met."""


class Purses(NamedTuple):
    """The columns of policies that spending reads or changes."""

    id: Ints
    instrument: Ints
    whom: Ints
    where: Ints
    payer: Ints
    overhead: Floats
    balance: Floats
    spent: Floats
    people: Floats


@njit(cache=True)
def meet_people(residents, picture, policies, asking, p, streams, ledger):
    """Each purse of organisers or publicity in turn meets, or asks, those whom it reaches."""
    residents.nurtured_hours[:] = 0.0
    residents.outside_ask[:] = 0.0
    for row in range(policies.id.size):
        organisers = policies.instrument[row] == ORGANISERS
        if not organisers and policies.instrument[row] != PUBLICITY:
            continue
        direct = p.organiser_gbp / p.organiser_meets if organisers else p.publicity_gbp
        cost = direct * (1.0 + policies.overhead[row])
        wanted = math.floor(policies.balance[row] / cost)
        met = _those_reached(residents, picture, policies, row, wanted, organisers, p, streams)
        for i in met:
            _reach(i, residents, organisers, asking, p)
        spend(policies, row, met.size, met.size * cost, 0.0, ledger)


@njit(cache=True)
def spend(policies, row, bought, cost, to_charities, ledger):
    """Pay for what was bought, of which a part went to charities."""
    paid = min(policies.balance[row], cost)
    policies.people[row] = bought
    policies.spent[row] = paid
    policies.balance[row] -= paid
    ledger[Flow.PURSE_SPENT] += max(0.0, paid - to_charities)


@njit(cache=True)
def largest_first(values):
    """Rows in falling order of their values, earlier rows first among equals: sorting by insertion, for short lists."""
    order = np.arange(values.size)
    for place in range(1, values.size):
        row, at = order[place], place
        while at > 0 and values[order[at - 1]] < values[row]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = row
    return order


@njit(cache=True, inline="always")
def in_reach(where, neighbourhood):
    """Whether a policy is for those of a neighbourhood: ALL, one, or (below ALL) the first so many."""
    return (where == ALL) | (where == neighbourhood) | (neighbourhood < ALL - where)


@njit(**PART)
def _those_reached(residents, picture, policies, row, wanted, organisers, p, streams):
    """The first of the race, in order of rows; earlier rows first among equals."""
    stream = streams[Die.MET_BY_ORGANISER] if organisers else streams[Die.ASKED_BY_PUBLICITY]
    where, policy = policies.where[row], policies.id[row]
    if wanted <= 0:
        return np.empty(0, np.int64)
    weights = np.ones(0)
    if organisers:
        weights = _weights(residents, picture, policies.whom[row], where, p)
    running = np.empty(residents.id.size, np.int64)
    times = np.empty(residents.id.size)
    n = 0
    for i in range(residents.id.size):
        if in_reach(where, residents.neighbourhood[i]):
            weight = weights[i] if organisers else 1.0
            running[n] = i
            times[n] = -math.log(uniform2(stream, residents.id[i], policy)) / weight
            n += 1
    return _shortest(running[:n], times[:n], wanted)


@njit(**PART)
def _weights(residents, picture, whom, where, p):
    """How readily each resident is met: mean 1 in every neighbourhood."""
    met, able = np.ones(residents.id.size), np.ones(residents.id.size)
    met_sum, able_sum, heads = np.zeros(picture.size), np.zeros(picture.size), np.zeros(picture.size)
    for i in range(residents.id.size):
        b = residents.neighbourhood[i]
        if in_reach(where, b):
            met[i] = _as_met(residents, i, whom, p)
            able[i] = math.exp(p.potential_slope * residents.civic[i])
            met_sum[b] += met[i]
            able_sum[b] += able[i]
            heads[b] += 1.0
    for i in range(residents.id.size):
        b = residents.neighbourhood[i]
        if in_reach(where, b):
            known = 1.0 if whom == ASSETS else 0.0 if whom == NEEDS else picture[b]
            met[i] = (1.0 - known) * (met[i] * heads[b] / met_sum[b]) + known * (able[i] * heads[b] / able_sum[b])
    return met


@njit(**PART)
def _as_met(residents, i, whom, p):
    """Before any picture shows who is there: by the hours given, or by need left unmet."""
    if whom == NEEDS:
        unmet = LEAST
        for k in range(residents.need.shape[1]):
            unmet += max(0.0, residents.need[i, k] - residents.met[i, k])
        return unmet
    return math.exp(p.eta * math.log(LEAST + residents.formal_hours[i] + residents.helping_hours[i]))


@njit(**PART)
def _shortest(running, times, wanted):
    """Those with the wanted number of shortest times, in order of rows."""
    if wanted >= running.size:
        return running
    last = _in_place(times.copy(), wanted - 1)
    equals = wanted - np.sum(times < last)
    met = np.empty(wanted, np.int64)
    k = 0
    for entry in range(running.size):
        if times[entry] < last or (times[entry] == last and equals > 0):
            equals -= times[entry] == last
            met[k] = running[entry]
            k += 1
    return met


@njit(**PART)
def _in_place(x, k):
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
def _reach(i, residents, organisers, asking, p):
    if organisers:
        residents.nurtured_hours[i] = min(p.most_hours, residents.nurtured_hours[i] + p.organiser_hours)
        residents.outside_ask[i] += p.organiser_ask * asking
    else:
        residents.outside_ask[i] += p.publicity_ask * asking
        residents.unsupported_asks[i] += 1
