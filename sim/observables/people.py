"""What is written down of people: volunteering, hours, need and capacity, trust and influence."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.elementary import COMPILED, exps
from sim.ledger import Flow
from sim.observables.town import PER, Ratio, Town, by_part, median_of, observable, positive, share_of
from sim.parameters import numbers

ENOUGH = 0.8
"""Share of a person's need that counts as enough support."""
TRUSTS = 0.5
"""Trust above which a person says, in a survey, that they trust."""


# Volunteering


@observable("share", "residents who gave formal hours this month", by_quintile=True)
def formal_volunteering(town: Town) -> Ratio:
    return town.among(town.active)


@observable("share", "residents who gave formal hours in the last 12 months", by_quintile=True)
def formal_volunteering_yearly(town: Town) -> Ratio:
    return town.among((town.residents.active_months & 0xFFF) != 0)


@observable("share", "residents who helped a neighbour this month", by_quintile=True)
def informal_help(town: Town) -> Ratio:
    return town.among(town.residents.helping_hours > 0.0)


@observable("share", "residents who gave and received neighbourly help in the last 12 months", by_quintile=True)
def favours_exchanged(town: Town) -> Ratio:
    r = town.residents
    return town.among(((r.helped_months & 0xFFF) != 0) & ((r.received_months & 0xFFF) != 0))


@observable("share", "residents who met a neighbour this month", by_quintile=True)
def neighbour_contact(town: Town) -> Ratio:
    return town.among(town.residents.met_neighbour == 1)


@observable("share of residents", "took up a role this month")
def volunteer_joined(town: Town) -> float:
    return town.posted(Flow.JOINED_INSIDE_ASK, Flow.JOINED_OUTSIDE_ASK, Flow.JOINED_UNASKED)


@observable("share of residents", "gave up a role this month, moving away and dying included")
def volunteer_left(town: Town) -> float:
    return town.posted(Flow.LEFT_LIFE, Flow.LEFT_PLACE, Flow.LEFT_OVERLOAD, Flow.LEFT_OTHER, Flow.LEFT_CLOSED)


@observable("share of joins", "took up a role because somebody inside asked")
def joined_by_ask(town: Town) -> float:
    return share_of(town.posted(Flow.JOINED_INSIDE_ASK), volunteer_joined(town))


@observable("share of residents", "roles ended by a change in life, a move away or a death")
def left_life(town: Town) -> float:
    return town.posted(Flow.LEFT_LIFE, Flow.LEFT_PLACE)


@observable("share of residents", "roles ended by overload")
def left_overload(town: Town) -> float:
    return town.posted(Flow.LEFT_OVERLOAD)


@observable("share of residents", "help without a role, which ends with the month")
def left_one_off(town: Town) -> float:
    return town.posted(Flow.ONE_OFF_ENDED)


@observable("share of residents", "roles ended because the group closed")
def left_closed(town: Town) -> float:
    return town.posted(Flow.LEFT_CLOSED)


@observable("share of residents", "roles ended for other causes")
def left_other(town: Town) -> float:
    return town.posted(Flow.LEFT_OTHER)


@observable("share", "of those not active 12 months ago, active now")
def volunteer_entry_12(town: Town) -> float:
    before = (town.residents.active_months >> 12) & 1
    return share_of(float(np.count_nonzero(town.active & (before == 0))), float(np.count_nonzero(before == 0)))


@observable("share", "of those active 12 months ago, not active now")
def volunteer_exit_12(town: Town) -> float:
    before = (town.residents.active_months >> 12) & 1
    return share_of(float(np.count_nonzero(~town.active & (before == 1))), float(np.count_nonzero(before == 1)))


@observable("hours/month", "median formal hours of the active")
def hours_median(town: Town) -> float:
    return median_of(positive(town.residents.formal_hours))


@observable("share", "formal and neighbourly hours over 12 months given by the top 9%")
def hours_top9_share(town: Town) -> float:
    return town.top_shares[0]


@observable("share", "formal and neighbourly hours over 12 months given by the top 36%")
def hours_top36_share(town: Town) -> float:
    return town.top_shares[1]


# Hours, need and capacity


@observable("hours/1,000 residents", "formal hours given by volunteers", by_quintile=True)
def hours_volunteer(town: Town) -> Ratio:
    return town.among(town.residents.formal_hours, scale=PER)


@observable("hours/1,000 residents", "hours given to neighbours", by_quintile=True)
def hours_neighbour(town: Town) -> Ratio:
    return town.among(town.residents.helping_hours, scale=PER)


@observable("hours/1,000 residents", "paid hours of charities")
def hours_charity(town: Town) -> float:
    return town.posted(Flow.HOURS_CHARITY) * PER


