"""The table of the README on speed, made from the newest results. ``make bench`` renews it.

python experiments/benchmarks/table.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
RESULTS, README = HERE / "results", HERE.parents[1] / "README.md"
BEGIN, END = "<!-- speed: made by experiments/benchmarks/table.py -->", "<!-- end of speed -->"
PEERS = {
    "plain_mesa": "plain Mesa with networkx", "mesa_well": "Mesa done well", "mesa_frames_month": "mesa-frames",
    "starsim_month": "Starsim", "numpy_month": "NumPy", "c_month": "careful C",
}  # fmt: skip
WAYS = {"float32": "columns of float32", "in order": "rows in order of neighbourhood", "both": "both of these"}


class Row(NamedTuple):
    """One line: what, its value as a number, how that is written, and what was asked of it."""

    what: str
    value: float
    written: str
    asked: float | None = None
    most: bool = True  # at most what was asked, or at least

    @property
    def met(self) -> bool | None:
        """Whether what was asked is there; None where nothing was."""
        if self.asked is None:
            return None
        return self.value <= self.asked if self.most else self.value >= self.asked


def newest() -> Path:
    """The results file of the latest day."""
    return max(RESULTS.glob("*.json"), key=lambda path: path.stem)


def rows(seen: dict[str, Any]) -> Iterator[Row]:
    """What was measured, with what was asked; what was not measured is left out."""
    whole = seen.get("whole_month", {})
    first = whole.get("20000", {}).get("step_ns")
    asked = {"2000": None, "20000": 500.0, "200000": min(700.0, 1.4 * first) if first else 700.0, "1000000": 1000.0}
    for size, one in whole.items():
        yield Row(f"a month of {int(size):,} residents, all written down, ns a resident", one["step_ns"], "{:,.0f}",
                  asked.get(size))  # fmt: skip
    for size, one in whole.items():
        for name, hands in one["in_c"].items():
            if isinstance(hands, dict):
                what = f"the room `{name}` beside its own C, {int(size):,} residents, times"
                yield Row(what, hands["times_c"], "{:.2f}", hands["at_most"])
    if "plain" in seen:
        yield Row("the plain hands beside the fast ones, times", seen["plain"]["over_fast"], "{:,.0f}")
    common = seen.get("common_month", {})
    targets = common.get("targets", {})
    for size, found in common.get("speed", {}).items():
        for module, title in PEERS.items():
            if module in found and "over_own_engine" in found[module]:
                least = targets.get(module, {}).get("at_least") if size == "200000" else None
                yield Row(f"common month of {int(size):,}: {title} beside this engine, times",
                          found[module]["over_own_engine"], "{:,.2f}", least, most=False)  # fmt: skip
    if seen.get("growth"):
        to = seen["growth"]["to"]
        yield Row(f"cost with residents, 20,000 to {to:,}, exponent", seen["growth"]["exponent"], "{:.2f}", 1.1)
    for size, found in seen.get("limits", {}).items():
        for room in ("ties", "helping"):
            if room in found:
                for way, said in WAYS.items():
                    yield Row(f"`{room}` in C, {int(size):,} residents: {said}, beside as it is, times",
                              found[room][way] / found[room]["as it is"], "{:.2f}")  # fmt: skip
    yield from _of_towns(seen.get("towns", {}))
    yield from _of_commands(seen.get("commands", {}))


def _of_towns(towns: dict[str, Any]) -> Iterator[Row]:
    if towns:
        million = towns["founding"].get("1000000", {})
        yield Row("cost with ties, exponent", towns["by_ties"]["exponent"], "{:.2f}", 1.1)
        yield Row("memory beyond imports, bytes a resident", towns["memory"]["bytes_a_resident"], "{:,.0f}", 600.0)
        if million:
            yield Row("founding a million residents, spin-up cached, s", million["from_cache_s"], "{:.1f}", 10.0)


def _of_commands(commands: dict[str, Any]) -> Iterator[Row]:
    if commands:
        times = commands["replicates"]["times"]
        yield Row("replicates on two cores beside one, times", times, "{:.2f}", 1.8, most=False)
        for runs, sweep in commands["sweep"].items():
            yield Row(f"a sweep of runs of {runs} beside a plain loop, times", sweep["times"], "{:.2f}", 1.15)
            added = sweep["ms_a_run_in_sweep"] - sweep["ms_a_run"]
            yield Row("the same, ms that the sweep adds to a run", added, "{:.0f}")
        yield Row("`import sim`, s", commands["import_s"], "{:.2f}", 0.5)
        yield Row("`takestwo run` to first numbers, warm, s", commands["first_numbers_warm_s"], "{:.1f}", 3.0)
        yield Row("`takestwo run` to first numbers, cold, s", commands["first_numbers_cold_s"], "{:.1f}", 20.0)


def made(seen: dict[str, Any]) -> str:
    """The table in Markdown."""
    lines = ["| what | measured | asked | |", "|---|---|---|---|"]
    for row in rows(seen):
        bound = "" if row.asked is None else f"at {'most' if row.most else 'least'} {row.asked:,.4g}"
        told = {None: "", True: "met", False: "not met"}[row.met]
        lines.append(f"| {row.what} | {row.written.format(row.value)} | {bound} | {told} |")
    return "\n".join(lines)


def told(path: Path) -> str:
    """The table with where it was measured."""
    seen = json.loads(path.read_text(encoding="utf-8"))
    where = f"{seen['processor']}, {seen['cores']} cores, one thread unless it says two, {path.stem}"
    return f"{made(seen)}\n\nMeasured on {where}, with a load of {seen['load_before']:.1f} on the machine before."


def renew() -> None:
    """Put the table of the newest results into the README."""
    text = README.read_text(encoding="utf-8")
    kept = f"{BEGIN}\n{told(newest())}\n{END}"
    README.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: kept, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    renew()
