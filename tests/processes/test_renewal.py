from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sim.chance import Dice
from sim.ledger import Flow, imbalance, stocks
from sim.parameters import numbers
from sim.processes import renewal
from sim.processes.renewal import kernel
from sim.state import EMPTY, NOBODY, SLOTS, State, allocate
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand, differences

Parameters = renewal.Parameters
HANDED_ON = Parameters(move_rate_private=1, death_rate=0.9, leavers_take_ties=False)
NOBODY_GOES = Parameters(move_rate_owner=0, move_rate_social=0, move_rate_private=0, death_rate=0)
EVERYONE_MOVES = Parameters(move_rate_owner=1, move_rate_social=1, move_rate_private=1)
RESTLESS = Parameters(move_rate_owner=0.9, move_rate_social=0.99, move_rate_private=1, death_rate=0.9)
FAULTS = [
    ("goes[i + 1] | goes[alter + 1]", "goes[i + 1]"),
    ("m + 1 if m + 1 < ring.size else 0", "m"),
    ("0.8 * residents.devotion[i] + 0.6 *", "0.6 * residents.devotion[i] + 0.8 *"),
    ("derived_id(residents.id[i], residents.generation[i])", "derived_id(residents.id[i], 1)"),
    ("Flow.DIED if fates[i] == DIES else Flow.MOVED_OUT", "Flow.DIED"),
    ("elif belongs != NOBODY:", "elif belonging > 0.5:"),
]
FAULTS_HANDED_ON = [
    ("acquaintances.who[slot] == was[i]", "acquaintances.who[slot] != was[i]"),
    ("residents.belongs[i], residents.belonging[i] = belongs, belonging", "residents.belongs[i] = belongs"),
    ("if p.leavers_take_ties:\n        _end_ties", "if True:\n        _end_ties"),
]
KEPT_BY_THE_ROW = {"id", "generation", "neighbourhood", "tenure", "x", "y", "group"}


@given(RECIPES, st.sampled_from([Parameters(), RESTLESS, EVERYONE_MOVES, HANDED_ON]))
def test_the_hands_agree(recipe: dict[str, Any], p: Parameters) -> None:
    assert_twins(renewal, town(**recipe), EVERYONE_MOVES if recipe["habit"] == "everyone moves" else p)


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(renewal, kernel, "live_the_month", right, wrong, p=RESTLESS)


@pytest.mark.parametrize(("right", "wrong"), FAULTS_HANDED_ON)
def test_a_planted_fault_is_caught_where_ties_are_handed_on(right: str, wrong: str) -> None:
    assert_fault_is_caught(renewal, kernel, "live_the_month", right, wrong, p=HANDED_ON)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(renewal, kernel, "live_the_month", *FAULTS[0], p=RESTLESS, compiled=True)


def test_the_kernel_is_compiled_and_runs() -> None:
    assert_twins(renewal, town())
    assert kernel.live_the_month.nopython_signatures


def homes(state: State) -> Counter[tuple[float, ...]]:
    r = state.residents
    return Counter(zip(r.neighbourhood.tolist(), r.tenure.tolist(), r.x.tolist(), r.y.tolist(), strict=True))


@pytest.mark.parametrize("p", [Parameters(), RESTLESS, EVERYONE_MOVES])
def test_homes_and_sizes_of_neighbourhoods_stay(p: Parameters) -> None:
    state = town(residents=300, neighbourhoods=4)
    before = homes(state)
    for month in range(12):
        state.month = month
        renewal.advance(state, p, Dice(state.seed, month))
    assert homes(state) == before
    assert len(before) == 300


@pytest.mark.parametrize("p", [Parameters(), RESTLESS, EVERYONE_MOVES, NOBODY_GOES])
@pytest.mark.parametrize("habit", ["ordinary", "everybody volunteers", "crowded"])
def test_the_books_of_people_ties_and_roles_balance(p: Parameters, habit: str) -> None:
    state = town(residents=200, habit=habit)
    before, ids = stocks(state), state.residents.id.copy()
    renewal.advance(state, p, Dice(state.seed, state.month))
    assert not any(imbalance(before, state).values())
    replaced = np.count_nonzero(state.residents.id != ids)
    assert state.ledger[Flow.ARRIVED] == state.ledger[Flow.DIED] + state.ledger[Flow.MOVED_OUT] == replaced


