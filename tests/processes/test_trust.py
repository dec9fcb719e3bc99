from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sim.chance import Dice
from sim.ledger import Flow
from sim.parameters import numbers
from sim.processes import trust
from sim.processes.trust import kernel
from sim.state import SLOTS, State, allocate
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand, differences

Parameters = trust.Parameters
TOUCHY = Parameters(asked_unsupported=-0.05, contact_chance=0.4, contact_neighbour=0.2, gain=0.05, loss_ratio=3)
CERTAIN = Parameters(contact_chance=1, outcome_spread=0)
"""Everybody has contact, and experience is the share met and no more."""
ALONE = Parameters(contact_chance=0, contact_neighbour=0)
FAULTS = [
    ("if o >= T else", "if o < T else"),
    ("n[alter] += own[owner]", "n[alter] += 0"),
    ("4.0 * T * (1.0 - T)", "4.0 * T * T"),
    ("surprise[i] = met / need - quintiles.met_founding[q]", "surprise[i] = met / need - quintiles.met_founding[0]"),
    ("per_ask * residents.unsupported_asks[i])", "per_ask)"),
    ("residents.role[i] != NOBODY or", "residents.role[i] == NOBODY or"),
    ("or (g != NOBODY and known[g])", ""),
    ("partnerships.strength[slot] >= PARTNERED", "partnerships.strength[slot] < PARTNERED"),
    ("filled[slot // PARTNERS] == 1", "filled[slot // PARTNERS] == 0"),
    ("if decides else", "if not decides else"),
    ("neighbourhoods.decides[residents.neighbourhood[i]] == 1", "neighbourhoods.decides[0] == 1"),
]


@given(RECIPES, st.sampled_from([Parameters(), TOUCHY, Parameters(moves=False, asked_unsupported=0.05)]))
def test_the_hands_agree(recipe: dict[str, Any], p: Parameters) -> None:
    assert_twins(trust, town(**recipe), p)


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(trust, kernel, "live_the_month", right, wrong, p=TOUCHY)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(trust, kernel, "live_the_month", *FAULTS[0], p=TOUCHY, compiled=True)


def test_the_kernel_is_compiled_and_runs() -> None:
    assert_twins(trust, town())
    assert kernel.live_the_month.nopython_signatures


def place(residents: int = 1, *, level: float = 0.5, met: float = 0.5, expected: float = 0.5) -> State:
    """People who trust alike, return to where they stand, and have the same share of their need met."""
    state = allocate(
        residents=residents, charities=1, services=1, neighbourhoods=1, policies=0, world=1, flows=len(Flow), seed=4
    )
    r = state.residents
    r.id[:] = np.random.default_rng(4).integers(1, 2**62, residents)
    r.trust_council[:] = r.trust_council_first[:] = r.trust_charity[:] = r.trust_charity_first[:] = level
    r.need[:], r.met[:] = 2.0, 2.0 * met
    state.neighbourhoods.quintile[:] = 3
    state.quintiles.met_founding[2] = expected
    return state


def step(state: State, p: Parameters) -> tuple[float, float]:
    """How far the first resident's trust in the council and in charities moves in a month."""
    after = by_fast_hand(trust, state, p)
    one, other = after.residents.trust_council[0], after.residents.trust_charity[0]
    return one - state.residents.trust_council[0], other - state.residents.trust_charity[0]


@pytest.mark.parametrize("habit", ["ordinary", "desperate need", "crowded"])
def test_frozen_trust_is_exactly_unchanged_and_influence_is_still_felt(habit: str) -> None:
    state = town(residents=200, habit=habit)
    state.residents.influence[:] = 7
    after = by_fast_hand(trust, state, dataclasses.replace(TOUCHY, moves=False))
    for name in ("trust_council", "trust_charity"):
        assert getattr(after.residents, name).tobytes() == getattr(state.residents, name).tobytes()
    assert set(after.residents.influence.tolist()) == {0, 1}
    assert not after.residents.unsupported_asks.any()


