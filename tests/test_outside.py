"""Rules and observables from outside, over many runs."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from sim import CommunityModel, compare, compose, read_results, run_ensemble
from sim.ensemble import RunSpec, simulate
from sim.outside import OutsideError, is_passing, told
from sim.results import write_results
from tests import outside_rules
from tests.outside_rules import Counted, Strike

SMALL = compose(["place.residents=1500", "months=3"])


def run(model, **how):
    return run_ensemble(SMALL, replicates=2, workers=1, model=model, **how)


def test_an_observable_of_ones_own_is_a_column_and_an_outcome_and_changes_nothing_else(tmp_path):
    plain, counted = run(None), run(Counted)
    assert counted.results["most_hours"].gt(0.0).all()
    same = [name for name in plain.results if name != "run_id"]
    assert counted.results[same].equals(plain.results[same])
    row = counted.summary.set_index("outcome").loc["most_hours"]
    assert (row["unit"], row["replicates"]) == ("own", 2)
    write_results(tmp_path, counted, config="", provenance={})
    assert read_results(tmp_path).results.equals(counted.results)
    assert counted.tables.results.schema.field("most_hours").metadata[b"unit"] == b"own"


def test_it_is_the_model_that_one_would_live_alone():
    model = Strike(SMALL, rng=RunSpec(SMALL, 1).seed)
    model.run()
    rows = run(Strike).results.query("replicate == 1")
    assert rows["pledged"].tolist() == [model.row(month)["pledged"] for month in range(3)] == [0.0] * 3
    assert rows["unmet_need"].tolist() == [model.row(month)["unmet_need"] for month in range(3)]


def test_a_town_is_let_go_of_when_its_run_ends():
    """Large towns that follow one another would otherwise be in memory two at a time."""
    lived = []

    class Watched(CommunityModel):
        def __init__(self, config, rng=None):
            super().__init__(config, rng=rng)
            lived.append(weakref.ref(self))

    gc.disable()
    try:
        simulate(RunSpec(SMALL, 0, model=Watched))
    finally:
        gc.enable()
    assert [town() for town in lived] == [None]


def test_two_processes_give_the_same(tmp_path):
    assert not is_passing(Strike)
    one, two = run(Strike), run_ensemble(SMALL, replicates=2, workers=2, model=Strike)
    assert one.results.equals(two.results)


def test_the_store_tells_models_apart_by_name_and_by_what_their_files_say(tmp_path, monkeypatch):
    ids = {RunSpec(SMALL, 0, model=model).run_id for model in (None, Strike, Counted)}
    assert len(ids) == 3
    told_before = told(Strike)
    changed = tmp_path / "outside_rules.py"
    written = Path(outside_rules.__file__).read_text(encoding="utf-8")
    changed.write_text(f"{written}\n# another rule\n", encoding="utf-8")
    monkeypatch.setattr("sim.outside._file", lambda _: str(changed))
    assert told(Strike) != told_before
    monkeypatch.undo()
    seen = []
    for _ in range(2):
        run_ensemble(SMALL, replicates=1, workers=1, model=Counted, store=tmp_path / "store", progress=seen.append)
    assert seen[-1].stored == 1
    assert "most_hours" in run_ensemble(SMALL, 1, 1, tmp_path / "store", model=Counted).results


def test_a_class_that_no_file_holds_lives_here_and_is_not_stored(tmp_path):
    class Passing(CommunityModel):
        also: ClassVar = {"one": lambda _: 1.0}

    assert is_passing(Passing)
    results = run_ensemble(SMALL, replicates=2, workers=2, store=tmp_path, model=Passing).results
    assert results["one"].eq(1.0).all()
    assert not list(tmp_path.iterdir())


def test_a_rule_is_compared_with_the_model_without_it():
    contrast = compare(SMALL, SMALL, replicates=2, workers=1, models=(None, Strike))
    rows = contrast.outcomes.set_index("outcome")
    assert rows.loc["hours_volunteer", "difference"] < 0.0
    assert "pledged" not in rows.index
    own = compare(SMALL, SMALL, replicates=2, workers=1, models=(Counted, Counted)).outcomes.set_index("outcome")
    assert (own.loc["most_hours", "difference"], own.loc["most_hours", "unit"]) == (0.0, "own")
    assert np.isfinite(own.loc["most_hours", "scenario"])


@pytest.mark.parametrize("model", [Strike(SMALL), int, "Strike"])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(OutsideError, match="a subclass of sim"):
        run_ensemble(SMALL, replicates=1, model=model)


def test_the_model_itself_is_no_model_from_outside():
    assert run(CommunityModel).results.equals(run(None).results)
