"""Runs that are lived by a pool of processes; where one of them dies, another pool goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from sim.pool.ctrl_c import ctrl_c_noted
from sim.pool.faults import EnsembleError
from sim.pool.jobs import Sizes, Word
from sim.pool.kept import Kept
from sim.pool.progress import Watch
from sim.pool.turns import Turns
from sim.pool.worker import begin, compiling, work
from sim.run import RunSpec
from sim.source import source_hash
from sim.store import Store
from sim.workers import children_of_sim, context as workers_context, surroundings

TRIES = 3
"""Pools that may die in a row without finishing one run before it is given up."""
GLANCE_SECONDS = 0.2
AHEAD = 2
"""Jobs that are handed out ahead, for each worker: all at once would only be in the way."""


def in_processes(
    specs: Sequence[RunSpec], turns: Turns, workers: int, shelf: Store, watch: Watch, *, patient: bool
) -> Iterator[tuple[int, Kept]]:
    """Yield the place of each run whose turn it is, when a process has stored it, and where it lies."""
    in_vain = 0
    watch.share()
    while turns:
        finished = 0
        try:
            for place in _one_pool(specs, turns, workers, shelf, watch, patient=patient):
                finished += 1
                yield place, Kept(shelf, specs[place])
        except BrokenProcessPool as fault:
            in_vain = 0 if finished else in_vain + 1
            if in_vain == TRIES:
                raise EnsembleError(
                    f"worker processes died {TRIES} times without finishing one of {len(turns)} runs. Often that is "
                    "for want of memory: try workers=1, or a smaller place.residents."
                ) from fault


def _one_pool(
    specs: Sequence[RunSpec], turns: Turns, workers: int, shelf: Store, watch: Watch, *, patient: bool
) -> Iterator[int]:
    """Yield what one pool of processes finishes; raise `BrokenProcessPool` if one of them dies before the end.

    After Ctrl-C no run is begun any more, and where there is patience those that are under way come to their end.
    """
    context, policies, shared = workers_context(), any(spec.config.policy for spec in specs), watch.shared
    locks = [context.Lock() for _ in compiling(policies=policies)]
    made_ready = partial(begin, surroundings(), shared, shelf, locks, policies)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=made_ready)
    finished_all = False
    jobs, sizes = dict[Future[Word], list[int]](), Sizes(specs, workers)
    try:
        with ctrl_c_noted(raised=False, patient=patient) as ctrl_c:
            while True:
                ctrl_c.heed()
                if ctrl_c.pressed:
                    watch.stopping, shared.stop.value = True, 1
                    turns.back([place for future in list(jobs) if future.cancel() for place in jobs.pop(future)])
                else:
                    with children_of_sim():
                        while turns and len(jobs) < AHEAD * workers and (job := sizes.job(turns)):
                            jobs[_submitted(pool, specs, job, turns)] = job
                if not jobs:
                    break
                finished, _ = wait(jobs, timeout=GLANCE_SECONDS, return_when=FIRST_COMPLETED)
                for job in jobs.values():
                    for place in [place for place in job if shared.kept[place]]:
                        job.remove(place)
                        yield place
                _harvest({future: jobs.pop(future) for future in finished}, turns, sizes)
                watch.look()
            if ctrl_c.pressed:
                raise KeyboardInterrupt
        finished_all = True
    except BrokenProcessPool:
        if ctrl_c.pressed:  # another pool would begin anew
            raise KeyboardInterrupt from None
        raise
    finally:
        turns.back(place for job in jobs.values() for place in job)
        _end(pool, at_once=not finished_all)


def _submitted(
    pool: ProcessPoolExecutor, specs: Sequence[RunSpec], job: list[int], turns: Turns
) -> Future[Word]:
    """Hand out a job, which may start a worker; put it back and raise `BrokenProcessPool` if there is nobody for it."""
    try:
        return pool.submit(work, [(place, specs[place]) for place in job], source_hash())
    except (BrokenProcessPool, EOFError, ConnectionError) as fault:
        turns.back(job)
        raise BrokenProcessPool("a worker, or the server that forks them, has died") from fault


def _harvest(finished: dict[Future[Word], list[int]], turns: Turns, sizes: Sizes) -> None:
    """Put back what jobs that came to an end have not lived, and then tell the faults, if there were any.

    Args:
        finished: the jobs, each with those of its runs that are not stored.
        turns: where to.
        sizes: learns from them.
    """
    faults, broken = dict[int, Exception](), None
    for future, places in finished.items():
        end = future.exception()
        if isinstance(end, BrokenProcessPool):
            broken = end
        elif isinstance(end, Exception):
            faults |= dict.fromkeys(places, end)
        elif end is None:
            word = future.result()
            sizes.learn(word)
            faults |= word.faults
        turns.back(place for place in places if place not in faults)
    for place, fault in faults.items():
        turns.fault(place, fault)
    if broken is not None:
        raise broken


def _end(pool: ProcessPoolExecutor, *, at_once: bool) -> None:
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - Python 3.14 has kill_workers()
    pool.shutdown(wait=not at_once, cancel_futures=True)
    if at_once:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
