"""Purses, as every instrument's fast hand sees them: what they hold, whom they are for, what goes first."""
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

import numpy as np
from numba import njit

from sim.compiling import PART
from sim.policy import ALL


@njit(**PART)
def largest_first(values):
    """Rows in falling order of their values, earlier rows first among equals: sorting by insertion, for short lists."""
    order = np.arange(values.size)
    for place in range(1, values.size):
        row, at = order[place], place
        while at > 0 and values[order[at - 1]] < values[row]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = row
    return order


@njit(**PART)
def in_reach(where, neighbourhood):
    """Whether a policy is for those of a neighbourhood: ALL, one, or (below ALL) the first so many."""
    return (where == ALL) | (where == neighbourhood) | (neighbourhood < ALL - where)
