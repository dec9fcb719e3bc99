from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from sim.chance import MASK, Dice, Die
from sim.ledger import Flow
from sim.processes import serving
from sim.processes.serving import kernel
from sim.state import KINDS, NOBODY, State
from tests.towns import HABITS, RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand

P = serving.Parameters()
SOURCES = ("COUNCIL", "CHARITY", "VOLUNTEER")
FAULTS = [
    ("share[b] *= need_weight[b]", "share[b] *= 1.0"),
    ("if charities.serves_place[g] == 1:", "if charities.serves_place[g] == 0:"),
    ("p.volunteer_worth * residents.skill[i] *", "p.volunteer_worth *"),
    ("_turn(tickets[i], TURN * k)", "tickets[i]"),
    ("worth * used", "volunteer * used"),
]


def short_town(council_hours: float, residents: int = 300) -> State:
    """One neighbourhood, the council alone, everybody in need of 10 hours of each kind and none of it met."""
    state = town(residents=residents, neighbourhoods=1, habit="no groups")
    state.services.hours[:] = council_hours / len(state.services.hours)
    state.services.kinds[:] = 1 / len(KINDS)
    state.residents.need[:], state.residents.met[:] = 10.0, 0.0
    return state


def queue(state: State, k: int) -> list[int]:
    """Rows by the ticket of kind k, worked out from the ids."""
    dice = Dice(state.seed, state.month)
    tickets = [dice.bits(Die.SERVE_ORDER, int(who)) for who in state.residents.id]
    turned = [((t << 13 * k) | (t >> (64 - 13 * k))) & MASK for t in tickets]
    return sorted(range(len(turned)), key=lambda row: turned[row])


@given(RECIPES)
def test_the_hands_agree(recipe: dict[str, Any]) -> None:
    assert_twins(serving, town(**recipe))


@given(RECIPES)
def test_the_hands_agree_where_hours_are_short(recipe: dict[str, Any]) -> None:
    state = town(**recipe)
    state.services.hours[:] *= 0.02
    state.charities.paid_hours[:] *= 0.1
    assert_twins(serving, state)


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(serving, kernel, "serve_for_a_month", right, wrong)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(serving, kernel, "serve_for_a_month", *FAULTS[0], compiled=True)


def test_the_kernel_is_compiled() -> None:
    assert_twins(serving, town())
    assert kernel.serve_for_a_month.nopython_signatures


@pytest.mark.parametrize("hours", [0.02, 1.0])
@pytest.mark.parametrize("habit", HABITS)
def test_the_books_balance(habit: str, hours: float) -> None:
    """Hours put in are those of the bodies and the pledges; each is used or idle; need is met by somebody or unmet."""
    before = town(habit=habit, residents=90, neighbourhoods=3)
    before.services.hours[:] *= hours
    after = by_fast_hand(serving, before, P)
    put_in = (before.services.hours, before.charities.paid_hours, before.residents.pledged_hours)
    for source, given_hours in zip(SOURCES, put_in, strict=True):
        total, met, idle = (after.ledger[Flow[f"HOURS_{source}{end}"]] for end in ("", "_MET", "_IDLE"))
        assert total == pytest.approx(given_hours.sum(), rel=1e-9)
        assert total == pytest.approx(met + idle, rel=1e-9)
    gained = after.residents.met.sum() - before.residents.met.sum()
    by_whom = [after.ledger[Flow[f"NEED_MET_{name}"]] for name in ("COUNCIL", "CHARITY", "VOLUNTEERS")]
    assert sum(by_whom) == pytest.approx(gained, rel=1e-9)
    unmet = after.ledger[Flow.NEED_UNMET]
    assert before.residents.need.sum() == pytest.approx(before.residents.met.sum() + sum(by_whom) + unmet, rel=1e-9)


@pytest.mark.parametrize("reach", [0.6, 0.85, 1.0])
@pytest.mark.parametrize("habit", HABITS)
def test_services_take_nobody_beyond_reach(habit: str, reach: float) -> None:
    before = town(habit=habit, residents=90)
    after = by_fast_hand(serving, before, serving.Parameters(service_reach=reach)).residents
    was = before.residents.met
    assert np.all(after.met <= np.maximum(was, reach * after.need + 1e-12))
    assert np.all(after.met <= after.need)
    assert np.all(after.met >= was)
    assert habit == "no budget" or np.any(after.met > was)


def test_with_plenty_everybody_is_served_up_to_reach_and_the_rest_is_idle() -> None:
    after = by_fast_hand(serving, short_town(1e6), P)
    assert after.residents.met == pytest.approx(P.service_reach * 10.0)
    assert after.ledger[Flow.HOURS_COUNCIL_MET] == pytest.approx(300 * len(KINDS) * 8.5)
    assert after.ledger[Flow.HOURS_COUNCIL_IDLE] == pytest.approx(1e6 - 300 * len(KINDS) * 8.5)


