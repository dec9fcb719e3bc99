"""What is said of pairs that a precision asked for: how many there are to be, and what they say in the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sim.cli.request import Point
from sim.contrast.stopping import LIMITS, Precision, Settled
from sim.files import write_text
from sim.headlines import NAMES
from sim.tables import unit_of
from sim.wording import is_share, plus_minus

TOLD = 12
"""Scenarios that are told one by one; of more, ``precision.csv`` tells."""


def asked_for(precision: Precision, pairs: int, needed: Sequence[int], more: int) -> str:
    """How many pairs those that were run ask for.

    Args:
        precision: what was asked for.
        pairs: that were run.
        needed: pairs that each scenario asks for.
        more: runs that come now.
    """
    least, most = min(needed, default=precision.least), max(needed, default=precision.least)
    if not more and most <= pairs:
        return f"{pairs:,} pairs are enough for {_what(precision)}."
    many = f"{least:,} to {most:,}, by scenario," if least < most else f"{most:,}"
    beyond = f" No more than replicates.most={precision.most} are run." if most > precision.most else ""
    come = f" {more:,} more runs." if more else ""
    return f"By the spread of {pairs:,} pairs, {many} are needed for {_what(precision)}.{beyond}{come}"


def told(precision: Precision, points: Sequence[Point], settled: Sequence[Settled]) -> list[str]:
    """What the pairs say in the end, a sentence a scenario.

    Args:
        precision: what was asked for.
        points: the first scenario, and the others.
        settled: a contrast each of the others.
    """
    first, *others = points
    unit = unit_of(precision.outcome)
    said = []
    for point, found in list(zip(others, settled, strict=True))[:TOLD]:
        mean = f"{plus_minus(found.difference, found.low, found.high, unit)}{_points(unit)}"
        end = "as narrow as asked" if found.reached else (
            f"wider than asked ({_half(precision)}), for which some {found.needed:,} pairs are needed: set "
            f"replicates.most={min(found.needed, LIMITS[1])}"
        )  # fmt: skip
        said.append(f"Precision: {NAMES.get(precision.outcome, precision.outcome)}, {point.name} less {first.name}, "
                    f"{mean} (95%, {found.pairs:,} pairs), {end}.")  # fmt: skip
    missed = sum(not found.reached for found in settled)
    if len(settled) > TOLD:
        wide = f"{missed:,} are wider than asked" if missed else "all are as narrow as asked"
        said.append(f"Of {len(settled):,} contrasts, {wide}; precision.csv has them.")
    return said


def write(folder: Path, precision: Precision, points: Sequence[Point], settled: Sequence[Settled]) -> Path:
    """Write ``precision.csv``: a row a contrast with the first scenario."""
    import pandas as pd

    first, *others = points
    rows = [
        {
            "counterfactual_overrides": first.name, "scenario_overrides": point.name, "outcome": precision.outcome,
            "unit": unit_of(precision.outcome), "precision": precision.half, "least": precision.least,
            **found._asdict(),
        }
        for point, found in zip(others, settled, strict=True)
    ]  # fmt: skip
    return write_text(folder / "precision.csv", pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))


def _what(precision: Precision) -> str:
    return f"{NAMES.get(precision.outcome, precision.outcome)} to {_half(precision)}"


def _half(precision: Precision) -> str:
    unit = unit_of(precision.outcome)
    return f"±{precision.half * (100.0 if is_share(unit) else 1.0):g}{_points(unit) or f' {unit}'}"


def _points(unit: str) -> str:
    return " points" if is_share(unit) else ""
