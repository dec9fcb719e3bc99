"""Reorganisation, the fast hand: what is announced and strikes, then who goes, their ties, and who comes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sim.chance import Die, derived_id, uniform, uniform2
from sim.compiling import KERNEL, PART
from sim.elementary import expm1, log1p
from sim.indexes import holds, in_lottery_order
from sim.ledger import Flow
from sim.state import (
    COUNCIL_BODY,
    EMPTY,
    HEALTH_BODY,
    NO_REORGANISATION,
    NOBODY,
    PARTNERS,
    RESTRUCTURE,
    STRUCTURAL,
    Ints,
)  # fmt: skip

STAYS = -1


class Grounds(NamedTuple):
    """The columns of charities by which an officer who comes may know them."""

    id: Ints
    alive: Ints
    neighbourhood: Ints
    serves_place: Ints


@njit(**KERNEL)
def reorganise(officers, bodies, partnerships, acquaintances, charities, council, neighbourhoods, world, row, month, p,
               seed, streams, ledger):  # fmt: skip
    """A month of announcements, strikes, leaving and hiring."""
    pay = _pay(council)
    cut = np.zeros(bodies.kind.size)
    _announce(COUNCIL_BODY, bodies, world.planned_council, row, month, p)
    _announce(HEALTH_BODY, bodies, world.planned_health, row, month, p)
    raised = 1.0 + p.stress * max(0.0, 1.0 - pay)
    _may_announce(COUNCIL_BODY, STRUCTURAL, world.structural_rate[row] * raised, bodies, month, p, streams)
    _may_announce(COUNCIL_BODY, RESTRUCTURE, world.restructure_rate[row] * raised, bodies, month, p, streams)
    _may_announce(HEALTH_BODY, STRUCTURAL, world.health_rate[row], bodies, month, p, streams)
    for body in range(cut.size):
        bodies.struck[body] = NO_REORGANISATION
        if bodies.kind[body] != NO_REORGANISATION and bodies.strikes[body] <= month:
            cut[body] = _strike(body, officers, bodies, council, neighbourhoods, month, p)
    stays_open = _posts_kept(officers, bodies, pay, p, seed)
    gone = _who_goes(officers, bodies, cut, stays_open, p, streams)
    _end_partnerships(gone, officers, charities, partnerships, p, streams, ledger)
    _end_acquaintances(gone, officers, acquaintances, p, streams, ledger)
    _pass_posts_on(gone, stays_open, officers, month, ledger)
    for k in range(gone.size):
        if gone[k] == Flow.OFFICER_REORGANISED:
            _bring_ties(k, officers, charities, partnerships, month, p, streams, ledger)


@njit(**PART)
def _pay(council):
    """Discretionary spending beside founding; 1 where there was none."""
    if council.discretionary_founding[0] <= 0.0:
        return 1.0
    return council.spend_discretionary[0] / council.discretionary_founding[0]


@njit(**PART)
def _announce(body, bodies, planned, row, month, p):
    """The next planned reorganisation is announced as soon as its notice begins, or late if need be."""
    for ahead in range(min(p.notice_months, planned.size - 1 - row) + 1):
        if planned[row + ahead] != NO_REORGANISATION:
            if bodies.kind[body] == NO_REORGANISATION or month + ahead <= bodies.strikes[body]:
                bodies.kind[body] = planned[row + ahead]
                bodies.strikes[body] = month + ahead
            return


@njit(**PART)
def _may_announce(body, kind, rate, bodies, month, p, streams):
    if bodies.kind[body] != NO_REORGANISATION:
        return
    if uniform2(streams[Die.REORGANISATION], body, kind) < -expm1(-rate / 12.0):
        bodies.kind[body] = kind
        bodies.strikes[body] = month + p.notice_months


@njit(**PART)
def _strike(body, officers, bodies, council, neighbourhoods, month, p):
    """Money, stall and pictures at once; gives the share of posts that change hands."""
    kind = bodies.kind[body]
    cut = p.damage * (p.structural_cut if kind == STRUCTURAL else p.restructure_cut)
    if body == COUNCIL_BODY:
        council.reorganisation_due[0] += p.cost_share * (council.core_founding[0] + council.other_founding[0])
        if kind == STRUCTURAL:
            council.saved_share[0] += p.saving_share
    free_again = month + int(p.damage * p.stall_months + 0.5)
    bodies.stalled_until[body] = max(bodies.stalled_until[body], free_again)
    kept = 1.0 - cut * _share_of_posts(body, officers)
    for b in range(neighbourhoods.picture_need.size):
        neighbourhoods.picture_need[b] *= kept
        neighbourhoods.picture_resources[b] *= kept
    bodies.struck[body] = kind
    bodies.kind[body] = NO_REORGANISATION
    bodies.strikes[body] = -1
    return cut


@njit(**PART)
def _share_of_posts(body, officers):
    own, filled = 0.0, 0.0
    for k in range(officers.id.size):
        if officers.filled[k] == 1:
            filled += 1.0
            if officers.body[k] == body:
                own += 1.0
    return own / filled if filled > 0.0 else 0.0


@njit(**PART)
def _posts_kept(officers, bodies, pay, p, seed):
    """1 for each post that there is money for. The lottery is keyed by run and post, not by month."""
    n = officers.post.size
    tickets = np.empty(n, np.uint64)
    for k in range(n):
        tickets[k] = np.uint64(derived_id(derived_id(officers.post[k], seed), np.int64(Die.POST_CUT)))
    left = bodies.posts_founding.astype(np.int64)
    share = min(1.0, max(0.0, 1.0 - p.posts_first * (1.0 - pay)))
    left[COUNCIL_BODY] = int(left[COUNCIL_BODY] * share + 0.5)
    kept = np.zeros(n, np.int8)
    for k in range(n):
        if officers.protected[k] == 1:
            left[officers.body[k]] -= 1
            kept[k] = 1
    for k in in_lottery_order(tickets):
        if kept[k] == 0 and left[officers.body[k]] > 0:
            left[officers.body[k]] -= 1
            kept[k] = 1
    return kept


@njit(**PART)
def _who_goes(officers, bodies, cut, stays_open, p, streams):
    """For each post the flow under which its holder goes, or STAYS."""
    gone = np.full(officers.id.size, STAYS, np.int64)
    for k in range(gone.size):
        if officers.filled[k] == 0:
            continue
        body = officers.body[k]
        times = 1.0 if bodies.kind[body] == NO_REORGANISATION else p.notice_turnover
        if stays_open[k] == 0:
            gone[k] = Flow.OFFICER_REDUNDANT
        elif uniform(streams[Die.POST_CHANGES], officers.post[k]) < cut[body]:
            gone[k] = Flow.OFFICER_REORGANISED
        elif uniform(streams[Die.OFFICER_LEAVES], officers.id[k]) < -expm1(log1p(-p.turnover) / 12.0 * times):
            gone[k] = Flow.OFFICER_LEFT
    return gone


@njit(**PART)
def _end_partnerships(gone, officers, charities, partnerships, p, streams, ledger):
    for slot in range(partnerships.charity.size):
        g, second, k = partnerships.charity[slot], partnerships.second[slot], slot // PARTNERS
        if g == EMPTY:
            continue
        second_goes = second != NOBODY and gone[second] != STAYS
        if gone[k] != STAYS:
            harm = p.damage if gone[k] == Flow.OFFICER_REORGANISED else 1.0
            lost = p.lost_both if second_goes else p.lost_alone if second == NOBODY else p.lost_second_stays
            if uniform2(streams[Die.CONTACT_SURVIVES], officers.id[k], charities.id[g]) < harm * lost:
                ledger[Flow.PARTNERSHIP_CONTACT_LEFT] += 1.0
                partnerships.charity[slot] = EMPTY
                partnerships.strength[slot] = 0.0
                partnerships.second[slot] = NOBODY
                partnerships.born[slot] = 0
                partnerships.used[slot] = 0
                continue
            partnerships.strength[slot] *= 1.0 - harm * (1.0 - p.strength_kept)
        if second_goes:
            partnerships.second[slot] = NOBODY


@njit(**PART)
def _end_acquaintances(gone, officers, acquaintances, p, streams, ledger):
    for slot in range(acquaintances.resident.size):
        k, who = slot // PARTNERS, acquaintances.who[slot]
        if acquaintances.resident[slot] == EMPTY or gone[k] == STAYS:
            continue
        harm = p.damage if gone[k] == Flow.OFFICER_REORGANISED else 1.0
        if uniform2(streams[Die.CONTACT_SURVIVES], officers.id[k], who) < harm * p.lost_alone:
            ledger[Flow.ACQUAINTANCE_CONTACT_LEFT] += 1.0
            acquaintances.resident[slot] = EMPTY
            acquaintances.who[slot] = 0
            acquaintances.strength[slot] = 0.0
            acquaintances.born[slot] = 0
            acquaintances.used[slot] = 0
        else:
            acquaintances.strength[slot] *= 1.0 - harm * (1.0 - p.strength_kept)


@njit(**PART)
def _pass_posts_on(gone, stays_open, officers, month, ledger):
    for k in range(gone.size):
        if gone[k] != STAYS:
            ledger[gone[k]] += 1.0
        if stays_open[k] == 0:
            officers.filled[k] = 0
        elif gone[k] != STAYS or officers.filled[k] == 0:
            officers.filled[k] = 1
            officers.generation[k] += 1
            officers.id[k] = derived_id(officers.post[k], officers.generation[k])
            officers.since[k] = month
            ledger[Flow.OFFICER_HIRED] += 1.0


@njit(**PART)
def _bring_ties(k, officers, charities, partnerships, month, p, streams, ledger):
    """The newcomer in post k knows some charities of the patch already, each as likely as the next."""
    start, end = k * PARTNERS, (k + 1) * PARTNERS
    for turn in range(p.fresh_ties):
        slot = start
        while slot < end and partnerships.charity[slot] != EMPTY:
            slot += 1
        known = partnerships.charity[start:end]
        choice = _unknown_charities(k, officers, charities, known)
        if slot == end or choice.size == 0:
            return
        u = uniform2(streams[Die.POST_CHANGES], officers.id[k], turn)
        partnerships.charity[slot] = choice[int(u * choice.size)]
        partnerships.strength[slot] = p.fresh_strength
        partnerships.born[slot] = month
        ledger[Flow.PARTNERSHIP_MADE] += 1.0


@njit(**PART)
def _unknown_charities(k, officers, charities, known):
    choice = np.empty(charities.id.size, np.int64)
    found = 0
    for g in range(choice.size):
        home = charities.neighbourhood[g]
        near = charities.serves_place[g] == 1 or officers.first[k] <= home <= officers.last[k]
        if charities.alive[g] == 1 and near and not holds(known, g):
            choice[found] = g
            found += 1
    return choice[:found]
