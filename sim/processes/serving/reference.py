"""Serving, the plain hand: one pool and one resident at a time, with the symbols of the room's equations."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.chance import MASK, Dice, Die
from sim.elementary import exp_plain as exp, log_plain as log
from sim.indexes import lottery
from sim.ledger import Flow
from sim.state import EMPTY, KINDS, NOBODY, PARTNERED, PARTNERS

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.serving import Parameters


class Pool(NamedTuple):
    """The hours of one kind in one neighbourhood, by who puts them in."""

    C: float  # the council's paid hours
    G: float  # charities' paid hours
    V: float  # volunteers' hours
    W: float  # what these are worth in paid hours


class Hours(NamedTuple):
    """The hours of one source: where they go, what they meet, and what they are worth."""

    a: list[float]  # share of each neighbourhood
    kinds: list[float]
    H: float
    worth: float


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: a month of serving."""
    people = community.residents_by_neighbourhood()
    f, seen = look(people, community, p)
    who_decide = len([r for r in community.residents if community.neighbourhoods[r.neighbourhood].decides])
    deciding = p.deciding_hours * p.participants * who_decide / 1000.0
    council = paid_by_council(f, deciding, community)
    paid, given = paid_by_charities(seen, community, p), given_by_volunteers(seen, deciding, community, p)
    for b, rows in enumerate(people):
        tickets = [dice.bits(Die.SERVE_ORDER, community.residents[i].id) for i in rows]
        for k in range(len(KINDS)):
            V, W = put_in(b, k, given)
            pool = Pool(put_in(b, k, council)[0], put_in(b, k, paid)[0], V, W)
            queue = lottery([rotated(ticket, 13 * k) for ticket in tickets])
            used = hand_out(pool.C + pool.G + pool.W, k, [community.residents[rows[place]] for place in queue], p)
            post(pool, used, community)
            for service, source in zip(community.services, council, strict=True):
                service.used += source.a[b] * source.kinds[k] * source.H * used
    for resident in community.residents:
        for need, met in zip(resident.need, resident.met, strict=True):
            community.ledger[Flow.NEED_UNMET] += max(0.0, need - met)


def look(people: list[list[int]], community: Community, p: Parameters) -> tuple[list[float], list[list[float]]]:
    """Say where need is and what each neighbourhood is allotted; the formula's shares, and what each charity sees."""
    places, N = community.neighbourhoods, float(len(community.residents))
    heads = [len(rows) / N for rows in people]
    arisen = [total([need for i in rows for need in community.residents[i].need]) for rows in people]
    true = [hours / total(arisen) for hours in arisen] if total(arisen) > 0.0 else heads
    seen = [what_it_sees(members, true, heads, community, p) for members in community.residents_by_charity()]
    said = what_advocates_say(seen, community)
    E = []
    for b, place in enumerate(places):
        K = place.picture_need
        if place.decides:
            K = K + p.local_knowledge * (1.0 - K)
        E.append(K * true[b] + (1.0 - K) * heads[b])
    a = whole(E)
    if said is not None:
        w = p.advocate_weight
        a = [(1.0 - w) * E_b + w * A_b for E_b, A_b in zip(a, said, strict=True)]
    influence = [float(sum(community.residents[i].influence for i in rows)) for rows in people]
    a = [a_b * captured(b, influence, people, p) if places[b].decides else a_b for b, a_b in enumerate(a)]
    for place, needed, allotted in zip(places, true, whole(a), strict=True):
        place.needed, place.allotted = needed, allotted
    return whole([place.need_weight * heads_b for place, heads_b in zip(places, heads, strict=True)]), seen


def captured(b: int, influence: list[float], people: list[list[int]], p: Parameters) -> float:
    """What a neighbourhood's influence makes of its share where neighbourhoods decide."""
    everybody = sum(len(rows) for rows in people)
    beside = 1.0
    if people[b] and sum(influence) > 0.0:
        beside = (influence[b] / len(people[b])) / (sum(influence) / everybody)
    return exp(p.capture * log(min(4.0, max(0.25, beside))))


def what_it_sees(
    members: list[int], true: list[float], heads: list[float], community: Community, p: Parameters
) -> list[float]:
    """A charity's picture of need: the shares A_gb."""
    ties = [0] * len(heads)
    for i in members:
        ties[community.residents[i].neighbourhood] += 1
    loc, clients = [0.0] * len(heads), heads
    if not p.advocacy:
        loc = [1.0 / len(heads)] * len(heads)
    elif sum(ties):
        loc = clients = [count / sum(ties) for count in ties]
    A = [x * t + (1.0 - x) * c for x, t, c in zip(loc, true, clients, strict=True)]
    return whole(A) if total(A) > 0.0 else heads


