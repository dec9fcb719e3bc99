"""How kernels are compiled.

A kernel that Python calls is ``@njit(cache=True)``. A part of one, called from kernels alone, is ``@njit(**PART)``:
without the wrappers that Python would need, which for tables of forty columns halve the time to compile.
"""

from __future__ import annotations

from typing import Any

PART: dict[str, Any] = {"cache": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
