"""The source hash: over the modules that can change a result, and no others.

It names the folder of compiled kernels (numba's own cache looks at one file, and would keep a stale kernel when a
function in another file changes) and the stored runs, so that editing a plot loses neither.
"""

from __future__ import annotations

import csv
import hashlib
import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = ("takestwo", "numpy", "numba", "pandas", "pyarrow", "pydantic", "hydra-core", "omegaconf", "mesa")
COUNTS = (
    "units.py", "columns.py", "compiling.py", "elementary.py", "chance.py", "parameters.py", "checked.py", "place.py",
    "world.py", "policy.py", "flat_file.py", "state.py", "indexes.py", "reach.py", "ledger.py", "founding", "processes",
    "schedule.py", "observables", "decisions.py", "model.py", "data",
)  # fmt: skip
"""What can change a result: files, and folders with all that is in them."""


@cache
def source_hash() -> str:
    """Sixteen hexadecimal digits that change whenever a result could."""
    digest = hashlib.sha256()
    for name in COUNTS:
        path = HERE / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path] * path.exists():
            if file.suffix in {".py", ".csv"}:
                digest.update(file.relative_to(HERE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def versions() -> dict[str, str | None]:
    """The versions of Python and of the packages on which results rest; none for one that is not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def config_folder() -> Path:
    """Where the files of ``configs/`` are: inside the installed package, else at the top of the repository."""
    inside = HERE / "_configs"
    return inside if inside.is_dir() else HERE.parent / "configs"


@cache
def data_table(name: str) -> list[dict[str, str]]:
    """The rows of ``sim/data/NAME.csv``; lines that begin with # are comments."""
    text = (HERE / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def cache_folder() -> Path:
    """Where compiled kernels and founded towns are kept: safe to delete at any time."""
    chosen = os.environ.get("TAKESTWO_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("takestwo"))
