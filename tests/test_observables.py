"""What is written down of ties and hours, worked out again by hand, person by person, on made-up towns.

The other observables are sums over a column, and have no rule of their own.
"""

from __future__ import annotations

import math
import statistics
from types import SimpleNamespace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from sim.chance import Dice, Die
from sim.observables import OBSERVABLES, Town, remember
from sim.observables.people import hours_median, hours_top9_share, hours_top36_share
from sim.observables.ties import CLUSTERING_SAMPLE
from sim.observables.town import median_of, shares_of_most
from sim.state import BRIDGING, EMPTY, SLOTS, STRONG, SURVIVAL_MONTHS, State
from tests.towns import RECIPES, town

CONFIG = SimpleNamespace()


def ties_of(state: State) -> list[tuple[int, int, int]]:
    """Every tie as (owner, alter, slot)."""
    return [(slot // SLOTS, int(k), slot) for slot, k in enumerate(state.ties.alter) if k != EMPTY]


def graph(state: State) -> nx.Graph:
    """Who is tied to whom."""
    net = nx.Graph()
    net.add_nodes_from(range(len(state.residents.id)))
    net.add_edges_from((i, k) for i, k, _ in ties_of(state))
    return net


def measured(state: State, name: str) -> Any:
    """An observable; the column of its numerator where it has one."""
    value = OBSERVABLES[name].measure(Town(state, CONFIG))
    return value if isinstance(value, float) else value.top


def sampled(state: State) -> list[int]:
    """The residents whose clustering is looked at."""
    dice, ids = Dice(state.seed, 0), state.residents.id.tolist()
    share = CLUSTERING_SAMPLE / len(ids)
    return [i for i, who in enumerate(ids) if dice.uniform(Die.CLUSTERING_SAMPLE, who) < share]


def same(a: float, b: float) -> bool:
    """Equal, or both missing."""
    return a == pytest.approx(b, rel=1e-12, nan_ok=True)


@given(RECIPES)
@settings(max_examples=40, deadline=None)
def test_ties_are_counted_at_both_ends(recipe: dict[str, Any]) -> None:
    state = town(**recipe)
    net, strong = graph(state), nx.Graph()
    strong.add_nodes_from(net)
    strong.add_edges_from((i, k) for i, k, slot in ties_of(state) if state.ties.strength[slot] >= STRONG)
    assert measured(state, "ties_per_resident").tolist() == [net.degree[i] for i in net]
    assert measured(state, "lonely").tolist() == [strong.degree[i] == 0 for i in net]
    bridging = [float(state.ties.klass[slot] == BRIDGING) for _, _, slot in ties_of(state)]
    assert same(measured(state, "bridging_share"), statistics.mean(bridging) if bridging else math.nan)
    assert same(measured(state, "giant_component"), max(map(len, nx.connected_components(net))) / len(net))


@given(RECIPES)
@settings(max_examples=40, deadline=None)
def test_clustering_is_the_mean_over_a_sample_of_those_with_two_alters(recipe: dict[str, Any]) -> None:
    state = town(**recipe)
    net = graph(state)
    sample = [i for i in sampled(state) if net.degree[i] > 1]
    mean = statistics.mean(nx.clustering(net, sample).values()) if sample else math.nan
    assert same(measured(state, "clustering"), mean)


def test_clustering_of_a_larger_town_is_that_of_a_sample() -> None:
    state = town(residents=2000, seed=3)
    net, sample = graph(state), sampled(state)
    assert 350 < len(sample) < 650
    mean = statistics.mean(v for i, v in nx.clustering(net, sample).items() if net.degree[i] > 1)
    assert same(measured(state, "clustering"), mean)
    assert not same(measured(state, "clustering"), nx.average_clustering(net))


@given(RECIPES)
@settings(max_examples=40, deadline=None)
def test_ties_that_last_are_found_again(recipe: dict[str, Any]) -> None:
    """Those of a year ago by their birth; of those strong seven years ago, those whose slot has held them since."""
    state = town(**recipe)
    then = state.month - SURVIVAL_MONTHS
    rng = np.random.default_rng(recipe["seed"])
    was_strong = rng.random(len(state.ties.alter)) < 0.5
    row = then % (SURVIVAL_MONTHS + 1)
    state.strong_ties.bits[row] = np.packbits(was_strong)
    state.past.strong[row], state.past.ties[(state.month - 12) % (SURVIVAL_MONTHS + 1)] = 8.0, 16.0
    year = sum(state.ties.born[slot] <= state.month - 12 for _, _, slot in ties_of(state))
    seven = sum(state.ties.born[slot] <= then and was_strong[slot] for _, _, slot in ties_of(state))
    assert measured(state, "tie_survival_12") == year / 16.0
    assert measured(state, "tie_survival_84") == seven / 8.0


def test_a_month_is_remembered_as_it_was() -> None:
    state = town()
    remember(state)
    row = state.month % (SURVIVAL_MONTHS + 1)
    strong = state.ties.strength >= STRONG
    assert (np.unpackbits(state.strong_ties.bits[row]) == strong).all()
    assert (state.past.ties[row], state.past.strong[row]) == (len(ties_of(state)), strong.sum())


@given(RECIPES)
@settings(max_examples=40, deadline=None)
def test_shares_of_the_most_generous(recipe: dict[str, Any]) -> None:
    state = town(**recipe)
    r, n = state.residents, len(state.residents.id)
    this = r.formal_hours + r.helping_hours
    year = sorted((sum(this[i] if m == state.month % 12 else r.hours_past[i, m] for m in range(12)) for i in range(n)),
                  reverse=True)  # fmt: skip
    for name, share in ((hours_top9_share, 0.09), (hours_top36_share, 0.36)):
        assert same(name(Town(state, CONFIG)), sum(year[: max(1, round(share * n))]) / sum(year))
    active = [hours for hours in r.formal_hours.tolist() if hours > 0.0]
    assert same(hours_median(Town(state, CONFIG)), statistics.median(active) if active else math.nan)


def test_shares_of_most_where_there_are_few_equal_or_none() -> None:
    assert shares_of_most(np.array([3.0, 1.0, 3.0, 3.0]), [2, 9]) == (0.6, 1.0)
    assert all(map(math.isnan, shares_of_most(np.empty(0), [1, 2])))
    assert math.isnan(median_of(np.empty(0)))
    assert (median_of(np.array([4.0, 1.0, 2.0])), median_of(np.array([8.0, 1.0, 2.0, 4.0]))) == (2.0, 3.0)
