from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.chance import Dice
from sim.composition import compose
from sim.ledger import Flow, imbalance, stocks
from sim.policy import rows
from sim.processes import funding, nurture
from sim.state import State
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand, differences

P = nurture.Parameters()
COST = {0: P.organiser_gbp / P.organiser_meets * 1.15, 1: P.publicity_gbp * 1.15}
CHEAP = nurture.Parameters(organiser_gbp=1000.0, publicity_gbp=2.0)
"""So cheap that the purses of the made-up towns meet dozens."""
FAULTS = [
    ("streams[Die.MET_BY_ORGANISER] if organisers", "streams[Die.ASKED_BY_PUBLICITY] if organisers"),
    ("math.exp(p.eta * math.log(LEAST +", "math.exp(p.eta * math.log(1.0 +"),
    ("policies.balance[row] -= policies.spent[row]", "policies.balance[row] = 0.0"),
    ("residents.unsupported_asks[i] += 1", "residents.unsupported_asks[i] += 2"),
    ("cost = direct * (1.0 + policies.overhead[row])", "cost = direct"),
]


def nurtured_town(people: int, instrument: int, *, residents: int = 60, **columns: Any) -> State:
    """A town with one purse that holds the cost of some people and a little more."""
    state = town(residents=residents, habit="no ties")
    state.policies.instrument[:] = instrument
    state.policies.where[:] = -1
    state.policies.balance[:] = [(people + 0.5) * COST[instrument], 0.0]
    for name, value in columns.items():
        getattr(state.policies, name)[0] = value
    return state


@given(RECIPES, st.lists(st.floats(0, 20_000), min_size=2, max_size=2), st.integers(-1, 1), st.integers(0, 3))
def test_the_hands_agree(recipe: dict[str, Any], balances: list[float], where: int, instruments: int) -> None:
    state = town(**recipe)
    state.policies.balance[:] = balances
    state.policies.where[:] = where, 0
    state.policies.instrument[:] = instruments % 2, instruments // 2
    state.policies.id[:] = 7, 8
    assert_twins(nurture, state)


def test_the_hands_agree_on_equal_times() -> None:
    """Residents with one id run equal times: the earlier rows are met."""
    state = nurtured_town(7, 1)
    state.residents.id[:] = 5
    assert_twins(nurture, state)
    after = by_fast_hand(nurture, state, P)
    assert np.flatnonzero(after.residents.outside_ask).tolist() == list(range(7))


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(nurture, nurture, "_kernel", right, wrong, p=CHEAP)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(nurture, nurture, "_kernel", *FAULTS[0], p=CHEAP, compiled=True)


def test_the_kernel_is_compiled() -> None:
    assert_twins(nurture, town())
    assert nurture._kernel.nopython_signatures


@pytest.mark.parametrize("instrument", [0, 1])
def test_the_books(instrument: int) -> None:
    """Whole people are paid for, the rest stays in the purse, and each has what was paid for."""
    state = nurtured_town(20, instrument)
    state.ledger[:] = 0.0
    before = stocks(state)
    after = by_fast_hand(nurture, state, P)
    policies, r = after.policies, after.residents
    assert policies.people.tolist() == [20.0, 0.0]
    assert policies.spent[0] == after.ledger[Flow.PURSE_SPENT] == pytest.approx(20 * COST[instrument])
    assert policies.balance[0] == pytest.approx(0.5 * COST[instrument])
    assert abs(imbalance(before, after)["purse"]) < 1e-9
    met = r.outside_ask > 0.0
    assert met.sum() == 20
    strength = (P.organiser_ask if instrument == 0 else P.publicity_ask) * after.constants.asking[0]
    assert np.all(r.outside_ask[met] == strength)
    assert np.array_equal(r.nurtured_hours, met * (P.organiser_hours if instrument == 0 else 0.0))
    assert np.array_equal(r.unsupported_asks - state.residents.unsupported_asks, met * (instrument == 1))


def test_an_empty_purse_changes_nothing() -> None:
    state = nurtured_town(0, 0, balance=0.0)
    state.residents.nurtured_hours[:] = state.residents.outside_ask[:] = 0.0
    state.policies.spent[:] = state.policies.people[:] = 0.0
    assert not differences(state, by_fast_hand(nurture, state, P))


def test_last_months_meetings_are_over() -> None:
    after = by_fast_hand(nurture, nurtured_town(0, 0), P)
    assert not after.residents.nurtured_hours.any()
    assert not after.residents.outside_ask.any()


