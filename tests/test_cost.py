"""The cost of runs, said before they begin: what adds to it, what is left out, and how the pace is learnt."""

import json

import pytest

from sim import compose, cost, founding
from sim.cli import main
from sim.cost import START_SECONDS, Cost, cost_of, learn, pace
from sim.ensemble import RunSpec, specs_of
from sim.founding import solving
from sim.tables import ALWAYS

SMALL = ("place.residents=1500", "months=100", "replicates=4")
COST = Cost(
    runs=4, stored=0, workers=2, seconds=44.2, benchmark=30.0, memory=3.2e8, disk=4.1e6, cache=0.0, measured=False,
    compiles=False,
)  # fmt: skip


@pytest.fixture(autouse=True)
def ready(monkeypatch, tmp_path):
    """Compiled, and nothing founded or solved: the cache is an empty folder, and the package brings no constants."""
    monkeypatch.setenv("TAKESTWO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(founding, "PUBLISHED", tmp_path / "published")
    monkeypatch.setattr(cost, "_compiled", lambda: True)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


def found_all(specs):
    for spec in specs:
        touch(founding.constants_file(spec.config))
        touch(founding.town_file(spec.config, spec.seed))


def lived(config):
    return cost._months(config.months, config.place.residents, cost.LIVED_NS)


def spun_up(config):
    return cost._months(founding.SPIN_UP_MONTHS, config.place.residents, cost.PASSED_NS)


SOLVED = cost._months(solving.MONTHS, solving.RESIDENTS, cost.PASSED_NS)


def test_a_month_costs_what_the_benchmark_says():
    assert 1e3 * cost._months(1, 20_000, cost.LIVED_NS) == pytest.approx(33.5, rel=0.1)
    assert 1e3 * cost._months(1, 200_000, cost.LIVED_NS) == pytest.approx(510.5, rel=0.1)
    assert 1e3 * cost._months(1, 200_000, cost.PASSED_NS) == pytest.approx(378.7, rel=0.1)


@pytest.mark.parametrize(("workers", "in_turn"), [(1, 4), (2, 2), (3, 2), (4, 1), (9, 1)])
def test_runs_of_founded_towns_are_shared_among_the_workers(workers, in_turn):
    specs = specs_of(compose(SMALL))
    found_all(specs)
    found = cost_of(specs, workers=workers)
    assert found.seconds == pytest.approx(START_SECONDS + in_turn * lived(specs[0].config))
    assert (found.runs, found.workers, found.cache, found.measured) == (4, min(workers, 4), 0.0, False)


def test_founding_costs_and_each_worker_solves_for_itself():
    config = compose(SMALL)
    each = spun_up(config) + lived(config)
    alone, side = (cost_of(specs_of(config), workers=n) for n in (1, 2))
    assert alone.seconds == pytest.approx(START_SECONDS + SOLVED + 4 * each)
    assert side.seconds == pytest.approx(START_SECONDS + SOLVED + 2 * each)
    assert alone.cache == 4 * 1500 * cost.TOWN_BYTES
    touch(founding.constants_file(config))
    assert cost_of(specs_of(config), workers=2).seconds == pytest.approx(START_SECONDS + 2 * each)


def test_constants_that_come_with_the_package_cost_nothing():
    config = compose(SMALL)
    touch(founding.published_constants(config))
    each = spun_up(config) + lived(config)
    assert cost_of(specs_of(config), workers=1).seconds == pytest.approx(START_SECONDS + 4 * each)


def test_scenarios_share_towns_and_draws_do_not():
    config, other, drawn = (compose([*SMALL, word]) for word in ("world=flat", "world=history", "draw=1"))
    one, both, two = (cost_of([s for c in each for s in specs_of(c)], workers=1)
                      for each in ((config,), (config, other), (config, drawn)))  # fmt: skip
    assert both.seconds - one.seconds == pytest.approx(4 * lived(other))
    assert two.seconds - one.seconds == pytest.approx(SOLVED + 4 * (spun_up(drawn) + lived(drawn)))
    assert (both.cache, two.cache) == (one.cache, 2 * one.cache)


def test_another_account_is_founded_beside_the_main_model():
    config = compose([*SMALL, "rival=churn"])
    alone = cost_of(specs_of(config), workers=1)
    each = 2 * spun_up(config) + lived(config)
    assert alone.seconds == pytest.approx(START_SECONDS + 2 * SOLVED + 4 * each)
    assert alone.cache == 8 * 1500 * cost.TOWN_BYTES


def test_stored_runs_do_not_count(tmp_path):
    specs = specs_of(compose(SMALL))
    whole = cost_of(specs, workers=1, store=tmp_path)
    for spec in specs[:3]:
        for table in (*ALWAYS, "runs"):
            touch(tmp_path / table / f"{spec.run_id}.parquet")
    left = cost_of(specs, workers=1, store=tmp_path)
    assert (left.runs, left.stored) == (1, 3)
    assert left.seconds - START_SECONDS < 0.8 * (whole.seconds - START_SECONDS)
    assert left.disk < whole.disk
    recorded = [RunSpec(spec.config, spec.replicate, ("ties",)) for spec in specs]
    assert cost_of(recorded, workers=1, store=tmp_path).runs == 4
    nothing = cost_of(specs[:3], store=tmp_path)
    assert (nothing.runs, nothing.seconds, nothing.memory) == (0, 0.0, 0.0)
    assert str(nothing) == "Nothing to run: the store has all 3."


def test_states_and_residents_cost_room():
    small, large = compose(SMALL), compose([*SMALL, "place.residents=100000"])
    plain, big, kept = cost_of(specs_of(small)), cost_of(specs_of(large)), cost_of(specs_of(large, None, ["ties"]))
    assert plain.memory < big.memory < kept.memory
    assert plain.disk == big.disk < kept.disk
    assert big.memory - cost.PROCESS_BYTES == pytest.approx(100_000 * 1_200)


def test_compiling_is_told(monkeypatch):
    specs = specs_of(compose(SMALL))
    warm = cost_of(specs, workers=2).seconds
    monkeypatch.setattr(cost, "_compiled", lambda: False)
    assert cost_of(specs, workers=2).seconds == pytest.approx(warm + cost.COMPILE_SECONDS / 2)
    assert cost_of(specs, workers=2).compiles


def test_the_pace_is_learnt_and_halfway_forgotten(tmp_path):
    specs = specs_of(compose(SMALL))
    assert pace(tmp_path) is None
    learn(tmp_path, COST, 60.0)
    assert pace(tmp_path) == pytest.approx(2.0)
    found = cost_of(specs, workers=2, store=tmp_path)
    assert found.seconds == pytest.approx(2.0 * found.benchmark)
    assert found.measured
    learn(tmp_path, COST, 15.0)
    assert pace(tmp_path) == pytest.approx(1.0)


@pytest.mark.parametrize(("changes", "seconds"), [({"compiles": True}, 60.0), ({"benchmark": 4.0}, 60.0), ({}, 0.0)])
def test_what_tells_nothing_is_not_learnt(changes, seconds, tmp_path):
    learn(tmp_path, Cost(**vars(COST) | changes), seconds)
    assert pace(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pace": "fast"}', '{"pace": 1e9}', '{"pace": NaN}', "\xff"])
def test_a_damaged_pace_counts_as_none(text, tmp_path):
    (tmp_path / "pace.json").write_bytes(text.encode("latin-1"))
    assert pace(tmp_path) is None


def test_a_pace_that_cannot_be_kept_is_no_fault(tmp_path):
    (tmp_path / "file").write_text("")
    learn(tmp_path / "file", COST, 60.0)


def test_one_line_says_it():
    assert str(COST) == ("About 45 s on 2 cores, 0.3 GB of memory at most per worker, 4 MB on disk; "
                         "by the benchmark's pace.")  # fmt: skip
    longer = Cost(**vars(COST) | {"seconds": 7300.0, "workers": 1, "cache": 2e8, "measured": True})
    assert str(longer) == ("About 2 h 02 min on 1 core, 0.3 GB of memory at most per worker, 4 MB on disk and 0.2 GB "
                           "in the cache; by the pace of earlier runs here.")  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (7.4, "7 s"), (12.6, "15 s"), (98.0, "100 s"), (101.0, "2 min"), (5999.0, "1 h 40 min")],
)
def test_a_time_is_no_finer_than_it_is_known(seconds, words):
    assert cost.span(seconds) == words


def test_the_command_says_it_first(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAKESTWO_CACHE")
    words = ["run", "place.residents=1500", "months=13", "replicates=2", "workers=1", "draw=0", "store=kept"]
    monkeypatch.setattr(cost, "LEAST_SECONDS", 0.0)
    assert main(words) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("About ")
    assert " on 1 core, " in first
    assert json.loads((tmp_path / "kept" / "pace.json").read_text())["seconds"] > 0
    assert main(words) == 0
    assert capsys.readouterr().err.splitlines()[0] == "Nothing to run: the store has all 2."
