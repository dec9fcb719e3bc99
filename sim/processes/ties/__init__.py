"""Ties: met ties strengthen, unmet ones weaken and end; new ones form through friends of friends or by chance.

    w'  = 1 - (1 - w D_c^(1/12)) exp(-a h)
    P(end in the month) = 1 - exp(ln(S_c) / 12  exp(-h / h_c))
    P(search)  = c max(0, 1 - planned hours / 42)
    a search is local with chance p_triadic: to a friend of a friend, and if there is none nothing happens;
    otherwise to the first of up to 20 random others of the neighbourhood (.8) or the place (.2) who is accepted: one of
    the same grade and age always, another with a chance solved at founding

A new tie is bridging where group and neighbourhood both differ, or where the two have no alter in common; else weak. A
weak tie is taken up with a monthly chance, is then met more, and becomes bonding at .50; below .25 it is weak again.
People who came to nurtured meetings of one neighbourhood may be introduced to each other, as far as they have time:

    P(introduced) = 2 introduction_chance max(0, 1 - planned hours / 42),   half of the time being left as a rule

The other layers follow one rule, w' = 1 - (1 - w D^(1/12)) exp(-a h), and none of them fades away:

    partnership (post, charity)     h = planned G, or the hours of joint work where it ran; + a connector's share
    acquaintance (post, resident)   h likewise, without the connector
    alliance (charity, charity)     h = planned G
    belonging (resident, charity)   h = formal hours, at most a cap, in a role; else planned G; + a connector's share
    G ~ gamma(2) of mean 1

A post that is empty or whose body stands still meets nobody; in a meeting ban planned hours shrink. A free slot finds a
partner with a monthly chance solved at founding: a charity of the patch, or one that serves the whole place, by its
quality; a resident of the patch, one in a role before others; for a charity another within reach. A belonging without a
role lapses with a monthly chance, and who belongs nowhere joins with another.

Reads   ties.hours, residents.planned_hours, nurtured_hours, group, neighbourhood, role, formal_hours; officers; bodies;
        charities; world.meeting_ban
Writes  ties (all columns but hours); partnerships and acquaintances (all but used and second), alliances;
        residents.belongs, belonging
Source  Hall (2019) for building; Mollenhorst, Burt, Roy for survival; Marsili, Vega-Redondo & Slanina (2004) for local
        search with decay, which can give a sharp transition and hysteresis.
Departs One rate of building for all ties (.0077 an hour): 50, 90 and 200 hours give .32, .50, .79, where Hall has .25,
        .50, .80. A resident whose slots are full forms no tie as a searcher, but may still be found. Ties of officers
        and charities end with their contacts (reorganisation, renewal) and bodies (survival) alone, and do not grow
        in number with work. An officer looks at twenty people for one in a role, then takes the first of them.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.indexes import members, ties_from_others
from sim.parameters import numbers, parameter, room_parameters, switch
from sim.processes.ties.contacts import keep_contacts
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
        0.6, unit="share", low=0.0, high=0.8, likely=(0.4, 0.8), source="from clustering of .2 to .5", confidence="low",
        meaning="searches that go through friends of friends (p_triadic)")
    near_share: float = parameter(
        0.8, unit="share", low=0.0, high=1.0, likely=(0.5, 1.0), source="assumption",
        meaning="other searches that stay in the neighbourhood")
    homophily: float = parameter(
        0.7, unit="share", low=0.55, high=0.85, source="McPherson 2001", confidence="medium",
        meaning="ties by chance that stay in the own group of grade and age")
    introduction_chance: float = parameter(
        0.5, unit="1/meeting", low=0.0, high=1.0, source="assumption",
        meaning="chance to be introduced to somebody at a nurtured meeting, for one with half of the time left")
    contact_build: float = parameter(
        0.0234, unit="1/hour", low=0.01, high=0.04, source="worked out: 12 hours a year hold .5",
        meaning="how fast shared hours build ties of officers and charities (a)")
    contact_kept: float = parameter(
        0.75, unit="share", low=0.5, high=0.95, source="assumption",
        meaning="strength of a tie of officers or charities left after a year without contact (D)")
    partner_hours: float = parameter(
        1.0, unit="hours/month", low=0.5, high=2.0, source="assumption: 6 to 24 hours a year",
        meaning="planned hours of an officer and a charity: they hold the tie at .5")
    acquaintance_hours: float = parameter(
        0.34, unit="hours/month", low=0.1, high=1.0, source="worked out: they hold .25",
        meaning="planned hours of an officer and a resident")
    ally_hours: float = parameter(
        0.5, unit="hours/month", low=0.1, high=2.0, source="assumption",
        meaning="planned hours of two charities: they hold the tie at .33")
    member_hours: float = parameter(
        0.65, unit="hours/month", low=0.2, high=2.0, source="worked out: they hold .4",
        meaning="planned hours of a charity and one who belongs to it without a role")
    role_hours_most: float = parameter(
        10.0, unit="hours/month", low=2.0, high=40.0, source="assumption",
        meaning="most formal hours that build the tie to the charity in a month")
    joint_hours: float = parameter(
        2.0, unit="hours/month", low=0.0, high=6.0, source="assumption: the cost of co-ordination",
        meaning="hours shared where joint work runs along a tie of an officer")
    ban_contact: float = parameter(
        0.4, unit="share", low=0.0, high=1.0, source="assumption",
        meaning="what a meeting ban leaves of the hours of officers, charities and members")
    membership_chance: float = parameter(
        0.002, unit="1/month", low=0.0, high=0.01, source="assumption",
        meaning="chance that one who belongs nowhere joins a charity without taking a role")
    build_and_decay: bool = switch(meaning="ties are stocks: built by shared hours, kept by contact, lost without (S4)")


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of building, decay and search."""
    if not p.build_and_decay:
        return
    near = members(state.residents.neighbourhood, len(state.neighbourhoods.x))
    build_and_decay(
        state.residents, state.ties, ties_from_others(state.ties), near, state.constants, numbers(p), dice.streams,
        state.ledger, state.month,
    )  # fmt: skip
    keep_contacts(
        state.officers, state.bodies, state.partnerships, state.acquaintances, state.alliances, state.charities,
        state.residents, near, state.constants, numbers(p), dice.streams, state.ledger, state.month,
        bool(state.world.meeting_ban[state.world_row]),
    )  # fmt: skip
