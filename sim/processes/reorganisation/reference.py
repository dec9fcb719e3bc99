"""Reorganisation, the plain hand: one body, one post and one tie at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die, permanent_id
from sim.elementary import expm1_plain as expm1, log1p_plain as log1p
from sim.indexes import lottery
from sim.ledger import Flow
from sim.state import COUNCIL_BODY, EMPTY, HEALTH_BODY, NO_REORGANISATION, NOBODY, PARTNERS, RESTRUCTURE, STRUCTURAL

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.reorganisation import Parameters


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: what is announced and strikes, then who goes, their ties, and who comes."""
    announce(community, p, dice)
    f_cut = [strike(body, row, community, p) for body, row in enumerate(community.bodies)]
    kept = posts_kept(community, p, dice)
    goes = {}
    for k, officer in enumerate(community.officers):
        cause = cause_to_go(officer, community.bodies[officer.body], f_cut[officer.body], kept[k], p, dice)
        if cause is not None:
            goes[k] = cause
    end_partnerships(goes, community, p, dice)
    end_acquaintances(goes, community, p, dice)
    for k, officer in enumerate(community.officers):
        if k in goes:
            community.ledger[goes[k]] += 1
        if kept[k] and (k in goes or not officer.filled):
            hire(officer, community)
        officer.filled = int(kept[k])
    for k, cause in goes.items():
        if cause == Flow.OFFICER_REORGANISED:
            bring_ties(k, community, p, dice)


def pay(community: Community) -> float:
    """Discretionary spending beside founding."""
    council = community.council
    if council.discretionary_founding <= 0.0:
        return 1.0
    return float(council.spend_discretionary / council.discretionary_founding)


def announce(community: Community, p: Parameters, dice: Dice) -> None:
    """Planned reorganisations within notice, and then those by chance where none is pending."""
    now, world = community.month, community.drivers
    here = community.world_row
    for body, name in ((COUNCIL_BODY, "planned_council"), (HEALTH_BODY, "planned_health")):
        row = community.bodies[body]
        within_notice = community.world[here : here + p.notice_months + 1]
        planned = [(m, getattr(later, name)) for m, later in enumerate(within_notice, now) if getattr(later, name)]
        if planned and (row.kind == NO_REORGANISATION or planned[0][0] <= row.strikes):
            row.strikes, row.kind = planned[0]
    pressed = 1.0 + p.stress * max(0.0, 1.0 - pay(community))
    hazards = (
        (COUNCIL_BODY, STRUCTURAL, world.structural_rate * pressed),
        (COUNCIL_BODY, RESTRUCTURE, world.restructure_rate * pressed),
        (HEALTH_BODY, STRUCTURAL, world.health_rate),
    )
    for body, kind, rate in hazards:
        row = community.bodies[body]
        happens = dice.uniform(Die.REORGANISATION, body, kind) < -expm1(-rate / 12.0)
        if row.kind == NO_REORGANISATION and happens:
            row.kind, row.strikes = kind, now + p.notice_months


def strike(body: int, row: Any, community: Community, p: Parameters) -> float:
    """What is due this month strikes. Gives the share of posts that change hands."""
    row.struck = NO_REORGANISATION
    if row.kind == NO_REORGANISATION or row.strikes > community.month:
        return 0.0
    f_cut = p.damage * {STRUCTURAL: p.structural_cut, RESTRUCTURE: p.restructure_cut}[row.kind]
    if body == COUNCIL_BODY:
        council = community.council
        council.reorganisation_due += p.cost_share * (council.core_founding + council.other_founding)
        council.saved_share += p.saving_share if row.kind == STRUCTURAL else 0.0
    row.stalled_until = max(row.stalled_until, community.month + math.floor(p.damage * p.stall_months + 0.5))
    filled = [officer for officer in community.officers if officer.filled]
    share = len([officer for officer in filled if officer.body == body]) / len(filled) if filled else 0.0
    for place in community.neighbourhoods:
        place.picture_need *= 1.0 - f_cut * share
        place.picture_resources *= 1.0 - f_cut * share
    row.struck, row.kind, row.strikes = row.kind, NO_REORGANISATION, -1
    return f_cut


