"""Whose turn it is, and what is done with a run that has failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from sim.files import OutputError
from sim.founding import FoundingError
from sim.run import RunSpec


class Turns:
    """Whose turn it is: runs in their order, and at the end once more those that failed.

    Args:
        specs: all runs.
        todo: the places of those that are to be lived.
        failed: where faults go; None raises them at once.
    """

    def __init__(self, specs: Sequence[RunSpec], todo: Sequence[int], failed: dict[int, Exception] | None) -> None:
        self._specs, self._failed = specs, failed
        self._waiting, self._again = deque(todo), set[int]()
        self._hopeless: dict[int, Exception] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[int]:
        while self._waiting:
            place = self._waiting.popleft()
            fault = self._hopeless.get(id(self._specs[place].config))
            if fault is None:
                yield place
            elif self._failed is not None:
                self._failed[place] = fault

    def back(self, places: Iterable[int]) -> None:
        """Put back what was handed out and not lived, to come next."""
        self._waiting.extendleft(sorted(places, reverse=True))

    def fault(self, place: int, fault: Exception) -> None:
        """A run has failed.

        Raises:
            Exception: the fault, where faults are raised, or where it is one of the disk: no other run would be kept.
        """
        if self._failed is None or isinstance(fault, OutputError):
            raise fault
        if isinstance(fault, FoundingError):
            self._hopeless[id(self._specs[place].config)] = self._failed[place] = fault
        elif place in self._again:
            self._failed[place] = fault
        else:
            self._again.add(place)
            self._waiting.append(place)
