"""Ties: met ties strengthen, unmet ones weaken and end; new ones form through friends of friends or by chance.

    w'  = 1 - (1 - w D_c^(1/12)) exp(-a h)
    P(end in the month) = 1 - exp(ln(S_c) / 12  exp(-h / h_c))
    P(search)  = c max(0, 1 - planned hours / 42)
    a search is local with chance p_triadic: to a friend of a friend, and if there is none nothing happens;
    otherwise a random other of the neighbourhood (.8) or the place (.2), accepted by homophily

A new tie is bridging where group and neighbourhood both differ, or where the two have no alter in common; else weak. A
weak tie is taken up with a monthly chance, is then met more, and becomes bonding at .50; below .25 it is weak again.
People who came to one nurtured meeting may be introduced to each other.

Reads   ties.hours, residents.planned_hours, nurtured_hours, group, neighbourhood
Writes  ties (all columns but hours)
Source  Hall (2019) for building; Mollenhorst, Burt, Roy for survival; Marsili, Vega-Redondo & Slanina (2004) for local
        search with decay, which can give a sharp transition and hysteresis.
Departs One rate of building for all ties (.0077 an hour): 50, 90 and 200 hours give .32, .50, .79, where Hall has .25,
        .50, .80. A resident whose slots are full forms no tie as a searcher, but may still be found.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.indexes import members, ties_by_resident
from sim.parameters import numbers, parameter, room_parameters, switch
from sim.processes.ties.kernel import build_and_decay
from sim.processes.ties.reference import advance_reference
from sim.state import State

__all__ = ["Parameters", "advance", "advance_reference"]


@room_parameters
class Parameters:
    """The numbers of ties."""

    build: float = parameter(
        0.0077, unit="1/hour", low=0.005, high=0.012, source="Hall 2019: 50, 90, 200 hours", confidence="high",
        meaning="how fast shared hours build strength (a)")
    kept_bonding: float = parameter(
        0.93, unit="share", low=0.90, high=0.98, source="starts at the survival of its class", confidence="medium",
        meaning="strength of a bonding tie left after a year without contact (D)")
    kept_weak: float = parameter(
        0.75, unit="share", low=0.60, high=0.85, source="starts at the survival of its class", confidence="low",
        meaning="strength of a weak tie left after a year without contact (D)")
    kept_bridging: float = parameter(
        0.35, unit="share", low=0.10, high=0.60, source="starts at the survival of its class", confidence="low",
        meaning="strength of a bridging tie left after a year without contact (D)")
    survival_bonding: float = parameter(
        0.93, unit="share", low=0.90, high=0.98, source="Mollenhorst; Roy 2022", confidence="high",
        meaning="bonding ties that outlive a year without contact (S)")
    survival_weak: float = parameter(
        0.75, unit="share", low=0.60, high=0.85, source="from memory", confidence="low",
        meaning="weak ties that outlive a year without contact (S)")
    survival_bridging: float = parameter(
        0.35, unit="share", low=0.10, high=0.60, source="Burt 2000", confidence="medium",
        meaning="bridging ties that outlive a year without contact (S)")
    contact_hours: float = parameter(
        1.5, unit="hours/month", low=0.5, high=4.0, source="assumption",
        meaning="hours that cut the hazard of ending by e (h_c)")
    bonding_from: float = parameter(
        0.50, unit="strength", low=0.4, high=0.6, source="Hall 2019: a friend", confidence="medium",
        meaning="strength at which a weak tie becomes bonding")
    weak_below: float = parameter(
        0.25, unit="strength", low=0.1, high=0.4, source="Hall 2019: a casual friend", confidence="medium",
        meaning="strength below which a bonding tie is weak again")
    new_strength: float = parameter(
        0.10, unit="strength", low=0.02, high=0.2, source="assumption", meaning="strength of a new tie")
    time_limit: float = parameter(
        42.0, unit="hours/month", low=30.0, high=60.0, source="about twice the observed 41 minutes a day",
        confidence="low",
        meaning="planned hours at which nobody seeks new ties")
    triadic_share: float = parameter(
        0.6, unit="share", low=0.4, high=0.8, source="from clustering of .2 to .5", confidence="low",
        meaning="searches that go through friends of friends (p_triadic)")
    near_share: float = parameter(
        0.8, unit="share", low=0.5, high=1.0, source="assumption",
        meaning="other searches that stay in the neighbourhood")
    homophily: float = parameter(
        0.7, unit="share", low=0.55, high=0.85, source="McPherson 2001", confidence="medium",
        meaning="ties by chance that stay in the own group of grade and age")
    introduction_chance: float = parameter(
        0.5, unit="1/meeting", low=0.0, high=1.0, source="assumption",
        meaning="chance to be introduced to somebody at a nurtured meeting")
    build_and_decay: bool = switch(meaning="ties are stocks: built by shared hours, kept by contact, lost without (S4)")


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of building, decay and search."""
    if not p.build_and_decay:
        return
    parts = len(state.neighbourhoods.x)
    build_and_decay(
        state.residents, state.ties, ties_by_resident(state.ties), members(state.residents.neighbourhood, parts),
        state.constants, numbers(p), dice.streams, state.ledger, state.month,
    )  # fmt: skip
