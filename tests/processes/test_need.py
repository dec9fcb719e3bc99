from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from sim.ledger import Flow
from sim.processes import need
from sim.state import CARE, KINDS, State
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand

P = need.Parameters()
HOURS = [P.care_hours, P.practical_hours, P.company_hours, P.advice_hours, P.activity_hours]
FAULTS = [
    ("if k != CARE:\n                prevention", "if k == CARE:\n                prevention"),
    ("crisis = p.crisis_kept * residents.crisis[i] +", "crisis = residents.crisis[i] +"),
    ("if banned == 1", "if banned == 0"),
    ("count += u > chances[step]", "count += u >= chances[step] + 0.01"),
    ("            met[i, k] = 0.0\n", ""),
]


def quiet_town(residents: int, *, banned: int = 0, scale: float = 1.0) -> State:
    """A town where every resident has the same mean need, and nothing is unmet from before."""
    state = town(residents=residents, neighbourhoods=1, habit="no ties")
    state.neighbourhoods.need_weight[:] = 1.0
    state.world.hardship[:] = 1.0
    state.world.meeting_ban[:] = banned
    state.constants.need_scale[:] = scale
    state.residents.met[:] = state.residents.need
    state.residents.crisis[:] = 0.0
    return state


@given(RECIPES)
def test_the_hands_agree(recipe: dict[str, Any]) -> None:
    assert_twins(need, town(**recipe))


@pytest.mark.parametrize("scale", [0.0, 8.0, 300.0])
def test_the_hands_agree_beyond_the_table(scale: float) -> None:
    """Needs of none, of dozens of hours, and beyond what exp can carry."""
    state = town(residents=30)
    state.constants.need_scale[:] = scale
    assert_twins(need, state)
    assert (by_fast_hand(need, state, P).residents.need.max() > need.TABLED) == (scale > 0.0)


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(need, need, "_kernel", right, wrong)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(need, need, "_kernel", *FAULTS[0], compiled=True)


def test_the_kernel_is_compiled() -> None:
    assert_twins(need, town())
    assert need._kernel.nopython_signatures


@pytest.mark.parametrize("banned", [0, 1])
def test_need_is_poisson_about_its_mean(banned: int) -> None:
    """Mean and variance equal the stated hours within 5 standard errors, and the ban multiplies them."""
    n = 4000
    found = by_fast_hand(need, quiet_town(n, banned=banned), P).residents.need
    for k in range(len(KINDS)):
        m = HOURS[k] * (P.ban_ratio if banned else 1.0)
        assert abs(found[:, k].mean() - m) < 5 * np.sqrt(m / n)
        assert abs(found[:, k].var() - m) < 5 * np.sqrt((m + 2 * m * m) / n)


def test_kinds_of_need_arise_independently() -> None:
    """Correlation between any two kinds: below 5 standard errors."""
    n = 4000
    found = by_fast_hand(need, quiet_town(n), P).residents.need
    off_diagonal = np.corrcoef(found.T)[np.triu_indices(len(KINDS), 1)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(n)


def test_need_follows_deprivation_and_hardship() -> None:
    """The same draws under a heavier mean: no one needs less, and totals move as the weights do."""
    base, heavier = quiet_town(2000), quiet_town(2000)
    heavier.neighbourhoods.need_weight[:] = 1.5
    heavier.world.hardship[:] = 1.2
    one, other = by_fast_hand(need, base, P).residents.need, by_fast_hand(need, heavier, P).residents.need
    assert np.all(other >= one)
    assert other.sum() / one.sum() == pytest.approx(1.8, rel=0.03)


def test_the_books_hold_what_arose_and_last_month_is_wiped() -> None:
    after = by_fast_hand(need, town(), P)
    assert after.ledger[Flow.NEED_ARISEN] == pytest.approx(after.residents.need.sum(), rel=1e-12)
    assert np.count_nonzero(after.ledger) == 1
    assert not after.residents.met.any()


def test_crisis_settles_at_its_gain() -> None:
    """With 2 hours of prevention unmet every month, crisis tends to chance ratio / (1 - kept) times that."""
    state = quiet_town(5, scale=0.0)
    for _ in range(120):
        state.residents.need[:], state.residents.met[:] = 2.0 / (len(KINDS) - 1), 0.0
        state = by_fast_hand(need, state, P)
    gain = P.crisis_chance * P.crisis_ratio / (1 - P.crisis_kept)
    assert gain == pytest.approx(0.36, abs=0.01)
    assert state.residents.crisis == pytest.approx(2.0 * gain)
    assert state.residents.need[:, CARE] == pytest.approx(state.residents.crisis)


def test_crisis_fades_once_prevention_is_met() -> None:
    state = quiet_town(5, scale=0.0)
    state.residents.crisis[:] = 1.0
    state.residents.need[:, CARE] = 50.0  # unmet care brings no crisis
    state.residents.met[:, CARE] = 0.0
    assert by_fast_hand(need, state, P).residents.crisis == pytest.approx(P.crisis_kept)


def test_without_a_chance_of_crisis_there_is_none() -> None:
    state = town()
    state.residents.crisis[:] = 0.0
    after = by_fast_hand(need, state, replace(P, crisis_chance=0.0)).residents
    assert not after.crisis.any()
    assert np.all(after.need == np.floor(after.need))


@pytest.mark.parametrize("worse", [{"crisis_kept": 0.95}, {"crisis_chance": 0.1}, {"crisis_ratio": 6.0}])
def test_a_crisis_that_feeds_on_itself_is_refused(worse: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must be below 1 - need.crisis_kept .*lower one of the three"):
        need.Parameters(**worse)
    assert need.Parameters(crisis_kept=0.9)
