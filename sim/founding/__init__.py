"""Founding: from what is known of a place to its first morning, month 0.

A place is peopled and tied together by the numbers at which the model starts, then lives `SPIN_UP_MONTHS` at negative
months with nothing happening from outside, so that ages of ties, roles and trust are those of a place that has always
lived by the model's rules. The constants that make such a place stay as it is are solved once (`solving`) and hold for
every seed, but for the scale of need: a town has as much need as leaves the stated share of it unmet, for with few
posts and charities luck goes far. Both are kept in a cache that is safe to delete. The constants of the reference place
come with the package, so that a first run need not solve them; ``takestwo verify --publish`` solves and writes them.

A rival or an ablation is founded to have at month 0 what the main model has: each source of capacity, ties and trust.
Its town lives the spin-up beside the main model's town of the same seed, and its levers (`solving.LEVERS`) are pulled
to what that has month by month; what they come to, for this seed, holds from then on. Joint work swings where few
people do it. So its scale is set by the ten years before month 0, and month 0 itself, which other months are held
beside, has a factor of its own.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import policy, schedule, world
from sim.elementary import exp_plain
from sim.founding.books import hold_births
from sim.founding.first_morning import first_morning
from sim.founding.solving import (
    MOST_BESIDE,
    Course,
    FoundingError,
    Solved,
    follow_members,
    guess,
    joint_scale_that_lasts,
    levels,
    levers,
    pull_to_match,
    set_beside,
    shortfalls,
    solve,
)  # fmt: skip
from sim.parameters import ROOMS
from sim.place import Place
from sim.source import cache_folder, source_hash
from sim.state import NOBODY, SURVIVAL_MONTHS, Policies, State, World
from sim.units import MONTHS_A_YEAR

if TYPE_CHECKING:
    from sim.config import Config

__all__ = ["SPIN_UP_MONTHS", "FoundingError", "Solved", "found", "solve"]

PUBLISHED = Path(__file__).parent / "published"
"""Constants that come with the package, in a folder named by the source of the model that they belong to."""
REFERENCE = "england_average"
"""The place whose joint work at founding is the measure of joint work anywhere."""
ENDINGS = {"constants": ".constants", "town": ".town"}
SPIN_UP_MONTHS = 360
"""Thirty years: ties of every class, roles and trust have then forgotten how they were made up."""
NEED_LEANS = 0.1
"""How far need moves in a month, in logs, for each share of it unmet too much or too little."""
TURNS = 4
"""How often month 0 is lived ahead: where joint work meets nearly all the need it can, it grows less than its scale."""
SETTLING_MONTHS = 260
"""The part of the spin-up in which the share of roles is held: people who volunteer together grow ties that bring them
back, which takes two decades to build up."""


def found(config: Config, seed: int) -> State:
    """The place on its first morning, with its world and policies ahead of it.

    Args:
        config: the place, the rooms' parameters, the world and the policies.
        seed: the run seed.

    Returns:
        the state at month 0.

    Raises:
        FoundingError: if there are no constants that keep such a place as it is.
    """
    town = _spun_up(config, seed)
    before = config.world.months_after
    ahead = world.build(config.world, config.place, config.world.most_months)
    rows = policy.rows(config.policy, config.world.first_month, config.place.area_neighbourhoods)
    blank = np.zeros(len(config.policy))
    town.world = World(**{name: column[before:] for name, column in ahead.items()})
    town.policies = Policies(**{name: rows.get(name, blank.copy()) for name in Policies._fields})
    return town


def morning_calls() -> list[Callable[[], Any]]:
    """Calls that compile all kernels of a first morning."""
    place = Place.named(REFERENCE).model_copy(update={"residents": 1500})
    config: Any = SimpleNamespace(place=place, **{name: room() for name, room in ROOMS.items()})
    return [partial(first_morning, config, 1, guess(), month=-1)]


def solved_for(config: Config) -> Solved:
    """The constants of a place, from the cache, from the package, or solved now."""
    for path in (constants_file(config), published_constants(config)):
        try:
            return Solved.load(path)
        except (OSError, ValueError):
            continue
    like = Place.named(REFERENCE)
    is_reference = _facts(config.place) == _facts(like)
    reference = None if is_reference else solved_for(config.model_copy(update={"place": like}))
    main = config.main_model
    solved = solve(config, reference, solved_for(main) if main else None)
    _keep(constants_file(config), solved.save)
    return solved


def constants_file(config: Config) -> Path:
    """Where the constants of a place are kept once they are solved."""
    return _kept("constants", _facts(config.place), config)


def published_constants(config: Config) -> Path:
    """Where the constants of a place are if they come with the package."""
    return PUBLISHED / source_hash() / constants_file(config).name


def are_solved(config: Config) -> bool:
    """Whether the constants of a place are at hand."""
    return constants_file(config).exists() or published_constants(config).exists()


def publish_constants(config: Config) -> Path:
    """Solve the constants of the reference place anew and put them into the package, in place of older ones."""
    path, solved = published_constants(config), solve(config)
    shutil.rmtree(PUBLISHED, ignore_errors=True)
    path.parent.mkdir(parents=True)
    solved.save(path)
    return path


def _facts(place: Place) -> dict[str, Any]:
    """What of a place its constants depend on: they hold for any number of residents, and whatever part is funded."""
    return place.model_dump(mode="json", exclude={"residents", "funded_area", "sources", "title"})


def town_file(config: Config, seed: int) -> Path:
    """Where a place on its first morning is kept once it is founded."""
    place = config.place.model_dump(mode="json", exclude={"sources", "title"})
    untitled: Any = {"title": True, "after": {"title"}}
    past = {"world": config.world.model_dump(mode="json", exclude=untitled)} if config.world.after else {}
    return _kept("town", place | past | {"seed": seed, "months": SPIN_UP_MONTHS}, config)


def missed(config: Config) -> list[str]:
    """What a founded place was to look like and does not, since its parameters do not allow it; else nothing.

    A place is then as steady as any other, but begins elsewhere. Empty too where its constants are not kept.
    """
    try:
        return shortfalls(solved_for(config)) if are_solved(config) else []
    except FoundingError:
        return []


def _spun_up(config: Config, seed: int) -> State:
    path = town_file(config, seed)
    try:
        return State.load(path)
    except (OSError, ValueError):
        return _spun_up_and_kept(config, seed)[0]


def _course_of(config: Config, seed: int) -> Course:
    """How a place came to its first morning."""
    path = town_file(config, seed)
    try:
        return Course.read(State.beside(path))
    except (OSError, ValueError):
        return _spun_up_and_kept(config, seed)[1]


def _spun_up_and_kept(config: Config, seed: int) -> tuple[State, Course]:
    town, course = spin_up(config, seed)
    _keep(town_file(config, seed), partial(town.save, beside=course.written()))
    return town, course


def spin_up(config: Config, seed: int) -> tuple[State, Course]:
    """A place that has lived `SPIN_UP_MONTHS` with nothing happening from outside, and how it went.

    Then it lives any world before its own. Another account's place lives the spin-up beside the main model's, under the
    same luck, and is pulled to what that has.
    """
    solved, course = solved_for(config), Course.blank(SPIN_UP_MONTHS)
    state = first_morning(config, seed, solved, month=-SPIN_UP_MONTHS - config.world.months_after)
    main = config.main_model
    like = _course_of(main, seed) if main else None
    beside = solved.beside(solved_for(main)) if main else np.ones(0)
    hold_roles(state, solved, SETTLING_MONTHS)
    for past in range(SPIN_UP_MONTHS):
        schedule.pass_a_month(state, config)
        follow_members(state)
        if past % MONTHS_A_YEAR == 0:
            hold_births(state, config.place, solved.standing, config.survival.need_pull)
        hold_need(state)
        now = levels(state)
        if like:
            set_beside(state, like.levers[past], pull_to_match(beside, now, like.levels[past]))
        else:
            hold_roles(state, solved, SETTLING_MONTHS - past - 1)
        course.levels[past], course.levers[past] = np.concatenate(now), levers(state.constants)
    if like:
        set_beside(state, like.levers[-1], beside)
        state.constants.joint_scale[0] = joint_scale_that_lasts(course, like)
    if config.world.after:
        _live_through_the_world_before(state, config)
    constants, rows = state.constants, np.arange(-MONTHS_A_YEAR, 0) % (SURVIVAL_MONTHS + 1)
    constants.paid_hours[0] = math.fsum(state.services.hours.tolist())
    constants.paid_before[0] = state.past.paid_hours[rows].mean()
    constants.unpaid_before[0] = state.past.unpaid_hours[rows].mean()
    if main and not config.world.after:
        _begin_alike(state, config, main)
    return state, course


def _begin_alike(state: State, config: Config, main: Config) -> None:
    """Bring joint work of month 0 to the main model's: both live it ahead, with nothing happening from outside.

    Where a dozen people do it, a third of a month's joint work is luck. The scale that holds from then on is left as
    it is, for that luck is gone a year or two later.
    """
    first, wanted = state.constants.joint_first, _joint_work_ahead(_spun_up(main, state.seed), main)
    for _ in range(TURNS):
        has = _joint_work_ahead(state.fork(), config)
        if has > 0.0 and wanted > 0.0:
            first[0] = max(1.0 / MOST_BESIDE, min(MOST_BESIDE, first[0] * (wanted / has)))


def _joint_work_ahead(town: State, config: Config) -> float:
    """Need that joint work meets in the month that comes, which the town then has lived."""
    schedule.act(town, config)
    return float(levels(town).joint[0])


def _live_through_the_world_before(state: State, config: Config) -> None:
    """Live it at negative months: the first row of `World` is then always the one that is lived."""
    rows = world.build(config.world, config.place, config.world.most_months)
    for past in range(config.world.months_after):
        state.world = World(**{name: column[past:] for name, column in rows.items()})
        schedule.pass_a_month(state, config)


def hold_roles(state: State, solved: Solved, months_left: int) -> None:
    """While groups and ties still grow into each other, joining leans towards the settled share of roles."""
    share = np.count_nonzero(state.residents.role != NOBODY) / len(state.residents.role)
    lean = 12.0 * (1.0 - share / max(1e-9, solved.start.role_share[0])) if months_left > 0 else 0.0
    state.constants.join_rate[0] = solved.constants.join_rate[0] * exp_plain(max(-4.0, lean))


def hold_need(state: State) -> None:
    """Need leans towards what leaves the solved share of it unmet, whatever the luck of the town with its helpers."""
    met = float(state.residents.met.sum()) / max(1e-9, float(state.residents.need.sum()))
    state.constants.need_scale[0] *= exp_plain(NEED_LEANS * (float(state.constants.unmet[0]) - (1.0 - met)))


def _kept(what: str, of: dict[str, Any], config: Config) -> Path:
    """Where a founded thing is kept: named by the source and by all that can change it."""
    content = {"of": of, "rooms": {name: repr(p) for name, p in sorted(config.rooms.items())}, "like": config.matched}
    name = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
    return cache_folder() / "founded" / source_hash() / f"{what}-{name}{ENDINGS[what]}"


def _keep(path: Path, save: Any) -> None:
    """Keep a founded thing, unless the cache cannot be written: then it is made again next time."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path)
