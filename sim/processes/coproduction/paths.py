"""Who joins with whom: the hours set aside, and the route that each citizen's hours take."""
# ruff: noqa: ANN001, ANN201, ANN202 - compiled kernels carry no types

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.compiling import KERNEL, PART
from sim.elementary import exp, log
from sim.state import ALLIES, EMPTY, NOBODY, PARTNERS, Floats, Ints

DIRECT, BROKERED, OWN, NO_ROUTE = 0, 1, 2, -1
ROUNDS = 3
"""How often those whose path is shut look again."""


class Routes(NamedTuple):
    """What is set aside, and where it goes."""

    route: Ints  # (N,) DIRECT, BROKERED, OWN or NO_ROUTE
    via: Ints  # (N,) slot of Acquaintances or of Partnerships, or row of Charities
    quality: Floats  # (N,)
    hours: Floats  # (N,) S_i of those with a route
    running: Floats  # (N,) R_i of it
    path_hours: Floats  # (N,) hours that all citizens of the path set aside
    opened: Floats  # (B, S) O_bs
    staff: Floats  # (C,) G_g


@njit(**KERNEL)
def choose_the_routes(
    residents, charities, openness, services, neighbourhoods, officers, partnerships, acquaintances, alliances, bodies,
    p, month,
):  # fmt: skip
    """Open the hours, and let every citizen take the best route that is not shut. It changes nothing.

    Paths are numbered: posts that know citizens, then slots of partnerships, then charities with staff.
    """
    opening = min(1.0, p.open_share * openness[0])
    free = _free_posts(officers, bodies, month)
    opened = _opened(services, neighbourhoods.allotted, neighbourhoods.protected_hours, officers, free, opening)
    staff = opening * charities.paid_hours
    hours = _set_aside(residents, min(1.0, p.set_aside * openness[0]))
    useful = _useful(opened, services.sigma_ratio, p)
    brokers = _brokers(charities, partnerships, alliances)
    posts, slots = officers.id.size, partnerships.charity.size
    shut = np.zeros(posts + slots + charities.id.size, np.bool_)
    route = np.full(hours.size, NO_ROUTE, np.int8)
    via = np.zeros(hours.size, np.int32)
    quality = np.zeros(hours.size)
    total = np.zeros(shut.size)
    for _ in range(ROUNDS):
        route[:] = NO_ROUTE
        quality[:] = 0.0
        _go_direct(residents, hours, acquaintances, officers, free, useful, shut, p, route, via, quality)
        if p.brokerage:
            best, strength = _best_brokers(brokers, officers, free, useful, shut, p)
            _go_brokered(residents, hours, charities, best, strength, route, via, quality, p)
            _go_own(residents, hours, charities, staff, shut[posts + slots :], route, via, quality, p)
        total[:] = 0.0
        for i in range(hours.size):
            if route[i] != NO_ROUTE:
                total[_path(route[i], via[i], posts, slots)] += hours[i]
        if not _shut_the_small(total, shut, p):
            break
    running, path_hours = _share_the_cost(route, via, hours, total, shut, posts, slots, p)
    return Routes(route, via, quality, hours, running, path_hours, opened, staff)


@njit(**PART)
def _free_posts(officers, bodies, month):
    free = np.zeros(officers.id.size, np.bool_)
    for o in range(free.size):
        free[o] = officers.filled[o] == 1 and month >= bodies.stalled_until[officers.body[o]]
    return free


@njit(**PART)
def _opened(services, allotted, protected, officers, free, opening):
    """Hours opened by neighbourhood and service, as far as its posts there may use them."""
    posts = np.zeros((allotted.size, services.hours.size))
    at_work = np.zeros_like(posts)
    for o in range(free.size):
        if officers.filled[o] == 1:
            for b in range(officers.first[o], officers.last[o] + 1):
                posts[b, officers.service[o]] += 1.0
                at_work[b, officers.service[o]] += free[o]
    opened, kept_apart = np.zeros_like(posts), np.zeros(services.hours.size)
    for b in range(allotted.size):
        for s in range(kept_apart.size):
            kept_apart[s] += protected[b, s]
    for b in range(allotted.size):
        for s in range(services.hours.size):
            if services.statutory[s] == 0 and posts[b, s] > 0.0:
                hours = opening * (services.hours[s] - kept_apart[s]) * allotted[b] + protected[b, s]
                opened[b, s] = hours * (at_work[b, s] / posts[b, s])
    return opened


@njit(**PART)
def _set_aside(residents, share):
    hours = np.zeros(residents.id.size)
    for i in range(hours.size):
        if residents.role[i] != NOBODY:
            hours[i] = share * residents.pledged_hours[i]
    return hours


@njit(**PART)
def _useful(opened, sigma_ratio, p):
    """Whether citizens have anything to gain: somebody to join, or no need of anybody."""
    useful = np.zeros(opened.shape, np.bool_)
    for b in range(opened.shape[0]):
        for s in range(opened.shape[1]):
            useful[b, s] = opened[b, s] > 0.0 or p.sigma * sigma_ratio[s] > 1.0
    return useful


