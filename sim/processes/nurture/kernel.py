"""Nurture, the fast hand: what is done for people, in person and by publicity; and how purses are spent."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.chance import Die, uniform2
from sim.compiling import KERNEL, PART
from sim.elementary import exp, log
from sim.ledger import Flow
from sim.policy import ASSETS, HOSTING, LISTENING, NEEDS, ORGANISERS, PUBLICITY
from sim.processes.nurture.purses import in_reach

LEAST = 0.1
"""Hours that count for those who gave none, so that they too can be met."""


@njit(**KERNEL)
def meet_people(residents, picture, mapped_hours, policies, asking, p, streams, ledger):
    """Each purse of organisers, publicity, listening or hosting in turn meets, or asks, those whom it reaches."""
    for row in range(policies.id.size):
        kind = policies.instrument[row]
        if kind not in (ORGANISERS, PUBLICITY, LISTENING, HOSTING):
            continue
        direct = _one_of(kind, p)
        cost = direct * (1.0 + policies.overhead[row])
        wanted = math.floor(policies.balance[row] / cost)
        met = _those_reached(residents, picture, policies, row, wanted, p, streams)
        for i in met:
            _reach(i, residents, kind, asking, p)
        if kind == LISTENING:
            _write_down(met, residents.neighbourhood, mapped_hours, p)
        spend(policies, row, met.size, met.size * cost, 0.0, ledger)


@njit(**PART)
def _one_of(kind, p):
    """What one person met, heard, hosted or asked costs, before the host's overhead."""
    if kind == ORGANISERS:
        return p.organiser_gbp / p.organiser_meets
    if kind == LISTENING:
        return p.listening_gbp
    return p.hosting_gbp if kind == HOSTING else p.publicity_gbp


@njit(**PART)
def spend(policies, row, bought, cost, to_charities, ledger):
    """Pay for what was bought, of which a part went to charities."""
    paid = min(policies.balance[row], cost)
    policies.people[row] = bought
    policies.spent[row] = paid
    policies.balance[row] -= paid
    ledger[Flow.PURSE_SPENT] += max(0.0, paid - to_charities)


@njit(**PART)
def _those_reached(residents, picture, policies, row, wanted, p, streams):
    """The first of the race, in order of rows; earlier rows first among equals."""
    where, policy, kind = policies.where[row], policies.id[row], policies.instrument[row]
    stream = streams[Die.MET_BY_ORGANISER]
    if kind != ORGANISERS:
        other = Die.HOSTED if kind == HOSTING else Die.ASKED_BY_PUBLICITY
        stream = streams[Die.LISTENED_TO if kind == LISTENING else other]
    if wanted <= 0:
        return np.empty(0, np.int64)
    weights = np.ones(0)
    if kind != PUBLICITY:
        weights = _weights(residents, picture, policies.whom[row], where, p)
    running = np.empty(residents.id.size, np.int64)
    times = np.empty(residents.id.size)
    n = 0
    for i in range(residents.id.size):
        if in_reach(where, residents.neighbourhood[i]):
            weight = weights[i] if kind != PUBLICITY else 1.0
            running[n] = i
            times[n] = -log(uniform2(stream, residents.id[i], policy)) / weight
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
            able[i] = exp(p.potential_slope * residents.civic[i])
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
    return exp(p.eta * log(LEAST + residents.formal_hours[i] + residents.helping_hours[i]))


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
def _reach(i, residents, kind, asking, p):
    left = max(0.0, p.most_hours - residents.planned_hours[i])
    if kind == ORGANISERS:
        residents.nurtured_hours[i] = min(left, residents.nurtured_hours[i] + p.organiser_hours)
        residents.outside_ask[i] += p.organiser_ask * asking
    elif kind == HOSTING:
        residents.nurtured_hours[i] = min(left, residents.nurtured_hours[i] + p.hosting_hours)
    elif kind == LISTENING:
        residents.outside_ask[i] += p.listening_ask * asking
    else:
        residents.outside_ask[i] += p.publicity_ask * asking
        residents.unsupported_asks[i] += 1


@njit(**PART)
def _write_down(heard, neighbourhood, mapped_hours, p):
    """What was heard is mapped where it was heard, up to what a place can use in a month."""
    heads = np.zeros(mapped_hours.size)
    for b in neighbourhood:
        heads[b] += 1.0
    for i in heard:
        b = neighbourhood[i]
        room = p.mapping_most * heads[b] / 100.0 - mapped_hours[b]
        mapped_hours[b] += min(p.listening_hours, max(0.0, room))
