"""Takes Two: what happens to a community's capacity when councils are cut, and what nurturing relationships buys."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sim.source import cache_folder, source_hash

# Compiled kernels go to a folder named by the source: an edit anywhere makes a new one, and none is ever stale.
os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder() / "kernels" / source_hash()))

# Mesa loads a progress bar for notebooks, which nothing here draws, and without ipywidgets it complains in red.
warnings.filterwarnings("ignore", message="IProgress not found")

if TYPE_CHECKING:
    from sim.composition import compose
    from sim.config import ConfigError
    from sim.ensemble import compare, run_ensemble
    from sim.model import CommunityModel
    from sim.results import read_results
    from sim.store import open_store

__version__ = "0.1.0"
__all__ = ["CommunityModel", "ConfigError", "compare", "compose", "open_store", "read_results", "run_ensemble"]

_HOME = {
    "CommunityModel": "sim.model", "compose": "sim.composition", "ConfigError": "sim.config",
    "run_ensemble": "sim.ensemble", "compare": "sim.ensemble", "read_results": "sim.results",
    "open_store": "sim.store",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Imports are lazy: what a user may import is loaded when it is asked for."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'sim' has no attribute {name!r}; it has {', '.join(__all__)}, and modules below it")


def __dir__() -> list[str]:
    """What a prompt may complete: what is there, loaded or not."""
    return sorted({*globals(), *__all__} - {"Any", "TYPE_CHECKING", "annotations", "import_module", "os", "warnings"})