def what_advocates_say(seen: list[list[float]], community: Community) -> list[float] | None:
    """The mean by income of what charities with a partner see; nothing if nobody has income."""
    partners = set()
    for slot, tie in enumerate(community.partnerships):
        if tie.charity != EMPTY and tie.strength >= PARTNERED and community.officers[slot // PARTNERS].filled:
            partners.add(tie.charity)
    heard = [
        (c.private_income + c.grants + c.contracts, seen[g]) for g, c in enumerate(community.charities) if g in partners
    ]
    income = total([pounds for pounds, _ in heard])
    if income <= 0.0:
        return None
    return [total([pounds * A[b] for pounds, A in heard]) / income for b in range(len(community.neighbourhoods))]


def whole(shares: list[float]) -> list[float]:
    """Shares brought to a sum of 1; all alike where there is nothing to go by."""
    all_of_it = total(shares)
    return [share / all_of_it if all_of_it > 0.0 else 1.0 / len(shares) for share in shares]


def total(values: list[float]) -> float:
    """The sum, added up one after the other."""
    running = 0.0
    for value in values:
        running += value
    return running


def paid_by_council(f: list[float], deciding: float, community: Community) -> list[Hours]:
    """What each service has left for serving alone."""
    services, ledger = community.services, community.ledger
    H = [max(0.0, s.hours - s.joint_officer) for s in services]
    discretionary = total([hours for s, hours in zip(services, H, strict=True) if not s.statutory])
    spent = min(deciding, discretionary)
    ledger[Flow.HOURS_COUNCIL] += spent
    ledger[Flow.HOURS_COUNCIL_RUNNING] += spent
    kept = 1.0 - spent / discretionary if discretionary > 0.0 else 1.0
    a = [place.allotted for place in community.neighbourhoods]
    return [
        Hours(f if s.statutory else a, s.kinds, hours if s.statutory else hours * kept, 0.0)
        for s, hours in zip(services, H, strict=True)
    ]


def paid_by_charities(seen: list[list[float]], community: Community, p: Parameters) -> list[Hours]:
    """What each charity's staff have left, newcomers to roles seen to."""
    newcomers = Counter(r.role for r in community.residents if r.role_since == community.month - 1)
    found = []
    for g, c in enumerate(community.charities):
        G = max(0.0, c.paid_hours + c.bought_hours - c.joint_staff_hours)
        spent = min(G, p.onboarding_hours * newcomers[g])
        community.ledger[Flow.HOURS_CHARITY] += spent
        community.ledger[Flow.HOURS_CHARITY_RUNNING] += spent
        found.append(Hours(reach_of(g, seen, community), c.kinds, G - spent, 0.0))
    return found


def given_by_volunteers(
    seen: list[list[float]], deciding: float, community: Community, p: Parameters
) -> list[Hours]:
    """What the volunteers of each charity have left, and what it is worth."""
    given: list[list[tuple[float, float]]] = [[] for _ in community.charities]
    everyone = []
    for r in community.residents:
        if r.gives_to != NOBODY:
            everyone.append(max(0.0, r.pledged_hours - r.joint_hours))
            given[r.gives_to].append((everyone[-1], p.volunteer_worth * r.skill))
    V = total(everyone)
    spent = min(deciding, V)
    community.ledger[Flow.HOURS_VOLUNTEER] += spent
    community.ledger[Flow.HOURS_VOLUNTEER_RUNNING] += spent
    kept = 1.0 - spent / V if V > 0.0 else 1.0
    found = []
    for g, c in enumerate(community.charities):
        hours = total([hours for hours, _ in given[g]])
        worth = total([value * hours for hours, value in given[g]])
        running = min(c.asked_hours, hours * kept)
        community.ledger[Flow.HOURS_VOLUNTEER] += running
        community.ledger[Flow.HOURS_VOLUNTEER_RUNNING] += running
        left = 1.0 - running / (hours * kept) if hours * kept > 0.0 else 1.0
        found.append(Hours(reach_of(g, seen, community), c.kinds, hours * kept * left, worth * kept * left))
    return found


def reach_of(g: int, seen: list[list[float]], community: Community) -> list[float]:
    """The shares a_gb of a charity's hours."""
    charity = community.charities[g]
    if charity.serves_place:
        return seen[g]
    return [float(b == charity.neighbourhood) for b in range(len(community.neighbourhoods))]


def put_in(b: int, k: int, sources: list[Hours]) -> tuple[float, float]:
    """The hours of kind k that go to neighbourhood b, and what they are worth."""
    hours, worth = 0.0, 0.0
    for source in sources:
        hours += source.a[b] * source.kinds[k] * source.H
        worth += source.a[b] * source.kinds[k] * source.worth
    return hours, worth


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
