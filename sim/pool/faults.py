"""What cannot be run, told in one message, and faults that go from one process to another."""

from __future__ import annotations

import pickle


class EnsembleError(Exception):
    """An ensemble that cannot be run, told in one message."""


def sendable(fault: Exception) -> Exception:
    """A fault as another process can read it."""
    try:
        pickle.loads(pickle.dumps(fault))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever it is, its words are told
        return EnsembleError(f"{type(fault).__name__}: {fault}")
    return fault
