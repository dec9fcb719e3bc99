"""Designs: points that fill their ranges, the same everywhere, checked before any is run, and the same as composed."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from sim import compose, draws, read_results
from sim.cli import UsageError, folder, main, screen
from sim.cli.request import read
from sim.composition import options
from sim.config import ConfigError, registry
from sim.designs import Design, points_of, written
from sim.ensemble import simulate
from sim.founding import FoundingError
from sim.parameters import GROUPS
from sim.report.study import read_study
from sim.symbols import SYMBOLS

OVER = ("ties.build", "coproduction.sigma", "trust.moves", "funding.decide_at")
SMALL = ["place.residents=1500", "months=24"]


def levels(points, path):
    """Where the values of a number lie in its range, by the order in which `draws.value` puts them."""
    entry, fine = registry()[path], np.linspace(0.0, 1.0, 4097)
    return np.interp([point[path] for point in points], [draws.value(entry, u) for u in fine], fine)


@pytest.mark.parametrize("kind", ["lhs", "sobol"])
def test_each_part_of_a_range_has_one_point(kind):
    points = points_of(Design(kind=kind, points=16, over=OVER))
    assert [list(point) for point in points] == [list(OVER)] * 16
    for path in OVER[:2]:
        assert sorted((16 * levels(points, path)).astype(int).tolist()) == list(range(16))
    assert {point["trust.moves"] for point in points} == {True, False}
    assert {point["funding.decide_at"] for point in points} == set(registry()["funding.decide_at"].options)


@pytest.mark.parametrize("kind", ["lhs", "sobol", "morris"])
def test_points_come_from_the_seed_alone(kind):
    one, same, other = (points_of(Design(kind=kind, points=8, trajectories=2, over=OVER, seed=s)) for s in (1, 1, 2))
    assert one == same
    assert one != other


def test_each_step_of_a_trajectory_moves_one_parameter_by_two_thirds_of_its_range():
    over = ("ties.build", "coproduction.sigma", "volunteering.asked_share")
    points = points_of(Design(kind="morris", trajectories=5, over=over))
    assert len(points) == 5 * (len(over) + 1)
    for k in range(5):
        walk = points[k * (len(over) + 1) : (k + 1) * (len(over) + 1)]
        moved = [[path for path in over if a[path] != b[path]] for a, b in pairwise(walk)]
        assert sorted(path for (path,) in moved) == sorted(over)
        for path in over:
            ends = np.unique(np.round(levels(walk, path), 3))
            assert np.diff(ends) == pytest.approx([2 / 3], abs=2e-3)
    assert len({point["ties.build"] for point in points}) == 4  # every level of the grid is met


def test_a_parameter_may_be_called_by_the_short_name_of_its_source(tmp_path):
    assert set(SYMBOLS.values()) <= set(registry())
    assert not set(SYMBOLS) & set(registry())
    (point,) = points_of(Design(kind="lhs", points=1, over=("ties.S_bridge", "coproduction.sigma")))
    assert list(point) == ["ties.survival_bridging", "coproduction.sigma"]
    (tmp_path / "points.csv").write_text("ties.S_bridge\n.3\n")
    assert points_of(Design(kind="csv", file=str(tmp_path / "points.csv"))) == [{"ties.survival_bridging": ".3"}]
    assert compose(["ties.S_bridge=.3"]) == compose(["ties.survival_bridging=.3"])


def test_a_room_is_all_its_numbers():
    (point,) = points_of(Design(kind="lhs", points=1, over=("ties",)))
    assert set(point) == {entry.path for entry in GROUPS["ties"].values() if entry.is_number}


def test_points_are_what_composing_makes_of_them():
    base = ["place.residents=1500", "months=36", "rival=retreat"]
    over = f"design.over=[{','.join(OVER)}]"
    asked = read(["-m", *base, "policy=none,nurture_early", "design=lhs", "design.points=2", over])
    assert len(asked.points) == 4
    for point in asked.points:
        config = compose([*base, *point.overrides])
        assert config == point.config
        assert config.content() == point.config.content()
        assert config.matched == point.config.matched


def test_points_of_a_file_are_composed_as_they_stand(tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("policy,ties.build,trust.moves,place.residents\nnone,1e-2,true,1500\nnurture_early,0.011,false,1600\n")
    asked = read(["-m", "design=csv", f"design.file={file}", "months=36"])
    assert [p.config.place.residents for p in asked.points] == [1500, 1600]
    assert [p.config.ties.build for p in asked.points] == [0.01, 0.011]
    assert [p.config.trust.moves for p in asked.points] == [True, False]
    assert [list(p.config.policy) for p in asked.points] == [[], ["nurture_early"]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["design=sobol"], "goes over no parameter yet"),
        (["design=sobol", "design.points=12", "design.over=[ties]"], "power of two: choose 8 or 16"),
        (["design=lhs", "design.over=[ties.bild]"], "Did you mean ties.build?"),
        (["design=lhs", "design.points=0", "design.over=[ties]"], "design.points is 0, outside what is allowed"),
        (["design=morris", "design.levels=5", "design.over=[ties]"], "has to be even"),
        (["design=sobbol"], "Did you mean sobol?"),
        (["design=morris", "design.points=3"], "design.points is unknown"),
        (["design=csv"], "needs a file"),
        (["design=csv", "design.file=nowhere.csv"], "cannot read the design nowhere.csv: No such file"),
        (["design=lhs,sobol"], "names several"),
    ],
)
def test_a_design_that_cannot_be_followed_is_told(words, told):
    with pytest.raises(ConfigError, match="(?s)" + told.replace("?", r"\?")):
        read(["-m", *SMALL, *words])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "needs a first line"),
        ("policy\n", "needs a first line"),
        ("policy,policy\nnone,none\n", "'policy' twice"),
        ("policy,months\nnone\n", "point 1 has 1 values, and there are 2 columns"),
        ("policy,months\nnone,\n", "point 1 has 1 values"),
        ("ties.build\n0.01\n7\n", r"point 2 of the design \(ties.build=7\): ties.build is 7, outside what is allowed"),
        ("ties.build\nmany\n", "ties.build is 'many', outside what is allowed"),
        ("ties.build\nnan\n", "ties.build is nan, outside"),
        ("trust.moves\nperhaps\n", "Write true or false"),
        ("polcy\nnone\n", "polcy is unknown. Did you mean policy"),
        ("policy\nnurture_erly\n", "Did you mean nurture_early"),
        ("months\n'1\n", "Cannot read"),
        ("policy\nnone,\n", "point 1 has 1 values, and there are 1 columns"),
    ],
)
def test_a_file_of_points_that_cannot_be_followed_is_told(tmp_path, text, told):
    file = tmp_path / "points.csv"
    file.write_text(text)
    with pytest.raises(ConfigError, match=told):
        read(["-m", *SMALL, "design=csv", f"design.file={file}"])


def test_a_design_is_for_a_sweep():
    for words, several in ((["design=lhs", "design.over=[ties]"], False), (["design=lhs", "policy=none"], True)):
        with pytest.raises(UsageError, match="Run it with takestwo run -m"):
            read(words, several=several)
    assert len(read(["-m", "design=grid", "months=24,36"]).points) == 2
    assert set(options("design")) == set(Design.model_fields["kind"].annotation.__args__)


def test_what_is_written_is_read_again():
    for point in points_of(Design(kind="lhs", points=4, over=OVER)):
        assert [registry()[word.partition("=")[0]].path for word in written(point)] == list(OVER)
        assert float(written(point)[0].partition("=")[2]) == point["ties.build"]


def test_a_plan_runs_nothing_and_says_how_to(tmp_path, capsys):
    words = ["-m", *SMALL, "design=lhs", "design.points=3", "design.over=[ties.build]", f"store={tmp_path}/store"]
    assert main(["plan", *words, "replicates=2"]) == 0
    told = capsys.readouterr().out
    assert "Points     3: ties.build=" in told
    assert f"Runs       6, of which 0 are in {tmp_path}/store" in told
    assert "of one core; about" in told
    assert "takestwo run -m place.residents=1500" in told
    assert "'design.over=[ties.build]'" in told
    assert not (tmp_path / "store").exists()


def test_many_scenarios_are_told_in_one_table(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(folder, "FEW", 1)
    monkeypatch.setattr(screen, "LISTED", 1)
    words = ["-m", *SMALL, "months=2,3", "replicates=1", f"store={tmp_path}/store", f"hydra.sweep.dir={tmp_path}/out"]
    assert main(["run", *words]) == 0
    told = capsys.readouterr().out
    assert "2 scenarios: the last year" in told
    assert "summary.csv has all" in told
    assert (tmp_path / "out" / "1" / "results.parquet").exists()
    assert not (tmp_path / "out" / "1" / "report.html").exists()
    assert main(["report", str(tmp_path / "out" / "1")]) == 0
    assert "config" not in OmegaConf.load(tmp_path / "out" / "config.yaml").points["0"]
    assert [s.config.months for s in read_study(tmp_path / "out").scenarios] == [2, 3]
    whole, parts = read_results(tmp_path / "out"), [read_results(tmp_path / "out" / str(n)) for n in range(2)]
    assert whole.results.equals(pd.concat([part.results for part in parts], ignore_index=True))


def test_a_scenario_that_cannot_be_run_is_named_and_left_out(monkeypatch, tmp_path, capsys):
    def simulated(spec, *listeners):
        if spec.config.months == 2:
            raise FoundingError("no such place")
        return simulate(spec, *listeners)

    monkeypatch.setattr("sim.pool.alone.simulate", simulated)
    where = [f"store={tmp_path}/store", f"hydra.sweep.dir={tmp_path}/out", "replicates=2", "workers=1"]
    assert main(["run", "-m", "place.residents=1500", "months=2,3", *where]) == 2
    told = capsys.readouterr().err
    assert "1 of 2 scenarios could not be run, and are left out of the results; the others are whole." in told
    assert "months=2: no such place" in told
    assert [s.config.months for s in read_study(tmp_path / "out").scenarios] == [3]
    assert main(["run", "-m", "place.residents=1500", "months=2", *where]) == 2
    assert capsys.readouterr().err.strip().splitlines()[-1] == "takestwo run: no such place"


# What was found by typing at random (tests/test_fuzz.py)


@pytest.mark.parametrize("cell", ["{", "2009-13-45", "&a", "'1", "a: b", "!!python/name:os.system", "\x00", "[1"])
def test_a_cell_that_is_no_yaml_is_told_as_any_other(tmp_path, cell):
    file = tmp_path / "points.csv"
    file.write_text(f'ties.build\n"{cell}"\n')
    with pytest.raises(ConfigError, match=r"point 1 of the design .*ties\.build is .*outside what is allowed"):
        read(["-m", *SMALL, "design=csv", f"design.file={file}"])


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("seed=range(1,1e12)", "more than 1,000,000 scenarios"),
        ("seed=range(4,1)", "has no value"),
        ("months=glob(*)", "world=glob(*)"),
        ("rival=glob(x*)", "has no value"),
        ("months=range(12,24,0)", "must not be zero"),
    ],
)
def test_a_sweep_over_nothing_or_without_end_is_told(word, told):
    with pytest.raises(ConfigError) as fault:
        read(["-m", "place.residents=1500", word])
    assert told in str(fault.value)


def test_a_glob_is_all_options_that_fit():
    points = read(["-m", *SMALL, "world=glob([f*,h*])"]).points
    assert [point.overrides for point in points] == [("world=flat",), ("world=history",)]
