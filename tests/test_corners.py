"""At the corners of the contested ranges: the design crosses each group once, and the model stays in its domain."""

import math
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from sim import compose, draws
from sim.analysis import corners as visited, turns as became
from sim.analysis.corners import Corner, Life, config_at, contested, live, live_all, trajectory
from sim.analysis.domains import MISSING, UNSEEN, columns, faults, unit_of
from sim.analysis.turns import effects, turns, undone_by, verdicts, written
from sim.chance import run_seed
from sim.composition import options
from sim.config import registry
from sim.ensemble import cores
from sim.founding import FoundingError, found
from sim.founding.solving import LEAST_SHARED, _follow_contexts
from sim.observables import OBSERVABLES
from sim.parameters import REGISTRY
from sim.schedule import live_a_month
from sim.state import EMPTY
from sim.vectors import paths, vector
from tests.test_agreement import CONFIG
from tests.test_invariants import assert_all_holds
from tests.towns import town

TRAJECTORIES = int(os.environ.get("TAKESTWO_TRAJECTORIES", "3"))
"""Of the slow design; each visits sixteen corners."""
MOST_REFUSED = 0.25
"""Share of corners at which no place need be found."""
K = 3
FOUR_YEARS = 48
"""Months: by then the first policies, cuts and reorganisations have come."""


# The design


def test_each_group_crosses_once_and_whole_and_all_stays_on_the_ends():
    groups = contested()
    walked = trajectory(K)
    assert {entry.path for entries in groups.values() for entry in entries} == set(paths())
    assert sorted(corner.crossed for corner in walked[1:]) == sorted(groups)
    for before, after in pairwise(walked):
        moved = {path for path in before.high if before.high[path] != after.high[path]}
        assert moved == {entry.path for entry in groups[after.crossed]}
        assert before.numbers() != after.numbers()
    for corner in walked:
        for path, number in corner.numbers().items():
            low, high = REGISTRY[path].likely or (REGISTRY[path].low, REGISTRY[path].high)
            assert number == pytest.approx(high if corner.high[path] else low, rel=1e-12)


def test_the_last_corner_is_opposite_to_the_first():
    walked = trajectory(K)
    assert walked[-1].high == {path: not high for path, high in walked[0].high.items()}
    assert [corner.name for corner in walked] == [f"{K}.{step}" for step in range(len(walked))]


def test_trajectories_begin_at_different_corners_and_cross_in_different_orders():
    many = [trajectory(k) for k in range(40)]
    starts = np.array([[t[0].high[path] for path in paths()] for t in many])
    assert len(np.unique(starts, axis=0)) == 40
    assert np.all((starts.mean(axis=0) > 0.15) & (starts.mean(axis=0) < 0.85))
    assert len({tuple(corner.crossed for corner in t) for t in many}) == 40


def test_every_corner_can_be_composed():
    base = compose([])
    for corner in trajectory(K):
        assert vector(config_at(base, corner)) == {path: corner.numbers()[path] for path in paths()}


def test_what_a_room_refuses_is_started_again():
    def feeds_on_itself(high):
        return all(high[f"need.crisis_{part}"] for part in ("chance", "ratio", "kept"))

    attempts = [{p: draws.uniform(k, p) >= 0.5 for p in paths() if p.startswith("need.")} for k in range(40)]
    assert any(feeds_on_itself(high) for high in attempts)
    assert not any(feeds_on_itself(corner.high) for k in range(40) for corner in trajectory(k))


def test_a_room_that_refuses_every_corner_is_told(monkeypatch):
    def never(**_):
        raise ValueError("no")

    monkeypatch.setitem(visited.ROOMS, "need", never)
    with pytest.raises(ValueError, match="need has no two opposite corners"):
        trajectory(K)


def test_a_trajectory_is_the_same_in_another_process():
    code = f"from sim.analysis.corners import trajectory; print([c.numbers() for c in trajectory({K})])"
    said = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": hashes},
        ).stdout
        for hashes in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert len(said[0]) > 1000


def test_every_policy_has_work():
    assert sorted([*visited.POLICIES, "none"]) == options("policy")


# The domains