def test_a_short_pool_goes_to_the_lowest_tickets_by_kind() -> None:
    """1,000 hours of each kind at 8.5 a person serve the first 117 in full and the next in part."""
    state = short_town(5000.0)
    met = by_fast_hand(serving, state, P).residents.met
    for k in range(len(KINDS)):
        expected = [8.5] * 117 + [1000.0 - 117 * 8.5] + [0.0] * 182
        assert met[queue(state, k), k] == pytest.approx(expected)


def test_the_orders_of_the_kinds_are_as_good_as_independent() -> None:
    """Rank correlation between any two kinds: below 5 standard errors."""
    n = 2000
    state = town(residents=n, neighbourhoods=1, habit="no ties")
    ranks = [np.argsort(queue(state, k)) for k in range(len(KINDS))]
    off_diagonal = np.corrcoef(ranks)[np.triu_indices(len(KINDS), 1)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(n)


def test_who_is_served_does_not_depend_on_the_rows() -> None:
    state = town(residents=90, neighbourhoods=3)
    state.services.hours[:] *= 0.02
    shuffled = state.fork()
    order = np.random.default_rng(3).permutation(90)
    for column in shuffled.residents:
        column[:] = column[order]
    met, other = by_fast_hand(serving, state, P).residents.met, by_fast_hand(serving, shuffled, P).residents.met
    assert other == pytest.approx(met[order], rel=1e-9)
    assert not np.allclose(other, met)


def test_hours_go_where_formula_and_head_count_send_them() -> None:
    """30 residents at weight 2 and 60 at weight 1 get the same hours; there is nobody in the third."""
    state = town(residents=90, neighbourhoods=3, habit="no groups")
    state.residents.neighbourhood[:] = [0] * 30 + [1] * 60
    state.neighbourhoods.need_weight[:] = [2.0, 1.0, 9.0]
    state.residents.need[:], state.residents.met[:] = 1000.0, 0.0
    met = by_fast_hand(serving, state, P).residents.met
    assert met[:30].sum() == pytest.approx(state.services.hours.sum() / 2)
    assert met[30:].sum() == pytest.approx(state.services.hours.sum() / 2)


@pytest.mark.parametrize(("serves_place", "expected"), [(0, [0.0, 70.0]), (1, [35.0, 35.0])])
def test_a_charity_serves_its_own_neighbourhood_or_the_place(serves_place: int, expected: list[float]) -> None:
    """30 paid hours, and 40 / .7 pledged hours of mean skill, of a charity at home in the second neighbourhood."""
    state = town(residents=40, neighbourhoods=2, habit="one group")
    r, c = state.residents, state.charities
    r.neighbourhood[:], state.neighbourhoods.need_weight[:] = [0] * 20 + [1] * 20, 1.0
    r.need[:], r.met[:], r.skill[:] = 1000.0, 0.0, 1.0
    r.gives_to[:], r.pledged_hours[:] = NOBODY, 0.0
    r.gives_to[0], r.pledged_hours[0] = 0, 40.0 / 0.7
    state.services.hours[:] = 0.0
    c.neighbourhood[:], c.serves_place[:], c.paid_hours[:] = 1, serves_place, 30.0
    after = by_fast_hand(serving, state, P)
    assert [after.residents.met[:20].sum(), after.residents.met[20:].sum()] == pytest.approx(expected)
    assert after.ledger[Flow.HOURS_VOLUNTEER] == pytest.approx(40.0 / 0.7)
    assert after.ledger[Flow.NEED_MET_VOLUNTEERS] == pytest.approx(40.0)
    assert after.ledger[Flow.NEED_MET_CHARITY] == pytest.approx(30.0)


def test_a_volunteers_hour_is_worth_skill_and_worth() -> None:
    state = town(residents=40, habit="everybody volunteers")
    state.residents.need[:], state.residents.met[:] = 1000.0, 0.0
    weighed = (state.residents.skill * state.residents.pledged_hours).sum()
    for worth in (0.3, 1.0):
        after = by_fast_hand(serving, state, serving.Parameters(volunteer_worth=worth))
        assert after.ledger[Flow.NEED_MET_VOLUNTEERS] == pytest.approx(worth * weighed)
        assert after.ledger[Flow.HOURS_VOLUNTEER] == pytest.approx(state.residents.pledged_hours.sum())


def test_without_any_hours_nothing_happens() -> None:
    before = short_town(0.0)
    after = by_fast_hand(serving, before, P)
    assert np.array_equal(after.residents.met, before.residents.met)
    assert after.ledger[Flow.NEED_UNMET] == pytest.approx(before.residents.need.sum())
    assert np.count_nonzero(after.ledger) == 1


def test_where_the_formula_has_no_weight_shares_are_equal() -> None:
    state = town(residents=90, neighbourhoods=2)
    state.neighbourhoods.need_weight[:] = 0.0
    assert_twins(serving, state)
    assert by_fast_hand(serving, state, P).ledger[Flow.HOURS_COUNCIL] == pytest.approx(state.services.hours.sum())
