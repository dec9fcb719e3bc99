"""Whatever is typed, stands in a file of points or lies in a store: one clear message or none, and no run is lost.

The words of a command line and the cells of a design are put together from what is right and what is nearly right:
names with a letter too few, values of another kind, numbers beyond every range, Hydra's own grammar in the wrong place.
What `takestwo plan` reads, `takestwo run` reads by the same code, and a plan runs nothing.
"""

import contextlib
import csv
import io
import shutil

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from sim import open_store
from sim.cli import main
from sim.cli.request import read
from sim.composition import CHOICES, options
from sim.config import registry
from sim.designs import Design
from sim.ensemble import specs_of, store_all
from sim.files import OutputError
from sim.place import Place
from sim.policy import Policy
from sim.store import Store, check, clear, digest_of, file, pack, packing
from sim.world import WorldSpec

pytestmark = pytest.mark.usefixtures("no_power_is_cut")

FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
               derandomize=True)  # fmt: skip
"""The same ones each time, so that no change is held up by what it has not done; the slow suite goes on looking."""


def thousands(count):
    """As `FEW`, for the slow suite: with those of `test_runs.py` over 10,000 in all."""
    return settings(FEW, max_examples=count, derandomize=False)


# What people type

CHOSEN = {group: options(group) for group in CHOICES}
SET = [
    *registry(), *(f"world.{name}" for name in WorldSpec.model_fields),
    *(f"place.{name}" for name in Place.model_fields),
    *(f"policy.{policy}.{name}" for policy in ("listening", "nurture_early") for name in Policy.model_fields),
    *(f"design.{name}" for name in Design.model_fields if name not in {"points", "trajectories"}),
    "months", "seed", "replicates", "workers", "record", "draw", "store", "hydra.run.dir", "hydra.sweep.dir", "hydra.x",
]  # fmt: skip
PLAIN = ["0", "1", "2", "12", "24", "0.5", "-1", "1e-3", "true", "false", "none", "null", "all", "2009-04", "2009-13",
         "ties", "[ties,residents]", "[]", "{}", "7"]  # fmt: skip
ODD = [
    "", " ", "nan", "inf", "-inf", "1e400", "9" * 60, "'1", '"', "'12'", "[1,2", "[[1],[2]]", "{a:1}", "{a:{b:[1]}}",
    "1,2", "1,000,000", "£50", "50%", "a=b", "a:b", "a b", "range(1,4)", "range(0,1e12)", "range(0,1,0)", "range(4)",
    "range(a)", "choice(a,b)", "choice(12,24)", "choice()", "glob(*)", "glob([n*,f*])", "interval(0,1)", "sort(2,1)",
    "shuffle(1,2)", "tag(x,1)", "float(1)", "int(x)", "str(1)", "extend_list(1)", "${place}", "${oc.env:HOME}", "&a",
    "${now:%Y}", "${", "$", "~", "../..", "/", "\\", "é", "\u2028", "\x00", "\n", "\t", "0x10", "1_000", "+1", "--",
    "#", "2009-04-31", "!!python", "*a", "@a", "%a", "- a", "a: b", "1:2:3", ".inf", "<<",
]  # fmt: skip


def mistyped(text, place, letter):
    """A letter too few, or another one."""
    at = place % (len(text) + 1)
    return text[:at] + letter + text[at + 1 :]


def nearly(names):
    """One of these, or one mistyped."""
    right = st.sampled_from(sorted(names))
    return right | st.builds(mistyped, right, st.integers(0, 40), st.sampled_from(["", "x", ".", "=", "@", "/", "é"]))


NAMES = nearly([*SET, *CHOSEN])
VALUES = st.sampled_from(PLAIN) | st.sampled_from(ODD) | st.text(max_size=8) | st.floats().map(str) | nearly(
    {option for group in CHOSEN.values() for option in group})  # fmt: skip
CHOICE = st.sampled_from(sorted(CHOSEN)).flatmap(
    lambda group: st.builds("{}={}".format, st.just(group), nearly(CHOSEN[group])))  # fmt: skip
