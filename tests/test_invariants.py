"""What holds in every month of every place: the books balance, and the state stays within its bounds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import compose
from sim.chance import run_seed
from sim.founding import found
from sim.ledger import FLOWS, Flow, imbalance, stocks
from sim.processes import ties
from sim.schedule import act, live_a_month
from sim.state import BONDING, BRIDGING, EMPTY, NOBODY, SLOTS, SURVIVAL_MONTHS
from tests.test_agreement import BUSY, CONFIG, EVERYONE_MOVES
from tests.towns import HABITS, RECIPES, town

COUNTED = {"people", "ties", "roles", "spells"}
RELATIVE = 1e-9
SHARES = ("trust_council", "trust_charity", "trust_council_first", "trust_charity_first")
HOURS = ("pledged_hours", "formal_hours", "spare_hours", "helping_hours", "planned_hours", "hours_past", "need", "met",
         "crisis", "nurtured_hours", "outside_ask", "unsupported_asks")  # fmt: skip
MONEY = ("population", "income", "spend_statutory", "spend_discretionary", "spend_last_year", "reserves_target")
HISTORIES = ("active_months", "helped_months", "received_months")
FULL = 1 << 13


# The books


def gaps_in_the_books(before, state):
    """What the books cannot explain of a month, by stock: counts exactly, the rest beside what flowed or stood."""
    gaps = imbalance(before, state)
    volume = dict.fromkeys(gaps, 0.0)
    for flow, kind in FLOWS.items():
        for end in (kind.source, kind.target):
            if end:
                volume[end] += abs(float(state.ledger[flow]))
    size = {name: volume[name] + abs(before.get(name, 0.0)) for name in gaps}
    return {
        name: (gap, size[name]) for name, gap in gaps.items()
        if not abs(gap) <= (0.0 if name in COUNTED else RELATIVE * size[name])
    }  # fmt: skip


def lopsided(state):
    """Pairs of flows that are two sides of one thing, and differ."""
    ledger, r = state.ledger, state.residents
    twice = {
        "the council pays what a purse receives": (ledger[Flow.COUNCIL_NURTURE], ledger[Flow.PURSE_COUNCIL]),
        "purses receive": (state.policies.received.sum(), ledger[Flow.PURSE_COUNCIL] + ledger[Flow.PURSE_OUTSIDE]),
        "purses spend": (state.policies.spent.sum(), ledger[Flow.PURSE_SPENT]),
        "who goes is replaced": (ledger[Flow.DIED] + ledger[Flow.MOVED_OUT], ledger[Flow.ARRIVED]),
        "need": (r.need.sum(), ledger[Flow.NEED_ARISEN]),
        "need unmet": ((r.need - r.met).sum(), ledger[Flow.NEED_UNMET]),
        "services' hours": (state.services.hours.sum(), ledger[Flow.HOURS_COUNCIL]),
        "volunteers' hours": (r.formal_hours.sum(), ledger[Flow.HOURS_VOLUNTEER]),
        "neighbours' hours": ((r.helping_hours + r.spare_hours).sum(), ledger[Flow.HOURS_NEIGHBOUR]),
        "neighbours' help": (r.helping_hours.sum(), ledger[Flow.HOURS_NEIGHBOUR_MET]),
        "services' pounds": (
            state.services.spend.sum(), ledger[Flow.COUNCIL_STATUTORY] + ledger[Flow.COUNCIL_DISCRETIONARY]
        ),
    }
    return {name: pair for name, pair in twice.items() if not math.isclose(*pair, rel_tol=RELATIVE, abs_tol=1e-7)}


# The bounds


def out_of_bounds(state):
    """What in a state cannot be."""
    r, t, places = state.residents, state.ties, len(state.neighbourhoods.x)
    tied, n = t.alter != EMPTY, len(r.id)
    bodies = len(state.charities.id)
    rules = {
        "no number is missing": all(np.isfinite(c).all() for _, _, c in state.columns() if c.dtype == np.float64),
        "the ledger is finite and not negative": bool((np.isfinite(state.ledger) & (state.ledger >= 0)).all()),
        "trust is a share": all(((getattr(r, c) >= 0) & (getattr(r, c) <= 1)).all() for c in SHARES),
        "hours are not negative": all((getattr(r, c) >= 0).all() for c in HOURS),
        "nobody gets more than they need": (r.met <= r.need).all(),
        "ids are one a person": len(set(r.id.tolist())) == n,
        "people live in the place": ((r.neighbourhood >= 0) & (r.neighbourhood < places)).all(),
        "history is of thirteen months": all(((getattr(r, c) >= 0) & (getattr(r, c) < FULL)).all() for c in HISTORIES),
        "roles are in bodies that are there": all(((c >= NOBODY) & (c < bodies)).all() for c in (r.role, r.gives_to)),
        "who has a role has volunteered": (r.ever[(r.role != NOBODY) & (r.role_since >= 0)] == 1).all(),
        "yes or no": all(np.isin(c, (0, 1)).all() for c in (r.ever, r.met_neighbour, r.influence, t.deepening)),
        "strength is a share": ((t.strength >= 0) & (t.strength <= 1)).all(),
        "empty slots are empty": not any(c[~tied].any() for c in (t.strength, t.klass, t.deepening, t.born, t.hours)),
        "classes are three": ((t.klass >= BONDING) & (t.klass <= BRIDGING)).all(),
        "hours along ties are not negative": (t.hours >= 0).all(),
        "money is not negative": all(getattr(state.council, c)[0] >= 0 for c in MONEY),
        "purses are not overdrawn": (state.policies.balance >= 0).all(),
        "services are not negative": (state.services.hours >= 0).all() and (state.services.spend >= 0).all(),
    }
    return [rule for rule, holds in rules.items() if not holds] + bad_ties(state)


def bad_ties(state):
    """Ties to oneself, to nobody, or twice."""
    held = np.flatnonzero(state.ties.alter != EMPTY)
    owner, alter = held // SLOTS, state.ties.alter[held].astype(np.int64)
    n = len(state.residents.id)
    pairs = np.minimum(owner, alter) * n + np.maximum(owner, alter)
    rules = {
        "an alter is a resident": ((alter >= 0) & (alter < n)).all(),
        "nobody is tied to himself": (owner != alter).all(),
        "nobody is tied twice": len(np.unique(pairs)) == len(pairs),
    }
    return [rule for rule, holds in rules.items() if not holds]


def shape(state):
    """What never changes: rows and kinds of columns."""
    return [(table, name, column.shape, column.dtype) for table, name, column in state.columns()] + [state.ledger.shape]


def wrong(before, shape_before, state):
    """All that is amiss after a month."""
    unbalanced, uneven = gaps_in_the_books(before, state), lopsided(state)
    bounds = out_of_bounds(state)
    return [x for x in (unbalanced, uneven, bounds, None if shape(state) == shape_before else "shape") if x]


def assert_all_holds(state, config, months):
    start = shape(state)
    for _ in range(months):
        before, month = stocks(state), state.month
        act(state, config)
        found = wrong(before, start, state)
        assert not found, f"month {month}: {found}"
        live_on(state, config)


def live_on(state, config):
    """Write the month down as `live_a_month` does, without walking the rooms again."""
    live_a_month(state, config, month=())


# The tests


def settled(state):
    """Clear what `town` makes up of the month before, so that whoever holds a role has ever volunteered."""
    state.residents.ever[state.residents.role != NOBODY] = 1
    return state


@pytest.mark.parametrize("config", [CONFIG, BUSY, EVERYONE_MOVES], ids=["default", "busy", "everyone moves"])
@pytest.mark.parametrize("habit", HABITS)
def test_two_years_of_a_made_up_town(habit, config):
    state = settled(town(residents=90, neighbourhoods=3, habit=habit, seed=5, month=-2))
    assert_all_holds(state, config, 24)


@given(RECIPES, st.sampled_from([CONFIG, BUSY, EVERYONE_MOVES]))
@settings(max_examples=30)
def test_half_a_year_of_any_town(recipe, config):
    assert_all_holds(settled(town(**recipe)), config, 6)


def test_two_years_of_a_founded_place_in_history():
    config = compose(["world=history", "policy=nurture_early", "place.residents=1500", "months=60"])
    state = found(config, run_seed(config.seed, 0))
    assert out_of_bounds(state) == []
    for _ in range(36):
        live_a_month(state, config)
    fork = state.fork()
    assert_all_holds(fork, config, 24)  # organisers since 2009, cuts from 2010
    assert fork.policies.people[0] > 0
    assert fork.council.spend_discretionary[0] < state.council.spend_discretionary[0]
    assert state.month == 36


# They can fail


def nothing(state):
    return


def a_month(change=nothing, config=CONFIG):
    """What is amiss after an ordinary month into which something wrong has been put."""
    state = settled(town(residents=90, neighbourhoods=3, seed=5))
    before, start = stocks(state), shape(state)
    act(state, config)
    change(state)
    return str(wrong(before, start, state))


def spoil(table, column, value):
    def change(state):
        getattr(getattr(state, table), column).reshape(-1)[-1] = value

    return change


def post(flow, share=0.0, more=0.0):
    def change(state):
        state.ledger[flow] = state.ledger[flow] * (1.0 + share) + more

    return change


def tie_twice(state):
    alter = state.ties.alter
    owner = next(i for i in range(90) if alter[i * SLOTS] != EMPTY and alter[i * SLOTS + SLOTS - 1] == EMPTY)
    alter[owner * SLOTS + SLOTS - 1] = alter[owner * SLOTS]
    state.ledger[Flow.TIE_SEARCH] += 1


def tie_to_oneself(state):
    slot = np.flatnonzero(state.ties.alter == EMPTY)[0]
    state.ties.alter[slot] = slot // SLOTS


def get_too_much(state):
    state.residents.met[0, 0] = state.residents.need[0, 0] + 1e-9


@pytest.mark.parametrize(("change", "said"), [
    (spoil("residents", "trust_council", 1.0 + 1e-9), "trust is a share"),
    (spoil("residents", "formal_hours", -1e-9), "hours are not negative"),
    (spoil("residents", "crisis", np.nan), "no number is missing"),
    (spoil("residents", "hours_past", np.nan), "no number is missing"),
    (spoil("residents", "role", 99), "roles are in bodies"),
    (spoil("ties", "strength", 1.1), "strength is a share"),
    (spoil("policies", "balance", -1.0), "purses are not overdrawn"),
    (get_too_much, "nobody gets more"),
    (tie_twice, "nobody is tied twice"),
    (tie_to_oneself, "nobody is tied to himself"),
    (post(Flow.HOURS_COUNCIL_MET, 1e-7), "council hours"),
    (post(Flow.NEED_MET_VOLUNTEERS, 1e-7), "'need'"),
    (post(Flow.COUNCIL_CORE, 1e-7), "'council'"),
    (post(Flow.PURSE_SPENT, 1e-7), "'purse'"),
    (post(Flow.TIE_FADED, more=1.0), "'ties'"),
    (post(Flow.LEFT_LIFE, more=1.0), "'roles'"),
    (post(Flow.HOURS_VOLUNTEER, 1e-7), "volunteers' hours"),
])  # fmt: skip
def test_what_is_amiss_is_noticed(change, said):
    assert a_month() == "[]"
    assert said in a_month(change)


def test_a_room_that_does_not_post_is_noticed(monkeypatch):
    right = ties.advance

    def silent(state, p, dice):
        ledger = state.ledger.copy()
        right(state, p, dice)
        state.ledger[:] = ledger

    monkeypatch.setattr(ties, "advance", silent)
    assert "'ties'" in a_month()


def test_the_past_holds_seven_years_of_counts():
    state = settled(town(residents=60, month=0))
    counted = []
    for _ in range(SURVIVAL_MONTHS + 3):
        live_a_month(state, CONFIG)
        counted.append(np.count_nonzero(state.ties.alter != EMPTY))
    rows = np.arange(state.month - SURVIVAL_MONTHS - 1, state.month)
    assert state.past.ties[rows % (SURVIVAL_MONTHS + 1)].tolist() == [counted[m] for m in rows]
