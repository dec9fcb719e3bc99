"""Volunteering, the fast hand: dice first, then the ties of those about whom the dice leave it open.

All is decided from the roles as they stood when the month began. A draw that is above the most that a chance could be
settles the matter, so asks are added up, and friends counted, for few residents. Luck decides who is on a list, so the
lists are made without branching on it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, normal_quantile, two_uniforms, uniform, uniforms
from sim.compiling import KERNEL, PART
from sim.elementary import exp, expm1, exps, log
from sim.indexes import BLOCK, pairs
from sim.ledger import Flow
from sim.reach import pick, reach_of
from sim.state import EMPTY, NOBODY, SLOTS, STRONG, THIS_YEAR_AND_LAST

STAYS = -1
UNASKED = -1.0
BY_NOBODY = -2.0
"""Asked by nobody who is there: where founding knew no asking, everybody counts as asked as on average."""
NO_TIE, NO_ROLE, IN_ROLE = range(3)
"""What the end of a tie is."""
LEAST_LOAD = 1e-300
"""Instead of none, where its logarithm is taken."""
ASKS_NOBODY, UNSUPPORTED = 0.0, 2.0
"""Strengths below which no tie is, and every tie."""
NEW = 0.10
"""Strength of a tie with a charity when it begins."""


@njit(**KERNEL)
def live_the_month(
    residents, ties, charities, neighbourhoods, constants, p, streams, ledger, month, service_hours
):  # fmt: skip
    """Give what was pledged, hear the asks, decide who joins, helps once or leaves, and pledge for the next month."""
    held = residents.role.copy()
    volunteers, others = _in_a_role_or_not(held)
    support = _weigh_the_load(volunteers, residents, charities, constants, p, month)
    _give_what_was_pledged(residents, others)
    moved = _crowding(service_hours, constants, p) * _secular(month, p)
    rates, joins = _join_rates(residents, constants, p), uniforms(streams[Die.JOIN], residents.id)
    may_join = _who_may_join(others, rates, joins, moved, p)
    may_leave, leaves, overload = _who_may_leave(volunteers, residents, charities, p, streams[Die.LEAVE], month)
    asks = _ties_with_a_role(ties.alter, held)
    slots = _hear_the_asks(asks, may_join, may_leave, residents, ties, support, p, streams[Die.ASK])
    asking, close = _askers_and_friends(slots, ties, held)
    asked = _who_joins(may_join, rates, joins, asking, residents, constants, moved, p, streams)
    reach = reach_of(charities, neighbourhoods)
    _help_once(others, asked, residents, reach, p, streams, ledger)
    _leave(may_leave, leaves, overload, close, residents, p, ledger, month)
    _join(may_join, asked, held, residents, slots, ties, reach, p, streams, ledger, month)
    _pledge(residents, p, streams, month)


@njit(**PART)
def _in_a_role_or_not(held):
    """The rows of those in a role, and of the others."""
    volunteers, others = np.empty(held.size + 1, np.uint32), np.empty(held.size + 1, np.uint32)
    found = np.uint32(0)
    for i in range(held.size):
        volunteers[found], others[i - found] = i, i
        found += np.uint32(held[i] != NOBODY)
    return volunteers[:found], others[: held.size - found]


@njit(**PART)
def _those(rows, which):
    """The rows for which it is true."""
    those = np.empty(rows.size + 1, np.uint32)
    found = np.uint32(0)
    for i in rows:
        those[found] = i
        found += np.uint32(which[i])
    return those[:found]


@njit(**PART)
def _give_what_was_pledged(residents, others):
    for i in range(residents.id.size):
        residents.formal_hours[i] = residents.pledged_hours[i]
        gave = residents.pledged_hours[i] > 0.0
        residents.active_months[i] = ((residents.active_months[i] << 1) | gave) & THIS_YEAR_AND_LAST
    for i in others:
        residents.gives_to[i] = NOBODY


@njit(**PART)
def _join_rates(residents, constants, p):
    """How readily each resident joins, asking apart."""
    rates = exps(p.civic_slope, residents.civic, p.civic_slope * p.civic_slope / 2.0)
    for i in range(rates.size):
        k = constants.join_rate[0] * rates[i]
        k *= p.resources_abc1 if residents.group[i] < 3 else p.resources_c2de
        rates[i] = k * (p.return_ratio if residents.ever[i] == 1 else 1.0)
    return rates


@njit(**PART)
def _who_may_join(others, rates, joins, moved, p):
    """Those of the others who would join if they were asked as much as makes any difference."""
    below = np.empty(rates.size, np.bool_)
    for i in range(rates.size):
        below[i] = joins[i] < _followed(rates[i], p.asked_most, moved, p)
    return _those(others, below)


@njit(**PART)
def _followed(k, followed, moved, p):
    """The month's rate of joining of somebody who is asked so many times as much as the mean."""
    return k * ((1.0 - p.asked_share) + p.asked_share * followed) * moved


