from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.chance import Dice
from sim.composition import compose
from sim.ledger import Flow, imbalance, stocks
from sim.processes import funding
from sim.state import State
from sim.world import build, drivers
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand

P = funding.Parameters()
FAULTS = [
    ("ledger[Flow.COUNCIL_OTHER] += other / 12.0", "ledger[Flow.COUNCIL_OTHER] += core / 12.0"),
    ("(1.0 - p.care_floor) * cut", "p.care_floor * cut"),
    ("if month < policies.start[row] or after", "if month <= policies.start[row] or after"),
    ("            rest -= paid\n", ""),
    ("if services.statutory[s] == STATUTORY else rest", "if services.statutory[s] == STATUTORY else care"),
]
YEARS = {year: row for year, row in drivers().items() if year <= 2023}


def council_of(world: str, *, months: int = 204) -> State:
    """A town whose council has nothing to do but follow a world, at the month before it begins."""
    config = compose([f"world={world}"])
    state = town(residents=30, habit="no ties", month=0)
    state.world = state.world._replace(**build(config.world, config.place, months))
    state.policies.dose[:] = 0.0
    state.services.share[:] = [0.7, 0.3, 0.6, 0.4]
    return state


def lived(state: State, months: int, p: funding.Parameters = P) -> Iterator[State]:
    """The state after each month of funding, the books checked."""
    for month in range(state.month, state.month + months):
        state.month = month
        before = stocks(state)
        state.ledger[:] = 0.0
        funding.advance(state, p, Dice(1, month))
        gap = imbalance(before, state)
        assert abs(gap["council"]) < 1e-9 * max(1.0, state.ledger[Flow.COUNCIL_CORE])
        assert abs(gap["purse"]) < 1e-9 * max(1.0, state.ledger[Flow.PURSE_OUTSIDE])
        yield state


