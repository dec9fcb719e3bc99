from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sim.chance import Dice, permanent_id
from sim.ledger import Flow, imbalance, stocks
from sim.processes import reorganisation
from sim.processes.reorganisation import kernel
from sim.state import (
    COUNCIL_BODY,
    EMPTY,
    HEALTH_BODY,
    NO_REORGANISATION,
    NOBODY,
    PARTNERS,
    RESTRUCTURE,
    STRUCTURAL,
    State,
    allocate,
)  # fmt: skip
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand, differences

Parameters = reorganisation.Parameters
HARSH = Parameters(
    turnover=0.4, notice_turnover=3.0, posts_first=3.0, notice_months=2, stress=3.0, saving_share=0.04, fresh_ties=3,
    damage=0.7,
)  # fmt: skip
FAULTS = [
    ("if stays_open[k] == 0:\n            gone[k]", "if stays_open[k] == 1:\n            gone[k]"),
    ("harm * lost:", "lost:"),
    ("p.lost_both if second_goes", "p.lost_second_stays if second_goes"),
    ("1.0 - cut * _share_of_posts", "1.0 - _share_of_posts"),
    ("if kind == STRUCTURAL:\n", "if kind == RESTRUCTURE:\n"),
    ("month + ahead <= bodies.strikes[body]", "month + ahead >= bodies.strikes[body]"),
    ("derived_id(officers.post[k], seed)", "officers.post[k]"),
    ("and not holds(known, g)", "and holds(known, g)"),
    ("if officers.protected[k] == 1:", "if officers.protected[k] == 2:"),
    ("if kept[k] == 0 and left", "if left"),
]


@given(RECIPES, st.sampled_from([Parameters(), HARSH]))
def test_the_hands_agree(recipe: dict[str, Any], p: Parameters) -> None:
    assert_twins(reorganisation, town(**recipe), p)


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(reorganisation, kernel, "reorganise", right, wrong, p=HARSH, seeds=32)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(reorganisation, kernel, "reorganise", *FAULTS[1], p=HARSH, compiled=True, seeds=32)


def test_the_kernel_is_compiled_and_runs() -> None:
    assert_twins(reorganisation, town())
    assert kernel.reorganise.nopython_signatures


@given(RECIPES, st.sampled_from([Parameters(), HARSH]))
def test_the_books_of_officers_and_their_ties_balance(recipe: dict[str, Any], p: Parameters) -> None:
    state = town(**recipe)
    before = stocks(state)
    reorganisation.advance(state, p, Dice(state.seed, state.month))
    gap = imbalance(before, state)
    assert not any(gap[stock] for stock in ("officers", "partnerships", "acquaintances", "alliances", "belongings"))


def body_of(posts: int, *, health: int = 0, seed: int = 3, charities: int = 40) -> State:
    """A place of filled posts with eight ties to charities each and eight to residents, all at .5, and money enough."""
    n = posts + health
    state = allocate(
        residents=50, charities=charities, services=1, neighbourhoods=2, policies=0, world=120, flows=len(Flow),
        officers=n, seed=seed,
    )  # fmt: skip
    o, slots = state.officers, np.arange(n * PARTNERS)
    o.post[:] = [permanent_id(seed, 1, k) for k in range(n)]
    o.id[:] = [permanent_id(int(post), 0) for post in o.post]
    o.filled[:], o.last[:], o.body[posts:] = 1, 1, HEALTH_BODY
    state.charities.id[:] = [permanent_id(seed, 2, g) for g in range(charities)]
    state.charities.alive[:] = state.charities.serves_place[:] = 1
    state.residents.id[:] = [permanent_id(seed, 3, i) for i in range(50)]
    state.partnerships.charity[:], state.partnerships.strength[:] = slots % charities, 0.5
    state.acquaintances.resident[:], state.acquaintances.strength[:] = slots % 50, 0.5
    state.acquaintances.who[:] = state.residents.id[slots % 50]
    state.bodies.posts_founding[:], state.bodies.strikes[:] = [posts, health], -1
    state.bodies.stalled_until[:] = -1
    state.council.discretionary_founding[:] = state.council.spend_discretionary[:] = 1000.0
    state.council.core_founding[:], state.council.other_founding[:] = 80_000.0, 20_000.0
    state.neighbourhoods.picture_need[:], state.neighbourhoods.picture_resources[:] = [0.4, 0.8], [0.2, 0.6]
    return state


