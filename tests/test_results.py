"""Results: columns are those published, numbers are those lived, files come back as they were written."""

import errno
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim import compose
from sim.chance import run_seed
from sim.files import OutputError, read_parquet, write_parquet, write_text
from sim.founding import found
from sim.observables import OBSERVABLES, Observed, parties
from sim.results import SUMMARY, Results, read_results, write_results, yearly
from sim.schedule import live_a_month
from sim.state import EMPTY, NOBODY, SLOTS
from sim.tables import ALWAYS, PARTS, SCENARIO, SCHEMAS, Diary, joined, published_schema
from sim.together import together
from tests.towns import town

IDENTITY = {
    "run_id": "ab12", "place": "here", "world": "flat", "policy": "none", "rival": "none", "ablation": "none",
    "draw": 0, "replicate": 0, "seed": 7,
}  # fmt: skip
LEADING = ["run_id", "place", "world", "policy", "rival", "ablation", "draw", "replicate", "seed", "month", "date"]
STARRED = [name for name, o in OBSERVABLES.items() if o.by_quintile]
OUTCOME = "trust_council"


def observed(number):
    """A month in which every observable has one value, and each quintile, band and service its own."""
    whole = dict.fromkeys(OBSERVABLES, float(number))
    names = {
        "by_quintile": STARRED, "by_area": STARRED, "by_band": parties.UNITS["by_band"],
        "by_service": parties.UNITS["by_service"],
    }  # fmt: skip
    each = {
        table: {name: tuple(number + k / 10 for k, _ in enumerate(PARTS[table][1], start=1)) for name in columns}
        for table, columns in names.items()
    }
    return Observed(whole, **each)


