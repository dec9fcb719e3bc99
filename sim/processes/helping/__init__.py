"""Helping: neighbours help along their ties, then in their own neighbourhood, within one monthly budget of time.

    P(i helps in the month) = 1 - exp(-rate exp(slope zI_i - slope^2 / 2))
    H_i  = min(most, scale hours exp(spread zG_i + noise e_i))  if i helps, else 0
    S_i  = max(0, H_i - displacement max(0, pledged_i - past_i))                     the month's time for neighbours

past_i is the mean of the hours i gave in each of the last twelve months: of new formal hours, a share leaves other
giving. scale is 1 but where another account is founded to match the main model.

Among one's own: of every helper who belongs to charity g, favour S_i goes into a pool for those who belong to g. It is
handed out in the order of a keyed lottery, all of their unmet need to each, until it is empty; its givers are debited
in proportion.
Along ties: whoever has unmet need asks, in the same order, each alter j by falling w_ij:
    x_ij = min(need left of i, S_j w_ij, what is left of S_j)
In the neighbourhood b: pool_share of what is left is pooled, and handed out in the same way.

What i gets is spread over the kinds in proportion to what is unmet of each, so all fall alike. An hour of a neighbour
is worth 1: it meets an hour of need, whatever the skill. What is left at the end is idle.

Nobody helps himself along a tie; that one may get back a crumb of one's own time through a pool is accepted. A ban on
meeting leaves the time that people set aside: it bears on their ties, elsewhere.

Reads   residents (neighbourly, warmth, need, met, belongs, pledged_hours, hours_past), ties, constants.help_scale
Writes  residents.met, spare_hours, helping_hours, helped_months, received_months
Source  Simulation outside the model, to meet the concentration of giving (median, mean and top shares of hours).
Departs Those who belong to a charity help one another without knowing one another. Hours past hold neighbourly hours
        too, so that what is new is told from all that a person used to give.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import numbers, parameter, room_parameters
from sim.processes.helping.kernel import help_for_a_month
from sim.processes.helping.reference import advance_reference
from sim.state import State

__all__ = ["Parameters", "advance", "advance_reference"]


@room_parameters
class Parameters:
    """The numbers of helping."""

    help_rate: float = parameter(
        0.75, unit="1/month", low=0.0, high=2.0, source="simulation outside the model: shares of hours",
        meaning="how often a resident has time for neighbours")
    help_slope: float = parameter(
        1.6, unit="log rate per sd", low=0.0, high=2.5, source="simulation outside the model: shares of hours",
        meaning="how much that differs between people")
    hours: float = parameter(
        4.0, unit="hours/month", low=1.0, high=10.0, source="simulation outside the model: shares of hours",
        meaning="median time for neighbours of those who have it")
    hours_spread: float = parameter(
        1.1, unit="log sd", low=0.5, high=1.5, source="simulation outside the model: shares of hours",
        meaning="spread of that time between people")
    hours_noise: float = parameter(
        0.35, unit="log sd", low=0.0, high=0.7, source="assumption",
        meaning="spread of one person's time between months")
    most_hours: float = parameter(
        160.0, unit="hours/month", low=40.0, high=300.0, source="assumption: a full working month",
        meaning="most time that a person gives to neighbours")
    displacement: float = parameter(
        0.4, unit="share", low=0.0, high=0.8, source="assumption; 0: volunteering takes nothing from neighbours",
        meaning="share of new formal hours that leaves the time for neighbours (delta)")
    favour_own: float = parameter(
        0.1, unit="share", low=0.0, high=0.5, source="assumption; 0: nobody is preferred",
        meaning="share of a helper's time kept for those who belong to the same charity")
    pool_share: float = parameter(
        1.0, unit="share", low=0.0, high=1.0, source="assumption; 0: neighbours help along ties alone",
        meaning="share of what ties leave that goes to anybody in the neighbourhood")  # fmt: skip


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of helping, on the state's columns."""
    help_for_a_month(
        state.residents, state.ties, len(state.charities.id), len(state.neighbourhoods.x),
        state.constants.help_scale[0], numbers(p), dice.streams, state.ledger,
    )  # fmt: skip
