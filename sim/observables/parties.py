"""What is written down of the two parties: charities by income band, council services, officers, and their joint work.

A charity's row counts by its weight: a branch stands for its part of a body. Money is what arrives in this place.
"""

from __future__ import annotations

import math
from statistics import median
from typing import Any

import numpy as np
from numba import njit

from sim.compiling import KERNEL
from sim.ledger import Flow
from sim.observables.town import PER, Ratio, Town, median_of, observable, share_of
from sim.state import BANDS, EMPTY, LIBRARIES, LIBRARY, NOBODY, PARTNERED, PARTNERS
from sim.units import population

MILLION_BAND = 4
"""The lowest income band over a million pounds a year."""


def _alive(town: Town) -> Any:
    return np.where(town.state.charities.alive == 1, town.state.charities.weight, 0.0)


def _registered(town: Town) -> Any:
    return np.where(town.state.charities.band > 0, _alive(town), 0.0)


def _opened(town: Town) -> Any:
    return np.where(town.state.charities.founded == town.month, _alive(town), 0.0)


def _closed(town: Town) -> Any:
    c = town.state.charities
    return np.where((c.alive == 0) & (c.closed == town.month), town.state.bands.weight[c.band], 0.0)


def _money(*columns: Any) -> float:
    return math.fsum(value for column in columns for value in column.tolist())


@observable("bodies", "charities and unregistered groups", by_quintile=True)
def charities(town: Town) -> Ratio:
    return town.charities(_alive(town))


@observable("bodies", "registered charities", by_quintile=True)
def charities_registered(town: Town) -> Ratio:
    return town.charities(_registered(town))


@observable("bodies", "registered charities founded this month", by_quintile=True)
def charities_opened(town: Town) -> Ratio:
    return town.charities(np.where(town.state.charities.band > 0, _opened(town), 0.0))


@observable("bodies", "registered charities closed this month", by_quintile=True)
def charities_closed(town: Town) -> Ratio:
    return town.charities(np.where(town.state.charities.band > 0, _closed(town), 0.0))


@observable("bodies/1,000 people", "registered charities")
def density_per_1000(town: Town) -> float:
    return _money(_registered(town)) / population(town.size) * PER


@observable("share", "of the income of registered charities, that of those with over a million pounds a year")
def income_share_over_1m(town: Town) -> float:
    c, income = town.state.charities, _income(town)
    return share_of(_money(income[c.band >= MILLION_BAND]), _money(income[c.band > 0]))


def _income(town: Town) -> Any:
    c = town.state.charities
    return c.private_income + c.grants + c.contracts


@observable("ratio", "median of a body's last 12 months' income over the 12 before, real")
def income_growth_median(town: Town) -> float:
    rows, growth = town.growth
    return median_of(growth[town.state.charities.band[rows] > 0])


@observable("GBP/month", "income of charities and groups")
def income_total(town: Town) -> float:
    return float(income_state(town) + income_private(town))


@observable("GBP/month", "of it from the state: the council and the rest of the state")
def income_state(town: Town) -> float:
    return float(income_grants(town) + income_contracts(town))


@observable("GBP/month", "of it from the council")
def income_council(town: Town) -> float:
    return _money(town.state.charities.from_council)


@observable("GBP/month", "of it grants of the state")
def income_grants(town: Town) -> float:
    return town.income.grants


@observable("GBP/month", "of it contracts of the state")
def income_contracts(town: Town) -> float:
    return town.income.contracts


@observable("GBP/month", "of it gifts, fees, trading and legacies")
def income_private(town: Town) -> float:
    return town.income.private


# The council and the purses of policies


@observable("GBP/month", "spending on statutory services")
def spend_statutory(town: Town) -> float:
    return float(town.state.council.spend_statutory[0])


@observable("GBP/month", "spending on discretionary services")
def spend_discretionary(town: Town) -> float:
    return float(town.state.council.spend_discretionary[0])


