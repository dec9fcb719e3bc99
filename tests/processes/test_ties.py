from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from sim.chance import Dice
from sim.ledger import Flow, imbalance, stocks
from sim.processes import ties
from sim.processes.ties import contacts, kernel
from sim.state import ALLIES, BONDING, BRIDGING, EMPTY, NOBODY, PARTNERS, SLOTS, WEAK, State
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand, differences

FAULTS = [
    ("exps(-p.build, hours", "exps(p.build, hours"),
    ("exp(-hours[tie] / p.contact_hours)", "exp(-hours[tie])"),
    ("return NO_ONE if k == i or _are_tied(i, k, alter) else k", "return NO_ONE if _are_tied(i, k, alter) else k"),
    ("alike = residents.group[k] == residents.group[i]", "alike = residents.group[k] != residents.group[i]"),
    ("if far or not common[i]", "if far and not common[i]"),
    ("who, alter, incoming, streams), True", "who, alter, incoming, streams), False"),
    ("taken_up[tie])) & (not rises)", "taken_up[tie])) | rises"),
    ("2.0 * p.introduction_chance * free", "p.introduction_chance"),
]
CONTACT_FAULTS = [
    ("(1.0 - w * kept) * exp(-build * hours)", "(1.0 - w * kept) * exp(build * hours)"),
    ("bodies.stalled_until[officers.body[k]] <= month", "bodies.stalled_until[officers.body[k]] >= month"),
    ("officers.last[k] + 1]", "officers.last[k]]"),
    ("if role[i] != NOBODY:\n            return i", "if role[i] == NOBODY:\n            return i"),
    ("acquaintances.who[slot] != ids[i]", "acquaintances.who[slot] == ids[i]"),
    ("p.role_hours_most, people.formal_hours[i]) + lent[g]", "p.role_hours_most, people.formal_hours[i])"),
    ("met * connecting_hours[g] / sharing[g]", "connecting_hours[g] / sharing[g]"),
    ("if h != g and groups.alive[h] == 1", "if groups.alive[h] == 1"),
]
LAYERS = ("partnerships", "acquaintances", "alliances", "belongings")


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


@pytest.mark.parametrize(("right", "wrong"), CONTACT_FAULTS)
def test_a_fault_in_the_ties_of_officers_and_charities_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(ties, contacts, "keep_contacts", right, wrong)


def test_such_a_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(ties, contacts, "keep_contacts", *CONTACT_FAULTS[0], compiled=True)


def test_the_kernels_are_compiled() -> None:
    assert_twins(ties, town())
    assert contacts.keep_contacts.nopython_signatures


@given(RECIPES)
def test_the_books_of_officers_and_charities_balance(recipe: dict[str, Any]) -> None:
    state = town(**recipe)
    before = stocks(state)
    ties.advance(state, ties.Parameters(membership_chance=0.01), Dice(state.seed, state.month))
    gap = imbalance(before, state)
    assert not any(gap[stock] for stock in (*LAYERS, "officers", "roles"))


def settled(**columns: Any) -> State:
    """A town in which free slots stay free, nothing lapses, nobody is banned from meeting and no connector is paid."""
    state = town(residents=60, seed=2, **columns)
    state.constants.partner_chance[:] = state.constants.acquaint_chance[:] = state.constants.ally_chance[:] = 0.0
    state.constants.lapse_chance[:] = 0.0
    state.charities.connecting_hours[:], state.world.meeting_ban[:] = 0.0, 0
    state.bodies.stalled_until[:] = -100
    return state


def live(state: State, p: ties.Parameters, months: int) -> None:
    for month in range(months):
        state.month = month
        ties.advance(state, p, Dice(state.seed, month))


def test_twelve_hours_a_year_hold_an_officers_tie_at_a_half() -> None:
    state = settled()
    held = state.partnerships.charity != EMPTY
    state.partnerships.strength[held], state.partnerships.used[held] = 0.2, 1
    live(state, ties.Parameters(joint_hours=1.0), 240)
    assert np.allclose(state.partnerships.strength[held], 0.5, atol=0.005)


