"""The constants that make a place stay as it is when nothing happens to it, solved once for all seeds.

A town of `RESIDENTS` lives `MONTHS` with nothing happening from outside, while each constant leans towards its target
like a thermostat:

    search chance c      ties a resident                          15
    take-up chance       bonding ties a resident                  5
    join rate k0         share giving formal hours in a month     .264     (calibration C1)
    need scale           share of need unmet                      .20
    influence b0         share who feel influence                 .39      (calibration C16)
    partner chance       charities an officer's post knows        5
    acquaintance chance  residents a post knows                   5
    ally chance          charities that a charity knows           2
    lapse chance         share tied to a charity, of those without a role  .30
    trust offsets        T stays at T(0) on average, at each knot of T(0)

and the founding means A0, load0, met0 by quintile, of the contexts by class, of members and of joint work are followed.
The last are those of the reference place, and not the place's own, wherever it is. Each is then the mean over
the last `SETTLED` months.

A rival or an ablation has the main model's levels for targets in place of the first ones: what each source of capacity
meets, and ties. It lives those months under the luck of the main model's own solving, and a constant for each level
(`LEVERS`) is pulled, month by month, towards what brings it to what the main model had in that month.

How the place then looks (`Start`) is what a first morning is drawn from. In closed form:
the acceptance of strangers that gives the stated homophily.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim import flat_file, observables, schedule
from sim.elementary import exp_plain
from sim.founding.books import hold_births, members
from sim.founding.first_morning import first_morning
from sim.founding.settling import FOLLOWS, KEPT, LEVELS, Standing, leaving, settle
from sim.ledger import Flow
from sim.observables.people import TRUSTS
from sim.processes import coproduction
from sim.state import (
    BANDS,
    BONDING,
    EMPTY,
    NOBODY,
    QUINTILES,
    SLOTS,
    TRUST_KNOTS,
    Classes,
    Constants,
    Floats,
    Quintiles,
    State,
    TrustKnots,
)  # fmt: skip

if TYPE_CHECKING:
    from sim.config import Config

RESIDENTS = 12_000
MONTHS = 480
SETTLED = 180
KNOTS = 65
SEED = 20070401
SERVICES = 8
TIES, BONDING_TIES = 15.0, 5.0
ACTIVE = 0.264
UNMET = 0.20
INFLUENCE = 0.39
PARTNERSHIPS, ACQUAINTANCES, ALLIES_KNOWN = 5.0, 5.0, 2.0
MEMBERS = 0.30
LEAVING = np.array([0.035, 0.021])
"""Share of members who leave in a month, to begin with."""
LEAST_SHARED = 0.05
"""What a class's ties share is taken to weigh at least this share of all contexts: where hardly any tie shares one, the
few that do would else meet without end."""
MISS = 0.15
"""A target is missed where what came of it lies this share of it away."""


class FoundingError(ValueError):
    """A place that cannot be founded, told in one message."""


class Start(NamedTuple):
    """How a place that has settled looks: what a first morning is drawn from, so that little is left to settle."""

    owned: Floats  # (3,) ties of each class that a resident owns
    near: Floats  # (3,) share of ties that lie within one neighbourhood
    strength: Floats  # (3, KNOTS) quantiles of strength in each class
    deepening: Floats  # (3,) share of ties being taken up
    role_share: Floats  # (1,) residents in a role
    role_age: Floats  # (KNOTS,) quantiles of months in the role
    ever: Floats  # (2,) who ever volunteered, of those without and with a role


class Levels(NamedTuple):
    """How much a settled place has: what a rival or an ablation is founded to match."""

    council: Floats  # hours of need met a month per 1,000 residents by the council alone
    charity: Floats  # likewise by paid charity work
    volunteer: Floats  # by volunteers
    neighbour: Floats  # by neighbours
    joint: Floats  # by paid and unpaid people together
    ties: Floats  # a resident
    trust: Floats  # share who trust the council


class Lever(NamedTuple):
    """The constant by which another account is brought to what the main model has of one level."""

    constant: str
    level: str
    pull: float  # share of the gap by which it moves in a month
    push: float = 0.0  # times the gap by which it is moved for the one month: keeps what answers late from swinging


LEVERS = (
    Lever("council_scale", "council", 0.2), Lever("charity_scale", "charity", 0.2),
    Lever("join_rate", "volunteer", 0.02, 2.0), Lever("help_scale", "neighbour", 0.2),
    Lever("joint_scale", "joint", 0.1), Lever("search_chance", "ties", 0.03, 2.0),
)  # fmt: skip
"""Trust has none: it is held at its own first level in every account. What answers at once is pulled fast. Joint work
less so: where few do it, it swings from month to month, and a scale that follows a low month is too high later.
"""

MOST_BESIDE = 100.0
"""Most that a lever comes to beside the main model's: an account that cannot do a thing at all is left without it."""
LASTING_MONTHS = 120
"""Months before month 0 by which the scale of joint work is set that holds from then on."""


