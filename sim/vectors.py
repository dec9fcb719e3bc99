"""A configuration's numbers as one flat named vector, and the way back: for samplers and fits."""

from __future__ import annotations

from collections.abc import Mapping

from sim.config import ROOMS_IN_ORDER, Config, ConfigError, nearest, registry


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
    changed = config.resolved()
    for path, number in numbers.items():
        if path not in registry():
            raise ConfigError(f"{path} is unknown. {nearest(path, paths())}")
        if not registry()[path].is_number:
            what = " or ".join(registry()[path].options)
            what = f"a choice of {what}" if what else "a switch"
            raise ConfigError(f"{path} is {what}, and no number of the vector. Set it when you compose.")
        group, _, name = path.rpartition(".")
        changed[group][name] = number.item() if hasattr(number, "item") else number
    return Config.check(changed)
