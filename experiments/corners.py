"""Does any stock empty or run away where every contested number is at an end? Renews the list in docs/corners.md.

python experiments/corners.py [--trajectories 3] [--workers 2]
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sim import compose
from sim.analysis.corners import SCENARIOS, live_all, trajectory
from sim.analysis.turns import NOTHING, Turn, turns, undone_by, written
from sim.ensemble import cores

KEPT = Path(__file__).resolve().parents[1] / "docs" / "corners.md"
BEGIN, END = "<!-- the list: made by experiments/corners.py -->", "<!-- end of the list -->"


def one_of_each(listed: list[Turn]) -> list[Turn]:
    """For each stock and what befalls it after the first morning, one that hangs on a group."""
    later = [turn for turn in reversed(listed) if turn.hinges and turn.first >= NOTHING]
    return list({turn.kind: turn for turn in later}.values())


def main() -> None:
    """Visit the corners, print the list and keep it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--trajectories", type=int, default=3, help="each visits sixteen corners")
    asked.add_argument("--workers", type=int, default=cores(), help="processes")
    asked = asked.parse_args()
    corners = [corner for k in range(asked.trajectories) for corner in trajectory(k)]
    scenarios = {name: compose(overrides) for name, overrides in SCENARIOS.items()}
    lives = live_all(corners, scenarios, workers=asked.workers)
    chosen = one_of_each(turns(lives))
    with ProcessPoolExecutor(asked.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        numbers = pool.map(undone_by, chosen, [scenarios[turn.life.scenario] for turn in chosen])
        undone = {turn.kind: (turn, paths) for turn, paths in zip(chosen, numbers, strict=True)}
    made = written(lives, undone)
    print(made)
    text = KEPT.read_text(encoding="utf-8")
    kept = f"{BEGIN}\n\n{made}\n\n{END}"
    KEPT.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: kept, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
