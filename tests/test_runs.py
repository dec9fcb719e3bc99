"""The store as a whole: packed, queried, checked and cleared up, and nothing lost whoever dies at it."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from sim import compose, open_store
from sim.cli import main
from sim.config import HOW_TO_RUN
from sim.files import OutputError
from sim.source import source_hash
from sim.store import About, ChoiceError, Store, check, clear, digest_of, drop, pack, packing
from sim.store.settings import flat
from sim.tables import ALWAYS, PARTS, Tables
from tests.test_results import run
from tests.towns import town

pytestmark = pytest.mark.usefixtures("no_power_is_cut")

TABLES = (*ALWAYS, "runs")
POLICIES = ("none", "listening")
RUNS = [f"{number:024x}" for number in range(0xA0000, 0xA0006)]


def config_of(policy="none", **ties):
    plain = compose([f"policy={policy}"]).resolved()
    plain["ties"] |= ties
    return {name: value for name, value in plain.items() if name not in HOW_TO_RUN}


@pytest.fixture(scope="module")
def runs():
    """Six runs: of two policies and two numbers of a parameter."""
    made = {}
    for number, name in enumerate(RUNS):
        policy, build, replicate = POLICIES[number // 3], (0.01, 0.01, 0.02)[number % 3], number % 3
        names = {"run_id": name, "policy": policy, "replicate": replicate, "rival": "none", "ablation": "none"}
        tables = run([float(number), number / 7, np.nan], **names)
        made[name] = tables, About(source_hash(), config_of(policy, build=build))
    return made


@pytest.fixture(scope="module")
def filled(runs, tmp_path_factory):
    """Where they lie one by one, and where they lie in packs of two; not to be changed."""
    folder = tmp_path_factory.mktemp("filled")
    for name, (tables, about) in runs.items():
        Store(folder / "loose").put(name, tables, about)
    shutil.copytree(folder / "loose", folder / "packed")
    packing.LOOSE, before = 2, packing.LOOSE
    assert pack(Store(folder / "packed"), least=1) == 6
    packing.LOOSE = before
    return folder


@pytest.fixture(params=["loose", "packed"])
def store(request, filled, tmp_path):
    """A copy of the store, to be changed."""
    return Store(shutil.copytree(filled / request.param, tmp_path / "store"))


@pytest.fixture
def packed(filled, tmp_path):
    return Store(shutil.copytree(filled / "packed", tmp_path / "store"))


@pytest.fixture
def loose(filled, tmp_path):
    return Store(shutil.copytree(filled / "loose", tmp_path / "store"))


def same(found, tables):
    return all(pd.DataFrame.equals(a.to_pandas(), b.to_pandas()) for (_, a), (_, b) in both(found, tables))


def both(found, tables):
    return zip(found.items(), tables.items(), strict=True)


def said(capsys, *words, code=0):
    assert main(["runs", *words]) == code
    return tuple(" ".join(text.split()) for text in capsys.readouterr())


def twisted(path, *, at_its_foot=False):
    """Flip one bit: in the last value of the last column, or in the foot, by which Parquet finds all else."""
    whole = bytearray(path.read_bytes())
    group = pq.read_metadata(path).row_group(0)
    last = group.column(group.num_columns - 1)
    end = (last.dictionary_page_offset or last.data_page_offset) + last.total_compressed_size
    foot = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    whole[foot if at_its_foot else end - 1] ^= 0x10
    path.write_bytes(whole)


# Packing


def test_packed_runs_are_what_they_were(store, runs):
    assert all(store.has(name) and same(store.get(name), tables) for name, (tables, _) in runs.items())
    assert store.get(RUNS[0], ["ties"]) is None
    assert store.about(RUNS[4])["config"] == json.dumps(runs[RUNS[4]][1].config, separators=(",", ":"))


def test_packs_are_few_files_and_say_the_same(filled):
    one_by_one, packs = Store(filled / "loose"), Store(filled / "packed")
    assert [len(packs.names(table)) for table in TABLES] == [3] * 6
    assert digest_of(one_by_one) == digest_of(packs) == check(packs).digest == check(one_by_one).digest


def test_few_runs_are_not_packed(loose):
    assert pack(loose) == 0
    assert loose.names() == RUNS


def test_states_stay_one_file_a_run(tmp_path):
    store = Store(tmp_path)
    for name in RUNS[:2]:
        store.put(name, run([1.0, 2.0], record=("residents",), state=town(residents=7), run_id=name))
    assert pack(store, least=1) == 2
    assert store.names("residents") == RUNS[:2]
    assert len(store.get(RUNS[0], ["residents"]).residents) == 14
    assert check(store).is_sound


def test_runs_of_models_from_outside_keep_their_columns(loose, runs):
    tables = runs[RUNS[0]][0]
    own = tables.results.set_column(0, tables.results.schema.field(0), [["f" * 24] * 3])
    own = own.append_column("mine", [[1.0, 2.0, 3.0]])
    rest = {name: getattr(tables, name).slice(0, 0) for name in PARTS}
    loose.put("f" * 24, Tables(results=own, **rest), About(source_hash(), config_of(), "my.Model"))
    assert pack(loose, least=1) == 6
    assert loose.get("f" * 24).results["mine"].to_pylist() == [1.0, 2.0, 3.0]
    frame = open_store(loose.folder).results.to_pandas(["run_id", "mine"])
    assert frame.groupby("run_id")["mine"].sum().to_dict() == dict.fromkeys(RUNS, 0.0) | {"f" * 24: 6.0}


@pytest.mark.parametrize("files", [1, 5, 6, 7, 8, 9, 20])
def test_who_is_killed_while_packing_loses_nothing(loose, runs, monkeypatch, files):
    """All ends at one file of those that are written and removed, whichever it is."""
    done = []

    def last(act):
        def acting(*args, **kwargs):
            done.append(1)
            if len(done) > files:
                raise KeyboardInterrupt
            return act(*args, **kwargs)

        return acting

    before = digest_of(loose)
    with monkeypatch.context() as patch:
        patch.setattr("sim.store.file.write", last(packing.file.write))
        patch.setattr("pathlib.Path.unlink", last(type(loose.folder).unlink))
        with pytest.raises(KeyboardInterrupt):
            pack(loose, least=1)
    assert all(same(Store(loose.folder).get(name), tables) for name, (tables, _) in runs.items())
    assert len(open_store(loose.folder)) == 6
    assert len(open_store(loose.folder).results.to_pandas(["month"])) == 18
    pack(loose, least=0)
    assert digest_of(loose) == before
    assert check(loose).is_sound
    assert len(ds.dataset(loose.folder / "results").to_table()) == 18


def test_a_file_that_gets_its_name_while_others_are_packed_is_no_fault(loose):
    """Seen there a moment ago, and gone when it is looked at: as a link that leads nowhere."""
    (loose.folder / "results" / ".a.parquet.0123").symlink_to(loose.folder / "nowhere")
    assert pack(loose, least=1) == 6


def test_one_process_packs_at_a_time(loose):
    with packing._alone(loose.folder) as alone:
        assert alone
        assert pack(loose, least=1) == 0
    assert pack(loose, least=1) == 6


def test_a_run_that_a_damaged_pack_has_lost_is_kept_anew(packed, runs):
    name = packed.packed()[RUNS[4]]
    twisted(packed.path("results", name))
    lost = [run for run in RUNS if packed.get(run) is None]
    assert 0 < len(lost) <= 2
    packed.put(lost[0], *runs[lost[0]])
    assert same(packed.get(lost[0]), runs[lost[0]][0])
    assert pack(packed, least=1) == 1
    assert same(packed.get(lost[0]), runs[lost[0]][0])
    assert check(packed).is_sound
    assert sorted(open_store(packed.folder).ids) == [run for run in RUNS if run not in lost[1:]]


def _put(folder, names, made, start):
    start.wait()
    for _ in range(3):
        for name in names:
            Store(folder).put(name, *made[name])
        pack(Store(folder), least=1)


def test_two_processes_put_and_pack_the_same_runs_at_once(filled, runs, tmp_path):
    context = get_context("fork")
    start = context.Barrier(2)
    two = [context.Process(target=_put, args=(tmp_path, names, runs, start)) for names in (RUNS, RUNS[::-1])]
    for one in two:
        one.start()
    for one in two:
        one.join(60)
    assert [one.exitcode for one in two] == [0, 0]
    pack(Store(tmp_path), least=0)
    assert digest_of(Store(tmp_path)) == digest_of(Store(filled / "loose"))
    assert check(Store(tmp_path)).is_sound
    assert len(ds.dataset(tmp_path / "results").to_table()) == 18


# Reading


def test_any_tool_reads_a_table_as_it_stands(store):
    table = pq.read_table(store.folder / "results")
    assert table.num_rows == 18
    assert table.schema.field("unmet_need").metadata[b"unit"] == b"share"
    assert sorted(pd.read_parquet(store.folder / "runs")["run_id"]) == RUNS


def test_frames_read_what_is_asked_for(store):
    runs = open_store(store.folder)
    frame = runs.results.to_pandas(["policy", "unmet_need"], month=0)
    assert frame.groupby("policy")["unmet_need"].mean().to_dict() == {"none": 1.0, "listening": 4.0}
    assert sum(len(part) for part in runs.by_quintile.parts(["quintile"], month=[0, 1])) == 6 * 2 * 5
    assert set(runs.where(policy="listening").results.to_pandas(["run_id"])["run_id"]) == set(RUNS[3:])
    assert runs.where([RUNS[3]]).by_band.to_pandas()["run_id"].unique().tolist() == [RUNS[3]]
    assert runs.results.dataset.count_rows() == 18
    assert len(runs.residents.to_pandas()) == 0
    assert flat(runs.config(RUNS[2]))["ties.build"] == 0.02


def test_settings_are_those_that_differ_and_are_not_told_by_name(store):
    runs = open_store(store.folder)
    assert runs.settings.columns.tolist() == ["ties.build"]
    assert runs.settings["ties.build"].tolist() == [config_build(runs, name) for name in runs.ids]
    assert runs.points.nunique() == 4
    assert runs.where(policy="none", **{"ties.build": 0.01}).settings.columns.tolist() == []


def config_build(runs, name):
    return runs.config(name)["ties"]["build"]


@pytest.mark.parametrize(("filters", "count"), [
    ({"policy": "listening"}, 3), ({"policy": ["listening", "none"]}, 6), ({"replicate": 1}, 2), ({"months": "3"}, 6),
    ({"ties.build": 0.02}, 2), ({"ties.build": "2e-2", "policy": "none"}, 1), ({"policy.listening.dose": 12}, 3),
    ({"source": "this"}, 6), ({"source": source_hash()[:6]}, 6), ({"months": 3, "seed": 1}, 6), ({}, 6),
])  # fmt: skip
def test_runs_are_chosen_by_what_they_were_asked_for(filled, filters, count):
    assert len(open_store(filled / "packed", **filters)) == count


@pytest.mark.parametrize(("filters", "fault"), [
    ({"policy": "listning"}, "no run here has policy=listning. Did you mean listening?"),
    ({"polcy": "none"}, "polcy is nothing that runs are chosen by. Did you mean policy?"),
    ({"ties.biuld": 1}, "Did you mean ties.build?"),
    ({"ties.build": 0.5}, "no run here has ties.build=0.5"),
    ({"source": "other"}, "no run here has source=other"),
    ({"ids": ["ffff"]}, "no run here has a name that begins with ffff"),
    ({"ids": ["00"]}, "00 is too short"),
])  # fmt: skip
def test_what_chooses_nothing_is_told(filled, filters, fault):
    with pytest.raises(ChoiceError) as told:
        open_store(filled / "packed").where(**filters)
    assert fault in str(told.value)


def test_an_unknown_column_or_table_is_told(filled):
    runs = open_store(filled / "packed")
    with pytest.raises(ChoiceError, match=r"results has no column unmet_ned\. Did you mean unmet_need"):
        runs.results.to_pandas(["unmet_ned"])
    with pytest.raises(AttributeError, match="Did you mean by_quintile"):
        _ = runs.by_quintle
    with pytest.raises(OutputError, match="there is no store"):
        open_store(filled / "nowhere")


def test_a_damaged_file_is_not_read_over(packed):
    twisted(next(packed.folder.glob("results/*")))
    with pytest.raises(OutputError, match=r"takestwo runs check"):
        for _ in open_store(packed.folder).results.parts():
            pass


# Checking

DAMAGE = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "emptied": lambda path: path.write_bytes(b""),
    "altered": twisted,
    "altered at its foot": lambda path: twisted(path, at_its_foot=True),
    "written anew": lambda path: pq.write_table(other_numbers(pq.read_table(path)), path),
    "overwritten": lambda path: path.write_text("nothing of the kind"),
    "missing": lambda path: path.unlink(),
}


def other_numbers(table):
    """As some other program would have it: all as it was, digests too, and one number another."""
    place = table.schema.get_field_index("replicate")
    return table.set_column(place, table.schema.field(place), [[9, *table["replicate"].to_pylist()[1:]]])


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("lie", "table"), [("loose", "results"), ("packed", "by_band"), ("packed", "runs")])
def test_damage_is_found_and_done_again(filled, tmp_path, runs, damage, lie, table, capsys):
    store = Store(shutil.copytree(filled / lie, tmp_path / "store"))
    path = sorted(store.folder.glob(f"{table}/*"))[1]
    DAMAGE[damage](path)
    found = check(Store(store.folder))
    kind = {"emptied": "truncated", "missing": "missing", "truncated": "truncated"}.get(damage, "altered")
    lost = [name for name in RUNS if Store(store.folder).get(name) is None or Store(store.folder).about(name) is None]
    assert lost
    if not (damage == "missing" and table == "runs"):  # then the rest of it is as if it had never been finished
        assert [(f.kind, f.path) for f in found.findings] == [(kind, path)]
        assert not found.is_sound
        out, _ = said(capsys, "check", f"store={store.folder}", code=1)
        assert f"{kind}, " in out
        assert str(path) in out
    clear(Store(store.folder), found)
    for name in lost:
        Store(store.folder).put(name, *runs[name])
    pack(Store(store.folder), least=0)
    assert check(Store(store.folder)).is_sound
    assert all(same(Store(store.folder).get(name), tables) for name, (tables, _) in runs.items())


@pytest.mark.parametrize("lie", ["loose", "packed"])
def test_a_run_whose_row_is_damaged_is_lived_again(filled, tmp_path, lie):
    """Else a sweep would take it for done, and nobody would find it."""
    store = Store(shutil.copytree(filled / lie, tmp_path / "store"))
    path = sorted(store.folder.glob("runs/*"))[1]
    path.write_bytes(path.read_bytes()[:-100])
    lost = [name for name in RUNS if name not in open_store(store.folder).ids]
    assert lost
    assert [name for name in RUNS if Store(store.folder).get(name) is None] == lost


def test_what_cannot_be_read_is_told_in_one_line(loose):
    for path in loose.folder.glob("results/*"):
        whole = path.read_bytes()
        path.write_bytes(whole[:4] + b"\xff" * 400 + whole[404:])
    with pytest.raises(OutputError) as told:
        open_store(loose.folder).results.to_pandas()
    assert "\n" not in str(told.value)


def test_rows_of_other_runs_are_told(packed, tmp_path, capsys):
    """As where a copy of a store was put together by hand: one pack is missing, and its rows lie under another name."""
    one, other = sorted(packed.folder.glob("results/*"))[:2]
    other.rename(one)
    packed.path("runs", other.stem).unlink()
    _, fault = said(capsys, "export", str(tmp_path / "x.csv"), f"store={packed.folder}", code=2)
    assert "rows of runs that are not its own" in fault
    assert not list(tmp_path.glob("x.csv*"))


def test_every_flipped_byte_is_noticed(packed, runs):
    path = min(packed.folder.glob("by_service/*"))
    whole = path.read_bytes()
    for place in range(4, len(whole), 701):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x04]) + whole[place + 1 :])
        os.utime(path, ns=(place, place))
        assert [finding.path for finding in check(packed).findings] == [path], place
        for name in RUNS[:1]:
            got = Store(packed.folder).get(name)
            assert got is None or same(got, runs[name][0]), place


@given(data=st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_broken_files_never_end_in_a_traceback(filled, tmp_path, runs, data):
    broken(filled, tmp_path / "broken", runs, data)


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=3000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_thousands_of_broken_files_never_end_in_a_traceback(filled, tmp_path, runs, data):
    broken(filled, tmp_path / "broken", runs, data)


def broken(filled, folder, runs, data):
    """Cut, filled and overwritten as it may be: what is still there is right, and the rest can be done again."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(filled / data.draw(st.sampled_from(["loose", "packed"])), folder)
    paths = sorted(path for path in folder.rglob("*.parquet"))
    for path in data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=4)):
        whole = path.read_bytes()
        first = data.draw(st.integers(0, len(whole)))
        last = data.draw(st.integers(first, len(whole)))
        path.write_bytes(whole[:first] + data.draw(st.binary(max_size=40)) + whole[last:])
    for words in (["list"], ["list", "policy=none"], ["check"], ["show", RUNS[0]], ["drop", "damaged", "--yes"]):
        assert main(["runs", *words, f"store={folder}"]) in {0, 1, 2}
    store = Store(folder)
    for name, (tables, about) in runs.items():
        found = store.get(name)
        assert found is None or same(found, tables)
        store.put(name, tables, about)
    pack(store, least=0)
    assert check(store).is_sound
    assert digest_of(store) == digest_of(Store(filled / "loose"))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="processes are killed another way there")
