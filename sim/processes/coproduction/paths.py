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
    """What is set aside, by those who hold a role and have hours, and where it goes."""

    who: Ints  # (n,) their rows, ascending
    route: Ints  # (n,) DIRECT, BROKERED, OWN or NO_ROUTE
    via: Ints  # (n,) slot of Acquaintances or of Partnerships, or row of Charities
    path: Ints  # (n,) number of the path, EMPTY without a route
    quality: Floats  # (n,)
    hours: Floats  # (n,) S_i
    running: Floats  # (n,) R_i of those with a route
    path_hours: Floats  # (n,) hours that all citizens of the path set aside
    opened: Floats  # (B, S) O_bs
    staff: Floats  # (C,) G_g


@njit(**KERNEL)
def choose_the_routes(
    residents, charities, openness, services, neighbourhoods, officers, partnerships, acquaintances, alliances, bodies,
    p, month,
):  # fmt: skip
    """Open the hours, and let every citizen take the best route that is not shut. It changes nothing.

    Paths are numbered: posts that know citizens, then slots of partnerships, then charities with staff.

    Who has a route when others are shut keeps it, for it was the best of more. So only those whose path is shut look
    again.
    """
    opening = min(1.0, p.open_share * openness[0])
    free = _free_posts(officers, bodies, month)
    opened = _opened(services, neighbourhoods.allotted, neighbourhoods.protected_hours, officers, free, opening)
    staff = opening * charities.paid_hours
    who, hours = _set_aside(residents, min(1.0, p.set_aside * openness[0]))
    routes = _no_routes(who, hours, opened, staff)
    useful = _useful(opened, services.sigma_ratio, p)
    known = _who_is_known(who, residents, acquaintances, officers, free, useful)
    members = _members(who, residents, charities)
    brokers = _brokers(charities, partnerships, alliances, free)
    posts, slots = officers.id.size, partnerships.charity.size
    shut = np.zeros(posts + slots + charities.id.size, np.bool_)
    looking = np.arange(who.size)
    for _ in range(ROUNDS):
        _go_direct(known, acquaintances, residents, shut, p, routes)
        if p.brokerage:
            best = _best_brokers(brokers, charities.id.size, officers, useful, shut, p)
            _go_brokered(looking, members, residents, charities, brokers, best, posts, p, routes)
            _go_own(looking, members, residents, charities, shut, posts + slots, p, routes)
        total = _total(routes, shut.size)
        if not _shut_the_small(total, shut, p):
            break
        looking = _turned_away(routes, shut)
    _share_the_cost(routes, total, p)
    return routes


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
    """Who holds a role and sets hours aside, and how many. Who does is up to luck, so this does not branch on it."""
    who, hours = np.empty(residents.id.size + 1, np.uint32), np.empty(residents.id.size + 1)
    found = np.uint32(0)
    for i in range(residents.id.size):
        aside = share * residents.pledged_hours[i]
        who[found], hours[found] = i, aside
        found += np.uint32((residents.role[i] != NOBODY) & (aside > 0.0))
    return who[:found].copy(), hours[:found].copy()


@njit(**PART)
def _no_routes(who, hours, opened, staff):
    route, via = np.full(who.size, NO_ROUTE, np.int8), np.zeros(who.size, np.int32)
    path, quality = np.full(who.size, EMPTY, np.int32), np.zeros(who.size)
    return Routes(who, route, via, path, quality, hours, np.zeros(who.size), np.zeros(who.size), opened, staff)


@njit(**PART)
def _useful(opened, sigma_ratio, p):
    """Whether citizens have anything to gain: somebody to join, or no need of anybody."""
    useful = np.zeros(opened.shape, np.bool_)
    for b in range(opened.shape[0]):
        for s in range(opened.shape[1]):
            useful[b, s] = opened[b, s] > 0.0 or p.sigma * sigma_ratio[s] > 1.0
    return useful


@njit(**PART)
def _who_is_known(who, residents, acquaintances, officers, free, useful):
    """(citizen, slot) of the acquaintances that lead a citizen to a post that can join."""
    known = []
    for slot in range(acquaintances.resident.size):
        i, o = acquaintances.resident[slot], slot // PARTNERS
        if i == EMPTY or acquaintances.who[slot] != residents.id[i] or not free[o]:
            continue
        b, n = residents.neighbourhood[i], np.searchsorted(who, i)
        in_reach = officers.first[o] <= b <= officers.last[o] and useful[b, officers.service[o]]
        if n < who.size and who[n] == i and in_reach:
            known.append((n, slot))
    return known


