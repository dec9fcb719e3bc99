"""What a worker process does: it makes itself ready, compiles what nobody else is at, and lives the runs of jobs."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sim.founding import morning_calls
from sim.pool.blocks import Block
from sim.pool.faults import EnsembleError, sendable
from sim.pool.jobs import Word
from sim.pool.kept import put_meanwhile
from sim.pool.shared import Shared
from sim.run import RunSpec, simulate
from sim.schedule import kernel_calls
from sim.source import source_hash
from sim.store import Store

LONGEST_TURN = 60.0
"""Seconds that a worker waits for what another one compiles, before it does so itself."""

_shared: Any = None  # in a worker: the `Shared` of all
_shelf: Any = None  # in a worker: where runs go, a `Store`; it knows what is in packs, and looks that up once


def begin(environment: dict[str, str], shared: Shared, shelf: Store, turns: Sequence[Any], policies: bool) -> None:
    """Make ready a worker: it has its parent's environment, leaves Ctrl-C to its parent, and ends with it."""
    global _shared, _shelf
    _shared, _shelf = shared, shelf
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _compile(turns, policies)


def compiling(*, policies: bool) -> list[Callable[[], Any]]:
    """Calls that compile all kernels: dear ones first, so that no worker is left with one while the others wait.

    Without policies, not those that policies alone need.
    """
    return [*reversed(kernel_calls(policies=policies)), *morning_calls()]


def _compile(turns: Sequence[Any], policies: bool) -> None:
    """Compile the kernels that the runs need, or find them compiled; what one worker is at, the others leave to it.

    Then each calls all of them, and waits for what is still being compiled, though not for ever: a worker that was
    killed keeps its turn. A compiler makes millions of objects that are not garbage: looking for some among them takes
    a tenth of its time.
    """
    gc.disable()
    calls = compiling(policies=policies)
    for seconds in (0.0, LONGEST_TURN):
        for turn, call in zip(turns, calls, strict=True):
            if _shared.stop.value:
                break
            mine = turn.acquire(timeout=seconds)
            try:
                if mine or seconds:
                    call()
            finally:
                if mine:
                    turn.release()
    gc.enable()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def work(job: Sequence[tuple[int, RunSpec]], source: str) -> Word:
    """Live the runs of a job and put them on the shelf, as long as runs are to be begun.

    Tables do not go back through the pool's pipe: a worker killed while it writes there leaves the reader waiting for
    ever. What is said of a job are a few bytes, written at one stroke.
    """
    if source != source_hash():
        raise EnsembleError("the model's source changed while it ran. Run it again, so that all runs are alike.")
    began, lived, faults = time.perf_counter(), list[int](), dict[int, Exception]()
    block = Block(_shelf)

    def store() -> None:
        for place, _ in block.stored():
            _shared.kept[place] = 1
            lived.append(place)

    for place, spec in job:
        if _shared.stop.value:
            break
        if put_meanwhile(spec, _shelf) is not None:
            _shared.lived[place], _shared.kept[place] = spec.config.months, 1
            continue
        tick = partial(_shared.lived.__setitem__, place)
        try:
            block.add(place, spec, simulate(spec, tick, partial(_shared.tell_year, place)))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is told with the run's name
            faults[place] = sendable(fault)
        if block.is_due:
            store()
    store()
    return Word(lived, time.perf_counter() - began, faults)
