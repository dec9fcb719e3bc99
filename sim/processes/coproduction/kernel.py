"""Joint work, the fast hand: hours meet in cells (neighbourhood, service), yield, meet need and build pictures.

The last column of a cell table stands for charities' own staff.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.chance import Die, bits
from sim.compiling import KERNEL, PART
from sim.indexes import in_lottery_order, start_and_row
from sim.ledger import Flow
from sim.processes.coproduction.output import joint_output
from sim.processes.coproduction.paths import BROKERED, DIRECT, NO_ROUTE, OWN
from sim.state import PARTNERS

FIRST_TURN, TURN = 7, 13
"""Bits by which a ticket of serving is turned, so that each kind has an order of its own, and none is serving's."""
PARTS = ((61, 0), (61, 1), (62, 1), (63, 1))
"""The lottery is held in parts: first an eighth of the tickets, then as many again as had their turn. A ticket is of a
part if it is the second number once it is shifted right by the first."""
LONG_HERE = 120
"""Months of residence after which a place is known."""


@njit(**KERNEL)
def work_together(
    residents, charities, services, neighbourhoods, service_of_post, partnership_used, acquaintance_used, constants,
    routes, p, streams, ledger, month,
):  # fmt: skip
    """Bring the hours together, say what they yield, take them out of the solo pools, meet need, build pictures."""
    start, row = start_and_row(residents.neighbourhood, neighbourhoods.quintile.size)
    people = (start[1:] - start[:-1]).astype(np.float64)
    cell = cells(routes, service_of_post)
    paid, citizens, weighed, running, direct = meet(residents.neighbourhood, routes, cell)
    output = _yield(people, paid, weighed, running, services, constants, p, month)
    own_kinds = _put_in(residents, charities, services, neighbourhoods, routes, cell, output, partnership_used,
                        acquaintance_used)  # fmt: skip
    _book(services, neighbourhoods, charities, paid, citizens, running, output, routes.opened, ledger)
    _by_route(neighbourhoods, output, weighed, direct)
    _fill(services, neighbourhoods, output, own_kinds)
    _meet_need(residents, start, row, services, neighbourhoods.joint_kinds, output, p, streams, ledger)
    _draw_the_pictures(residents, neighbourhoods, routes.who, people, p, month)


