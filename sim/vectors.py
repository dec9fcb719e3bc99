"""A configuration's numbers as one flat named vector, and the way back: for samplers and fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.config import ROOMS_IN_ORDER, Config, ConfigError, nearest, registry, rooms_of, rooms_with
from sim.parameters import by_group


def vector(config: Config) -> dict[str, float | int]:
    """Every number of every room by its dotted path, as the month runs; switches and options are no numbers.

    Examples:
        >>> from sim import compose
        >>> from sim.vectors import vector
        >>> vector(compose(["draw=3", "volunteering.ask_chance=0.1"]))["volunteering.ask_chance"]
        0.1
    """
    entries = registry()
    return {path: getattr(config.rooms[entries[path].room], entries[path].field) for path in paths()}


def paths() -> list[str]:
    """The dotted paths of `vector`, in its order; `sim.config.registry` has the range and unit of each."""
    order = {room: place for place, room in enumerate(ROOMS_IN_ORDER)}
    numbers = [entry for entry in registry().values() if entry.is_number]
    return [entry.path for entry in sorted(numbers, key=lambda entry: order[entry.room])]


def with_vector(config: Config, numbers: Mapping[str, float]) -> Config:
    """The configuration with other numbers, all else the same; ``draw`` too, which then names only the others.

    It is what `sim.compose` makes of the same overrides: the main model that a rival is founded to match has them too.

    Args:
        config: where to put them.
        numbers: a vector, or part of one, by dotted path.

    Raises:
        ConfigError: if a path is unknown, a number out of its range, or they are impossible together.

    Examples:
        >>> from sim import compose
        >>> from sim.vectors import vector, with_vector
        >>> third = vector(compose(["draw=3"]))
        >>> config = with_vector(compose(["world=flat"]), {"ties.build": third["ties.build"]})
        >>> config.ties.build == third["ties.build"], config.world.name
        (True, 'flat')
        >>> with_vector(config, {"ties.bild": 1.0})
        Traceback (most recent call last):
        sim.config.ConfigError: ties.bild is unknown. Did you mean ties.build?
    """
    for path in numbers:
        if path not in registry():
            raise ConfigError(f"{path} is unknown. {nearest(path, paths())}")
        if not registry()[path].is_number:
            what = " or ".join(registry()[path].options)
            what = f"a choice of {what}" if what else "a switch"
            raise ConfigError(f"{path} is {what}, and no number of the vector. Set it when you compose.")
    return with_values(config, {path: n.item() if hasattr(n, "item") else n for path, n in numbers.items()})


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """The same for parameters of every kind, which all must be known: switches and options too.

    Raises:
        ConfigError: if a value is not allowed, or values are impossible together.
    """
    update: dict[str, Any] = {"rooms": rooms_with(config.rooms, values)}
    if config.matched:
        update["matched"] = by_group(rooms_with(rooms_of(config.matched), values))
    return config.model_copy(update=update)
