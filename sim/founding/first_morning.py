"""The first morning: people, homes, ties, charities, services and council, from the numbers at which the model starts.

Everything here is keyed by the run seed and a person's first id, so that a place is the same for any machine.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from sim.chance import Dice, Die, between, permanent_id, permanent_ids, uniform, uniform2, uniforms
from sim.compiling import KERNEL, PART
from sim.elementary import exp, log
from sim.founding import books
from sim.ledger import Flow
from sim.parameters import numbers
from sim.processes.renewal import make_person
from sim.reach import pick, reach_of
from sim.source import data_table
from sim.state import (
    BONDING,
    BRIDGING,
    COUNCIL_BODY,
    EMPTY,
    HEALTH_BODY,
    INSIDE,
    KINDS,
    NEXT_DOOR,
    NOBODY,
    QUANTILE_KNOTS,
    SLOTS,
    THE_REST,
    WEAK,
    Floats,
    State,
    allocate,
)  # fmt: skip
from sim.units import population

if TYPE_CHECKING:
    from sim.config import Config
    from sim.founding.solving import Solved
    from sim.place import Place

VENUES = 3
"""Places to meet in a neighbourhood: assumption."""
NEED_BY_QUINTILE = (1.5, 1.2, 1.0, 0.8, 0.6)
"""Need beside the average, the most deprived fifth first: assumption."""
TRUST_SHAPE = {"council": (2.83, 2.37), "charity": (3.0, 3.0 * 0.34 / 0.66)}
"""Beta distributions of T(0): mean .545 with 59% above .5 for the council (Citizenship Survey 2009); mean .66 for
charities (Charity Commission 2008-14)."""
PICTURE = 0.8
"""Pictures of need and of resources before they settle."""
FIRST_BELONGING = 0.4
FEWEST_POSTS = 4
NEXT_DOOR_KM = 2.0
"""How near to a funded neighbourhood one lies that is next door."""
NEVER = -10_000
"""A month long before any that is lived."""
MEAN_ROLE_HOURS = 11.5
VOLUNTEER_SHARE = 0.264


def first_morning(config: Config, seed: int, solved: Solved, month: int) -> State:
    """A place with everybody in it, before its spin-up.

    Args:
        config: the place and the rooms' parameters.
        seed: the run seed.
        solved: the constants of the place.
        month: the month that begins, negative.
    """
    place = config.place
    rows = books.capacity(books.bodies_of(place))
    state = allocate(
        residents=place.residents, charities=rows, services=len(data_table("services")),
        neighbourhoods=place.neighbourhoods, policies=0, world=1, flows=len(Flow), officers=posts(place), seed=seed,
        month=month,
    )  # fmt: skip
    solved.write_to(state)
    dice = Dice(seed, month)
    _lay_out_neighbourhoods(state, place)
    _set_up_council(state, place)
    work_hours = place.residents * VOLUNTEER_SHARE * MEAN_ROLE_HOURS
    books.set_up(state, place, config.survival, solved.standing, work_hours)
    _scale_charities_work(state)
    _let_grants_and_contracts(state, config.funding.council_part)
    _open_posts(state)
    for name, (a, b) in TRUST_SHAPE.items():
        getattr(state.quantiles, name)[:] = beta_quantiles(a, b)
    _people_the_homes(state, config, dice)
    sizes = np.bincount(state.residents.neighbourhood, minlength=place.neighbourhoods)
    _tie_people_together(state.residents, state.ties, sizes, solved.start, dice.streams, month)
    _hand_out_roles(state.residents, state.charities, place.neighbourhoods, solved.start, dice.streams, month)
    state.bands.members[:] = books.members(state)
    books.hold_births(state, place, solved.standing, config.survival.need_pull)
    for name in ("core_funding", "other_income", "care_demand", "household", "hardship"):
        getattr(state.world, name)[:] = 1.0
    return state


def _kinds(row: dict[str, str]) -> list[float]:
    return [float(row[kind]) for kind in KINDS]


def _lay_out_neighbourhoods(state: State, place: Place) -> None:
    """Neighbourhoods on a spiral, a kilometre apart; quintiles by quota, dealt so that likes are spread about."""
    b, n = state.neighbourhoods, place.neighbourhoods
    dealt = np.argsort([permanent_id(n, k) for k in range(n)])
    b.quintile[dealt] = place.quintiles
    for k in range(n):
        b.x[k] = math.sqrt(k) * math.cos(2.399963 * k)
        b.y[k] = math.sqrt(k) * math.sin(2.399963 * k)
    b.area[:] = _areas(b.x, b.y, place.area_neighbourhoods)
    b.need_weight[:] = np.array(NEED_BY_QUINTILE)[b.quintile - 1]
    b.venues[:], b.venues_open[:] = VENUES, (1 << VENUES) - 1
    b.picture_need[:] = b.picture_resources[:] = PICTURE
    b.allotted[:] = b.needed[:] = b.need_weight / b.need_weight.sum()


def _areas(x: Floats, y: Floats, funded: int) -> Any:
    """Of each neighbourhood: the funded area is the first ones, at the centre; next door is what lies round them."""
    if funded == 0:
        return np.full(len(x), THE_REST)
    away = np.hypot(x[:, None] - x[:funded], y[:, None] - y[:funded]).min(axis=1)
    return np.where(np.arange(len(x)) < funded, INSIDE, np.where(away <= NEXT_DOOR_KM, NEXT_DOOR, THE_REST))


def _set_up_council(state: State, place: Place) -> None:
    council, services = state.council, state.services
    people = population(place.residents)
    spend = people * place.spend_per_head
    council.population[0] = people
    council.core_founding[0] = spend * (1.0 - place.other_income_share)
    council.other_founding[0] = spend * place.other_income_share
    council.care_share[0] = place.care_share
    council.openness[0] = 1.0
    council.modes_differ[0] = 1
    council.reserves[0] = council.reserves_target[0] = spend * place.reserves_share
    council.spend_last_year[0] = spend
    for s, row in enumerate(data_table("services")):
        services.statutory[s], services.share[s] = int(row["statutory"]), float(row["share"])
        services.kinds[s] = _kinds(row)
    services.sigma_ratio[:] = 1.0
    care = spend * place.care_share / 12.0
    council.spend_statutory[0] = care
    council.discretionary_founding[0] = council.spend_discretionary[0] = spend / 12.0 - care
    services.spend_founding[:] = services.share * np.where(services.statutory == 1, care, spend / 12.0 - care)


def _scale_charities_work(state: State) -> None:
    """Let charities' pay buy as many hours as another account of the main model's month 0 asks for."""
    state.bands.staff_share[:] *= state.constants.charity_scale[0]
    state.charities.paid_hours[:] *= state.constants.charity_scale[0]


def _let_grants_and_contracts(state: State, council_part: float) -> None:
    """What the services have at founding once the council's grants to charities are taken off."""
    s = state.services
    grants = council_part * math.fsum(state.charities.grants_base.tolist())
    rest = max(0.0, float(state.council.discretionary_founding[0]) - grants)
    s.spend_founding[:] = np.where(s.statutory == 1, s.spend_founding, s.share * rest)
    s.spend[:] = s.spend_founding


