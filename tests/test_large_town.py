"""What holds in small towns holds among 200,000 residents: rows, slots and sums beyond what small towns reach."""

import pytest

from sim import compose, run_ensemble
from sim.chance import run_seed
from sim.founding import found
from sim.ledger import stocks
from sim.schedule import live_a_month
from tests.test_agreement import part
from tests.test_ensemble import same
from tests.test_invariants import gaps_in_the_books, lopsided, out_of_bounds
from tests.test_pairing import apart

pytestmark = pytest.mark.slow

LARGE = ("world=history", "place.residents=200000", "months=6", "replicates=2")


def nurtured_from(month):
    return compose([*LARGE, "policy=nurture_early", f"policy.nurture_early.start={month}"])


def first_morning(config):
    state = found(config, run_seed(config.seed, 0))
    assert len(state.residents.id) == 200_000
    return state


def test_two_months_by_both_hands_are_the_same_to_the_bit():
    """The plain hand takes about a quarter of an hour for it."""
    config = nurtured_from(0)
    assert part(first_morning(config), config, 2) == []


def test_the_books_balance_and_the_state_stays_within_its_bounds():
    config = nurtured_from(0)
    state = first_morning(config)
    for _ in range(6):
        before = stocks(state)
        live_a_month(state, config)
        assert gaps_in_the_books(before, state) == {}
        assert lopsided(state) == {}
        assert out_of_bounds(state) == []


def test_scenarios_are_the_same_to_the_bit_until_they_part():
    configs = compose([*LARGE, "policy=none"]), nurtured_from(4)
    towns, ahead = [first_morning(config) for config in configs], ("policies", "world")
    for _ in range(4):
        for town, config in zip(towns, configs, strict=True):
            live_a_month(town, config)
        assert apart(*towns, ahead) == []
    for town, config in zip(towns, configs, strict=True):
        live_a_month(town, config)
    assert apart(*towns, ahead)


def test_bits_do_not_depend_on_the_number_of_workers():
    config = nurtured_from(2)
    assert same(run_ensemble(config, workers=2).tables, run_ensemble(config, workers=1).tables)
