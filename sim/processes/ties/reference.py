"""Ties, the plain hand: one resident and one tie at a time, with the symbols of the room's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die
from sim.elementary import exp_plain as exp, expm1_plain as expm1, log_plain as log
from sim.ledger import Flow
from sim.processes.ties.contacts_reference import keep_contacts
from sim.processes.ties.kernel import TRIES
from sim.state import BONDING, BRIDGING, EMPTY, SLOTS, WEAK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.community import Community
    from sim.processes.ties import Parameters


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: everybody looks for new ties in the network as the month found it, then the old ties change."""
    if not p.build_and_decay:
        return
    alters = own_alters_first(community)
    near = community.residents_by_neighbourhood()
    found = [search(i, community, alters, near, p, dice) for i in range(len(community.residents))]
    introduced = [introduce(i, community, alters, near, p, dice) for i in range(len(community.residents))]
    change_strength(community, p, dice)
    for partners, flow in ((found, Flow.TIE_SEARCH), (introduced, Flow.TIE_INTRODUCED)):
        for i, k in enumerate(partners):
            if k is not None and tie_up(i, k, community, alters, p):
                community.ledger[flow] += 1
    keep_contacts(community, p, dice)


def own_alters_first(community: Community) -> list[list[int]]:
    """The alters of each resident: those of its own slots, then those in whose slots it stands."""
    own: list[list[int]] = [[] for _ in community.residents]
    others: list[list[int]] = [[] for _ in community.residents]
    for slot, tie in enumerate(community.ties):
        if tie.alter != EMPTY:
            own[slot // SLOTS].append(tie.alter)
            others[tie.alter].append(slot // SLOTS)
    return [mine + theirs for mine, theirs in zip(own, others, strict=True)]


def search(i: int, community: Community, alters: list[Any], near: list[Any], p: Parameters, dice: Dice) -> int | None:
    """Whom resident i finds, if anybody."""
    ego = community.residents[i]
    free = max(0.0, 1.0 - ego.planned_hours / p.time_limit)
    if dice.uniform(Die.SEARCH, ego.id) >= community.constants.search_chance * free:
        return None
    if dice.uniform(Die.SEARCH_LOCAL, ego.id) < p.triadic_share:
        return friend_of_friend(i, ego, alters, dice)
    candidates: Sequence[int] = range(len(alters))
    if dice.uniform(Die.SEARCH_NEAR, ego.id) < p.near_share:
        candidates = near[ego.neighbourhood]
    for attempt in range(TRIES):
        k = candidates[int(dice.uniform(Die.SEARCH_OTHER, ego.id, attempt) * len(candidates))]
        is_like = community.residents[k].group == ego.group
        is_accepted = is_like or dice.uniform(Die.ACCEPT, ego.id, attempt) < community.constants.acceptance
        if k != i and k not in alters[i] and is_accepted:
            return int(k)
    return None


def friend_of_friend(i: int, ego: Any, alters: list[Any], dice: Dice) -> int | None:
    """A uniform alter of a uniform alter, unless that is oneself or an alter already."""
    if not alters[i]:
        return None
    friend = alters[i][int(dice.uniform(Die.SEARCH_ALTER, ego.id) * len(alters[i]))]
    k = alters[friend][int(dice.uniform(Die.SEARCH_FRIEND, ego.id) * len(alters[friend]))]
    return None if k == i or k in alters[i] else k


def introduce(
    i: int, community: Community, alters: list[Any], near: list[Any], p: Parameters, dice: Dice
) -> int | None:
    """Whom resident i is introduced to at a nurtured meeting, if anybody."""
    ego = community.residents[i]
    free = max(0.0, 1.0 - ego.planned_hours / p.time_limit)
    chance = 2.0 * p.introduction_chance * free
    if ego.nurtured_hours <= 0.0 or dice.uniform(Die.INTRODUCED, ego.id) >= chance:
        return None
    there = [j for j in near[ego.neighbourhood] if community.residents[j].nurtured_hours > 0.0]
    k = there[int(dice.uniform(Die.INTRODUCED_TO, ego.id) * len(there))]
    return None if k == i or k in alters[i] else k


def change_strength(community: Community, p: Parameters, dice: Dice) -> None:
    """Met ties strengthen, unmet ones weaken and end; weak ties are taken up; classes follow strength."""
    D = (p.kept_bonding, p.kept_weak, p.kept_bridging)
    S = (p.survival_bonding, p.survival_weak, p.survival_bridging)
    for slot, tie in enumerate(community.ties):
        if tie.alter == EMPTY:
            continue
        ends, takes_up = dice.two(Die.END_AND_TAKE_UP, community.owner(slot).id, community.residents[tie.alter].id)
        c, h = tie.klass, tie.hours
        hazard = -log(S[c]) / 12.0 * exp(-h / p.contact_hours)
        if ends < -expm1(-hazard):
            vars(tie).update(alter=EMPTY, strength=0.0, klass=0, deepening=0, born=0, hours=0.0)
            community.ledger[Flow.TIE_FADED] += 1
            continue
        tie.strength = 1.0 - (1.0 - tie.strength * exp(log(D[c]) / 12.0)) * exp(-p.build * h)
        if c == BONDING and tie.strength < p.weak_below:
            tie.klass = WEAK
        if c == WEAK and tie.strength >= p.bonding_from:
            tie.klass, tie.deepening = BONDING, 0
        elif c == WEAK and takes_up < community.constants.take_up_chance:
            tie.deepening = 1


def tie_up(i: int, k: int, community: Community, alters: list[Any], p: Parameters) -> bool:
    """Put a new tie into a free slot of i; False where there is none, or where k has just made the same tie."""
    own = community.ties[i * SLOTS : (i + 1) * SLOTS]
    others = community.ties[k * SLOTS : (k + 1) * SLOTS]
    free = [tie for tie in own if tie.alter == EMPTY]
    if not free or any(tie.alter == k for tie in own) or any(tie.alter == i for tie in others):
        return False
    ego, alter = community.residents[i], community.residents[k]
    is_far = ego.group != alter.group and ego.neighbourhood != alter.neighbourhood
    has_common_alter = bool(set(alters[i]) & set(alters[k]))
    free[0].alter, free[0].strength, free[0].born = k, p.new_strength, community.month
    free[0].klass = WEAK if has_common_alter and not is_far else BRIDGING
    return True