def run(values, *, record=(), state=None, **identity):
    """One run's tables, with one value a month for all observables."""
    dates = [date(2007 + (3 + m) // 12, (3 + m) % 12 + 1, 1) for m in range(len(values))]
    diary = Diary(IDENTITY | identity, dates, record)
    for value in values:
        diary.write(observed(value), state)
    return diary.tables()


def several(changes, **identity):
    """Results of runs of 36 months, each starting at 10 and ending `change` higher."""
    runs = [
        run([10.0] * 12 + [50.0] * 12 + [10.0 + c] * 12, run_id=f"r{i}", replicate=i, **identity)
        for i, c in enumerate(changes)
    ]
    return Results(joined(runs))


def test_schema_file_says_what_the_tables_are():
    path = Path(__file__).resolve().parents[1] / "sim" / "data" / "schema.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    assert published == published_schema(), "takestwo verify --publish writes it anew"


def test_columns_stand_in_the_order_that_users_hold():
    assert SCHEMAS["results"].names == LEADING + list(OBSERVABLES)
    assert SCHEMAS["by_quintile"].names == [*LEADING, "quintile", *STARRED]
    assert SCHEMAS["by_band"].names == [*LEADING, "income_band", *parties.UNITS["by_band"]]
    assert SCHEMAS["by_service"].names == [*LEADING, "service", *parties.UNITS["by_service"]]
    assert all(SCHEMAS["results"].field(name).type == pa.float64() for name in OBSERVABLES)


def test_every_column_says_its_unit_and_meaning():
    for schema in SCHEMAS.values():
        for field in schema:
            assert field.metadata[b"unit"], field.name
            assert field.metadata[b"meaning"], field.name


def test_a_run_is_written_down_month_by_month():
    tables = run([1.5, 2.5])
    assert tables.results.schema.equals(SCHEMAS["results"], check_metadata=True)
    assert tables.results["month"].to_pylist() == [0, 1]
    assert tables.results["date"].to_pylist() == [date(2007, 4, 1), date(2007, 5, 1)]
    assert tables.results[OUTCOME].to_pylist() == [1.5, 2.5]
    assert tables.results["seed"].to_pylist() == [7, 7]


def test_quintiles_follow_their_month():
    table = run([1.0, 2.0]).by_quintile
    assert table["month"].to_pylist() == [0] * 5 + [1] * 5
    assert table["quintile"].to_pylist() == [1, 2, 3, 4, 5] * 2
    assert table[OUTCOME].to_pylist() == pytest.approx([1.1, 1.2, 1.3, 1.4, 1.5, 2.1, 2.2, 2.3, 2.4, 2.5])


@pytest.mark.parametrize(("name", "parts", "column"), [("by_band", 7, "income_total"), ("by_service", 8, "spend")])
def test_bands_and_services_follow_their_month(name, parts, column):
    table = getattr(run([1.0, 2.0]), name)
    assert table["month"].to_pylist() == [0] * parts + [1] * parts
    label, names = PARTS[name]
    assert table[label].to_pylist() == list(names) * 2
    assert len(set(names)) == parts
    assert table[column].to_pylist() == pytest.approx([m + k / 10 for m in (1, 2) for k in range(1, parts + 1)])


def test_what_bands_and_services_hold_adds_up_to_the_whole():
    config = compose(["world=flat", "place.residents=1500"])
    state = found(config, run_seed(1, 0))
    for _ in range(3):
        seen = live_a_month(state, config)
    money = ("income_total", "income_council", "income_grants", "income_contracts", "income_private")
    for column in ("charities", *money):
        assert sum(seen.by_band[column]) == pytest.approx(seen.whole[column]), column
        assert seen.whole[column] > 0
    assert sum(seen.by_service["hours_staff"]) == pytest.approx(seen.whole["hours_council"])
    assert sum(seen.by_service["venues_open"]) == seen.whole["venues_open"]
    spent = seen.whole["spend_statutory"] + seen.whole["spend_discretionary"]
    assert 0.8 * spent < sum(seen.by_service["spend"]) <= spent * (1 + 1e-12)  # the rest are grants and reorganising


def test_states_are_kept_at_the_first_and_the_last_month():
    state = town(residents=40)
    tables = run([1.0, 2.0, 3.0], record=("residents", "ties"), state=state)
    assert set(tables.residents["month"].to_pylist()) == {0, 2}
    assert tables.residents["id"].to_pylist() == state.residents.id.tolist() * 2
    assert len(tables.ties) == 2 * np.count_nonzero(state.ties.alter != EMPTY)
    assert run([1.0]).residents is None


def test_what_was_written_down_does_not_change_with_the_state():
    state, alone = town(residents=9), town(residents=9)
    diary = Diary(IDENTITY, [date(2007, 4, 1), date(2007, 5, 1)], ("residents", "ties"))
    diary.write(observed(1.0), state)
    for rows in (state.residents, state.ties):
        for name in rows._fields:
            getattr(rows, name)[:] = 0
    diary.write(observed(2.0), state)
    first = diary.tables().residents.filter(pa.compute.field("month") == 0)
    assert first.equals(run([1.0], record=("residents",), state=alone).residents)


def test_residents_are_as_in_the_state():
    state = town(residents=40)
    state.residents.role[0], state.residents.role[1] = NOBODY, 0
    table = run([1.0], record=("residents",), state=state).residents
    assert table["charity"].to_pylist()[:2] == [None, int(state.charities.id[0])]
    assert table["role_since"].to_pylist()[0] is None
    degree = [int((state.ties.alter[i * SLOTS : (i + 1) * SLOTS] != EMPTY).sum() + (state.ties.alter == i).sum())
              for i in range(40)]  # fmt: skip
    assert table["ties"].to_pylist() == degree
    assert table["need"].to_pylist() == state.residents.need.sum(axis=1).tolist()


def test_ids_of_63_bits_survive_gaps_in_frames():
    state = town(residents=40)
    state.residents.role[0], state.residents.role[1] = NOBODY, 0
    state.charities.id[0] = 2**62 + 1
    frame = Results(run([1.0], record=("residents",), state=state)).residents
    assert frame["charity"][1] == 2**62 + 1
    assert pd.isna(frame["charity"][0])


def test_ties_name_the_smaller_id_first():
    state = town(residents=40)
    table = run([1.0], record=("ties",), state=state).ties
    pairs = list(zip(table["smaller_id"].to_pylist(), table["larger_id"].to_pylist(), strict=True))
    assert all(a < b for a, b in pairs)
    slot = int(np.flatnonzero(state.ties.alter != EMPTY)[0])
    ends = {int(state.residents.id[slot // SLOTS]), int(state.residents.id[state.ties.alter[slot]])}
    assert set(pairs[0]) == ends
    assert table["strength"][0].as_py() == state.ties.strength[slot]


def test_summary_is_that_of_the_definition():
    changes = [1.0, 2.0, 3.0, 6.0]
    row = several(changes).summary.set_index("outcome").loc[OUTCOME]
    assert (row.start, row.end, row.change) == (10.0, 13.0, 3.0)
    assert row.replicates == 4
    assert row.change_5 == pytest.approx(np.quantile(changes, 0.05))
    assert row.end_95 == pytest.approx(10 + np.quantile(changes, 0.95))
    assert row.change_error == pytest.approx(np.std(changes, ddof=1) / 2)


@pytest.mark.parametrize("policies", [("none", "nurture_early"), ("none", "none")])
def test_summary_keeps_scenarios_apart(policies):
    one, other = policies  # or the two differ in numbers alone, which no column names
    both = joined([several([1.0, 1.0]).tables, several([5.0, 5.0], policy=other).tables])
    # Runs of two scenarios never share an id.
    renamed = both.results.set_column(0, SCHEMAS["results"].field(0), pa.array([f"r{i // 36}" for i in range(144)]))
    summary = Results(type(both)(results=renamed, **{name: getattr(both, name) for name in PARTS})).summary
    found = summary[summary.outcome == OUTCOME]
    assert list(zip(found.policy, found.change, found.replicates, strict=True)) == [(one, 1.0, 2), (other, 5.0, 2)]


def test_months_without_a_value_are_left_out():
    results = Results(run([np.nan] * 6 + [2.0] * 6 + [4.0] * 12))
    ends = yearly(results.results)[OUTCOME]
    assert ends["first"].item() == 2.0
    assert ends["last"].item() == 4.0
    nothing = Results(run([np.nan] * 24)).summary.set_index("outcome").loc[OUTCOME]
    assert nothing.replicates == 0
    assert np.isnan(nothing.change)


def test_a_run_of_less_than_a_year_has_one_mean():
    row = Results(run([1.0, 2.0, 3.0])).summary.set_index("outcome").loc[OUTCOME]
    assert (row.start, row.end, row.change) == (2.0, 2.0, 0.0)
    assert np.isnan(row.change_error)


def test_a_folder_comes_back_as_it_was_written(tmp_path):
    state = town(residents=40)
    results = Results(run([1.0, 2.0], record=("residents", "ties"), state=state))
    folder = tmp_path / "new" / "folder"
    files = write_results(folder, results, config="a: 1\n", provenance={"command": ["x"]})
    back = read_results(folder)
    for name, table in results.tables.items():
        assert getattr(back.tables, name).equals(table, check_metadata=False)
        assert pq.read_schema(folder / f"{name}.parquet").equals(SCHEMAS[name], check_metadata=True)
    assert sorted(folder.iterdir()) == sorted(files)
    assert json.loads((folder / "provenance.json").read_text())["command"] == ["x"]


@pytest.mark.parametrize(("rows", "packed"), [(10, "SNAPPY"), (10_000, "ZSTD")])
def test_small_tables_are_packed_quickly_and_large_ones_tightly(tmp_path, rows, packed):
    table = pa.table({"run_id": ["a"] * rows, "need": np.linspace(0.0, 1.0, rows)})
    write_parquet(table, tmp_path / "table.parquet")
    words, floats = (pq.ParquetFile(tmp_path / "table.parquet").metadata.row_group(0).column(k) for k in (0, 1))
    assert words.compression == floats.compression == packed
    assert words.has_dictionary_page == words.is_stats_set == (packed == "ZSTD")
    assert not floats.has_dictionary_page
    assert not floats.is_stats_set
    assert read_parquet(tmp_path / "table.parquet").equals(table)


def test_runs_whose_rows_lie_in_any_order_are_summed_up_alike():
    frame = several([1.0, 2.0, 3.0]).results
    frame[OUTCOME] += np.random.default_rng(1).random(len(frame))
    mixed, ends = frame.sample(frac=1.0, random_state=1), yearly(frame)
    pd.testing.assert_frame_equal(yearly(mixed).loc[ends.index], ends, rtol=1e-12)
    ours = frame[(frame["run_id"] == "r1") & (frame["month"] < 12)]
    assert ends.loc["r1", (OUTCOME, "first")] == pytest.approx(ours[OUTCOME].mean(), rel=1e-12)


@pytest.mark.parametrize(("size", "tables"), [(8_000_000, 100), (1, 1), (1, 2), (30_000, 2), (8_000_000, 2)])
def test_folders_are_written_into_one_in_their_order(tmp_path, monkeypatch, size, tables):
    monkeypatch.setattr("sim.together.BYTES_AT_ONCE", size)
    monkeypatch.setattr("sim.together.TABLES_AT_ONCE", tables)
    each = [several([float(number)], policy=f"p{number}") for number in range(5)]
    with together(tmp_path, ALWAYS) as add:
        for number, one in enumerate(each):
            add(one, f"policy=p{number}")
    for name in ALWAYS:
        whole = pa.concat_tables([getattr(one.tables, name) for one in each])
        assert read_parquet(tmp_path / f"{name}.parquet").equals(whole)
    summary = pd.read_csv(tmp_path / "summary.csv", keep_default_na=False, na_values=[""])
    assert list(summary["point"].unique()) == list(range(5))
    assert list(summary["overrides"].unique()) == [f"policy=p{number}" for number in range(5)]
    expected = pd.concat([one.summary for one in each], ignore_index=True)
    pd.testing.assert_frame_equal(summary[expected.columns], expected, check_dtype=False, rtol=0)


@pytest.mark.parametrize("tables", [1, 2, 100])
def test_no_more_waits_to_be_written_than_was_said(tmp_path, monkeypatch, tables):
    one, most = several([1.0, 2.0]), 60_000
    monkeypatch.setattr("sim.together.BYTES_AT_ONCE", most)
    monkeypatch.setattr("sim.together.TABLES_AT_ONCE", tables)
    with together(tmp_path, ALWAYS) as add:
        for _ in range(20):
            add(one, "one")
    for name in ALWAYS:
        size = getattr(one.tables, name).nbytes
        groups = -(-20 // -(-most // size))
        assert pq.ParquetFile(tmp_path / f"{name}.parquet").num_row_groups == groups, name


def test_of_scenarios_that_could_not_all_be_written_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.together.BYTES_AT_ONCE", 1)
    monkeypatch.setattr("sim.together.TABLES_AT_ONCE", 1)
    lost = Results(replace(several([1.0]).tables, by_band=None))
    with pytest.raises(TypeError), together(tmp_path, ALWAYS) as add:
        add(lost, "one")
    assert list(tmp_path.iterdir()) == []

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
    with pytest.raises(OutputError, match=r"results\.parquet: No space left"), together(tmp_path, ALWAYS) as add:
        add(several([1.0]), "one")
    assert list(tmp_path.iterdir()) == []


def test_summary_file_has_its_columns(tmp_path):
    write_results(tmp_path, several([1.0, 2.0]), config="", provenance={})
    frame = pd.read_csv(tmp_path / "summary.csv")
    assert list(frame.columns) == [*SCENARIO, *SUMMARY]
    assert list(frame.outcome) == list(OBSERVABLES)


@pytest.mark.parametrize("lost", [name for name in ALWAYS if name != "by_area"])
def test_a_folder_that_lacks_a_table_is_told(tmp_path, lost):
    write_results(tmp_path, Results(run([1.0])), config="", provenance={})
    (tmp_path / f"{lost}.parquet").unlink()
    with pytest.raises(OutputError, match=f"is not a results folder: it needs .*{lost}"):
        read_results(tmp_path)


def test_a_folder_without_results_is_told(tmp_path):
    with pytest.raises(OutputError, match="is not a results folder"):
        read_results(tmp_path)
    for name in ALWAYS:
        (tmp_path / f"{name}.parquet").write_bytes(b"PAR1")
    with pytest.raises(OutputError, match="cannot read"):
        read_results(tmp_path)


def test_a_full_disk_is_one_message_and_harms_nothing(tmp_path, monkeypatch):
    write_text(tmp_path / "a.txt", "old")

    def full(path, content):
        with path.open("wb") as file:
            file.write(content[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"cannot write .*a\.txt: No space left on device"):
        write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]
