"""Funding: the path sets the council's budget; care comes first; policies' purses are filled.

    income = core_0 core_t + other_0 other_t                                                   pounds a year
    draw   = min(reserves, smoothing (last - income))              in April of a year in which income falls
           = - min(smoothing (income - last), target - reserves)   in April of a year in which it rises
    spend  = income + draw
    care   = share_0 (core_0 + other_0) (1 - (1 - care_floor) (1 - spend / (core_0 + other_0))) demand_t
    rest   = max(0, spend - care - what the council pays into purses)
    paid into a purse = dose x residents / 12, in full and then along its taper; the council pays no more than the rest

Care that costs more than the whole budget is paid from reserves, which may go below nil: then comes a section 114
notice. With `cuts` off, core funding and other income stay as they were at founding.

Reads   world (core_funding, other_income, care_demand), council (founding, reserves), services.share,
        residents.neighbourhood, policies
Writes  council.draw, spend_last_year, income, spend_statutory, spend_discretionary, reserves, section_114;
        services.spend, hours; policies.received, balance
Source  IFS (2024), NAO (2018): care protected, the rest cut by twice the whole. `drivers.csv` holds what came of it, as
        a check.
Departs Councils raised reserves in the first years of cuts and drew on them later; here they soften each fall as it
        comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sim.chance import Dice
from sim.compiling import PART
from sim.ledger import Flow
from sim.parameters import numbers, parameter, room_parameters, switch
from sim.policy import ALL
from sim.state import State
from sim.units import MONTHS_A_YEAR

if TYPE_CHECKING:
    from sim.community import Community

COUNCIL_PAYS = 1
STATUTORY = 1
A_POUND = 1.0
"""Reserves are below nil when a pound or more is lacking: twelve twelfths of a sum need not be that sum to the bit."""


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
    cuts: bool = switch(meaning="the council's income follows the world's path (S1)")  # fmt: skip


def advance(state: State, p: Parameters, _dice: Dice) -> None:
    """The fast hand: a month of the council's money."""
    _kernel(
        state.council, state.services, state.world, state.world_row, state.policies, state.residents.neighbourhood,
        numbers(p), state.ledger, state.month,
    )  # fmt: skip


@njit(cache=True)
def _kernel(council, services, world, row, policies, neighbourhood, p, ledger, month):  # noqa: ANN001, ANN202
    core = council.core_founding[0] * (world.core_funding[row] if p.cuts else 1.0)
    other = council.other_founding[0] * (world.other_income[row] if p.cuts else 1.0)
    if month % MONTHS_A_YEAR == 0:
        _plan_the_year(council, core + other, p)
    spend = core + other + 12.0 * council.draw[0]
    founding = council.core_founding[0] + council.other_founding[0]
    cut = 1.0 - spend / founding if founding > 0.0 else 0.0
    care = council.care_share[0] * founding * (1.0 - (1.0 - p.care_floor) * cut) * world.care_demand[row]
    rest = max(0.0, spend - care) / 12.0
    council.income[0] = (core + other) / 12.0
    council.reserves[0] -= council.draw[0] + max(0.0, care - spend) / 12.0
    ledger[Flow.COUNCIL_CORE] += core / 12.0
    ledger[Flow.COUNCIL_OTHER] += other / 12.0
    rest = _fill_the_purses(policies, neighbourhood, rest, ledger, month)
    council.spend_statutory[0] = care / 12.0
    council.spend_discretionary[0] = rest
    ledger[Flow.COUNCIL_STATUTORY] += care / 12.0
    ledger[Flow.COUNCIL_DISCRETIONARY] += rest
    for s in range(services.spend.size):
        services.spend[s] = services.share[s] * (care / 12.0 if services.statutory[s] == STATUTORY else rest)
        services.hours[s] = services.spend[s] / p.council_hour_gbp


@njit(**PART)
def _plan_the_year(council, income, p):  # noqa: ANN001, ANN202
    last = council.spend_last_year[0]
    reserves = council.reserves[0]
    if income < last:
        draw = min(max(0.0, reserves), p.smoothing * (last - income))
    else:
        draw = -min(p.smoothing * (income - last), max(0.0, council.reserves_target[0] - reserves))
    council.section_114[0] = 1 if reserves < -A_POUND else 0
    council.draw[0] = draw / 12.0
    council.spend_last_year[0] = income + draw


