"""How worker processes come to be: they are forked from a server that has loaded everything once.

A worker that starts from nothing imports and loads kernels for two seconds, each one anew. The server does so once, and
a command starts it before it imports anything itself: while it reads what is asked for on one core, the server makes
itself ready on another. It runs no thread but its own and that of Arrow's allocator, which minds forks, and it lives no
month: so forking it is safe. Elsewhere than on Linux workers start from nothing.

Nothing heavy is imported here.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from typing import Any

FORKED = sys.platform == "linux"
LOADED = "sim.preloaded"
"""What the server imports, and what that imports."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def context() -> Any:
    """What makes processes, and what they share."""
    if not FORKED:
        return multiprocessing.get_context("spawn")
    _start_server()
    return multiprocessing.get_context("forkserver")


@contextmanager
def at_hand(*, needed: bool) -> Iterator[None]:
    """Have workers at hand while a command is read and done; with it the server ends.

    Args:
        needed: whether there may be work for more than one process.
    """
    if not (needed and FORKED) or len(os.sched_getaffinity(0)) == 1:
        yield
        return
    _start_server()
    try:
        yield
    finally:
        _end_server()


def _start_server() -> None:
    """Start the server, unless it is there, with the same path: it must not find another package of our name."""
    resource_tracker.ensure_running()  # by itself first: it lets Ctrl-C through again, whatever was before
    forkserver.set_forkserver_preload([LOADED])
    with children_of_sim(PYTHONPATH=os.pathsep.join(filter(None, sys.path)), PYTHONSAFEPATH="1"):
        forkserver.ensure_running()


def _end_server() -> None:
    server: Any = forkserver._forkserver  # noqa: SLF001 - Python has no other way
    if server._forkserver_pid is not None:  # noqa: SLF001
        with suppress(ProcessLookupError):
            os.kill(server._forkserver_pid, signal.SIGTERM)  # noqa: SLF001 - it may be importing, and would go on
        server._stop()  # noqa: SLF001


def surroundings() -> dict[str, str]:
    """The environment of this process as a worker is to have it: one thread each."""
    return os.environ | dict.fromkeys(ONE_THREAD, "1")


@contextmanager
def children_of_sim(**more: str) -> Iterator[None]:
    """Processes started in here run one thread each, are deaf to Ctrl-C, and do not import the caller's script.

    A script without ``if __name__ == "__main__"`` would otherwise start itself anew in every worker.

    Args:
        more: what else their environment holds.
    """
    wanted = dict.fromkeys(ONE_THREAD, "1") | more
    before = {name: os.environ.get(name) for name in wanted}
    script, deaf = sys.modules["__main__"], hasattr(signal, "pthread_sigmask")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if deaf else set()
    try:
        sys.modules["__main__"] = types.ModuleType("__main__")
        os.environ.update(wanted)
        yield
    finally:
        sys.modules["__main__"] = script
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
        if deaf:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
