from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sim.ledger import Flow
from sim.parameters import REGISTRY
from sim.processes import coproduction
from sim.processes.coproduction import kernel, measure, paths
from sim.processes.coproduction.output import joint_output
from sim.state import EMPTY, State, allocate
from tests.towns import HABITS, RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand

Parameters = coproduction.Parameters
BUSY = Parameters(set_aside=0.5, open_share=0.5, path_hours=1.0, officer_part=0.4, build=0.0001)
"""Much is set aside, so that small towns have joint work by every route; their pictures build slowly."""
WAYS = [
    Parameters(), BUSY, Parameters(sigma=20.0, set_aside=0.5, path_hours=0.0, route_quality=False),
    Parameters(sigma=0.3, set_aside=0.5, brokerage=False), Parameters(sigma=1.5, set_aside=0.5, picture=False),
]  # fmt: skip
WORK_FAULTS = [
    ("p.officer_part, sigma)", "1.0 - p.officer_part, sigma)"),
    ("weighed[b, s] += routes.quality[n] * work", "weighed[b, s] += work"),
    ("thousands = people[b] / 1000.0", "thousands = people[b] / 100.0"),
    ("if month == 0 else 1.0", "if month <= 5 else 1.0"),
    ("max(0.0, paid[b, s] - running[b, s])", "paid[b, s]"),
    ("residents.joint_hours[i] = hours", "residents.joint_hours[i] = hours - routes.running[n]"),
    ("pool += output[b, own] * (own_kinds[b, k] / hours)", "pool += output[b, own] * own_kinds[b, k]"),
    ("np.uint64(part[0]) == np.uint64(part[1])", "np.uint64(part[0]) < np.uint64(part[1])"),
    ("min(LONG_HERE, max(0, month - residents.arrived[i]))", "max(0, month - residents.arrived[i])"),
]
ROUTE_FAULTS = [
    ("month >= bodies.stalled_until", "month + 2 >= bodies.stalled_until"),
    ("acquaintances.who[slot] != residents.id[i]", "acquaintances.who[slot] == residents.id[i]"),
    ("for seeker in (True, False):", "for seeker in (True, True):"),
    ("exp(log(links) / 3.0)", "exp(log(links) / 2.0)"),
    ("p.path_hours * routes.hours[n] / total[routes.path[n]]", "p.path_hours"),
    ("(services.hours[s] - kept_apart[s]) * allotted[b]", "services.hours[s] * allotted[b]"),
    ("* allotted[b] + protected[b, s]", "* allotted[b]"),
]


def hamlet(**change: Any) -> State:
    """Ten people, one officer who knows person 0, a charity with staff and person 1; joint hours as at founding."""
    state = allocate(
        residents=10, charities=3, services=1, neighbourhoods=2, policies=0, world=1, flows=len(Flow), officers=1,
        month=9,
    )  # fmt: skip
    r, c = state.residents, state.charities
    r.id[:], r.arrived[:], r.need[:] = np.arange(10) + 100, -51, 50.0
    c.id[:], c.alive[:], c.quality[:] = [7, 8, 9], 1, 1.0
    c.kinds[:] = [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 1, 0, 0, 0]]
    r.role[:2] = r.gives_to[:2] = r.belongs[:2] = 0
    r.pledged_hours[:2], r.belonging[:2], r.trust_charity[:2], r.trust_council[:2] = 100.0, 0.5, 0.5, 0.64
    state.council.openness[:] = 1.0
    s = state.services
    s.hours[:], s.sigma_ratio[:], s.kinds[:, 2] = 200.0, 1.0, 1.0
    state.neighbourhoods.allotted[:] = [1.0, 0.0]
    o = state.officers
    o.filled[:], o.last[:] = 1, 1
    know(state, 0)
    s.joint_officer_founding[:], s.joint_citizen_founding[:], s.joint_quality_founding[:] = 1800.0, 320.0, 0.4
    k = state.constants
    k.joint_staff_founding[:], k.joint_member_founding[:], k.joint_member_quality_founding[:] = 1800.0, 400.0, 0.5
    k.joint_scale[:] = k.joint_first[:] = 1.0
    for name, value in change.items():
        table, column = name.split("__")
        getattr(getattr(state, table), column)[:] = value
    return state


def know(state: State, i: int, *, slot: int = 0, w: float = 0.25) -> None:
    a = state.acquaintances
    a.resident[slot], a.who[slot], a.strength[slot] = i, state.residents.id[i], w


