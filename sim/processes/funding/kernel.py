"""Funding, the fast hand: the council's budget, then what it pays charities, then what charities get from others."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import derived_id
from sim.compiling import KERNEL, PART
from sim.elementary import exp, log
from sim.ledger import Flow
from sim.policy import ALL
from sim.state import EMPTY, LIBRARIES, NOBODY, PARTNERS
from sim.units import MONTHS_A_YEAR

COUNCIL_PAYS = 1
STATUTORY = 1
A_POUND = 1.0
"""Reserves are below nil when a pound or more is lacking: twelve twelfths of a sum need not be that sum to the bit."""
MOST_TIMES = 4.0
"""Most that anything beside its founding can come to; the least is one over it."""
MOST_LUCK = 10.0
MOST_OPEN = 10.0


@njit(**KERNEL)
def fund_the_month(
    council, services, charities, neighbourhoods, policies, neighbourhood, belongs, trust, trust_first,
    partnerships, filled, members, world, row, scale, p, ledger, month, seed,
):  # fmt: skip
    """The budget and its split, grants and contracts, private income, venues, and how the council chooses."""
    care, rest = _budget(council, world, row, p, ledger, month)
    rest = _pay_for_reorganising(council, rest, p, ledger)
    rest = _fill_the_purses(policies, neighbourhood, rest, ledger, month)
    left = _beside(rest, council.discretionary_founding[0])
    council.spend_statutory[0] = care
    council.spend_discretionary[0] = rest
    _choose(council, neighbourhoods, left, p)
    _open_venues(neighbourhoods, left, p, seed)
    tilt = _tilt(charities, neighbourhoods, neighbourhood, partnerships, filled, p)
    grants = _let_grants(charities, tilt, left, rest, p)
    granted = 0.0
    for g in range(grants.size):
        granted += grants[g]
    handed = _handed_over(neighbourhoods.library_run_by)
    contracts = _run_services(services, charities, care, max(0.0, rest - granted), handed, scale, p, ledger)
    _pay_charities(charities, grants, contracts, p, ledger)
    earn(charities, _members(belongs, charities.id.size), members, _trust(trust, trust_first), world.household[row],
         p, ledger)  # fmt: skip


@njit(**PART)
def _budget(council, world, row, p, ledger, month):
    """What goes to care and what is left, pounds this month."""
    core = council.core_founding[0] * (world.core_funding[row] if p.cuts else 1.0)
    other = council.other_founding[0] * (world.other_income[row] if p.cuts else 1.0)
    if month % MONTHS_A_YEAR == 0:
        _plan_the_year(council, core + other, p)
    founding = council.core_founding[0] + council.other_founding[0]
    saved = council.saved_share[0] * founding
    spend = core + other + 12.0 * council.draw[0] + saved
    cut = 1.0 - spend / founding if founding > 0.0 else 0.0
    care = council.care_share[0] * founding * (1.0 - (1.0 - p.care_floor) * cut) * world.care_demand[row]
    council.income[0] = (core + other) / 12.0
    council.reserves[0] -= council.draw[0] + max(0.0, care - spend) / 12.0
    ledger[Flow.COUNCIL_CORE] += core / 12.0
    ledger[Flow.COUNCIL_OTHER] += other / 12.0
    ledger[Flow.COUNCIL_SAVED] += saved / 12.0
    return care / 12.0, max(0.0, spend - care) / 12.0


@njit(**PART)
def _plan_the_year(council, income, p):
    last = council.spend_last_year[0]
    reserves = council.reserves[0]
    if income < last:
        draw = min(max(0.0, reserves), p.smoothing * (last - income))
    else:
        draw = -min(p.smoothing * (income - last), max(0.0, council.reserves_target[0] - reserves))
    council.section_114[0] = 1 if reserves < -A_POUND else 0
    council.draw[0] = draw / 12.0
    council.spend_last_year[0] = income + draw


@njit(**PART)
def _pay_for_reorganising(council, rest, p, ledger):
    """An instalment of what is due; gives what is left of the rest."""
    founding = council.core_founding[0] + council.other_founding[0]
    paid = min(council.reorganisation_due[0], p.reorganisation_pace * founding / 12.0, rest)
    council.reorganisation_due[0] -= paid
    ledger[Flow.COUNCIL_REORGANISATION] += paid
    return rest - paid


@njit(**PART)
def _fill_the_purses(policies, neighbourhood, rest, ledger, month):
    """Pay into every purse what is due this month, and say what is left of the council's discretionary money."""
    for row in range(policies.dose.size):
        policies.received[row] = 0.0
        after = month - policies.start[row] - policies.months[row]
        if month < policies.start[row] or after >= policies.taper[row]:
            continue
        share = min(1.0, (month - policies.start[row] + 1.0) / (policies.ramp[row] + 1.0))
        if after >= 0:
            share *= 1.0 - (after + 1.0) / (policies.taper[row] + 1.0)
        residents = neighbourhood.size
        where = policies.where[row]
        if where > ALL:
            residents = np.sum(neighbourhood == where)
        elif where < ALL:
            residents = np.sum(neighbourhood < ALL - where)
        paid = policies.dose[row] * residents / 12.0 * share
        if policies.payer[row] == COUNCIL_PAYS:
            paid = min(paid, rest)
            rest -= paid
            ledger[Flow.COUNCIL_NURTURE] += paid
            ledger[Flow.PURSE_COUNCIL] += paid
        else:
            ledger[Flow.PURSE_OUTSIDE] += paid
        policies.received[row] = paid
        policies.balance[row] += paid
    return rest


