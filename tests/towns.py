"""Made-up towns for the tests: any valid state, drawn at random, extremes included. No founding is involved."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from sim.chance import permanent_id
from sim.ledger import Flow
from sim.state import BRIDGING, EMPTY, KINDS, NOBODY, SLOTS, State, allocate

HABITS = ("ordinary", "nobody volunteers", "everybody volunteers", "one group", "no ties", "crowded", "no budget",
          "everyone moves", "no groups", "desperate need")  # fmt: skip


RECIPES = st.fixed_dictionaries({
    "residents": st.sampled_from([1, 2, 7, 40, 90]),
    "neighbourhoods": st.integers(1, 4),
    "habit": st.sampled_from(HABITS),
    "seed": st.integers(0, 2**31),
    "month": st.integers(-30, 40),
})
"""A strategy for the arguments of `town`: small towns of every habit."""


def town(
    *, residents: int = 60, neighbourhoods: int = 2, habit: str = "ordinary", seed: int = 1, month: int = 5
) -> State:
    """A town drawn at random under one of `HABITS`."""
    rng = np.random.default_rng(seed)
    charities = {"no groups": 0, "one group": 1}.get(habit, int(rng.integers(1, 9)))
    state = allocate(
        residents=residents, charities=charities, services=4, neighbourhoods=neighbourhoods, policies=2, world=48,
        flows=len(Flow), seed=int(rng.integers(2**62)), month=month,
    )  # fmt: skip
    _people(state, rng, habit)
    _ties(state, rng, habit)
    _bodies(state, rng, habit)
    _founded(state, rng)
    return state


def _people(state: State, rng: Any, habit: str) -> None:
    r, n, month = state.residents, len(state.residents.id), state.month
    r.id[:] = [permanent_id(state.seed, i) for i in range(n)]
    r.generation[:] = rng.integers(0, 3, n)
    r.arrived[:] = month - rng.integers(0, 200, n)
    r.neighbourhood[:] = np.sort(rng.integers(0, len(state.neighbourhoods.x), n))
    r.tenure[:], r.group[:], r.venue[:] = rng.integers(0, 3, n), rng.integers(0, 6, n), rng.integers(0, 3, n)
    for name in ("x", "y", "civic", "occasional", "devotion", "warmth", "neighbourly", "voice"):
        getattr(r, name)[:] = rng.normal(0, 1, n)
    r.skill[:] = np.clip(rng.normal(1, 0.25, n), 0.2, 2)
    r.ever[:] = rng.integers(0, 2, n)
    share = {"nobody volunteers": 0.0, "everybody volunteers": 1.0}.get(habit, 0.3)
    if len(state.charities.id):
        r.role[:] = np.where(rng.random(n) < share, rng.integers(0, len(state.charities.id), n), NOBODY)
        r.gives_to[:] = np.where(rng.random(n) < 0.05, rng.integers(0, len(state.charities.id), n), r.role)
    r.role_since[:] = month - rng.integers(0, 20, n)
    r.role_starts[:] = r.role_since + rng.integers(0, 4, n)
    r.pledged_hours[:] = np.where(r.gives_to != NOBODY, rng.gamma(2, 5, n), 0)
    r.formal_hours[:], r.helping_hours[:], r.spare_hours[:] = rng.gamma(1, 5, n), rng.gamma(1, 5, n), rng.gamma(1, 4, n)
    for name in ("active_months", "helped_months", "received_months"):
        getattr(r, name)[:] = rng.integers(0, 2**13, n)
    r.planned_hours[:] = rng.gamma(4, 5, n)
    r.hours_past[:] = rng.gamma(1, 5, (n, 12))
    r.need[:] = rng.poisson(20 if habit == "desperate need" else 2, (n, len(KINDS)))
    r.met[:] = r.need * rng.random((n, len(KINDS)))
    r.crisis[:] = rng.gamma(1, 0.5, n)
    for name in ("trust_council", "trust_charity", "trust_council_first", "trust_charity_first"):
        getattr(r, name)[:] = rng.beta(2, 2, n)
    r.nurtured_hours[:] = np.where(rng.random(n) < 0.2, 2.0, 0.0)
    r.outside_ask[:] = np.where(rng.random(n) < 0.2, rng.random(n) * 3, 0.0)
    r.unsupported_asks[:] = rng.integers(0, 3, n)
    r.strain[:] = np.where(rng.random(n) < 0.3, rng.normal(0, 1, n), 0.0)
    r.influence[:] = np.arange(n) % 2


def _ties(state: State, rng: Any, habit: str) -> None:
    ties, n = state.ties, len(state.residents.id)
    if habit == "no ties" or n < 2:
        return
    known: set[tuple[int, int]] = set()
    for owner in range(n):
        most = SLOTS if habit == "crowded" else 9
        for slot in range(owner * SLOTS, owner * SLOTS + int(rng.integers(0, most + 1))):
            alter = int(rng.integers(n))
            pair = (min(owner, alter), max(owner, alter))
            if alter != owner and pair not in known:
                known.add(pair)
                ties.alter[slot] = alter
                ties.strength[slot] = rng.random()
                ties.klass[slot] = rng.integers(0, BRIDGING + 1)
                ties.deepening[slot] = (ties.klass[slot] == 1) * rng.integers(0, 2)
                ties.born[slot] = state.month - rng.integers(0, 100)
                ties.hours[slot] = rng.gamma(2, 1)
    assert np.all(ties.strength[ties.alter == EMPTY] == 0)


def _bodies(state: State, rng: Any, habit: str) -> None:
    c, n = state.charities, len(state.charities.id)
    c.id[:] = [permanent_id(state.seed, 10_000 + i) for i in range(n)]
    c.neighbourhood[:] = rng.integers(0, len(state.neighbourhoods.x), n)
    c.band[:], c.serves_place[:], c.weight[:] = rng.integers(0, 6, n), rng.integers(0, 2, n), rng.random(n)
    c.paid_hours[:], c.joining_weight[:] = rng.gamma(1, 50, n), rng.integers(0, 4, n)
    c.kinds[:] = _shares(rng, n)
    c.work_hours[:] = rng.gamma(2, 30, n)
    money = 0.0 if habit == "no budget" else 1.0
    council = state.council
    council.population[:] = len(state.residents.id) / 0.81
    council.core_founding[:] = 800.0 * council.population * money
    council.other_founding[:] = 150.0 * council.population * money
    council.care_share[:] = 0.49
    council.reserves[:] = council.reserves_target[:] = 190.0 * council.population * money
    council.spend_last_year[:] = council.core_founding + council.other_founding
    s = state.services
    s.statutory[:] = [1, 1, 0, 0]
    s.share[:] = [0.7, 0.3, 0.6, 0.4]
    s.kinds[:] = _shares(rng, 4)
    s.spend[:] = rng.gamma(2, 1000, 4) * money
    s.hours[:] = s.spend / 22.0
    b = state.neighbourhoods
    b.quintile[:] = rng.integers(1, 6, len(b.x))
    b.x[:], b.y[:] = rng.normal(0, 1, len(b.x)), rng.normal(0, 1, len(b.x))
    b.need_weight[:] = np.array([1.5, 1.2, 1.0, 0.8, 0.6])[b.quintile - 1]
    b.venues[:] = 3
    p = state.policies
    p.instrument[:], p.dose[:] = [0, 1], [rng.choice([0.0, 12.0, 500.0]), 12.0]
    p.start[:], p.months[:], p.taper[:] = [state.month - 3, state.month + 1], [24, 60], [0, 12]
    p.where[:], p.payer[:], p.overhead[:] = [-1, 0], [0, 1], 0.15
    p.balance[:] = rng.gamma(1, 100, 2)
    w = state.world
    w.core_funding[:] = np.linspace(1.0, 0.7, 48)
    w.other_income[:], w.care_demand[:] = np.linspace(1.0, 1.2, 48), np.linspace(1.0, 1.1, 48)
    w.hardship[:] = 1.0 + 0.1 * rng.random(48)
    w.meeting_ban[:] = rng.integers(0, 2, 48)


def _founded(state: State, rng: Any) -> None:
    state.quintiles.met_founding[:] = np.linspace(0.75, 0.85, 5)
    state.trust_knots.council[:], state.trust_knots.charity[:] = rng.normal(0, 0.02, 11), rng.normal(0, 0.02, 11)
    state.quantiles.council[:], state.quantiles.charity[:] = np.linspace(0, 1, 257), np.linspace(0.1, 1, 257)
    state.classes.contexts_founding[:] = [0.6, 0.5, 0.3]
    c = state.constants
    c.join_rate[:], c.asking[:], c.load[:], c.search_chance[:], c.take_up_chance[:] = 0.05, 1.0, 10.0, 0.9, 0.1
    c.acceptance[:] = 0.3
    c.need_scale[:], c.influence[:], c.paid_before[:] = 1.0, -0.66, 4000.0
    c.paid_hours[:] = state.services.hours.sum()


def _shares(rng: Any, rows: int) -> Any:
    made = rng.random((rows, len(KINDS)))
    return made / made.sum(axis=1, keepdims=True)