def test_where_nobody_leaves_and_nothing_strikes_nothing_happens() -> None:
    state = body_of(20, health=5)
    assert not differences(state, by_fast_hand(reorganisation, state, Parameters(turnover=0.0, damage=0.0)))


def test_without_damage_a_strike_costs_money_and_time_of_nobody() -> None:
    state = body_of(200, health=50)
    state.bodies.kind[:], state.bodies.strikes[:] = STRUCTURAL, 0
    after = by_fast_hand(reorganisation, state, Parameters(turnover=0.0, damage=0.0))
    changed = {text.split(" at ")[0] for text in differences(state, after)}
    assert changed == {
        "council.reorganisation_due", "bodies.kind", "bodies.strikes", "bodies.struck", "bodies.stalled_until",
    }  # fmt: skip
    assert np.all(after.bodies.stalled_until == 0)  # free this very month


@pytest.mark.parametrize("notice", [0, 1, 12, 24])
def test_what_is_announced_by_chance_strikes_exactly_at_the_end_of_its_notice(notice: int) -> None:
    state, p = body_of(5, health=5), Parameters(notice_months=notice)
    state.world.restructure_rate[:], state.world.health_rate[:] = 0.8, 0.5
    announced: dict[int, int] = {}
    struck = 0
    for month in range(240):
        state.month, free = month, state.bodies.kind == NO_REORGANISATION
        reorganisation.advance(state, p, Dice(state.seed, month))
        for body in (COUNCIL_BODY, HEALTH_BODY):
            if state.bodies.struck[body]:
                assert announced.pop(body, month) == month - notice
                assert state.bodies.struck[body] == (RESTRUCTURE if body == COUNCIL_BODY else STRUCTURAL)
                struck += 1
            if free[body] and state.bodies.kind[body]:
                announced[body] = month
                assert state.bodies.strikes[body] == month + notice
    assert struck >= 5


def test_hazards_strike_as_often_as_their_rate_says() -> None:
    """Without notice: 10 seeds of 300 months; the count may lie four standard deviations from its mean."""
    p, strikes = Parameters(notice_months=0), 0
    for seed in range(10):
        state = body_of(1, seed=seed)
        state.world.restructure_rate[:] = 0.35
        for month in range(300):
            state.month = month
            reorganisation.advance(state, p, Dice(state.seed, month))
            strikes += state.bodies.struck[COUNCIL_BODY] == RESTRUCTURE
    mean = 3_000 * -math.expm1(-0.35 / 12)
    assert abs(strikes - mean) < 4 * math.sqrt(mean)


def test_fiscal_stress_raises_the_hazards_of_the_council_alone() -> None:
    struck = {}
    for stress in (0.0, 5.0):
        state, p = body_of(4, health=4), Parameters(notice_months=0, stress=stress)
        state.world.restructure_rate[:] = state.world.health_rate[:] = 0.3
        state.council.spend_discretionary[:] = 500.0
        struck[stress] = np.zeros(2)
        for month in range(600):
            state.month = month
            reorganisation.advance(state, p, Dice(state.seed, month))
            struck[stress] += state.bodies.struck != NO_REORGANISATION
    assert struck[5.0][COUNCIL_BODY] > 2 * struck[0.0][COUNCIL_BODY]
    assert struck[5.0][HEALTH_BODY] == struck[0.0][HEALTH_BODY]


@pytest.mark.parametrize("notice", [0, 6, 12])
def test_a_planned_one_strikes_in_its_month_whatever_else_is_announced(notice: int) -> None:
    state, p = body_of(10, health=4), Parameters(notice_months=notice)
    state.world.planned_council[[2, 40, 43]] = [RESTRUCTURE, STRUCTURAL, RESTRUCTURE]
    state.world.planned_health[70] = STRUCTURAL
    state.world.restructure_rate[:] = 3.0
    planned, struck = state.world.planned_council, {}
    for month in range(120):
        state.month = month
        reorganisation.advance(state, p, Dice(state.seed, month))
        struck[month] = state.bodies.struck.copy()
    for month in (2, 40, 43):
        assert struck[month][COUNCIL_BODY] == planned[month]
    assert [month for month, kinds in struck.items() if kinds[HEALTH_BODY]] == [70]
    assert sum(kinds[COUNCIL_BODY] == STRUCTURAL for kinds in struck.values()) == 1


