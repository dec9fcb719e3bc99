"""Made-up towns for the tests: any valid state, drawn at random, extremes included. No founding is involved."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from sim.chance import permanent_id
from sim.ledger import Flow
from sim.policy import INSTRUMENTS, WHOM_FIRST
from sim.state import (
    ALLIES,
    BRIDGING,
    EMPTY,
    KINDS,
    NOBODY,
    PARTNERS,
    SLOTS,
    State,
    allocate,
)  # fmt: skip

HABITS = ("ordinary", "nobody volunteers", "everybody volunteers", "one group", "no ties", "crowded", "no budget",
          "everyone moves", "no groups", "desperate need", "no officers", "upheaval")  # fmt: skip


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
    officers = 0 if habit == "no officers" else int(rng.integers(1, 7))
    state = allocate(
        residents=residents, charities=charities, services=4, neighbourhoods=neighbourhoods, policies=2, world=48,
        flows=len(Flow), seed=int(rng.integers(2**62)), month=month, officers=officers,
    )  # fmt: skip
    _bodies(state, rng, habit)
    _people(state, rng, habit)
    _ties(state, rng, habit)
    _officers(state, rng, habit)
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
    alive = np.flatnonzero(state.charities.alive)
    if len(alive):
        r.role[:] = np.where(rng.random(n) < share, rng.choice(alive, n), NOBODY)
        r.gives_to[:] = np.where(rng.random(n) < 0.05, rng.choice(alive, n), r.role)
        member = np.where(rng.random(n) < 0.3, rng.choice(alive, n), NOBODY)
        r.belongs[:] = np.where(r.role != NOBODY, r.role, member)
        r.belonging[:] = np.where(r.belongs != NOBODY, rng.random(n), 0.0)
    r.role_since[:] = month - rng.integers(0, 20, n)
    r.role_starts[:] = r.role_since + rng.integers(0, 4, n)
    r.pledged_hours[:] = np.where(r.gives_to != NOBODY, rng.gamma(2, 5, n), 0)
    r.joint_hours[:] = r.pledged_hours * rng.choice([0.0, 0.1], n)
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
    c.alive[:] = rng.random(n) < 0.85
    if n and habit == "one group":
        c.alive[:] = 1
    c.founded[:], c.closed[:] = state.month - rng.integers(0, 60, n), state.month - rng.integers(1, 60, n)
    c.service[:], c.quality[:] = rng.integers(0, 4, n), rng.lognormal(0, 0.3, n)
    c.private_base[:], c.grants_base[:], c.contracts_base[:] = (rng.gamma(1, 2000, n) * money for _ in range(3))
    c.private_income[:], c.grants[:], c.contracts[:] = (rng.gamma(1, 2000, n) * money for _ in range(3))
    c.from_council[:], c.luck[:] = 0.5 * (c.grants + c.contracts), rng.normal(0, 0.2, n)
    c.costs[:], c.reserves[:] = rng.gamma(2, 2500, n), rng.normal(5000, 20000, n)
    c.deficits[:], c.income_past[:] = rng.integers(0, 4, n), rng.gamma(1, 5000, (n, 24))
    c.joint_staff_hours[:] = c.paid_hours * rng.choice([0.0, 0.1], n)
    for column in (c.bought_hours, c.connecting_hours, c.supported):
        column[:] = np.where(rng.random(n) < 0.2, rng.gamma(1, 5, n), 0.0)
    c.passed_on[:] = c.contracts * (np.arange(n) % 3 == 0) * 0.3
    gone = c.alive == 0
    for column in (c.paid_hours, c.joining_weight, c.work_hours, c.private_base, c.grants_base, c.contracts_base,
                   c.private_income, c.grants, c.contracts, c.from_council, c.costs, c.reserves, c.income_past,
                   c.bought_hours, c.connecting_hours, c.supported, c.weight, c.joint_staff_hours):  # fmt: skip
        column[gone] = 0.0
    bands = state.bands
    bands.income[:] = [80, 300, 2800, 26000, 30000, 20000, 10000]
    bands.private_share[:], bands.grants_share[:] = 0.6, 0.15
    bands.contracts_share[:], bands.staff_share[:] = 0.25, [0, 0, 0.5, 0.6, 0.6, 0.6, 0.6]
    bands.joining_weight[:], bands.wide[:] = [1, 2, 4, 8, 4, 2, 1], [0, 0, 0, 1, 1, 1, 1]
    bands.weight[:], bands.kinds[:] = [1, 1, 1, 1, 0.3, 0.05, 0.01], _shares(rng, 7)
    bands.members[:] = 3.0
    bands.births[:], bands.close_chance[:] = 0.2, [0.02, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]
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
    s.spend_founding[:], s.contracts[:] = 2000.0 * money, 0.2 * s.spend
    s.hours[:] = (s.spend - s.contracts) / 22.0
    s.sigma_ratio[:] = 1.0
    s.joint_officer_founding[:], s.joint_citizen_founding[:] = [0, 0, 40, 30], [0, 0, 25, 35]
    s.joint_quality_founding[:] = [0, 0, 0.5, 0.4]
    for column in (s.joint_officer, s.joint_citizen, s.joint_output, s.volunteers, s.used):
        column[:] = rng.gamma(1, 3, 4)
    council.discretionary_founding[:] = 4000.0 * money
    council.spend_statutory[:], council.spend_discretionary[:] = 6000.0 * money, 3000.0 * money
    council.reorganisation_due[:] = rng.choice([0.0, 5000.0])
    council.saved_share[:], council.culture[:] = rng.choice([0.0, 0.01, -0.01]), rng.random()
    council.openness[:], locally = rng.gamma(4, 0.25), rng.integers(0, 2)
    council.modes_differ[:] = state.seed % 2
    b = state.neighbourhoods
    b.quintile[:], b.area[:] = rng.integers(1, 6, len(b.x)), np.arange(len(b.x)) % 3
    b.x[:], b.y[:] = rng.normal(0, 1, len(b.x)), rng.normal(0, 1, len(b.x))
    b.need_weight[:] = np.array([1.5, 1.2, 1.0, 0.8, 0.6])[b.quintile - 1]
    b.venues[:] = 3
    b.venues_open[:] = rng.integers(0, 8, len(b.x))
    b.picture_need[:], b.picture_resources[:] = rng.random(len(b.x)), rng.random(len(b.x))
    b.mapped_hours[:], b.groups_due[:] = rng.choice([0.0, 20.0], len(b.x)), rng.integers(0, 2, len(b.x))
    b.allotted[:] = b.needed[:] = 1.0 / len(b.x)
    b.decides[:] = np.arange(len(b.x)) % 2 if state.seed % 4 == 0 else locally
    b.protected_hours[:, 2:] = 0.05 * s.hours[2:] * (state.seed % 2)
    if n and state.seed % 3 == 1:
        b.library_run_by[0] = c.id[state.seed % n]
        c.asked_hours[:] = 15.0 * (c.id == b.library_run_by[0]) * c.alive
    for column in (b.joint_officer, b.joint_citizen, b.joint_charity):
        column[:] = rng.gamma(1, 4, len(b.x))
    b.joint_kinds[:], b.joint_routes[:] = rng.gamma(1, 2, (len(b.x), len(KINDS))), rng.gamma(1, 2, (len(b.x), 3))
    p = state.policies
    ours = np.random.default_rng([state.seed, HABITS.index(habit)])
    p.instrument[:], p.whom[:] = ours.integers(0, len(INSTRUMENTS), 2), ours.integers(0, len(WHOM_FIRST), 2)
    p.id[:], p.people[:] = [permanent_id(state.seed, 30_000 + k) for k in range(2)], ours.integers(0, 3, 2)
    p.dose[:] = [rng.choice([0.0, 12.0, 500.0]), 12.0]
    p.start[:], p.months[:], p.taper[:] = [state.month - 3, state.month + 1], [24, 60], [0, 12]
    p.ramp[:] = [7, 0]
    p.where[:] = [-1, -3 if state.seed % 3 == 2 else 0]  # all; the first two neighbourhoods or the first
    p.payer[:], p.overhead[:] = [0, 1], 0.15
    p.balance[:] = rng.gamma(1, 100, 2) * ours.choice([0.0, 3.0, 15.0, 50.0], 2)
    w = state.world
    w.core_funding[:] = np.linspace(1.0, 0.7, 48)
    w.other_income[:], w.care_demand[:] = np.linspace(1.0, 1.2, 48), np.linspace(1.0, 1.1, 48)
    w.hardship[:] = 1.0 + 0.1 * rng.random(48)
    w.meeting_ban[:] = rng.integers(0, 2, 48)
    w.household[:] = np.linspace(1.0, 0.9, 48)
    if habit == "upheaval":
        w.structural_rate[:], w.restructure_rate[:], w.health_rate[:] = 2.0, 4.0, 2.0
        w.planned_council[:], w.planned_health[:] = rng.integers(0, 3, 48), rng.integers(0, 2, 48)


def _officers(state: State, rng: Any, habit: str) -> None:
    o, n, month = state.officers, len(state.officers.id), state.month
    last = len(state.neighbourhoods.x) - 1
    o.post[:] = [permanent_id(state.seed, 20_000 + k) for k in range(n)]
    o.generation[:] = rng.integers(0, 4, n)
    o.id[:] = [permanent_id(int(post), int(turn)) for post, turn in zip(o.post, o.generation, strict=True)]
    o.body[:], o.service[:], o.since[:] = rng.integers(0, 2, n), rng.integers(2, 4, n), month - rng.integers(0, 90, n)
    o.first[:] = rng.integers(0, last + 1, n)
    o.last[:] = np.maximum(o.first, rng.integers(0, last + 1, n))
    o.filled[:] = rng.random(n) < 0.85
    o.protected[:] = (np.arange(n) % 3 == 0) * (state.seed % 2)
    alive = np.flatnonzero(state.charities.alive)
    people = len(state.residents.id)
    for k in np.flatnonzero(o.filled):
        for slot, g in zip(range(k * PARTNERS, (k + 1) * PARTNERS), rng.permutation(alive)[:5], strict=False):
            t = state.partnerships
            t.charity[slot], t.strength[slot] = g, rng.random()
            others = [j for j in np.flatnonzero(o.filled) if j != k]
            t.second[slot] = rng.choice(others) if others and rng.random() < 0.3 else NOBODY
            t.born[slot], t.used[slot] = month - rng.integers(1, 60), rng.integers(0, 2)
        for slot, i in zip(range(k * PARTNERS, (k + 1) * PARTNERS), rng.permutation(people)[:5], strict=False):
            t = state.acquaintances
            t.resident[slot], t.strength[slot], t.born[slot] = i, rng.random(), month - rng.integers(1, 60)
            t.who[slot] = state.residents.id[i] if rng.random() < 0.9 else 1
            t.used[slot] = rng.integers(0, 2)
    for g in alive:
        others = [h for h in rng.permutation(alive) if h != g][:2]
        for slot, h in zip(range(g * ALLIES, (g + 1) * ALLIES), others, strict=False):
            t = state.alliances
            t.other[slot], t.who[slot], t.strength[slot] = h, state.charities.id[h], rng.random()
    bodies = state.bodies
    bodies.posts_founding[:] = np.bincount(o.body, minlength=2)
    bodies.strikes[:], bodies.stalled_until[:] = -1, month - 5
    if habit == "upheaval":
        bodies.kind[:], bodies.strikes[:] = [2, 1], [month, month + 3]
        bodies.stalled_until[:] = [month + 2, month - 1]


def _founded(state: State, rng: Any) -> None:
    state.quintiles.met_founding[:] = np.linspace(0.75, 0.85, 5)
    state.trust_knots.council[:], state.trust_knots.charity[:] = rng.normal(0, 0.02, 11), rng.normal(0, 0.02, 11)
    state.quantiles.council[:], state.quantiles.charity[:] = np.linspace(0, 1, 257), np.linspace(0.1, 1, 257)
    state.classes.contexts_founding[:] = [0.6, 0.5, 0.3]
    c = state.constants
    c.join_rate[:], c.asking[:], c.load[:], c.search_chance[:], c.take_up_chance[:] = 0.05, 1.0, 10.0, 0.9, 0.1
    c.acceptance[:] = 0.3
    c.lapse_chance[:], c.unmet[:] = 0.05, 0.2
    c.partner_chance[:], c.acquaint_chance[:], c.ally_chance[:] = 0.2, 0.2, 0.1
    c.group_chance[:], c.register_chance[:] = 0.02, 0.01
    c.help_scale[:], c.joint_scale[:], c.council_scale[:], c.charity_scale[:] = 0.9, 1.1, 0.95, 1.05
    c.joint_first[:] = 1.2
    c.joint_staff_founding[:], c.joint_member_founding[:] = 20.0, 15.0
    c.joint_member_quality_founding[:] = 0.6
    c.need_scale[:], c.influence[:], c.paid_before[:] = 1.0, -0.66, 4000.0
    c.paid_hours[:] = state.services.hours.sum()


def _shares(rng: Any, rows: int) -> Any:
    made = rng.random((rows, len(KINDS)))
    return made / made.sum(axis=1, keepdims=True)
