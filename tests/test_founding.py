"""The constants that come with the package: there for this source, used, and what solving gives."""

import numpy as np
import pytest

from sim import compose, founding
from sim.founding import Solved, solve, solving

DEFAULT = compose([])


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TAKESTWO_CACHE", str(tmp_path))


def test_a_first_run_need_not_solve_the_default_place(empty_cache, monkeypatch):
    monkeypatch.setattr(founding, "solve", None)
    if not founding.are_solved(DEFAULT):
        pytest.skip("the model's source has changed: before a release, `takestwo verify --publish` solves it anew")
    assert len(list(founding.PUBLISHED.iterdir())) == 1
    solved = founding.solved_for(DEFAULT)
    assert founding.missed(DEFAULT) == []
    assert founding.solved_for(compose(["place.residents=1500", "world=flat"])).course.levels.shape == (
        solved.course.levels.shape
    )


@pytest.mark.parametrize("word", ["ties.build=0.006", "place=northern_town", "rival=churn"])
def test_they_are_of_no_other_place_nor_of_other_numbers(empty_cache, word):
    assert not founding.are_solved(compose([word]))


def test_of_another_source_they_are_not_taken(empty_cache, monkeypatch):
    monkeypatch.setattr(founding, "source_hash", lambda: "0" * 16)
    assert not founding.are_solved(DEFAULT)


def test_publishing_puts_new_ones_in_place_of_the_old(monkeypatch, tmp_path):
    solved = founding.solved_for(DEFAULT)
    monkeypatch.setattr(founding, "PUBLISHED", tmp_path / "published")
    monkeypatch.setattr(founding, "solve", lambda _: solved)
    (tmp_path / "published" / "older").mkdir(parents=True)
    path = founding.publish_constants(DEFAULT)
    assert path == founding.published_constants(DEFAULT)
    assert Solved.load(path).constants.join_rate == solved.constants.join_rate
    assert [folder.name for folder in (tmp_path / "published").iterdir()] == [path.parent.name]


def every(solved):
    """All columns of what was solved, by name."""
    return {(table, name): column for table, columns in solved._asdict().items()
            for name, column in columns._asdict().items()}  # fmt: skip


def test_they_do_not_depend_on_how_many_residents_ask_first(monkeypatch):
    """They are kept under a name without the residents, so that to the bit they must be the same for any number."""
    monkeypatch.setattr(solving, "MONTHS", 3)
    monkeypatch.setattr(solving, "SETTLED", 2)
    few, many = (every(solve(compose([f"place.residents={n}"]))) for n in (1_500, 20_000))
    for name, column in few.items():
        np.testing.assert_array_equal(column, many[name], err_msg=".".join(name))


@pytest.mark.slow
def test_they_are_what_solving_gives():
    """To the bit, whatever the processor: founding throws keyed dice, and sums in a fixed order."""
    here, there = every(solve(DEFAULT)), every(Solved.load(founding.published_constants(DEFAULT)))
    for name, column in here.items():
        np.testing.assert_array_equal(column, there[name], err_msg=".".join(name))
