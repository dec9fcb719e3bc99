"""Launchers: where the runs of a sweep are lived, by ``hydra/launcher=local|slurm|ray``.

The same command line, and the same store, whichever it is: runs are the same bits, and tables are told from the store
by whoever asked. ``local`` is the pool of processes of this machine (`sim.pool`). ``slurm`` and ``ray`` hand out jobs
to other machines (`sim.launchers.jobs`), which share a disk, and look for what these have put into the store.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from sim import cost
from sim.launchers.away import Engine, lived_by
from sim.launchers.jobs import Job, packed
from sim.launchers.ray import RayEngine
from sim.launchers.settings import KEY, Launcher, Local, Ray, Slurm, check_launcher
from sim.launchers.slurm import SlurmEngine, check_slurm
from sim.pool import Elsewhere, EnsembleError, cores
from sim.pool.jobs import JOB_SECONDS, SHARES
from sim.run import RunSpec

__all__ = [
    "KEY", "Job", "Launcher", "Local", "Ray", "Slurm", "check_launcher", "check_ready", "elsewhere", "jobs_of",
    "memory_gb",
]  # fmt: skip

SPARE_MEMORY = 1.5
"""A job is given so many times the memory that it is expected to need: one that needs more than it has is killed."""
LEAST_GB = 1.0
EXTRAS = {"slurm": "submitit", "ray": "ray"}
"""What each launcher needs to be installed."""


def check_ready(launcher: Launcher) -> None:
    """Whether all is there that a launcher needs.

    Raises:
        EnsembleError: if not, with what to install.
    """
    needs = EXTRAS.get(launcher.kind)
    if needs and find_spec(needs) is None:
        raise EnsembleError(f"hydra/launcher={launcher.kind} needs {needs}, which is not installed. Install it by "
                            f"pip install 'takestwo[{launcher.kind}]', or leave it out.")  # fmt: skip
    if isinstance(launcher, Slurm):
        check_slurm()


def jobs_of(
    launcher: Launcher, places: Sequence[int], specs: Sequence[RunSpec], store: str | os.PathLike[str],
    workers: int | None = None,
) -> list[Job]:  # fmt: skip
    """Runs as jobs, of a size that fits the launcher.

    Args:
        launcher: where they are to be lived.
        places: of the runs to live, among ``specs``.
        specs: all runs that were asked for.
        store: the folder of the store, which keeps how fast runs were before.
        workers: processes of this machine, for the local launcher; None or 0 for one a core.
    """
    seconds = cost.each_alone(specs, places, cost.pace(store) or 1.0)
    if isinstance(launcher, Local):
        whole = math.fsum(seconds[place] for place in places)
        target, side = min(JOB_SECONDS, whole / (SHARES * (workers or cores()))), 1
    else:
        target, side = 60.0 * launcher.job_min, launcher.cpus_per_task
    return packed(places, specs, seconds, target=target, store=str(store), workers=side)


def memory_gb(launcher: Launcher, specs: Sequence[RunSpec]) -> float:
    """The memory that a job is given."""
    if isinstance(launcher, Slurm | Ray) and launcher.mem_gb:
        return launcher.mem_gb
    side = 1 if isinstance(launcher, Local) else launcher.cpus_per_task
    needs = SPARE_MEMORY * side * cost.memory_of(specs) / 1e9
    return max(LEAST_GB, math.ceil(10.0 * needs) / 10.0)


def elsewhere(launcher: Launcher, specs: Sequence[RunSpec], store: Path, folder: Path) -> Elsewhere | None:
    """What lives the runs, if it is not this machine.

    Before that, the pace of this machine is measured if the store does not know it; so all is compiled, too, before
    many jobs would compile it side by side.

    Args:
        launcher: where they are to be lived.
        specs: the runs.
        store: the folder of the store.
        folder: where orders and logs of jobs come to lie.
    """
    if isinstance(launcher, Local):
        return None
    if cost.pace(store) is None:
        cost.measure(store)
    each = memory_gb(launcher, specs)
    engine: Engine = RayEngine(launcher, each) if isinstance(launcher, Ray) else SlurmEngine(launcher, each, folder)
    return partial(lived_by, engine, partial(jobs_of, launcher))
