"""Where Python searches for garbage while a command works."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unsearched() -> Iterator[None]:
    """Python looks for garbage among what comes to be in here, and not again and again among all that was before.

    That stays anyway, and to look through it takes a twentieth of a sweep. As Python looks when there is a quarter more
    than it last found, it would look seldom, too, and let tens of megabytes lie.
    """
    gc.freeze()
    gc.collect()  # finds nothing, and so a little more is enough to look again
    try:
        yield
    finally:
        gc.unfreeze()