class Course(NamedTuple):
    """The months of a place that settles, one after the other: another account settles beside it."""

    levels: Floats  # (months, 7) in the order of `Levels`
    levers: Floats  # (months, 6) in the order of `LEVERS`, for the month that comes

    @classmethod
    def blank(cls, months: int) -> Course:
        """A course of which nothing is known yet."""
        return cls(np.zeros((months, len(Levels._fields))), np.zeros((months, len(LEVERS))))

    def written(self) -> str:
        """All of it as text, to the last bit."""
        return json.dumps([column.tolist() for column in self])

    @classmethod
    def read(cls, text: str) -> Course:
        """What `written` wrote.

        Raises:
            ValueError: if it is something else.
        """
        levels, levers = json.loads(text)
        return cls(np.array(levels), np.array(levers))


class Joint(NamedTuple):
    """Joint work at founding by service, hours a month per 1,000 residents."""

    officer: Floats  # L0
    citizen: Floats  # q0 V0
    quality: Floats  # q0


class Solved(NamedTuple):
    """What is solved at founding: the tables of the state that hold constants, and how a settled place looks."""

    constants: Constants
    quintiles: Quintiles
    trust_knots: TrustKnots
    classes: Classes
    joint: Joint
    levels: Levels
    start: Start
    course: Course
    standing: Standing

    def write_to(self, state: State) -> None:
        """Put the constants into a state."""
        for name in CONSTANT:
            for column, value in zip(getattr(state, name), getattr(self, name), strict=True):
                column[:] = value
        for column, value in zip(_joint_work(state), self.joint, strict=True):
            column[:] = value

    def beside(self, main: Solved) -> Floats:
        """Each lever beside the main model's."""
        mine, theirs = levers(self.constants), levers(main.constants)
        return np.divide(mine, theirs, out=np.ones(len(LEVERS)), where=theirs > 0.0)

    def save(self, path: Path) -> None:
        """Write to exactly ``path``, whole or not at all."""
        columns = {f"{n}.{f}": c for n, t in self._asdict().items() for f, c in zip(t._fields, t, strict=True)}
        flat_file.save(path, columns, {})

    @classmethod
    def load(cls, path: Path) -> Solved:
        """Read what `save` wrote.

        Raises:
            OSError: if there is no such file.
            ValueError: if it holds something else.
        """
        columns, _ = flat_file.load(path)
        try:
            return cls(*(made(*(columns[f"{name}.{f}"] for f in made._fields)) for name, made in _TABLES.items()))
        except KeyError as fault:
            raise ValueError(f"{path} holds no constants of this version") from fault


CONSTANT = ("constants", "quintiles", "trust_knots", "classes")
_TABLES: dict[str, Any] = {
    "constants": Constants, "quintiles": Quintiles, "trust_knots": TrustKnots, "classes": Classes, "joint": Joint,
    "levels": Levels, "start": Start, "course": Course, "standing": Standing,
}  # fmt: skip


