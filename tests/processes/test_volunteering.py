from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from sim.ledger import Flow, imbalance, stocks
from sim.processes import volunteering
from sim.processes.volunteering import kernel
from sim.state import EMPTY, NOBODY, State
from tests.towns import HABITS, RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand

P = volunteering.Parameters()
BUSY = volunteering.Parameters(
    secular_rate=0.05, leave_chance=0.2, other_share=0.6, coordinator_volunteers=2.0, ask_chance=0.9
)
"""People leave often, for other reasons, so that rare branches are taken in small towns."""
FAULTS = [
    ("asking[i] += w * (held", "asking[i] += (held"),
    ("ever[i] == 1 else", "ever[i] == 0 else"),
    ("max(1.0, present[g])", "max(2.0, present[g])"),
    ("(charities.work_hours[g] + charities.asked_hours[g])", "charities.work_hours[g]"),
    ("if close >= 2", "if close >= 1"),
    ("max(0, month) / 12.0", "max(0, month)"),
    ("residents.role_starts[i] = month + p.waiting_months", "residents.role_starts[i] = month"),
    ("charities.supported[g] / at_work", "charities.supported[g]"),
    ("present[g] > p.coordinator_volunteers", "present[g] >= p.coordinator_volunteers"),
    ("residents.unsupported_asks[j] += (w < support[i])", "residents.unsupported_asks[j] += (w < support[j])"),
    ("(by_i, by_j) if lesser else (by_j, by_i)", "(by_i, by_j)"),
    ("if belongs[i] == g:", "if belongs[i] != g:"),
    ("belonging[i] = max(NEW, belonging[i])", "belonging[i] = NEW"),
    ("rates[i], p.asked_most, moved", "rates[i], 0.0, moved"),
    ("overload[found], 0, u", "overload[found], 2, u"),
    ("IN_ROLE if held[i] == NOBODY else NO_ROLE", "IN_ROLE"),
]


def settled(residents: int = 200, *, habit: str = "one group") -> State:
    """A town with one charity without paid staff, in which nobody leaves a role."""
    state = town(residents=residents, habit=habit)
    state.charities.paid_hours[:], state.charities.supported[:] = 0.0, 0.0
    state.charities.serves_place[:], state.charities.joining_weight[:] = 1, 1.0
    state.residents.unsupported_asks[:], state.residents.role_starts[:] = 0, state.month
    return state


@given(RECIPES)
def test_the_hands_agree(recipe: dict[str, Any]) -> None:
    assert_twins(volunteering, town(**recipe))


@given(RECIPES)
def test_the_hands_agree_where_coordinators_are_few(recipe: dict[str, Any]) -> None:
    assert_twins(volunteering, town(**recipe), BUSY)


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(volunteering, kernel, "live_the_month", right, wrong, p=BUSY)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(volunteering, kernel, "live_the_month", *FAULTS[0], compiled=True)


def test_the_kernel_is_compiled_and_runs() -> None:
    assert_twins(volunteering, town())
    assert kernel.live_the_month.nopython_signatures


@pytest.mark.parametrize("habit", HABITS)
def test_roles_and_belongings_balance(habit: str) -> None:
    """What the room posts is what it changes; whoever holds a role belongs there; only living charities are joined."""
    before = town(habit=habit, residents=90)
    before.charities.joining_weight[:] = 1.0
    before.ledger[:] = 0.0
    state, was = by_fast_hand(volunteering, before, P), before.residents
    gaps = imbalance(stocks(before), state)
    assert gaps["roles"] == gaps["belongings"] == 0.0
    now = state.residents
    in_role = now.role != NOBODY
    assert np.array_equal(now.belongs[in_role], now.role[in_role])
    assert now.belonging[in_role & (was.role == NOBODY)].min(initial=1.0) >= 0.10
    unmoved = ~in_role | (was.role != NOBODY)
    assert np.array_equal(now.belongs[unmoved], was.belongs[unmoved])
    assert np.array_equal(now.belonging[unmoved], was.belonging[unmoved])
    picked = now.gives_to[(now.gives_to != NOBODY) & (was.role == NOBODY)]
    assert state.charities.alive[picked].all()


def test_a_joiner_belongs_to_the_charity_and_to_no_other() -> None:
    """Everybody joins one of two: who belonged there keeps the strength, the others begin anew."""
    state = town(residents=200, habit="nobody volunteers", seed=3)
    c, r = state.charities, state.residents
    c.alive[:], c.serves_place[:], c.joining_weight[:] = 1, 1, 0.0
    c.joining_weight[0], state.constants.join_rate[:] = 1.0, 1e6
    r.belongs[:], r.belonging[:] = np.resize([0, 1, NOBODY, 0], 200), np.resize([0.7, 0.7, 0.0, 0.01], 200)
    after = by_fast_hand(volunteering, state, volunteering.Parameters(once_chance=0.02))
    assert np.all(after.residents.belongs == 0)
    assert after.ledger[Flow.ONE_OFF] == 0.0, "who joins does not help once besides"
    assert after.residents.belonging.tolist() == [0.7, 0.10, 0.10, 0.10] * 50
    assert after.ledger[Flow.BELONGING_MADE] == 100.0
    assert after.ledger[Flow.BELONGING_LAPSED] == 50.0


