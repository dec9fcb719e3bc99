"""Workers are forked from a server that ends with its command, and are as their parent is when it asks for them."""

import os
import signal
import sys
import time
from multiprocessing import forkserver, popen_forkserver
from pathlib import Path

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError
from numba.core.targetconfig import TargetConfig
from numba.core.types.functions import BaseFunction

from sim import compose, run_ensemble
from sim.cli import lived_here
from sim.compiling import KERNEL, NotKeptError, nothing_compiled
from sim.workers import at_hand, context
from tests.outside_rules import Surrounded

here = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers start from nothing")
KERNEL_HERE = KERNEL | {"cache": False}


def server():
    return forkserver._forkserver._forkserver_pid


@here
def test_the_server_ends_with_its_command(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with at_hand(needed=True):
        pid = server()
        assert Path(f"/proc/{pid}").exists()
    assert server() is None
    assert not Path(f"/proc/{pid}").exists()


@here
@pytest.mark.parametrize(("needed", "cores"), [(False, 2), (True, 1)])
def test_there_is_no_server_where_one_process_will_do(needed, cores, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    before = server()
    with at_hand(needed=needed):
        assert server() == before


@here
def test_the_server_ends_with_a_command_that_fails(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with pytest.raises(ZeroDivisionError), at_hand(needed=True):
        1 / 0  # noqa: B018 - a fault of the user
    assert server() is None


def test_workers_have_the_environment_that_their_parent_has_now(monkeypatch):
    config = compose(["place.residents=1500", "months=1"])
    context()
    for said in ("7", "8"):
        monkeypatch.setenv("TAKESTWO_TEST", said)
        seen = run_ensemble(config, replicates=2, workers=2, model=Surrounded).results
        assert seen["said"].tolist() == [float(said)] * 2
        assert seen["threads"].tolist() == [1.0, 1.0]
        assert not seen["at_home"].any()


@here
@pytest.mark.parametrize("when", ["before", "while it starts", "while it works"])
def test_a_server_that_is_killed_is_replaced(when, monkeypatch):
    config = compose(["place.residents=1500", "months=13"])
    killed = []

    def kill(*_):
        if not killed:
            killed.append(server())
            os.kill(server(), signal.SIGKILL)

    context()
    if when == "before":
        kill()
    elif when == "while it starts":
        whole = forkserver._forkserver.connect_to_new_process

        def killed_first(fds):
            kill()
            time.sleep(0.2)
            monkeypatch.setattr(forkserver._forkserver, "ensure_running", lambda: None)  # it died a moment later
            try:
                return whole(fds)
            finally:
                monkeypatch.delattr(forkserver._forkserver, "ensure_running")
                monkeypatch.setattr(popen_forkserver.forkserver, "connect_to_new_process", whole)

        monkeypatch.setattr(popen_forkserver.forkserver, "connect_to_new_process", killed_first)
    results = run_ensemble(
        config, replicates=2, workers=2, progress=lambda p: kill() if when == "while it works" and p.lived else None
    )
    assert len(killed) == 1
    assert server() != killed[0]
    assert results.results.equals(run_ensemble(config, replicates=2, workers=1).results)


def test_where_nothing_is_to_be_compiled_a_kernel_that_is_not_kept_is_refused():
    @njit(**KERNEL_HERE)
    def doubled(x):
        return 2.0 * x

    with nothing_compiled(), pytest.raises(NotKeptError):
        doubled(1.0)
    assert doubled(1.0) == 2.0


def test_numba_is_left_as_it_was_found():
    """What makes a kernel's compiling quicker is not there for anybody else's, even after a kernel that is wrong."""
    asked, alike, hashed = BaseFunction.get_call_type, TargetConfig.__eq__, TargetConfig.__hash__
    @njit(**KERNEL_HERE)
    def right(x):
        return np.empty(3).size + max(x, 1)

    @njit(**KERNEL_HERE)
    def wrong(x):
        return x + "one"

    assert right(2) == 5
    with pytest.raises(TypingError):
        wrong(1)
    assert (BaseFunction.get_call_type, TargetConfig.__eq__, TargetConfig.__hash__) == (asked, alike, hashed)
    assert asked.__module__.startswith("numba")


@pytest.mark.parametrize(("words", "here"), [
    ([], True), (["replicates=auto", "workers=2"], True), (["hydra/launcher=local"], True), (["workers=1"], False),
    (["hydra/launcher=slurm", "-m"], False), (["hydra/launcher=ray"], False),
])  # fmt: skip
def test_no_server_is_started_for_what_is_lived_elsewhere(words, here):
    assert lived_here(words) is here
