"""Funding, the plain hand: the same month by the equations, in their symbols, one body at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.chance import Dice, permanent_id
from sim.elementary import exp_plain as exp, log_plain as log
from sim.ledger import Flow
from sim.policy import reaches
from sim.state import EMPTY, LIBRARIES, PARTNERS

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.funding import Parameters

COUNCIL_PAYS = 1


def advance_reference(community: Community, p: Parameters, _dice: Dice) -> None:
    """The plain hand: a month of the council's and the charities' money."""
    council = community.council
    set_the_budget(community, p)
    pay_for_reorganising(community, p)
    fill_the_purses(community)
    rest = council.spend_discretionary
    f = beside(rest, council.discretionary_founding)
    council.openness = min(10.0, max(0.0, (1.0 + p.culture_effect * council.culture) * (1.0 + p.rethink * (1.0 - f))))
    council.modes_differ = int(p.modes)
    for b, place in enumerate(community.neighbourhoods):
        place.decides = int(p.decide_at == "neighbourhood")
        place.venues_open = venues_open(b, place, f, community.seed, p)
    grants = let_grants(community, f, p)
    granted = 0.0
    for grant in grants:
        granted += grant
    for service in community.services:
        block = council.spend_statutory if service.statutory else max(0.0, rest - granted)
        service.spend = service.share * block
    free_libraries(community, p)
    community.ledger[Flow.COUNCIL_STATUTORY] += council.spend_statutory
    community.ledger[Flow.COUNCIL_DISCRETIONARY] += max(0.0, rest - granted)
    contracts = let_contracts(community, p)
    pay_charities(community, grants, contracts, p)
    T = trust_beside_founding(community)
    belonging = community.residents_by_charity()
    for g, charity in enumerate(community.charities):
        earn(len(belonging[g]), charity, T, community, p)


def set_the_budget(community: Community, p: Parameters) -> None:
    """Income along the path, reserves, care first, and the rest."""
    council, world, ledger = community.council, community.drivers, community.ledger
    core_0, other_0 = council.core_founding, council.other_founding
    core, other = (core_0 * world.core_funding, other_0 * world.other_income) if p.cuts else (core_0, other_0)
    income, total_0 = core + other, core_0 + other_0
    if community.month % 12 == 0:
        plan_the_year(council, income, p)
    saved = council.saved_share * total_0
    spend = income + 12.0 * council.draw + saved
    cut = 1.0 - spend / total_0 if total_0 > 0.0 else 0.0
    care = council.care_share * total_0 * (1.0 - (1.0 - p.care_floor) * cut) * world.care_demand
    council.reserves -= council.draw + max(0.0, care - spend) / 12.0
    council.income = income / 12.0
    council.spend_statutory = care / 12.0
    council.spend_discretionary = max(0.0, spend - care) / 12.0
    for flow, year in ((Flow.COUNCIL_CORE, core), (Flow.COUNCIL_OTHER, other), (Flow.COUNCIL_SAVED, saved)):
        ledger[flow] += year / 12.0


def plan_the_year(council: Any, income: float, p: Parameters) -> None:
    """In April: what the year draws from reserves or pays in, and whether a section 114 notice stands."""
    last, council.spend_last_year = council.spend_last_year, income
    if income < last:
        draw = min(max(0.0, council.reserves), p.smoothing * (last - income))
    else:
        room = council.reserves_target - council.reserves
        draw = -min(p.smoothing * (income - last), max(0.0, room))
    council.draw = draw / 12.0
    council.spend_last_year += draw
    council.section_114 = int(council.reserves < -1.0)


def pay_for_reorganising(community: Community, p: Parameters) -> None:
    """An instalment of what reorganising has cost, as far as discretionary money goes."""
    council = community.council
    most = p.reorganisation_pace * (council.core_founding + council.other_founding) / 12.0
    paid = min(council.reorganisation_due, most, council.spend_discretionary)
    council.reorganisation_due -= paid
    council.spend_discretionary -= paid
    community.ledger[Flow.COUNCIL_REORGANISATION] += paid


def fill_the_purses(community: Community) -> None:
    """Pay into every purse what is due this month; the council pays from its discretionary money."""
    council, ledger = community.council, community.ledger
    for policy in community.policies:
        past = community.month - (policy.start + policy.months)
        due = community.month >= policy.start and past < policy.taper
        rising = min(1.0, (community.month - policy.start + 1) / (policy.ramp + 1))
        fading = 1.0 if past < 0 else 1.0 - (past + 1) / (policy.taper + 1)
        share = rising * fading
        reached = [r for r in community.residents if reaches(policy.where, r.neighbourhood)]
        policy.received = policy.dose * len(reached) / 12.0 * share if due else 0.0
        if policy.payer == COUNCIL_PAYS:
            policy.received = min(policy.received, council.spend_discretionary)
            council.spend_discretionary -= policy.received
            ledger[Flow.COUNCIL_NURTURE] += policy.received
            ledger[Flow.PURSE_COUNCIL] += policy.received
        else:
            ledger[Flow.PURSE_OUTSIDE] += policy.received
        policy.balance += policy.received


def beside(now: float, founding: float) -> float:
    """Up to four times what it was at founding; 1 where there was none."""
    return min(4.0, now / founding) if founding > 0.0 else 1.0


def within(ratio: float) -> float:
    """From a quarter to four times."""
    return min(4.0, max(0.25, ratio))


def venues_open(b: int, place: Any, f: float, seed: int, p: Parameters) -> int:
    """The places to meet that are open, a bit each."""
    opened = 0
    for v in range(place.venues):
        u_bv = (permanent_id(permanent_id(seed, b), v) // 2**11) / 2**52
        if u_bv < 1.0 - p.closing * max(0.0, 1.0 - f):
            opened += 2**v
    return opened


def let_grants(community: Community, f: float, p: Parameters) -> list[float]:
    """The council's grant to each charity; tilting leaves the sum as it is."""
    rest = community.council.spend_discretionary
    level = [p.council_part * c.grants_base * f if c.alive else 0.0 for c in community.charities]
    people = community.residents_by_neighbourhood()
    tilted = [x * tilt(g, people, community, p) if x > 0.0 else 0.0 for g, x in enumerate(level)]
    total, tilted_total = 0.0, 0.0
    for x, y in zip(level, tilted, strict=True):
        total += x
        tilted_total += y
    S = min(total, rest) / tilted_total if tilted_total > 0.0 else 0.0
    return [y * S for y in tilted]


