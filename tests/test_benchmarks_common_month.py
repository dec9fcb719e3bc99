"""The common month of the benchmarks: its implementations that need no peer live the same months."""

import shutil
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "experiments" / "benchmarks" / "common_month"
RESIDENTS, MONTHS, WARM_UP, SEEDS = 2_000, 24, 12, range(6)
STANDARD_ERRORS = 4.5  # of a mean over six seeds, for some thirty comparisons: none fails by luck
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed, so there is no C to compare")


@pytest.fixture(scope="module", autouse=True)
def _folder_on_the_path():
    """The benchmark's modules are scripts that lie side by side, and find one another so."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def means(module, **changed):
    """(seeds, quantities): means over months 13 to 24, by rules of which some may be changed."""
    rules = import_module("rules")
    build = import_module(module).build
    seen = []
    for seed in SEEDS:
        town = build(RESIDENTS, seed, rules.RULES._replace(**changed))
        months = []
        for _ in range(MONTHS):
            town.month()
            months.append([town.shares()[name] for name in rules.QUANTITIES])
        seen.append(np.mean(months[WARM_UP:], axis=0))
    return np.array(seen)


def apart(one, other):
    """How many standard errors two implementations are apart, quantity by quantity."""
    error = np.sqrt((one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)) / len(one))
    return np.abs(one.mean(axis=0) - other.mean(axis=0)) / np.maximum(error, 1e-12)


@pytest.fixture(scope="module")
def by_numpy():
    return means("numpy_month")


@pytest.fixture(scope="module")
def by_own_engine():
    return means("own_engine")


def test_own_engine_lives_the_months_of_numpy(by_own_engine, by_numpy):
    assert (apart(by_own_engine, by_numpy) < STANDARD_ERRORS).all()


def test_the_months_are_those_that_were_expected(by_own_engine):
    rules = import_module("rules")
    expected = np.array([rules.EXPECTED[name] for name in rules.QUANTITIES])
    error = by_own_engine.std(axis=0, ddof=1) / np.sqrt(len(by_own_engine))
    assert (np.abs(by_own_engine.mean(axis=0) - expected) < STANDARD_ERRORS * error + 0.001).all()


@pytest.mark.parametrize(
    ("changed", "quantity"),
    [
        ({"trust_up": 0.10, "trust_down": 0.05}, "trust"),
        ({"give_up": 0.03}, "strength"),
        ({"meet_at_venue": 1.0}, "strength"),
        ({"leave": 0.06}, "volunteering"),
        ({"help": 0.35}, "helped"),
    ],
)
def test_a_planted_fault_is_noticed(changed, quantity, by_numpy):
    at = import_module("rules").QUANTITIES.index(quantity)
    assert apart(means("own_engine", **changed), by_numpy)[at] > STANDARD_ERRORS


@needs_gcc
def test_own_engine_and_c_agree_to_the_last_bit():
    own = import_module("own_engine").build(RESIDENTS, 3)
    other = import_module("c_month").build(RESIDENTS, 3)
    for _ in range(MONTHS):
        own.month()
        other.month()
    assert own.shares() == other.shares()
    np.testing.assert_array_equal(own.residents.trust, other.columns["trust"])
    np.testing.assert_array_equal(own.residents.volunteers, other.columns["volunteers"])
    np.testing.assert_array_equal(own.ties.alter, other.columns["alter"].ravel())
    np.testing.assert_array_equal(own.ties.strength, other.columns["strength"].ravel())


@needs_gcc
def test_a_planted_fault_in_c_is_noticed():
    own = import_module("own_engine").build(RESIDENTS, 3)
    other = import_module("c_month").build(RESIDENTS, 3, import_module("rules").RULES._replace(growth=0.0501))
    own.month()
    other.month()
    assert own.shares()["strength"] != other.shares()["strength"]


def test_draws_are_keyed_as_the_model_keys_them():
    from sim.chance import Dice

    dice = Dice(seed=7, month=5)
    stream = import_module("c_month").stream
    assert [stream(7, die, 5) for die in range(5)] == dice.streams[:5].tolist()


@pytest.mark.parametrize("module", ["numpy_month", "own_engine"])
def test_ties_stay_as_many_and_nobody_is_tied_twice(module):
    rules = import_module("rules")
    town = import_module(module).build(RESIDENTS, 1)
    for _ in range(MONTHS):
        town.month()
    alter = np.asarray(town.ties.alter if module == "own_engine" else town.alter).astype(np.int64)
    owner = np.repeat(np.arange(RESIDENTS), rules.SLOTS)
    assert town.shares()["ties"] == 2 * rules.SLOTS
    assert (alter != owner).all()
    pairs = np.unique(np.minimum(owner, alter) * RESIDENTS + np.maximum(owner, alter)).size
    # In NumPy all search at once, so now and then two find one another, or one finds somebody twice.
    assert pairs == alter.size if module == "own_engine" else pairs > 0.999 * alter.size


def test_lists_of_incoming_ties_hold_each_tie_once():
    town = import_module("own_engine").build(RESIDENTS, 2)
    for _ in range(MONTHS):
        town.month()
    for i, (first, count) in enumerate(town.residents.incoming.tolist()):
        listed, slot = [], first
        for _ in range(count):
            listed.append(slot)
            slot = int(town.ties.beside[slot, 1])
        assert sorted(listed) == np.flatnonzero(town.ties.alter == i).tolist()


def test_a_town_is_laid_out_as_described():
    rules = import_module("rules")
    first = rules.found(RESIDENTS, 4)
    owner = np.repeat(np.arange(RESIDENTS), rules.SLOTS)
    alter = first.alter.ravel()
    near = owner // rules.NEIGHBOURHOOD == alter // rules.NEIGHBOURHOOD
    assert near.mean() == pytest.approx(rules.NEAR, abs=0.02)
    assert np.unique(np.minimum(owner, alter) * RESIDENTS + np.maximum(owner, alter)).size == alter.size
    assert (owner != alter).all()
    assert set(first.hours.tolist()) == set(range(rules.MOST_HOURS + 1))
    with pytest.raises(ValueError, match="last neighbourhood of fewer than 50"):
        rules.found(rules.NEIGHBOURHOOD + 1, 4)


def test_the_driver_measures_and_checks(tmp_path):
    driver = import_module("compare")
    seen = driver.measure(["numpy_month", "own_engine"], RESIDENTS, 1, left_out := {})
    assert not left_out
    assert seen["own_engine"]["over_own_engine"] == 1.0
    assert seen["numpy_month"]["ns"] > 0
    assert "NumPy" in driver.speed_table(RESIDENTS, seen)


def test_the_check_notices_one_that_lives_other_months(by_numpy, by_own_engine):
    driver = import_module("compare")
    names = import_module("rules").QUANTITIES
    columns = {"numpy_month": by_numpy, "own_engine": by_own_engine, "c_month": by_own_engine + 0.02}
    found = driver.agreement(
        {module: dict(zip(names, seen.T.tolist(), strict=True)) for module, seen in columns.items()}
    )
    assert not found["trust"]["agree"]
    assert found["trust"]["apart"]["c_month"] == max(found["trust"]["apart"].values())


def test_what_cannot_be_installed_is_left_out_with_the_reason(monkeypatch):
    driver = import_module("compare")

    def missing(peer):
        raise driver.PeerMissingError(f"{peer} could not be installed: no network")

    monkeypatch.setattr(driver, "python_of", missing)
    left_out = {}
    assert driver.start(["starsim_month"], RESIDENTS, 1, left_out) == {}
    assert left_out == {"starsim_month": "starsim could not be installed: no network"}
