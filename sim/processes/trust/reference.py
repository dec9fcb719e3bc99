"""Trust and influence, the plain hand: one resident at a time, with the symbols of the room's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die, between
from sim.state import EMPTY, NOBODY, PARTNERED, PARTNERS, STRONG

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.trust import Parameters


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: a month of trust and influence."""
    if p.moves:
        move_trust("council", Die.CONTACT, Die.OUTCOME, community, p, dice)
        move_trust("charity", Die.CONTACT_CHARITY, Die.OUTCOME_CHARITY, community, p, dice)
    partners = {
        tie.charity
        for slot, tie in enumerate(community.partnerships)
        if tie.charity != EMPTY and tie.strength >= PARTNERED and community.officers[slot // PARTNERS].filled
    }
    for resident in community.residents:
        resident.strain = 0.0 - 10.0 * p.asked_unsupported * resident.unsupported_asks
        resident.unsupported_asks = 0
        decides = community.neighbourhoods[resident.neighbourhood].decides
        b_0 = community.constants.influence + (p.localism_bonus if decides else 0.0)
        resident.influence = int(log_odds(resident, partners, b_0, p) > 0.0)


def move_trust(body: str, contact: Die, outcome: Die, community: Community, p: Parameters, dice: Dice) -> None:
    """Trust in one kind of body, for everybody."""
    knots = [getattr(row, body) for row in community.trust_knots]
    ties_of = community.ties_by_resident()
    people = community.residents
    own = [dice.uniform(contact, r.id) < p.contact_chance for r in people]
    for i, resident in enumerate(people):
        T, T_0 = getattr(resident, f"trust_{body}"), getattr(resident, f"trust_{body}_first")
        G = clip(T_0 + between.py_func(knots, T_0))
        n = sum(1 for tie, j in ties_of[i] if tie.strength >= STRONG and own[j])
        moved = T
        chance = min(1.0, p.contact_chance + p.contact_neighbour * n)
        if dice.uniform(contact, resident.id) < chance and any(resident.need):
            e = dice.normal(outcome, resident.id)
            o = clip(G + p.experience_weight * surprise(resident, community) + p.outcome_spread * e)
            moved += p.gain * loss(o, T, p) * (o - T)
        moved += p.revert_rate / 12.0 * (G - T)
        if body == "council":
            moved += p.asked_unsupported * resident.unsupported_asks
        setattr(resident, f"trust_{body}", clip(moved))


def surprise(resident: Any, community: Community) -> float:
    """Share of need met this month, beside what people of the quintile have come to expect."""
    met, need = 0.0, 0.0
    for m, n in zip(resident.met, resident.need, strict=True):
        met, need = met + m, need + n
    q = community.neighbourhoods[resident.neighbourhood].quintile
    return float(met / need - community.quintiles[q - 1].met_founding)


def loss(o: float, T: float, p: Parameters) -> float:
    """How much more than a gain this experience weighs."""
    return 1.0 if o >= T else 1.0 + (p.loss_ratio - 1.0) * 4.0 * T * (1.0 - T)


def log_odds(resident: Any, partners: set[int], b_0: float, p: Parameters) -> float:
    """Influence is felt where this is above nil."""
    has_a_way = p.volunteer_bonus if resident.role != NOBODY or resident.belongs in partners else 0.0
    return float(b_0 + p.influence_slope * (resident.trust_council - p.influence_centre) + has_a_way + resident.voice)


def clip(value: float) -> float:
    """Trust lies between 0 and 1."""
    return min(1.0, max(0.0, value))
