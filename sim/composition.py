"""Hydra's grammar turned into a checked `Config`: ``compose(["world=essay", "policy=nurture_early"])``."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from hydra import compose as hydra_compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType, QuotedString
from hydra.errors import HydraException
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel

from sim.config import Config, ConfigError, nearest
from sim.designs import Design, check_design
from sim.parameters import GROUPS as NUMBERS, by_group
from sim.place import Place
from sim.policy import Policy
from sim.source import config_folder
from sim.symbols import spelt_out
from sim.world import WorldSpec

GROUPS = ("place", "world", "policy", "rival", "ablation")
CHOICES = (*GROUPS, "experiment", "design")
"""All groups: an experiment sets numbers and no more, so results have no column for its name."""
LAUNCHER = "hydra/launcher"
"""The group of launchers: where runs are lived, which changes nothing of them."""
ACCOUNTS = ("rival", "ablation")
"""Groups that change how things hang together, and are founded to match the main model at month 0."""
YAML, FROM_FILE = (".yaml", ".yml"), "file_"
LENGTHS = ("end", "years", "duration", "length", "until", "stop")
"""What people call the months of a policy."""
ASIDE = ("store", "design")
"""Keys of what is composed that are no part of `Config`: where things are kept, and which points a sweep has."""
TITLE = "title"
"""What a file calls its option in text. An account's is read from its file by name, and is no part of `Config`."""


def compose(overrides: Sequence[str] = ()) -> Config:
    """The configuration of one scenario.

    Args:
        overrides: as on the command line: ``group=option`` and ``key=value``; ``place=FILE.yaml`` is a place of
            one's own. None of them: the default run.

    Returns:
        A `sim.config.Config`, checked and not to be changed. `sim.vectors.with_vector` makes another from it.

    Raises:
        ConfigError: if an override cannot be read, or what comes of it cannot be run. It is a ``ValueError``.
        TypeError: if ``overrides`` is no list of texts.

    Examples:
        >>> from sim import compose
        >>> compose(["world=essay", "policy=[nurture_early,connectors]", "place.residents=1500", "months=36"])
        Config(place=england_average of 1,500, world=essay, policy=nurture_early+connectors, months=36, seed=1)
        >>> compose(["volunteering.asked_share=0.4"]).volunteering.asked_share
        0.4
        >>> compose(["world=esay"])
        Traceback (most recent call last):
        sim.config.ConfigError: world=esay is unknown. Did you mean essay?
    """
    if isinstance(overrides, str | Mapping) or not all(isinstance(text, str) for text in overrides):
        raise TypeError(f"compose takes a list of settings, as compose(['world=essay']), and not {overrides!r}")
    config: Config = _apart(_config(tuple(_with_places_from_files(parse(overrides)))))
    return config


def _apart(value: Any) -> Any:
    """A copy with dicts of its own; all else in a configuration cannot be changed, and need not be copied."""
    if isinstance(value, dict):
        return {name: _apart(part) for name, part in value.items()}
    if isinstance(value, BaseModel):
        return value.model_copy(update={name: _apart(getattr(value, name)) for name in type(value).model_fields})
    return value


@lru_cache(maxsize=1024)
def _config(overrides: tuple[str, ...]) -> Config:
    """The same: Hydra takes a fifth of a second, and points of a sweep have their main model in common."""
    parsed = parse(overrides)
    for override in parsed:
        _check(override)
    try:
        config = config_of(_composed(overrides))
        accounts = [o for o in parsed if o.key_or_group in ACCOUNTS]
        if (config.rival, config.ablation) == ("none", "none"):
            return config
        main = _config(tuple(str(o.input_line) for o in parsed if o not in accounts))
    except (HydraException, OmegaConfBaseException) as fault:
        raise ConfigError(_why(parsed, fault)) from None
    return config.model_copy(update={"matched": by_group(main.rooms)})


def policies_of(overrides: Sequence[str]) -> set[str]:
    """Names of the policies that overrides choose, whether or not what comes of them can be run."""
    return set(_policies(tuple(str(o.input_line) for o in parse(overrides) if o.key_or_group == "policy")))


@lru_cache(maxsize=1024)
def _policies(chosen: tuple[str, ...]) -> frozenset[str]:
    """The same, of the choice of policies alone, which the points of a sweep have in common."""
    try:
        return frozenset(_composed(chosen).get("policy") or {})
    except (HydraException, OmegaConfBaseException):  # told when the whole of it is composed
        return frozenset()


