from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sim.chance import Dice, Die, permanent_id
from sim.ledger import Flow, imbalance, stocks
from sim.processes import survival
from sim.processes.survival import kernel
from sim.state import ALLIES, EMPTY, NOBODY, State, allocate
from tests import twins
from tests.towns import HABITS, RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins

FAULTS = [
    ("deficits[g] < p.bad_years", "deficits[g] <= p.bad_years"),
    ("(month - back) % 24", "(month - back - 1) % 24"),
    ("or alive[slot // ALLIES] == 0", "and alive[slot // ALLIES] == 0"),
    ("strong[i] < CLUSTER", "strong[i] <= CLUSTER"),
    ("            due[b] -= 1", "            due[b] -= 0"),
    ("work * bands.joining_weight[band]", "work"),
    ("- drift", "+ drift"),
]
CLOSING = (Flow.CHARITY_CLOSED_ANYHOW, Flow.CHARITY_INSOLVENT, Flow.CHARITY_FOUNDER_LEFT, Flow.GROUP_CLOSED)
PLAIN = survival.Parameters(costs_follow=0.0, reserves_follow=0.0, luck_spread=0.0)


def upheaval(**recipe: Any) -> State:
    """A town with free rows, in the month of everybody's accounts, in which many bodies close and many are founded."""
    state = town(**recipe)
    c = state.charities
    c.id[:] += (state.month - c.id) % 12
    for slot in np.flatnonzero(state.alliances.other != EMPTY):
        state.alliances.who[slot] = c.id[state.alliances.other[slot]]
    state.bands.close_chance[:] = 0.3
    due = state.neighbourhoods.groups_due.copy()
    state.constants.register_chance[:] = state.constants.group_chance[:] = state.neighbourhoods.groups_due[:] = 0.0
    live(state)
    state.month += 12
    state.constants.register_chance[:], state.constants.group_chance[:] = 0.1, 0.1
    state.neighbourhoods.groups_due[:] = due
    return state


def live(state: State, p: survival.Parameters | None = None) -> None:
    state.ledger[:] = 0.0
    survival.advance(state, p or survival.Parameters(), Dice(state.seed, state.month))


def one_charity(*, reserves: float, costs: float = 100.0, income: float = 60.0, state_share: float = 0.0) -> State:
    """A small charity whose own month is 0, in month 1, in a place where nothing is founded or closes by chance."""
    state = town(habit="one group", month=1)
    c = state.charities
    c.id[0], c.founded[0], c.band[0], c.deficits[0], c.luck[0], c.rent_relief[0] = 12 * 99_991, -100, 2, 0, 0.0, 0.0
    c.costs[0], c.reserves[0], c.income_past[0, :] = costs, reserves, income
    c.private_base[0], c.grants_base[0], c.contracts_base[0] = income * (1 - state_share), income * state_share, 0.0
    c.private_income[0], c.grants[0], c.contracts[0] = income * (1 - state_share), income * state_share, 0.0
    c.passed_on[0] = 0.0
    state.bands.close_chance[:] = 0.0
    state.constants.register_chance[:] = state.constants.group_chance[:] = state.neighbourhoods.groups_due[:] = 0.0
    return state


def until_it_closes(state: State, p: survival.Parameters) -> int:
    """The month in which the first charity closes, its income coming in each month before."""
    while state.charities.alive[0] and state.month < 600:
        c = state.charities
        c.reserves[0] += c.private_income[0] + c.grants[0] + c.contracts[0]
        live(state, p)
        state.month += 1
    return state.month - 1


def bodies(band: int, count: int = 4000, *, age: int = 0) -> State:
    """Very many solvent bodies of a band and nobody else."""
    state = allocate(residents=1, charities=count, services=1, neighbourhoods=1, policies=0, world=1, flows=len(Flow))
    c = state.charities
    c.id[:] = [permanent_id(7, g) for g in range(count)]
    c.alive[:], c.band[:], c.founded[:], c.weight[:] = 1, band, -age, 1.0
    c.costs[:] = c.private_base[:] = c.private_income[:] = 1000.0
    c.reserves[:], c.income_past[:] = 1e6, 1000.0
    return state


@given(RECIPES, st.sampled_from([town, upheaval]))
def test_the_hands_agree(recipe: dict[str, Any], made: Callable[..., State]) -> None:
    assert_twins(survival, made(**recipe))


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins, "town", upheaval)
    assert_fault_is_caught(survival, kernel, "live_the_month", right, wrong)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(survival, kernel, "live_the_month", *FAULTS[0], compiled=True)


