"""Renewal: residents die or move out and are replaced by newcomers without local ties; some move within the place.

    P(die in the month)          = 1 - (1 - death_rate)^(1/12)
    P(move, of those who live)   = 1 - (1 - move_rate[tenure])^(1/12)
    P(leave the place | move)    = leave_share
    newcomer's id                = hash(id of the one replaced, generation)

    civic, occasional, neighbourly, zF ~ N(0, 1);  zG = .8 zF + .6 N(0, 1)          devotion zF, warmth zG
    skill = clip(1 + skill_spread N(0, 1), .2, 1.8);  voice = ln(u / (1 - u));  trust = Q(u)

Who died or left is replaced at once in the same home. The tie ends with either person, and so do a role and the tie to
a charity. Those who move within the place stand in a keyed ring, and each takes the home of the next: homes stay
occupied, neighbourhoods keep their size, and ties are kept. Who dies does not move.

With `leavers_take_ties` off a newcomer takes over the ties of the one replaced: with residents, officers and a charity.

Reads   residents (id, tenure), neighbourhoods.venues, quantiles of T(0)
Writes  every column of the residents who are replaced; neighbourhood, tenure, x, y and venue of those who move within
        the place; ties of those who are gone; acquaintances.who, where ties are taken over
Source  Moves by tenure: Health Foundation. Deaths: ONS. Share of moves that leave, newcomers' past: assumption.
Departs Nobody ages, and households keep their grade: a newcomer takes over the social grade and age group of the one
        replaced, so that the mix of a home's people stays. Moves swap homes, so no home stands empty. A mover's new
        home is any mover's, whatever its tenure.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import numbers, parameter, room_parameters, switch
from sim.processes.renewal.kernel import live_the_month, make_person
from sim.processes.renewal.reference import advance_reference
from sim.state import State
from sim.units import monthly_chance

__all__ = ["Parameters", "advance", "advance_reference", "make_person"]


@room_parameters
class Parameters:
    """The numbers of renewal."""

    move_rate_owner: float = parameter(
        0.02, unit="share a year", low=0.0, high=1.0, likely=(0.01, 0.04), source="Health Foundation",
        confidence="medium", meaning="owners who move house in a year")
    move_rate_social: float = parameter(
        0.06, unit="share a year", low=0.0, high=1.0, likely=(0.03, 0.12), source="Health Foundation",
        confidence="medium", meaning="social renters who move house in a year")
    move_rate_private: float = parameter(
        0.20, unit="share a year", low=0.0, high=1.0, likely=(0.10, 0.40), source="Health Foundation",
        confidence="medium", meaning="private renters who move house in a year")
    leave_share: float = parameter(
        0.58, unit="share", low=0.0, high=1.0, source="assumption",
        meaning="moves that leave the place")
    death_rate: float = parameter(
        0.011, unit="share a year", low=0.0, high=1.0, likely=(0.010, 0.012), source="ONS deaths of adults",
        confidence="medium", meaning="adults who die in a year")
    newcomer_ever: float = parameter(
        0.45, unit="share", low=0.0, high=1.0, source="assumption",
        meaning="newcomers who have volunteered before, elsewhere")
    skill_spread: float = parameter(
        0.25, unit="sd", low=0.0, high=0.5, source="assumption",
        meaning="how much people differ in what their hour is worth")
    leavers_take_ties: bool = switch(
        meaning="who dies or leaves takes the ties along; off, a newcomer takes them over (S4)")


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of deaths, moves and arrivals, on the state's columns."""
    moves = tuple(monthly_chance(rate) for rate in (p.move_rate_owner, p.move_rate_social, p.move_rate_private))
    live_the_month(
        state.residents, state.ties, state.acquaintances, state.neighbourhoods, state.quantiles, numbers(p), moves,
        monthly_chance(p.death_rate), dice.streams, state.ledger, state.month,
    )  # fmt: skip
