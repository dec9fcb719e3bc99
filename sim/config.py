"""The typed configuration of a run: one place, one world, policies, and the parameters of every room, all checked."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim import draws
from sim.checked import Checked, number
from sim.parameters import GROUPS, REGISTRY, ROOMS, Entry, by_group
from sim.place import Place
from sim.policy import Policy, dated
from sim.units import date_of, month_of
from sim.world import WorldSpec

ROOMS_IN_ORDER = (
    "renewal", "funding", "reorganisation", "nurture", "meeting", "ties", "need", "helping", "coproduction", "serving",
    "volunteering", "trust", "survival",
)  # fmt: skip
"""The rooms that have parameters, as the month runs."""


HOW_TO_RUN = ("workers", "record", "replicates")
"""What does not change a run's results."""

for _room in ROOMS_IN_ORDER:
    import_module(f"sim.processes.{_room}")


class ConfigError(ValueError):
    """A configuration that cannot be run: what is wrong, where, what is allowed and what to do."""


class Config(Checked):
    """Everything that decides a run. Make one with `compose`, or `Config.check`.

    Each room's ``Parameters`` is an attribute under the room's name: ``config.volunteering.asked_share``.

    Examples:
        >>> from sim import compose
        >>> config = compose(["world=essay", "policy=nurture_early", "place.residents=1500"])
        >>> config
        Config(place=england_average of 1,500, world=essay, policy=nurture_early, months=204, seed=1)
        >>> config.place.residents, config.policy["nurture_early"].dose, config.volunteering.asked_share
        (1500, 12.0, 0.48)
        >>> config.months = 12
        Traceback (most recent call last):
        AttributeError: a Config is not changed; compose another, as compose(['months=12'])
    """

    place: Place
    world: WorldSpec
    policy: dict[str, Policy] = Field({}, description="policies by name, all in force together")
    rival: str = Field("none", description="the account of how things hang together; none is the main model")
    ablation: str = Field("none", description="the mechanism that is off")
    matched: dict[str, dict[str, Any]] = Field(
        {}, description="numbers of the main model whose month 0 a rival or an ablation is founded to match")
    months: int = number(unit="months", low=1, high=600, meaning="length of the run")
    seed: int = number(1, unit="whole number", low=0, high=2**63 - 1, meaning="where all luck comes from")
    replicates: int = number(20, unit="runs", low=1, high=100_000, meaning="runs under different luck")
    workers: int = number(0, unit="processes", low=0, high=1024, meaning="processes side by side; 0 is one a core")
    record: tuple[Literal["ties", "residents"], ...] = Field((), description="states to write down as well")
    draw: int = number(
        0, unit="whole number", low=0, high=2**63 - 1, meaning="which draw of the rooms' parameters; 0 is the centre")
    rooms: dict[str, Any] = Field(description="the Parameters of every room")

    @field_validator("policy", mode="before")
    @classmethod
    def _starts_in_its_world(cls, said: Any, known: ValidationInfo) -> Any:
        """Starts that are given in months after month 0 become dates."""
        world = known.data.get("world")
        if not isinstance(world, WorldSpec) or not isinstance(said, Mapping):
            return said
        return {name: dated(policy, world.first_month) for name, policy in said.items()}

    @classmethod
    def check(cls, mapping: Mapping[str, Any]) -> Config:
        """A configuration from plain nested data; what is not given is as in the default run of that world.

        A parameter that is not given is that of ``draw`` (`sim.draws`); one that is given wins over the draw.

        Raises:
            ConfigError: if anything in it is unknown, of the wrong type, out of range or impossible together.
        """
        given = _plain(mapping)
        if not isinstance(given, dict):
            raise ConfigError(f"A configuration is a mapping, and not {given!r}.")
        top = set(cls.model_fields) - {"rooms"}
        _known(given, top | set(GROUPS))
        rooms = rooms_of({group: given.pop(group, {}) for group in GROUPS}, _draw(given.get("draw", 0)))
        if isinstance(given.get("policy"), dict):
            given["policy"] = {name: policy for name, policy in given["policy"].items() if name != "none"}
        if isinstance(given.get("record"), str):
            given["record"] = [given["record"]]
        world = given.get("world")
        if given.get("months") is None and isinstance(world, dict):
            given["months"] = world.get("months", WorldSpec.model_fields["months"].default)
        rooms_of(given.get("matched") or {})
        try:
            config = cls(**given, rooms=rooms)
        except ValidationError as fault:
            raise ConfigError(fault_of(cls, fault)) from None
        _possible(config)
        return config

    def __getattr__(self, name: str) -> Any:
        """A room's parameters, by the room's name."""
        rooms = self.__dict__.get("rooms", {})
        if name in rooms:
            return rooms[name]
        if name.startswith("_"):
            raise AttributeError(f"a Config has no {name!r}")
        raise AttributeError(f"a Config has no {name!r}. {nearest(name, [*rooms, *type(self).model_fields])}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Nothing of a configuration is changed once it is made: a run is named by it."""
        raise AttributeError(f"a Config is not changed; compose another, as compose(['{name}={value}'])")

    def __repr__(self) -> str:
        names = self.scenario | {"place": f"{self.place.name} of {self.place.residents:,}"}
        names |= {"draw": str(self.draw or "none"), "months": str(self.months), "seed": str(self.seed)}
        return f"Config({', '.join(f'{name}={value}' for name, value in names.items() if value != 'none')})"

    __str__ = __repr__

    def __hash__(self) -> int:
        return hash(json.dumps(self.content()))

    def __eq__(self, other: object) -> bool:
        """Policies in another order are another scenario: the council's money goes to the first of them first."""
        return isinstance(other, Config) and super().__eq__(other) and list(self.policy) == list(other.policy)

    @property
    def main_model(self) -> Config | None:
        """The main model that a rival or an ablation is founded to match at month 0; none for the main model itself."""
        if not self.matched:
            return None
        plain = {"rooms": rooms_of(self.matched), "matched": {}, "rival": "none", "ablation": "none"}
        return self.model_copy(update=plain)

    @property
    def scenario(self) -> dict[str, str]:
        """The names under which its results stand."""
        return {
            "place": self.place.name, "world": self.world.name, "policy": "+".join(self.policy) or "none",
            "rival": self.rival, "ablation": self.ablation,
        }  # fmt: skip

    def resolved(self) -> dict[str, Any]:
        """All of it as plain data in a stable order, from which `check` makes the same configuration."""
        plain = self.model_dump(mode="json", exclude={"rooms"})
        return plain | by_group(self.rooms)

    def content(self) -> dict[str, Any]:
        """What decides the results, as plain data: floats as their repr, and policies as a list; no titles."""
        decides = {k: v for k, v in self.resolved().items() if k not in HOW_TO_RUN}
        decides["policy"] = [list(each) for each in decides["policy"].items()]  # their order counts, too
        exact: dict[str, Any] = _exact(decides)
        return exact


def checked(config: object) -> Config:
    """The configuration itself.

    Raises:
        TypeError: if it is none; often it is the settings from which one is composed.
    """
    if not isinstance(config, Config):
        raise TypeError(f"config is what compose makes of settings, as compose(['world=essay']), and not {config!r}")
    return config


def check_place(said: Mapping[str, Any]) -> Place:
    """The place that a place file says.

    Raises:
        ConfigError: if anything in it is unknown, missing, of the wrong type or out of range: a line for each fault.
    """
    try:
        return Place(**{str(name): value for name, value in said.items()})
    except ValidationError as fault:
        raise ConfigError("\n".join(_messages(Place, fault))) from None


def check_policy(name: str, said: Mapping[str, Any], config: Config) -> Policy:
    """A policy of a configuration's world and place, from plain data.

    Raises:
        ConfigError: if anything in it is unknown, missing, of the wrong type or out of range.
    """
    try:
        policy = Policy(**dated(said, config.world.first_month))
    except ValidationError as fault:
        raise ConfigError(f"policy.{name}.{fault_of(Policy, fault)}") from None
    _in_its_place(name, policy, config.place)
    return policy


def parameters_of(config: Config, room: str) -> Any:
    """The ``Parameters`` of one room."""
    return config.rooms[room]


def registry() -> Mapping[str, Entry]:
    """Every parameter of every room by dotted path, with unit, range, meaning and source.

    Examples:
        >>> from sim.config import registry
        >>> registry()["ties.build"].unit
        '1/hour'
        >>> registry()["ties.bild"]
        Traceback (most recent call last):
        KeyError: 'ties.bild is no parameter. Did you mean ties.build?'
    """
    return MappingProxyType(_Registry(REGISTRY))


class _Registry(dict[str, Entry]):
    """The parameters, which say what is near to a name that is none."""

    def __missing__(self, name: str) -> Entry:
        raise KeyError(f"{name} is no parameter. {nearest(name, self)}")


def nearest(name: str, valid: Iterable[str]) -> str:
    """The nearest valid name, and all of them where they are few or none is near."""
    options = sorted(valid)
    lower = {option.lower(): option for option in options}
    close = get_close_matches(str(name).lower(), lower, n=1, cutoff=0.55)
    near = f"Did you mean {lower[close[0]]}?" if close else ""
    short = options if len(options) < 40 else [option for option in options if "." not in option]
    there = f"There is {', '.join(short)}." if not near or len(options) < 10 else ""
    return f"{near} {there}".strip()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _exact(part) for name, part in value.items() if not _is_title(name, part)}
    if isinstance(value, list):
        return [_exact(part) for part in value]
    return repr(value) if isinstance(value, float) else value


