from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sim.chance import Dice, Die
from sim.indexes import lottery
from sim.ledger import Flow
from sim.processes import helping
from sim.processes.helping import kernel
from sim.state import EMPTY, NOBODY, SLOTS, State
from tests.towns import HABITS, RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand, differences

P = helping.Parameters()
SURE = replace(P, hours_noise=0.0)
"""Who is neighbourly enough has exactly the median of hours."""
NEITHER = replace(SURE, displacement=0.0, favour_own=0.0)
MOST = helping.Parameters(displacement=0.8, favour_own=0.5, pool_share=0.3)
WILLING, UNWILLING = 50.0, -50.0
FAULTS = [
    ("most[place] = budget[helper[entry]] * w", "most[place] = budget[helper[entry]] * w * w"),
    ("who[place] = helper[entry]", "who[entry] = helper[entry]"),
    ("x = min(want, most[place], left[j])", "x = min(want, most[place])"),
    ("x = min(need, rest[b])", "x = min(0.5 * need, rest[b])"),
    ("had + share * (needed - had)", "had + share * needed"),
    ("p.help_slope * p.help_slope / 2.0", "p.help_slope * p.help_slope"),
    ("p.pool_share * left[i] * used", "left[i] * used"),
    ("pledged[i] - given / past.shape[1]", "pledged[i] - given"),
    ("budget[i] - p.favour_own * budget[i] *", "budget[i] - p.favour_own *"),
    ("scale * p.hours", "p.hours"),
]


def settled(state: State) -> None:
    """Nobody belongs to a charity, gives to one, or helps more than in the main model."""
    r = state.residents
    r.belongs[:], r.pledged_hours[:], state.constants.help_scale[:] = NOBODY, 0.0, 1.0


def street(budgets: list[bool], needs: list[float], ties: list[Any], *, apart: bool = False) -> State:
    """A few residents: who has time, who needs how much company, and who knows whom how well."""
    state = town(residents=len(budgets), neighbourhoods=len(budgets) if apart else 1, habit="no ties")
    settled(state)
    r = state.residents
    r.neighbourhood[:] = range(len(budgets)) if apart else 0
    r.neighbourly[:], r.warmth[:] = [WILLING if b else UNWILLING for b in budgets], 0.0
    r.need[:], r.met[:] = 0.0, 0.0
    r.need[:, 2] = needs
    r.helped_months[:] = r.received_months[:] = 0
    for owner, alter, w in ties:
        slot = owner * SLOTS + int(np.count_nonzero(state.ties.alter[owner * SLOTS : (owner + 1) * SLOTS] != EMPTY))
        state.ties.alter[slot], state.ties.strength[slot] = alter, w
    return state


@given(RECIPES)
def test_the_hands_agree(recipe: dict[str, Any]) -> None:
    assert_twins(helping, town(**recipe))


@given(RECIPES, st.sampled_from([NEITHER, MOST]))
def test_the_hands_agree_at_the_ends_of_the_ranges(recipe: dict[str, Any], p: helping.Parameters) -> None:
    assert_twins(helping, town(**recipe), p)


@given(RECIPES)
def test_the_hands_agree_where_help_is_plenty(recipe: dict[str, Any]) -> None:
    """So much time that pools are left over, and ties of equal strength."""
    state = town(**recipe)
    state.ties.strength[:] = np.where(state.ties.alter == EMPTY, 0.0, np.round(state.ties.strength * 3) / 3)
    assert_twins(helping, state, helping.Parameters(help_rate=2.0, hours=10.0))


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(helping, kernel, "help_for_a_month", right, wrong, p=MOST)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(helping, kernel, "help_for_a_month", *FAULTS[0], compiled=True)


def test_the_kernel_is_compiled() -> None:
    assert_twins(helping, town())
    assert kernel.help_for_a_month.nopython_signatures


@pytest.mark.parametrize("p", [P, MOST])
@pytest.mark.parametrize("habit", HABITS)
def test_the_books_balance(habit: str, p: helping.Parameters) -> None:
    """Hours set aside are given or idle; hours given are the need they met; nobody is helped beyond need."""
    before = town(habit=habit, residents=90)
    after = by_fast_hand(helping, before, p)
    was, now, posted = before.residents, after.residents, after.ledger
    gained = now.met.sum() - was.met.sum()
    assert posted[Flow.HOURS_NEIGHBOUR] == pytest.approx(
        posted[Flow.HOURS_NEIGHBOUR_MET] + posted[Flow.HOURS_NEIGHBOUR_IDLE], rel=1e-9)
    assert posted[Flow.HOURS_NEIGHBOUR_MET] == pytest.approx(posted[Flow.NEED_MET_NEIGHBOURS], rel=1e-9)
    assert posted[Flow.NEED_MET_NEIGHBOURS] == pytest.approx(gained, rel=1e-9)
    assert posted[Flow.HOURS_NEIGHBOUR_MET] == pytest.approx(now.helping_hours.sum(), rel=1e-12)
    assert posted[Flow.HOURS_NEIGHBOUR_IDLE] == pytest.approx(now.spare_hours.sum(), rel=1e-12)
    assert gained > 0.0
    assert np.all(now.met <= now.need)
    assert np.all(now.met >= was.met)
    assert now.helping_hours.max() <= P.most_hours
    assert now.spare_hours.min() >= 0.0


