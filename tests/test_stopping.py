"""Pairs until an interval is as narrow as asked: the rule, its error rate, and what is watched meanwhile."""

import io
import math
import os
import re
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from rich.console import Console

from experiments.coverage import POOL, RULES, covered, pool_of
from sim import compare, compose
from sim.cli import main, screen
from sim.cli.live import Live
from sim.cli.request import Point, read
from sim.config import ConfigError
from sim.contrast import Precision, Tally, interval, t_quantile
from sim.contrast.stopping import LEAST, last_year, widths
from sim.ensemble import EnsembleError, Progress, RunSpec, run_all, specs_of, store_all
from sim.results import read_results
from sim.store import Store

pytestmark = pytest.mark.usefixtures("elsewhere")

SMALL = ("place.residents=1500", "months=3")
PAIR = ("policy=none,ready_meals", "policy.ready_meals.start=2007-04", *SMALL, "workers=1")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One store for all tests, so that a run is done once."""
    return f"store={tmp_path_factory.mktemp('store')}"


# The rule


def test_the_first_number_of_pairs_is_taken_of_which_the_widest_interval_is_narrow_enough():
    """Worked out look by look, as the equation says it."""
    values = np.random.default_rng(4).standard_t(3, 400)
    aim = Precision(0.3, outcome="hours_volunteer", least=10)
    looks = {k: t_quantile(0.975, k - 1) * values[:k].std(ddof=1) for k in range(10, 401)}
    first = next(n for n in looks if max(looks[k] for k in looks if k <= n) / math.sqrt(n) <= 0.3)
    pairs = 10
    while (more := aim.pairs(values[:pairs].tolist())) > pairs:
        pairs = more
    assert pairs == first > 10
    found = aim.settled(values[:pairs].tolist())
    half = max(looks[k] for k in looks if k <= pairs) / math.sqrt(pairs)
    assert found.reached
    assert (found.pairs, found.difference) == (pairs, pytest.approx(values[:pairs].mean()))
    assert (found.low, found.high) == pytest.approx((values[:pairs].mean() - half, values[:pairs].mean() + half))


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_it_does_not_matter_how_many_pairs_are_run_at_a_time(step):
    values = np.random.default_rng(5).standard_t(3, 2_000)
    aim = Precision(0.2, outcome="hours_volunteer", least=10, most=2_000)
    pairs = 10
    while (more := aim.pairs(values[:pairs].tolist())) > pairs:
        pairs = min(more, pairs + step)
    assert pairs == 241


def test_pairs_are_within_their_limits():
    values = [0.01, -0.01, 0.02, 0.0, -0.02]
    assert Precision(0.9, least=5).pairs(values) == 5
    assert Precision(1e-5, least=5, most=70).pairs(values) == 70
    assert Precision(0.01, least=5).pairs([0.3] * 5) == 5
    assert Precision(1e-300, least=5, most=70).pairs(values) == 70
    cut = Precision(1e-5, least=5, most=70).settled(values * 14)
    assert (cut.pairs, cut.reached) == (70, False)
    assert cut.needed > 10**6


def test_where_the_first_pairs_are_all_it_is_the_usual_interval():
    values = np.random.default_rng(2).normal(0.0, 0.01, 20)
    found = Precision(0.5, least=20).settled(values.tolist())
    assert (found.difference, found.low, found.high) == pytest.approx(tuple(interval(values)))
    assert found.reached


def test_pairs_without_a_value_are_left_out_and_too_few_of_them_are_told():
    aim = Precision(0.01, least=5)
    values = [0.1, math.nan, 0.3, 0.2, 0.2, 0.2]
    assert aim.settled(values).pairs == 5
    assert aim.pairs(values) == aim.needed(values) + 1
    with pytest.raises(ConfigError, match="has a value in the last 12 months of only 1 of the first 5 pairs"):
        aim.settled([0.1, *[math.nan] * 9])


def test_widths_are_those_of_the_usual_interval():
    values = np.random.default_rng(3).normal(1e6, 2.0, 40)
    usual = [t_quantile(0.975, k - 1) * values[:k].std(ddof=1) for k in range(2, 41)]
    assert widths(values)[1:] == pytest.approx(usual, rel=1e-9)
    assert widths(np.stack([values, values]))[1] == pytest.approx(widths(values))


@pytest.mark.parametrize(
    ("of_it", "told"),
    [
        ({"half": 0}, "precision is 0, outside what is allowed: numbers above 0 and below 1 (share)"),
        ({"half": 1.5}, "precision=0.005"),
        ({"half": True}, "precision is True"),
        ({"half": math.nan}, "precision is nan"),
        ({"half": math.inf, "outcome": "hours_volunteer"}, "numbers above 0 (hours/1,000 residents)"),
        ({"half": 0.1, "least": 4}, "replicates.least is 4, outside what is allowed: whole numbers from 5 to 100,000"),
        ({"half": 0.1, "most": 2.5}, "replicates.most is 2.5"),
        ({"half": 0.1, "least": 30, "most": 20}, "Make the most no less than the least"),
    ],
)
def test_what_cannot_be_asked_for_is_told(of_it, told):
    with pytest.raises(ConfigError, match=re.escape(told)):
        Precision(**of_it)


def test_the_last_year_is_that_of_the_tables():
    table = pa.table({"x": pa.array([9.0, *range(11), math.nan])})
    assert last_year(table, "x") == 5.0  # twelve months, of which the last has no value
    assert math.isnan(last_year(pa.table({"x": [math.nan, math.nan]}), "x"))
    with pytest.raises(ConfigError, match=r"no outcome of these runs\. Did you mean unmet\?"):
        last_year(pa.table({"unmet": [0.0]}), "unmett")


# It keeps its error rate


@pytest.mark.parametrize("ratio", [0.6, 0.45])
def test_it_covers_the_truth_as_often_as_it_says_and_looking_each_time_does_not(ratio):
    """From five pairs on, so that what the naive rule does wrong shows well. Normal differences, of nought on average.

    That it covers too often, as a rule must that never narrows, is bounded too.
    """
    rng, times = np.random.default_rng(7), 4_000
    trials = rng.standard_normal((times, 600))
    found = {name: rule(trials, ratio, 5) for name, rule in RULES.items()}
    shares = {name: covered(tried, 0.0) for name, tried in found.items()}
    error = math.sqrt(0.95 * 0.05 / times)
    assert 0.95 - 4.0 * error < shares["widest"].share < 0.98
    assert abs(shares["stein"].share - 0.95) < 4.0 * error
    assert abs(shares["fixed"].share - 0.95) < 4.0 * error
    assert shares["naive"].share < 0.95 - 5.0 * error
    assert shares["stein"].error == pytest.approx(error, rel=0.1)
    for name in ("widest", "naive"):
        assert (found[name].half <= ratio).all()
    assert (found["widest"].pairs >= np.maximum(found["stein"].pairs, found["naive"].pairs)).all()


def test_the_rule_of_the_experiment_is_that_of_the_command():
    trials = np.random.default_rng(8).standard_normal((50, 900))
    tried = RULES["widest"](trials, 0.3, 10)
    aim = Precision(0.3, outcome="hours_volunteer", least=10)
    for row, pairs, mean, half in zip(trials, tried.pairs, tried.mean, tried.half, strict=True):
        assert aim.pairs(row[: pairs - 1].tolist()) > pairs - 1 or pairs == 10
        assert aim.pairs(row[:pairs].tolist()) == pairs
        found = aim.settled(row[:pairs].tolist())
        assert (found.difference, found.high - found.difference) == pytest.approx((mean, half))


@pytest.mark.parametrize("outcome", ["unmet_need", "hours_volunteer", "ties_per_resident"])
def test_on_the_model_it_covers_the_truth_as_often_as_a_fixed_number_of_pairs(outcome):
    """Drawn from the kept pool of pairs of runs, whose mean is the truth. Differences there are far from normal."""
    values = pd.read_csv(POOL)[outcome].to_numpy()
    trials = np.random.default_rng(9).choice(values, (6_000, 1_000))
    found = {name: covered(rule(trials, 0.17 * values.std(), LEAST), values.mean()) for name, rule in RULES.items()}
    error = found["fixed"].error
    assert found["widest"].share > min(0.95, found["fixed"].share) - 3.0 * error
    assert found["widest"].share > found["naive"].share
    assert found["widest"].share > found["stein"].share


@pytest.mark.slow
def test_the_kept_pool_is_what_the_model_says(tmp_path):
    lived, kept = pool_of(60, tmp_path, workers=None), pd.read_csv(POOL)
    assert len(kept) == 800
    assert kept.std().min() > 0.0
    pd.testing.assert_frame_equal(lived, kept.head(60), rtol=1e-6, atol=1e-9)


# On the command line


def run(capsys, *words, code=0):
    assert main(words) == code
    return tuple(" ".join(text.split()) for text in capsys.readouterr())


def auto(store, *words):
    return [*PAIR, "replicates=auto", "replicates.least=5", "precision.outcome=capacity", store, *words]


def test_a_comparison_runs_as_many_pairs_as_it_takes(capsys, store):
    out, said = run(capsys, "compare", *auto(store, "precision=0.3", "hydra.run.dir=out"))
    kept = pd.read_csv("out/precision.csv").iloc[0]
    results = read_results("out").results
    assert results.groupby("policy")["replicate"].nunique().tolist() == [kept.pairs] * 2
    year = results.groupby(["policy", "replicate"])["capacity"].mean()
    differences = (year["ready_meals"] - year["none"]).tolist()
    found = Precision(0.3, outcome="capacity", least=5).settled(differences)
    assert (kept.difference, kept.low, kept.high) == pytest.approx((found.difference, found.low, found.high))
    assert kept.reached
    assert 5 < kept.pairs < 20
    assert re.search(r"By the spread of 5 pairs, \d+ are needed for capacity to ±0.3 hours .*? \d+ more runs", said)
    assert f"{kept.pairs} pairs are enough for capacity" in said
    assert f"(95%, {kept.pairs} pairs), as narrow as asked" in out
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert "was to be known to ±0.3 hours" in page
    assert f"after {kept.pairs} pairs, as narrow as asked." in page
    assert "replicates: 5" not in Path("out/config.yaml").read_text(encoding="utf-8")
    again, _ = run(capsys, "compare", *auto(store, "precision=0.3", "workers=2", "hydra.run.dir=other"))
    assert f"{2 * kept.pairs} of {2 * kept.pairs} runs were found" in again
    assert pd.read_csv("other/precision.csv").iloc[0].equals(kept)


def test_too_many_pairs_are_not_run_and_that_is_said(capsys, store):
    out, said = run(capsys, "compare", *auto(store, "precision=0.02", "replicates.most=6", "hydra.run.dir=out"))
    kept = pd.read_csv("out/precision.csv").iloc[0]
    assert (kept.pairs, kept.reached) == (6, False)
    assert "No more than replicates.most=6 are run" in said
    assert "wider than asked (±0.02 hours" in out
    assert f"after 6 pairs, wider than asked: some {kept.needed:,} pairs" in Path("out/report.html").read_text("utf-8")
    assert f"set replicates.most={kept.needed}" in out


def test_each_scenario_of_a_sweep_has_as_many_as_it_needs(capsys, store):
    """Meals make no ties, and so the first pairs do for them."""
    words = auto(store, "precision=0.0015", "precision.outcome=ties_per_resident", "hydra.sweep.dir=out")
    words = [word for word in words if word not in {PAIR[0], "precision.outcome=capacity"}]
    run(capsys, "run", "-m", "policy=none,ready_meals,hosting", "policy.hosting.start=2007-04", *words)
    kept = pd.read_csv("out/precision.csv").set_index("scenario_overrides")
    runs = read_results("out").results.groupby("policy")["replicate"].nunique()
    assert kept["reached"].all()
    for policy in ("ready_meals", "hosting"):
        assert runs[policy] == kept.loc[f"policy={policy}", "pairs"]
    assert runs["none"] == kept["pairs"].max()
    assert kept.loc["policy=ready_meals", "pairs"] == 5 < kept.loc["policy=hosting", "pairs"]


def test_in_python_it_is_the_same_rule():
    small = compose([*SMALL, "workers=1"])
    met = compose([*SMALL, "workers=1", "policy=ready_meals", "policy.ready_meals.start=2007-04"])
    aim = Precision(0.3, outcome="capacity", least=5)
    contrast = compare(small, met, replicates="auto", precision=aim)
    row = contrast.outcomes.set_index("outcome").loc["capacity"]
    assert row.pairs == contrast.settled.pairs == aim.pairs(_differences(contrast))
    assert contrast.settled.difference == pytest.approx(row.difference)
    assert contrast.settled.reached
    for given, told in (
        ({"replicates": "auto"}, "give it one, as precision=0.005"),
        ({"precision": 0.1}, 'a precision is for replicates="auto"'),
        ({"replicates": "aut"}, "a whole number is needed"),
    ):
        with pytest.raises(EnsembleError, match=re.escape(told)):
            compare(small, met, **given)
    with pytest.raises(ConfigError, match=r"is unmet_nee, which is no outcome\. Did you mean unmet_need"):
        compare(small, met, replicates="auto", precision=Precision(0.1, outcome="unmet_nee"))


def _differences(contrast):
    sides = (r.results.groupby("replicate")["capacity"].mean() for r in (contrast.counterfactual, contrast.scenario))
    one, other = sides
    return (other - one).tolist()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["replicates=auto"], "say how narrow, as precision=0.005"),
        (["replicates=auto", "precision=-1"], "precision is -1, outside what is allowed"),
        (["replicates=auto", "precision=x"], "precision is 'x'"),
        (["replicates=auto", "precision=0.1", "precision.outcom=need"], "Did you mean precision.outcome?"),
        (["replicates=auto", "precision=0.1", "precision.outcome=nead"], "Did you mean need?"),
        (["replicates=auto", "precision=0.1", "replicates.least=2"], "whole numbers from 5 to 100,000"),
        (["replicates=auto", "precision=0.1,0.2"], "there is one precision for all scenarios"),
        (["replicates=auto,20", "precision=0.1"], "there is one replicates for all scenarios"),
        (["replicates=auto", "replicates=20", "precision=0.1"], "replicates is given twice"),
        (["replicates=20", "precision=0.1"], "precision is for replicates=auto"),
        (["replicates.most=30"], "replicates.most is for replicates=auto"),
        (["replicates=often"], "a whole number is needed, from 1 to 100,000; or auto"),
    ],
)
def test_faults_are_told_before_anything_is_run(capsys, words, told):
    out, fault = run(capsys, "compare", *PAIR, *words, code=2)
    assert told in fault
    assert out == ""
    assert not Path("outputs").exists()


def test_pairs_need_two_scenarios_that_share_their_luck(capsys):
    for words, told in (([], "one scenario was given"), (["-m", "months=3,4"], "over the same months")):
        _, fault = run(capsys, "run", "place.residents=1500", "replicates=auto", "precision=0.1", *words, code=2)
        assert told in fault
    assert read(["months=3", "replicates=2,3", "-m"]).precision is None


def test_a_plan_says_that_more_may_come(capsys):
    out, _ = run(capsys, "plan", "-m", *PAIR, "replicates=auto", "precision=0.1", "replicates.most=70")
    assert "Runs 100 to begin with" in out
    assert "at most 140 in all" in out


# The live contrast


def test_what_is_known_so_far_is_what_a_contrast_says_whatever_the_order():
    rng = np.random.default_rng(6)
    values = rng.normal(100.0, 1.0, (3, 30))
    tally = Tally(3)
    for scenario, replicate in rng.permutation([(s, r) for s in range(3) for r in range(30)]).tolist():
        tally.note(scenario, replicate, values[scenario, replicate])
        tally.note(scenario, replicate, 1e9)  # a run that is told twice counts once
    for scenario in (1, 2):
        assert tally.pairs(scenario) == 30
        assert tally.interval(scenario) == pytest.approx(interval(values[scenario] - values[0]))
        assert tally.differences(scenario, 30) == (values[scenario] - values[0]).tolist()


def test_runs_without_a_value_or_a_partner_are_no_pairs():
    tally = Tally(2)
    for scenario, replicate, value in ((0, 0, 1.0), (1, 0, math.nan), (1, 1, 2.0), (0, 2, 1.0), (1, 2, 4.0)):
        tally.note(scenario, replicate, value)
    assert (tally.pairs(1), tally.interval(1).mean) == (1, 3.0)
    assert math.isnan(tally.interval(1).low)
    assert [math.isnan(d) for d in tally.differences(1, 4)] == [True, True, False, True]


def points(*names):
    return [Point((name,), compose(list(SMALL)).model_copy()) for name in names]


def finished(live, asked, number, replicate, value):
    table = pa.table({"unmet_need": [9.0] + [value] * 12})
    live.take(RunSpec(asked[number].config, replicate), SimpleNamespace(results=table))


def test_the_live_contrast_is_told_in_words():
    asked = points("policy=none", "policy=other")
    live = Live(asked)
    finished(live, asked, 0, 0, 0.2)
    finished(live, asked, 1, 0, 0.19)
    assert live.lines() == []
    finished(live, asked, 0, 1, 0.2)
    finished(live, asked, 1, 1, 0.192)
    assert live.lines() == ["unmet need so far, policy=other less policy=none: −0.9 ± 1.3 points (2 pairs)"]


def test_of_many_scenarios_the_clear_are_counted_and_the_largest_is_told():
    asked = points(*(f"x={n}" for n in range(6)))
    live = Live(asked)
    for replicate in range(3):
        for number in range(6):
            moved = 0.01 * max(0, number - 3) + 0.0001 * number * replicate
            finished(live, asked, number, replicate, 0.2 + moved)
    clear, most = live.lines()
    assert clear == "unmet need so far: 2 of 5 scenarios clearly differ from x=0"
    assert most.startswith("the most does x=5: +2.05 ± ")


def test_scenarios_that_do_not_share_their_luck_have_no_live_contrast():
    asked = [Point(("a",), compose(["months=3"])), Point(("b",), compose(["months=4"]))]
    live = Live(asked)
    for number in (0, 1):
        for replicate in (0, 1):
            finished(live, asked, number, replicate, 0.2)
    assert live.lines() == []
    assert Live(asked[:1]).lines() == []


def test_the_live_contrast_of_thirty_thousand_runs_costs_no_noticeable_time():
    """A thousand scenarios, thirty replicates; looked at after every run, which no screen does. Some 50 µs a run."""
    asked = points(*(f"x={n}" for n in range(1_000)))
    live, table = Live(asked), SimpleNamespace(results=pa.table({"unmet_need": [0.2] * 204}))
    began = time.process_time()
    for replicate in range(30):
        for point in asked:
            live.take(RunSpec(point.config, replicate), table)
    taken = time.process_time() - began
    assert live.tally.pairs(999) == 30
    assert taken < 10.0  # the runs themselves take hours
    assert live.lines()[0].startswith("unmet need so far: 0 of 999")


def test_without_a_terminal_lines_say_how_far_it_is(monkeypatch, capsys):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(screen, "time", SimpleNamespace(monotonic=lambda: clock.now))
    told = SimpleNamespace(take=lambda *_: None, lines=lambda: ["unmet need so far: much"])
    watcher = screen.Watcher("a cost", told)
    with watcher:
        watcher(Progress(1200, 7, 5, 800, 10, None, 2))
        clock.now = 100.0
        watcher(Progress(1200, 9, 5, 800, 110, None, 2, stopping=True))
        watcher(Progress(1200, 9, 5, 800, 111, None, 2, stopping=True))
    said = capsys.readouterr().err
    assert "9 of 1,200 runs done, 5 from the store, 2 failed, about 11 min 30 s left; unmet need so far: much" in said
    assert said.count("come to their end and are kept. Press it again to stop at once.") == 1


def test_in_a_terminal_the_estimate_stands_under_the_bar(monkeypatch):
    out = Console(file=io.StringIO(), force_terminal=True, width=100)
    monkeypatch.setattr(screen, "console", lambda **_: out)
    told = SimpleNamespace(take=lambda *_: None, lines=lambda: ["unmet need so far: much"])
    watcher = screen.Watcher("a cost", told)
    with watcher:
        watcher(Progress(40, 7, 0, 800, 10))
        drawn = [line for part in watcher._bar.get_renderables() for line in [getattr(part, "plain", "")] if line]
    assert drawn == ["unmet need so far: much"]


# Ctrl-C


@pytest.fixture(scope="module")
def specs():
    return specs_of(compose(["place.residents=1500", "months=204", "workers=1"]), 40)


def stopped(specs, store, workers, presses):
    """Runs that are stored when Ctrl-C is pressed so often, as soon as a month is seen to be lived.

    Returns:
        How many were stored at the end and when it was pressed, and what was reported.
    """
    reports, left, before = [], [signal.SIGINT] * presses, []

    def stored():
        return sum(Store(store).has(spec.run_id) for spec in specs)

    def press(progress):
        reports.append(progress)
        if progress.lived and left:
            before.append(stored())
        while progress.lived and left:
            signal.raise_signal(left.pop())

    with pytest.raises(KeyboardInterrupt):
        store_all(specs, store, workers=workers, progress=press)
    return stored(), before[0], reports


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent another way there")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_once_finishes_what_runs_and_twice_does_not(specs, tmp_path, workers):
    once, before, reports = stopped(specs, tmp_path / "once", workers, 1)
    # A busy machine looks late: then runs have come to their end before it, and while the key is being pressed.
    assert 1 <= once <= before + (2 * workers if workers > 1 else 1)
    assert reports[-1].stopping
    assert reports[-1].done == once
    twice, before, _ = stopped(specs, tmp_path / "twice", workers, 2)
    assert before <= twice <= before + workers - 1
    assert store_all(specs[:3], tmp_path / "once", workers=workers) == {}


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent another way there")
def test_where_nothing_is_kept_there_is_nothing_to_wait_for(specs):
    reports = []

    def press(progress):
        reports.append(progress)
        if progress.lived == 1:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_all(specs[:2], workers=1, progress=press)
    assert reports[-1].done == 0


def test_what_failed_is_counted_and_its_months_are_not_waited_for(monkeypatch, tmp_path, specs):
    def fails(spec, *_):
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("sim.pool.alone.simulate", fails)
    reports = []
    assert len(store_all(specs[:2], tmp_path, workers=1, progress=reports.append)) == 2
    assert reports[0].months == 2 * specs[0].config.months
    monkeypatch.undo()
    told = []
    store_all(specs[:1], tmp_path, workers=1)
    monkeypatch.setattr("sim.pool.alone.simulate", fails)
    store_all(specs[:3], tmp_path, workers=1, progress=told.append)
    assert (told[-1].runs, told[-1].done, told[-1].stored) == (3, 1, 1)
