"""The record of 2007 to 2024 beside what surveys found, each pattern read off the run as its survey read it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from sim import compose, run_ensemble
from sim.analysis.declared import NOT_READ, READINGS, fall, furthest_from_the_record, verdict
from sim.analysis.patterns import MEASURES, POOLED, near_an_edge, patterns, score
from sim.chance import run_seed
from sim.founding import found
from sim.ledger import Flow
from sim.observables import OBSERVABLES
from sim.schedule import pass_a_month
from sim.units import date_of
from sim.world import drivers

MISSED: dict[str, str] = {}
"""Patterns that the model does not meet, each with the reason. One that is met after all must leave the list."""
EMERGENT = {"C1", "C2", "C3a", "C3b", "C7e", "C7x", "C15"}
RUNS = 2
FEW = {"C8a", "C8b", "C9a", "C9b", "C10", "C11"}
"""Rows for which two runs have too few charities. Of these the slow test asks, over twenty, that none lies outside by
more than luck; C8a and C8b, founded in the middle of their bands, have fallen on either side."""


@pytest.fixture(scope="module")
def history():
    return run_ensemble(compose(["world=history"]), replicates=RUNS, workers=1)


def assert_in_band(table, leaving_out=frozenset()):
    outside = set(table.index[~table["in_band"]]) - leaving_out
    assert outside == set(MISSED) - leaving_out, f"\n{table.to_string()}"


def test_the_record_lies_in_the_band_of_every_survey(history):
    table = score(history.results, history.by_band)
    print(table.to_string())
    assert_in_band(table, FEW)
    assert (table["runs"] == RUNS).all()
    assert len(table) == 18
    frame = history.results
    wrong = frame.assign(trust_council_share=frame["trust_council_share"] * 1.1, left_life=0.0)
    bent = score(wrong, history.by_band)
    assert set(bent.index[~bent["in_band"]]) - FEW == set(MISSED) - FEW | {"C14", "C6"}
    with pytest.raises(AssertionError, match="C14"):
        assert_in_band(bent, FEW)


@pytest.mark.slow
def test_the_record_of_many_runs_lies_in_the_band_of_every_survey():
    many = run_ensemble(compose(["world=history"]), replicates=20)
    table = score(many.results, many.by_band)
    by_luck = {
        row.Index for row in table.itertuples()
        if near_an_edge(patterns()[row.Index], row.value, row.run_5, row.run_95, row.runs)
    }  # fmt: skip
    assert by_luck <= FEW
    assert_in_band(table, by_luck)


def test_luck_is_told_from_a_miss():
    pattern = patterns()["C8a"]
    assert near_an_edge(pattern, 0.797, 0.705, 0.890, 20)
    assert near_an_edge(pattern, 0.82, 0.64, 0.91, 20)
    assert not near_an_edge(pattern, 0.75, 0.705, 0.890, 20)
    assert not near_an_edge(pattern, 0.82, 0.81, 0.83, 20)


# The council's money, reorganisations and all


@pytest.fixture(scope="module")
def councils():
    """Pounds a year of care, of the rest and of reorganising, by run and fiscal year of `history`."""
    config = compose(["world=history", "place.residents=1500"])
    months = np.zeros((4, 204, 3))
    for run, lived in enumerate(months):
        state = found(config, run_seed(config.seed, run))
        for month in range(204):
            pass_a_month(state, config)
            council = state.council
            lived[month] = (
                council.spend_statutory[0], council.spend_discretionary[0], state.ledger[Flow.COUNCIL_REORGANISATION]
            )  # fmt: skip
    return months.reshape(4, 17, 12, 3).sum(axis=2)


def gaps(care, rest):
    """Points beside the check columns of drivers.csv, by run and year: discretionary money, the share of care."""
    rows = {year: row for year, row in drivers().items() if year <= 2023}
    base = rest[:, list(rows).index(2010)][:, None]
    return (
        100.0 * rest / base - [row["discretionary_pp"] for row in rows.values()],
        100.0 * care / (care + rest) - [row["care_share_pct"] for row in rows.values()],
    )


@pytest.mark.parametrize("beside", [True, False])
def test_council_money_is_within_three_points_of_the_record_with_reorganising_or_without(councils, beside):
    """In each run and year. Published spending on services holds redundancy and restructuring, so it is added back.

    Left out, so that it is gone from discretionary money, the record is still met by the mean of the runs in each year.
    A single run may then leave it in a year in which its luck has it pay for much of a reorganisation: one did, by 3.2.
    """
    care, rest, reorganising = np.moveaxis(councils, 2, 0)
    assert (reorganising.sum(axis=1) > 0.0).all()
    for gap in gaps(care, rest + reorganising * beside):
        print(np.abs(gap).max(axis=0).round(2))
        assert np.abs(gap if beside else gap.mean(axis=0)).max() < 3.0
    assert np.abs(gaps(care, rest * np.linspace(1.0, 0.95, 17))[0]).max() > 3.0  # 5% too little would be seen


# The table and how it is read


def test_the_table_has_bands_that_hold_what_was_observed():
    rows = patterns()
    assert set(MEASURES) | set(POOLED) == set(rows)
    assert all(row.low <= row.value <= row.high for row in rows.values())
    assert {name for name in MEASURES if rows[name].use == "emergent"} == EMERGENT
    assert {row.use for row in rows.values()} == {"emergent", "input"}


@pytest.mark.parametrize(("name", "first", "last"), [
    ("C1", "2007-04", "2011-03"), ("C3a", "2008-01", "2010-12"), ("C4", "2018-01", "2018-12"),
    ("C5", "2016-04", "2017-03"), ("C16", "2008-04", "2009-03"), ("C7x", "2008-01", "2011-12"),
    ("C14", "2007-04", "2009-03"),
])  # fmt: skip
def test_a_pattern_is_read_at_the_time_of_its_survey(name, first, last):
    assert patterns()[name].window == (date.fromisoformat(f"{first}-01"), date.fromisoformat(f"{last}-01"))


def made_up(months=204, runs=2, **columns):
    """A frame in which every observable is nil but those given, as functions of the month."""
    first = compose([]).world.first_month
    month = np.arange(months)
    frame = pd.DataFrame({"month": month, "date": pd.to_datetime([date_of(m, first) for m in month])})
    values = {name: columns.get(name, np.zeros_like)(month.astype(float)) for name in OBSERVABLES}
    frame = pd.concat([frame, pd.DataFrame(values)], axis=1)
    return pd.concat([frame.assign(run_id=str(run)) for run in range(runs)], ignore_index=True)


def bands(frame, small=0.8):
    """Of every ten registered charities eight are under £100,000 a year."""
    rows = frame[["run_id", "month"]].assign(charities=10.0 * small, income_band="small")
    return pd.concat([rows, rows.assign(charities=10.0 * (1.0 - small), income_band="large")], ignore_index=True)


def test_few_charities_are_pooled_over_runs_and_years():
    frame = made_up(charities_registered=lambda m: 10.0 + 0.0 * m, income_total=lambda m: 100.0 + 0.0 * m,
                    charities_closed=lambda m: np.where((m >= 69) & (m < 129), 0.05, 9.0),
                    income_share_over_1m=lambda m: 0.5 + 0.0 * m, income_state=lambda m: 36.0 + 0.0 * m)  # fmt: skip
    table = score(frame, bands(frame))
    assert table.loc["C8a", "value"] == pytest.approx(0.8)
    assert table.loc["C8b", "value"] == pytest.approx(0.5)
    assert table.loc["C9b", "value"] == pytest.approx(0.06)
    assert table.loc["C11", "value"] == pytest.approx(0.36)


def test_only_the_months_of_the_window_count():
    frame = made_up(influence=lambda m: np.where((m >= 12) & (m < 24), 0.39, 0.9))
    assert score(frame, bands(frame)).loc["C16", "value"] == pytest.approx(39.0)
    assert score(frame, bands(frame)).loc["C16", "in_band"]
    early = made_up(influence=lambda m: np.where((m >= 11) & (m < 23), 0.39, 0.9))
    assert not score(early, bands(early)).loc["C16", "in_band"]


def test_shares_of_events_are_weighed_by_the_events():
    frame = made_up(
        volunteer_joined=lambda m: np.where(m % 2 == 0, 0.03, 0.01),
        joined_by_ask=lambda m: np.where(m % 2 == 0, 1.0, 0.0),
        left_life=lambda m: 0.02 + 0.0 * m, left_overload=lambda m: 0.01 + 0.0 * m,
        left_one_off=lambda m: 0.01 + 0.0 * m,
    )  # fmt: skip
    assert score(frame, bands(frame)).loc["C5", "value"] == pytest.approx(0.75)
    assert score(frame, bands(frame)).loc["C6", "value"] == pytest.approx(0.5)


def test_seven_years_lie_within_the_run():
    frame = made_up(tie_survival_84=lambda m: np.where(m >= 84, 0.5, 0.0))
    assert score(frame, bands(frame)).loc["C15", "value"] == pytest.approx(0.5)


def test_a_run_that_ends_before_the_survey_has_no_value():
    frame = made_up(months=60)
    table = score(frame, bands(frame))
    assert table.loc[["C4", "C5", "C6", "C15"], "runs"].tolist() == [0, 0, 0, 0]
    assert not table.loc[["C4", "C5", "C6", "C15"], "in_band"].any()
    assert table.loc["C1", "runs"] == 2


# Declared patterns


def test_every_declared_row_is_read_or_it_is_said_why_not():
    rows = patterns("declared")
    assert set(rows) == set(READINGS) | set(NOT_READ)
    assert not set(READINGS) & set(NOT_READ)
    assert {name for name, row in rows.items() if row.use == "pattern"} <= set(READINGS)
    assert set(patterns()).isdisjoint(rows)


def from_month(month, before, after):
    return lambda m: np.where(m < month, before, after)


def fifths(frame, closed=(0.0,) * 5, registered=(10.0,) * 5):
    """The frame by quintile, with so many registered charities and so many closed in each month."""
    each = zip(range(1, 6), closed, registered, strict=True)
    rows = frame[["run_id", "month"]]
    return pd.concat([rows.assign(quintile=q, charities_closed=c, charities_registered=n) for q, c, n in each])


@pytest.mark.parametrize(("name", "columns", "value"), [
    # in the year from April 2009 (months 24 to 35), and that from April 2020 (156 to 167)
    ("V5", {"income_council": lambda m: np.where(m < 36, 100.0, np.where(m < 156, 9.0, 77.0))}, -23.0),
    # in the year from April 2015 (months 96 to 107): 30 of 120
    ("V6a", {"income_state": lambda m: np.where((m >= 96) & (m < 108), 30.0, 90.0),
             "income_total": lambda m: 120.0 + 0.0 * m}, 0.25),
    # in the year from April 2021 (months 168 to 179)
    ("V6b", {"income_state": lambda m: np.where((m >= 168) & (m < 180), 30.0, 90.0),
             "income_total": lambda m: 120.0 + 0.0 * m}, 0.25),
    # 2009 is months 21 to 32, June 2018 month 134, June 2020 month 158
    ("V12a", {"trust_council_share": lambda m: np.where(m < 33, 0.61, np.where(m == 134, 0.56, 0.9))}, -5.0),
    ("V12b", {"trust_council_share": lambda m: np.where(m == 134, 0.56, np.where(m == 158, 0.71, 0.1))}, 15.0),
    ("V19", {"influence": lambda m: np.select([(m >= 108) & (m < 120), (m >= 144) & (m < 156)], [0.27, 0.25], 0.9)},
     -2.0),
    ("V20", {"lonely": lambda m: np.where((m >= 72) & (m < 84), 0.2, np.where(m >= 192, 0.23, 0.9))}, 3.0),
])  # fmt: skip
def test_a_declared_row_is_read_as_its_source_read_it(name, columns, value):
    frame = made_up(**columns)
    table = fall(frame, fifths(frame))
    assert table.loc[name, ["value", "run_5", "run_95"]].tolist() == pytest.approx([value] * 3)
    assert table.loc[name, "runs"] == 2
    shifted = {key: (lambda m, column=column: column(m + 1.0)) for key, column in columns.items()}
    frame = made_up(**shifted)
    assert fall(frame, fifths(frame)).loc[name, "value"] != pytest.approx(value, rel=0.01)


def test_closing_in_ten_years_is_held_against_the_most_affluent_fifth():
    frame = made_up(runs=1)
    # a year: 4% and 2% of those that live
    table = fall(frame, fifths(frame, (0.4 / 12, 9.0, 9.0, 9.0, 0.2 / 12)))
    assert table.loc["V8", "value"] == pytest.approx((1.0 - np.exp(-0.4)) / (1.0 - np.exp(-0.2)))


def test_few_closings_are_pooled_and_a_town_without_any_has_no_bound():
    frame = made_up(runs=2)
    parts = fifths(frame, (0.1, 0.0, 0.0, 0.0, 0.1))
    parts.loc[(parts["run_id"] == "1") & (parts["quintile"] == 5), "charities_closed"] = 0.0
    row = fall(frame, parts).loc["V8"]
    assert row["value"] == pytest.approx((1.0 - np.exp(-1.2)) / (1.0 - np.exp(-0.6)))
    assert row["run_5"] == pytest.approx(1.0)
    assert row["run_95"] == np.inf


def test_sums_of_pounds_are_added_up_over_towns():
    frame = made_up(income_council=from_month(100, 100.0, 50.0))
    frame.loc[frame["run_id"] == "1", "income_council"] = 300.0
    row = fall(frame, fifths(frame)).loc["V5"]
    assert row["value"] == pytest.approx(-12.5)  # of 400 pounds 350 are left; the mean of both towns' falls is 25%
    assert (row["run_5"], row["run_95"]) == pytest.approx((-50.0, 0.0))


def test_a_run_that_lacks_a_month_of_a_survey_has_no_declared_value():
    frame = made_up(months=167)
    table = fall(frame, fifths(frame))
    assert table.loc[["V5", "V6b", "V20"], "runs"].tolist() == [0, 0, 0]
    assert table.loc[["V5", "V6b", "V20"], "value"].isna().all()
    assert table.loc["V12b", "runs"] == 2


def test_how_a_declared_row_fell_is_said_plainly():
    assert verdict("V5", -20.0) == "in its range"
    assert verdict("V5", -40.0) == "outside, too low"
    assert verdict("V8", 3.0) == "outside, too high"
    assert verdict("V12b", 0.0) == "outside, too low, as expected: no rally effect is added to meet it"
    assert verdict("V12b", 15.0) == "in its range, which was not expected"
    assert verdict("V22", np.nan).startswith("not measured: ")
    assert verdict("V5", np.nan) == "no value"


def test_the_gap_to_the_council_of_the_record_is_the_greatest_of_any_year():
    frame = made_up(spend_statutory=from_month(0, 0.0, 49.0), spend_discretionary=from_month(12, 45.0, 51.0))
    gaps = furthest_from_the_record(frame)
    assert gaps["discretionary_pp"] == pytest.approx(41.0)  # 100 in 2019-20, where England had 59
    assert gaps["care_share_pct"] == pytest.approx(16.0)  # 49 in 2023-24, where England had 65
