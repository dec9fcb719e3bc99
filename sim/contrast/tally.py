"""The contrasts of an ensemble with its first scenario, kept up to date run by run while it is under way.

Of a run no more is kept than the last year of one outcome, and of a scenario three running sums (Welford's: count, mean
and squares), so 30,000 runs are 30,000 numbers and no tables.

Source: Welford, B. P. (1962). Note on a method for calculating corrected sums of squares and products. Technometrics
4(3), 419-420.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim.config import Config
from sim.contrast.interval import CONFIDENCE, Interval, t_quantile
from sim.headlines import HEADLINE

MANY = 1_000
"""Pairs from which on Student's t is that of so many: a thousandth wider than it need be, and found at once."""


def share_their_luck(configs: Sequence[Config]) -> bool:
    """Whether scenarios can be set beside the first: seed, months and where they begin are the same."""
    return len({(config.seed, config.months, config.world.first_month) for config in configs}) == 1


@dataclass
class _Sums:
    """Of the pairs of one scenario."""

    pairs: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, difference: float) -> None:
        self.pairs += 1
        step = difference - self.mean
        self.mean += step / self.pairs
        self.squares += step * (difference - self.mean)


class Tally:
    """What is known so far.

    Args:
        scenarios: how many; number 0 is the counterfactual of the others.
        outcome: the observable that is watched.

    Examples:
        >>> from sim.contrast.tally import Tally
        >>> tally = Tally(2)
        >>> for replicate in (0, 1, 2):
        ...     tally.note(1, replicate, 0.2)
        ...     tally.note(0, replicate, 0.1 * replicate)
        >>> tally.pairs(1), round(tally.interval(1).mean, 3), tally.differences(1, 3)
        (3, 0.1, [0.2, 0.1, 0.0])
    """

    def __init__(self, scenarios: int, outcome: str = HEADLINE) -> None:
        self.outcome = outcome
        self._values: list[dict[int, float]] = [{} for _ in range(scenarios)]
        self._sums = [_Sums() for _ in range(scenarios)]

    def __len__(self) -> int:
        return len(self._values)

    def note(self, scenario: int, replicate: int, value: float) -> None:
        """Take up one run; of one that is known already nothing changes.

        Args:
            scenario: its number.
            replicate: 0-based.
            value: its last year of the outcome (`sim.contrast.stopping.last_year`); NaN where it has none.
        """
        if self.has(scenario, replicate):
            return
        self._values[scenario][replicate] = value
        others = range(1, len(self)) if scenario == 0 else (scenario,)
        for other in others:
            difference = self._difference(other, replicate)
            if not math.isnan(difference):
                self._sums[other].add(difference)

    def has(self, scenario: int, replicate: int) -> bool:
        """Whether a run has been taken up."""
        return replicate in self._values[scenario]

    def pairs(self, scenario: int) -> int:
        """Pairs so far that have a value."""
        return self._sums[scenario].pairs

    def interval(self, scenario: int) -> Interval:
        """The difference so far, with the 95% interval that so many pairs would have, had they been all from the first.

        In the last bits it depends on the order in which runs came to their end. No ends of fewer than two pairs.
        """
        sums = self._sums[scenario]
        if sums.pairs < 2:
            return Interval(sums.mean if sums.pairs else math.nan, math.nan, math.nan)
        t = t_quantile(0.5 + 0.5 * CONFIDENCE, min(sums.pairs, MANY) - 1)
        half = t * math.sqrt(sums.squares / (sums.pairs - 1) / sums.pairs)
        return Interval(sums.mean, sums.mean - half, sums.mean + half)

    def differences(self, scenario: int, replicates: int) -> list[float]:
        """The difference of each replicate from 0 on; NaN where it is not known, or has no value."""
        return [self._difference(scenario, replicate) for replicate in range(replicates)]

    def _difference(self, scenario: int, replicate: int) -> float:
        first, other = (self._values[n].get(replicate, math.nan) for n in (0, scenario))
        return other - first
