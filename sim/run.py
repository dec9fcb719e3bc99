"""One run: all that decides it, its months one after another, and its tables.

`simulate` lives one run and is pure: the same `RunSpec` gives the same bits, in whatever process and order.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.chance import run_seed
from sim.config import HOW_TO_RUN, Config
from sim.founding import found
from sim.outside import told
from sim.schedule import live_a_month
from sim.source import source_hash
from sim.store import About, run_id
from sim.tables import Diary, Tables
from sim.units import MONTHS_A_YEAR, date_of

if TYPE_CHECKING:
    from sim.model import CommunityModel


@dataclass(frozen=True)
class RunSpec:
    """All that decides one run, and which of its states to keep.

    Attributes:
        config: the resolved configuration.
        replicate: 0-based.
        record: states to keep, of ``residents`` and ``ties``.
        model: a class of one's own that lives by other rules or writes down more (`sim.outside`); None for the model's.

    Examples:
        >>> from sim import compose
        >>> from sim.run import RunSpec, simulate
        >>> spec = RunSpec(compose(["place.residents=1500", "months=2"]), replicate=0, record=("residents",))
        >>> spec.seed == RunSpec(compose(["world=flat"]), replicate=0).seed, len(spec.run_id)
        (True, 24)
        >>> tables = simulate(spec)
        >>> tables.results.num_rows, tables.residents.num_rows
        (2, 3000)
    """

    config: Config
    replicate: int
    record: tuple[str, ...] = ()
    model: type[CommunityModel] | None = None

    @property
    def seed(self) -> int:
        """The run seed: the same for all scenarios of a replicate."""
        return run_seed(self.config.seed, self.replicate)

    @cached_property
    def run_id(self) -> str:
        """The name of this run in the store and in every table."""
        config, content = self.config, _known(self.config).content
        if self.model is not None:
            content = {"config": content, "model": told(self.model)}
        return run_id(
            source=source_hash(), content=content, draw=config.draw, replicate=self.replicate, seed=self.seed
        )

    @property
    def identity(self) -> dict[str, str | int]:
        """The columns that are the same in all rows of this run."""
        numbers = {"draw": self.config.draw, "replicate": self.replicate, "seed": self.seed}
        return {"run_id": self.run_id, **self.config.scenario, **numbers}

    @property
    def about(self) -> About:
        """What the store keeps of this run beside its tables."""
        return About(source_hash(), _known(self.config).kept, "" if self.model is None else told(self.model)[0])


class _Known:
    """What the replicates of a configuration share: what decides their results, and what the store keeps of it."""

    def __init__(self, config: Config) -> None:
        self.config = config

    @cached_property
    def content(self) -> Any:
        return self.config.content()

    @cached_property
    def kept(self) -> dict[str, Any]:
        return {k: v for k, v in self.config.resolved().items() if k not in HOW_TO_RUN}


_newest: list[_Known] = []


def _known(config: Config) -> _Known:
    known = _newest[-1:]  # one look, for threads may come between
    if not known or known[0].config is not config:
        known = [_Known(config)]
        _newest[:] = known
    return known[0]


def lived(spec: RunSpec) -> Iterator[tuple[Any, Any]]:
    """The months of a run as (what was observed, the state), one after another: stop asking and it stops."""
    if spec.model is not None:
        model = spec.model(spec.config, rng=spec.seed)
        while model.running:
            model.step()
            yield model.observed, model.state
        del model
        gc.collect()  # Mesa's objects point at one another: the town would stay in memory beside the next one
        return
    state = found(spec.config, spec.seed)
    for _ in range(spec.config.months):
        yield live_a_month(state, spec.config), state


def simulate(
    spec: RunSpec, tick: Callable[[int], None] | None = None,
    first_year: Callable[[dict[str, float]], None] | None = None,
) -> Tables:  # fmt: skip
    """Live one run and write it down.

    Args:
        spec: which run.
        tick: told how many months are lived, after each.
        first_year: told each observable once the first year is lived, the mean of its months.

    Returns:
        The run's tables, with the columns of `sim.tables.SCHEMAS`.

    Examples:
        >>> from sim import compose
        >>> from sim.run import RunSpec, simulate
        >>> tables = simulate(RunSpec(compose(["place.residents=1500", "months=2"]), replicate=0), tick=print)
        1
        2
        >>> tables.results.schema.field("unmet_need").metadata[b"unit"].decode()
        'share'
    """
    config = spec.config
    diary = Diary(spec.identity, [date_of(m, config.world.first_month) for m in range(config.months)], spec.record)
    for months, (observed, state) in enumerate(lived(spec), 1):
        diary.write(observed, state)
        if months == MONTHS_A_YEAR and first_year is not None:
            first_year(diary.means())
        if tick is not None:
            tick(months)
    return diary.tables()
