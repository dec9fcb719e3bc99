"""The store: a run is found by all that can change it, whole or not at all."""

import os
import shutil
import time
from contextlib import nullcontext

import pytest

from sim.files import OutputError
from sim.store import About, Store, check, clear, digest_of, file, pack, packing, put_together, run_id
from sim.store.shelf import BLOCK
from sim.tables import ALWAYS, PARTS
from tests.test_results import run
from tests.towns import town

RUN = {"source": "s", "content": {"a": 1, "b": {"c": 2.5}}, "draw": 0, "replicate": 3, "seed": 9}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.mark.parametrize(
    "change",
    [{"source": "t"}, {"content": {"a": 1, "b": {"c": 2.5000001}}}, {"draw": 1}, {"replicate": 4}, {"seed": 10}],
)
def test_all_that_can_change_a_run_changes_its_name(change):
    assert run_id(**RUN) != run_id(**RUN | change)


def test_a_name_does_not_depend_on_the_order_of_keys():
    assert run_id(**RUN) == run_id(**RUN | {"content": {"b": {"c": 2.5}, "a": 1}})
    assert int(run_id(**RUN), 16) >= 0
    assert len(run_id(**RUN)) >= 16


def test_what_is_kept_is_found(store):
    tables = run([1.0, 2.0])
    assert store.get("ab12") is None
    store.put("ab12", tables)
    found = store.get("ab12")
    assert found.results.equals(tables.results)
    assert all(getattr(found, name).equals(getattr(tables, name)) for name in PARTS)
    assert store.get("ab13") is None


def test_a_run_without_the_states_asked_for_is_not_there(store):
    store.put("ab12", run([1.0]))
    assert store.get("ab12", ["residents"]) is None
    store.put("ab12", run([1.0], record=("residents",), state=town(residents=7)))
    assert len(store.get("ab12", ["residents"]).residents) == 7
    assert store.get("ab12").residents is None


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("name", ALWAYS)
def test_a_file_cut_short_is_as_if_absent(store, name, kept):
    store.put("ab12", run([1.0] * 50, run_id="ab12"))
    file = store.path(name, "ab12")
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    assert store.get("ab12") is None


@pytest.mark.parametrize("name", [*ALWAYS, "runs"])
def test_a_run_that_lacks_a_table_is_as_if_absent(store, name):
    store.put("ab12", run([1.0]))
    assert store.has("ab12")
    store.path(name, "ab12").unlink()
    assert not store.has("ab12")
    assert store.get("ab12") is None


def test_a_changed_byte_is_noticed(store):
    tables = run([i / 7 for i in range(50)])
    store.put("ab12", tables)
    file = store.path("results", "ab12")
    whole = file.read_bytes()
    noticed = 0
    for place in range(0, len(whole), 97):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        found = store.get("ab12")
        noticed += found is None
        assert found is None or found.results.equals(tables.results), place
    assert noticed > 100


def test_what_says_that_a_run_is_whole_is_written_last(store, monkeypatch):
    written = []
    monkeypatch.setattr("sim.store.file.write", lambda path, _: written.append(path.parent.name))
    store.put("ab12", run([1.0], record=("residents", "ties"), state=town(residents=7)))
    assert sorted(written[:-1]) == sorted((*ALWAYS, "residents", "ties"))
    assert written[-1] == "runs"


def test_what_is_there_is_not_written_again(store, monkeypatch):
    store.put("ab12", run([1.0]))
    written = []
    monkeypatch.setattr("sim.store.file.write", lambda path, _: written.append(path.parent.name))
    store.put("ab12", run([1.0], record=("ties",), state=town(residents=7)))
    assert written == ["ties"]


