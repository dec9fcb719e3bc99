"""SLURM: jobs are arrays, handed in by submitit, on machines that share the disk of the store.

A job that has to make room, or comes to its time limit, is queued again and goes on where it was, and SLURM itself
queues again those whose machine died. One that the queue does not know any more, and that has left no word, is lost.
The queue is asked by ``squeue``, which needs no accounting: where there is none, submitit itself would wait for ever.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any

from sim.launchers.jobs import Ended, Job
from sim.launchers.settings import Slurm
from sim.pool import EnsembleError

ARRAY = 1000
"""Jobs that SLURM takes at one stroke, unless its keepers allow more."""
ASK_SECONDS = 10.0
GRACE_SECONDS = 30.0
"""How long a job that has left the queue may take to leave word, on a disk that other machines see late."""
LEAST_MINUTES, SPARE = 30, 4.0
"""The time limit of a job: so many times what it is expected to take."""


class Again:
    """Lives a job; submitit hands it in once more, as it is, when it has to make room or its time is up."""

    def __call__(self, job: Job) -> Ended:
        """Live a job."""
        return job()

    def checkpoint(self, job: Job) -> Any:
        """What to do next time: the same, for what is done is stored."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, job)


class SlurmEngine:
    """The cluster whose login node this is.

    Args:
        settings: the launcher.
        memory_gb: of a job.
        folder: where submitit writes orders and logs; every machine has to see it.
    """

    def __init__(self, settings: Slurm, memory_gb: float, folder: Path) -> None:
        self._settings, self._memory_gb, self._folder = settings, memory_gb, folder.resolve()
        self._name = f"takestwo-{token_hex(4)}"
        self._running: dict[str, tuple[Any, Job]] = {}
        self._gone: dict[str, float] = {}
        self._asked = 0.0

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand in jobs, as arrays.

        Raises:
            EnsembleError: if SLURM does not take them.
        """
        import submitit

        executor = submitit.SlurmExecutor(folder=self._folder, max_num_timeout=1_000)
        executor.update_parameters(**self._parameters(max(job.seconds for job in jobs)))
        try:
            for first in range(0, len(jobs), ARRAY):
                part = jobs[first : first + ARRAY]
                with executor.batch():
                    handed = [executor.submit(Again(), job) for job in part]
                self._running |= {each.job_id: (each, job) for each, job in zip(handed, part, strict=True)}
        except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError) as fault:
            self.stop()
            told = " ".join(str(fault).split())[-600:]
            raise EnsembleError(f"SLURM does not take the jobs: {told} Mend what it names, as hydra.launcher.partition "
                                "or hydra.launcher.account, and run it again.") from None  # fmt: skip

    def _parameters(self, seconds: float) -> dict[str, Any]:
        own = self._settings
        minutes = own.timeout_min or max(LEAST_MINUTES, math.ceil(SPARE * seconds / 60.0))
        named = {name: getattr(own, name) for name in ("partition", "account", "qos", "constraint", "exclude")}
        return {name: value for name, value in named.items() if value} | {
            "job_name": self._name, "time": minutes, "mem": f"{math.ceil(1024 * self._memory_gb)}MB",
            "cpus_per_task": own.cpus_per_task, "array_parallelism": own.array_parallelism, "setup": list(own.setup),
        }  # fmt: skip

    def ended(self) -> Iterator[tuple[Job, Ended | str]]:
        """Jobs that have left word, and those that the queue has lost."""
        for name, (handed, job) in list(self._running.items()):
            if handed.paths.result_pickle.exists():
                del self._running[name]
                self._gone.pop(name, None)
                yield job, _word_of(handed)
        now = time.monotonic()
        if now - self._asked < ASK_SECONDS or not self._running:
            return
        self._asked = now
        queue = self._queue()
        if queue is None:  # the controller does not answer: those who run go on
            return
        for name in list(self._running):
            since = self._gone.setdefault(name, now)
            if name in queue:
                del self._gone[name]
            elif now - since > GRACE_SECONDS:
                handed, job = self._running.pop(name)
                yield job, _last_words(name, Path(handed.paths.stderr))

    def _queue(self) -> set[str] | None:
        """The jobs that wait or run; None if nobody answers."""
        done = _ask("squeue", "-h", "-r", "-o", "%i", f"--name={self._name}")
        return set(done.stdout.split()) if done.returncode == 0 else None

    def finish(self) -> list[Job]:
        """Take back the jobs that wait; those that run hear Ctrl-C, as they would here."""
        self._cancel("--state=PENDING")
        self._cancel("--signal=INT")
        queue = self._queue()
        back = [name for name in self._running if queue is not None and name not in queue]
        left = [name for name in back if not self._running[name][0].paths.result_pickle.exists()]
        return [self._running.pop(name)[1] for name in left]

    def stop(self) -> None:
        """Take back the jobs that have not come to an end."""
        if self._running:
            self._cancel()
        self._running = {}

    def _cancel(self, *which: str) -> None:
        _ask("scancel", *which, f"--name={self._name}")


def _ask(*words: str) -> subprocess.CompletedProcess[str]:
    """What a command of SLURM says. Ctrl-C at the terminal is for us: it does not hear it."""
    return subprocess.run(words, capture_output=True, text=True, check=False, start_new_session=True)  # noqa: S603


def _word_of(handed: Any) -> Ended | str:
    """What a job has left."""
    from submitit.core.utils import FailedJobError

    try:
        end: Ended = handed.result()
    except FailedJobError as fault:
        return str(fault).strip().splitlines()[-1]
    return end


def _last_words(name: str, log: Path) -> str:
    """Why a job was lost, as far as accounting or its log knows."""
    state = ""
    if shutil.which("sacct"):
        done = _ask("sacct", "-n", "-X", "-P", "-o", "State", "-j", name)
        state = done.stdout.strip().splitlines()[-1] if done.returncode == 0 and done.stdout.strip() else ""
    return f"SLURM's job {name} ended as {state or 'nobody knows'} and left no word. Its log: {log}."


def check_slurm() -> None:
    """Whether this machine can hand in jobs.

    Raises:
        EnsembleError: if not.
    """
    if not all(map(shutil.which, ("sbatch", "squeue", "srun"))):
        raise EnsembleError("hydra/launcher=slurm hands in jobs by sbatch, and there is none on this machine. Start it "
                            "on the login node of a SLURM cluster, or leave it out to use this machine.")  # fmt: skip
