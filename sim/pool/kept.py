"""Runs that somebody else has put into the store: another process of this sweep, or another sweep."""

from __future__ import annotations

from functools import cached_property
from typing import TypeVar

import pyarrow as pa

from sim.files import OutputError
from sim.run import RunSpec
from sim.store import Store
from sim.tables import Tables

T = TypeVar("T")


class Kept:
    """A run that a process has just stored. Most who asked for it look at little of it, and reading takes time.

    Args:
        shelf: where it lies.
        spec: the run.
    """

    def __init__(self, shelf: Store, spec: RunSpec) -> None:
        self._shelf, self._spec = shelf, spec

    @cached_property
    def results(self) -> pa.Table:
        """The table ``results``."""
        return self._there(self._shelf.results(self._spec.run_id))

    def whole(self) -> Tables:
        """All of its tables."""
        return self._there(self._shelf.get(self._spec.run_id, self._spec.record))

    def _there(self, found: T | None) -> T:
        if found is None:
            kept = f"run {self._spec.run_id} was kept in {self._shelf.folder}"
            raise OutputError(f"{kept} and cannot be read back. Is the disk sound?")
        return found


def put_meanwhile(spec: RunSpec, shelf: Store | None) -> Tables | None:
    """The tables of a run that another sweep, or a job that was handed out before, has stored since this one began."""
    if shelf is None or not shelf.has(spec.run_id, spec.record):
        return None
    return shelf.get(spec.run_id, spec.record)
