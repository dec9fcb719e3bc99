"""What each resident needed, got and gave over the last 12 months: kept while a run is written down.

The state holds one month of these, and single months are mostly luck. Nothing in the model reads the sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.state import State
from sim.units import MONTHS_A_YEAR

COLUMNS: dict[str, tuple[str, str]] = {
    "need_12": ("hours", "of need arisen in the last 12 months, or in those since coming or since the run began"),
    "met_12": ("hours", "of that need met"),
    "formal_hours_12": ("hours", "given to charities in the same months"),
}
"""Units and meanings, by column."""


class Lately:
    """Sums over the months of a run that count towards a last one.

    Args:
        months: how long the run is.

    Sums begin anew in the twelfth month from the end, and for whoever comes to live in a row of the residents.
    """

    def __init__(self, months: int) -> None:
        self._months, self._lived = months, 0
        self._ids: Any = None
        self._sums: Any = None

    def live(self, state: State) -> None:
        """Add the month that has just been lived."""
        r = state.residents
        if self._lived in {0, self._months - MONTHS_A_YEAR}:
            self._ids, self._sums = r.id.copy(), np.zeros((len(COLUMNS), len(r.id)))
        elif self._lived > self._months - MONTHS_A_YEAR:
            self._sums[:, self._ids != r.id] = 0.0
            self._ids = r.id.copy()
        if self._lived == 0 or self._lived >= self._months - MONTHS_A_YEAR:
            self._sums += [r.need.sum(axis=1), r.met.sum(axis=1), r.formal_hours]
        self._lived += 1

    def columns(self) -> dict[str, Any]:
        """The sums by name: in the first month those of one month, in the last those of its 12."""
        return {name: row.copy() for name, row in zip(COLUMNS, self._sums, strict=True)}
