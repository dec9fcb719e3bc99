"""Volunteering, the plain hand: one resident at a time, with the symbols of the room's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die
from sim.elementary import exp_plain as exp, expm1_plain as expm1, log_plain as log
from sim.ledger import Flow
from sim.reach import pick_plain
from sim.state import NOBODY, STRONG, THIS_YEAR_AND_LAST

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.volunteering import Parameters


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: a month of joining, leaving and giving."""
    held = [resident.role for resident in community.residents]
    ties_of = community.ties_by_resident()
    moved = crowding(community, p) * secular(community.month, p)
    present = at_work(community)
    for charity, n in zip(community.charities, present, strict=True):
        charity.load = load(n, charity, community, p)
    alone = {g for g, charity in enumerate(community.charities) if overrun(present[g], charity, p)}
    for i, resident in enumerate(community.residents):
        look_back(resident)
        askers = [(tie.strength, community.residents[j], held[j]) for tie, j in ties_of[i] if held[j] != NOBODY]
        count_asks_without_support(resident, askers, alone, p, dice)
        if held[i] == NOBODY:
            maybe_join(resident, askers, moved, community, p, dice)
        else:
            close = sum(1 for w, _, group in askers if group == held[i] and w >= STRONG)
            maybe_leave(resident, close, community, p, dice)
        pledge(resident, community.month, p, dice)


def crowding(community: Community, p: Parameters) -> float:
    """How joining follows the council's paid hours."""
    paid, paid_0 = community.paid_hours(), community.constants.paid_hours
    return max(0.0, 1.0 + p.crowding * (paid / paid_0 - 1.0)) if paid_0 > 0.0 else 1.0


def secular(month: int, p: Parameters) -> float:
    """What years alone have made of joining."""
    t = max(0, month) / 12.0
    return exp(p.secular_rate * t)


def at_work(community: Community) -> list[int]:
    """Volunteers present in each charity."""
    present = [0] * len(community.charities)
    for r in community.residents:
        if r.role != NOBODY and r.role_starts <= community.month:
            present[r.role] += 1
    return present


def load(present: int, charity: Any, community: Community, p: Parameters) -> float:
    """Hours asked of each volunteer present, beside the founding mean; less where their support is paid for."""
    n = max(1, present)
    L, L_0 = (charity.work_hours + charity.asked_hours) / n, community.constants.load
    supported = 1.0 - p.support_effect * min(1.0, charity.supported / n)
    return float((L / L_0 if L_0 > 0.0 else 1.0) * supported)


def overrun(present: int, charity: Any, p: Parameters) -> bool:
    """Whether a charity has more volunteers than its coordinators can support."""
    coordinators = max(1.0, charity.paid_hours / p.coordinator_hours)
    return bool(present > p.coordinator_volunteers * coordinators)


def look_back(resident: Any) -> None:
    """What was pledged for this month has been given."""
    resident.formal_hours = resident.pledged_hours
    gave = int(resident.formal_hours > 0.0)
    resident.active_months = (resident.active_months << 1 | gave) & THIS_YEAR_AND_LAST


def count_asks_without_support(resident: Any, askers: list[Any], alone: set[int], p: Parameters, dice: Dice) -> None:
    """An ask along a tie too weak, or from a charity too stretched, to carry support is remembered as unsupported."""
    for w, asker, group in askers:
        unsupported = w < p.ask_supported or group in alone
        by_lesser, by_greater = dice.two(Die.ASK, asker.id, resident.id)
        u = by_lesser if asker.id < resident.id else by_greater
        if unsupported and u < p.ask_chance:
            resident.unsupported_asks += 1


def maybe_join(
    resident: Any, askers: list[Any], moved: float, community: Community, p: Parameters, dice: Dice
) -> None:
    """Take up a role, or else perhaps help once."""
    A = 0.0
    for w, _, _ in askers:
        A += w
    A_0 = community.constants.asking
    f = min(p.asked_most, (A + resident.outside_ask) / A_0 if A_0 > 0.0 else 1.0)
    s, b = p.asked_share, p.civic_slope
    k = community.constants.join_rate * exp(b * resident.civic - b * b / 2.0)
    k *= p.resources_abc1 if resident.group < 3 else p.resources_c2de
    if resident.ever:
        k *= p.return_ratio
    k = k * ((1.0 - s) + s * f) * moved
    resident.gives_to = NOBODY
    if dice.uniform(Die.JOIN, resident.id) < -expm1(-k):
        join(resident, A, s * f, askers, community, p, dice)
    else:
        maybe_help_once(resident, community, p, dice)


