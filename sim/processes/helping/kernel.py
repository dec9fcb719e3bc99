"""Helping, the fast hand: all set time aside, then ask along ties and share the rest, in the order of the lottery."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, bits, normal_quantile, uniforms
from sim.compiling import KERNEL, PART
from sim.elementary import expm1, exps
from sim.indexes import held_slots, in_lottery_order
from sim.ledger import Flow
from sim.state import KINDS, NOBODY, SLOTS, THIS_YEAR_AND_LAST


@njit(**KERNEL)
def help_for_a_month(residents, ties, charities, neighbourhoods, scale, p, streams, ledger):
    """Time set aside, kept for one's own, asked for along ties, shared in the neighbourhood, written down."""
    budget = _set_time_aside(residents, scale, p, streams)
    order = _lottery(residents.id, streams[Die.HELP_ORDER])
    left = budget.copy()
    received = np.zeros(budget.size)
    if p.favour_own > 0.0:
        _help_own_first(order, budget, left, received, residents, charities, p)
    _ask_along_ties(order, left, received, _helpers(ties.alter, ties.strength, budget), residents)
    used = _share_the_rest(order, left, received, residents, neighbourhoods, p)
    for i in range(budget.size):
        shared = p.pool_share * left[i] * used[residents.neighbourhood[i]]
        given = (budget[i] - left[i]) + shared
        residents.helping_hours[i] = given
        residents.spare_hours[i] = left[i] - shared
        residents.helped_months[i] = _remember(residents.helped_months[i], given)
        residents.received_months[i] = _remember(residents.received_months[i], received[i])
        ledger[Flow.HOURS_NEIGHBOUR] += budget[i]
        ledger[Flow.HOURS_NEIGHBOUR_MET] += given
        ledger[Flow.HOURS_NEIGHBOUR_IDLE] += residents.spare_hours[i]
        ledger[Flow.NEED_MET_NEIGHBOURS] += received[i]


@njit(**PART)
def _set_time_aside(residents, scale, p, streams):
    budget = np.zeros(residents.id.size)
    who, ids = _who_helps(residents, p, streams)
    luck = uniforms(streams[Die.HELP_HOURS], ids)
    for place in range(who.size):
        luck[place] = p.hours_spread * residents.warmth[who[place]] + p.hours_noise * normal_quantile(luck[place])
    beside_mean = exps(1.0, luck, 0.0)
    for place in range(who.size):
        i = who[place]
        hours = min(p.most_hours, scale * p.hours * beside_mean[place])
        budget[i] = max(0.0, hours - p.displacement * _new_hours(i, residents.pledged_hours, residents.hours_past))
    return budget


@njit(**PART)
def _who_helps(residents, p, streams):
    """Rows and ids of those who set time aside. Luck decides who does, so this hardly branches on it."""
    inclined = exps(p.help_slope, residents.neighbourly, p.help_slope * p.help_slope / 2.0)
    u = uniforms(streams[Die.HELPS], residents.id)
    who, ids = np.empty(u.size + 1, np.uint32), np.empty(u.size + 1, np.int64)
    found = np.uint32(0)
    for i in range(u.size):
        rate = p.help_rate * inclined[i]
        who[found], ids[found] = i, residents.id[i]
        # x - x x / 2 < 1 - exp(-x) < x, so most are spared the exact chance.
        helps = u[i] < rate * (1.0 - 0.5 * rate)
        if helps != (u[i] < rate):
            helps = u[i] < -expm1(-rate)
        found += np.uint32(helps)
    return who[:found], ids[:found]


@njit(**PART)
def _new_hours(i, pledged, past):
    """Formal hours beyond all that was given in a month of the last year."""
    if pledged[i] <= 0.0:
        return 0.0
    given = 0.0
    for month in range(past.shape[1]):
        given += past[i, month]
    return max(0.0, pledged[i] - given / past.shape[1])


@njit(**PART)
def _help_own_first(order, budget, left, received, residents, charities, p):
    """Hand out what is kept for those who belong to the same charity; take it off what is left."""
    pool = np.zeros(charities)
    for i in range(budget.size):
        if residents.belongs[i] != NOBODY:
            pool[residents.belongs[i]] += p.favour_own * budget[i]
    used = _hand_out(order, residents.belongs, pool, received, residents)
    for i in range(budget.size):
        if residents.belongs[i] != NOBODY:
            left[i] = budget[i] - p.favour_own * budget[i] * used[residents.belongs[i]]


@njit(**PART)
def _lottery(ids, stream):
    tickets = np.empty(ids.size, np.uint64)
    for i in range(ids.size):
        tickets[i] = bits(stream, ids[i])
    return in_lottery_order(tickets)


