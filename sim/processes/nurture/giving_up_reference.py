"""Nurture by what a council gives up, the plain hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sim.chance import permanent_id
from sim.indexes import lottery
from sim.policy import INSTRUMENTS, reaches
from sim.processes.nurture.charities_reference import settle, turn
from sim.state import LIBRARY, NOBODY

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.nurture import Parameters


def give_up_by_hand(community: Community, p: Parameters) -> None:
    """Purses in turn; then every library that charities have is run for the month."""
    H = [0.0] * len(community.charities)
    for resident in community.residents:
        if resident.gives_to != NOBODY:
            H[resident.gives_to] += resident.pledged_hours
    for policy in community.policies:
        if INSTRUMENTS[policy.instrument] == "local_decisions":
            authority = [b for b, place in enumerate(community.neighbourhoods) if not place.decides]
            for b in bought(policy, authority, p.deciding_gbp / 12.0, community):
                community.neighbourhoods[b].decides = 1
        elif INSTRUMENTS[policy.instrument] == "libraries":
            ready = [
                b for b, place in enumerate(community.neighbourhoods)
                if place.venues and not place.library_run_by and host(b, H, community, p) is not None
            ]  # fmt: skip
            for b in bought(policy, ready, p.handover_gbp, community):
                community.neighbourhoods[b].library_run_by = community.charities[host(b, H, community, p)].id
    for b, place in enumerate(community.neighbourhoods):
        if place.library_run_by:
            run(b, place, H, community, p)


def bought(policy: Any, parts: list[int], gbp: float, community: Community) -> list[int]:
    """As many of these neighbourhoods as the purse pays for, in an order that is the same for ever."""
    reached = [b for b in parts if reaches(policy.where, b)]
    cost = gbp * (1.0 + policy.overhead)
    n = min(len(reached), max(0, math.floor(policy.balance / cost)))
    settle(policy, n, n * cost, 0.0, community)
    ours = permanent_id(community.seed, policy.id)
    return [reached[place] for place in lottery([turn(ours, b) for b in reached])[:n]]


def host(b: int, H: list[float], community: Community, p: Parameters) -> int | None:
    """The charity on the register, at home in b, whose volunteers give most hours, if a library can be run on them."""
    able = [
        g for g, c in enumerate(community.charities)
        if c.alive and c.band and c.neighbourhood == b and H[g] >= p.library_hours
    ]  # fmt: skip
    return max(able, key=lambda g: (H[g], -g), default=None)


def run(b: int, place: Any, H: list[float], community: Community, p: Parameters) -> None:
    """Open with enough hours of volunteers, which it takes; else shut."""
    ids = [c.id if c.alive else None for c in community.charities]
    g = ids.index(place.library_run_by) if place.library_run_by in ids else host(b, H, community, p)
    place.venues_open &= ~(1 << LIBRARY)
    if g is None:
        return
    charity = community.charities[g]
    place.library_run_by = charity.id
    if H[g] >= p.library_hours:
        place.venues_open |= 1 << LIBRARY
        charity.asked_hours += p.library_hours
        charity.rent_relief += p.asset_relief * (1.0 - p.asset_liability)
