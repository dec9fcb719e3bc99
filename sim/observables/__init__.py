"""What is written down each month, from the state alone: name, unit, meaning."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.observables import parties, people, ties
from sim.observables.town import OBSERVABLES, Observable, Ratio, Town, observable, summed_up
from sim.state import STRONG, SURVIVAL_MONTHS, State
from sim.units import MONTHS_A_YEAR

__all__ = ["OBSERVABLES", "Observable", "Observed", "Ratio", "Town", "observable", "observe", "parties", "people",
           "remember", "ties"]  # fmt: skip


class Observed(NamedTuple):
    """A month written down, by name: whole, by quintile (1 most deprived first), income band and council service."""

    whole: dict[str, float]
    by_quintile: dict[str, tuple[float, ...]]
    by_band: dict[str, tuple[float, ...]]
    by_service: dict[str, tuple[float, ...]]


def observe(state: State, config: Any) -> Observed:
    """Write down one month, before it is remembered."""
    town = Town(state, config)
    whole: dict[str, float] = {}
    by_quintile: dict[str, tuple[float, ...]] = {}
    for name, entry in OBSERVABLES.items():
        value = entry.measure(town)
        if isinstance(value, Ratio):
            whole[name], parts = summed_up(value)
            if entry.by_quintile:
                by_quintile[name] = parts
        else:
            whole[name] = float(value)
    return Observed(whole, by_quintile, parties.by_band(town), parties.by_service(town))


def remember(state: State) -> None:
    """Keep of this month what later months look back on."""
    town, row = Town(state, None), state.month % (SURVIVAL_MONTHS + 1)
    past = state.past
    strong = town.tied & (state.ties.strength >= STRONG)
    past.ties[row], past.strong[row] = np.count_nonzero(town.tied), np.count_nonzero(strong)
    past.paid_hours[row], past.unpaid_hours[row] = people.paid_hours(town), people.unpaid_hours(town)
    state.strong_ties.bits[row] = np.packbits(strong)
    hours = state.residents.formal_hours + state.residents.helping_hours
    state.residents.hours_past[:, state.month % MONTHS_A_YEAR] = hours
