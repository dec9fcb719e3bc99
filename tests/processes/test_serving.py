from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sim.chance import MASK, Dice, Die
from sim.ledger import Flow
from sim.processes import serving
from sim.processes.serving import kernel, pictures
from sim.state import KINDS, NOBODY, State
from tests.towns import HABITS, RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand, differences

P = serving.Parameters()
SOURCES = ("COUNCIL", "CHARITY", "VOLUNTEER")
EAGER = serving.Parameters(
    onboarding_hours=12.0, advocate_weight=0.6, capture=1.0, deciding_hours=3.0, participants=20.0, local_knowledge=1.0)
DEAF = serving.Parameters(advocacy=False, advocate_weight=0.6, onboarding_hours=0.0)
FAULTS = [
    ("p.volunteer_worth * residents.skill[i] *", "p.volunteer_worth *"),
    ("_turn(tickets[n], TURN * k)", "tickets[n]"),
    ("worth * used", "volunteer * used"),
    ("services.hours[s] - services.joint_officer[s]", "services.hours[s]"),
    ("residents.pledged_hours[i] - residents.joint_hours[i]", "residents.pledged_hours[i]"),
    ("+ charities.bought_hours[g]", ""),
    ("residents.role_since[i] == month - 1", "residents.role_since[i] == month"),
    ("spent = min(deciding, discretionary)", "spent = deciding"),
    ("(weighed[g] * kept * left)", "weighed[g]"),
    ("running = min(asked, hours)", "running = min(0.5 * asked, hours)"),
    ("(own * left)", "own"),
    ("count += decides[b]", "count += 1"),
]
PICTURE_FAULTS = [
    ("neighbourhoods.need_weight[b] * heads[b]", "heads[b]"),
    ("K + p.local_knowledge * (1.0 - K)", "K"),
    ("if charities.serves_place[g] == 0:", "if charities.serves_place[g] == 1:"),
    ("locality * needed[b]", "locality * heads[b]"),
    ("partnerships.strength[slot] >= PARTNERED", "partnerships.strength[slot] < PARTNERED"),
    ("filled[slot // PARTNERS] == 1", "filled[slot // PARTNERS] == 0"),
    ("+ charities.contracts[g]", ""),
    ("max(LEAST_HEARD, beside)", "beside + 0.01"),
    ("if neighbourhoods.decides[b] == 1:\n            K", "if neighbourhoods.decides[0] == 1:\n            K"),
    ("if neighbourhoods.decides[b] == 1:\n            n", "if neighbourhoods.decides[0] == 1:\n            n"),
]


def apart(state: State) -> State:
    """The town without joint work, where the authority decides and knows where need is."""
    r, s, c = state.residents, state.services, state.charities
    for column in (r.joint_hours, s.joint_officer, s.used, c.joint_staff_hours, c.bought_hours,
                   c.asked_hours):  # fmt: skip
        column[:] = 0.0
    state.neighbourhoods.decides[:], state.neighbourhoods.picture_need[:] = 0, 1.0
    r.role_since[:] = state.month - 5
    return state


def busy(state: State) -> State:
    """The town with joint work everywhere, of staff too."""
    c = state.charities
    c.joint_staff_hours[:] = 0.3 * c.paid_hours
    state.residents.role_since[::2] = state.month - 1
    return state


def short_town(council_hours: float, residents: int = 300) -> State:
    """One neighbourhood, the council alone, everybody in need of 10 hours of each kind and none of it met."""
    state = town(residents=residents, neighbourhoods=1, habit="no groups")
    state.services.hours[:] = council_hours / len(state.services.hours)
    state.services.kinds[:] = 1 / len(KINDS)
    apart(state)
    state.residents.need[:], state.residents.met[:] = 10.0, 0.0
    return state


