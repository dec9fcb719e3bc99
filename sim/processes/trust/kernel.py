"""Trust and influence, the fast hand: contacts first, in one pass over the slots; then one over the residents."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, between, normal_quantile, uniform, uniforms
from sim.compiling import KERNEL, PART
from sim.state import EMPTY, NOBODY, PARTNERED, PARTNERS, SLOTS, STRONG


@njit(**KERNEL)
def live_the_month(
    residents, ties, neighbourhoods, quintiles, knots, constants, partnerships, filled, charities, p, streams
):  # fmt: skip
    """A month of trust and influence."""
    if p.moves:
        needed, surprise = _experience(residents, neighbourhoods, quintiles)
        strong = _strong_slots(ties.strength)
        _move(residents.trust_council, residents.trust_council_first, knots.council, p.asked_unsupported,
              _has_contact(streams[Die.CONTACT], residents.id, ties.alter, strong, p), streams[Die.OUTCOME],
              needed, surprise, residents, p)
        _move(residents.trust_charity, residents.trust_charity_first, knots.charity, 0.0,
              _has_contact(streams[Die.CONTACT_CHARITY], residents.id, ties.alter, strong, p),
              streams[Die.OUTCOME_CHARITY], needed, surprise, residents, p)
    known = _known_to_officers(partnerships, filled, charities)
    for i in range(residents.id.size):
        residents.strain[i] = 0.0 - 10.0 * p.asked_unsupported * residents.unsupported_asks[i]
        residents.unsupported_asks[i] = 0
        g = residents.belongs[i]
        has_a_way = residents.role[i] != NOBODY or (g != NOBODY and known[g])
        decides = neighbourhoods.decides[residents.neighbourhood[i]] == 1
        b0 = constants.influence[0] + (p.localism_bonus if decides else 0.0)
        feels = feels_influence(residents.trust_council[i], residents.voice[i], has_a_way, b0, p)
        residents.influence[i] = 1 if feels else 0


@njit(**KERNEL)
def feels_influence(trust, voice, has_a_way, b0, p):
    """Whether a resident feels able to influence local decisions.

    Args:
        trust: in the council, 0 to 1.
        voice: the resident's own inclination, standard logistic.
        has_a_way: whether a role is held, or there is a path to an officer through a charity.
        b0: solved at founding, log odds; with the bonus of localism where neighbourhoods decide.
        p: the room's numbers.
    """
    bonus = p.volunteer_bonus if has_a_way else 0.0
    return b0 + p.influence_slope * (trust - p.influence_centre) + bonus + voice > 0.0


@njit(**PART)
def _known_to_officers(partnerships, filled, charities):
    """Charities that have a partner in a post that is filled."""
    known = np.zeros(charities, np.bool_)
    for slot in range(partnerships.charity.size):
        g = partnerships.charity[slot]
        if g != EMPTY and filled[slot // PARTNERS] == 1 and partnerships.strength[slot] >= PARTNERED:
            known[g] = True
    return known


@njit(**PART)
def _experience(residents, neighbourhoods, quintiles):
    """Who needed anything, and the share of it met less what people of the quintile expect."""
    needed = np.zeros(residents.id.size, np.bool_)
    surprise = np.zeros(residents.id.size)
    for i in range(needed.size):
        need, met = 0.0, 0.0
        for kind in range(residents.need.shape[1]):
            need += residents.need[i, kind]
            met += residents.met[i, kind]
        if need > 0.0:
            q = neighbourhoods.quintile[residents.neighbourhood[i]] - 1
            needed[i] = True
            surprise[i] = met / need - quintiles.met_founding[q]
    return needed, surprise


@njit(**PART)
def _strong_slots(strength):
    """The slots that hold a strong tie, ascending. Luck decides which, so this does not branch on it."""
    slots = np.empty(strength.size + 1, np.uint32)
    found = np.uint32(0)
    for slot in range(strength.size):
        slots[found] = slot
        found += np.uint32(strength[slot] >= STRONG)
    return slots[:found]


@njit(**PART)
def _has_contact(stream, ids, alters, strong, p):
    """Who has contact this month, of their own or through strong alters who have contact of their own."""
    u = uniforms(stream, ids)
    own = (u < p.contact_chance).astype(np.int32)
    n = np.zeros(u.size, np.int32)
    for slot in strong:
        owner, alter = slot // SLOTS, np.uint32(alters[slot])
        n[owner] += own[alter]
        n[alter] += own[owner]
    contact = np.empty(u.size, np.bool_)
    for i in range(u.size):
        contact[i] = u[i] < min(1.0, p.contact_chance + p.contact_neighbour * n[i])
    return contact


@njit(**PART)
def _clip(value):
    return min(1.0, max(0.0, value))


@njit(**PART)
def _move(trust, first, knots, per_ask, contact, outcomes, needed, surprise, residents, p):
    for i in range(trust.size):
        T = trust[i]
        G = _clip(first[i] + between(knots, first[i]))
        learnt = 0.0
        if contact[i] and needed[i]:
            e = p.outcome_spread * normal_quantile(uniform(outcomes, residents.id[i]))
            o = _clip(G + p.experience_weight * surprise[i] + e)
            L = 1.0 if o >= T else 1.0 + (p.loss_ratio - 1.0) * 4.0 * T * (1.0 - T)
            learnt = p.gain * L * (o - T)
        back = p.revert_rate / 12.0 * (G - T)
        trust[i] = _clip(T + learnt + back + per_ask * residents.unsupported_asks[i])
