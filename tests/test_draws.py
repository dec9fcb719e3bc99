"""Draws: one keyed point of all ranges, the same everywhere; and a configuration's numbers as a flat vector."""

import math
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from sim import compose, draws
from sim.composition import config_of
from sim.config import Config, ConfigError, registry
from sim.ensemble import RunSpec
from sim.founding import missed, solving
from sim.founding.solving import FoundingError, guess, shortfalls
from sim.parameters import REGISTRY, Entry, parameter
from sim.vectors import paths, vector, with_vector

CENTRE = compose([])


def entry(default, low, high, likely=None):
    return Entry(
        path="x.y", room="x", field="y", default=default, unit="", low=low, high=high, meaning="", source="",
        confidence="low", likely=likely,
    )  # fmt: skip


def test_draw_nought_is_the_centre():
    assert compose(["draw=0"]) == CENTRE
    assert vector(CENTRE) == {path: registry()[path].default for path in paths()}


def test_a_draw_moves_every_number_and_no_switch():
    drawn, centre = vector(compose(["draw=3"])), vector(CENTRE)
    whole = {path for path, value in drawn.items() if isinstance(value, int)}
    assert whole == {
        "volunteering.waiting_months", "volunteering.new_months", "reorganisation.fresh_ties",
        "reorganisation.notice_months", "survival.group_young_months", "survival.bad_years", "meeting.circle",
    }  # fmt: skip
    assert all(drawn[path] != centre[path] for path in drawn if path not in whole)
    assert all(REGISTRY[path].low <= value <= REGISTRY[path].high for path, value in drawn.items())
    fixed = [e for e in REGISTRY.values() if not e.is_number]
    assert {type(e.default) for e in fixed} == {bool, str}
    assert all(getattr(compose(["draw=3"]).rooms[e.room], e.field) == e.default for e in fixed)
    assert set(drawn) == set(REGISTRY) - {e.path for e in fixed}


def test_a_draw_is_this_one_on_every_machine():
    drawn = vector(compose(["draw=1"]))
    assert drawn["volunteering.ask_chance"] == pytest.approx(0.06105293653926072, rel=1e-12)
    assert drawn["ties.time_limit"] == pytest.approx(35.65376736850274, rel=1e-12)
    assert drawn["volunteering.new_months"] == 12


def test_a_draw_does_not_depend_on_the_order_of_rooms_or_on_other_parameters(monkeypatch):
    before = asdict(draws.room("ties", 5))
    turned = dict(reversed([*REGISTRY.items(), ("need.new", replace(REGISTRY["need.ban_ratio"], path="need.new"))]))
    monkeypatch.setattr(draws, "REGISTRY", turned)
    assert asdict(draws.room.__wrapped__("ties", 5)) == before


def test_a_draw_is_the_same_in_another_process():
    code = "from sim import compose; from sim.vectors import vector; print(vector(compose(['draw=7'])))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(vector(compose(["draw=7"])))


def test_draws_differ_and_parameters_are_not_drawn_alike():
    u = np.array([[draws.uniform(k, path) for path in paths()] for k in range(1, 401)])
    assert len(np.unique(u)) == u.size
    assert abs(u.mean() - 0.5) < 4 * math.sqrt(1 / 12 / u.size)
    off = np.corrcoef(u.T)[np.triu_indices(u.shape[1], 1)]
    assert np.abs(off).max() < 0.25  # five standard errors
    assert draws.uniform(1, "a.b", 0) != draws.uniform(1, "a.b", 1)


def test_values_are_spread_as_said():
    u = (np.arange(1000) + 0.5) / 1000
    assert draws.value(entry(2.0, 1.0, 4.0), 0.5) == 2.5
    assert draws.value(entry(0.0, -1.0, 1.0), 0.25) == -0.5
    assert draws.value(entry(1.0, 0.0, 100.0), 0.5) == 50.0
    assert draws.value(entry(1.0, 1.0, 30.0), 0.5) == 15.5
    assert draws.value(entry(1.0, 0.1, 10.0), 0.5) == pytest.approx(1.0)
    assert draws.value(entry(0.5, 0.0, 1.0, likely=(0.4, 0.6)), 0.25) == pytest.approx(0.45)
    whole = [draws.value(entry(1, 0, 3), x) for x in u]
    assert np.bincount(whole).tolist() == [250] * 4
    assert {type(x) for x in whole} == {int}
    for e in (entry(2.0, 1.0, 4.0), entry(1.0, 0.1, 10.0), entry(1, 0, 3)):
        assert all(e.low <= draws.value(e, x) <= e.high for x in (2.0**-53, 1.0 - 2.0**-53))


def test_a_likely_range_holds_the_default_and_lies_in_the_range():
    facts = {"unit": "", "low": 0.0, "high": 1.0, "meaning": "m", "source": "s"}
    assert parameter(0.5, **facts, likely=(0.4, 0.6)).metadata["likely"] == (0.4, 0.6)
    for likely in ((0.6, 0.7), (0.4, 1.1)):
        with pytest.raises(ValueError, match="likely"):
            parameter(0.5, **facts, likely=likely)


