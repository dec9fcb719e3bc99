"""Ray: jobs are tasks, on a cluster that runs already or on a Ray that is started here and ends with the sweep.

Ray itself starts a task anew whose process or machine died.
"""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from sim.launchers.jobs import Ended, Job
from sim.launchers.settings import Ray
from sim.pool import TRIES, EnsembleError
from sim.workers import ONE_THREAD

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Surroundings of a Ray that is started here: it tells nobody, and listens to this machine alone."""

ANSWER_SECONDS = 20.0
"""How long it may take until somebody answers at an address: Ray itself asks nobody for ten minutes."""


class RayEngine:
    """A cluster of Ray.

    Args:
        settings: the launcher.
        memory_gb: of a job.
    """

    def __init__(self, settings: Ray, memory_gb: float) -> None:
        self._settings, self._memory_gb = settings, memory_gb
        self._running: dict[Any, Job] = {}
        self._is_ours = False

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand out jobs.

        Raises:
            EnsembleError: if there is no Ray at the address.
        """
        import ray

        if not ray.is_initialized():
            self._connect()
        task = ray.remote(_live).options(
            num_cpus=self._settings.cpus_per_task, memory=int(1e9 * self._memory_gb), max_retries=TRIES,
            runtime_env={"env_vars": dict.fromkeys(ONE_THREAD, "1")},
        )  # fmt: skip
        self._running |= {task.remote(job): job for job in jobs}

    def _connect(self) -> None:
        import ray

        own = self._settings
        here = not own.address
        if here:
            for name, value in QUIET.items():
                os.environ.setdefault(name, value)
        try:
            if (there := re.fullmatch(r"(?:ray://)?(.+):(\d+)", own.address)) is not None:
                socket.create_connection((there[1], int(there[2])), timeout=ANSWER_SECONDS).close()
            ray.init(
                address="local" if here else own.address, num_cpus=(own.num_cpus or None) if here else None,
                include_dashboard=False if here else None, log_to_driver=False, logging_level=logging.ERROR,
            )  # fmt: skip
        except (OSError, RuntimeError, ValueError, OverflowError) as fault:
            told = " ".join(str(fault).split())[:400]
            raise EnsembleError(f"no Ray answers at hydra.launcher.address={own.address}: {told} Start one, as by ray "
                                "start --head, or leave the address out to start one here.") from None  # fmt: skip
        self._is_ours = True

    def ended(self) -> Iterator[tuple[Job, Ended | str]]:
        """Jobs that are done, and those that Ray gave up."""
        import ray

        if not self._running:
            return
        ready, _ = ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        for each in ready:
            job = self._running.pop(each)
            try:
                end: Ended | str = ray.get(each)
            except ray.exceptions.RayError as fault:
                end = " ".join(str(fault).split())[:400]
            yield job, end

    def finish(self) -> list[Job]:
        """Tasks that wait are given up, and are told as ended; those that run hear Ctrl-C, as they do here."""
        import ray

        for each in self._running:
            ray.cancel(each)
        return []

    def stop(self) -> None:
        """End what runs, and let go of Ray."""
        import ray

        for each in self._running:
            ray.cancel(each, force=True)
        self._running = {}
        if self._is_ours:
            ray.shutdown()
            self._is_ours = False


def _live(job: Job) -> Ended:
    return job()