def partner(state: State, g: int, *, slot: int = 0, w: float = 0.5) -> None:
    state.partnerships.charity[slot], state.partnerships.strength[slot] = g, w


def live(state: State, **numbers: Any) -> State:
    """The hamlet after joint work, both hands agreeing."""
    p = Parameters(**numbers)
    assert_twins(coproduction, state, p)
    return by_fast_hand(coproduction, state, p)


def by_route(state: State) -> list[bool]:
    return [bool(hours > 0) for hours in state.neighbourhoods.joint_routes.sum(axis=0)]


# The two hands.


@given(RECIPES, st.sampled_from(WAYS))
def test_the_hands_agree(recipe: dict[str, Any], p: Parameters) -> None:
    assert_twins(coproduction, town(**recipe), p)


@pytest.mark.parametrize(("right", "wrong"), WORK_FAULTS)
def test_a_planted_fault_in_the_work_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(coproduction, kernel, "work_together", right, wrong, p=BUSY)


@pytest.mark.parametrize(("right", "wrong"), ROUTE_FAULTS)
def test_a_planted_fault_in_the_routes_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(coproduction, paths, "choose_the_routes", right, wrong, p=BUSY)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(coproduction, paths, "choose_the_routes", *ROUTE_FAULTS[3], p=BUSY, compiled=True)


def test_the_kernels_are_compiled_and_run() -> None:
    assert_twins(coproduction, town())
    assert kernel.work_together.nopython_signatures
    assert paths.choose_the_routes.nopython_signatures


# What hours that meet yield.

SIDES = st.floats(1e-5, 1e3)
WEIGHTS = st.floats(0.2, 0.8)


@given(SIDES, SIDES, WEIGHTS, st.floats(0.3, 20).filter(lambda sigma: abs(sigma - 1) > 0.05))
def test_yield_is_the_ces_of_the_textbook(l: float, v: float, d: float, sigma: float) -> None:
    r = 1 - 1 / sigma
    assert joint_output(l, v, 3.0, d, sigma) == pytest.approx(3 * (d * l**r + (1 - d) * v**r) ** (1 / r), rel=1e-9)


@given(SIDES, SIDES, WEIGHTS)
def test_an_elasticity_near_1_is_cobb_douglas_without_a_jump(l: float, v: float, d: float) -> None:
    limit = l**d * v ** (1 - d)
    assert joint_output(l, v, 1.0, d, 1.0) == pytest.approx(limit, rel=1e-12)
    for near in (1e-10, 0.9e-9, 1.1e-9, 1e-8):
        for sigma in (1 - near, 1 + near):
            assert joint_output(l, v, 1.0, d, sigma) == pytest.approx(limit, rel=100 * near)
    assert joint_output(l, v, 1.0, d, 1.001) >= limit * (1 - 1e-12) >= joint_output(l, v, 1.0, d, 0.999) * (1 - 1e-11)


@given(st.floats(0.1, 10), st.floats(0.1, 10), WEIGHTS)
def test_a_great_elasticity_is_the_sum(l: float, v: float, d: float) -> None:
    total = d * l + (1 - d) * v
    assert joint_output(l, v, 1.0, d, 1e9) == pytest.approx(total, rel=1e-6)
    assert joint_output(l, v, 1.0, d, 20.0) == pytest.approx(total, rel=0.1)
    assert abs(joint_output(l, v, 1.0, d, 20.0) - total) <= abs(joint_output(l, v, 1.0, d, 2.0) - total) + 1e-12


@given(SIDES, SIDES, WEIGHTS, st.floats(0.02, 50))
def test_yield_is_finite_between_its_sides_and_grows_with_both(l: float, v: float, d: float, sigma: float) -> None:
    made = joint_output(l, v, 1.0, d, sigma)
    assert min(l, v) * (1 - 1e-9) <= made <= max(l, v) * (1 + 1e-9)
    assert joint_output(1.1 * l, v, 1.0, d, sigma) >= made * (1 - 1e-12)
    assert joint_output(l, 1.1 * v, 1.0, d, sigma) >= made * (1 - 1e-12)


