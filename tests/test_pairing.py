"""Scenarios share all luck: alike until something differs, and then alike where the difference cannot have come.

In the first month of a policy for one neighbourhood, who lives elsewhere has the same life up to the hour at which
neighbours help: same people, homes, meetings, ties (also to that neighbourhood), need, roles and pledges. Help is
different from then on wherever a chain of ties, or of people of one neighbourhood, leads: who is helped more by those
who were met leaves more of the others' time. Whom no such chain reaches stay the same to the bit in everything.

All of a place share the money that is left, the rows of bodies that closed, and what charities and officers of the
whole place do. So a policy can reach anybody from its second month on, and who founds a body takes the next free row:
where reach is tested nobody founds any.
"""

import numpy as np
import pytest

from sim import CommunityModel, compose
from sim.chance import Dice, run_seed
from sim.composition import options
from sim.founding import found
from sim.policy import INSTRUMENTS
from sim.processes import nurture, volunteering
from sim.schedule import live_a_month
from sim.state import EMPTY, SLOTS, State
from tests.test_agreement import CONFIG
from tests.towns import HABITS, town
from tests.twins import differences

SMALL = ("place.residents=1500", "months=72")
NONE, EARLY, LATE = ([f"policy={name}"] for name in ("none", "nurture_early", "nurture_late"))
MEALS = ["policy=ready_meals"]


def first(overrides, seed=0):
    config = compose([*SMALL, *overrides])
    return config, found(config, run_seed(config.seed, seed))


def bits(column):
    return column.tobytes()


def apart(one, other, but=()):
    """Columns in which two states differ, tables left out that must."""
    pairs = zip(one.columns(), other.columns(), strict=True)
    differ = [f"{table}.{name}" for (table, name, a), (_, _, b) in pairs if table not in but and bits(a) != bits(b)]
    return differ + ["ledger"] * (one.ledger.tobytes() != other.ledger.tobytes())


@pytest.mark.parametrize(("a", "b", "month"), [
    (NONE, EARLY, 24), (NONE, MEALS, 24), (MEALS, EARLY, 24), (EARLY, [*EARLY, "policy.nurture_early.months=6"], 30),
    (["world=flat"], ["world=essay"], 48), (["world=essay", *NONE], ["world=essay", *EARLY], 24),
], ids=["nurture", "ready meals", "two policies", "one that ends", "cuts", "nurture under cuts"])  # fmt: skip
def test_scenarios_are_the_same_to_the_bit_until_they_part(a, b, month):
    (config_a, one), (config_b, other) = first(a), first(b)
    but = ("policies", "world")  # what is ahead of them
    assert apart(one, other, but) == []
    for lived in range(month):
        seen = live_a_month(one, config_a), live_a_month(other, config_b)
        assert apart(one, other, but) == [], f"apart in month {lived}"
        for x, y in zip(*seen, strict=True):
            assert all(np.array_equal(x[name], y[name], equal_nan=True) for name in x)
    live_a_month(one, config_a), live_a_month(other, config_b)
    assert apart(one, other, but)
    for _ in range(9):
        live_a_month(one, config_a), live_a_month(other, config_b)
    assert "residents.met" in apart(one, other, but)


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_a_policy_without_money_changes_nothing_to_the_bit(instrument):
    """Half a year of whole months with two purses of nil, beside the same town without a policy."""
    state = town(residents=60, neighbourhoods=3, seed=7, month=0)
    state.policies.dose[:] = state.policies.balance[:] = state.policies.people[:] = 0.0
    state.policies.where[:] = [-1, 0]
    none = state.fork()
    state.policies.instrument[:], none.policies.instrument[:] = INSTRUMENTS.index(instrument), 127
    for month in range(6):
        assert differences(none, state)[1:] == [], month  # the instrument's own number comes first, and nothing after
        live_a_month(none, CONFIG), live_a_month(state, CONFIG)


POLICIES = [name for name in options("policy") if name not in {"none", "place_programme"}]
"""A place programme is two policies under names of their own."""


@pytest.fixture(scope="module")
def plain():
    """A place without any policy, at the beginning of each month of its first year and a half."""
    config, state = first(["world=history"])
    months = [state.fork()]
    for _ in range(18):
        live_a_month(state, config)
        months.append(state.fork())
    return months


@pytest.mark.parametrize("policy", POLICIES)
def test_each_policy_begins_in_its_month_and_not_before(policy, plain):
    begins = 6
    config, state = first([
        "world=history", f"policy={policy}", f"policy.{policy}.start=2007-10", f"policy.{policy}.dose=100"
    ])  # fmt: skip
    for month in range(18):
        assert (apart(plain[month], state, ("policies",)) == []) == (month <= begins), month
        live_a_month(state, config)
    if policy == "hand_over_libraries":
        assert state.neighbourhoods.library_run_by.any()  # in the month in which it was paid for, and for good
    else:
        assert state.policies.people[0] > 0 or policy in {"culture", "shared_assets"}  # no place is shut so early


