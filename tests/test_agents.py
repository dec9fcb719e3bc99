"""Windows have the habits of Mesa's agents and agent sets, and are nothing but the columns."""

import copy
import math
import pickle
import random
import subprocess
import sys

import numpy as np
import pytest
from mesa import Agent, Model
from mesa.agent import AgentSet

import sim.agents.window
from sim.agents import Charity, Council, CouncilService, Gone, Resident, Volunteer, Windows
from sim.community import Community
from sim.observables.parties import by_band
from sim.observables.town import Town
from sim.state import ALLIES, EMPTY, NOBODY, PARTNERS
from tests.towns import town
from tests.twins import differences

COLUMNS = {
    Resident: ("trust_council", "group", "role", "x", "need", "neighbourhood"),
    Charity: ("neighbourhood", "weight", "kinds"),
    CouncilService: ("spend", "kinds"),
    Council: ("reserves",),
}
"""The columns that the plain agents of the conformance test are given."""


class House:
    """All that windows ask of a model."""

    def __init__(self, state):
        self.state, self.lots, self.random = state, random.Random(7), random.Random(7)


@pytest.fixture
def house():
    """A town in which some rows of charities are free, the first among them."""
    made = House(town(residents=40, neighbourhoods=3, seed=304))
    assert made.state.charities.alive.tolist() == [0, 1, 1, 1, 1, 0, 1]
    return made


def alive(house):
    """The rows of charities that are alive."""
    return np.flatnonzero(house.state.charities.alive).tolist()


# Mesa's own agent sets, with agents that hold the same data.


class PlainResident(Agent):
    pass


class PlainVolunteer(PlainResident):
    pass


class PlainCharity(Agent):
    pass


class PlainService(Agent):
    pass


class PlainCouncil(Agent):
    pass


WINDOWS = (Resident, Volunteer, Charity, CouncilService, Council)
PLAIN = (PlainResident, PlainVolunteer, PlainCharity, PlainService, PlainCouncil)


def plain_twin(window, model):
    """A plain agent with the same id and data."""
    is_volunteer = isinstance(window, Resident) and window.role != NOBODY
    made = PLAIN[WINDOWS.index(Volunteer if is_volunteer else type(window))](model)
    made.unique_id = window.unique_id
    for name in COLUMNS[Resident if isinstance(window, Resident) else type(window)]:
        setattr(made, name, copy.copy(getattr(window, name)))
    return made


SETS = {
    "residents": lambda house: Windows.whole(house, Resident),
    "agents": lambda house: Windows.whole(house, Resident, Charity, CouncilService, Council),
    "volunteers": lambda house: Windows.at(house, Volunteer, np.flatnonzero(house.state.residents.role != NOBODY)),
    "charities": lambda house: Windows.whole(house, Charity),
    "chosen": lambda house: Windows([Charity(house, 2), *[Resident(house, i) for i in (9, 4, 30, 2, 17, 21)]]),
    "one": lambda house: Windows([Resident(house, 5)]),
    "none": lambda _: Windows([], random.Random(7)),
}


def seen(thing):
    """A result, with ids in place of agents, so that both sides can be compared."""
    if isinstance(thing, Agent):
        return ("agent", thing.unique_id)
    if isinstance(thing, AgentSet):
        return ("set", [agent.unique_id for agent in thing])
    if hasattr(thing, "groups"):
        return ("groups", [(seen(key), seen(group)) for key, group in thing])
    if isinstance(thing, dict):
        return [(seen(key), seen(value)) for key, value in thing.items()]
    if isinstance(thing, np.ndarray):
        return thing.tolist()
    return [seen(part) for part in thing] if isinstance(thing, list | tuple) else thing


def outcome(act, agents, kinds):
    """What an act gives and leaves behind, or the kind of error it raises."""
    before = seen(agents)
    try:
        given = seen(act(agents, kinds))
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as fault:
        return type(fault), seen(agents)
    columns = ("unique_id", "trust_council", "x", "need", "weight")
    left = [[seen(getattr(agent, name, "absent")) for name in columns] for agent in agents]
    return given, before, left