@observable("hours/1,000 residents", "paid hours of the council")
def hours_council(town: Town) -> float:
    return town.posted(Flow.HOURS_COUNCIL) * PER


def _council_hours(town: Town, statutory: int) -> float:
    services = town.state.services
    return math.fsum(services.hours[services.statutory == statutory].tolist()) / town.size * PER


@observable("hours/1,000 residents", "paid hours of statutory council services")
def hours_statutory(town: Town) -> float:
    return _council_hours(town, 1)


@observable("hours/1,000 residents", "paid hours of discretionary council services")
def hours_discretionary(town: Town) -> float:
    return _council_hours(town, 0)


def paid_hours(town: Town) -> float:
    return float(hours_charity(town) + hours_council(town))


def unpaid_hours(town: Town) -> float:
    return math.fsum(by_part(town.part, town.given).tolist()) / town.size * PER


@observable("hours/1,000 residents", "hours moved from paid to unpaid since the year before month 0")
def hours_shifted(town: Town) -> float:
    before = town.state.constants
    lost = max(0.0, float(before.paid_before[0]) - paid_hours(town))
    return min(lost, max(0.0, unpaid_hours(town) - float(before.unpaid_before[0])))


@observable("hours/1,000 residents", "need that arose", by_quintile=True)
def need(town: Town) -> Ratio:
    return town.among(town.need, scale=PER)


@observable("share", "of the hours of need, unmet", by_quintile=True)
def unmet_need(town: Town) -> Ratio:
    return town.among(town.need - town.met, town.need)


@observable("hours/1,000 residents", "need of care that unmet prevention has brought", by_quintile=True)
def crisis_need(town: Town) -> Ratio:
    return town.among(town.residents.crisis, scale=PER)


@observable("share", "of those in need, with at least 80% of it met", by_quintile=True)
def enough_support(town: Town) -> Ratio:
    in_need = town.need > 0.0
    return town.among(in_need & (town.met >= ENOUGH * town.need), in_need)


@observable("hours of need met/1,000 residents", "need met from every source", by_quintile=True)
def capacity(town: Town) -> Ratio:
    return town.among(town.met, scale=PER)


@observable("hours of need met/1,000 residents", "need met by paid hours")
def capacity_paid(town: Town) -> float:
    return town.posted(Flow.NEED_MET_COUNCIL, Flow.NEED_MET_CHARITY) * PER


@observable("hours of need met/1,000 residents", "need met by volunteers and neighbours")
def capacity_unpaid(town: Town) -> float:
    return town.posted(Flow.NEED_MET_VOLUNTEERS, Flow.NEED_MET_NEIGHBOURS) * PER


@observable("hours/1,000 residents", "would be given if asked, trusted, supported: not spare labour", by_quintile=True)
def potential(town: Town) -> Ratio:
    r, p = town.residents, town.config.volunteering
    if not p.latent:
        return town.among(town.given, scale=PER)
    role = _role_hours_if_supported(r, float(town.state.constants.join_rate[0]), numbers(p))
    return town.among(np.maximum(r.formal_hours, role) + r.helping_hours + r.spare_hours, scale=PER)


@njit(**COMPILED)
def _role_hours_if_supported(residents, k0, p):  # noqa: ANN001, ANN202 - compiled
    """Hours of a role times the share of time it would be held with most asking and without overload."""
    inclined = exps(p.civic_slope, residents.civic, p.civic_slope * p.civic_slope / 2.0)
    hours = exps(p.hours_spread, residents.devotion, 0.0)
    asked = (1.0 - p.asked_share) + p.asked_share * p.asked_most
    leave = p.leave_chance * (p.life_share + p.other_share)
    for i in range(hours.size):
        grade = p.resources_abc1 if residents.group[i] < 3 else p.resources_c2de
        grade *= p.return_ratio if residents.ever[i] == 1 else 1.0
        join = k0 * inclined[i] * grade * asked
        hours[i] = join / (join + leave) * min(p.hours_most, p.role_hours * hours[i])
    return hours


# Trust and influence


@observable("0 to 1", "mean trust in the council", by_quintile=True)
def trust_council(town: Town) -> Ratio:
    return town.among(town.residents.trust_council)


@observable("share", "residents who say that they trust the council", by_quintile=True)
def trust_council_share(town: Town) -> Ratio:
    return town.among(town.residents.trust_council > TRUSTS)


@observable("0 to 1", "mean trust in charities", by_quintile=True)
def trust_charity(town: Town) -> Ratio:
    return town.among(town.residents.trust_charity)


@observable("share", "residents who feel that they can influence local decisions", by_quintile=True)
def influence(town: Town) -> Ratio:
    return town.among(town.residents.influence == 1)