def test_who_is_killed_at_any_moment_loses_nothing(filled, runs, tmp_path):
    """Three processes put and pack the same runs, and 200 times one of them is killed and another takes its place."""
    context, luck, kills = get_context("fork"), random.Random(1), 0
    store, orders = Store(tmp_path), (RUNS, RUNS[::-1], RUNS[1::2] + RUNS[::2])
    start = context.Barrier(1)
    at_it = [context.Process(target=_endlessly, args=(tmp_path, names, runs)) for names in orders]
    for one in at_it:
        one.start()
    while kills < 200:
        time.sleep(luck.uniform(0.0, 0.3))
        place = luck.randrange(3)
        at_it[place].kill()
        at_it[place].join()
        kills += 1
        at_it[place] = context.Process(target=_endlessly, args=(tmp_path, orders[place], runs))
        at_it[place].start()
        if kills % 10 == 0:
            drop(store, [luck.choice(RUNS)])
    for one in at_it:
        one.kill()
        one.join()
    _put(tmp_path, RUNS, runs, start)
    pack(store, least=0)
    assert check(store).is_sound
    assert digest_of(store) == digest_of(Store(filled / "loose"))
    assert len(ds.dataset(tmp_path / "results").to_table()) == 18


def _endlessly(folder, names, made):
    while True:
        for name in names:
            Store(folder).put(name, *made[name])
            pack(Store(folder), least=3)


