"""Serving: the remaining paid and volunteer hours meet need, as far as reach allows.

    a_b   = weight_b residents_b / sum of the same            share of the hours for the whole place that b gets
    C_bk  = a_b sum over services s of hours_s kinds_sk                                     the council's paid hours
    G_bk  = sum over charities g of a_gb paid_g kinds_gk                                    charities' paid hours
    V_bk  = sum over charities g of a_gb pledged_g kinds_gk                                 volunteers' hours
    W_bk  = sum over charities g of a_gb kinds_gk (sum of worth skill_i pledged_i over those i who give to g)
    a_gb  = a_b if g serves the place, else 1 in its own neighbourhood and 0 elsewhere

    The pool P_bk = C + G + W is handed out in the order of a keyed lottery, one for each kind:
    x_ik  = min(max(0, reach need_ik - met_ik), what is left of P_bk)
    The share of the pool that was used is the share of each of its sources that met need; the rest found none.

A volunteer's hour meets `worth` hours of need (times the volunteer's skill), so hours are posted unweighted, and need
met weighted. Allocation follows the published formula of deprivation and head count, not a picture of need. Where
nobody lives, hours are idle. Where the formula has no weight at all, shares are equal.

Reads   residents (id, neighbourhood, need, gives_to, pledged_hours, skill), charities, services, neighbourhoods
Writes  residents.met
Source  Reach and what a volunteer's hour is worth are assumptions, to be reported at .5, .7 and 1.
Departs Eligibility is a lottery here: services ration by need and by who comes forward.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import numbers, parameter, room_parameters
from sim.processes.serving.kernel import serve_for_a_month
from sim.processes.serving.reference import advance_reference
from sim.state import State

__all__ = ["Parameters", "advance", "advance_reference"]


@room_parameters
class Parameters:
    """The numbers of serving."""

    service_reach: float = parameter(
        0.85, unit="share", low=0.6, high=1.0, source="assumption",
        meaning="most of a person's need of one kind that services can meet")
    volunteer_worth: float = parameter(
        0.7, unit="paid hours an hour", low=0.3, high=1.0, source="assumption; results are shown at .5, .7 and 1",
        meaning="what a volunteer's hour is worth beside a paid one (rho)")  # fmt: skip


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of serving, on the state's columns."""
    serve_for_a_month(
        state.residents, state.charities, state.services, state.neighbourhoods.need_weight, numbers(p), dice.streams,
        state.ledger,
    )  # fmt: skip
