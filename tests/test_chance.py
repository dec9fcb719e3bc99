"""Keyed chance: both hands throw the same dice, the dice are fair, and neighbouring keys have nothing in common."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numba import njit

from sim import chance
from sim.chance import Dice, Die

IDS = st.integers(0, 2**63 - 1)
SEEDS = st.integers(0, 2**63 - 1)
MONTHS = st.integers(-2_000, 2_000)
DICE = st.sampled_from(list(Die))
DRAWS = 100_000
UNIFORM_SD = math.sqrt(1 / 12)


@njit
def thrown(stream, ids):
    drawn = np.empty(ids.size)
    for i in range(ids.size):
        drawn[i] = chance.uniform(stream, ids[i])
    return drawn


@njit
def thrown_for_pairs(stream, ids, others):
    drawn = np.empty(ids.size)
    for i in range(ids.size):
        drawn[i] = chance.uniform2(stream, ids[i], others[i])
    return drawn


@njit
def lots(stream, ids):
    drawn = np.empty(ids.size, np.uint64)
    for i in range(ids.size):
        drawn[i] = chance.bits(stream, ids[i])
    return drawn


@njit
def mixed(x):
    return chance.mix(x)


@njit
def derived(predecessor, generation):
    return chance.derived_id(predecessor, generation)


@given(SEEDS, MONTHS, DICE, st.lists(IDS, min_size=1, max_size=5))
def test_both_hands_throw_the_same_dice(seed, month, die, ids):
    dice = Dice(seed, month)
    stream, who = dice.streams[die], np.array(ids, np.int64)
    assert thrown(stream, who).tolist() == [dice.uniform(die, i) for i in ids]
    assert lots(stream, who).tolist() == [dice.bits(die, i) for i in ids]
    pairs = thrown_for_pairs(stream, who, who[::-1].copy())
    assert pairs.tolist() == [dice.uniform(die, i, j) for i, j in zip(ids, reversed(ids), strict=True)]


@given(IDS, st.integers(0, 10_000))
def test_both_hands_give_a_newcomer_the_same_id(predecessor, generation):
    made = derived(np.int64(predecessor), np.int32(generation))
    assert made == chance.permanent_id(predecessor, generation)
    assert 0 <= made < 2**63


@given(st.integers(0, 2**64 - 1))
def test_both_hands_mix_alike(x):
    assert int(mixed(np.uint64(x))) == chance.mix_plain(x)


def test_the_finaliser_is_that_of_splitmix64():
    """First outputs of the published generator from seed 0, which mixes multiples of its golden step."""
    made = [chance.mix_plain(k * chance.GOLDEN) for k in (1, 2, 3)]
    assert made == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_a_die_has_a_number_of_its_own():
    assert [die.value for die in Die.__members__.values()] == list(range(len(Die)))


def test_streams_of_dice_months_and_seeds_are_distinct():
    streams = [s for seed in (0, 1) for month in range(-24, 24) for s in Dice(seed, month).streams.tolist()]
    assert len(set(streams)) == len(streams) == 2 * 48 * len(Die)


def test_seeds_of_replicates_and_ids_are_distinct():
    seeds = [chance.run_seed(seed, replicate) for seed in range(50) for replicate in range(50)]
    assert len(set(seeds)) == 2_500
    assert chance.permanent_id(1, 2) != chance.permanent_id(2, 1)


def test_draws_are_uniform():
    """Consecutive ids; one id in consecutive months. Chi-square of 100 bins, 99 degrees: over 167 once in 40,000."""
    by_id = thrown(Dice(7, 3).streams[Die.NEED], np.arange(DRAWS))
    by_month = np.array([Dice(7, month).uniform(Die.NEED, 5) for month in range(-1_000, 1_000)])
    for drawn in (by_id, by_month):
        assert drawn.min() > 0
        assert drawn.max() < 1
        counts = np.histogram(drawn, 100, (0, 1))[0]
        expected = len(drawn) / 100
        assert ((counts - expected) ** 2 / expected).sum() < 167
        assert abs(drawn.mean() - 0.5) < 4 * UNIFORM_SD / math.sqrt(len(drawn))


def test_the_least_draw_is_above_nil():
    assert 0 < chance.uniform(np.uint64(0), np.int64(0)) < 1e-15  # mix(0) = 0, the least of all hashes


@pytest.mark.parametrize("neighbour", ["id", "month", "die", "seed", "pair"])
def test_draws_of_neighbouring_keys_are_unrelated(neighbour):
    """Correlation of 100,000 pairs of draws: four standard errors."""
    ids, dice = np.arange(DRAWS), Dice(7, 3)
    one = thrown(dice.streams[Die.NEED], ids)
    other = {
        "id": lambda: thrown(dice.streams[Die.NEED], ids + 1),
        "month": lambda: thrown(Dice(7, 4).streams[Die.NEED], ids),
        "die": lambda: thrown(dice.streams[Die.NEED + 1], ids),
        "seed": lambda: thrown(Dice(8, 3).streams[Die.NEED], ids),
        "pair": lambda: thrown_for_pairs(dice.streams[Die.NEED], ids, ids),
    }[neighbour]()
    assert abs(np.corrcoef(one, other)[0, 1]) < 4 / math.sqrt(DRAWS)


def test_the_order_of_a_pair_counts():
    dice = Dice(1, 1)
    assert dice.uniform(Die.ASK, 3, 4) != dice.uniform(Die.ASK, 4, 3)


@given(st.floats(1e-16, 1 - 2**-53))
def test_the_normal_quantile_is_that_of_the_standard_library(u):
    z = chance.normal_quantile(u)
    assert z == chance.normal_quantile.py_func(u)
    assert z == pytest.approx(NormalDist().inv_cdf(u), rel=1e-14, abs=1e-15)


@given(st.floats(0.001, 0.999))
def test_the_normal_quantile_undoes_the_distribution(u):
    assert NormalDist().cdf(chance.normal_quantile(u)) == pytest.approx(u, rel=1e-13)


def poisson_cdf(count, mean):
    total = 0.0
    for k in range(count + 1):
        total += math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))
    return total


@given(st.floats(1e-6, 1 - 1e-6), st.floats(0.01, 400))
def test_the_poisson_quantile_is_the_least_count_that_reaches(u, mean):
    count = chance.poisson_quantile(u, mean)
    assert count == chance.poisson_quantile.py_func(u, mean)
    assert poisson_cdf(count, mean) >= u - 1e-9
    assert count == 0 or poisson_cdf(count - 1, mean) < u + 1e-9


def test_the_poisson_quantile_at_its_ends():
    assert chance.poisson_quantile(0.999, 0.0) == 0
    assert 0 < chance.poisson_quantile(0.5, 1e9) < 2000  # cut, not endless


@given(st.floats(0, 1), st.lists(st.floats(-5, 5), min_size=2, max_size=20))
def test_a_curve_between_knots_is_that_of_numpy(u, heights):
    knots = np.array(heights)
    value = chance.between(knots, u)
    assert value == chance.between.py_func(heights, u)
    assert value == pytest.approx(np.interp(u, np.linspace(0, 1, len(heights)), knots), abs=1e-9)
