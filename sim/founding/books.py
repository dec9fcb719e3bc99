"""Charities' books on the first morning: which bodies there are, what they live on, and how they stand.

    bodies      by quota; a body whose reach exceeds the place is a branch, and weighs population / reach
    incomes     ln income has a density rising or falling evenly over its band, steep enough for the band's mean;
                each of n bodies stands for an n-th of the band and has the mean income of that part
    state       a fixed share of income by band; CONTRACTS_SHARE of all of it are contracts, held by bodies from
                CONTRACTS_FROM_GBP a year on, each in the same proportion
    standing    luck, costs, reserves, deficits and age of a body drawn from those that SETTLING_MONTHS of the room of
                survival leave, band by band, where nothing happens from outside and each that closes is followed by
                a new one
    births      of a band: its rows times its closings a month in that same world

Source  NCVO Almanac: incomes, state income, contracts, reserves. How incomes lie within a band: assumption.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from sim.chance import Dice, Die, derived_id, permanent_id, uniform
from sim.compiling import KERNEL
from sim.elementary import exp, exp_plain, expm1_plain, log1p_plain, log_plain
from sim.ledger import Flow
from sim.parameters import numbers
from sim.processes import survival
from sim.processes.survival import STAYS, fates, keep_the_books, make_body
from sim.processes.survival.kernel import CLUSTER, UNREGISTERED
from sim.source import data_table
from sim.state import BANDS, KINDS, NOBODY, SLOTS, STRONG, Bands, Floats, Ints, State, allocate
from sim.units import monthly_chance, population

if TYPE_CHECKING:
    from sim.place import Place

CONTRACTS_SHARE = 0.71
"""Contracts in all state income of charities."""
CONTRACTS_FROM_GBP = 250_000.0
"""Yearly income from which a charity holds contracts."""
SETTLING_MONTHS, COUNTED_MONTHS = 960, 240
"""Eighty years of the room's rule, of which the last twenty are counted."""
SETTLING_BODIES = 2000
"""Bodies of each band in the place that settles."""
SETTLING_SEED = 20_070_401
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


class Standing(NamedTuple):
    """How bodies of each band stand where nothing happens from outside: SETTLING_BODIES of each (7, n)."""

    luck: Floats
    costs: Floats  # beside the income they were made with
    reserves: Floats  # months of that income
    deficits: Ints
    age: Ints  # months
    closing: Floats  # (7,) chance a month to close, for whatever cause


def bodies_of(place: Place) -> list[Body]:
    """Every body of a place with its weight and its income, band after band."""
    people = population(place.residents)
    registered = place.charities_per_1000 * people / 1000.0
    rows = []  # (band, weight, income and state income a year of the whole body)
    for row in data_table("bands"):
        bodies = registered * (float(row["share"]) if row["share"] else place.unregistered_per_registered)
        count = max(1, round(bodies * max(1.0, float(row["reach"]) / people))) if bodies > 0.0 else 0
        state_share = float(row["state_share"])
        spread = incomes(float(row["low_gbp"]), float(row["high_gbp"]), float(row["income_gbp"]), count)
        rows += [(int(row["band"]), bodies / count, income, income * state_share) for income in spread]
    under_contract = _share_under_contract([(weight, income, state) for _, weight, income, state in rows])
    return [
        Body(band, weight, *(weight / 12.0 * part for part in _split(income, state, under_contract)))
        for band, weight, income, state in rows
    ]


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
    all_of_it = sum(weight * state for weight, _, state in rows)
    large = sum(weight * state for weight, income, state in rows if income >= CONTRACTS_FROM_GBP)
    return min(1.0, CONTRACTS_SHARE * all_of_it / large) if large > 0.0 else 0.0


def _split(income: float, state: float, under_contract: float) -> tuple[float, float, float]:
    contracts = state * under_contract if income >= CONTRACTS_FROM_GBP else 0.0
    return income - state, state - contracts, contracts


def capacity(bodies: Sequence[Body]) -> int:
    """Rows to set aside: those bodies, and as many again, for what is founded before others close."""
    return 2 * len(bodies) + 16


def set_up(state: State, place: Place, p: survival.Parameters, work_hours: float) -> None:
    """Fill `Bands` and `Charities` of a state that has `capacity` rows; the services' founding spend must stand.

    Args:
        state: its month is the month that begins.
        place: whose bodies they are.
        p: numbers of survival.
        work_hours: volunteer hours a month that the place's bodies ask for in all.
    """
    bodies, c, bands = bodies_of(place), state.charities, state.bands
    standing = describe_bands(bands, bodies, place, p)
    weights = sum(bands.joining_weight[body.band] for body in bodies)
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
    c, like = state.charities, (body.band, int(u * SETTLING_BODIES))
    c.luck[g], c.deficits[g] = standing.luck[like], standing.deficits[like]
    c.founded[g] = state.month - standing.age[like]
    c.costs[g], c.reserves[g] = standing.costs[like] * body.income, standing.reserves[like] * body.income
    c.private_income[g] = body.private * exp_plain(float(c.luck[g]))
    c.grants[g], c.contracts[g] = body.grants, body.contracts
    c.income_past[g, :] = c.private_income[g] + c.grants[g] + c.contracts[g]


