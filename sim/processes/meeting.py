"""Meeting: people meet through what they share.

    h_ij = planned_c (sum of the weights of the contexts that i and j share and that are open) / founding mean_c  G_ij
           + together_b min(n_i, n_j),   n: hours at nurtured meetings, of two who came to those of one neighbourhood b
    G_ij ~ gamma(2) of mean 1
    together_b = min(1, (circle - 1) / (residents of b who came - 1)): whether two of them sat in the same one

Contexts: the street (one neighbourhood), the group (one charity), the venue (one neighbourhood and one venue, while it
is open), and whatever needs no place (telephone, visits). While meeting is banned venues and groups are shut, the
street keeps a share, and ties strong enough keep a share of their planned hours at a distance.

Reads   ties, residents.neighbourhood, role, venue, nurtured_hours; neighbourhoods.venues_open;
        world.meeting_ban
Writes  ties.hours, residents.planned_hours, met_neighbour
Source  Hours that hold a tie: worked out from Hall (2019) and the observed 41 minutes of company a day. The rest is
        assumption.
Departs Founding means are taken by class, so that a class is met, on average, for the hours that hold it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sim.chance import Dice, Die, two_uniforms
from sim.community import Community
from sim.compiling import KERNEL, PART
from sim.elementary import log, log_plain
from sim.indexes import BLOCK, held_slots, pairs
from sim.parameters import numbers, parameter, room_parameters
from sim.state import BONDING, EMPTY, NOBODY, SLOTS, WEAK, State

DEEPENING = 3
"""Where the kernel's table of planned hours holds weak ties that are taken up."""
ROLE_BITS, VENUE_BITS, SHUT = 32, 6, 63
"""Bits that name a charity, and a venue beside its neighbourhood; what stands for one that is shut, of at most 32."""


@room_parameters
class Parameters:
    """The numbers of meeting."""

    bonding_hours: float = parameter(
        1.8, unit="hours/month", low=1.0, high=4.0, source="worked out from decay, Hall 2019", confidence="medium",
        meaning="planned hours of a bonding tie: they hold it at .70")
    weak_hours: float = parameter(
        1.0, unit="hours/month", low=0.5, high=2.0, source="worked out from decay, Hall 2019", confidence="medium",
        meaning="planned hours of a weak tie: they hold it at .25")
    bridging_hours: float = parameter(
        1.5, unit="hours/month", low=0.5, high=3.0, source="worked out from decay and Burt 2000", confidence="low",
        meaning="planned hours of a bridging tie: they hold it at .12")
    deepening_hours: float = parameter(
        5.0, unit="hours/month", low=3.0, high=10.0, source="Hall 2019: 50 to 90 hours to a friend",
        confidence="medium",
        meaning="planned hours of a weak tie that has been taken up")
    street_weight: float = parameter(
        0.3, unit="share", low=0.0, high=1.0, source="assumption", meaning="weight of living in one neighbourhood")
    group_weight: float = parameter(
        0.3, unit="share", low=0.0, high=1.0, source="assumption", meaning="weight of a role in one charity")
    venue_weight: float = parameter(
        0.2, unit="share", low=0.0, high=1.0, source="assumption", meaning="weight of going to one venue")
    remote_weight: float = parameter(
        0.2, unit="share", low=0.0, high=1.0, source="assumption", meaning="weight of contact that needs no place")
    ban_street: float = parameter(
        0.3, unit="share", low=0.0, high=1.0, source="assumption", meaning="what a meeting ban leaves of the street")
    ban_remote: float = parameter(
        0.4, unit="share", low=0.0, high=1.0, source="assumption",
        meaning="planned hours that a meeting ban leaves at a distance")
    ban_strength: float = parameter(
        0.1, unit="strength", low=0.0, high=0.5, source="assumption",
        meaning="weakest tie kept up at a distance in a ban")
    contact_hours: float = parameter(
        0.25, unit="hours", low=0.0, high=1.0, source="assumption",
        meaning="least hours in a month that count as having met a neighbour")
    circle: int = parameter(
        20, unit="people", low=2, high=200, source="assumption",
        meaning="people at one nurtured meeting; where more come in a month, there are several")  # fmt: skip


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: the hours that every tie shares this month."""
    _kernel(
        state.residents, state.ties, state.classes, numbers(p), dice.streams,
        bool(state.world.meeting_ban[state.world_row]), state.neighbourhoods.venues_open,
    )  # fmt: skip


@njit(**KERNEL)
def _kernel(residents, ties, classes, p, streams, banned, venues_open):  # noqa: ANN001, ANN202
    """Luck decides which contexts a tie has, so what it shares is looked up, without branching."""
    residents.planned_hours[:] = 0.0
    residents.met_neighbour[:] = 0
    planned, expected = _expect(classes, p, banned)
    nurtured = np.any(residents.nurtured_hours > 0.0)
    together = _together(residents.neighbourhood, residents.nurtured_hours, venues_open.size, p.circle)
    haunts = _haunts(residents.neighbourhood, residents.venue, residents.role, venues_open)
    slots = held_slots(ties.alter)
    for first in range(0, slots.size, BLOCK):
        held = slots[first : first + BLOCK]
        luck = _luck(held, ties.alter, residents.id, streams)
        for tie in range(held.size):
            slot = held[tie]
            i, j = slot // SLOTS, np.uint32(ties.alter[slot])
            kind = np.uint8(DEEPENING if ties.deepening[slot] else ties.klass[slot])
            residents.planned_hours[i] += planned[kind]
            residents.planned_hours[j] += planned[kind]
            mine, apart = haunts[i], haunts[i] ^ haunts[j]
            near = apart >> (ROLE_BITS + VENUE_BITS) == 0
            venue = (apart >> ROLE_BITS == 0) & ((mine >> ROLE_BITS) & SHUT != SHUT)
            group = (np.int32(apart) == 0) & (np.int32(mine) != NOBODY)
            kept_up = ties.strength[slot] >= p.ban_strength
            shared = np.uint8(near) << 3 | np.uint8(venue) << 2 | np.uint8(group) << 1 | np.uint8(kept_up)
            hours = expected[np.uint8(kind << 4 | shared)] * luck[tie]
            if nurtured:
                shared_there = min(residents.nurtured_hours[i], residents.nurtured_hours[j])
                hours += near * (together[residents.neighbourhood[i]] * shared_there)
            met = near & (hours >= p.contact_hours)
            residents.met_neighbour[i] |= met
            residents.met_neighbour[j] |= met
            ties.hours[slot] = hours


@njit(**PART)
def _expect(classes, p, banned):  # noqa: ANN001, ANN202
    """Hours planned with each kind of tie, and hours expected by kind, street, venue, group, and strong enough.

    The latter in one row, so that the five are one number to look up by.
    """
    planned = np.array((p.bonding_hours, p.weak_hours, p.bridging_hours, p.deepening_hours))
    street = p.street_weight * (p.ban_street if banned else 1.0)
    group, venue, remote = p.group_weight, p.venue_weight, p.remote_weight
    distance = 0.0
    if banned:
        group, venue, remote, distance = 0.0, 0.0, 0.0, p.ban_remote
    expected = np.empty((planned.size, 2, 2, 2, 2))
    for kind, near, same_venue, same_group, kept_up in np.ndindex(expected.shape):
        at_founding = max(1e-9, classes.contexts_founding[WEAK if kind == DEEPENING else kind])
        shared = remote + street * near + venue * same_venue + group * same_group
        fit = shared / at_founding
        fit += distance * kept_up
        expected[kind, near, same_venue, same_group, kept_up] = planned[kind] * fit
    return planned, expected.reshape(-1)


@njit(**PART)
def _luck(held, alter, ids, streams):  # noqa: ANN001, ANN202
    """Gamma(2) of mean 1 for each tie: two exponential draws, as one logarithm of their uniforms' product."""
    u, v = two_uniforms(streams[Die.SHARED_HOURS], pairs(held, alter, ids))
    luck = np.empty(held.size)
    for tie in range(held.size):
        luck[tie] = -0.5 * log(u[tie] * v[tie])
    return luck


