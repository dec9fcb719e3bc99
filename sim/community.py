"""The plain hand's world: the same state as lists of plain rows, one object an entity.

`Community` is for reading and for proof, not for speed. Each row has the attributes of its table's columns, as Python
numbers; what has several values a row is a list.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.state import EMPTY, NOBODY, SLOTS, TABLES, State

SINGLE = ("council", "constants")
"""Tables of one row, which stand as that row rather than as a list."""


class Community:
    """A `State` taken apart into rows. Change the rows, then `write_back`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.seed, self.month, self.world_row = state.seed, state.month, state.world_row
        self.ledger: list[float] = state.ledger.tolist()
        for name in TABLES:
            rows = _rows(getattr(state, name))
            setattr(self, name, rows[0] if name in SINGLE else rows)

    def __getattr__(self, name: str) -> Any:  # the tables, which are set by name
        raise AttributeError(name)

    @property
    def drivers(self) -> Any:
        """The world's row of this month."""
        return self.world[self.world_row]

    def paid_hours(self) -> float:
        """Paid council hours of the month, over all services."""
        hours = 0.0
        for service in self.services:
            hours += service.hours
        return hours

    def owner(self, slot: int) -> Any:
        """The resident who owns a slot."""
        return self.residents[slot // SLOTS]

    def ties_by_resident(self) -> list[list[tuple[Any, int]]]:
        """For each resident, (tie, row of the other end) in the order of the slots."""
        incident: list[list[tuple[Any, int]]] = [[] for _ in self.residents]
        for slot, tie in enumerate(self.ties):
            if tie.alter != EMPTY:
                incident[slot // SLOTS].append((tie, tie.alter))
                incident[tie.alter].append((tie, slot // SLOTS))
        return incident

    def residents_by_neighbourhood(self) -> list[list[int]]:
        """Rows of residents in each neighbourhood, ascending."""
        rows: list[list[int]] = [[] for _ in self.neighbourhoods]
        for row, resident in enumerate(self.residents):
            rows[resident.neighbourhood].append(row)
        return rows

    def residents_by_charity(self) -> list[list[int]]:
        """Rows of residents who have a tie with each charity, ascending."""
        rows: list[list[int]] = [[] for _ in self.charities]
        for row, resident in enumerate(self.residents):
            if resident.belongs != NOBODY:
                rows[resident.belongs].append(row)
        return rows

    def write_back(self) -> State:
        """The rows put back into the state's columns."""
        self._state.ledger[:] = self.ledger
        for name in TABLES:
            table = getattr(self._state, name)
            rows = [getattr(self, name)] if name in SINGLE else getattr(self, name)
            for field, column in zip(table._fields, table, strict=True):
                if len(column):
                    column[...] = np.array([getattr(row, field) for row in rows], dtype=column.dtype)
        return self._state


def _rows(table: Any) -> list[SimpleNamespace]:
    columns = [column.tolist() for column in table]
    return [SimpleNamespace(**dict(zip(table._fields, values, strict=True))) for values in zip(*columns, strict=True)]
