"""Survival, the plain hand: one body and one founder at a time, with the symbols of the room's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die, permanent_id
from sim.elementary import exp_plain as exp, expm1_plain as expm1, log_plain as log
from sim.indexes import lottery
from sim.ledger import Flow
from sim.state import ALLIES, EMPTY, KINDS, NOBODY, STRONG
from sim.units import monthly_chance

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.survival import Parameters

KEPT_OF_THE_CLOSED = ("id", "founded", "closed", "neighbourhood", "band", "serves_place")


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: a month of accounts, closings and foundings."""
    alive = [(g, charity) for g, charity in enumerate(community.charities) if charity.alive]
    free = [g for g, charity in enumerate(community.charities) if not charity.alive]
    work = work_for_weight([charity for _, charity in alive])
    closed = set()
    for g, charity in alive:
        keep_the_books(charity, community, p, dice)
        if cause := cause_to_close(charity, community, p, dice):
            community.ledger[cause] += 1
            wind_up(charity, community)
            closed.add(g)
    end_roles(closed, community)
    end_ties(closed, community)
    for i, band in founders(community, p, dice):
        if free:
            found(free.pop(0), band, community.residents[i], work, community, p, dice)


def keep_the_books(charity: Any, community: Community, p: Parameters, dice: Dice) -> None:
    """The month's spending and income, and once a year the account."""
    month = community.month
    income = charity.private_income + charity.grants + charity.contracts - charity.passed_on
    first_year = month - charity.founded < 12
    charity.income_past[month % 24] = income
    if first_year:
        set_costs(charity, income, community, p)
    spent = max(0.0, charity.costs - charity.rent_relief)
    charity.reserves -= spent
    community.ledger[Flow.CHARITY_SPENT] += spent
    if not first_year and (month - charity.id) % 12 == 0:
        settle_the_year(charity, spent, community, p, dice)


def set_costs(charity: Any, costs: float, community: Community, p: Parameters) -> None:
    """What it spends a month, and the paid hours in that."""
    charity.costs = costs
    charity.paid_hours = costs * community.bands[charity.band].staff_share / p.hour_gbp


def settle_the_year(charity: Any, spent: float, community: Community, p: Parameters, dice: Dice) -> None:
    """The account of twelve months, the costs of the next, and their luck."""
    month = community.month
    Y = 0.0
    for past in range(month, month - 12, -1):
        Y += charity.income_past[past % 24]
    charity.deficits = charity.deficits + 1 if 12.0 * spent - 1.0 > Y else 0
    settle_costs(charity, Y, community, p)
    e, rho, s = dice.normal(Die.BOOKS_LUCK, charity.id), p.luck_persistence, p.luck_spread
    charity.luck = rho * charity.luck + s * e - s * s / (2.0 * (1.0 + rho))


def settle_costs(charity: Any, Y: float, community: Community, p: Parameters) -> None:
    """Costs move towards income and towards the reserves aimed at."""
    C, R = charity.costs, charity.reserves
    state = charity.grants_base + charity.contracts_base
    total = charity.private_base + state
    m = p.reserve_months - (p.reserve_months - p.reserve_months_state) * (state / total if total > 0.0 else 0.0)
    moved = C + p.costs_follow * (Y / 12.0 - C) + p.reserves_follow * (R - m * C) / 12.0
    set_costs(charity, max(0.0, moved), community, p)


def cause_to_close(charity: Any, community: Community, p: Parameters, dice: Dice) -> Flow | None:
    """Why a body closes this month, if it does."""
    u, anyhow = dice.uniform(Die.CLOSES, charity.id), community.bands[charity.band].close_chance
    if charity.band == 0:
        young = community.month - charity.founded < p.group_young_months
        chance = -expm1(-log(2.0) / p.group_half_life) if young else anyhow
        return Flow.GROUP_CLOSED if u < chance else None
    if charity.reserves <= 0.0 and charity.deficits >= p.bad_years:
        return Flow.CHARITY_INSOLVENT
    if u < anyhow:
        return Flow.CHARITY_CLOSED_ANYHOW
    founder_leaves = monthly_chance(p.founder_leaves_rate * p.no_successor_share) if charity.band == 1 else 0.0
    return Flow.CHARITY_FOUNDER_LEFT if u < anyhow + founder_leaves else None


def wind_up(charity: Any, community: Community) -> None:
    """What it owns, or owes, goes; the row is free."""
    community.ledger[Flow.CHARITY_WOUND_UP] += charity.reserves
    for name, value in vars(charity).items():
        if name not in KEPT_OF_THE_CLOSED:
            setattr(charity, name, [0.0] * len(value) if isinstance(value, list) else type(value)(0))
    charity.closed = community.month


def end_roles(closed: set[int], community: Community) -> None:
    """Roles, pledges and belongings end with the body."""
    for resident in community.residents:
        if resident.role in closed:
            community.ledger[Flow.LEFT_CLOSED] += 1
            resident.role, resident.gives_to, resident.pledged_hours = NOBODY, NOBODY, 0.0
        if resident.gives_to in closed:
            resident.gives_to, resident.pledged_hours = NOBODY, 0.0
        if resident.belongs in closed:
            community.ledger[Flow.BELONGING_CLOSED] += 1
            resident.belongs, resident.belonging = NOBODY, 0.0


