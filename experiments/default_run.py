"""What does the default run say? Runs it, keeps its summary and figure in docs/, and renews the table in the README.

python experiments/default_run.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "docs" / "default_run.csv"
BEGIN, END = "<!-- default run: made by experiments/default_run.py -->", "<!-- end of default run -->"
ROWS = {
    "hours_discretionary": ("hours of discretionary services, a month for 1,000 residents", 1.0, "{:,.0f}"),
    "hours_volunteer": ("hours given by volunteers, a month for 1,000 residents", 1.0, "{:,.0f}"),
    "hours_neighbour": ("hours given to neighbours, a month for 1,000 residents", 1.0, "{:,.0f}"),
    "joint_output": ("hours of need met by paid and unpaid people together", 1.0, "{:,.0f}"),
    "partnerships": ("working ties between officers and charities", 1.0, "{:,.0f}"),
    "charities_registered": ("registered charities", 1.0, "{:,.1f}"),
    "capacity": ("hours of need met, a month for 1,000 residents", 1.0, "{:,.0f}"),
    "unmet_need": ("need unmet, %", 100.0, "{:.1f}"),
    "formal_volunteering": ("adults who volunteered in the month, %", 100.0, "{:.1f}"),
    "ties_per_resident": ("ties a resident has", 1.0, "{:.2f}"),
    "lonely": ("adults without a strong tie, %", 100.0, "{:.1f}"),
    "trust_council_share": ("adults who trust the council, %", 100.0, "{:.1f}"),
}
"""What the README shows: the observable, how it is called there, and how it is written."""


def table(summary: pd.DataFrame) -> str:
    """The README's table, from the summary of the default run."""
    lines = ["| | change, first year to last | 5% to 95% of 20 runs | at the end |", "|---|---|---|---|"]
    by_outcome = summary.set_index("outcome")
    for name, (title, scale, written) in ROWS.items():
        row = by_outcome.loc[name]
        change, low, high = (_signed(scale * row[f"change{part}"], written) for part in ("", "_5", "_95"))
        lines.append(f"| {title} | {change} | {low} to {high} | {written.format(scale * row['end'])} |")
    return "\n".join(lines)


def _signed(value: float, written: str) -> str:
    text = written.format(abs(value))
    return text if float(text.replace(",", "")) == 0.0 else ("+" if value > 0 else "−") + text


def main() -> None:
    """Run, keep and renew."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("takestwo")), "run", f"hydra.run.dir={folder}/run"]
        subprocess.run(command, check=True, cwd=folder)  # noqa: S603
        KEPT.parent.mkdir(exist_ok=True)
        shutil.copy(f"{folder}/run/summary.csv", KEPT)
        shutil.copy(f"{folder}/run/figures/paths.png", ROOT / "docs" / "paths.png")
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    made = f"{BEGIN}\n{table(pd.read_csv(KEPT))}\n{END}"
    readme.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: made, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
