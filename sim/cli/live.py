"""What is known of the headline contrast while runs are under way, in a line or two."""

from __future__ import annotations

from collections.abc import Sequence

from sim.cli.request import Point
from sim.contrast.stopping import last_year
from sim.contrast.tally import Tally, share_their_luck
from sim.headlines import HEADLINE, NAMES
from sim.pool import HasResults
from sim.run import RunSpec
from sim.tables import unit_of
from sim.wording import is_share, plural, plus_minus, sign

TOLD = 3
"""Contrasts that are told one by one; of more, how many are clear, and which is the largest."""
LONGEST = 60
"""Letters of a scenario's name: one of a design can have dozens of parameters."""


class Live:
    """The contrasts of scenarios with the first of them, as runs come to their end.

    Args:
        points: the scenarios. Where they do not share their luck there is nothing to tell.
        outcome: the observable that is watched.
    """

    def __init__(self, points: Sequence[Point], outcome: str = HEADLINE) -> None:
        self._names = [_shortened(point.name) for point in points]
        self._number = {id(point.config): number for number, point in enumerate(points)}
        together = len(points) > 1 and share_their_luck([point.config for point in points])
        self.tally = Tally(len(points) if together else 0, outcome)

    def again(self, points: Sequence[Point]) -> None:
        """Go on with the same scenarios, of more runs each."""
        self._number = {id(point.config): number for number, point in enumerate(points)}

    def take(self, spec: RunSpec, run: HasResults) -> None:
        """Take up a run that has been found or finished."""
        number = self._number.get(id(spec.config))
        if len(self.tally) and number is not None and not self.tally.has(number, spec.replicate):
            self.tally.note(number, spec.replicate, last_year(run.results, self.tally.outcome))

    def lines(self) -> list[str]:
        """What to show; nothing before there is an interval."""
        known = [number for number in range(1, len(self.tally)) if self.tally.pairs(number) > 1]
        if not known:
            return []
        name = NAMES.get(self.tally.outcome, self.tally.outcome)
        if len(self.tally) - 1 <= TOLD:
            return [f"{name} so far, {self._names[n]} less {self._names[0]}: {self._said(n)}" for n in known]
        each = {number: self.tally.interval(number) for number in known}
        clear = sum(sign(found.low, found.high) != 0 for found in each.values())
        most = max(each, key=lambda number: abs(each[number].mean))
        return [
            f"{name} so far: {clear} of {len(known)} scenarios clearly differ from {self._names[0]}",
            f"the most does {self._names[most]}: {self._said(most)}",
        ]

    def _said(self, number: int) -> str:
        found, pairs, unit = self.tally.interval(number), self.tally.pairs(number), unit_of(self.tally.outcome)
        points = " points" if is_share(unit) else ""
        return f"{plus_minus(*found, unit)}{points} ({pairs} {plural(pairs, 'pair')})"


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
