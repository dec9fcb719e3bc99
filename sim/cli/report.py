"""``takestwo report``: the one-file report of a results folder, made anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HELP = """usage: takestwo report FOLDER

Makes the figures and report.html of a results folder anew, as `takestwo run` and `takestwo compare` do at their end:
after a new version, or for a sub-folder that has none. The page is one file, and opens without a network.

example:
  takestwo run world=essay policy=nurture_early place.residents=1500 months=36 replicates=2 hydra.run.dir=outputs/mine
  takestwo report outputs/mine
"""


def main(words: Sequence[str]) -> int:
    """Write the report of one folder."""
    from sim.cli import UsageError, screen
    from sim.report import write_report

    if len(words) != 1 or "=" in words[0]:
        raise UsageError("name one results folder, as in takestwo report outputs/mine.")
    folder = Path(words[0]).expanduser()
    write_report(folder)
    screen.console().print(f"Report: {folder / 'report.html'}", soft_wrap=True)
    return 0