def test_equal_gains_and_losses_move_trust_alike_where_the_ratio_is_one() -> None:
    p = dataclasses.replace(CERTAIN, loss_ratio=1)
    gained, lost = step(place(met=1), p), step(place(met=0), p)
    assert gained == pytest.approx((0.02 * 0.25, 0.02 * 0.25), rel=1e-12)
    assert lost == pytest.approx((-0.02 * 0.25, -0.02 * 0.25), rel=1e-12)


@pytest.mark.parametrize("loss_ratio", [0.5, 1.5, 3])
def test_a_loss_moves_a_middling_person_the_stated_times_as_far(loss_ratio: float) -> None:
    p = dataclasses.replace(CERTAIN, loss_ratio=loss_ratio)
    gained, lost = step(place(met=1), p), step(place(met=0), p)
    assert lost == pytest.approx([-loss_ratio * gain for gain in gained], rel=1e-12)


def test_the_ratio_wanes_towards_the_ends_of_the_scale() -> None:
    p = dataclasses.replace(CERTAIN, loss_ratio=3)
    for level in (0.9, 1.0):
        lost = step(place(level=level, met=0), p)
        assert lost == pytest.approx([-0.02 * 0.25 * (1 + 2 * 4 * level * (1 - level))] * 2, rel=1e-9)


def test_as_much_met_as_expected_moves_nobody() -> None:
    assert step(place(met=0.8, expected=0.8), CERTAIN) == (0, 0)


def test_without_contact_trust_returns_at_the_stated_rate() -> None:
    state = place(level=0.9)
    state.residents.trust_council_first[:], state.residents.trust_charity_first[:] = 0.4, 0.6
    state.trust_knots.council[:], state.trust_knots.charity[:] = 0.05, -0.1
    for month in range(36):
        state.month = month
        trust.advance(state, ALONE, Dice(state.seed, month))
    kept = (1 - 0.15 / 12) ** 36
    assert state.residents.trust_council[0] == pytest.approx(0.45 + kept * 0.45, rel=1e-12)
    assert state.residents.trust_charity[0] == pytest.approx(0.5 + kept * 0.4, rel=1e-12)


def test_who_needed_nothing_had_no_experience() -> None:
    state = place(50, met=0)
    assert by_fast_hand(trust, state, Parameters(contact_chance=1)).residents.trust_council.max() != 0.5
    state.residents.need[:] = state.residents.met[:] = 0
    assert np.all(by_fast_hand(trust, state, Parameters(contact_chance=1)).residents.trust_council == 0.5)


def test_unsupported_asks_have_exactly_no_effect_by_default() -> None:
    asked = town(residents=200)
    assert asked.residents.unsupported_asks.any()
    spared = asked.fork()
    spared.residents.unsupported_asks[:] = 0
    asked, spared = by_fast_hand(trust, asked, Parameters()), by_fast_hand(trust, spared, Parameters())
    assert not differences(asked, spared)
    assert asked.residents.strain.tobytes() == np.zeros(200).tobytes()


@pytest.mark.parametrize("effect", [-0.05, -0.01, 0.03])
def test_unsupported_asks_move_trust_and_load(effect: float) -> None:
    p, state = dataclasses.replace(ALONE, asked_unsupported=effect), place()
    state.residents.unsupported_asks[:] = 2
    assert step(state, p) == (pytest.approx(2 * effect, rel=1e-12), 0)
    after = by_fast_hand(trust, state, p)
    assert after.residents.strain[0] == pytest.approx(-20 * effect, rel=1e-12)
    assert after.residents.unsupported_asks[0] == 0
    assert by_fast_hand(trust, after, p).residents.strain[0] == 0


def share_moved(state: State) -> float:
    """Share of residents who had contact: all have a good experience, and trust moves for nothing else."""
    p = Parameters(contact_neighbour=0.5, outcome_spread=0)
    return float(np.mean(by_fast_hand(trust, state, p).residents.trust_council > 0.5))


def test_contact_of_strong_alters_raises_contact() -> None:
    """10,000 pairs; shares may lie four standard errors off their closed form."""
    state = place(20_000, met=1)
    lonely = share_moved(state)
    state.ties.alter[:: 2 * SLOTS] = np.arange(1, 20_000, 2)
    state.ties.strength[:: 2 * SLOTS] = 0.49
    assert share_moved(state) == lonely
    state.ties.strength[:: 2 * SLOTS] = 0.5
    margin = 4 * math.sqrt(0.25 / 20_000)
    assert lonely == pytest.approx(0.25, abs=margin)
    assert share_moved(state) == pytest.approx(0.25 + 0.25 * 0.5, abs=margin)