def test_foreign_files_are_told_and_hurt_nothing(store, runs, capsys):
    (store.folder / "notes.txt").write_text("mine")
    pq.write_table(runs[RUNS[0]][0].by_band, store.folder / "results" / "mine.parquet")
    (store.folder / "runs" / "mine.parquet").write_text("no Parquet")
    (store.folder / "results" / ".passing.parquet.0123").write_text("half")
    kinds = {finding.path.name: finding.kind for finding in check(store).findings}
    assert kinds["notes.txt"] == "strange"
    assert kinds[".passing.parquet.0123"] == "unfinished"
    assert kinds["mine.parquet"] in {"strange", "altered", "missing"}
    assert len(open_store(store.folder)) == 6
    assert all(store.get(name) for name in RUNS)
    out, _ = said(capsys, "check", f"store={store.folder}", code=1)
    assert "Move what the store has not written to another folder" in out


def test_an_empty_store(tmp_path, capsys):
    assert check(Store(tmp_path)).is_sound
    assert len(open_store(tmp_path)) == 0
    assert len(open_store(tmp_path).results.to_pandas()) == 0
    assert said(capsys, "list", f"store={tmp_path}")[0].startswith("There are no runs in")
    assert "0 whole runs: all are sound." in said(capsys, "check", f"store={tmp_path}")[0]
    assert said(capsys, "list", "world=essay", f"store={tmp_path}")[0].startswith("No run in")
    _, fault = said(capsys, "export", str(tmp_path / "x.csv"), f"store={tmp_path}", code=2)
    assert "nothing to export" in fault


