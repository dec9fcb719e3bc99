"""England: the made list, councils of a class on one first morning, and a sitting that is killed and goes on."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))
import councils
import england
from councils import Council, Town

from sim.ensemble import RunSpec, simulate
from sim.files import read_parquet
from sim.founding import solving
from sim.store import Store

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
SMALL = [
    Town("large", "district", "england_average", 1_600, 0), Town("first", "district", "england_average", 1_500, 0),
    Town("second", "district", "england_average", 1_500, 1),
]  # fmt: skip


def test_the_list_has_englands_councils_and_residents():
    listed = councils.councils()
    assert Counter(town.kind for town in listed) == {name: kind.councils for name, kind in councils.KINDS.items()}
    assert len({town.name for town in listed}) == 296
    assert sum(town.residents for town in listed) == pytest.approx(councils.RESIDENTS, abs=200)
    assert min(t.residents for t in listed) >= councils.LEAST
    assert 800_000 < max(t.residents for t in listed) <= councils.MOST


def test_a_class_is_of_one_place_and_nearly_one_size():
    listed = councils.councils()
    classes = Counter((town.place, town.residents) for town in listed)
    lots = {councils.first_replicate(town.residents) + town.place_in_class for town in listed}
    assert len(lots) == 296  # no two councils have the same luck
    for (place, size), many in classes.items():
        turns = sorted(t.place_in_class for t in listed if (t.place, t.residents) == (place, size))
        assert turns == list(range(many))
    mornings = sum(size for _, size in classes)
    assert mornings < 0.2 * councils.RESIDENTS
    assert len(classes) > 30


def test_no_council_is_far_from_its_own_size():
    own = {}
    for town in councils.councils(alike=1.0):
        own[town.name] = town.residents
        assert town.place_in_class == 0
    beside = np.array([town.residents / own[town.name] for town in councils.councils()])
    assert 1.0 / councils.ALIKE < beside.min() < beside.max() < councils.ALIKE
    assert np.mean(np.abs(beside - 1.0) < 0.15) > 0.95


def test_fewer_councils_are_spread_over_all_kinds():
    assert {town.kind for town in councils.councils(12, 600_000)} == set(councils.KINDS)
    with pytest.raises(ValueError, match="3 councils can have 4,500 to 3,000,000"):
        councils.councils(3, 100)


def test_constants_hang_on_the_place_and_not_on_how_many_live_there():
    from sim import compose
    from sim.founding import constants_file

    files = {constants_file(compose([f"place={place}", f"place.residents={n}"]))
             for place in ("county", "inner_city") for n in (1_500, solving.RESIDENTS, 900_000)}  # fmt: skip
    assert len(files) == 2


def test_councils_of_a_class_share_a_morning_and_no_luck_after_it():
    work = england.asked_work(SMALL, [], 3)
    first, second = (Council(spec.config, spec.seed) for spec in work.specs[1:])
    assert [town.name for town in work.towns] == ["large", "first", "second"]
    assert np.array_equal(first.state.residents.trust_council, second.state.residents.trust_council)
    for council in (first, second):
        council.step()
    assert not np.array_equal(first.state.residents.need, second.state.residents.need)


def test_the_first_of_a_class_is_the_run_that_anybody_would_make():
    spec = england.asked_work(SMALL, [], 2).specs[1]
    plain = RunSpec(spec.config, 1_500)
    council = simulate(spec).results.drop_columns("run_id")
    assert council.equals(simulate(plain).results.drop_columns("run_id"))


def test_a_sitting_that_is_killed_goes_on(tmp_path):
    code = f"""
import sys
sys.path.insert(0, {str(EXPERIMENTS)!r})
import england
from councils import Town
from pathlib import Path
if __name__ == "__main__":
    towns = [Town(*each) for each in {list(map(tuple, SMALL))}]
    england.stream(england.asked_work(towns, [], 3), Path({str(tmp_path)!r}), 1, 3)
