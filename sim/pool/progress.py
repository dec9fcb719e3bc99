"""How far an ensemble is: what is counted, and told to who asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from sim.pool.shared import Shared
from sim.run import RunSpec


class HasResults(Protocol):
    """What was observed in a run: its tables, or what reads one of them when it is asked for."""

    @property
    def results(self) -> pa.Table:
        """The table ``results``."""


@dataclass(frozen=True)
class Progress:
    """How far an ensemble is.

    Attributes:
        runs: how many were asked for.
        done: how many are finished, those found in the store among them.
        stored: how many were found in the store.
        months: months to live in the runs that were not found, or not looked up yet.
        lived: how many of them are lived.
        newest: the run that has just been found or finished, with its results.
        failed: how many were given up.
        stopping: whether Ctrl-C was pressed, and no more is begun.
        year: each observable in the first year of the first run that was not found, the mean of its months; None until
            it has lived longer than that.
    """

    runs: int
    done: int
    stored: int
    months: int
    lived: int
    newest: tuple[RunSpec, HasResults] | None = field(default=None, repr=False)
    failed: int = 0
    stopping: bool = False
    year: Mapping[str, float] | None = field(default=None, repr=False)


class Watch:
    """Counts months and runs, and tells who asked."""

    def __init__(
        self, specs: Sequence[RunSpec], tell: Callable[[Progress], None] | None, failed: dict[int, Exception]
    ) -> None:
        self._specs, self._tell, self._failed = specs, tell, failed
        self._done = self._stored = 0
        self._year: Mapping[str, float] | None = None
        self._months = sum(spec.config.months for spec in specs)
        self.shared = Shared.alone(len(specs))
        self.lived: Any = self.shared.lived
        self.stopping = False

    def begin(self, todo: Sequence[int]) -> None:
        """All were looked up, and these are to be lived."""
        self.shared = replace(self.shared, first=todo[0] if todo else -1)
        self.look()

    def share(self) -> None:
        """Let other processes tell, too."""
        self.shared = Shared.between_processes(len(self.lived), self.shared.first)
        self.lived = np.frombuffer(self.shared.lived, np.int64)

    def look(self, newest: tuple[RunSpec, HasResults] | None = None) -> None:
        """Tell how far it is, and of the run that has just finished."""
        if self._tell is not None:
            self._year = self._year or self.shared.year()
            never = sum(self._specs[place].config.months - int(self.lived[place]) for place in self._failed)
            self._tell(Progress(len(self._specs), self._done, self._stored, self._months - never, int(self.lived.sum()),
                                newest, len(self._failed), self.stopping, self._year))  # fmt: skip

    def found(self, spec: RunSpec, run: HasResults) -> None:
        """A run was found in the store."""
        self._stored += 1
        self._months -= spec.config.months
        self.finished(spec, run)

    def finished(self, spec: RunSpec, run: HasResults) -> None:
        """A run is done."""
        self._done += 1
        self.look((spec, run))