def end_ties(closed: set[int], community: Community) -> None:
    """Partnerships with the body end, and alliances of either direction."""
    for partnership in community.partnerships:
        if partnership.charity in closed:
            community.ledger[Flow.PARTNERSHIP_CLOSED] += 1
            partnership.charity, partnership.second = EMPTY, NOBODY
            partnership.strength, partnership.born, partnership.used = 0.0, 0, 0
    for slot, alliance in enumerate(community.alliances):
        if alliance.other != EMPTY and closed & {alliance.other, slot // ALLIES}:
            community.ledger[Flow.ALLIANCE_CLOSED] += 1
            alliance.other, alliance.who, alliance.strength, alliance.born = EMPTY, 0, 0.0, 0


def work_for_weight(alive: list[Any]) -> float:
    """Hours of work that bodies ask for their weight in joining."""
    work = weight = 0.0
    for charity in alive:
        work += charity.work_hours
        weight += charity.joining_weight
    return work / weight if weight > 0.0 else 0.0


def founders(community: Community, p: Parameters, dice: Dice) -> list[tuple[int, int]]:
    """(row of the founder, band of what is founded), in the order of the lottery."""
    strong = strong_ties(community)
    pull = [pull_of_need(b, community, p) for b in range(len(community.neighbourhoods))]
    register, cluster = community.constants.register_chance, community.constants.group_chance
    groups, charities = set(), set()
    for i, resident in enumerate(community.residents):
        drawn = pull[resident.neighbourhood]
        if resident.role != NOBODY and dice.uniform(Die.FOUNDS_CHARITY, resident.id) < register * drawn:
            charities.add(i)
        elif strong[i] >= 3 and dice.uniform(Die.FOUNDS_GROUP, resident.id) < cluster * drawn:
            groups.add(i)
    ahead = lottery([dice.bits(Die.FOUNDS_HOME, resident.id) for resident in community.residents])
    for b, neighbourhood in enumerate(community.neighbourhoods):
        due = int(neighbourhood.groups_due + dice.uniform(Die.FOUNDS_GROUP, b))
        others = [i for i in ahead if community.residents[i].neighbourhood == b and i not in groups | charities]
        groups |= set(others[:due])
    found = [(i, 0 if i in groups else band(community.residents[i], community, dice)) for i in ahead
             if i in groups | charities]  # fmt: skip
    return [(i, of) for i, of in found if of != NOBODY]


def strong_ties(community: Community) -> list[int]:
    """How many strong ties each resident has."""
    return [
        sum(1 for tie, _ in ties if tie.strength >= STRONG) for ties in community.ties_by_resident()
    ]


def pull_of_need(b: int, community: Community, p: Parameters) -> float:
    """How unmet need in a neighbourhood moves founding there."""
    need = met = 0.0
    for resident in community.residents:
        if resident.neighbourhood == b:
            for kind in range(len(KINDS)):
                need += resident.need[kind]
                met += resident.met[kind]
    unmet = max(0.0, 1.0 - met / need) if need > 0.0 else 0.0
    k = p.need_pull
    return float((1.0 + k * unmet) / (1.0 + k * community.constants.unmet))


def band(founder: Any, community: Community, dice: Dice) -> int:
    """The band of a new charity; NOBODY where none has births."""
    births = [row.births for row in community.bands]
    return drawn(births[1:], dice.uniform(Die.FOUNDS_BAND, founder.id), first=1)


def drawn(weights: list[float], u: float, first: int = 0) -> int:
    """One of several by weight; NOBODY if all weigh nothing."""
    total = 0.0
    for weight in weights:
        total += weight
    left = u * total
    for place, weight in enumerate(weights):
        left -= weight
        if left < 0.0:
            return first + place
    return NOBODY


def found(g: int, band: int, founder: Any, work: float, community: Community, p: Parameters, dice: Dice) -> None:
    """A new body on a free row."""
    charity, new = community.charities[g], community.bands[band]
    closed = charity.closed
    for name, value in vars(charity).items():
        setattr(charity, name, [0.0] * len(value) if isinstance(value, list) else type(value)(0))
    charity.id = permanent_id(permanent_id(founder.id, community.month), 1_000_000)
    charity.alive, charity.founded, charity.closed = 1, community.month, closed
    charity.neighbourhood, charity.band, charity.serves_place = founder.neighbourhood, band, new.wide
    charity.weight, charity.kinds, charity.joining_weight = new.weight, list(new.kinds), new.joining_weight
    charity.work_hours = work * new.joining_weight
    spend = [service.spend_founding for service in community.services]
    charity.service = max(0, drawn(spend, dice.uniform(Die.FOUNDS_BAND, charity.id, 1)))
    charity.quality = exp(p.quality_spread * dice.normal(Die.BROKER_QUALITY, charity.id))
    charity.private_base = new.income * new.private_share
    charity.grants_base = new.income * new.grants_share
    charity.contracts_base = new.income * new.contracts_share
    charity.costs = charity.private_base + charity.grants_base + charity.contracts_base
    charity.paid_hours = charity.costs * new.staff_share / p.hour_gbp
    community.ledger[Flow.GROUP_FOUNDED if band == 0 else Flow.CHARITY_FOUNDED] += 1
    if band == 0 and founder.role == NOBODY:
        if founder.belongs != NOBODY:
            community.ledger[Flow.BELONGING_LAPSED] += 1
        community.ledger[Flow.BELONGING_MADE] += 1
        founder.belongs, founder.belonging = g, p.founder_strength