def solve(config: Config, reference: Solved | None = None, match: Solved | None = None) -> Solved:
    """Solve the constants of a place; a few seconds.

    Args:
        config: the place and the rooms' parameters.
        reference: the reference place's constants, whose joint work counts as the founding's; itself, if none.
        match: the main model, whose levels the place shall have at founding; if none, the targets above.

    Raises:
        FoundingError: if it comes to numbers that are none, as in a place without ties or need.
    """
    large = config.model_copy(update={"place": config.place.model_copy(update={"residents": RESIDENTS})})
    standing = settle(large, LEAVING, KEPT)
    state = first_morning(large, SEED, guess()._replace(standing=standing), month=-MONTHS)
    state.constants.acceptance[0] = acceptance(state, config.ties.homophily)
    kept, left, course, beside = [], [], Course.blank(MONTHS), np.ones(len(LEVERS))
    paid = float(state.charities.paid_hours.sum())
    for past in range(MONTHS):
        if reference:
            _take_joint_work(state, reference)
        belonged = state.residents.belongs.copy()
        schedule.act(state, large)
        observables.remember(state)
        now = levels(state)
        course.levels[past] = np.concatenate(now)
        _hold_paid_hours(state, paid)
        lean(state, large, standing, matched=match is not None)
        left.append(leaving(belonged, state))
        if match:
            set_beside(state, match.course.levers[past], pull_to_match(beside, now, match.course.levels[past]))
        course.levers[past] = levers(state.constants)
        state.month += 1
        if state.month >= -SETTLED:
            joint = _joint_work(state)
            every = (*(getattr(state, name) for name in CONSTANT), joint, now)
            kept.append([np.concatenate(table) for table in every])
    names = (*CONSTANT, "joint", "levels")
    means = [np.mean([columns[k] for columns in kept], axis=0) for k in range(len(names))]
    tables: dict[str, Any] = {
        name: _TABLES[name](*np.split(mean, len(_TABLES[name]._fields)))
        for name, mean in zip(names, means, strict=True)
    }
    start = settled(state)
    if match:
        start = start._replace(owned=start.owned * (match.levels.ties / np.maximum(1e-9, tables["levels"].ties)))
    standing = settle(large, np.mean(left[-SETTLED:], axis=0))
    solved = Solved(**tables, start=start, course=course, standing=standing)
    if not all(np.isfinite(column).all() for table in solved for column in table):
        raise FoundingError(
            f"{config.place.name} cannot be founded with the parameters of draw={config.draw} and those that were set: "
            "no constants keep it as it is. Leave this draw out, or set parameters nearer to their stated values."
        )
    return solved


def shortfalls(solved: Solved) -> list[str]:
    """The targets that a settled place misses by more than `MISS`, in words."""
    owned = solved.start.owned
    there = {
        "ties a resident": (2.0 * float(owned.sum()), TIES),
        "bonding ties a resident": (2.0 * float(owned[BONDING]), BONDING_TIES),
        "share of need met": (float(solved.quintiles.met_founding.mean()), 1.0 - UNMET),
    }
    return [f"{what}: {got:.3g}, not {aim:g}" for what, (got, aim) in there.items() if abs(got - aim) > MISS * aim]


def levels(state: State) -> Levels:
    """How much the place has this month."""
    people, r = len(state.residents.id), state.residents
    met = (Flow.NEED_MET_COUNCIL, Flow.NEED_MET_CHARITY, Flow.NEED_MET_VOLUNTEERS, Flow.NEED_MET_NEIGHBOURS,
           Flow.NEED_MET_JOINT)  # fmt: skip
    hours = [1000.0 * float(state.ledger[flow]) / people for flow in met]
    ties = 2.0 * np.count_nonzero(state.ties.alter != EMPTY) / people
    return Levels(*(np.array([value]) for value in (*hours, ties, (r.trust_council > TRUSTS).mean())))


def levers(c: Constants) -> Floats:
    """The constants by which accounts are matched."""
    return np.array([getattr(c, lever.constant)[0] for lever in LEVERS])


def pull_to_match(beside: Floats, now: Levels, main: Floats) -> Floats:
    """Move what each lever is beside the main model's towards what brings a place to the main model's levels.

    Both have lived the month under the same luck, so that little of it is taken for a difference. An account that does
    nothing before month 0 has no gap in any month, and gets the main model's constants to the last bit.

    Args:
        beside: changed in place.
        now: what the place had this month.
        main: what the main model had, in the order of `Levels`.

    Returns:
        What each lever is beside the main model's for the one month that comes.
    """
    pushed = beside.copy()
    for k, lever in enumerate(LEVERS):
        has, wants = getattr(now, lever.level)[0], main[Levels._fields.index(lever.level)]
        gap = max(-1.0, min(1.0, 1.0 - has / wants)) if wants > 0.0 else 0.0
        beside[k] = max(1.0 / MOST_BESIDE, min(MOST_BESIDE, beside[k] * exp_plain(lever.pull * gap)))
        pushed[k] = beside[k] * exp_plain(lever.push * gap)
    return pushed