def test_only_the_neighbourhood_is_reached() -> None:
    after = by_fast_hand(nurture, nurtured_town(1000, 1, where=1), P)
    living = after.residents.neighbourhood == 1
    assert np.array_equal(after.residents.outside_ask > 0.0, living)
    assert after.policies.people[0] == living.sum()
    assert after.policies.balance[0] == pytest.approx((1000.5 - living.sum()) * COST[1])


def test_nobody_is_met_for_more_hours_than_they_have() -> None:
    state = nurtured_town(1000, 0)
    state.policies.balance[1] = state.policies.balance[0]
    after = by_fast_hand(nurture, state, nurture.Parameters(organiser_hours=6.0, most_hours=10.0))
    assert np.all(after.residents.nurtured_hours == 10.0)


def met_over_months(state: State, p: nurture.Parameters, months: int) -> Any:
    """How often each resident is met when the same purse comes every month."""
    times = np.zeros(len(state.residents.id))
    balance = state.policies.balance.copy()
    for month in range(months):
        state.policies.balance[:] = balance
        nurture.advance(state, p, Dice(9, month))
        times += state.residents.outside_ask > 0.0
    return times


@pytest.mark.parametrize("eta", [0.0, 0.7, 1.5])
def test_the_active_are_met_first(eta: float) -> None:
    """While few are met, those who gave 9.9 hours are met 100^eta times as often as those who gave none."""
    state = nurtured_town(20, 0, residents=4000)
    state.residents.helping_hours[:] = 0.0
    state.residents.formal_hours[:] = np.where(np.arange(4000) < 2000, 9.9, 0.0)
    times = met_over_months(state, nurture.Parameters(eta=eta), 100)
    active = times[:2000].sum()
    expected = 2000.0 * 100.0**eta / (100.0**eta + 1.0)
    assert times.sum() == 2000.0
    assert abs(active - expected) < 5.0 * np.sqrt(expected * (1.0 - expected / 2000.0)) + 10.0


def test_publicity_reaches_all_alike() -> None:
    """A month's asks go to each resident with the same chance, whatever they gave: 5 standard errors."""
    state = nurtured_town(1000, 1, residents=4000)
    state.residents.formal_hours[:] = np.where(np.arange(4000) < 2000, 9.9, 0.0)
    times = met_over_months(state, P, 40)
    assert abs(times[:2000].sum() - 20_000) < 5.0 * np.sqrt(40_000 * 0.25)


def test_twice_the_pounds_never_reach_twice_the_people() -> None:
    """At the top of the range, over a year, by either instrument."""
    for instrument in (0, 1):
        reached = []
        for dose in (250.0, 500.0):
            state = nurtured_town(0, instrument, residents=2000, balance=dose * 2000 / 12)
            reached.append(np.count_nonzero(met_over_months(state, P, 12)))
        assert reached[0] <= reached[1] < 1.8 * reached[0]


def test_a_policy_meets_the_same_people_whatever_stands_beside_it() -> None:
    """Draws are keyed by the policy's name, not by its row."""
    config = compose(["policy=[nurture_late,nurture_early]"])
    state = nurtured_town(10, 0)
    for name, column in rows(config.policy, config.world.first_month).items():
        getattr(state.policies, name)[:] = column
    swapped = state.fork()
    for column in swapped.policies:
        column[:] = column[::-1]
    a, b = by_fast_hand(nurture, state, P), by_fast_hand(nurture, swapped, P)
    assert a.residents.nurtured_hours.tobytes() == b.residents.nurtured_hours.tobytes()


@pytest.mark.parametrize("other", ["nurture_late", "ready_meals"])
def test_policies_have_equal_purses(other: str) -> None:
    """To the pound over a whole run, spent or not; what buys no whole person is still in the purse."""
    config = compose([f"policy=[nurture_early,{other}]"])
    state = town(residents=60, habit="no ties", month=0)
    for name, column in rows(config.policy, config.world.first_month).items():
        getattr(state.policies, name)[:] = column
    state.policies.balance[:] = 0.0
    received, spent = np.zeros(2), np.zeros(2)
    for month in range(config.months):
        state.month = month
        funding.advance(state, funding.Parameters(), Dice(1, month))
        nurture.advance(state, P, Dice(1, month))
        received += state.policies.received
        spent += state.policies.spent
    assert received.tolist() == [12.0 * 60 * 5] * 2
    assert spent + state.policies.balance == pytest.approx(received)
    assert np.all(state.policies.balance < [COST[int(i)] for i in state.policies.instrument])
