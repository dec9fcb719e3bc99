"""Charities' books on the first morning: which bodies there are, what they live on, and how they stand.

    bodies      by quota; a body whose reach exceeds the place is a branch, and weighs population / reach
    incomes     ln income has a density rising or falling evenly over its band, steep enough for the band's mean;
                each of n bodies stands for an n-th of the band and has the mean income of that part
    state       a fixed share of income by band; CONTRACTS_SHARE of all of it are contracts, held by bodies from
                CONTRACTS_FROM_GBP a year on, each in the same proportion
    standing    luck, costs, reserves, deficits and age of a body drawn from those of its band that have settled
                (`settling`)
    births      of a band: its rows times the closings a month of those that have settled with as many members as its
                bodies have

Source  NCVO Almanac: incomes, state income, contracts, reserves. How incomes lie within a band: assumption.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.chance import Dice, Die, permanent_id, uniform
from sim.elementary import exp_plain, expm1_plain, log1p_plain, log_plain
from sim.parameters import numbers
from sim.processes import survival
from sim.processes.survival import make_body
from sim.processes.survival.kernel import CLUSTER, UNREGISTERED
from sim.source import data_table
from sim.state import BANDS, KINDS, NOBODY, SLOTS, STRONG, Bands, Floats, State
from sim.units import monthly_chance, population

if TYPE_CHECKING:
    from sim.founding.settling import Standing
    from sim.place import Place

CONTRACTS_SHARE = 0.71
"""Contracts in all state income of charities."""
CONTRACTS_FROM_GBP = 250_000.0
"""Yearly income from which a charity holds contracts."""
A_BODY = 1_000_000
"""Keeps the ids of bodies apart from those of people."""


class Body(NamedTuple):
    """One body, or branch, on the first morning. Money in pounds a month, the part that works in this place."""

    band: int
    weight: float  # bodies that the row stands for
    private: float
    grants: float
    contracts: float

    @property
    def income(self) -> float:
        """What it lives on."""
        return self.private + self.grants + self.contracts


def bodies_of(place: Place) -> list[Body]:
    """Every body of a place with its weight and its income, band after band."""
    rows = []  # (band, weight, income and state income a year of the whole body)
    for row, (bodies, count) in zip(data_table("bands"), _counted(place), strict=True):
        state_share = float(row["state_share"])
        spread = incomes(float(row["low_gbp"]), float(row["high_gbp"]), float(row["income_gbp"]), count)
        rows += [(int(row["band"]), bodies / count, income, income * state_share) for income in spread]
    under_contract = _share_under_contract([(weight, income, state) for _, weight, income, state in rows])
    return [
        Body(band, weight, *(weight / 12.0 * part for part in _split(income, state, under_contract)))
        for band, weight, income, state in rows
    ]


def _counted(place: Place) -> list[tuple[float, int]]:
    """Of each band: bodies of this place, and rows that stand for them."""
    people = population(place.residents)
    registered = place.charities_per_1000 * people / 1000.0
    counted = []
    for row in data_table("bands"):
        bodies = registered * (float(row["share"]) if row["share"] else place.unregistered_per_registered)
        rows = max(1, round(bodies * max(1.0, float(row["reach"]) / people))) if bodies > 0.0 else 0
        counted.append((bodies, rows))
    return counted


def incomes(low: float, high: float, mean: float, count: int) -> list[float]:
    """Mean incomes of the n-ths of a band, the smallest first.

    With ``v`` running evenly from ``ln low`` to ``ln high``, the density is as ``exp(slope v)``; the slope is found so
    that the mean is met.
    """
    if count == 0:
        return []
    below, above = -60.0, 60.0
    for _ in range(200):
        slope = (below + above) / 2.0
        below, above = (slope, above) if _slices(low, high, slope, 1)[0] < mean else (below, slope)
    return _slices(low, high, (below + above) / 2.0, count)


def _slices(low: float, high: float, slope: float, count: int) -> list[float]:
    width = log_plain(high / low)
    s = slope if abs(slope) > 1e-9 else 1e-9
    up = s + width if abs(s + width) > 1e-9 else 1e-9
    q = np.linspace(0.0, 1.0, count + 1)
    whole = expm1_plain(s)
    cut = [expm1_plain(up * log1p_plain(share * whole) / s) for share in q.tolist()]
    return [float(part) for part in np.diff(cut) * low * s / (whole * up) * count]


def _share_under_contract(rows: Sequence[tuple[float, float, float]]) -> float:
    """Share of a body's state income that is contracts, where it is large enough, so that they make up their share."""
    all_of_it = math.fsum(weight * state for weight, _, state in rows)
    large = math.fsum(weight * state for weight, income, state in rows if income >= CONTRACTS_FROM_GBP)
    return min(1.0, CONTRACTS_SHARE * all_of_it / large) if large > 0.0 else 0.0


