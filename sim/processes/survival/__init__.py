"""Survival: charities settle their accounts, hire, shrink and close; charities and groups are founded.

Every month, for a body g, whose income leaves out what a policy paid for hours that were worked at once:

    spent    = max(0, C - relief);  reserves R falls by it;  the month's income is noted
    C        = the month's income, in a body's first year

Once a year, in the body's own month (id modulo 12) and from its second year on, with Y the income of twelve months:

    deficits = deficits + 1 if Y < 12 spent, else 0
    C'       = max(0, C + a (Y / 12 - C) + b (R - m C) / 12),   m = months - (months - months_state) state share
    luck'    = rho luck + s e - s s / (2 (1 + rho)),             so that exp(luck) has mean 1
    paid hours = C' x the band's share for staff / pounds an hour

Closing, in this order:

    a group on no register   1 - 2^(-1 / half-life) a month while young; the band's chance later
    R <= 0 and two deficits  at once
    any cause                the band's chance
    a micro charity          and its founder leaves, and nobody follows

Founding, by residents i in neighbourhood b:

    pull_b   = (1 + k unmet_b) / (1 + k unmet_0)
    P(a volunteer founds a charity)                 = register_chance pull_b;  its band by the births of bands
    P(who has three strong ties founds a group)     = group_chance pull_b;     and more where grants pay for it

With a body end the roles, belongings, partnerships and alliances that held to it, and what it owns or owes is wound up.
A new one has its band's mean income, no reserves, no ties, and the work that the bodies there ask for their weight. Its
id is a hash of founder and month. It takes a row that was free when the month began; where rows are short a keyed
lottery decides, and where there is none nobody founds.

Reads   charities (income of the month, rent_relief), bands, services.spend_founding, residents (need, met), ties,
        neighbourhoods.groups_due, constants (register_chance, group_chance, unmet)
Writes  charities; of those that close: residents.role, gives_to, pledged_hours, belongs, belonging, partnerships,
        alliances; of the founders of groups: residents.belongs, belonging
Source  Register of charities 2015, NCVO Almanac: 2 to 2.5% close a year, nine of ten below £100,000 a year.
Departs In its first year a body spends what it takes in: members, and what they bring, have yet to come.
        A founder takes no role in the own body. Who founds a group belongs to it, unless held by a role elsewhere. A
        group on no register has no accounts that could close it.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.elementary import expm1_plain as expm1, log_plain as log
from sim.parameters import numbers, parameter, room_parameters
from sim.processes.survival.kernel import STAYS, fates, keep_the_books, live_the_month, make_body
from sim.processes.survival.reference import advance_reference
from sim.state import State
from sim.units import monthly_chance

__all__ = ["STAYS", "Parameters", "advance", "advance_reference", "chances", "fates", "keep_the_books", "make_body"]


@room_parameters
class Parameters:
    """The numbers of survival."""

    close_rate: float = parameter(
        0.010, unit="share a year", low=0.0, high=0.03, source="register of charities, less insolvency",
        meaning="registered charities that close in a year though solvent; at founding it becomes their bands' chance")
    founder_leaves_rate: float = parameter(
        0.06, unit="share a year", low=0.0, high=0.2, source="assumption",
        meaning="micro charities whose founder leaves in a year")
    no_successor_share: float = parameter(
        0.2, unit="share", low=0.0, high=0.6, source="assumption",
        meaning="of these, those in which nobody follows")
    group_half_life: float = parameter(
        12.0, unit="months", low=6.0, high=24.0, source="assumption",
        meaning="time in which half of the young unregistered groups have ended")
    group_young_months: int = parameter(
        24, unit="months", low=0, high=60, source="assumption",
        meaning="how long an unregistered group is young")
    group_close_rate: float = parameter(
        0.028, unit="share a year", low=0.0, high=0.2, source="derived: a tenth of groups is new each year",
        meaning="older unregistered groups that end in a year; at founding it becomes their band's chance")
    bad_years: int = parameter(
        2, unit="accounts", low=1, high=5, source="assumption",
        meaning="yearly accounts in deficit, one after the other, that end a charity without reserves")
    costs_follow: float = parameter(
        0.5, unit="share a year", low=0.1, high=1.0, source="assumption",
        meaning="how far costs move to income in a year (a)")
    reserves_follow: float = parameter(
        0.1, unit="share a year", low=0.0, high=0.5, source="assumption",
        meaning="share of the gap in reserves that costs make up in a year (b)")
    reserve_months: float = parameter(
        6.0, unit="months of costs", low=0.0, high=18.0, source="NCVO Almanac", confidence="medium",
        meaning="reserves that a charity aims at")
    reserve_months_state: float = parameter(
        3.0, unit="months of costs", low=0.0, high=18.0, source="NCVO Almanac", confidence="medium",
        meaning="reserves that a charity would aim at if all its income came from the state")
    luck_persistence: float = parameter(
        0.85, unit="share", low=0.0, high=0.95, source="assumption",
        meaning="how much of a year's luck with private income is left a year later (rho)")
    luck_spread: float = parameter(
        0.09, unit="log sd", low=0.0, high=0.4, source="tuned so that 2.5% of registered charities close a year",
        meaning="what a year adds to the luck with private income (s)")
    need_pull: float = parameter(
        1.0, unit="slope", low=0.0, high=5.0, source="assumption",
        meaning="how founding follows unmet need in the neighbourhood (k)")
    hour_gbp: float = parameter(
        22.0, unit="pounds", low=15.0, high=35.0, source="assumption, as in the council",
        meaning="what an hour of paid charity work costs")
    quality_spread: float = parameter(
        0.25, unit="log sd", low=0.0, high=0.5, source="assumption",
        meaning="how much charities differ as brokers between people and officers")
    founder_strength: float = parameter(
        0.4, unit="strength", low=0.0, high=1.0, source="assumption, as a member's",
        meaning="tie of a founder with the own group")  # fmt: skip


def chances(p: Parameters) -> tuple[float, float]:
    """Chances a month: that a young group ends, and that a micro charity loses its founder for good."""
    young = -expm1(-log(2.0) / p.group_half_life)
    return young, monthly_chance(p.founder_leaves_rate * p.no_successor_share)


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of accounts, closings and foundings, on the state's columns."""
    live_the_month(
        state.residents, state.ties, state.charities, state.bands, state.services, state.neighbourhoods,
        state.partnerships, state.alliances, state.constants, chances(p), numbers(p), dice.streams, state.ledger,
        state.month,
    )  # fmt: skip
