"""Models from outside: subclasses of `CommunityModel` with rules or observables of their own, in many runs.

A run in the store is found by all that can change it, so a class's source counts too: the files of the class, of its
rooms and of its observables. What these import from elsewhere is not looked at.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.model import CommunityModel

HERE = Path(__file__).parent


class OutsideError(TypeError):
    """What cannot be a model, told in one message."""


def checked_model(model: Any) -> type[CommunityModel] | None:
    """A class of one's own as it is, and None for the model's.

    Raises:
        OutsideError: if it is no subclass of `CommunityModel`.
    """
    if model is None:
        return None
    from sim.model import CommunityModel

    if model is CommunityModel:
        return None
    if not (isinstance(model, type) and issubclass(model, CommunityModel)):
        raise OutsideError(f"model is {model!r}: a subclass of sim.CommunityModel is needed, and the class itself, "
                           f"not a model made of it.")  # fmt: skip
    return model


def is_passing(model: type[CommunityModel] | None) -> bool:
    """Whether other processes could not find this class again: one of a notebook, of a function or of ``__main__``."""
    if model is None:
        return False
    found: Any = sys.modules.get(model.__module__)
    if model.__module__ == "__main__" or found is None:
        return True
    for name in model.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is not model or not _files(model)


def told(model: type[CommunityModel]) -> list[str]:
    """The name of a class, and a digest of the files that it rests on: part of the name of its runs."""
    digest = hashlib.sha256()
    for path in _files(model):
        digest.update(path.read_bytes())
    return [f"{model.__module__}.{model.__qualname__}", digest.hexdigest()]


def _files(model: type[CommunityModel]) -> list[Path]:
    """The files of a class's own, outside the package, in order."""
    own = takewhile(lambda kind: kind.__module__ != "sim.model", model.__mro__)
    parts = [*own, *(step.room for step in model.verbs), *model.also.values()]
    paths = {Path(path) for path in map(_file, parts) if path}
    return sorted(path for path in paths if HERE not in path.parents and path.is_file())


def _file(part: Any) -> str | None:
    try:
        return inspect.getsourcefile(part)
    except (TypeError, OSError):  # a builtin, or what no file holds
        return None
