"""Contrasts: a scenario less its counterfactual, run by run under the same luck.

For each outcome and replicate, d = (mean of the scenario's last 12 months) - (the same of the counterfactual). Both
runs of a pair throw the same dice, so d leaves out the luck that they share; its mean has the 95% interval of
Student's t over the pairs. One pair has no interval.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from sim.contrast.differences import CONTRAST, at_the_start, by_part, paired
from sim.contrast.interval import Interval, interval, pairs_needed, t_quantile
from sim.contrast.people import GAINED, GAINS, Gain, at_the_end, gained_and_lost, matched
from sim.contrast.stopping import Precision, Settled
from sim.contrast.tally import Tally
from sim.results import Results
from sim.units import MONTHS_A_YEAR
from sim.wording import begins_apart, joined, lower, parted, plural

__all__ = [
    "CONTRAST", "GAINED", "GAINS", "Contrast", "Gain", "Interval", "Precision", "Settled", "Tally", "at_the_end",
    "at_the_start", "by_part", "gained_and_lost", "interval", "matched", "paired", "pairs_needed", "t_quantile",
]  # fmt: skip


class Contrast:
    """A scenario beside its counterfactual, in pairs.

    Attributes:
        counterfactual: results of the one.
        scenario: results of the other, replicate by replicate under the same run seeds.
        models: what the models of the two are called, where they are not both the package's own.
        settled: the interval of the outcome of which a precision was asked for; None where replicates were a number.
            Beside it the intervals of `outcomes` take the number of pairs as given.

    Examples:
        >>> from sim import compare, compose
        >>> small = ["place.residents=1500", "months=3"]
        >>> asked = compose([*small, "policy=ready_meals", "policy.ready_meals.start=2007-04"])
        >>> contrast = compare(compose(small), asked, replicates=2, workers=1)
        >>> contrast
        Contrast(policy ready_meals less policy none, 2 pairs). In the last 3 months: ...
        >>> list(contrast.by_quintile)[:5]
        ['quintile', 'outcome', 'unit', 'pairs', 'counterfactual']
    """

    def __init__(
        self, counterfactual: Results, scenario: Results, states: Callable[[], tuple[Results, Results]] | None = None,
        models: tuple[str, str] = ("", ""), settled: Settled | None = None,
    ) -> None:  # fmt: skip
        self.counterfactual, self.scenario, self._states, self.models = counterfactual, scenario, states, models
        self.settled = settled

    def __repr__(self) -> str:
        before, after = self.names
        pairs = int(self.outcomes["pairs"].max())
        return f"Contrast({after} less {before}, {pairs} {plural(pairs, 'pair')}). {self.finding}"

    def _repr_html_(self) -> str:
        from sim import showing

        return showing.of_contrast(self.outcomes, self.finding, *self.names) + showing.of_parts(
            {"by_quintile": self.by_quintile, "by_area": self.by_area}, self.outcomes
        )

    @property
    def names(self) -> tuple[str, str]:
        """What the counterfactual and the scenario are called: by what they are named for and differ in."""
        sides = zip((self.counterfactual, self.scenario), self.models, strict=True)
        one, other = ({**results.scenario, "model": model} for results, model in sides)
        differ = [name for name in one if one[name] != other[name]]
        if not differ:
            return "counterfactual", "scenario"
        return _joined(one, differ), _joined(other, differ)

    @property
    def finding(self) -> str:
        """What clearly differs in the last 12 months, and what does not; and what did in the first month already.

        One pair has no interval, and says so.
        """
        months = min(MONTHS_A_YEAR, int(self.counterfactual.results["month"].max()) + 1)
        found = lower(joined(*parted(self.outcomes.set_index("outcome")), "difference"))
        alone = "; one pair of runs, so no interval" if self.outcomes["pairs"].max() == 1 else ""
        told = f"In the last {months} {plural(months, 'month')}: {found}{alone}."
        return " ".join([told, *begins_apart(self.at_the_start.set_index("outcome"))])

    @cached_property
    def outcomes(self) -> Any:
        """A row an outcome, with the columns of `CONTRAST`."""
        return paired(self.counterfactual, self.scenario)

    @cached_property
    def at_the_start(self) -> Any:
        """The same of month 0: both begin alike unless they were founded by other numbers, or a policy begins there."""
        return at_the_start(self.counterfactual, self.scenario)

    @cached_property
    def by_quintile(self) -> Any:
        """A row an outcome and deprivation quintile (1 most deprived): ``quintile``, then the columns of `CONTRAST`."""
        return by_part(self.counterfactual, self.scenario, "by_quintile")

    @cached_property
    def by_area(self) -> Any:
        """A row an outcome and area: inside the funded area, next door, the rest. No rows without a funded area."""
        return by_part(self.counterfactual, self.scenario, "by_area")

    @cached_property
    def by_band(self) -> Any:
        """A row an outcome of charities and income band: ``income_band``, then the columns of `CONTRAST`."""
        return by_part(self.counterfactual, self.scenario, "by_band")

    @cached_property
    def gained_and_lost(self) -> Any:
        """Who gained and who lost, resident by resident: a row an outcome, with the columns of `GAINED`.

        `sim.contrast.people` says what a gain is. Where residents were not recorded the pairs are run again.
        """
        return gained_and_lost(*map(at_the_end, self._both("residents")))

    @cached_property
    def gained_and_lost_by_quintile(self) -> Any:
        """The same by deprivation quintile of where they live in the counterfactual."""
        return gained_and_lost(*map(at_the_end, self._both("residents")), by_quintile=True)

    @property
    def residents(self) -> Any:
        """Residents at the end of both runs of each pair, matched by permanent id.

        A row a replicate and resident; each column twice, ending in ``_counterfactual`` and ``_scenario``; ``lives_in``
        says "both", "counterfactual" or "scenario". Where the states were not recorded the pairs are run again.
        """
        return matched(*(side.residents for side in self._both("residents")), keys=["id"])

    @property
    def ties(self) -> Any:
        """Ties at the end of both runs of each pair, matched by the ids of their two ends; as `residents`."""
        return matched(*(side.ties for side in self._both("ties")), keys=["smaller_id", "larger_id"])

    def has(self, name: str) -> bool:
        """Whether a state, of ``residents`` and ``ties``, was recorded in both."""
        return self.counterfactual.tables.holds([name]) and self.scenario.tables.holds([name])

    def _both(self, name: str) -> tuple[Results, Results]:
        """Two results that hold a state; the pairs are run again, once for all states, where it was not recorded."""
        return (self.counterfactual, self.scenario) if self.has(name) else self._again

    @cached_property
    def _again(self) -> tuple[Results, Results]:
        if self._states is None:
            raise ValueError("these runs did not record states: ask for them with record=[residents,ties].")
        return self._states()


def _joined(scenario: dict[str, str], names: list[str]) -> str:
    return ", ".join(f"{name} {scenario[name]}" for name in names)
