"""Nurture by matched funding, the fast hand: a funder's pounds go as far as charities bring their own beside them."""
# ruff: noqa: ANN001, ANN201, ANN202

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sim.compiling import KERNEL, PART
from sim.ledger import Flow
from sim.policy import BY_COUNCIL, MATCH
from sim.processes.nurture.kernel import spend
from sim.processes.nurture.purses import in_reach
from sim.state import NOBODY, Floats


class Side(NamedTuple):
    """What each charity has that no purse of this month has counted yet."""

    pounds: Floats
    hours: Floats
    given: Floats  # hours pledged to it this month, counted or not


@njit(**KERNEL)
def match_what_is_brought(charities, staff_share, residents, policies, modes_differ, asking, p, ledger):
    """Each purse of matched funding in turn. With modes off it has gone, as any money does, by income."""
    if modes_differ == 0 or not np.any(policies.instrument == MATCH):
        return
    side = _sides(charities, residents, p)
    for row in range(policies.id.size):
        if policies.instrument[row] == MATCH:
            _match(charities, staff_share, residents, side, policies, row, asking, p, ledger)


@njit(**PART)
def _sides(charities, residents, p):
    """Pounds of private income out of reserves beyond the month's costs; hours that volunteers give this month."""
    pounds, hours = np.zeros(charities.id.size), np.zeros(charities.id.size)
    for g in range(pounds.size):
        spare = max(0.0, charities.reserves[g] - charities.costs[g])
        pounds[g] = min(spare, p.match_offer * charities.private_income[g])
    for i in range(residents.gives_to.size):
        if residents.gives_to[i] != NOBODY:
            hours[residents.gives_to[i]] += residents.pledged_hours[i]
    return Side(pounds, hours, hours.copy())


@njit(**PART)
def _match(charities, staff_share, residents, side, policies, row, asking, p, ledger):
    """The purse by what can be matched, to each no more than that."""
    claims = _claims(charities, side, policies.where[row], p)
    total, paid = 0.0, 0.0
    for claim in claims:
        total += claim
    pounds = max(0.0, policies.balance[row]) / (1.0 + policies.overhead[row])
    counted = np.zeros(claims.size)
    for g in range(claims.size):
        if claims[g] > 0.0:
            part = min(pounds * (claims[g] / total), claims[g])
            worth = side.pounds[g] + side.hours[g] * p.match_hour_gbp
            share = min(1.0, part * p.match_beside / worth)
            brought = share * side.pounds[g]
            counted[g] = share * side.hours[g]
            side.pounds[g] -= brought
            side.hours[g] -= counted[g]
            _pay(charities, g, part, brought, staff_share, policies.payer[row], p, ledger)
            paid += part
    _ask_members(residents, counted, side.given, policies.where[row], p.match_ask * asking)
    spend(policies, row, paid, paid * (1.0 + policies.overhead[row]), paid, ledger)


@njit(**PART)
def _claims(charities, side, where, p):
    """Pounds that each charity in reach can match, up to most_growth of its own costs."""
    claims = np.zeros(side.pounds.size)
    for g in range(claims.size):
        if charities.alive[g] == 1 and in_reach(where, charities.neighbourhood[g]):
            worth = side.pounds[g] + side.hours[g] * p.match_hour_gbp
            room = max(0.0, p.most_growth * charities.costs[g] - charities.passed_on[g])
            claims[g] = min(worth / p.match_beside, room)
    return claims


@njit(**PART)
def _pay(charities, g, part, brought, staff_share, payer, p, ledger):
    """Both sides' pounds are spent at once, on hours as far as its other money is."""
    charities.reserves[g] -= brought
    charities.grants[g] += part
    charities.passed_on[g] += part
    charities.bought_hours[g] += (part + brought) * staff_share[charities.band[g]] / p.charity_hour_gbp
    if payer == BY_COUNCIL:
        charities.from_council[g] += part
    ledger[Flow.PURSE_TO_CHARITIES] += part
    ledger[Flow.CHARITY_SPENT] += part
    ledger[Flow.CHARITY_MATCHED] += brought


@njit(**PART)
def _ask_members(residents, counted, given, where, strength):
    """Members without a role are asked, the more of its hours their charity has to bring."""
    for i in range(residents.belongs.size):
        g = residents.belongs[i]
        if g != NOBODY and residents.role[i] == NOBODY and in_reach(where, residents.neighbourhood[i]):
            residents.outside_ask[i] += strength * (counted[g] / given[g]) if given[g] > 0.0 else 0.0
