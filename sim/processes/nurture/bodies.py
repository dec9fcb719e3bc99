"""Charities and groups, as the fast hand of nurture sees them: who is in reach, and how money comes to them."""
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

from numba import njit

from sim.compiling import PART
from sim.ledger import Flow
from sim.policy import BY_COUNCIL
from sim.processes.nurture.purses import in_reach


@njit(**PART)
def here(charities, g, where):
    """Whether a body works and is in reach."""
    return charities.alive[g] == 1 and in_reach(where, charities.neighbourhood[g])


@njit(**PART)
def total_of(weights):
    """The sum of weights, added up one after the other."""
    total = 0.0
    for weight in weights:
        total += weight
    return total


@njit(**PART)
def grant_to(charities, g, pounds, payer, ledger):
    """A grant, which stays with the charity."""
    charities.reserves[g] += pounds
    charities.grants[g] += pounds
    if payer == BY_COUNCIL:
        charities.from_council[g] += pounds
    ledger[Flow.PURSE_TO_CHARITIES] += pounds
