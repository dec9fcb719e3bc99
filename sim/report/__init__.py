"""The report of a results folder: one figure of the paths, and one page that opens offline.

Everything said is worked out from the folder's own tables. A change is called clear only where the interval from 5% to
95% of the runs leaves out zero; a difference between scenarios, where its paired 95% interval does.
"""

from __future__ import annotations

from pathlib import Path


def write_report(folder: Path) -> list[Path]:
    """Write ``figures/paths.png``, ``figures/paths.svg`` and ``report.html`` into a results folder.

    Args:
        folder: what `takestwo run` or `takestwo compare` left.

    Returns:
        The files written.

    Raises:
        OutputError: if the folder holds no results, those of another version, or cannot be written.
    """
    from sim.files import written_whole
    from sim.report.figures import SUFFIXES, drawn, paths
    from sim.report.page import page
    from sim.report.study import read_study

    study = read_study(Path(folder))
    figure = paths(study)
    files = {study.folder / "figures" / f"paths.{suffix}": drawn(figure, suffix) for suffix in SUFFIXES}
    files[study.folder / "report.html"] = page(study).encode()
    for path, content in files.items():
        written_whole(path, lambda passing, content=content: passing.write_bytes(content))  # type: ignore[misc]
    return list(files)
