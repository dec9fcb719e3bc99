"""Where the time of a month goes: what rooms name, what moving it would take, and what `takestwo profile` says."""

import numpy as np
import pytest

from sim import compose
from sim.analysis import pace
from sim.chance import run_seed
from sim.cli import main
from sim.founding import solved_for
from sim.founding.first_morning import first_morning
from sim.processes import helping, meeting, trust
from sim.schedule import MONTH, live_a_month
from tests.twins import differences

NAMES = [*(step.name for step in MONTH), "observe", "remember"]


@pytest.fixture(scope="module")
def small():
    config = compose(["place.residents=1500", "months=2"])
    return config, first_morning(config, run_seed(1, 0), solved_for(config), month=-2)


def test_a_room_names_what_it_reads_and_writes_and_its_plain_hand_does_not_count():
    named = pace.named(meeting)
    assert named["ties", "hours"]
    assert named["residents", "planned_hours"]
    assert not named["ties", "strength"]
    assert ("ties", "born") not in named
    assert pace.named(helping)["residents", "received_months"]


def test_bytes_are_counted_once_read_and_twice_written(small, monkeypatch):
    _, state = small
    monkeypatch.setattr(pace, "named", lambda _: {("ties", "hours"): True, ("ties", "strength"): False})
    assert pace.moved(trust, state) == 2 * state.ties.hours.nbytes + state.ties.strength.nbytes


def test_timed_months_are_the_months_that_would_be_lived(small):
    config, state = small
    timed, lived = state.fork(), state.fork()
    taken = pace.timed(timed, config, 2)
    for _ in range(2):
        live_a_month(lived, config)
    assert differences(timed, lived) == []
    assert list(taken) == NAMES
    assert all(len(seconds) == 2 and min(seconds) > 0.0 for seconds in taken.values())


def test_every_room_has_a_roof(small):
    roofs = pace.roofs(small[1])
    assert set(roofs) == set(NAMES) - {"remember"}
    assert min(roofs.values()) > 0.0
    assert np.isfinite(pace.bytes_a_second())


def test_profile_prints_the_month_in_its_order(capsys):
    assert main(["profile", "place.residents=1500", "months=1"]) == 0
    told = capsys.readouterr().out
    verbs = [line.split()[0] for line in told.splitlines()[3:] if line.strip()][: len(NAMES) + 1]
    assert verbs == [*(step.verb for step in MONTH), "observe", "remember", "all"]
    assert "england_average of 1,500, 1 month." in told


def test_profile_refuses_what_cannot_be_run(capsys):
    assert main(["profile", "place.residents=10"]) == 2
    assert "place.residents is 10, outside what is allowed" in capsys.readouterr().err