def describe_bands(bands: Bands, bodies: Sequence[Body], place: Place, p: survival.Parameters) -> Standing:
    """Fill `Bands` from a place's bodies, and say how bodies of each band come to stand."""
    people = population(place.residents)
    for b, row in enumerate(data_table("bands")):
        mine = [body for body in bodies if body.band == b]
        reach = float(row["reach"])
        if not mine:  # none here yet: as one would be
            weight, income = min(1.0, people / reach) if reach > 0.0 else 1.0, float(row["income_gbp"])
            parts = _split(income, income * float(row["state_share"]), CONTRACTS_SHARE)
            mine = [Body(b, weight, *(weight / 12.0 * part for part in parts))]
        total = sum(body.income for body in mine)
        bands.income[b], bands.weight[b] = total / len(mine), mine[0].weight
        bands.private_share[b] = sum(body.private for body in mine) / total
        bands.grants_share[b] = sum(body.grants for body in mine) / total
        bands.contracts_share[b] = sum(body.contracts for body in mine) / total
        bands.staff_share[b], bands.joining_weight[b] = float(row["staff_share"]), float(row["volunteers"])
        bands.wide[b], bands.kinds[b] = int(row["wide"]), [float(row[kind]) for kind in KINDS]
    rate = np.where(np.arange(BANDS) == UNREGISTERED, p.group_close_rate, p.close_rate)
    bands.close_chance[:] = [monthly_chance(float(share)) for share in rate]
    standing = settle(*(tuple(getattr(bands, name).tolist()) for name in SPLIT), p)
    rows = np.bincount([body.band for body in bodies], minlength=BANDS) if bodies else np.zeros(BANDS)
    bands.births[:] = rows * standing.closing
    return standing


SPLIT = ("private_share", "grants_share", "contracts_share", "close_chance")
"""What of a band decides how its bodies come to stand."""


@lru_cache(maxsize=32)
def settle(
    private: tuple[float, ...], grants: tuple[float, ...], contracts: tuple[float, ...],
    close_chance: tuple[float, ...], p: survival.Parameters,
) -> Standing:  # fmt: skip
    """How bodies come to stand where nothing happens from outside, by the room's own rule.

    Args:
        private: share of income, by band.
        grants: likewise.
        contracts: likewise.
        close_chance: a month, of a body that is solvent, by band.
        p: numbers of survival.
    """
    town = allocate(residents=0, charities=BANDS * SETTLING_BODIES, services=1, neighbourhoods=1, policies=0, world=1,
                    flows=len(Flow), seed=SETTLING_SEED, month=-SETTLING_MONTHS)  # fmt: skip
    c, bands = town.charities, town.bands
    for name, column in zip(SPLIT, (private, grants, contracts, close_chance), strict=True):
        getattr(bands, name)[:] = column
    bands.income[:] = [float(row["income_gbp"]) / 12.0 for row in data_table("bands")]
    band = np.repeat(np.arange(BANDS), SETTLING_BODIES)
    c.id[:] = [permanent_id(SETTLING_SEED, g) for g in range(len(band))]
    closed = np.zeros(BANDS)
    world = (c, bands, town.services, survival.chances(p), numbers(p))
    _begin(band, *world, Dice(town.seed, town.month).streams, town.month)
    for month in range(1 - SETTLING_MONTHS, 1):
        if month == 1 - COUNTED_MONTHS:
            closed[:] = 0.0
        _live_on(closed, *world, Dice(town.seed, month).streams, town.ledger, month)
    income = (c.private_base + c.grants_base + c.contracts_base).reshape(BANDS, -1)
    return Standing(
        luck=c.luck.reshape(BANDS, -1), costs=c.costs.reshape(BANDS, -1) / income,
        reserves=c.reserves.reshape(BANDS, -1) / income, deficits=c.deficits.reshape(BANDS, -1),
        age=1 - c.founded.reshape(BANDS, -1), closing=closed / (SETTLING_BODIES * COUNTED_MONTHS),
    )  # fmt: skip


@njit(**KERNEL)
def _begin(band, charities, bands, services, _chances, p, streams, month):  # noqa: ANN001, ANN202
    for g in range(band.size):
        make_body(g, band[g], charities, bands, services, 0.0, p, streams, month)


@njit(**KERNEL)
def _live_on(closed, charities, bands, services, chances, p, streams, ledger, month):  # noqa: ANN001, ANN202
    """A month of income, accounts and closings; each that closes is followed by a new body of its band."""
    for g in range(charities.id.size):
        charities.private_income[g] = charities.private_base[g] * exp(charities.luck[g])
        charities.grants[g], charities.contracts[g] = charities.grants_base[g], charities.contracts_base[g]
        charities.reserves[g] += charities.private_income[g] + charities.grants[g] + charities.contracts[g]
    keep_the_books(charities, bands, p, streams, ledger, month)
    causes = fates(charities, bands.close_chance, chances, p, streams, month)
    for g in range(causes.size):
        if causes[g] != STAYS:
            band = charities.band[g]
            closed[band] += 1.0
            charities.id[g] = derived_id(charities.id[g], month)
            make_body(g, band, charities, bands, services, 0.0, p, streams, month)


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


def hold_births(state: State, need_pull: float) -> None:
    """As many charities and groups are founded as close, by those who can found any by now."""
    state.constants.register_chance[0], state.constants.group_chance[0] = founding_chances(state, need_pull)


def _pull_of_need(state: State, k: float) -> Floats:
    """How much more, or less, is founded in each neighbourhood for the need that is unmet there."""
    r, parts = state.residents, len(state.neighbourhoods.x)
    arisen = np.bincount(r.neighbourhood, r.need.sum(axis=1), parts)
    if not arisen.any():
        return np.ones(parts)
    unmet = 1.0 - np.bincount(r.neighbourhood, r.met.sum(axis=1), parts) / np.maximum(1e-9, arisen)
    return np.asarray((1.0 + k * np.where(arisen > 0.0, unmet, 0.0)) / (1.0 + k * float(state.constants.unmet[0])))
