"""What is written down each month, from the state alone: name, unit, meaning.

One function an observable. A function returns a number, or, where the observable is also given by deprivation quintile,
a `Ratio` of two columns over residents (or over charities), which is then summed within each quintile. Sums run in the
order of the rows, so the bits do not depend on the machine's vector width.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from sim.chance import Dice, Die, uniform
from sim.indexes import Incident, held_slots, ties_by_resident
from sim.ledger import Flow
from sim.state import BRIDGING, EMPTY, QUINTILES, SLOTS, STRONG, SURVIVAL_MONTHS, State
from sim.units import MONTHS_A_YEAR, population

PER = 1000.0
"""Hours are given for every 1,000 residents."""
ENOUGH = 0.8
"""Share of a person's need that counts as enough support."""
TRUSTS = 0.5
"""Trust above which a person says, in a survey, that they trust."""
CLUSTERING_SAMPLE = 500
"""Residents, on average, in the keyed sample."""
TOP_SHARES = {"hours_top9_share": 0.09, "hours_top36_share": 0.36}


class Observed(NamedTuple):
    """A month written down: by name, for the whole place and by quintile (1 most deprived first)."""

    whole: dict[str, float]
    by_quintile: dict[str, tuple[float, ...]]


class Ratio(NamedTuple):
    """A numerator; a denominator (a value a row, or summed by quintile, or none); the quintile of each row."""

    top: Any
    bottom: Any
    quintile: Any
    scale: float = 1.0


class Observable(NamedTuple):
    """One entry of what is written down."""

    name: str
    unit: str
    meaning: str
    by_quintile: bool
    measure: Callable[[Town], float | Ratio]


OBSERVABLES: dict[str, Observable] = {}
"""Everything that is written down, by name, in the order of the tables."""


def observable(unit: str, meaning: str, *, by_quintile: bool = False) -> Callable[[Any], Any]:
    """Enter a function of `Town` under its own name."""

    def enter(measure: Callable[[Town], float | Ratio]) -> Callable[[Town], float | Ratio]:
        name = str(getattr(measure, "__name__"))  # noqa: B009 - mypy knows no name of a callable
        OBSERVABLES[name] = Observable(name, unit, meaning, by_quintile, measure)
        return measure

    return enter


class Town:
    """A state as the observables see it: columns derived once a month and shared."""

    def __init__(self, state: State, config: Any) -> None:
        self.state, self.config, self.month = state, config, state.month
        self.residents, self.ties, self.ledger = state.residents, state.ties, state.ledger
        self.size = len(state.residents.id)
        self.quintile = state.neighbourhoods.quintile[state.residents.neighbourhood].astype(np.int64) - 1

    def among(self, top: Any, bottom: Any | None = None, scale: float = 1.0) -> Ratio:
        """A ratio over residents; over everybody, unless a denominator is given."""
        return Ratio(top, self.counts if bottom is None else bottom, self.quintile, scale)

    @cached_property
    def counts(self) -> tuple[float, ...]:
        """Residents of each quintile."""
        return tuple(np.bincount(self.quintile, minlength=QUINTILES).astype(np.float64).tolist())

    def posted(self, *flows: Flow) -> float:
        """What was posted of these flows, for every resident."""
        return sum(float(self.state.ledger[flow]) for flow in flows) / self.size

    @cached_property
    def active(self) -> Any:
        """Gave formal hours this month."""
        return self.residents.formal_hours > 0.0

    @cached_property
    def need(self) -> Any:
        """Hours of need of each resident."""
        return _across(self.residents.need)

    @cached_property
    def met(self) -> Any:
        """Hours of it met."""
        return _across(self.residents.met)

    @cached_property
    def tied(self) -> Any:
        """Slots that hold a tie."""
        return self.ties.alter != EMPTY

    @cached_property
    def degrees(self) -> Any:
        """Ties and strong ties of each resident, whoever owns them: (2, N)."""
        return _degrees(self.ties.alter, self.ties.strength, self.size)

    @cached_property
    def incident(self) -> Incident:
        """The ties of each resident."""
        return ties_by_resident(self.ties)

    @cached_property
    def year_hours(self) -> Any:
        """Formal and neighbourly hours of each resident over the last 12 months, greatest first."""
        given = self.residents.formal_hours + self.residents.helping_hours
        return np.sort(_across_the_year(self.residents.hours_past, given, self.month % MONTHS_A_YEAR))[::-1]

    def past(self, column: str, months_ago: int) -> float:
        """A count of an earlier month."""
        return float(getattr(self.state.past, column)[(self.month - months_ago) % (SURVIVAL_MONTHS + 1)])

    @cached_property
    def charity_quintile(self) -> Any:
        """Quintile of the neighbourhood where each charity is at home."""
        return self.state.neighbourhoods.quintile[self.state.charities.neighbourhood].astype(np.int64) - 1

    def charities(self, top: Any) -> Ratio:
        """A plain sum over charities."""
        return Ratio(top, None, self.charity_quintile)