def posts(place: Place) -> int:
    """Contact officers: one for every 1,000 people, and at least four."""
    return max(FEWEST_POSTS, round(population(place.residents) / 1000.0))


def _open_posts(state: State) -> None:
    """Every fourth post is the health body's; the others go round the council's discretionary services.

    The posts of one service share the neighbourhoods out between them, so that each service knows every part.
    """
    o, n, places = state.officers, len(state.officers.id), len(state.neighbourhoods.x)
    o.body[:] = np.where(np.arange(n) % 4 == 3, HEALTH_BODY, COUNCIL_BODY)
    open_to = np.flatnonzero(state.services.statutory == 0)
    for body in (COUNCIL_BODY, HEALTH_BODY):
        mine = np.flatnonzero(o.body == body)
        o.service[mine] = np.resize(open_to[::-1], len(mine))
        for s in open_to:
            team = mine[o.service[mine] == s]
            for place, post in enumerate(team):
                o.first[post] = place * places // len(team)
                o.last[post] = max(o.first[post], (place + 1) * places // len(team) - 1)
        state.bodies.posts_founding[body] = len(mine)
    o.post[:] = [permanent_id(places, 2_000_000 + k) for k in range(n)]
    o.id[:], o.since[:], o.filled[:] = o.post, state.month, 1
    state.bodies.strikes[:], state.bodies.stalled_until[:] = NEVER, NEVER


def _people_the_homes(state: State, config: Config, dice: Dice) -> None:
    r, place, n = state.residents, config.place, len(state.residents.id)
    r.id[:] = permanent_ids(place.neighbourhoods, n)
    r.neighbourhood[:] = np.arange(n) * place.neighbourhoods // n
    abc1 = np.array(place.abc1_share)[state.neighbourhoods.quintile[r.neighbourhood] - 1]
    grade = (uniforms(dice.streams[Die.GRADE], r.id) >= abc1).astype(np.int8)
    r.group[:] = grade * 3 + _pick(place.age_shares.in_order(), uniforms(dice.streams[Die.AGE], r.id))
    r.tenure[:] = _pick(place.tenure_shares.in_order(), uniforms(dice.streams[Die.TENURE], r.id))
    angle = 2.0 * math.pi * uniforms(dice.streams[Die.COORDINATES], r.id)
    distance = 0.45 * np.sqrt(uniforms(dice.streams[Die.NEW_HOME], r.id))
    r.x[:] = state.neighbourhoods.x[r.neighbourhood] + distance * np.cos(angle)
    r.y[:] = state.neighbourhoods.y[r.neighbourhood] + distance * np.sin(angle)
    p = numbers(config.renewal)
    _make_everybody(r, state.neighbourhoods, state.quantiles, p, dice.streams, state.month)


def _pick(shares: tuple[float, ...], draws: Floats) -> Any:
    return np.minimum(np.searchsorted(np.cumsum(shares), draws, side="right"), len(shares) - 1)


def beta_quantiles(a: float, b: float, knots: int = QUANTILE_KNOTS) -> Floats:
    """The quantile curve of a Beta(a, b) at even knots, from the trapezoidal integral of its density."""
    x = np.linspace(0.0, 1.0, 20_001)
    density = _density(x, a, b)
    running = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2.0)])
    return np.interp(np.linspace(0.0, 1.0, knots), running / running[-1], x)