WORD = CHOICE | st.builds("{}{}={}".format, st.sampled_from(["", "", "", "", "+", "++", "~"]), NAMES, VALUES)
ANYTHING = WORD | WORD | WORD | st.text(max_size=12) | st.sampled_from(["-m", "--multirun", "-x", "--yes", "~policy"])
SMALL = ["place.residents=1500", "replicates=2"]


def spoken(*words, codes=(0, 2)):
    """The exit code of a command and its one message, if it has one."""
    out, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        code = main(words)
    assert code in codes
    if code == 2:
        assert out.getvalue() == ""
        assert told.getvalue().startswith(f"takestwo {words[0]}: ")
        assert len(told.getvalue()) > len(f"takestwo {words[0]}: ")
        assert told.getvalue().count("\n") == 1, told.getvalue()
    return code, told.getvalue()


def plan(*words):
    """What `takestwo plan` says of these words."""
    return spoken("plan", *words)


@given(words=st.lists(ANYTHING, max_size=4), sweep=st.booleans())
@example(words=["~ablation=0"], sweep=False)
@example(words=["~policy=[listening,hosting]"], sweep=True)
@example(words=["replicates=[[1],[2]]", "replicates=[[1],[2]]"], sweep=False)
@FEW
def test_whatever_is_typed_is_done_or_told(words, sweep):
    plan(*["-m"] * sweep, *SMALL, *words)


@pytest.mark.slow
@given(words=st.lists(ANYTHING, max_size=4), sweep=st.booleans())
@thousands(4000)
def test_thousands_of_typed_words_are_done_or_told(words, sweep):
    plan(*["-m"] * sweep, *SMALL, *words)


# Files of points

CELL = VALUES | st.sampled_from(["none", "listening", "12", "24", "flat", "history"])


@st.composite
def designs(draw):
    """The bytes of a file that may be a design."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=80))
    names = NAMES | st.sampled_from(["policy", "world", "months", "ties.build", "ties.build"])
    header = draw(st.lists(names, min_size=1, max_size=3))
    rows = draw(st.lists(st.lists(CELL, min_size=1, max_size=3), max_size=4))
    even = draw(st.integers(0, 9)) > 0
    said = io.StringIO()
    write = csv.writer(said, delimiter=draw(st.sampled_from([",", ",", ",", ",", ";", "\t"])))
    write.writerow(header)
    write.writerows([(row * 3)[: len(header)] if even else row for row in rows])
    return said.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"])),
                                  errors="replace")  # fmt: skip


def planned(tmp_path, design):
    """Plan the points of a file."""
    file = tmp_path / "points.csv"
    file.write_bytes(design)
    return plan("-m", *SMALL, "design=csv", f"design.file={file}")


@given(design=designs())
@example(design=b'ablation\n"0\n0"\n')
@example(design=b'"abla\ntion"\n0\n')
@FEW
def test_whatever_stands_in_a_file_of_points_is_planned_or_told(tmp_path, design):
    planned(tmp_path, design)


@pytest.mark.slow
@given(design=designs())
@thousands(3000)
def test_thousands_of_files_of_points_are_planned_or_told(tmp_path, design):
    planned(tmp_path, design)


# Stores

SWEEP = ["-m", "policy=nurture_early", "policy.nurture_early.start=0", "policy.nurture_early.dose=3,6,9", "months=2",
         "place.residents=1500", "replicates=2"]  # fmt: skip


@pytest.fixture(scope="module")
def specs():
    return [spec for point in read(SWEEP).points for spec in specs_of(point.config)]


@pytest.fixture(scope="module")
def lived(specs, tmp_path_factory):
    """Where the six runs of a sweep lie one by one, and where they lie in packs of two; not to be changed."""
    folder = tmp_path_factory.mktemp("lived")
    assert store_all(specs, folder / "loose", workers=1) == {}
    shutil.copytree(folder / "loose", folder / "packed")
    packing.LOOSE, before = 2, packing.LOOSE
    assert pack(Store(folder / "packed"), least=1) == 6
    packing.LOOSE = before
    return folder


def cut(path, other, data):
    """A part of the file is gone, or something else stands there."""
    whole = path.read_bytes()
    first = data.draw(st.integers(0, len(whole)))
    last = data.draw(st.integers(first, len(whole)))
    path.write_bytes(whole[:first] + data.draw(st.binary(max_size=40)) + whole[last:])


def exchanged(path, other, data):
    """Two files have each other's names."""
    path.rename(path.with_name("between"))
    other.rename(path)
    path.with_name("between").rename(other)