def test_the_kernel_is_compiled_and_runs() -> None:
    assert_twins(survival, town())
    assert kernel.live_the_month.nopython_signatures


@pytest.mark.parametrize(("reserves", "month"), [(400.0, 24), (960.0, 24), (1000.0, 25), (2000.0, 50)])
def test_a_constant_deficit_closes_in_the_month_that_reserves_and_accounts_say(reserves: float, month: int) -> None:
    """It loses 40 a month from month 1 on, and has had its second account in deficit in month 24."""
    state = one_charity(reserves=reserves)
    assert until_it_closes(state, PLAIN) == month
    assert state.charities.closed[0] == month
    assert state.ledger[Flow.CHARITY_INSOLVENT] == 1.0
    assert state.ledger[Flow.CHARITY_WOUND_UP] == reserves - 40.0 * month
    assert state.ledger[Flow.CHARITY_SPENT] == 100.0


@pytest.mark.parametrize(("income", "relief"), [(100.0, 0.0), (60.0, 40.0), (99.95, 0.0)])
def test_no_deficit_no_closing(income: float, relief: float) -> None:
    """An account that lacks less than a pound is balanced; a lower rent is as good as income."""
    state = one_charity(reserves=0.0, income=income)
    state.charities.rent_relief[0] = relief
    assert until_it_closes(state, PLAIN) == 599


def test_costs_move_to_income_and_reserves_by_hand() -> None:
    state = one_charity(reserves=480.0)
    for month in range(1, 13):
        state.charities.reserves[0] += 60.0
        state.month = month
        live(state)
    assert state.charities.reserves[0] == 0.0
    costs = 100.0 + 0.5 * (60.0 - 100.0) + 0.1 * (0.0 - 6 * 100.0) / 12.0
    assert state.charities.costs[0] == pytest.approx(costs, rel=1e-12)
    assert state.charities.paid_hours[0] == pytest.approx(costs * 0.5 / 22.0, rel=1e-12)
    assert state.charities.deficits[0] == 1


def test_who_lives_on_the_state_aims_at_smaller_reserves() -> None:
    """All costs equal income: costs stand still where reserves are what is aimed at."""
    for share, months in ((0.0, 6.0), (0.5, 4.5), (1.0, 3.0)):
        state = one_charity(reserves=100.0 * months, income=100.0, state_share=share)
        state.charities.reserves[0] += 100.0
        state.month = 12
        live(state)
        assert state.charities.costs[0] == pytest.approx(100.0, rel=1e-12)


def test_a_body_has_no_account_in_its_first_year() -> None:
    state = one_charity(reserves=500.0)
    state.month = int(state.charities.founded[0]) + 4  # its own month
    live(state)
    assert state.charities.deficits[0] == 0
    assert state.charities.costs[0] == 60.0  # it spends what it takes in
    assert state.charities.reserves[0] == 440.0


@pytest.mark.parametrize(
    ("band", "age", "months", "left", "flow"),
    [
        (0, 0, 12, 0.5, Flow.GROUP_CLOSED),
        (0, 0, 24, 0.25, Flow.GROUP_CLOSED),
        (0, 100, 12, 1.0, Flow.GROUP_CLOSED),
        (1, 100, 120, (1.0 - 0.06 * 0.2) ** 10, Flow.CHARITY_FOUNDER_LEFT),
        (3, 100, 120, 1.0, Flow.CHARITY_CLOSED_ANYHOW),
    ],
)
def test_who_is_left_after_some_months(band: int, age: int, months: int, left: float, flow: Flow) -> None:
    state = bodies(band, age=age)
    ended = 0.0
    for _ in range(months):
        state.charities.reserves[:] = 1e6
        live(state)
        ended += state.ledger[flow]
        state.month += 1
    share = state.charities.alive.mean()
    assert share == pytest.approx(left, abs=4.0 * np.sqrt(left * (1.0 - left) / 4000.0) + 1e-12)
    assert ended == 4000 - state.charities.alive.sum()


def test_luck_has_the_spread_of_its_rule_and_a_mean_of_one() -> None:
    state = bodies(3)
    for month in range(12 * 40):
        state.month = month
        live(state)
        state.charities.reserves[:], state.charities.deficits[:] = 1e6, 0
    spread = survival.Parameters().luck_spread / np.sqrt(1.0 - 0.85**2)
    assert state.charities.luck.std() == pytest.approx(spread, rel=0.05)
    assert np.exp(state.charities.luck).mean() == pytest.approx(1.0, abs=4.0 * spread / np.sqrt(4000.0))