def queue(state: State, k: int) -> list[int]:
    """Rows by the ticket of kind k, worked out from the ids."""
    dice = Dice(state.seed, state.month)
    tickets = [dice.bits(Die.SERVE_ORDER, int(who)) for who in state.residents.id]
    turned = [((t << 13 * k) | (t >> (64 - 13 * k))) & MASK for t in tickets]
    return sorted(range(len(turned)), key=lambda row: turned[row])


@given(RECIPES, st.sampled_from([P, EAGER, DEAF]))
def test_the_hands_agree(recipe: dict[str, Any], p: serving.Parameters) -> None:
    assert_twins(serving, town(**recipe), p)


@given(RECIPES, st.sampled_from([P, EAGER, DEAF]))
def test_the_hands_agree_where_joint_work_took_much(recipe: dict[str, Any], p: serving.Parameters) -> None:
    assert_twins(serving, busy(town(**recipe)), p)


@given(RECIPES)
def test_the_hands_agree_where_hours_are_short(recipe: dict[str, Any]) -> None:
    state = town(**recipe)
    state.services.hours[:] *= 0.02
    state.charities.paid_hours[:] *= 0.1
    assert_twins(serving, state)


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(serving, kernel, "serve_for_a_month", right, wrong, p=EAGER)


@pytest.mark.parametrize(("right", "wrong"), PICTURE_FAULTS)
def test_a_fault_planted_in_the_pictures_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(serving, pictures, "share_the_hours", right, wrong, p=EAGER)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(serving, kernel, "serve_for_a_month", *FAULTS[0], compiled=True)


def test_the_kernel_is_compiled() -> None:
    assert_twins(serving, town())
    assert kernel.serve_for_a_month.nopython_signatures
    assert pictures.share_the_hours.nopython_signatures


def left_alone(state: State) -> list[float]:
    """Hours of the council, of charities and of volunteers that joint work has left."""
    s, c, r = state.services, state.charities, state.residents
    staff = c.paid_hours + c.bought_hours - c.joint_staff_hours
    own = (s.hours - s.joint_officer, staff, r.pledged_hours - r.joint_hours)
    return [float(np.maximum(0.0, hours).sum()) for hours in own]


@pytest.mark.parametrize("hours", [0.02, 1.0])
@pytest.mark.parametrize("habit", HABITS)
def test_the_books_balance(habit: str, hours: float) -> None:
    """Hours that joint work left run things, are used or idle; need is met by somebody or unmet."""
    before = busy(town(habit=habit, residents=90, neighbourhoods=3))
    before.services.hours[:] *= hours
    after = by_fast_hand(serving, before, EAGER)
    for source, given_hours in zip(SOURCES, left_alone(before), strict=True):
        total, running, met, idle = (
            after.ledger[Flow[f"HOURS_{source}{end}"]] for end in ("", "_RUNNING", "_MET", "_IDLE"))
        assert total == pytest.approx(given_hours, rel=1e-9)
        assert total == pytest.approx(running + met + idle, rel=1e-9)
    gained = after.residents.met.sum() - before.residents.met.sum()
    by_whom = [after.ledger[Flow[f"NEED_MET_{name}"]] for name in ("COUNCIL", "CHARITY", "VOLUNTEERS")]
    assert sum(by_whom) == pytest.approx(gained, rel=1e-9)
    unmet = after.ledger[Flow.NEED_UNMET]
    assert before.residents.need.sum() == pytest.approx(before.residents.met.sum() + sum(by_whom) + unmet, rel=1e-9)
    assert (after.services.used - before.services.used).sum() == pytest.approx(by_whom[0], rel=1e-9, abs=1e-9)


