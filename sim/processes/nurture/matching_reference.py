"""Nurture by matched funding, the plain hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.ledger import Flow
from sim.policy import PAYERS, reaches
from sim.processes.nurture.charities_reference import in_parts, settle, within
from sim.processes.nurture.officers_reference import by
from sim.state import NOBODY

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.nurture import Parameters


def match_brought(community: Community, p: Parameters) -> None:
    """Each purse in turn, from what charities have and no earlier purse has counted."""
    B = [min(max(0.0, c.reserves - c.costs), p.match_offer * c.private_income) for c in community.charities]
    H = [0.0] * len(B)
    for resident in community.residents:
        if resident.gives_to != NOBODY:
            H[resident.gives_to] += resident.pledged_hours
    given = list(H)
    for policy in by("match", community) if community.council.modes_differ else []:
        counted = match(policy, B, H, community, p)
        for resident in community.residents:
            g = resident.belongs
            if g in counted and resident.role == NOBODY and reaches(policy.where, resident.neighbourhood):
                resident.outside_ask += p.match_ask * community.constants.asking * (counted[g] / given[g])


def match(policy: Any, B: list[float], H: list[float], community: Community, p: Parameters) -> dict[int, float]:
    """Pay one purse out, and give the hours of each charity that were counted beside it."""
    paid, counted, claim = 0.0, {}, {}
    for g, charity in within(policy, community):
        room = max(0.0, p.most_growth * charity.costs - charity.passed_on)
        claim[g] = min((B[g] + H[g] * p.match_hour_gbp) / p.match_beside, room)
    for g, m in in_parts(claim, max(0.0, policy.balance) / (1.0 + policy.overhead), claim).items():
        share = min(1.0, m * p.match_beside / (B[g] + H[g] * p.match_hour_gbp))
        b, h = share * B[g], share * H[g]
        B[g] -= b
        H[g] -= h
        if h > 0.0:
            counted[g] = h
        spend_both(community.charities[g], m, b, policy, community, p)
        paid += m
    settle(policy, paid, paid * (1.0 + policy.overhead), paid, community)
    return counted


def spend_both(charity: Any, m: float, b: float, policy: Any, community: Community, p: Parameters) -> None:
    """The funder's pounds pass through; the charity's own leave its reserves; both buy what its money buys."""
    charity.grants += m
    charity.passed_on += m
    charity.from_council += m if PAYERS[policy.payer] == "council" else 0.0
    charity.reserves -= b
    staff_share = community.bands[charity.band].staff_share
    charity.bought_hours += (m + b) * staff_share / p.charity_hour_gbp
    community.ledger[Flow.PURSE_TO_CHARITIES] += m
    community.ledger[Flow.CHARITY_SPENT] += m
    community.ledger[Flow.CHARITY_MATCHED] += b