@pytest.fixture(scope="module")
def half():
    """A month's columns, nearly all at a half: in every domain, and no denominator is nil."""
    row = columns(live_a_month(town(residents=90, neighbourhoods=3, seed=5, month=0), CONFIG))
    opened = {column: 0.0 for column in row if column[0] == "charities_opened"}
    return dict.fromkeys(row, 0.5) | {("section_114", ""): 1.0} | opened


def planted(half, values, part=""):
    """Two years, with other values in the last month."""
    assert all((name, part) in half for name in values)
    return [half] * 23 + [half | {(name, part): value for name, value in values.items()}]


SHARES = [name for name, o in OBSERVABLES.items() if o.unit.startswith("share") or o.unit in {"0 to 1", "0 or 1"}]


def test_a_row_holds_all_that_is_written_down(half):
    assert {name for name, part in half if not part} == set(OBSERVABLES)
    assert len({part for _, part in half}) == 1 + 5 + 7 + 4  # the whole, quintiles, bands and the town's services
    assert faults([half, half]) == []
    assert unit_of(("locality", "band micro")) == "share"
    assert unit_of(("use", "service 0")) == "hours of need met/1,000 residents"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.01])
def test_nothing_may_be_missing_infinite_or_negative(half, value):
    for name, part in half:
        empty_quintile = name == "need" and part.startswith("quintile")
        if not (math.isnan(value) and (name in UNSEEN or empty_quintile)):
            assert faults(planted(half, {name: value}, part))[0].startswith(f"month 23: {name}")


def test_no_share_may_pass_one(half):
    assert len(SHARES) > 35
    for name in SHARES:
        assert faults(planted(half, {name: 1.01})) == [f"month 23: {name} is 1.01, {told_of(name)}"]
        assert faults(planted(half, {name: 1.0})) == []


def told_of(name):
    return "neither 0 nor 1" if name == "section_114" else "above 1"


@pytest.mark.parametrize("name", sorted(MISSING))
def test_what_has_no_denominator_may_be_missing(half, name):
    of, nil, ago = MISSING[name]
    missing, nothing = {(name, ""): math.nan}, {(of, ""): nil}
    assert faults([half | missing | nothing]) == []
    assert len(faults([half | missing])) == 1
    later = [half] * ago + [half | missing]
    assert len(faults(later)) == 1
    assert faults([half | nothing, *later[1:]]) == [] or not ago


def test_shares_of_hours_may_be_missing_where_nobody_gave_any_in_a_year(half):
    idle = {("hours_volunteer", ""): 0.0, ("hours_neighbour", ""): 0.0}
    missing = idle | {("hours_top9_share", ""): math.nan}
    assert faults([half] + [half | idle] * 11 + [half | missing]) == []
    assert len(faults([half] + [half | idle] * 10 + [half | missing])) == 1


def test_the_share_of_large_charities_may_be_missing_where_none_has_income(half):
    missing = {("income_share_over_1m", ""): math.nan}
    poor = {column: 0.0 for column in half if column[0] == "income_total" and column[1][:4] == "band"}
    assert faults([half | missing | poor | {("income_total", "band unregistered"): 0.5}]) == []
    assert len(faults([half | missing | poor | {("income_total", "band micro"): 0.5}])) == 1


def test_a_bad_part_is_named(half):
    above = faults(planted(half, {"trust_council": 1.5}, "quintile 2"))
    assert above == ["month 23: trust_council in quintile 2 is 1.5, above 1"]
    assert faults(planted(half, {"section_114": 0.5})) == ["month 23: section_114 is 0.5, neither 0 nor 1"]


def test_where_nobody_lives_all_may_be_missing_and_who_has_no_ties_is_not_seen(half):
    empty = {name: math.nan for name, part in half if part == "quintile 3" and OBSERVABLES[name].unit != "bodies"}
    assert faults(planted(half, empty, "quintile 3")) == []
    assert faults(planted(half, {"locality": math.nan}, "band super")) == []


def test_growth_may_be_missing_only_where_all_bodies_are_young(half):
    old = {"income_growth_median": math.nan, "charities_registered": 2.0, "charities_opened": 1.0}
    assert len(faults(planted(half, old))) == 1
    assert faults(planted(half, old | {"charities_opened": 2.0})) == []
    assert faults([half | {("income_growth_median", ""): math.nan}]) == []
    assert faults(planted(half, {"charities": 0.0, "income_growth_median": math.nan}, "band super")) == []


