"""Does replicates=auto cover the truth as often as it says? Renews the tables in docs/coverage.md.

python experiments/coverage.py [--anew] [--pairs 800] [--workers 2] [--store FOLDER]

Many pairs of runs of a small town are a pool, whose mean is taken for the truth. Experiments are drawn from the pool
with replacement, each decides by its own first pairs how many it takes, and it is counted how often the interval holds
the truth. The pool is kept in docs/coverage.csv; ``--anew`` lives it again.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import compose
from sim.contrast.stopping import LEAST, last_year, widths
from sim.ensemble import specs_of, store_all
from sim.store import Store
from sim.tables import unit_of

DOCS = Path(__file__).resolve().parents[1] / "docs"
KEPT, POOL = DOCS / "coverage.md", DOCS / "coverage.csv"
BEGIN, END = "<!-- the tables: made by experiments/coverage.py -->", "<!-- end of the tables -->"
TOWN = ("place.residents=1500", "months=24")
NURTURED = ("policy=nurture_early", "policy.nurture_early.start=0")
OUTCOMES = (
    "unmet_need", "enough_support", "hours_volunteer", "formal_volunteering", "joint_output", "ties_per_resident",
)  # fmt: skip
RATIOS = (0.4, 0.25, 0.1)
"""Half the width that is asked for, in standard deviations of the pool: some 25, 60 and 400 pairs."""
TIMES, AT_ONCE, MOST = 10_000, 1_000, 4_000

Numbers = NDArray[np.float64]


class Tried(NamedTuple):
    """What experiments came to, a number each."""

    pairs: NDArray[np.int64]
    mean: Numbers
    half: Numbers


class Share(NamedTuple):
    """A share of experiments, and its Monte Carlo standard error."""

    share: float
    error: float


# The rules: experiments are rows, pairs columns, in the order in which they would be run.


def widest(trials: Numbers, half: float, least: int) -> Tried:
    """The rule of `sim.contrast.stopping`: the widest spread since the least counts."""
    wide = _from(least, widths(trials), 0.0)
    wide = np.maximum.accumulate(wide, axis=1)
    return _ended(trials, wide, half, least)


def stein(trials: Numbers, half: float, least: int) -> Tried:
    """Stein's two samples: the first pairs decide, and nothing that comes after is looked at."""
    wide = np.broadcast_to(widths(trials[:, :least])[:, -1:], trials.shape)
    return _ended(trials, wide, half, least)


def naive(trials: Numbers, half: float, least: int) -> Tried:
    """To look after each pair, and stop when the usual interval is narrow enough."""
    return _ended(trials, widths(trials), half, least)


def usual(trials: Numbers, half: float, least: int) -> Tried:
    """As many pairs as the rule, and then the usual interval, as ``contrasts.csv`` has it."""
    pairs = widest(trials, half, least).pairs
    return _after(trials, widths(trials), pairs)


def fixed(trials: Numbers, half: float, least: int) -> Tried:
    """The usual interval of as many pairs in every experiment: on average those of the rule."""
    pairs = np.full(len(trials), round(float(widest(trials, half, least).pairs.mean())))
    return _after(trials, widths(trials), pairs)


def _ended(trials: Numbers, wide: Numbers, half: float, least: int) -> Tried:
    """To stop at the first number of pairs, from the least on, of which the interval is narrow enough."""
    narrow = wide <= half * np.sqrt(np.arange(1, trials.shape[1] + 1))
    narrow[:, : least - 1] = False
    narrow[:, -1] = True
    return _after(trials, wide, narrow.argmax(axis=1) + 1)


def _after(trials: Numbers, wide: Numbers, pairs: NDArray[np.int64]) -> Tried:
    """What experiments say after so many pairs each."""
    at = np.arange(len(pairs)), pairs - 1
    means = trials.cumsum(axis=1)[at] / pairs
    return Tried(pairs, means, wide[at] / np.sqrt(pairs))


def _from(least: int, values: Numbers, before: float) -> Numbers:
    return np.where(np.arange(1, values.shape[1] + 1) < least, before, values)


RULES: dict[str, Callable[[Numbers, float, int], Tried]] = {
    "widest": widest, "fixed": fixed, "usual": usual, "stein": stein, "naive": naive,
}  # fmt: skip


