"""CONTRIBUTING.md is true: what it names is there, and the rule that it changes changes as it says."""

import __future__

import ast
import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from sim.cli import COMMANDS, main
from sim.parameters import REGISTRY
from sim.processes.helping import kernel, reference
from tests.processes.test_helping import FAULTS, MOST, P
from tests.towns import HABITS, town
from tests.twins import by_fast_hand, by_plain_hand, differences, for_python

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROOM = "sim/processes/helping"
INIT, PLAIN, FAST = (f"{ROOM}/{name}.py" for name in ("__init__", "reference", "kernel"))
TESTS = "tests/processes/test_helping.py"


def pieces(path):
    """The pieces of a file that the text changes, as (before, after), in the order of the text."""
    found = []
    for block in re.findall(rf"```diff\n--- a/{path}\n\+\+\+ b/{path}\n(.*?)```", TEXT, re.DOTALL):
        for piece in block.split("@@\n")[1:]:
            lines = piece.splitlines(keepends=True)
            before, after = ("".join(x[1:] for x in lines if x[0] in kept) for kept in (" -", " +"))
            found.append((before, after))
    return found


def changed(path):
    """A file as it is once the text is followed."""
    source = (ROOT / path).read_text(encoding="utf-8")
    for before, after in pieces(path):
        assert source.count(before) == 1, f"{path} holds this {source.count(before)} times:\n{before}"
        source = source.replace(before, after)
    return source


def functions(source, surroundings):
    """The functions of a module's source, as plain Python, in the namespace of the module as it is."""
    space = {name: for_python(made) for name, made in vars(surroundings).items()}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = []
            code = compile(ast.Module([node], []), surroundings.__name__, "exec", __future__.annotations.compiler_flag)
            exec(code, space)
    return space


def numbers(p, **more):
    return SimpleNamespace(**dataclasses.asdict(p), **more)


def fast(source):
    """The fast hand of some source, to be called as a room's ``advance``."""
    live = functions(source, kernel)["help_for_a_month"]

    def advance(state, p, dice):
        places = len(state.charities.id), len(state.neighbourhoods.x)
        live(state.residents, state.ties, *places, state.constants.help_scale[0], p, dice.streams, state.ledger)

    return advance


def parted(kernel_source, reference_source, p):
    """Habits of towns in which the two hands differ."""
    room = SimpleNamespace(advance_reference=functions(reference_source, reference)["advance_reference"])
    towns = {habit: town(residents=60, habit=habit, seed=3) for habit in HABITS}
    hand = fast(kernel_source)
    return [h for h, t in towns.items() if differences(by_fast_hand(room, t, p, hand=hand), by_plain_hand(room, t, p))]


def test_every_piece_of_the_text_has_its_place():
    assert [len(pieces(path)) for path in (INIT, PLAIN, FAST, TESTS)] == [3, 1, 1, 3]
    for path in (INIT, PLAIN, FAST, TESTS):
        ast.parse(changed(path))


def test_the_twins_part_when_the_plain_hand_alone_is_changed():
    as_it_is = (ROOT / FAST).read_text(encoding="utf-8")
    on = numbers(MOST, repaid=0.5)
    assert parted(as_it_is, changed(PLAIN), on)
    assert parted(changed(FAST), changed(PLAIN), on) == []


def test_off_by_default_it_changes_nothing():
    off = numbers(P, repaid=0.0)
    assert parted(changed(FAST), (ROOT / PLAIN).read_text(encoding="utf-8"), off) == []


def test_the_planted_fault_of_the_text_is_noticed():
    before, after = pieces(TESTS)[1]
    right, wrong = ast.literal_eval(after.removeprefix(before.partition("]")[0]).partition("]")[0].strip().strip(","))
    assert (right, wrong) not in FAULTS
    assert changed(FAST).count(right) == 1
    assert parted(changed(FAST).replace(right, wrong), changed(PLAIN), numbers(MOST, repaid=0.5))


def test_the_new_number_is_new_and_whole():
    assert "helping.repaid" not in REGISTRY
    added = pieces(INIT)[2][1]
    for word in ("unit=", "low=", "high=", "source=", "meaning="):
        assert word in added


def test_what_the_text_names_is_there():
    named = set(re.findall(r"`((?:sim|tests|configs|experiments|notebooks|docs)/[\w/.]+)`", TEXT))
    assert len(named) > 15
    assert not [name for name in named if not (ROOT / name).exists() and name != "tests/test_contributing.py"]
    for words in re.findall(r"`([A-Za-z_]+)` in `(sim/[\w/.]+)`", TEXT):
        assert words[0] in (ROOT / words[1]).read_text(encoding="utf-8"), words


def test_the_commands_of_the_text_are_commands():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make (\w+)`", TEXT)) <= targets
    assert set(re.findall(r"`takestwo (\w+)", TEXT)) <= set(COMMANDS)
    for script in re.findall(r"`python ([\w/]+\.py)`", TEXT):
        assert (ROOT / script).exists()


@pytest.mark.parametrize(("setting", "said"), [
    ("helping.displacement=2", "helping.displacement is 2, outside"), ("world=esay", "world=esay is unknown."),
])  # fmt: skip
def test_errors_are_worded_as_the_text_shows(setting, said, capsys):
    assert main(["run", setting]) == 2
    told = " ".join(capsys.readouterr().err.split())
    shown = " ".join(TEXT.split("```text\n")[-1].split("```")[0].split())
    start = shown.index(said)
    assert said in told
    assert told.partition(said)[2] in shown[start:]