@njit(**PART)
def _helpers(alter, strength, budget):
    """For each resident the alters who have time, and the most that each would give: the closest first.

    Only these are asked, so a list of them alone keeps the asking, which jumps about, within a small memory.
    """
    asks, asked, along = _ties_to_helpers(alter, strength, budget)
    start = np.zeros(budget.size + 1, np.uint32)
    for entry in range(asks.size):
        start[asks[entry] + np.uint32(1)] += np.uint32(1)
    for i in range(budget.size):
        start[i + 1] += start[i]
    filled = start[:-1].copy()
    helper = np.empty(asks.size, np.uint32)
    tie = np.empty(asks.size)
    for entry in range(asks.size):
        place = filled[asks[entry]]
        helper[place], tie[place] = asked[entry], along[entry]
        filled[asks[entry]] = place + np.uint32(1)
    return start, *_closest_first(start, helper, tie, budget)


@njit(**PART)
def _closest_first(start, helper, tie, budget):
    """Helpers by the strength of the tie, equals in the order of the slots, and the most that each would give.

    To count how many stand before each, beats moving them about, since luck decides how far that would be.
    """
    who = np.empty(helper.size, np.uint32)
    most = np.empty(helper.size)
    for i in range(budget.size):
        first, end = np.int64(start[i]), np.int64(start[i + 1])
        for entry in range(first, end):
            w, place = tie[entry], first
            for other in range(first, entry):
                place += tie[other] >= w
            for other in range(entry + 1, end):
                place += tie[other] > w
            who[place] = helper[entry]
            most[place] = budget[helper[entry]] * w
    return who, most


@njit(**PART)
def _ties_to_helpers(alter, strength, budget):
    """Who may ask whom, and along how strong a tie; a tie stands twice where both ends may be asked.

    Luck decides who has time, so this does not branch on it.
    """
    helps = budget > 0.0
    held = held_slots(alter)
    asks = np.empty(2 * held.size + 1, np.uint32)
    asked = np.empty(asks.size, np.uint32)
    along = np.empty(asks.size)
    found = np.uint32(0)
    for slot in held:
        owner, end = slot // SLOTS, np.uint32(alter[slot])
        asks[found], asked[found], along[found] = owner, end, strength[slot]
        found += np.uint32(helps[end])
        asks[found], asked[found], along[found] = end, owner, strength[slot]
        found += np.uint32(helps[owner])
    return asks[:found], asked[:found], along[:found]


@njit(**PART)
def _ask_along_ties(order, left, received, helpers, residents):
    """Take what alters give off what is left of their time, and add it to what everybody received.

    Who has got enough, and who has nothing left, give and take nought: to go on beats stopping in time.
    """
    unmet = np.empty(left.size)
    for row in range(left.size):
        unmet[row] = _unmet(row, residents.need, residents.met)
    start, helper, most = helpers
    given = np.zeros(left.size)
    for i in order:
        want = unmet[i]
        for place in range(start[i], start[i + np.uint32(1)]):
            j = helper[place]
            x = min(want, most[place], left[j])
            left[j] -= x
            want -= x
        given[i] = unmet[i] - want
    for row in range(left.size):
        received[row] += given[row]
        _meet(row, given[row] / unmet[row] if given[row] > 0.0 else 0.0, residents.need, residents.met)


@njit(**PART)
def _share_the_rest(order, left, received, residents, neighbourhoods, p):
    """Hand out what is left in each neighbourhood; the share of it that was used."""
    pool = np.zeros(neighbourhoods)
    for row in range(order.size):
        pool[residents.neighbourhood[row]] += p.pool_share * left[row]
    return _hand_out(order, residents.neighbourhood, pool, received, residents)


@njit(**PART)
def _hand_out(order, part, pool, received, residents):
    """Hand out a pool for each part to the people in it; the share of each pool that was used."""
    rest = pool.copy()
    for i in order:
        b = part[i]
        if b != NOBODY and rest[b] > 0.0:
            need = _unmet(i, residents.need, residents.met)
            if need > 0.0:
                x = min(need, rest[b])
                rest[b] -= x
                received[i] += x
                _meet(i, x / need, residents.need, residents.met)
    used = np.zeros(pool.size)
    for b in range(pool.size):
        if pool[b] > 0.0:
            used[b] = (pool[b] - rest[b]) / pool[b]
    return used


@njit(**PART)
def _unmet(i, need, met):
    hours = 0.0
    for k in range(len(KINDS)):
        hours += max(0.0, need[i, k] - met[i, k])
    return hours


@njit(**PART)
def _meet(i, share, need, met):
    """Meet this share of what is unmet, of every kind alike."""
    for k in range(len(KINDS)):
        needed, had = need[i, k], met[i, k]
        more = needed if share >= 1.0 else min(needed, had + share * (needed - had))
        met[i, k] = more if needed > had else had


@njit(**PART)
def _remember(months, hours):
    return ((months << 1) | (1 if hours > 0.0 else 0)) & THIS_YEAR_AND_LAST
