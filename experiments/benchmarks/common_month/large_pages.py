"""Memory for the two compiled engines."""

from __future__ import annotations

import numpy as np

LINE = 64
"""Bytes of a line of memory: where each column begins."""


def in_one_piece(**columns: np.ndarray) -> dict[str, np.ndarray]:
    """The same columns, copied into one stretch of memory.

    NumPy asks the system for large pages where an array has 4 MiB or more. Alone, most columns have less, and their
    many small pages are more than a processor keeps the addresses of: looking them up then costs a fifth of a month.
    """
    starts = np.cumsum([0] + [-(-column.nbytes // LINE) * LINE for column in columns.values()])
    whole = np.empty(starts[-1] + LINE, np.uint8)
    first = -whole.ctypes.data % LINE
    moved = {}
    for (name, column), start in zip(columns.items(), starts, strict=False):
        place = whole[first + start : first + start + column.nbytes]
        moved[name] = place.view(column.dtype).reshape(column.shape)
        moved[name][...] = column
    return moved