def observe(state: State, config: Any) -> Observed:
    """Write down one month, before it is remembered."""
    town = Town(state, config)
    whole: dict[str, float] = {}
    by_quintile: dict[str, tuple[float, ...]] = {}
    for name, entry in OBSERVABLES.items():
        value = entry.measure(town)
        if isinstance(value, Ratio):
            whole[name], parts = _sum_up(value)
            if entry.by_quintile:
                by_quintile[name] = parts
        else:
            whole[name] = float(value)
    return Observed(whole, by_quintile)


def _sum_up(ratio: Ratio) -> tuple[float, tuple[float, ...]]:
    top = _by_quintile(ratio.quintile, np.asarray(ratio.top, np.float64)).tolist()
    if ratio.bottom is None:
        return math.fsum(top), tuple(top)
    bottom = ratio.bottom
    if not isinstance(bottom, tuple):
        bottom = _by_quintile(ratio.quintile, np.asarray(bottom, np.float64)).tolist()
    parts = tuple(_share(a, b) * ratio.scale for a, b in zip(top, bottom, strict=True))
    return _share(math.fsum(top), math.fsum(bottom)) * ratio.scale, parts


def _share(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.nan


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
    return town.posted(Flow.LEFT_LIFE, Flow.LEFT_PLACE, Flow.LEFT_OVERLOAD, Flow.LEFT_OTHER)


@observable("share of joins", "took up a role because somebody inside asked")
def joined_by_ask(town: Town) -> float:
    return _share(town.posted(Flow.JOINED_INSIDE_ASK), volunteer_joined(town))


@observable("share of residents", "roles ended by a change in life, a move away or a death")
def left_life(town: Town) -> float:
    return town.posted(Flow.LEFT_LIFE, Flow.LEFT_PLACE)


@observable("share of residents", "roles ended by overload")
def left_overload(town: Town) -> float:
    return town.posted(Flow.LEFT_OVERLOAD)


@observable("share of residents", "help without a role, which ends with the month")
def left_one_off(town: Town) -> float:
    return town.posted(Flow.ONE_OFF_ENDED)


@observable("share of residents", "roles ended for other causes")
def left_other(town: Town) -> float:
    return town.posted(Flow.LEFT_OTHER)


@observable("share", "of those not active 12 months ago, active now")
def volunteer_entry_12(town: Town) -> float:
    before = (town.residents.active_months >> 12) & 1
    return _share(float(np.count_nonzero(town.active & (before == 0))), float(np.count_nonzero(before == 0)))


@observable("share", "of those active 12 months ago, not active now")
def volunteer_exit_12(town: Town) -> float:
    before = (town.residents.active_months >> 12) & 1
    return _share(float(np.count_nonzero(~town.active & (before == 1))), float(np.count_nonzero(before == 1)))


@observable("hours/month", "median formal hours of the active")
def hours_median(town: Town) -> float:
    return float(np.median(town.residents.formal_hours[town.active])) if town.active.any() else math.nan


def _top_share(town: Town, share: float) -> float:
    running = np.cumsum(town.year_hours)
    return _share(float(running[max(0, round(share * town.size) - 1)]), float(running[-1]))


@observable("share", "formal and neighbourly hours over 12 months given by the top 9%")
def hours_top9_share(town: Town) -> float:
    return _top_share(town, TOP_SHARES["hours_top9_share"])


@observable("share", "formal and neighbourly hours over 12 months given by the top 36%")
def hours_top36_share(town: Town) -> float:
    return _top_share(town, TOP_SHARES["hours_top36_share"])


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


def _paid_hours(town: Town) -> float:
    return float(hours_charity(town) + hours_council(town))


def _unpaid_hours(town: Town) -> float:
    given = town.residents.formal_hours + town.residents.helping_hours
    return math.fsum(_by_quintile(town.quintile, given).tolist()) / town.size * PER


@observable("hours/1,000 residents", "hours moved from paid to unpaid since the year before month 0")
def hours_shifted(town: Town) -> float:
    before = town.state.constants
    lost = max(0.0, float(before.paid_before[0]) - _paid_hours(town))
    return min(lost, max(0.0, _unpaid_hours(town) - float(before.unpaid_before[0])))


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
    given = r.formal_hours + r.helping_hours
    if not p.latent:
        return town.among(given, scale=PER)
    role = _role_hours_if_supported(r, float(town.state.constants.join_rate[0]), p)
    return town.among(np.maximum(r.formal_hours, role) + r.helping_hours + r.spare_hours, scale=PER)


def _role_hours_if_supported(r: Any, k0: float, p: Any) -> Any:
    """Hours of a role times the share of time it would be held with most asking and without overload."""
    grade = np.where(r.group < 3, p.resources_abc1, p.resources_c2de) * np.where(r.ever == 1, p.return_ratio, 1.0)
    join = k0 * np.exp(p.civic_slope * r.civic - p.civic_slope**2 / 2) * grade
    join *= (1.0 - p.asked_share) + p.asked_share * p.asked_most
    leave = p.leave_chance * (p.life_share + p.other_share)
    return join / (join + leave) * np.minimum(p.hours_most, p.role_hours * np.exp(p.hours_spread * r.devotion))


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


# Ties


@observable("ties", "ties between residents that a resident has", by_quintile=True)
def ties_per_resident(town: Town) -> Ratio:
    return town.among(town.degrees[0])


@observable("share", "of ties, bridging")
def bridging_share(town: Town) -> float:
    bridging = np.count_nonzero(town.tied & (town.ties.klass == BRIDGING))
    return _share(float(bridging), float(np.count_nonzero(town.tied)))


@observable("share", "of pairs of a resident's alters, tied to each other; mean over a keyed sample of residents")
def clustering(town: Town) -> float:
    stream = Dice(town.state.seed, 0).streams[Die.CLUSTERING_SAMPLE]
    return float(_mean_clustering(town.incident, town.residents.id, stream, CLUSTERING_SAMPLE / town.size))


@observable("share", "residents in the largest connected part of the network")
def giant_component(town: Town) -> float:
    return float(_largest_part(town.ties.alter, town.size)) / town.size


@observable("share", "residents without a strong tie", by_quintile=True)
def lonely(town: Town) -> Ratio:
    return town.among(town.degrees[1] == 0.0)


@observable("share", "of ties alive 12 months ago, alive now")
def tie_survival_12(town: Town) -> float:
    old = np.count_nonzero(town.tied & (town.ties.born <= town.month - MONTHS_A_YEAR))
    return _share(float(old), town.past("ties", MONTHS_A_YEAR))


@observable("share", "of ties strong 84 months ago, alive now")
def tie_survival_84(town: Town) -> float:
    row = (town.month - SURVIVAL_MONTHS) % (SURVIVAL_MONTHS + 1)
    was_strong = np.unpackbits(town.state.strong_ties.bits[row], count=len(town.ties.alter)).astype(bool)
    alive = town.tied & (town.ties.born <= town.month - SURVIVAL_MONTHS) & was_strong
    return _share(float(np.count_nonzero(alive)), town.past("strong", SURVIVAL_MONTHS))


# Charities, council and purse


@observable("bodies", "charities and unregistered groups", by_quintile=True)
def charities(town: Town) -> Ratio:
    return town.charities(town.state.charities.weight)


@observable("bodies", "registered charities", by_quintile=True)
def charities_registered(town: Town) -> Ratio:
    bodies = town.state.charities
    return town.charities(np.where(bodies.band > 0, bodies.weight, 0.0))


@observable("bodies/1,000 people", "registered charities")
def density_per_1000(town: Town) -> float:
    bodies = town.state.charities
    return math.fsum(bodies.weight[bodies.band > 0].tolist()) / population(town.size) * PER


@observable("GBP/month", "spending on statutory services")
def spend_statutory(town: Town) -> float:
    return float(town.state.council.spend_statutory[0])


@observable("GBP/month", "spending on discretionary services")
def spend_discretionary(town: Town) -> float:
    return float(town.state.council.spend_discretionary[0])


@observable("GBP/month", "spending on nurture")
def spend_nurture(town: Town) -> float:
    return float(town.ledger[Flow.PURSE_SPENT])


@observable("GBP", "left in the purses of policies")
def spend_unspent(town: Town) -> float:
    return math.fsum(town.state.policies.balance.tolist())


@observable("GBP", "what the council holds")
def council_reserves(town: Town) -> float:
    return float(town.state.council.reserves[0])


@observable("0 or 1", "the council cannot balance its budget (section 114)")
def section_114(town: Town) -> float:
    return float(town.state.council.section_114[0])


@observable("venues", "places to meet")
def venues_open(town: Town) -> float:
    return float(town.state.neighbourhoods.venues.sum())


# What the place remembers


def remember(state: State) -> None:
    """Keep of this month what later months look back on."""
    town, row = Town(state, None), state.month % (SURVIVAL_MONTHS + 1)
    past = state.past
    strong = town.tied & (state.ties.strength >= STRONG)
    past.ties[row], past.strong[row] = np.count_nonzero(town.tied), np.count_nonzero(strong)
    past.active[row] = np.count_nonzero(town.active)
    past.paid_hours[row], past.unpaid_hours[row] = _paid_hours(town), _unpaid_hours(town)
    state.strong_ties.bits[row] = np.packbits(strong)
    hours = state.residents.formal_hours + state.residents.helping_hours
    state.residents.hours_past[:, state.month % MONTHS_A_YEAR] = hours


@njit(cache=True)
def _by_quintile(quintile, values):  # noqa: ANN001, ANN202
    """Sums in the order of the rows."""
    sums = np.zeros(QUINTILES)
    for row in range(values.size):
        sums[quintile[row]] += values[row]
    return sums


@njit(cache=True)
def _across(columns):  # noqa: ANN001, ANN202
    """Row sums, from the first column to the last."""
    total = np.zeros(columns.shape[0])
    for row in range(total.size):
        for k in range(columns.shape[1]):
            total[row] += columns[row, k]
    return total


@njit(cache=True)
def _across_the_year(past, given, month):  # noqa: ANN001, ANN202
    """Row sums likewise, with this month's hours in the place of those of a year ago."""
    total = np.zeros(given.size)
    for row in range(given.size):
        for k in range(past.shape[1]):
            total[row] += given[row] if k == month else past[row, k]
    return total


@njit(cache=True)
def _degrees(alter, strength, residents):  # noqa: ANN001, ANN202
    degrees = np.zeros((2, residents))
    for slot in held_slots(alter):
        i, j, strong = slot // SLOTS, np.uint32(alter[slot]), strength[slot] >= STRONG
        degrees[0, i] += 1.0
        degrees[0, j] += 1.0
        degrees[1, i] += strong
        degrees[1, j] += strong
    return degrees


@njit(cache=True)
def _mean_clustering(incident, ids, stream, share):  # noqa: ANN001, ANN202
    total, counted = 0.0, 0
    seen_from = np.full(ids.size, -1)
    for i in range(ids.size):
        if uniform(stream, ids[i]) >= share:
            continue
        start, end = incident.start[i], incident.start[i + 1]
        pairs = (end - start) * (end - start - 1)
        if pairs == 0:
            continue
        for entry in range(start, end):
            seen_from[incident.other[entry]] = i
        closed = 0
        for entry in range(start, end):
            j = incident.other[entry]
            for further in range(incident.start[j], incident.start[j + 1]):
                closed += seen_from[incident.other[further]] == i
        total += closed / pairs
        counted += 1
    return total / counted if counted else np.nan


@njit(cache=True)
def _largest_part(alter, residents):  # noqa: ANN001, ANN202
    """Residents in the largest connected part: union by size, paths halved.

    Most ties join what has been joined already: what an end was led to is kept, so that this is seen at once.
    """
    root = np.arange(residents)
    size = np.ones(residents, np.int64)
    for slot in held_slots(alter):
        i, j = np.int64(slot // SLOTS), np.int64(alter[slot])
        a, b = root[i], root[j]
        if a == b:
            continue
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        root[i], root[j] = a, b
        if a != b:
            if size[a] < size[b]:
                a, b = b, a
            root[b] = a
            size[a] += size[b]
    return size.max()
