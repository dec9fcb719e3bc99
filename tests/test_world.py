from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.composition import compose
from sim.config import ConfigError
from sim.state import STRUCTURAL, World
from sim.world import build, drivers

RELATIVE = {"core_funding", "other_income", "care_demand", "household", "hardship"}
"""Columns that stand beside month 0; the others are rates, kinds and yes or no."""
PLACE = compose([]).place


def place(*shares: float) -> Any:
    """The average place with other shares of quintiles, the most deprived first."""
    return PLACE.model_copy(update={"quintile_shares": shares})


def columns(world: str, where: Any = PLACE, months: int = 204) -> Any:
    return build(compose([f"world={world}"]).world, where, months)


def april(values: Any, year: int) -> float:
    return float(values[12 * (year - 2007)])


@pytest.mark.parametrize("world", ["flat", "essay", "history"])
def test_a_world_has_the_columns_of_the_state_and_begins_at_one(world: str) -> None:
    made = columns(world)
    assert set(made) == set(World._fields)
    for name, column in made.items():
        assert len(column) == 204
        if name in RELATIVE:
            assert column[0] == 1


def test_flat_is_flat() -> None:
    made = columns("flat", months=600)
    assert all(set(column) == {1 if name in RELATIVE else 0} for name, column in made.items())


def test_deep_falls_twice_as_far_and_recovery_comes_back() -> None:
    core, deep, back = (columns(world)["core_funding"] for world in ("history", "deep", "recovery"))
    peak = core[36]
    assert np.array_equal(deep[:48], core[:48])
    assert np.allclose(peak - deep[48:], 2 * (peak - core[48:]))
    assert np.array_equal(back[:96], core[:96])
    assert np.all(np.diff(back[95:156:12]) > 0)
    assert np.allclose(back[144:], peak)


def test_reorganisations_come_on_their_dates_and_at_their_rates() -> None:
    history, merger, endless = (columns(world) for world in ("history", "merger", "endless"))
    assert np.flatnonzero(history["planned_health"]).tolist() == [72, 183]
    assert set(np.flatnonzero(history["restructure_rate"])) == set(range(36, 144))
    assert np.flatnonzero(merger["planned_council"]).tolist() == [24]
    assert merger["planned_council"][24] == STRUCTURAL
    assert set(merger["core_funding"]) == set(endless["core_funding"]) == {1}
    assert set(endless["restructure_rate"]) == {0.35}
    assert columns("endless_structural")["structural_rate"].max() == 0.35


def test_household_income_follows_the_drivers() -> None:
    assert columns("history")["household"][200] == pytest.approx(1.06)


def test_history_follows_the_drivers_by_fiscal_year() -> None:
    core = columns("history")["core_funding"]
    for year, row in drivers().items():
        if year < 2024:
            assert april(core, year) == row["core_funding_pp_avg"] / 98.0
    assert np.all(np.diff(core)[np.arange(203) % 12 != 11] == 0.0)


def test_the_band_follows_the_place() -> None:
    """From the most deprived tenth through the average to the least deprived, by mean deprivation."""
    most, least = columns("history", place(1, 0, 0, 0, 0)), columns("history", place(0, 0, 0, 0, 1))
    between = columns("history", place(0, 1, 0, 0, 0))
    for year, row in drivers().items():
        if year < 2024:
            assert april(most["core_funding"], year) == row["core_funding_pp_most_dep10"] / 98.0
            assert april(least["core_funding"], year) == row["core_funding_pp_least_dep10"] / 98.0
    assert most["core_funding"][-1] < between["core_funding"][-1] < columns("history")["core_funding"][-1]


def test_history_has_its_other_paths() -> None:
    made = columns("history")
    assert april(made["other_income"], 2010) == 1.0
    assert april(made["other_income"], 2011) == pytest.approx(1.03)
    assert april(made["other_income"], 2023) == pytest.approx(1.03**13)
    assert april(made["care_demand"], 2015) == 1.0
    assert april(made["care_demand"], 2016) == pytest.approx(1.02)
    assert april(made["hardship"], 2011) == pytest.approx(1.0 + 0.05 * (8.2 - 5.3))
    assert np.flatnonzero(made["meeting_ban"]).tolist() == list(range(156, 168))


def test_the_essay_cuts_grant_and_not_council_tax() -> None:
    """Grant loses 26% by 2014-15 and a tenth of what is left by 2017-18; .64 of core funding is grant."""
    core = columns("essay", months=300)["core_funding"]
    assert april(core, 2010) == 1.0
    assert april(core, 2011) == pytest.approx(1.0 - 0.64 * 0.26 / 4)
    assert april(core, 2014) == pytest.approx(1.0 - 0.64 * 0.26)
    assert april(core, 2017) == april(core, 2031) == pytest.approx(0.36 + 0.64 * 0.74 * 0.90)
    assert np.all(np.diff(core) <= 0.0)
    assert april(columns("essay", place(1, 0, 0, 0, 0))["core_funding"], 2014) == pytest.approx(1.0 - 0.75 * 0.26)
    assert april(columns("essay", place(0, 0, 0, 0, 1))["core_funding"], 2014) == pytest.approx(1.0 - 0.50 * 0.26)


def test_drivers_end_where_they_end() -> None:
    with pytest.raises(ValueError, match="2007 to 2024, and not 2025"):
        columns("history", months=217)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("world.core_funding=essay", "grant_share"),
        ("world.first_month=2007-05", "April"),
        ("world.meeting_ban=[2021-04,2020-04]", "ends before it begins"),
        ("world.meeting_ban=[soon,2020-04]", "is no month; write a year and a month, as 2009-04"),
        ("world.care_growth_rate=1", "from -0.1 to 0.1 (share a year)"),
    ],
)
def test_an_impossible_world_is_refused(override: str, said: str) -> None:
    with pytest.raises(ConfigError) as fault:
        compose([override])
    assert said in str(fault.value)
