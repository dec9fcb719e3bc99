"""What became of ties: those of a run's first month that lasted, those that went, those that were made since.

All of it is read off the recorded tables. A tie is the pair of its ends: one that ended and was made again has lasted.
Homes stand still. People move between them, die or leave the town, and newcomers take the homes of those who went.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow.compute as pc

from sim.results import Results

ENDS = ["smaller_id", "larger_id"]
PEOPLE = ["run_id", "month", "date", "id", "x", "y", "neighbourhood", "quintile"]
COUNTS = {
    "lasted": "there in the first month and in the last",
    "parted": "gone by the last month, though both of its people still live in the town",
    "left": "gone by the last month, with one of its people, who died or left the town",
    "between": "made since, between two who lived in the town in the first month",
    "newcomer": "made since, with somebody who came to the town since",
}
"""The kinds of ties that `turnover` counts."""


@dataclass(frozen=True)
class Moment:
    """A town at the end of one month, beside the other month that was recorded.

    Attributes:
        day: first day of the month.
        settled: for each home, whether who lives there lives in the town at the other moment too, in whatever home.
        ties: a frame with a row a tie: the ids of its ends; ``one`` and ``other``, their homes, as rows of
            `Town.homes`; ``lasted``, whether it is there at the other moment too; ``settled``, whether both ends are.
    """

    day: date
    settled: Any
    ties: Any


@dataclass(frozen=True)
class Town:
    """One run at its first and its last month.

    Attributes:
        homes: a frame with a row a home: ``x`` and ``y`` in km, ``neighbourhood``, ``quintile``, and ``id`` of who
            lives there first. They stand in the order of ``x`` and ``y``, so that it is the same in every scenario.
        first: the first month.
        last: the last month.
    """

    homes: Any
    first: Moment
    last: Moment

    def counts(self) -> dict[str, int]:
        """How many ties are of each kind of `COUNTS`."""
        first, last = self.first.ties, self.last.ties
        gone, made = first[~first.lasted], last[~last.lasted]
        kinds = (first.lasted, gone.settled, ~gone.settled, made.settled, ~made.settled)
        return {name: int(kind.sum()) for name, kind in zip(COUNTS, kinds, strict=True)}


def towns(results: Results) -> Iterator[Town]:
    """The runs of one scenario, each as a `Town`.

    Raises:
        ValueError: if residents and ties were not recorded at two months.
    """
    people, ties = results.tables.residents, results.tables.ties
    if people is None or ties is None:
        raise ValueError("residents and ties were not recorded. Run it with record=[residents,ties].")
    for run in people["run_id"].unique():
        of_run = pc.field("run_id") == run
        yield _town(people.select(PEOPLE).filter(of_run), ties.select(["run_id", "month", *ENDS]).filter(of_run))


def are_one_town(town: Town, other: Town) -> bool:
    """Whether two runs begin as one town: with the same homes, and with most ties of the first month in common."""
    if not town.homes[["x", "y"]].equals(other.homes[["x", "y"]]):
        return False
    return 2 * ties_apart(town, other) < len(town.first.ties) + len(other.first.ties)


def ties_apart(town: Town, other: Town) -> int:
    """How many ties of the first month only one of two runs has."""
    one, another = (set(map(tuple, each.first.ties[ENDS].to_numpy().tolist())) for each in (town, other))
    return len(one ^ another)


def _town(people: Any, ties: Any) -> Town:
    months = sorted(people["month"].unique().to_pylist())
    if len(months) < 2:
        raise ValueError("one month has no before and after. Run it for more months.")
    ends = [pc.field("month") == month for month in (months[0], months[-1])]
    before, after = (_by_home(people.filter(end).to_pandas()) for end in ends)
    ties_before, ties_after = (ties.filter(end).to_pandas() for end in ends)
    if not before[["x", "y"]].equals(after[["x", "y"]]):
        raise ValueError("the homes of the first month are not those of the last.")
    homes = before[["x", "y", "neighbourhood", "quintile", "id"]]
    return Town(homes, _moment(before, ties_before, after, ties_after), _moment(after, ties_after, before, ties_before))


def _by_home(people: Any) -> Any:
    return people.sort_values(["x", "y"], ignore_index=True)


def _moment(people: Any, ties: Any, others: Any, other_ties: Any) -> Moment:
    import pandas as pd

    settled = people["id"].isin(others["id"])
    home = pd.Index(people["id"])
    frame = ties[ENDS].copy()
    frame["one"], frame["other"] = (home.get_indexer(ties[end]) for end in ENDS)
    frame["lasted"] = pd.MultiIndex.from_frame(ties[ENDS]).isin(pd.MultiIndex.from_frame(other_ties[ENDS]))
    frame["settled"] = settled.to_numpy()[frame[["one", "other"]].to_numpy()].all(axis=1)
    return Moment(people["date"].iloc[0], settled.to_numpy(), frame)


def turnover(results: Results) -> Any:
    """What became of ties in each run, for every 100 of its first month.

    Args:
        results: runs with residents and ties recorded.

    Returns:
        A frame with a row a run, and the columns of `COUNTS`: the first three add up to 100.
    """
    import pandas as pd

    rows = []
    for town in towns(results):
        counts = town.counts()
        before = max(1, len(town.first.ties))
        rows.append({name: 100.0 * count / before for name, count in counts.items()})
    return pd.DataFrame(rows)


# A part that can be seen.


@dataclass(frozen=True)
class CloseUp:
    """Homes near one another.

    Attributes:
        homes: which rows of `Town.homes`.
        middle: x and y in km.
        radius: in km, to the home that is furthest out.
        neighbourhood: the neighbourhood of all of them.
    """

    homes: Any
    middle: tuple[float, float]
    radius: float
    neighbourhood: int


def close_up(town: Town, ties: int) -> CloseUp:
    """The homes about the middle of a neighbourhood, as many as hold so many ties between them in the first month.

    The neighbourhood is that of the smallest id of the first month: ids are hashes, so nobody chose it. All of its
    homes, where they hold fewer ties.
    """
    homes = town.homes
    neighbourhood = int(homes["neighbourhood"][homes["id"].idxmin()])
    within = homes.index[homes["neighbourhood"] == neighbourhood].to_numpy()
    x, y = homes["x"].to_numpy()[within], homes["y"].to_numpy()[within]
    middle = float(x.mean()), float(y.mean())
    away = np.hypot(x - middle[0], y - middle[1])
    order = np.argsort(away, kind="stable")
    rank = np.full(len(homes), len(homes))
    rank[within[order]] = np.arange(len(within))
    reached = np.sort(rank[town.first.ties[["one", "other"]].to_numpy()].max(axis=1))
    reached = reached[reached < len(within)]
    many = int(reached[ties - 1]) + 1 if len(reached) >= ties else len(within)
    return CloseUp(within[order[:many]], middle, float(away[order[many - 1]]), neighbourhood)
