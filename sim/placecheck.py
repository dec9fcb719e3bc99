"""What is odd about a place: nothing that forbids a run, but worth a second look before anybody relies on it."""

from __future__ import annotations

from collections.abc import Collection

from sim.place import Place

ASSUMED = "[a]"
"""How a source begins that is an assumption."""
USUAL = {
    "charities_per_1000": (0.5, 4.0, "places in England have about 0.5 to 4"),
    "unregistered_per_registered": (1.0, 6.0, "counts of small groups give 1 to 6"),
    "spend_per_head": (600.0, 1_600.0, "councils spent about £600 to £1,600 a head in 2007-08"),
    "other_income_share": (0.05, 0.35, "fees and other income were 5% to 35%"),
    "care_share": (0.40, 0.60, "care took 40% to 60% of spending then"),
    "reserves_share": (0.05, 0.50, "councils held 5% to 50% of a year's spending"),
}
"""Where values usually lie, with the words for it: wide bounds, assumptions, for a warning and no more."""
DEPRIVED, AFFLUENT = 0.25, -0.25
FEW_NEIGHBOURHOODS = 4
ENGLAND = 1.8
"""Registered charities per 1,000 people in England."""
TOLERATED = 0.02
NEARLY_ALL, HARDLY_ANY = 0.9, 0.05
"""Shares of homes, ages and grades beyond which hardly any place lies: assumptions likewise."""


def oddities(place: Place, packaged: Collection[str] = ()) -> list[str]:
    """What is odd, in a sentence each; nothing if all is as usual.

    Args:
        place: what is looked at.
        packaged: names of the places that come with the package, which a file of one's own had better not use.
    """
    return [*_named_alike(place, packaged), *_unusual(place), *_one_sided(place), *_unlike_its_kind(place),
            *_small_or_large(place), *_unsourced(place)]  # fmt: skip


def by_quintile(place: Place) -> list[int]:
    """How many neighbourhoods lie in each quintile of deprivation, the most deprived first."""
    return [int((place.quintiles == quintile).sum()) for quintile in range(1, len(place.quintile_shares) + 1)]


def _named_alike(place: Place, packaged: Collection[str]) -> list[str]:
    if place.name in packaged and place != Place.named(place.name):
        return [f"its name is that of a place that comes with the package, {place.name}, and its figures are others."]
    return []


def _one_sided(place: Place) -> list[str]:
    """Where nearly everybody, or hardly anybody, is of one kind."""
    shares = [
        *((f"homes that are {name}", share) for name, share in place.tenure_shares.model_dump().items()),
        *((f"adults of age {name.replace('_', ' ')}", share) for name, share in place.age_shares.model_dump().items()),
        *((f"adults in grades A to C1 in quintile {q}", share) for q, share in enumerate(place.abc1_share, start=1)),
    ]
    return [f"{share:.0%} of {what}." for what, share in shares if not HARDLY_ANY <= share <= NEARLY_ALL]


def _unusual(place: Place) -> list[str]:
    said = []
    for name, (low, high, words) in USUAL.items():
        value = getattr(place, name)
        if not low <= value <= high:
            said.append(f"{name} is {value:g}; {words}.")
    return said


def _unlike_its_kind(place: Place) -> list[str]:
    """Values that do not go together."""
    said, d = [], place.deprivation
    if d > DEPRIVED and place.charities_per_1000 > ENGLAND:
        said.append(f"the place is deprived ({d:+.2f}) and has more charities than England's {ENGLAND} per 1,000 "
                    "people; deprived places mostly have fewer.")  # fmt: skip
    if d < AFFLUENT and place.charities_per_1000 < ENGLAND:
        said.append(f"the place is affluent ({d:+.2f}) and has fewer charities than England's {ENGLAND} per 1,000 "
                    "people; affluent places mostly have more.")  # fmt: skip
    if any(a > b for a, b in zip(place.abc1_share, place.abc1_share[1:], strict=False)):
        said.append("abc1_share does not rise from the most deprived quintile to the least.")
    if place.tenure_shares.owner > 0.6 and d > 0.5:
        said.append("most homes are owned in a very deprived place.")
    return said


def _small_or_large(place: Place) -> list[str]:
    said = []
    if place.neighbourhoods < FEW_NEIGHBOURHOODS:
        said.append(f"it has {place.neighbourhoods} neighbourhood(s), so quintile_shares can hardly be kept: with "
                    f"{FEW_NEIGHBOURHOODS} or more they can.")  # fmt: skip
    elif gap := _worst_gap(place):
        said.append(f"with {place.neighbourhoods} neighbourhoods the shares by quintile are off by up to {gap:.0%}, "
                    "since each neighbourhood has one quintile.")  # fmt: skip
    if place.funded_area >= place.residents:
        said.append(f"the funded area ({place.funded_area:,}) is not smaller than the place ({place.residents:,}): the "
                    "whole place is funded, and nothing lies next door.")  # fmt: skip
    return said


def _worst_gap(place: Place) -> float:
    """How far whole neighbourhoods miss the shares of quintiles, where that is a lot."""
    n = place.neighbourhoods
    worst = max(abs(count / n - share) for count, share in zip(by_quintile(place), place.quintile_shares, strict=True))
    return worst if worst > max(TOLERATED, 0.6 / n) else 0.0


def _unsourced(place: Place) -> list[str]:
    assumed = [name for name, source in place.sources.items() if source.startswith(ASSUMED)]
    if not assumed:
        return []
    return [f"{len(assumed)} of {len(place.sources)} figures are assumptions ({', '.join(assumed)})."]