@pytest.mark.parametrize("sigma", [0.01, 0.3, 0.999, 1.0, 1.0 + 1e-10, 1.5, 20.0])
def test_yield_at_the_edges(sigma: float) -> None:
    assert joint_output(1.0, 1.0, 2.5, 0.3, sigma) == pytest.approx(2.5, rel=1e-12)
    assert joint_output(1e9, 1e9, 1.0, 0.5, sigma) == pytest.approx(1e3, rel=1e-12)
    assert joint_output(0.0, 0.0, 1.0, 0.5, sigma) == 0.0
    alone_l, alone_v = joint_output(2.0, 0.0, 3.0, 0.25, sigma), joint_output(0.0, 2.0, 3.0, 0.25, sigma)
    if sigma <= 1.0:
        assert alone_l == alone_v == joint_output(5.0, 0.9e-6, 1.0, 0.5, sigma) == 0.0
    else:
        power = sigma / (sigma - 1.0)
        assert alone_l == pytest.approx(3.0 * 2.0 * 0.25**power)
        assert alone_v == pytest.approx(3.0 * 2.0 * 0.75**power)


def test_the_room_uses_the_elasticity_of_the_service() -> None:
    state = hamlet(services__hours=400.0)  # l = 38 / 18, v = 1
    for ratio in (0.5, 1.0, 3.0):
        state.services.sigma_ratio[:] = ratio
        expected = joint_output(38 / 18, 1.0, 1.2 * 26, 0.4, 1.5 * ratio)
        assert live(state, sigma=1.5, officer_part=0.4).services.joint_output[0] == pytest.approx(expected)


# Hours that meet, and what they cost.


@pytest.mark.parametrize("sigma", [0.3, 1.0, 20.0])
def test_at_founding_values_output_is_A_times_the_hours(sigma: float) -> None:
    after = live(hamlet(), sigma=sigma)
    assert after.services.joint_output[0] == pytest.approx(1.2 * (18 + 8), rel=1e-12)
    assert after.neighbourhoods.joint_kinds[0].tolist() == pytest.approx([0, 0, 31.2, 0, 0])
    assert after.neighbourhoods.joint_routes[0].tolist() == pytest.approx([31.2, 0, 0])
    assert after.ledger[Flow.NEED_MET_JOINT] == pytest.approx(31.2)
    assert after.services.used[0] == pytest.approx(31.2)


@pytest.mark.parametrize(("month", "factor"), [(-1, 0.9), (0, 0.9 * 1.3), (1, 0.9)])
def test_another_account_yields_more_by_its_scale_and_in_month_0_by_one_more_factor(month: int, factor: float) -> None:
    state = hamlet(constants__joint_scale=0.9, constants__joint_first=1.3, bodies__stalled_until=-9)
    state.month = month
    assert live(state).services.joint_output[0] == pytest.approx(factor * 1.2 * (18 + 8), rel=1e-12)


def test_hours_leave_the_solo_pools_with_their_costs() -> None:
    after = live(hamlet())
    assert after.residents.joint_hours.tolist() == [10.0] + [0.0] * 9
    assert after.services.joint_officer[0] == pytest.approx(20)
    assert after.services.joint_citizen[0] == pytest.approx(10)
    assert after.services.volunteers[0] == 1
    assert after.acquaintances.used.tolist() == [1] + [0] * 7
    flows = {"VOLUNTEER": (10, 8, 2), "COUNCIL": (20, 18, 2), "CHARITY": (0, 0, 0)}
    for who, amounts in flows.items():
        names = (f"HOURS_{who}", f"HOURS_{who}_JOINT", f"HOURS_{who}_RUNNING")
        assert [after.ledger[Flow[name]] for name in names] == pytest.approx(amounts)


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("p", [BUSY, Parameters(sigma=20.0, set_aside=0.5, open_share=0.5)])
def test_no_hour_is_counted_twice(habit: str, p: Parameters) -> None:
    for seed in range(6):
        before = town(residents=90, habit=habit, seed=seed)
        before.ledger[:] = 0.0
        after = by_fast_hand(coproduction, before, p)
        r, c, s, b, ledger = after.residents, after.charities, after.services, after.neighbourhoods, after.ledger
        share = min(1.0, p.set_aside * after.council.openness[0])
        at_work = r.joint_hours > 0
        assert np.array_equal(r.joint_hours[at_work], share * r.pledged_hours[at_work])
        opening, kept_apart = min(1.0, p.open_share * after.council.openness[0]), b.protected_hours.sum(axis=0)
        assert np.all(s.joint_officer <= (opening * (s.hours - kept_apart) + kept_apart) * (1 + 1e-12))
        assert not s.joint_officer[s.statutory == 1].any()
        assert np.all(c.joint_staff_hours <= c.paid_hours)
        for who, hours, places in (
            ("VOLUNTEER", r.joint_hours, b.joint_citizen), ("COUNCIL", s.joint_officer, b.joint_officer),
            ("CHARITY", c.joint_staff_hours, b.joint_charity),
        ):  # fmt: skip
            used = ledger[Flow[f"HOURS_{who}_JOINT"]] + ledger[Flow[f"HOURS_{who}_RUNNING"]]
            assert ledger[Flow[f"HOURS_{who}"]] == pytest.approx(used)
            assert hours.sum() == pytest.approx(used)
            assert places.sum() == pytest.approx(used)
        assert b.joint_routes.sum() == pytest.approx(b.joint_kinds.sum())
        assert b.joint_routes[:, :2].sum() == pytest.approx(s.joint_output.sum())


