"""Each switch, at the end of its range where it bites and alone, changes its observable; off is exactly off."""

from __future__ import annotations

import numpy as np
import pytest

from sim import schedule
from sim.composition import compose
from sim.config import registry
from sim.founding import solved_for
from sim.founding.first_morning import first_morning
from sim.state import State
from sim.switches import SWITCHES

WORLD = ["world=history", "place.residents=1500", "months=204"]


@pytest.fixture(scope="module")
def town() -> State:
    """A town in 2012, so that cuts are under way."""
    from sim.world import build

    config = compose(WORLD)
    state = first_morning(config, 5, solved_for(config), month=58)
    for name, column in build(config.world, config.place, 204).items():
        state.world = state.world._replace(**{name: column})
    return state


def observed(town: State, path: str, value: float | bool) -> np.ndarray:
    state, config = town.fork(), compose([*WORLD, f"{path}={str(value).lower()}"])
    name = next(s.observable for s in SWITCHES.values() if s.path == path)
    return np.array([schedule.live_a_month(state, config).whole[name] for _ in range(18)])


@pytest.mark.parametrize("number", SWITCHES)
def test_on_at_its_strongest_differs_from_off_under_the_same_luck(number: str, town: State) -> None:
    switch = SWITCHES[number]
    on, off = observed(town, switch.path, switch.strongest), observed(town, switch.path, switch.off)
    assert abs(on[-6:].mean() - off[-6:].mean()) > 0.002 * abs(off[-6:].mean())


@pytest.mark.parametrize("number", SWITCHES)
def test_the_switch_is_a_registered_parameter_and_both_ends_are_in_its_range(number: str) -> None:
    entry, switch = registry()[SWITCHES[number].path], SWITCHES[number]
    assert entry.low <= float(switch.off) <= entry.high
    assert entry.low <= float(switch.strongest) <= entry.high


def test_every_switch_of_a_room_is_in_the_one_place() -> None:
    assert {path for path, entry in registry().items() if entry.is_switch} <= {s.path for s in SWITCHES.values()}


def test_frozen_trust_stands_still(town: State) -> None:
    state, config = town.fork(), compose([*WORLD, "trust.moves=false"])
    trust = state.residents.trust_council.copy()
    who = state.residents.id.copy()
    schedule.live_a_month(state, config)
    stayed = state.residents.id == who
    assert np.array_equal(state.residents.trust_council[stayed], trust[stayed])
