"""Co-production: paid and citizen hours set aside for it join, along the best route open.

    S_i  = min(1, set_aside openness) pledged_i                       of those who hold a role; c_i is its charity
    O_bs = min(1, open_share openness) (hours_s - B_s) allotted_b + B_bs     of discretionary services s, less the share
                                       of its posts at work in b whose body is stalled; B_bs hours of officers that a
                                       policy keeps for joint work in b, B_s their sum
    G_g  = min(1, open_share openness) paid_g                         of a charity's staff

Three routes compete for the hours of citizen i of neighbourhood b. A post counts if it is filled, its body is not
stalled and its patch holds b. A route with a link that is absent is shut.

    direct    q = (w_oi T_council)^(1/2)                   a post o that knows i
    brokered  q = (w_oc w_ci T_charity)^(1/3) quality_c    a partnership of c; through an ally a, w_oc = w_ca w_oa. The
                                                           strongest w_oc is taken, the lowest slot among equals
    own       q = (w_ci T_charity)^(1/2) quality_c         c's own paid staff, if they open as much as a path costs

q is cut to [0, 1]. A citizen takes the best route (direct, brokered, own among equals; then the lowest slot). A path (a
post that knows citizens, a partnership, a charity's own staff) costs each side `path_hours` a month, which its citizens
share by their hours: R_i = path_hours S_i / S_path. A path whose citizens set aside less is shut, and they look again,
three times in all.

    L_bs = max(0, O_bs - sum R_i)    V_bs = sum (S_i - R_i)    qV_bs = sum q_i (S_i - R_i)       over i of b with s
    l    = min(1e3, L / L0)          v    = min(1e3, qV / (q0 V0))                    L, qV per 1,000 residents of b
    Y    = A (L0 + V0) exp( log(d l^r + (1 - d) v^r) / r ),  r = 1 - 1 / (sigma sigma_s)

`output` says how Y is worked out, and what it is at the edges. A is `efficiency`; in a rival or an ablation it is times
`constants.joint_scale`, and in month 0 `constants.joint_first`, by which founding matches the main model.

Charities' own staff are one more service, in which a charity's G_g stands beside its own citizens wherever they live.
Where there is no path, or Y is nil, nothing runs: those hours stay with the solo pools. Y meets need in b by the
service's kinds (own route: the charities', by hours put in), in the order of a keyed lottery, up to `joint_reach` of a
person's need of a kind.

    K'   = kept K + min(1, build x_b knowledge_b) (1 - K)                        the pictures of need and of resources
    x_b  = (joint hours of both sides in b + mapped hours) per 100 residents
    knowledge_b = mean of min(10 years, residence) over citizens in joint work / over all residents; 1 if nobody is

Hours are posted here as given and as joint or running; serving posts the rest.

Reads   residents (role, pledged_hours, belongs, belonging, trust, arrived, need), charities, council.openness,
        services, neighbourhoods (allotted, protected_hours), officers, bodies, partnerships, acquaintances,
        alliances, constants
Writes  residents.met, joint_hours; charities.joint_staff_hours; services.joint_officer, joint_citizen, joint_output,
        volunteers, used (the joint part: serving adds its own); neighbourhoods.joint_officer, joint_citizen,
        joint_charity, joint_kinds, joint_routes, picture_need, picture_resources; partnerships.used, acquaintances.used
Source  Ostrom 1996 (both parties' inputs may be complements); normalised CES: Klump, McAdam and Willman 2012. Shares,
        costs and efficiency are assumptions.
Departs Officers of the health body open hours of the service in which they sit: the health body's budget is not in the
        model.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import numbers, parameter, room_parameters, switch
from sim.processes.coproduction.kernel import work_together
from sim.processes.coproduction.measuring import Founding, measure
from sim.processes.coproduction.paths import choose_the_routes
from sim.processes.coproduction.reference import advance_reference
from sim.state import State

__all__ = ["Founding", "Parameters", "advance", "advance_reference", "measure"]


@room_parameters
class Parameters:
    """The numbers of co-production."""

    set_aside: float = parameter(
        0.10, unit="share", low=0.0, high=0.5, source="assumption",
        meaning="share of the hours of those in a role that is set aside for joint work, at founding openness")
    open_share: float = parameter(
        0.10, unit="share", low=0.0, high=0.5, source="assumption",
        meaning="share of discretionary and charities' paid hours opened to joint work, at founding openness")
    path_hours: float = parameter(
        2.0, unit="hours/month", low=0.0, high=6.0, source="assumption",
        meaning="what a path of joint work costs each side in co-ordination (c)")
    efficiency: float = parameter(
        1.2, unit="hours an hour", low=0.8, high=1.6, source="assumption; 1: as good as alone, below 1: worse",
        meaning="hours of need that an hour of joint work meets at the founding mix (A); contested")
    officer_part: float = parameter(
        0.5, unit="share", low=0.2, high=0.8, source="assumption",
        meaning="weight of professional hours in joint output at the founding mix (d)")
    sigma: float = parameter(
        1.0, unit="elasticity", low=0.3, high=20.0,
        source="Ostrom 1996 (complements, by theory), prior .3 to 5; 20: the parties need not join (S3)",
        meaning="how well professional and citizen hours stand in for each other; contested")
    joint_reach: float = parameter(
        0.85, unit="share", low=0.6, high=1.0, source="assumption, as serving's",
        meaning="most of a person's need of one kind that joint work can meet")
    kept: float = parameter(
        0.97, unit="share/month", low=0.9, high=1.0, source="assumption", path="picture.kept",
        meaning="share of a shared picture that is still true a month later")
    build: float = parameter(
        0.001, unit="1/(hour per 100 residents)", low=0.0, high=0.05, source="assumption", path="picture.build",
        meaning="how fast joint hours build a shared picture; .02 would keep it perfect whatever is lost")
    picture: bool = switch(
        path="picture.on", meaning="need and resources are known as far as people found out together (S11)")
    brokerage: bool = switch(
        path="brokerage.on", meaning="charities join their members with officers and with their own staff (S9)")
    route_quality: bool = switch(
        meaning="ties and trust make joint work better; off: every open route is as good as the best (S4)")  # fmt: skip


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of joint work, on the state's columns."""
    routes = choose_the_routes(
        state.residents, state.charities, state.council.openness, state.services, state.neighbourhoods, state.officers,
        state.partnerships, state.acquaintances, state.alliances, state.bodies, numbers(p), state.month,
    )  # fmt: skip
    work_together(
        state.residents, state.charities, state.services, state.neighbourhoods, state.officers.service,
        state.partnerships.used, state.acquaintances.used, state.constants, routes, numbers(p), dice.streams,
        state.ledger, state.month,
    )  # fmt: skip
