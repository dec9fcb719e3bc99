"""Where the hours go, the fast hand: what the council and each charity see of need, and the shares they make of it."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.compiling import KERNEL, PART
from sim.elementary import exp, log
from sim.state import EMPTY, PARTNERED, PARTNERS

LEAST_HEARD, MOST_HEARD = 0.25, 4.0
"""Influence in a neighbourhood beside the place's counts as no less and no more than these."""


@njit(**KERNEL)
def share_the_hours(residents, charities, neighbourhoods, partnerships, filled, p):  # noqa: ANN001, ANN201
    """Write down where need is and what each neighbourhood is allotted.

    Returns:
        Shares by neighbourhood of the statutory services' hours, and of each charity's.
    """
    heads, moved = _count(residents, neighbourhoods)
    formula = np.empty(heads.size)
    for b in range(heads.size):
        formula[b] = neighbourhoods.need_weight[b] * heads[b]
    _add_up(formula)
    partner = _who_has_a_partner(charities.id.size, partnerships, filled)
    seen = _what_charities_see(residents, charities.serves_place, partner, heads, neighbourhoods.needed, p)
    said, heard = _what_advocates_say(charities, partner, seen)
    for b in range(heads.size):
        K = neighbourhoods.picture_need[b]
        if neighbourhoods.decides[b] == 1:
            K = K + p.local_knowledge * (1.0 - K)
        neighbourhoods.allotted[b] = K * neighbourhoods.needed[b] + (1.0 - K) * heads[b]
    _add_up(neighbourhoods.allotted)
    if heard:
        for b in range(heads.size):
            own = (1.0 - p.advocate_weight) * neighbourhoods.allotted[b]
            neighbourhoods.allotted[b] = own + p.advocate_weight * said[b]
    for b in range(heads.size):
        if neighbourhoods.decides[b] == 1:
            neighbourhoods.allotted[b] *= exp(p.capture * log(moved[b]))
    _add_up(neighbourhoods.allotted)
    for g in range(charities.id.size):
        if charities.serves_place[g] == 0:
            for b in range(heads.size):
                seen[g, b] = 1.0 if charities.neighbourhood[g] == b else 0.0
    return formula, seen


@njit(**PART)
def _count(residents, neighbourhoods):  # noqa: ANN001, ANN202
    """Shares of residents, and of influence beside the place's; where need arises is written down."""
    places = neighbourhoods.needed.size
    heads, moved, needed = np.zeros(places), np.zeros(places), neighbourhoods.needed
    needed[:] = 0.0
    for i in range(residents.id.size):
        b = residents.neighbourhood[i]
        heads[b] += 1.0
        moved[b] += residents.influence[i]
        for k in range(residents.need.shape[1]):
            needed[b] += residents.need[i, k]
    total, all_moved, people = 0.0, 0.0, float(residents.id.size)
    for b in range(places):
        total += needed[b]
        all_moved += moved[b]
    for b in range(places):
        known = heads[b] > 0.0 and all_moved > 0.0
        beside = (moved[b] / heads[b]) / (all_moved / people) if known else 1.0
        moved[b] = min(MOST_HEARD, max(LEAST_HEARD, beside))
        heads[b] /= people
        needed[b] = needed[b] / total if total > 0.0 else heads[b]
    return heads, moved


@njit(**PART)
def _what_charities_see(residents, serves_place, partner, heads, needed, p):  # noqa: ANN001, ANN202
    """What each charity takes for the shares of need: true where its people live, else like its people.

    Only of those that serve the place or can speak for it: nothing depends on what the others see.
    """
    seen = np.zeros((partner.size + 1, heads.size))
    if p.advocacy:
        for i in range(residents.id.size):  # a last row takes those who belong nowhere (-1), so nothing need be asked
            seen[residents.belongs[i], residents.neighbourhood[i]] += 1.0
    for g in range(partner.size):
        if serves_place[g] == 1 or partner[g]:
            _see(seen[g], seen[g].sum(), heads, needed, p)
    return seen[:-1]


@njit(**PART)
def _see(seen, people, heads, needed, p):  # noqa: ANN001, ANN202
    """Turn the count of one charity's people by neighbourhood into what it sees."""
    total = 0.0
    for b in range(heads.size):
        share = seen[b] / people if people > 0.0 else 0.0
        clients = share if people > 0.0 else heads[b]
        locality = share if p.advocacy else 1.0 / heads.size
        seen[b] = locality * needed[b] + (1.0 - locality) * clients
        total += seen[b]
    for b in range(heads.size):
        seen[b] = seen[b] / total if total > 0.0 else heads[b]


@njit(**PART)
def _who_has_a_partner(charities, partnerships, filled):  # noqa: ANN001, ANN202
    partner = np.zeros(charities, np.bool_)
    for slot in range(partnerships.charity.size):
        g = partnerships.charity[slot]
        if g != EMPTY and filled[slot // PARTNERS] == 1 and partnerships.strength[slot] >= PARTNERED:
            partner[g] = True
    return partner


@njit(**PART)
def _what_advocates_say(charities, partner, seen):  # noqa: ANN001, ANN202
    """The mean by income of what those see who have a partner; and whether there are any."""
    said, total = np.zeros(seen.shape[1]), 0.0
    for g in range(partner.size):
        if partner[g]:
            income = charities.private_income[g] + charities.grants[g] + charities.contracts[g]
            total += income
            for b in range(said.size):
                said[b] += income * seen[g, b]
    for b in range(said.size):
        said[b] = said[b] / total if total > 0.0 else 0.0
    return said, total > 0.0


@njit(**PART)
def _add_up(shares):  # noqa: ANN001, ANN202
    """Bring shares to a sum of 1; all alike where there is nothing to go by."""
    total = 0.0
    for b in range(shares.size):
        total += shares[b]
    for b in range(shares.size):
        shares[b] = shares[b] / total if total > 0.0 else 1.0 / shares.size