# Commands


def test_the_list_has_a_row_a_scenario(store, capsys):
    out, _ = said(capsys, "list", f"store={store.folder}")
    assert "6 runs of 4 scenarios" in out
    assert "source this" in out
    for policy in POLICIES:
        for build, runs in ((0.01, 2), (0.02, 1)):
            assert f"{policy} ties.build={build} {runs}" in out
    assert "3 runs of 2 scenarios" in said(capsys, "list", "policy=listening", f"store={store.folder}")[0]


def test_a_long_list_is_summed_up(store, capsys, monkeypatch):
    monkeypatch.setattr("sim.cli.scenarios.LINES", 3)
    out, _ = said(capsys, "list", f"store={store.folder}")
    assert "listening ties.build 2 3" in out
    monkeypatch.setattr("sim.cli.scenarios.LINES", 1)
    assert "And 1 more rows, of 3 runs" in said(capsys, "list", f"store={store.folder}")[0]


def test_runs_of_another_source_are_told_and_may_be_dropped(store, runs, capsys):
    tables, about = runs[RUNS[0]]
    other = "e" * 24
    column = tables.results.schema.field(0)
    moved = {n: t.set_column(0, column, [[other] * len(t)]) for n, t in tables.items()}
    store.put(other, Tables(**moved), About("0123456789abcdef", about.config))
    assert "not found again: 1." in said(capsys, "list", f"store={store.folder}")[0]
    assert "not " + source_hash() in said(capsys, "show", "eeee", f"store={store.folder}")[0]
    out, _ = said(capsys, "drop", "source=other", f"store={store.folder}")
    assert "This would drop 1 run" in out
    assert out.endswith(f"takestwo runs drop source=other store={store.folder} --yes")
    assert store.has(other)
    said(capsys, "drop", "source=other", f"store={store.folder}", "--yes")
    assert not store.has(other)
    assert len(open_store(store.folder)) == 6


