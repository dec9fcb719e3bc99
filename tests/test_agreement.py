"""The whole month by the fast hands and by the plain hands: the same bits over a month, a year and five years."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from sim import compose
from sim.chance import run_seed
from sim.founding import found
from sim.ledger import Flow
from sim.processes import coproduction, funding, nurture, renewal, reorganisation, serving, survival, ties, volunteering
from sim.processes.coproduction import paths
from sim.processes.nurture import charities
from sim.processes.serving import pictures
from sim.processes.ties import contacts
from sim.schedule import MONTH, live_a_month
from sim.state import BRIDGING, EMPTY, NOBODY, Constants
from sim.switches import SWITCHES
from tests.processes.test_coproduction import ROUTE_FAULTS, WORK_FAULTS
from tests.processes.test_funding import FAULTS as MONEY_FAULTS
from tests.processes.test_reorganisation import FAULTS as POST_FAULTS
from tests.processes.test_serving import PICTURE_FAULTS
from tests.processes.test_survival import FAULTS as CLOSING_FAULTS
from tests.processes.test_ties import CONTACT_FAULTS
from tests.processes.test_volunteering import FAULTS
from tests.towns import HABITS, RECIPES, town
from tests.twins import differences, plant

CONFIG = compose(["world=flat"])
FIVE_YEARS = 60
INSTRUMENTS = (
    "nurture_early", "ready_meals", "contracts", "small_grants", "shared_assets", "double_contacts", "connectors",
    "culture", "joint_picture", "match", "listening", "hosting", "officer_time", "localism", "hand_over_libraries",
)  # fmt: skip


def changed(config, **rooms):
    """A configuration with other numbers in some rooms, beyond what may be asked for if need be."""
    return config.model_copy(update={
        "rooms": config.rooms | {name: dataclasses.replace(config.rooms[name], **p) for name, p in rooms.items()}
    })  # fmt: skip


BUSY = changed(
    CONFIG,
    volunteering={"leave_chance": 0.2, "other_share": 0.6, "once_chance": 0.2, "ask_chance": 0.5, "crowding": 0.5},
    trust={"asked_unsupported": -0.05, "loss_ratio": 3.0},
    renewal={"death_rate": 0.1, "leave_share": 0.5},
    funding={"decide_at": "neighbourhood", "rethink": -1.0, "culture_effect": 0.5, "crowd_give": 0.3, "voice": 2.0},
    reorganisation={
        "turnover": 0.4, "notice_turnover": 3.0, "notice_months": 2, "stress": 3.0, "saving_share": 0.04,
        "fresh_ties": 3, "damage": 0.7,
    },
    coproduction={"set_aside": 0.5, "open_share": 0.5, "path_hours": 0.5, "sigma": 0.3, "build": 0.02},
    serving={"advocate_weight": 0.6, "capture": 1.0},
    survival={"luck_spread": 0.4, "need_pull": 5.0, "bad_years": 1, "group_half_life": 6.0},
)  # fmt: skip
"""What is rare happens often, so that small towns see it; and what is off is on."""
OFF = compose([
    "world=flat", *(f"{path}={str(value).lower()}" for s in SWITCHES.values() for path, value in s.off.items())
])  # fmt: skip
"""Every mechanism that can be turned off is off."""
MOVE_RATES = ("move_rate_owner", "move_rate_social", "move_rate_private")
EVERYONE_MOVES = changed(CONFIG, renewal=dict.fromkeys(MOVE_RATES, 0.9999) | {"leave_share": 0.5})


def same(a, b):
    return np.array_equal(a, b, equal_nan=True)


def part(state, config, months):
    """What differs, month by month until something does, between a town lived by the two hands."""
    plain = state.fork()
    fast = state.fork()
    for _ in range(months):
        seen = live_a_month(fast, config), live_a_month(plain, config, plain=True)
        found = differences(fast, plain)
        for a, b in zip(*seen, strict=True):
            found += [f"observed {name}: {a[name]} / {b[name]}" for name in a if not same(a[name], b[name])]
        if found:
            return [f"in month {fast.month - 1}", *found]
    assert fast.month == plain.month == state.month + months
    return []


def made(recipe):
    """A town, and the configuration in which it lives."""
    return town(**recipe), EVERYONE_MOVES if recipe["habit"] == "everyone moves" else BUSY


SMALL = RECIPES.map(lambda recipe: recipe | {"residents": min(40, recipe["residents"])})


@given(RECIPES, st.sampled_from([None, CONFIG, OFF]))
@settings(max_examples=40)
def test_a_month_by_both_hands_is_the_same_to_the_bit(recipe, config):
    state, busy = made(recipe)
    assert part(state, config or busy, 1) == []


@given(SMALL, st.sampled_from([None, OFF]))
@settings(max_examples=12)
def test_a_year_by_both_hands_is_the_same_to_the_bit(recipe, config):
    state, busy = made(recipe)
    assert part(state, config or busy, 12) == []


@pytest.mark.parametrize("habit", HABITS)
def test_a_year_at_each_extreme_is_the_same_to_the_bit(habit):
    state, config = made({"residents": 60, "neighbourhoods": 3, "habit": habit, "seed": 11, "month": -4})
    is_extreme(habit, state)
    assert part(state, config, 12) == []


def is_extreme(habit, state):
    """The town is what its habit says, or the test above shows nothing."""
    r = state.residents
    assert {
        "nobody volunteers": np.all(r.role == NOBODY),
        "everybody volunteers": np.all(r.role != NOBODY),
        "one group": len(state.charities.id) == 1,
        "no groups": len(state.charities.id) == 0,
        "no ties": np.all(state.ties.alter == EMPTY),
        "crowded": np.count_nonzero(state.ties.alter != EMPTY) > 6 * len(r.id),
        "no budget": state.council.core_founding[0] == state.services.spend.sum() == 0,
        "desperate need": r.need.mean() > 15,
        "no officers": len(state.officers.id) == 0,
        "upheaval": state.bodies.kind.all(),
    }.get(habit, True)


@pytest.mark.parametrize("nil", Constants._fields)
def test_half_a_year_where_founding_knew_nothing_of_a_kind_is_the_same_to_the_bit(nil):
    for habit in ("ordinary", "nobody volunteers", "no ties"):
        state = town(residents=40, habit=habit, seed=0)
        state.constants.join_rate[:] = 0.3
        getattr(state.constants, nil)[:] = 0.0
        assert part(state, CONFIG, 6) == [], habit


def test_five_years_by_both_hands_are_the_same_to_the_bit():
    state = town(residents=150, neighbourhoods=3, seed=4, month=0)
    alive, joint, closed = set(state.residents.id.tolist()), 0.0, 0.0
    assert part(state, CONFIG, FIVE_YEARS) == []
    for _ in range(FIVE_YEARS):
        joint += live_a_month(state, CONFIG).whole["joint_output"]
        closed += state.ledger[Flow.CHARITY_CLOSED_ANYHOW] + state.ledger[Flow.CHARITY_INSOLVENT]
    r, ties, c = state.residents, state.ties, state.charities
    assert alive - set(r.id.tolist())  # there were newcomers
    assert np.ptp(r.role[r.role != NOBODY]) > 0
    assert set(ties.klass[ties.alter != EMPTY].tolist()) == set(range(BRIDGING + 1))
    assert (ties.born[ties.alter != EMPTY] > 0).any()
    assert (c.founded[c.alive == 1] > 0).any()
    assert (state.officers.since > 0).any()
    for layer, held in (("partnerships", "charity"), ("acquaintances", "resident"), ("alliances", "other")):
        table = getattr(state, layer)
        assert (table.born[getattr(table, held) != EMPTY] > 0).any(), layer
    assert joint > 0
    assert closed > 0
    assert state.policies.people.sum() > 0


@pytest.mark.slow
def test_five_years_of_a_founded_place_are_the_same_to_the_bit():
    config = compose([
        "world=history", f"policy=[{','.join(INSTRUMENTS)}]", "place.residents=1500", f"months={FIVE_YEARS}",
        *(f"policy.{name}.start={2 * i}" for i, name in enumerate(INSTRUMENTS)),
        "world.structural_rate=0.5", "culture.effect=0.5",
    ])  # fmt: skip
    assert part(found(config, run_seed(config.seed, 0)), config, FIVE_YEARS) == []


# A fault anywhere is noticed

WRITTEN = {
    "renewal": "residents.civic", "funding": "services.hours", "reorganisation": "officers.since",
    "nurture": "policies.balance", "meeting": "ties.hours", "ties": "ties.strength", "need": "residents.crisis",
    "helping": "residents.helping_hours", "coproduction": "neighbourhoods.picture_need", "serving": "residents.met",
    "volunteering": "residents.pledged_hours", "trust": "residents.trust_council", "survival": "charities.reserves",
}  # fmt: skip
"""A column that each room leaves behind."""


def nudge(state, path):
    """Move the last number of a column that is not nil by the smallest step there is."""
    table, name = path.split(".")
    column = getattr(getattr(state, table), name).reshape(-1)
    last = np.flatnonzero(column)[-1]
    column[last] = np.nextafter(column[last], np.inf) if column.dtype == np.float64 else column[last] + 1


@pytest.mark.parametrize("step", MONTH, ids=[step.name for step in MONTH])
def test_one_bit_amiss_in_any_room_is_noticed(step, monkeypatch):
    right = step.room.advance

    def wrong(state, p, dice):
        right(state, p, dice)
        nudge(state, WRITTEN[step.name])

    state = town(residents=40, neighbourhoods=2, seed=3, month=0)
    assert part(state, CONFIG, 1) == []
    monkeypatch.setattr(step.room, "advance", wrong)
    assert any(WRITTEN[step.name] in line for line in part(state, CONFIG, 1))


PLANTED = [
    *((volunteering, volunteering.kernel, "live_the_month", fault) for fault in FAULTS[:4]),
    (funding, funding.kernel, "fund_the_month", MONEY_FAULTS[4]),
    (reorganisation, reorganisation.kernel, "reorganise", POST_FAULTS[0]),
    (nurture, charities, "work_with_charities", ("charities.supported[g] += n", "charities.supported[g] += 2 * n")),
    (ties, contacts, "keep_contacts", CONTACT_FAULTS[0]),
    (coproduction, coproduction.kernel, "work_together", WORK_FAULTS[1]),
    (coproduction, paths, "choose_the_routes", ROUTE_FAULTS[3]),
    (serving, pictures, "share_the_hours", PICTURE_FAULTS[3]),
    (survival, survival.kernel, "live_the_month", CLOSING_FAULTS[0]),
]


@pytest.mark.parametrize(
    ("room", "part_of_it", "entry", "fault"), PLANTED,
    ids=[f"{fault[2]}: {fault[3][1][:40].strip()}" for fault in PLANTED],
)
def test_a_fault_planted_in_one_kernel_is_caught_by_the_whole_month(room, part_of_it, entry, fault, monkeypatch):
    towns = [town(residents=60, habit=habit, seed=seed) for habit in HABITS for seed in range(2)]
    monkeypatch.setattr(room, entry, plant(part_of_it, *fault)[entry])
    assert any(part(state, BUSY, 2) for state in towns)


def test_rare_things_happen_in_the_busy_towns():
    state = town(residents=90, seed=1)
    before = state.fork()
    for _ in range(12):
        live_a_month(state, BUSY)
    assert np.mean(state.residents.id == before.residents.id) < 0.9
    everyone = town(residents=90, seed=1)
    renewal_only = tuple(step for step in MONTH if step.room is renewal)
    live_a_month(everyone, EVERYONE_MOVES, month=renewal_only)
    assert np.mean((everyone.residents.x == before.residents.x) & (everyone.residents.id == before.residents.id)) < 0.6
