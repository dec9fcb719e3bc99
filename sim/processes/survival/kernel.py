"""Survival, the fast hand: books and fates row by row, then what ends with the closed, then foundings."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, bits, derived_id, normal_quantile, uniform, uniform2
from sim.compiling import KERNEL, PART
from sim.elementary import exp
from sim.indexes import in_lottery_order
from sim.ledger import Flow
from sim.state import ALLIES, EMPTY, NOBODY, SLOTS, STRONG

STAYS = -1
NO_FOUNDER, FOUNDS_CHARITY, FOUNDS_GROUP = 0, 1, 2
UNREGISTERED, MICRO = 0, 1
A_POUND = 1.0
"""An account is in deficit when a pound or more is lacking: twelve twelfths of a sum need not be the sum to the bit."""
CLUSTER = 3
"""Strong ties of one who can found a group."""
A_CHARITY = 1_000_000
"""Keeps a charity's id apart from that of its founder's successor, which is a hash of founder and generation."""


@njit(**KERNEL)
def live_the_month(residents, ties, charities, bands, services, neighbourhoods, partnerships, alliances, constants,
                   chances, p, streams, ledger, month):  # fmt: skip
    """Settle the accounts, close those that come to their end, and found new ones on the rows that were free."""
    free = _rows_that_are(charities.alive, 0)
    work = _work_for_weight(charities.alive, charities.work_hours, charities.joining_weight)
    keep_the_books(charities, bands, p, streams, ledger, month)
    causes = fates(charities, bands.close_chance, chances, p, streams, month)
    closed = 0
    for g in range(causes.size):
        if causes[g] != STAYS:
            ledger[causes[g]] += 1.0
            _wind_up(g, charities, ledger, month)
            closed += 1
    if closed > 0:
        _end_with_them(charities.alive, residents, partnerships, alliances, ledger)
    pull = _pull_of_need(residents.neighbourhood, residents.need, residents.met, neighbourhoods.x.size,
                         constants.unmet[0], p.need_pull)  # fmt: skip
    founds = _founders(residents.id, residents.role, residents.neighbourhood, ties, pull, constants, streams)
    _start_what_is_paid_for(founds, residents.id, residents.neighbourhood, neighbourhoods.groups_due, streams)
    taken = 0
    for i in _in_turn(founds, residents.id, streams):
        who = residents.id[i]
        band = _band(who, bands.births, streams) if founds[i] == FOUNDS_CHARITY else np.int64(UNREGISTERED)
        if taken < free.size and band != NOBODY:
            g = free[taken]
            taken += 1
            charities.neighbourhood[g] = residents.neighbourhood[i]
            charities.id[g] = derived_id(derived_id(who, month), A_CHARITY)
            make_body(g, band, charities, bands, services, work, p, streams, month)
            if band == UNREGISTERED:
                ledger[Flow.GROUP_FOUNDED] += 1.0
                _belong(i, g, residents.role, residents.belongs, residents.belonging, p.founder_strength, ledger)
            else:
                ledger[Flow.CHARITY_FOUNDED] += 1.0


@njit(**PART)
def _rows_that_are(column, value):
    rows = np.empty(column.size, np.int64)
    found = 0
    for row in range(column.size):
        rows[found] = row
        found += column[row] == value
    return rows[:found]


@njit(**KERNEL)
def keep_the_books(charities, bands, p, streams, ledger, month):
    """Every body spends the month's costs and notes its income; in its own month, it settles the year."""
    past, turn = month % 24, month % 12
    for g in range(charities.id.size):
        if charities.alive[g] == 1:
            income = charities.private_income[g] + charities.grants[g] + charities.contracts[g] - charities.passed_on[g]
            charities.income_past[g, past] = income
            first_year = month - charities.founded[g] < 12
            if first_year:
                charities.costs[g] = income
                charities.paid_hours[g] = income * bands.staff_share[charities.band[g]] / p.hour_gbp
            spent = max(0.0, charities.costs[g] - charities.rent_relief[g])
            charities.reserves[g] -= spent
            ledger[Flow.CHARITY_SPENT] += spent
            if charities.id[g] % 12 == turn and not first_year:
                _settle_the_year(g, spent, charities, bands, p, streams, month)


