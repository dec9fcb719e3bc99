"""Nurture of charities, the plain hand: one purse and one body at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sim.chance import GOLDEN, Dice, Die, mix_plain, permanent_id
from sim.indexes import lottery
from sim.ledger import Flow
from sim.policy import PAYERS, reaches
from sim.state import LIBRARY

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.nurture import Parameters


def wipe(community: Community) -> None:
    """What was bought last month is used up."""
    for charity in community.charities:
        charity.bought_hours = charity.connecting_hours = charity.supported = 0.0
        charity.rent_relief = charity.passed_on = charity.asked_hours = 0.0
    for neighbourhood in community.neighbourhoods:
        neighbourhood.groups_due = 0.0


def within(policy: Any, community: Community) -> list[tuple[int, Any]]:
    """(row, charity) of those alive that are at home where the policy works."""
    return [
        (g, charity)
        for g, charity in enumerate(community.charities)
        if charity.alive and reaches(policy.where, charity.neighbourhood)
    ]


def settle(policy: Any, bought: float, cost: float, to_charities: float, community: Community) -> None:
    """Take the cost out of the purse; what charities did not get went on the instrument and its host."""
    policy.people = float(bought)
    policy.spent = min(policy.balance, cost)
    policy.balance -= policy.spent
    community.ledger[Flow.PURSE_SPENT] += max(0.0, policy.spent - to_charities)


def pay(charity: Any, pounds: float, policy: Any, community: Community) -> None:
    """A grant, which stays with the charity."""
    charity.reserves += pounds
    charity.grants += pounds
    if PAYERS[policy.payer] == "council":
        charity.from_council += pounds
    community.ledger[Flow.PURSE_TO_CHARITIES] += pounds


def in_parts(weights: dict[int, float], whole: float, room: dict[int, float]) -> dict[int, float]:
    """The whole, by weight, to each no more than there is room for. Nothing goes where the weight is nil."""
    total = 0.0
    for weight in weights.values():
        total += weight
    return {g: min(whole * (w / total), max(0.0, room[g])) for g, w in weights.items() if w > 0.0}


def give(policy: Any, given: dict[int, float], community: Community, p: Parameters) -> None:
    """A pound is a pound: all of the purse, by ordinary income."""
    income = {g: c.private_base + c.grants_base + c.contracts_base for g, c in within(policy, community)}
    room = {g: p.most_growth * y - given[g] for g, y in income.items()}
    paid = 0.0
    for g, pounds in in_parts(income, max(0.0, policy.balance) / (1.0 + policy.overhead), room).items():
        given[g] += pounds
        paid += pounds
        pay(community.charities[g], pounds, policy, community)
    settle(policy, paid, paid * (1.0 + policy.overhead), paid, community)


def let_contracts(policy: Any, community: Community, p: Parameters, _dice: Dice) -> None:
    """Buy paid hours of those who hold contracts."""
    held = {g: c.contracts_base for g, c in within(policy, community)}
    room = {g: p.most_growth * c.paid_hours - c.bought_hours for g, c in within(policy, community)}
    hours, paid = 0.0, 0.0
    whole = max(0.0, policy.balance) / (p.charity_hour_gbp * (1.0 + policy.overhead))
    for g, bought in in_parts(held, whole, room).items():
        charity, pounds = community.charities[g], bought * p.charity_hour_gbp
        charity.bought_hours += bought
        charity.contracts += pounds
        charity.passed_on += pounds
        charity.from_council += pounds if PAYERS[policy.payer] == "council" else 0.0
        community.ledger[Flow.PURSE_TO_CHARITIES] += pounds
        community.ledger[Flow.CHARITY_SPENT] += pounds
        hours += bought
        paid += pounds
    settle(policy, hours, paid * (1.0 + policy.overhead), paid, community)


def turn(key: int, who: int) -> int:
    """64 bits of one id under a key of its own."""
    return mix_plain(key + who * GOLDEN)


def grant(policy: Any, community: Community, p: Parameters, dice: Dice) -> None:
    """Whole grants to bodies with less than 100,000 pounds a year, in the order of a lottery."""
    small = [c for _, c in within(policy, community) if c.band in {0, 1, 2}]
    order = lottery([turn(dice.bits(Die.GRANT_TO, c.id), policy.id) for c in small])
    cost = p.grant_gbp * (1.0 + policy.overhead)
    n = min(len(small), max(0, math.floor(policy.balance / cost)))
    for charity in [small[place] for place in order[:n]]:
        pay(charity, p.grant_gbp, policy, community)
        u = dice.uniform(Die.GRANT_WORKS, charity.id, policy.id)
        if u < 0.5 * p.grant_works:
            community.neighbourhoods[charity.neighbourhood].groups_due += 1.0
        elif u < p.grant_works:
            twice = 2.0 * community.bands[charity.band].joining_weight
            more = charity.joining_weight * p.grant_extends
            charity.joining_weight = min(more, max(twice, charity.joining_weight))
    settle(policy, n, n * cost, n * p.grant_gbp, community)


def share_assets(policy: Any, community: Community, p: Parameters, _dice: Dice) -> None:
    """Open closed places to meet; a registered charity at home there takes each over."""
    closed = []
    for b, neighbourhood in enumerate(community.neighbourhoods):
        if reaches(policy.where, b):
            ours = [v for v in range(neighbourhood.venues) if v != LIBRARY or not neighbourhood.library_run_by]
            shut = [v for v in ours if not neighbourhood.venues_open >> v & 1]
            key = permanent_id(permanent_id(community.seed, policy.id), b)
            closed += [(turn(key, v), b, v) for v in shut]
    cost = p.asset_gbp / 12.0 * (1.0 + policy.overhead)
    n = min(len(closed), max(0, math.floor(policy.balance / cost)))
    order = lottery([building for building, _, _ in closed])
    for building, b, v in [closed[place] for place in order[:n]]:
        community.neighbourhoods[b].venues_open |= 1 << v
        hosts = [c for c in community.charities if c.alive and c.band and c.neighbourhood == b]
        if hosts:
            host = min(hosts, key=lambda c: turn(building, c.id))
            host.rent_relief += p.asset_relief * (1.0 - p.asset_liability)
    settle(policy, n, n * cost, 0.0, community)


def connect(policy: Any, community: Community, p: Parameters, _dice: Dice) -> None:
    """Hours of paid connectors, by quality x locality."""
    weights, room = {}, {}
    for g, charity in within(policy, community):
        homes = [r.neighbourhood for r in community.residents if r.belongs == g]
        locality = homes.count(charity.neighbourhood) / len(homes) if homes else 1.0 / len(community.neighbourhoods)
        weights[g] = charity.quality * locality
        room[g] = p.connecting_most - charity.connecting_hours
    cost = p.connector_gbp / 12.0 / p.connector_hours * (1.0 + policy.overhead)
    bought = 0.0
    for g, hours in in_parts(weights, max(0.0, policy.balance) / cost, room).items():
        community.charities[g].connecting_hours += hours
        bought += hours
    settle(policy, bought, bought * cost, 0.0, community)


def support(policy: Any, community: Community, p: Parameters, _dice: Dice) -> None:
    """Support whole volunteers, of the charities with the heaviest load first."""
    cost = p.support_gbp / 12.0 * (1.0 + policy.overhead)
    left = max(0, math.floor(policy.balance / cost))
    queue = sorted(range(len(community.charities)), key=lambda g: -community.charities[g].load)
    supported = 0
    for g in queue:
        charity = community.charities[g]
        here = sum(r.role == g for r in community.residents if reaches(policy.where, r.neighbourhood))
        n = min(left - supported, math.floor(max(0.0, here - charity.supported)))
        charity.supported += n
        supported += n
    settle(policy, supported, supported * cost, 0.0, community)


BY_INSTRUMENT = {
    "contracts": let_contracts, "small_grants": grant, "shared_assets": share_assets, "connectors": connect,
    "volunteer_support": support,
}  # fmt: skip
"""What each instrument for charities does with a purse."""
