"""What is asked for: overrides taken apart into scenarios, and where things are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import Override, QuotedString
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from omegaconf import OmegaConf

from sim.cli import UsageError
from sim.cli.searching import unsearched
from sim.composition import LAUNCHER, compose, design_of, launcher_of, parse, policies_of
from sim.config import Config, ConfigError, nearest
from sim.contrast.stopping import AUTO, LEAST, MOST, Precision, check_outcome
from sim.designs import Values, parameters_of, points_of, written
from sim.ensemble import check_pairs
from sim.headlines import HEADLINE
from sim.launchers import KEY, Launcher, Local, check_launcher
from sim.tables import unit_of
from sim.vectors import with_values

OUTPUTS = Path("outputs")
FOLDERS = ("hydra.run.dir", "hydra.sweep.dir", "store")
HYDRA = (*FOLDERS[:2], LAUNCHER)
LOCAL = Local(kind="local")


@dataclass(frozen=True)
class Point:
    """One scenario that was asked for.

    Attributes:
        overrides: those in which scenarios of one request differ, as typed.
        config: what comes of them.
    """

    overrides: tuple[str, ...]
    config: Config

    @property
    def name(self) -> str:
        """What it is called beside the others."""
        return " ".join(self.overrides)


@dataclass(frozen=True)
class Request:
    """What a command line asks for.

    Attributes:
        points: the scenarios, every one checked.
        folder: where results go.
        store: where finished runs are kept and found again.
        multirun: whether ``-m`` was given.
        launcher: where runs are lived.
        precision: how narrow the contrasts with the first scenario are to be; None where replicates are a number.
    """

    points: tuple[Point, ...]
    folder: Path
    store: Path
    multirun: bool
    launcher: Launcher = LOCAL
    precision: Precision | None = None


@unsearched()
def read(words: Sequence[str], *, several: bool = False) -> Request:
    """The request of a command line, with every scenario checked before any is run.

    Args:
        words: overrides, and ``-m`` or ``--multirun``.
        several: whether comma lists are scenarios without ``-m`` too.

    Raises:
        UsageError, ConfigError: if it cannot be followed.
    """
    flags = [word for word in words if word.startswith("-")]
    if unknown := [flag for flag in flags if flag not in {"-m", "--multirun"}]:
        raise UsageError(f"unknown flag {unknown[0]}. There is -m, for a sweep, and --help.")
    multirun = bool(flags)
    parsed = parse([word for word in words if word not in flags])
    overrides = [o for o in parsed if not _is_of_launcher(o)]
    launcher = check_launcher(launcher_of([o for o in parsed if _is_of_launcher(o)]))
    places = {o.key_or_group: _path(o) for o in overrides if o.key_or_group in FOLDERS}
    designed = [str(o.input_line) for o in overrides if o.key_or_group.partition(".")[0] == "design"]
    precision = _precision(overrides)
    aside = (*FOLDERS, *(PRECISION if precision else ()))
    scenario = [o for o in overrides if o.key_or_group not in aside and str(o.input_line) not in designed]
    for override in scenario:
        if override.key_or_group.partition(".")[0].partition("/")[0] == "hydra":
            raise UsageError(f"{override.key_or_group} is not used here. {nearest(override.key_or_group, HYDRA)}")
    own = places.get("hydra.sweep.dir" if multirun else "hydra.run.dir")
    points = _points(scenario) if several or multirun else (_point([str(o.input_line) for o in scenario], ()),)
    if designed:
        if several or not multirun:
            raise UsageError(f"{designed[0]} is a design for a sweep. Run it with takestwo run -m.")
        points = _designed(scenario, points, points_of(design_of(designed)))
    if precision:
        points = _in_pairs(points, precision)
    return Request(points, own or _new_folder(), places.get("store", OUTPUTS / ".store"), multirun, launcher, precision)


def _is_of_launcher(override: Override) -> bool:
    return override.key_or_group == LAUNCHER or override.key_or_group.startswith(KEY)


PRECISION = ("replicates", "precision", "precision.outcome", "replicates.least", "replicates.most")
"""What says how many replicates there are to be, where that is not a number."""


def _precision(overrides: Sequence[Override]) -> Precision | None:
    """How narrow the contrasts are to be; None where replicates are a number.

    Raises:
        UsageError: if a part of it is missing, unknown, given twice, or given without the others.
        ConfigError: if a number is out of its range.
    """
    of_it = [o for o in overrides if o.key_or_group.partition(".")[0] in {"replicates", "precision"}]
    said: dict[str, Any] = {}
    for override in of_it:
        name = override.key_or_group
        if name not in PRECISION:
            raise UsageError(f"{name} is unknown. {nearest(name, PRECISION)}")
        value = AUTO if override.is_sweep_override() and AUTO in str(override.input_line) else override.value()
        if override.is_sweep_override() and (value == AUTO or name != "replicates"):
            raise UsageError(f"{override.input_line} names several, and there is one {name} for all scenarios.")
        if name in said and AUTO in (value, said[name]):  # lists cannot stand in a set
            raise UsageError(f"{name} is given twice. Give it once.")
        said[name] = value
    if isinstance(said.get("replicates"), str) and said["replicates"] != AUTO:
        raise UsageError(f"replicates is {said['replicates']!r}, and a whole number is needed, from 1 to 100,000; or "
                         "auto, which runs as many pairs as a precision asks for.")  # fmt: skip
    if said.get("replicates") != AUTO:
        if extra := [name for name in said if name != "replicates"]:
            raise UsageError(f"{extra[0]} is for replicates=auto, which runs as many pairs as a precision asks for. "
                             f"Write replicates=auto, or leave {extra[0]} out.")  # fmt: skip
        return None
    outcome = said.get("precision.outcome", HEADLINE)
    check_outcome(str(outcome))
    if "precision" not in said:
        raise UsageError("replicates=auto runs pairs until the 95% interval of a difference is as narrow as asked: say "
                         f"how narrow, as precision=0.005 (half its width, in the unit of {outcome}: "
                         f"{unit_of(str(outcome))}).")  # fmt: skip
    limits = {name: said.get(f"replicates.{name}", usual) for name, usual in (("least", LEAST), ("most", MOST))}
    return Precision(said["precision"], str(outcome), **limits)


def _in_pairs(points: Sequence[Point], precision: Precision) -> tuple[Point, ...]:
    """The scenarios with as many replicates as are run in any case.

    Raises:
        UsageError: if there are no pairs.
    """
    if len(points) == 1:
        raise UsageError("replicates=auto runs pairs of scenarios, and one scenario was given. Name two, as takestwo "
                         "compare policy=none,nurture_early; or write replicates=20.")  # fmt: skip
    check_pairs([point.config for point in points])
    return tuple(with_replicates(point, precision.least) for point in points)


def with_replicates(point: Point, replicates: int) -> Point:
    """The same scenario, so many times."""
    return replace(point, config=point.config.model_copy(update={"replicates": replicates}))


def _points(overrides: Sequence[Override]) -> tuple[Point, ...]:
    _check_count(overrides)
    try:
        (each,) = BasicSweeper.split_arguments(list(overrides), None)
    except HydraException as fault:
        raise ConfigError(f"{fault}. Write the values with commas, as months=12,24.") from None
    varied = {override.get_key_element() for override in overrides if override.is_sweep_override()}
    fitting, seen = _fitting(each), dict[tuple[str, ...], int]()
    for number, point in enumerate(map(tuple, fitting)):
        if seen.setdefault(point, number) != number:
            twice = " ".join(o for o in point if o.partition("=")[0] in varied)
            raise UsageError(f"{twice} is asked for twice. Write each scenario once.")
    try:
        return tuple(_point(point, [o for o in point if o.partition("=")[0] in varied]) for point in fitting)
    except ConfigError as fault:
        if grouped := [o.input_line for o in overrides if re.fullmatch(r"[^=]+=\d{1,3}(,\d{3})+", str(o.input_line))]:
            raise ConfigError(f"{fault} If {grouped[0]} was meant as one number, write it without commas.") from None
        raise


MOST_POINTS = 1_000_000
"""Of a sweep: many more are a slip, as in range(0,1e12), and would only fill the memory."""


def _check_count(overrides: Sequence[Override]) -> None:
    """Raise `ConfigError` where a setting has no value to choose from, or there are too many points."""
    points = 1
    for override in overrides:
        if not override.is_sweep_override():
            continue
        try:
            values = sum(1 for _ in islice(override.sweep_iterator(), MOST_POINTS + 1))
        except (HydraException, ValueError) as fault:
            raise ConfigError(f"{fault}. Write the values with commas, as months=12,24.") from None
        if not values:
            raise ConfigError(f"{override.input_line} has no value. Write some with commas, as months=12,24; glob(*) "
                              "takes all options of a group, as world=glob(*).")  # fmt: skip
        points *= values
        if points > MOST_POINTS:
            raise ConfigError(f"{override.input_line} makes this a sweep of more than {MOST_POINTS:,} scenarios, which "
                              "is the most that one has. Choose fewer values, or sample: design=sobol.")  # fmt: skip


def _designed(scenario: Sequence[Override], points: Sequence[Point], design: Sequence[Values]) -> tuple[Point, ...]:
    """Every point of a design in every scenario; parameters of rooms need no composing.

    Raises:
        ConfigError: of the first point that cannot be run.
    """
    common = [str(o.input_line) for o in scenario if not o.is_sweep_override()]
    made = []
    for point in points:
        for number, values in enumerate(design, 1):
            own, others = parameters_of(values)
            try:
                base = compose([*common, *point.overrides, *others]) if others else point.config
                config = with_values(base, own)
            except ConfigError as fault:
                told = " ".join([*point.overrides, *written(values)])
                raise ConfigError(f"point {number} of the design ({told}): {fault}") from None
            made.append(Point((*point.overrides, *written(values)), config))
    return tuple(made)


def _fitting(points: Sequence[Sequence[str]]) -> list[list[str]]:
    """What is set of a policy holds where it is chosen: policy=none,nurture_early policy.nurture_early.dose=50.

    Scenarios that are then the same are one.
    """
    sets = {override for point in points for override in point if _policy_of(override)}
    if not sets or len(points) == 1:
        return [list(point) for point in points]
    chosen = [policies_of([override for override in point if override not in sets]) for point in points]
    known = set().union(*chosen)
    made = [
        [o for o in point if o not in sets or _policy_of(o) in own or _policy_of(o) not in known]
        for point, own in zip(points, chosen, strict=True)
    ]
    return [list(point) for point in dict.fromkeys(map(tuple, made))]


def _policy_of(override: str) -> str:
    """The policy of which an override sets something; empty for any other override."""
    section, _, rest = override.lstrip("+").partition(".")
    return rest.partition(".")[0] if section == "policy" else ""


def _point(overrides: Sequence[str], differing: Sequence[str]) -> Point:
    try:
        return Point(tuple(differing), compose(overrides))
    except ConfigError as fault:
        if differing:
            raise ConfigError(f"with {' '.join(differing)}: {fault}") from None
        raise


def _path(override: Override) -> Path:
    value: Any = override.value()
    text = value.text if isinstance(value, QuotedString) else str(value)
    if not text or value is None or override.is_sweep_override():
        raise UsageError(f"{override.input_line} names no folder. Write {override.key_or_group}=FOLDER.")
    setup_globals()  # so that ${now:%Y} is known
    return Path(str(OmegaConf.create({"folder": text}).folder)).expanduser()


def _new_folder() -> Path:
    now = datetime.now()  # noqa: DTZ005 - the time on the user's wall
    return OUTPUTS / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S-%f}"