@njit(**KERNEL)
def _density(x, a, b):  # noqa: ANN001, ANN202
    density = np.empty(x.size)
    for k in range(x.size):
        density[k] = exp((a - 1.0) * log(x[k]) + (b - 1.0) * log(1.0 - x[k]))
    return density


@njit(**KERNEL)
def _make_everybody(residents, neighbourhoods, quantiles, p, streams, month):  # noqa: ANN001, ANN202
    for i in range(residents.id.size):
        make_person(i, residents, neighbourhoods, quantiles, p, streams, month)


@njit(**KERNEL)
def _tie_people_together(residents, ties, sizes, start, streams, month):  # noqa: ANN001, ANN202
    """Ties within the neighbourhood lie among near rows, the others anywhere."""
    first = 0
    for size in sizes:
        for i in range(first, first + size):
            who, taken = residents.id[i], 0
            for klass in (BONDING, WEAK, BRIDGING):
                count = int(start.owned[klass] + uniform2(streams[Die.FIRST_TIE], who, klass))
                for n in range(count):
                    near = uniform2(streams[Die.FIRST_TIE], who, 10_000 + 100 * klass + n) < start.near[klass]
                    k = _first_alter(i, first if near else 0, size if near else residents.id.size, near, who,
                                     100 * klass + n, ties.alter, streams)  # fmt: skip
                    if k != EMPTY and taken < SLOTS:
                        slot = i * SLOTS + taken
                        ties.alter[slot], ties.klass[slot], ties.born[slot] = k, klass, month
                        u = uniform2(streams[Die.FIRST_STRENGTH], who, taken)
                        ties.strength[slot] = between(start.strength[klass], u)
                        v = uniform2(streams[Die.FIRST_STRENGTH], who, 100 + taken)
                        ties.deepening[slot] = v < start.deepening[klass]
                        taken += 1
        first += size


@njit(**PART)
def _first_alter(i, first, size, near, who, tie, alter, streams):  # noqa: ANN001, ANN202
    """One of the next sixty rows, or anybody; another try where the two are tied already."""
    for attempt in range(10):
        u = uniform2(streams[Die.FIRST_TIE], who, 1000 * (attempt + 1) + tie)
        k = first + (i - first + 1 + int(u * min(60, size - 1))) % size if near else int(u * size)
        if k != i and not _tied(i, k, alter):
            return k
    return EMPTY


@njit(**PART)
def _tied(i, k, alter):  # noqa: ANN001, ANN202
    for step in range(SLOTS):
        if alter[i * SLOTS + step] == k or alter[k * SLOTS + step] == i:
            return True
    return False


@njit(**KERNEL)
def _hand_out_roles(residents, charities, neighbourhoods, start, streams, month):  # noqa: ANN001, ANN202
    reach = reach_of(charities, neighbourhoods)
    for i in range(residents.id.size):
        who = residents.id[i]
        g = pick(reach, residents.neighbourhood[i], uniform(streams[Die.CHARITY], who))
        in_role = g != NOBODY and uniform2(streams[Die.FIRST_ROLE], who, 0) < start.role_share[0]
        residents.ever[i] = uniform(streams[Die.EVER_VOLUNTEER], who) < start.ever[1 if in_role else 0]
        if in_role:
            residents.role[i] = residents.gives_to[i] = residents.belongs[i] = g
            residents.belonging[i] = FIRST_BELONGING
            age = between(start.role_age, uniform2(streams[Die.FIRST_ROLE], who, 1))
            residents.role_since[i] = month - 1 - int(age)
            residents.role_starts[i] = residents.role_since[i]
