"""What is written down each month, from the state alone: name, unit, meaning."""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.observables import parties, people, ties
from sim.observables.town import OBSERVABLES, Observable, Ratio, Town, observable, summed_up
from sim.state import SURVIVAL_MONTHS, State
from sim.units import MONTHS_A_YEAR

__all__ = ["OBSERVABLES", "Observable", "Observed", "Ratio", "Town", "observable", "observe", "parties", "people",
           "remember", "ties"]  # fmt: skip


class Observed(NamedTuple):
    """A month written down, by name: whole, and in parts.

    The parts are deprivation quintiles (1, the most deprived, first); areas (inside the funded area, next door, the
    rest; nothing where no area is funded); income bands of charities; council services.
    """

    whole: dict[str, float]
    by_quintile: dict[str, tuple[float, ...]]
    by_area: dict[str, tuple[float, ...]]
    by_band: dict[str, tuple[float, ...]]
    by_service: dict[str, tuple[float, ...]]


def observe(state: State, config: Any) -> Observed:
    """Write down one month, before it is remembered."""
    town = Town(state, config)
    whole: dict[str, float] = {}
    by_quintile: dict[str, tuple[float, ...]] = {}
    by_area: dict[str, tuple[float, ...]] = {}
    for name, entry in OBSERVABLES.items():
        value = entry.measure(town)
        if isinstance(value, Ratio):
            sums = summed_up(value)
            whole[name] = sums.whole
            if entry.by_quintile:
                by_quintile[name] = sums.by_quintile
            if entry.by_quintile and town.has_area:
                by_area[name] = sums.by_area
        else:
            whole[name] = float(value)
    return Observed(whole, by_quintile, by_area, parties.by_band(town), parties.by_service(town))


def remember(state: State) -> None:
    """Keep of this month what later months look back on."""
    town, row = Town(state, None), state.month % (SURVIVAL_MONTHS + 1)
    past = state.past
    past.ties[row], past.strong[row] = ties.keep_the_strong(state.ties, state.strong_ties.bits[row])
    past.paid_hours[row], past.unpaid_hours[row] = people.paid_hours(town), people.unpaid_hours(town)
    state.residents.hours_past[:, state.month % MONTHS_A_YEAR] = town.given
