"""How does a run of the record stand beside what was found in England? Runs it, and keeps docs/evidence.csv and .md.

python experiments/evidence.py
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from sim.analysis.declared import READ_AS, fall, furthest_from_the_record, verdict
from sim.analysis.patterns import WHAT, near_an_edge, patterns, score
from sim.results import read_results

ROOT = Path(__file__).resolve().parents[1]
KEPT, DOCUMENT = ROOT / "docs" / "evidence.csv", ROOT / "docs" / "evidence.md"
BEGIN, END = "<!-- evidence: made by experiments/evidence.py -->", "<!-- end of evidence -->"
RUNS = 20
COMMAND = ["run", "world=history", f"replicates={RUNS}"]

TEXT = """# The model beside the record

{opening}

## Calibration: to which the model is held

{held}

| row | what | kind | found | range | model | 90% of runs | |
|---|---|---|---|---|---|---|---|
{calibration}

## Declared, and fitted to nothing

{fallen}

| row | what | kind | found | range | model | 90% of runs | how it fell |
|---|---|---|---|---|---|---|---|
{declared}

Where a row is not read quite as its source read it:

{read_as}

## The council beside the record

{council}
"""
OPENING = """One made-up town, average for England, lived {runs} times from April 2007 to March 2024:
`takestwo {command}`. Each row is read off those months as its source read it. "Model" is the value of all runs
together; nine towns in ten lie between the values of "90% of runs", which are luck alone and hold nothing of what is
unknown of the parameters. `python experiments/evidence.py` makes this page anew; the numbers in full are in
[evidence.csv](evidence.csv)."""
KINDS = """ Rows of the kind "input" set the start or a constant of the model, so that to meet them is no success;
"emergent" rows set nothing."""
COUNCIL = """Money for other than care, a head and with 2010-11 as 100, parts from England's by at most
{discretionary_pp:.1f} points in any year, and the share of care by at most {care_share_pct:.1f}. Neither series is an
input: they follow from core funding, fees and the demand for care."""


def measured(folder: Path) -> pd.DataFrame:
    """Both tables as a results folder gives them, a row a pattern."""
    made = read_results(folder)
    each = {"calibration": score(made.results, made.by_band), "declared": fall(made.results, made.by_quintile)}
    gaps = pd.Series(furthest_from_the_record(made.results), name="value").rename_axis("id").to_frame()
    each["council"] = gaps.assign(runs=len(made.results["run_id"].unique()))
    return pd.concat(each, names=["table"]).reset_index()[["table", "id", "value", "run_5", "run_95", "runs"]]


def document(kept: pd.DataFrame) -> str:
    """The document, from the kept numbers."""
    tables = {name: rows.set_index("id") for name, rows in kept.groupby("table")}
    gaps = tables.pop("council")["value"]
    return TEXT.format(
        opening=_paragraph(OPENING.format(runs=RUNS, command=" ".join(COMMAND))),
        held=_paragraph(held(kept) + KINDS), fallen=_paragraph(fallen(kept)),
        council=_paragraph(COUNCIL.format(**gaps)),
        read_as="\n".join(f"- {name}: {what}." for name, what in READ_AS.items()),
        **{name: "\n".join(_line(name, row) for row in rows.itertuples()) for name, rows in tables.items()},
    )  # fmt: skip


def _line(table: str, row: Any) -> str:
    pattern = patterns(table)[row.Index]
    told = "in" if pattern.holds(row.value) else "outside"
    if table == "declared":
        told = verdict(row.Index, row.value)
    elif _hangs_on_luck(row.Index, row):
        told += "; other runs may differ"
    cells = [
        row.Index, WHAT[row.Index], re.split(r" \(|: ", pattern.use)[0],
        _number(pattern.value), f"{_number(pattern.low)} to {_number(pattern.high)}", _number(row.value),
        "" if math.isnan(row.run_5) else f"{_number(row.run_5)} to {_number(row.run_95)}", told,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _hangs_on_luck(name: str, row: Any) -> bool:
    """Whether other runs may fall on the other side of an end of a calibration row's range."""
    return near_an_edge(patterns()[name], row.value, row.run_5, row.run_95, row.runs)


def _number(value: float) -> str:
    """Three figures, and no more than three decimals."""
    if math.isnan(value):
        return ""
    return "no bound" if math.isinf(value) else f"{round(value, 3) + 0.0:.3g}".replace("-", "−")


def held(kept: pd.DataFrame) -> str:
    """How many rows of the calibration lie in their ranges, and which do not."""
    rows = {r.id: patterns()[r.id].holds(r.value) for r in kept[kept["table"] == "calibration"].itertuples()}
    outside = [name for name, inside in rows.items() if not inside]
    emergent = [name for name in rows if patterns()[name].use == "emergent"]
    told = f"{sum(rows.values())} of {len(rows)} calibration patterns lie in the range of their survey, among them "
    told += f"{sum(rows[name] for name in emergent)} of the {len(emergent)} that set nothing in the model."
    told += f" Outside: {', '.join(outside)}." if outside else ""
    near = [r.id for r in kept[kept["table"] == "calibration"].itertuples() if _hangs_on_luck(r.id, r)]
    return told + (f" By luck alone other runs may fall on the other side: {', '.join(near)}." if near else "")


def fallen(kept: pd.DataFrame) -> str:
    """How the declared rows fell."""
    values = {r.id: r.value for r in kept[kept["table"] == "declared"].itertuples()}
    rows = {name: verdict(name, value) for name, value in values.items()}
    inside = [name for name, told in rows.items() if told.startswith("in its range")]
    outside = [name for name, told in rows.items() if told.startswith("outside")]
    still = [name for name in inside if _holds_nothing(name)]
    told = f"Of {len(rows)} declared patterns, to which nothing is fitted, {len(inside)} fell in their range"
    told += _listed(inside)
    if still:
        told += f"; a model in which nothing moves would meet {len(still)} of them too{_listed(still)}"
    unread = [name for name in rows if name not in (*inside, *outside)]
    told += f". {len(outside)} fell outside{_listed(outside)}, and {len(unread)} cannot be read off such a run"
    return f"{told}{_listed(unread)}."


def _listed(names: Iterable[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _holds_nothing(name: str) -> bool:
    """Whether a row is a change, and no change would lie in its range."""
    pattern = patterns("declared")[name]
    return "pp" in pattern.unit.split() and pattern.holds(0.0)


def _paragraph(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 120, break_on_hyphens=False))


def readme(kept: pd.DataFrame) -> str:
    """What the README says of it."""
    return _paragraph(f"{held(kept)} {fallen(kept)} [Row by row](docs/evidence.md).")


def main() -> None:
    """Run, keep and renew."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("takestwo")), *COMMAND, f"hydra.run.dir={folder}/run"]
        subprocess.run(command, check=True, cwd=folder)  # noqa: S603
        measured(Path(folder) / "run").to_csv(KEPT, index=False, lineterminator="\n")
    renew()


def renew() -> None:
    """Write the document and the README's paragraph anew from the kept numbers."""
    kept = pd.read_csv(KEPT)
    DOCUMENT.write_text(document(kept), encoding="utf-8")
    page = ROOT / "README.md"
    made = f"{BEGIN}\n{readme(kept)}\n{END}"
    text = re.sub(f"{BEGIN}.*?{END}", lambda _: made, page.read_text(encoding="utf-8"), flags=re.DOTALL)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