@njit(**PART)
def _beside(amount, founding):
    """An amount beside its founding one; 1 where there was none."""
    return min(MOST_TIMES, amount / founding) if founding > 0.0 else 1.0


@njit(**PART)
def _within(ratio):
    return min(MOST_TIMES, max(1.0 / MOST_TIMES, ratio))


@njit(**PART)
def _choose(council, neighbourhoods, left, p):
    """How far the council opens its hours to joint work, and where it decides."""
    opened = (1.0 + p.culture_effect * council.culture[0]) * (1.0 + p.rethink * (1.0 - left))
    council.openness[0] = min(MOST_OPEN, max(0.0, opened))
    neighbourhoods.decides[:] = p.decide_at
    council.modes_differ[0] = p.modes


@njit(**PART)
def _open_venues(neighbourhoods, left, p, seed):
    """The same places shut first whenever money falls, and open again when it returns."""
    until = 1.0 - p.closing * max(0.0, 1.0 - left)
    for b in range(neighbourhoods.venues.size):
        here = derived_id(seed, b)
        opened = 0
        for v in range(neighbourhoods.venues[b]):
            u = np.float64(derived_id(here, v) >> 11) * 2.0**-52
            opened |= (1 if u < until else 0) << v
        neighbourhoods.venues_open[b] = opened


