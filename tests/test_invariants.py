"""What holds in every month of every place: the books balance, and the state stays within its bounds."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from sim import compose
from sim.chance import run_seed
from sim.founding import found
from sim.ledger import FLOWS, Flow, imbalance, stocks
from sim.processes import coproduction, funding, renewal, serving, survival, ties
from sim.schedule import act, live_a_month
from sim.state import (
    ALLIES,
    BONDING,
    BRIDGING,
    COUNCIL_BODY,
    EMPTY,
    HEALTH_BODY,
    NOBODY,
    PARTNERS,
    SLOTS,
    STRUCTURAL,
    SURVIVAL_MONTHS,
)  # fmt: skip
from tests.test_agreement import BUSY, CONFIG, EVERYONE_MOVES, OFF
from tests.towns import HABITS, RECIPES, town

COUNTED = {
    "people", "ties", "roles", "spells", "belongings", "officers", "partnerships", "acquaintances", "alliances",
    "charities", "groups",
}  # fmt: skip
RELATIVE = 1e-9
SHARES = ("trust_council", "trust_charity", "trust_council_first", "trust_charity_first", "belonging")
HOURS = ("pledged_hours", "joint_hours", "formal_hours", "spare_hours", "helping_hours", "planned_hours",
         "hours_past", "need", "met", "crisis", "nurtured_hours", "outside_ask", "unsupported_asks")  # fmt: skip
MONEY = ("population", "income", "spend_statutory", "spend_discretionary", "spend_last_year", "reserves_target",
         "reorganisation_due")  # fmt: skip
OF_A_BODY = ("paid_hours", "bought_hours", "connecting_hours", "supported", "joining_weight", "work_hours",
             "private_base", "grants_base", "contracts_base", "private_income", "grants", "contracts", "from_council",
             "costs", "income_past", "joint_staff_hours", "passed_on")  # fmt: skip
MAY_BE_NEGATIVE = (Flow.COUNCIL_SAVED, Flow.CHARITY_WOUND_UP)
CLOSINGS = (Flow.CHARITY_CLOSED_ANYHOW, Flow.CHARITY_INSOLVENT, Flow.CHARITY_FOUNDER_LEFT, Flow.GROUP_CLOSED)
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
        "purses spend": (state.policies.spent.sum(), ledger[Flow.PURSE_SPENT] + ledger[Flow.PURSE_TO_CHARITIES]),
        "who goes is replaced": (ledger[Flow.DIED] + ledger[Flow.MOVED_OUT], ledger[Flow.ARRIVED]),
        "need": (r.need.sum(), ledger[Flow.NEED_ARISEN]),
        "need unmet": ((r.need - r.met).sum(), ledger[Flow.NEED_UNMET]),
        "services' hours": (state.services.hours.sum(), ledger[Flow.HOURS_COUNCIL]),
        "volunteers' hours": (r.formal_hours.sum(), ledger[Flow.HOURS_VOLUNTEER]),
        "neighbours' hours": ((r.helping_hours + r.spare_hours).sum(), ledger[Flow.HOURS_NEIGHBOUR]),
        "neighbours' help": (r.helping_hours.sum(), ledger[Flow.HOURS_NEIGHBOUR_MET]),
        "services' pounds": (
            state.services.spend.sum(),
            ledger[Flow.COUNCIL_STATUTORY] + ledger[Flow.COUNCIL_DISCRETIONARY] + ledger[Flow.COUNCIL_CONTRACTS],
        ),
        "services' contracts": (state.services.contracts.sum(), ledger[Flow.COUNCIL_CONTRACTS]),
        "what was met": (r.met.sum(), sum(ledger[flow] for flow in FLOWS if flow.name.startswith("NEED_MET"))),
    }
    closed = any(ledger[flow] for flow in CLOSINGS)  # a body that has closed is wiped: what it took in, what it ran
    libraries = state.charities.asked_hours.any() or (closed and state.neighbourhoods.library_run_by.any())
    if not libraries and not state.neighbourhoods.decides.any():  # else these run too
        b = state.neighbourhoods
        twice["joint hours of officers"] = (
            b.joint_officer.sum(), ledger[Flow.HOURS_COUNCIL_JOINT] + ledger[Flow.HOURS_COUNCIL_RUNNING]
        )  # fmt: skip
        twice["joint hours of citizens"] = (
            b.joint_citizen.sum(), ledger[Flow.HOURS_VOLUNTEER_JOINT] + ledger[Flow.HOURS_VOLUNTEER_RUNNING]
        )  # fmt: skip
        twice["joint hours of residents"] = (r.joint_hours.sum(), b.joint_citizen.sum())
    if not closed:
        twice["income of charities"] = incomes(state)
    return {name: pair for name, pair in twice.items() if not math.isclose(*pair, rel_tol=RELATIVE, abs_tol=1e-7)}


def incomes(state):
    """What charities took in this month, in their columns and in the books."""
    c, flows = state.charities, (
        Flow.PRIVATE_INCOME, Flow.COUNCIL_GRANTS, Flow.COUNCIL_CONTRACTS, Flow.STATE_GRANTS, Flow.STATE_CONTRACTS,
        Flow.PURSE_TO_CHARITIES,
    )  # fmt: skip
    return (c.private_income + c.grants + c.contracts).sum(), sum(state.ledger[flow] for flow in flows)


# The bounds


def out_of_bounds(state):
    """What in a state cannot be."""
    r, t, places = state.residents, state.ties, len(state.neighbourhoods.x)
    tied, n = t.alter != EMPTY, len(r.id)
    bodies = len(state.charities.id)
    rules = {
        "no number is missing": all(np.isfinite(c).all() for _, _, c in state.columns() if c.dtype == np.float64),
        "the ledger is finite": np.isfinite(state.ledger).all(),
        "the ledger is not negative": (np.delete(state.ledger, MAY_BE_NEGATIVE) >= -RELATIVE).all(),  # but for rounding
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
    found = [rule for rule, holds in rules.items() if not holds] + bad_ties(state) + bad_contacts(state)
    return found + bad_bodies(state) + bad_places(state)


def bad_bodies(state):
    """Charities, groups and who holds to them."""
    c, r = state.charities, state.residents
    held = [column[column != NOBODY] for column in (r.role, r.gives_to, r.belongs)]
    rules = {
        "a body is there or not": np.isin(c.alive, (0, 1)).all(),
        "a body's columns are not negative": all((getattr(c, name) >= 0).all() for name in OF_A_BODY),
        "a free row is empty": not any(getattr(c, name)[c.alive == 0].any() for name in (*OF_A_BODY, "reserves")),
        "ids of bodies are one a body": len(set(c.id[c.alive == 1].tolist())) == c.alive.sum(),
        "nobody holds to a closed body": all(c.alive[np.minimum(g, len(c.id) - 1)].all() for g in held),
        "who has a role gives there": (r.gives_to[r.role != NOBODY] == r.role[r.role != NOBODY]).all(),
        "who has a role belongs there": (r.belongs[r.role != NOBODY] == r.role[r.role != NOBODY]).all(),
        "who belongs nowhere has no tie": not r.belonging[r.belongs == NOBODY].any(),
        "bands are seven": ((c.band >= 0) & (c.band < len(state.bands.income))).all(),
        "joint work is part of what is paid": (r.joint_hours >= 0).all() and (c.joint_staff_hours >= 0).all(),
    }
    return [rule for rule, holds in rules.items() if not holds]


def bad_contacts(state):
    """Posts, and the ties of officers and of charities."""
    o, bodies, posts = state.officers, state.bodies, len(state.officers.id)
    layers = (
        (state.partnerships, state.partnerships.charity), (state.acquaintances, state.acquaintances.resident),
        (state.alliances, state.alliances.other),
    )  # fmt: skip
    rules = {
        "ids of officers are one an officer": len(set(o.id.tolist())) == posts,
        "a post is filled or not": np.isin(o.filled, (0, 1)).all(),
        "posts cover parts of the place": ((o.first >= 0) & (o.first <= o.last)).all(),
        "a body is council or health": np.isin(o.body, (COUNCIL_BODY, HEALTH_BODY)).all(),
        "reorganisations are of two kinds": ((bodies.kind >= 0) & (bodies.kind <= STRUCTURAL + 1)).all(),
        "a second contact is another post": all(
            k == NOBODY or (0 <= k < posts and k != slot // PARTNERS)
            for slot, k in enumerate(state.partnerships.second.tolist())
        ),
        "strengths of contacts are shares": all(((t.strength >= 0) & (t.strength <= 1)).all() for t, _ in layers),
        "empty contacts are empty": not any(t.strength[held == EMPTY].any() for t, held in layers),
        "nobody is known twice": all(
            no_doubles(held, slots) for (_, held), slots in zip(layers, (PARTNERS, PARTNERS, ALLIES), strict=True)
        ),
        "contacts are with bodies that are there": all(
            state.charities.alive[held[held != EMPTY]].all() for _, held in (layers[0], layers[2])
        ),
        "officers know residents who are there": (
            (state.acquaintances.who == state.residents.id[state.acquaintances.resident])
            | (state.acquaintances.resident == EMPTY)
        ).all(),
        "no charity is its own ally": (
            state.alliances.other != np.arange(len(state.alliances.other)) // ALLIES
        ).all(),
    }  # fmt: skip
    return [rule for rule, holds in rules.items() if not holds]


def no_doubles(held, slots):
    rows = [[other for other in owner if other != EMPTY] for owner in held.reshape(-1, slots).tolist()]
    return all(len(set(owner)) == len(owner) for owner in rows)


def bad_places(state):
    """Neighbourhoods, services and what the council chooses."""
    b, s, council = state.neighbourhoods, state.services, state.council
    joint = (b.joint_officer, b.joint_citizen, b.joint_charity, b.joint_kinds, b.joint_routes, s.joint_officer,
             s.joint_citizen, s.joint_output, s.volunteers, s.used, s.contracts)  # fmt: skip
    rules = {
        "pictures are shares": all(((k >= 0) & (k <= 1)).all() for k in (b.picture_need, b.picture_resources)),
        "what is allotted is all": math.isclose(b.allotted.sum(), 1.0, rel_tol=RELATIVE),
        "need is somewhere": math.isclose(b.needed.sum(), 1.0, rel_tol=RELATIVE),
        "open places to meet are there": ((b.venues_open >= 0) & (b.venues_open < 1 << b.venues)).all(),
        "joint work is not negative": all((column >= 0).all() for column in joint),
        "officers in joint work are paid": (s.joint_officer <= s.hours * (1 + RELATIVE)).all(),
        "culture is a share": 0 <= council.culture[0] <= 1,
        "openness is at most tenfold": 0 <= council.openness[0] <= 10,
    }
    return [rule for rule, holds in rules.items() if not holds]


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
    """Clear what `town` makes up of the month before.

    Who holds a role has volunteered and gives there; officers know who is there.
    """
    r = state.residents
    r.ever[r.role != NOBODY] = 1
    r.gives_to[r.role != NOBODY] = r.role[r.role != NOBODY]
    held = state.acquaintances.resident != EMPTY
    state.acquaintances.who[held] = state.residents.id[state.acquaintances.resident[held]]
    return state


@pytest.mark.parametrize("config", [CONFIG, BUSY, OFF, EVERYONE_MOVES], ids=["default", "busy", "off", "all move"])
@pytest.mark.parametrize("habit", HABITS)
def test_two_years_of_a_made_up_town(habit, config):
    state = settled(town(residents=90, neighbourhoods=3, habit=habit, seed=5, month=-2))
    assert_all_holds(state, config, 24)


@given(RECIPES, st.sampled_from([CONFIG, BUSY, OFF, EVERYONE_MOVES]))
@example({"residents": 40, "neighbourhoods": 1, "habit": "ordinary", "seed": 646, "month": -4}, CONFIG)
@settings(max_examples=40)
def test_half_a_year_of_any_town(recipe, config):
    assert_all_holds(settled(town(**recipe)), config, 6)


def test_two_years_of_a_founded_place_in_history():
    policies = "policy=[nurture_early,contracts,small_grants,shared_assets,double_contacts,connectors]"
    config = compose(["world=history", policies, "place.residents=1500", "months=60"])
    state = found(config, run_seed(config.seed, 0))
    assert out_of_bounds(state) == []
    for _ in range(36):
        live_a_month(state, config)
    fork = state.fork()
    assert_all_holds(fork, config, 24)  # organisers since 2009, cuts from 2010
    assert (fork.policies.people > 0).any()
    assert fork.services.joint_output.sum() > 0
    assert fork.council.spend_discretionary[0] < state.council.spend_discretionary[0]
    assert state.month == 36


# They can fail


def nothing(state):
    return


def a_month(change=nothing, config=CONFIG):
    """What is amiss after an ordinary month into which something wrong has been put."""
    state = settled(town(residents=90, neighbourhoods=3, seed=5))
    state.constants.ally_chance[:] = 1.0  # so that some charities do meet in this one month
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


def close_without_a_word(state):
    state.charities.alive[state.residents.role.max()] = 0


def know_a_stranger(state):
    state.acquaintances.who[np.flatnonzero(state.acquaintances.resident != EMPTY)[0]] = 7


def partner_twice(state):
    held = state.partnerships.charity.reshape(-1, PARTNERS)
    owner = next(k for k in range(len(held)) if held[k, 0] != EMPTY and held[k, -1] == EMPTY)
    held[owner, -1] = held[owner, 0]
    state.ledger[Flow.PARTNERSHIP_MADE] += 1


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
    (spoil("residents", "belonging", 1.1), "trust is a share"),
    (spoil("charities", "costs", -1.0), "columns are not negative"),
    (spoil("charities", "alive", 2), "a body is there or not"),
    (spoil("partnerships", "strength", 1.1), "strengths of contacts"),
    (spoil("partnerships", "second", 99), "a second contact"),
    (spoil("alliances", "strength", -0.1), "strengths of contacts"),
    (know_a_stranger, "officers know residents"),
    (spoil("neighbourhoods", "picture_need", 1.1), "pictures are shares"),
    (spoil("neighbourhoods", "allotted", 0.9), "what is allotted is all"),
    (spoil("officers", "filled", 2), "a post is filled or not"),
    (spoil("council", "openness", 11.0), "openness"),
    (close_without_a_word, "nobody holds to a closed body"),
    (partner_twice, "nobody is known twice"),
    (get_too_much, "nobody gets more"),
    (tie_twice, "nobody is tied twice"),
    (tie_to_oneself, "nobody is tied to himself"),
    (post(Flow.HOURS_COUNCIL_MET, 1e-7), "council hours"),
    (post(Flow.NEED_MET_VOLUNTEERS, 1e-7), "'need'"),
    (post(Flow.COUNCIL_CORE, 1e-7), "'council'"),
    (post(Flow.PURSE_SPENT, more=0.01), "'purse'"),
    (post(Flow.TIE_FADED, more=1.0), "'ties'"),
    (post(Flow.LEFT_LIFE, more=1.0), "'roles'"),
    (post(Flow.HOURS_VOLUNTEER, 1e-7), "volunteers' hours"),
    (post(Flow.HOURS_CHARITY_IDLE, more=0.01), "charity hours"),
    (post(Flow.HOURS_COUNCIL_JOINT, more=0.01), "council hours"),
    (post(Flow.HOURS_VOLUNTEER_RUNNING, more=0.01), "joint hours of citizens"),
    (spoil("neighbourhoods", "joint_officer", 1e6), "joint hours of officers"),
    (post(Flow.NEED_MET_JOINT, more=0.01), "'need'"),
    (post(Flow.CHARITY_SPENT, 1e-7), "charities' books"),
    (post(Flow.COUNCIL_CONTRACTS, 1e-7), "services' contracts"),
    (post(Flow.OFFICER_LEFT, more=1.0), "'officers'"),
    (post(Flow.PARTNERSHIP_MADE, more=1.0), "'partnerships'"),
    (post(Flow.ACQUAINTANCE_MADE, more=1.0), "'acquaintances'"),
    (post(Flow.ALLIANCE_CLOSED, more=1.0), "'alliances'"),
    (post(Flow.BELONGING_LAPSED, more=1.0), "'belongings'"),
    (post(Flow.CHARITY_FOUNDED, more=1.0), "'charities'"),
    (post(Flow.GROUP_CLOSED, more=1.0), "'groups'"),
])  # fmt: skip
def test_what_is_amiss_is_noticed(change, said):
    assert a_month() == "[]"
    assert said in a_month(change)


@pytest.mark.parametrize(
    ("room", "stock", "config"),
    [(renewal, "'ties'", EVERYONE_MOVES), (ties, "'ties'", BUSY), (ties, "'partnerships'", BUSY),
     (ties, "'acquaintances'", BUSY), (ties, "'alliances'", BUSY), (funding, "'purse'", BUSY),
     (funding, "charities' books", BUSY), (coproduction, "'need'", BUSY), (serving, "'need'", BUSY),
     (survival, "charities' books", BUSY)],
)  # fmt: skip
def test_a_room_that_does_not_post_is_noticed(room, stock, config, monkeypatch):
    right = room.advance

    def silent(state, p, dice):
        ledger = state.ledger.copy()
        right(state, p, dice)
        state.ledger[:] = ledger

    monkeypatch.setattr(room, "advance", silent)
    assert stock in a_month(config=config)


def test_the_past_holds_seven_years_of_counts():
    state = settled(town(residents=60, month=0))
    counted = []
    for _ in range(SURVIVAL_MONTHS + 3):
        live_a_month(state, CONFIG)
        counted.append(np.count_nonzero(state.ties.alter != EMPTY))
    rows = np.arange(state.month - SURVIVAL_MONTHS - 1, state.month)
    assert state.past.ties[rows % (SURVIVAL_MONTHS + 1)].tolist() == [counted[m] for m in rows]
