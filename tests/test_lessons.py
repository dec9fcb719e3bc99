"""The notebooks run, cell by cell, and say what they promise."""

import ast
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from sim import compose, founding
from sim.founding import solving

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
LESSONS = sorted(FOLDER.glob("*.py"))


def cells(lesson):
    """The cells of a percent script as (kind, text), without its header."""
    parts = re.split(r"^# %%(.*)\n", lesson.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    kinds = ("words" if "[markdown]" in kind else "code" for kind in parts[::2])
    return list(zip(kinds, parts[1::2], strict=True))


def words(lesson):
    """All that is written to be read, as one text."""
    return "\n".join(re.sub(r"^# ?", "", text, flags=re.MULTILINE) for kind, text in cells(lesson) if kind == "words")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def quick(cache, monkeypatch):
    """Founding in a second or two, kept apart from what is founded in earnest; and few pairs."""
    monkeypatch.setenv("TAKESTWO_CACHE", str(cache))
    monkeypatch.setenv("TAKESTWO_LESSON_PAIRS", "2")
    for name, value in (("RESIDENTS", 1500), ("MONTHS", 60), ("SETTLED", 20)):
        monkeypatch.setattr(solving, name, value)
    for name in ("SPIN_UP_MONTHS", "SETTLING_MONTHS"):
        monkeypatch.setattr(founding, name, 36)


def test_there_are_three():
    assert [lesson.name for lesson in LESSONS] == ["1_a_first_town.py", "2_it_takes_two.py", "3_change_a_rule.py"]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_short_and_ends_with_three_questions(lesson):
    told = words(lesson)
    assert told.startswith("# ")
    last = told.rpartition("\n## ")[2]
    assert last.startswith("Three questions to try")
    assert re.findall(r"^(\d)\. ", last, re.MULTILINE) == ["1", "2", "3"]
    assert max(len(text.strip().splitlines()) for kind, text in cells(lesson) if kind == "code") <= 30
    assert all(len(line) <= 120 for line in lesson.read_text(encoding="utf-8").splitlines())
    assert all(len(line) <= 100 for kind, text in cells(lesson) if kind == "code" for line in text.splitlines())


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_what_a_lesson_names_is_there(lesson):
    root = FOLDER.parent
    named = re.findall(r"`([\w/.]+\.(?:py|yaml|md))`", words(lesson))
    assert all((root / name).exists() or (FOLDER / name).exists() for name in named), named


def run(lesson, monkeypatch, months):
    """Run every code cell in one namespace, over so many months; the titles of its figures, and the namespace."""
    shown = []

    def fewer(overrides):
        return compose([*(o for o in overrides if not o.startswith("months=")), f"months={months}"])

    monkeypatch.setattr("sim.composition.compose", fewer)
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gca().get_title()))
    names = {"__name__": "__main__"}
    for kind, text in cells(lesson):
        if kind == "code":
            exec(compile(ast.parse(text), lesson.name, "exec"), names)
    plt.close("all")
    return shown, names


def test_a_first_town(quick, monkeypatch):
    shown, names = run(LESSONS[0], monkeypatch, 60)
    assert len(shown) == 3
    assert re.fullmatch(r"Of the \d+ ties that Ada had, \d+ are left after two years", shown[0])
    assert re.fullmatch(r"From first year to last: council hours -[\d,]+, unpaid hours [+-][\d,]+", shown[1])
    assert len(names["diary"]) == len(names["other"]) == 60
    assert names["paid"] < 0


def test_it_takes_two(quick, monkeypatch):
    shown, names = run(LESSONS[1], monkeypatch, 54)
    assert len(shown) == 3
    cuts = names["cuts"].outcomes.set_index("outcome")
    assert cuts.loc["hours_discretionary", "difference"] < 0
    policies = names["policies"]
    spent = [side.results["spend_nurture"].sum() for side in (policies.counterfactual, policies.scenario)]
    assert spent[0] == pytest.approx(spent[1], rel=0.05)
    assert spent[0] > 0
    assert names["ready_meals"].policy.keys() == {"ready_meals"}
    assert names["without"].scenario.results["ablation"].unique().tolist() == ["no_brokers"]
    assert names["retreat"].scenario.results["rival"].unique().tolist() == ["retreat"]


def test_change_a_rule(quick, monkeypatch, capsys):
    shown, names = run(LESSONS[2], monkeypatch, 24)
    assert shown == []
    said = capsys.readouterr().out
    assert "helping.displacement is 2, outside what is allowed" in said
    assert said.count("\nTrue\n") == 1  # a supper to which nobody comes changes nothing
    assert names["gain"]["difference"] > 0.5
    assert names["told"]["scenario"] < names["told"]["counterfactual"]
    assert f"where none is won back {names['told']['scenario']:.3f}" in said
