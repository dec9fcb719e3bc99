"""The results folder of a command: one scenario, or several with a sub-folder each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from sim.cli.request import Point
from sim.config import Config
from sim.contrast import Contrast
from sim.files import write_text
from sim.results import Results, write_results
from sim.tables import joined


def unmake(folder: Path) -> None:
    """Take the folder away again if nothing came to lie in it."""
    try:
        folder.rmdir()
    except OSError:
        return


def write_one(folder: Path, point: Point, results: Results, provenance: dict[str, Any]) -> None:
    """Write one scenario's folder."""
    config = point.config.resolved()
    write_results(folder, results, config=_yaml(config), provenance=provenance)


def write_several(
    folder: Path, points: Sequence[Point], results: Sequence[Results], provenance: dict[str, Any]
) -> None:
    """Write a sub-folder for each scenario, named by its number, and all of them together in the folder itself."""
    import pandas as pd

    own = [set(result.results["run_id"]) for result in results]
    for number, (point, result) in enumerate(zip(points, results, strict=True)):
        runs = [run for run in provenance["runs"] if run["run_id"] in own[number]]
        write_one(folder / str(number), point, result, provenance | {"runs": runs})
    whose = [[n for n, ids in enumerate(own) if run["run_id"] in ids] for run in provenance["runs"]]
    provenance |= {"runs": [run | {"points": n} for run, n in zip(provenance["runs"], whose, strict=True)]}
    together = Results(joined([result.tables for result in results]))
    summaries = [r.summary.assign(point=n, overrides=points[n].name) for n, r in enumerate(results)]
    configs = {str(n): {"overrides": list(p.overrides), "config": p.config.resolved()} for n, p in enumerate(points)}
    summary = pd.concat(summaries, ignore_index=True)
    write_results(folder, together, config=_yaml({"points": configs}), provenance=provenance, summary=summary)


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
    return OmegaConf.to_yaml(OmegaConf.create(plain))