def test_a_plan_is_announced_in_time_and_not_struck_early() -> None:
    state, p = body_of(10), Parameters(notice_months=6)
    state.world.planned_council[9] = STRUCTURAL
    for month in range(10):
        state.month = month
        reorganisation.advance(state, p, Dice(state.seed, month))
        assert (state.bodies.kind[COUNCIL_BODY] == STRUCTURAL) == (3 <= month < 9)
        assert (state.bodies.struck[COUNCIL_BODY] == STRUCTURAL) == (month == 9)


def test_before_month_0_the_first_row_is_the_month_that_is_lived() -> None:
    """So a world before this one is lived: its rows fall away as its months pass."""
    state, p = body_of(10), Parameters(notice_months=2)
    plan = np.zeros(12, np.int8)
    plan[5] = STRUCTURAL
    for past in range(7):
        state.month = past - 40
        state.world.planned_council[: 12 - past] = plan[past:]
        reorganisation.advance(state, p, Dice(state.seed, state.month))
        assert (state.bodies.kind[COUNCIL_BODY] == STRUCTURAL) == (3 <= past < 5)
        assert (state.bodies.struck[COUNCIL_BODY] == STRUCTURAL) == (past == 5)


@pytest.mark.parametrize(("kind", "cut"), [(STRUCTURAL, 0.4), (RESTRUCTURE, 0.15)])
@pytest.mark.parametrize("damage", [1.0, 0.5])
def test_a_strike_changes_the_stated_share_of_posts_and_no_more(kind: int, cut: float, damage: float) -> None:
    state = body_of(3000, health=1000, charities=60)
    state.bodies.kind[COUNCIL_BODY], state.bodies.strikes[COUNCIL_BODY] = kind, 0
    p = Parameters(turnover=0.0, damage=damage, saving_share=0.02)
    after = by_fast_hand(reorganisation, state, p)
    changed = after.officers.id != state.officers.id
    assert not changed[3000:].any()
    share = damage * cut
    assert abs(changed.sum() - 3000 * share) < 4 * math.sqrt(3000 * share * (1 - share))
    assert after.ledger[Flow.OFFICER_REORGANISED] == after.ledger[Flow.OFFICER_HIRED] == changed.sum()
    assert np.all(after.officers.filled == 1)
    assert np.array_equal(after.officers.generation == 1, changed)
    assert after.bodies.stalled_until.tolist() == [6 * damage, -1]
    assert after.council.reorganisation_due[0] == 0.01 * 100_000
    assert after.council.saved_share[0] == (0.02 if kind == STRUCTURAL else 0.0)
    kept = 1 - share * 0.75
    assert np.allclose(after.neighbourhoods.picture_need, [0.4 * kept, 0.8 * kept])
    assert np.allclose(after.neighbourhoods.picture_resources, [0.2 * kept, 0.6 * kept])


def test_a_strike_at_the_health_body_costs_the_council_nothing() -> None:
    state = body_of(5, health=5)
    state.bodies.kind[HEALTH_BODY], state.bodies.strikes[HEALTH_BODY] = STRUCTURAL, 0
    after = by_fast_hand(reorganisation, state, Parameters(turnover=0.0, saving_share=0.04))
    assert after.council.reorganisation_due[0] == after.council.saved_share[0] == 0
    assert after.bodies.stalled_until.tolist() == [-1, 6]