def _split(income: float, state: float, under_contract: float) -> tuple[float, float, float]:
    contracts = state * under_contract if income >= CONTRACTS_FROM_GBP else 0.0
    return income - state, state - contracts, contracts


def capacity(bodies: Sequence[Body]) -> int:
    """Rows to set aside: those bodies, and as many again, for what is founded before others close."""
    return 2 * len(bodies) + 16


def set_up(state: State, place: Place, p: survival.Parameters, standing: Standing, work_hours: float) -> None:
    """Fill `Bands` and `Charities` of a state that has `capacity` rows; the services' founding spend must stand.

    Args:
        state: its month is the month that begins.
        place: whose bodies they are.
        p: numbers of survival.
        standing: how bodies of each band have come to stand.
        work_hours: volunteer hours a month that the place's bodies ask for in all.
    """
    bodies, c, bands = bodies_of(place), state.charities, state.bands
    describe_bands(bands, bodies, place, p)
    weights = math.fsum(bands.joining_weight[body.band] for body in bodies)
    work = work_hours / weights if weights > 0.0 else 0.0
    streams = Dice(state.seed, state.month).streams
    for column in c:
        column[...] = 0
    c.closed[:] = state.month - 1  # nothing has closed in a month that anybody looks at
    for g, body in enumerate(bodies):
        c.id[g] = permanent_id(place.neighbourhoods, A_BODY + g)
        c.neighbourhood[g] = g % place.neighbourhoods
        make_body(g, body.band, c, bands, state.services, work, numbers(p), streams, state.month)
        c.weight[g] = body.weight
        c.private_base[g], c.grants_base[g], c.contracts_base[g] = body.private, body.grants, body.contracts
        _stand(g, body, standing, state, uniform(streams[Die.FIRST_BOOKS], c.id[g]))
        c.paid_hours[g] = c.costs[g] * bands.staff_share[body.band] / p.hour_gbp


def _stand(g: int, body: Body, standing: Standing, state: State, u: float) -> None:
    """Row g stands as one of its band, by chance, has come to stand."""
    c, like = state.charities, (body.band, int(u * standing.luck.shape[1]))
    c.luck[g], c.deficits[g] = standing.luck[like], standing.deficits[like]
    c.founded[g] = state.month - standing.age[like]
    c.costs[g], c.reserves[g] = standing.costs[like] * body.income, standing.reserves[like] * body.income
    c.private_income[g] = body.private * exp_plain(float(c.luck[g]))
    c.grants[g], c.contracts[g] = body.grants, body.contracts
    c.income_past[g, :] = c.private_income[g] + c.grants[g] + c.contracts[g]


