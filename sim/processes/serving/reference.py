"""Serving, the plain hand: one pool and one resident at a time, with the symbols of the room's equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sim.chance import MASK, Dice, Die
from sim.indexes import lottery
from sim.ledger import Flow
from sim.state import KINDS

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.serving import Parameters


class Pool(NamedTuple):
    """The hours of one kind in one neighbourhood, by who puts them in."""

    C: float  # the council's paid hours
    G: float  # charities' paid hours
    V: float  # volunteers' hours
    W: float  # what these are worth in paid hours


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: a month of serving."""
    people = community.residents_by_neighbourhood()
    a = allocation(community, people)
    given = [volunteers(g, community, p) for g in range(len(community.charities))]
    for b, rows in enumerate(people):
        tickets = [dice.bits(Die.SERVE_ORDER, community.residents[i].id) for i in rows]
        for k in range(len(KINDS)):
            pool = fill(b, k, a[b], given, community)
            queue = lottery([rotated(ticket, 13 * k) for ticket in tickets])
            used = hand_out(pool.C + pool.G + pool.W, k, [community.residents[rows[place]] for place in queue], p)
            post(pool, used, community)
    for resident in community.residents:
        for need, met in zip(resident.need, resident.met, strict=True):
            community.ledger[Flow.NEED_UNMET] += max(0.0, need - met)


def allocation(community: Community, people: list[list[int]]) -> list[float]:
    """The share a_b of each neighbourhood in the hours for the whole place."""
    heads = [len(rows) * b.need_weight for rows, b in zip(people, community.neighbourhoods, strict=True)]
    total = 0.0
    for weighted in heads:
        total += weighted
    return [weighted / total if total > 0.0 else 1.0 / len(heads) for weighted in heads]


def volunteers(g: int, community: Community, p: Parameters) -> tuple[float, float]:
    """The hours that volunteers give to a charity, and what they are worth."""
    hours, worth = 0.0, 0.0
    for resident in community.residents:
        if resident.gives_to == g:
            hours += resident.pledged_hours
            worth += p.volunteer_worth * resident.skill * resident.pledged_hours
    return hours, worth


def fill(b: int, k: int, a_b: float, given: list[tuple[float, float]], community: Community) -> Pool:
    """The pool of kind k in neighbourhood b."""
    C, G, V, W = 0.0, 0.0, 0.0, 0.0
    for service in community.services:
        C += a_b * service.hours * service.kinds[k]
    for charity, (hours, worth) in zip(community.charities, given, strict=True):
        a_gb = a_b if charity.serves_place else float(charity.neighbourhood == b)
        G += a_gb * charity.kinds[k] * charity.paid_hours
        V += a_gb * charity.kinds[k] * hours
        W += a_gb * charity.kinds[k] * worth
    return Pool(C, G, V, W)


def rotated(ticket: int, by: int) -> int:
    """A ticket of 64 bits turned left, which gives each kind an order of its own."""
    return ((ticket << by) | (ticket >> (64 - by))) & MASK


def hand_out(pool: float, k: int, queue: list[Any], p: Parameters) -> float:
    """Serve the queue until the pool is empty; the share of it that was used."""
    left = pool
    for resident in queue:
        need, met = resident.need[k], resident.met[k]
        x = min(max(0.0, p.service_reach * need - met), left)
        left -= x
        resident.met[k] = min(need, met + x)
    return (pool - left) / pool if pool > 0.0 else 0.0


def post(pool: Pool, used: float, community: Community) -> None:
    """Trace what was used back to who put it in; the rest was idle."""
    C, G, V, W = pool
    hours = (
        (C, Flow.HOURS_COUNCIL, Flow.HOURS_COUNCIL_MET, Flow.HOURS_COUNCIL_IDLE),
        (G, Flow.HOURS_CHARITY, Flow.HOURS_CHARITY_MET, Flow.HOURS_CHARITY_IDLE),
        (V, Flow.HOURS_VOLUNTEER, Flow.HOURS_VOLUNTEER_MET, Flow.HOURS_VOLUNTEER_IDLE),
    )
    for put_in, all_of_it, used_up, idle in hours:
        community.ledger[all_of_it] += put_in
        community.ledger[used_up] += put_in * used
        community.ledger[idle] += put_in - put_in * used
    community.ledger[Flow.NEED_MET_COUNCIL] += C * used
    community.ledger[Flow.NEED_MET_CHARITY] += G * used
    community.ledger[Flow.NEED_MET_VOLUNTEERS] += W * used