def test_who_leaves_a_role_still_belongs() -> None:
    state = settled(habit="everybody volunteers")
    after = by_fast_hand(volunteering, state, volunteering.Parameters(leave_chance=1.0, new_ratio=4.0))
    left = after.residents.role == NOBODY
    assert left.any()
    assert np.array_equal(after.residents.belongs, state.residents.belongs)
    assert after.ledger[Flow.BELONGING_LAPSED] == 0.0


@pytest.mark.parametrize(("rate", "month"), [(-0.05, 0), (-0.05, -25), (-0.05, 120), (0.05, 120), (0.0, 120)])
def test_joining_changes_from_year_to_year_and_not_before_month_0(rate: float, month: int) -> None:
    """Everybody is alike but for the draw: all join whose draw is below 1 - exp(-k e^(rate years))."""
    state = town(residents=4000, habit="no ties", month=month)
    r, c = state.residents, state.charities
    r.role[:] = r.gives_to[:] = NOBODY
    r.ever[:], r.group[:], r.civic[:], r.outside_ask[:] = 0, 0, 0.0, 0.0
    c.alive[:], c.serves_place[:], c.joining_weight[:] = 1, 1, 1.0
    state.constants.join_rate[:], state.constants.asking[:] = 0.3, 0.0
    p = volunteering.Parameters(secular_rate=rate, civic_slope=0.0, resources_abc1=1.0)
    joined = np.count_nonzero(by_fast_hand(volunteering, state, p).residents.role != NOBODY)
    chance = 1 - np.exp(-0.3 * np.exp(rate * max(0, month) / 12))
    assert abs(joined - 4000 * chance) < 4 * np.sqrt(4000 * chance * (1 - chance))


def test_the_dead_are_not_picked() -> None:
    state = settled()
    state.residents.role[:] = state.residents.gives_to[:] = NOBODY
    state.constants.join_rate[:], state.charities.alive[:] = 1e6, 0
    after = by_fast_hand(volunteering, state, P)
    assert np.all(after.residents.role == NOBODY)
    assert np.all(after.residents.gives_to == NOBODY)
    state.charities.alive[:] = 1
    assert np.all(by_fast_hand(volunteering, state, P).residents.role == 0)


def asks_without_support(volunteers: int, p: volunteering.Parameters, *, paid_hours: float = 0.0) -> int:
    """Of 200 people with ties of full strength, so many of them volunteers of one charity who always ask."""
    state = settled()
    state.ties.strength[state.ties.alter != EMPTY] = 1.0
    state.residents.role[:] = np.where(np.arange(200) < volunteers, 0, NOBODY)
    state.charities.paid_hours[:] = paid_hours
    return int(by_fast_hand(volunteering, state, p).residents.unsupported_asks.sum())


def test_a_coordinator_can_support_so_many_and_no_more() -> None:
    p = volunteering.Parameters(ask_chance=1.0)
    assert asks_without_support(70, p) == 0
    assert asks_without_support(71, p) > 0
    assert asks_without_support(140, p, paid_hours=300.0) == 0
    assert asks_without_support(141, p, paid_hours=300.0) > 0
    assert asks_without_support(100, volunteering.Parameters(ask_chance=1.0, coordinator_volunteers=120.0)) == 0
    part_time = volunteering.Parameters(ask_chance=1.0, coordinator_hours=75.0)
    assert asks_without_support(71, part_time, paid_hours=150.0) == 0


@pytest.mark.parametrize("effect", [0.0, 0.5, 1.0])
def test_support_that_is_paid_for_lowers_the_load(effect: float) -> None:
    """Of 10 volunteers, 4 or all."""
    p, state = volunteering.Parameters(support_effect=effect), settled()
    state.residents.role[:] = np.where(np.arange(200) < 10, 0, NOBODY)
    plain = by_fast_hand(volunteering, state, p).charities.load[0]
    for supported, share in ((4.0, 0.4), (10.0, 1.0), (50.0, 1.0)):
        state.charities.supported[:] = supported
        assert by_fast_hand(volunteering, state, p).charities.load[0] == pytest.approx(plain * (1 - effect * share))
    if effect == 0.0:
        assert by_fast_hand(volunteering, state, p).charities.load[0] == plain


def test_support_keeps_volunteers_who_would_leave_for_overload() -> None:
    state = settled(2000, habit="everybody volunteers")
    state.charities.work_hours[:], state.residents.strain[:] = 1e6, 0.0
    p = volunteering.Parameters(support_effect=1.0)
    left = by_fast_hand(volunteering, state, p).ledger[Flow.LEFT_OVERLOAD]
    state.charities.supported[:] = 1e4
    assert left > 0.0
    assert by_fast_hand(volunteering, state, p).ledger[Flow.LEFT_OVERLOAD] == 0.0
