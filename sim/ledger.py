"""The month's flows: amount, from, to and cause. The books must balance.

Rooms post to ``state.ledger[Flow.X]``; the schedule wipes it when a month begins. For each stock, what came in less
what went out is the change of the stock over the month (`imbalance`).
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import NamedTuple

import numpy as np

from sim.state import EMPTY, NOBODY, State


class Flow(IntEnum):
    """One entry a kind of flow; `FLOWS` says what each is."""

    ARRIVED = 0
    DIED = auto()
    MOVED_OUT = auto()
    TIE_SEARCH = auto()
    TIE_INTRODUCED = auto()
    TIE_FADED = auto()
    TIE_PERSON_LEFT = auto()
    JOINED_INSIDE_ASK = auto()
    JOINED_OUTSIDE_ASK = auto()
    JOINED_UNASKED = auto()
    LEFT_LIFE = auto()
    LEFT_PLACE = auto()
    LEFT_OVERLOAD = auto()
    LEFT_OTHER = auto()
    ONE_OFF = auto()
    ONE_OFF_ENDED = auto()
    COUNCIL_CORE = auto()
    COUNCIL_OTHER = auto()
    COUNCIL_STATUTORY = auto()
    COUNCIL_DISCRETIONARY = auto()
    COUNCIL_NURTURE = auto()
    PURSE_OUTSIDE = auto()
    PURSE_COUNCIL = auto()
    PURSE_SPENT = auto()
    HOURS_COUNCIL = auto()
    HOURS_COUNCIL_MET = auto()
    HOURS_COUNCIL_IDLE = auto()
    HOURS_CHARITY = auto()
    HOURS_CHARITY_MET = auto()
    HOURS_CHARITY_IDLE = auto()
    HOURS_VOLUNTEER = auto()
    HOURS_VOLUNTEER_MET = auto()
    HOURS_VOLUNTEER_IDLE = auto()
    HOURS_NEIGHBOUR = auto()
    HOURS_NEIGHBOUR_MET = auto()
    HOURS_NEIGHBOUR_IDLE = auto()
    NEED_ARISEN = auto()
    NEED_MET_NEIGHBOURS = auto()
    NEED_MET_COUNCIL = auto()
    NEED_MET_CHARITY = auto()
    NEED_MET_VOLUNTEERS = auto()
    NEED_UNMET = auto()


class Kind(NamedTuple):
    """What a flow is: its unit, the stock it leaves, the one it enters ("" for the world outside), and its cause."""

    unit: str
    source: str
    target: str
    cause: str


FLOWS: dict[Flow, Kind] = {
    Flow.ARRIVED: Kind("person", "", "people", "moved in"),
    Flow.DIED: Kind("person", "people", "", "death"),
    Flow.MOVED_OUT: Kind("person", "people", "", "moved out"),
    Flow.TIE_SEARCH: Kind("tie", "", "ties", "search"),
    Flow.TIE_INTRODUCED: Kind("tie", "", "ties", "nurtured meeting"),
    Flow.TIE_FADED: Kind("tie", "ties", "", "faded for want of contact"),
    Flow.TIE_PERSON_LEFT: Kind("tie", "ties", "", "one end died or moved out"),
    Flow.JOINED_INSIDE_ASK: Kind("role", "", "roles", "asked by somebody inside"),
    Flow.JOINED_OUTSIDE_ASK: Kind("role", "", "roles", "asked by an organiser or by publicity"),
    Flow.JOINED_UNASKED: Kind("role", "", "roles", "unasked"),
    Flow.LEFT_LIFE: Kind("role", "roles", "", "change in life"),
    Flow.LEFT_PLACE: Kind("role", "roles", "", "died or moved out"),
    Flow.LEFT_OVERLOAD: Kind("role", "roles", "", "overload"),
    Flow.LEFT_OTHER: Kind("role", "roles", "", "other"),
    Flow.ONE_OFF: Kind("spell", "", "spells", "a month's help without a role"),
    Flow.ONE_OFF_ENDED: Kind("spell", "spells", "", "it was one-off"),
    Flow.COUNCIL_CORE: Kind("GBP", "", "council", "core funding"),
    Flow.COUNCIL_OTHER: Kind("GBP", "", "council", "fees and other"),
    Flow.COUNCIL_STATUTORY: Kind("GBP", "council", "", "statutory services"),
    Flow.COUNCIL_DISCRETIONARY: Kind("GBP", "council", "", "discretionary services"),
    Flow.COUNCIL_NURTURE: Kind("GBP", "council", "", "paid into a policy's purse"),
    Flow.PURSE_OUTSIDE: Kind("GBP", "", "purse", "from outside"),
    Flow.PURSE_COUNCIL: Kind("GBP", "", "purse", "from the council"),
    Flow.PURSE_SPENT: Kind("GBP", "purse", "", "instruments and overhead"),
    Flow.HOURS_COUNCIL: Kind("hour", "", "council hours", "paid"),
    Flow.HOURS_COUNCIL_MET: Kind("hour", "council hours", "", "met need"),
    Flow.HOURS_COUNCIL_IDLE: Kind("hour", "council hours", "", "found no need"),
    Flow.HOURS_CHARITY: Kind("hour", "", "charity hours", "paid"),
    Flow.HOURS_CHARITY_MET: Kind("hour", "charity hours", "", "met need"),
    Flow.HOURS_CHARITY_IDLE: Kind("hour", "charity hours", "", "found no need"),
    Flow.HOURS_VOLUNTEER: Kind("hour", "", "volunteer hours", "given"),
    Flow.HOURS_VOLUNTEER_MET: Kind("hour", "volunteer hours", "", "met need"),
    Flow.HOURS_VOLUNTEER_IDLE: Kind("hour", "volunteer hours", "", "found no need"),
    Flow.HOURS_NEIGHBOUR: Kind("hour", "", "neighbour hours", "set aside"),
    Flow.HOURS_NEIGHBOUR_MET: Kind("hour", "neighbour hours", "", "met need"),
    Flow.HOURS_NEIGHBOUR_IDLE: Kind("hour", "neighbour hours", "", "found no need"),
    Flow.NEED_ARISEN: Kind("hour", "", "need", "arisen"),
    Flow.NEED_MET_NEIGHBOURS: Kind("hour", "need", "", "met by neighbours"),
    Flow.NEED_MET_COUNCIL: Kind("hour", "need", "", "met by the council"),
    Flow.NEED_MET_CHARITY: Kind("hour", "need", "", "met by paid charity work"),
    Flow.NEED_MET_VOLUNTEERS: Kind("hour", "need", "", "met by volunteers"),
    Flow.NEED_UNMET: Kind("hour", "need", "", "unmet"),
}

STOCKS = {
    "people": lambda state: float(len(state.residents.id)),
    "ties": lambda state: float(np.count_nonzero(state.ties.alter != EMPTY)),
    "roles": lambda state: float(np.count_nonzero(state.residents.role != NOBODY)),
    "council": lambda state: float(state.council.reserves[0]),
    "purse": lambda state: float(state.policies.balance.sum()),
}
"""What is left over from month to month, read off the state. Other stocks are empty at both ends of a month."""


def stocks(state: State) -> dict[str, float]:
    """Every stock as it stands."""
    return {name: measure(state) for name, measure in STOCKS.items()}


def imbalance(before: dict[str, float], state: State) -> dict[str, float]:
    """What the books cannot explain, by stock: its change over the month less the posted flows."""
    names = {end for kind in FLOWS.values() for end in (kind.source, kind.target) if end}
    after = stocks(state)
    gap = {name: after.get(name, 0.0) - before.get(name, 0.0) for name in sorted(names)}
    for flow, kind in FLOWS.items():
        amount = float(state.ledger[flow])
        if kind.target:
            gap[kind.target] -= amount
        if kind.source:
            gap[kind.source] += amount
    return gap
