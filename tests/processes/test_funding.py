from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sim.chance import Dice
from sim.composition import compose
from sim.ledger import Flow, imbalance, stocks
from sim.processes import funding
from sim.processes.funding import kernel
from sim.state import NOBODY, State
from sim.world import build, drivers
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins, by_fast_hand

P = funding.Parameters()
FAULTS = [
    ("ledger[Flow.COUNCIL_OTHER] += other / 12.0", "ledger[Flow.COUNCIL_OTHER] += core / 12.0"),
    ("(1.0 - p.care_floor) * cut", "p.care_floor * cut"),
    ("if month < policies.start[row] or after", "if month <= policies.start[row] or after"),
    ("            rest -= paid\n", ""),
    ("(care if services.statutory[s] == STATUTORY else rest)", "care"),
    ("strongest[g] = max(strongest[g], partnerships.strength[slot])", "strongest[g] += partnerships.strength[slot]"),
    ("charities.serves_place[g] == 0 and", "charities.serves_place[g] == 1 and"),
    ("contracts[g] *= services.spend[s] / due[s]", "contracts[g] *= 1.0"),
    ("(services.spend[s] - services.contracts[s]) / p", "services.spend[s] / p"),
    ("here = derived_id(seed, b)", "here = derived_id(seed, 0)"),
    ("count[g] += 1.0", "count[g] += 2.0"),
    ("services.spend[LIBRARIES] -= freed", "services.spend[LIBRARIES] -= 0.0"),
    ("freed = p.library_freed * handed *", "freed = handed *"),
    ("handed += 1.0 if charity != 0 else 0.0", "handed += 1.0"),
]
YEARS = {year: row for year, row in drivers().items() if year <= 2023}


def council_of(world: str, *, months: int = 204) -> State:
    """A town whose council has nothing to do but follow a world, at the month before it begins."""
    config = compose([f"world={world}"])
    state = town(residents=30, habit="no ties", month=0)
    state.world = state.world._replace(**build(config.world, config.place, months))
    state.policies.dose[:], state.policies.ramp[:] = 0.0, 0
    state.services.share[:] = [0.7, 0.3, 0.6, 0.4]
    council, charities = state.council, state.charities
    council.reorganisation_due[:], council.saved_share[:] = 0.0, 0.0
    state.neighbourhoods.library_run_by[:] = 0
    for base in (charities.private_base, charities.grants_base, charities.contracts_base):
        base[:] = 0.01 * base
    year = council.core_founding[0] + council.other_founding[0]
    council.discretionary_founding[:] = (1.0 - council.care_share[0]) * year / 12.0
    left = council.discretionary_founding[0] - P.council_part * charities.grants_base.sum()
    state.services.spend_founding[:] = state.services.share * [*[council.care_share[0] * year / 12.0] * 2, left, left]
    assert left > 0.0
    return state


def lived(state: State, months: int, p: funding.Parameters = P) -> Iterator[State]:
    """The state after each month of funding, the books checked."""
    for month in range(state.month, state.month + months):
        state.month = month
        before = stocks(state)
        state.ledger[:] = 0.0
        funding.advance(state, p, Dice(1, month))
        gap = imbalance(before, state)
        assert abs(gap["council"]) < 1e-9 * max(1.0, state.ledger[Flow.COUNCIL_CORE])
        assert abs(gap["purse"]) < 1e-9 * max(1.0, state.ledger[Flow.PURSE_OUTSIDE])
        assert abs(gap["charities' books"]) < 1e-9 * max(1.0, before["charities' books"])
        yield state


SETTINGS = st.builds(
    funding.Parameters, cuts=st.booleans(), modes=st.booleans(), voice=st.sampled_from([0.0, 0.5, 2.0]),
    need_tilt=st.sampled_from([0.0, 0.5, 1.0]), crowd_give=st.sampled_from([-0.3, 0.0, 0.3]),
    closing=st.sampled_from([0.0, 0.6, 1.5]), rethink=st.sampled_from([-1.0, 0.0, 1.0]),
    culture_effect=st.sampled_from([-0.5, 0.0, 0.5]), decide_at=st.sampled_from(["authority", "neighbourhood"]),
)  # fmt: skip


