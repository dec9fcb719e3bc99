"""The whole month of the benchmarks: two rooms in C, what is measured of towns, what changed between commits."""

import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from sim import compose
from sim.chance import run_seed
from sim.founding import found
from sim.ledger import Flow
from sim.observables import remember
from sim.processes import helping, ties
from sim.schedule import MONTH, act
from sim.state import EMPTY, SLOTS
from tests.towns import HABITS, town as made_town
from tests.twins import by_fast_hand, differences

BENCHMARKS = Path(__file__).parents[1] / "experiments" / "benchmarks"
FOLDERS = [str(BENCHMARKS / "whole_month"), str(BENCHMARKS)]
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed, so there is no C to compare")
needs_git = pytest.mark.skipif(not (BENCHMARKS.parents[1] / ".git").exists(), reason="no repository is here")
ROOMS = {"ties": ties, "helping": helping}


@pytest.fixture(scope="module", autouse=True)
def _folders_on_the_path():
    """The benchmark's modules are scripts that lie side by side, and find one another so."""
    sys.path[:0] = FOLDERS
    yield
    for folder in FOLDERS:
        sys.path.remove(folder)


@pytest.fixture(scope="module")
def nurtured():
    config = compose(["place.residents=1500", "policy=nurture_early", "policy.nurture_early.start=0",
                      "policy.nurture_early.dose=200"])  # fmt: skip
    return config, found(config, run_seed(1, 0))


def hand(name, by):
    return import_module("in_c").Room(name, getattr(import_module("in_c"), by)).advance


@needs_gcc
def test_months_with_the_rooms_in_c_are_the_months_by_kernels(nurtured):
    config, state = nurtured
    rooms = import_module("in_c")
    one, other, introduced = state.fork(), state.fork(), 0.0
    month = tuple(s._replace(room=rooms.Room(s.name, rooms.by_c)) if s.name in ROOMS else s for s in MONTH)
    for _ in range(6):
        act(one, config)
        act(other, config, month=month)
        introduced += other.ledger[Flow.TIE_INTRODUCED]
        assert differences(one, other) == []
        for each in (one, other):
            remember(each)
            each.month += 1
    assert introduced > 0.0


@needs_gcc
@pytest.mark.parametrize("name", ROOMS)
@pytest.mark.parametrize("habit", HABITS)
def test_a_room_in_c_is_the_kernel_at_each_extreme(name, habit):
    for seed in range(3):
        state = made_town(residents=60, neighbourhoods=3, habit=habit, seed=seed, month=-4)
        p = ROOMS[name].Parameters()
        by_kernel = by_fast_hand(ROOMS[name], state, p)
        assert differences(by_kernel, by_fast_hand(ROOMS[name], state, p, hand=hand(name, "by_c"))) == []
        assert differences(by_kernel, by_fast_hand(ROOMS[name], state, p, hand=hand(name, "by_kernel"))) == []


@needs_gcc
@pytest.mark.parametrize(
    ("file", "name", "right", "wrong"),
    [
        ("ties.c", "ties", "-t->build * hours[n]", "-t->build * 0.99 * hours[n]"),
        ("ties.c", "ties", "k != i && !tied(t->alter, i, k)) return k", "k != i) return k"),
        ("ties.c", "ties", "far || !pairs[n].common ? BRIDGING : WEAK", "far ? BRIDGING : WEAK"),
        ("ties.c", "ties", "left = u * (own + others)", "left = u * own"),
        ("helping.c", "helping", "place[-1].strength < one.strength", "place[-1].strength > one.strength"),
        ("helping.c", "helping", "t->favour_own * budget[i] * pool", "budget[i] * pool"),
        ("helping.c", "helping", "fabs(u[n] - 0.5) > 0.425", "0"),
        ("draws.h", "helping", "x2 = x * x, x4 = x2 * x2", "x2 = x * x, x4 = x2 * x"),
    ],
)
def test_a_planted_fault_in_c_is_noticed(nurtured, tmp_path, monkeypatch, file, name, right, wrong):
    config, state = nurtured
    rooms = import_module("in_c")
    shutil.copytree(rooms.HERE, tmp_path / "faulty")
    text = (tmp_path / "faulty" / file).read_text()
    assert text.count(right) == 1
    (tmp_path / "faulty" / file).write_text(text.replace(right, wrong))
    monkeypatch.setattr(rooms, "HERE", tmp_path / "faulty")
    rooms.library.cache_clear()
    try:
        p = getattr(config, name)
        sound = by_fast_hand(ROOMS[name], state, p)
        faulty = by_fast_hand(ROOMS[name], state, p, hand=hand(name, "by_c"))
    finally:
        rooms.library.cache_clear()
    assert differences(sound, faulty)


