"""Runs that are lived in this process, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from sim.files import OutputError
from sim.pool.blocks import Block
from sim.pool.ctrl_c import ctrl_c_noted
from sim.pool.kept import put_meanwhile
from sim.pool.progress import Watch
from sim.pool.turns import Turns
from sim.run import RunSpec, simulate
from sim.store import Store
from sim.tables import Tables


def here(
    specs: Sequence[RunSpec], turns: Turns, shelf: Store | None, watch: Watch
) -> Iterator[tuple[int, Tables]]:
    """Yield the place of each run whose turn it is, with its tables, when it is stored if there is a store."""

    def tick(months: int) -> None:
        ctrl_c.heed()
        watch.lived[place], watch.stopping = months, ctrl_c.pressed
        watch.look()

    block = Block(shelf)
    with ctrl_c_noted(raised=True, patient=shelf is not None) as ctrl_c:
        try:
            for place in turns:
                if (there := put_meanwhile(specs[place], shelf)) is not None:
                    tick(specs[place].config.months)
                    yield place, there
                    continue
                try:
                    first_year = partial(watch.shared.tell_year, place)
                    block.add(place, specs[place], simulate(specs[place], tick, first_year))
                except Exception as fault:  # noqa: BLE001 - whatever it is, it is told with the run's name
                    turns.fault(place, fault)
                if block.is_due or not turns:
                    yield from block.stored()
                if ctrl_c.pressed:
                    yield from block.stored()
                    raise KeyboardInterrupt
            yield from block.stored()
        finally:
            with suppress(OutputError):  # whatever it ends by, what is finished is kept
                block.stored()