def join(
    resident: Any, A: float, asked: float, askers: list[Any], community: Community, p: Parameters, dice: Dice
) -> None:
    """Find out who asked, if anybody, and take up a role there."""
    charity, cause = NOBODY, Flow.JOINED_UNASKED
    if dice.uniform(Die.JOIN_CAUSE, resident.id) * ((1.0 - p.asked_share) + asked) < asked:
        cause = Flow.JOINED_OUTSIDE_ASK
        left = dice.uniform(Die.JOIN_ASKER, resident.id) * (A + resident.outside_ask)
        for w, _, group in askers:
            left -= w
            if left < 0.0:
                charity, cause = group, Flow.JOINED_INSIDE_ASK
                break
    if charity == NOBODY:
        charity = pick_plain(community, resident.neighbourhood, dice.uniform(Die.JOIN_CHARITY, resident.id))
    if charity == NOBODY:
        return
    resident.role = resident.gives_to = charity
    resident.role_since = community.month
    resident.role_starts = community.month + p.waiting_months
    resident.ever = 1
    community.ledger[cause] += 1
    if resident.belongs != charity:
        community.ledger[Flow.BELONGING_LAPSED] += resident.belongs != NOBODY
        community.ledger[Flow.BELONGING_MADE] += 1
        resident.belongs, resident.belonging = charity, 0.0
    resident.belonging = max(0.10, resident.belonging)


def maybe_help_once(resident: Any, community: Community, p: Parameters, dice: Dice) -> None:
    """A month's help without a role."""
    b = p.civic_slope
    k = p.once_chance * exp(b * resident.occasional - b * b / 2.0)
    if dice.uniform(Die.ONE_OFF, resident.id) < -expm1(-k):
        u = dice.uniform(Die.ONE_OFF_CHARITY, resident.id)
        resident.gives_to = pick_plain(community, resident.neighbourhood, u)
        if resident.gives_to != NOBODY:
            community.ledger[Flow.ONE_OFF] += 1
            community.ledger[Flow.ONE_OFF_ENDED] += 1


def maybe_leave(resident: Any, close: int, community: Community, p: Parameters, dice: Dice) -> None:
    """Give up the role, for one of three causes."""
    is_new = community.month - resident.role_since < p.new_months
    base = p.leave_chance * (p.new_ratio if is_new else 1.0)
    L = max(0.0, min(p.load_most, community.charities[resident.role].load + resident.strain))
    overload = base * p.overload_share * exp(p.overload_power * log(L)) if L > 0.0 else 0.0
    life = base * p.life_share
    other = base * p.other_share * (0.5 if close >= 2 else 1.0)
    u = dice.uniform(Die.LEAVE, resident.id)
    for cause, until in (
        (Flow.LEFT_LIFE, life), (Flow.LEFT_OVERLOAD, life + overload), (Flow.LEFT_OTHER, life + overload + other),
    ):  # fmt: skip
        if u < until:
            community.ledger[cause] += 1
            resident.role = resident.gives_to = NOBODY
            return


def pledge(resident: Any, month: int, p: Parameters, dice: Dice) -> None:
    """The formal hours of the month that comes."""
    e = dice.normal(Die.FORMAL_HOURS, resident.id)
    resident.pledged_hours = 0.0
    if resident.role != NOBODY:
        if resident.role_starts <= month + 1:
            zF = resident.devotion
            resident.pledged_hours = min(p.hours_most, p.role_hours * exp(p.hours_spread * zF + p.hours_noise * e))
    elif resident.gives_to != NOBODY:
        resident.pledged_hours = p.once_hours * exp(p.hours_noise * e)
