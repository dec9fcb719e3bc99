"""Searching in whole arrays, for the engines whose arrays are NumPy's: an index of an edge list by both ends."""

from __future__ import annotations

import numpy as np
from rules import SLOTS, neighbourhood_of


class TiesByEnd:
    """The ties as they stand now, by either end.

    Args:
        alter: (SLOTS N,) the other end of each tie; its owner's slots are its own.
        residents: N.
    """

    def __init__(self, alter: np.ndarray, residents: int) -> None:
        self.alter, self.residents = alter, residents
        self.start = np.concatenate(([0], np.cumsum(np.bincount(alter, minlength=residents))))
        # An end and a slot as one number: sorting numbers is much quicker than `argsort`, and equals stay in order.
        self.incoming = np.sort(alter * alter.size + np.arange(alter.size)) % alter.size

    def any_tie(self, ego: np.ndarray, u: np.ndarray) -> np.ndarray:
        """The other end of one of the ties of each of these, whoever owns it: which, say uniform draws."""
        first = self.start[ego]
        pick = (u * (SLOTS + self.start[ego + 1] - first)).astype(np.int64)
        own = pick < SLOTS
        theirs = self.incoming[np.where(own, 0, first + pick - SLOTS)] // SLOTS
        return np.where(own, self.alter[ego * SLOTS + np.where(own, pick, 0)], theirs)

    def neighbour(self, ego: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Somebody of the neighbourhood of each of these: who, say uniform draws."""
        first, size = neighbourhood_of(ego, self.residents)
        return first + (u * size).astype(np.int64)

    def hold(self, ego: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Whether the other is oneself, or tied already."""
        by_slot = self.alter.reshape(-1, SLOTS)
        tied = (by_slot[ego] == other[:, None]) | (by_slot[other] == ego[:, None])
        return (ego == other) | tied.any(axis=1)
