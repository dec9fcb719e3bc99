"""A made list of councils, as many and as large as England's: no real council is meant by any of them.

England has 296 councils that look after libraries, parks and the poor of one place: 33 London boroughs, 36 metropolitan
boroughs, 63 unitary authorities and 164 districts. `KINDS` has the spread of sizes of each, by knots of a quantile
curve, from memory of the census of 2021 and to be checked; between knots it runs straight in logs. All sizes are
scaled to the wished total, and kept within what a place may be.

What it takes to found them. The constants that keep a place steady hang on the place and the rooms' numbers, and not on
how many live there (`sim.founding`): so they are solved once for each of the six places, and not for 296 councils.
The spin-up is another matter: a town's 360 months at the start cost more than its 204 months of history. So councils of
one place and nearly one size, within `ALIKE`, are one class: they have the mean size of the class, and begin on one
first morning. Each then lives under luck of its own, month by month.

What that costs is difference. Councils of a class begin alike, and the spread between them grows with the months. In a
trial with fourteen towns of 3,000 it was, beside that of towns with mornings of their own, a fifth to nine tenths after
a year, by what is looked at, and two fifths to three quarters after six; and all of a class share what luck their
morning had. How much luck a morning has falls with the size of the town. Means over England say what they say; for the
spread between councils ask for ``--alike 1``, with which every council is founded by itself, and which takes twice as
long.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from sim.chance import run_seed
from sim.config import Config, checked
from sim.founding import found
from sim.model import CommunityModel

LEAST, MOST = 1_500, 1_000_000
"""Residents that a place may have."""
RESIDENTS = 57_000_000
"""As many as people of all ages in England. A resident is somebody of 16 or over, of whom England has some 46 million:
``--residents 46000000`` makes towns of the right number of people, and takes a fifth less time."""
ALIKE = 1.3
"""How many times as large as the smallest of its class a council may be: with it 41 first mornings, of 8 million
residents, serve all 57 million, and hardly a council is a seventh larger or smaller than its own size."""


class Kind(NamedTuple):
    """A kind of council: how many there are, which places of ``configs/place`` they are like, and their sizes."""

    councils: int
    places: tuple[str, ...]
    at: tuple[float, ...]
    thousands: tuple[float, ...]


KINDS = {
    "London borough": Kind(33, ("inner_city",), (0.0, 0.04, 0.25, 0.5, 0.75, 1.0), (9, 150, 215, 265, 315, 390)),
    "metropolitan borough": Kind(
        36, ("northern_town",), (0.0, 0.25, 0.5, 0.75, 0.9, 1.0), (150, 225, 280, 330, 560, 1_145)
    ),
    "unitary authority": Kind(
        63, ("england_average",), (0.0, 0.02, 0.25, 0.5, 0.75, 0.9, 1.0), (2, 41, 160, 215, 290, 480, 620)
    ),
    "district": Kind(
        164, ("county", "rural_district", "southern_suburb"), (0.0, 0.25, 0.5, 0.75, 0.9, 1.0),
        (50, 98, 120, 145, 175, 265),
    ),
}  # fmt: skip
"""Sizes in thousands of people."""


class Town(NamedTuple):
    """One council of the list.

    Attributes:
        name: as "district 12".
        kind: of council.
        place: which place it is like.
        residents: people of 16 and over; all of a class have as many.
        place_in_class: 0 for the first of its class, whose morning it is.
    """

    name: str
    kind: str
    place: str
    residents: int
    place_in_class: int


class Council(CommunityModel):
    """A council on the first morning of its class, with luck of its own from then on."""

    def __init__(self, config: Config, rng: int | None = None) -> None:
        give_back_memory()
        morning = run_seed(checked(config).seed, first_replicate(config.place.residents))
        state = found(checked(config), morning)
        state.seed = morning if rng is None else rng
        self._begin(config, state, [], [])


def give_back_memory() -> None:
    """Give the machine what the last town has left, where the C library is GNU's.

    It keeps what is freed, and the next town, of another size, finds no use for much of it.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def first_replicate(residents: int) -> int:
    """The replicate of a class's morning and of its first council; the others follow.

    Those of a class are numbered by its size, so every class has luck of its own, in its spin-up and after it. With one
    number for all, reorganisations would strike in all of England at once.
    """
    return residents


def councils(many: int | None = None, residents: int = RESIDENTS, alike: float = ALIKE) -> list[Town]:
    """The list, the largest of each kind first.

    Args:
        many: how many councils, spread evenly over all; None for all.
        residents: in all of them together.
        alike: how many times as large as the smallest of its class a council may be; with 1 each is one by itself.

    Raises:
        ValueError: if so many councils cannot have so many residents.
    """
    whole = _whole_list()
    picked = whole if many is None else [whole[int((k + 0.5) * len(whole) / many)] for k in range(many)]
    if not LEAST * len(picked) <= residents <= MOST * len(picked):
        raise ValueError(f"residents is {residents:,}: {len(picked)} councils can have {LEAST * len(picked):,} to "
                         f"{MOST * len(picked):,}, for each has {LEAST:,} to {MOST:,}")  # fmt: skip
    sizes = _scaled(np.array([people for _, _, _, people in picked]), residents)
    towns: list[Town] = []
    for kind, place in dict.fromkeys((kind, place) for _, kind, place, _ in picked):
        mine = [k for k, one in enumerate(picked) if one[1:3] == (kind, place)]
        for members in _classes(sorted(mine, key=lambda k: -sizes[k]), sizes, alike):
            size = round(float(np.mean(sizes[members])))
            towns += [Town(picked[k][0], kind, place, size, turn) for turn, k in enumerate(members)]
    return towns


def _whole_list() -> list[tuple[str, str, str, float]]:
    """Every council as (name, kind, place, people), the smallest of each kind first."""
    listed = []
    for name, kind in KINDS.items():
        at = (np.arange(kind.councils) + 0.5) / kind.councils
        people = 1000.0 * np.exp(np.interp(at, kind.at, np.log(kind.thousands)))
        for k, size in enumerate(people):
            listed.append((f"{name} {kind.councils - k}", name, kind.places[k % len(kind.places)], float(size)))
    return listed


def _scaled(people: Any, residents: int) -> Any:
    """Sizes in proportion to people, within what a place may have, that come to so many residents in all."""
    low, high = 0.0, MOST / float(people.min())
    for _ in range(100):  # the sum rises with the scale, so halving finds it
        middle = (low + high) / 2.0
        if np.clip(people * middle, LEAST, MOST).sum() < residents:
            low = middle
        else:
            high = middle
    return np.clip(people * high, LEAST, MOST)


def _classes(falling: Sequence[int], sizes: Any, alike: float) -> list[list[int]]:
    """Those of nearly one size together, the largest first."""
    classes: list[list[int]] = []
    for k in falling:
        if classes and sizes[classes[-1][0]] <= alike * sizes[k]:
            classes[-1].append(k)
        else:
            classes.append([k])
    return classes