def joint_scale_that_lasts(mine: Course, main: Course) -> float:
    """The scale by which a place has had as much joint work as the main model's, in the mean over `LASTING_MONTHS`.

    The lever itself would not do: it follows luck, and the mean of what swinging months would each have needed is more
    than what all of them need together. With x a month's joint work at a scale of 1, and y the main model's,

        y / x  (1 + d_x d_y) / (1 + d_x^2)        of means, d the difference of the two halves' means over their sum

    which is the ratio estimator of Beale (1962; Cochran 1977), with two blocks: a plain y / x is too high by about
    d_x^2, the variance of the mean of x over its square. Blocks are years long, for luck with acquaintances lasts.

    Returns:
        what `joint_scale` is from month 0 on; as it was last, for a place in which there was none.
    """
    level, lever = Levels._fields.index("joint"), [lever.constant for lever in LEVERS].index("joint_scale")
    had = mine.levels[1:, level] / mine.levers[:-1, lever], main.levels[1:, level]
    (x1, x2), (y1, y2) = ([half.mean() for half in np.array_split(column[-LASTING_MONTHS:], 2)] for column in had)
    if x1 + x2 <= 0.0 or y1 + y2 <= 0.0:
        return float(mine.levers[-1, lever])
    d_x, d_y = (x1 - x2) / (x1 + x2), (y1 - y2) / (y1 + y2)
    return float(min(MOST_BESIDE, (y1 + y2) / (x1 + x2) * (1.0 + d_x * d_y) / (1.0 + d_x * d_x)))


def set_beside(state: State, main: Floats, beside: Floats) -> None:
    """Set every lever for the month that comes; charities' pay buys more or fewer hours from now on."""
    c = state.constants
    before = float(c.charity_scale[0])
    for lever, value, ratio in zip(LEVERS, main, beside, strict=True):
        getattr(c, lever.constant)[0] = value * ratio
    state.bands.staff_share[:] *= c.charity_scale[0] / before
    state.charities.paid_hours[:] *= c.charity_scale[0] / before


def _hold_paid_hours(state: State, total: float) -> None:
    """Keep charities' paid hours as the place's quota has them: the few bodies of one town wander by chance."""
    hours = state.charities.paid_hours
    hours *= state.constants.charity_scale[0] * total / max(1e-9, float(hours.sum()))


def _joint_work(state: State) -> Joint:
    s = state.services
    return Joint(s.joint_officer_founding, s.joint_citizen_founding, s.joint_quality_founding)


def _take_joint_work(state: State, reference: Solved) -> None:
    for column, value in zip(_joint_work(state), reference.joint, strict=True):
        column[:] = value
    for name in ("joint_staff_founding", "joint_member_founding", "joint_member_quality_founding"):
        getattr(state.constants, name)[:] = getattr(reference.constants, name)