@pytest.mark.parametrize(
    ("layer", "holds"), [("partnerships", 0.5), ("acquaintances", 0.25), ("alliances", 0.33), ("residents", 0.4)]
)
def test_planned_hours_hold_each_layer_where_it_starts(layer: str, holds: float) -> None:
    """In the mean of fifty years: hours vary from month to month, and the rule bends only a little."""
    state = settled()
    state.officers.filled[:] = 1
    state.residents.role[:] = NOBODY
    state.partnerships.used[:] = state.acquaintances.used[:] = 0
    state.acquaintances.who[:] = state.residents.id[state.acquaintances.resident]
    strength = state.residents.belonging if layer == "residents" else getattr(state, layer).strength
    held = strength > 0
    strength[held], seen = holds, []
    for month in range(600):
        state.month = month
        ties.advance(state, ties.Parameters(membership_chance=0.0), Dice(state.seed, month))
        seen.append(strength[held].mean())
    assert np.mean(seen) == pytest.approx(holds, abs=0.02)


def test_a_tie_that_is_not_met_keeps_the_stated_share_of_its_strength_in_a_year() -> None:
    for bar in ("empty", "stalled"):
        state = settled()
        held = state.partnerships.charity != EMPTY
        if bar == "empty":
            state.officers.filled[:] = 0
        else:
            state.bodies.stalled_until[:] = 1000
        state.charities.connecting_hours[:] = 50.0
        before = state.partnerships.strength.copy()
        live(state, ties.Parameters(), 12)
        assert np.allclose(state.partnerships.strength[held], 0.75 * before[held])


def test_a_role_builds_belonging_by_its_hours_up_to_a_cap() -> None:
    state = settled(habit="everybody volunteers")
    state.residents.belonging[:] = 0.3
    state.residents.formal_hours[:] = np.linspace(0, 30, 60)
    after = by_fast_hand(ties, state, ties.Parameters(role_hours_most=10.0))
    kept = 0.3 * 0.75 ** (1 / 12)
    expected = 1 - (1 - kept) * np.exp(-0.0234 * np.minimum(10.0, np.linspace(0, 30, 60)))
    assert np.allclose(after.residents.belonging, expected)


def test_a_connectors_hours_are_shared_evenly_by_the_ties_of_its_charity() -> None:
    state = settled(habit="everybody volunteers")
    state.officers.filled[:] = 1
    state.residents.formal_hours[:] = 0.0
    state.partnerships.used[:] = 1
    sharing = np.bincount(state.residents.belongs, minlength=len(state.charities.id)).astype(float)
    held = state.partnerships.charity != EMPTY
    np.add.at(sharing, state.partnerships.charity[held], 1.0)
    state.charities.connecting_hours[:] = np.where(state.charities.alive, 40.0, 0.0)
    after = by_fast_hand(ties, state, ties.Parameters(joint_hours=0.0))
    for old, new, g in (
        (state.residents.belonging, after.residents.belonging, state.residents.belongs),
        (state.partnerships.strength[held], after.partnerships.strength[held], state.partnerships.charity[held]),
    ):
        hours = -np.log((1 - new) / (1 - old * 0.75 ** (1 / 12))) / 0.0234
        assert np.allclose(hours, 40.0 / sharing[g])


def test_a_meeting_ban_leaves_its_share_of_hours() -> None:
    state = settled()
    state.partnerships.used[:], state.month = 1, 3
    held = np.repeat(state.officers.filled == 1, PARTNERS) & (state.partnerships.charity != EMPTY)
    hours = []
    for banned in (0, 1):
        state.world.meeting_ban[:] = banned
        new = by_fast_hand(ties, state, ties.Parameters()).partnerships.strength[held]
        hours.append(-np.log((1 - new) / (1 - state.partnerships.strength[held] * 0.75 ** (1 / 12))))
    assert np.allclose(hours[1], 0.4 * hours[0])


