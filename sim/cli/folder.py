"""The results folder of a command: one scenario, or several with a sub-folder each."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from sim.cli.request import Point
from sim.cli.searching import unsearched
from sim.config import Config
from sim.contrast import Contrast
from sim.files import OutputError, cannot_write, write_text
from sim.report.contents import FILES, PAGE
from sim.results import PROVENANCE, SUMMARIES, Results, write_results, write_texts
from sim.tables import ALWAYS, STATES
from sim.together import together


def unmake(folder: Path) -> None:
    """Take the folder away again if nothing came to lie in it."""
    try:
        folder.rmdir()
    except OSError:
        return


def clear(folder: Path) -> None:
    """Take away what an earlier command left in a folder that is used again, so that none of it lies among what comes.

    Raises:
        OutputError: if something cannot be taken away.
    """
    try:
        scenarios = [folder / number for number in _scenarios_in(folder)]
        for own in (*scenarios, folder):
            for name in (*FILES, PAGE):
                (own / name).unlink(missing_ok=True)
            unmake(own / "figures")
        for own in scenarios:
            unmake(own)
    except OSError as fault:
        raise OutputError(cannot_write(folder, fault)) from fault


def _scenarios_in(folder: Path) -> set[str]:
    """Sub-folders that `write_several` made, as it told: there may be others of the kind that are none of its own."""
    try:
        told = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
        return {f"{number:d}" for run in told["runs"] for number in run.get("points", ())}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):  # nothing, or nothing of ours
        return set()


def write_one(folder: Path, point: Point, results: Results, provenance: dict[str, Any]) -> None:
    """Write one scenario's folder."""
    config = point.config.resolved()
    write_results(folder, results, config=_yaml(config), provenance=provenance)


@unsearched()
def write_several(
    folder: Path, points: Sequence[Point], results: Iterable[Results], provenance: dict[str, Any]
) -> None:
    """Write a sub-folder for each scenario, named by its number, and all of them together in the folder itself.

    Results are taken one scenario after another, so that they need not be in memory all at once.
    """
    runs = {run["run_id"]: run for run in provenance["runs"]}
    whose: dict[str, list[int]] = {run: [] for run in runs}
    recorded = set(STATES).intersection(*(point.config.record for point in points))
    with together(folder, {*ALWAYS, *recorded}) as add:
        for number, (point, result) in enumerate(zip(points, results, strict=True)):
            own = result.tables.results["run_id"].unique().to_pylist()
            for run in own:
                whose[run].append(number)
            write_one(folder / str(number), point, result, provenance | {"runs": [runs[run] for run in own]})
            add(result, point.name)
    told = [run | {"points": whose[run["run_id"]]} for run in provenance["runs"]]
    write_texts(folder, _yaml({"points": _told(points)}), provenance | {"runs": told})


def summaries(folder: Path) -> Iterator[dict[str, dict[str, str]]]:
    """The summary of each scenario that `write_several` has written, in order, read when it is asked for.

    Each is what stands in a row, by outcome.
    """
    for number in count():
        text = (folder / str(number) / SUMMARIES).read_text(encoding="utf-8")
        yield {row["outcome"]: row for row in csv.DictReader(text.splitlines())}


FEW = 12
"""Scenarios that are told each in a table and a report of its own, and whose settings stand together in one file."""


def _told(points: Sequence[Point]) -> dict[str, Any]:
    """What each scenario was: how it was asked for, and, of a few, all of its settings."""
    return {
        str(number): {"overrides": list(point.overrides)}
        | ({"config": point.config.resolved()} if len(points) <= FEW else {})
        for number, point in enumerate(points)
    }


def write_contrasts(folder: Path, contrasts: dict[tuple[str, str], Contrast]) -> list[Path]:
    """Write the tables of a comparison, as CSV.

    Args:
        folder: where to.
        contrasts: by counterfactual and scenario, as they were typed.

    Returns:
        The files written: a table of parts that has no rows, or of residents who were not recorded, is none.
    """
    import pandas as pd

    written = []
    for name, of in CONTRASTS.items():
        if name.startswith("gained") and not all(contrast.has("residents") for contrast in contrasts.values()):
            continue
        frames = [
            of(contrast).assign(counterfactual_overrides=first, scenario_overrides=point)
            for (first, point), contrast in contrasts.items()
        ]
        if any(len(frame) for frame in frames):
            table = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
            written.append(write_text(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n")))
    return written


CONTRASTS: dict[str, Callable[[Contrast], Any]] = {
    "contrasts": lambda c: c.outcomes,
    "contrasts_by_quintile": lambda c: c.by_quintile,
    "contrasts_by_area": lambda c: c.by_area,
    "contrasts_by_band": lambda c: c.by_band,
    "gained_and_lost": lambda c: c.gained_and_lost,
    "gained_and_lost_by_quintile": lambda c: c.gained_and_lost_by_quintile,
}
"""The tables of a comparison, by the name of the file."""


def title(config: Config) -> str:
    """A scenario in a few words."""
    names = config.scenario
    also = [f", {group} {names[group]}" for group in ("rival", "ablation") if names[group] != "none"]
    also += [f", draw {config.draw}"] if config.draw else []
    size = f"{config.place.residents:,} residents"
    return f"{names['place']}, {size}, world {names['world']}, policy {names['policy']}{''.join(also)}"


def _yaml(plain: dict[str, Any]) -> str:
    return "".join(_section(json.dumps({name: value})) for name, value in plain.items())


@lru_cache(maxsize=512)
def _section(said: str) -> str:
    """One setting with all below it, given as JSON. Scenarios of a sweep have most of them in common."""
    return OmegaConf.to_yaml(OmegaConf.create(json.loads(said)))
