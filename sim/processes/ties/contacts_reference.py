"""Ties of officers and charities, the plain hand: one tie at a time, with the symbols of the room's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die
from sim.elementary import exp_plain as exp, log_plain as log
from sim.ledger import Flow
from sim.processes.ties.contacts import LOOKED_AT
from sim.reach import pick_plain
from sim.state import ALLIES, EMPTY, NOBODY, PARTNERS

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.ties import Parameters


def keep_contacts(community: Community, p: Parameters, dice: Dice) -> None:
    """A month of all ties of officers and charities."""
    met = p.ban_contact if community.drivers.meeting_ban else 1.0
    at_work = [
        bool(officer.filled) and community.bodies[officer.body].stalled_until <= community.month
        for officer in community.officers
    ]
    lent = connect(community, at_work, met)
    keep_partnerships(community, at_work, lent, met, p, dice)
    part_with_those_gone(community)
    keep_acquaintances(community, at_work, met, p, dice)
    keep_alliances(community, met, p, dice)
    keep_belongings(community, lent, met, p, dice)


def connect(community: Community, at_work: list[bool], met: float) -> list[float]:
    """A connector's hours for each tie of its charity, shared evenly."""
    ties = [tie.charity for slot, tie in enumerate(community.partnerships) if at_work[slot // PARTNERS]]
    ties += [resident.belongs for resident in community.residents]
    return [
        met * charity.connecting_hours / ties.count(g) if g in ties else 0.0
        for g, charity in enumerate(community.charities)
    ]


def stronger(w: float, h: float, p: Parameters) -> float:
    """Strength after a month of h hours: w' of the room's equation."""
    D, a = p.contact_kept, p.contact_build
    return 1.0 - (1.0 - w * exp(log(D) / 12.0)) * exp(-a * h)


def gamma(dice: Dice, die: Die, one: int, other: int) -> float:
    """Gamma(2) of mean 1, keyed by an ordered pair."""
    return -0.5 * log(dice.uniform(die, one, other) * dice.uniform(die, other, one))


def weighted(weights: dict[int, float], u: float) -> int | None:
    """The row at which the weights, added up, pass the draw; None where there are none."""
    total = 0.0
    for weight in weights.values():
        total += weight
    left, picked = u * total, None
    for row, weight in weights.items():
        if weight > 0.0:
            picked = row
            left -= weight
            if left < 0.0:
                break
    return picked


def keep_partnerships(
    community: Community, at_work: list[bool], lent: list[float], met: float, p: Parameters, dice: Dice
) -> None:
    """Ties of posts with charities."""
    for k, officer in enumerate(community.officers):
        slots = community.partnerships[k * PARTNERS : (k + 1) * PARTNERS]
        for turn, tie in enumerate(slots):
            if tie.charity != EMPTY:
                h = 0.0
                if at_work[k]:
                    charity = community.charities[tie.charity]
                    G = gamma(dice, Die.PARTNER_HOURS, officer.id, charity.id)
                    h = met * p.joint_hours if tie.used else met * p.partner_hours * G
                    h += lent[tie.charity]
                tie.strength = stronger(tie.strength, h, p)
            elif at_work[k] and dice.uniform(Die.PARTNER_FOUND, officer.id, turn) < community.constants.partner_chance:
                known = [other.charity for other in slots]
                choice = {
                    g: c.quality for g, c in enumerate(community.charities)
                    if c.alive and g not in known
                    and (c.serves_place or officer.first <= c.neighbourhood <= officer.last)
                }  # fmt: skip
                g = weighted(choice, dice.uniform(Die.PARTNER_PICKED, officer.id, turn))
                if g is not None:
                    tie.charity, tie.strength, tie.born = g, p.new_strength, community.month
                    community.ledger[Flow.PARTNERSHIP_MADE] += 1


def part_with_those_gone(community: Community) -> None:
    """Rows of residents pass to newcomers, whom the officer does not know."""
    for tie in community.acquaintances:
        if tie.resident != EMPTY and community.residents[tie.resident].id != tie.who:
            vars(tie).update(resident=EMPTY, who=0, strength=0.0, born=0, used=0)
            community.ledger[Flow.ACQUAINTANCE_PERSON_LEFT] += 1


def keep_acquaintances(community: Community, at_work: list[bool], met: float, p: Parameters, dice: Dice) -> None:
    """Ties of posts with residents."""
    near = community.residents_by_neighbourhood()
    for k, officer in enumerate(community.officers):
        slots = community.acquaintances[k * PARTNERS : (k + 1) * PARTNERS]
        patch = [i for rows in near[officer.first : officer.last + 1] for i in rows]
        for turn, tie in enumerate(slots):
            if tie.resident != EMPTY:
                G = gamma(dice, Die.ACQUAINTANCE_HOURS, officer.id, tie.who)
                h = met * p.joint_hours if tie.used else met * p.acquaintance_hours * G
                tie.strength = stronger(tie.strength, h if at_work[k] else 0.0, p)
            elif at_work[k] and dice.uniform(Die.ACQUAINTANCE_FOUND, officer.id, turn) < (
                community.constants.acquaint_chance
            ):
                unknown = [i for i in looked_at(officer, turn, patch, dice) if all(i != t.resident for t in slots)]
                in_role = [i for i in unknown if community.residents[i].role != NOBODY]
                if unknown:
                    tie.resident = (in_role or unknown)[0]
                    tie.who = community.residents[tie.resident].id
                    tie.strength, tie.born = p.new_strength, community.month
                    community.ledger[Flow.ACQUAINTANCE_MADE] += 1


def looked_at(officer: Any, turn: int, patch: list[int], dice: Dice) -> list[int]:
    """The residents of the patch at whom one search looks, in order."""
    if not patch:
        return []
    draws = [dice.uniform(Die.ACQUAINTANCE_PICKED, officer.id, turn * LOOKED_AT + n) for n in range(LOOKED_AT)]
    return [patch[int(u * len(patch))] for u in draws]


def keep_alliances(community: Community, met: float, p: Parameters, dice: Dice) -> None:
    """Ties between charities: those that were there, and those found among them."""
    charities = community.charities
    allied = {frozenset((slot // ALLIES, tie.other)) for slot, tie in enumerate(community.alliances)}
    found: dict[int, int | None] = {}
    for slot, tie in enumerate(community.alliances):
        g, turn = divmod(slot, ALLIES)
        own = charities[g]
        if tie.other != EMPTY:
            h = met * p.ally_hours * gamma(dice, Die.PARTNER_HOURS, own.id, charities[tie.other].id)
            tie.strength = stronger(tie.strength, h, p)
        elif own.alive and dice.uniform(Die.ALLY_FOUND, own.id, turn) < community.constants.ally_chance:
            choice = {
                other: c.quality for other, c in enumerate(charities)
                if c.alive and other != g and frozenset((g, other)) not in allied
                and (own.serves_place or c.serves_place or own.neighbourhood == c.neighbourhood)
            }  # fmt: skip
            found[slot] = weighted(choice, dice.uniform(Die.ALLY_PICKED, own.id, turn))
    for slot, other in found.items():
        pair = frozenset((slot // ALLIES, other))
        if other is not None and pair not in allied:
            allied.add(pair)
            tie = community.alliances[slot]
            tie.other, tie.who, tie.strength, tie.born = other, charities[other].id, p.new_strength, community.month
            community.ledger[Flow.ALLIANCE_MADE] += 1


def keep_belongings(community: Community, lent: list[float], met: float, p: Parameters, dice: Dice) -> None:
    """Ties of residents with the charity that they belong to."""
    for resident in community.residents:
        has_role = resident.role != NOBODY
        if resident.belongs == NOBODY:
            if not has_role and dice.uniform(Die.BELONGS, resident.id) < p.membership_chance:
                join(resident, community, p, dice)
        elif not has_role and dice.uniform(Die.BELONGING_LAPSES, resident.id) < community.constants.lapse_chance:
            resident.belongs, resident.belonging = NOBODY, 0.0
            community.ledger[Flow.BELONGING_LAPSED] += 1
        else:
            charity = community.charities[resident.belongs]
            if resident.role == resident.belongs:
                h = min(p.role_hours_most, resident.formal_hours)
            else:
                h = met * p.member_hours * gamma(dice, Die.BELONGING_HOURS, resident.id, charity.id)
            resident.belonging = stronger(resident.belonging, h + lent[resident.belongs], p)


def join(resident: Any, community: Community, p: Parameters, dice: Dice) -> None:
    """One who belonged nowhere joins a charity within reach, by its joining weight."""
    g = pick_plain(community, resident.neighbourhood, dice.uniform(Die.BELONGS_TO, resident.id))
    if g != NOBODY:
        resident.belongs, resident.belonging = g, p.new_strength
        community.ledger[Flow.BELONGING_MADE] += 1