@njit(**PART)
def _together(neighbourhood, nurtured_hours, parts, circle):  # noqa: ANN001, ANN202
    """The chance that two of a neighbourhood who came to nurtured meetings came to the same."""
    came = np.zeros(parts)
    for i in range(neighbourhood.size):
        came[neighbourhood[i]] += nurtured_hours[i] > 0.0
    together = np.ones(parts)
    for b in range(parts):
        if came[b] > circle:
            together[b] = (circle - 1.0) / (came[b] - 1.0)
    return together


@njit(**PART)
def _haunts(neighbourhood, venue, role, venues_open):  # noqa: ANN001, ANN202
    """Neighbourhood, open venue and charity of each resident as one number, so that one look at an end tells all."""
    haunts = np.empty(neighbourhood.size, np.int64)
    for i in range(haunts.size):
        is_open = (venues_open[neighbourhood[i]] >> venue[i]) & 1 == 1
        where = np.int64(neighbourhood[i]) << VENUE_BITS | np.int64(venue[i] if is_open else SHUT)
        haunts[i] = where << ROLE_BITS | np.int64(np.uint32(role[i]))
    return haunts


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: one tie at a time."""
    banned = bool(community.drivers.meeting_ban)
    came = [0] * len(community.neighbourhoods)
    for resident in community.residents:
        resident.planned_hours, resident.met_neighbour = 0.0, 0
        came[resident.neighbourhood] += resident.nurtured_hours > 0.0
    together = [(p.circle - 1.0) / (n - 1.0) if n > p.circle else 1.0 for n in came]
    for slot, tie in enumerate(community.ties):
        if tie.alter == EMPTY:
            continue
        ego, alter = community.owner(slot), community.residents[tie.alter]
        planned = {BONDING: p.bonding_hours, WEAK: p.weak_hours}.get(tie.klass, p.bridging_hours)
        if tie.klass == WEAK and tie.deepening:
            planned = p.deepening_hours
        near = ego.neighbourhood == alter.neighbourhood
        same_group = ego.role == alter.role != NOBODY
        same_venue = near and ego.venue == alter.venue and is_open(ego, community)
        contexts = [(near, p.street_weight), (same_venue, p.venue_weight), (same_group, p.group_weight)]
        shared = p.remote_weight
        for is_shared, weight in contexts:
            if is_shared:
                shared += weight
        if banned:
            shared = p.street_weight * p.ban_street if near else 0.0
        fit = shared / max(1e-9, community.classes[tie.klass].contexts_founding)
        if banned and tie.strength >= p.ban_strength:
            fit += p.ban_remote
        u, v = dice.two(Die.SHARED_HOURS, ego.id, alter.id)
        tie.hours = planned * fit * (-0.5 * log_plain(u * v))
        if near:
            tie.hours += together[ego.neighbourhood] * min(ego.nurtured_hours, alter.nurtured_hours)
        for one in (ego, alter):
            one.planned_hours += planned
            if near and tie.hours >= p.contact_hours:
                one.met_neighbour = 1


def is_open(resident: Any, community: Community) -> bool:
    """Whether the venue that a resident goes to is open this month."""
    return bool(community.neighbourhoods[resident.neighbourhood].venues_open >> resident.venue & 1)
