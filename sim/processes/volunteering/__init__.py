"""Volunteering: residents are asked along their ties, take up a role, wait, give, tire, lapse and return.

    A_i     = sum of w_ij over alters j who hold a role, + asks that come along no tie
    f_i     = min(most, A_i / A0)
    k_i     = k0 exp(.5 z_i - .125) R_grade [R_ever] ((1 - s) + s f_i) (1 + kappa (paid / paid0 - 1)) exp(rho t)
    t       = years since month 0, none before it
    P(take up a role in the month) = 1 - exp(-k_i);  asked with chance s f / ((1 - s) + s f)
    P(leave it)  = base [new] (life + overload (load_g / load0)^1.3 + other [half, with two strong ties in the group])
    load_g       = (work_g + library_g) / present_g (1 - support_effect min(1, supported_g / present_g)), + strain_i
                   load0 from asks without support, in all at most load_most load0; present_g volunteers are at work, at
                   least 1, and its library takes library_g
    P(help once) = 1 - exp(-.009 exp(.5 z2_i - .125))                               for those in no role
    hours        = min(most, 8 exp(.85 zF_i + .20 e))   for a role; about 4 where it is once

What is pledged here is given in the month that comes: a joiner's first hours wait `waiting_months`. An ask is without
support if the tie is weaker than `ask_supported`, or if in the asker's charity more than `coordinator_volunteers` are
at work for each coordinator: one for every `coordinator_hours` of paid work, and at least one.

Who joins belongs to that charity from then on, and to no other. That tie begins at .10, or stays what it was if it was
stronger; it outlives the role.

Reads   residents (traits, ever, asks), ties, charities (work, asked_hours, paid_hours, supported), council hours
Writes  residents.role, role_since, role_starts, gives_to, pledged_hours, formal_hours, active_months, ever,
        unsupported_asks, belongs, belonging; charities.load
Source  NCVO, Time Well Spent (how people came in, why they stopped, hours); Citizenship Survey (levels).
Departs NCVO asks whether a person was asked; here the share s of the rate moves with asking, so that nobody is barred
        from joining unasked.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import numbers, parameter, room_parameters, switch
from sim.processes.volunteering.kernel import live_the_month
from sim.processes.volunteering.reference import advance_reference
from sim.state import State

__all__ = ["Parameters", "advance", "advance_reference"]


@room_parameters
class Parameters:
    """The numbers of volunteering."""

    asked_share: float = parameter(
        0.48, unit="share", low=0.4, high=0.6, confidence="high", source="NCVO 2018",
        meaning="share of joining that moves with being asked (s)")
    asked_most: float = parameter(
        4.0, unit="times", low=2.0, high=8.0, source="assumption",
        meaning="most that asking can multiply its part of joining")
    civic_slope: float = parameter(
        0.5, unit="log rate per sd", low=0.0, high=1.0, source="simulation outside the model, to meet entry and exit",
        meaning="how much joining differs between people of the same grade")
    resources_abc1: float = parameter(
        1.25, unit="times", low=1.0, high=1.6, source="assumption, from the gap by social grade",
        meaning="joining of grades A to C1 beside the mean")
    resources_c2de: float = parameter(
        0.70, unit="times", low=0.4, high=1.0, source="assumption, from the gap by social grade",
        meaning="joining of grades C2 to E beside the mean")
    return_ratio: float = parameter(
        2.0, unit="times", low=1.0, high=4.8, source="NCVO 2018: lapsed 19%, never 4% looked for a role",
        confidence="medium",
        meaning="joining of those who ever volunteered beside the others")
    crowding: float = parameter(
        0.0, unit="elasticity", low=-0.5, high=0.5,
        source="Bartels, Cozzi & Mantovan 2013 (falls with cuts); Suzuki 2020 (rises)",
        meaning="how joining follows the council's paid hours (kappa); contested")
    secular_rate: float = parameter(
        0.0, unit="share a year", low=-0.05, high=0.05, likely=(-0.02, 0.02),
        source="assumption; for a decline of long standing: Putnam 2000; against: Lim & Laurence 2015",
        meaning="how joining changes from year to year whatever happens (rho); contested")
    waiting_months: int = parameter(
        1, unit="months", low=0, high=3, source="assumption", meaning="from joining to the first hours")
    leave_chance: float = parameter(
        0.030, unit="1/month", low=0.02, high=0.04, source="from yearly exit of a third", confidence="medium",
        meaning="chance to leave a role at the founding load")
    new_ratio: float = parameter(
        3.0, unit="times", low=1.0, high=4.0, source="simulation outside the model",
        meaning="leaving in the first months of a role beside later")
    new_months: int = parameter(
        6, unit="months", low=0, high=12, source="assumption", meaning="how long a role is new")
    life_share: float = parameter(
        0.71, unit="share", low=0.6, high=0.8, source="NCVO 2018, less one-off help", confidence="medium",
        meaning="part of leaving that comes with changes in life")
    overload_share: float = parameter(
        0.19, unit="share", low=0.1, high=0.3, source="NCVO 2018, less one-off help", confidence="medium",
        meaning="part of leaving that comes with too much asked")
    other_share: float = parameter(
        0.10, unit="share", low=0.0, high=0.2, source="NCVO 2018, less one-off help", confidence="medium",
        meaning="other leaving, halved by two strong ties in the group")
    overload_power: float = parameter(
        1.3, unit="power", low=1.0, high=1.8, source="Time Well Spent (sign)",
        meaning="how steeply leaving follows load")
    load_most: float = parameter(
        5.0, unit="times", low=2.0, high=10.0, source="assumption", meaning="most load that is felt")
    once_chance: float = parameter(
        0.009, unit="1/month", low=0.0, high=0.02, source="fitted to the yearly share, C2 (.006 leaves it at .389)",
        meaning="chance to help once without a role")
    once_hours: float = parameter(
        4.0, unit="hours", low=1.0, high=10.0, source="assumption", meaning="hours of helping once")
    role_hours: float = parameter(
        8.0, unit="hours/month", low=6.0, high=12.0, source="Time Well Spent 2019", confidence="high",
        meaning="median hours of a role")
    hours_spread: float = parameter(
        0.85, unit="log sd", low=0.7, high=1.0, source="from median 8 and mean 11 to 12.6", confidence="medium",
        meaning="spread of hours between people")
    hours_noise: float = parameter(
        0.20, unit="log sd", low=0.0, high=0.5, source="assumption",
        meaning="spread of one person's hours between months")
    hours_most: float = parameter(
        160.0, unit="hours/month", low=40.0, high=300.0, source="assumption: a full working month",
        meaning="most hours a person gives")
    ask_chance: float = parameter(
        0.05, unit="1/month", low=0.01, high=0.2, source="assumption",
        meaning="chance that a volunteer puts the ask to an alter; it counts asks without support, not joining")
    ask_supported: float = parameter(
        0.25, unit="strength", low=0.0, high=0.5, source="assumption",
        meaning="weakest tie along which an ask counts as supported")
    coordinator_volunteers: float = parameter(
        70.0, unit="volunteers", low=40.0, high=120.0, source="reviews of volunteer management", confidence="low",
        meaning="most volunteers whom one coordinator can support; beyond, asks count as unsupported")
    coordinator_hours: float = parameter(
        150.0, unit="hours/month", low=75.0, high=600.0, source="assumption: a full-time post",
        meaning="paid hours of a charity for each coordinator it has; it has at least one")
    support_effect: float = parameter(
        0.5, unit="share", low=0.0, high=1.0, source="assumption; 0: support that is paid for changes nothing",
        meaning="share of the load that goes where a policy pays for the support of every volunteer")
    latent: bool = switch(meaning="people could give more than they give if asked, trusted and supported (S2)")


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of joining, leaving and giving, on the state's columns."""
    live_the_month(
        state.residents, state.ties, state.charities, len(state.neighbourhoods.x), state.constants, numbers(p),
        dice.streams, state.ledger, state.month, state.services.hours,
    )  # fmt: skip
