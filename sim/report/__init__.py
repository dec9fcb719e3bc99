"""The report of a results folder: figures of the paths, of the parts, of the network; one page that opens offline.

Everything said is worked out from the folder's own tables. A change is called clear only where the interval from 5% to
95% of the runs leaves out zero; a difference between scenarios, where its paired 95% interval does.
"""

from __future__ import annotations

from pathlib import Path


def write_report(folder: Path) -> list[Path]:
    """Write the figures and ``report.html`` into a results folder.

    The figures are ``figures/paths.png`` and ``.svg``; of a comparison in a place of several parts, which are
    deprivation quintiles or a funded area and what is next door, ``parts`` too; where residents and ties were recorded,
    ``network``.

    Args:
        folder: what `takestwo run` or `takestwo compare` left.

    Returns:
        The files written.

    Raises:
        OutputError: if the folder holds no results, those of another version, or cannot be written.
    """
    from sim.files import written_whole
    from sim.report.contents import PAGE
    from sim.report.figures import SUFFIXES, drawn, paths
    from sim.report.network import side_by_side
    from sim.report.page import page
    from sim.report.parts import parts
    from sim.report.pictured import picture, pictured
    from sim.report.study import read_study

    study = read_study(Path(folder))
    towns = pictured(study)
    figures = {
        "paths": paths(study),
        "parts": parts(study),
        "network": None if towns is None else side_by_side(towns),
    }
    files = {
        study.folder / "figures" / f"{name}.{suffix}": drawn(figure, suffix)
        for name, figure in figures.items()
        if figure is not None
        for suffix in SUFFIXES
    }
    embedded = None if towns is None else picture(towns, len(study.scenarios))
    files[study.folder / PAGE] = page(study, embedded).encode()
    for path, content in files.items():
        written_whole(path, lambda passing, content=content: passing.write_bytes(content))  # type: ignore[misc]
    return list(files)