def test_trust_stays_on_its_scale() -> None:
    p = Parameters(gain=1, loss_ratio=3, outcome_spread=5, contact_chance=1, asked_unsupported=-0.05)
    state = town(residents=300, habit="desperate need")
    for month in range(12):
        state.month = month
        trust.advance(state, p, Dice(state.seed, month))
        for column in (state.residents.trust_council, state.residents.trust_charity):
            assert column.min() >= 0
            assert column.max() <= 1


@pytest.mark.parametrize(("role", "log_odds"), [(-1, -0.66), (0, -0.66 + 0.7)])
def test_influence_follows_the_logistic(role: int, log_odds: float) -> None:
    """40,000 people at the centre of trust; the share may lie four standard errors off its closed form."""
    state = place(40_000, level=0.545)
    state.residents.voice[:] = np.random.default_rng(2).logistic(size=40_000)
    state.residents.role[:] = role
    state.constants.influence[:] = -0.66
    share = by_fast_hand(trust, state, Parameters(moves=False)).residents.influence.mean()
    assert share == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=4 * 0.5 / math.sqrt(40_000))


def test_the_formula_of_influence_is_that_of_the_room() -> None:
    state, p = town(residents=200, habit="no officers"), Parameters()
    state.neighbourhoods.decides[:] = 0
    after = by_fast_hand(trust, state, p).residents
    felt = [
        trust.feels_influence(T, voice, role >= 0, state.constants.influence[0], numbers(p))
        for T, voice, role in zip(after.trust_council, after.voice, after.role, strict=True)
    ]
    assert np.array_equal(felt, after.influence == 1)
    assert 0 < sum(felt) < 200


def share_with_influence(state: State, p: Parameters) -> float:
    return float(by_fast_hand(trust, state, p).residents.influence.mean())


def voices(*, strength: float = 0.25, filled: int = 1) -> State:
    """40,000 people without a role who belong to a charity that one post knows so well."""
    state = allocate(residents=40_000, charities=1, services=1, neighbourhoods=1, policies=0, world=1,
                     flows=len(Flow), officers=1)  # fmt: skip
    r = state.residents
    r.trust_council[:], r.belongs[:], r.voice[:] = 0.545, 0, np.random.default_rng(2).logistic(size=40_000)
    state.officers.filled[:], state.partnerships.charity[3], state.partnerships.strength[3] = filled, 0, strength
    return state


MARGIN = 4 * 0.5 / math.sqrt(40_000)


def test_a_path_to_an_officer_is_worth_a_role() -> None:
    """Shares may lie four standard errors off the logistic."""
    p = Parameters(moves=False)
    assert share_with_influence(voices(), p) == pytest.approx(1 / (1 + math.exp(-0.7)), abs=MARGIN)
    for none in (voices(strength=0.24), voices(filled=0)):
        assert share_with_influence(none, p) == pytest.approx(0.5, abs=MARGIN)
    role = voices()
    role.residents.role[:] = 0
    assert share_with_influence(role, p) == share_with_influence(voices(), p)
    off = Parameters(moves=False, volunteer_bonus=0)
    assert share_with_influence(voices(), off) == share_with_influence(voices(filled=0), off)


@pytest.mark.parametrize("bonus", [0.0, 0.3, 0.6])
def test_influence_is_felt_where_neighbourhoods_decide(bonus: float) -> None:
    p, state = Parameters(moves=False, localism_bonus=bonus), voices(filled=0)
    before = share_with_influence(state, p)
    state.neighbourhoods.decides[:] = 1
    assert share_with_influence(state, p) == pytest.approx(1 / (1 + math.exp(-bonus)), abs=MARGIN)
    assert (share_with_influence(state, p) == before) == (bonus == 0.0)


def test_influence_follows_trust() -> None:
    p = numbers(Parameters())
    assert not trust.feels_influence(0.2, 0.0, False, 0.0, p)
    assert trust.feels_influence(0.8, 0.0, False, 0.0, p)