def doubled(path, other, data):
    """A file lies over another one, of another table perhaps."""
    shutil.copy(path, other)


def renamed(path, other, data):
    """A file is called something else, of its kind or not."""
    names = ["x.parquet", "pack-0.parquet", "é.parquet", f"{'a' * 24}.parquet", ".hidden.parquet", "notes.txt"]
    path.rename(path.with_name(data.draw(st.sampled_from(names))))


def removed(path, other, data):
    """A file is gone."""
    path.unlink()


def pointed_nowhere(path, other, data):
    """A file is a link to what is not there."""
    path.unlink()
    path.symlink_to(path.parent / "nowhere")


def shut_off(path, other, data):
    """A folder stands where a file stood."""
    path.unlink()
    path.mkdir()


def beside(path, other, data):
    """What lies beside the tables is of another kind."""
    folder = path.parent.parent
    (folder / "pace.json").write_bytes(data.draw(st.binary(max_size=20) | st.sampled_from([b'{"pace": 1}', b"[1]"])))
    if data.draw(st.booleans()) and not (folder / ".lock").is_dir():
        (folder / ".lock").unlink(missing_ok=True)
        (folder / ".lock").mkdir()


HARM = (cut, cut, exchanged, doubled, renamed, removed, pointed_nowhere, shut_off, beside)


def said_by(tables):
    """What the tables of a run say, gaps and all."""
    return {name: file.digest(table) for name, table in tables.items()}


def harmed_and_done_again(lived, folder, specs, data):
    """Nothing ends in a traceback, no run that is read is another, and the sweep run again makes the store whole."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(lived / data.draw(st.sampled_from(["loose", "packed"])), folder)
    for _ in range(data.draw(st.integers(1, 3))):
        paths = sorted(path for path in folder.rglob("*.parquet") if path.is_file())
        path, other = data.draw(st.lists(st.sampled_from(paths), min_size=2, max_size=2, unique=True))
        data.draw(st.sampled_from(HARM))(path, other, data)
    for words in (["list"], ["check"], ["export", str(folder / "x.csv")], ["drop", "damaged"], ["list", "months=2"]):
        spoken("runs", *words, f"store={folder}", codes=(0, 1, 2))
    (folder / "x.csv").unlink(missing_ok=True)
    plan(*SWEEP, f"store={folder}")
    sound = Store(lived / "loose")
    for spec in specs:
        found = Store(folder).get(spec.run_id)
        assert found is None or said_by(found) == said_by(sound.get(spec.run_id))
    for path in [path for path in folder.glob("**/*.parquet") if path.is_dir()]:
        try:  # what cannot be written is told, and the user has to make way
            store_all(specs, folder, workers=1)
        except OutputError as fault:
            assert str(path.parent.parent) in str(fault)  # noqa: PT017 - it may or may not be met
        path.rmdir()
    if (folder / ".lock").is_dir():
        (folder / ".lock").rmdir()
    assert store_all(specs, folder, workers=1) == {}
    assert all(Store(folder).get(spec.run_id) for spec in specs)
    clear(Store(folder), check(Store(folder)))
    pack(Store(folder), least=0)
    assert set(open_store(folder).ids) == {spec.run_id for spec in specs}
    left = check(Store(folder)).findings
    assert {finding.kind for finding in left} <= {"strange", "unfinished", "twice"}, left  # those called otherwise
    assert digest_of(Store(folder)) == digest_of(sound)


@given(data=st.data())
@settings(FEW, max_examples=8)
def test_a_sweep_mends_whatever_has_befallen_its_store(lived, tmp_path, specs, data):
    harmed_and_done_again(lived, tmp_path / "harmed", specs, data)


@pytest.mark.slow
@given(data=st.data())
@thousands(300)
def test_a_sweep_mends_whatever_has_befallen_its_store_hundreds_of_times(lived, tmp_path, specs, data):
    harmed_and_done_again(lived, tmp_path / "harmed", specs, data)
