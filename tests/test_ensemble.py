"""Ensembles: the same bits for any number of workers, nothing done twice, nothing lost with a worker."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import compose
from sim.chance import run_seed
from sim.cli.work import AtHand
from sim.contrast import matched, t_quantile
from sim.ensemble import EnsembleError, RunSpec, compare, lived, run_all, run_ensemble, simulate, specs_of, store_all
from sim.files import OutputError
from sim.founding import FoundingError
from sim.observables import OBSERVABLES
from sim.store import Store
from tests.outside_rules import Fails

SMALL = ("world=history", "place.residents=1500", "months=14", "replicates=3", "workers=1")
NURTURED = ("policy=nurture_early", "policy.nurture_early.start=2007-10")


@pytest.fixture(scope="module")
def config():
    return compose(SMALL)


@pytest.fixture(scope="module")
def nurtured():
    return compose([*SMALL, *NURTURED])


@pytest.fixture(scope="module")
def plain(config):
    """The three runs, one after another in this process, with nothing stored."""
    return run_ensemble(config).tables


def same(a, b):
    """Whether two tables hold the same bits, row by row; nan is like nan."""
    return all(
        np.asarray(a_table[name]).tobytes() == np.asarray(b_table[name]).tobytes()
        if a_table[name].type == "double" else a_table[name].equals(b_table[name])
        for (_, a_table), (_, b_table) in zip(a.items(), b.items(), strict=True)
        for name in a_table.column_names
    )  # fmt: skip


def never(*_):
    raise AssertionError("a run that was stored is run again")


def test_bits_do_not_depend_on_the_number_of_workers(config, plain):
    assert same(run_ensemble(config, workers=2).tables, plain)
    assert plain.results["replicate"].to_pylist() == [r for r in range(3) for _ in range(14)]


def test_rows_name_their_run(config, plain):
    frame = plain.results.to_pandas()
    assert frame.groupby("replicate")["seed"].first().tolist() == [run_seed(config.seed, r) for r in range(3)]
    assert frame["run_id"].nunique() == 3
    assert frame.groupby("replicate")[list(OBSERVABLES)].first().drop_duplicates().shape[0] == 3


def test_what_cannot_change_a_run_does_not_change_its_name(config):
    other = compose([*SMALL, "workers=2", "replicates=9", "record=[ties]"])
    assert specs_of(other)[0].run_id == specs_of(config)[0].run_id
    assert specs_of(compose([*SMALL, "seed=2"]))[0].run_id != specs_of(config)[0].run_id
    assert specs_of(compose([*SMALL, "volunteering.ask_chance=0.06"]))[0].run_id != specs_of(config)[0].run_id


def test_a_stored_run_is_not_run_again(config, plain, tmp_path, monkeypatch):
    run_ensemble(config, store=tmp_path)
    monkeypatch.setattr("sim.pool.alone.simulate", never)
    reports = []
    assert same(run_ensemble(config, store=tmp_path, progress=reports.append).tables, plain)
    assert (reports[-1].done, reports[-1].stored, reports[-1].months) == (3, 3, 0)


def test_only_what_is_missing_or_damaged_is_run(config, plain, tmp_path):
    run_ensemble(config, replicates=2, store=tmp_path)
    damaged = tmp_path / "results" / f"{RunSpec(config, 1).run_id}.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-40])
    reports = []
    assert same(run_ensemble(config, store=tmp_path, progress=reports.append).tables, plain)
    assert reports[-1].stored == 1
    run_ensemble(config, store=tmp_path, progress=reports.append)
    assert reports[-1].stored == 3


def test_workers_store_what_they_finish(config, plain, tmp_path, monkeypatch):
    run_ensemble(config, workers=2, store=tmp_path)
    monkeypatch.setattr("sim.pool.alone.simulate", never)
    assert same(run_ensemble(config, store=tmp_path).tables, plain)


def test_states_are_recorded_on_request(config, tmp_path):
    results = run_ensemble(config, replicates=1, store=tmp_path, record=("residents", "ties"))
    assert results.residents.groupby("month").size().to_dict() == {0: 1500, 13: 1500}
    assert results.ties["smaller_id"].lt(results.ties["larger_id"]).all()
    last = results.residents[results.residents["month"] == 13]
    assert np.isclose(last["trust_council"].mean(), results.results["trust_council"].iloc[-1])
    assert np.isclose(last["ties"].mean(), results.results["ties_per_resident"].iloc[-1])


def test_a_run_can_be_stopped_at_any_month(config):
    months = lived(RunSpec(config, 0))
    first, state = next(months)
    months.close()
    assert state.month == 1
    whole = simulate(RunSpec(config, 0)).results.to_pylist()[0]
    assert first.whole == pytest.approx({name: whole[name] for name in OBSERVABLES}, nan_ok=True)


def test_a_killed_worker_loses_nothing(config, plain):
    killed = []

    def kill_one(progress):
        if not killed and progress.lived:
            killed.append(active_children()[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    assert same(run_ensemble(config, workers=2, progress=kill_one).tables, plain)
    assert killed


def test_workers_that_keep_dying_are_told(config):
    def kill_all(_):
        for child in active_children():
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(EnsembleError, match=r"worker processes died 3 times .* workers=1"):
        run_ensemble(config, workers=2, progress=kill_all)


def test_one_model_for_two_sides_is_refused(config):
    with pytest.raises(TypeError, match="two are needed, one a side"):
        compare(config, config, models=object)


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_is_finished(config, plain, tmp_path, workers):
    def stop(progress):
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_ensemble(config, workers=workers, store=tmp_path, progress=stop)
    until = time.monotonic() + 10.0
    while active_children() and time.monotonic() < until:  # the pool's own thread may still be reaping them
        time.sleep(0.05)
    assert not active_children()
    reports = []
    assert same(run_ensemble(config, store=tmp_path, progress=reports.append).tables, plain)
    assert reports[-1].stored >= 1
    assert workers > 1 or reports[-1].stored == 1  # the other worker may have come to its end too


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent another way there")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_ctrl_c_that_python_cannot_raise_is_heeded_all_the_same(config):
    class Collected:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def lose(progress):
        if progress.lived == 1:
            Collected()
        assert progress.lived <= 1

    before = signal.getsignal(signal.SIGINT)  # in the background of a shell it is ignored
    with pytest.raises(KeyboardInterrupt):
        run_ensemble(config, workers=1, progress=lose)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_year_of_the_first_run_is_told_while_it_is_lived(workers, config, plain):
    reports = []
    run_ensemble(config, workers=workers, progress=reports.append)
    assert reports[0].year is None
    rows = plain.results.to_pandas()
    first = rows[(rows["replicate"] == 0) & (rows["month"] < 12)]
    assert reports[-1].year == pytest.approx({name: first[name].mean() for name in OBSERVABLES}, rel=1e-12, nan_ok=True)


def test_a_run_of_a_year_is_told_when_it_is_done():
    reports = []
    run_ensemble(compose([*SMALL, "months=12"]), replicates=1, workers=1, progress=reports.append)
    assert [report.year for report in reports] == [None] * len(reports)


def test_progress_ends_where_it_should(config):
    reports = []
    run_ensemble(config, progress=reports.append)
    lived_months = [report.lived for report in reports]
    assert lived_months == sorted(lived_months)
    assert (reports[-1].done, reports[-1].lived, reports[-1].months) == (3, 42, 42)
    assert sum(report.newest is not None for report in reports) == 3


def test_surroundings_are_left_as_they_were(config, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    main = sys.modules["__main__"]
    run_ensemble(config, replicates=2, workers=2)
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "MKL_NUM_THREADS" not in os.environ
    assert sys.modules["__main__"] is main


SCRIPT = """
from sim import compose, run_ensemble
print("begun")
results = run_ensemble(compose({overrides!r}), workers=2)
print(len(results.results))
"""


ORPHANS = """
from multiprocessing import active_children
from sim import compose, run_ensemble
def tell(progress):
    if progress.lived:
        print(*(child.pid for child in active_children()), flush=True)
