"""The common month: its rules' numbers, and the towns on which every implementation lives it.

N residents in neighbourhoods, each with five ties of its own founding, whose slots are used again when a tie dies.

1. Meet. One draw: a tie is met, twice as often where both go to one venue, and grows; else it fades, and at the draw's
   other end it is given up. It dies when that happens, or when it is weak. Its owner makes a new one: mostly to a
   friend of a friend (a uniform tie of a uniform tie, whoever owns them), else, or where that is itself or tied
   already, to a resident of the neighbourhood.
2. Help. Who has a need asks all alters; each who has spare hours helps with a chance, an hour each time. All at once:
   an hour may be promised twice. Overloaded is who gave at least what they had, and had something.
3. Ask. Each alter who volunteers asks with a chance; who is asked joins with a chance; volunteers leave with another.
4. Trust. Who needed or gave help learns from what came of it; and all move towards their alters, as all stood before.

Every tie and every direction of a tie has a draw of its own. Whether those who lost a tie search one after another or
all at once is left to the implementation; no quantity depends on it. Meeting and giving up are two ends of one draw
because two draws would leave ties at a strength of .370, where .372 was expected.

An implementation is a module with

    build(residents, seed, rules=RULES) -> town       a town that `found` laid out, in the implementation's own form
    town.month()                                      live a month
    town.shares()                                     the five quantities that `QUANTITIES` names, as a dict
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

NEIGHBOURHOOD = 1_700
"""Residents of a neighbourhood; the last may have fewer."""
SHORTEST = 50
"""Fewest residents of the last neighbourhood: in a smaller one nobody new might be found."""
SLOTS = 5
"""Ties that a resident founds, and owns for ever. (The kernels of `own_engine` hold this and the number above as they
stood when they were compiled: touch that file where these change.)"""
NEAR = 0.8
"""Share of the first ties that stay in the neighbourhood."""
VENUES, MOST_HOURS, FIRST_VOLUNTEERS = 40, 4, 0.25
FIRST_STRENGTHS, FIRST_TRUSTS = (0.1, 1.0), (0.3, 0.7)

QUANTITIES = ("volunteering", "trust", "helped", "ties", "strength")
"""Share who volunteer; mean trust; share helped of those in need; ties a resident has; mean strength of a tie."""
EXPECTED = {"volunteering": 0.245, "trust": 0.555, "helped": 0.597, "ties": 10.0, "strength": 0.372}
"""Means over months 13 to 24 of 20,000 residents, to the last figure given."""


class Rules(NamedTuple):
    """The month's numbers: chances a month unless stated."""

    meet: float = 0.25
    meet_at_venue: float = 0.5  # where both go to one venue
    growth: float = 0.05  # of what is missing to 1, when met
    fading: float = 0.97  # what is left of a strength when not met
    give_up: float = 0.02
    least: float = 0.05  # strength below which a tie dies
    new: float = 0.1  # strength of a new tie
    by_friend: float = 0.7  # share of searches that begin with a friend of a friend
    need: float = 0.1  # times 1 + deprivation
    help: float = 0.3  # times strength
    ask: float = 0.05  # times strength
    join: float = 0.2
    leave: float = 0.03
    leave_overloaded: float = 0.05  # on top
    trust_up: float = 0.05  # share of the way to 1, a month
    trust_down: float = 0.10  # share of the way to 0, a month
    influence: float = 0.02  # share of the way to the alters' mean, a month


RULES = Rules()


class Founding(NamedTuple):
    """A town on its first morning. Residents stand in order of neighbourhood."""

    venue: np.ndarray  # (N,) whole numbers
    hours: np.ndarray  # (N,) whole hours to spare, every month anew
    deprivation: np.ndarray  # (N,) 0 to 1
    trust: np.ndarray  # (N,) 0 to 1
    volunteers: np.ndarray  # (N,) booleans
    alter: np.ndarray  # (N, SLOTS) rows of those whom a resident's own ties lead to
    strength: np.ndarray  # (N, SLOTS) 0 to 1


def found(residents: int, seed: int) -> Founding:
    """Lay a town out.

    Args:
        residents: how many; the last neighbourhood must have `SHORTEST` of them.
        seed: of this town's luck, and of nothing that comes after.
    """
    if (residents - 1) % NEIGHBOURHOOD + 1 < SHORTEST:
        raise ValueError(f"{residents} residents leave a last neighbourhood of fewer than {SHORTEST}; ask for more")
    luck = np.random.default_rng([seed, residents])
    return Founding(
        venue=luck.integers(VENUES, size=residents),
        hours=luck.integers(MOST_HOURS + 1, size=residents),
        deprivation=luck.random(residents),
        trust=luck.uniform(*FIRST_TRUSTS, residents),
        volunteers=luck.random(residents) < FIRST_VOLUNTEERS,
        alter=_first_alters(residents, luck),
        strength=luck.uniform(*FIRST_STRENGTHS, (residents, SLOTS)),
    )


def neighbourhood_of(rows: np.ndarray, residents: int) -> tuple[np.ndarray, np.ndarray]:
    """The first row of the neighbourhood of each of these rows, and how many live there."""
    first = rows // NEIGHBOURHOOD * NEIGHBOURHOOD
    return first, np.minimum(NEIGHBOURHOOD, residents - first)


def _first_alters(residents: int, luck: np.random.Generator) -> np.ndarray:
    """Five alters each, nobody oneself or tied twice; who would be is drawn again."""
    owner = np.repeat(np.arange(residents), SLOTS)
    alter = np.empty_like(owner)
    wanting = np.arange(owner.size)
    while wanting.size:
        first, size = neighbourhood_of(owner[wanting], residents)
        near = (luck.random(wanting.size) < NEAR) | (size == residents)
        inside = first + luck.integers(size)
        outside = (first + size + luck.integers(np.where(near, 1, residents - size))) % residents
        alter[wanting] = np.where(near, inside, outside)
        pair = np.minimum(owner, alter) * residents + np.maximum(owner, alter)
        kept = np.zeros(owner.size, bool)
        kept[np.unique(pair, return_index=True)[1]] = True
        wanting = np.flatnonzero(~kept | (owner == alter))
    return alter.reshape(residents, SLOTS)
