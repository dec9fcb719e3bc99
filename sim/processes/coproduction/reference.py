"""Co-production, the plain hand: one citizen and one neighbourhood at a time, with the symbols of the equations."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.chance import MASK, Dice, Die
from sim.elementary import exp_plain as exp, expm1_plain as expm1, log1p_plain as log1p, log_plain as log
from sim.indexes import lottery
from sim.ledger import Flow
from sim.state import ALLIES, EMPTY, KINDS, NOBODY, PARTNERS

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.coproduction import Parameters

DIRECT, BROKERED, OWN = range(3)


class Option(NamedTuple):
    """A route that is open to a citizen."""

    q: float
    kind: int
    slot: int  # of the acquaintance or the partnership, or the charity's row
    path: tuple[str, int]  # whose costs its citizens share
    s: int  # service of the post; one more than the last for charities' own staff


@dataclass
class Citizen:
    """A resident in a role, with hours set aside."""

    resident: Any
    S: float
    option: Option | None = None
    R: float = 0.0
    beside: float = 0.0  # staff hours that stand beside this citizen, on the own route


@dataclass
class Cell:
    """Where one service (or charities' own staff) and its citizens meet in one neighbourhood."""

    O: float = 0.0
    V: float = 0.0
    qV: float = 0.0
    R: float = 0.0
    direct: float = 0.0  # of qV
    Y: float = 0.0


@dataclass
class Month:
    """What the room knows of this month before anything is changed."""

    community: Community
    p: Parameters
    cells: list[list[Cell]]
    G: list[float]
    brokers: list[list[tuple[float, int]]]
    known: dict[int, list[int]]
    shut: set[tuple[str, int]] = field(default_factory=set)

    def useful(self, b: int, s: int) -> bool:
        """Whether there is somebody to join, or no need of anybody."""
        return self.cells[b][s].O > 0.0 or self.p.sigma * self.community.services[s].sigma_ratio > 1.0

    def at_work(self, o: int, b: int) -> bool:
        """Whether a post can join citizens of a neighbourhood."""
        post = self.community.officers[o]
        return covers(post, b) and free(post, self.community) and self.useful(b, post.service)


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: a month of joint work."""
    people = community.residents_by_neighbourhood()
    month = open_up(community, p)
    citizens = choose(month)
    for citizen in citizens:
        come_together(citizen, month)
    for b, row in enumerate(month.cells):
        for s, cell in enumerate(row):
            cell.Y = joint_output(cell, s, len(people[b]), community, p)
    working = [c for c in citizens if c.option and month.cells[c.resident.neighbourhood][c.option.s].Y > 0.0]
    own_kinds = put_in(working, community)
    for b, row in enumerate(month.cells):
        book(b, row, community)
        fill(b, row, own_kinds[b], community)
    for service in community.services:
        service.joint_officer = min(service.joint_officer, service.hours)
    for charity in community.charities:
        charity.joint_staff_hours = min(charity.joint_staff_hours, charity.paid_hours)
    for b, rows in enumerate(people):
        meet_need(b, rows, month.cells[b], community, p, dice)
        draw_pictures(b, rows, community, p)


def covers(post: Any, b: int) -> bool:
    """Whether a neighbourhood lies in a post's patch."""
    return bool(post.first <= b <= post.last)


def free(post: Any, community: Community) -> bool:
    """Whether a post is filled and its body not stalled."""
    return bool(post.filled and community.month >= community.bodies[post.body].stalled_until)


def open_up(community: Community, p: Parameters) -> Month:
    """The hours that paid people open, O_bs and G_g; each charity's partnerships, its allies' too; whom posts know."""
    opening = min(1.0, p.open_share * community.council.openness)
    cells = []
    B = [0.0] * len(community.services)
    for neighbourhood in community.neighbourhoods:
        B = [B_s + B_bs for B_s, B_bs in zip(B, neighbourhood.protected_hours, strict=True)]
    for b, neighbourhood in enumerate(community.neighbourhoods):
        row = [Cell() for _ in community.services] + [Cell()]
        for s, service in enumerate(community.services):
            posts = [o for o in community.officers if o.filled and o.service == s and covers(o, b)]
            if posts and not service.statutory:
                at_work = float(len([o for o in posts if free(o, community)]))
                hours = opening * (service.hours - B[s]) * neighbourhood.allotted + neighbourhood.protected_hours[s]
                row[s].O = hours * (at_work / float(len(posts)))
        cells.append(row)
    G = [opening * charity.paid_hours for charity in community.charities]
    brokers = [partnerships_of(g, community) for g in range(len(community.charities))]
    return Month(community, p, cells, G, brokers, known_to_posts(community))


def known_to_posts(community: Community) -> dict[int, list[int]]:
    """The slots of posts' acquaintances with each resident who is still there, ascending."""
    known: dict[int, list[int]] = {}
    for slot, tie in enumerate(community.acquaintances):
        if tie.resident != EMPTY and tie.who == community.residents[tie.resident].id:
            known.setdefault(tie.who, []).append(slot)
    return known


def partnerships_of(c: int, community: Community) -> list[tuple[float, int]]:
    """(w_oc, slot) of a charity's partnerships, and of those that its allies lend it."""
    held = [(tie.strength, slot) for slot, tie in enumerate(community.partnerships) if tie.charity == c]
    for bond, alliance in enumerate(community.alliances):
        one, other = bond // ALLIES, alliance.other
        if other == EMPTY or c not in (one, other) or alliance.who != community.charities[other].id:
            continue
        if community.charities[one].alive and community.charities[other].alive:
            a = other if c == one else one
            for slot, tie in enumerate(community.partnerships):
                if tie.charity == a:
                    held.append((alliance.strength * tie.strength, slot))
    return held


def choose(month: Month) -> list[Citizen]:
    """Citizens and the best routes open to them, after those on paths that cannot be paid for have looked again."""
    community, p = month.community, month.p
    share = min(1.0, p.set_aside * community.council.openness)
    citizens = [
        Citizen(resident, share * resident.pledged_hours)
        for resident in community.residents
        if resident.role != NOBODY and share * resident.pledged_hours > 0.0
    ]
    totals: dict[tuple[str, int], float] = {}
    for _ in range(3):
        totals = {}
        for citizen in citizens:
            options = open_to(citizen, month)
            citizen.option = max(options, key=lambda x: (x.q, -x.kind, -x.slot), default=None)
            if citizen.option:
                totals[citizen.option.path] = totals.get(citizen.option.path, 0.0) + citizen.S
        small = {path for path, S in totals.items() if p.path_hours > S}
        month.shut |= small
        if not small:
            break
    for citizen in citizens:
        if citizen.option and citizen.option.path in month.shut:
            citizen.option = None
        if citizen.option:
            S_path = totals[citizen.option.path]
            citizen.R = p.path_hours * citizen.S / S_path
            if citizen.option.kind == OWN:
                citizen.beside = month.G[citizen.option.slot] * citizen.S / S_path
    return citizens


def open_to(citizen: Citizen, month: Month) -> list[Option]:
    """The routes that are open to a citizen, each with its quality."""
    resident, charity = citizen.resident, month.community.charities[citizen.resident.role]
    found = direct(resident, month)
    if month.p.brokerage and charity.alive and resident.belongs == resident.role:
        found += brokered(resident, charity, month) + own(resident, charity, month)
    whole = month.p.route_quality
    return [x._replace(q=min(1.0, x.q) if whole else 1.0) for x in found if x.q > 0.0 and x.path not in month.shut]


def direct(resident: Any, month: Month) -> list[Option]:
    """Posts that know the resident."""
    found = []
    for slot in month.known.get(resident.id, []):
        tie, o = month.community.acquaintances[slot], slot // PARTNERS
        if month.at_work(o, resident.neighbourhood):
            q = math.sqrt(tie.strength * resident.trust_council)
            found.append(Option(q, DIRECT, slot, ("post", o), month.community.officers[o].service))
    return found


def brokered(resident: Any, charity: Any, month: Month) -> list[Option]:
    """The strongest of the charity's partnerships that is open."""
    b = resident.neighbourhood
    lent = [
        (w, slot)
        for w, slot in month.brokers[resident.role]
        if w > 0.0 and ("partnership", slot) not in month.shut and month.at_work(slot // PARTNERS, b)
    ]
    if not lent:
        return []
    w, slot = max(lent, key=lambda x: (x[0] if month.p.route_quality else 0.0, -x[1]))
    links = w * resident.belonging * resident.trust_charity
    q = exp(log(links) / 3.0) * charity.quality if links > 0.0 else 0.0
    return [Option(q, BROKERED, slot, ("partnership", slot), month.community.officers[slot // PARTNERS].service)]


def own(resident: Any, charity: Any, month: Month) -> list[Option]:
    """The charity's own staff."""
    g = resident.role
    if month.G[g] <= 0.0 or month.G[g] < month.p.path_hours:
        return []
    q = math.sqrt(resident.belonging * resident.trust_charity) * charity.quality
    return [Option(q, OWN, g, ("staff", g), len(month.community.services))]


def come_together(citizen: Citizen, month: Month) -> None:
    """Add a citizen's hours to the cell where they are put in."""
    if citizen.option is None:
        return
    cell = month.cells[citizen.resident.neighbourhood][citizen.option.s]
    work = citizen.S - citizen.R
    cell.V += work
    cell.qV += citizen.option.q * work
    cell.R += citizen.R
    if citizen.option.kind == DIRECT:
        cell.direct += citizen.option.q * work
    cell.O += citizen.beside


def joint_output(cell: Cell, s: int, residents: int, community: Community, p: Parameters) -> float:
    """Y of a cell, in hours: the normalised CES of what meets there."""
    if cell.qV <= 0.0:
        return 0.0
    constants, services = community.constants, community.services
    if s < len(services):
        L0, q0V0, q0 = (
            services[s].joint_officer_founding, services[s].joint_citizen_founding, services[s].joint_quality_founding)
        sigma = p.sigma * services[s].sigma_ratio
    else:
        L0, q0V0, q0 = (
            constants.joint_staff_founding, constants.joint_member_founding, constants.joint_member_quality_founding)
        sigma = p.sigma
    if L0 <= 0.0 or q0V0 <= 0.0 or q0 <= 0.0:
        return 0.0
    thousands = residents / 1000.0
    l = min(1e3, max(0.0, cell.O - cell.R) / thousands / L0)
    v = min(1e3, cell.qV / thousands / q0V0)
    A = p.efficiency * constants.joint_scale * (constants.joint_first if community.month == 0 else 1.0)
    return thousands * ces(l, v, A * (L0 + q0V0 / q0), p.officer_part, max(0.01, sigma))


def ces(l: float, v: float, scale: float, d: float, sigma: float) -> float:
    """A (L0 + V0) (d l^r + (1 - d) v^r)^(1/r), the greater term taken out, with its limits."""
    r = 1.0 - 1.0 / sigma
    if l < 1e-6 or v < 1e-6:
        if r <= 0.0 or (l < 1e-6 and v < 1e-6):
            return 0.0
        present, weight = (l, d) if l >= 1e-6 else (v, 1.0 - d)
        return scale * (present * exp(log(weight) / r))
    if abs(r) < 1e-9:
        return scale * exp(d * log(l) + (1.0 - d) * log(v))
    m = max(r * log(l), r * log(v))
    of_l, of_v = expm1(r * log(l) - m), expm1(r * log(v) - m)
    return scale * exp((m + log1p(d * of_l + (1.0 - d) * of_v)) / r)


def put_in(working: list[Citizen], community: Community) -> list[list[float]]:
    """Write down who is at work; the hours of charities' own route by neighbourhood and kind."""
    wipe(community)
    own_kinds = [[0.0] * len(KINDS) for _ in community.neighbourhoods]
    for citizen in working:
        option, resident = citizen.option, citizen.resident
        assert option is not None  # noqa: S101 - those at work have a route
        resident.joint_hours = citizen.S
        community.neighbourhoods[resident.neighbourhood].joint_citizen += citizen.S
        if option.kind == OWN:
            charity = community.charities[option.slot]
            charity.joint_staff_hours += citizen.beside
            for k in range(len(KINDS)):
                own_kinds[resident.neighbourhood][k] += (citizen.beside + citizen.S) * charity.kinds[k]
        else:
            community.services[option.s].joint_citizen += citizen.S
            community.services[option.s].volunteers += 1.0
            ties = community.acquaintances if option.kind == DIRECT else community.partnerships
            ties[option.slot].used = 1
    return own_kinds


def wipe(community: Community) -> None:
    """Forget last month's joint work."""
    for resident in community.residents:
        resident.joint_hours = 0.0
    for charity in community.charities:
        charity.joint_staff_hours = 0.0
    for tie in community.partnerships + community.acquaintances:
        tie.used = 0
    for s in community.services:
        s.joint_officer = s.joint_citizen = s.joint_output = s.volunteers = s.used = 0.0
    for b in community.neighbourhoods:
        b.joint_officer = b.joint_citizen = b.joint_charity = 0.0
        b.joint_routes = [0.0, 0.0, 0.0]


def book(b: int, row: list[Cell], community: Community) -> None:
    """A neighbourhood's hours of both sides, with their flows, and its output by route."""
    place, ledger = community.neighbourhoods[b], community.ledger
    for s, cell in enumerate(row):
        if cell.Y <= 0.0:
            continue
        ledger[Flow.HOURS_VOLUNTEER] += cell.V + cell.R
        ledger[Flow.HOURS_VOLUNTEER_JOINT] += cell.V
        ledger[Flow.HOURS_VOLUNTEER_RUNNING] += cell.R
        paid_running = min(cell.O, cell.R)
        if s < len(community.services):
            service: SimpleNamespace = community.services[s]
            service.joint_officer += cell.O
            service.joint_output += cell.Y
            place.joint_officer += cell.O
            share = cell.direct / cell.qV
            place.joint_routes[DIRECT] += cell.Y * share
            place.joint_routes[BROKERED] += cell.Y * (1.0 - share)
            flows = Flow.HOURS_COUNCIL, Flow.HOURS_COUNCIL_JOINT, Flow.HOURS_COUNCIL_RUNNING
        else:
            place.joint_charity += cell.O
            place.joint_routes[OWN] += cell.Y
            flows = Flow.HOURS_CHARITY, Flow.HOURS_CHARITY_JOINT, Flow.HOURS_CHARITY_RUNNING
        for flow, hours in zip(flows, (cell.O, cell.O - paid_running, paid_running), strict=True):
            ledger[flow] += hours


def fill(b: int, row: list[Cell], own_kinds: list[float], community: Community) -> None:
    """What joint work in a neighbourhood can meet, by kind of need."""
    hours = 0.0
    for k in range(len(KINDS)):
        hours += own_kinds[k]
    for k in range(len(KINDS)):
        pool = 0.0
        for service, cell in zip(community.services, row, strict=False):
            pool += cell.Y * service.kinds[k]
        if hours > 0.0:
            pool += row[-1].Y * (own_kinds[k] / hours)
        community.neighbourhoods[b].joint_kinds[k] = pool


def meet_need(b: int, rows: list[int], row: list[Cell], community: Community, p: Parameters, dice: Dice) -> None:
    """Hand a neighbourhood's joint output out, kind by kind, in the order of the lottery."""
    tickets = [dice.bits(Die.SERVE_ORDER, community.residents[i].id) for i in rows]
    for k in range(len(KINDS)):
        pool = left = community.neighbourhoods[b].joint_kinds[k]
        turn = 7 + 13 * k
        for place in lottery([((ticket << turn) | (ticket >> (64 - turn))) & MASK for ticket in tickets]):
            resident = community.residents[rows[place]]
            need, met = resident.need[k], resident.met[k]
            x = min(max(0.0, p.joint_reach * need - met), left)
            left -= x
            resident.met[k] = min(need, met + x)
        if pool > 0.0:
            community.ledger[Flow.NEED_MET_JOINT] += pool - left
            for service, cell in zip(community.services, row, strict=False):
                service.used += cell.Y * service.kinds[k] * ((pool - left) / pool)


def draw_pictures(b: int, rows: list[int], community: Community, p: Parameters) -> None:
    """K of need and of resources: joint hours build them, and they fade."""
    place = community.neighbourhoods[b]
    if not p.picture:
        place.picture_need = place.picture_resources = 1.0
        return
    people = [community.residents[i] for i in rows]
    working = [resident for resident in people if resident.joint_hours > 0.0]
    knowledge, x = 1.0, 0.0
    everybody = years(people, community.month)
    if working and everybody > 0.0:
        knowledge = (years(working, community.month) / len(working)) / (everybody / len(people))
    if people:
        both = place.joint_officer + place.joint_charity + place.joint_citizen
        x = (both + place.mapped_hours) / (len(people) / 100.0)
    gain = min(1.0, p.build * x * knowledge)
    place.picture_need = p.kept * place.picture_need + gain * (1.0 - place.picture_need)
    place.picture_resources = p.kept * place.picture_resources + gain * (1.0 - place.picture_resources)


def years(people: list[Any], month: int) -> float:
    """Months that people have lived here, ten years at most each, added up."""
    total = 0.0
    for resident in people:
        total += min(120, max(0, month - resident.arrived))
    return total