def _is_title(name: str, value: Any) -> bool:
    """Whether it is what a place, a world or a policy is called in text; a policy may itself be named ``title``."""
    return name == "title" and isinstance(value, str)


def _known(given: Mapping[str, Any], valid: set[str], where: str = "") -> None:
    for name in given:
        if name not in valid:
            raise ConfigError(f"{where}{name} is unknown. {nearest(where + name, [where + other for other in valid])}")


def _draw(given: Any) -> int:
    """Which draw; what is none is refused later, with the other fields."""
    is_one = isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < 2**63 and given % 1 == 0
    return int(given) if is_one else 0


def rooms_of(given: Mapping[str, Any], draw: int = 0) -> dict[str, Any]:
    """Every room's ``Parameters`` with what is given, group by group, in place of the defaults or of what is drawn."""
    numbers: dict[str, dict[str, Any]] = {room: {} for room in ROOMS_IN_ORDER}
    for group, values in given.items():
        if not isinstance(values, dict):
            raise ConfigError(f"{group} is a room with parameters, not {values!r}. Set one, as {group}.NAME=VALUE.")
        _known(values, set(GROUPS[group]), f"{group}.")
        for name, value in values.items():
            entry = GROUPS[group][name]
            numbers[entry.room][entry.field] = _number(entry, value)
    return {room: _parameters(room, numbers[room], draw) for room in ROOMS_IN_ORDER}