def describe_bands(bands: Bands, bodies: Sequence[Body], place: Place, p: survival.Parameters) -> None:
    """Fill `Bands` from a place's bodies, but for births and members."""
    people = population(place.residents)
    for b, row in enumerate(data_table("bands")):
        mine = [body for body in bodies if body.band == b]
        reach = float(row["reach"])
        if not mine:  # none here yet: as one would be
            weight, income = min(1.0, people / reach) if reach > 0.0 else 1.0, float(row["income_gbp"])
            parts = _split(income, income * float(row["state_share"]), CONTRACTS_SHARE)
            mine = [Body(b, weight, *(weight / 12.0 * part for part in parts))]
        total = math.fsum(body.income for body in mine)
        bands.income[b], bands.weight[b] = total / len(mine), mine[0].weight
        bands.private_share[b] = math.fsum(body.private for body in mine) / total
        bands.grants_share[b] = math.fsum(body.grants for body in mine) / total
        bands.contracts_share[b] = math.fsum(body.contracts for body in mine) / total
        bands.staff_share[b], bands.joining_weight[b] = float(row["staff_share"]), float(row["volunteers"])
        bands.wide[b], bands.kinds[b] = int(row["wide"]), [float(row[kind]) for kind in KINDS]
    rate = np.where(np.arange(BANDS) == UNREGISTERED, p.group_close_rate, p.close_rate)
    bands.close_chance[:] = [monthly_chance(float(share)) for share in rate]


def founding_chances(state: State, need_pull: float) -> tuple[float, float]:
    """Chances a month, at founding, that a volunteer founds a charity and that a cluster founds a group.

    They bring as many births as `Bands` says, from those who hold a role and those with three strong ties, who live
    where they live: few volunteers live where most need is unmet.

    Args:
        state: after a month has been lived; before the first, need pulls nobody.
        need_pull: how founding follows unmet need in the neighbourhood (k).
    """
    r = state.residents
    pull = _pull_of_need(state, need_pull)[r.neighbourhood]
    strong = np.flatnonzero((state.ties.alter >= 0) & (state.ties.strength >= STRONG))
    ends: Any = np.concatenate([strong // SLOTS, state.ties.alter[strong]])
    clusters = np.bincount(ends, minlength=len(r.id)) >= CLUSTER
    births = state.bands.births
    volunteers, clustered = float(pull[r.role != NOBODY].sum()), float(pull[clusters].sum())
    return float(births[1:].sum()) / max(1.0, volunteers), float(births[0]) / max(1.0, clustered)


def hold_births(state: State, place: Place, standing: Standing, need_pull: float) -> None:
    """As many charities and groups are founded as close, by those who can found any by now.

    Args:
        state: changed in place.
        place: whose rows are kept up.
        standing: how often bodies close that have as many members as those there.
        need_pull: as in `founding_chances`.
    """
    state.bands.births[:] = [rows for _, rows in _counted(place)] * standing.closings(state.bands.members)
    state.constants.register_chance[0], state.constants.group_chance[0] = founding_chances(state, need_pull)


def members(state: State) -> Floats:
    """Residents who belong to a body, by band; where there is none, what was usual before."""
    c, belongs = state.charities, state.residents.belongs
    each, usual = np.bincount(belongs[belongs != NOBODY], minlength=len(c.id)), state.bands.members.copy()
    for band in np.unique(c.band[c.alive == 1]):
        usual[band] = each[(c.alive == 1) & (c.band == band)].mean()
    return usual


def _pull_of_need(state: State, k: float) -> Floats:
    """How much more, or less, is founded in each neighbourhood for the need that is unmet there."""
    r, parts = state.residents, len(state.neighbourhoods.x)
    arisen = np.bincount(r.neighbourhood, r.need.sum(axis=1), parts)
    if not arisen.any():
        return np.ones(parts)
    unmet = 1.0 - np.bincount(r.neighbourhood, r.met.sum(axis=1), parts) / np.maximum(1e-9, arisen)
    return np.asarray((1.0 + k * np.where(arisen > 0.0, unmet, 0.0)) / (1.0 + k * float(state.constants.unmet[0])))