def covered(tried: Tried, truth: float) -> Share:
    """How often the interval holds the truth."""
    share = float((np.abs(tried.mean - truth) <= tried.half).mean())
    return Share(share, math.sqrt(share * (1.0 - share) / len(tried.pairs)))


# The pool.


def pool_of(pairs: int, store: Path, *, workers: int | None) -> pd.DataFrame:
    """The difference that a policy makes in each outcome, a row a pair of runs of a small town."""
    before, after = (specs_of(compose([*TOWN, *more]), pairs) for more in ((), NURTURED))
    specs = [spec for pair in zip(before, after, strict=True) for spec in pair]
    if failed := store_all(specs, store, workers=workers):
        raise next(iter(failed.values()))
    shelf = Store(store)
    ends = []
    for spec in specs:
        tables_of_run = shelf.get(spec.run_id)
        assert tables_of_run is not None  # noqa: S101 - it was stored a moment ago
        ends.append([last_year(tables_of_run.results, outcome) for outcome in OUTCOMES])
    values = np.array(ends)
    return pd.DataFrame(values[1::2] - values[::2], columns=[*OUTCOMES])


# The tables.


def trials_of(pool: Numbers, ratio: float, least: int, seed: int) -> dict[str, Tried]:
    """Experiments drawn from a pool, by rule: `TIMES` of them, some at a time."""
    rng = np.random.default_rng(seed)
    half = ratio * float(pool.std())
    longest = min(MOST, math.ceil(6.0 * (2.1 / ratio) ** 2) + 10 * least)
    found: dict[str, list[Tried]] = {name: [] for name in RULES}
    for _ in range(TIMES // AT_ONCE):
        trials = rng.choice(pool, (AT_ONCE, longest))
        for name, rule in RULES.items():
            found[name].append(rule(trials, half, least))
    return {name: Tried(*map(np.concatenate, zip(*each, strict=True))) for name, each in found.items()}


def written(pool: pd.DataFrame, least: Sequence[int] = (LEAST, 20, 5)) -> str:
    """The tables, in Markdown."""
    shape = ["| outcome | unit | mean of the pool | its standard deviation | skewness | excess kurtosis |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for name in pool:
        column = pool[name]
        shape.append(f"| {name} | {unit_of(str(name))} | {column.mean():.4g} | {column.std(ddof=0):.4g} | "
                     f"{column.skew():.1f} | {column.kurt():.1f} |")  # fmt: skip
    parts = ["\n".join([f"The pool: {len(pool):,} pairs of runs.", "", *shape])]
    for first in least:
        said_first = (
            f"**From {first} pairs on.** Share of {TIMES:,} experiments whose interval holds the truth, %, each with a "
            f"Monte Carlo standard error of {100 * math.sqrt(0.05 * 0.95 / TIMES):.2f} or a little more; in brackets "
            "the pairs that were run, on average."
        )
        names = ("outcome", "half a width asked for, in standard deviations", "the rule", "a fixed number",
                 "the tables' interval after the rule", "Stein's two samples", "looking after each pair")  # fmt: skip
        lines = [said_first, "", f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
        for number, name in enumerate(pool):
            values = pool[name].to_numpy()
            for ratio in RATIOS:
                found = trials_of(values, ratio, first, seed=number)
                shares = {rule: covered(tried, float(values.mean())) for rule, tried in found.items()}
                said = {rule: f"{100 * s.share:.1f}" for rule, s in shares.items()}
                run = {rule: f" ({found[rule].pairs.mean():,.0f})" for rule in ("widest", "stein", "naive")}
                cells = " | ".join(said[rule] + run.get(rule, "") for rule in RULES)
                lines.append(f"| {name} | {ratio:g} | {cells} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def main() -> None:
    """Draw from the pool, print the tables and keep them."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--anew", action="store_true", help="live the pool again")
    asked.add_argument("--pairs", type=int, default=800, help="of the pool that is lived again")
    asked.add_argument("--workers", type=int, default=0, help="processes; 0 is one a core")
    asked.add_argument("--store", type=Path, default=Path("outputs/.store"), help="where runs of the pool are kept")
    said = asked.parse_args()
    if said.anew or not POOL.exists():
        pool_of(said.pairs, said.store, workers=said.workers).to_csv(POOL, index=False, lineterminator="\n")
    made = written(pd.read_csv(POOL))
    print(made)
    text = KEPT.read_text(encoding="utf-8")
    kept = f"{BEGIN}\n\n{made}\n\n{END}"
    KEPT.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: kept, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