@needs_gcc
def test_the_c_is_refused_where_the_state_has_other_shapes(monkeypatch):
    rooms = import_module("in_c")
    monkeypatch.setitem(rooms.WIDTHS, "SLOTS", "12u")
    rooms.library.cache_clear()
    with pytest.raises(rooms.MissingError, match="does not state SLOTS as 12u"):
        rooms.library("ties")
    rooms.library.cache_clear()


@needs_gcc
def test_the_whole_month_tells_every_room(monkeypatch):
    rooms = import_module("rooms")
    monkeypatch.setattr(rooms, "RESIDENT_MONTHS", 6_000)
    seen = rooms.whole_month(1_500)
    assert list(seen["rooms"]) == [*(step.name for step in MONTH), "observe", "remember"]
    assert seen["all_ns"] > seen["acting_ns"] > seen["rooms"]["ties"]["ns"] > 0.0
    assert seen["step_ns"] > 0.0
    assert 12.0 < seen["ties_a_resident"] < 19.0
    assert set(seen["in_c"]) == set(ROOMS)
    assert seen["in_c"]["ties"]["times_c"] == seen["in_c"]["ties"]["kernel_ns"] / seen["in_c"]["ties"]["c_ns"]
    assert "model.step()" in rooms.table(json.loads(json.dumps(seen)))


@needs_gcc
def test_a_room_in_c_that_differs_is_not_timed(monkeypatch):
    rooms = import_module("rooms")

    def short(name, state, p, dice):
        work = import_module("in_c").by_kernel(name, state, p, dice)

        def work_and_give() -> None:
            work()
            state.residents.spare_hours[0] += 1.0

        return work_and_give

    monkeypatch.setattr(rooms, "by_c", short)
    monkeypatch.setattr(rooms, "RESIDENT_MONTHS", 6_000)
    with pytest.raises(RuntimeError, match=r"kernel and C differ in month 0: residents\.spare_hours"):
        rooms.beside_c(1_500)


def test_growth_is_the_exponent_of_the_whole_cost():
    growth = import_module("town").growth
    assert growth({100: 5.0, 10_000: 5.0}) == pytest.approx(1.0)
    assert growth({100: 1.0, 10_000: 10.0}) == pytest.approx(1.5)


@pytest.mark.parametrize(("share", "how"), [(1.0 / 3.0, "thin"), (1.5, "thicken")])
def test_towns_get_as_many_ties_as_asked_and_nobody_twice(share, how, nurtured):
    _, state = nurtured
    other = state.fork()
    getattr(import_module("town"), how)(other, share)
    held = np.flatnonzero(other.ties.alter != EMPTY)
    assert len(held) == pytest.approx(share * np.count_nonzero(state.ties.alter != EMPTY), abs=1)
    one, end = held // SLOTS, other.ties.alter[held]
    assert (one != end).all()
    assert len(np.unique(np.minimum(one, end) * 1500 + np.maximum(one, end))) == len(held)


def test_memory_and_founding_are_measured():
    town = import_module("town")
    seen = town.memory(1_500, 6_000)
    assert 500.0 < seen["state_bytes_a_resident"] < 3_000.0
    assert seen["peak_6000_mb"] > seen["imports_mb"] > 20.0
    seen = town.founding_seconds(1_500)
    assert 0.0 < seen["from_cache_s"] < 60.0
    assert 500.0 < seen["bytes_in_cache_a_resident"] < 3_000.0


# What changed between two commits.


def test_a_change_is_told_with_its_interval():
    change = import_module("between").change
    luck = np.random.default_rng(1)
    a = np.exp(luck.normal(0.0, 0.05, 40))
    alike, slower = change(a.tolist(), (a[::-1]).tolist()), change(a.tolist(), (1.3 * a[::-1]).tolist())
    assert alike.told == "no difference seen"
    assert slower.low < 1.3 < slower.high
    assert slower.told == "slower"
    assert change((1.3 * a).tolist(), a[::-1].tolist()).told == "quicker"