@given(RECIPES)
def test_the_books_balance_and_nothing_holds_to_a_closed_body(recipe: dict[str, Any]) -> None:
    state = upheaval(**recipe)
    before = stocks(state)
    live(state)
    gap = imbalance(before, state)
    for stock in ("charities", "groups", "roles", "belongings", "partnerships", "alliances"):
        assert gap[stock] == 0.0, stock
    assert abs(gap["charities' books"]) <= 1e-9 * max(1.0, np.abs(state.charities.reserves).sum(), 1e6)
    r, c = state.residents, state.charities
    dead = {NOBODY} | set(np.flatnonzero(c.alive))
    held = (r.role, r.gives_to, r.belongs, state.partnerships.charity, state.alliances.other)
    assert all(set(column.tolist()) <= dead for column in held)
    other = state.alliances.other.reshape(-1, ALLIES)
    assert np.all(other[c.alive == 0] == EMPTY)
    assert np.all(r.belonging[r.belongs == NOBODY] == 0.0)
    assert np.all(r.pledged_hours[r.gives_to == NOBODY] == 0.0)
    assert np.all(state.partnerships.strength[state.partnerships.charity == EMPTY] == 0.0)
    assert np.all(state.alliances.strength[state.alliances.other == EMPTY] == 0.0)
    for column in (c.weight, c.reserves, c.costs, c.paid_hours, c.private_base, c.joining_weight, c.work_hours):
        assert np.all(column[c.alive == 0] == 0.0)


def test_a_role_in_a_body_that_closes_ends_for_that() -> None:
    state = town()
    state.bands.close_chance[:] = 1.0
    roles = np.count_nonzero(state.residents.role != NOBODY)
    alive = state.charities.alive.sum()
    live(state, survival.Parameters(group_young_months=0))
    assert state.ledger[Flow.LEFT_CLOSED] == roles > 0
    assert sum(state.ledger[flow] for flow in CLOSING) == alive
    assert np.all(state.residents.role == NOBODY)
    assert np.all(state.charities.closed[state.charities.id != 0] <= state.month)


def everybody_founds(*, register: float, group: float, free: int, month: int = -7) -> State:
    """A town with some free rows, where all who may found do."""
    state = town(month=month)
    c = state.charities
    c.alive[:] = 1
    c.alive[:free] = 0
    for column in (state.residents.role, state.residents.belongs, state.residents.gives_to):
        column[(column >= 0) & (column < free)] = len(c.id) - 1
    state.constants.register_chance[:], state.constants.group_chance[:] = register, group
    state.bands.close_chance[:], state.neighbourhoods.groups_due[:] = 0.0, 0.0
    c.reserves[:] = 1e6
    return state


def test_ids_are_hashes_of_founder_and_month() -> None:
    state = everybody_founds(register=1e9, group=0.0, free=3)
    dice = Dice(state.seed, state.month)
    volunteers = np.flatnonzero(state.residents.role != NOBODY)
    first = sorted(volunteers, key=lambda i: dice.bits(Die.FOUNDS_HOME, int(state.residents.id[i])))[:3]
    live(state, survival.Parameters(group_young_months=0))
    new = state.charities.id[:3].tolist()
    assert new == [permanent_id(permanent_id(int(state.residents.id[i]), -7), 1_000_000) for i in first]
    assert state.charities.neighbourhood[:3].tolist() == state.residents.neighbourhood[first].tolist()
    assert state.ledger[Flow.CHARITY_FOUNDED] == 3.0


def test_where_no_row_is_free_nobody_founds() -> None:
    state = everybody_founds(register=1e9, group=1e9, free=0)
    ids = state.charities.id.copy()
    live(state, survival.Parameters(group_young_months=0))
    assert state.charities.id.tolist() == ids.tolist()
    assert state.ledger[Flow.CHARITY_FOUNDED] == state.ledger[Flow.GROUP_FOUNDED] == 0.0


def test_a_row_is_not_used_in_the_month_in_which_its_body_closes() -> None:
    state = everybody_founds(register=1e9, group=0.0, free=0)
    state.bands.close_chance[:] = 1.0
    live(state, survival.Parameters(group_young_months=0))
    assert state.charities.alive.sum() == 0
    state.month += 1
    state.residents.role[:] = np.where(np.arange(len(state.residents.id)) < 20, 0, NOBODY)  # somebody who may found
    live(state)
    assert state.charities.alive.all()