@njit(**PART)
def _fill_the_purses(policies, neighbourhood, rest, ledger, month):  # noqa: ANN001, ANN202
    """Pay into every purse what is due this month, and say what is left of the council's discretionary money."""
    for row in range(policies.dose.size):
        policies.received[row] = 0.0
        after = month - policies.start[row] - policies.months[row]
        if month < policies.start[row] or after >= policies.taper[row]:
            continue
        share = 1.0 if after < 0 else 1.0 - (after + 1.0) / (policies.taper[row] + 1.0)
        residents = neighbourhood.size
        if policies.where[row] != ALL:
            residents = np.sum(neighbourhood == policies.where[row])
        paid = policies.dose[row] * residents / 12.0 * share
        if policies.payer[row] == COUNCIL_PAYS:
            paid = min(paid, rest)
            rest -= paid
            ledger[Flow.COUNCIL_NURTURE] += paid
            ledger[Flow.PURSE_COUNCIL] += paid
        else:
            ledger[Flow.PURSE_OUTSIDE] += paid
        policies.received[row] = paid
        policies.balance[row] += paid
    return rest


def advance_reference(community: Community, p: Parameters, _dice: Dice) -> None:
    """The plain hand: the same month by the equations, in their symbols."""
    council, world = community.council, community.drivers
    core_0, other_0 = council.core_founding, council.other_founding
    core, other = (core_0 * world.core_funding, other_0 * world.other_income) if p.cuts else (core_0, other_0)
    income = core + other
    if community.month % MONTHS_A_YEAR == 0:
        last, council.spend_last_year = council.spend_last_year, income
        if income < last:
            draw = min(max(0.0, council.reserves), p.smoothing * (last - income))
        else:
            room = council.reserves_target - council.reserves
            draw = -min(p.smoothing * (income - last), max(0.0, room))
        council.draw = draw / 12.0
        council.spend_last_year += draw
        council.section_114 = int(council.reserves < -A_POUND)
    spend = income + 12.0 * council.draw
    total_0 = core_0 + other_0
    cut = 1.0 - spend / total_0 if total_0 > 0.0 else 0.0
    care = council.care_share * total_0 * (1.0 - (1.0 - p.care_floor) * cut) * world.care_demand
    council.reserves -= council.draw + max(0.0, care - spend) / 12.0
    council.income = income / 12.0
    council.spend_statutory = care / 12.0
    council.spend_discretionary = max(0.0, spend - care) / 12.0
    fill_the_purses(community)
    for service in community.services:
        block = council.spend_statutory if service.statutory else council.spend_discretionary
        service.spend = service.share * block
        service.hours = service.spend / p.council_hour_gbp
    for flow, amount in (
        (Flow.COUNCIL_CORE, core / 12.0), (Flow.COUNCIL_OTHER, other / 12.0),
        (Flow.COUNCIL_STATUTORY, council.spend_statutory), (Flow.COUNCIL_DISCRETIONARY, council.spend_discretionary),
    ):  # fmt: skip
        community.ledger[flow] += amount


def fill_the_purses(community: Community) -> None:
    """Pay into every purse what is due this month; the council pays from its discretionary money."""
    council, ledger = community.council, community.ledger
    for policy in community.policies:
        past = community.month - (policy.start + policy.months)
        due = community.month >= policy.start and past < policy.taper
        share = 1.0 if past < 0 else 1.0 - (past + 1) / (policy.taper + 1)
        reached = [r for r in community.residents if policy.where in {ALL, r.neighbourhood}]
        policy.received = policy.dose * len(reached) / 12.0 * share if due else 0.0
        if policy.payer == COUNCIL_PAYS:
            policy.received = min(policy.received, council.spend_discretionary)
            council.spend_discretionary -= policy.received
            ledger[Flow.COUNCIL_NURTURE] += policy.received
            ledger[Flow.PURSE_COUNCIL] += policy.received
        else:
            ledger[Flow.PURSE_OUTSIDE] += policy.received
        policy.balance += policy.received
