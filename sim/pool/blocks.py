"""Finished runs that are not stored yet: short ones wait for one another, and go into one file."""

from __future__ import annotations

import math
import time

from sim.run import RunSpec
from sim.store import Store, put_together
from sim.tables import Tables

BLOCK_SECONDS = 2.0
"""How long a finished run may wait to be stored together with those that follow it: six files cost as much as a run of
20 milliseconds, and six for all of two seconds' runs next to nothing."""


class Block:
    """Finished runs that are not stored yet.

    Args:
        shelf: where they go; None for nowhere.
    """

    def __init__(self, shelf: Store | None) -> None:
        self._shelf = shelf
        self._runs: list[tuple[int, RunSpec, Tables]] = []
        self._last = -math.inf

    @property
    def is_due(self) -> bool:
        """Whether they are to be stored now: the first run of all is at once."""
        return self._shelf is None or time.monotonic() - self._last >= BLOCK_SECONDS

    def add(self, place: int, spec: RunSpec, tables: Tables) -> None:
        """A run is finished."""
        self._runs.append((place, spec, tables))

    def stored(self) -> list[tuple[int, Tables]]:
        """Store them, and give the place and the tables of each.

        Raises:
            OutputError: if the disk is full or the folder cannot be written.
        """
        runs, self._runs = self._runs, []
        if self._shelf is not None and runs:
            put_together(self._shelf, {spec.run_id: (tables, spec.about) for _, spec, tables in runs})
            self._last = time.monotonic()
        return [(place, tables) for place, _, tables in runs]
