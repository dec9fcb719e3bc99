"""Funding: the path sets the council's budget; care comes first; charities are paid; policies' purses are filled.

    income = core_0 core_t + other_0 other_t                                                   pounds a year
    draw   = min(reserves, smoothing (last - income))              in April of a year in which income falls
           = - min(smoothing (income - last), target - reserves)   in April of a year in which it rises
    spend  = income + draw + saved (core_0 + other_0)              saved: by reorganisations, for ever
    care   = share_0 (core_0 + other_0) (1 - (1 - care_floor) (1 - spend / (core_0 + other_0))) demand_t
    rest   = max(0, spend - care - reorganising - what the council pays into purses)
    reorganising = min(due, reorganisation_pace (core_0 + other_0)) a year
    paid into a purse = dose x residents / 12, up its ramp, in full, down its taper; by the council, as far as it has it
    f      = rest / rest_0                                         what is left of discretionary money

    grants to g    = c grants_g f tilt_g S + (1 - c) grants_g                     c: the council's part of state money
    tilt_g = (1 + voice w_g) (1 + need_tilt (r_g - 1)),  S such that tilting leaves the sum as it is
    w_g    = the strongest of g's partnerships;  r_g = 1 + K_b (need a head in b / that of the place - 1) at home in b
    spend_s        = share_s (rest - the council's grants), or share_s care
    of it library_freed x libraries run by charities / all goes from libraries to the other discretionary services, by
    share_s
    contracts to g = c contracts_g spend_s / spend_s0 + (1 - c) contracts_g       of the service s that g works for
    hours_s        = scale (spend_s - the council's contracts with s) / council_hour_gbp
    private_g      = base_g exp(luck_g) household_t M^members_power T^trust_power + crowd_give (cut of state money)
    M = (members + 1) / (the band's mean at founding + 1),  T = mean trust in charities / its founding mean,
    both from 1/4 to 4
    openness = (1 + culture_effect culture) (1 + rethink (1 - f)), from 0 to 10
    venue v of b is open if u_bv < 1 - closing max(0, 1 - f),  u_bv the same in every month

The council pays no more grants than the rest, and no more contracts than a service has. Care that costs more than the
whole budget is paid from reserves, which may go below nil: then comes a section 114 notice. Where founding had none,
f and its like are 1. With `cuts` off, core funding and other income stay as they were at founding. With `modes` off a
pound is a pound: each total is paid out pro rata to the income that charities have when nothing presses. scale is 1 but
where another account is founded to match the main model.

Reads   world (core_funding, other_income, care_demand, household), council (founding, reserves, culture,
        reorganisation_due, saved_share), services.share, spend_founding; residents (neighbourhood, belongs, trust in
        charities), charities, officers.filled, partnerships, neighbourhoods (needed, picture_need, venues,
        library_run_by), policies, constants.council_scale
Writes  council (all money, section_114, openness, modes_differ); services.spend, contracts, hours;
        charities.private_income, grants, contracts, from_council, reserves; neighbourhoods.decides, venues_open;
        policies.received, balance
Source  IFS (2024), NAO (2018): care protected, the rest cut by twice the whole. `drivers.csv` holds what came of it, as
        a check. De Wit and Bekkers (2017): gifts do not refill what the state cuts.
Departs Councils raised reserves in the first years of cuts and drew on them later; here they soften each fall as it
        comes. What is saved by reorganising comes in as money, for the offices it is saved on are not in the model.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import choice, numbers, parameter, room_parameters, switch
from sim.processes.funding.kernel import earn, fund_the_month
from sim.processes.funding.reference import advance_reference
from sim.state import State

__all__ = ["Parameters", "advance", "advance_reference", "earn"]


@room_parameters
class Parameters:
    """The numbers of funding."""

    care_floor: float = parameter(
        0.9, unit="share", low=0.7, high=1.0, source="NAO 2018, IFS 2024", confidence="high",
        meaning="share of the whole budget's proportional cut that care escapes")
    council_hour_gbp: float = parameter(
        22.0, unit="pounds", low=15.0, high=35.0, source="assumption, all costs of an hour of staff",
        meaning="what an hour of paid council work costs")
    smoothing: float = parameter(
        0.15, unit="share", low=0.0, high=0.5, source="assumption",
        meaning="share of a year's fall of income met from reserves, and of a rise paid in until they are full")
    cuts: bool = switch(meaning="the council's income follows the world's path (S1)")
    reorganisation_pace: float = parameter(
        0.01, unit="share/year", low=0.0025, high=0.04, source="assumption: the usual cost is paid within a year",
        meaning="most of a year's budget that goes, in a year, to what reorganising has cost")
    council_part: float = parameter(
        20.0 / 36.0, unit="share", low=0.4, high=0.7, source="NCVO Almanac: local government in state income",
        confidence="medium",
        meaning="part of charities' state money that the council pays; the rest stays as it is")
    voice: float = parameter(
        0.5, unit="share", low=0.0, high=2.0, source="assumption",
        meaning="how much more the council grants along a partnership of full strength")
    need_tilt: float = parameter(
        0.5, unit="share", low=0.0, high=1.0, source="assumption",
        meaning="how far grants follow need a head, as the council pictures it")
    members_power: float = parameter(
        0.3, unit="power", low=0.0, high=0.6, source="assumption", meaning="how private income follows members")
    trust_power: float = parameter(
        0.5, unit="power", low=0.0, high=1.0, source="assumption",
        meaning="how private income follows trust in charities")
    crowd_give: float = parameter(
        0.0, unit="pounds a pound", low=-0.3, high=0.3, source="De Wit & Bekkers 2017: near nil in the field",
        meaning="private income that comes for each pound of state money that goes; contested")
    modes: bool = switch(meaning="contracts, grants and assets differ in kind; off, a pound is a pound (S12)")
    closing: float = parameter(
        0.6, unit="share", low=0.0, high=1.5,
        source="derived: 20 to 33% of libraries closed while spending on culture fell 40% (IfG, CIPFA)",
        meaning="share of the places to meet that shuts when discretionary money is gone, in proportion")
    rethink: float = parameter(
        0.0, unit="slope", low=-1.0, high=1.0, source="contested",
        meaning="as money falls the council moves hours to joint work (above 0) or to its legal core (below) (S15)")
    culture_effect: float = parameter(
        0.0, unit="share", low=-0.5, high=0.5, path="culture.effect",
        source="experiments: one positive (2016), two null replications (2017, 2021)",
        meaning="how a full culture programme, or parity at the top, changes openness to joint work (S8)")
    library_freed: float = parameter(
        0.8, unit="share", low=0.5, high=1.0, source="assumption: books, systems and advice stay with the council",
        meaning="share of a library's spending that is free for other services once charities run it")
    decide_at: str = choice(
        "authority", options=("authority", "neighbourhood"),
        meaning="where it is decided what hours go where: authority or neighbourhood (S13)")  # fmt: skip


def advance(state: State, p: Parameters, _dice: Dice) -> None:
    """The fast hand: a month of the council's and the charities' money."""
    r = state.residents
    fund_the_month(
        state.council, state.services, state.charities, state.neighbourhoods, state.policies,
        r.neighbourhood, r.belongs, r.trust_charity, r.trust_charity_first, state.partnerships, state.officers.filled,
        state.bands.members, state.world, state.world_row, state.constants.council_scale[0], numbers(p), state.ledger,
        state.month, state.seed,
    )  # fmt: skip
