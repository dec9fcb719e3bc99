"""A funded area inside a place, who is reached there and what comes of it; and a world that comes after another."""

from functools import cache

import numpy as np
import pytest

from sim import compare, compose, policy
from sim.chance import run_seed
from sim.ensemble import RunSpec, simulate, with_one_area
from sim.founding import found
from sim.observables import OBSERVABLES
from sim.policy import ALL, first_neighbourhoods, reaches
from sim.processes.nurture.kernel import in_reach
from sim.results import Results, read_results, write_results
from sim.schedule import live_a_month
from sim.state import INSIDE, NEXT_DOOR, Policies
from sim.tables import AREA_NAMES, joined
from tests.twins import for_python

AREA = ["place.residents=6000", "place.funded_area=1400", "world=flat", "months=3", "replicates=1"]
FUNDED = [
    "policy=nurture_early", "policy.nurture_early.start=2007-04", "policy.nurture_early.dose=500",
    "policy.nurture_early.where=funded_area",
]  # fmt: skip


@cache
def results(*overrides):
    return Results(joined([simulate(RunSpec(compose([*AREA, *overrides]), 0))]))


def test_the_parts_of_a_place_make_up_the_whole():
    run = results()
    assert run.by_area["area"].tolist()[:3] == list(AREA_NAMES)
    for name in ("charities", "charities_registered"):
        whole = run.results[name].to_numpy()
        assert run.by_area.groupby("month")[name].sum().to_numpy() == pytest.approx(whole)
    state = found(compose(AREA), run_seed(1, 0))
    weights = np.bincount(state.neighbourhoods.area[state.residents.neighbourhood], minlength=3) / 6000.0
    assert (weights > 0.0).tolist() == [True, True, False]  # so small a place has nothing beyond next door
    for name in ("hours_volunteer", "hours_neighbour", "ties_per_resident", "need"):
        parts = run.by_area[name].to_numpy().reshape(3, 3)
        assert np.isnan(parts[:, 2]).all()
        assert parts[:, :2] @ weights[:2] == pytest.approx(run.results[name].to_numpy())


def test_areas_change_no_bit_of_the_whole():
    plain = Results(joined([simulate(RunSpec(compose([*AREA, "place.funded_area=0"]), 0))]))
    assert len(plain.by_area) == 0
    for name in OBSERVABLES:
        assert plain.results[name].to_numpy().tobytes() == results().results[name].to_numpy().tobytes(), name


def test_areas_have_a_file_where_there_are_any(tmp_path):
    write_results(tmp_path / "with", results(), config="", provenance={})
    assert read_results(tmp_path / "with").by_area.equals(results().by_area)
    plain = Results(joined([simulate(RunSpec(compose([*AREA, "place.funded_area=0"]), 0))]))
    write_results(tmp_path / "without", plain, config="", provenance={})
    assert not (tmp_path / "without" / "by_area.parquet").exists()
    assert len(read_results(tmp_path / "without").by_area) == 0


WHERE = [(ALL, [0, 1, 2, 3]), (2, [2]), (first_neighbourhoods(1), [0]), (first_neighbourhoods(3), [0, 1, 2])]


@pytest.mark.parametrize(("where", "inside"), WHERE)
def test_where_is_read_alike_by_both_hands(where, inside):
    assert [b for b in range(4) if reaches(where, b)] == inside
    assert [b for b in range(4) if for_python(in_reach)(where, b)] == inside


def test_a_purse_for_the_area_is_for_its_residents_and_reaches_them_alone():
    config = compose([*AREA, *FUNDED])
    state = found(config, run_seed(1, 0))
    live_a_month(state, config)
    inside = state.neighbourhoods.area[state.residents.neighbourhood] == INSIDE
    met = state.residents.nurtured_hours > 0.0
    assert met.any()
    assert not met[~inside].any()
    assert state.policies.received[0] == pytest.approx(500.0 * inside.sum() / 12.0)


def test_a_place_programme_has_a_ramp_and_its_capital_apart():
    config = compose(["policy=place_programme", "place=county"])
    revenue, capital = config.policy["programme_revenue"], config.policy["programme_capital"]
    assert (revenue.dose + capital.dose, config.place.funded_area) == (200.0, 10_000)
    assert (revenue.months, revenue.ramp, revenue.taper) == (120, 24, 24)
    assert {p.where for p in (revenue, capital)} == {"funded_area"}


def test_the_next_decade_begins_where_the_record_leaves_a_place():
    """The place is not as it was founded: it has lived through the cuts."""
    small = ["place.residents=1500", "months=2"]
    then, now = compose([*small, "world=flat"]), compose([*small, "world=next_decade"])
    before, after = found(then, run_seed(1, 0)), found(now, run_seed(1, 0))
    assert before.month == after.month == 0
    assert after.council.spend_discretionary[0] < 0.8 * before.council.spend_discretionary[0]
    assert after.world.core_funding[0] == pytest.approx(0.82 / 0.98)
    assert len(after.world.core_funding) == now.world.most_months
    row = next(iter(simulate(RunSpec(now, 0)).results["date"])).as_py()
    assert (row.year, row.month) == (2026, 4)
    state, other = found(now, run_seed(1, 0)), found(compose([*small, "world=next_decade_falling"]), run_seed(1, 0))
    assert state.residents.role.tobytes() == other.residents.role.tobytes()  # the same place, until its decade begins


def given_by_home(displacement, *overrides, months=36):
    """Hours that neighbours give a month, by where they live, in the last year, summed over four seeds."""
    here = ["place.residents=3000", "place.funded_area=1000", "world=flat"]
    config = compose([*here, f"helping.displacement={displacement}", *overrides])
    given = np.zeros(3)
    for replicate in range(4):
        state = founded(replicate).fork()
        rows = policy.rows(config.policy, config.world.first_month, config.place.area_neighbourhoods)
        state.policies = Policies(**{n: rows.get(n, np.zeros(len(config.policy))) for n in Policies._fields})
        for month in range(months):
            live_a_month(state, config)
            if month >= months - 12:
                area = state.neighbourhoods.area[state.residents.neighbourhood]
                given += np.bincount(area, state.residents.helping_hours, 3) / 12.0
    return given


@cache
def founded(replicate):
    """A town with the stated displacement, in which it is altered from month 0 on."""
    return found(compose(["place.residents=3000", "place.funded_area=1000", "world=flat"]), run_seed(1, replicate))


def test_giving_next_door_falls_where_new_hours_displace_old_ones():
    """The purse is for the area alone, and those whom it moves to volunteer elsewhere give less to their neighbours.

    Without displacement nobody gives an hour less, wherever he lives: help only goes to others.
    """
    most, none = (given_by_home(delta, *FUNDED) - given_by_home(delta) for delta in (0.8, 0.0))
    assert none == pytest.approx(np.zeros(3), abs=1e-6)
    assert most[INSIDE] < -5.0
    assert most[NEXT_DOOR] < 0.0


def test_scenarios_are_told_by_the_funded_area_of_those_that_have_one():
    """A programme brings its area along; what it is held against has the same people there."""
    plain, area = compose([*AREA, "place.funded_area=0", "months=2"]), compose([*AREA, *FUNDED, "months=2"])
    contrast = compare(plain, area, replicates=2, workers=1)
    assert set(contrast.by_area["area"]) == {"inside", "next door", "the rest"}
    other = compose(["place.residents=1500", "months=2"])
    assert with_one_area([plain, other]) == [plain, other]
    assert [c.place.funded_area for c in with_one_area([plain, area, other])] == [0, area.place.funded_area, 0]
