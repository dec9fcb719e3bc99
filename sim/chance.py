"""Every die the model throws. Draws are keyed, never sequential.

A draw is a hash of (run seed, decision, month, who[, whom]). So it does not matter how many workers there are or in
what order people are visited, and two scenarios under one seed share every draw that they have in common.

    stream(seed, die, month) = mix(mix(mix(seed) + die GOLDEN) + month GOLDEN)
    uniform(stream, who)     = (mix(stream + who GOLDEN) >> 12) 2^-52 + 2^-53          in (0, 1), both ends left out
    two(stream, one, other)  = the halves of mix(stream + one + other), each (half + 1/2) 2^-32

Two people make one tie, whoever owns it, so its dice are keyed by the sum of their ids, which are hashes already; and
what happens to a tie in a month takes two dice, for which one hash has bits enough.

``mix`` is the finaliser of splitmix64. All of it is arithmetic modulo 2^64.

The fast hand takes a month's streams as an array indexed by `Die`; the plain hand asks `Dice` by name. Both give the
same bits.

Source  Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators"; the normal quantile is
        Wichura (1988), algorithm AS 241.
"""

from __future__ import annotations

import hashlib
import math
from enum import IntEnum, auto
from functools import cache, cached_property
from typing import Any

import numpy as np
from numba import njit

from sim.compiling import KERNEL, PART
from sim.elementary import WHOLE, WHOLE_BITS, exp, log

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
FIRST = 0xBF58476D1CE4E5B9
SECOND = 0x94D049BB133111EB
ID_BITS = 63
STEP, HALF_STEP = 2.0**-52, 2.0**-53
HALF_BITS, HALF_OF_IT, FINE = 32, (1 << 32) - 1, 2.0**-32
ONE_BITS = 0x3FF0000000000000
"""The bits of 1.0. A draw's bits under these make a number from 1 to 2: what a conversion would give, and sooner."""


class Die(IntEnum):
    """One entry a decision. The numbers key the draws: add at the end, never reorder."""

    # who lives where, and what they are like
    GRADE = 0
    AGE = auto()
    TENURE = auto()
    CIVIC = auto()
    OCCASIONAL = auto()
    DEVOTION = auto()
    WARMTH = auto()
    NEIGHBOURLY = auto()
    VOICE = auto()
    SKILL = auto()
    VENUE = auto()
    EVER_VOLUNTEER = auto()
    TRUST_COUNCIL = auto()
    TRUST_CHARITY = auto()
    COORDINATES = auto()
    FIRST_ROLE = auto()
    FIRST_TIE = auto()
    FIRST_STRENGTH = auto()
    CHARITY = auto()
    # renewal
    MOVE = auto()
    LEAVE_PLACE = auto()
    DEATH = auto()
    NEW_HOME = auto()
    # nurture
    MET_BY_ORGANISER = auto()
    ASKED_BY_PUBLICITY = auto()
    # meeting and ties
    SHARED_HOURS = auto()
    END_AND_TAKE_UP = auto()
    SEARCH = auto()
    SEARCH_LOCAL = auto()
    SEARCH_ALTER = auto()
    SEARCH_FRIEND = auto()
    SEARCH_NEAR = auto()
    SEARCH_OTHER = auto()
    ACCEPT = auto()
    INTRODUCED = auto()
    INTRODUCED_TO = auto()
    # need, helping and serving
    NEED = auto()
    HELPS = auto()
    HELP_HOURS = auto()
    HELP_ORDER = auto()
    SERVE_ORDER = auto()
    # volunteering
    ASK = auto()
    JOIN = auto()
    JOIN_CAUSE = auto()
    JOIN_ASKER = auto()
    JOIN_CHARITY = auto()
    LEAVE = auto()
    ONE_OFF = auto()
    ONE_OFF_CHARITY = auto()
    FORMAL_HOURS = auto()
    # trust
    CONTACT = auto()
    OUTCOME = auto()
    CONTACT_CHARITY = auto()
    OUTCOME_CHARITY = auto()
    # charities' first morning
    FIRST_BOOKS = auto()
    # reorganisation
    REORGANISATION = auto()
    OFFICER_LEAVES = auto()
    POST_CUT = auto()
    POST_CHANGES = auto()
    CONTACT_SURVIVES = auto()
    # officers' and charities' ties
    PARTNER_FOUND = auto()
    PARTNER_PICKED = auto()
    PARTNER_HOURS = auto()
    ACQUAINTANCE_FOUND = auto()
    ACQUAINTANCE_PICKED = auto()
    ACQUAINTANCE_HOURS = auto()
    ALLY_FOUND = auto()
    ALLY_PICKED = auto()
    BELONGS = auto()
    BELONGS_TO = auto()
    BELONGING_HOURS = auto()
    BELONGING_LAPSES = auto()
    # survival
    BOOKS_LUCK = auto()
    CLOSES = auto()
    FOUNDS_CHARITY = auto()
    FOUNDS_BAND = auto()
    FOUNDS_GROUP = auto()
    FOUNDS_HOME = auto()
    BROKER_QUALITY = auto()
    # policies' money
    GRANT_TO = auto()
    GRANT_WORKS = auto()
    SECOND_CONTACT = auto()
    # what is written down
    CLUSTERING_SAMPLE = auto()
    # nurture again
    LISTENED_TO = auto()
    HOSTED = auto()