@observable("GBP/month", "spending on nurture")
def spend_nurture(town: Town) -> float:
    return float(town.ledger[Flow.PURSE_SPENT]) + float(town.ledger[Flow.PURSE_TO_CHARITIES])


@observable("GBP", "left in the purses of policies")
def spend_unspent(town: Town) -> float:
    return math.fsum(town.state.policies.balance.tolist())


@observable("GBP", "what the council holds")
def council_reserves(town: Town) -> float:
    return float(town.state.council.reserves[0])


@observable("0 or 1", "the council cannot balance its budget (section 114)")
def section_114(town: Town) -> float:
    return float(town.state.council.section_114[0])


@observable("venues", "places to meet that are open")
def venues_open(town: Town) -> float:
    b = town.state.neighbourhoods
    return math.fsum(((b.venues_open >> venue) & 1).sum() for venue in range(int(b.venues.max(initial=0))))


# Officers and joint work


def _partnerships(town: Town) -> Any:
    """Strength of every tie between a filled post and a charity that counts as a partnership."""
    ties = town.state.partnerships
    filled = np.repeat(town.state.officers.filled == 1, PARTNERS)
    return ties.strength[(ties.charity != EMPTY) & filled & (ties.strength >= PARTNERED)]


@observable("ties", "ties between officers and charities that are strong enough to work along")
def partnerships(town: Town) -> float:
    return float(len(_partnerships(town)))


@observable("0 to 1", "mean strength of these ties")
def partnership_strength(town: Town) -> float:
    strengths = _partnerships(town)
    return _money(strengths) / len(strengths) if len(strengths) else math.nan


def _known(town: Town, picture: Any) -> float:
    """The mean of a neighbourhood's picture over residents."""
    return _money(picture * town.living_in) / town.size


@observable("0 to 1", "how well needs are known to those who allot hours")
def shared_picture(town: Town) -> float:
    return _known(town, town.state.neighbourhoods.picture_need)


@observable("0 to 1", "how well it is known who could help")
def resource_picture(town: Town) -> float:
    return _known(town, town.state.neighbourhoods.picture_resources)


@observable("share", "of discretionary hours that do not go where need is")
def allocation_error(town: Town) -> float:
    b = town.state.neighbourhoods
    return _money(np.abs(b.allotted - b.needed)) / 2.0


@observable("share", "of discretionary officer hours, in joint work")
def officer_hours_opened(town: Town) -> float:
    s = town.state.services
    open_to = s.statutory == 0
    return share_of(_money(s.joint_officer[open_to]), _money(s.hours[open_to]))


@observable("hours/1,000 residents", "hours that both parties put into joint work")
def hours_coproduced(town: Town) -> float:
    joint = (Flow.HOURS_COUNCIL_JOINT, Flow.HOURS_CHARITY_JOINT, Flow.HOURS_VOLUNTEER_JOINT)
    return town.posted(*joint) * PER


@observable("hours of need met/1,000 residents", "need met by paid and unpaid people together")
def joint_output(town: Town) -> float:
    return town.posted(Flow.NEED_MET_JOINT) * PER


# By income band and by service


BAND_NAMES = ("unregistered", "micro", "small", "medium", "large", "major", "super")


def by_band(town: Town) -> dict[str, tuple[float, ...]]:
    """What is written down for each income band, unregistered groups first."""
    c = town.state.charities

    def summed(values: Any) -> tuple[float, ...]:
        return tuple(np.bincount(c.band, values, BANDS).tolist())

    rows, growth = town.growth
    return {
        "charities": summed(_alive(town)),
        "charities_opened": summed(_opened(town)),
        "charities_closed": summed(_closed(town)),
        "income_total": summed(_income(town)),
        "income_council": summed(c.from_council),
        "income_grants": summed(c.grants),
        "income_contracts": summed(c.contracts),
        "income_private": summed(c.private_income),
        "income_growth_median": tuple(median(each) if each else math.nan for each in _listed(growth, c.band[rows])),
        "locality": _locality(town),
    }


