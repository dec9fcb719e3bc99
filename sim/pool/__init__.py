"""Many runs over the cores of one machine: found in the store, or lived by a pool of processes.

Processes are given jobs: runs that follow one another, mostly a point of a sweep or some points with their replicates,
as many as come to some seconds by what earlier jobs took. Finished runs are stored by whoever finished them, short ones
several in a file; the store is told of, run by run, so a worker that dies loses what it had not stored, and no more: it
is replaced, and that is run again. Results do not depend on how many workers there are, nor on which of them lives
which run.

    asked.py       `run_all` and `store_all`: first what the store has, then what is lived now
    turns.py       whose turn it is, and what is done with a run that has failed
    alone.py       runs that are lived in this process
    processes.py   a pool of processes: jobs are handed out to it, and another one goes on where it dies
    jobs.py        how many runs make a job, and what is said of one that has ended
    worker.py      what such a process does: it compiles its share of the kernels, and lives the runs of jobs
    shared.py      what all processes see: months lived, runs stored, whether to stop
    blocks.py      finished runs that are not stored yet
    kept.py        runs that somebody else has stored
    progress.py    how far it is, told to who asked
    ctrl_c.py      Ctrl-C, noted and heeded
    faults.py      `EnsembleError`, and faults that go from one process to another
"""

from sim.pool.asked import Elsewhere, cores, is_whole, run_all, store_all
from sim.pool.ctrl_c import CtrlC, ctrl_c_noted
from sim.pool.faults import EnsembleError, sendable
from sim.pool.processes import TRIES
from sim.pool.progress import HasResults, Progress, Watch
from sim.pool.turns import Turns
from sim.pool.worker import compiling

__all__ = [
    "TRIES", "CtrlC", "Elsewhere", "EnsembleError", "HasResults", "Progress", "Turns", "Watch", "compiling", "cores",
    "ctrl_c_noted", "is_whole", "run_all", "sendable", "store_all",
]  # fmt: skip