def test_policies_together_begin_each_in_its_month(plain):
    names = ",".join(POLICIES)
    config, state = first([
        "world=history", f"policy=[{names}]", *(f"policy.{name}.start=2008-0{1 + k % 3}" for k, name in
        enumerate(POLICIES)),
    ])  # fmt: skip
    for month in range(10):
        assert apart(plain[month], state, ("policies",)) == []
        if month < 9:
            live_a_month(state, config)
    live_a_month(state, config)
    assert apart(plain[10], state, ("policies",))


def test_other_luck_parts_at_once():
    config, one = first(["world=flat"])
    _, other = first(["world=flat"], seed=1)
    live_a_month(one, config), live_a_month(other, config)
    assert {"residents.role", "ties.alter", "residents.trust_council"} <= set(apart(one, other))


# A policy in one neighbourhood

HELP = {
    "met", "spare_hours", "helping_hours", "helped_months", "received_months", "hours_past", "trust_council",
    "trust_charity", "influence",
}  # fmt: skip
"""Columns of residents that follow from who helped whom."""


def months_with_and_without(state, config, where=0):
    """The month from one state, with organisers in one neighbourhood and with none."""
    without, with_it = state.fork(), state.fork()
    for one, dose in ((without, 0.0), (with_it, 500.0)):
        policies = one.policies
        policies.dose[:], policies.balance[:], policies.overhead[:] = dose, 0.0, 0.15
        policies.instrument[:], policies.where[:], policies.payer[:] = 0, where, 0
        policies.start[:], policies.months[:] = state.month, 12
        live_a_month(one, config)
    return without, with_it


def divided(seed):
    """A made-up town of six neighbourhoods, in which no tie leads from the first three to the last three."""
    state = town(residents=400, neighbourhoods=6, seed=seed, month=2)
    home, t = state.residents.neighbourhood, state.ties
    owner = np.arange(len(t.alter)) // SLOTS
    across = (t.alter != EMPTY) & ((home[owner] < 3) != (home[t.alter] < 3))
    for column in t:
        column[across] = EMPTY if column is t.alter else 0
    state.constants.search_chance[:] = 0.3
    return unfounding(state)


def unfounding(state):
    """Nobody founds a body."""
    state.constants.register_chance[:] = state.constants.group_chance[:] = state.neighbourhoods.groups_due[:] = 0.0
    return state


NEAR = compose(["world=flat", "ties.near_share=1.0", "renewal.leave_share=1.0"])
"""Nobody seeks ties outside the own neighbourhood, and nobody takes theirs into another."""


def rows_that_differ(one, other):
    """For each column of residents, the rows that differ."""
    pairs = zip(one.residents._fields, one.residents, other.residents, strict=True)
    return {name: set(np.flatnonzero((a != b).reshape(len(a), -1).any(axis=1)).tolist()) for name, a, b in pairs}