def test_a_folder_that_cannot_be_written_is_told_beforehand(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*file/store"):
        Store(tmp_path / "file" / "store").check()


def test_checking_leaves_nothing(store):
    store.check()
    assert list(store.folder.iterdir()) == []


# Blocks: runs that were finished within two seconds lie in one file.


def together(store, *names, **kept):
    put_together(store, {name: (run([1.0, 2.0], run_id=name, **kept), About()) for name in names})


def test_runs_that_are_put_together_are_found_and_lie_in_one_file(store, tmp_path):
    together(store, "ab12", "ab13", "ab14")
    assert all(store.has(name) for name in ("ab12", "ab13", "ab14"))
    assert store.get("ab13").results.equals(run([1.0, 2.0], run_id="ab13").results)
    assert len(store.names()) == 1
    assert store.names()[0].startswith(BLOCK)
    one_by_one = Store(tmp_path / "other")
    for name in ("ab12", "ab13", "ab14"):
        one_by_one.put(name, run([1.0, 2.0], run_id=name))
    assert digest_of(store) == digest_of(one_by_one)
    assert check(store).is_sound


def test_one_run_alone_and_one_that_is_there_are_no_block(store):
    together(store, "ab12")
    together(store, "ab12", "ab13")
    assert store.names() == ["ab12", "ab13"]


def test_states_of_a_block_lie_one_by_one(store):
    together(store, "ab12", "ab13", record=("residents",), state=town(residents=7))
    assert store.names("residents") == ["ab12", "ab13"]
    assert len(store.get("ab13", ["residents"]).residents) == 14  # of two months


def test_where_blocks_cannot_be_locked_runs_lie_one_by_one(store, monkeypatch):
    monkeypatch.setattr(packing, "_lock", lambda _: None)
    together(store, "ab12", "ab13")
    assert store.names() == ["ab12", "ab13"]


def test_blocks_and_runs_become_packs_when_there_are_enough(store):
    together(store, "ab12", "ab13")
    store.put("ab14", run([1.0, 2.0], run_id="ab14"))
    said = digest_of(store)
    assert pack(store, 3) == 0
    assert len(store.names()) == 2
    together(store, "ab15", "ab16", "ab17")
    assert pack(store, 3) == 6
    (name,) = store.names()
    assert not name.startswith(BLOCK)
    assert all(store.get(each) is not None for each in ("ab12", "ab14", "ab17"))
    assert check(store).is_sound
    assert digest_of(store) != said
    assert pack(store, 1) == 0


def test_large_blocks_stay_as_they_are(store):
    together(store, *(f"ab{n}" for n in range(10, 10 + packing.SMALL)))
    store.put("cd10", run([1.0], run_id="cd10"))
    assert pack(store, 1) == 1
    assert sum(name.startswith(BLOCK) for name in store.names()) == 1
    assert len(store.names()) == 2


def test_a_run_that_lies_in_two_blocks_comes_to_lie_in_one_pack(store, monkeypatch):
    """As where two machines see one another's files late."""
    together(store, "ab12", "ab13")
    monkeypatch.setattr(Store, "has", lambda *_: False)
    together(store, "ab13", "ab14")
    monkeypatch.undo()
    assert not check(store).is_sound
    assert pack(store) == 3
    assert len(store.names()) == 1
    found = check(store)
    assert (found.runs, found.is_sound) == (3, True)


def test_runs_of_a_block_whose_tables_have_changed_places_are_kept_as_they_were_lived_again(store):
    """Each table is sound by itself: it is the wrong one, and does not stand for what was put beside it."""
    together(store, "ab12", "ab13")
    (name,) = store.names()
    one, other = store.path("by_band", name), store.path("by_area", name)
    one.rename(one.with_name("between"))
    other.rename(one)
    one.with_name("between").rename(other)
    assert store.get("ab12") is None
    for again in ("ab12", "ab13"):
        store.put(again, run([1.0, 2.0], run_id=again), About())
    pack(Store(store.folder), least=0)
    assert all(Store(store.folder).get(one) is not None for one in ("ab12", "ab13"))


def test_a_block_is_not_dropped_for_a_larger_one_that_lacks_a_table(store):
    together(store, "ab12", "ab13", "ab14")
    (name,) = store.names()
    store.path("by_area", name).unlink()
    again = Store(store.folder)
    again.put("ab12", run([1.0, 2.0], run_id="ab12"), About())
    together(again, "ab13", "ab14")
    pack(Store(store.folder), least=0)
    assert all(Store(store.folder).get(one) is not None for one in ("ab12", "ab13", "ab14"))


def test_runs_of_a_spoilt_pack_that_were_lived_again_are_packed_anew(store):
    together(store, "ab12", "ab13", "ab14")
    pack(Store(store.folder), least=0)
    (name,) = store.names()
    store.path("by_area", name).unlink()
    together(Store(store.folder), "ab12", "ab13", "ab14")
    assert pack(Store(store.folder), least=0) == 3
    assert all(Store(store.folder).get(one) is not None for one in ("ab12", "ab13", "ab14"))
    assert check(Store(store.folder)).is_sound


def test_a_block_that_is_written_over_what_lay_under_its_name_is_read_anew(store):
    """By whoever had already looked at what lay there: a table that says it holds another run."""
    together(store, "ab12", "ab13")
    store.put("ab14", run([1.0, 2.0], run_id="ab14"), About())
    (name,) = (name for name in store.names() if name.startswith(BLOCK))
    store.path("runs", name).write_bytes(store.path("by_area", "ab14").read_bytes())
    assert store.packed() == {"ab14": name}
    together(store, "ab12", "ab13")
    pack(store, least=0)
    assert all(Store(store.folder).get(one) is not None for one in ("ab12", "ab13", "ab14"))


def test_packs_whose_tables_have_changed_places_stand_for_no_run_that_was_lived_again(store):
    """The row in ``runs`` of one lies among the areas of the other: both then say that they hold the same two runs."""
    for names in (("ab12", "ab13"), ("ab14", "ab15")):
        together(store, *names)
        pack(store, least=0)
    one, other = store.names()
    between = store.folder / "between"
    store.path("runs", one).rename(between)
    store.path("by_area", other).rename(store.path("runs", one))
    between.rename(store.path("by_area", other))
    again = Store(store.folder)
    every = ("ab12", "ab13", "ab14", "ab15")
    for name in [name for name in every if again.get(name) is None]:
        again.put(name, run([1.0, 2.0], run_id=name), About())
    assert all(again.get(name) is not None for name in every)
    pack(again, least=0)
    assert all(Store(store.folder).get(name) is not None for name in every)
    assert check(Store(store.folder)).runs == len(every)


def test_a_sound_pack_outlives_another_that_says_it_holds_the_same_runs(store):
    """One's areas lie over the row in ``runs`` of the other, which is then cleared away."""
    for names in (("ab12", "ab13"), ("ab14", "ab15")):
        together(store, *names)
        pack(store, least=0)
    for sound, spoilt in (store.names(), store.names()[::-1]):
        again = Store(shutil.copytree(store.folder, store.folder.with_name(f"without-{spoilt}")))
        again.path("runs", spoilt).write_bytes(again.path("by_area", sound).read_bytes())
        kept = [name for name in ("ab12", "ab13", "ab14", "ab15") if again.get(name) is not None]
        assert len(kept) == 2
        clear(again, check(again))
        assert [name for name in kept if Store(again.folder).get(name) is None] == []
        assert check(again).is_sound


@pytest.mark.parametrize("spoilt", [0, 1])
def test_a_run_that_is_spoilt_in_one_pack_is_found_in_another(store, spoilt):
    together(store, "ab12", "ab13")
    (name,) = store.names()
    for table in (*ALWAYS, "runs"):
        store.path(table, "pack-zz").write_bytes(store.path(table, name).read_bytes())
    for table in (*ALWAYS, "runs"):
        path = store.path(table, sorted([name, "pack-zz"])[spoilt])
        whole = path.read_bytes()
        path.write_bytes(b"")
        found = Store(store.folder)
        assert all(each is not None for each in (found.get("ab13"), found.about("ab13"), found.results("ab13")))
        path.write_bytes(whole)


@pytest.mark.parametrize("table", ["by_area", "residents"])
def test_a_damaged_file_of_a_run_that_is_there_all_the_same_is_mended_or_goes(store, table):
    """What its rows say is as it was, or nothing else depends on it."""
    store.put("ab12", run([1.0, 2.0], run_id="ab12", record=("residents",), state=town(residents=7)), About())
    path = store.path(table, "ab12")
    whole = path.read_bytes()
    seal = whole.rfind(file.SEAL) + len(file.SEAL) + 2
    path.write_bytes(whole[1:] if table == "residents" else whole[:seal] + b"x" + whole[seal + 1 :])
    found = check(store)
    assert not found.is_sound
    clear(store, found)
    assert Store(store.folder).get("ab12") is not None
    assert check(Store(store.folder)).is_sound
    assert path.exists() == (table == "by_area")


@pytest.mark.parametrize("other", ["by_band", "by_area"])
def test_a_run_whose_row_is_another_table_is_not_packed_and_stops_nothing(store, other):
    together(store, "ab12", "ab13")
    store.put("ab14", run([1.0, 2.0], run_id="ab14"), About())
    store.path("runs", "ab14").write_bytes(store.path(other, "ab14").read_bytes())
    assert pack(Store(store.folder), least=0) == 2
    assert {finding.path.stem for finding in check(Store(store.folder)).findings} == {"ab14"}


def test_a_block_that_is_being_written_is_left_alone(store):
    """Its row in ``runs`` is the last that is written."""
    together(store, "ab12", "ab13")
    (name,) = store.names()
    row = store.path("runs", name)
    row.rename(row.with_suffix(".later"))
    for each in ("cd12", "cd13"):
        store.put(each, run([1.0], run_id=each))
    with packing._alone(store.folder, lock=packing.WRITING):
        assert pack(store, 2) == 2
    row.with_suffix(".later").rename(row)
    assert store.get("ab13") is not None


@pytest.mark.parametrize("how", ["nobody writes", "long ago"])
def test_a_block_that_nobody_ended_is_unfinished_and_goes(store, how):
    """As of a worker that was killed while it wrote: its runs were lived again, and lie elsewhere now."""
    together(store, "ab12", "ab13")
    (name,) = store.names()
    store.path("runs", name).unlink()
    again = Store(store.folder)
    together(again, "ab12", "ab13", "ab14")
    found = check(again)
    assert found.is_sound
    assert [(finding.kind, finding.path.stem) for finding in found.findings] == [("unfinished", name)] * len(ALWAYS)
    if how == "long ago":
        for table in ALWAYS:
            os.utime(store.path(table, name), (time.time() - 2.0 * packing.STALE_SECONDS,) * 2)
    with packing._alone(store.folder, lock=packing.WRITING) if how == "long ago" else nullcontext():
        assert pack(again) == 0
    assert not any(store.path(table, name).exists() for table in ALWAYS)
    assert check(again).findings == ()


def test_a_folder_where_a_file_is_to_go_is_told_and_one_that_is_hidden_is_nobodys_business(store):
    together(store, "ab12", "ab13")
    (name,) = store.names()
    hidden = store.folder / "runs" / ".ipynb_checkpoints"
    hidden.mkdir()
    os.utime(hidden, (time.time() - 2.0 * packing.STALE_SECONDS,) * 2)
    for table in ("runs", "by_band"):
        store.path(table, name).unlink()
    store.path("by_band", name).mkdir()
    with pytest.raises(OutputError, match=rf"cannot write .*{name}\.parquet: Is a directory"):
        pack(Store(store.folder))
    store.path("by_band", name).rmdir()
    pack(Store(store.folder))
    assert [path.name for path in store.folder.rglob("*/*")] == [hidden.name]
