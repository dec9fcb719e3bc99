"""``takestwo profile``: the month's schedule, with the time that each room takes and the least that it could take."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

HELP = """usage: takestwo profile [KEY=VALUE ...]

Lives one run in this process, and prints the rooms in the order of the month: what each takes, its share of the
month, and how often its roof it takes. The roof is the time in which this machine's memory could move the columns
that the room names, each once, with nothing to work out. A room that touches few rows of a column can be below it.

Settings are as for takestwo run. Nothing is stored.

example:
  takestwo profile place.residents=1500 months=24
"""

NANO = 1e9


def main(words: Sequence[str]) -> int:
    """Measure a run and print where its time goes."""
    from sim.analysis.pace import bytes_a_second, roofs, timed
    from sim.cli import screen
    from sim.composition import compose
    from sim.founding import found
    from sim.run import RunSpec
    from sim.schedule import live_a_month
    from sim.wording import plural

    config = compose(list(words))
    state = found(config, RunSpec(config, replicate=0).seed)
    live_a_month(state.fork(), config)  # compiled, and in the caches
    taken, roof = timed(state, config, config.months), roofs(state)
    out, people = screen.console(), config.place.residents
    out.print(_table(taken, roof, people))
    months = f"{config.months} {plural(config.months, 'month')}"
    out.print(f"{config.place.name} of {people:,}, {months}. Times are a resident's share of a month, in nanoseconds "
              f"of the processor; the quickest month says most, for machines are noisy. Memory here moves "
              f"{bytes_a_second() / NANO:.0f} GB a second.", soft_wrap=True)  # fmt: skip
    return 0


def _table(taken: dict[str, list[float]], roof: dict[str, float], people: int) -> Any:
    """A row a room, and all together."""
    from sim.cli import screen
    from sim.schedule import MONTH

    verbs = {step.name: step.verb for step in MONTH}
    quickest = {name: min(seconds) for name, seconds in taken.items()}
    whole = sum(quickest.values())
    rows = [
        (verbs.get(name, name), name if name in verbs else "", f"{quickest[name] / whole:.1%}",
         _ns(quickest[name], people), _ns(median(seconds), people), *_beside(quickest[name], roof.get(name), people))
        for name, seconds in taken.items()
    ]  # fmt: skip
    usual = sum(median(seconds) for seconds in taken.values())
    rows.append(("all", "", "100.0%", _ns(whole, people), _ns(usual, people),
                 *_beside(whole, sum(roof.values()), people)))  # fmt: skip
    table = screen.listing(("verb", "room", "share", "quickest", "median", "roof", "times roof"), rows)
    for column in table.columns[2:]:
        column.justify = "right"
    return table


def _beside(seconds: float, roof: float | None, people: int) -> tuple[str, str]:
    return (_ns(roof, people), f"{seconds / roof:.1f}") if roof else ("", "")


def _ns(seconds: float, people: int) -> str:
    return f"{NANO * seconds / people:,.1f}"
