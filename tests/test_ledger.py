"""The books name every flow, and notice what was changed without being posted."""

from __future__ import annotations

import numpy as np
import pytest

from sim.ledger import FLOWS, STOCKS, Flow, imbalance, stocks
from sim.state import EMPTY, NOBODY
from tests.towns import town


def test_every_flow_is_explained_and_has_a_number_of_its_own():
    assert set(FLOWS) == set(Flow)
    assert [flow.value for flow in Flow.__members__.values()] == list(range(len(Flow)))


@pytest.mark.parametrize("flow", Flow)
def test_every_flow_has_unit_cause_and_one_end_in_a_stock(flow):
    kind = FLOWS[flow]
    assert kind.unit
    assert kind.cause
    assert kind.source != kind.target


def test_what_enters_a_stock_has_the_unit_of_what_leaves_it():
    ends = [(end, kind.unit) for kind in FLOWS.values() for end in (kind.source, kind.target) if end]
    for stock in dict(ends):
        assert len({unit for end, unit in ends if end == stock}) == 1, stock


def test_every_stock_can_rise_and_fall():
    sources, targets = ({getattr(kind, end) for kind in FLOWS.values()} - {""} for end in ("source", "target"))
    assert sources == targets
    assert set(STOCKS) <= sources


def test_an_idle_month_balances():
    state = town()
    gaps = imbalance(stocks(state), state)
    assert set(gaps) == {end for kind in FLOWS.values() for end in kind[1:3] if end}
    assert not any(gaps.values())


def test_stocks_are_counted_off_the_state():
    state = town()
    counted = stocks(state)
    assert counted["people"] == 60
    assert counted["ties"] == sum(alter != EMPTY for alter in state.ties.alter)
    assert counted["roles"] == sum(role != NOBODY for role in state.residents.role)
    assert counted["council"] == state.council.reserves[0]
    assert counted["purse"] == pytest.approx(state.policies.balance[0] + state.policies.balance[1])


def end_a_tie(state):
    state.ties.alter[np.flatnonzero(state.ties.alter != EMPTY)[0]] = EMPTY


def end_a_role(state):
    state.residents.role[np.flatnonzero(state.residents.role != NOBODY)[0]] = NOBODY


def lose_a_pound(state):
    state.council.reserves[0] -= 1.0


def lose_a_pound_of_the_purse(state):
    state.policies.balance[1] -= 1.0


CHANGES = [
    (end_a_tie, "ties", Flow.TIE_FADED),
    (end_a_role, "roles", Flow.LEFT_OTHER),
    (lose_a_pound, "council", Flow.COUNCIL_STATUTORY),
    (lose_a_pound_of_the_purse, "purse", Flow.PURSE_SPENT),
]


@pytest.mark.parametrize(("change", "stock", "flow"), CHANGES)
def test_a_change_that_is_not_posted_is_noticed(change, stock, flow):
    state = town()
    before = stocks(state)
    change(state)
    gaps = imbalance(before, state)
    assert gaps.pop(stock) == pytest.approx(-1)
    assert not any(gaps.values())
    state.ledger[flow] += 1
    assert imbalance(before, state)[stock] == pytest.approx(0)


@pytest.mark.parametrize("flow", Flow)
def test_a_flow_that_changed_nothing_is_noticed(flow):
    state = town()
    before = stocks(state)
    state.ledger[flow] = 2.5
    gaps = {name: gap for name, gap in imbalance(before, state).items() if gap}
    kind = FLOWS[flow]
    assert gaps == {end: sign * 2.5 for end, sign in ((kind.source, 1), (kind.target, -1)) if end}
