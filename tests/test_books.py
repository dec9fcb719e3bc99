from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.chance import Dice, permanent_id
from sim.composition import compose
from sim.founding import books, settling
from sim.founding.settling import LEVELS, Standing, settle
from sim.founding.solving import LEAVING
from sim.ledger import Flow
from sim.place import Place
from sim.processes import survival
from sim.source import data_table
from sim.state import BANDS, KINDS, NOBODY, SLOTS, State, allocate
from tests.twins import for_python

SIZES = (1_500, 10_000, 200_000)


def place(residents: int = 10_000, **other: Any) -> Place:
    return compose([]).place.model_copy(update={"residents": residents} | other)


def columns(where: Place) -> dict[str, Any]:
    """Band, weight and yearly pounds of each row; ``whole`` is the income of the body of which it is a part."""
    bodies = books.bodies_of(where)
    weight, band = np.array([b.weight for b in bodies]), np.array([b.band for b in bodies])
    income, state = (12.0 * np.array(x) for x in ([b.income for b in bodies], [b.grants + b.contracts for b in bodies]))
    contracts = 12.0 * np.array([b.contracts for b in bodies])
    on_register = band > 0
    return {name: column[on_register] for name, column in {
        "band": band, "weight": weight, "income": income, "state": state, "contracts": contracts,
        "whole": income / weight}.items()}  # fmt: skip


@cache
def standing(*words: str) -> Standing:
    """How bodies come to stand with those settings."""
    return settle(compose([*words]), LEAVING)


def founded(where: Place, *, people: int = 10, seed: int = 3) -> State:
    state = allocate(residents=people, charities=books.capacity(books.bodies_of(where)), services=3, policies=0,
                     neighbourhoods=where.neighbourhoods, world=1, flows=len(Flow), seed=seed, month=-360)  # fmt: skip
    state.residents.id[:] = [permanent_id(seed, i) for i in range(people)]
    state.services.spend_founding[:] = [0.0, 300.0, 100.0]
    books.set_up(state, where, survival.Parameters(), standing(), 5000.0)
    books.hold_births(state, where, standing(), need_pull=1.0)
    return state


@pytest.mark.parametrize("residents", SIZES)
def test_sizes_incomes_and_state_money_are_as_in_the_almanac(residents: int) -> None:
    """C8a .82, C8b .80 and C11 .36, each within its band; contracts .71 of state money, none below 250,000."""
    c = columns(place(residents))
    assert c["weight"][c["whole"] < 1e5].sum() / c["weight"].sum() == pytest.approx(0.827, abs=0.001)
    assert c["income"][c["whole"] > 1e6].sum() / c["income"].sum() == pytest.approx(0.80, abs=0.005)
    assert c["state"].sum() / c["income"].sum() == pytest.approx(0.373, abs=0.002)
    assert c["contracts"].sum() / c["state"].sum() == pytest.approx(0.71, abs=1e-9)
    assert np.all(c["contracts"][c["whole"] < 250_000] == 0.0)
    assert c["weight"].sum() == pytest.approx(1.8 * residents / 0.81 / 1000.0 * 0.9972, rel=1e-9)


@pytest.mark.parametrize("residents", SIZES)
def test_each_band_has_its_mean_income_and_its_share_from_the_state(residents: int) -> None:
    c = columns(place(residents))
    for row in data_table("bands")[1:]:
        mine = c["band"] == int(row["band"])
        assert c["income"][mine].sum() / c["weight"][mine].sum() == pytest.approx(float(row["income_gbp"]), rel=1e-6)
        assert c["state"][mine].sum() / c["income"][mine].sum() == pytest.approx(float(row["state_share"]), rel=1e-9)
        assert float(row["low_gbp"]) < c["whole"][mine].min() <= c["whole"][mine].max() < float(row["high_gbp"])