def test_who_is_gone_takes_ties_and_role_along_and_nobody_else_does() -> None:
    state = town(residents=200, habit="everybody volunteers")
    after = by_fast_hand(renewal, state, RESTLESS)
    gone = after.residents.id != state.residents.id
    assert 20 < gone.sum() < 180
    owner, alter = np.arange(200 * SLOTS) // SLOTS, state.ties.alter
    ended = (alter != EMPTY) & (gone[owner] | gone[alter])
    assert ended.any()
    assert np.all(after.ties.alter[ended] == EMPTY)
    for name in ("strength", "klass", "deepening", "born", "hours"):
        assert not getattr(after.ties, name)[ended].any()
        assert np.array_equal(getattr(after.ties, name)[~ended], getattr(state.ties, name)[~ended])
    assert np.array_equal(after.ties.alter[~ended], alter[~ended])
    assert np.array_equal(after.residents.role == NOBODY, gone)
    assert np.array_equal(after.residents.belongs == NOBODY, gone)
    assert after.ledger[Flow.BELONGING_PERSON_LEFT] == gone.sum()
    assert not after.residents.belonging[gone].any()
    assert np.array_equal(after.residents.belonging[~gone], state.residents.belonging[~gone])
    assert np.all(after.residents.arrived[gone] == state.month)
    for name in ("group", "neighbourhood", "tenure", "x", "y"):
        assert np.array_equal(getattr(after.residents, name)[gone], getattr(state.residents, name)[gone])
    assert np.array_equal(after.residents.generation, state.residents.generation + gone)


def test_where_ties_are_handed_on_no_tie_ends_and_all_else_is_as_before() -> None:
    """The newcomers are the same people, and stand in all ties of those whom they replace; only roles end."""
    state, ties_end = town(residents=200, habit="everybody volunteers"), asdict(HANDED_ON) | {"leavers_take_ties": True}
    state.ledger[:] = 0.0
    known = state.acquaintances.resident
    state.acquaintances.who[:] = np.where(known == EMPTY, 0, state.residents.id[known])
    on, off = by_fast_hand(renewal, state, Parameters(**ties_end)), by_fast_hand(renewal, state, HANDED_ON)
    gone = off.residents.id != state.residents.id
    assert gone.sum() > 20
    assert np.any(gone[known[known != EMPTY]])
    changed = {text.split(" at ")[0] for text in differences(on, off)}
    assert changed == {
        *(f"ties.{name}" for name in ("alter", "strength", "klass", "deepening", "born", "hours")),
        "residents.belongs", "residents.belonging", "acquaintances.who", "ledger",
    }  # fmt: skip
    for name in state.ties._fields:
        assert np.array_equal(getattr(off.ties, name), getattr(state.ties, name))
    assert np.array_equal(off.residents.belongs, state.residents.belongs)
    assert np.array_equal(off.residents.belonging, state.residents.belonging)
    assert np.array_equal(off.acquaintances.who[known != EMPTY], off.residents.id[known[known != EMPTY]])
    assert np.array_equal(off.residents.role == NOBODY, gone)
    assert off.ledger[Flow.TIE_PERSON_LEFT] == off.ledger[Flow.BELONGING_PERSON_LEFT] == 0.0
    assert not any(imbalance(stocks(state), off).values())


def test_nobody_goes_where_rates_are_nil() -> None:
    state = town(residents=200)
    assert not differences(by_fast_hand(renewal, state, NOBODY_GOES), state)


def all_move(*, leave_share: float, death_rate: float = 0.0) -> Parameters:
    return Parameters(
        move_rate_owner=1, move_rate_social=1, move_rate_private=1, leave_share=leave_share, death_rate=death_rate
    )


def test_everyone_moves_within_the_place_and_keeps_ties_and_role() -> None:
    state = town(residents=200, neighbourhoods=4)
    after = by_fast_hand(renewal, state, all_move(leave_share=0))
    assert np.all(after.residents.x != state.residents.x)
    assert homes(after) == homes(state)
    changed = {text.split(" at ")[0] for text in differences(after, state)}
    assert changed == {f"residents.{name}" for name in ("neighbourhood", "tenure", "x", "y", "venue")}


def test_everyone_leaves() -> None:
    state = town(residents=200)
    after = by_fast_hand(renewal, state, all_move(leave_share=1))
    assert after.ledger[Flow.MOVED_OUT] == after.ledger[Flow.ARRIVED] == 200
    assert after.ledger[Flow.TIE_PERSON_LEFT] == np.count_nonzero(state.ties.alter != EMPTY)
    assert np.all(after.ties.alter == EMPTY)
    assert not set(after.residents.id.tolist()) & set(state.residents.id.tolist())


def test_who_dies_does_not_move() -> None:
    state = town(residents=200)
    after = by_fast_hand(renewal, state, all_move(leave_share=0.5, death_rate=1))
    assert after.ledger[Flow.DIED] == after.ledger[Flow.ARRIVED] == 200
    assert after.ledger[Flow.MOVED_OUT] == 0
    assert np.array_equal(after.residents.x, state.residents.x)


def test_one_mover_stays_at_home() -> None:
    state = town(residents=1, neighbourhoods=1)
    assert not differences(by_fast_hand(renewal, state, all_move(leave_share=0)), state)