@njit(**KERNEL)
def cells(routes, service_of_post):
    """The service in which each citizen works: that of the post, or the last for charities' own staff."""
    cell = np.full(routes.route.size, NO_ROUTE, np.int32)
    for n in range(cell.size):
        if routes.route[n] == OWN:
            cell[n] = routes.opened.shape[1]
        elif routes.route[n] != NO_ROUTE:
            cell[n] = service_of_post[routes.via[n] // PARTNERS]
    return cell


@njit(**KERNEL)
def meet(neighbourhood, routes, cell):
    """By cell: paid hours opened, V, qV, hours of running, and the part of qV that came directly."""
    places, services = routes.opened.shape
    paid = np.zeros((places, services + 1))
    citizens, weighed = np.zeros((places, services + 1)), np.zeros((places, services + 1))
    running, direct = np.zeros((places, services + 1)), np.zeros((places, services + 1))
    for b in range(places):
        for s in range(services):
            paid[b, s] = routes.opened[b, s]
    for n in range(cell.size):
        if cell[n] != NO_ROUTE:
            b, s = neighbourhood[routes.who[n]], cell[n]
            work = routes.hours[n] - routes.running[n]
            citizens[b, s] += work
            weighed[b, s] += routes.quality[n] * work
            running[b, s] += routes.running[n]
            if routes.route[n] == DIRECT:
                direct[b, s] += routes.quality[n] * work
            elif routes.route[n] == OWN:
                paid[b, s] += _beside(n, routes)
    return paid, citizens, weighed, running, direct


@njit(**PART)
def _beside(n, routes):
    """The staff hours of a charity that stand beside one of its citizens."""
    return routes.staff[routes.via[n]] * routes.hours[n] / routes.path_hours[n]


@njit(**PART)
def _yield(people, paid, weighed, running, services, constants, p, month):
    """Hours of need that joint work can meet, by cell."""
    efficiency = p.efficiency * constants.joint_scale[0] * (constants.joint_first[0] if month == 0 else 1.0)
    output = np.zeros(paid.shape)
    own = paid.shape[1] - 1
    for b in range(paid.shape[0]):
        for s in range(own + 1):
            if weighed[b, s] <= 0.0:
                continue
            founding, citizen, quality = (
                constants.joint_staff_founding[0], constants.joint_member_founding[0],
                constants.joint_member_quality_founding[0])  # fmt: skip
            sigma = p.sigma
            if s < own:
                founding, citizen = services.joint_officer_founding[s], services.joint_citizen_founding[s]
                quality = services.joint_quality_founding[s]
                sigma = p.sigma * services.sigma_ratio[s]
            if founding > 0.0 and citizen > 0.0 and quality > 0.0:
                thousands = people[b] / 1000.0
                l = max(0.0, paid[b, s] - running[b, s]) / thousands / founding
                v = weighed[b, s] / thousands / citizen
                scale = efficiency * (founding + citizen / quality)
                output[b, s] = thousands * joint_output(l, v, scale, p.officer_part, sigma)
    return output


@njit(**PART)
def _put_in(residents, charities, services, neighbourhoods, routes, cell, output, partnership_used, acquaintance_used):
    """Who is at work, citizen by citizen; the hours of charities' own route by neighbourhood and kind."""
    partnership_used[:] = 0
    acquaintance_used[:] = 0
    charities.joint_staff_hours[:] = 0.0
    services.joint_citizen[:] = 0.0
    services.volunteers[:] = 0.0
    neighbourhoods.joint_citizen[:] = 0.0
    own_kinds = np.zeros(neighbourhoods.joint_kinds.shape)
    residents.joint_hours[:] = 0.0
    for n in range(cell.size):
        i, s = routes.who[n], cell[n]
        b = residents.neighbourhood[i]
        if s == NO_ROUTE or output[b, s] <= 0.0:
            continue
        hours = routes.hours[n]
        residents.joint_hours[i] = hours
        neighbourhoods.joint_citizen[b] += hours
        if routes.route[n] == OWN:
            g = routes.via[n]
            staff = _beside(n, routes)
            charities.joint_staff_hours[g] += staff
            for k in range(own_kinds.shape[1]):
                own_kinds[b, k] += (staff + hours) * charities.kinds[g, k]
            continue
        services.joint_citizen[s] += hours
        services.volunteers[s] += 1.0
        if routes.route[n] == BROKERED:
            partnership_used[routes.via[n]] = 1
        else:
            acquaintance_used[routes.via[n]] = 1
    return own_kinds


@njit(**PART)
def _book(services, neighbourhoods, charities, paid, citizens, running, output, opened, ledger):
    """Hours of both sides, cell by cell, with their flows."""
    services.joint_officer[:] = 0.0
    services.joint_output[:] = 0.0
    neighbourhoods.joint_officer[:] = 0.0
    neighbourhoods.joint_charity[:] = 0.0
    own = opened.shape[1]
    for b in range(output.shape[0]):
        for s in range(own + 1):
            if output[b, s] <= 0.0:
                continue
            spent = min(paid[b, s], running[b, s])
            ledger[Flow.HOURS_VOLUNTEER] += citizens[b, s] + running[b, s]
            ledger[Flow.HOURS_VOLUNTEER_JOINT] += citizens[b, s]
            ledger[Flow.HOURS_VOLUNTEER_RUNNING] += running[b, s]
            if s < own:
                services.joint_officer[s] += paid[b, s]
                services.joint_output[s] += output[b, s]
                neighbourhoods.joint_officer[b] += paid[b, s]
                ledger[Flow.HOURS_COUNCIL] += paid[b, s]
                ledger[Flow.HOURS_COUNCIL_JOINT] += paid[b, s] - spent
                ledger[Flow.HOURS_COUNCIL_RUNNING] += spent
            else:
                neighbourhoods.joint_charity[b] += paid[b, s]
                ledger[Flow.HOURS_CHARITY] += paid[b, s]
                ledger[Flow.HOURS_CHARITY_JOINT] += paid[b, s] - spent
                ledger[Flow.HOURS_CHARITY_RUNNING] += spent
    for s in range(own):
        services.joint_officer[s] = min(services.joint_officer[s], services.hours[s])
    for g in range(charities.id.size):
        charities.joint_staff_hours[g] = min(charities.joint_staff_hours[g], charities.paid_hours[g])


@njit(**PART)
def _by_route(neighbourhoods, output, weighed, direct):
    neighbourhoods.joint_routes[:] = 0.0
    own = output.shape[1] - 1
    for b in range(output.shape[0]):
        for s in range(own):
            if output[b, s] > 0.0:
                part = direct[b, s] / weighed[b, s]
                neighbourhoods.joint_routes[b, DIRECT] += output[b, s] * part
                neighbourhoods.joint_routes[b, BROKERED] += output[b, s] * (1.0 - part)
        neighbourhoods.joint_routes[b, OWN] += output[b, own]


@njit(**PART)
def _fill(services, neighbourhoods, output, own_kinds):
    """Joint output by kind of need."""
    own = output.shape[1] - 1
    for b in range(output.shape[0]):
        hours = 0.0
        for k in range(own_kinds.shape[1]):
            hours += own_kinds[b, k]
        for k in range(own_kinds.shape[1]):
            pool = 0.0
            for s in range(own):
                pool += output[b, s] * services.kinds[s, k]
            if hours > 0.0:
                pool += output[b, own] * (own_kinds[b, k] / hours)
            neighbourhoods.joint_kinds[b, k] = pool


@njit(**PART)
def _meet_need(residents, start, row, services, pool, output, p, streams, ledger):
    """Hand the pools out, and say how much of it each service met."""
    left = pool.copy()
    for b in range(pool.shape[0]):
        rows = row[start[b] : start[b + 1]]
        tickets = np.empty(rows.size, np.uint64)
        for n in range(rows.size):
            tickets[n] = bits(streams[Die.SERVE_ORDER], residents.id[rows[n]])
        for k in range(pool.shape[1]):
            left[b, k] = _hand_out(k, left[b, k], rows, tickets, residents, p)
    services.used[:] = 0.0
    for b in range(pool.shape[0]):
        for k in range(pool.shape[1]):
            if pool[b, k] > 0.0:
                ledger[Flow.NEED_MET_JOINT] += pool[b, k] - left[b, k]
                used = (pool[b, k] - left[b, k]) / pool[b, k]
                for s in range(services.used.size):
                    services.used[s] += output[b, s] * services.kinds[s, k] * used


@njit(**PART)
def _hand_out(k, left, rows, tickets, residents, p):
    """One pool, in the order of the lottery, part by part until it is empty, which is soon. What is left of it."""
    asking, turned = np.empty(rows.size + 1, np.uint32), np.empty(rows.size + 1, np.uint64)
    for part in PARTS:
        if left <= 0.0:
            break
        several = _who_asks(k, part, rows, tickets, residents, p, asking, turned)
        for place in in_lottery_order(turned[:several]):
            i = asking[place]
            x = min(_want(i, k, residents, p), left)
            left -= x
            residents.met[i, k] = min(residents.need[i, k], residents.met[i, k] + x)
    return left


@njit(**PART)
def _who_asks(k, part, rows, tickets, residents, p, asking, turned):
    """Those of a part of the lottery who want something, and their tickets; how many.

    Luck decides who they are, so this does not branch on it. Few are of the part, and only these are asked.
    """
    called = np.uint32(0)
    for n in range(rows.size):
        ticket = _turn(tickets[n], FIRST_TURN + TURN * k)
        asking[called], turned[called] = rows[n], ticket
        called += np.uint32(ticket >> np.uint64(part[0]) == np.uint64(part[1]))
    several = np.uint32(0)
    for n in range(called):
        i = asking[n]
        asking[several], turned[several] = i, turned[n]
        several += np.uint32(_want(i, k, residents, p) > 0.0)
    return several


@njit(**PART)
def _want(i, k, residents, p):
    return p.joint_reach * residents.need[i, k] - residents.met[i, k]


@njit(**PART)
def _turn(ticket, by):
    return (ticket << np.uint64(by)) | (ticket >> np.uint64(64 - by))


@njit(**PART)
def _months_here(i, residents, month):
    return min(LONG_HERE, max(0, month - residents.arrived[i]))


@njit(**PART)
def _draw_the_pictures(residents, neighbourhoods, who, people, p, month):
    """Pictures fade, and joint hours build them."""
    if not p.picture:
        neighbourhoods.picture_need[:] = 1.0
        neighbourhoods.picture_resources[:] = 1.0
        return
    known, at_work, known_at_work = np.zeros(people.size), np.zeros(people.size), np.zeros(people.size)
    for i in range(residents.id.size):
        known[residents.neighbourhood[i]] += _months_here(i, residents, month)
    for i in who:
        if residents.joint_hours[i] > 0.0:
            at_work[residents.neighbourhood[i]] += 1.0
            known_at_work[residents.neighbourhood[i]] += _months_here(i, residents, month)
    for b in range(people.size):
        knowledge, x = 1.0, 0.0
        if at_work[b] > 0.0 and known[b] > 0.0:
            knowledge = (known_at_work[b] / at_work[b]) / (known[b] / people[b])
        if people[b] > 0.0:
            both = neighbourhoods.joint_officer[b] + neighbourhoods.joint_charity[b] + neighbourhoods.joint_citizen[b]
            x = (both + neighbourhoods.mapped_hours[b]) / (people[b] / 100.0)
        gain = min(1.0, p.build * x * knowledge)
        for picture in (neighbourhoods.picture_need, neighbourhoods.picture_resources):
            picture[b] = p.kept * picture[b] + gain * (1.0 - picture[b])