@given(RECIPES, SETTINGS, st.integers(0, 1), st.integers(0, 1), st.sampled_from([0.0, 3.0, 1e5]), st.integers(-40, 3))
def test_the_hands_agree(
    recipe: dict[str, Any], p: funding.Parameters, payer: int, where: int, demand: float, start: int
) -> None:
    """In any month, in force or fading, paid by either, with care beyond the budget and reserves below nil."""
    state = town(**recipe)
    state.officers.filled[: payer * 2] = 0
    state.policies.payer[:] = payer, 1 - payer
    state.policies.where[:] = where - 1, 0
    state.policies.start[:] = state.month + start, state.month - 1
    state.policies.months[:] = 24, 1
    if demand:
        state.world.care_demand[:] = demand
    if demand == 1e5:
        state.council.reserves[:] *= -1.0
    assert_twins(funding, state, p)
    state.month -= state.month % 12
    assert_twins(funding, state, p)


@given(RECIPES, SETTINGS, st.sampled_from([0.0, 1e5]))
def test_every_pound_has_a_payer_and_a_payee(recipe: dict[str, Any], p: funding.Parameters, demand: float) -> None:
    """The council's reserves, charities' books and the purses change by the posted flows, and by no more."""
    state = town(**recipe)
    state.policies.payer[:] = 1
    state.world.care_demand[:] += demand
    before = stocks(state)
    state.ledger[:] = 0.0
    funding.advance(state, p, Dice(state.seed, state.month))
    gap, turnover = imbalance(before, state), max(1.0, np.abs(state.ledger).sum(), *map(abs, before.values()))
    assert max(abs(gap[stock]) for stock in ("council", "charities' books", "purse")) < 1e-12 * turnover
    c, ledger = state.charities, state.ledger
    paid = ledger[[Flow.COUNCIL_GRANTS, Flow.COUNCIL_CONTRACTS]].sum()
    assert c.from_council.sum() == pytest.approx(paid)
    assert c.grants.sum() == pytest.approx(ledger[Flow.COUNCIL_GRANTS] + ledger[Flow.STATE_GRANTS])
    assert c.contracts.sum() == pytest.approx(ledger[Flow.COUNCIL_CONTRACTS] + ledger[Flow.STATE_CONTRACTS])
    assert state.services.contracts.sum() == pytest.approx(ledger[Flow.COUNCIL_CONTRACTS])
    assert ledger[Flow.COUNCIL_GRANTS] <= state.council.spend_discretionary[0] * (1.0 + 1e-12)
    assert np.all(state.services.hours >= 0.0)
    assert not (c.grants + c.contracts + c.private_income + c.reserves)[c.alive == 0].any()


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    """At the start of the second policy's money, which the council pays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.twins.town", _paying_town)
        assert_fault_is_caught(funding, kernel, "fund_the_month", right, wrong)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(funding, kernel, "fund_the_month", *FAULTS[0], compiled=True)


def _paying_town(**how: Any) -> State:
    state = town(**how, month=12)
    state.policies.start[:] = 12
    return state


def test_the_kernel_is_compiled() -> None:
    assert_twins(funding, town())
    assert kernel.fund_the_month.nopython_signatures


def test_history_gives_the_recorded_split() -> None:
    """Discretionary money a head and the share of care stay within 3 points of what was recorded, in every year.

    Neither is an input: they follow from core funding, the care floor, fees and demand.
    """
    split = [
        (state.council.spend_statutory[0], state.council.spend_discretionary[0])
        for state in lived(council_of("history"), 204)
    ][::12]
    base = split[list(YEARS).index(2010)][1]
    for (year, recorded), (care, rest) in zip(YEARS.items(), split, strict=True):
        assert abs(100.0 * rest / base - recorded["discretionary_pp"]) < 3.0, year
        assert abs(100.0 * care / (care + rest) - recorded["care_share_pct"]) < 3.0, year


def test_in_flat_nothing_ever_changes() -> None:
    """To the bit, for fifty years."""
    months = lived(council_of("flat"), 600)
    assert len({(s.council.reserves[0], s.services.spend.tobytes(), s.ledger.tobytes()) for s in months}) == 1


def test_cuts_off_is_a_world_without_them() -> None:
    off, flat = council_of("history"), council_of("flat")
    off.world.care_demand[:], off.world.household[:] = 1.0, 1.0
    for a, b in zip(lived(off, 204, replace(P, cuts=False)), lived(flat, 204), strict=True):
        assert a.services.spend.tobytes() == b.services.spend.tobytes()
        assert a.ledger.tobytes() == b.ledger.tobytes()


def test_care_bears_a_tenth_of_the_cut() -> None:
    """With a fall of a fifth of all income and nothing else, care loses .02 and the rest the whole remainder."""
    state = council_of("flat")
    (founding,) = [s.services.spend.copy() for s in lived(state, 1)]
    state.world.core_funding[:], state.world.other_income[:] = 0.8, 0.8
    (after,) = [s.services.spend for s in lived(state, 1, replace(P, smoothing=0.0))]
    share = 0.49
    assert after[:2].sum() == pytest.approx(0.98 * founding[:2].sum())
    assert after[2:].sum() == pytest.approx((0.8 - 0.98 * share) / (1.0 - share) * founding[2:].sum())
    paid_for = state.services.hours * P.council_hour_gbp / state.constants.council_scale
    assert paid_for == pytest.approx(after - state.services.contracts)


def test_reserves_soften_a_fall_and_are_filled_again() -> None:
    state = council_of("flat", months=36)
    state.world.core_funding[12:24] = 0.9
    reserves = [s.council.reserves[0] for s in lived(state, 36)]
    fall = 0.1 * state.council.core_founding[0]
    assert reserves[0] - reserves[23] == pytest.approx(P.smoothing * fall)
    assert reserves[23] < reserves[35] < reserves[0]


def test_care_beyond_the_budget_ends_in_section_114() -> None:
    """Care takes all, reserves go below nil, and the notice comes in the April after."""
    state = council_of("flat")
    state.world.care_demand[:] = 2.5
    state.council.reserves[:] = 1000.0
    notices = []
    for month in lived(state, 24):
        assert month.council.spend_discretionary[0] == 0.0
        notices.append(int(month.council.section_114[0]))
    assert notices == [0] * 12 + [1] * 12
    assert state.council.reserves[0] < 0.0


def test_reserves_drawn_to_the_last_pound_bring_no_notice() -> None:
    state = council_of("flat")
    state.world.core_funding[:] = 0.5
    state.council.reserves[:] = 0.1
    assert not any(int(month.council.section_114[0]) for month in lived(state, 60, replace(P, smoothing=0.5)))


def purse(**changed: Any) -> list[float]:
    """What a policy of £12 a resident-year for 24 months from month 3 receives, month by month, in a town of 30."""
    state = council_of("flat")
    state.policies.dose[0] = 12.0
    state.policies.start[0], state.policies.months[0], state.policies.taper[0] = 3, 24, 0
    state.policies.where[0], state.policies.payer[0] = -1, 0
    for name, value in changed.items():
        getattr(state.policies, name)[0] = value
    state.policies.balance[:] = 0.0
    received = [float(month.policies.received[0]) for month in lived(state, 48)]
    assert state.policies.balance[0] == pytest.approx(sum(received))
    return received


def test_a_purse_is_filled_while_its_policy_lasts() -> None:
    assert purse() == [0.0] * 3 + [30.0] * 24 + [0.0] * 21


def test_a_ramp_rises_along_a_straight_line() -> None:
    assert purse(ramp=3) == pytest.approx([0.0] * 3 + [7.5, 15.0, 22.5] + [30.0] * 21 + [0.0] * 21)
    assert purse(ramp=1, taper=1)[3:29] == pytest.approx([15.0] + [30.0] * 23 + [15.0, 0.0])


def test_a_taper_fades_along_a_straight_line() -> None:
    assert purse(taper=3) == pytest.approx([0.0] * 3 + [30.0] * 24 + [22.5, 15.0, 7.5] + [0.0] * 18)


def test_early_and_late_cost_the_same_to_the_pound() -> None:
    assert sum(purse(start=3)) == sum(purse(start=15)) == 720.0


def test_money_for_one_neighbourhood_follows_its_residents() -> None:
    state = council_of("flat")
    living = int(np.sum(state.residents.neighbourhood == 1))
    assert 0 < living < 30
    assert max(purse(where=1)) == living


def test_what_the_council_pays_comes_from_the_rest() -> None:
    """Pound for pound, and no more than there is."""
    state = council_of("flat")
    (before,) = [month.council.spend_discretionary[0] for month in lived(state.fork(), 1)]
    state.policies.dose[0], state.policies.payer[0], state.policies.start[0] = 100.0, 1, 0
    for month in lived(state, 1):
        assert month.council.spend_discretionary[0] == pytest.approx(before - 250.0)
        assert month.ledger[Flow.COUNCIL_NURTURE] == month.ledger[Flow.PURSE_COUNCIL] == 250.0
    state.policies.dose[:] = 1e6
    state.policies.start[:] = 0
    state.policies.payer[:] = 1
    for month in lived(state, 1):
        assert month.council.spend_discretionary[0] == 0.0
        assert month.policies.received.tolist() == pytest.approx([before, 0.0])


def test_with_no_budget_nothing_is_spent() -> None:
    after = by_fast_hand(funding, town(habit="no budget", month=12), P)
    assert not after.services.spend.any()
    assert np.isfinite(after.council.reserves).all()
    assert not after.charities.from_council.any()


def test_with_no_charities_the_council_keeps_its_services() -> None:
    state = town(habit="no groups", month=12)
    after = by_fast_hand(funding, state, P)
    hours = state.constants.council_scale[0] * after.services.spend.sum() / P.council_hour_gbp
    assert after.services.hours.sum() == pytest.approx(hours)
    assert after.ledger[[Flow.COUNCIL_GRANTS, Flow.STATE_GRANTS, Flow.PRIVATE_INCOME]].tolist() == [0.0, 0.0, 0.0]


def test_where_nothing_was_discretionary_at_founding_nothing_has_fallen() -> None:
    """Every place stays open, openness is as it was, and no more is granted than there is."""
    state = council_of("flat")
    state.council.discretionary_founding[:], state.council.care_share[:] = 0.0, 1.0
    state.services.spend_founding[2:] = 0.0
    (after,) = lived(state, 1, replace(P, rethink=1.0))
    assert after.council.openness[0] == 1.0
    assert np.all(after.neighbourhoods.venues_open == 0b111)
    assert after.ledger[Flow.COUNCIL_GRANTS] == 0.0
    assert not after.services.hours[2:].any()


# What charities get.


def paid(state: State, p: funding.Parameters = P, **world: float) -> State:
    """The town after one month under this parameter set, the world changed as said."""
    after = state.fork()
    for name, level in world.items():
        getattr(after.world, name)[:] = level
    after.ledger[:] = 0.0
    funding.advance(after, p, Dice(after.seed, after.month))
    return after


def busy_council(**how: Any) -> State:
    """A council at its founding level, charities at home in two neighbourhoods, and officers who know some of them."""
    state = council_of("flat")
    c = state.charities
    assert len(c.id) > 3
    c.alive[:], c.service[:], c.serves_place[:] = 1, 2 + np.arange(len(c.id)) % 2, 0
    c.private_base[:], c.grants_base[:], c.contracts_base[:] = 50.0, 10.0, np.arange(len(c.id)) * 4.0
    c.neighbourhood[:] = np.arange(len(c.id)) % 2
    state.neighbourhoods.needed[:], state.neighbourhoods.picture_need[:] = [0.7, 0.3], 0.5
    left = state.council.discretionary_founding[0] - P.council_part * c.grants_base.sum()
    state.services.spend_founding[2:] = state.services.share[2:] * left
    for name, value in how.items():
        getattr(c, name)[:] = value
    return state


def test_at_founding_charities_get_what_they_had() -> None:
    """Untilted grants, and contracts, are the base to a billionth; four ninths of them come from elsewhere."""
    state = busy_council()
    after = paid(state, replace(P, voice=0.0, need_tilt=0.0))
    c = after.charities
    assert c.grants == pytest.approx(c.grants_base)
    assert c.contracts == pytest.approx(c.contracts_base)
    assert c.from_council == pytest.approx(20.0 / 36.0 * (c.grants_base + c.contracts_base))


@pytest.mark.parametrize("left", [1.0, 0.8])
def test_tilting_moves_grants_between_charities_and_not_their_sum(left: float) -> None:
    """Off, nobody is tilted; at the top, a partnership of full strength trebles a grant beside none."""
    state = busy_council()
    state.partnerships.charity[:], state.partnerships.strength[:] = -1, 0.0
    state.partnerships.charity[0], state.partnerships.strength[0], state.officers.filled[0] = 1, 1.0, 1
    flat, loud, seen = (
        paid(state, replace(P, voice=voice, need_tilt=tilt), core_funding=left, other_income=left)
        for voice, tilt in ((0.0, 0.0), (2.0, 0.0), (0.0, 1.0))
    )
    for after in (loud, seen):
        for flow in (Flow.COUNCIL_GRANTS, Flow.STATE_GRANTS, Flow.COUNCIL_CONTRACTS):
            assert after.ledger[flow] == pytest.approx(flat.ledger[flow], rel=1e-12)
    flat_grants, loud_grants, seen_grants = (
        s.charities.grants - (1.0 - P.council_part) * s.charities.grants_base for s in (flat, loud, seen)
    )
    assert flat_grants == pytest.approx(flat_grants.mean())
    others = np.arange(len(loud_grants)) != 1
    assert loud_grants[1] / loud_grants[others] == pytest.approx(3.0)
    heads = np.bincount(state.residents.neighbourhood, minlength=2)
    a_head = 1.0 + 0.5 * (state.neighbourhoods.needed * heads.sum() / heads - 1.0)
    assert seen_grants[0] / seen_grants[1] == pytest.approx(a_head[0] / a_head[1])


def test_an_empty_post_has_no_voice() -> None:
    state = busy_council()
    state.officers.filled[:] = 0
    loud, mute = paid(state, replace(P, voice=2.0)), paid(state, replace(P, voice=0.0))
    assert loud.charities.grants.tobytes() == mute.charities.grants.tobytes()


def test_grants_fall_with_discretionary_money_and_contracts_with_their_service() -> None:
    before = paid(busy_council(contracts_base=40.0))
    p = replace(P, smoothing=0.0)
    after = paid(busy_council(contracts_base=40.0), p, core_funding=0.8, other_income=0.8)
    left = after.council.spend_discretionary[0] / before.council.spend_discretionary[0]
    assert 0.5 < left < 0.7
    assert after.ledger[Flow.COUNCIL_GRANTS] == pytest.approx(left * before.ledger[Flow.COUNCIL_GRANTS])
    assert after.services.contracts[2:] == pytest.approx(left * before.services.contracts[2:])
    for flow in (Flow.STATE_GRANTS, Flow.STATE_CONTRACTS):
        assert after.ledger[flow] == before.ledger[flow]
    paid_for = before.services.hours * 22.0 / before.constants.council_scale
    assert paid_for == pytest.approx(before.services.spend - before.services.contracts)


def test_a_service_pays_no_more_contracts_than_it_has() -> None:
    after = paid(busy_council(contracts_base=1e6))
    assert after.services.contracts[2:] == pytest.approx(after.services.spend[2:])
    assert not after.services.hours[2:].any()
    assert after.charities.grants.sum() > 0.0
    after = paid(busy_council(grants_base=1e6))
    assert after.ledger[Flow.COUNCIL_GRANTS] == pytest.approx(after.council.spend_discretionary[0])
    assert not after.services.spend[2:].any()


def test_a_pound_is_a_pound_once_modes_are_off() -> None:
    """The totals stay, and charities share each of them pro rata to income; on, who had no contract gets none."""
    state = busy_council()
    state.charities.private_base[:] = 10.0 * (1.0 + np.arange(len(state.charities.id)))
    on, off = (paid(state, replace(P, modes=modes), core_funding=0.8) for modes in (True, False))
    for flow in (Flow.COUNCIL_GRANTS, Flow.COUNCIL_CONTRACTS, Flow.STATE_GRANTS, Flow.STATE_CONTRACTS):
        assert off.ledger[flow] == pytest.approx(on.ledger[flow], rel=1e-12)
    c = state.charities
    income = c.private_base + c.grants_base + c.contracts_base
    for column in ("grants", "contracts", "from_council"):
        total = getattr(on.charities, column).sum()
        assert getattr(off.charities, column) == pytest.approx(total * income / income.sum())
    assert on.charities.contracts[0] == 0.0 < off.charities.contracts[0]
    assert off.services.hours.tobytes() == on.services.hours.tobytes()
    assert (on.council.modes_differ[0], off.council.modes_differ[0]) == (1, 0)


def test_private_income_follows_households_members_and_trust() -> None:
    state = busy_council(luck=0.0, joining_weight=1.0)
    state.residents.belongs[:] = NOBODY
    state.bands.members[:] = 3.0
    state.residents.belongs[:7] = 0
    state.residents.trust_charity_first[:] = 0.5
    state.residents.trust_charity[:] = 0.6
    after = paid(state, household=0.9)
    expected = 50.0 * 0.9 * (0.6 / 0.5) ** 0.5
    assert after.charities.private_income[0] == pytest.approx(expected * 2.0**0.3)
    assert after.charities.private_income[1] == pytest.approx(expected * 0.25**0.3)
    off = paid(state, replace(P, members_power=0.0, trust_power=0.0))
    assert np.all(off.charities.private_income == 50.0)


@pytest.mark.parametrize("crowd", [-0.3, 0.0, 0.3])
def test_gifts_move_with_what_the_state_cuts_by_pounds_a_pound(crowd: float) -> None:
    state = busy_council()
    after = paid(state, replace(P, crowd_give=crowd), core_funding=0.8)
    without = paid(state, core_funding=0.8)
    c = after.charities
    cut = c.grants_base + c.contracts_base - c.grants - c.contracts
    assert cut.sum() > 1.0
    assert c.private_income - without.charities.private_income == pytest.approx(crowd * cut, abs=1e-9)
    if crowd == 0.0:
        assert c.private_income.tobytes() == without.charities.private_income.tobytes()


# How the council chooses.


@pytest.mark.parametrize(("name", "value", "openness"), [
    ("rethink", 0.0, 1.0), ("culture_effect", 0.0, 1.0), ("rethink", 1.0, 1.5), ("rethink", -1.0, 0.5),
    ("culture_effect", 0.5, 1.5), ("culture_effect", -0.5, 0.5),
])  # fmt: skip
def test_openness_follows_the_choice_and_culture(name: str, value: float, openness: float) -> None:
    """With half the discretionary money left, and a full programme of culture."""
    state = council_of("flat")
    state.council.culture[:] = 1.0
    state.council.discretionary_founding[:] = 2.0 * state.council.discretionary_founding
    after = paid(state, replace(P, **{name: value}))
    assert after.council.openness[0] == pytest.approx(openness)


def test_it_decides_where_it_says() -> None:
    for where, locally in (("authority", 0), ("neighbourhood", 1)):
        assert np.all(paid(council_of("flat"), replace(P, decide_at=where)).neighbourhoods.decides == locally)


def test_what_libraries_no_longer_cost_goes_to_the_other_services_and_the_books_balance() -> None:
    """Half of the libraries are run by charities: .8 of half their spending goes to the others, by share."""
    state = council_of("flat")
    assert len(state.neighbourhoods.x) == 2
    state.charities.contracts_base[:] = 0.0
    state.services.statutory[:], state.services.share[:] = [1, 0, 0, 0], [1.0, 0.1, 0.5, 0.4]
    state.neighbourhoods.library_run_by[:] = 0
    before = paid(state)
    state.neighbourhoods.library_run_by[:] = [state.charities.id[0], 0]
    after = paid(state)
    freed = 0.8 * 0.5 * before.services.spend[2]
    moved = after.services.spend - before.services.spend
    assert moved == pytest.approx([0.0, freed * 0.1 / 0.5, -freed, freed * 0.4 / 0.5])
    assert after.services.hours.sum() == pytest.approx(before.services.hours.sum())
    assert after.ledger == pytest.approx(before.ledger)
    assert_twins(funding, state)
    alone = state.fork()
    alone.services.share[:] = [1.0, 0.0, 1.0, 0.0]
    assert paid(alone).services.spend[2] > 0.9 * before.services.spend[1:].sum()  # there is nobody to give it to


def test_places_shut_as_money_falls_and_the_same_ones_open_again() -> None:
    """In proportion, and none where closing is off; whatever the month."""
    state = town(residents=90, neighbourhoods=200, month=3)
    state.neighbourhoods.venues[:] = 5
    state.policies.dose[:], state.council.reorganisation_due[:], state.world.care_demand[:] = 0.0, 0.0, 1.0
    council = state.council
    rest = paid(state, replace(P, cuts=False)).council.spend_discretionary[0]

    def opened(left: float, closing: float, month: int = 3) -> Any:
        council.discretionary_founding[:], state.month = rest / left, month
        return paid(state, replace(P, cuts=False, closing=closing)).neighbourhoods.venues_open

    assert np.all(opened(1.0, 1.5) == 0b11111)
    assert np.all(opened(0.2, 0.0) == 0b11111)
    assert not opened(0.2, 1.5).any()
    fewer, fewest = opened(0.5, 0.6), opened(0.3, 0.6)
    assert not (fewest & ~fewer).any()
    opened_share = sum(int(b).bit_count() for b in fewer) / 1000
    assert abs(opened_share - 0.7) < 4 * np.sqrt(0.21 / 1000)
    assert np.array_equal(opened(0.5, 0.6, month=4), fewer)


# Reorganising.


def test_a_reorganisation_is_paid_off_in_twelve_parts() -> None:
    """Its cost comes from discretionary money, and is gone after a year."""
    state = council_of("flat")
    year = state.council.core_founding[0] + state.council.other_founding[0]
    (free,) = [s.council.spend_discretionary[0] for s in lived(state.fork(), 1)]
    state.council.reorganisation_due[:] = 0.01 * year
    spent = [(s.ledger[Flow.COUNCIL_REORGANISATION], s.council.spend_discretionary[0]) for s in lived(state, 14)]
    paid_off, rest = np.array(spent).T
    assert paid_off == pytest.approx([0.01 * year / 12.0] * 12 + [0.0] * 2, abs=1e-9)
    assert rest == pytest.approx(free - paid_off)
    assert state.council.reorganisation_due[0] == pytest.approx(0.0, abs=1e-9)


def test_without_discretionary_money_the_cost_stays_due() -> None:
    state = council_of("flat")
    state.council.care_share[:], state.council.reorganisation_due[:] = 1.0, 100.0
    (after,) = lived(state, 1)
    assert after.council.reorganisation_due[0] == pytest.approx(100.0)


@pytest.mark.parametrize("saved", [-0.01, 0.0, 0.04])
def test_what_is_saved_adds_to_every_month(saved: float) -> None:
    """Nine tenths of it, and a little more, reach what is not care."""
    state = council_of("flat")
    year = state.council.core_founding[0] + state.council.other_founding[0]
    (free,) = [s.council.spend_discretionary[0] for s in lived(state.fork(), 1)]
    state.council.saved_share[:] = saved
    for after in lived(state, 24):
        assert after.ledger[Flow.COUNCIL_SAVED] == pytest.approx(saved * year / 12.0)
        gain = saved * year / 12.0 * (1.0 - 0.49 * (1.0 - P.care_floor))
        assert after.council.spend_discretionary[0] == pytest.approx(free + gain)