def test_an_alter_gives_along_a_tie_no_more_than_its_strength_allows() -> None:
    after = by_fast_hand(helping, street([True, False], [0.0, 100.0], [(0, 1, 0.5)], apart=True), SURE).residents
    assert after.helping_hours == pytest.approx([2.0, 0.0])
    assert after.spare_hours == pytest.approx([2.0, 0.0])
    assert after.met[1, 2] == pytest.approx(2.0)


def test_the_tie_counts_whoever_owns_it() -> None:
    one = by_fast_hand(helping, street([True, False], [0.0, 100.0], [(0, 1, 0.5)], apart=True), SURE).residents
    other = by_fast_hand(helping, street([True, False], [0.0, 100.0], [(1, 0, 0.5)], apart=True), SURE).residents
    assert np.array_equal(one.met, other.met)


def test_the_closest_are_asked_first() -> None:
    state = street([True, True, True, False], [0.0, 0.0, 0.0, 3.0], [(0, 3, 0.4), (1, 3, 0.9), (2, 3, 0.1)], apart=True)
    assert by_fast_hand(helping, state, SURE).residents.helping_hours == pytest.approx([0.0, 3.0, 0.0, 0.0])


def test_of_equally_close_alters_the_earlier_slot_is_asked_first() -> None:
    state = street([False, True, True], [1.0, 0.0, 0.0], [(0, 2, 0.5), (0, 1, 0.5)], apart=True)
    assert by_fast_hand(helping, state, SURE).residents.helping_hours == pytest.approx([0.0, 0.0, 1.0])


def test_what_is_left_goes_to_the_neighbourhood_in_proportion() -> None:
    """Two givers with 4 hours each, one of them asked for 2 along a tie: the pool of 6 gives 3 more."""
    state = street([True, True, False], [0.0, 0.0, 5.0], [(0, 2, 0.5)])
    after = by_fast_hand(helping, state, SURE).residents
    assert after.helping_hours == pytest.approx([2.0 + 1.0, 2.0, 0.0])
    assert after.spare_hours == pytest.approx([1.0, 2.0, 0.0])
    assert after.met[2, 2] == 5.0


def test_help_does_not_leave_the_neighbourhood_without_a_tie() -> None:
    after = by_fast_hand(helping, street([True, False], [0.0, 5.0], [], apart=True), SURE).residents
    assert not after.met.any()
    assert after.spare_hours == pytest.approx([4.0, 0.0])


def test_all_kinds_of_need_fall_alike() -> None:
    state = street([True, False], [0.0, 0.0], [(0, 1, 0.5)], apart=True)
    state.residents.need[1], state.residents.met[1] = [8.0, 4.0, 0.0, 2.0, 2.0], [0.0, 0.0, 0.0, 0.0, 2.0]
    after = by_fast_hand(helping, state, SURE).residents
    assert after.met[1] == pytest.approx([8 / 7, 4 / 7, 0.0, 2 / 7, 2.0])


def test_a_short_pool_goes_to_the_lowest_tickets() -> None:
    """Eight in need of 3 hours, 4 hours in the pool: the first in the lottery is served in full, the second in part."""
    state = street([True] + [False] * 8, [0.0] + [3.0] * 8, [])
    dice = Dice(state.seed, state.month)
    queue = [i for i in lottery([dice.bits(Die.HELP_ORDER, int(who)) for who in state.residents.id]) if i > 0]
    met = by_fast_hand(helping, state, SURE).residents.met[:, 2]
    assert met[queue] == pytest.approx([3.0, 1.0] + [0.0] * 6)


def test_months_of_helping_and_of_being_helped_are_remembered() -> None:
    state = street([True, False, False], [0.0, 1.0, 0.0], [])
    state.residents.helped_months[:] = state.residents.received_months[:] = (1 << 12) | 1
    after = by_fast_hand(helping, state, SURE).residents
    assert after.helped_months.tolist() == [0b11, 0b10, 0b10]
    assert after.received_months.tolist() == [0b10, 0b11, 0b10]


def test_without_time_nothing_happens() -> None:
    before = town()
    after = by_fast_hand(helping, before, helping.Parameters(help_rate=0.0))
    assert np.array_equal(after.residents.met, before.residents.met)
    assert not after.residents.helping_hours.any()
    assert not after.ledger.any()


def test_people_help_as_often_and_as_long_as_stated() -> None:
    """For a resident of mean traits: chance 1 - exp(-.75 exp(-1.28)), median hours 4; 5 standard errors."""
    n = 4000
    state = town(residents=n, neighbourhoods=1, habit="no ties")
    settled(state)
    state.residents.neighbourly[:], state.residents.warmth[:] = 0.0, 0.0
    after = by_fast_hand(helping, state, P).residents
    given = after.helping_hours + after.spare_hours
    chance = 1 - np.exp(-0.75 * np.exp(-1.28))
    assert np.mean(given > 0) == pytest.approx(chance, abs=5 * np.sqrt(chance * (1 - chance) / n))
    logs = np.log(given[given > 0] / 4.0)
    assert logs.mean() == pytest.approx(0.0, abs=5 * 0.35 / np.sqrt(logs.size))
    assert logs.std() == pytest.approx(0.35, rel=0.15)