def refused_at_once(k):
    entries = [e for path, e in REGISTRY.items() if path.startswith("need.")]
    first = {e.path[5:]: draws.value(e, draws.uniform(k, e.path)) for e in entries}
    return first["crisis_chance"] * first["crisis_ratio"] >= 1.0 - first["crisis_kept"]


def test_what_a_room_refuses_is_drawn_again():
    again = [k for k in range(1, 200) if refused_at_once(k)]
    assert 5 < len(again) < 60
    for k in again:
        p = draws.room("need", k)
        assert p.crisis_chance * p.crisis_ratio < 1.0 - p.crisis_kept
        e = REGISTRY["need.care_hours"]
        assert p.care_hours in [draws.value(e, draws.uniform(k, e.path, attempt)) for attempt in range(1, 9)]
    kept = next(k for k in range(1, 200) if k not in again)
    assert draws.room("need", kept).care_hours == draws.value(e, draws.uniform(kept, e.path, 0))


def test_a_room_that_refuses_everything_is_told(monkeypatch):
    def never(**_):
        raise ValueError("no")

    monkeypatch.setitem(draws.ROOMS, "need", never)
    with pytest.raises(ValueError, match="choose another"):
        draws.room.__wrapped__("need", 2)


def test_what_is_set_wins_and_leaves_the_rest_of_the_draw():
    alone, set_too = vector(compose(["draw=3"])), vector(compose(["draw=3", "ties.build=0.0077", "need.crisis_kept=0"]))
    assert set_too == alone | {"ties.build": 0.0077, "need.crisis_kept": 0.0}  # the stated value, and set all the same
    with pytest.raises(ConfigError, match=r"with the other numbers of draw=3: .*lower one"):
        compose(["draw=3", "need.crisis_chance=.1", "need.crisis_ratio=5", "need.crisis_kept=.9"])


def test_a_drawn_configuration_is_made_again_from_what_is_resolved():
    drawn = compose(["draw=3", "ties.build=0.01"])
    assert Config.check(drawn.resolved()) == drawn
    assert drawn.content() != CENTRE.content()
    drawn_run, central_run = RunSpec(drawn, 0), RunSpec(CENTRE, 0)
    assert (drawn_run.identity["draw"], central_run.identity["draw"]) == (3, 0)
    assert drawn_run.run_id != central_run.run_id
    assert drawn_run.seed == central_run.seed
    assert drawn.resolved()["ties"]["kept_weak"] == draws.room("ties", 3).kept_weak


def test_the_vector_goes_there_and_back():
    drawn = vector(compose(["draw=9"]))
    assert vector(with_vector(CENTRE, drawn)) == drawn
    assert with_vector(CENTRE, vector(CENTRE)) == CENTRE
    part = {"ties.build": np.float64(0.006), "volunteering.new_months": np.int64(4), "volunteering.waiting_months": 2.0}
    found = vector(with_vector(CENTRE, part))
    assert found == vector(CENTRE) | part
    assert (found["ties.build"], found["volunteering.new_months"]) == (0.006, 4)
    assert type(found["volunteering.waiting_months"]) is int
    assert list(found) == paths()
    assert paths()[0].startswith("renewal.")
    assert paths()[-1].startswith("survival.")


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"ties.biuld": 0.006}, "Did you mean ties.build?"),
        ({"build": 0.006}, "Did you mean ties.build?"),
        ({"funding.cuts": 1}, "is a switch"),
        ({"funding.decide_at": 1}, "is a choice of authority or neighbourhood"),
        ({"picture.on": 0}, "is a switch"),
        ({"ties.build": 1.0}, "from 0.005 to 0.012"),
        ({"ties.build": float("nan")}, "from 0.005 to 0.012"),
        ({"volunteering.new_months": 2.5}, "whole numbers from 0 to 12"),
        ({"need.crisis_chance": 0.1}, "lower one of the three"),
    ],
)
def test_a_bad_vector_is_one_clear_message(numbers, said):
    with pytest.raises(ConfigError) as fault:
        with_vector(CENTRE, numbers)
    assert said in str(fault.value)


def test_a_place_that_misses_its_targets_is_told():
    fine = guess()._replace(start=guess().start._replace(owned=np.array([2.5, 3.0, 2.0])))
    assert shortfalls(fine) == []
    lonely = fine._replace(start=fine.start._replace(owned=np.array([0.5, 3.0, 2.0])))
    assert shortfalls(lonely) == ["ties a resident: 11, not 15", "bonding ties a resident: 1, not 5"]
    assert missed(compose(["ties.build=0.0093219"])) == []  # not founded


def test_constants_that_are_no_numbers_are_a_plain_fault(monkeypatch):
    def spoil(state, *_, **__):
        state.constants.need_scale[0] = math.nan

    monkeypatch.setattr(solving, "MONTHS", 181)
    monkeypatch.setattr(solving, "RESIDENTS", 1500)
    monkeypatch.setattr(solving, "lean", spoil)
    with pytest.raises(FoundingError, match=r"draw=3 .* Leave this draw out"):
        solving.solve(compose(["draw=3"]))


def test_names_without_values_stay_out_of_a_configuration():
    from sim.composition import _composed

    composed = _composed(["ties.build=0.006"])
    assert config_of(composed).ties.build == 0.006
    assert config_of(composed).ties.kept_weak == CENTRE.ties.kept_weak