def test_groups_on_no_register_live_on_less_than_two_thousand_a_year() -> None:
    groups = [body for body in books.bodies_of(place()) if body.band == 0]
    assert sum(body.weight for body in groups) == pytest.approx(3.0 * 1.8 * 10.0 / 0.81, rel=1e-9)
    assert all(0.0 < 12.0 * body.income / body.weight < 2000.0 for body in groups)
    assert all(body.grants == body.contracts == 0.0 for body in groups)


@pytest.mark.parametrize(("mean", "count"), [(39_087.0, 5), (33_900.0, 1), (33_900.0, 4), (90_000.0, 7), (12_000.0, 3)])
def test_parts_of_a_band_lie_in_it_rise_and_keep_its_mean(mean: float, count: int) -> None:
    """At a mean of (high - low) / ln(high / low), 39,087, the logs lie evenly: the quantiles are then powers of ten."""
    parts = books.incomes(1e4, 1e5, mean, count)
    assert np.mean(parts) == pytest.approx(mean, rel=1e-6)
    assert all(a < b for a, b in zip([1e4, *parts], [*parts, 1e5], strict=True))
    if mean == 39_087.0:
        ends = 1e4 * 10.0 ** (np.arange(6) / 5.0)
        assert parts == pytest.approx(list(np.diff(ends) * 5.0 / np.log(10.0)), rel=1e-3)


def test_a_place_without_charities_has_none_and_founds_none() -> None:
    where = place(charities_per_1000=0.0)
    assert books.bodies_of(where) == []
    state = founded(where)
    assert len(state.charities.id) == 16
    assert not state.charities.alive.any()
    assert np.all(state.bands.births == 0.0)
    assert np.all(state.bands.income > 0.0)
    assert state.bands.private_share + state.bands.grants_share + state.bands.contracts_share == pytest.approx(1.0)


def test_every_row_stands_and_free_rows_are_empty() -> None:
    where = place()
    bodies, state = books.bodies_of(where), founded(where)
    c, n = state.charities, len(bodies)
    assert len(c.id) == 2 * n + 16
    assert c.alive.tolist() == [1] * n + [0] * (n + 16)
    assert len(set(c.id[:n].tolist())) == n
    assert c.band[:n].tolist() == [body.band for body in bodies]
    assert c.weight[:n].tolist() == [body.weight for body in bodies]
    income = np.array([body.income for body in bodies])
    assert c.private_base[:n] + c.grants_base[:n] + c.contracts_base[:n] == pytest.approx(income, rel=1e-12)
    assert np.all(c.costs[:n] > 0.0)
    assert c.work_hours.sum() == pytest.approx(5000.0, rel=1e-12)
    assert c.paid_hours[:n] == pytest.approx(c.costs[:n] * state.bands.staff_share[c.band[:n]] / 22.0, rel=1e-12)
    assert c.kinds[:n].sum(axis=1) == pytest.approx(1.0)
    assert np.all(c.closed < state.month)
    assert np.all(c.founded[:n] < state.month)
    assert c.income_past[:n].min(axis=1) == pytest.approx(c.income_past[:n].max(axis=1), rel=1e-12)
    assert set(c.service[:n].tolist()) == {1, 2}  # a service without money has no contracts
    assert 0.5 < np.median(c.quality[:n]) < 2.0
    for name, column in zip(c._fields, c, strict=True):
        if name != "closed":
            assert not column[n:].any(), name


def test_bands_say_what_a_row_of_each_is_like() -> None:
    where = place()
    bodies, bands = books.bodies_of(where), founded(where).bands
    for b in range(BANDS):
        mine = [body for body in bodies if body.band == b]
        assert bands.income[b] == pytest.approx(np.mean([body.income for body in mine]), rel=1e-12)
        assert bands.weight[b] == mine[0].weight
        assert bands.private_share[b] + bands.grants_share[b] + bands.contracts_share[b] == pytest.approx(1.0)
    assert bands.kinds.shape == (BANDS, len(KINDS))
    assert (1.0 - bands.close_chance) ** 12 == pytest.approx([1.0 - 0.028] + [0.99] * 6)


