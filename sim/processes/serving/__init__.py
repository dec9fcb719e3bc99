"""Serving: the remaining paid and volunteer hours meet need, as far as reach and picture allow.

Shares of the hours of a source that go to neighbourhood b:
    f_b   = weight_b heads_b / sum of the same                         the published formula, for statutory services
    E_b   = K_b true_b + (1 - K_b) heads_b                             what the council sees
    A_gb  = loc_gb true_b + (1 - loc_gb) loc_gb                        what charity g sees
    A_b   = mean of A_gb by income over g with a partner               what advocates say
    a_b   = ((1 - w) E_b + w A_b) capture_b                            discretionary services
    a_gb  = A_gb if g serves the place, else 1 in its own neighbourhood and 0 elsewhere
each made to add up to 1. true_b is the share of this month's need that arises in b, heads_b of residents, loc_gb of the
residents with a tie to g (heads_b in the last place, and nil in the others, where g has none). Who sees no need at all
takes it to be where the heads are. A partner is a post that is filled, with a tie of .25 or more. Where b decides
for itself, K_b becomes K_b + local_knowledge (1 - K_b) and
capture_b = (share who feel influence in b / in the place, 1/4 to 4)^capture; else it is 1.

Hours left, for serving alone (joint work and its running went before), none below nil:
    H_s   = hours_s - joint_s                                                                 paid by the council
    G_g   = paid_g + bought_g - joint_g - onboarding joiners_g                                paid by charities
    V_i   = pledged_i - joint_i                                                               of volunteers
Where neighbourhoods decide, deciding_hours x their participants come off discretionary H, and as many off V, as far as
they go, from all alike. Then the hours that a library takes come off those of its charity's volunteers, as far as they
go. joiners took up a role last month. Then, by neighbourhood b and kind k,
    P_bk  = sum over s of a_sb H_s kinds_sk + sum over g of a_gb kinds_gk (G_g + sum of worth skill_i V_i given to g)
is handed out in the order of a keyed lottery, one for each kind:
    x_ik  = min(max(0, reach need_ik - met_ik), what is left of P_bk)
The share of the pool that was used is the share of each of its sources that met need; the rest found none.

A volunteer's hour meets `worth` hours of need (times the volunteer's skill), so hours are posted unweighted, and need
met weighted. Where nobody lives, hours are idle. Where a formula has no weight at all, shares are equal. Flows of hours
are posted here for all but joint work, which posts its own.

Reads   residents (id, neighbourhood, need, influence, belongs, role, role_since, gives_to, pledged_hours, joint_hours,
        skill), charities, services, officers.filled, partnerships, neighbourhoods (need_weight, picture_need, decides)
Writes  residents.met; services.used (added to the joint part); neighbourhoods.needed, allotted
Source  Reach and what a volunteer's hour is worth are assumptions, to be reported at .5, .7 and 1.
Departs Eligibility is a lottery here: services ration by need and by who comes forward.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import numbers, parameter, room_parameters, switch
from sim.processes.serving.kernel import serve_for_a_month
from sim.processes.serving.pictures import share_the_hours
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
        meaning="what a volunteer's hour is worth beside a paid one (rho)")
    onboarding_hours: float = parameter(
        4.0, unit="hours", low=0.0, high=12.0, source="assumption; 0: newcomers need nobody",
        meaning="hours of paid staff that a newcomer to a role takes, as far as the charity has any")
    advocate_weight: float = parameter(
        0.2, unit="share", low=0.0, high=0.6, source="assumption; 0: charities are not heard",
        meaning="weight of what charities say, beside the council's own picture, where hours are allotted")
    local_knowledge: float = parameter(
        0.5, unit="share", low=0.0, high=1.0, source="assumption; 0: neighbourhoods know no more than the authority",
        meaning="share of what is not known of need that a neighbourhood's own decision adds (S13)")
    capture: float = parameter(
        0.25, unit="power", low=0.0, high=1.0, source="assumption; 0: the best connected get no more",
        meaning="how steeply hours follow influence where neighbourhoods decide (S13)")
    deciding_hours: float = parameter(
        2.0, unit="hours/month", low=0.0, high=3.0, source="assumption (1 to 3)",
        meaning="hours that deciding together costs each participant, and officers for each")
    participants: float = parameter(
        5.0, unit="per 1,000 residents", low=0.0, high=20.0, source="assumption",
        meaning="residents who decide together where neighbourhoods decide")
    advocacy: bool = switch(
        path="advocacy.on",
        meaning="charities know and speak for the places where their people live (S10)")  # fmt: skip


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of serving, on the state's columns."""
    decides = state.neighbourhoods.decides
    formula, reached = share_the_hours(
        state.residents, state.charities, state.neighbourhoods, state.partnerships, state.officers.filled, numbers(p),
    )  # fmt: skip
    serve_for_a_month(
        state.residents, state.charities, state.services, formula, state.neighbourhoods.allotted, reached, decides,
        numbers(p), dice.streams, state.ledger, state.month,
    )  # fmt: skip
