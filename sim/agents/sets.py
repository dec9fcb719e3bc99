"""Sets of windows, with the habits of Mesa's ``AgentSet``."""

from __future__ import annotations

import math
import operator
import random as lots
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from mesa.agent import AgentSet

from sim.agents import window as single
from sim.agents.window import KINDS, Window, cannot_set, write
from sim.state import Ints, State

if TYPE_CHECKING:
    from sim.model import CommunityModel

GroupBy = sys.modules[AgentSet.__module__].GroupBy  # it moved between Mesa 3.3 and 3.5, always beside AgentSet


class Places(NamedTuple):
    """Where the windows of a set are, in the order of the set; each of shape (windows,)."""

    kind: Ints  # place in KINDS
    row: Ints  # row of the kind's table
    id: Ints  # permanent id

    def at(self, order: Any) -> Places:
        """Those at the given places, in that order."""
        return Places(self.kind[order], self.row[order], self.id[order])


def _places(windows: Iterable[Window]) -> Places:
    found = [(KINDS.index(type(window)), window.row, window.unique_id) for window in windows]
    kind, row, ids = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return Places(kind.astype(np.int8), row, ids)


def _everyone(state: State, kinds: Iterable[type[Window]]) -> Places:
    parts = []
    for kind in kinds:
        rows = kind.rows(state)
        parts.append(Places(np.full(len(rows), KINDS.index(kind), np.int8), rows, kind.ids(state)[rows]))
    return parts[0] if len(parts) == 1 else Places(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _check(agent: object, beside: Window | None) -> None:
    if not isinstance(agent, Window):
        raise TypeError(f"a set of windows cannot hold {agent!r}")
    if beside is not None and agent.model is not beside.model:
        raise ValueError(f"{agent!r} belongs to another model: two models do not mix")


def _contents(
    model: CommunityModel | None, random: lots.Random | None = None, *, held: Places | None = None,
    whole: tuple[type[Window], ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """The attributes of a set: certain places, or else all of some kinds."""
    random = random or (model.lots if model is not None else lots.Random())
    return {"model": model, "random": random, "_held": held, "_whole": whole, "_known": None}


class Windows(AgentSet):  # type: ignore[misc]
    """An ordered set of windows with the habits of Mesa's ``AgentSet``; a call on a column reads or writes it whole.

    The sets that a model gives (``model.residents``) follow the town: they hold whoever lives there when they are
    asked. A set made from another (by `select`, `shuffle`, a copy, any change) holds certain people, and lets go those
    who have died or moved out, and charities that have closed. Changing a set changes that set alone, never the town.

    `shuffle` and `shuffle_do` throw lots of the windows' own, which the simulation never uses.

    Args:
        agents: windows of one model.
        random: what `shuffle` draws from; without it, that of the windows' model.

    Raises:
        TypeError: if something in ``agents`` is not a window.
        ValueError: if the windows belong to different models.

    Examples:
        >>> from sim import CommunityModel, compose
        >>> residents = CommunityModel(compose(["place.residents=1500"]), rng=1).residents
        >>> residents, len(residents), residents[0] in residents
        (<Windows: 1500>, 1500, True)

        Columns are read and written whole, and summed up:

        >>> residents.set("trust_council", 0.5).get("trust_council")[:3]
        [0.5, 0.5, 0.5]
        >>> residents.agg("trust_council", [min, max])
        [0.5, 0.5]
        >>> residents.get(["trust_council", "generous"], handle_missing="default", default_value="?")[0]
        [0.5, '?']

        Some of them, in an order, in groups:

        >>> volunteers = residents.select(lambda resident: resident.role >= 0)
        >>> busiest = volunteers.sort("pledged_hours")[:3]
        >>> busiest[0].pledged_hours >= busiest[1].pledged_hours >= busiest[2].pledged_hours
        True
        >>> residents.groupby("tenure").count() == {t: residents.get("tenure").count(t) for t in (0, 1, 2)}
        True
        >>> len(residents.select(at_most=0.1)), len(residents.shuffle().to_list())
        (150, 1500)
        >>> max(volunteers.map(lambda resident: len(resident.ties))) > 10
        True
    """

    model: Any = None
    _held: Places | None
    _whole: tuple[type[Window], ...]
    _known: Any

    def __init__(self, agents: Iterable[Window] = (), random: lots.Random | None = None) -> None:
        windows = list(dict.fromkeys(agents))
        for window in windows:
            _check(window, windows[0])
        if not windows and random is None:
            warnings.warn("a set of no windows needs `random`, or its shuffles cannot be repeated", stacklevel=2)
        self.__dict__.update(_contents(windows[0].model if windows else None, random, held=_places(windows)))

    @classmethod
    def whole(cls, model: CommunityModel, *kinds: type[Window]) -> Windows:
        """All windows of the given kinds, whoever is there when the set is asked."""
        made = cls.__new__(cls)
        made.__dict__.update(_contents(model, whole=kinds))
        return made

    @classmethod
    def at(cls, model: CommunityModel, kind: type[Window], rows: Ints) -> Windows:
        """The windows of one kind that are on the given rows now."""
        made = cls.__new__(cls)
        places = Places(np.full(len(rows), KINDS.index(kind), np.int8), rows, kind.ids(model.state)[rows])
        made.__dict__.update(_contents(model, held=places))
        return made

    @property
    def places(self) -> Places:
        """Where the windows are that are still here."""
        if self._held is None:
            return _everyone(self.model.state, self._whole)
        here = np.ones(len(self._held.id), bool)
        for kind, mask in self._by_kind(self._held):
            here[mask] = kind.stand(self.model.state, self._held.row[mask], self._held.id[mask])
        if not here.all():
            self._hold(self._held.at(here))
        held: Places = self._held
        return held

    @property
    def _agents(self) -> dict[Window, None]:
        """What Mesa's own code may look for."""
        return dict.fromkeys(self)

    def __len__(self) -> int:
        return len(self.places.id)

    def __iter__(self) -> Iterator[Window]:
        return self._opened(self.places)

    def __contains__(self, agent: object) -> bool:
        if not isinstance(agent, Window) or agent.model is not self.model or not agent.is_here:
            return False
        if self._held is None:
            return agent.table in {kind.table for kind in self._whole}
        if self._known is None:
            self._known = set(self._held.id.tolist())
        return agent.unique_id in self._known

    def __getitem__(self, item: int | slice) -> Any:
        """The window at a place, or the list of those in a slice."""
        if isinstance(item, slice):
            return list(self._opened(self.places.at(item)))
        place = range(len(self))[operator.index(item)]
        return next(self._opened(self.places.at(slice(place, place + 1))))

    def __copy__(self) -> Windows:
        return self._chosen(slice(None))

    def __repr__(self) -> str:
        return f"<Windows: {len(self)}>"

    def copy(self) -> Windows:
        """The same windows in a set of their own."""
        return self.__copy__()

    def to_list(self) -> list[Window]:
        """The windows as a list."""
        return list(self)

    def add(self, agent: Window) -> None:
        """Put a window into this set, at its end.

        Raises:
            TypeError: if it is not a window.
            ValueError: if it belongs to another model.
        """
        _check(agent, next(iter(self), None))
        if agent not in self:
            self.model = agent.model
            self._hold(Places(*(np.append(a, b) for a, b in zip(self.places, _places([agent]), strict=True))))

    def discard(self, agent: object) -> None:
        """Take a window out of this set, if it is in; the town stays as it is."""
        if agent in self:
            self._hold(self.places.at(self.places.id != agent.unique_id))  # type: ignore[attr-defined]

    def remove(self, agent: object) -> None:
        """Take a window out of this set; the town stays as it is.

        Raises:
            KeyError: if it is not in.
        """
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def get(self, attr_names: Any, handle_missing: str = "error", default_value: Any = None) -> list[Any]:
        """Read one attribute, or several, of every window.

        Args:
            attr_names: a name, or a list of names.
            handle_missing: "error" or "default": what happens where a window has no such attribute.
            default_value: what stands there in the latter case.

        Returns:
            A value a window, in the order of the set; a list of values a window if a list of names was given.

        Raises:
            AttributeError: if a window has no such attribute.
            ValueError: if ``handle_missing`` is neither of the two.
        """
        if handle_missing not in {"error", "default"}:
            raise ValueError(f"Unknown handle_missing option: {handle_missing}, should be one of 'error' or 'default'")
        default = () if handle_missing == "error" else (default_value,)
        if isinstance(attr_names, str):
            return self._values(attr_names, default)
        values = [self._values(name, default) for name in attr_names]
        return [list(row) for row in zip(*values, strict=True)] if values else [[] for _ in range(len(self))]

    def set(self, attr_name: str, value: Any) -> Windows:
        """Write the same value to a column of every window.

        Raises:
            AttributeError: if one of the windows has no such column; then nothing is written.
            ValueError: if the column cannot hold the value.
        """
        places = self.places
        parts = list(self._by_kind(places))
        for kind, _ in parts:
            if attr_name not in kind.columns or attr_name in kind.fixed:
                raise AttributeError(cannot_set(kind, attr_name))
        for kind, mask in parts:
            column = getattr(getattr(self.model.state, kind.table), attr_name)
            write(column, places.row[mask], value, f"{kind.table}.{attr_name}")
        return self

    def select(
        self, filter_func: Callable[[Any], bool] | None = None, at_most: float = math.inf, inplace: bool = False,
        agent_type: type[Any] | None = None,
    ) -> Windows:  # fmt: skip
        """The windows that pass a test, at most a number of them (int) or a share of the set (float up to 1).

        ``agent_type=Volunteer`` keeps the residents who are in a role.
        """
        if filter_func is None and agent_type is None and at_most == math.inf:
            return self if inplace else self.copy()
        if isinstance(at_most, float) and at_most <= 1.0:
            at_most = int(len(self) * at_most)
        fits = np.ones(len(self), bool) if agent_type is None else self._are(agent_type)
        if filter_func is not None:
            return self._chosen(self._passing(fits, filter_func, at_most), inplace=inplace)
        order = np.flatnonzero(fits)
        if at_most != math.inf:
            order = order[: max(math.ceil(at_most), 0)]
        return self._chosen(order, inplace=inplace)

    def shuffle(self, inplace: bool = False) -> Windows:
        """The windows in an order drawn by lot."""
        order = list(range(len(self)))
        self.random.shuffle(order)
        return self._chosen(order, inplace=inplace)

    def sort(self, key: Callable[[Any], Any] | str, ascending: bool = False, inplace: bool = False) -> Windows:
        """The windows by an attribute or a function of each, from the greatest down unless ``ascending``."""
        named = isinstance(key, str) and "." not in key
        by = operator.attrgetter(key) if isinstance(key, str) else key
        values = self.get(key) if named else [by(window) for window in self]
        order = sorted(range(len(values)), key=values.__getitem__, reverse=not ascending)
        return self._chosen(order, inplace=inplace)

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Windows:
        """Call a method by its name, or a function, on every window."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Windows:
        """As `do`, in an order drawn by lot."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """What a method, by its name, or a function gives for every window."""
        if isinstance(method, str):
            return [getattr(window, method)(*args, **kwargs) for window in self]
        return [method(window, *args, **kwargs) for window in self]

    def groupby(self, by: Callable[[Any], Any] | str, result_type: str = "agentset") -> Any:
        """The windows in groups by an attribute or a function of each, as Mesa's ``GroupBy``.

        Args:
            by: the name of an attribute, or a function of a window.
            result_type: "agentset" for groups that are sets, "list" for lists.
        """
        keys = self.get(by) if isinstance(by, str) else [by(window) for window in self]
        order: dict[Any, list[int]] = defaultdict(list)
        for place, key in enumerate(keys):
            order[key].append(place)
        groups = {key: self._chosen(places) for key, places in order.items()}
        return GroupBy(groups if result_type == "agentset" else {key: list(group) for key, group in groups.items()})

    @staticmethod
    def _by_kind(places: Places) -> Iterator[tuple[type[Window], Any]]:
        """Each kind that is present, with what picks it out."""
        for code in np.flatnonzero(np.bincount(places.kind, minlength=len(KINDS))):
            yield KINDS[code], places.kind == code

    def _hold(self, places: Places) -> None:
        self.__dict__.update(_contents(self.model, self.random, held=places))

    def _update(self, agents: Iterable[Window]) -> Windows:
        windows = list(dict.fromkeys(agents))
        self.model = windows[0].model if windows else self.model
        self._hold(_places(windows))
        return self

    def _chosen(self, order: Any, *, inplace: bool = False) -> Windows:
        """The windows at the given places of this set, in that order, in this set or in another."""
        places = self.places.at(order if isinstance(order, slice) else np.asarray(order, dtype=np.int64))
        places = Places(*(np.array(column) for column in places))  # not the state's own columns
        made = self if inplace else type(self).__new__(type(self))
        made.__dict__.update(_contents(self.model, self.random, held=places))
        return made

    def _opened(self, places: Places) -> Iterator[Window]:
        for code, row, unique_id in zip(places.kind.tolist(), places.row.tolist(), places.id.tolist(), strict=True):
            yield single.opened(KINDS[code], self.model, row, unique_id)

    def _values(self, name: str, default: tuple[Any, ...]) -> list[Any]:
        places = self.places
        if name == "unique_id":
            return list(places.id.tolist())
        if self._held is None and len(self._whole) == 1 and name in self._whole[0].columns:
            return _read(getattr(getattr(self.model.state, self._whole[0].table), name), places.row)
        values: list[Any] = [None] * len(places.id)
        for kind, mask in self._by_kind(places):
            found = self._values_of(kind, places.at(mask), name, default)
            if len(found) == len(values):
                return found
            for place, value in zip(np.flatnonzero(mask).tolist(), found, strict=True):
                values[place] = value
        return values

    def _values_of(self, kind: type[Window], places: Places, name: str, default: tuple[Any, ...]) -> list[Any]:
        if name not in kind.columns:
            return [getattr(window, name, *default) for window in self._opened(places)]
        column = getattr(getattr(self.model.state, kind.table), name)
        return _read(column, places.row)

    def _are(self, agent_type: type[Any]) -> Any:
        """Which windows are of a type; residents in a role are volunteers."""
        places = self.places
        found = np.zeros(len(places.id), bool)
        for kind, mask in self._by_kind(places):
            found[mask] = kind.are(self.model.state, places.row[mask], agent_type)
        return found

    def _passing(self, fits: Any, filter_func: Callable[[Any], bool], at_most: float) -> list[int]:
        passing: list[int] = []
        for place, window in enumerate(self):
            if len(passing) >= at_most:
                break
            if filter_func(window) and fits[place]:
                passing.append(place)
        return passing


def _read(column: Any, rows: Ints) -> list[Any]:
    """The values of a column at the given rows; arrays that write through where a row has several."""
    return list(column[rows].tolist()) if column.ndim == 1 else [column[row] for row in rows.tolist()]