run_ensemble(compose({overrides!r}), workers=2, progress=tell)
"""


def test_a_script_needs_no_guard(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT.format(overrides=list(SMALL)))
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout.split() == ["begun", "42"], done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc who runs")
def test_workers_end_with_their_parent(tmp_path):
    script = ORPHANS.format(overrides=[*SMALL, "months=204", "replicates=500"])
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    end = time.monotonic() + 20
    while any(is_running(pid) for pid in workers) and time.monotonic() < end:
        time.sleep(0.1)
    assert len(workers) == 2
    assert not any(is_running(pid) for pid in workers)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_no_replicates_is_told(config):
    with pytest.raises(EnsembleError, match="at least 1"):
        run_ensemble(config, replicates=0)


# Contrasts


@pytest.fixture(scope="module")
def contrast(config, nurtured, tmp_path_factory):
    return compare(config, nurtured, replicates=3, workers=1, store=tmp_path_factory.mktemp("store"))


def test_a_scenario_does_not_differ_from_itself(config):
    outcomes = compare(config, config, replicates=2, workers=1).outcomes
    there = outcomes[outcomes["pairs"] > 0]
    assert (there[["difference", "low", "high"]] == 0.0).all(axis=None)


def test_pairs_are_alike_until_the_scenarios_part(contrast):
    a, b = contrast.counterfactual.results, contrast.scenario.results
    before = a["month"] < 6
    pd.testing.assert_frame_equal(a.loc[before, list(OBSERVABLES)], b.loc[before, list(OBSERVABLES)], check_exact=True)
    assert (a.loc[~before, "spend_nurture"].to_numpy() < b.loc[~before, "spend_nurture"].to_numpy()).any()


def test_a_contrast_is_that_of_the_definition(contrast):
    row = contrast.outcomes.set_index("outcome").loc["ties_per_resident"]
    means = [
        r.results[r.results["month"] >= 2].groupby("replicate")["ties_per_resident"].mean()
        for r in (contrast.counterfactual, contrast.scenario)
    ]
    d = means[1] - means[0]
    assert row.pairs == 3
    assert row.difference == pytest.approx(d.mean())
    assert (row.counterfactual, row.scenario) == pytest.approx((means[0].mean(), means[1].mean()))
    assert row.high - row.low == pytest.approx(2 * 4.302653 * d.std(ddof=1) / 3**0.5)


def test_residents_of_both_runs_are_matched_by_id(contrast):
    people = contrast.residents
    assert set(people["lives_in"]) <= {"both", "counterfactual", "scenario"}
    assert not people.duplicated(["replicate", "id"]).any()
    both = people[people["lives_in"] == "both"]
    assert len(both) > 0.9 * 3 * 1500
    home = both[["neighbourhood_counterfactual", "neighbourhood_scenario"]]
    assert (home.iloc[:, 0] == home.iloc[:, 1]).mean() > 0.99
    assert {"trust_council_counterfactual", "charity_scenario"} <= set(people.columns)


def test_who_gained_is_told_from_residents_of_both_runs(contrast):
    people = contrast.residents
    both = people[people["lives_in"] == "both"]
    row = contrast.gained_and_lost.set_index("outcome").loc["ties"]
    more = (both["ties_scenario"] >= both["ties_counterfactual"] + row.least).groupby(both["replicate"]).mean()
    assert row.gained == pytest.approx(more.mean())
    assert row.residents == pytest.approx(len(both) / 3)
    assert 0.0 < row.gained < 1.0


def test_a_residents_year_is_written_down(contrast):
    last = contrast._both("residents")[0].residents.query("month > 0")
    assert (last["need_12"] >= last["need"]).all()
    assert (last["met_12"] <= last["need_12"] + 1e-9).all()
    assert last["need_12"].sum() > 8 * last["need"].sum()  # a year's, of those who lived here all of it
    assert (last["formal_hours_12"] >= last["formal_hours"]).all()


def test_ties_of_both_runs_are_matched_by_their_ends(contrast):
    ties = contrast.ties
    assert not ties.duplicated(["replicate", "smaller_id", "larger_id"]).any()
    assert ties["lives_in"].value_counts()["both"] > len(ties) / 2


def test_what_lives_in_one_run_only_is_said():
    a = pd.DataFrame({"replicate": [0, 0], "id": [1, 2], "month": [5, 5], "trust": [0.1, 0.2]})
    b = pd.DataFrame({"replicate": [0, 0], "id": [2, 3], "month": [5, 5], "trust": [0.4, 0.5]})
    assert matched(a, b, keys=["id"]).set_index("id")["lives_in"].to_dict() == {
        1: "counterfactual", 2: "both", 3: "scenario"
    }  # fmt: skip


@pytest.mark.parametrize("other", ["seed=2", "months=15"])
def test_what_cannot_be_paired_is_told(config, other):
    with pytest.raises(EnsembleError, match=other.split("=")[0]):
        compare(config, compose([*SMALL, other]), replicates=1)


@pytest.mark.parametrize(
    ("freedom", "printed"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (10, 2.228), (19, 2.093), (39, 2.023), (120, 1.980)],
)
def test_students_t_is_that_of_the_tables(freedom, printed):
    assert t_quantile(0.975, freedom) == pytest.approx(printed, abs=5e-4)


def test_an_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    draws = rng.normal(0.3, 1.0, (4000, 5))
    half = t_quantile(0.975, 4) * draws.std(axis=1, ddof=1) / 5**0.5
    assert np.mean(np.abs(draws.mean(axis=1) - 0.3) <= half) == pytest.approx(0.95, abs=0.012)


def test_runs_are_given_in_the_order_asked_for(config, tmp_path):
    run_all([RunSpec(config, 0)], workers=1, store=tmp_path)  # so that it is at hand before the others
    specs = [RunSpec(config, replicate) for replicate in (2, 1, 0)]
    assert [t.results["replicate"][0].as_py() for t in run_all(specs, workers=2, store=tmp_path)] == [2, 1, 0]


# Runs that fail


def failing(monkeypatch, times, fault):
    """Let the run of replicate 1 fail so often; returns the replicates that were tried, in order."""
    tried, left = [], [times]

    def simulated(spec, *listeners):
        tried.append((spec.config.months, spec.replicate))
        if spec.replicate == 1 and left[0] > 0:
            left[0] -= 1
            raise fault
        return simulate(spec, *listeners)

    monkeypatch.setattr("sim.pool.alone.simulate", simulated)
    return tried


def runs(*months):
    return [spec for m in months for spec in specs_of(compose([*SMALL, f"months={m}"]))]


def test_a_run_that_fails_is_tried_again_when_the_others_are_done(monkeypatch, tmp_path):
    tried, specs = failing(monkeypatch, 1, MemoryError("none left")), runs(2)
    assert store_all(specs, tmp_path, workers=1) == {}
    assert tried == [(2, 0), (2, 1), (2, 2), (2, 1)]
    assert all(Store(tmp_path).get(spec.run_id) is not None for spec in specs)


def test_a_run_that_fails_again_is_named_and_the_others_are_kept(monkeypatch, tmp_path):
    fault = MemoryError("none left")
    tried, specs = failing(monkeypatch, 9, fault), runs(2)
    assert store_all(specs, tmp_path, workers=1) == {1: fault}
    assert len(tried) == 4
    assert [Store(tmp_path).get(spec.run_id) is not None for spec in specs] == [True, False, True]
    with pytest.raises(MemoryError, match="none left"):
        run_all(specs, workers=1, store=tmp_path)


def test_where_a_place_cannot_be_founded_no_other_run_of_it_is_tried(monkeypatch, tmp_path):
    fault = FoundingError("no such place")
    tried, specs = failing(monkeypatch, 9, fault), runs(2, 3)
    assert store_all(specs, tmp_path, workers=1) == dict.fromkeys((1, 2, 4, 5), fault)
    assert tried == [(2, 0), (2, 1), (3, 0), (3, 1)]


def test_a_disk_that_is_full_ends_it_at_once(monkeypatch, tmp_path):
    tried = failing(monkeypatch, 9, OutputError("no room"))
    with pytest.raises(OutputError, match="no room"):
        store_all(runs(2), tmp_path, workers=1)
    assert len(tried) == 2


def test_a_run_that_fails_in_another_process_is_named_too(tmp_path):
    specs = specs_of(compose([*SMALL, "months=3"]), model=Fails)
    failed = store_all(specs, tmp_path, workers=2)
    assert [(place, str(fault)) for place, fault in failed.items()] == [(0, "nothing adds up")]
    assert [Store(tmp_path).get(spec.run_id) is not None for spec in specs] == [False, True, True]


def test_many_more_runs_than_are_handed_out_ahead(monkeypatch, tmp_path):
    monkeypatch.setattr("sim.pool.processes.AHEAD", 1)
    specs = [spec for seed in range(5) for spec in specs_of(compose([*SMALL, "months=1", f"seed={seed}"]))]
    assert store_all(specs, tmp_path, workers=2) == {}
    assert all(Store(tmp_path).get(spec.run_id) is not None for spec in specs)


def test_what_is_at_hand_is_what_was_asked_for(config):
    plain, recorded = RunSpec(config, 0), RunSpec(config, 0, ("residents",))
    tables, at_hand = simulate(plain), AtHand(room=1_000_000)
    at_hand.keep(plain, tables)
    assert at_hand.get(plain) is tables
    assert plain.run_id == recorded.run_id
    assert at_hand.get(recorded) is None  # its residents are not there
    bare = sum(8 * table.num_columns * len(table) for _, table in tables.items())
    full = AtHand(room=bare + 40_000)  # and a column takes half a kilobyte
    full.keep(plain, tables)
    assert full.get(plain) is None