# The plain hand: whole numbers of Python, cut to 64 bits.


def mix_plain(x: int) -> int:
    """The finaliser of splitmix64 on a Python int."""
    x &= MASK
    x = ((x ^ (x >> 30)) * FIRST) & MASK
    x = ((x ^ (x >> 27)) * SECOND) & MASK
    return x ^ (x >> 31)


def key(*parts: int) -> int:
    """A 64-bit hash of whole numbers, in the order given."""
    h = 0
    for part in parts:
        h = mix_plain(h + part * GOLDEN + 1)
    return h


def permanent_id(*cause: int) -> int:
    """A permanent 63-bit id: a hash of what caused its bearer, never of arrival order."""
    return key(*cause) >> (64 - ID_BITS)


def permanent_ids(cause: int, count: int) -> Any:
    """`permanent_id` (cause, k) for k from 0, as a column: a million in a moment.

    Examples:
        >>> from sim.chance import permanent_id, permanent_ids
        >>> permanent_ids(7, 3).tolist() == [permanent_id(7, k) for k in range(3)]
        True
    """
    rows = np.arange(count, dtype=np.uint64)
    return (mix.py_func(rows * np.uint64(GOLDEN) + np.uint64(key(cause) + 1 & MASK)) >> np.uint64(64 - ID_BITS)).view(
        np.int64)  # fmt: skip


def run_seed(seed: int, replicate: int) -> int:
    """The seed of one run: the same for all scenarios of a replicate, so that they are paired."""
    return permanent_id(seed, replicate)


# The fast hand: the same, compiled.