def design_of(overrides: Sequence[str]) -> Design:
    """The design that overrides of ``design`` choose and set.

    Raises:
        ConfigError: if there is no such design, or what is set of it is unknown or out of range.
    """
    parsed = parse(overrides)
    for override in parsed:
        _check(override)
    try:
        return check_design(_composed(overrides)["design"])
    except (HydraException, OmegaConfBaseException) as fault:
        raise ConfigError(_why(parsed, fault)) from None


def launcher_of(overrides: Sequence[Override]) -> dict[str, Any]:
    """What overrides of ``hydra/launcher`` and ``hydra.launcher`` say, unchecked: the chosen file, and settings.

    Raises:
        ConfigError: if there is no such launcher, or several are named.
    """
    chosen, said = "local", dict[str, Any]()
    for override in overrides:
        value = _read(override.value())
        if override.is_sweep_override() or override.value() is None:
            raise ConfigError(f"{override.input_line} names no single launcher or setting. Write one value, as "
                              f"{LAUNCHER}=slurm or hydra.launcher.partition=short.")  # fmt: skip
        if override.key_or_group == LAUNCHER:
            _check_option(LAUNCHER, chosen := str(value))
        else:
            said[override.key_or_group.removeprefix("hydra.launcher").lstrip(".")] = value
    text = (config_folder() / LAUNCHER / f"{chosen}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text) or {}) | said


def _read(value: Any) -> Any:
    """A value of Hydra's grammar as plain data."""
    if isinstance(value, list):
        return [_read(each) for each in value]
    return value.text if isinstance(value, QuotedString) else value


def config_of(plain: dict[str, Any]) -> Config:
    """The checked configuration of what was composed.

    Raises:
        ConfigError: if it cannot be run.
    """
    for group in NUMBERS:
        if isinstance(plain.get(group), dict):
            plain[group] = {name: value for name, value in plain[group].items() if value != MISSING}
    return Config.check({name: value for name, value in plain.items() if name not in (*ASIDE, TITLE)})


def parse(overrides: Sequence[str]) -> list[Override]:
    """The overrides, read by Hydra's grammar.

    Raises:
        ConfigError: if one cannot be read.
    """
    made = list[Override]()
    for text in overrides:
        try:
            made += _parsed(text)
        except (HydraException, ValueError):
            plain = " Write numbers without a sign or a comma, as 50." if any(sign in text for sign in "£$€%") else ""
            raise ConfigError(f"Cannot read {text!r}. Write group=option or key=value, as world=flat.{plain}") from None
    return made


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[Override, ...]:
    """One override: points of a sweep have nearly all of theirs in common, and reading one takes a millisecond."""
    name, equals, value = text.partition("=")
    return tuple(_parser().parse_overrides([spelt_out(name) + equals + value]))


@cache
def _parser() -> OverridesParser:
    return OverridesParser.create(config_loader=_There())


class _There(ConfigLoaderImpl):
    """What ``glob(*)`` chooses from: the options of a group."""

    def __init__(self) -> None:
        """Nothing is to be searched for: the options are those of `configs/`."""

    def get_group_options(self, group_name: str, *_: Any, **__: Any) -> list[str]:
        """The options, by name; of what is no group, none."""
        return options(group_name) if group_name in CHOICES else []


def _with_places_from_files(overrides: Sequence[Override]) -> list[str]:
    """The overrides as typed; where one names a file, that of the place in it, which Hydra is told.

    A file's own funded area stands before all that is typed: so it wins over the area of a policy's file, and what is
    typed wins over it.
    """
    made, areas = [], []
    for override in overrides:
        text = str(override.input_line)
        if override.key_or_group == "place" and text.endswith(YAML):
            register()
            path = Path(text.partition("=")[2]).expanduser()
            said = read_place(path)
            name = f"{FROM_FILE}{zlib.crc32(repr(said).encode()):08x}"  # a file that has changed is another place
            ConfigStore.instance().store(group="place", name=name, node=said)
            text = f"place={name}"
            if isinstance(area := said.get("funded_area"), int) and area:
                areas.append(f"place.funded_area={area}")
        made.append(text)
    return areas + made


class _Once(yaml.SafeLoader):  # type: ignore[misc]
    """YAML in which no name stands twice: of two, one would be lost without a word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [key.value for key, _ in node.value]
        if twice := [name for number, name in enumerate(names) if name in names[:number]]:
            raise yaml.YAMLError(f"{twice[0]} stands there twice, line {node.start_mark.line + 1} and after")
        return super().construct_mapping(node, deep)


def read_place(path: Path) -> dict[str, Any]:
    """What a place file says, unchecked.

    Raises:
        ConfigError: if there is no such file, or it holds no names and values.
    """
    try:
        text = path.read_text(encoding="utf-8")
        said = yaml.load(text, _Once)  # noqa: S506 - a safe loader, but that it takes no name twice
    except OSError as fault:
        raise ConfigError(f"cannot read the place {path}: {fault.strerror or fault}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise ConfigError(f"the place {path} is no YAML: {' '.join(str(fault).split())}.") from None
    if "${" in text:
        raise ConfigError(f"the place {path} has a text with ${{...}}, which stands for nothing there. Write it out.")
    if not isinstance(said, dict):
        raise ConfigError(f"the place {path} holds no names and values. Write it like england_average.yaml.")
    return said


def options(group: str) -> list[str]:
    """The options of a group that are there, by name."""
    return sorted(file.stem for file in (config_folder() / group).glob("*.yaml"))


@cache
def title_of(group: str, option: str) -> str:
    """What the file of an option calls it in text, as in "with no brokers"; nothing where there is none."""
    try:
        said = yaml.safe_load((config_folder() / group / f"{option}.yaml").read_text(encoding="utf-8"))
    except OSError:
        return ""
    return str((said or {}).get(TITLE, ""))


@cache
def register() -> None:
    """Tell Hydra the numbers that the code states, so that each can be changed by its path without a plus sign.

    A room's parameters have a name and no value there: so it is known which are given, and win over those of a draw.
    """
    store = ConfigStore.instance()
    rooms = {group: dict.fromkeys(names, MISSING) for group, names in NUMBERS.items()}
    config = _stated(Config, ("months", "seed", "replicates", "workers", "record", "draw"))
    stated = {"world": _stated(WorldSpec), "place": _stated(Place)}
    store.store(group="given", name="all", package="_global_", node=rooms | config | stated)
    store.store(group="given", name="policy", node=_stated(Policy))


def _stated(model: type[BaseModel], names: Sequence[str] | None = None) -> dict[str, Any]:
    """The defaults of a model's fields, as plain data; None for a field of ``names`` that has no default."""
    fields = {n: f for n, f in model.model_fields.items() if (n in names if names else not f.is_required())}
    return {name: None if field.is_required() else _plain(field.default) for name, field in fields.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return f"{value:%Y-%m}"
    return list(value) if isinstance(value, tuple) else value


def _composed(overrides: Sequence[str]) -> dict[str, Any]:
    """What Hydra makes of overrides, as plain data.

    Hydra puts files together first, which takes long, and then sets values one by one, which takes long in thousands of
    points: plain values of what is there are set here, and all else by Hydra.
    """
    parsed = parse(overrides)
    chosen = [o for o in parsed if o.key_or_group in CHOICES or "/" in o.key_or_group or o.package is not None]
    choices, others = tuple(str(o.input_line) for o in chosen), [o for o in parsed if o not in chosen]
    plain: dict[str, Any] = pickle.loads(_chosen_plain(choices))  # noqa: S301 - our own
    if all(_set(plain, override) for override in others):
        return plain
    composed: DictConfig = pickle.loads(_chosen(choices))  # noqa: S301 - our own
    ConfigLoaderImpl._apply_overrides_to_config(others, composed)  # noqa: SLF001
    return _as_plain(composed)


def _set(plain: dict[str, Any], override: Override) -> bool:
    """Set a value where there is one; or say that this is for Hydra: what adds or takes away, or stands for another."""
    value, (*sections, name) = _read(override.value()), override.key_or_group.split(".")
    held: Any = plain
    for section in sections:
        held = held.get(section) if isinstance(held, dict) else None
    is_there = isinstance(held, dict) and name in held and not isinstance(held[name], dict)
    if override.type != OverrideType.CHANGE or not is_there or isinstance(value, dict) or "${" in str(value):
        return False
    held[name] = value
    return True


@lru_cache(maxsize=256)
def _chosen(choices: tuple[str, ...]) -> bytes:
    """What Hydra puts together of the files that are chosen, pickled: that is read eight times as fast as copied."""
    register()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return pickle.dumps(hydra_compose("config", list(choices)))


@lru_cache(maxsize=256)
def _chosen_plain(choices: tuple[str, ...]) -> bytes:
    """The same as plain data."""
    return pickle.dumps(_as_plain(pickle.loads(_chosen(choices))))  # noqa: S301 - our own


def _as_plain(composed: DictConfig) -> dict[str, Any]:
    read: Any = OmegaConf.to_container(composed, resolve=True)
    plain: dict[str, Any] = read
    return plain


def _check(override: Override) -> None:
    """What Hydra would say less clearly.

    Raises:
        ConfigError: if the override is a sweep, or names an option that is not there.
    """
    if not override.key_or_group:
        raise ConfigError(f"{override.input_line!r} gives a value without a name. Write group=option or key=value.")
    if override.key_or_group == TITLE:
        raise ConfigError(_unknown(TITLE, ["place.title", "world.title"]))
    if override.is_sweep_override():
        raise ConfigError(
            f"{override.input_line} names several scenarios, and one was asked for. Run them with -m, or compare them "
            f"with takestwo compare {override.input_line}; to combine policies write policy=[one,other]."
        )
    value = override.value()
    if override.key_or_group in CHOICES and override.is_delete() and not isinstance(value, str | None):
        raise ConfigError(f"{override.input_line} takes back a choice, and only its name can stand behind the =. Write "
                          f"~{override.key_or_group}.")  # fmt: skip
    if override.key_or_group in CHOICES and not override.is_delete():
        if isinstance(value, list) and override.key_or_group != "policy":
            raise ConfigError(f"{override.input_line} names several, and there is one {override.key_or_group} a run.")
        chosen = [str(option) for option in (value if isinstance(value, list) else [value])]
        for option in chosen:
            _check_option(override.key_or_group, option)
        if twice := [option for number, option in enumerate(chosen) if option in chosen[:number]]:
            raise ConfigError(
                f"{override.input_line} names {twice[0]} twice. For twice the money, double policy.{twice[0]}.dose."
            )


def _check_option(group: str, option: str) -> None:
    there = options(group)
    if option in there or (group == "place" and option.startswith(FROM_FILE)):
        return
    several = option.replace("+", ",").replace("&", ",").split(",")
    if group == "policy" and len(several) > 1 and all(one in there for one in several):
        raise ConfigError(f"{group}={option} is unknown. To combine policies write policy=[{','.join(several)}].")
    raise ConfigError(f"{group}={option} is unknown. {nearest(option, there)}")


def _why(parsed: Sequence[Override], fault: Exception) -> str:
    """The fault of Hydra in one sentence, with the nearest key for one that is not there."""
    chosen = [o.input_line for o in parsed if o.key_or_group in CHOICES and not o.is_delete() and o.input_line]
    try:
        there = _paths(_composed(chosen))
    except (HydraException, OmegaConfBaseException):
        there = []
    for override in parsed:
        key = override.key_or_group
        if there and key not in [*there, *CHOICES] and not key.startswith("hydra."):
            return _unknown(key, there)
    return f"Cannot compose this: {str(fault).splitlines()[0]}."


def _unknown(key: str, there: Sequence[str]) -> str:
    """What to say of a key that is not there."""
    section, _, _ = key.rpartition(".")
    first = key.partition(".")[0]
    if first == "policy" and section in there and key.rpartition(".")[2] in LENGTHS:
        return f"{key} is unknown. How long the full dose is paid is {section}.months, as {section}.months=60."
    if first == "policy" and section not in there:
        named = sorted({path.split(".")[1] for path in there if path.startswith("policy.")})
        name, known = section.partition(".")[2], options("policy")
        if named and name in known:
            return (f"{key} is unknown: the policies chosen are called {' and '.join(named)}. Set what you mean of "
                    f"one, as policy.{named[0]}.{key.rpartition('.')[2]}=VALUE.")  # fmt: skip
        if name not in known:
            return f"{key} is unknown, for there is no policy {name}. {nearest(name, [*named, *known])}"
        return f"{key} is unknown, for {section} is not chosen. Choose it too, as policy={name} {key}=VALUE."
    whole = [path for path in there if path.endswith(f".{key}")]
    if whole:
        return f"{key} is unknown. Did you mean {' or '.join(whole)}?"
    near = [path for path in there if path.rpartition(".")[0] == section]
    return f"{key} is unknown. {nearest(key, near or there)}"


def _paths(node: Any, prefix: str = "") -> list[str]:
    made = []
    for name, value in node.items() if isinstance(node, dict) else ():
        made += [f"{prefix}{name}", *_paths(value, f"{prefix}{name}.")]
    return made
