"""Designs: the points of a sweep, from lists of values, from samples of ranges, or from a file.

A point is what a design sets, by dotted path. Parameters are sampled between the ends between which a draw moves them
(`sim.draws.value`): evenly, or evenly in the logarithm where the range is wide; a switch is off or on, and a choice one
of its options, each equally often. Points are the same on every machine for the same ``design.seed``, and all of them
are known, and checked, before the first is run.

Source  Latin hypercube and scrambled Sobol sequence: `scipy.stats.qmc`. Morris (1991), Technometrics 33(2), 161-174,
        with steps of levels / (2 (levels - 1)) of a range.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml  # type: ignore[import-untyped]
from pydantic import ValidationError

from sim import draws
from sim.checked import Checked, number
from sim.config import ConfigError, fault_of, nearest, registry
from sim.parameters import GROUPS, Entry
from sim.symbols import spelt_out

Values = dict[str, Any]
"""What a design sets at a point: a value by dotted path, or, of a file, the text as it stands there."""


class Design(Checked):
    """A design, with what decides its points; each kind has those of them that its file in ``configs/design`` names."""

    kind: Literal["grid", "lhs", "sobol", "morris", "csv"]
    points: int = number(64, unit="points", low=1, high=1_000_000, meaning="how many")
    trajectories: int = number(10, unit="trajectories", low=1, high=10_000, meaning="how many")
    levels: int = number(4, unit="levels", low=2, high=64, meaning="steps of the grid of each range; even")
    over: tuple[str, ...] = ()
    seed: int = number(1, unit="whole number", low=0, high=2**31 - 1, meaning="where the points come from")
    file: str = ""


def check_design(said: Mapping[str, Any]) -> Design:
    """A design from plain data.

    Raises:
        ConfigError: if anything in it is unknown, of the wrong type or out of range.
    """
    try:
        return Design(**said)
    except ValidationError as fault:
        raise ConfigError(f"design.{fault_of(Design, fault)}") from None


def points_of(design: Design) -> list[Values]:
    """The points of a design, in its order; of a grid one point that sets nothing, for the command line lists them.

    Raises:
        ConfigError: if the design names no parameters, an unknown one, or a file that cannot be followed.

    Examples:
        >>> from sim.designs import Design, points_of
        >>> points_of(Design(kind="sobol", points=2, over=("ties.build", "trust.moves")))
        [{'ties.build': ..., 'trust.moves': ...}, {'ties.build': ..., 'trust.moves': ...}]
    """
    if design.kind == "grid":
        return [{}]
    if design.kind == "csv":
        return _from_file(Path(design.file).expanduser())
    entries = _entries(design)
    return [
        {entry.path: _at(entry, float(u)) for entry, u in zip(entries, row, strict=True)}
        for row in _sampled(design, len(entries))
    ]


def _sampled(design: Design, parameters: int) -> Any:
    """The points in the unit cube, a row a point."""
    if design.kind == "morris":
        return [row for k in range(design.trajectories) for row in _trajectory(design, parameters, k)]
    from scipy.stats import qmc  # type: ignore[import-untyped]

    if design.kind == "lhs":
        return qmc.LatinHypercube(parameters, rng=design.seed).random(design.points)
    power = design.points.bit_length() - 1
    if design.points != 1 << power:
        raise ConfigError(f"design.points is {design.points}, and a Sobol sequence fills its ranges evenly with a "
                          f"power of two: choose {1 << power} or {2 << power}, or design=lhs.")  # fmt: skip
    if parameters > qmc.Sobol.MAXDIM:
        raise ConfigError(f"design.over names {parameters:,} parameters, and a Sobol sequence has at most "
                          f"{qmc.Sobol.MAXDIM:,}. Choose design=lhs.")  # fmt: skip
    return qmc.Sobol(parameters, rng=design.seed).random_base2(power)


def _trajectory(design: Design, parameters: int, k: int) -> list[list[float]]:
    """One trajectory of Morris's design on a grid of levels, half a range and a little in each step."""
    if design.levels % 2:
        raise ConfigError(f"design.levels is {design.levels}, and has to be even, so that each is met equally often.")
    lattice, half = design.levels - 1, design.levels // 2
    lots = [draws.uniform(design.seed, f"morris {k} start {i}") for i in range(parameters)]
    level = [min(int(lot * design.levels), lattice) for lot in lots]
    rows = [[step / lattice for step in level]]
    for i in sorted(range(parameters), key=lambda i: draws.uniform(design.seed, f"morris {k} order {i}")):
        level[i] += half if level[i] < half else -half
        rows.append([step / lattice for step in level])
    return rows


