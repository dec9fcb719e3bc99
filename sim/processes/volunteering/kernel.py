"""Volunteering, the fast hand: one pass over the residents, from the roles as they stood when the month began."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, normal_quantile, two_uniforms, uniform, uniforms
from sim.compiling import KERNEL, PART
from sim.elementary import exp, expm1, exps, log
from sim.indexes import BLOCK, held_slots, pairs
from sim.ledger import Flow
from sim.reach import pick, reach_of
from sim.state import NOBODY, SLOTS, STRONG, THIS_YEAR_AND_LAST

STAYS = -1
UNASKED = -1.0
BY_NOBODY = -2.0
"""Asked by nobody who is there: where founding knew no asking, everybody counts as asked as on average."""
ASKS_NOBODY, UNSUPPORTED = 0.0, 2.0
"""Strengths below which no tie is, and every tie."""
NEW = 0.10
"""Strength of a tie with a charity when it begins."""


@njit(**KERNEL)
def live_the_month(
    residents, ties, charities, neighbourhoods, constants, p, streams, ledger, month, service_hours
):  # fmt: skip
    """Hear the asks, decide who joins, helps once or leaves, and pledge the hours of the month that comes."""
    held = residents.role.copy()
    support = _weigh_the_load(residents, charities, constants, p, month)
    slots = _ties_with_a_role(ties.alter, held)
    reach = reach_of(charities, neighbourhoods)
    asking, close = _hear_the_asks(slots, residents, ties, held, support, p, streams[Die.ASK])
    moved = _crowding(service_hours, constants, p) * _secular(month, p)
    asked = np.zeros(held.size)
    mean = p.civic_slope * p.civic_slope / 2.0
    inclined = exps(p.civic_slope, residents.civic, mean)
    once = exps(p.civic_slope, residents.occasional, mean)
    joins, helps = uniforms(streams[Die.JOIN], residents.id), uniforms(streams[Die.ONE_OFF], residents.id)
    for i in range(held.size):
        residents.formal_hours[i] = residents.pledged_hours[i]
        gave = residents.pledged_hours[i] > 0.0
        residents.active_months[i] = ((residents.active_months[i] << 1) | gave) & THIS_YEAR_AND_LAST
        who = residents.id[i]
        if held[i] == NOBODY:
            residents.gives_to[i] = NOBODY
            followed = min(p.asked_most, _ratio(asking[i] + residents.outside_ask[i], constants.asking[0]))
            k = constants.join_rate[0] * inclined[i]
            k = _join_rate(k, residents.group[i], residents.ever[i], followed, moved, p)
            if _happens(joins[i], k):
                if _is_asked(p.asked_share * followed, uniform(streams[Die.JOIN_CAUSE], who), p):
                    strength = asking[i] + residents.outside_ask[i]
                    asked[i] = uniform(streams[Die.JOIN_ASKER], who) * strength if strength > 0.0 else BY_NOBODY
                else:
                    asked[i] = UNASKED
            elif _happens(helps[i], p.once_chance * once[i]):
                _help_once(i, residents, reach, streams, ledger)
        else:
            fresh = month - residents.role_since[i] < p.new_months
            load = max(0.0, min(p.load_most, charities.load[held[i]] + residents.strain[i]))
            cause = _cause_to_leave(fresh, load, close[i], uniform(streams[Die.LEAVE], who), p)
            if cause != STAYS:
                ledger[cause] += 1.0
                residents.role[i] = NOBODY
                residents.gives_to[i] = NOBODY
    _join(asked, held, residents, slots, ties, reach, p, streams, ledger, month)
    _pledge(residents, p, streams, month)


@njit(**PART)
def _ties_with_a_role(alter, held):
    """The slots of ties with somebody in a role at either end, ascending. Luck decides, so it does not branch on it."""
    inside = held != NOBODY
    slots = held_slots(alter)
    found = np.uint32(0)
    for slot in slots:
        slots[found] = slot  # what is found overtakes nothing that is still to be read
        found += np.uint32(inside[slot // SLOTS] | inside[np.uint32(alter[slot])])
    return slots[:found]


@njit(**PART)
def _hear_the_asks(slots, residents, ties, held, support, p, stream):
    """For each resident: strength of ties to people in a role, and strong ties within the own group.

    Whoever is in a role asks along every tie, and an ask without support is counted. ``support`` is the strength from
    which those whom a resident asks are supported (`_weigh_the_load`). Of a tie's two dice the first is for the ask of
    the one with the lesser id.
    """
    asking = np.zeros(held.size)
    close = np.zeros(held.size, np.int32)
    for first in range(0, slots.size, BLOCK):
        block = slots[first : first + BLOCK]
        by_lesser, by_greater = two_uniforms(stream, pairs(block, ties.alter, residents.id))
        for tie in range(block.size):
            slot = block[tie]
            i, j = slot // SLOTS, np.uint32(ties.alter[slot])
            w = ties.strength[slot]
            asking[i] += w * (held[j] != NOBODY)
            asking[j] += w * (held[i] != NOBODY)
            same = (held[i] != NOBODY) & (held[i] == held[j]) & (w >= STRONG)
            close[i] += same
            close[j] += same
            lesser = residents.id[i] < residents.id[j]
            by_i, by_j = by_lesser[tie], by_greater[tie]
            by_i, by_j = (by_i, by_j) if lesser else (by_j, by_i)
            residents.unsupported_asks[j] += (w < support[i]) & (by_i < p.ask_chance)
            residents.unsupported_asks[i] += (w < support[j]) & (by_j < p.ask_chance)
    return asking, close


@njit(**PART)
def _crowding(service_hours, constants, p):
    paid = 0.0
    for hours in service_hours:
        paid += hours
    if constants.paid_hours[0] <= 0.0:
        return 1.0
    return max(0.0, 1.0 + p.crowding * (paid / constants.paid_hours[0] - 1.0))


@njit(**PART)
def _secular(month, p):
    """How joining has changed since month 0 for no reason in the place."""
    return exp(p.secular_rate * (max(0, month) / 12.0))


@njit(**PART)
def _is_asked(asked, u, p):
    return u * ((1.0 - p.asked_share) + asked) < asked


@njit(**PART)
def _join(asked, held, residents, slots, ties, reach, p, streams, ledger, month):
    """Who asked each joiner is found along the ties: the one at whom the strengths, added up, pass the draw."""
    charity = np.full(asked.size, NOBODY, np.int32)
    left = asked.copy()
    by_somebody = asked > 0.0
    for slot in slots:
        i, j = slot // SLOTS, np.uint32(ties.alter[slot])
        if not by_somebody[i] | by_somebody[j]:
            continue
        if left[i] > 0.0 and held[j] != NOBODY:
            left[i] -= ties.strength[slot]
            charity[i] = held[j] if left[i] < 0.0 else NOBODY
        if left[j] > 0.0 and held[i] != NOBODY:
            left[j] -= ties.strength[slot]
            charity[j] = held[i] if left[j] < 0.0 else NOBODY
    for i in range(asked.size):
        if asked[i] == 0.0:
            continue
        cause = Flow.JOINED_UNASKED
        if asked[i] != UNASKED:
            cause = Flow.JOINED_OUTSIDE_ASK if charity[i] == NOBODY else Flow.JOINED_INSIDE_ASK
        if charity[i] == NOBODY:
            u = uniform(streams[Die.JOIN_CHARITY], residents.id[i])
            charity[i] = pick(reach, residents.neighbourhood[i], u)
        if charity[i] != NOBODY:
            residents.role[i] = charity[i]
            residents.gives_to[i] = charity[i]
            residents.role_since[i] = month
            residents.role_starts[i] = month + p.waiting_months
            residents.ever[i] = 1
            ledger[cause] += 1.0
            _belong(i, charity[i], residents.belongs, residents.belonging, ledger)


@njit(**PART)
def _belong(i, g, belongs, belonging, ledger):
    """Tie a joiner to the charity, and to no other."""
    if belongs[i] == g:
        belonging[i] = max(NEW, belonging[i])
        return
    if belongs[i] != NOBODY:
        ledger[Flow.BELONGING_LAPSED] += 1.0
    ledger[Flow.BELONGING_MADE] += 1.0
    belongs[i] = g
    belonging[i] = NEW


@njit(**PART)
def _pledge(residents, p, streams, month):
    for i in range(residents.id.size):
        residents.pledged_hours[i] = 0.0
        if residents.role[i] != NOBODY:
            if residents.role_starts[i] <= month + 1:
                noise = _noise(residents.id[i], p, streams)
                hours = p.role_hours * exp(p.hours_spread * residents.devotion[i] + noise)
                residents.pledged_hours[i] = min(p.hours_most, hours)
        elif residents.gives_to[i] != NOBODY:
            residents.pledged_hours[i] = p.once_hours * exp(_noise(residents.id[i], p, streams))


@njit(**PART)
def _noise(who, p, streams):
    return p.hours_noise * normal_quantile(uniform(streams[Die.FORMAL_HOURS], who))


@njit(**PART)
def _weigh_the_load(residents, charities, constants, p, month):
    """Write down each charity's load; from what strength of a tie on each resident's asks are supported.

    Those of weak ties never are, and none where coordinators have too many volunteers. Who has no role does not ask.
    """
    present = np.zeros(charities.id.size)
    for i in range(residents.role.size):
        if residents.role[i] != NOBODY and residents.role_starts[i] <= month:
            present[residents.role[i]] += 1.0
    overrun = np.zeros(present.size, np.bool_)
    for g in range(present.size):
        at_work = max(1.0, present[g])
        load = (charities.work_hours[g] + charities.asked_hours[g]) / at_work
        charities.load[g] = _ratio(load, constants.load[0])
        charities.load[g] *= 1.0 - p.support_effect * min(1.0, charities.supported[g] / at_work)
        coordinators = max(1.0, charities.paid_hours[g] / p.coordinator_hours)
        overrun[g] = present[g] > p.coordinator_volunteers * coordinators
    support = np.full(residents.role.size, ASKS_NOBODY)
    for i in range(support.size):
        if residents.role[i] != NOBODY:
            support[i] = UNSUPPORTED if overrun[residents.role[i]] else p.ask_supported
    return support


@njit(**PART)
def _ratio(amount, founding):
    """An amount beside its founding mean; 1 where there was none."""
    return amount / founding if founding > 0.0 else 1.0


@njit(**PART)
def _join_rate(k, group, ever, followed, moved, p):
    k *= p.resources_abc1 if group < 3 else p.resources_c2de
    if ever == 1:
        k *= p.return_ratio
    return k * ((1.0 - p.asked_share) + p.asked_share * followed) * moved


@njit(**PART)
def _cause_to_leave(fresh, load, close, u, p):
    """The flow under which a role is given up, or STAYS."""
    base = p.leave_chance * (p.new_ratio if fresh else 1.0)
    life = base * p.life_share
    overload = 0.0
    if load > 0.0:
        overload = base * p.overload_share * exp(p.overload_power * log(load))
    other = base * p.other_share * (0.5 if close >= 2 else 1.0)
    if u < life:
        return np.int64(Flow.LEFT_LIFE)
    if u < life + overload:
        return np.int64(Flow.LEFT_OVERLOAD)
    if u < life + overload + other:
        return np.int64(Flow.LEFT_OTHER)
    return np.int64(STAYS)


@njit(**PART)
def _happens(u, rate):
    """Whether the draw is below the month's chance. 1 - exp(-x) < x, so most are spared the exponential."""
    return u < rate and u < -expm1(-rate)


@njit(**PART)
def _help_once(i, residents, reach, streams, ledger):
    u = uniform(streams[Die.ONE_OFF_CHARITY], residents.id[i])
    residents.gives_to[i] = pick(reach, residents.neighbourhood[i], u)
    if residents.gives_to[i] != NOBODY:
        ledger[Flow.ONE_OFF] += 1.0
        ledger[Flow.ONE_OFF_ENDED] += 1.0
