"""How many pairs make an interval as narrow as asked, by a rule that keeps its error rate: Stein's two samples.

    s   = standard deviation of the differences of the first n0 pairs
    n   = the least whole number >= (t s / h)^2, and at least n0       t = Student's t(n0 - 1) at 97.5%, h as asked
    mean of all n differences  ±  t s / sqrt(n)                        half a width of at most h

The first pairs decide once how many there will be, and nothing that comes after is looked at for that. Where
differences are normal, their mean is independent of their spread; so, given s, the mean of all n is as normal as if n
had been fixed, and (mean - truth) sqrt(n) / s has exactly Student's t with n0 - 1 degrees of freedom: the interval
covers the truth in 95% of cases, whatever the spread is. It stays so where n is cut off by a limit, or is that of
another contrast, as long as only spreads of the first n0 pairs decide. Each interval has its 95% for itself, not all
together.

To look after each pair, and stop when the usual interval is narrow enough, is what this is instead of: such a rule
stops where the spread happens to look small, and covers too seldom. ``experiments/coverage.py`` measures both on the
model, whose differences are not normal; ``docs/coverage.md`` has what it found.

Source: Stein, C. (1945). A two-sample test for a linear hypothesis whose power is independent of the variance. Annals
of Mathematical Statistics 16(3), 243-258. For the rule that looks each time: Anscombe, F. J. (1953). Sequential
estimation. Journal of the Royal Statistical Society B 15(1), 1-29.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sim.config import ConfigError, nearest
from sim.contrast.interval import CONFIDENCE, t_quantile
from sim.headlines import HEADLINE, NAMES
from sim.observables import OBSERVABLES
from sim.tables import unit_of
from sim.units import MONTHS_A_YEAR
from sim.wording import is_share

LEAST, MOST = 20, 1_000
"""Pairs that decide, and the most that are run, unless others are asked for."""
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
        least: pairs that are run in any case, and decide how many are.
        most: pairs that are run at most, whatever the interval is then.

    Raises:
        ConfigError: if one of them is out of its range.

    Examples:
        >>> from sim.contrast import Precision
        >>> Precision(0.005).pairs([0.01, -0.01, 0.02, 0.0, -0.02, 0.01])
        61
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

    def needed(self, first: Sequence[float]) -> int:
        """Pairs that the first differences ask for, without regard to the most.

        Args:
            first: differences of the first pairs, those that have none left out.
        """
        freedom = len(first) - 1
        if freedom < 1:
            raise ConfigError(f"{self.outcome} has a value in the last 12 months of only {len(first)} of the first "
                              f"{self.least} pairs, so its spread is not known. Choose another precision.outcome, or "
                              "a larger place.")  # fmt: skip
        ratio = _t(freedom) * spread(first) / self.half
        return max(self.least, math.ceil(min(ratio * ratio, ENDLESS)))

    def pairs(self, first: Sequence[float]) -> int:
        """Pairs to run: those that are needed, or the most."""
        return min(self.needed(first), self.most)

    def settled(self, differences: Sequence[float]) -> Settled:
        """What all pairs say.

        Args:
            differences: scenario less counterfactual, of replicate 0 and up; NaN where one has no value.
        """
        first, every = known(differences[: self.least]), known(differences)
        half = _t(len(first) - 1) * spread(first) / math.sqrt(len(every))
        mean = math.fsum(every) / len(every)
        return Settled(len(every), self.needed(first), mean, mean - half, mean + half, half <= self.half)


class Settled(NamedTuple):
    """A contrast whose first pairs have decided how many there are.

    Attributes:
        pairs: that have a value.
        needed: that the first asked for; more than ``pairs`` where there would have been too many.
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


def spread(values: Sequence[float]) -> float:
    """The standard deviation of a sample of two or more; its bits do not depend on the machine."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) * (value - mean) for value in values) / (len(values) - 1))


def _t(freedom: int) -> float:
    return t_quantile(0.5 + 0.5 * CONFIDENCE, freedom)