@njit(**PART)
def _members(who, residents, charities):
    """The charity through which a citizen can go: that of the role, if it works and the tie with it holds."""
    members = np.empty(who.size, np.int32)
    for n in range(who.size):
        g = residents.role[who[n]]
        through = (charities.alive[g] == 1) & (residents.belongs[who[n]] == g)
        members[n] = g if through else NOBODY
    return members


@njit(**PART)
def _brokers(charities, partnerships, alliances, free):
    """(charity, slot, w_oc) of each charity's partnerships and of its allies', whoever sought the alliance.

    Only of posts that are free, and with some strength.
    """
    held = charities.id.size
    start = np.zeros(held + 1, np.int64)
    slot_of = np.empty(partnerships.charity.size, np.int32)
    for slot in range(slot_of.size):
        if partnerships.charity[slot] != EMPTY and free[slot // PARTNERS] and partnerships.strength[slot] > 0.0:
            start[partnerships.charity[slot] + 1] += 1
    for g in range(held):
        start[g + 1] += start[g]
    filled = start[:-1].copy()
    for slot in range(slot_of.size):
        g = partnerships.charity[slot]
        if g != EMPTY and free[slot // PARTNERS] and partnerships.strength[slot] > 0.0:
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
                    if w > 0.0:
                        found.append((one, slot_of[place], w))
    return found


@njit(**PART)
def _best_brokers(brokers, charities, officers, useful, shut, p):
    """For each charity and neighbourhood, which of the brokers has the strongest w_oc; EMPTY for none."""
    best = np.full((charities, useful.shape[0]), EMPTY, np.int32)
    for n in range(len(brokers)):
        g, slot, w = brokers[n]
        o = slot // PARTNERS
        if shut[officers.id.size + slot]:
            continue
        for b in range(officers.first[o], officers.last[o] + 1):
            if useful[b, officers.service[o]]:
                if best[g, b] == EMPTY:
                    best[g, b] = n
                else:
                    _, other, strength = brokers[best[g, b]]
                    ahead = w > strength if p.route_quality else slot < other
                    if ahead or (w == strength and slot < other):
                        best[g, b] = n
    return best


@njit(**PART)
def _go_direct(known, acquaintances, residents, shut, p, routes):
    for n, slot in known:
        if not shut[slot // PARTNERS]:
            q = math.sqrt(acquaintances.strength[slot] * residents.trust_council[routes.who[n]])
            _take(n, DIRECT, slot, slot // PARTNERS, q, p, routes)


@njit(**PART)
def _go_brokered(looking, members, residents, charities, brokers, best, posts, p, routes):
    for n in looking:
        i, g = routes.who[n], members[n]
        if g == NOBODY or best[g, residents.neighbourhood[i]] == EMPTY:
            continue
        _, slot, strength = brokers[best[g, residents.neighbourhood[i]]]
        links = strength * residents.belonging[i] * residents.trust_charity[i]
        if links > 0.0:
            q = exp(log(links) / 3.0) * charities.quality[g]
            _take(n, BROKERED, slot, posts + slot, q, p, routes)


@njit(**PART)
def _go_own(looking, members, residents, charities, shut, first, p, routes):
    for n in looking:
        i, g = routes.who[n], members[n]
        if g == NOBODY or shut[first + g]:
            continue
        if routes.staff[g] > 0.0 and routes.staff[g] >= p.path_hours:
            q = math.sqrt(residents.belonging[i] * residents.trust_charity[i]) * charities.quality[g]
            _take(n, OWN, g, first + g, q, p, routes)


@njit(**PART)
def _take(n, kind, through, path, q, p, routes):
    """Take a route if it is open and better than what was found before."""
    if q > 0.0 and not p.route_quality:
        q = 1.0
    q = min(1.0, q)
    if q > routes.quality[n]:
        routes.route[n], routes.via[n], routes.path[n], routes.quality[n] = kind, through, path, q


@njit(**PART)
def _total(routes, paths):
    """Hours that the citizens of each path set aside."""
    total = np.zeros(paths)
    for n in range(routes.path.size):
        if routes.path[n] != EMPTY:
            total[routes.path[n]] += routes.hours[n]
    return total


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
def _turned_away(routes, shut):
    """Those whose path has been shut."""
    away = np.empty(routes.path.size, np.int64)
    found = 0
    for n in range(away.size):
        if routes.path[n] != EMPTY and shut[routes.path[n]]:
            routes.route[n], routes.path[n], routes.quality[n] = NO_ROUTE, EMPTY, 0.0
            away[found] = n
            found += 1
    return away[:found]


@njit(**PART)
def _share_the_cost(routes, total, p):
    for n in range(routes.path.size):
        if routes.path[n] != EMPTY:
            routes.path_hours[n] = total[routes.path[n]]
            routes.running[n] = p.path_hours * routes.hours[n] / total[routes.path[n]]
