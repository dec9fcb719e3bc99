"""What every worker needs, loaded once: the server that forks them imports this (`sim.workers`), and nobody else.

Kernels are loaded that are kept, and none is compiled: one process would do alone what all workers share. Whatever goes
wrong is left to the worker that needs it, which can say so.
"""

from __future__ import annotations

import gc
from contextlib import suppress

from sim.compiling import NotKeptError, nothing_compiled
from sim.pool import compiling

with suppress(Exception), nothing_compiled():
    for _call in compiling(policies=False):
        with suppress(NotKeptError):
            _call()
gc.collect()
gc.freeze()  # workers share what they do not write to