def recorded(method):
    """The order in which a set hands its agents to a function, and what the call returns."""

    def act(agents, kinds):
        called = []

        def note(agent, *args, **more):
            called.append((agent.unique_id, args, more))

        back = getattr(agents, method)(note, 1, two=2)
        return called, back is agents

    return act


ACTS = {
    "len": lambda s, _: len(s),
    "truth": lambda s, _: bool(s),
    "iter": lambda s, _: list(s),
    "next": lambda s, _: next(iter(s)).unique_id if len(s) else None,
    "to_list": lambda s, _: s.to_list() if hasattr(s, "to_list") else list(s),
    "reversed": lambda s, _: list(reversed(s)),
    "first": lambda s, _: s[0],
    "last": lambda s, _: s[-1],
    "numpy index": lambda s, _: s[np.int64(0)],
    "beyond": lambda s, _: s[1000],
    "before": lambda s, _: s[-1000],
    "not an index": lambda s, _: s["a"],
    "slice": lambda s, _: s[1:4],
    "slice backwards": lambda s, _: s[::-2],
    "in": lambda s, _: [agent in s for agent in s],
    "not in": lambda s, _: ["a" in s, 3 in s, None in s],
    "index": lambda s, _: s.index(s[len(s) // 2]),
    "count": lambda s, _: s.count(s[0]),
    "get one": lambda s, _: s.get("trust_council"),
    "get id": lambda s, _: s.get("unique_id"),
    "get kept by all": lambda s, _: s.get("model") == [agent.model for agent in s],
    "get whole numbers": lambda s, _: [(value, type(value)) for value in s.get("group")],
    "get floats": lambda s, _: [(value, type(value)) for value in s.get("x")],
    "get vectors": lambda s, _: s.get("need"),
    "get several": lambda s, _: s.get(["x", "need", "unique_id"]),
    "get none": lambda s, _: s.get([]),
    "get what some have": lambda s, _: s.get("neighbourhood"),
    "get missing": lambda s, _: s.get("beard"),
    "get missing by default": lambda s, _: s.get("beard", "default", 3),
    "get missing of some": lambda s, _: s.get("trust_council", handle_missing="default", default_value="-"),
    "get several with default": lambda s, _: s.get(["weight", "x"], handle_missing="default"),
    "get handled wrongly": lambda s, _: s.get("x", handle_missing="shout"),
    "set": lambda s, _: s.set("neighbourhood", 1) is s if not len(s) or len(s) == len(s.get("neighbourhood")) else 0,
    "set vectors": lambda s, k: s.select(agent_type=k[0]).set("need", np.arange(5.0)).get("need"),
    "set, then call": lambda s, k: s.select(agent_type=k[0]).set("x", 2).agg("x", sum),
    "select nothing asked": lambda s, _: (s.select(), s.select() is s, s.select(inplace=True) is s),
    "select": lambda s, _: s.select(lambda agent: agent.unique_id % 2),
    "select none": lambda s, _: s.select(lambda _: False),
    "select number": lambda s, _: s.select(at_most=3),
    "select one": lambda s, _: s.select(at_most=1),
    "select zero": lambda s, _: s.select(at_most=0),
    "select share": lambda s, _: s.select(at_most=0.4),
    "select all by share": lambda s, _: s.select(at_most=1.0),
    "select odd number": lambda s, _: s.select(at_most=2.5),
    "select at most": lambda s, _: s.select(lambda agent: agent.unique_id % 3, at_most=4),
    "select at most a share": lambda s, _: s.select(lambda agent: agent.unique_id % 3, at_most=0.3),
    "select residents": lambda s, k: s.select(agent_type=k[0]),
    "select volunteers": lambda s, k: s.select(agent_type=k[1]),
    "select charities": lambda s, k: s.select(agent_type=k[2]),
    "select any agent": lambda s, _: s.select(agent_type=Agent),
    "select some volunteers": lambda s, k: s.select(lambda agent: agent.x > 0, at_most=0.5, agent_type=k[1]),
    "select in place": lambda s, _: s.select(lambda agent: agent.unique_id % 2, inplace=True) is s,
    "select number in place": lambda s, _: s.select(at_most=2, inplace=True) is s,
    "do by name": lambda s, k: s.select(agent_type=k[0]).do("__setattr__", "trust_council", 0.125).get("trust_council"),
    "do": recorded("do"),
    "do step": lambda s, _: s.do("step") is s,
    "do what none can": lambda s, _: s.do("dance"),
    "shuffle_do": recorded("shuffle_do"),
    "shuffle_do by name": lambda s, k: s.select(agent_type=k[0]).shuffle_do("__setattr__", "x", 1.5).get("x"),
    "map": lambda s, _: s.map(lambda agent, by, plus=0: agent.unique_id * by + plus, 2, plus=1),
    "map by name": lambda s, _: s.map("__getattribute__", "unique_id"),
    "agg": lambda s, _: s.agg("neighbourhood", max),
    "agg several": lambda s, _: s.agg("x", [min, max, np.mean]),
    "agg missing": lambda s, _: s.agg("beard", sum),
    "groupby": lambda s, _: s.groupby("neighbourhood"),
    "groupby function": lambda s, _: s.groupby(lambda agent: agent.unique_id % 3),
    "groupby lists": lambda s, _: s.groupby("group", result_type="list"),
    "groupby vectors": lambda s, k: s.select(agent_type=k[0]).groupby("need"),
    "group counts": lambda s, _: s.groupby("neighbourhood").count(),
    "group agg": lambda s, _: s.groupby("neighbourhood").agg("neighbourhood", sum),
    "group map": lambda s, _: s.groupby("neighbourhood").map("agg", "neighbourhood", max),
    "group do": lambda s, _: list(s.groupby("group").do("set", "x", 0.5)),
    "group is a set": lambda s, _: [isinstance(group, AgentSet) for _, group in s.groupby("group")],
    "sort": lambda s, _: s.sort("neighbourhood"),
    "sort ascending": lambda s, _: s.sort("neighbourhood", ascending=True),
    "sort by function": lambda s, _: s.sort(lambda agent: agent.unique_id % 5, ascending=True),
    "sort by function down": lambda s, _: s.sort(lambda agent: agent.unique_id % 5),
    "sort by a path": lambda s, _: s.sort("unique_id.real", ascending=True),
    "sort in place": lambda s, _: s.sort("unique_id", inplace=True) is s,
    "sort missing": lambda s, _: s.sort("beard"),
    "shuffle": lambda s, _: s.shuffle(),
    "shuffle twice": lambda s, _: (s.shuffle(), s.shuffle()),
    "shuffle in place": lambda s, _: s.shuffle(inplace=True) is s,
    "shuffle, select": lambda s, _: s.shuffle().select(at_most=0.5).sort("unique_id"),
    "copy": lambda s, _: (copy.copy(s), copy.copy(s) is s, copy.copy(s) == s),
    "copy apart": lambda s, _: (copy.copy(s).discard(s[0]), s)[1],
    "discard": lambda s, k: (s.discard(s[0]), s.discard(k[0]))[0],
    "discard twice": lambda s, _: [s.discard(agent) for agent in [s[1], s[1]]],
    "remove": lambda s, _: s.remove(s[0]),
    "remove twice": lambda s, _: [s.remove(agent) for agent in [s[0]] * 2],
    "pop": lambda s, _: s.pop(),
    "clear": lambda s, _: s.clear(),
    "add again": lambda s, _: s.add(s[0]),
    "add back": lambda s, _: [(s.discard(agent), s.add(agent)) for agent in [s[0]]],
    "union": lambda s, _: s.select(at_most=2) | s,
    "intersection": lambda s, _: s.select(at_most=3) & s.select(lambda agent: agent.unique_id % 2),
    "difference": lambda s, _: s - s.select(at_most=3),
    "take away": lambda s, _: s.__isub__(s.select(at_most=2)) is s,
    "equal": lambda s, _: (s == s.shuffle(), s == s.select(at_most=1), s != s.select(at_most=2)),
    "part of": lambda s, _: (s.select(at_most=2) <= s, s < copy.copy(s), s.isdisjoint(s.select(at_most=1))),
    "hash": lambda s, _: hash(s),
    "is": lambda s, _: isinstance(s, AgentSet),
}  # fmt: skip
"""What users do with a set of agents `s`, where `k` has the kinds of agents in the order of WINDOWS."""


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore:No Agents", "ignore:a set of no windows")
@pytest.mark.parametrize("which", SETS)
@pytest.mark.parametrize("act", ACTS)
def test_a_set_of_windows_does_what_a_plain_set_does(house, which, act):
    windows = SETS[which](house)
    model = Model(rng=1)
    twins = [plain_twin(window, model) for window in windows]
    plain = AgentSet(twins, random=random.Random(7))
    assert outcome(ACTS[act], windows, WINDOWS) == outcome(ACTS[act], plain, PLAIN)


def test_every_method_of_mesas_set_is_held_to_conformance():
    methods = {name for name in dir(AgentSet) if not name.startswith("_")} - {"isdisjoint", "random"}
    exercised = {word.strip(",") for act in ACTS for word in act.split()}
    assert sorted(methods - exercised) == []


# Windows


def test_a_window_reads_and_writes_its_column(house):
    resident, column = Resident(house, 3), house.state.residents.trust_council
    assert resident.trust_council == column[3]
    assert type(resident.trust_council) is float
    assert type(resident.neighbourhood) is int
    resident.trust_council = 0.5
    assert column[3] == 0.5
    column[3] = 0.75
    assert resident.trust_council == 0.75


def test_vector_columns_are_arrays_that_write_through(house):
    resident = Resident(house, 3)
    resident.need[2] = 9.0
    assert house.state.residents.need[3, 2] == 9.0
    resident.need = np.arange(5.0)
    assert house.state.residents.need[3].tolist() == [0, 1, 2, 3, 4]
    assert Windows.whole(house, Resident).get("need")[3].base is not None


@pytest.mark.parametrize(("name", "value", "message"), [
    ("group", 0.5, "whole numbers"), ("group", 300, "whole numbers from -128 to 127"), ("x", float("nan"), "finite"),
    ("x", "far", "finite numbers"), ("x", [1.0, 2.0], "shape"), ("need", [1.0, 2.0], "shape"), ("x", None, "finite"),
])  # fmt: skip
def test_what_a_column_cannot_hold_is_refused_and_nothing_written(house, name, value, message):
    before = house.state.fork()
    everybody = Windows.whole(house, Resident)
    for act in (lambda: setattr(Resident(house, 0), name, value), lambda: everybody.set(name, value)):
        with pytest.raises(ValueError, match=message):
            act()
    assert getattr(house.state.residents, name).tobytes() == getattr(before.residents, name).tobytes()


def test_a_set_gives_every_one_the_same_and_never_one_each(house):
    with pytest.raises(ValueError, match="one value"):
        Windows.whole(house, Resident).set("x", np.arange(40.0))


@pytest.mark.parametrize(("name", "message"), [
    ("trust_councel", "no column"), ("ties", "worked out"), ("pos", "worked out"), ("id", "never changes"),
    ("unique_id", "never changes"), ("model", "never changes"), ("row", "never changes"),
])  # fmt: skip
def test_a_window_keeps_nothing_of_its_own(house, name, message):
    for act in (lambda: setattr(Resident(house, 0), name, 1), lambda: Windows.whole(house, Resident).set(name, 1)):
        with pytest.raises(AttributeError, match=message):
            act()
    with pytest.raises(AttributeError, match="has no 'trust_councel'"):
        _ = Resident(house, 0).trust_councel
    assert not hasattr(Resident(house, 0), "beard")


def test_a_set_of_several_kinds_writes_all_or_nothing(house):
    before = house.state.residents.x.copy()
    with pytest.raises(AttributeError, match="CouncilService has no column 'x'"):
        Windows.whole(house, Resident, CouncilService).set("x", 0.0)
    assert (house.state.residents.x == before).all()
    free = house.state.charities.neighbourhood[house.state.charities.alive == 0].tolist()
    Windows.whole(house, Resident, Charity).set("neighbourhood", 1)
    assert set(house.state.residents.neighbourhood) == {1}
    assert set(house.state.charities.neighbourhood[alive(house)]) == {1}
    assert house.state.charities.neighbourhood[house.state.charities.alive == 0].tolist() == free


def test_no_row_no_window(house):
    for row in (-1, 40):
        with pytest.raises(IndexError, match="40 rows"):
            Resident(house, row)


def test_ties_are_those_of_the_plain_hand(house):
    incident = Community(house.state).ties_by_resident()
    for resident, ties in zip(Windows.whole(house, Resident), incident, strict=True):
        told = [(alter.row, strength) for alter, strength in resident.ties]
        assert told == [(other, tie.strength) for tie, other in ties]
    assert any(incident)


def test_what_is_worked_out(house):
    state = house.state
    for resident in Windows.whole(house, Resident):
        role = state.residents.role[resident.row]
        assert resident.charity is None if role == NOBODY else resident.charity == Charity(house, int(role))
        held = resident.belongs
        assert resident.member_of is None if held == NOBODY else resident.member_of == Charity(house, held)
        assert resident.quintile == state.neighbourhoods.quintile[resident.neighbourhood]
        assert resident.pos == (resident.x, resident.y)
    assert {resident.member_of is None for resident in Windows.whole(house, Resident)} == {True, False}
    held = [volunteer for charity in Windows.whole(house, Charity) for volunteer in charity.volunteers]
    assert {v.row for v in held} == set(np.flatnonzero(state.residents.role != NOBODY).tolist())
    assert all(type(v) is Volunteer for v in held)
    charity = Charity(house, alive(house)[0])
    assert charity.quintile == state.neighbourhoods.quintile[charity.neighbourhood]
    assert list(Council(house, 0).services) == [CouncilService(house, row) for row in range(4)]
    assert Council(house, 0).reserves == state.council.reserves[0]
    assert charity.pos is None
    assert {"trust_council", "ties"} <= set(dir(Resident(house, 0)))


def replace(state, row):
    """What renewal does to a row: somebody else lives there now."""
    state.residents.id[row] += 1
    state.residents.generation[row] += 1


def test_a_window_on_somebody_who_has_left_says_so(house):
    resident = Resident(house, 3)
    assert resident.is_here
    replace(house.state, 3)
    assert not resident.is_here
    reads = [lambda: resident.trust_council, lambda: resident.ties, lambda: resident.charity, lambda: resident.pos]
    for act in (*reads, lambda: setattr(resident, "x", 1.0)):
        with pytest.raises(Gone, match="died or moved out"):
            act()
    assert resident.unique_id != Resident(house, 3).unique_id
    assert resident != Resident(house, 3)
    assert not isinstance(resident, Volunteer)


def test_a_kept_set_lets_go_those_who_left_and_a_models_own_follows_the_town(house):
    whole = Windows.whole(house, Resident)
    kept, everybody = whole.select(at_most=5), whole.copy()
    third = whole[3]
    replace(house.state, 3)
    newcomer = Resident(house, 3)
    assert [window.row for window in kept] == [0, 1, 2, 4]
    assert (len(everybody), len(whole)) == (39, 40)
    assert (third in whole, third in everybody, third in kept) == (False, False, False)
    assert (newcomer in whole, newcomer in everybody) == (True, False)
    assert kept.get("unique_id") == house.state.residents.id[[0, 1, 2, 4]].tolist()
    kept.set("x", 5.0)
    assert house.state.residents.x[3] != 5.0


# Charities come and go


def close(state, row, month=9):
    """What survival does to a row: its body closes, and all that held to it ends."""
    c, r = state.charities, state.residents
    for name, column in zip(c._fields, c, strict=True):
        if name not in {"id", "founded", "neighbourhood", "band", "serves_place"}:
            column[row] = 0
    c.closed[row] = month
    for column in (r.role, r.gives_to, r.belongs):
        column[column == row] = NOBODY
    state.partnerships.charity[state.partnerships.charity == row] = EMPTY
    state.alliances.other[state.alliances.other == row] = EMPTY
    state.alliances.other[row * ALLIES : (row + 1) * ALLIES] = EMPTY


def found_on(state, row):
    """What survival does to a free row: a new body takes it."""
    state.charities.id[row] += 1
    state.charities.alive[row] = 1


def test_charities_are_those_that_are_alive(house):
    charities, rows = Windows.whole(house, Charity), alive(house)
    assert 1 < len(rows) < len(house.state.charities.id)
    assert len(charities) == len(rows)
    assert [charity.row for charity in charities] == rows
    assert charities.get("unique_id") == house.state.charities.id[rows].tolist()
    assert charities.get("reserves") == house.state.charities.reserves[rows].tolist()
    assert charities.get("income") == [charity.income for charity in charities]
    charities.get("kinds")[-1][2] = 9.0
    assert house.state.charities.kinds[rows[-1], 2] == 9.0
    assert Windows.whole(house, Resident, Charity).get("unique_id")[40:] == charities.get("unique_id")


def test_charities_appear_when_founded_and_disappear_when_closed(house):
    charities, rows = Windows.whole(house, Charity), alive(house)
    first, kept = charities[0], charities.copy()
    close(house.state, rows[0])
    assert [charity.row for charity in charities] == rows[1:]
    assert [charity.row for charity in kept] == rows[1:]
    assert (first in charities, first in kept) == (False, False)
    found_on(house.state, rows[0])
    new = charities[0]
    assert (new.row, new != first, new in charities, new in kept) == (rows[0], True, True, False)
    found_on(house.state, 0)
    assert charities[0].row == 0
    assert [charity.row for charity in kept] == rows[1:]


def test_a_window_on_a_charity_that_has_closed_says_so(house):
    row = alive(house)[0]
    charity = Charity(house, row)
    assert charity.is_here
    close(house.state, row)
    assert not charity.is_here
    acts = [
        lambda: charity.reserves, lambda: charity.income, lambda: charity.volunteers, lambda: charity.members,
        lambda: charity.locality, lambda: charity.partnerships, lambda: charity.allies, lambda: charity.band_name,
        lambda: charity.quintile, lambda: setattr(charity, "reserves", 1.0),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(Gone, match=rf"Charity {charity.unique_id} closed in month 9; row {row} of charities is fr"):
            act()
    assert house.state.charities.reserves[row] == 0.0
    with pytest.raises(Gone, match=f"nobody stands on row {row} of charities"):
        Charity(house, row)
    found_on(house.state, row)
    for act in acts:
        with pytest.raises(Gone, match=f"has closed; row {row} of charities belongs to another"):
            act()
    assert Charity(house, row) != charity


def test_no_charity_is_closed_by_hand(house):
    charities = Windows.whole(house, Charity)
    for act in (lambda: setattr(charities[0], "alive", 0), lambda: charities.set("alive", 0)):
        with pytest.raises(AttributeError, match=r"'alive' of a Charity is not set by hand: .* through `survive`"):
            act()
    assert alive(house)


# What the two parties show


def test_a_charity_shows_its_books_and_who_belongs_to_it(house):
    state, names = house.state, set()
    for charity in Windows.whole(house, Charity):
        c, row = Community(state).charities[charity.row], charity.row
        assert charity.income == c.private_income + c.grants + c.contracts
        assert charity.reserves == c.reserves
        names.add((charity.band, charity.band_name))
        belong = [i for i, r in enumerate(Community(state).residents) if r.belongs == row]
        assert [member.row for member in charity.members] == belong
        assert {volunteer.row for volunteer in charity.volunteers} <= set(belong)
        at_home = sum(state.residents.neighbourhood[i] == c.neighbourhood for i in belong)
        assert charity.locality == at_home / len(belong)
    words = {0: "unregistered", 1: "micro", 2: "small", 3: "medium", 4: "large", 5: "major", 6: "super"}
    assert len(names) > 1
    assert all(words[band] == name for band, name in names)
    charity = Windows.whole(house, Charity)[0]
    state.residents.belongs[:] = NOBODY
    assert math.isnan(charity.locality)


def test_the_locality_of_all_charities_is_that_of_the_bands(house):
    told = by_band(Town(house.state, None))["locality"]
    for band, group in Windows.whole(house, Charity).groupby("band"):
        assert told[band] == pytest.approx(np.nanmean(group.get("locality")))


def test_partnerships_are_those_with_officers_in_post(house):
    community, found, seconds = Community(house.state), 0, 0
    for charity in Windows.whole(house, Charity):
        told = {(p.officer.id, p.strength, p.second and p.second.id) for p in charity.partnerships}
        held = set()
        for slot, tie in enumerate(community.partnerships):
            officer = community.officers[slot // PARTNERS]
            if tie.charity == charity.row and officer.filled:
                second = None if tie.second == NOBODY else community.officers[tie.second].id
                held.add((officer.id, tie.strength, second))
        assert told == held
        found += len(told)
        seconds += sum(second is not None for *_, second in told)
    assert found > seconds > 0


def test_who_an_officer_is(house):
    officers = {p.officer for charity in Windows.whole(house, Charity) for p in charity.partnerships}
    by_id = {officer.id: officer for officer in Community(house.state).officers}
    assert {officer.body for officer in officers} == {"council", "health"}
    for officer in officers:
        row = by_id[officer.id]
        assert (officer.post, officer.since) == (row.post, row.since)
        assert officer.service == CouncilService(house, row.service)
        assert officer.neighbourhoods == range(row.first, row.last + 1)
        assert {"council": 0, "health": 1}[officer.body] == row.body


def test_an_empty_post_has_no_partnerships(house):
    house.state.officers.filled[:] = 0
    assert [charity.partnerships for charity in Windows.whole(house, Charity)] == [[]] * len(alive(house))


def test_allies_are_those_of_both_directions(house):
    community = Community(house.state)
    pairs = [(slot // ALLIES, tie.other, tie.strength) for slot, tie in enumerate(community.alliances)]
    pairs = [pair for pair in pairs if pair[1] != EMPTY]
    assert pairs
    for charity in Windows.whole(house, Charity):
        both = [(h, w) for g, h, w in pairs if g == charity.row] + [(g, w) for g, h, w in pairs if h == charity.row]
        assert sorted((ally.row, w) for ally, w in charity.allies) == sorted(both)


def test_services_and_the_council_show_their_money(house):
    s, council = house.state.services, house.state.council
    services = Windows.whole(house, CouncilService)
    assert services.get("name") == ["adult_care", "childrens", "libraries", "youth"]
    assert services.get(["hours", "spend", "contracts"]) == np.transpose([s.hours, s.spend, s.contracts]).tolist()
    for name in ("reserves", "income", "spend_statutory", "spend_discretionary", "openness", "culture"):
        assert getattr(Council(house, 0), name) == getattr(council, name)[0]


def test_changing_a_set_leaves_the_town(house):
    before = house.state.fork()
    residents = Windows.whole(house, Resident)
    residents.clear()
    Windows.whole(house, Resident).shuffle(inplace=True).sort("x", inplace=True).discard(Resident(house, 0))
    assert len(residents) == 0
    assert differences(before, house.state) == []


def test_agents_come_and_go_by_the_rules_alone(house):
    with pytest.raises(RuntimeError, match="residents leave through `renew`"):
        Resident(house, 0).remove()
    with pytest.raises(RuntimeError, match="newcomers arrive"):
        Resident.create_agents(house, 3)
    for window in (Charity(house, alive(house)[0]), CouncilService(house, 0), Council(house, 0)):
        with pytest.raises(RuntimeError, match="cannot be removed by hand"):
            window.remove()


# Who is who


def test_a_volunteer_is_the_resident(house):
    row = int(np.flatnonzero(house.state.residents.role != NOBODY)[0])
    resident, volunteer = Resident(house, row), Volunteer(house, row)
    assert resident == volunteer
    assert hash(resident) == hash(volunteer)
    assert resident.unique_id == volunteer.unique_id
    assert len({resident, volunteer}) == len(Windows([resident, volunteer])) == 1
    assert isinstance(resident, Volunteer)
    assert isinstance(volunteer, Resident)
    assert resident in SETS["volunteers"](house)
    assert volunteer in Windows.whole(house, Resident)
    house.state.residents.role[row] = NOBODY
    assert not isinstance(resident, Volunteer)
    assert resident not in SETS["volunteers"](house)
    assert not isinstance(Charity(house, alive(house)[0]), Volunteer)


def test_ids_are_one_int_over_all_kinds(house):
    ids = SETS["agents"](house).get("unique_id")
    assert len(set(ids)) == len(ids) == 40 + len(alive(house)) + 5
    assert all(type(unique_id) is int and 0 <= unique_id < 2**63 for unique_id in ids)
    other = House(town(residents=7, seed=8))
    assert Council(house, 0).unique_id == Council(other, 0).unique_id
    assert [service.unique_id for service in Windows.whole(other, CouncilService)] == ids[-5:-1]


def test_two_models_do_not_mix(house):
    other = House(house.state.fork())
    assert Resident(house, 0) != Resident(other, 0)
    assert Resident(other, 0) not in Windows.whole(house, Resident)
    assert Resident(other, 0) not in Windows.whole(house, Resident).copy()
    for act in (
        lambda: Windows([Resident(house, 0), Resident(other, 0)]),
        lambda: Windows.whole(house, Resident).add(Resident(other, 0)),
        lambda: Windows.whole(house, Resident) | Windows.whole(other, Resident),
    ):
        with pytest.raises(ValueError, match="do not mix"):
            act()
    Resident(other, 0).trust_council = 0.99
    assert Resident(house, 0).trust_council != 0.99


def test_a_set_holds_windows_only(house):
    for act in (lambda: Windows([3]), lambda: Windows.whole(house, Resident).add("somebody")):
        with pytest.raises(TypeError, match="cannot hold"):
            act()
    windows = Windows([], random.Random(1))
    windows.add(Resident(house, 4))
    assert windows.get("x") == [house.state.residents.x[4]]
    with pytest.warns(UserWarning, match="random"):
        Windows([])


# Underneath


def test_whole_sets_are_read_and_written_without_making_windows(house, monkeypatch):
    agents, residents = SETS["agents"](house), SETS["residents"](house)
    monkeypatch.setattr(sim.agents.window, "opened", None)
    with pytest.raises(TypeError):
        residents[0]
    for windows in (residents, residents.copy(), agents.select(agent_type=Resident)):
        assert windows.get("trust_council") == house.state.residents.trust_council.tolist()
        assert windows.agg("x", max) == house.state.residents.x.max()
        windows.set("x", 2.5).shuffle().sort("trust_council").select(at_most=0.5).groupby("group").count()
    assert agents.get("unique_id")[:40] == house.state.residents.id.tolist()
    assert (house.state.residents.x == 2.5).all()


def test_windows_can_be_copied_and_pickled(house):
    resident = Resident(house, 3)
    assert copy.deepcopy(resident) is resident
    assert copy.copy(resident) == resident
    again = pickle.loads(pickle.dumps([resident, SETS["chosen"](house)]))  # noqa: S301 - our own
    assert again[0].trust_council == resident.trust_council
    assert again[0].model is not house
    assert again[0].model is again[1][0].model
    assert again[1].get("unique_id") == SETS["chosen"](house).get("unique_id")


def test_shuffles_draw_lots_of_their_own(house):
    before = house.random.getstate()
    one = SETS["residents"](house).shuffle().get("unique_id")
    two = SETS["residents"](house).shuffle().get("unique_id")
    assert one != two
    assert house.random.getstate() == before
    house.lots = random.Random(7)
    assert SETS["residents"](house).shuffle().get("unique_id") == one


def test_windows_register_nowhere(house):
    list(SETS["agents"](house))
    Resident(house, 0)
    assert house not in getattr(Agent, "_ids", {})


def test_importing_sim_does_not_import_mesa():
    check = "import sim, sys; sys.exit('mesa' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
