"""How results were made: versions, source, machine, seeds, times and command."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sim.ensemble import RunSpec, cores
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