def settled(state: State) -> Start:
    """How a settled place looks."""
    ties, r = state.ties, state.residents
    even = np.linspace(0.0, 1.0, KNOTS)
    classes = [(ties.alter != EMPTY) & (ties.klass == klass) for klass in range(3)]
    in_role = r.role != NOBODY
    lives = r.neighbourhood
    near = lives[np.arange(len(ties.alter)) // SLOTS] == lives[ties.alter]
    return Start(
        owned=np.array([np.count_nonzero(mine) for mine in classes]) / len(r.id),
        near=np.array([near[mine].mean() if mine.any() else 1.0 for mine in classes]),
        strength=np.array([np.quantile(ties.strength[mine], even) if mine.any() else even for mine in classes]),
        deepening=np.array([ties.deepening[mine].mean() if mine.any() else 0.0 for mine in classes]),
        role_share=np.array([in_role.mean()]),
        role_age=np.quantile(state.month - r.role_since[in_role], even) if in_role.any() else 60.0 * even,
        ever=np.array([r.ever[group].mean() if group.any() else 0.5 for group in (~in_role, in_role)]),
    )


def guess() -> Solved:
    """Constants to begin solving from: those of the default place, roughly."""
    known = {"join_rate": 0.0081, "asking": 1.4, "load": 12.0, "search_chance": 0.45, "take_up_chance": 0.012,
             "need_scale": 0.87, "influence": -0.64, "lapse_chance": 0.03, "partner_chance": 0.02,
             "acquaint_chance": 0.02, "ally_chance": 0.0033, "unmet": UNMET, "joint_staff_founding": 60.0,
             "joint_member_founding": 10.0, "joint_member_quality_founding": 0.6, "help_scale": 1.0,
             "joint_scale": 1.0, "joint_first": 1.0, "council_scale": 1.0, "charity_scale": 1.0}  # fmt: skip
    spread = 0.6 + 0.8 * np.linspace(0.0, 1.0, KNOTS)
    return Solved(
        Constants(*(np.array([known.get(name, 0.0)]) for name in Constants._fields)),
        Quintiles(np.full(QUINTILES, 0.8)),
        TrustKnots(np.zeros(TRUST_KNOTS), np.zeros(TRUST_KNOTS)),
        Classes(np.array([0.55, 0.40, 0.45])),
        Joint(np.full(SERVICES, 30.0), np.full(SERVICES, 20.0), np.full(SERVICES, 0.5)),
        Levels(*(np.zeros(1) for _ in Levels._fields)),
        Start(
            owned=np.array([2.5, 2.9, 2.0]), near=np.array([0.8, 0.9, 0.6]),
            strength=np.outer([0.65, 0.25, 0.12], spread),
            deepening=np.array([0.0, 0.25, 0.0]), role_share=np.array([0.24]), role_age=60.0 * (spread - 0.6),
            ever=np.array([0.7, 1.0]),
        ),
        Course.blank(MONTHS),
        Standing(
            luck=np.zeros((BANDS, 1)), costs=np.ones((BANDS, 1)), reserves=np.full((BANDS, 1), 5.0),
            deficits=np.zeros((BANDS, 1), int), age=np.full((BANDS, 1), 240),
            closing=np.full((BANDS, len(LEVELS)), 0.002),
        ),
    )  # fmt: skip


def acceptance(state: State, homophily: float) -> float:
    """The chance to accept a stranger of another group that leaves the stated share of ties in the own group."""
    shares = np.bincount(state.residents.group) / len(state.residents.group)
    own = float((shares * shares).sum())
    return min(1.0, own * (1.0 - homophily) / max(1e-9, (1.0 - own) * homophily))


def lean(state: State, config: Config, standing: Standing, *, matched: bool = False) -> None:
    """Move every constant a little towards its target. Slow stocks lean slowly, or they would swing.

    Args:
        state: changed in place.
        config: the place and the rooms' parameters.
        standing: how often charities close.
        matched: leave ties and roles to `pull_to_match`.
    """
    c, r = state.constants, state.residents
    held = state.ties.alter != EMPTY
    was_met = held & (state.ties.born < state.month)  # the others came after this month's meetings
    degree = 2.0 * np.count_nonzero(held) / len(r.id)
    bonding = 2.0 * np.count_nonzero(held & (state.ties.klass == BONDING)) / len(r.id)
    if not matched:
        c.search_chance[0] *= exp_plain(0.030 * (1.0 - degree / TIES))
        c.join_rate[0] *= exp_plain(0.020 * (1.0 - (r.formal_hours > 0.0).mean() / ACTIVE))
    c.take_up_chance[0] *= exp_plain(0.015 * (1.0 - bonding / BONDING_TIES))
    need, met = r.need.sum(axis=1), r.met.sum(axis=1)
    c.need_scale[0] *= exp_plain(0.2 * (UNMET - (1.0 - met.sum() / max(1e-9, need.sum()))))
    c.influence[0] += 0.5 * (INFLUENCE - (r.influence == 1).mean())
    c.asking[0] = _follow(c.asking[0], _asking(state))
    present = max(1, np.count_nonzero((r.role != NOBODY) & (r.role_starts <= state.month)))
    c.load[0] = _follow(c.load[0], state.charities.work_hours.sum() / present)
    quintile = state.neighbourhoods.quintile[r.neighbourhood] - 1
    for q in range(QUINTILES):
        mine = (quintile == q) & (need > 0.0)
        if mine.any():
            founding = state.quintiles.met_founding
            founding[q] = _follow(founding[q], (met[mine] / need[mine]).mean())
    _hold_trust(state.trust_knots.council, r.trust_council_first, r.trust_council)
    _hold_trust(state.trust_knots.charity, r.trust_charity_first, r.trust_charity)
    _follow_contexts(state, was_met, config.meeting)
    _lean_on_charities_and_officers(state)
    hold_births(state, config.place, standing, config.survival.need_pull)
    _follow_joint_work(state, coproduction.measure(state, config.coproduction))


def _lean_on_charities_and_officers(state: State) -> None:
    c, r, charities = state.constants, state.residents, state.charities
    posts, alive = max(1, int(state.officers.filled.sum())), max(1, int(charities.alive.sum()))
    for chance, column, of, target in (
        (c.partner_chance, state.partnerships.charity, posts, PARTNERSHIPS),
        (c.acquaint_chance, state.acquaintances.resident, posts, ACQUAINTANCES),
        (c.ally_chance, state.alliances.other, alive / 2.0, ALLIES_KNOWN),
    ):
        chance[0] = min(1.0, chance[0] * exp_plain(0.01 * (1.0 - np.count_nonzero(column != EMPTY) / of / target)))
    idle = r.role == NOBODY
    tied = (r.belongs[idle] != NOBODY).mean() if idle.any() else MEMBERS
    c.lapse_chance[0] = min(1.0, c.lapse_chance[0] * exp_plain(0.02 * (tied / MEMBERS - 1.0)))
    follow_members(state)
    c.unmet[0] = _follow(c.unmet[0], 1.0 - r.met.sum() / max(1e-9, r.need.sum()))


def follow_members(state: State) -> None:
    """Move each band's usual members towards what its bodies have now."""
    usual = state.bands.members
    usual += FOLLOWS * (members(state) - usual)


def _follow_joint_work(state: State, now: coproduction.Founding) -> None:
    """Hours of both sides that meet; the quality of citizens' hours is weighted by them."""
    s, c = state.services, state.constants
    for k in range(len(s.hours)):
        _follow_sides(s.joint_officer_founding, s.joint_citizen_founding, s.joint_quality_founding, k,
                      now.joint_officer[k], now.joint_citizen[k], now.joint_quality[k])  # fmt: skip
    _follow_sides(c.joint_staff_founding, c.joint_member_founding, c.joint_member_quality_founding, 0,
                  now.joint_staff, now.joint_member, now.joint_member_quality)  # fmt: skip


def _follow_sides(L: Floats, qV: Floats, q: Floats, k: int, officer: float, citizen: float, quality: float) -> None:
    V = _follow(qV[k] / max(1e-9, q[k]), citizen / max(1e-9, quality))
    L[k], qV[k] = _follow(L[k], officer), _follow(qV[k], citizen)
    q[k] = qV[k] / max(1e-9, V)


def _follow(old: float, new: float) -> float:
    return float(old + FOLLOWS * (new - old))


def _asking(state: State) -> float:
    """Mean strength of ties to people in a role, among those in none."""
    slots = np.flatnonzero(state.ties.alter != EMPTY)
    owner, alter, w = slots // SLOTS, state.ties.alter[slots], state.ties.strength[slots]
    has_role = state.residents.role != NOBODY
    asking = np.bincount(owner, w * has_role[alter], len(has_role))
    asking += np.bincount(alter, w * has_role[owner], len(has_role))
    return float(asking[~has_role].mean()) if (~has_role).any() else 0.0


def _hold_trust(offsets: Floats, first: Floats, now: Floats) -> None:
    """Lean each knot against the drift of those whose T(0) lies near it."""
    place = first * (TRUST_KNOTS - 1)
    left = np.minimum(place.astype(int), TRUST_KNOTS - 2)
    share = place - left
    drift = np.bincount(left, (1 - share) * (now - first), TRUST_KNOTS) + np.bincount(
        left + 1, share * (now - first), TRUST_KNOTS)  # fmt: skip
    weight = np.bincount(left, 1 - share, TRUST_KNOTS) + np.bincount(left + 1, share, TRUST_KNOTS)
    offsets -= 0.006 * drift / np.maximum(weight, 1.0)


def _follow_contexts(state: State, held: Any, p: Any) -> None:
    """Hours shared beside hours planned tell whether the mean weight of a class's contexts is right."""
    ties, means, slots = state.ties, state.classes.contexts_founding, np.flatnonzero(held)
    most = p.street_weight + p.group_weight + p.venue_weight + p.remote_weight
    classes, hours = ties.klass[slots], ties.hours[slots]
    planned = np.array([p.bonding_hours, p.weak_hours, p.bridging_hours])[classes]
    planned[ties.deepening[slots] == 1] = p.deepening_hours
    for klass in range(len(means)):
        mine = np.flatnonzero(classes == klass)
        if len(mine):
            means[klass] *= 1.0 + 0.1 * (hours[mine].sum() / planned[mine].sum() - 1.0)
            means[klass] = min(max(means[klass], LEAST_SHARED * most), most)