@given(
    RECIPES, st.integers(0, 1), st.integers(0, 1), st.sampled_from([0.0, 3.0, 1e5]), st.integers(-40, 3), st.booleans()
)  # fmt: skip
def test_the_hands_agree(recipe: dict[str, Any], payer: int, where: int, demand: float, start: int, cuts: bool) -> None:
    """In any month, in force or fading, paid by either, with care beyond the budget and reserves below nil."""
    state = town(**recipe)
    state.policies.payer[:] = payer, 1 - payer
    state.policies.where[:] = where - 1, 0
    state.policies.start[:] = state.month + start, state.month - 1
    state.policies.months[:] = 24, 1
    if demand:
        state.world.care_demand[:] = demand
    if demand == 1e5:
        state.council.reserves[:] *= -1.0
    assert_twins(funding, state, replace(P, cuts=cuts))
    state.month -= state.month % 12
    assert_twins(funding, state, replace(P, cuts=cuts))


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    """At the start of the second policy's money, which the council pays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.twins.town", _paying_town)
        assert_fault_is_caught(funding, funding, "_kernel", right, wrong)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(funding, funding, "_kernel", *FAULTS[0], compiled=True)


def _paying_town(**how: Any) -> State:
    state = town(**how, month=12)
    state.policies.start[:] = 12
    return state


def test_the_kernel_is_compiled() -> None:
    assert_twins(funding, town())
    assert funding._kernel.nopython_signatures


def test_history_gives_the_recorded_split() -> None:
    """Discretionary money a head and the share of care stay within 3 points of what was recorded, in every year.

    Neither is an input: they follow from core funding, the care floor, fees and demand.
    """
    split = [
        (state.council.spend_statutory[0], state.council.spend_discretionary[0])
        for state in lived(council_of("history"), 204)
    ][::12]
    base = split[list(YEARS).index(2010)][1]
    for (year, recorded), (care, rest) in zip(YEARS.items(), split, strict=True):
        assert abs(100.0 * rest / base - recorded["discretionary_pp"]) < 3.0, year
        assert abs(100.0 * care / (care + rest) - recorded["care_share_pct"]) < 3.0, year


def test_in_flat_nothing_ever_changes() -> None:
    """To the bit, for fifty years."""
    months = lived(council_of("flat"), 600)
    assert len({(s.council.reserves[0], s.services.spend.tobytes(), s.ledger.tobytes()) for s in months}) == 1


def test_cuts_off_is_a_world_without_them() -> None:
    off, flat = council_of("history"), council_of("flat")
    off.world.care_demand[:] = 1.0
    for a, b in zip(lived(off, 204, replace(P, cuts=False)), lived(flat, 204), strict=True):
        assert a.services.spend.tobytes() == b.services.spend.tobytes()
        assert a.ledger.tobytes() == b.ledger.tobytes()


def test_care_bears_a_tenth_of_the_cut() -> None:
    """With a fall of a fifth of all income and nothing else, care loses .02 and the rest the whole remainder."""
    state = council_of("flat")
    (founding,) = [s.services.spend.copy() for s in lived(state, 1)]
    state.world.core_funding[:], state.world.other_income[:] = 0.8, 0.8
    (after,) = [s.services.spend for s in lived(state, 1, replace(P, smoothing=0.0))]
    share = 0.49
    assert after[:2].sum() == pytest.approx(0.98 * founding[:2].sum())
    assert after[2:].sum() == pytest.approx((0.8 - 0.98 * share) / (1.0 - share) * founding[2:].sum())
    assert state.services.hours * P.council_hour_gbp == pytest.approx(after)


def test_reserves_soften_a_fall_and_are_filled_again() -> None:
    state = council_of("flat", months=36)
    state.world.core_funding[12:24] = 0.9
    reserves = [s.council.reserves[0] for s in lived(state, 36)]
    fall = 0.1 * state.council.core_founding[0]
    assert reserves[0] - reserves[23] == pytest.approx(P.smoothing * fall)
    assert reserves[23] < reserves[35] < reserves[0]


def test_care_beyond_the_budget_ends_in_section_114() -> None:
    """Care takes all, reserves go below nil, and the notice comes in the April after."""
    state = council_of("flat")
    state.world.care_demand[:] = 2.5
    state.council.reserves[:] = 1000.0
    notices = []
    for month in lived(state, 24):
        assert month.council.spend_discretionary[0] == 0.0
        notices.append(int(month.council.section_114[0]))
    assert notices == [0] * 12 + [1] * 12
    assert state.council.reserves[0] < 0.0


def test_reserves_drawn_to_the_last_pound_bring_no_notice() -> None:
    state = council_of("flat")
    state.world.core_funding[:] = 0.5
    state.council.reserves[:] = 0.1
    assert not any(int(month.council.section_114[0]) for month in lived(state, 60, replace(P, smoothing=0.5)))


def purse(**changed: Any) -> list[float]:
    """What a policy of £12 a resident-year for 24 months from month 3 receives, month by month, in a town of 30."""
    state = council_of("flat")
    state.policies.dose[0] = 12.0
    state.policies.start[0], state.policies.months[0], state.policies.taper[0] = 3, 24, 0
    state.policies.where[0], state.policies.payer[0] = -1, 0
    for name, value in changed.items():
        getattr(state.policies, name)[0] = value
    state.policies.balance[:] = 0.0
    received = [float(month.policies.received[0]) for month in lived(state, 48)]
    assert state.policies.balance[0] == pytest.approx(sum(received))
    return received


def test_a_purse_is_filled_while_its_policy_lasts() -> None:
    assert purse() == [0.0] * 3 + [30.0] * 24 + [0.0] * 21


def test_a_taper_fades_along_a_straight_line() -> None:
    assert purse(taper=3) == pytest.approx([0.0] * 3 + [30.0] * 24 + [22.5, 15.0, 7.5] + [0.0] * 18)


def test_early_and_late_cost_the_same_to_the_pound() -> None:
    assert sum(purse(start=3)) == sum(purse(start=15)) == 720.0


def test_money_for_one_neighbourhood_follows_its_residents() -> None:
    state = council_of("flat")
    living = int(np.sum(state.residents.neighbourhood == 1))
    assert 0 < living < 30
    assert max(purse(where=1)) == living


def test_what_the_council_pays_comes_from_the_rest() -> None:
    """Pound for pound, and no more than there is."""
    state = council_of("flat")
    (before,) = [month.council.spend_discretionary[0] for month in lived(state.fork(), 1)]
    state.policies.dose[0], state.policies.payer[0], state.policies.start[0] = 100.0, 1, 0
    for month in lived(state, 1):
        assert month.council.spend_discretionary[0] == pytest.approx(before - 250.0)
        assert month.ledger[Flow.COUNCIL_NURTURE] == month.ledger[Flow.PURSE_COUNCIL] == 250.0
    state.policies.dose[:] = 1e6
    state.policies.start[:] = 0
    state.policies.payer[:] = 1
    for month in lived(state, 1):
        assert month.council.spend_discretionary[0] == 0.0
        assert month.policies.received.tolist() == pytest.approx([before, 0.0])


def test_with_no_budget_nothing_is_spent() -> None:
    after = by_fast_hand(funding, town(habit="no budget", month=12), P)
    assert not after.services.spend.any()
    assert np.isfinite(after.council.reserves).all()