def posts_kept(community: Community, p: Parameters, dice: Dice) -> list[bool]:
    """Whether there is money for each post: as many as there is money for, in an order that is the same for ever."""
    order = lottery([permanent_id(permanent_id(o.post, dice.seed), Die.POST_CUT) for o in community.officers])
    share = min(1.0, max(0.0, 1.0 - p.posts_first * (1.0 - pay(community))))
    kept = [bool(officer.protected) for officer in community.officers]
    for body, row in enumerate(community.bodies):
        posts = math.floor(row.posts_founding * share + 0.5) if body == COUNCIL_BODY else row.posts_founding
        safe = sum(kept[k] for k in order if community.officers[k].body == body)
        others = [k for k in order if community.officers[k].body == body and not kept[k]]
        for k in others[: max(0, posts - safe)]:
            kept[k] = True
    return kept


def cause_to_go(officer: Any, body: Any, f_cut: float, kept: bool, p: Parameters, dice: Dice) -> Flow | None:
    """The flow under which the holder of a post goes, if any."""
    if not officer.filled:
        return None
    if not kept:
        return Flow.OFFICER_REDUNDANT
    if dice.uniform(Die.POST_CHANGES, officer.post) < f_cut:
        return Flow.OFFICER_REORGANISED
    n = p.notice_turnover if body.kind != NO_REORGANISATION else 1.0
    P = -expm1(log1p(-p.turnover) / 12.0 * n)
    return Flow.OFFICER_LEFT if dice.uniform(Die.OFFICER_LEAVES, officer.id) < P else None


def end_partnerships(goes: dict[int, Flow], community: Community, p: Parameters, dice: Dice) -> None:
    """Ties to charities whose contact goes end or weaken; a second contact that goes is a contact no more."""
    for slot, tie in enumerate(community.partnerships):
        if tie.charity == EMPTY:
            continue
        k = slot // PARTNERS
        if k in goes:
            harm = p.damage if goes[k] == Flow.OFFICER_REORGANISED else 1.0
            P = p.lost_alone
            if tie.second != NOBODY:
                P = p.lost_both if tie.second in goes else p.lost_second_stays
            pair = community.officers[k].id, community.charities[tie.charity].id
            if dice.uniform(Die.CONTACT_SURVIVES, *pair) < harm * P:
                vars(tie).update(charity=EMPTY, strength=0.0, second=NOBODY, born=0, used=0)
                community.ledger[Flow.PARTNERSHIP_CONTACT_LEFT] += 1
            else:
                tie.strength *= 1.0 - harm * (1.0 - p.strength_kept)
        if tie.second in goes:
            tie.second = NOBODY


def end_acquaintances(goes: dict[int, Flow], community: Community, p: Parameters, dice: Dice) -> None:
    """Ties to residents whose officer goes end or weaken."""
    for slot, tie in enumerate(community.acquaintances):
        k = slot // PARTNERS
        if tie.resident == EMPTY or k not in goes:
            continue
        harm = p.damage if goes[k] == Flow.OFFICER_REORGANISED else 1.0
        if dice.uniform(Die.CONTACT_SURVIVES, community.officers[k].id, tie.who) < harm * p.lost_alone:
            vars(tie).update(resident=EMPTY, who=0, strength=0.0, born=0, used=0)
            community.ledger[Flow.ACQUAINTANCE_CONTACT_LEFT] += 1
        else:
            tie.strength *= 1.0 - harm * (1.0 - p.strength_kept)


def hire(officer: Any, community: Community) -> None:
    """The next holder of a post."""
    officer.generation += 1
    officer.id = permanent_id(officer.post, officer.generation)
    officer.since = community.month
    community.ledger[Flow.OFFICER_HIRED] += 1


def bring_ties(k: int, community: Community, p: Parameters, dice: Dice) -> None:
    """An officer brought by a reorganisation knows some charities of the patch already."""
    officer, slots = community.officers[k], community.partnerships[k * PARTNERS : (k + 1) * PARTNERS]
    for turn in range(p.fresh_ties):
        free = [tie for tie in slots if tie.charity == EMPTY]
        known = {tie.charity for tie in slots}
        unknown = [
            g for g, c in enumerate(community.charities)
            if c.alive and g not in known and (c.serves_place or officer.first <= c.neighbourhood <= officer.last)
        ]  # fmt: skip
        if free and unknown:
            u = dice.uniform(Die.POST_CHANGES, officer.id, turn)
            free[0].charity, free[0].strength = unknown[int(u * len(unknown))], p.fresh_strength
            free[0].born = community.month
            community.ledger[Flow.PARTNERSHIP_MADE] += 1