def test_need_met_is_what_was_posted_and_within_reach() -> None:
    moved = 0.0
    for seed in range(20):
        before = town(residents=90, seed=seed)
        before.ledger[:] = 0.0
        after = by_fast_hand(coproduction, before, BUSY)
        gain = after.residents.met - before.residents.met
        posted = after.ledger[Flow.NEED_MET_JOINT]
        assert gain.sum() == pytest.approx(posted)
        assert np.all(gain >= 0)
        assert np.all((gain == 0) | (after.residents.met <= BUSY.joint_reach * after.residents.need + 1e-12))
        assert posted <= after.neighbourhoods.joint_kinds.sum() * (1 + 1e-12)
        assert after.services.used.sum() <= posted * (1 + 1e-12)
        moved += posted
    assert moved > 100


def test_more_than_is_needed_is_idle() -> None:
    after = live(hamlet(residents__need=1.0))
    assert after.ledger[Flow.NEED_MET_JOINT] == pytest.approx(8.5)
    assert after.residents.met[:, 2].tolist() == pytest.approx([0.85] * 10)
    assert after.services.joint_output[0] == pytest.approx(31.2)


def test_a_pool_that_is_short_goes_by_lottery() -> None:
    met = live(hamlet(residents__need=10.0)).residents.met[:, 2]
    assert sorted(met)[-3:] == pytest.approx([8.5] * 3)
    assert np.count_nonzero(met) == 4


# Routes.


def test_a_citizen_takes_the_best_route() -> None:
    state = hamlet(charities__paid_hours=200.0)  # direct .4, brokered (.5 .5 .5)^(1/3) = .5, own .5
    partner(state, 0)
    chosen = choose(state)
    assert chosen.route.tolist()[:2] == [paths.BROKERED, paths.BROKERED]
    assert chosen.quality[:2] == pytest.approx([0.5, 0.5])
    state.acquaintances.strength[0] = 0.9
    assert choose(state).route.tolist()[:2] == [paths.DIRECT, paths.BROKERED]
    state.partnerships.strength[0] = 0.4
    assert choose(state).route.tolist()[:2] == [paths.DIRECT, paths.OWN]
    state.charities.paid_hours[0] = 19.0  # opens 1.9 hours, less than a path costs
    assert choose(state).route.tolist()[:2] == [paths.DIRECT, paths.BROKERED]
    assert_twins(coproduction, state)


def choose(state: State, **numbers: Any) -> paths.Routes:
    p = coproduction.numbers(Parameters(**numbers))
    return paths.choose_the_routes(
        state.residents, state.charities, state.council.openness, state.services, state.neighbourhoods, state.officers,
        state.partnerships, state.acquaintances, state.alliances, state.bodies, p, state.month,
    )  # fmt: skip


def test_an_absent_link_shuts_a_route() -> None:
    for shut in ({"residents__trust_council": 0.0}, {"officers__filled": 0}, {"acquaintances__who": 1},
                 {"officers__first": 1}, {"bodies__stalled_until": 10}, {"acquaintances__strength": 0.0}):  # fmt: skip
        assert not live(hamlet(**shut)).residents.joint_hours.any(), shut
    assert live(hamlet(bodies__stalled_until=9)).residents.joint_hours.any()
    for shut in ({"residents__trust_charity": 0.0}, {"residents__belonging": 0.0}, {"charities__quality": 0.0},
                 {"residents__belongs": 1}):  # fmt: skip
        state = hamlet(charities__paid_hours=200.0, acquaintances__resident=EMPTY, **shut)
        partner(state, 0)
        assert not live(state).residents.joint_hours.any(), shut