@njit(**PART)
def mix(x):  # noqa: ANN001, ANN201 - compiled
    """The finaliser of splitmix64 on 64 bits."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(FIRST)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(SECOND)
    return x ^ (x >> np.uint64(31))


@njit(**PART)
def _unit(h):  # noqa: ANN001, ANN202 - compiled
    """The first 52 bits as a number in (0, 1)."""
    return np.uint64((h >> np.uint64(12)) | np.uint64(ONE_BITS)).view(np.float64) - (1.0 - HALF_STEP)


@njit(**PART)
def _half(h):  # noqa: ANN001, ANN202 - compiled
    """32 bits as a number in (0, 1)."""
    return (np.uint64(h | np.uint64(WHOLE_BITS)).view(np.float64) - (WHOLE - 0.5)) * FINE


@njit(**KERNEL)
def uniform(stream, who):  # noqa: ANN001, ANN201 - compiled
    """A draw in (0, 1) for one id."""
    return _unit(mix(stream + np.uint64(who) * np.uint64(GOLDEN)))


@njit(**PART)
def uniform2(stream, who, whom):  # noqa: ANN001, ANN201 - compiled
    """A draw in (0, 1) for an ordered pair (an id and an id, or an id and a number of tries)."""
    return _unit(mix(mix(stream + np.uint64(who) * np.uint64(GOLDEN)) + np.uint64(whom) * np.uint64(GOLDEN)))


@njit(**PART)
def bits(stream, who):  # noqa: ANN001, ANN201 - compiled
    """64 keyed bits for one id: the place in a keyed lottery."""
    return mix(stream + np.uint64(who) * np.uint64(GOLDEN))


@njit(**KERNEL)
def uniforms(stream, who):  # noqa: ANN001, ANN201 - compiled
    """`uniform` for a column of ids. So short a loop is compiled to make several draws at a time."""
    draws = np.empty(who.size)
    for i in range(who.size):
        draws[i] = uniform(stream, who[i])
    return draws


@njit(**KERNEL)
def uniforms2(stream, who, whom):  # noqa: ANN001, ANN201 - compiled
    """`uniform2` for two columns of ids."""
    draws = np.empty(who.size)
    for i in range(who.size):
        draws[i] = uniform2(stream, who[i], whom[i])
    return draws


@njit(**PART)
def uniforms_by_turn(stream, who, turns):  # noqa: ANN001, ANN201 - compiled
    """`uniform2` of each id and each number below ``turns``: (turns, N). The id is mixed in once for all its turns."""
    mixed = np.empty(who.size, np.uint64)
    for i in range(who.size):
        mixed[i] = bits(stream, who[i])
    draws = np.empty((turns, who.size))
    for turn in range(turns):
        for i in range(who.size):
            draws[turn, i] = _unit(mix(mixed[i] + np.uint64(turn) * np.uint64(GOLDEN)))
    return draws


@njit(**PART)
def two_uniforms(stream, pair):  # noqa: ANN001, ANN201 - compiled
    """Two draws in (0, 1) for each pair of people, given as the sums of their ids."""
    u, v = np.empty(pair.size), np.empty(pair.size)
    for i in range(pair.size):
        h = mix(stream + pair[i])
        u[i], v[i] = _half(h >> np.uint64(HALF_BITS)), _half(h & np.uint64(HALF_OF_IT))
    return u, v


@njit(**PART)
def derived_id(predecessor, generation):  # noqa: ANN001, ANN201 - compiled
    """`permanent_id` (predecessor, generation), compiled: the id of a newcomer."""
    h = mix(np.uint64(predecessor) * np.uint64(GOLDEN) + np.uint64(1))
    h = mix(h + np.uint64(generation) * np.uint64(GOLDEN) + np.uint64(1))
    return np.int64(h >> np.uint64(1))


@cache
def _of_a_run(seed: int) -> Any:
    """Keys of the dice of one run, before the month is mixed in: (dice,)."""
    return np.array([mix_plain(mix_plain(seed) + die * GOLDEN) for die in range(len(Die))], np.uint64)


class Dice:
    """The dice of one run in one month.

    Args:
        seed: the run seed.
        month: 0-based; negative while a place is being founded.
    """

    def __init__(self, seed: int, month: int) -> None:
        self.seed, self.month = seed, month
        self.streams = mix.py_func(_of_a_run(seed) + np.uint64(month * GOLDEN & MASK))  # so few: as NumPy does it

    @cached_property
    def _streams(self) -> list[int]:
        """For the plain hand: whole numbers of Python."""
        return [int(stream) for stream in self.streams]

    def bits(self, die: Die, who: int) -> int:
        """64 keyed bits for one id."""
        return mix_plain(self._streams[die] + who * GOLDEN)

    def uniform(self, die: Die, who: int, whom: int | None = None) -> float:
        """A draw in (0, 1) for an id, or for an ordered pair."""
        h = self.bits(die, who)
        if whom is not None:
            h = mix_plain(h + whom * GOLDEN)
        return (h >> 12) * STEP + HALF_STEP

    def two(self, die: Die, one: int, other: int) -> tuple[float, float]:
        """Two draws in (0, 1) for a pair of ids, in either order."""
        h = mix_plain(self._streams[die] + one + other)
        return ((h >> HALF_BITS) + 0.5) * FINE, ((h & HALF_OF_IT) + 0.5) * FINE

    def own(self, name: str, who: Any) -> Any:
        """Draws of a die that no room of the model throws: for a room from outside.

        Args:
            name: the die's; it keys the draws, with the run seed, the month and the id.
            who: permanent ids, whole numbers of shape (n,).

        Returns:
            Draws in (0, 1), of shape (n,).

        Examples:
            >>> from sim.chance import Dice
            >>> Dice(seed=1, month=0).own("supper", [7, 8]).round(3)
            array([0.422, 0.195])
        """
        die = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        return uniforms(np.uint64(key(self.seed, die, self.month)), np.asarray(who, dtype=np.int64))

    def normal(self, die: Die, who: int) -> float:
        """A standard normal draw for one id."""
        return float(normal_quantile.py_func(self.uniform(die, who)))


@njit(**KERNEL)
def normal_quantile(u):  # noqa: ANN001, ANN201 - compiled; the plain hand calls its py_func
    """The standard normal quantile (AS 241, 16 figures)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
               + 133.14166789178437745) * r + 3.387132872796366608
        low = ((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
               + 42.313330701600911252) * r + 1.0
        return q * top / low
    r = u if q < 0.0 else 1.0 - u
    r = math.sqrt(-log(r))
    if r <= 5.0:
        r -= 1.6
        top = ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
                + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
               + 4.6303378461565452959) * r + 1.42343711074968357734
        low = ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
                + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
               + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        top = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
                + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
               + 5.4637849111641143699) * r + 6.6579046435011037772
        low = ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
                + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
               + 0.59983220655588793769) * r + 1.0
    return -top / low if q < 0.0 else top / low


@njit(**KERNEL)
def poisson_quantile(u, mean):  # noqa: ANN001, ANN201 - compiled; the plain hand calls its py_func
    """The Poisson quantile by inversion; a mean beyond 700 is cut there, where exp would underflow."""
    mean = min(mean, 700.0)
    chance = exp(-mean)
    total = chance
    count = 0
    while u > total and count < 2000:
        count += 1
        chance *= mean / count
        total += chance
    return count


@njit(**KERNEL)
def between(knots, u):  # noqa: ANN001, ANN201 - compiled; the plain hand calls its py_func
    """The value at ``u`` in [0, 1] of a curve given at evenly spaced knots, by straight lines."""
    last = len(knots) - 1
    place = u * last
    left = min(int(place), last - 1)
    return knots[left] + (place - left) * (knots[left + 1] - knots[left])
