"""``takestwo verify``: fast and plain hands agree on this machine, and the standard run is as published."""

from __future__ import annotations

from collections.abc import Sequence

HELP = """usage: takestwo verify

Two checks of this machine, in about a minute:

  hands    the compiled hand and the plain one take a small town through some months: every number must be the same
  digest   the standard run must give the published digest; where only the last bits differ, its numbers must be the
           published ones to a tolerance

Exit 0 where both hold, 1 where one does not.

example:
  takestwo verify
"""


def main(words: Sequence[str]) -> int:
    """Check this machine, or, with --publish, write down what the standard run gives."""
    from sim.cli import UsageError, screen
    from sim.verification import check_hands, check_standard_run, publish

    if words == ["--publish"]:
        for path in publish():
            print(f"written: {path}")
        return 0
    if words:
        raise UsageError(f"{words[0]} is not used here: verify takes no settings.")
    out, right = screen.console(), True
    for check in (check_hands, check_standard_run):
        verdict = check()
        right = right and verdict.holds
        out.print(f"{verdict.name:<8}{'agrees' if verdict.holds else 'DIFFERS'}: {verdict.says}", soft_wrap=True)
    return 0 if right else 1