def _at(entry: Entry, u: float) -> Any:
    """The value at ``u`` of a parameter's range."""
    if entry.is_switch:
        return u >= 0.5
    if entry.options:
        return entry.options[min(int(u * len(entry.options)), len(entry.options) - 1)]
    return draws.value(entry, u)


def _entries(design: Design) -> list[Entry]:
    """The parameters that a design goes over: those named, and all of a room that is named."""
    if not design.over:
        raise ConfigError(f"design={design.kind} goes over no parameter yet. Name some, as design.over=[ties.build,"
                          "coproduction.sigma], or all of a room, as design.over=[ties].")  # fmt: skip
    found: dict[str, Entry] = {}
    for name in map(spelt_out, design.over):
        if name in GROUPS:
            found |= {entry.path: entry for entry in GROUPS[name].values() if entry.is_number}
        elif name in registry():
            found[name] = registry()[name]
        else:
            advice = nearest(name, [*registry(), *GROUPS])
            raise ConfigError(f"design.over names {name}, which is no parameter and no room. {advice}")
    return list(found.values())


def _from_file(path: Path) -> list[Values]:
    """The points of a CSV file.

    Raises:
        ConfigError: if it cannot be read, or a line does not have a cell for each column.
    """
    if not path.name:
        raise ConfigError("design=csv needs a file. Name it, as design.file=points.csv: a column for each setting, as "
                          "policy or ties.build, and a row for each point.")  # fmt: skip
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise ConfigError(f"cannot read the design {path}: {getattr(fault, 'strerror', None) or fault}.") from None
    columns = [spelt_out(name.strip()) for name in header]
    if twice := [name for n, name in enumerate(columns) if name in columns[:n]]:
        raise ConfigError(f"the design {path} has the column {twice[0]!r} twice.")
    if not all(columns) or not rows:
        raise ConfigError(f"the design {path} needs a first line with the name of a setting for each column, as policy "
                          "or ties.build, and below it a line for each point.")  # fmt: skip
    if broken := [cell.strip() for row in (columns, *rows) for cell in row if len(cell.strip().splitlines()) > 1]:
        raise ConfigError(f"the design {path} has a cell of several lines: {broken[0]!r}. Write each on one.")
    for line, row in enumerate(rows, 1):
        if len(row) != len(columns) or not all(cell.strip() for cell in row):
            raise ConfigError(f"the design {path}: point {line} has {sum(1 for c in row if c.strip())} values, and "
                              f"there are {len(columns)} columns. Give every point a value in each.")  # fmt: skip
    return [dict(zip(columns, (cell.strip() for cell in row), strict=True)) for row in rows]


def written(point: Mapping[str, Any]) -> list[str]:
    """A point as overrides, exactly.

    Examples:
        >>> from sim.designs import written
        >>> written({"ties.build": 0.1, "trust.moves": False, "policy": "none"})
        ['ties.build=0.1', 'trust.moves=false', 'policy=none']
    """
    return [f"{path}={_text(value)}" for path, value in point.items()]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)


def parameters_of(point: Mapping[str, Any]) -> tuple[Values, list[str]]:
    """A point's parameters of the rooms by path, and the rest of it as overrides.

    Parameters need no composing, which takes a hundred times as long: a configuration takes them over
    (`sim.vectors.with_values`).
    """
    known = registry()
    own = {path: _read(value) for path, value in point.items() if path in known}
    return own, written({path: value for path, value in point.items() if path not in known})


def _read(value: Any) -> Any:
    """A value; what a text says, in a file: a number, true or false, or a word."""
    if not isinstance(value, str):
        return value
    try:
        said = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError):  # no YAML, or a date that no calendar has: as it stands, to be refused so
        said = value
    return float(value) if isinstance(said, str) and _is_number(value) else said


def _is_number(text: str) -> bool:
    """Whether Python reads it as a number where YAML does not, as 1e-3."""
    try:
        float(text)
    except ValueError:
        return False
    return True
