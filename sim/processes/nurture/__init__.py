"""Nurture: instruments turn a purse into meetings, asks, money, hours and contacts, for those they reach.

Whatever an instrument buys costs its unit cost and the host's overhead on top: cost = unit cost (1 + overhead). What
buys no whole unit, or finds nobody who could use it, stays in the purse. A purse of nil changes nothing.

    organisers         n = floor(balance / cost) residents, the shortest t_i = -log(u_i) / weight_i: a race
                       weight_i = (1 - K_b) m_i / mean_b m + K_b q_i / mean_b q,  m_i = (.1 + hours i gave)^eta,
                       q_i = exp(potential_slope civic_i),  K_b the picture of resources.  Whom first: as met, so;
                       assets, with K = 1; needs, with K = 0 and m_i = .1 + hours of i's need unmet
                       nurtured_hours_i += organiser_hours, up to max(0, most_hours - planned_hours_i): the time left
                       outside_ask_i += organiser_ask A0
    publicity          likewise with weight 1;  outside_ask_i += publicity_ask A0, an ask without support
    listening          likewise with organisers' weights: a conversation, no meeting;  outside_ask_i += listening_ask A0
                       and listening_hours of mapping where i lives, together with joint_picture up to mapping_most
    hosting            likewise: a meeting, no ask;  nurtured_hours_i += hosting_hours, up to the time left
    contracts          hours = balance / cost, by the contracts held, each up to most_growth of its own paid hours
    small_grants       n of grant_gbp to bodies under 100,000 pounds a year, in the order of a lottery. A share works:
                       half of those start a group, half let a body take on more people, up to twice its band's
    shared_assets      n closed places to meet are opened, in a lasting keyed order; a charity at home there takes each
                       over: its rent falls by asset_relief, and repairs cost it asset_liability of that
    match              m_g = min(balance / (1 + overhead) claim_g / sum claim, claim_g) to each charity g, where
                       claim_g = (B_g + match_hour_gbp H_g) / match_beside, up to most_growth of its own costs
                       B_g = min(reserves - costs, match_offer private_g),  H_g hours that volunteers give it this month
                       g brings match_beside m_g of B_g and H_g alike; m_g and its part of B_g are spent at once
                       outside_ask_i += match_ask A0 (H_g brought / H_g), i a member of g without a role
    connectors         hours to charities by quality x locality, up to connecting_most each
    volunteer_support  n volunteers, of the charities with the heaviest load first
    second_contacts    n partnerships, strongest first, have a second contact; where upkeep ends, it lapses
    culture            x = share paid of culture_gbp a year and post
                       C' = C + x / months - (1 - x) (C - C_own) / fading
    joint_picture      hours of mapping by head, up to mapping_most for 100 residents
    officer_time       hours of officers for joint work, up to protected_most post_hours a post, first of the posts that
                       have most in their partnerships; each post's by head over the part of its patch in reach. They
                       are hours of its service, and the post stays filled next month whatever the pay bill
    local_decisions    n neighbourhoods decide for themselves this month, in a lasting keyed order
    libraries          n neighbourhoods' libraries are handed over, once and for good, in a lasting keyed order, each to
                       the registered charity at home there to which most volunteers' hours go, if library_hours or more

Every month a library in a charity's hands is open if the volunteers' hours that go to that charity are library_hours or
more: so many of them then run it, and the charity's rent falls and repairs rise as for a shared building. Else it is
shut. If the charity is gone, another takes it over as one did at first. What the council saves is said by funding.

Organisers do in one visit what listening and hosting do apart, and the two together cost more than the one: each has to
find its people. Both have an organiser's strength, so that only what is done, and its price, sets them apart.

Locality: of those who belong to a charity, the share that live where it is at home; 1 / B where nobody belongs. A body
is in reach if it is at home there. With `funding.modes` off a pound is a pound: the money of contracts, small grants,
shared assets and matches is given to all charities in reach by ordinary income, up to most_growth of it, and does no
more.

An organiser's ask has support; publicity's has none, and is remembered as such. Nobody is met twice a month by one
policy, so that more money goes on to those whom the first money passed by.

Reads   policies; residents (id, neighbourhood, civic, role, belongs, pledges; hours given and planned, need and met
        last month); charities, bands, officers, services (statutory, hours),
        neighbourhoods (picture_resources, venues), council.modes_differ, constants.asking
Writes  residents.nurtured_hours, outside_ask, unsupported_asks; charities (bought_hours, connecting_hours, supported,
        rent_relief, passed_on, asked_hours, contracts, grants, from_council, reserves, joining_weight);
        neighbourhoods (mapped_hours, groups_due, venues_open, protected_hours, decides, library_run_by);
        services.hours; officers.protected; partnerships.second; council.culture; policies.balance, spent, people
Source  Community Organisers 2011-15 (cost, people met); Community First and the Community Development Foundation
        (small grants; a match of a pound for a pound, mostly in hours); the rest assumptions.
Departs Met again costs the same. What a contract or a match pays for is spent at once, so it is kept out of a body's
        accounts. Who is asked to help bring a match may take a role elsewhere.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import numbers, parameter, room_parameters
from sim.processes.nurture.charities import work_with_charities
from sim.processes.nurture.culture import change_culture
from sim.processes.nurture.giving_up import COUNCIL, give_up
from sim.processes.nurture.kernel import meet_people
from sim.processes.nurture.matching import match_what_is_brought
from sim.processes.nurture.officers import work_with_officers
from sim.processes.nurture.reference import advance_reference
from sim.state import State

__all__ = ["Parameters", "advance", "advance_reference"]


@room_parameters
class Parameters:
    """The numbers of nurture."""

    organiser_gbp: float = parameter(
        30_000.0, unit="pounds/year", low=25_000.0, high=45_000.0, confidence="high",
        source="Community Organisers 2011-15: 15m pounds, 540 organisers of 51 weeks", meaning="an organiser, all in")
    organiser_meets: float = parameter(
        230.0, unit="people/year", low=100.0, high=500.0, confidence="high",
        source="Community Organisers 2011-15: 125,000 met by 540; the target was 500",
        meaning="people whom an organiser meets")
    organiser_hours: float = parameter(
        2.0, unit="hours", low=0.5, high=6.0, source="assumption",
        meaning="hours of nurtured meeting with others for each person met")
    organiser_ask: float = parameter(
        3.0, unit="times", low=0.0, high=6.0, source="assumption",
        meaning="strength of an organiser's ask beside the founding mean of being asked")
    eta: float = parameter(
        0.7, unit="power", low=0.0, high=1.5, source="assumption; participants were already more motivated",
        meaning="how much more those who give hours are met")
    potential_slope: float = parameter(
        0.5, unit="1", low=0.0, high=1.0, source="assumption, as in taking a role",
        meaning="how much more those who would give are met, where the picture shows them")
    publicity_gbp: float = parameter(
        10.0, unit="pounds", low=1.0, high=50.0, source="assumption", meaning="one ask by publicity")
    publicity_ask: float = parameter(
        0.2, unit="times", low=0.0, high=1.0, source="assumption",
        meaning="strength of an ask by publicity beside the founding mean of being asked")
    most_hours: float = parameter(
        42.0, unit="hours/month", low=30.0, high=60.0, source="about twice the observed 41 minutes a day of company",
        confidence="low",
        meaning="most hours of company, planned with ties and met by policies: nobody is met beyond them")
    listening_gbp: float = parameter(
        65.0, unit="pounds", low=20.0, high=130.0, source="assumption: half of what an organiser costs for each met",
        meaning="one conversation that listens, all in")
    listening_ask: float = parameter(
        3.0, unit="times", low=0.0, high=6.0, source="assumption, as an organiser's ask",
        meaning="strength of the ask in which such a conversation ends, beside the founding mean of being asked")
    listening_hours: float = parameter(
        1.0, unit="hours", low=0.0, high=3.0, source="assumption; 0: nothing of what is heard is written down",
        meaning="hours of mapping that one conversation is worth")
    hosting_gbp: float = parameter(
        70.0, unit="pounds", low=20.0, high=140.0,
        source="assumption: a little over half of what an organiser costs for each met, for food and a room",
        meaning="bringing one person together with others, all in")
    hosting_hours: float = parameter(
        2.0, unit="hours", low=0.5, high=6.0, source="assumption, as with an organiser",
        meaning="hours of nurtured meeting for each person brought together")
    charity_hour_gbp: float = parameter(
        22.0, unit="pounds", low=15.0, high=35.0, source="assumption, as in the council",
        meaning="what an hour of paid charity work costs in a contract")
    most_growth: float = parameter(
        1.0, unit="times", low=0.25, high=3.0, source="assumption",
        meaning="most that policies add in a month to a charity's own paid hours (matched: costs; a pound a pound: "
                "income)")
    grant_gbp: float = parameter(
        1_000.0, unit="pounds", low=250.0, high=2_500.0, source="Community First, CDF", confidence="medium",
        meaning="one small grant")
    grant_works: float = parameter(
        0.5, unit="chance", low=0.0, high=0.8, source="CDF, Community First: gross of what would have come anyway",
        meaning="chance that a small grant starts a group or extends one")
    grant_extends: float = parameter(
        1.1, unit="times", low=1.0, high=1.5, source="assumption",
        meaning="how much more a body extended by a grant is joined")
    asset_gbp: float = parameter(
        15_000.0, unit="pounds/year", low=5_000.0, high=50_000.0, source="assumption",
        meaning="a shared building, kept open")
    asset_relief: float = parameter(
        500.0, unit="pounds/month", low=0.0, high=1_500.0, source="assumption",
        meaning="rent that a charity saves that takes over a building")
    asset_liability: float = parameter(
        0.5, unit="share of the relief", low=0.0, high=1.5, source="assumption; contested",
        meaning="what repairs cost it, on average, of the rent it saves; above 1 the building is a burden")
    match_beside: float = parameter(
        1.0, unit="pounds a pound", low=0.25, high=3.0, confidence="medium",
        source="Community First guidance: pound for pound; reported in the end: 2 to 3",
        meaning="what a charity must bring for each pound of matched funding")
    match_hour_gbp: float = parameter(
        11.09, unit="pounds", low=0.0, high=22.0, confidence="high", source="Community First guidance",
        meaning="what an hour of its volunteers counts for as a charity's side; 0: only money counts")
    match_offer: float = parameter(
        0.1, unit="share", low=0.0, high=0.5, source="assumption",
        meaning="of a month's private income, most that a charity brings in money, while reserves cover its costs")
    match_ask: float = parameter(
        3.0, unit="times", low=0.0, high=6.0,
        source="assumption, as an organiser's ask; 0: only hours that are given anyway",
        meaning="strength of asks among a charity's members, beside the founding mean, if all its hours are brought")
    connector_gbp: float = parameter(
        30_000.0, unit="pounds/year", low=25_000.0, high=45_000.0, source="assumption, as an organiser",
        meaning="a paid connector in charities, all in")
    connector_hours: float = parameter(
        130.0, unit="hours/month", low=100.0, high=150.0, source="assumption: full time, less leave",
        meaning="hours that a connector works")
    connecting_most: float = parameter(
        130.0, unit="hours/month", low=20.0, high=400.0, source="assumption: one full post",
        meaning="most hours of connectors that one charity can use")
    support_gbp: float = parameter(
        250.0, unit="pounds/year", low=100.0, high=500.0, source="VIVA studies", confidence="medium",
        meaning="support for one volunteer")
    officer_hour_gbp: float = parameter(
        22.0, unit="pounds", low=15.0, high=35.0, source="assumption, all costs of an hour of staff",
        meaning="what an hour of an officer, or a citizen's in mapping, costs")
    second_hours: float = parameter(
        12.0, unit="hours/year", low=6.0, high=24.0, source="worked out: hours that hold a tie at .5",
        meaning="an officer's hours that hold a second contact")
    culture_gbp: float = parameter(
        1_000.0, unit="pounds/year", low=250.0, high=4_000.0, source="assumption",
        meaning="a full culture programme, for each full post in discretionary services")
    post_hours: float = parameter(
        130.0, unit="hours/month", low=100.0, high=150.0, source="assumption: full time, less leave",
        meaning="hours that a full post works")
    culture_months: float = parameter(
        24.0, unit="months", low=6.0, high=60.0, source="assumption",
        meaning="how long a full programme takes to change a culture")
    culture_fading: float = parameter(
        36.0, unit="months", low=6.0, high=120.0, source="assumption",
        meaning="how long a culture without a programme takes to go back, on average")
    representation: float = parameter(
        0.0, unit="share", low=0.0, high=1.0, source="contested; nought is as things were",
        meaning="how far parity at the top takes culture, without a programme (C_own)")
    mapping_most: float = parameter(
        10.0, unit="hours", low=2.0, high=40.0, source="assumption",
        meaning="most hours a month of mapping together for each 100 residents")
    protected_most: float = parameter(
        0.5, unit="share", low=0.1, high=1.0, source="assumption",
        meaning="most of an officer's hours that a policy can keep for joint work")
    deciding_gbp: float = parameter(
        12_000.0, unit="pounds/year", low=3_000.0, high=40_000.0, source="assumption: a clerk for a third of a week, "
        "meetings and papers", meaning="what it costs that one neighbourhood decides for itself")
    handover_gbp: float = parameter(
        5_000.0, unit="pounds", low=1_000.0, high=30_000.0, source="assumption: surveys, leases and training",
        meaning="what handing a library over costs, once")
    library_hours: float = parameter(
        80.0, unit="hours/month", low=20.0, high=240.0, source="assumption: two people for nine or ten hours a week",
        meaning="hours of volunteers that keep a library open")  # fmt: skip


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of what the purses buy. A run without a purse does not compile what spends one."""
    people, places, council, bodies = state.residents, state.neighbourhoods, state.council, state.charities
    purses, n, streams, ledger = state.policies, numbers(p), dice.streams, state.ledger
    forget_last_month(state)
    if purses.id.size:
        modes_differ, asking = council.modes_differ[0], state.constants.asking[0]
        meet_people(people, places.picture_resources, places.mapped_hours, purses, asking, n, streams, ledger)
        work_with_charities(bodies, state.bands.joining_weight, places, people, purses, modes_differ, n, streams,
                            ledger, state.seed)  # fmt: skip
        match_what_is_brought(bodies, state.bands.staff_share, people, purses, modes_differ, asking, n, ledger)
        work_with_officers(state.services, places, people.neighbourhood, state.officers, state.partnerships, bodies,
                           purses, n, streams, ledger)  # fmt: skip
    change_culture(council.culture, state.services, purses, n, ledger)
    if purses.id.size or (places.library_run_by != COUNCIL).any():
        give_up(bodies, places, people, purses, n, ledger, state.seed)


def forget_last_month(state: State) -> None:
    """What was bought for one month is gone in the next."""
    people, places, bodies = state.residents, state.neighbourhoods, state.charities
    for column in (
        people.nurtured_hours, people.outside_ask, places.mapped_hours, places.groups_due, places.protected_hours,
        bodies.bought_hours, bodies.connecting_hours, bodies.supported, bodies.rent_relief, bodies.passed_on,
        bodies.asked_hours, state.officers.protected,
    ):  # fmt: skip
        column[:] = 0
