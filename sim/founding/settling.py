"""How charities come to stand where nothing happens from outside, and how often such bodies close.

Bodies of each band live `SETTLING_MONTHS` by the rooms' own rules of income (`funding.earn`), accounts and closings
(`survival.keep_the_books`, `survival.fates`), and each that closes is followed by a new one. Grants, contracts,
households and trust stay as they are; residents come to belong to a body and leave it:

    members' = members - those who leave + those who come
    leave    each with a chance that is measured in the town that is solved
    come     Poisson, with the mean that such a body loses of its usual members

What counts as usual by now follows the mean. How often a body closes hangs on how many members are usual: a few make
an uneven income, and hundreds an even one. In a large place most join bodies that serve all of it, and those at home in
a neighbourhood have few. So bodies that keep accounts and have a home live once with each number of `LEVELS`; the
others with the last, where the number moves as expected, since chance would leave little of it to see.

Departs A body's members do not depend on how many other bodies its neighbourhood has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sim.chance import Dice, Die, derived_id, permanent_id, uniform, uniform2
from sim.compiling import KERNEL, PART
from sim.elementary import exp, log_plain
from sim.founding.books import bodies_of, describe_bands
from sim.ledger import Flow
from sim.parameters import numbers
from sim.processes import survival
from sim.processes.funding import earn
from sim.processes.survival import STAYS, fates, keep_the_books, make_body
from sim.processes.survival.kernel import UNREGISTERED
from sim.state import BANDS, NOBODY, Floats, Ints, State, allocate

if TYPE_CHECKING:
    from sim.config import Config

LEVELS = (0.25, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
"""Numbers of members that are usual of a body."""
TYPICAL = 3
"""The level at which bodies have lived that are drawn from on a first morning."""
SETTLING_MONTHS, COUNTED_MONTHS = 960, 720
"""Eighty years, of which the last sixty are counted."""
SETTLING_BODIES = 2500
"""Luck leaves 3% of the closings of small charities, as other seeds show."""
KEPT = 500
"""Bodies of each band that are kept to draw from."""
SETTLING_SEED = 20_070_401
FOLLOWS = 0.05
"""Part of the gap by which a constant, or what is usual, follows what the place has, in a month."""


class Standing(NamedTuple):
    """How bodies of each band stand where nothing happens from outside: `KEPT` of each (7, n)."""

    luck: Floats
    costs: Floats  # beside the income they were made with
    reserves: Floats  # months of that income
    deficits: Ints
    age: Ints  # months
    closing: Floats  # (7, levels) chance a month to close, for whatever cause, with each of `LEVELS`

    def closings(self, members: Floats) -> Floats:
        """Chance a month to close, by band, with so many members a body."""
        at = [log_plain(max(LEVELS[0], float(usual))) for usual in members]
        levels = [log_plain(level) for level in LEVELS]
        return np.array([np.interp(x, levels, row) for x, row in zip(at, self.closing, strict=True)])


def settle(config: Config, leaving: Floats, bodies: int = SETTLING_BODIES) -> Standing:
    """How bodies of each band come to stand.

    Args:
        config: the place, whose bands they are, and the numbers of funding and survival.
        leaving: (2,) share of members who leave in a month: bodies of a neighbourhood, and those that serve the place.
        bodies: how many of each band live with each number of members; at least `KEPT`.
    """
    p, last = config.survival, len(LEVELS) - 1
    town = allocate(residents=0, charities=bodies, services=1, neighbourhoods=1, policies=0, world=1,
                    flows=len(Flow), seed=SETTLING_SEED)  # fmt: skip
    c, bands = town.charities, town.bands
    describe_bands(bands, bodies_of(config.place), config.place, p)
    streams = np.array([Dice(town.seed, month).streams for month in range(-SETTLING_MONTHS, 1)])
    rules = (c, bands, town.services, survival.chances(p), numbers(p), numbers(config.funding), streams, town.ledger)
    closing, stand = np.empty((BANDS, len(LEVELS))), np.empty((5, BANDS, KEPT))
    for band in range(BANDS):
        at_home = band != UNREGISTERED and bands.wide[band] == 0
        for level in range(len(LEVELS)) if at_home else [last]:
            c.id[:] = [permanent_id(SETTLING_SEED, row) for row in range(bodies)]
            closed = _live(band, LEVELS[level], leaving[bands.wide[band]], level == last, *rules)
            closing[band, level if at_home else slice(None)] = closed / (bodies * COUNTED_MONTHS)
            if level == (TYPICAL if at_home else last):
                income = c.private_base + c.grants_base + c.contracts_base
                columns = (c.luck, c.costs / income, c.reserves / income, c.deficits, 1 - c.founded)
                stand[:, band] = [column[:KEPT] for column in columns]
    luck, costs, reserves, deficits, age = stand
    return Standing(luck, costs, reserves, deficits.astype(int), age.astype(int), closing)


@njit(**KERNEL)
def _live(  # noqa: ANN202
    band, usual, leaving, as_expected, charities, bands, services, chances, p, funding, streams, ledger  # noqa: ANN001
):  # fmt: skip
    """Let every body be of the band, and say how many closed in the months that count."""
    bands.members[band] = usual
    members = np.full(charities.id.size, usual)
    begins = 1 - streams.shape[0]
    for g in range(members.size):
        make_body(g, band, charities, bands, services, 0.0, p, streams[0], begins)
    charities.grants[:], charities.contracts[:] = charities.grants_base, charities.contracts_base
    closed = 0
    for month in range(begins + 1, 1):
        now = streams[month - begins]
        _come_and_go(members, usual, leaving, as_expected, charities.id, now)
        bands.members[band] += FOLLOWS * (np.mean(members) - bands.members[band])
        earn(charities, members, bands.members, 1.0, 1.0, funding, ledger)
        keep_the_books(charities, bands, p, now, ledger, month)
        causes = fates(charities, bands.close_chance, chances, p, now, month)
        for g in range(causes.size):
            if causes[g] != STAYS:
                closed += month > -COUNTED_MONTHS
                members[g] = 0.0
                charities.id[g] = derived_id(charities.id[g], month)
                make_body(g, band, charities, bands, services, 0.0, p, now, month)
                charities.grants[g], charities.contracts[g] = charities.grants_base[g], charities.contracts_base[g]
    return closed


@njit(**PART)
def _come_and_go(members, usual, leaving, as_expected, ids, streams):  # noqa: ANN001, ANN202
    for g in range(members.size):
        if as_expected:
            members[g] += leaving * (usual - members[g])
        else:
            for member in range(int(members[g])):
                members[g] -= uniform2(streams[Die.BELONGING_LAPSES], ids[g], member) < leaving
            members[g] += _poisson(leaving * usual, uniform(streams[Die.BELONGS], ids[g]))


@njit(**PART)
def _poisson(mean, u):  # noqa: ANN001, ANN202
    """The number at which the chances of a Poisson variable, added up, pass u."""
    part, count = exp(-mean), 0
    upto = part
    while u > upto and part > 0.0:
        count += 1
        part *= mean / count
        upto += part
    return count


def leaving(belonged: Ints, state: State) -> Floats:
    """Share of members who left this month: of bodies of a neighbourhood, and of those that serve the whole place.

    Args:
        belonged: (residents,) whom they belonged to before.
        state: after the month. Bodies that closed in it are left out.
    """
    c, stays = state.charities, belonged != NOBODY
    stays[stays] = c.alive[belonged[stays]] == 1
    left = stays & (state.residents.belongs != belonged)
    had, lost = (np.bincount(c.serves_place[belonged[which]], minlength=2) for which in (stays, left))
    return np.asarray(lost / np.maximum(1.0, had))
