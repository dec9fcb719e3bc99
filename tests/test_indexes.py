"""Lists made anew: who is tied to whom, who lives where, and whose turn it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sim.chance import Dice, Die
from sim.community import Community
from sim.indexes import in_lottery_order, lottery, members, ties_from_others
from sim.state import EMPTY, SLOTS, allocate
from tests.towns import HABITS, RECIPES, town

TICKETS = st.integers(0, 2**64 - 1)
FEW_TICKETS = st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**42, 2**53, 2**63, 2**64 - 1])


@given(st.lists(st.one_of(TICKETS, FEW_TICKETS), max_size=80))
def test_the_radix_lottery_is_the_plain_sort(tickets):
    order = in_lottery_order(np.array(tickets, np.uint64)).tolist()
    assert order == lottery(tickets)
    assert sorted(order) == list(range(len(tickets)))


def test_the_lottery_of_many_is_by_ticket():
    dice = Dice(3, 4)
    tickets = [dice.bits(Die.HELP_ORDER, who) for who in range(20_000)]
    order = in_lottery_order(np.array(tickets, np.uint64))
    assert order.tolist() == lottery(tickets)
    drawn = np.array(tickets, np.uint64)[order] >> np.uint64(31)
    assert np.all(drawn[1:] >= drawn[:-1])


def test_earlier_rows_come_first_among_equal_tickets():
    assert in_lottery_order(np.array([5 << 40, 1, 0, 5 << 40, 1], np.uint64)).tolist() == [1, 2, 4, 0, 3]


def test_the_places_in_a_lottery_are_fair():
    """1,000 lotteries among 10: mean place of the first of them, sd 2.87, four standard errors."""
    tickets = [[Dice(1, month).bits(Die.SERVE_ORDER, who) for who in range(10)] for month in range(1_000)]
    places = [lottery(month).index(0) for month in tickets]
    assert abs(np.mean(places) - 4.5) < 4 * 2.87 / np.sqrt(1_000)


@pytest.mark.parametrize("habit", HABITS)
def test_ties_from_others_are_listed_in_the_order_of_slots(habit):
    state = town(habit=habit)
    incoming = ties_from_others(state.ties)
    held = [(slot // SLOTS, int(j)) for slot, j in enumerate(state.ties.alter) if j != EMPTY]
    for i in range(60):
        listed = incoming.owner[incoming.start[i] : incoming.start[i + 1]].tolist()
        assert listed == [owner for owner, j in held if i == j]
    assert incoming.start[-1] == len(incoming.owner) == len(held)
    assert incoming.slots.tolist() == np.flatnonzero(state.ties.alter != EMPTY).tolist()


def test_a_town_of_two_by_hand():
    state = allocate(residents=2, charities=0, services=0, neighbourhoods=1, policies=0, world=1, flows=1)
    state.ties.alter[SLOTS + 3] = 0
    incoming = ties_from_others(state.ties)
    assert (incoming.start.tolist(), incoming.owner.tolist()) == ([0, 1, 1], [1])


@given(RECIPES)
def test_members_are_those_of_the_plain_hand(recipe):
    state = town(**recipe)
    found = members(state.residents.neighbourhood, recipe["neighbourhoods"])
    fast = [found.row[found.start[b] : found.start[b + 1]].tolist() for b in range(recipe["neighbourhoods"])]
    assert fast == Community(state).residents_by_neighbourhood()


def test_members_of_unsorted_and_empty_parts():
    found = members(np.array([2, 0, 2, 0, 3], np.int32), 5)
    assert found.start.tolist() == [0, 2, 2, 4, 5, 5]
    assert found.row.tolist() == [1, 3, 0, 2, 4]