def test_an_ally_lends_its_partnership_whoever_sought_the_alliance() -> None:
    for seeker, other in ((0, 1), (1, 0)):
        state = hamlet(acquaintances__resident=EMPTY)
        partner(state, 1, w=0.8)
        a = state.alliances
        a.other[4 * seeker], a.who[4 * seeker], a.strength[4 * seeker] = other, state.charities.id[other], 0.5
        assert choose(state).quality[0] == pytest.approx(math.exp(math.log(0.8 * 0.5 * 0.5 * 0.5) / 3))
        assert live(state).partnerships.used[0] == 1
        a.who[4 * seeker] = 1
        assert not live(state).residents.joint_hours.any()


def test_brokerage_off_leaves_the_direct_route_alone() -> None:
    mixed = 0
    for seed in range(30):
        state = town(residents=90, seed=seed)
        mixed += sum(by_route(by_fast_hand(coproduction, state, BUSY))[1:])
        off = by_fast_hand(coproduction, state, Parameters(set_aside=0.5, path_hours=1.0, brokerage=False))
        assert by_route(off)[1:] == [False, False]
        assert not off.partnerships.used.any()
        assert not off.charities.joint_staff_hours.any()
        known = np.isin(np.arange(90), state.acquaintances.resident)
        assert not off.residents.joint_hours[~known].any()
    assert mixed


def test_route_quality_off_makes_every_open_route_as_good_as_the_best() -> None:
    state = hamlet()
    partner(state, 0)
    off = choose(state, route_quality=False)
    assert off.who.tolist() == [0, 1]
    assert off.route.tolist() == [paths.DIRECT, paths.BROKERED]  # equals: the direct one first
    assert off.quality.tolist() == [1.0, 1.0]
    state.residents.trust_council[:] = 0.0
    assert choose(state, route_quality=False).route[0] == paths.BROKERED  # what is shut stays shut


def test_a_path_that_cannot_be_paid_for_is_shut_and_its_citizens_look_again() -> None:
    state = hamlet(charities__paid_hours=200.0)
    state.acquaintances.strength[0] = 1.0  # direct .8 beats own .5
    assert by_route(live(state)) == [True, False, True]
    state.residents.pledged_hours[0] = 19.0  # 1.9 hours set aside, and a path costs 2
    after = live(state)
    assert by_route(after) == [False, False, True]
    assert after.residents.joint_hours.tolist()[:2] == pytest.approx([1.9, 10])
    assert by_route(live(state, path_hours=1.0)) == [True, False, True]
    state.residents.pledged_hours[1] = 0.5  # nor can they pay together
    assert not live(state).residents.joint_hours.any()


def test_citizens_of_a_path_share_its_cost_by_their_hours() -> None:
    state = hamlet()
    state.residents.pledged_hours[1] = 300.0
    know(state, 1, slot=1)
    assert choose(state).running[:2] == pytest.approx([0.5, 1.5])
    after = live(state)
    assert after.ledger[Flow.HOURS_VOLUNTEER_RUNNING] == pytest.approx(2)
    assert after.ledger[Flow.HOURS_COUNCIL_RUNNING] == pytest.approx(2)
    free = live(state, path_hours=0.0)
    assert free.ledger[Flow.HOURS_VOLUNTEER_RUNNING] == 0
    assert free.ledger[Flow.HOURS_VOLUNTEER_JOINT] == pytest.approx(40)


def test_own_staff_stand_beside_their_citizens_and_do_the_charities_work() -> None:
    state = hamlet(charities__paid_hours=[200.0, 0.0, 0.0], acquaintances__resident=EMPTY)
    state.residents.role[1] = state.residents.gives_to[1] = EMPTY
    after = live(state)
    assert after.charities.joint_staff_hours.tolist() == pytest.approx([20, 0, 0])
    assert after.neighbourhoods.joint_charity[0] == pytest.approx(20)
    assert after.neighbourhoods.joint_kinds[0].tolist() == pytest.approx([31.2, 0, 0, 0, 0])
    assert after.neighbourhoods.joint_routes[0].tolist() == pytest.approx([0, 0, 31.2])
    assert after.services.joint_output[0] == 0
    assert after.ledger[Flow.HOURS_CHARITY_RUNNING] == pytest.approx(2)


# Nobody there, nothing opened.