"""
    script = tmp_path / "sitting.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": str(EXPERIMENTS.parent)}
    environment.pop("NUMBA_CACHE_DIR", None)
    work, store = england.asked_work(SMALL, [], 3), Store(tmp_path / "store")
    with subprocess.Popen([sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, text=True) as sitting:
        until = time.monotonic() + 300.0
        while not store.has(work.specs[0].run_id) and sitting.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        sitting.kill()
    done = [spec for spec in work.specs if Store(tmp_path / "store").has(spec.run_id)]
    assert done
    told = subprocess.run([sys.executable, str(script)], env=environment, check=True, capture_output=True, text=True)
    assert f"{3 - len(done)} councils are left to do" in told.stdout
    table = read_parquet(tmp_path / "england.parquet")
    assert table.column_names[:3] == ["council", "kind", "residents"]
    assert table.num_rows == 9
    assert table["council"].to_pylist() == ["first"] * 3 + ["large"] * 3 + ["second"] * 3
    need = table["unmet_need"].to_numpy()
    assert not np.array_equal(need[:3], need[6:])
    assert "3 of 3 councils" in told.stdout


def test_mornings_go_when_no_council_needs_them_unless_they_were_there_before(tmp_path, monkeypatch):
    work, files = england.asked_work(SMALL, [], 2), [tmp_path / "large.npz", tmp_path / "small.npz"]
    monkeypatch.setattr(england, "_morning", lambda config: files[config.place.residents == 1_500])
    teller = england.Teller(work, Store(tmp_path / "store"))  # both are still to be made: they are ours
    for path in files:
        path.touch()
    assert england.made_here(work, tmp_path / "mornings.txt") == {path.name for path in files}  # in a later sitting too
    told = [england.Progress(3, k, 0, 6, 2 * k, (spec, None)) for k, spec in enumerate(work.specs, 1)]
    teller(told[0])
    teller(told[1])
    assert [path.exists() for path in files] == [False, True]
    teller(told[2])
    assert [path.exists() for path in files] == [False, False]
    files[0].touch()
    (tmp_path / "mornings.txt").unlink()
    other = england.Teller(work, Store(tmp_path / "store"))  # one was there before
    other(told[0])
    assert files[0].exists()


def test_a_council_that_is_found_done_takes_no_morning_from_the_others(tmp_path, monkeypatch, capsys):
    """It is told first in each sitting, and has been counted before."""
    work, morning = england.asked_work(SMALL, [], 2), tmp_path / "small.npz"
    monkeypatch.setattr(england, "_morning", lambda _: morning)
    done = work.specs[1].run_id
    store = SimpleNamespace(folder=tmp_path / "store", has=lambda run: run == done)
    assert set(england.seconds_of_each(work, store)) == {work.specs[k].run_id for k in (0, 2)}
    teller = england.Teller(work, store)
    morning.touch()
    for count, k in enumerate((1, 0), 1):
        teller(england.Progress(3, count, 1, 6, 2 * count, (work.specs[k], None)))
    assert morning.exists()
    teller(england.Progress(3, 3, 1, 6, 6, (work.specs[2], None)))
    assert not morning.exists()
    assert "3,100 residents of this sitting (1 found done)" in capsys.readouterr().out


def test_ctrl_c_is_answered_at_once_and_once(tmp_path, capsys):
    teller = england.Teller(england.asked_work(SMALL, [], 2), Store(tmp_path / "store"))
    for stopping in (False, True, True):
        teller(england.Progress(3, 0, 0, 6, 1, stopping=stopping))
    assert capsys.readouterr().out.count("the councils that are under way come to their end") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["place.residents=3"], "place.residents=3: the list of councils says how large each is"),
        (["--residents", "100", "--councils", "3"], "residents is 100: 3 councils can have 4,500 to 3,000,000"),
        (["world=esay"], "world=esay is unknown. Did you mean essay?"),
    ],
)
def test_bad_input_is_told_in_one_message(words, told, capsys):
    assert england.main([*words, "--plan"]) == 2
    assert told in capsys.readouterr().err


def test_the_plan_says_what_it_would_take(capsys, tmp_path):
    assert england.main(["--plan", "--folder", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "296 councils of 57,000," in told
    assert "296 councils are left to do" in told
    assert not list(tmp_path.iterdir())
