"""One row of a table, as a Mesa agent."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import numpy as np
from mesa.agent import Agent

from sim.state import TABLES, Ints, State

if TYPE_CHECKING:
    from sim.model import CommunityModel

KINDS: list[type[Window]] = []
"""Every kind of window; sets name a kind by its place here."""


class Gone(LookupError):
    """Asked of a window whose resident has died or moved out, or whose charity has closed."""


class Window(Agent):  # type: ignore[misc]
    """One row of a table, as a Mesa agent.

    Args:
        model: the model it belongs to.
        row: the row of its table, from 0.

    Attributes:
        model: the model.
        row: the row.
        unique_id: one permanent int over all kinds of agents.

    Raises:
        IndexError: if the table has no such row.
        Gone: on opening a window on a row where nobody stands, and on reading or writing a column when who stood there
            is gone.
        AttributeError: on reading or writing what is neither a column nor derived; a window keeps nothing of its own.
        ValueError: on writing a number that the column cannot hold.
    """

    table: ClassVar[str]
    columns: ClassVar[frozenset[str]]
    stays: ClassVar[str]
    fixed: ClassVar[frozenset[str]] = frozenset({"id"})
    pos: Any = None

    def __init__(self, model: CommunityModel, row: int) -> None:
        ids = type(self).ids(model.state)
        if not 0 <= row < len(ids):
            raise IndexError(f"no row {row} among {len(ids)} rows of {self.table}")
        self.__dict__.update(model=model, row=int(row), unique_id=int(ids[row]))
        if not self.is_here:
            raise Gone(f"nobody stands on row {row} of {self.table} now: the row is free")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.columns = frozenset(TABLES[cls.table]._fields)
        KINDS.append(cls)

    @classmethod
    def ids(cls, state: State) -> Ints:
        """The permanent id of every row of the table, as int64 of shape (rows,)."""
        ids: Ints = getattr(state, cls.table).id
        return ids

    @classmethod
    def rows(cls, state: State) -> Ints:
        """The rows on which somebody stands now, in order."""
        return np.arange(len(cls.ids(state)))

    @classmethod
    def stand(cls, state: State, rows: Any, ids: Any) -> Any:
        """Whether those with the given ids stand on the given rows now."""
        return cls.ids(state)[rows] == ids

    @classmethod
    def are(cls, state: State, rows: Ints, agent_type: type[Any]) -> Any:  # noqa: ARG003 - kinds may read it
        """Whether the windows of this kind on the given rows are of a type."""
        return np.full(len(rows), issubclass(cls, agent_type))

    @property
    def is_here(self) -> bool:
        """Whether the row still belongs to whom the window was opened on."""
        return bool(type(self).stand(self.model.state, self.row, self.unique_id))

    def remove(self) -> NoReturn:
        """Not to be had: agents come and go by the rules of the model alone.

        Raises:
            RuntimeError: always, with the reason.
        """
        raise RuntimeError(f"{type(self).__name__} {self.unique_id} cannot be removed by hand: {self.stays}")

    @classmethod
    def create_agents(cls, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Not to be had: agents come and go by the rules of the model alone.

        Raises:
            RuntimeError: always, with the reason.
        """
        raise RuntimeError(f"no {cls.__name__} can be added by hand: {cls.stays}")

    from_dataframe = create_agents

    def __getattr__(self, name: str) -> Any:
        column = self._column(name)
        return column[self.row].item() if column.ndim == 1 else column[self.row]

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.columns or name in self.fixed:
            raise AttributeError(cannot_set(type(self), name), name=name, obj=self)
        write(self._column(name), self.row, value, f"{self.table}.{name}")

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self.columns]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Window) and self.model is other.model and self.unique_id == other.unique_id

    def __hash__(self) -> int:
        return hash(self.unique_id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.unique_id}>"

    def __deepcopy__(self, memo: Any) -> Self:
        return self  # a window is where to look, and Mesa's DataCollector copies whatever it collects

    def _must_be_here(self) -> None:
        if not self.is_here:
            raise Gone(f"{type(self).__name__} {self.unique_id} {self._what_became()}: ask `is_here` before reading")

    def _what_became(self) -> str:
        return f"is gone; row {self.row} of {self.table} belongs to somebody else"

    def _column(self, name: str) -> Any:
        if name not in self.columns:
            lacks = _has_no(type(self), name)  # type: ignore[arg-type]
            raise AttributeError(lacks, name=name, obj=self)
        self._must_be_here()
        return getattr(getattr(self.model.state, self.table), name)


@lru_cache(maxsize=1024)
def _has_no(kind: type[Window], name: str) -> str:
    """What to say of an attribute that a kind of window lacks, with the nearest that it has."""
    there = {known for known in (*kind.columns, *dir(kind)) if not known.startswith("_")}
    close = [] if name.startswith("_") else get_close_matches(name, there, n=3, cutoff=0.5)
    return f"a {kind.__name__} has no {name!r}" + (f". Did you mean {' or '.join(close)}?" if close else "")


def cannot_set(kind: type[Window], name: str) -> str:
    """Why an attribute of a kind of window cannot be written."""
    if name in {"id", "unique_id", "model", "row"}:
        return f"the {name} of a {kind.__name__} never changes"
    if name in kind.fixed:
        return f"{name!r} of a {kind.__name__} is not set by hand: {kind.stays}"
    if hasattr(kind, name):
        return f"{name!r} of a {kind.__name__} is worked out from other columns: set those"
    return f"a {kind.__name__} has no column {name!r}, and a window keeps nothing of its own"


def write(column: Any, rows: Any, value: Any, name: str) -> None:
    """Write one value to the given rows of a column, if the column can hold it.

    Args:
        column: shape (rows,) or (rows, width).
        rows: a row, or an array of rows.
        value: a finite number, or ``width`` of them.
        name: what the column is called, for the message.

    Raises:
        ValueError: if the value has another shape, is not finite, or does not fit the column's whole numbers.
    """
    given = np.asarray(value)
    if given.dtype.kind not in "biuf" or not np.all(np.isfinite(given)):
        raise ValueError(f"{name} holds finite numbers, not {value!r}")
    if given.shape not in {(), column.shape[1:]}:
        raise ValueError(f"{name} takes one value of shape {column.shape[1:]} a row, not one of shape {given.shape}")
    if column.dtype.kind == "i":
        least, most = np.iinfo(column.dtype).min, np.iinfo(column.dtype).max
        if np.any(given != np.trunc(given)) or np.any(given < least) or np.any(given > most):
            raise ValueError(f"{name} holds whole numbers from {least} to {most}, not {value!r}")
    column[rows] = given


def opened(kind: type[Window], model: CommunityModel, row: int, unique_id: int) -> Window:
    """A window on whom is known to stand, or to have stood, on a row."""
    window: Window = object.__new__(kind)
    window.__dict__.update(model=model, row=row, unique_id=unique_id)
    return window
