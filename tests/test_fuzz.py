"""Whatever is typed, stands in a file of points or lies in a store: one clear message or none, and no run is lost.

The words of a command line and the cells of a design are put together from what is right and what is nearly right:
names with a letter too few, values of another kind, numbers beyond every range, Hydra's own grammar in the wrong place.
What `takestwo plan` reads, `takestwo run` reads by the same code, and a plan runs nothing.
"""

import contextlib
import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from sim.cli import main
from sim.composition import CHOICES, options
from sim.config import registry
from sim.designs import Design
from sim.place import Place
from sim.policy import Policy
from sim.world import WorldSpec

FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def thousands(count):
    """As `FEW`, for the slow suite: 10,000 in all."""
    return settings(FEW, max_examples=count)


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


def plan(*words):
    """What `takestwo plan` says of these words: its exit code and its one message, if it has one."""
    out, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        code = main(["plan", *words])
    assert code in {0, 2}
    if code:
        assert out.getvalue() == ""
        assert told.getvalue().startswith("takestwo plan: ")
        assert len(told.getvalue()) > len("takestwo plan: ")
        assert told.getvalue().count("\n") == 1, told.getvalue()
    return code, told.getvalue()


@given(words=st.lists(ANYTHING, max_size=4), sweep=st.booleans())
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
@FEW
def test_whatever_stands_in_a_file_of_points_is_planned_or_told(tmp_path, design):
    planned(tmp_path, design)


@pytest.mark.slow
@given(design=designs())
@thousands(3000)
def test_thousands_of_files_of_points_are_planned_or_told(tmp_path, design):
    planned(tmp_path, design)
