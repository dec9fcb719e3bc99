"""Trust and influence: experience, effort unsupported and neighbours' experience move trust and influence.

    P(contact)  = min(1, contact_chance + contact_neighbour * n_i)     n_i strong alters with contact of their own
    G_i         = clip(T_i(0) + knots(T_i(0)))                         the level to which trust returns
    o_i         = clip(G_i + experience_weight (met_i - met0_q) + outcome_spread e_i)
    L           = 1 for o >= T, else 1 + (loss_ratio - 1) 4 T (1 - T)
    T'          = clip(T + [contact] gain L (o - T) + (revert_rate / 12) (G - T) + asked_unsupported * asks)
    strain_i    = -10 asked_unsupported * asks                         load, in units of its founding mean
    influence_i = b0 + localism_bonus [i's neighbourhood decides] + influence_slope (T' - influence_centre)
                  + volunteer_bonus [role, or a path to an officer] + voice_i > 0

e_i is a standard normal draw of the month, voice_i a standard logistic trait that lasts. met_i is the share of a
resident's need that was met this month; who had no need had no experience. The same holds for trust in charities, with
other knots, other dice and no asks. The knots are solved at founding, so that a place with nothing happening to it
keeps its trust, whatever the loss ratio. Asks are forgotten when they have been felt. Who belongs to a charity has a
path to an officer if a post that is filled has a tie with it of .25 or more.

Reads   residents (need, met, unsupported_asks, role, belongs, voice, T(0)), ties.strength, partnerships,
        officers.filled, neighbourhoods (quintile, decides), quintiles.met_founding, trust_knots,
        constants.influence
Writes  residents.trust_council, trust_charity, strain, unsupported_asks, influence
Source  Citizenship Survey 2009 (levels); Slovic, and Poortinga & Pidgeon (loss against gain).
Departs Experience is one number for all kinds of need and for every body, since a person who was not helped does not
        know whose hour was missing. `moves` off freezes trust; load from unsupported asks goes on.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import numbers, parameter, room_parameters, switch
from sim.processes.trust.kernel import feels_influence, live_the_month
from sim.processes.trust.reference import advance_reference
from sim.state import State

__all__ = ["Parameters", "advance", "advance_reference", "feels_influence"]


@room_parameters
class Parameters:
    """The numbers of trust and influence."""

    contact_chance: float = parameter(
        0.25, unit="1/month", low=0.0, high=1.0, source="assumption",
        meaning="chance of contact of one's own with the council (and, apart, with charities)")
    contact_neighbour: float = parameter(
        0.1, unit="1/month", low=0.0, high=0.5, source="assumption",
        meaning="added for each strong alter who had contact")
    experience_weight: float = parameter(
        0.5, unit="trust", low=0.0, high=1.0, source="assumption",
        meaning="how far experience follows the share of need met, beside what people expect")
    outcome_spread: float = parameter(
        0.25, unit="trust", low=0.0, high=0.5, source="assumption",
        meaning="spread of experience that the share met does not explain (sd)")
    gain: float = parameter(
        0.02, unit="share", low=0.005, high=0.05, source="assumption: move of trust per contact",
        meaning="how far one contact moves trust towards the experience (g)")
    loss_ratio: float = parameter(
        1.5, unit="times", low=0.5, high=3.0, source="Slovic 1993; Poortinga & Pidgeon 2004 (contested)",
        confidence="medium", meaning="a loss beside a gain, for people of middling trust (lambda)")
    revert_rate: float = parameter(
        0.15, unit="1/year", low=0.05, high=0.3, source="assumption",
        meaning="return to a person's own level of trust")
    asked_unsupported: float = parameter(
        0.0, unit="trust per ask", low=-0.05, high=0.05, source="the essay's claim; the centre is no effect",
        meaning="what an ask without support does to trust in the council; ten times that, the other way, to load (S5)")
    influence_slope: float = parameter(
        2.0, unit="log odds per unit of trust", low=0.0, high=4.0, source="assumption",
        meaning="how the feeling of influence follows trust")
    influence_centre: float = parameter(
        0.545, unit="trust", low=0.0, high=1.0, source="Citizenship Survey 2009", confidence="medium",
        meaning="trust at which b0 holds: the mean of T(0)")
    volunteer_bonus: float = parameter(
        0.7, unit="log odds", low=-0.5, high=1.5, source="assumption",
        meaning="influence that a role adds, or a tie with a charity that knows an officer")
    localism_bonus: float = parameter(
        0.3, unit="log odds", low=0.0, high=0.6, source="assumption; 0: who decides changes nothing",
        meaning="influence that is felt where neighbourhoods decide (S13)")
    moves: bool = switch(meaning="trust moves with experience, ties and broken promises (S6)")  # fmt: skip


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of trust and influence, on the state's columns."""
    live_the_month(
        state.residents, state.ties, state.neighbourhoods, state.quintiles, state.trust_knots, state.constants,
        state.partnerships, state.officers.filled, len(state.charities.id), numbers(p),
        dice.streams,
    )  # fmt: skip