def test_only_the_first_month_of_a_fault_is_told(half):
    bad = half | {("trust_council", ""): 2.0}
    assert faults([half, bad, bad]) == ["month 1: trust_council is 2.0, above 1"]


# Founding


@pytest.mark.parametrize(("hours", "at"), [(0.0, LEAST_SHARED), (1e12, 1.0)])
def test_what_ties_share_is_measured_within_what_there_is_to_share(hours, at):
    """Where hardly any tie shares a context, the measure of a class must neither vanish nor grow without end."""
    state, p = town(residents=90, seed=5), CONFIG.meeting
    state.ties.hours[:] = hours
    for _ in range(60):
        _follow_contexts(state, state.ties.alter != EMPTY, p)
    most = p.street_weight + p.group_weight + p.venue_weight + p.remote_weight
    assert state.classes.contexts_founding == pytest.approx(at * most)


# Lives


def test_a_place_that_cannot_be_founded_is_refused_and_a_crash_is_a_fault(monkeypatch):
    corner, base = trajectory(K)[0], compose(["place.residents=1500"])
    for error, refused, told in (
        (FoundingError("no such place"), "no such place", []),
        (ZeroDivisionError("by nought"), "", ["month 0: ZeroDivisionError: by nought"]),
    ):
        def fails(config, seed, error=error):
            raise error

        monkeypatch.setattr(visited, "found", fails)
        life = live(corner, "none", base)
        assert (life.refused, life.faults, life.paths) == (refused, told, {})


def test_a_life_keeps_its_stocks_by_year_and_tells_what_is_amiss(monkeypatch, half):
    base, row = compose(["world=flat", "months=24", "place.residents=1500"]), dict(half)

    def spoiled(state, config):
        live_a_month(state, CONFIG)
        row["trust_council", ""] = 7.0
        return row

    monkeypatch.setattr(visited, "found", lambda *_: town(residents=90, seed=5, month=0))
    monkeypatch.setattr(visited, "missed", lambda _: ["ties a resident: 11, not 15"])
    monkeypatch.setattr(visited, "live_a_month", spoiled)
    monkeypatch.setattr(visited, "columns", dict)
    one, other = live_all([trajectory(K)[0]], {"a": base, "b": base})
    assert (one.scenario, other.scenario) == ("a", "b")
    assert one.faults == ["month 0: trust_council is 7.0, above 1"]
    assert {len(path) for path in one.paths.values()} == {3}
    assert one.elsewhere == ("ties a resident: 11, not 15",)
    assert one.paths["ties"][0] == np.count_nonzero(town(residents=90, seed=5, month=0).ties.alter != EMPTY)


def lives(*ties, k=0, scenario="none"):
    """A life at each corner of made-up stocks."""
    names = ["", "x", "y"]
    walked = [Corner(k, step, names[step], {"x.a": step > 0, "y.b": step > 1}) for step in range(len(ties))]
    return [Life(c, scenario, "", [], {"ties": [1.0, end]} if end else {}) for c, end in zip(walked, ties, strict=True)]


def test_a_stock_empties_doubles_or_is_not_there():
    assert verdicts([100.0, 60.0, 150.0]) == {}
    assert verdicts([100.0, 6.0, 4.0, 8.0]) == {"empties": 2}
    assert verdicts([100.0, 201.0, 300.0]) == {"doubles": 2}
    assert verdicts([100.0, 4.0, 300.0]) == {"empties": 1, "doubles": 2}
    assert verdicts([100.0, -5.0]) == {"empties": 1}
    assert verdicts([1e-9, 1.0, 2.0]) == {"empty from the first": 2}


def test_what_a_turn_hangs_on_is_the_group_that_crossed_beside_it():
    turned = turns([*lives(1.0, 3.0, 1.0), *lives(1.0, 3.0, 3.0, k=1), *lives(0.0, 3.0, 1.0, k=2)])
    assert [(t.life.corner.name, t.what, t.hinges) for t in turned] == [
        ("0.1", "doubles", ("x", "y")), ("1.1", "doubles", ("x",)), ("1.2", "doubles", ()), ("2.1", "doubles", ("y",)),
    ]  # fmt: skip


