"""The 95% interval of a mean over pairs, by Student's t, and how many pairs would halve it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean over pairs and its 95% interval; both ends are NaN where there are fewer than two pairs."""

    mean: float
    low: float
    high: float


def interval(values: Any, least: float = -math.inf, most: float = math.inf) -> Interval:
    """The mean of an array with a value a pair, and its 95% interval.

    Args:
        values: numbers, none of them NaN.
        least: what the quantity cannot be below; the interval ends there.
        most: what it cannot be above.
    """
    pairs = len(values)
    if pairs == 0:
        return Interval(math.nan, math.nan, math.nan)
    mean = float(values.mean())
    if pairs == 1:
        return Interval(mean, math.nan, math.nan)
    half = _halves(pairs) * float(values.std(ddof=1))
    return Interval(mean, max(least, mean - half), min(most, mean + half))


def pairs_needed(pairs: int, spread: float) -> int | None:
    """How many pairs in all, those there are included, would make the interval at most half as wide.

    The least n for which t(n-1) s / sqrt(n) is at most half of t(k-1) s / sqrt(k): k pairs there are, s the standard
    deviation of their differences, which is taken to stay. Without an interval (k below 2) there is no answer, and an
    interval of no width needs no more pairs.

    >>> from sim.contrast import pairs_needed
    >>> pairs_needed(20, 1.0), pairs_needed(2, 1.0), pairs_needed(20, 0.0), pairs_needed(1, 0.0)
    (73, 3, 20, None)
    """
    if pairs < 2 or math.isnan(spread):
        return None
    return _quartered(pairs) if spread > 0.0 else pairs


@lru_cache(maxsize=256)
def _quartered(pairs: int) -> int:
    """As `pairs_needed`, for any spread: it falls out. Halving, between too few pairs and 4 times as many."""
    few, enough = pairs, 4 * pairs  # t falls with every pair, so four times as many are always enough
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if 2.0 * _halves(middle) <= _halves(pairs) else (middle, enough)
    return enough


def _halves(pairs: int) -> float:
    """Half the width of the interval over so many pairs, in standard deviations of their differences."""
    return t_quantile(0.5 + 0.5 * CONFIDENCE, pairs - 1) / math.sqrt(pairs)


@lru_cache(maxsize=1024)
def t_quantile(p: float, freedom: int) -> float:
    """The quantile of Student's t for whole degrees of freedom, by halving; p from .5 to 1. Without freedom, infinite.

    Source: the sums of Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.

    >>> from sim.contrast import t_quantile
    >>> round(t_quantile(0.975, 19), 3)
    2.093
    """
    if freedom < 1:
        return math.inf
    low, high = 0.0, 1.0
    while _t_within(high, freedom) < 2.0 * p - 1.0:
        low, high = high, 2.0 * high
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _t_within(middle, freedom) < 2.0 * p - 1.0 else (low, middle)
    return 0.5 * (low + high)


def _t_within(t: float, freedom: int) -> float:
    """P(-t < T < t)."""
    angle = math.atan2(t, math.sqrt(freedom))
    c, s = math.cos(angle), math.sin(angle)
    odd = freedom % 2
    term, total = (c, 0.0) if odd else (1.0, 0.0)
    for k in range(odd + 1, freedom, 2):
        total += term
        term *= c * c * k / (k + 1)
    return 2.0 / math.pi * (angle + s * total) if odd else s * total