@pytest.mark.parametrize(("seconds", "lost"), [(NOBODY, 0.6), (2000, 0.15)])
@pytest.mark.parametrize("damage", [1.0, 0.5])
def test_a_tie_ends_by_what_is_left_of_its_contacts(seconds: int, lost: float, damage: float) -> None:
    """Post 2000 is the health body's, so it stays; counts may lie four standard deviations from their mean."""
    state = body_of(2000, health=1, charities=60)
    state.partnerships.second[: 2000 * PARTNERS] = seconds
    state.bodies.kind[COUNCIL_BODY], state.bodies.strikes[COUNCIL_BODY] = STRUCTURAL, 0
    p = Parameters(turnover=0.0, structural_cut=0.7, damage=damage)
    after = by_fast_hand(reorganisation, state, p)
    went = np.repeat(after.officers.id != state.officers.id, PARTNERS)
    assert went.sum() > (8000 if damage == 1 else 4000)
    ended = after.partnerships.charity == EMPTY
    assert not ended[~went].any()
    chance = lost * damage
    assert abs(ended[went].sum() - went.sum() * chance) < 4 * math.sqrt(went.sum() * chance * (1 - chance))
    assert np.all(after.partnerships.strength[went & ~ended] == 0.5 * (1 - 0.5 * damage))
    assert np.all(after.partnerships.strength[~went] == 0.5)
    assert np.all(after.partnerships.strength[ended] == 0)
    assert np.all(after.partnerships.second[went & ~ended] == seconds)
    known = after.acquaintances.resident == EMPTY
    chance = 0.6 * damage
    assert abs(known[went].sum() - went.sum() * chance) < 4 * math.sqrt(went.sum() * chance * (1 - chance))
    assert not known[~went].any()