def test_nobody_gives_more_than_a_working_month() -> None:
    state = street([True, False], [0.0, 1e6], [])
    state.residents.warmth[:] = 8.0
    assert by_fast_hand(helping, state, SURE).residents.helping_hours[0] == pytest.approx(P.most_hours)


@pytest.mark.parametrize(
    ("pledged", "past", "left"), [(5.0, 0.0, 2.0), (5.0, 3.0, 3.2), (3.0, 5.0, 4.0), (50.0, 0.0, 0.0)])
def test_new_formal_hours_leave_less_time_for_neighbours(pledged: float, past: float, left: float) -> None:
    """Of 4 hours, less .4 of what is pledged beyond the mean of the last year, whichever months it was given in."""
    state = street([True, False], [0.0, 100.0], [])
    state.residents.pledged_hours[0], state.residents.hours_past[:] = pledged, 0.0
    state.residents.hours_past[0, 3] = 12.0 * past
    after = by_fast_hand(helping, state, SURE)
    assert after.ledger[Flow.HOURS_NEIGHBOUR] == pytest.approx(left)
    assert after.residents.helping_hours[0] == pytest.approx(left)
    assert after.residents.helped_months[0] & 1 == (left > 0.0)


def test_without_displacement_pledges_are_exactly_nothing() -> None:
    eager, idle = town(residents=90), town(residents=90)
    idle.residents.pledged_hours[:] = 0.0
    eager.residents.pledged_hours[:] = 30.0
    none, most = replace(P, displacement=0.0), replace(P, displacement=0.8)
    assert by_fast_hand(helping, eager, none).ledger.tobytes() == by_fast_hand(helping, idle, none).ledger.tobytes()
    one, other = by_fast_hand(helping, eager, most), by_fast_hand(helping, idle, most)
    assert one.ledger[Flow.HOURS_NEIGHBOUR] < other.ledger[Flow.HOURS_NEIGHBOUR]


def test_time_kept_for_ones_own_goes_to_them_first_and_the_rest_goes_on() -> None:
    """The helper's 4 hours: 2 kept for the member in need of 1, who gets it; the rest of them goes along the tie."""
    state = street([True, False, False], [0.0, 1.0, 10.0], [(0, 2, 1.0)], apart=True)
    state.residents.belongs[:2] = 0
    after = by_fast_hand(helping, state, replace(SURE, favour_own=0.5)).residents
    assert after.met[:, 2] == pytest.approx([0.0, 1.0, 3.0])
    assert after.helping_hours == pytest.approx([4.0, 0.0, 0.0])


def test_ones_own_share_what_is_kept_and_no_more() -> None:
    """Half of two helpers' time; a third, who belongs elsewhere, keeps what nobody of the own there needs."""
    state = street([True, True, True, False], [0.0, 0.0, 0.0, 10.0], [], apart=True)
    state.residents.belongs[:] = [0, 0, NOBODY, 0]
    after = by_fast_hand(helping, state, replace(SURE, favour_own=0.5)).residents
    assert after.helping_hours == pytest.approx([2.0, 2.0, 0.0, 0.0])
    assert after.met[3, 2] == pytest.approx(4.0)
    assert after.received_months[3] & 1


def test_without_favour_it_does_not_matter_who_belongs_where() -> None:
    joined, apart = town(residents=90), town(residents=90)
    joined.residents.belongs[:], apart.residents.belongs[:] = 0, NOBODY
    none, most = replace(P, favour_own=0.0), replace(P, favour_own=0.5)
    for column in ("met", "helping_hours"):
        one, other = (getattr(by_fast_hand(helping, s, none).residents, column) for s in (joined, apart))
        assert np.array_equal(one, other)
    assert differences(by_fast_hand(helping, apart, none), by_fast_hand(helping, apart, most)) == []
    one, other = (by_fast_hand(helping, s, most).residents.met for s in (joined, apart))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_of_what_ties_leave_goes_to_the_neighbourhood(share: float) -> None:
    """Of two hours that ties leave."""
    state = street([True, False, False], [0.0, 100.0, 100.0], [(0, 1, 0.5)])
    after = by_fast_hand(helping, state, replace(SURE, pool_share=share)).residents
    assert after.met[:, 2].sum() == pytest.approx(2.0 + 2.0 * share)
    assert after.spare_hours[0] == pytest.approx(2.0 - 2.0 * share)


def test_another_account_scales_the_time_that_people_have() -> None:
    state = street([True, False], [0.0, 100.0], [])
    state.constants.help_scale[:] = 1.25
    assert by_fast_hand(helping, state, SURE).residents.helping_hours[0] == pytest.approx(5.0)
