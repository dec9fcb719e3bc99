"""``takestwo place``: the places that are there, and what is odd about a place of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

HELP = """usage: takestwo place list
       takestwo place check PLACE [PLACE ...]

  list    the places that are there, in a line each
  check   reads each place, a file or the name of one that is there, and says in words all that is wrong with it, or
          only odd; exit 2 if one cannot be run

A place file is YAML as in configs/place/england_average.yaml; sim/data/place.schema.json is its schema, for editors
that read one. To run it: takestwo run place=FILE

examples:
  takestwo place list
  takestwo place check northern_town
"""


def main(words: Sequence[str]) -> int:
    """List the places, or check some."""
    from sim.cli import UsageError, screen
    from sim.config import ConfigError

    what, *files = list(words) or [""]
    if what not in {"list", "check"}:
        raise UsageError(f"{what or 'nothing'} is not what it does. Write takestwo place list, or place check PLACE.")
    if what == "list" and files:
        raise UsageError(f"{files[0]} is not used here. Write takestwo place list.")
    if what == "check" and not files:
        raise UsageError("name a file to check, as in takestwo place check mytown.yaml.")
    out = screen.console()
    if what == "list":
        out.print(screen.listing(("place", "what it is", "people of 16 and over", "deprivation"), _places()))
        out.print("Deprivation runs from +1 (all in the most deprived fifth of England) to -1 (all in the least).")
        return 0
    faults = [line for file in files for line in _check(file, out)]
    if faults:
        raise ConfigError("\n".join(faults))
    return 0


def _places() -> list[tuple[str, ...]]:
    from sim.composition import options
    from sim.place import Place

    each = [Place.named(name) for name in options("place")]
    return [(p.name, p.title, f"{p.residents:,}", f"{p.deprivation:+.2f}") for p in each]


def _check(named: str, out: Any) -> list[str]:
    """Say what is odd about a place; what is wrong with it, in a line each, is returned."""
    from sim.composition import options, read_place
    from sim.config import ConfigError, check_place
    from sim.placecheck import by_quintile, oddities
    from sim.source import config_folder

    packaged = config_folder() / "place" / f"{named}.yaml" if named in options("place") else None
    try:
        place = check_place(read_place(packaged or Path(named).expanduser()))
    except ConfigError as fault:
        return [f"{named}: {line}" for line in str(fault).splitlines()]
    out.print(f"{named}: {place.title} can be run. {place.residents:,} people of 16 and over live in "
              f"{place.neighbourhoods} neighbourhoods.", soft_wrap=True)  # fmt: skip
    counts = ", ".join(map(str, by_quintile(place)))
    out.print(f"  neighbourhoods by fifths of deprivation, the most deprived first: {counts}", soft_wrap=True)
    for line in oddities(place, options("place")):
        out.print(f"  odd: {line}", soft_wrap=True)
    out.print(f"To run it: takestwo run place={named}", soft_wrap=True)
    return []