MEMBERS = np.array([1.6, 3.2, 6.4, 1000.0, 480.0, 230.0, 120.0])
"""Residents who belong to a body of each band, in a town of 20,000 or 40,000."""


def weighted(closing: Any) -> float:
    """Closings a year among registered bodies, each band by its share of them."""
    share = np.array([0.0] + [float(row["share"]) for row in data_table("bands")[1:]])
    return float(12.0 * (share * closing).sum() / share.sum())


def test_two_and_a_half_in_a_hundred_close_each_year() -> None:
    """Base 1.0, founders of micro charities .6, and the rest insolvent; a tenth of groups."""
    closing = standing().closings(MEMBERS)
    assert weighted(closing) == pytest.approx(0.025, abs=0.002)
    assert 12.0 * closing[0] == pytest.approx(0.0956, abs=0.004)  # half of the young end in a year, 2.8% of the others
    assert closing[1] > closing[2] > closing[4]  # the small first, as on the register
    even = standing("survival.luck_spread=0", "funding.members_power=0").closing
    assert even == pytest.approx(even[:, :1] + np.zeros(len(LEVELS)))
    assert weighted(even[:, 0]) == pytest.approx(0.01 + 0.012 * 0.485 / 0.9972, rel=0.08)


def test_the_fewer_members_a_body_has_the_more_uneven_is_its_income_and_the_sooner_it_closes() -> None:
    """But with hardly any it has none to lose."""
    for band in (1, 2):
        closing = standing().closing[band]
        assert np.all(np.diff(closing[LEVELS.index(2.0) :]) < 0.0)
        assert closing[LEVELS.index(2.0)] > 1.5 * closing[-1]
        assert closing[0] < closing[LEVELS.index(2.0)]
    between = standing().closings(np.full(BANDS, np.sqrt(4.0 * 8.0)))
    four, eight = standing().closing[:, LEVELS.index(4.0)], standing().closing[:, LEVELS.index(8.0)]
    assert between == pytest.approx((four + eight) / 2.0)
    assert standing().closings(np.full(BANDS, 1e6)).tolist() == standing().closing[:, -1].tolist()
    assert standing().closings(np.zeros(BANDS)).tolist() == standing().closing[:, 0].tolist()


def test_members_come_as_they_leave() -> None:
    members, ids = np.full(4000, 3.0), np.arange(4000)
    seen = []
    for month in range(240):
        for_python(settling._come_and_go)(members, 3.0, 0.035, False, ids, Dice(1, month).streams)
        seen.append(members.copy())
    assert np.mean(seen[-1]) == pytest.approx(3.0, abs=0.15)
    assert np.var(seen[-1]) == pytest.approx(3.0, rel=0.15)  # as Poisson
    late = np.array(seen[120:]) - 3.0
    assert (late[1:] * late[:-1]).mean() / (late * late).mean() == pytest.approx(1.0 - 0.035, abs=0.01)
    for_python(settling._come_and_go)(members, 3.0, 0.5, True, ids, Dice(1, 0).streams)
    assert members == pytest.approx((seen[-1] + 3.0) / 2.0)


def test_who_leaves_is_counted_by_whom_they_leave() -> None:
    state = founded(place(), people=6)
    there, everywhere = state.charities.alive == 1, state.charities.serves_place == 1
    near, closed = np.flatnonzero(there & ~everywhere)[:2].tolist()
    wide = int(np.flatnonzero(there & everywhere)[0])
    state.charities.alive[closed] = 0
    state.residents.belongs[:] = [near, near, NOBODY, NOBODY, wide, wide]
    before = np.array([near, wide, near, closed, wide, NOBODY])
    assert settling.leaving(before, state).tolist() == [0.5, 0.5]
    assert settling.leaving(np.full(6, NOBODY), state).tolist() == [0.0, 0.0]