def test_a_party_that_is_absent() -> None:
    for nothing in ({"set_aside": 0.0}, {"open_share": 0.0}):
        assert not live(hamlet(), **nothing).residents.joint_hours.any()
    assert not live(hamlet(council__openness=0.0)).residents.joint_hours.any()
    assert not live(hamlet(services__hours=0.0)).residents.joint_hours.any()
    alone = live(hamlet(services__hours=0.0), sigma=2.0)  # no need of anybody: the citizens' term alone
    assert alone.services.joint_output[0] == pytest.approx(1.2 * 26 * 0.25)
    assert alone.services.joint_officer[0] == 0
    assert not live(hamlet(residents__role=EMPTY), sigma=20.0).services.joint_output.any()  # no path, no joint work


def test_without_founding_numbers_nothing_runs() -> None:
    for column in ("joint_officer_founding", "joint_citizen_founding", "joint_quality_founding"):
        after = live(hamlet(**{f"services__{column}": 0.0}), sigma=20.0)
        assert not after.residents.joint_hours.any()
        assert not after.ledger.any()


def test_co_ordination_that_eats_the_officers_hours_leaves_nothing() -> None:
    assert not live(hamlet(services__hours=20.0)).residents.joint_hours.any()
    assert live(hamlet(services__hours=21.0)).residents.joint_hours.any()


def test_an_empty_neighbourhood_has_no_output_and_its_picture_fades() -> None:
    state = hamlet(neighbourhoods__allotted=[0.5, 0.5], neighbourhoods__picture_need=0.5,
                   neighbourhoods__mapped_hours=9.0)  # fmt: skip
    after = live(state)
    assert not after.neighbourhoods.joint_kinds[1].any()
    assert after.neighbourhoods.picture_need[1] == 0.97 * 0.5
    assert after.services.joint_officer[0] == pytest.approx(10)  # the other half stays with the solo pools


def test_protected_time_opens_where_it_was_bought_and_stalls_with_its_body() -> None:
    """Of 230 hours 30 are kept for joint work in the second part, which is allotted nothing; a tenth of 200 opens."""
    state = hamlet(services__hours=230.0)
    state.neighbourhoods.protected_hours[:] = [[0.0], [30.0]]
    assert choose(state).opened[:, 0] == pytest.approx([20.0, 30.0])
    state.bodies.stalled_until[:] = state.month + 1
    assert not choose(state).opened.any()


def test_a_stalled_body_does_nothing() -> None:
    worked = 0
    for seed in range(12):
        state = town(residents=90, habit="upheaval", seed=seed)
        state.bodies.stalled_until[:] = state.month
        worked += sum(by_route(by_fast_hand(coproduction, state, BUSY))[:2])
        state.bodies.stalled_until[:] = state.month + 1
        after = by_fast_hand(coproduction, state, BUSY)
        assert by_route(after)[:2] == [False, False]
        assert not after.services.joint_officer.any()
        assert not after.partnerships.used.any()
        assert not after.acquaintances.used.any()
    assert worked


def test_a_stalled_body_takes_its_share_of_the_hours_with_it() -> None:
    state = allocate(
        residents=1, charities=0, services=1, neighbourhoods=1, policies=0, world=1, flows=len(Flow), officers=4,
        month=3,
    )  # fmt: skip
    state.council.openness[:] = 1.0
    state.services.hours[:] = 1000.0
    state.neighbourhoods.allotted[:] = state.officers.filled[:] = 1
    state.officers.body[:] = [0, 1, 1, 1]
    assert choose(state).opened[0, 0] == pytest.approx(100)
    state.bodies.stalled_until[1] = 4
    assert choose(state).opened[0, 0] == pytest.approx(25)
    state.officers.filled[1:] = 0
    assert choose(state).opened[0, 0] == pytest.approx(100)


# Pictures.


@given(RECIPES, st.floats(0.9, 1.0), st.floats(0.0, 0.05))
def test_pictures_stay_between_nothing_and_all(recipe: dict[str, Any], kept: float, build: float) -> None:
    p = Parameters(set_aside=0.5, open_share=0.5, path_hours=0.5, kept=kept, build=build)
    after = by_fast_hand(coproduction, town(**recipe), p).neighbourhoods
    for picture in (after.picture_need, after.picture_resources):
        assert np.all((picture >= 0) & (picture <= 1))


