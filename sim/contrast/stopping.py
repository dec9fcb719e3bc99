"""How many pairs make an interval as narrow as asked, by a rule that keeps its error rate: the widest spread counts.

    s(k) = standard deviation of the differences of the first k pairs      t(k) = Student's t(k - 1) at 97.5%
    W(n) = the largest t(k) s(k) of all k from n0 to n
    n    = the first from n0 on with W(n) / sqrt(n) <= h                   h half the width asked for, n0 the least
    mean of the n differences  ±  W(n) / sqrt(n)

The rule looks at spreads and never at a mean. Where differences are normal, a mean of n is independent of all spreads
of the first 2 to n; so, given that it ended at n, the mean is as normal as if n had been fixed. And the interval is no
narrower than t(n0) s(n0) / sqrt(n), that of Stein's two samples, which covers the truth in exactly 95% of cases,
whatever the spread is. So this one covers it in 95% or more. It stays so where n is cut off by a limit, or is that of
another contrast of the same pairs. Each interval has its 95% for itself, not all together.

Differences of the model are not normal: many pairs hardly differ, and a few do a lot. Then the first pairs alone, as in
Stein's rule, often see too little of the spread; that later ones can widen the interval, and never narrow it, makes
good for it. To look after each pair, and stop when the usual interval is narrow enough, is what this is instead of:
such a rule stops where the spread happens to look small, and covers too seldom. ``experiments/coverage.py`` measures
all three on the model; ``docs/coverage.md`` has what it found.

Since W never falls, n does not depend on how many pairs are run at a time.

Source: Stein, C. (1945). A two-sample test for a linear hypothesis whose power is independent of the variance. Annals
of Mathematical Statistics 16(3), 243-258. That spreads say nothing of a mean, and what becomes of rules that look at
them as the precision gets finer: Anscombe, F. J. (1953). Sequential estimation. Journal of the Royal Statistical
Society B 15(1), 1-29; Chow, Y. S. and Robbins, H. (1965). On the asymptotic theory of fixed-width sequential confidence
intervals for the mean. Annals of Mathematical Statistics 36(2), 457-462.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.config import ConfigError, nearest
from sim.contrast.interval import CONFIDENCE
from sim.headlines import HEADLINE, NAMES
from sim.observables import OBSERVABLES
from sim.tables import unit_of
from sim.units import MONTHS_A_YEAR
from sim.wording import is_share

LEAST, MOST = 50, 1_000
"""Pairs that are run in any case, and the most that are, unless others are asked for. By fewer than fifty the spread
of differences that are far from normal is told too badly: ``docs/coverage.md``."""
LIMITS = 5, 100_000
"""What these two can be: of fewer pairs than five a spread says next to nothing."""
ENDLESS = 1e15
"""Pairs of which more are not told apart: a precision can be absurd."""
AUTO = "auto"
"""What stands in place of a number of replicates."""
_BELOW_ONE = {"0 to 1", "0 or 1"}


@dataclass(frozen=True)
class Precision:
    """How narrow the interval of a contrast is to be.

    Attributes:
        half: half the width of the 95% interval of the difference, in the unit of the outcome.
        outcome: of the last 12 months, an observable.
        least: pairs that are run in any case; from then on spreads count.
        most: pairs that are run at most, whatever the interval is then.

    Raises:
        ConfigError: if one of them is out of its range.

    Examples:
        >>> from sim.contrast import Precision
        >>> Precision(0.005, least=5).pairs([0.01, -0.01, 0.02, 0.0, -0.02])
        78
        >>> Precision(-1)
        Traceback (most recent call last):
        sim.config.ConfigError: precision is -1, outside what is allowed: numbers above 0 and below 1 (share); ...
    """

    half: float
    outcome: str = HEADLINE
    least: int = LEAST
    most: int = MOST

    def __post_init__(self) -> None:
        low, high = LIMITS
        for name, pairs in (("least", self.least), ("most", self.most)):
            if not isinstance(pairs, int) or isinstance(pairs, bool) or not low <= pairs <= high:
                raise ConfigError(
                    f"replicates.{name} is {pairs!r}, outside what is allowed: whole numbers from {low} to {high:,} "
                    f"(pairs of runs); how many replicates=auto runs at {name}. Choose a value in that range."
                )
        if self.most < self.least:
            raise ConfigError(f"replicates.most is {self.most:,}, and replicates.least is {self.least:,}. Make the "
                              "most no less than the least.")  # fmt: skip
        unit = unit_of(self.outcome)
        most = 1.0 if is_share(unit) or unit in _BELOW_ONE else math.inf
        is_number = isinstance(self.half, int | float) and not isinstance(self.half, bool)
        if not is_number or not 0.0 < self.half < most:
            raise ConfigError(
                f"precision is {self.half!r}, outside what is allowed: numbers above 0"
                f"{' and below 1' if most == 1.0 else ''} ({unit}); half the width of the 95% interval of the "
                f"difference in {NAMES.get(self.outcome, self.outcome)}, in its unit. "
                + ("Half a percentage point is precision=0.005." if is_share(unit) else "Choose such a one.")
            )

    def needed(self, differences: Sequence[float]) -> int:
        """Pairs that have a value which are needed as far as is known, without regard to the most.

        Args:
            differences: scenario less counterfactual, of replicate 0 and up; NaN where one has no value.

        Raises:
            ConfigError: if too few of the first have one.
        """
        ratio = float(self._widest(differences)) / self.half
        return max(self.least, math.ceil(min(ratio * ratio, ENDLESS)))

    def pairs(self, differences: Sequence[float]) -> int:
        """Replicates to run as far as is known; where there are so many already, no more are needed.

        Those of pairs that have no value come on top.
        """
        gaps = len(differences) - len(known(differences))
        return min(max(self.needed(differences) + gaps, len(differences)), self.most)

    def settled(self, differences: Sequence[float]) -> Settled:
        """What all pairs say."""
        every, needed = known(differences), self.needed(differences)
        half = float(self._widest(differences)) / math.sqrt(len(every))
        mean = math.fsum(every) / len(every)
        return Settled(len(every), needed, mean, mean - half, mean + half, needed <= len(every))

    def _widest(self, differences: Sequence[float]) -> Any:
        """W of all differences."""
        first, every = len(known(differences[: self.least])), known(differences)
        if first < 2:
            raise ConfigError(f"{self.outcome} has a value in the last 12 months of only {first} of the first "
                              f"{self.least} pairs, so its spread is not known. Choose another precision.outcome, or "
                              "a larger place.")  # fmt: skip
        return widths(np.array(every))[first - 1 :].max()


class Settled(NamedTuple):
    """A contrast of as many pairs as its precision asked for.

    Attributes:
        pairs: that have a value.
        needed: that would be needed, as far as these tell; more than ``pairs`` where there would have been too many.
        difference: mean over pairs of scenario less counterfactual.
        low: lower end of its 95% interval.
        high: upper end.
        reached: whether the interval is as narrow as asked.
    """

    pairs: int
    needed: int
    difference: float
    low: float
    high: float
    reached: bool


def check_outcome(name: str) -> None:
    """Raise `ConfigError` unless there is such an observable."""
    if name not in OBSERVABLES:
        raise ConfigError(f"precision.outcome is {name}, which is no outcome. {nearest(name, OBSERVABLES)}")


def last_year(results: Any, outcome: str) -> float:
    """The mean of an outcome over the last 12 months of one run; NaN where no month has a value.

    Args:
        results: the run's table ``results``, as Arrow has it.
        outcome: a column of it.
    """
    if outcome not in results.column_names:
        raise ConfigError(f"precision.outcome is {outcome}, which is no outcome of these runs. "
                          f"{nearest(outcome, results.column_names)}")  # fmt: skip
    months = results[outcome].slice(max(0, len(results) - MONTHS_A_YEAR)).to_pylist()
    values = known(months)
    return math.fsum(values) / len(values) if values else math.nan


def known(values: Iterable[float]) -> list[float]:
    """The values that are there."""
    return [value for value in values if not math.isnan(value)]


def widths(differences: Any) -> Any:
    """t(k) s(k) of the first k differences, for each k: half the width of the usual interval, times the root of k.

    Args:
        differences: none of them NaN; a row an experiment, or one alone.

    Returns:
        As many numbers; of one pair alone there is no spread, and it is nil.
    """
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    pairs = np.arange(1, differences.shape[-1] + 1)
    shifted = differences - differences[..., :1]  # so that no digits are lost where the mean is large
    squares = (shifted * shifted).cumsum(axis=-1) - shifted.cumsum(axis=-1) ** 2 / pairs
    freedom = np.maximum(pairs - 1, 1)
    t = stdtrit(freedom, 0.5 + 0.5 * CONFIDENCE)
    return np.where(pairs > 1, t * np.sqrt(np.maximum(squares, 0.0) / freedom), 0.0)