def test_a_new_body_is_as_its_band_says() -> None:
    state = everybody_founds(register=1e9, group=0.0, free=1)
    state.bands.births[:] = [9, 0, 0, 0, 1, 0, 0]
    c, bands = state.charities, state.bands
    there = c.alive == 1
    per_weight = c.work_hours[there].sum() / c.joining_weight[there].sum()
    live(state, survival.Parameters(group_young_months=0))
    assert (c.band[0], c.serves_place[0], c.weight[0], c.founded[0]) == (4, 1, 0.3, -7)
    assert c.costs[0] == pytest.approx(bands.income[4], rel=1e-12)
    assert c.private_base[0] == pytest.approx(0.6 * bands.income[4], rel=1e-12)
    assert c.work_hours[0] == pytest.approx(per_weight * bands.joining_weight[4], rel=1e-12)
    assert c.paid_hours[0] == pytest.approx(0.6 * bands.income[4] / 22.0, rel=1e-12)
    assert (c.reserves[0], c.luck[0], c.deficits[0]) == (0.0, 0.0, 0)
    assert c.kinds[0].tolist() == bands.kinds[4].tolist()


def test_groups_are_founded_by_those_with_three_strong_ties_alone() -> None:
    state = everybody_founds(register=0.0, group=1e9, free=2)
    state.ties.strength[:] = np.where(state.ties.alter == EMPTY, 0.0, 0.4)
    live(state, survival.Parameters(group_young_months=0))
    assert state.ledger[Flow.GROUP_FOUNDED] == 0.0
    state.ties.strength[:] = np.where(state.ties.alter == EMPTY, 0.0, 0.5)
    live(state, survival.Parameters(group_young_months=0))
    assert state.ledger[Flow.GROUP_FOUNDED] == 2.0
    assert np.all(state.charities.band[:2] == 0)


def test_unmet_need_draws_founders_by_its_slope_and_not_at_nil() -> None:
    """With k = 1 and nothing met, where .25 was unmet at founding, 1.6 times as many found."""
    founders = {}
    for k in (0.0, 1.0):
        state = town(residents=4000, habit="everybody volunteers", month=3)
        state.residents.need[:], state.residents.met[:], state.constants.unmet[:] = 1.0, 0.0, 0.25
        state.constants.register_chance[:] = 0.2
        args = (state.residents.neighbourhood, state.residents.need, state.residents.met)
        pull = kernel._pull_of_need.py_func(*args, len(state.neighbourhoods.x), 0.25, k)
        assert pull == pytest.approx(1.0 + 0.6 * k, rel=1e-12)
        dice = Dice(state.seed, state.month)
        draws = np.array([dice.uniform(Die.FOUNDS_CHARITY, int(who)) for who in state.residents.id])
        founders[k] = np.count_nonzero(draws < 0.2 * pull[0])
    assert founders[1.0] / founders[0.0] == pytest.approx(1.6, abs=0.15)


def test_grants_start_as_many_groups_as_are_due() -> None:
    state = everybody_founds(register=0.0, group=0.0, free=3)
    state.neighbourhoods.groups_due[:] = [2.0, 1.0]
    live(state, survival.Parameters(group_young_months=0))
    assert state.ledger[Flow.GROUP_FOUNDED] == 3.0
    assert sorted(state.charities.neighbourhood[:3].tolist()) == [0, 0, 1]


def test_who_founds_a_group_belongs_to_it_unless_in_a_role() -> None:
    state = everybody_founds(register=0.0, group=0.0, free=2)
    state.neighbourhoods.groups_due[:] = [1.0, 1.0]
    state.residents.role[:] = NOBODY
    live(state, survival.Parameters(group_young_months=0))
    for g in (0, 1):
        assert state.residents.belonging[state.residents.belongs == g].tolist() == [0.4]


@pytest.mark.parametrize("habit", HABITS)
def test_half_a_century_holds(habit: str) -> None:
    """No number leaves the finite, whatever the town."""
    state = town(habit=habit)
    for _ in range(600):
        live(state)
        c = state.charities
        c.reserves[:] += c.private_base + c.grants_base
        c.private_income[:], c.grants[:] = c.private_base, c.grants_base
        state.month += 1
    assert all(np.isfinite(column).all() for column in state.charities)