@given(RECIPES)
def test_with_pictures_off_everything_is_known(recipe: dict[str, Any]) -> None:
    after = by_fast_hand(coproduction, town(**recipe), Parameters(picture=False)).neighbourhoods
    assert np.all(after.picture_need == 1)
    assert np.all(after.picture_resources == 1)


def test_joint_hours_build_the_picture_the_more_the_longer_people_are_here() -> None:
    state = hamlet(neighbourhoods__picture_need=0.5, neighbourhoods__picture_resources=0.2)
    state.residents.arrived[1:] = 9 - 30  # they came 30 months ago, person 0 came 60 months ago
    known = 60 / ((60 + 9 * 30) / 10)
    gain = 0.0001 * (30 / 0.1) * known  # 20 hours of officers and 10 of citizens, ten people
    after = live(state, build=0.0001).neighbourhoods
    assert after.picture_need[0] == pytest.approx(0.97 * 0.5 + gain * 0.5)
    assert after.picture_resources[0] == pytest.approx(0.97 * 0.2 + gain * 0.8)
    state.residents.arrived[0] = 9 - 500  # ten years are enough to know a place
    assert live(state, build=0.0001).neighbourhoods.picture_need[0] == pytest.approx(
        0.97 * 0.5 + 0.0001 * 300 * (120 / 39) * 0.5
    )


def test_mapping_builds_pictures_and_without_any_hours_they_fade() -> None:
    quiet = {"acquaintances__resident": EMPTY, "neighbourhoods__picture_need": 0.5}
    assert live(hamlet(**quiet)).neighbourhoods.picture_need[0] == 0.97 * 0.5
    assert live(hamlet(**quiet), kept=1.0).neighbourhoods.picture_need[0] == 0.5
    mapped = live(hamlet(**quiet, neighbourhoods__mapped_hours=1.0)).neighbourhoods
    assert mapped.picture_need[0] == pytest.approx(0.97 * 0.5 + 0.001 * 10 * 0.5)


# What founding numbers would be.


def test_measuring_gives_back_the_founding_numbers() -> None:
    state = hamlet(services__joint_officer_founding=0.0, services__joint_citizen_founding=0.0,
                   services__joint_quality_founding=0.0, charities__paid_hours=[200.0, 0, 0],
                   residents__trust_charity=0.18)  # fmt: skip
    found = measure(state, Parameters())
    assert [float(x[0]) for x in found[:3]] == pytest.approx([1800, 320, 0.4])
    assert found[3:] == pytest.approx((1800, 240, 0.3))
    after = by_fast_hand(coproduction, state, Parameters())
    assert by_route(after) == [False, False, True]  # the officers' part cannot run yet
    state.services.joint_officer_founding[:], state.services.joint_citizen_founding[:] = found[0], found[1]
    state.services.joint_quality_founding[:] = found[2]
    after = by_fast_hand(coproduction, state, Parameters())
    assert after.services.joint_output[0] == pytest.approx(31.2)


@given(RECIPES)
def test_measuring_rests_on_no_founding_numbers_and_changes_nothing(recipe: dict[str, Any]) -> None:
    state = town(**recipe)
    before = state.fork()
    found = measure(state, BUSY)
    assert all(a.tobytes() == b.tobytes() for (*_, a), (*_, b) in zip(state.columns(), before.columns(), strict=True))
    state.services.joint_officer_founding[:] = state.services.joint_citizen_founding[:] = 7.0
    state.constants.joint_staff_founding[:] = state.constants.joint_member_founding[:] = 0.0
    for again in (state, by_fast_hand(coproduction, before, BUSY)):
        assert all(np.array_equal(a, b) for a, b in zip(found, measure(again, BUSY), strict=True))


def test_ranges_hold_no_effect_and_both_signs() -> None:
    for path, low, high in (
        ("coproduction.sigma", 0.3, 20.0), ("coproduction.efficiency", 0.8, 1.6), ("coproduction.path_hours", 0.0, 6.0),
        ("coproduction.set_aside", 0.0, 0.5), ("coproduction.open_share", 0.0, 0.5), ("picture.build", 0.0, 0.05),
        ("picture.kept", 0.9, 1.0), ("coproduction.officer_part", 0.2, 0.8),
    ):  # fmt: skip
        assert (REGISTRY[path].low, REGISTRY[path].high) == (low, high), path
    assert {"picture.on", "brokerage.on", "coproduction.route_quality"} <= set(REGISTRY)
