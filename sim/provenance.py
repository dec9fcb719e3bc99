"""How results were made: versions, source, machine, seeds, times and command."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.pool import cores
from sim.run import RunSpec
from sim.source import source_hash, versions


def provenance(specs: Sequence[RunSpec], *, started: datetime, command: Sequence[str]) -> dict[str, Any]:
    """What ``provenance.json`` holds.

    Args:
        specs: the runs.
        started: when the command began, with a time zone.
        command: the command line.
    """
    ended = datetime.now(UTC)
    return {
        "command": list(command),
        "source": source_hash(),
        "commit": commit(),
        "versions": versions(),
        "machine": machine(),
        "started": started.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        "seconds": round((ended - started).total_seconds(), 3),
        "runs": [
            {"run_id": s.run_id, "draw": s.config.draw, "seed": s.config.seed, "replicate": s.replicate,
             "run_seed": s.seed}
            for s in specs
        ],
    }


def commit() -> str | None:
    """The commit of the repository that this is run from, with "and changes" where files differ; None elsewhere."""
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    try:
        at, changed = (
            subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603, S607
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):  # no git here, or no commit yet
        return None
    return f"{at} and changes" if changed else at


def machine() -> dict[str, Any]:
    """The machine this process runs on."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "cores_usable": cores(),
        "byte_order": sys.byteorder,
    }