def test_both_contacts_going_at_once_is_as_losing_the_only_one() -> None:
    state = body_of(2000, charities=60)
    went_alone = by_fast_hand(reorganisation, state, Parameters(turnover=0.4, notice_turnover=1.0))
    goes = np.flatnonzero(went_alone.officers.id != state.officers.id)
    second = np.resize(np.roll(goes, 1), 2000)
    state.partnerships.second[:] = np.repeat(second, PARTNERS)
    after = by_fast_hand(reorganisation, state, Parameters(turnover=0.4))
    slots = np.isin(np.arange(2000 * PARTNERS) // PARTNERS, goes)
    ended = after.partnerships.charity == EMPTY
    assert np.array_equal(ended, went_alone.partnerships.charity == EMPTY)
    assert abs(ended[slots].sum() - 0.6 * slots.sum()) < 4 * math.sqrt(slots.sum() * 0.24)
    assert np.all(after.partnerships.second == NOBODY)  # nobody who left is a contact
    assert np.all(after.partnerships.strength[~slots] == 0.5)


def test_turnover_is_its_share_of_a_year_and_posts_pass_at_once() -> None:
    state, left = body_of(1000), 0.0
    p = Parameters(lost_alone=0.0)
    for month in range(60):
        state.month, state.ledger[:] = month, 0.0
        reorganisation.advance(state, p, Dice(state.seed, month))
        left += state.ledger[Flow.OFFICER_LEFT]
        assert state.ledger[Flow.OFFICER_HIRED] == state.ledger[Flow.OFFICER_LEFT]
    mean = 60_000 * (1 - (1 - 0.14) ** (1 / 12))
    assert abs(left - mean) < 4 * math.sqrt(mean)
    assert state.officers.id.tolist() == [
        permanent_id(int(post), int(turn))
        for post, turn in zip(state.officers.post, state.officers.generation, strict=True)
    ]


def test_notice_moves_turnover() -> None:
    left = dict.fromkeys((0.5, 1.0, 3.0), 0.0)
    for seed in range(5):
        for times in left:
            state = body_of(3000, charities=60, seed=seed)
            state.bodies.kind[COUNCIL_BODY], state.bodies.strikes[COUNCIL_BODY] = STRUCTURAL, 9
            after = by_fast_hand(reorganisation, state, Parameters(turnover=0.4, notice_turnover=times))
            left[times] += after.ledger[Flow.OFFICER_LEFT]
            assert after.bodies.kind[COUNCIL_BODY] == STRUCTURAL
    assert left[3.0] / left[1.0] == pytest.approx(3, rel=0.2)
    assert left[0.5] / left[1.0] == pytest.approx(0.5, rel=0.2)


def test_the_same_posts_go_with_the_money_and_come_back_with_it() -> None:
    state, p = body_of(40, health=10), Parameters(turnover=0.0)
    first = state.officers.id.copy()
    filled = {}
    for month, money in enumerate([1000, 700, 400, 700, 1000, 700, 5000]):
        state.month, state.ledger[:] = month, 0.0
        state.council.spend_discretionary[:] = money
        reorganisation.advance(state, p, Dice(state.seed, month))
        filled.setdefault(money, []).append(state.officers.filled.copy())
    assert {money: int(rows[0].sum()) - 10 for money, rows in filled.items()} == {1000: 40, 700: 28, 400: 16, 5000: 40}
    for rows in filled.values():
        assert all(np.array_equal(rows[0], row) for row in rows)
        assert np.all(rows[0][40:] == 1)
    assert np.all(filled[400][0] <= filled[700][0])
    times_back = np.where(filled[400][0], 0, np.where(filled[700][0], 1, 2))
    assert np.array_equal(state.officers.generation, times_back)
    assert np.array_equal(state.officers.id == first, times_back == 0)


def test_which_posts_go_differs_between_runs() -> None:
    rows = set()
    for seed in range(5):
        state = body_of(40)
        state.seed, state.council.spend_discretionary[:] = seed, 700.0
        rows.add(by_fast_hand(reorganisation, state, Parameters(turnover=0.0)).officers.filled.tobytes())
    assert len(rows) == 5


@pytest.mark.parametrize(("first", "kept"), [(0.5, 34), (1.0, 28), (3.0, 4)])
def test_whether_contacts_go_first_is_a_number(first: float, kept: int) -> None:
    state = body_of(40)
    state.council.spend_discretionary[:] = 700.0
    after = by_fast_hand(reorganisation, state, Parameters(turnover=0.0, posts_first=first))
    assert after.officers.filled.sum() == kept
    assert after.ledger[Flow.OFFICER_REDUNDANT] == 40 - kept


def test_who_comes_by_a_reorganisation_may_bring_ties() -> None:
    state = body_of(50, charities=12)
    state.partnerships.charity[state.partnerships.charity > 8] = EMPTY
    state.partnerships.strength[state.partnerships.charity == EMPTY] = 0.0
    state.charities.alive[9] = 0
    state.bodies.kind[COUNCIL_BODY], state.bodies.strikes[COUNCIL_BODY] = STRUCTURAL, 0
    p = Parameters(turnover=0.4, fresh_ties=3, fresh_strength=0.3, lost_alone=0.8)
    before = stocks(state)
    after = by_fast_hand(reorganisation, state, p)
    assert after.ledger[Flow.PARTNERSHIP_MADE] > 40
    assert imbalance(before, after)["partnerships"] == 0
    rows = after.partnerships.charity.reshape(-1, PARTNERS)
    assert 9 not in rows
    assert {10, 11} < set(rows.ravel().tolist())
    assert all(len(set(row[row != EMPTY])) == np.count_nonzero(row != EMPTY) for row in rows)
    assert np.count_nonzero(after.partnerships.strength == 0.3) == after.ledger[Flow.PARTNERSHIP_MADE]


def test_a_place_without_discretionary_money_at_founding_keeps_its_posts() -> None:
    state = body_of(10)
    state.council.discretionary_founding[:] = state.council.spend_discretionary[:] = 0.0
    after = by_fast_hand(reorganisation, state, Parameters(turnover=0.0))
    assert not differences(state, after)


def test_posts_whose_time_is_paid_for_stay_and_others_go_the_sooner() -> None:
    """Six posts of which half can be kept: the two that are protected stay, whichever they are; then all six do."""
    state = allocate(residents=1, charities=0, services=1, neighbourhoods=1, policies=0, world=1, flows=len(Flow),
                     officers=6, month=9)  # fmt: skip
    state.officers.post[:] = state.officers.id[:] = np.arange(6) + 50
    state.officers.filled[:] = 1
    state.bodies.posts_founding[:], state.bodies.strikes[:] = [6, 0], -1
    state.council.discretionary_founding[:], state.council.spend_discretionary[:] = 100.0, 50.0
    quiet = Parameters(turnover=0.0)
    for protected in ([0, 1], [2, 3], [4, 5]):
        state.officers.protected[:] = 0
        state.officers.protected[protected] = 1
        assert_twins(reorganisation, state, quiet)
        after = by_fast_hand(reorganisation, state, quiet)
        assert after.officers.filled[protected].tolist() == [1, 1]
        assert after.officers.filled.sum() == 3
    state.officers.protected[:] = 1
    assert by_fast_hand(reorganisation, state, quiet).officers.filled.sum() == 6
