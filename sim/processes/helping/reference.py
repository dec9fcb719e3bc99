"""Helping, the plain hand: one resident at a time, with the symbols of the room's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die
from sim.elementary import exp_plain as exp, expm1_plain as expm1
from sim.indexes import lottery
from sim.ledger import Flow
from sim.state import THIS_YEAR_AND_LAST

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.helping import Parameters


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: a month of helping."""
    residents = community.residents
    S = [time_for_neighbours(resident, community.constants.help_scale, p, dice) for resident in residents]
    left, received = list(S), [0.0] * len(S)
    ties_of = community.ties_by_resident()
    queue = lottery([dice.bits(Die.HELP_ORDER, resident.id) for resident in residents])
    turn = {i: place for place, i in enumerate(queue)}
    for own in community.residents_by_charity():
        kept = {i: p.favour_own * S[i] for i in own}
        used = hand_out(sorted(own, key=turn.__getitem__), list(kept.values()), received, residents)
        for i in own:
            left[i] = S[i] - kept[i] * used
    for i in queue:
        received[i] += ask_along_ties(residents[i], ties_of[i], S, left)
    for rows in community.residents_by_neighbourhood():
        pooled = {i: p.pool_share * left[i] for i in rows}
        used = hand_out(sorted(rows, key=turn.__getitem__), list(pooled.values()), received, residents)
        for i in rows:
            shared = pooled[i] * used
            residents[i].helping_hours = (S[i] - left[i]) + shared
            residents[i].spare_hours = left[i] - shared
    for i, resident in enumerate(residents):
        write_down(resident, S[i], received[i], community)


def time_for_neighbours(resident: Any, scale: float, p: Parameters, dice: Dice) -> float:
    """The hours that a resident has for neighbours this month, less those that new volunteering takes."""
    zI, zG, a = resident.neighbourly, resident.warmth, p.help_slope
    k = p.help_rate * exp(a * zI - a * a / 2.0)
    if dice.uniform(Die.HELPS, resident.id) >= -expm1(-k):
        return 0.0
    e = dice.normal(Die.HELP_HOURS, resident.id)
    H = min(p.most_hours, scale * p.hours * exp(p.hours_spread * zG + p.hours_noise * e))
    past = 0.0
    for hours in resident.hours_past:
        past += hours
    return float(max(0.0, H - p.displacement * max(0.0, resident.pledged_hours - past / 12.0)))


def ask_along_ties(resident: Any, ties: list[Any], S: list[float], left: list[float]) -> float:
    """Ask the alters, closest first, until nothing is needed; the hours they gave."""
    need = unmet(resident)
    needed = need
    for tie, j in sorted(ties, key=lambda entry: -entry[0].strength):
        x = min(needed, S[j] * tie.strength, left[j])
        left[j] -= x
        needed -= x
    if need > needed:
        meet(resident, (need - needed) / need)
    return need - needed


def hand_out(queue: list[int], put_in: list[float], received: list[float], residents: list[Any]) -> float:
    """Hand out what people put into a pool, in the order of the queue; the share of it that was used."""
    pool = 0.0
    for hours in put_in:
        pool += hours
    rest = pool
    for i in queue:
        need = unmet(residents[i])
        x = min(need, rest)
        if x > 0.0:
            rest -= x
            received[i] += x
            meet(residents[i], x / need)
    return (pool - rest) / pool if pool > 0.0 else 0.0


def unmet(resident: Any) -> float:
    """Hours of need that are unmet, of all kinds."""
    hours = 0.0
    for need, met in zip(resident.need, resident.met, strict=True):
        hours += max(0.0, need - met)
    return hours


def meet(resident: Any, share: float) -> None:
    """Every kind of unmet need falls by the same share."""
    for k, (need, met) in enumerate(zip(resident.need, resident.met, strict=True)):
        if need - met > 0.0:
            resident.met[k] = min(need, met + share * (need - met)) if share < 1.0 else need


def write_down(resident: Any, S: float, received: float, community: Community) -> None:
    """Remember who helped and who was helped; post the hours."""
    helped, was_helped = int(resident.helping_hours > 0.0), int(received > 0.0)
    resident.helped_months = (resident.helped_months << 1 | helped) & THIS_YEAR_AND_LAST
    resident.received_months = (resident.received_months << 1 | was_helped) & THIS_YEAR_AND_LAST
    community.ledger[Flow.HOURS_NEIGHBOUR] += S
    community.ledger[Flow.HOURS_NEIGHBOUR_MET] += resident.helping_hours
    community.ledger[Flow.HOURS_NEIGHBOUR_IDLE] += resident.spare_hours
    community.ledger[Flow.NEED_MET_NEIGHBOURS] += received
