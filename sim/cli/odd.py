"""``takestwo odd``: the model's description by the ODD+D protocol, from the code."""

from __future__ import annotations

from collections.abc import Sequence

HELP = """usage: takestwo odd

Prints the model's description by the ODD+D protocol, as Markdown: purpose, entities, schedule, every rule with its
equations and its parameters (centre, range, unit, source, confidence), every observable, the data that it begins from,
and the works that it rests on. All of it is read from the code that runs.

example:
  takestwo odd
"""


def main(words: Sequence[str]) -> int:
    """Print the document."""
    from sim.cli import UsageError
    from sim.report.odd import document

    if words:
        raise UsageError(f"{words[0]} is not used here: odd takes no settings.")
    print(document(), end="")
    return 0