@njit(**PART)
def _brokers(charities, partnerships, alliances):
    """(charity, slot, w_oc) of each charity's partnerships and of its allies', whoever sought the alliance."""
    held = charities.id.size
    start = np.zeros(held + 1, np.int64)
    slot_of = np.empty(partnerships.charity.size, np.int32)
    for slot in range(slot_of.size):
        if partnerships.charity[slot] != EMPTY:
            start[partnerships.charity[slot] + 1] += 1
    for g in range(held):
        start[g + 1] += start[g]
    filled = start[:-1].copy()
    for slot in range(slot_of.size):
        g = partnerships.charity[slot]
        if g != EMPTY:
            slot_of[filled[g]] = slot
            filled[g] += 1
    found = []
    for g in range(held):
        for place in range(start[g], start[g + 1]):
            slot = slot_of[place]
            found.append((g, slot, partnerships.strength[slot]))
    for bond in range(alliances.other.size):
        a, g = bond // ALLIES, int(alliances.other[bond])
        if g == EMPTY or charities.id[g] != alliances.who[bond]:
            continue
        if charities.alive[a] == 1 and charities.alive[g] == 1:
            for seeker in (True, False):
                one, other = (a if seeker else g), (g if seeker else a)
                for place in range(start[other], start[other + 1]):
                    w = alliances.strength[bond] * partnerships.strength[slot_of[place]]
                    found.append((one, slot_of[place], w))
    return found


@njit(**PART)
def _best_brokers(brokers, officers, free, useful, shut, p):
    """For each charity and neighbourhood, the slot of the strongest partnership and its w_oc; EMPTY for none."""
    charities = shut.size - officers.id.size * (1 + PARTNERS)
    best = np.full((charities, useful.shape[0]), EMPTY, np.int32)
    strength = np.zeros(best.shape)
    for g, slot, w in brokers:
        o = slot // PARTNERS
        if w <= 0.0 or not free[o] or shut[officers.id.size + slot]:
            continue
        for b in range(officers.first[o], officers.last[o] + 1):
            if useful[b, officers.service[o]]:
                ahead = w > strength[g, b] if p.route_quality else slot < best[g, b]
                if best[g, b] == EMPTY or ahead or (w == strength[g, b] and slot < best[g, b]):
                    best[g, b], strength[g, b] = slot, w
    return best, strength


@njit(**PART)
def _go_direct(residents, hours, acquaintances, officers, free, useful, shut, p, route, via, quality):
    for slot in range(acquaintances.resident.size):
        i, o = acquaintances.resident[slot], slot // PARTNERS
        if i == EMPTY or hours[i] <= 0.0 or acquaintances.who[slot] != residents.id[i] or not free[o] or shut[o]:
            continue
        b = residents.neighbourhood[i]
        if officers.first[o] <= b <= officers.last[o] and useful[b, officers.service[o]]:
            q = math.sqrt(acquaintances.strength[slot] * residents.trust_council[i])
            _take(i, DIRECT, slot, q, p, route, via, quality)


@njit(**PART)
def _go_brokered(residents, hours, charities, best, strength, route, via, quality, p):
    for i in range(hours.size):
        g, b = residents.role[i], residents.neighbourhood[i]
        if hours[i] > 0.0 and charities.alive[g] == 1 and residents.belongs[i] == g and best[g, b] != EMPTY:
            links = strength[g, b] * residents.belonging[i] * residents.trust_charity[i]
            if links > 0.0:
                q = exp(log(links) / 3.0) * charities.quality[g]
                _take(i, BROKERED, best[g, b], q, p, route, via, quality)


@njit(**PART)
def _go_own(residents, hours, charities, staff, shut, route, via, quality, p):
    for i in range(hours.size):
        g = residents.role[i]
        if hours[i] <= 0.0 or charities.alive[g] != 1 or residents.belongs[i] != g or shut[g]:
            continue
        if staff[g] > 0.0 and staff[g] >= p.path_hours:
            q = math.sqrt(residents.belonging[i] * residents.trust_charity[i]) * charities.quality[g]
            _take(i, OWN, g, q, p, route, via, quality)


@njit(**PART)
def _take(i, kind, through, q, p, route, via, quality):
    """Take a route if it is open and better than what was found before."""
    if q > 0.0 and not p.route_quality:
        q = 1.0
    q = min(1.0, q)
    if q > quality[i]:
        route[i], via[i], quality[i] = kind, through, q


@njit(**PART)
def _path(route, via, posts, slots):
    if route == DIRECT:
        return via // PARTNERS
    return posts + via if route == BROKERED else posts + slots + via


@njit(**PART)
def _shut_the_small(total, shut, p):
    """Shut the paths whose citizens cannot pay for them, and say whether there were any."""
    found = False
    for path in range(total.size):
        if 0.0 < total[path] < p.path_hours:
            shut[path] = True
            found = True
    return found


@njit(**PART)
def _share_the_cost(route, via, hours, total, shut, posts, slots, p):
    running = np.zeros(hours.size)
    path_hours = np.zeros(hours.size)
    for i in range(hours.size):
        if route[i] != NO_ROUTE:
            path = _path(route[i], via[i], posts, slots)
            if shut[path]:
                route[i] = NO_ROUTE
            else:
                path_hours[i] = total[path]
                running[i] = p.path_hours * hours[i] / total[path]
        if route[i] == NO_ROUTE:
            hours[i] = 0.0
    return running, path_hours