def ties_of(state, rows):
    """All ties with an end among these rows, with their strength and all else, wherever they are kept."""
    t = state.ties
    held = np.flatnonzero(t.alter != EMPTY)
    return {
        tuple(sorted((int(slot // SLOTS), int(t.alter[slot])))): tuple(column[slot].item() for column in t[1:])
        for slot in held if slot // SLOTS in rows or int(t.alter[slot]) in rows
    }  # fmt: skip


def within_reach(state, where=0):
    """Residents to whom chains of ties and of neighbours lead from a neighbourhood."""
    home, t = state.residents.neighbourhood, state.ties
    held = np.flatnonzero(t.alter != EMPTY)
    a, b = held // SLOTS, t.alter[held]
    reached = home == where
    while True:
        more = reached | np.isin(home, home[reached])
        more[a] |= more[b]
        more[b] |= more[a]
        if (more == reached).all():
            return set(np.flatnonzero(reached).tolist())
        reached = more


def changes_beyond_reach(without, with_it):
    """What differs, in any column or tie, for those whom the policy cannot reach."""
    away = set(range(len(without.residents.id))) - within_reach(without) - within_reach(with_it)
    assert len(away) > 100
    changes = {name: rows & away for name, rows in rows_that_differ(without, with_it).items() if rows & away}
    return changes | ({} if ties_of(without, away) == ties_of(with_it, away) else {"ties": away})


@pytest.mark.parametrize("seed", range(6))
def test_who_cannot_be_reached_by_a_policy_stays_the_same_to_the_bit(seed):
    without, with_it = months_with_and_without(divided(seed), NEAR)
    assert changes_beyond_reach(without, with_it) == {}
    differ = rows_that_differ(without, with_it)
    here = set(np.flatnonzero(without.residents.neighbourhood == 0).tolist())
    assert differ["nurtured_hours"] <= here
    assert len(differ["nurtured_hours"]) > 10


def test_luck_that_depends_on_others_would_be_noticed(monkeypatch):
    right = volunteering.advance

    def advance(state, p, dice):
        """Draw as from one sequence that is taken further by every meeting with an organiser."""
        right(state, p, Dice(dice.seed, dice.month + int(np.count_nonzero(state.residents.nurtured_hours))))

    monkeypatch.setattr(volunteering, "advance", advance)
    assert "role" in changes_beyond_reach(*months_with_and_without(divided(0), NEAR))


def test_a_policy_that_leaks_would_be_noticed(monkeypatch):
    right = nurture.advance

    def advance(state, p, dice):
        right(state, p, dice)
        state.residents.unsupported_asks[-1] += state.residents.nurtured_hours.any()

    monkeypatch.setattr(nurture, "advance", advance)
    felt = compose(["world=flat", "ties.near_share=1.0", "renewal.leave_share=1.0", "trust.asked_unsupported=0.05"])
    changes = changes_beyond_reach(*months_with_and_without(divided(0), felt))
    assert changes == {"strain": {399}, "trust_council": {399}}


def test_who_lives_elsewhere_differs_in_help_alone():
    towns = [unfounding(town(residents=400, neighbourhoods=4, seed=seed, month=2)) for seed in range(6)]
    helped = [differ_elsewhere(state, CONFIG) for state in towns]
    assert any("met" in names for names in helped)  # so help does reach beyond: the chains of the first test are needed


def test_who_lives_elsewhere_in_a_founded_place_differs_in_help_alone():
    config = compose([
        "world=flat", "place.residents=3000", "months=12", *EARLY, "policy.nurture_early.start=2007-07"
    ])  # fmt: skip
    state = found(config, run_seed(config.seed, 0))
    for _ in range(3):
        live_a_month(state, config)
    assert "met" in differ_elsewhere(state, config)


def differ_elsewhere(state, config):
    """The columns in which people of other neighbourhoods differ."""
    without, with_it = months_with_and_without(state, config)
    home = without.residents.neighbourhood
    elsewhere = set(np.flatnonzero(home != 0).tolist())
    differ = rows_that_differ(without, with_it)
    assert {"nurtured_hours", "outside_ask"} <= {name for name, rows in differ.items() if rows}
    names = {name for name, rows in differ.items() if rows & elsewhere}
    assert names <= HELP
    assert ties_of(without, elsewhere) == ties_of(with_it, elsewhere)
    everyone = set(range(len(home)))
    assert ties_of(without, everyone) != ties_of(with_it, everyone)
    return names


# Saved, loaded and forked


@pytest.mark.parametrize("habit", HABITS)
def test_a_made_up_town_goes_on_to_the_same_bits(habit, tmp_path):
    straight = town(residents=90, neighbourhoods=3, habit=habit, seed=2, month=-3)
    for _ in range(5):
        live_a_month(straight, CONFIG)
    goes_on(straight, CONFIG, 12, tmp_path)


def test_a_founded_place_goes_on_to_the_same_bits(tmp_path):
    config, straight = first(["world=history", *EARLY])
    for _ in range(23):
        live_a_month(straight, config)
    goes_on(straight, config, 14, tmp_path)


def goes_on(straight, config, months, folder):
    straight.save(folder / "town")
    forked, loaded = straight.fork(), State.load(folder / "town")
    for _ in range(months):
        seen = [live_a_month(state, config) for state in (straight, forked, loaded)]
        assert all(np.array_equal(list(seen[0].whole.values()), list(s.whole.values()), equal_nan=True) for s in seen)
    assert differences(straight, forked) == differences(straight, loaded) == []
    assert straight.month == forked.month == loaded.month


def test_a_founded_model_goes_on_to_the_same_bits(tmp_path):
    config = compose([*SMALL, "world=history", *EARLY, "months=30"])
    straight = CommunityModel(config)
    straight.run(22)
    straight.save(tmp_path / "model")
    forked, loaded = straight.fork(), CommunityModel.load(tmp_path / "model")
    again = CommunityModel(config)
    for model in (straight, forked, loaded, again):
        model.run()
        assert model.steps == 30
    frames = [model.datacollector.get_model_vars_dataframe() for model in (straight, forked, loaded, again)]
    assert all(frame.equals(frames[0]) for frame in frames)
    assert all(differences(straight.state, model.state) == [] for model in (forked, loaded, again))


@pytest.mark.parametrize("lost", [
    "residents.hours_past", "past.ties", "strong_ties.bits", "policies.balance", "charities.income_past",
    "charities.luck", "partnerships.strength", "acquaintances.who", "alliances.strength", "residents.belonging",
    "officers.generation", "bodies.posts_founding", "council.spend_last_year", "neighbourhoods.picture_need",
    "bands.births", "services.spend_founding",
])  # fmt: skip
def test_a_column_that_is_not_saved_would_be_noticed(lost):
    config, state = first(["world=history", *EARLY, "policy.nurture_early.dose=14"])
    for _ in range(31):
        live_a_month(state, config)
    forked = state.fork()
    table, name = lost.split(".")
    getattr(getattr(forked, table), name)[:] = 0
    for one in (state, forked):
        for _ in range(2):
            live_a_month(one, config)
    assert differences(state, forked)