def test_what_joint_work_and_serving_post_is_all_that_was_put_in() -> None:
    """With joint work's own postings, hours are joint, running, met or idle, and none is counted twice."""
    state = busy(town(residents=90, neighbourhoods=3))
    s, c, r, ledger = state.services, state.charities, state.residents, state.ledger
    s.joint_officer[:] = 0.1 * s.hours
    for source, used in zip(SOURCES, (s.joint_officer, c.joint_staff_hours, r.joint_hours), strict=True):
        ledger[Flow[f"HOURS_{source}"]] = used.sum()
        ledger[Flow[f"HOURS_{source}_JOINT"]] = 0.8 * used.sum()
        ledger[Flow[f"HOURS_{source}_RUNNING"]] = 0.2 * used.sum()
    posted = by_fast_hand(serving, state, EAGER).ledger
    put_in = s.hours.sum(), (c.paid_hours + c.bought_hours).sum(), r.pledged_hours.sum()
    for source, hours in zip(SOURCES, put_in, strict=True):
        ends = [posted[Flow[f"HOURS_{source}_{end}"]] for end in ("JOINT", "RUNNING", "MET", "IDLE")]
        assert posted[Flow[f"HOURS_{source}"]] == pytest.approx(hours, rel=1e-9)
        assert sum(ends) == pytest.approx(hours, rel=1e-9)
        assert min(ends) > 0.0


@pytest.mark.parametrize("reach", [0.6, 0.85, 1.0])
@pytest.mark.parametrize("habit", HABITS)
def test_services_take_nobody_beyond_reach(habit: str, reach: float) -> None:
    before = town(habit=habit, residents=90)
    after = by_fast_hand(serving, before, serving.Parameters(service_reach=reach)).residents
    was = before.residents.met
    assert np.all(after.met <= np.maximum(was, reach * after.need + 1e-12))
    assert np.all(after.met <= after.need)
    assert np.all(after.met >= was)
    assert habit == "no budget" or np.any(after.met > was)


def test_with_plenty_everybody_is_served_up_to_reach_and_the_rest_is_idle() -> None:
    after = by_fast_hand(serving, short_town(1e6), P)
    assert after.residents.met == pytest.approx(P.service_reach * 10.0)
    assert after.ledger[Flow.HOURS_COUNCIL_MET] == pytest.approx(300 * len(KINDS) * 8.5)
    assert after.ledger[Flow.HOURS_COUNCIL_IDLE] == pytest.approx(1e6 - 300 * len(KINDS) * 8.5)


def test_a_short_pool_goes_to_the_lowest_tickets_by_kind() -> None:
    """1,000 hours of each kind at 8.5 a person serve the first 117 in full and the next in part."""
    state = short_town(5000.0)
    met = by_fast_hand(serving, state, P).residents.met
    for k in range(len(KINDS)):
        expected = [8.5] * 117 + [1000.0 - 117 * 8.5] + [0.0] * 182
        assert met[queue(state, k), k] == pytest.approx(expected)