def _parameters(room: str, numbers: Mapping[str, Any], draw: int) -> Any:
    try:
        return dataclasses.replace(draws.room(room, draw), **numbers) if draw else ROOMS[room](**numbers)
    except ValueError as fault:  # numbers that are right one by one and not together
        among = f"with the other numbers of draw={draw}: " if draw and numbers else ""
        raise ConfigError(f"{among}{fault}.") from None


def rooms_with(rooms: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The rooms with other values of some parameters, by dotted path.

    Raises:
        ConfigError: if a value is out of its range, or values are impossible together.
    """
    changed: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        entry = REGISTRY[path]
        changed.setdefault(entry.room, {})[entry.field] = _number(entry, value)
    made = dict(rooms)
    for room, fields in changed.items():
        try:
            made[room] = dataclasses.replace(rooms[room], **fields)
        except ValueError as fault:
            raise ConfigError(f"{fault}.") from None
    return made


def _number(entry: Entry, value: Any) -> Any:
    """A parameter of the right type and in its range."""
    kind = type(entry.default)
    if entry.is_switch:
        if not isinstance(value, bool):
            raise ConfigError(f"{entry.path} is {value!r}, but it is a switch: {entry.meaning}. Write true or false.")
        return value
    if entry.options:
        if value not in entry.options:
            raise ConfigError(f"{entry.path} is {value!r}: {entry.meaning}. {nearest(str(value), entry.options)}")
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not entry.low <= value <= entry.high or (kind is int and value != int(value)):
        raise ConfigError(_out_of_range(entry.path, value, kind, entry.low, entry.high, entry.unit, entry.meaning))
    return kind(value)


def _out_of_range(path: str, value: Any, kind: object, low: float, high: float, unit: str, meaning: str) -> str:
    what = "whole numbers" if kind is int else "numbers"
    return (
        f"{path} is {value!r}, outside what is allowed: {what} from {_written(low)} to {_written(high)} ({unit}); "
        f"{meaning}. Choose a value in that range."
    )


def _written(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.12g}"


# What pydantic says, in the words of this house.


def _reads_as_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


KINDS = {
    "string_type": "a text", "dict_type": "a mapping of names to values", "model_type": "a mapping of names to values",
    "list_type": "a list", "tuple_type": "a list", "too_long": "a list of fewer values", "bool_type": "true or false",
}  # fmt: skip
"""What is needed where something of another kind stands, by pydantic's name of the fault."""


def fault_of(model: type[BaseModel], fault: ValidationError) -> str:
    """One message for the first fault found."""
    return _messages(model, fault)[0]


def _messages(model: type[BaseModel], fault: ValidationError) -> list[str]:
    """A message for each fault: slips of the pen first, since from them others follow."""
    each = sorted(fault.errors(include_url=False), key=lambda error: error["type"] != "extra_forbidden")
    return list(dict.fromkeys(_said(model, error) for error in each))


def _said(model: type[BaseModel], error: ErrorDetails) -> str:
    """One fault in words."""
    where = tuple(part for part in error["loc"] if part not in {"constrained-int", "constrained-float"})
    path = ".".join(map(str, where))
    field, holder = _field(model, where)
    value = error["input"]
    if error["type"] == "extra_forbidden" and holder is not None:
        prefix = path.removesuffix(str(where[-1]))
        return f"{path} is unknown. {nearest(path, [prefix + name for name in holder.model_fields])}"
    if error["type"] == "missing":
        what = (field.description or "a share") if field else "as many values as there are quintiles, or ends"
        return f"{path} is missing: {what}."
    if isinstance(value, str) and error["type"] in {"float_type", "int_type"} and _reads_as_number(value):
        return f"{path} is the text {value!r}, and a number is needed: write it without quotes."
    if error["type"] in KINDS:
        return f"{path} is {value!r}, and {KINDS[error['type']]} is needed."
    if field is not None and (bounds := _bounds(field)):
        unit = (field.json_schema_extra or {}).get("unit", "")  # type: ignore[union-attr]
        return _out_of_range(path, value, field.annotation or float, *bounds, str(unit), field.description or "a share")
    if error["type"] == "literal_error":
        options = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{path} is {value!r}. It can be {', '.join(options)}. {nearest(str(value), options)}"
    reason = str(error.get("ctx", {}).get("error", error["msg"]))
    joined = f"{path or 'it'} {reason}" if error["type"] == "value_error" else f"{path} is {value!r}: {reason}"
    return joined if joined.endswith((".", "?")) else f"{joined}."


def _field(model: type[BaseModel], where: tuple[int | str, ...]) -> tuple[FieldInfo | None, type[BaseModel] | None]:
    """The field that a place in nested data names, and the model that holds it."""
    field, holder = None, None
    annotation: Any = model
    for part in where:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            holder = annotation
            field = holder.model_fields.get(str(part))
            annotation = field.annotation if field else None
        else:
            annotation = _element(annotation)
            field = next((m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, FieldInfo)), None)
    return field, holder