def _locality(town: Town) -> tuple[float, ...]:
    """By band, the mean over charities of the share of its ties with residents that lie where it is at home."""
    c, r = town.state.charities, town.residents
    ties, local = _ties_at_home(r.belongs, r.neighbourhood, np.concatenate(([NOBODY], c.neighbourhood)))
    counted = (ties > 0) & (c.alive == 1)
    shares = _listed(local[counted] / ties[counted], c.band[counted])
    return tuple(share_of(math.fsum(mine), float(len(mine))) for mine in shares)


def _listed(values: Any, bands: Any) -> list[list[float]]:
    """The values of each band."""
    lists: list[list[float]] = [[] for _ in range(BANDS)]
    for value, band in zip(values.tolist(), bands.tolist(), strict=True):
        lists[band].append(value)
    return lists


@njit(**KERNEL)
def _ties_at_home(belongs, lives, homes):  # noqa: ANN001, ANN202 - compiled
    """Ties of each charity with residents, and those of them with residents who live where it is at home.

    Luck decides who belongs, so this does not branch on it: those who do not are counted in a row of their own.
    """
    ties, local = np.zeros(homes.size, np.uint32), np.zeros(homes.size, np.uint32)
    for i in range(belongs.size):
        g = np.uint32(belongs[i] - NOBODY)
        ties[g] += np.uint32(1)
        local[g] += np.uint32(lives[i] == homes[g])
    return ties[1:], local[1:]


def by_service(town: Town) -> dict[str, tuple[float, ...]]:
    """What is written down for each council service, in the order of ``services.csv``."""
    s, b = town.state.services, town.state.neighbourhoods
    per = PER / town.size
    venues = [0.0] * len(s.hours)
    for venue, service in enumerate(VENUE_OF):
        if service < len(venues):
            kept_open = (b.venues_open >> venue) & 1
            if venue == LIBRARY:
                kept_open = kept_open * (b.library_run_by == 0)
            venues[service] += float(kept_open.sum())
    return {
        "hours_staff": tuple((s.hours * per).tolist()),
        "volunteers": tuple(s.volunteers.tolist()),
        "hours_volunteer": tuple((s.joint_citizen * per).tolist()),
        "use": tuple((s.used * per).tolist()),
        "spend": tuple(s.spend.tolist()),
        "venues_open": tuple(venues),
    }


VENUE_OF = (LIBRARIES, 5, 7)
"""The service that runs each of a neighbourhood's venues: libraries, culture and leisure, community."""
UNITS = {
    "by_band": {
        "charities": ("bodies", "charities or groups"),
        "charities_opened": ("bodies", "founded this month"),
        "charities_closed": ("bodies", "closed this month"),
        "income_total": ("GBP/month", "income"),
        "income_council": ("GBP/month", "of it from the council"),
        "income_grants": ("GBP/month", "of it grants of the state"),
        "income_contracts": ("GBP/month", "of it contracts of the state"),
        "income_private": ("GBP/month", "of it gifts, fees, trading and legacies"),
        "income_growth_median": ("ratio", "median of last 12 months' income over the 12 before"),
        "locality": ("share", "of a body's ties with residents, those where it is at home; mean over bodies"),
    },
    "by_service": {
        "hours_staff": ("hours/1,000 residents", "paid hours of the council's own staff"),
        "volunteers": ("people", "citizens in its joint work"),
        "hours_volunteer": ("hours/1,000 residents", "hours that they put in"),
        "use": ("hours of need met/1,000 residents", "need that the service met, alone and jointly"),
        "spend": ("GBP/month", "spending, contracts included"),
        "venues_open": ("venues", "places to meet that it keeps open"),
    },
}
"""Units and meanings of what `by_band` and `by_service` hold."""