@njit(**PART)
def _who_may_leave(volunteers, residents, charities, p, stream, month):
    """Those who would leave if they had no friends there: their rows, their draws, and what overload makes of them."""
    loads, ids = np.empty(volunteers.size), np.empty(volunteers.size, np.int64)
    for place in range(volunteers.size):
        i = volunteers[place]
        loads[place] = max(0.0, min(p.load_most, charities.load[residents.role[i]] + residents.strain[i]))
        ids[place] = residents.id[i]
    overload, leaves = _overload(loads, p), uniforms(stream, ids)
    who = np.empty(volunteers.size + 1, np.uint32)
    found = np.uint32(0)
    for place in range(volunteers.size):
        i, u = volunteers[place], leaves[place]
        who[found], leaves[found], overload[found] = i, u, overload[place]  # overtakes nothing still to be read
        fresh = month - residents.role_since[i] < p.new_months
        found += np.uint32(_cause_to_leave(fresh, overload[found], 0, u, p) != STAYS)
    return who[:found], leaves[:found], overload[:found]


@njit(**PART)
def _overload(loads, p):
    """How many times as many leave for overload under each load as under that of founding."""
    logs = np.empty(loads.size)
    for place in range(loads.size):
        logs[place] = log(max(LEAST_LOAD, loads[place]))
    times = exps(p.overload_power, logs, 0.0)
    for place in range(loads.size):
        times[place] = times[place] if loads[place] > 0.0 else 0.0
    return times


@njit(**PART)
def _ties_with_a_role(alter, held):
    """The slots of ties with somebody in a role at either end, ascending."""
    end = np.empty(held.size + 1, np.uint8)  # the first stands for the alter that an empty slot has not
    end[EMPTY + 1] = NO_TIE
    for i in range(held.size):
        end[i + 1] = NO_ROLE if held[i] == NOBODY else IN_ROLE
    slots = np.empty(alter.size + 1, np.uint32)
    found = np.uint32(0)
    for i in range(held.size):
        least = np.uint8(IN_ROLE if held[i] == NOBODY else NO_ROLE)
        for slot in range(i * SLOTS, (i + 1) * SLOTS):
            slots[found] = slot
            found += np.uint32(end[np.uint32(alter[slot] + 1)] >= least)
    return slots[:found]


