"""A state saves, loads and forks whole, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from sim.community import Community
from sim.state import EMPTY, NOBODY, State, allocate
from tests.towns import HABITS, RECIPES, town
from tests.twins import differences


def alike(one: State, other: State) -> bool:
    kinds = [[(table, name, column.dtype, column.shape) for table, name, column in s.columns()] for s in (one, other)]
    return not differences(one, other) and kinds[0] == kinds[1] and (one.seed, one.month) == (other.seed, other.month)


@pytest.mark.parametrize("habit", HABITS)
def test_saved_and_loaded_it_is_the_same_to_the_bit(habit, tmp_path):
    state = town(habit=habit, month=-7)
    path = tmp_path / "a state without suffix"
    state.save(path)
    assert alike(State.load(path), state)
    assert list(tmp_path.iterdir()) == [path]


def test_odd_numbers_survive(tmp_path):
    state = town()
    state.residents.x[:4] = [-0.0, np.nan, np.inf, 5e-324]
    state.save(tmp_path / "state")
    assert alike(State.load(tmp_path / "state"), state)


def test_saving_replaces_what_stood_there(tmp_path):
    path = tmp_path / "state"
    path.write_bytes(b"something else")
    town(seed=1).save(path)
    town(seed=2).save(path)
    assert alike(State.load(path), town(seed=2))


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "state"
    town(seed=1).save(path)

    def fail(*_):
        raise OSError("the disk is full")

    with monkeypatch.context() as full:
        full.setattr("sim.flat_file.zlib.crc32", fail)  # when something is written
        with pytest.raises(OSError, match="full"):
            town(seed=2).save(path)
    assert alike(State.load(path), town(seed=1))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("rubbish", [b"", b"rubbish", b"PK\x03\x04", b"\x93NUMPY", b"\x80\x04K\x01.", b"\0" * 5000])
def test_rubbish_is_refused(rubbish, tmp_path):
    path = tmp_path / "state"
    path.write_bytes(rubbish)
    with pytest.raises(ValueError, match="not a saved state"):
        State.load(path)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(share, tmp_path):
    path = tmp_path / "state"
    town().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match="not a saved state"):
        State.load(path)


def test_a_flipped_bit_is_refused(tmp_path):
    path = tmp_path / "state"
    state = town()
    state.save(path)
    whole = bytearray(path.read_bytes())
    place = whole.find(state.residents.x.tobytes())
    assert place > 0
    whole[place] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="not a saved state"):
        State.load(path)


@pytest.mark.parametrize("held", [{"a": np.zeros(3)}, {"head": np.zeros(3, np.uint8)}, {"head": np.array([object()])}])
def test_an_archive_of_something_else_is_refused(held, tmp_path):
    np.savez(tmp_path / "state.npz", **held)
    with pytest.raises(ValueError, match="not a saved state"):
        State.load(tmp_path / "state.npz")


def test_a_bare_array_is_refused(tmp_path):
    np.save(tmp_path / "state.npy", np.zeros(3))
    with pytest.raises(ValueError, match="not a saved state"):
        State.load(tmp_path / "state.npy")


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        State.load(tmp_path / "nowhere")


def test_a_fork_is_the_same_and_shares_nothing():
    state = town()
    fork = state.fork()
    assert alike(fork, state)
    pairs = zip(fork.columns(), state.columns(), strict=True)
    assert not any(np.shares_memory(a, b) for (_, _, a), (_, _, b) in pairs)
    assert not np.shares_memory(fork.ledger, state.ledger)
    fork.residents.trust_council[0] += 0.5
    assert differences(fork, state)


@given(RECIPES)
def test_taken_apart_and_put_back_it_is_the_same_to_the_bit(recipe):
    state = town(**recipe)
    assert alike(Community(state.fork()).write_back(), state)


def test_what_the_plain_hand_changes_is_written_back():
    state = town()
    community = Community(state)
    community.residents[3].trust_council = 0.125
    community.residents[3].need[2] = 9.0
    community.council.reserves = 7.0
    community.ledger[2] += 4
    assert state.residents.trust_council[3] != 0.125
    community.write_back()
    assert (state.residents.trust_council[3], state.residents.need[3, 2]) == (0.125, 9.0)
    assert (state.council.reserves[0], state.ledger[2]) == (7.0, 4.0)


@pytest.mark.parametrize(("month", "row"), [(-300, 0), (0, 0), (11, 11), (47, 47), (600, 47)])
def test_the_world_stands_still_before_and_after_its_rows(month, row):
    state = town(month=month)
    assert state.world_row == row
    assert Community(state).drivers.hardship == state.world.hardship[row]


def test_all_state_is_float64_or_whole_and_starts_empty():
    state = allocate(residents=3, charities=2, services=1, neighbourhoods=1, policies=0, world=1, flows=4)
    assert {column.dtype.kind for _, _, column in state.columns()} <= set("fiu")
    assert all(column.dtype == np.float64 for _, _, column in state.columns() if column.dtype.kind == "f")
    assert state.residents.id.dtype == np.int64
    assert np.all(state.ties.alter == EMPTY)
    assert np.all(state.residents.role == NOBODY)
