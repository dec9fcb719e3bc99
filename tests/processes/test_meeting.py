from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from sim.chance import Dice
from sim.processes import meeting
from sim.state import EMPTY
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins

FAULTS = [
    ("residents.planned_hours[j] += planned", "residents.planned_hours[i] += planned"),
    ("luck[tie] = -0.5 *", "luck[tie] = -0.4 *"),
    ("(apart >> ROLE_BITS == 0)", "(apart >> ROLE_BITS != 0)"),
    ("np.int32(apart) == 0", "np.int32(apart) != 0"),
    (">> venue[i]) & 1 == 1", ">> venue[i]) & 1 == 0"),
    ("fit += distance *", "fit -= distance *"),
    ("shared_there = min(residents", "shared_there = max(residents"),
    ("(together[residents.neighbourhood[i]] * shared_there)", "shared_there"),
    ("came[b] > circle", "came[b] < circle"),
]
CLOSE = meeting.Parameters(circle=2)
"""So few people at a meeting that in the small towns of these tests there are several."""


@given(RECIPES)
def test_the_hands_agree(recipe: dict[str, Any]) -> None:
    assert_twins(meeting, town(**recipe))
    assert_twins(meeting, town(**recipe), CLOSE)


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(meeting, meeting, "_kernel", right, wrong, p=CLOSE)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(meeting, meeting, "_kernel", *FAULTS[0], compiled=True)


def test_who_comes_meets_those_of_the_same_circle() -> None:
    """All of them while one meeting holds them; of 41 at meetings of 21, each tie has half of the hours."""
    state = town(residents=90, neighbourhoods=1, habit="crowded")
    state.world.meeting_ban[:] = 0
    n = state.residents.nurtured_hours
    n[:] = 0.0
    meeting.advance(state, meeting.Parameters(), Dice(1, 1))
    without = state.ties.hours.copy()
    owner = np.arange(len(state.ties.alter)) // 16
    both = (state.ties.alter != EMPTY) & (owner < 41) & (state.ties.alter < 41)
    n[:41] = 2.0
    for circle, share in ((50, 1.0), (41, 1.0), (21, 0.5), (2, 1.0 / 40.0)):
        meeting.advance(state, meeting.Parameters(circle=circle), Dice(1, 1))
        assert np.allclose((state.ties.hours - without)[both], 2.0 * share)
        assert np.array_equal(state.ties.hours[~both], without[~both])


def test_hours_have_the_planned_mean_where_all_contexts_are_as_at_founding() -> None:
    state = town(residents=90, neighbourhoods=1, habit="crowded")
    state.world.meeting_ban[:] = 0
    state.residents.nurtured_hours[:] = 0
    state.residents.venue[:], state.neighbourhoods.venues_open[:] = 0, 1
    state.residents.role[:] = -1
    state.ties.klass[:], state.ties.deepening[:] = 2, 0
    state.classes.contexts_founding[:] = 0.3 + 0.2 + 0.2
    hours = []
    for month in range(60):
        meeting.advance(state, meeting.Parameters(), Dice(state.seed, month))
        hours.append(state.ties.hours[state.ties.alter != EMPTY])
    drawn = np.concatenate(hours)
    # gamma(2) of mean 1 has variance 1/2
    assert abs(drawn.mean() - 1.5) < 4 * 1.5 * np.sqrt(0.5 / drawn.size)
    assert abs(drawn.var() / 1.5**2 - 0.5) < 0.02


def test_a_ban_shuts_groups_and_venues_and_keeps_strong_ties_at_a_distance() -> None:
    state = town(residents=90, neighbourhoods=2)
    state.residents.nurtured_hours[:] = 0
    state.residents.neighbourhood[:] = np.arange(90) % 2
    state.world.meeting_ban[:] = 1
    meeting.advance(state, meeting.Parameters(), Dice(1, 1))
    owner = np.arange(len(state.ties.alter)) // 16
    tied = state.ties.alter != EMPTY
    far = tied & (state.residents.neighbourhood[owner] != state.residents.neighbourhood[state.ties.alter])
    assert np.all(state.ties.hours[far & (state.ties.strength < 0.1)] == 0)
    assert np.all(state.ties.hours[far & (state.ties.strength >= 0.1)] > 0)


def test_a_venue_that_is_shut_is_shared_by_nobody() -> None:
    """And the other venue of the neighbourhood goes on as before."""
    state = town(residents=90, neighbourhoods=2)
    state.world.meeting_ban[:] = 0
    state.residents.nurtured_hours[:] = 0
    state.residents.venue[:] = np.arange(90) % 2
    owner, alter = np.arange(len(state.ties.alter)) // 16, state.ties.alter
    r = state.residents
    sharing = (r.neighbourhood[owner] == r.neighbourhood[alter]) & (r.venue[owner] == r.venue[alter])
    sharing &= alter != EMPTY
    hours = []
    for open_venues in (0b11, 0b10):
        state.neighbourhoods.venues_open[:] = open_venues
        meeting.advance(state, meeting.Parameters(), Dice(1, 1))
        hours.append(state.ties.hours.copy())
    fewer = hours[1] < hours[0]
    assert np.array_equal(fewer, sharing & (r.venue[owner] == 0))
    assert np.array_equal(hours[1][~fewer], hours[0][~fewer])