@njit(**PART)
def _tilt(charities, neighbourhoods, neighbourhood, partnerships, filled, p):
    """How much more or less of the council's grants each charity gets, for its voice and its neighbourhood's need."""
    heads = np.zeros(neighbourhoods.needed.size)
    for b in neighbourhood:
        heads[b] += 1.0
    strongest = np.zeros(charities.id.size)
    for slot in range(partnerships.charity.size):
        g = partnerships.charity[slot]
        if g != EMPTY and filled[slot // PARTNERS]:
            strongest[g] = max(strongest[g], partnerships.strength[slot])
    tilt = np.empty(strongest.size)
    for g in range(tilt.size):
        need = 1.0
        b = charities.neighbourhood[g]
        if charities.serves_place[g] == 0 and heads[b] > 0.0:
            true = neighbourhoods.needed[b] * neighbourhood.size / heads[b]
            need = _within(1.0 + neighbourhoods.picture_need[b] * (true - 1.0))
        tilt[g] = (1.0 + p.voice * strongest[g]) * (1.0 + p.need_tilt * (need - 1.0))
    return tilt


@njit(**PART)
def _let_grants(charities, tilt, left, rest, p):
    """The council's grant to each charity: tilted, with the sum as it is without, and no more than the rest."""
    grants = np.zeros(tilt.size)
    total = 0.0
    weighed = 0.0
    for g in range(tilt.size):
        if charities.alive[g] == 1:
            grants[g] = p.council_part * charities.grants_base[g] * left
            total += grants[g]
            grants[g] *= tilt[g]
            weighed += grants[g]
    for g in range(tilt.size):
        grants[g] *= min(total, rest) / weighed if weighed > 0.0 else 0.0
    return grants


@njit(**PART)
def _handed_over(run_by):
    """The share of neighbourhoods whose library a charity runs."""
    handed = 0.0
    for charity in run_by:
        handed += 1.0 if charity != 0 else 0.0
    return handed / run_by.size


@njit(**PART)
def _free_libraries(services, handed, p):
    """What charities' libraries cost no longer goes to the other discretionary services."""
    if handed == 0.0 or services.spend.size <= LIBRARIES:
        return
    others = 0.0
    for s in range(services.spend.size):
        if s != LIBRARIES and services.statutory[s] != STATUTORY:
            others += services.share[s]
    if others <= 0.0:
        return
    freed = p.library_freed * handed * services.spend[LIBRARIES]
    services.spend[LIBRARIES] -= freed
    for s in range(services.spend.size):
        if s != LIBRARIES and services.statutory[s] != STATUTORY:
            services.spend[s] += freed * (services.share[s] / others)


@njit(**PART)
def _run_services(services, charities, care, rest, handed, scale, p, ledger):
    """Each service's money, its contracts and the hours that the remainder buys; gives the contract of each charity."""
    contracts = np.zeros(charities.id.size)
    due = np.zeros(services.spend.size)
    for s in range(due.size):
        services.spend[s] = services.share[s] * (care if services.statutory[s] == STATUTORY else rest)
    _free_libraries(services, handed, p)
    for g in range(contracts.size):
        if charities.alive[g] == 1:
            s = charities.service[g]
            ratio = _beside(services.spend[s], services.spend_founding[s])
            contracts[g] = p.council_part * charities.contracts_base[g] * ratio
            due[s] += contracts[g]
    for g in range(contracts.size):
        s = charities.service[g]
        if due[s] > services.spend[s]:
            contracts[g] *= services.spend[s] / due[s]
    ledger[Flow.COUNCIL_STATUTORY] += care
    ledger[Flow.COUNCIL_DISCRETIONARY] += rest
    for s in range(due.size):
        services.contracts[s] = min(due[s], services.spend[s])
        services.hours[s] = scale * (services.spend[s] - services.contracts[s]) / p.council_hour_gbp
        flow = Flow.COUNCIL_STATUTORY if services.statutory[s] == STATUTORY else Flow.COUNCIL_DISCRETIONARY
        ledger[flow] -= services.contracts[s]
    return contracts


@njit(**PART)
def _pay_charities(charities, grants, contracts, p, ledger):
    """State money of the month, the council's and others', by grant and by contract."""
    others_grants = np.zeros(grants.size)
    others_contracts = np.zeros(grants.size)
    income = np.zeros(grants.size)
    for g in range(grants.size):
        if charities.alive[g] == 1:
            others_grants[g] = (1.0 - p.council_part) * charities.grants_base[g]
            others_contracts[g] = (1.0 - p.council_part) * charities.contracts_base[g]
            income[g] = charities.private_base[g] + charities.grants_base[g] + charities.contracts_base[g]
    if not p.modes:
        for money in (grants, contracts, others_grants, others_contracts):
            _share_out(money, income)
    for g in range(grants.size):
        charities.grants[g] = grants[g] + others_grants[g]
        charities.contracts[g] = contracts[g] + others_contracts[g]
        charities.from_council[g] = grants[g] + contracts[g]
        ledger[Flow.COUNCIL_GRANTS] += grants[g]
        ledger[Flow.COUNCIL_CONTRACTS] += contracts[g]
        ledger[Flow.STATE_GRANTS] += others_grants[g]
        ledger[Flow.STATE_CONTRACTS] += others_contracts[g]


@njit(**PART)
def _share_out(money, income):
    """The same sum, pro rata to income."""
    total = 0.0
    all_income = 0.0
    for g in range(money.size):
        total += money[g]
        all_income += income[g]
    for g in range(money.size):
        money[g] = total * (income[g] / all_income) if all_income > 0.0 else 0.0


@njit(**PART)
def _members(belongs, charities):
    count = np.zeros(charities)
    for g in belongs:
        if g != NOBODY:
            count[g] += 1.0
    return count


@njit(**PART)
def _trust(trust, trust_first):
    """Trust in charities beside its founding mean."""
    now = 0.0
    first = 0.0
    for i in range(trust.size):
        now += trust[i]
        first += trust_first[i]
    return _within(now / first) if first > 0.0 else 1.0


@njit(**PART)
def earn(charities, members, members_founding, trust, household, p, ledger):
    """Private income of the month; all income goes into reserves, from which costs are paid."""
    trusted = exp(p.trust_power * log(trust))
    for g in range(members.size):
        charities.private_income[g] = 0.0
        if charities.alive[g] == 1:
            belonging = _within((members[g] + 1.0) / (members_founding[charities.band[g]] + 1.0))
            lucky = charities.private_base[g] * exp(min(MOST_LUCK, charities.luck[g])) * household
            earned = lucky * exp(p.members_power * log(belonging)) * trusted
            state = charities.grants[g] + charities.contracts[g]
            cut = charities.grants_base[g] + charities.contracts_base[g] - state
            charities.private_income[g] = max(0.0, earned + p.crowd_give * cut)
            charities.reserves[g] += charities.private_income[g] + state
            ledger[Flow.PRIVATE_INCOME] += charities.private_income[g]
