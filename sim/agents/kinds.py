"""The kinds of agents, and what is worked out of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sim.agents.sets import Windows
from sim.agents.window import Window
from sim.chance import permanent_id
from sim.observables.parties import BAND_NAMES
from sim.source import data_table
from sim.state import ALLIES, COUNCIL_BODY, EMPTY, NOBODY, PARTNERS, SLOTS, Ints, State

COUNCIL = 0x636F756E63696C
"""Spells "council": what the ids of the council and its services are made of, beside their number."""


@cache
def _numbered(kind: int, count: int) -> Ints:
    return np.array([permanent_id(COUNCIL, kind, row) for row in range(count)], dtype=np.int64)


def _of_both_ends(row: int, other: Ints, strength: Any, width: int) -> Iterator[tuple[int, float]]:
    """The other end and the strength of each tie of a row, in the order of the slots: its own, and others' to it."""
    own = row * width + np.flatnonzero(other[row * width : (row + 1) * width] != EMPTY)
    slots = np.sort(np.concatenate([own, np.flatnonzero(other == row)]))
    ends = np.where(slots // width == row, other[slots], slots // width)
    return zip(ends.tolist(), strength[slots].tolist(), strict=True)


class Resident(Window):
    """An adult, 16 or over: a window on a row of `sim.state.Residents`, whose columns are its attributes.

    ``neighbourhood``, ``role``, ``gives_to`` and ``belongs`` are rows of their tables, as in the columns.

    Examples:
        >>> from sim import CommunityModel, compose
        >>> model = CommunityModel(compose(["place.residents=1500"]), rng=1)
        >>> ada = model.volunteers[0]
        >>> ada.charity == ada.member_of, ada.charity in model.charities, ada in ada.charity.volunteers
        (True, True, True)
        >>> friend, strength = ada.ties[0]
        >>> dict(friend.ties)[ada] == strength, 1 <= ada.quintile <= 5
        (True, True)
        >>> ada.trust_council = 0.25
        >>> ada.trust_council, model.state.residents.trust_council[ada.row].item()
        (0.25, 0.25)
        >>> ada.trust_counsel
        Traceback (most recent call last):
        AttributeError: a Volunteer has no 'trust_counsel'. Did you mean trust_council ...
    """

    table = "residents"
    stays = "residents leave through `renew`, when they die or move out, and newcomers arrive in their place"

    @classmethod
    def are(cls, state: State, rows: Ints, agent_type: type[Any]) -> Any:
        """Whether the residents on the given rows are of a type; those in a role are volunteers."""
        if agent_type is Volunteer and cls is Resident:
            return state.residents.role[rows] != NOBODY
        return super().are(state, rows, agent_type)

    @property
    def ties(self) -> list[tuple[Resident, float]]:
        """The other end and the strength (0 to 1) of every tie, whoever owns it, in the order of the slots."""
        self._must_be_here()
        alter, strength = self.model.state.ties.alter, self.model.state.ties.strength
        pairs = _of_both_ends(self.row, alter, strength, SLOTS)
        return [(Resident(self.model, other), w) for other, w in pairs]

    @property
    def charity(self) -> Charity | None:
        """The charity in which a role is held."""
        return None if self.role == NOBODY else Charity(self.model, self.role)

    @property
    def member_of(self) -> Charity | None:
        """The charity to which this resident belongs, by a role or a membership; ``belonging`` is how strongly."""
        return None if self.belongs == NOBODY else Charity(self.model, self.belongs)

    @property
    def quintile(self) -> int:
        """The deprivation quintile of the neighbourhood: 1 most deprived, 5 least."""
        return int(self.model.state.neighbourhoods.quintile[self.neighbourhood])

    @property
    def pos(self) -> tuple[float, float]:
        """Where the home is, in kilometres: Mesa's name for it."""
        return self.x, self.y

    def _what_became(self) -> str:
        return f"died or moved out; row {self.row} of residents belongs to somebody else"


class _InARole(type):
    """Makes ``isinstance(resident, Volunteer)`` ask for the role, as a volunteer is no other person."""

    def __instancecheck__(cls, thing: object) -> bool:
        return issubclass(type(thing), cls) or (isinstance(thing, Resident) and thing.is_here and thing.role != NOBODY)


class Volunteer(Resident, metaclass=_InARole):
    """A resident in a role: the same person, with the same ``unique_id``, equality and hash."""


class Officer(NamedTuple):
    """Who holds a post now. Officers are rows of the model and not agents: this is a copy of one row."""

    id: int
    """Permanent, of the holder."""
    post: int
    """Permanent, of the post."""
    body: str
    """Whom the officer works for: "council" or "health"."""
    service: CouncilService
    neighbourhoods: range
    """Rows of the neighbourhoods that the post covers."""
    since: int
    """Month in which the holder came."""


class Partnership(NamedTuple):
    """A tie between an officer and a charity."""

    officer: Officer
    strength: float
    """0 to 1."""
    second: Officer | None
    """The second contact, if there is one."""


class Charity(Window):
    """A charity or unregistered group, as far as it works in this place: a row of `sim.state.Charities`.

    Charities are founded and close, and the rows of closed ones are used again. ``neighbourhood`` and ``service`` are
    rows of their tables, and ``band`` is a number, as in the columns.

    Examples:
        >>> from sim import CommunityModel, compose
        >>> model = CommunityModel(compose(["place.residents=1500"]), rng=1)
        >>> charity = max(model.charities, key=lambda charity: len(charity.partnerships))
        >>> partnership = charity.partnerships[0]
        >>> 0 < partnership.strength <= 1, partnership.officer.body in {"council", "health"}
        (True, True)
        >>> len(charity.volunteers) <= len(charity.members), 0 <= charity.locality <= 1
        (True, True)
    """

    table = "charities"
    stays = "charities and groups are founded and close through `survive`"
    fixed = frozenset({"id", "alive"})

    @classmethod
    def rows(cls, state: State) -> Ints:
        """The rows of the charities that are alive, in order."""
        return np.flatnonzero(state.charities.alive)

    @classmethod
    def stand(cls, state: State, rows: Any, ids: Any) -> Any:
        """Whether those with the given ids stand on the given rows and are alive."""
        return (state.charities.id[rows] == ids) & (state.charities.alive[rows] == 1)

    @property
    def band_name(self) -> str:
        """The income band in words: "unregistered", "micro" .. "super"."""
        return BAND_NAMES[self.band]

    @property
    def income(self) -> float:
        """Pounds this month: private income, grants and contracts."""
        return float(self.private_income + self.grants + self.contracts)

    @property
    def volunteers(self) -> Windows:
        """The residents who hold a role in it, as they stand now."""
        return self._residents(Volunteer, "role")

    @property
    def members(self) -> Windows:
        """The residents who belong to it, by a role or a membership, as they stand now."""
        return self._residents(Resident, "belongs")

    @property
    def locality(self) -> float:
        """The share of its ties with residents that lie in the neighbourhood where it is at home; nan without ties."""
        r = self.model.state.residents
        homes = r.neighbourhood[r.belongs == self.row]
        at_home = np.count_nonzero(homes == self.neighbourhood)
        return float(at_home / len(homes)) if len(homes) else math.nan

    @property
    def partnerships(self) -> list[Partnership]:
        """Its ties with officers who are in post, in the order of the posts."""
        self._must_be_here()
        ties, filled = self.model.state.partnerships, self.model.state.officers.filled
        slots = np.flatnonzero((ties.charity == self.row) & np.repeat(filled == 1, PARTNERS))
        columns = slots // PARTNERS, ties.strength[slots], ties.second[slots]
        kept = zip(*(column.tolist() for column in columns), strict=True)
        return [Partnership(self._officer(post), w, self._second(second)) for post, w, second in kept]

    @property
    def allies(self) -> list[tuple[Charity, float]]:
        """The other charities that it is allied with, whoever sought whom, and how strongly (0 to 1)."""
        self._must_be_here()
        ties = self.model.state.alliances
        pairs = _of_both_ends(self.row, ties.other, ties.strength, ALLIES)
        return [(Charity(self.model, other), w) for other, w in pairs]

    @property
    def quintile(self) -> int:
        """The deprivation quintile of the neighbourhood where it is at home: 1 most deprived, 5 least."""
        return int(self.model.state.neighbourhoods.quintile[self.neighbourhood])

    def _residents(self, kind: type[Resident], column: str) -> Windows:
        self._must_be_here()
        return Windows.at(self.model, kind, np.flatnonzero(getattr(self.model.state.residents, column) == self.row))

    def _officer(self, row: int) -> Officer:
        o = self.model.state.officers
        body = "council" if o.body[row] == COUNCIL_BODY else "health"
        covers = range(int(o.first[row]), int(o.last[row]) + 1)
        service = CouncilService(self.model, int(o.service[row]))
        return Officer(int(o.id[row]), int(o.post[row]), body, service, covers, int(o.since[row]))

    def _second(self, row: int) -> Officer | None:
        return None if row == NOBODY or not self.model.state.officers.filled[row] else self._officer(row)

    def _what_became(self) -> str:
        c = self.model.state.charities
        if c.id[self.row] == self.unique_id:
            return f"closed in month {c.closed[self.row]}; row {self.row} of charities is free"
        return f"has closed; row {self.row} of charities belongs to another"


class CouncilService(Window):
    """A service of the council: a row of `sim.state.Services`."""

    table = "services"
    stays = "services belong to their council from the founding"

    @classmethod
    def ids(cls, state: State) -> Ints:
        """The permanent id of every service, as int64 of shape (services,)."""
        return _numbered(1, len(state.services.statutory))

    @property
    def name(self) -> str:
        """What the service is called in ``services.csv``."""
        return str(data_table("services")[self.row]["service"])


class Council(Window):
    """All local government of the place in one: the row of `sim.state.Council`."""

    table = "council"
    stays = "the place has one council"

    @classmethod
    def ids(cls, state: State) -> Ints:
        """The permanent id of the council, as int64 of shape (1,)."""
        return _numbered(0, len(state.council.reserves))

    @property
    def services(self) -> Windows:
        """Its services."""
        return Windows.whole(self.model, CouncilService)