def test_free_slots_fill_with_partners_of_the_patch_by_quality() -> None:
    state = town(residents=90, neighbourhoods=4, seed=5)
    state.officers.filled[:], state.bodies.stalled_until[:] = 1, -100
    state.officers.first[:] = state.officers.last[:] = 1
    c = state.charities
    c.alive[:], c.quality[:] = 1, np.where(np.arange(len(c.id)) % 2, 1.0, 0.0)
    state.partnerships.charity[:] = state.acquaintances.resident[:] = EMPTY
    state.partnerships.strength[:] = state.acquaintances.strength[:] = 0.0
    state.constants.partner_chance[:] = state.constants.acquaint_chance[:] = 1.0
    ties.advance(state, ties.Parameters(), Dice(state.seed, state.month))
    reach = (c.quality > 0) & ((c.serves_place == 1) | (c.neighbourhood == 1))
    assert reach.any()
    for row in state.partnerships.charity.reshape(-1, PARTNERS):
        assert sorted(row[row != EMPTY]) == np.flatnonzero(reach)[:PARTNERS].tolist()
    r = state.residents
    for row in state.acquaintances.resident.reshape(-1, PARTNERS):
        assert len(set(row)) == PARTNERS
        assert EMPTY not in row
        assert np.all(r.neighbourhood[row] == 1)
        assert np.count_nonzero(r.role[row] != NOBODY) >= min(PARTNERS - 1, np.count_nonzero(
            (r.role != NOBODY) & (r.neighbourhood == 1)) - 1)  # fmt: skip
    assert np.array_equal(state.acquaintances.who, r.id[state.acquaintances.resident])
    new = state.partnerships.charity != EMPTY
    assert np.all(state.partnerships.strength[new] == 0.10)
    assert np.all(state.partnerships.born[new] == state.month)


def test_no_charity_is_allied_twice_or_with_itself() -> None:
    state = town(residents=20, seed=3)
    state.constants.ally_chance[:], state.charities.serves_place[:] = 1.0, 1
    state.charities.alive[:], state.alliances.other[:] = 1, EMPTY
    before = stocks(state)
    ties.advance(state, ties.Parameters(), Dice(state.seed, state.month))
    assert imbalance(before, state)["alliances"] == 0
    assert state.ledger[Flow.ALLIANCE_MADE] > 0
    held = np.flatnonzero(state.alliances.other != EMPTY)
    pairs = [frozenset((int(slot // ALLIES), int(state.alliances.other[slot]))) for slot in held]
    assert len(set(pairs)) == len(pairs)
    assert all(len(pair) == 2 for pair in pairs)
    assert np.array_equal(state.alliances.who[held], state.charities.id[state.alliances.other[held]])


def test_an_officer_does_not_know_who_took_over_the_row() -> None:
    state = settled()
    held = state.acquaintances.resident != EMPTY
    state.acquaintances.who[held] = state.residents.id[state.acquaintances.resident[held]]
    state.residents.id[::2] += 1
    stale = held & (state.acquaintances.resident % 2 == 0)
    after = by_fast_hand(ties, state, ties.Parameters())
    assert after.ledger[Flow.ACQUAINTANCE_PERSON_LEFT] == stale.sum() > 0
    assert np.array_equal(after.acquaintances.resident == EMPTY, ~held | stale)


def test_belongings_lapse_and_are_made_as_often_as_stated() -> None:
    """2,000 residents, a year; counts may lie four standard deviations from their mean."""
    state = town(residents=2000, habit="nobody volunteers", seed=4)
    state.charities.alive[0] = state.charities.serves_place[0] = 1
    state.charities.joining_weight[0] = 1.0
    r = state.residents
    lapsed = made = belonging = without = 0.0
    for month in range(12):
        state.month, state.ledger[:] = month, 0.0
        belonging += np.count_nonzero(r.belongs != NOBODY)
        without += np.count_nonzero(r.belongs == NOBODY)
        ties.advance(state, ties.Parameters(membership_chance=0.01), Dice(state.seed, month))
        lapsed += state.ledger[Flow.BELONGING_LAPSED]
        made += state.ledger[Flow.BELONGING_MADE]
    assert abs(lapsed - 0.05 * belonging) < 4 * math.sqrt(0.05 * belonging)
    assert abs(made - 0.01 * without) < 4 * math.sqrt(0.01 * without)


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


def test_who_has_no_time_left_is_introduced_to_nobody() -> None:
    made = []
    for planned in (0.0, 21.0, 42.0):
        state = town(residents=2000, neighbourhoods=1, seed=7, habit="no ties")
        state.constants.search_chance[:] = 0.0
        state.residents.nurtured_hours[:], state.residents.planned_hours[:] = 2.0, planned
        after = by_fast_hand(ties, state, ties.Parameters(introduction_chance=0.4))
        made.append(np.count_nonzero(after.ties.alter != EMPTY))
    assert made[0] == pytest.approx(0.8 * 2000, rel=0.05)
    assert made[1] == pytest.approx(0.4 * 2000, rel=0.08)
    assert made[2] == 0


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
