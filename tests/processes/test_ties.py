from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from sim.chance import Dice
from sim.ledger import imbalance, stocks
from sim.processes import ties
from sim.processes.ties import kernel
from sim.state import BONDING, BRIDGING, EMPTY, SLOTS, WEAK
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand, differences

FAULTS = [
    ("kept[klass]) * math.exp(-p.build * hours)", "kept[klass]) * math.exp(p.build * hours)"),
    ("-hours / p.contact_hours", "hours / p.contact_hours"),
    ("return NO_ONE if k == i or _are_tied(i, k, incident)", "return NO_ONE if k == i"),
    ("if residents.group[k] == residents.group[i]:", "if residents.group[k] != residents.group[i]:"),
    ("strangers = far or not", "strangers = far and not"),
    ("ties.deepening[slot] = 0\n            elif", "ties.deepening[slot] = 1\n            elif"),
]


@given(RECIPES)
def test_the_hands_agree(recipe: dict[str, Any]) -> None:
    assert_twins(ties, town(**recipe))


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(ties, kernel, "build_and_decay", right, wrong)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(ties, kernel, "build_and_decay", *FAULTS[1], compiled=True)


def test_the_books_balance() -> None:
    state = town(residents=90)
    before = stocks(state)
    ties.advance(state, ties.Parameters(), Dice(state.seed, state.month))
    assert imbalance(before, state)["ties"] == 0
    assert state.ledger.sum() > 0


def test_off_is_exactly_off() -> None:
    state = town(residents=90)
    assert not differences(state, by_fast_hand(ties, state, ties.Parameters(build_and_decay=False)))


@pytest.mark.parametrize(("klass", "survival"), [(BONDING, 0.93), (WEAK, 0.75), (BRIDGING, 0.35)])
def test_unmet_survival_at_one_year_is_that_of_the_class(klass: int, survival: float) -> None:
    state = town(residents=2000, neighbourhoods=1, seed=7)
    tied = state.ties.alter != EMPTY
    state.ties.klass[tied], state.ties.deepening[:] = klass, 0
    state.ties.strength[tied] = 0.7 if klass == BONDING else 0.2
    state.constants.search_chance[:] = state.constants.take_up_chance[:] = 0.0
    state.residents.nurtured_hours[:] = 0.0
    n = np.count_nonzero(tied)
    # bonding ties that weaken would take the hazard of weak ones: keep the class
    p = ties.Parameters(weak_below=0.0)
    for month in range(12):
        state.ties.hours[:] = 0.0
        ties.advance(state, p, Dice(state.seed, month))
    kept = np.count_nonzero(state.ties.alter != EMPTY) / n
    assert abs(kept - survival) < 4 * math.sqrt(survival * (1 - survival) / n)


def test_the_rule_with_officers_numbers_holds_a_half_at_twelve_hours_a_year() -> None:
    state = town(residents=40, neighbourhoods=1)
    tied = state.ties.alter != EMPTY
    state.ties.strength[tied], state.ties.klass[tied] = 0.5, BRIDGING
    state.constants.search_chance[:] = 0.0
    state.residents.nurtured_hours[:] = 0.0
    p = ties.Parameters(build=0.0234, kept_bridging=0.75, survival_bridging=1.0)
    for month in range(120):
        state.ties.hours[:] = 1.0
        ties.advance(state, p, Dice(state.seed, month))
    assert np.allclose(state.ties.strength[tied], 0.5, atol=0.01)


def test_a_month_of_planned_hours_holds_each_class_where_it_starts() -> None:
    for kept, hours, held in ((0.93, 1.8, 0.70), (0.75, 1.0, 0.25), (0.35, 1.5, 0.12)):
        w = held
        for _ in range(600):
            w = 1 - (1 - w * kept ** (1 / 12)) * math.exp(-0.0077 * hours)
        assert abs(w - held) < 0.01


def test_nobody_is_tied_twice_or_to_himself() -> None:
    state = town(residents=90, habit="crowded")
    state.constants.search_chance[:] = 1.0
    for month in range(24):
        state.residents.planned_hours[:] = 0.0
        ties.advance(state, ties.Parameters(), Dice(state.seed, month))
    owner = np.arange(len(state.ties.alter)) // SLOTS
    tied = state.ties.alter != EMPTY
    pairs = {(min(a, b), max(a, b)) for a, b in zip(owner[tied].tolist(), state.ties.alter[tied].tolist(), strict=True)}
    assert len(pairs) == np.count_nonzero(tied)
    assert all(a != b for a, b in pairs)