@needs_git
def test_two_copies_of_this_folder_live_the_same_months(monkeypatch, capsys):
    between = import_module("between")
    sound = between.Side.__init__

    def with_the_cache_of_the_tests(side, commit, within):
        sound(side, commit, within)
        side.environment.pop("TAKESTWO_CACHE")
        if "TAKESTWO_CACHE" in os.environ:
            side.environment["TAKESTWO_CACHE"] = os.environ["TAKESTWO_CACHE"]

    monkeypatch.setattr(between.Side, "__init__", with_the_cache_of_the_tests)
    monkeypatch.setattr(between, "IMPORTS", 3)
    names, changes, same = between.measure(".", ".", ["world=flat", "place.residents=1500"], 3)
    assert same
    assert names == ("this folder as it stands",) * 2
    assert set(changes) == {*(s.name for s in MONTH), "observe", "remember", "the whole month", "import sim"}
    told = between.written(names, changes, 3, same)
    assert "both have the same columns to the bit" in told


@needs_git
def test_a_commit_is_laid_out_as_it_was(tmp_path):
    between = import_module("between")
    (tmp_path / "then").mkdir()
    assert between.laid_out("HEAD", tmp_path / "then").startswith("HEAD (")
    kept = subprocess.run(["git", "show", "HEAD:sim/schedule.py"], cwd=BENCHMARKS, check=True, capture_output=True)
    assert (tmp_path / "then" / "sim" / "schedule.py").read_bytes() == kept.stdout


@needs_git
def test_what_is_no_commit_is_told_in_one_message():
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "between.py"), "nosuch", ".", "--residents", "1500"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "'nosuch' is no commit here" in done.stderr
    assert "Traceback" not in done.stderr


# The table of the README.


def ties_by_id(state):
    """Who is tied to whom, by their permanent numbers, and how strongly."""
    ids, held = state.residents.id, np.flatnonzero(state.ties.alter != EMPTY)
    owners, alters = ids[held // SLOTS], ids[state.ties.alter[held]]
    return sorted(zip(owners.tolist(), alters.tolist(), state.ties.strength[held].tolist(), strict=True))


def test_a_town_in_order_is_the_same_town(nurtured):
    state = nurtured[1].fork()
    state.residents.neighbourhood[:] = np.arange(len(state.residents.id)) % 3
    ordered = import_module("limits").in_order(state)
    assert (np.diff(ordered.residents.neighbourhood) >= 0).all()
    assert ties_by_id(ordered) == ties_by_id(state)


@needs_gcc
def test_each_way_of_a_room_in_c_lives_the_same_month(nurtured):
    """As far as float32 can say it."""
    limits, (config, state) = import_module("limits"), nurtured
    dice = limits.Dice(state.seed, state.month)
    ways = [
        limits.Way("helping", town, config.helping, dice, narrow=narrow)
        for town in (state, limits.in_order(state)) for narrow in (False, True)
    ]  # fmt: skip
    assert all(way.seconds() > 0.0 for way in ways)
    hours = [float(way._columns["helping_hours"].sum()) for way in ways]
    assert hours[0] > 0.0
    assert hours == pytest.approx([hours[0]] * 4, rel=0.02)


def test_the_readme_holds_the_newest_results():
    table = import_module("table")
    assert f"{table.BEGIN}\n{table.told(table.newest())}\n{table.END}" in table.README.read_text(encoding="utf-8")


def test_the_table_says_what_was_asked_and_whether_it_is_met():
    table = import_module("table")
    seen = {
        "whole_month": {
            "20000": {"step_ns": 480.0, "in_c": {"left_out": "no gcc"}},
            "200000": {"step_ns": 690.0, "in_c": {"ties": {"times_c": 3.5, "at_most": 3.0}}},
        },
        "growth": {"exponent": 1.05, "to": 200_000},
    }  # fmt: skip
    lines = table.made(seen).splitlines()[2:]
    assert [line.split("|")[-2].strip() for line in lines] == ["met", "not met", "not met", "met"]
    assert "at most 672" in lines[1]  # 1.4 times what 20,000 take
    assert not [line for line in lines if "takestwo" in line]


def test_parts_of_the_benchmark_are_named(capsys):
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "run.py"), "moth"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "there is no part 'moth'; there are month, common, large, towns, limits, commands" in done.stderr


