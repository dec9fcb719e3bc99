"""``takestwo compare``: scenarios under the same luck, in pairs with the first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sim.cli import lived_here
from sim.workers import at_hand

if TYPE_CHECKING:
    from sim.cli.request import Request
    from sim.results import Results

HELP = """usage: takestwo compare KEY=ONE,OTHER[,...] [KEY=VALUE ...]

Runs the scenarios that the comma lists name, replicate by replicate under the same luck, and shows how each differs
from the first, its counterfactual: mean of the paired differences over the last 12 months, and over the last 12 in
which money was paid, with a 95% interval; what £1,000 bought; where, by deprivation and inside and next door to a
funded area; who gained and who lost, resident by resident; and how many pairs would halve the interval. Options after
the first are set beside each other too. All else is as in `takestwo run`.

  contrasts.csv                every outcome; contrasts_by_quintile.csv, contrasts_by_area.csv (where an area is
                               funded) and contrasts_by_band.csv (charities by income) the same in parts
  gained_and_lost.csv          residents who gained and lost; gained_and_lost_by_quintile.csv
  report.html, figures/        the findings to read, and the pictures
  results.parquet              all runs; a sub-folder each scenario

replicates=auto precision=0.005 runs as many pairs as make the interval of the difference in unmet need as narrow as
asked: here, no more than half a percentage point to each side. The widest spread that was seen after any number of
pairs, from the least on, decides how many there will be, and never a mean. So the interval holds the truth in 95% of
cases or more where differences are normal; on the model as often, to half a point, as that of a number of pairs that
was fixed beforehand (docs/coverage.md has the figures). All scenarios have as many as the one that needs most.

  precision=0.005              half the width of the 95% interval, in the unit of the outcome
  precision.outcome=NAME       of another outcome than unmet_need, as ties_per_resident
  replicates.least=50          pairs that are run in any case (5 or more); fewer tell their spread badly, and then the
                               interval holds the truth less often
  replicates.most=1000         pairs that are run at most; if the interval is wider then, that is said
  precision.csv                the intervals that keep this; those of the tables take the number of pairs as given

Residents are recorded for this where there are no more than 500,000 in all runs together; with more, ask for it with
record=[residents].

examples:
  takestwo compare policy=none,nurture_early world=essay place.residents=1500 months=48 replicates=4
  takestwo compare world=flat,essay place.residents=1500 months=36 replicates=auto precision=0.02 replicates.least=10
"""

MOST_RESIDENTS = 500_000
"""Residents in all runs together up to which they are recorded unasked: 90 MB in the store, a second to match."""


def main(words: Sequence[str]) -> int:
    """Compare what the overrides name."""
    started = datetime.now(UTC)
    with at_hand(needed=lived_here(words)):
        from sim.cli import UsageError, comparison, folder, narrowing, request, screen, work
        from sim.contrast import Contrast
        from sim.ensemble import EnsembleError, check_pairs
        from sim.report.study import read_study

        asked = request.read(words, several=True)
        if len(asked.points) == 1:
            raise UsageError("one scenario was given, and two are needed. Name them as policy=none,nurture_early.")
        check_pairs([point.config for point in asked.points])
        asked = _in_one_area(asked)
        done = work.run_points(asked, ["compare", *words], started, record=_record(asked), alike=True)
    if done.failed:
        raise EnsembleError("\n".join(done.failed))
    first, *others = done.points
    kept = [_as_asked(result, point.config.record) for point, result in zip(done.points, done.results, strict=True)]
    folder.write_several(asked.folder, done.points, kept, done.provenance)
    runs = dict(zip((point.name for point in done.points), done.results, strict=True))
    contrasts = [Contrast(runs[first.name], runs[point.name]) for point in others]
    # The options beside each other: each with the first of them.
    files = folder.write_contrasts(asked.folder, {
        **{(first.name, point.name): contrast for point, contrast in zip(others, contrasts, strict=True)},
        **{(others[0].name, point.name): Contrast(runs[others[0].name], runs[point.name]) for point in others[1:]},
    })  # fmt: skip
    out = screen.console()
    for part in comparison.told(read_study(asked.folder), contrasts, out.width):
        out.print(part)
    if asked.precision:
        files.append(narrowing.write(asked.folder, asked.precision, done.points, done.settled))
        for line in narrowing.told(asked.precision, done.points, done.settled):
            out.print(line, soft_wrap=out.is_terminal)
    work.report(asked.folder)
    out.print(f"Tables: {', '.join(path.name for path in files)}.", soft_wrap=out.is_terminal)
    work.say_where(out, asked, done, compared=True)
    return 0


def _in_one_area(asked: Request) -> Request:
    """All told by one funded area, where some have it."""
    from dataclasses import replace

    from sim.ensemble import with_one_area

    configs = with_one_area([point.config for point in asked.points])
    points = [replace(point, config=config) for point, config in zip(asked.points, configs, strict=True)]
    return replace(asked, points=tuple(points))


def _record(asked: Request) -> tuple[str, ...]:
    """Residents, where they are few enough to be matched without being asked for."""
    runs = asked.precision.most if asked.precision else None
    every = sum(point.config.place.residents * (runs or point.config.replicates) for point in asked.points)
    return ("residents",) if every <= MOST_RESIDENTS else ()


def _as_asked(results: Results, record: Sequence[str]) -> Results:
    """Results without the residents that only the contrasts need."""
    from dataclasses import replace

    from sim.results import Results

    left: dict[str, Any] = {} if "residents" in record else {"residents": None}
    return Results(replace(results.tables, **left))