@njit(**PART)
def _settle_the_year(g, spent, charities, bands, p, streams, month):
    income = 0.0
    for back in range(12):
        income += charities.income_past[g, (month - back) % 24]
    charities.deficits[g] = charities.deficits[g] + 1 if income < 12.0 * spent - A_POUND else 0
    costs = charities.costs[g]
    months = _reserve_months(charities.private_base[g], charities.grants_base[g] + charities.contracts_base[g], p)
    gap = charities.reserves[g] - months * costs
    moved = costs + p.costs_follow * (income / 12.0 - costs) + p.reserves_follow * gap / 12.0
    charities.costs[g] = max(0.0, moved)
    charities.paid_hours[g] = charities.costs[g] * bands.staff_share[charities.band[g]] / p.hour_gbp
    e = normal_quantile(uniform(streams[Die.BOOKS_LUCK], charities.id[g]))
    drift = p.luck_spread * p.luck_spread / (2.0 * (1.0 + p.luck_persistence))
    charities.luck[g] = p.luck_persistence * charities.luck[g] + p.luck_spread * e - drift


@njit(**PART)
def _reserve_months(private, state, p):
    """Months of costs that a body aims to hold, by the state's share of what it was made to live on."""
    total = private + state
    share = state / total if total > 0.0 else 0.0
    return p.reserve_months - (p.reserve_months - p.reserve_months_state) * share


@njit(**KERNEL)
def fates(charities, close_chance, chances, p, streams, month):
    """The flow under which each body closes this month, or STAYS."""
    causes = np.full(charities.id.size, STAYS, np.int64)
    for g in range(causes.size):
        if charities.alive[g] == 1:
            solvent = charities.reserves[g] > 0.0 or charities.deficits[g] < p.bad_years
            band, age = charities.band[g], month - charities.founded[g]
            u = uniform(streams[Die.CLOSES], charities.id[g])
            causes[g] = _fate(band, age, solvent, close_chance[band], u, chances, p)
    return causes


@njit(**PART)
def _fate(band, age, solvent, anyhow, u, chances, p):
    """Why a body closes this month, if it does. ``chances``: of young groups, of founders' leaving for good."""
    if band == UNREGISTERED:
        chance = chances[0] if age < p.group_young_months else anyhow
        return np.int64(Flow.GROUP_CLOSED) if u < chance else np.int64(STAYS)
    if not solvent:
        return np.int64(Flow.CHARITY_INSOLVENT)
    if u < anyhow:
        return np.int64(Flow.CHARITY_CLOSED_ANYHOW)
    if band == MICRO and u < anyhow + chances[1]:
        return np.int64(Flow.CHARITY_FOUNDER_LEFT)
    return np.int64(STAYS)


@njit(**PART)
def _wind_up(g, charities, ledger, month):
    """Nothing is left of a closed body but who and what it was, where and when."""
    ledger[Flow.CHARITY_WOUND_UP] += charities.reserves[g]
    charities.alive[g] = 0
    charities.closed[g] = month
    charities.weight[g] = 0.0
    charities.service[g] = 0
    charities.quality[g] = 0.0
    for kind in range(charities.kinds.shape[1]):
        charities.kinds[g, kind] = 0.0
    charities.paid_hours[g] = 0.0
    charities.joining_weight[g] = 0.0
    charities.work_hours[g] = 0.0
    charities.private_base[g] = 0.0
    charities.grants_base[g] = 0.0
    charities.contracts_base[g] = 0.0
    charities.luck[g] = 0.0
    charities.costs[g] = 0.0
    charities.reserves[g] = 0.0
    charities.deficits[g] = 0
    _empty_the_month(g, charities)


@njit(**PART)
def _empty_the_month(g, charities):
    """No income, no past and nothing of what policies and people brought this month."""
    charities.bought_hours[g] = 0.0
    charities.connecting_hours[g] = 0.0
    charities.supported[g] = 0.0
    charities.load[g] = 0.0
    charities.private_income[g] = 0.0
    charities.grants[g] = 0.0
    charities.contracts[g] = 0.0
    charities.from_council[g] = 0.0
    charities.rent_relief[g] = 0.0
    charities.passed_on[g] = 0.0
    charities.asked_hours[g] = 0.0
    charities.joint_staff_hours[g] = 0.0
    for past in range(charities.income_past.shape[1]):
        charities.income_past[g, past] = 0.0


