"""Volunteering, the fast hand: one pass over the residents, from the roles as they stood when the month began."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.chance import Die, normal_quantile, uniform, uniform2
from sim.ledger import Flow
from sim.state import NOBODY, STRONG, THIS_YEAR_AND_LAST

STAYS = -1


@njit(cache=True)
def live_the_month(residents, ties, charities, incident, constants, p, streams, ledger, month, service_hours):
    held = residents.role.copy()
    _weigh_the_load(residents, charities, constants, p, month)
    crowded = 1.0
    paid = 0.0
    for hours in service_hours:
        paid += hours
    if constants.paid_hours[0] > 0.0:
        crowded = max(0.0, 1.0 + p.crowding * (paid / constants.paid_hours[0] - 1.0))
    for i in range(held.size):
        residents.formal_hours[i] = residents.pledged_hours[i]
        gave = 1 if residents.pledged_hours[i] > 0.0 else 0
        residents.active_months[i] = ((residents.active_months[i] << 1) | gave) & THIS_YEAR_AND_LAST
        who = residents.id[i]
        asking = 0.0
        close = 0
        for entry in range(incident.start[i], incident.start[i + 1]):
            j = incident.other[entry]
            if held[j] != NOBODY:
                w = ties.strength[incident.slot[entry]]
                asking += w
                if held[j] == held[i] and w >= STRONG:
                    close += 1
                if w < p.ask_supported and uniform2(streams[Die.ASK], residents.id[j], who) < p.ask_chance:
                    residents.unsupported_asks[i] += 1
        if held[i] == NOBODY:
            followed = min(p.asked_most, _ratio(asking + residents.outside_ask[i], constants.asking[0]))
            k = _join_rate(residents.civic[i], residents.group[i], residents.ever[i], followed, crowded,
                           constants.join_rate[0], p)  # fmt: skip
            residents.gives_to[i] = NOBODY
            if uniform(streams[Die.JOIN], who) < -math.expm1(-k):
                _join(i, asking, followed, held, residents, ties, charities, incident, p, streams, ledger, month)
            elif uniform(streams[Die.ONE_OFF], who) < _once_chance(residents.occasional[i], p):
                _help_once(i, residents, charities, streams, ledger)
        else:
            fresh = month - residents.role_since[i] < p.new_months
            load = max(0.0, min(p.load_most, charities.load[held[i]] + residents.strain[i]))
            cause = _cause_to_leave(fresh, load, close, uniform(streams[Die.LEAVE], who), p)
            if cause != STAYS:
                ledger[cause] += 1.0
                residents.role[i] = NOBODY
                residents.gives_to[i] = NOBODY
        residents.pledged_hours[i] = 0.0
        if residents.role[i] != NOBODY:
            if residents.role_starts[i] <= month + 1:
                hours = p.role_hours * math.exp(p.hours_spread * residents.devotion[i] + _noise(who, p, streams))
                residents.pledged_hours[i] = min(p.hours_most, hours)
        elif residents.gives_to[i] != NOBODY:
            residents.pledged_hours[i] = p.once_hours * math.exp(_noise(who, p, streams))


@njit(cache=True)
def _noise(who, p, streams):
    return p.hours_noise * normal_quantile(uniform(streams[Die.FORMAL_HOURS], who))


@njit(cache=True)
def _weigh_the_load(residents, charities, constants, p, month):
    present = np.zeros(charities.id.size)
    for i in range(residents.role.size):
        if residents.role[i] != NOBODY and residents.role_starts[i] <= month:
            present[residents.role[i]] += 1.0
    for g in range(present.size):
        load = charities.work_hours[g] / max(1.0, present[g])
        charities.load[g] = _ratio(load, constants.load[0])


@njit(cache=True)
def _ratio(amount, founding):
    """An amount beside its founding mean; 1 where there was none."""
    return amount / founding if founding > 0.0 else 1.0


@njit(cache=True)
def _join_rate(civic, group, ever, followed, crowded, k0, p):
    mean = p.civic_slope * p.civic_slope / 2.0
    k = k0 * math.exp(p.civic_slope * civic - mean) * (p.resources_abc1 if group < 3 else p.resources_c2de)
    if ever == 1:
        k *= p.return_ratio
    return k * ((1.0 - p.asked_share) + p.asked_share * followed) * crowded


@njit(cache=True)
def _cause_to_leave(fresh, load, close, u, p):
    """The flow under which a role is given up, or STAYS."""
    base = p.leave_chance * (p.new_ratio if fresh else 1.0)
    life = base * p.life_share
    overload = 0.0
    if load > 0.0:
        overload = base * p.overload_share * math.exp(p.overload_power * math.log(load))
    other = base * p.other_share * (0.5 if close >= 2 else 1.0)
    if u < life:
        return np.int64(Flow.LEFT_LIFE)
    if u < life + overload:
        return np.int64(Flow.LEFT_OVERLOAD)
    if u < life + overload + other:
        return np.int64(Flow.LEFT_OTHER)
    return np.int64(STAYS)


@njit(cache=True)
def _once_chance(occasional, p):
    mean = p.civic_slope * p.civic_slope / 2.0
    return -math.expm1(-p.once_chance * math.exp(p.civic_slope * occasional - mean))


@njit(cache=True)
def _help_once(i, residents, charities, streams, ledger):
    u = uniform(streams[Die.ONE_OFF_CHARITY], residents.id[i])
    residents.gives_to[i] = _pick(charities, residents.neighbourhood[i], u)
    if residents.gives_to[i] != NOBODY:
        ledger[Flow.ONE_OFF] += 1.0
        ledger[Flow.ONE_OFF_ENDED] += 1.0


@njit(cache=True)
def _pick(charities, neighbourhood, u):
    """A charity within reach, by its joining weight; NOBODY where there is none."""
    total = 0.0
    for g in range(charities.id.size):
        if charities.serves_place[g] == 1 or charities.neighbourhood[g] == neighbourhood:
            total += charities.joining_weight[g]
    left = u * total
    picked = NOBODY
    for g in range(charities.id.size):
        if charities.serves_place[g] == 1 or charities.neighbourhood[g] == neighbourhood:
            if charities.joining_weight[g] > 0.0:
                picked = g
                left -= charities.joining_weight[g]
                if left < 0.0:
                    break
    return picked


@njit(cache=True)
def _join(i, asking, followed, held, residents, ties, charities, incident, p, streams, ledger, month):
    who = residents.id[i]
    charity = NOBODY
    cause = Flow.JOINED_UNASKED
    asked = p.asked_share * followed
    if uniform(streams[Die.JOIN_CAUSE], who) * ((1.0 - p.asked_share) + asked) < asked:
        cause = Flow.JOINED_OUTSIDE_ASK
        left = uniform(streams[Die.JOIN_ASKER], who) * (asking + residents.outside_ask[i])
        for entry in range(incident.start[i], incident.start[i + 1]):
            j = incident.other[entry]
            if held[j] != NOBODY:
                left -= ties.strength[incident.slot[entry]]
                if left < 0.0:
                    charity = held[j]
                    cause = Flow.JOINED_INSIDE_ASK
                    break
    if charity == NOBODY:
        charity = _pick(charities, residents.neighbourhood[i], uniform(streams[Die.JOIN_CHARITY], who))
    if charity != NOBODY:
        residents.role[i] = charity
        residents.gives_to[i] = charity
        residents.role_since[i] = month
        residents.role_starts[i] = month + p.waiting_months
        residents.ever[i] = 1
        ledger[cause] += 1.0
