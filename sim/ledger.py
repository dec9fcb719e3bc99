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
    NEED_MET_JOINT = auto()
    HOURS_COUNCIL_JOINT = auto()
    HOURS_COUNCIL_RUNNING = auto()
    HOURS_CHARITY_JOINT = auto()
    HOURS_CHARITY_RUNNING = auto()
    HOURS_VOLUNTEER_JOINT = auto()
    HOURS_VOLUNTEER_RUNNING = auto()
    LEFT_CLOSED = auto()
    BELONGING_MADE = auto()
    BELONGING_LAPSED = auto()
    BELONGING_PERSON_LEFT = auto()
    BELONGING_CLOSED = auto()
    OFFICER_HIRED = auto()
    OFFICER_LEFT = auto()
    OFFICER_REDUNDANT = auto()
    OFFICER_REORGANISED = auto()
    PARTNERSHIP_MADE = auto()
    PARTNERSHIP_CONTACT_LEFT = auto()
    PARTNERSHIP_CLOSED = auto()
    ACQUAINTANCE_MADE = auto()
    ACQUAINTANCE_CONTACT_LEFT = auto()
    ACQUAINTANCE_PERSON_LEFT = auto()
    ALLIANCE_MADE = auto()
    ALLIANCE_CLOSED = auto()
    CHARITY_FOUNDED = auto()
    CHARITY_CLOSED_ANYHOW = auto()
    CHARITY_INSOLVENT = auto()
    CHARITY_FOUNDER_LEFT = auto()
    GROUP_FOUNDED = auto()
    GROUP_CLOSED = auto()
    COUNCIL_GRANTS = auto()
    COUNCIL_CONTRACTS = auto()
    COUNCIL_REORGANISATION = auto()
    STATE_GRANTS = auto()
    STATE_CONTRACTS = auto()
    PRIVATE_INCOME = auto()
    PURSE_TO_CHARITIES = auto()
    CHARITY_SPENT = auto()
    CHARITY_WOUND_UP = auto()
    COUNCIL_SAVED = auto()
    CHARITY_MATCHED = auto()


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
    Flow.NEED_MET_JOINT: Kind("hour", "need", "", "met by paid and unpaid people together"),
    Flow.HOURS_COUNCIL_JOINT: Kind("hour", "council hours", "", "put into joint work"),
    Flow.HOURS_COUNCIL_RUNNING: Kind("hour", "council hours", "", "spent on co-ordinating and deciding"),
    Flow.HOURS_CHARITY_JOINT: Kind("hour", "charity hours", "", "put into joint work"),
    Flow.HOURS_CHARITY_RUNNING: Kind("hour", "charity hours", "", "spent on co-ordinating and on newcomers"),
    Flow.HOURS_VOLUNTEER_JOINT: Kind("hour", "volunteer hours", "", "put into joint work"),
    Flow.HOURS_VOLUNTEER_RUNNING: Kind("hour", "volunteer hours", "", "spent on co-ordinating and deciding"),
    Flow.LEFT_CLOSED: Kind("role", "roles", "", "the group closed"),
    Flow.BELONGING_MADE: Kind("tie", "", "belongings", "joined, or took up a role"),
    Flow.BELONGING_LAPSED: Kind("tie", "belongings", "", "lapsed, or passed to another charity"),
    Flow.BELONGING_PERSON_LEFT: Kind("tie", "belongings", "", "died or moved out"),
    Flow.BELONGING_CLOSED: Kind("tie", "belongings", "", "the group closed"),
    Flow.OFFICER_HIRED: Kind("officer", "", "officers", "a post was filled"),
    Flow.OFFICER_LEFT: Kind("officer", "officers", "", "left of their own accord"),
    Flow.OFFICER_REDUNDANT: Kind("officer", "officers", "", "made redundant"),
    Flow.OFFICER_REORGANISED: Kind("officer", "officers", "", "moved by a reorganisation"),
    Flow.PARTNERSHIP_MADE: Kind("tie", "", "partnerships", "an officer and a charity met"),
    Flow.PARTNERSHIP_CONTACT_LEFT: Kind("tie", "partnerships", "", "its contact left"),
    Flow.PARTNERSHIP_CLOSED: Kind("tie", "partnerships", "", "the charity closed"),
    Flow.ACQUAINTANCE_MADE: Kind("tie", "", "acquaintances", "an officer and a resident met"),
    Flow.ACQUAINTANCE_CONTACT_LEFT: Kind("tie", "acquaintances", "", "the officer left"),
    Flow.ACQUAINTANCE_PERSON_LEFT: Kind("tie", "acquaintances", "", "the resident died or moved out"),
    Flow.ALLIANCE_MADE: Kind("tie", "", "alliances", "two charities met"),
    Flow.ALLIANCE_CLOSED: Kind("tie", "alliances", "", "one of them closed"),
    Flow.CHARITY_FOUNDED: Kind("charity", "", "charities", "founded by a volunteer"),
    Flow.CHARITY_CLOSED_ANYHOW: Kind("charity", "charities", "", "closed for reasons of its own"),
    Flow.CHARITY_INSOLVENT: Kind("charity", "charities", "", "no reserves and two accounts in deficit"),
    Flow.CHARITY_FOUNDER_LEFT: Kind("charity", "charities", "", "its founder left, and nobody followed"),
    Flow.GROUP_FOUNDED: Kind("group", "", "groups", "founded by people with strong ties, or by a grant"),
    Flow.GROUP_CLOSED: Kind("group", "groups", "", "came to its end"),
    Flow.COUNCIL_GRANTS: Kind("GBP", "council", "charities' books", "grants"),
    Flow.COUNCIL_CONTRACTS: Kind("GBP", "council", "charities' books", "contracts"),
    Flow.COUNCIL_REORGANISATION: Kind("GBP", "council", "", "the cost of reorganising"),
    Flow.STATE_GRANTS: Kind("GBP", "", "charities' books", "grants of the rest of the state"),
    Flow.STATE_CONTRACTS: Kind("GBP", "", "charities' books", "contracts of the rest of the state"),
    Flow.PRIVATE_INCOME: Kind("GBP", "", "charities' books", "gifts, fees, trading and legacies"),
    Flow.PURSE_TO_CHARITIES: Kind("GBP", "purse", "charities' books", "a policy's grants and contracts"),
    Flow.CHARITY_SPENT: Kind("GBP", "charities' books", "", "staff and other costs"),
    Flow.CHARITY_WOUND_UP: Kind("GBP", "charities' books", "", "left when a charity closed"),
    Flow.COUNCIL_SAVED: Kind("GBP", "", "council", "saved for ever by reorganising; negative: lost"),
    Flow.CHARITY_MATCHED: Kind("GBP", "charities' books", "", "brought beside matched funding, and spent with it"),
}

STOCKS = {
    "people": lambda state: float(len(state.residents.id)),
    "ties": lambda state: float(np.count_nonzero(state.ties.alter != EMPTY)),
    "roles": lambda state: float(np.count_nonzero(state.residents.role != NOBODY)),
    "belongings": lambda state: float(np.count_nonzero(state.residents.belongs != NOBODY)),
    "officers": lambda state: float(np.count_nonzero(state.officers.filled)),
    "partnerships": lambda state: float(np.count_nonzero(state.partnerships.charity != EMPTY)),
    "acquaintances": lambda state: float(np.count_nonzero(state.acquaintances.resident != EMPTY)),
    "alliances": lambda state: float(np.count_nonzero(state.alliances.other != EMPTY)),
    "charities": lambda state: float(np.count_nonzero(state.charities.alive & (state.charities.band > 0))),
    "groups": lambda state: float(np.count_nonzero(state.charities.alive & (state.charities.band == 0))),
    "charities' books": lambda state: float(state.charities.reserves.sum()),
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
