"""Charities and groups, as the fast hand of nurture sees them: who is in reach, and how money comes to them."""
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from sim.ledger import Flow
from sim.policy import BY_COUNCIL
from sim.processes.nurture.purses import in_reach
from sim.state import Floats, Ints


class Bodies(NamedTuple):
    """The columns of charities that policies read or change."""

    id: Ints
    alive: Ints
    neighbourhood: Ints
    band: Ints
    quality: Floats
    load: Floats
    joining_weight: Floats
    paid_hours: Floats
    costs: Floats
    private_income: Floats
    private_base: Floats
    grants_base: Floats
    contracts_base: Floats
    grants: Floats
    contracts: Floats
    from_council: Floats
    reserves: Floats
    bought_hours: Floats
    connecting_hours: Floats
    supported: Floats
    rent_relief: Floats
    passed_on: Floats
    asked_hours: Floats


@njit(cache=True)
def here(charities, g, where):
    """Whether a body works and is in reach."""
    return charities.alive[g] == 1 and in_reach(where, charities.neighbourhood[g])


@njit(cache=True)
def total_of(weights):
    """The sum of weights, added up one after the other."""
    total = 0.0
    for weight in weights:
        total += weight
    return total


@njit(cache=True)
def grant_to(charities, g, pounds, payer, ledger):
    """A grant, which stays with the charity."""
    charities.reserves[g] += pounds
    charities.grants[g] += pounds
    if payer == BY_COUNCIL:
        charities.from_council[g] += pounds
    ledger[Flow.PURSE_TO_CHARITIES] += pounds