@njit(**PART)
def _hear_the_asks(asks, may_join, may_leave, residents, ties, support, p, stream):
    """Count the asks without support; and list, of the ties with a role, those of people who may join or leave.

    Whoever is in a role asks along every tie, and an ask without support is counted. ``support`` is the strength from
    which those whom a resident asks are supported (`_weigh_the_load`). Of a tie's two dice the first is for the ask of
    the one with the lesser id.
    """
    open_about = np.zeros(support.size, np.bool_)
    for i in may_join:
        open_about[i] = True
    for i in may_leave:
        open_about[i] = True
    slots, found = np.empty(asks.size + 1, np.uint32), np.uint32(0)
    put = np.empty(BLOCK + 1, np.uint32)
    for first in range(0, asks.size, BLOCK):
        block = asks[first : first + BLOCK]
        by_lesser, by_greater = two_uniforms(stream, pairs(block, ties.alter, residents.id))
        n = np.uint32(0)
        for tie in range(block.size):
            slots[found], put[n] = block[tie], tie
            found += np.uint32(open_about[block[tie] // SLOTS] | open_about[np.uint32(ties.alter[block[tie]])])
            n += np.uint32((by_lesser[tie] < p.ask_chance) | (by_greater[tie] < p.ask_chance))
        for tie in put[:n]:
            slot = block[tie]
            i, j = slot // SLOTS, np.uint32(ties.alter[slot])
            w = ties.strength[slot]
            lesser = residents.id[i] < residents.id[j]
            by_i, by_j = by_lesser[tie], by_greater[tie]
            by_i, by_j = (by_i, by_j) if lesser else (by_j, by_i)
            residents.unsupported_asks[j] += (w < support[i]) & (by_i < p.ask_chance)
            residents.unsupported_asks[i] += (w < support[j]) & (by_j < p.ask_chance)
    return slots[:found]


@njit(**PART)
def _askers_and_friends(slots, ties, held):
    """For each resident, along these ties: strength of those to people in a role; strong ones within the own group."""
    asking = np.zeros(held.size)
    close = np.zeros(held.size, np.int32)
    for slot in slots:
        i, j = slot // SLOTS, np.uint32(ties.alter[slot])
        w = ties.strength[slot]
        asking[i] += w * (held[j] != NOBODY)
        asking[j] += w * (held[i] != NOBODY)
        same = (held[i] != NOBODY) & (held[i] == held[j]) & (w >= STRONG)
        close[i] += same
        close[j] += same
    return asking, close


@njit(**PART)
def _who_joins(may_join, rates, joins, asking, residents, constants, moved, p, streams):
    """For each resident 0, or for joiners UNASKED, BY_NOBODY, or how far along their askers stands the one followed."""
    asked = np.zeros(asking.size)
    for i in may_join:
        strength = asking[i] + residents.outside_ask[i]
        followed = min(p.asked_most, _ratio(strength, constants.asking[0]))
        if _happens(joins[i], _followed(rates[i], followed, moved, p)):
            asked[i] = UNASKED
            if _is_asked(p.asked_share * followed, uniform(streams[Die.JOIN_CAUSE], residents.id[i]), p):
                u = uniform(streams[Die.JOIN_ASKER], residents.id[i])
                asked[i] = u * strength if strength > 0.0 else BY_NOBODY
    return asked


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
def _join(may_join, asked, held, residents, slots, ties, reach, p, streams, ledger, month):
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
    for i in may_join:
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
def _leave(may_leave, leaves, overload, close, residents, p, ledger, month):
    for place in range(may_leave.size):
        i = may_leave[place]
        fresh = month - residents.role_since[i] < p.new_months
        cause = _cause_to_leave(fresh, overload[place], close[i], leaves[place], p)
        if cause != STAYS:
            ledger[cause] += 1.0
            residents.role[i] = NOBODY
            residents.gives_to[i] = NOBODY


@njit(**PART)
def _pledge(residents, p, streams, month):
    who, ids = _who_gives(residents, month)
    logs = uniforms(streams[Die.FORMAL_HOURS], ids)
    for place in range(who.size):
        i, noise = who[place], p.hours_noise * normal_quantile(logs[place])
        logs[place] = noise if residents.role[i] == NOBODY else p.hours_spread * residents.devotion[i] + noise
    beside_median = exps(1.0, logs, 0.0)
    residents.pledged_hours[:] = 0.0
    for place in range(who.size):
        i = who[place]
        if residents.role[i] == NOBODY:
            residents.pledged_hours[i] = p.once_hours * beside_median[place]
        else:
            residents.pledged_hours[i] = min(p.hours_most, p.role_hours * beside_median[place])


@njit(**PART)
def _who_gives(residents, month):
    """Rows and ids of those who give in the month that comes."""
    who, ids = np.empty(residents.id.size + 1, np.uint32), np.empty(residents.id.size + 1, np.int64)
    found = np.uint32(0)
    for i in range(residents.id.size):
        who[found], ids[found] = i, residents.id[i]
        in_role = residents.role[i] != NOBODY
        begins, once = residents.role_starts[i] <= month + 1, residents.gives_to[i] != NOBODY
        found += np.uint32((in_role & begins) | (~in_role & once))
    return who[:found], ids[:found]


@njit(**PART)
def _weigh_the_load(volunteers, residents, charities, constants, p, month):
    """Write down each charity's load; from what strength of a tie on each resident's asks are supported.

    Those of weak ties never are, and none where coordinators have too many volunteers. Who has no role does not ask.
    """
    present = np.zeros(charities.id.size)
    for i in volunteers:
        present[residents.role[i]] += residents.role_starts[i] <= month
    overrun = np.zeros(present.size, np.bool_)
    for g in range(present.size):
        at_work = max(1.0, present[g])
        load = (charities.work_hours[g] + charities.asked_hours[g]) / at_work
        charities.load[g] = _ratio(load, constants.load[0])
        charities.load[g] *= 1.0 - p.support_effect * min(1.0, charities.supported[g] / at_work)
        coordinators = max(1.0, charities.paid_hours[g] / p.coordinator_hours)
        overrun[g] = present[g] > p.coordinator_volunteers * coordinators
    support = np.full(residents.role.size, ASKS_NOBODY)
    for i in volunteers:
        support[i] = UNSUPPORTED if overrun[residents.role[i]] else p.ask_supported
    return support


@njit(**PART)
def _ratio(amount, founding):
    """An amount beside its founding mean; 1 where there was none."""
    return amount / founding if founding > 0.0 else 1.0


@njit(**PART)
def _cause_to_leave(fresh, times, close, u, p):
    """The flow under which a role is given up, or STAYS."""
    base = p.leave_chance * (p.new_ratio if fresh else 1.0)
    life = base * p.life_share
    overload = base * p.overload_share * times
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
def _help_once(others, asked, residents, reach, p, streams, ledger):
    """Of those who do not join, some help for a month without a role."""
    rates = exps(p.civic_slope, residents.occasional, p.civic_slope * p.civic_slope / 2.0)
    u = uniforms(streams[Die.ONE_OFF], residents.id)
    below = np.empty(u.size, np.bool_)
    for i in range(u.size):
        rates[i] *= p.once_chance
        below[i] = u[i] < rates[i]
    for i in _those(others, below):
        if asked[i] == 0.0 and _happens(u[i], rates[i]):
            where = uniform(streams[Die.ONE_OFF_CHARITY], residents.id[i])
            residents.gives_to[i] = pick(reach, residents.neighbourhood[i], where)
            if residents.gives_to[i] != NOBODY:
                ledger[Flow.ONE_OFF] += 1.0
                ledger[Flow.ONE_OFF_ENDED] += 1.0
