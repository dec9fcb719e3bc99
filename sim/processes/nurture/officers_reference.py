"""Nurture of officers' work, the plain hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die
from sim.policy import INSTRUMENTS, reaches
from sim.processes.nurture.charities_reference import settle
from sim.state import EMPTY, NOBODY, PARTNERS

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.nurture import Parameters


def by(instrument: str, community: Community) -> list[Any]:
    """The policies of one instrument, in order."""
    return [policy for policy in community.policies if INSTRUMENTS[policy.instrument] == instrument]


def keep_seconds(community: Community, p: Parameters, dice: Dice) -> None:
    """Second contacts that are paid for, strongest partnerships first; others in reach of the money lapse."""
    paid: set[int] = set()
    lapsing: set[int] = set()
    for policy in by("second_contacts", community):
        reached = [
            slot
            for slot, tie in enumerate(community.partnerships)
            if tie.charity != EMPTY and reaches(policy.where, community.charities[tie.charity].neighbourhood)
        ]
        able = [slot for slot in reached if slot not in paid and colleagues(slot // PARTNERS, community)]
        able.sort(key=lambda slot: -community.partnerships[slot].strength)
        cost = p.second_hours / 12.0 * p.officer_hour_gbp * (1.0 + policy.overhead)
        n = min(len(able), max(0, math.floor(policy.balance / cost)))
        for slot in able[:n]:
            choose_second(slot, community, dice)
        paid |= set(able[:n])
        if policy.people > 0.0 or n > 0:
            lapsing |= set(reached)
        settle(policy, n, n * cost, 0.0, community)
    for slot in lapsing - paid:
        community.partnerships[slot].second = NOBODY


def colleagues(k: int, community: Community) -> list[int]:
    """Other filled posts of the body of post k; none if nobody holds k."""
    post = community.officers[k]
    if not post.filled:
        return []
    return [j for j, other in enumerate(community.officers) if j != k and other.filled and other.body == post.body]


def choose_second(slot: int, community: Community, dice: Dice) -> None:
    """Keep a second contact that serves, or draw a colleague."""
    tie, k = community.partnerships[slot], slot // PARTNERS
    others = colleagues(k, community)
    if tie.second not in others:
        u = dice.uniform(Die.SECOND_CONTACT, community.officers[k].id, community.charities[tie.charity].id)
        tie.second = others[min(len(others) - 1, math.floor(u * len(others)))]


def change_culture(community: Community, p: Parameters) -> None:
    """C' = C + x / months - (1 - x) (C - C_own) / fading."""
    hours = 0.0
    for service in community.services:
        hours += 0.0 if service.statutory else service.hours
    x = 0.0
    for policy in by("culture", community):
        cost = p.culture_gbp / 12.0 * (hours / p.post_hours) * (1.0 + policy.overhead)
        bought = min(1.0 - x, max(0.0, policy.balance) / cost) if cost > 0.0 else 0.0
        x += bought
        settle(policy, bought, bought * cost, 0.0, community)
    C = community.council.culture
    C = C + x / p.culture_months - (1.0 - x) * (C - p.representation) / p.culture_fading
    community.council.culture = min(1.0, max(0.0, C))


def map_together(community: Community, p: Parameters) -> None:
    """Hours of mapping, by head, no more than a place can use."""
    heads = [len(rows) for rows in community.residents_by_neighbourhood()]
    for policy in by("joint_picture", community):
        reached = [b for b in range(len(heads)) if heads[b] and reaches(policy.where, b)]
        cost = p.officer_hour_gbp * (1.0 + policy.overhead)
        whole, bought = max(0.0, policy.balance) / cost, 0.0
        for b in reached:
            neighbourhood = community.neighbourhoods[b]
            room = p.mapping_most * heads[b] / 100.0 - neighbourhood.mapped_hours
            hours = min(whole * (heads[b] / sum(heads[j] for j in reached)), max(0.0, room))
            neighbourhood.mapped_hours += hours
            bought += hours
        settle(policy, bought, bought * cost, 0.0, community)


def protect_time(community: Community, p: Parameters) -> None:
    """Hours of posts, those with most in their partnerships first, in the part of their patch that is in reach."""
    for place in community.neighbourhoods:
        place.protected_hours = [0.0] * len(community.services)
    for officer in community.officers:
        officer.protected = 0
    kept = [0.0] * len(community.officers)
    heads = [float(len(rows)) for rows in community.residents_by_neighbourhood()]
    for policy in by("officer_time", community):
        cost = p.officer_hour_gbp * (1.0 + policy.overhead)
        whole, bought = max(0.0, policy.balance) / cost, 0.0
        for k in sorted(range(len(kept)), key=lambda k: -held(k, community)):
            officer = community.officers[k]
            service = community.services[officer.service]
            patch = [b for b in range(officer.first, officer.last + 1) if heads[b] and reaches(policy.where, b)]
            hours = min(whole - bought, p.protected_most * p.post_hours - kept[k])
            if officer.filled and not service.statutory and patch and hours > 0.0:
                kept[k] += hours
                officer.protected = 1
                service.hours += hours
                bought += hours
                for b in patch:
                    share = heads[b] / sum(heads[j] for j in patch)
                    community.neighbourhoods[b].protected_hours[officer.service] += hours * share
        settle(policy, bought, bought * cost, 0.0, community)


def held(k: int, community: Community) -> float:
    """Strength of all the partnerships of a post together."""
    strength = 0.0
    for tie in community.partnerships[k * PARTNERS : (k + 1) * PARTNERS]:
        strength += tie.strength if tie.charity != EMPTY else 0.0
    return strength