def _element(annotation: Any) -> Any:
    """What a mapping or a sequence holds."""
    inside = [part for part in get_args(annotation) if part not in {str, Ellipsis, type(None)}]
    return inside[0] if inside else None


def _bounds(field: FieldInfo) -> tuple[float, float] | None:
    ends = {name: getattr(m, name) for m in field.metadata for name in ("ge", "le") if hasattr(m, name)}
    return (ends["ge"], ends["le"]) if len(ends) == 2 else None


def _possible(config: Config) -> None:
    """What is right by itself must be possible together."""
    world, months = config.world, config.months
    if months > world.most_months:
        raise ConfigError(f"months is {months}, but world={world.name} has {world.most_months}. Ask for no more.")
    end = date_of(months - 1, world.first_month)
    for name, policy in config.policy.items():
        if not 0 <= month_of(policy.start, world.first_month) < months:
            raise ConfigError(
                f"policy.{name}.start is {policy.start:%Y-%m}, but the run goes from {world.first_month:%Y-%m} to "
                f"{end:%Y-%m}, so the policy would never start. Give it a date in the run, as "
                f"{world.first_month:%Y-%m}, or whole months after month 0, from 0 to {months - 1}; or "
                "make months longer."
            )
        _in_its_place(name, policy, config.place)


MEETS = ("organisers", "listening", "hosting")
"""Instruments that meet people one by one, the ones before the others."""


def _in_its_place(name: str, policy: Policy, place: Place) -> None:
    """Whom a policy is for must live there, and what is set of it must be something that it does."""
    if policy.whom != "as met" and policy.instrument not in MEETS:
        raise ConfigError(
            f"policy.{name}.whom is {policy.whom}, but {policy.instrument} meets nobody one by one, so it has no whom "
            f"first. That is for {', '.join(MEETS)}: leave it out."
        )
    if policy.where != "all" and policy.instrument == "culture":
        raise ConfigError(
            f"policy.{name}.where is {policy.where}, but culture changes the whole council. Leave it out, or write all."
        )
    if policy.where == "funded_area" and not place.funded_area:
        raise ConfigError(
            f"policy.{name}.where is funded_area, but {place.name} has none. Give it one, as in "
            "place.funded_area=5000 (people of 16 and over), or choose all."
        )
    if isinstance(policy.where, int) and policy.where >= place.neighbourhoods:
        raise ConfigError(
            f"policy.{name}.where is {policy.where}, but {place.name} with {place.residents:,} residents has "
            f"neighbourhoods 0 to {place.neighbourhoods - 1}. Choose one of those, or all."
        )
