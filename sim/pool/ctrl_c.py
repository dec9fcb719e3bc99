"""Ctrl-C: noted when it is pressed, and raised where that does no harm."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NOTED_WITHIN = 0.1
"""Seconds: Python goes on sleeping when a signal was only noted."""


class CtrlC:
    """How often Ctrl-C was pressed.

    Args:
        patient: whether the first is only noted, so that what is under way can come to its end.

    Attributes:
        times: how often.
    """

    def __init__(self, *, patient: bool) -> None:
        self._least = 2 if patient else 1
        self.times = 0

    @property
    def pressed(self) -> bool:
        """Whether it was."""
        return self.times > 0

    def press(self) -> None:
        """It was, once more."""
        self.times += 1

    def heed(self) -> None:
        """Raise `KeyboardInterrupt` if it is not to be waited for any longer."""
        if self.times >= self._least:
            raise KeyboardInterrupt

    def pause(self, seconds: float) -> None:
        """Sleep so long, or until it is pressed once more."""
        end, before = time.monotonic() + seconds, self.times
        while self.times == before and (left := end - time.monotonic()) > 0.0:
            time.sleep(min(left, NOTED_WITHIN))


@contextmanager
def ctrl_c_noted(*, raised: bool, patient: bool = False) -> Iterator[CtrlC]:
    """Note Ctrl-C, and raise it where the caller heeds it.

    Args:
        raised: at once too, as usual. Not within `wait`, where it would leave a lock held, and all stuck. Not alone:
            where Python cannot raise it, as while it collects garbage, it is lost.
        patient: only the second time.
    """
    ctrl_c = CtrlC(patient=patient)

    def note(number: int, _: Any) -> None:  # noqa: ARG001 - as signal.signal calls it
        ctrl_c.press()
        if raised:
            ctrl_c.heed()

    if threading.current_thread() is not threading.main_thread():
        yield ctrl_c
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield ctrl_c
    finally:
        signal.signal(signal.SIGINT, before)