def test_effects_are_mean_sizes_of_changes_as_one_group_crosses():
    found = effects([*lives(1.0, math.e, 1.0), *lives(1.0, math.e**3, math.e**3, k=1)], "none")
    assert found["ties"] == {"x": pytest.approx(2.0), "y": pytest.approx(0.5)}
    assert effects([*lives(1.0, 0.0, 1.0)], "none") == {}
    assert effects(lives(1.0, 2.0), "other") == {}


def test_a_turn_is_undone_by_the_numbers_without_which_it_does_not_come(monkeypatch):
    (turn,) = turns(lives(1.0, 3.0))
    groups = {"x": [REGISTRY["need.ban_ratio"], REGISTRY["need.crisis_kept"]], "y": [REGISTRY["ties.build"]]}
    monkeypatch.setattr(became, "contested", lambda: groups)
    crossed = []

    def relived(corner, scenario, base, path):
        crossed.append(path)
        return turn.life._replace(paths={"ties": [1.0, 3.0 if path == "need.ban_ratio" else 1.0]})

    monkeypatch.setattr(became, "live", relived)
    assert undone_by(turn, compose([])) == ["need.crisis_kept"]
    assert crossed == ["need.ban_ratio", "need.crisis_kept"]


def test_a_number_may_cross_alone_on_the_first_morning(monkeypatch):
    corner, path, seen = trajectory(K)[0], "ties.build", []
    monkeypatch.setattr(visited, "found", lambda config, _: seen.append(config) or town(residents=9, month=0))
    monkeypatch.setattr(visited, "live_a_month", lambda _, config: seen.append(config) or {})
    monkeypatch.setattr(visited, "columns", dict)
    live(corner, "none", compose(["place.residents=1500", "months=1"]), path)
    before, after = (vector(config) for config in seen)
    assert {name for name in before if before[name] != after[name]} == {path}


def test_the_list_names_every_corner():
    mine = [*lives(1.0, 1.0, 3.0), *lives(1.0, 0.0, 0.01, k=1)]
    text = written(mine)
    assert "6 corners" in text
    assert "than they were to: none." in text
    lonely = [*mine[:-1], mine[-1]._replace(elsewhere=("ties a resident: 11, not 15",))]
    assert "than they were to: ties a resident (not 15) at 1, from 11 to 11." in written(lonely)
    assert "| ties | doubles | 1 of 5 |" in text
    assert "| ties | empties | 1 of 5 |" in text
    assert "| 0.2 | none | ties 3 in year 1 (y) |" in text
    assert "| 1.2 | none | ties 0.01 in year 1 |" in text
    (double, empty) = turns(mine)
    real = double._replace(life=double.life._replace(corner=trajectory(K)[0]))
    assert f"{K}.0: ties.build = 0.0" in written(mine, {double.kind: (real, ["ties.build"])})
    assert empty.kind == ("ties", "empties")


# The whole design


@pytest.fixture(scope="module")
def design():
    corners = [corner for k in range(TRAJECTORIES) for corner in trajectory(k)]
    scenarios = {name: compose(overrides) for name, overrides in visited.SCENARIOS.items()}
    made = live_all(corners, scenarios, workers=cores())
    print(written(made))
    return made


@pytest.mark.slow
def test_at_no_corner_is_an_observable_infinite_missing_or_out_of_its_domain(design):
    amiss = {f"{life.corner.name} {life.scenario}": life.faults for life in design if life.faults}
    assert amiss == {}


@pytest.mark.slow
@pytest.mark.parametrize("step", range(len(contested()) + 1))
def test_the_books_balance_and_the_state_stays_within_its_bounds_at_corners(step):
    corner = trajectory(0)[step]
    config = config_at(compose(visited.SCENARIOS["all"]), corner)
    assert_all_holds(found(config, run_seed(config.seed, corner.trajectory)), config, FOUR_YEARS)


@pytest.mark.slow
def test_a_place_can_be_founded_at_nearly_every_corner(design):
    refused = {life.corner.name: life.refused for life in design if life.refused}
    assert len(refused) <= MOST_REFUSED * len({life.corner.name for life in design}), refused


@pytest.mark.slow
def test_every_corner_was_visited(design):
    assert len(design) == TRAJECTORIES * (len(contested()) + 1) * len(visited.SCENARIOS)
    assert {path for corner in (life.corner for life in design) for path in corner.high} == {
        path for path, entry in registry().items() if entry.is_number
    }  # fmt: skip