def test_reserves_are_of_half_a_year_and_less_where_the_state_pays() -> None:
    s = standing()
    middle = np.median(s.reserves, axis=1)
    assert middle[1] == pytest.approx(5.0, abs=1.0)
    assert middle[5] == pytest.approx(4.5, abs=1.0)
    assert np.all(np.median(s.costs, axis=1) == pytest.approx(1.0, abs=0.1))
    assert np.exp(s.luck).mean(axis=1) == pytest.approx(np.ones(BANDS), abs=0.03)
    assert np.all(s.age >= 1)


def test_births_balance_closings() -> None:
    """A place of charities and their volunteers alone, thirty years: as many rows are founded as close."""
    where, p = place(60_000), survival.Parameters()
    state = founded(where, people=3000)
    books.hold_births(state, where, standing("funding.members_power=0"), p.need_pull)
    rows = int(np.count_nonzero(state.charities.band[state.charities.alive == 1] > 0))
    opened = closed = 0.0
    state.residents.role[:] = 0
    state.constants.register_chance[:] = books.founding_chances(state, p.need_pull)[0]
    for _ in range(360):
        c = state.charities
        state.residents.role[:] = int(np.flatnonzero(c.alive)[0])  # somebody to found in each row
        c.private_income[:] = c.private_base * np.exp(c.luck)
        c.grants[:], c.contracts[:] = c.grants_base, c.contracts_base
        c.reserves[:] += c.private_income + c.grants + c.contracts
        state.ledger[:] = 0.0
        survival.advance(state, p, Dice(state.seed, state.month))
        opened += state.ledger[Flow.CHARITY_FOUNDED]
        closed += state.ledger[[Flow.CHARITY_CLOSED_ANYHOW, Flow.CHARITY_INSOLVENT, Flow.CHARITY_FOUNDER_LEFT]].sum()
        state.month += 1
    noise = 4.0 * np.sqrt(opened + closed)
    assert opened == pytest.approx(360.0 * state.bands.births[1:].sum(), abs=4.0 * np.sqrt(opened))
    assert abs(opened - closed) < noise
    assert np.count_nonzero(state.charities.band[state.charities.alive == 1] > 0) == pytest.approx(rows, abs=noise)


def test_clusters_are_those_with_three_strong_ties() -> None:
    state = founded(place(), people=5)
    for owner, alter, strength in ((0, 1, 0.5), (0, 2, 0.9), (3, 0, 0.6), (3, 1, 0.7), (1, 4, 0.6), (2, 4, 0.49)):
        slot = owner * SLOTS + int(np.count_nonzero(state.ties.alter[owner * SLOTS : (owner + 1) * SLOTS] >= 0))
        state.ties.alter[slot], state.ties.strength[slot] = alter, strength
    state.residents.role[:2] = 0
    register, cluster = books.founding_chances(state, need_pull=1.0)
    assert register == pytest.approx(state.bands.births[1:].sum() / 2.0)
    assert cluster == pytest.approx(state.bands.births[0] / 2.0)  # 0: with 1, 2, 3; 1: with 0, 3, 4


def test_few_volunteers_live_where_need_pulls_so_each_founds_more() -> None:
    state = founded(place())
    state.constants.unmet[:] = 0.2
    r = state.residents
    r.role[:], r.need[:], r.met[:] = NOBODY, 0.0, 0.0
    r.need[:, 0] = 1.0
    r.met[r.neighbourhood == 0, 0] = 1.0  # nothing is unmet where the volunteers live
    r.role[np.flatnonzero(r.neighbourhood == 0)[:6]] = 0
    births = state.bands.births[1:].sum()
    assert books.founding_chances(state, need_pull=0.0)[0] == pytest.approx(births / 6.0)
    assert books.founding_chances(state, need_pull=1.0)[0] == pytest.approx(births / 6.0 * 1.2)


def test_the_same_seed_gives_the_same_books_and_another_others() -> None:
    one, again, other = founded(place()), founded(place()), founded(place(), seed=4)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one.charities, again.charities, strict=True))
    assert not np.array_equal(one.charities.reserves, other.charities.reserves)
    assert one.charities.private_base.tolist() == other.charities.private_base.tolist()
