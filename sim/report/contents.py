"""What may lie in a results folder. Nothing heavy is imported here."""

from __future__ import annotations

from sim.observables import OBSERVABLES

FILES = {
    "results.parquet": f"every run and month, {len(OBSERVABLES)} outcomes",
    "by_quintile.parquet": "the same by deprivation of the neighbourhood",
    "by_area.parquet": "the same inside the funded area, next door (within 2 km of it) and in the rest",
    "by_band.parquet": "charities by income band",
    "by_service.parquet": "the council's services",
    "residents.parquet": "residents as they stood at the end of the first and the last month",
    "ties.parquet": "their ties, likewise",
    "contrasts.csv": "every difference from the first scenario, with its interval",
    "contrasts_by_quintile.csv": "the same by deprivation of the neighbourhood",
    "contrasts_by_area.csv": "the same inside the funded area, next door (within 2 km of it) and in the rest",
    "contrasts_by_band.csv": "differences among charities by income band",
    "gained_and_lost.csv": "who gained and who lost, resident by resident",
    "gained_and_lost_by_quintile.csv": "the same by deprivation of the neighbourhood",
    "precision.csv": "how many pairs the interval that was asked for took",
    "summary.csv": "every outcome: first and last 12 months, change, intervals",
    "config.yaml": "everything that decided the runs",
    "provenance.json": "how, when and where they were made",
    "figures/paths.png": "the figure",
    "figures/paths.svg": "the figure, to enlarge",
    "figures/parts.png": "the figure of who gains and where",
    "figures/parts.svg": "the same, to enlarge",
    "figures/network.png": "the figure of the network",
    "figures/network.svg": "the same, to enlarge",
}
"""What each file is, by its name. Beside them lies `PAGE`, and tells them."""

PAGE = "report.html"
