"""Renewal, the plain hand: one resident at a time, with the symbols of the room's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die, between, permanent_id
from sim.elementary import log_plain as log
from sim.indexes import lottery
from sim.ledger import Flow
from sim.state import EMPTY, KINDS, NOBODY
from sim.units import MONTHS_A_YEAR, monthly_chance

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.renewal import Parameters


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: a month of deaths, moves and arrivals."""
    dead = [r for r in community.residents if dice.uniform(Die.DEATH, r.id) < monthly_chance(p.death_rate)]
    dead_ids = {r.id for r in dead}
    movers = [r for r in community.residents if r.id not in dead_ids and moves(r, p, dice)]
    leavers = [r for r in movers if dice.uniform(Die.LEAVE_PLACE, r.id) < p.leave_share]
    leaver_ids = {r.id for r in leavers}
    gone = dead_ids | leaver_ids
    if p.leavers_take_ties:
        end_ties(gone, community)
    swap_homes([r for r in movers if r.id not in leaver_ids], community, dice)
    community.ledger[Flow.DIED] += len(dead)
    community.ledger[Flow.MOVED_OUT] += len(leavers)
    for i, resident in enumerate(community.residents):
        if resident.id in gone and p.leavers_take_ties:
            replace(resident, community, p, dice)
        elif resident.id in gone:
            step_in(i, resident, community, p, dice)


def moves(resident: Any, p: Parameters, dice: Dice) -> bool:
    """Whether a resident moves house this month."""
    rate = {0: p.move_rate_owner, 1: p.move_rate_social, 2: p.move_rate_private}[resident.tenure]
    return dice.uniform(Die.MOVE, resident.id) < monthly_chance(rate)


def end_ties(gone: set[int], community: Community) -> None:
    """A tie ends with either of its people."""
    for slot, tie in enumerate(community.ties):
        if tie.alter == EMPTY:
            continue
        if community.owner(slot).id in gone or community.residents[tie.alter].id in gone:
            tie.alter = EMPTY
            tie.strength = tie.hours = 0.0
            tie.klass = tie.deepening = tie.born = 0
            community.ledger[Flow.TIE_PERSON_LEFT] += 1


def swap_homes(movers: list[Any], community: Community, dice: Dice) -> None:
    """Those who move within the place: each takes the home of the next in a keyed ring."""
    if len(movers) < 2:
        return
    ring = [movers[m] for m in lottery([dice.bits(Die.NEW_HOME, mover.id) for mover in movers])]
    homes = [(mover.neighbourhood, mover.tenure, mover.x, mover.y) for mover in ring]
    for mover, home in zip(ring, homes[1:] + homes[:1], strict=True):
        mover.neighbourhood, mover.tenure, mover.x, mover.y = home
        mover.venue = venue(mover, community, dice)


def venue(resident: Any, community: Community, dice: Dice) -> int:
    """The place of the neighbourhood where this resident meets people."""
    venues = community.neighbourhoods[resident.neighbourhood].venues
    return int(dice.uniform(Die.VENUE, resident.id) * max(1, venues))


def replace(resident: Any, community: Community, p: Parameters, dice: Dice) -> None:
    """A newcomer takes the home of one who died or left the place."""
    if resident.role != NOBODY:
        community.ledger[Flow.LEFT_PLACE] += 1
    if resident.belongs != NOBODY:
        community.ledger[Flow.BELONGING_PERSON_LEFT] += 1
    community.ledger[Flow.ARRIVED] += 1
    resident.generation += 1
    resident.id = permanent_id(resident.id, resident.generation)
    resident.arrived = community.month
    resident.venue = venue(resident, community, dice)
    draw_traits(resident, p, dice)
    draw_trust(resident, community, dice)
    forget(resident, community.month)


def step_in(i: int, resident: Any, community: Community, p: Parameters, dice: Dice) -> None:
    """A newcomer who takes over the ties as well: to the charity here, and to the officers who knew the one gone."""
    left, charity, w = resident.id, resident.belongs, resident.belonging
    resident.belongs = NOBODY  # so that no tie is booked as ended
    replace(resident, community, p, dice)
    resident.belongs, resident.belonging = charity, w
    for tie in community.acquaintances:
        if tie.resident == i and tie.who == left:
            tie.who = resident.id


def draw_traits(resident: Any, p: Parameters, dice: Dice) -> None:
    """What the newcomer is like."""
    who = resident.id
    resident.civic = dice.normal(Die.CIVIC, who)
    resident.occasional = dice.normal(Die.OCCASIONAL, who)
    resident.neighbourly = dice.normal(Die.NEIGHBOURLY, who)
    zF = resident.devotion = dice.normal(Die.DEVOTION, who)
    resident.warmth = 0.8 * zF + 0.6 * dice.normal(Die.WARMTH, who)
    resident.skill = min(1.8, max(0.2, 1.0 + p.skill_spread * dice.normal(Die.SKILL, who)))
    resident.ever = int(dice.uniform(Die.EVER_VOLUNTEER, who) < p.newcomer_ever)
    u = dice.uniform(Die.VOICE, who)
    resident.voice = log(u / max(2.0**-53, 1.0 - u))


def draw_trust(resident: Any, community: Community, dice: Dice) -> None:
    """Trust as it is spread in the country."""
    council, charity = ([getattr(q, name) for q in community.quantiles] for name in ("council", "charity"))
    T = between.py_func(council, dice.uniform(Die.TRUST_COUNCIL, resident.id))
    resident.trust_council = resident.trust_council_first = T
    T = between.py_func(charity, dice.uniform(Die.TRUST_CHARITY, resident.id))
    resident.trust_charity = resident.trust_charity_first = T


def forget(resident: Any, month: int) -> None:
    """No role, no hours and no history in the place."""
    resident.role = resident.gives_to = resident.belongs = NOBODY
    resident.role_since = resident.role_starts = month
    for name in ("pledged_hours", "formal_hours", "spare_hours", "helping_hours"):
        setattr(resident, name, 0.0)
    for name in ("active_months", "helped_months", "received_months", "met_neighbour", "unsupported_asks", "influence"):
        setattr(resident, name, 0)
    for name in ("planned_hours", "crisis", "nurtured_hours", "outside_ask", "strain", "belonging", "joint_hours"):
        setattr(resident, name, 0.0)
    resident.hours_past = [0.0] * MONTHS_A_YEAR
    resident.need, resident.met = [0.0] * len(KINDS), [0.0] * len(KINDS)