@njit(**PART)
def _end_with_them(alive, residents, partnerships, alliances, ledger):
    """Roles, belongings, partnerships and alliances end with the body to which they held."""
    for i in range(residents.role.size):
        if residents.role[i] != NOBODY and alive[residents.role[i]] == 0:
            residents.role[i] = NOBODY
            residents.gives_to[i] = NOBODY
            residents.pledged_hours[i] = 0.0
            ledger[Flow.LEFT_CLOSED] += 1.0
        if residents.gives_to[i] != NOBODY and alive[residents.gives_to[i]] == 0:
            residents.gives_to[i] = NOBODY
            residents.pledged_hours[i] = 0.0
        if residents.belongs[i] != NOBODY and alive[residents.belongs[i]] == 0:
            residents.belongs[i] = NOBODY
            residents.belonging[i] = 0.0
            ledger[Flow.BELONGING_CLOSED] += 1.0
    for slot in range(partnerships.charity.size):
        if partnerships.charity[slot] != EMPTY and alive[partnerships.charity[slot]] == 0:
            partnerships.charity[slot] = EMPTY
            partnerships.strength[slot] = 0.0
            partnerships.second[slot] = NOBODY
            partnerships.born[slot] = 0
            partnerships.used[slot] = 0
            ledger[Flow.PARTNERSHIP_CLOSED] += 1.0
    for slot in range(alliances.other.size):
        if alliances.other[slot] != EMPTY and (alive[alliances.other[slot]] == 0 or alive[slot // ALLIES] == 0):
            alliances.other[slot] = EMPTY
            alliances.who[slot] = 0
            alliances.strength[slot] = 0.0
            alliances.born[slot] = 0
            ledger[Flow.ALLIANCE_CLOSED] += 1.0


@njit(**PART)
def _work_for_weight(alive, work_hours, joining_weight):
    """Volunteer hours that the bodies there ask for each unit of their weight in joining."""
    work, weight = 0.0, 0.0
    for g in range(alive.size):
        if alive[g] == 1:
            work += work_hours[g]
            weight += joining_weight[g]
    return work / weight if weight > 0.0 else 0.0


@njit(**PART)
def _pull_of_need(neighbourhood, need, met, parts, unmet_founding, k):
    """How much more, or less, is founded in each neighbourhood for the need that is unmet there."""
    arisen, answered = np.zeros(parts), np.zeros(parts)
    for i in range(neighbourhood.size):
        for kind in range(need.shape[1]):
            arisen[neighbourhood[i]] += need[i, kind]
            answered[neighbourhood[i]] += met[i, kind]
    pull = np.empty(parts)
    for b in range(parts):
        unmet = max(0.0, 1.0 - answered[b] / arisen[b]) if arisen[b] > 0.0 else 0.0
        pull[b] = (1.0 + k * unmet) / (1.0 + k * unmet_founding)
    return pull


@njit(**PART)
def _founders(ids, role, neighbourhood, ties, pull, constants, streams):
    """What each resident founds this month, if anything."""
    founds = np.zeros(ids.size, np.int8)
    groups = 0
    for i in range(ids.size):
        drawn = pull[neighbourhood[i]]
        if role[i] != NOBODY and uniform(streams[Die.FOUNDS_CHARITY], ids[i]) < constants.register_chance[0] * drawn:
            founds[i] = FOUNDS_CHARITY
        elif uniform(streams[Die.FOUNDS_GROUP], ids[i]) < constants.group_chance[0] * drawn:
            founds[i] = FOUNDS_GROUP
            groups += 1
    if groups > 0:
        strong = _strong_ties(ties.alter, ties.strength, ids.size)
        for i in range(ids.size):
            if founds[i] == FOUNDS_GROUP and strong[i] < CLUSTER:
                founds[i] = NO_FOUNDER
    return founds


@njit(**PART)
def _strong_ties(alter, strength, residents):
    """How many strong ties each resident has. Luck decides which are strong, so this does not branch on it."""
    strong = np.zeros(residents, np.int32)
    for slot in range(alter.size):
        counts = np.int32((alter[slot] != EMPTY) & (strength[slot] >= STRONG))
        strong[slot // SLOTS] += counts
        strong[max(0, alter[slot])] += counts
    return strong


@njit(**PART)
def _start_what_is_paid_for(founds, ids, neighbourhood, groups_due, streams):
    """Groups that grants start: by residents of the neighbourhood, in keyed order."""
    due = np.zeros(groups_due.size, np.int64)
    left = 0
    for b in range(due.size):
        due[b] = int(groups_due[b] + uniform(streams[Die.FOUNDS_GROUP], b))
        left += due[b]
    if left == 0:
        return
    tickets = np.empty(ids.size, np.uint64)
    for i in range(ids.size):
        tickets[i] = bits(streams[Die.FOUNDS_HOME], ids[i])
    for i in in_lottery_order(tickets):
        b = neighbourhood[i]
        if due[b] > 0 and founds[i] == NO_FOUNDER:
            founds[i] = FOUNDS_GROUP
            due[b] -= 1


@njit(**PART)
def _in_turn(founds, ids, streams):
    """Rows of the founders, in the order of the lottery that hands out free rows."""
    founders = np.empty(ids.size, np.int64)
    found = 0
    for i in range(ids.size):
        founders[found] = i
        found += founds[i] != NO_FOUNDER
    tickets = np.empty(found, np.uint64)
    for f in range(found):
        tickets[f] = bits(streams[Die.FOUNDS_HOME], ids[founders[f]])
    turn = in_lottery_order(tickets)
    for f in range(found):
        turn[f] = founders[turn[f]]
    return turn


@njit(**PART)
def _band(founder, births, streams):
    """The band of a new charity, as births fall; NOBODY where no band has births."""
    total = 0.0
    for band in range(MICRO, births.size):
        total += births[band]
    left = uniform(streams[Die.FOUNDS_BAND], founder) * total
    for band in range(MICRO, births.size):
        left -= births[band]
        if left < 0.0:
            return np.int64(band)
    return np.int64(NOBODY)


@njit(**KERNEL)
def make_body(g, band, charities, bands, services, work, p, streams, month):
    """Make row g a new body of a band. Its id and neighbourhood must stand; ``work`` is hours for joining weight."""
    who, income = charities.id[g], bands.income[band]
    charities.alive[g] = 1
    charities.founded[g] = month
    charities.band[g] = band
    charities.serves_place[g] = bands.wide[band]
    charities.weight[g] = bands.weight[band]
    charities.service[g] = _service(who, services.spend_founding, streams)
    charities.quality[g] = exp(p.quality_spread * normal_quantile(uniform(streams[Die.BROKER_QUALITY], who)))
    for kind in range(bands.kinds.shape[1]):
        charities.kinds[g, kind] = bands.kinds[band, kind]
    charities.joining_weight[g] = bands.joining_weight[band]
    charities.work_hours[g] = work * bands.joining_weight[band]
    charities.private_base[g] = income * bands.private_share[band]
    charities.grants_base[g] = income * bands.grants_share[band]
    charities.contracts_base[g] = income * bands.contracts_share[band]
    charities.luck[g] = 0.0
    charities.costs[g] = charities.private_base[g] + charities.grants_base[g] + charities.contracts_base[g]
    charities.paid_hours[g] = charities.costs[g] * bands.staff_share[band] / p.hour_gbp
    charities.reserves[g] = 0.0
    charities.deficits[g] = 0
    _empty_the_month(g, charities)


@njit(**PART)
def _service(who, spend, streams):
    """The service whose contracts a body would hold, by what services spend."""
    total = 0.0
    for s in range(spend.size):
        total += spend[s]
    left = uniform2(streams[Die.FOUNDS_BAND], who, 1) * total
    for s in range(spend.size):
        left -= spend[s]
        if left < 0.0:
            return s
    return 0


@njit(**PART)
def _belong(i, g, role, belongs, belonging, strength, ledger):
    """A founder belongs to the own group, unless a role holds elsewhere."""
    if role[i] == NOBODY:
        if belongs[i] != NOBODY:
            ledger[Flow.BELONGING_LAPSED] += 1.0
        belongs[i] = g
        belonging[i] = strength
        ledger[Flow.BELONGING_MADE] += 1.0
