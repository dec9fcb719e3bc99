"""``takestwo compare``: scenarios under the same luck, in pairs with the first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

HELP = """usage: takestwo compare KEY=ONE,OTHER[,...] [KEY=VALUE ...]

Runs the scenarios that the comma lists name, replicate by replicate under the same luck, and shows how each differs
from the first, its counterfactual: mean of the paired differences over the last 12 months, with a 95% interval.
All else is as in `takestwo run`.

  contrasts.csv in the results folder has every outcome; results.parquet has all runs; a sub-folder each scenario.

example:
  takestwo compare policy=none,nurture_early world=essay place.residents=1500 months=48 replicates=4
"""


def main(words: Sequence[str]) -> int:
    """Compare what the overrides name."""
    import pandas as pd

    from sim.cli import UsageError, folder, request, screen, work
    from sim.contrast import paired
    from sim.ensemble import check_pairs
    from sim.files import write_text

    started = datetime.now(UTC)
    asked = request.read(words, several=True)
    first, *others = asked.points
    if not others:
        raise UsageError("one scenario was given, and two are needed. Name them as policy=none,nurture_early.")
    check_pairs([point.config for point in asked.points])
    done = work.run_points(asked, ["compare", *words], started)
    folder.write_several(asked.folder, asked.points, done.results, done.provenance)
    out = screen.console()
    frames = []
    for point, results in zip(others, done.results[1:], strict=True):
        frame = paired(done.results[0], results)
        frames.append(frame.assign(counterfactual_overrides=first.name, scenario_overrides=point.name))
        out.print(screen.contrasts(frame, f"{point.name} less {first.name}"))
    text = pd.concat(frames, ignore_index=True).to_csv(index=False, lineterminator="\n")
    write_text(asked.folder / "contrasts.csv", text)
    work.report(asked.folder)
    work.say_where(out, asked, done)
    return 0