def test_one_run_is_shown(store, capsys):
    out, _ = said(capsys, "show", RUNS[2], f"store={store.folder}")
    assert f"Run {RUNS[2]}: replicate 2 of" in out
    assert "ties.build=0.02" in out
    assert "the present one" in out
    assert "unmet need" in out
    _, fault = said(capsys, "show", f"store={store.folder}", code=2)
    assert "one run is shown, and 6 fit" in fault


def test_what_is_dropped_is_gone_and_the_rest_is_as_it_was(store, runs, capsys):
    out, _ = said(capsys, "drop", "policy=none", "ties.build=0.01", f"store={store.folder}", "--yes")
    assert out == f"Dropped 2 runs from {store.folder}."
    assert [name for name in RUNS if store.get(name) is None] == RUNS[:2]
    assert all(same(store.get(name), runs[name][0]) for name in RUNS[2:])
    assert check(store).is_sound
    assert len(pq.read_table(store.folder / "results")) == 12
    drop(store, RUNS)
    assert {path.name for path in store.folder.rglob("*") if path.is_file()} <= {packing.PACKING, packing.WRITING}


def test_nothing_is_dropped_unasked(store, capsys):
    _, fault = said(capsys, "drop", f"store={store.folder}", code=2)
    assert "say which runs" in fault
    assert "Nothing in" in said(capsys, "drop", "damaged", f"store={store.folder}", "--yes")[0]
    twisted(min(store.folder.glob("results/*")))
    assert "drop damaged" in said(capsys, "drop", "damaged", f"store={store.folder}")[0]
    assert not check(store).is_sound
    said(capsys, "drop", "damaged", f"store={store.folder}", "--yes")
    assert check(store).is_sound


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("table", ["results", "by_band", "runs"])
def test_an_export_reads_back(store, kind, table, tmp_path, capsys):
    path = tmp_path / f"x.{kind}"
    said(capsys, "export", str(path), "policy=none", f"table={table}", f"store={store.folder}")
    frame = pd.read_csv(path) if kind == "csv" else pd.read_parquet(path)
    chosen = open_store(store.folder, policy="none")
    whole = chosen.runs if table == "runs" else getattr(chosen, table).to_pandas()
    assert len(frame) == len(whole)
    assert set(frame["ties.build"]) == {0.01, 0.02}
    assert frame.columns.tolist() == [*whole.columns, "ties.build"]
    number = "months" if table == "runs" else whole.columns[-1]
    assert frame.groupby("replicate")[number].sum().to_dict() == pytest.approx(
        whole.groupby("replicate")[number].sum().to_dict()
    )


@pytest.mark.parametrize(("words", "fault"), [
    (["x.xlsx"], "x.xlsx is none. Name it FILE.csv or FILE.parquet."), ([], "0 were given"),
    (["x.csv", "y.csv"], "2 were given"), (["x.csv", "world=esay"], "no run here has world=esay"),
    (["x.csv", "table=residents"], "these runs have no rows in residents"), (["x.csv", "abcdef"], "begins with abcdef"),
])  # fmt: skip
def test_an_export_that_cannot_be_is_told(filled, words, fault, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fault in said(capsys, "export", *words, f"store={filled / 'packed'}", code=2)[1]
    assert not list(tmp_path.iterdir())


def test_no_store_yet_is_no_fault(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said(capsys, "list")[0] == "There are no runs in outputs/.store. takestwo run makes some."


def test_the_store_does_not_bring_the_model_along():
    code = "import sys, sim.store; print([name for name in ('hydra', 'matplotlib') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