def tilt(g: int, people: list[list[int]], community: Community, p: Parameters) -> float:
    """More for who has a partnership, and for who is at home where need is seen."""
    charity, b = community.charities[g], community.charities[g].neighbourhood
    w_g = 0.0
    for slot, tie in enumerate(community.partnerships):
        if tie.charity == g != EMPTY and community.officers[slot // PARTNERS].filled:
            w_g = max(w_g, tie.strength)
    r_g = 1.0
    heads = len(people[b])
    if not charity.serves_place and heads:
        place = community.neighbourhoods[b]
        r_g = within(1.0 + place.picture_need * (place.needed * len(community.residents) / heads - 1.0))
    return float((1.0 + p.voice * w_g) * (1.0 + p.need_tilt * (r_g - 1.0)))


def free_libraries(community: Community, p: Parameters) -> None:
    """Spending on libraries that charities run goes to the other discretionary services."""
    handed = len([place for place in community.neighbourhoods if place.library_run_by])
    libraries = community.services[LIBRARIES] if len(community.services) > LIBRARIES else None
    rest = [service for service in community.services if service is not libraries and not service.statutory]
    shares = 0.0
    for service in rest:
        shares += service.share
    if libraries is None or not handed or shares <= 0.0:
        return
    freed = p.library_freed * (handed / len(community.neighbourhoods)) * libraries.spend
    libraries.spend -= freed
    for service in rest:
        service.spend += freed * (service.share / shares)


def let_contracts(community: Community, p: Parameters) -> list[float]:
    """The council's contract with each charity, out of its service; what is left buys the service's own hours."""
    c = p.council_part
    due = [0.0 for _ in community.services]
    contracts = []
    for charity in community.charities:
        service = community.services[charity.service]
        wanted = c * charity.contracts_base * beside(service.spend, service.spend_founding) if charity.alive else 0.0
        contracts.append(wanted)
        due[charity.service] += wanted
    for g, charity in enumerate(community.charities):
        spend = community.services[charity.service].spend
        if due[charity.service] > spend:
            contracts[g] *= spend / due[charity.service]
    for service, wanted in zip(community.services, due, strict=True):
        service.contracts = min(wanted, service.spend)
        service.hours = community.constants.council_scale * (service.spend - service.contracts) / p.council_hour_gbp
        flow = Flow.COUNCIL_STATUTORY if service.statutory else Flow.COUNCIL_DISCRETIONARY
        community.ledger[flow] -= service.contracts
    return contracts


def pay_charities(community: Community, grants: list[float], contracts: list[float], p: Parameters) -> None:
    """State money arrives: what the council and what the rest of the state pays."""
    charities, ledger, others = community.charities, community.ledger, 1.0 - p.council_part
    rest_grants = [others * c.grants_base if c.alive else 0.0 for c in charities]
    rest_contracts = [others * c.contracts_base if c.alive else 0.0 for c in charities]
    if not p.modes:
        income = [c.private_base + c.grants_base + c.contracts_base if c.alive else 0.0 for c in charities]
        grants, contracts = pro_rata(grants, income), pro_rata(contracts, income)
        rest_grants, rest_contracts = pro_rata(rest_grants, income), pro_rata(rest_contracts, income)
    for g, charity in enumerate(charities):
        charity.grants = grants[g] + rest_grants[g]
        charity.contracts = contracts[g] + rest_contracts[g]
        charity.from_council = grants[g] + contracts[g]
        ledger[Flow.COUNCIL_GRANTS] += grants[g]
        ledger[Flow.COUNCIL_CONTRACTS] += contracts[g]
        ledger[Flow.STATE_GRANTS] += rest_grants[g]
        ledger[Flow.STATE_CONTRACTS] += rest_contracts[g]


def pro_rata(money: list[float], income: list[float]) -> list[float]:
    """The same sum of money, to each by its income."""
    total, income_of_all = 0.0, 0.0
    for x, y in zip(money, income, strict=True):
        total += x
        income_of_all += y
    return [total * (y / income_of_all) if income_of_all > 0.0 else 0.0 for y in income]


def trust_beside_founding(community: Community) -> float:
    """T: trust in charities beside its founding mean."""
    now, first = 0.0, 0.0
    for resident in community.residents:
        now += resident.trust_charity
        first += resident.trust_charity_first
    return within(now / first) if first > 0.0 else 1.0


def earn(members: int, charity: Any, T: float, community: Community, p: Parameters) -> None:
    """Private income of one charity; all its income of the month goes into reserves."""
    charity.private_income = 0.0
    if not charity.alive:
        return
    M = within((members + 1) / (community.bands[charity.band].members + 1.0))
    earned = charity.private_base * exp(min(10.0, charity.luck)) * community.drivers.household
    earned = earned * exp(p.members_power * log(M)) * exp(p.trust_power * log(T))
    from_state = charity.grants + charity.contracts
    cut = charity.grants_base + charity.contracts_base - from_state
    charity.private_income = max(0.0, earned + p.crowd_give * cut)
    charity.reserves += charity.private_income + from_state
    community.ledger[Flow.PRIVATE_INCOME] += charity.private_income