def test_the_orders_of_the_kinds_are_as_good_as_independent() -> None:
    """Rank correlation between any two kinds: below 5 standard errors."""
    n = 2000
    state = town(residents=n, neighbourhoods=1, habit="no ties")
    ranks = [np.argsort(queue(state, k)) for k in range(len(KINDS))]
    off_diagonal = np.corrcoef(ranks)[np.triu_indices(len(KINDS), 1)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(n)


def test_who_is_served_does_not_depend_on_the_rows() -> None:
    state = town(residents=90, neighbourhoods=3)
    state.services.hours[:] *= 0.02
    shuffled = state.fork()
    order = np.random.default_rng(3).permutation(90)
    for column in shuffled.residents:
        column[:] = column[order]
    met, other = by_fast_hand(serving, state, P).residents.met, by_fast_hand(serving, shuffled, P).residents.met
    assert other == pytest.approx(met[order], rel=1e-9)
    assert not np.allclose(other, met)


def parted(counts: list[int], needs: list[float], *, habit: str = "no groups") -> State:
    """Neighbourhoods of so many residents with so much need each, which only discretionary services try to meet."""
    state = apart(town(residents=sum(counts), neighbourhoods=len(counts), habit=habit))
    state.residents.neighbourhood[:] = np.repeat(np.arange(len(counts)), counts)
    state.residents.need[:] = np.array(needs)[state.residents.neighbourhood][:, None]
    state.residents.met[:], state.residents.influence[:] = 0.0, 1
    state.services.statutory[:] = 0
    return state


def allotted(state: State, p: serving.Parameters = P) -> list[float]:
    return by_fast_hand(serving, state, p).neighbourhoods.allotted.tolist()


def test_statutory_hours_go_where_formula_and_head_count_send_them() -> None:
    """30 residents at weight 2 and 60 at weight 1 get the same hours; there is nobody in the third."""
    state = parted([30, 60, 0], [1000.0, 2000.0, 0.0])
    state.neighbourhoods.need_weight[:], state.services.statutory[:] = [2.0, 1.0, 9.0], 1
    met = by_fast_hand(serving, state, P).residents.met
    assert met[:30].sum() == pytest.approx(state.services.hours.sum() / 2)
    assert met[30:].sum() == pytest.approx(state.services.hours.sum() / 2)


@pytest.mark.parametrize(("K", "expected"), [(0.0, [1 / 3, 2 / 3]), (1.0, [0.6, 0.4]), (0.5, [7 / 15, 8 / 15])])
def test_discretionary_hours_go_where_need_is_as_far_as_it_is_known(K: float, expected: list[float]) -> None:
    """30 residents in need of 3,000 hours of each kind, and 60 of 1,000: three fifths of the need is the first's."""
    state = parted([30, 60], [3000.0, 1000.0])
    state.neighbourhoods.picture_need[:] = K
    after = by_fast_hand(serving, state, P)
    assert after.neighbourhoods.needed == pytest.approx([0.6, 0.4])
    assert after.neighbourhoods.allotted == pytest.approx(expected)
    assert after.residents.met[:30].sum() == pytest.approx(expected[0] * state.services.hours.sum())


def heard(people: list[int], *, strength: float = 0.25, filled: int = 1) -> State:
    """Two neighbourhoods; 20 and 20 residents; a charity with a partner, and so many of its people in each."""
    state = parted([20, 20], [3.0, 1.0], habit="one group")
    state.charities.private_income[:], state.neighbourhoods.picture_need[:] = 100.0, 0.0
    state.residents.belongs[:] = NOBODY
    for b, count in enumerate(people):
        state.residents.belongs[20 * b : 20 * b + count] = 0
    state.partnerships.charity[:], state.partnerships.strength[:] = -1, 0.0
    state.partnerships.charity[0], state.partnerships.strength[0], state.officers.filled[:] = 0, strength, filled
    return state


@pytest.mark.parametrize(
    ("people", "said"), [([0, 0], 0.5), ([10, 0], 1.0), ([0, 3], 0.0), ([5, 5], 0.625), ([9, 3], 0.75)])
def test_an_advocate_sees_truth_where_its_people_live(people: list[int], said: float) -> None:
    """A share l of its people: l true + (1 - l) l, made whole; without people, heads."""
    p = serving.Parameters(advocate_weight=0.6)
    assert allotted(heard(people), p)[0] == pytest.approx(0.4 * 0.5 + 0.6 * said)


def test_who_has_no_partner_is_not_heard() -> None:
    assert allotted(heard([10, 0]))[0] == pytest.approx(0.6)
    for nobody in (heard([10, 0], strength=0.24), heard([10, 0], filled=0)):
        assert allotted(nobody) == [0.5, 0.5]
    broke = heard([10, 0])
    for column in (broke.charities.private_income, broke.charities.grants, broke.charities.contracts):
        column[:] = 0.0
    assert allotted(broke) == [0.5, 0.5]


def test_advocates_of_no_weight_are_exactly_off() -> None:
    """Their income moves nothing."""
    p, state = serving.Parameters(advocate_weight=0.0), town(residents=90, neighbourhoods=3)
    rich = state.fork()
    rich.charities.private_income[0] *= 100.0
    assert allotted(rich, p) == allotted(state, p)
    assert allotted(rich) != allotted(state)


def test_where_all_are_equally_local_it_does_not_matter_where_their_people_live() -> None:
    """All say the same: a half of the truth, and heads for the rest."""
    off = serving.Parameters(advocacy=False, advocate_weight=0.6)
    for people in ([10, 0], [0, 3], [9, 3]):
        assert allotted(heard(people), off)[0] == pytest.approx(0.4 * 0.5 + 0.6 * 0.625)
    assert allotted(heard([10, 0]), serving.Parameters(advocate_weight=0.6))[0] > 0.7


def test_charities_of_the_whole_place_go_by_their_own_picture() -> None:
    """A charity with three quarters of its people in the first neighbourhood, though the council sees heads alone."""
    state = heard([9, 3])
    state.charities.serves_place[:], state.charities.paid_hours[:], state.services.hours[:] = 1, 10.0, 0.0
    state.residents.gives_to[:] = NOBODY
    met = by_fast_hand(serving, state, P).residents.met
    assert met[:20].sum() == pytest.approx(7.5)
    met = by_fast_hand(serving, state, serving.Parameters(advocacy=False)).residents.met
    assert met[:20].sum() == pytest.approx(6.25)


def local(*, influence: tuple[float, float] = (1.0, 1.0)) -> State:
    """Two neighbourhoods that decide for themselves, unseen by the authority."""
    state = parted([20, 20], [300.0, 100.0])
    state.neighbourhoods.decides[:], state.neighbourhoods.picture_need[:] = 1, 0.0
    for b, share in enumerate(influence):
        state.residents.influence[20 * b : 20 * (b + 1)] = np.arange(20) < round(20 * share)
    return state


@pytest.mark.parametrize("known", [0.0, 0.5, 1.0])
def test_neighbourhoods_that_decide_know_more(known: float) -> None:
    p = serving.Parameters(local_knowledge=known)
    assert allotted(local(), p)[0] == pytest.approx(0.5 + 0.25 * known)


@pytest.mark.parametrize("power", [0.0, 0.25, 1.0])
def test_where_neighbourhoods_decide_the_best_connected_get_more(power: float) -> None:
    """Influence of .9 and .3 of residents, whose mean is .6; nobody's influence counts as a quarter of the mean."""
    p = serving.Parameters(local_knowledge=0.0, capture=power)
    assert allotted(local(influence=(0.9, 0.3)), p)[0] == pytest.approx(3.0**power / (1.0 + 3.0**power))
    assert allotted(local(influence=(0.8, 0.0)), p)[0] == pytest.approx(8.0**power / (1.0 + 8.0**power))
    if power == 0.0:
        assert allotted(local(influence=(0.9, 0.3)), p) == allotted(local(), p)


def test_where_the_authority_decides_the_numbers_of_localism_are_exactly_off() -> None:
    state = town(residents=90, neighbourhoods=3)
    state.neighbourhoods.decides[:] = 0
    most = serving.Parameters(local_knowledge=1.0, capture=1.0, deciding_hours=3.0, participants=20.0)
    assert not differences(by_fast_hand(serving, state, most), by_fast_hand(serving, state, P))
    state.neighbourhoods.decides[:] = 1
    least = serving.Parameters(local_knowledge=0.0, capture=0.0, deciding_hours=0.0)
    one, other = by_fast_hand(serving, state, least), state.fork()
    other.neighbourhoods.decides[:] = 0
    other = by_fast_hand(serving, other, P)
    other.neighbourhoods.decides[:] = 1
    assert not differences(one, other)


def test_deciding_takes_hours_of_volunteers_and_of_officers() -> None:
    """40 residents, 5 in 1,000 of whom decide for 2 hours: .4 hours of either side, as far as they have any."""
    state = local()
    state.services.statutory[0] = 1
    posted = by_fast_hand(serving, state, P).ledger
    assert posted[Flow.HOURS_COUNCIL_RUNNING] == pytest.approx(0.4)
    assert posted[Flow.HOURS_VOLUNTEER_RUNNING] == 0.0
    assert posted[Flow.HOURS_COUNCIL] == pytest.approx(state.services.hours.sum())
    state.services.hours[1:] = 0.0
    assert by_fast_hand(serving, state, P).ledger[Flow.HOURS_COUNCIL_RUNNING] == 0.0
    givers = apart(town(residents=40, habit="everybody volunteers"))
    givers.neighbourhoods.decides[:] = 1
    assert by_fast_hand(serving, givers, P).ledger[Flow.HOURS_VOLUNTEER_RUNNING] == pytest.approx(0.4)


def test_each_neighbourhood_that_decides_pays_for_its_own_deciding() -> None:
    """Of two neighbourhoods one decides: hours for its residents alone, and only its need is better known."""
    state = apart(town(residents=200, neighbourhoods=2, habit="everybody volunteers"))
    heads = np.bincount(state.residents.neighbourhood, minlength=2)
    spent = {}
    for decides in ([0, 0], [1, 0], [1, 1]):
        state.neighbourhoods.decides[:] = decides
        assert_twins(serving, state)
        spent[sum(decides)] = by_fast_hand(serving, state, P).ledger[Flow.HOURS_VOLUNTEER_RUNNING]
    assert spent[0] == 0.0
    assert spent[1] == pytest.approx(P.deciding_hours * P.participants * heads[0] / 1000.0)
    assert spent[2] == pytest.approx(P.deciding_hours * P.participants * heads.sum() / 1000.0)


def test_running_a_library_takes_its_volunteers_hours_as_far_as_they_go() -> None:
    state = apart(town(residents=60, habit="everybody volunteers", seed=4))
    r, charities = state.residents, len(state.charities.id)
    given = np.bincount(r.gives_to, weights=r.pledged_hours, minlength=charities)
    g = int(np.argmax(given))
    before = by_fast_hand(serving, state, P).ledger
    for asked in (10.0, 1e6):
        state.charities.asked_hours[g] = asked
        after = by_fast_hand(serving, state, P).ledger
        assert after[Flow.HOURS_VOLUNTEER_RUNNING] == pytest.approx(min(asked, given[g]))
        assert after[Flow.HOURS_VOLUNTEER] == pytest.approx(before[Flow.HOURS_VOLUNTEER])
        assert_twins(serving, state)


def test_newcomers_take_hours_of_paid_staff_as_far_as_there_are_any() -> None:
    """Three newcomers to a charity of 10 paid hours take 8, if not 10."""
    state = apart(town(residents=40, habit="one group"))
    state.charities.paid_hours[:] = 10.0
    state.residents.role[:3], state.residents.role_since[:3] = 0, state.month - 1
    for hours, taken in ((0.0, 0.0), (2.5, 7.5), (12.0, 10.0)):
        posted = by_fast_hand(serving, state, serving.Parameters(onboarding_hours=hours)).ledger
        assert posted[Flow.HOURS_CHARITY_RUNNING] == pytest.approx(taken)
        assert posted[Flow.HOURS_CHARITY] == pytest.approx(10.0)


def test_where_newcomers_take_nothing_they_are_exactly_off() -> None:
    state = town(residents=90)
    fresh = state.fork()
    fresh.residents.role_since[:] = state.month - 1
    none = serving.Parameters(onboarding_hours=0.0)
    one, other = by_fast_hand(serving, state, none), by_fast_hand(serving, fresh, none)
    assert one.ledger.tobytes() == other.ledger.tobytes()
    assert by_fast_hand(serving, fresh, P).ledger[Flow.HOURS_CHARITY_RUNNING] > 0.0


def test_bought_hours_are_served_like_paid_ones() -> None:
    state = apart(town(residents=90, habit="one group"))
    state.charities.bought_hours[:], state.charities.paid_hours[:] = 30.0, 0.0
    bought = by_fast_hand(serving, state, P)
    state.charities.bought_hours[:], state.charities.paid_hours[:] = 0.0, 30.0
    paid = by_fast_hand(serving, state, P)
    assert np.array_equal(bought.residents.met, paid.residents.met)
    assert bought.ledger[Flow.NEED_MET_CHARITY] == paid.ledger[Flow.NEED_MET_CHARITY] > 0.0


def test_what_each_service_met_is_added_to_its_joint_part() -> None:
    """One kind of need each for two services, of which only the first is in demand."""
    state = parted([40], [0.0])
    state.residents.need[:, 0] = 1000.0
    s = state.services
    s.hours[:], s.kinds[:], s.used[:] = [10.0, 20.0, 30.0, 0.0], 0.0, 7.0
    s.kinds[[0, 2, 3], 0], s.kinds[1, 1] = 1.0, 1.0
    assert by_fast_hand(serving, state, P).services.used == pytest.approx([17.0, 7.0, 37.0, 7.0])


@pytest.mark.parametrize(("serves_place", "expected"), [(0, [0.0, 70.0]), (1, [35.0, 35.0])])
def test_a_charity_serves_its_own_neighbourhood_or_the_place(serves_place: int, expected: list[float]) -> None:
    """30 paid hours, and 40 / .7 pledged hours of mean skill, of a charity at home in the second neighbourhood."""
    state = apart(town(residents=40, neighbourhoods=2, habit="one group"))
    r, c = state.residents, state.charities
    r.belongs[:] = NOBODY
    r.neighbourhood[:], state.neighbourhoods.need_weight[:] = [0] * 20 + [1] * 20, 1.0
    r.need[:], r.met[:], r.skill[:] = 1000.0, 0.0, 1.0
    r.gives_to[:], r.pledged_hours[:] = NOBODY, 0.0
    r.gives_to[0], r.pledged_hours[0] = 0, 40.0 / 0.7
    state.services.hours[:] = 0.0
    c.neighbourhood[:], c.serves_place[:], c.paid_hours[:] = 1, serves_place, 30.0
    after = by_fast_hand(serving, state, P)
    assert [after.residents.met[:20].sum(), after.residents.met[20:].sum()] == pytest.approx(expected)
    assert after.ledger[Flow.HOURS_VOLUNTEER] == pytest.approx(40.0 / 0.7)
    assert after.ledger[Flow.NEED_MET_VOLUNTEERS] == pytest.approx(40.0)
    assert after.ledger[Flow.NEED_MET_CHARITY] == pytest.approx(30.0)


def test_a_volunteers_hour_is_worth_skill_and_worth() -> None:
    state = apart(town(residents=40, habit="everybody volunteers"))
    state.residents.need[:], state.residents.met[:] = 1000.0, 0.0
    weighed = (state.residents.skill * state.residents.pledged_hours).sum()
    for worth in (0.3, 1.0):
        after = by_fast_hand(serving, state, serving.Parameters(volunteer_worth=worth))
        assert after.ledger[Flow.NEED_MET_VOLUNTEERS] == pytest.approx(worth * weighed)
        assert after.ledger[Flow.HOURS_VOLUNTEER] == pytest.approx(state.residents.pledged_hours.sum())


def test_without_any_hours_nothing_happens() -> None:
    before = short_town(0.0)
    after = by_fast_hand(serving, before, P)
    assert np.array_equal(after.residents.met, before.residents.met)
    assert after.ledger[Flow.NEED_UNMET] == pytest.approx(before.residents.need.sum())
    assert np.count_nonzero(after.ledger) == 1


def test_where_the_formula_has_no_weight_shares_are_equal() -> None:
    state = apart(town(residents=90, neighbourhoods=2))
    state.neighbourhoods.need_weight[:] = 0.0
    assert_twins(serving, state)
    assert by_fast_hand(serving, state, P).ledger[Flow.HOURS_COUNCIL] == pytest.approx(state.services.hours.sum())