def shuffled(state: State, row: Any) -> State:
    """The same town with resident ``row[i]`` in row i."""
    after = state.fork()
    new_row = np.argsort(row)
    for column, old in zip(after.residents, state.residents, strict=True):
        column[...] = old[row]
    for column, old in zip(after.ties, state.ties, strict=True):
        column[...] = old.reshape(-1, SLOTS)[row].ravel()
    held = after.ties.alter != EMPTY
    after.ties.alter[held] = new_row[after.ties.alter[held]]
    return after


@pytest.mark.parametrize("p", [RESTLESS, EVERYONE_MOVES])
def test_a_newcomer_is_the_same_person_in_any_row(p: Parameters) -> None:
    state = town(residents=150, neighbourhoods=3)
    row = np.random.default_rng(5).permutation(150)
    one, other = by_fast_hand(renewal, state, p), by_fast_hand(renewal, shuffled(state, row), p)
    assert not differences(shuffled(one, row), other)


def bare(residents: int, *, seed: int = 11) -> State:
    """A place of the given tenure shares where nobody knows anybody."""
    state = allocate(
        residents=residents, charities=1, services=1, neighbourhoods=5, policies=0, world=1, flows=len(Flow), seed=seed
    )
    rows = np.arange(residents)
    state.residents.id[:] = np.random.default_rng(seed).integers(1, 2**62, residents)
    state.residents.neighbourhood[:] = rows % 5
    state.residents.tenure[:] = np.searchsorted([0.68, 0.86], rows / residents, side="right")
    state.neighbourhoods.venues[:] = [0, 1, 3, 3, 3]
    state.quantiles.council[:], state.quantiles.charity[:] = np.linspace(0, 1, 257), np.linspace(0.2, 1, 257)
    return state


def test_a_share_of_4_1_percent_is_replaced_in_a_year() -> None:
    """30,000 residents for two years; the count may lie four standard deviations of a binomial from its mean."""
    p, state, replaced = Parameters(), bare(30_000), 0.0
    yearly = {0.68: p.move_rate_owner, 0.18: p.move_rate_social, 0.14: p.move_rate_private}
    die = 1 - (1 - p.death_rate) ** (1 / 12)
    chance = die + (1 - die) * p.leave_share * sum(s * (1 - (1 - m) ** (1 / 12)) for s, m in yearly.items())
    assert 12 * chance == pytest.approx(0.041, abs=0.004)
    for month in range(24):
        state.ledger[:] = 0
        renewal.advance(state, p, Dice(state.seed, month))
        replaced += state.ledger[Flow.ARRIVED]
    trials = 24 * 30_000
    assert abs(replaced - trials * chance) < 4 * math.sqrt(trials * chance)
    assert 0.037 < replaced / 2 / 30_000 < 0.046


def test_people_are_as_stated() -> None:
    """20,000 people; means may lie four standard errors off, correlations .03."""
    p, state = Parameters(), bare(20_000)
    make_everybody(state, p)
    r = state.residents
    for name in ("civic", "occasional", "devotion", "warmth", "neighbourly"):
        assert abs(getattr(r, name).mean()) < 4 / math.sqrt(20_000)
        assert getattr(r, name).std() == pytest.approx(1, abs=0.02)
    known = np.corrcoef([r.devotion, r.warmth, r.civic, r.occasional, r.neighbourly, r.voice, r.skill])
    assert known[0, 1] == pytest.approx(0.8, abs=0.03)
    known[0, 1] = known[1, 0] = 0
    np.fill_diagonal(known, 0)
    assert np.abs(known).max() < 0.03
    assert r.voice.std() == pytest.approx(math.pi / math.sqrt(3), abs=0.04)
    assert r.skill.min() >= 0.2
    assert r.skill.max() <= 1.8
    assert r.skill.mean() == pytest.approx(1, abs=4 * 0.25 / math.sqrt(20_000))
    assert r.ever.mean() == pytest.approx(0.45, abs=4 * 0.5 / math.sqrt(20_000))
    assert r.trust_council.mean() == pytest.approx(0.5, abs=4 * 0.29 / math.sqrt(20_000))
    assert r.trust_charity.mean() == pytest.approx(0.6, abs=4 * 0.29 / math.sqrt(20_000))
    assert np.array_equal(r.trust_council, r.trust_council_first)
    assert not r.venue[r.neighbourhood <= 1].any()
    assert set(r.venue[r.neighbourhood > 1].tolist()) == {0, 1, 2}


def make_everybody(state: State, p: Parameters) -> None:
    streams = Dice(state.seed, -300).streams
    for i in range(len(state.residents.id)):
        renewal.make_person(i, state.residents, state.neighbourhoods, state.quantiles, numbers(p), streams, -300)


def test_making_a_person_sets_every_column_but_the_homes() -> None:
    state = bare(3)
    rows = {name: column for name, column in state.residents._asdict().items() if name not in KEPT_BY_THE_ROW}
    for column in rows.values():
        column[...] = 77
    make_everybody(state, Parameters())
    assert [name for name, column in rows.items() if (column == 77).any()] == []
