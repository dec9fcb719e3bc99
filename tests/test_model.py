"""CommunityModel is a Mesa model: it steps, stops, collects, saves, forks, and shares nothing with another."""

import gc
import inspect
import random
import weakref
from datetime import date
from itertools import islice
from typing import ClassVar

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from mesa import Agent, Model
from mesa.datacollection import DataCollector

import sim.model
from sim import CommunityModel, compose
from sim.agents import Charity, Council, CouncilService, Gone, Resident, Volunteer, Windows
from sim.agents.networks import LAYERS
from sim.chance import Dice, run_seed
from sim.community import Community
from sim.founding import found
from sim.observables import OBSERVABLES
from sim.schedule import MONTH, Step, live_a_month
from sim.state import NOBODY, PARTNERS, State
from tests.towns import town
from tests.twins import differences

MONTHS = 4
CONFIG = compose(["world=flat", "place.residents=1500", f"months={MONTHS}", "world.most_months=10"])


def made_up(config, seed):
    """A small town at month 0 in place of a founded one, which takes longer to make."""
    state = town(residents=250, seed=seed % 2**32, month=0)
    state.seed = seed
    return state


@pytest.fixture(autouse=True)
def towns_are_made_up(monkeypatch):
    monkeypatch.setattr(sim.model, "found", made_up)


@pytest.fixture
def model():
    return CommunityModel(CONFIG, rng=1)


def frame(model):
    return model.datacollector.get_model_vars_dataframe()


# The months


def test_while_running_step(model):
    assert isinstance(model, Model)
    assert (model.running, model.steps, model.state.month) == (True, 0, 0)
    while model.running:
        model.step()
    assert (model.running, model.steps, model.state.month) == (False, MONTHS, MONTHS)


def test_run_model_is_mesas_own_loop(model):
    model.run_model()
    assert model.steps == MONTHS


def test_run_goes_to_the_end_or_so_many_months(model):
    model.run(months=3)
    assert (model.steps, model.running) == (3, True)
    model.run()
    assert (model.steps, model.running) == (MONTHS, False)
    model.run()
    assert model.steps == MONTHS
    model.run(months=6)
    assert (model.steps, model.running) == (10, False)


@pytest.mark.parametrize("months", [8, -1, 2.0, "3", True])
def test_run_says_how_many_months_there_are(model, months):
    model.run(months=3)
    with pytest.raises(ValueError, match=r"outside what is allowed: from month 3 of world=flat, 0 to 7 more"):
        model.run(months=months)
    assert model.steps == 3


def test_the_world_ends(model):
    model.run(months=10)
    with pytest.raises(ValueError, match="world=flat has 10 months, and all are lived"):
        model.step()
    assert len(frame(model)) == 10


def test_a_step_lives_a_month_of_the_schedule(model):
    by_hand = made_up(CONFIG, 1)
    observed = [live_a_month(by_hand, CONFIG).whole for _ in range(2)]
    model.run(months=2)
    assert differences(model.state, by_hand) == []
    assert frame(model).equals(pd.DataFrame(observed))


def test_months_are_rows_and_end_when_nobody_asks(model):
    rows = model.months()
    assert model.steps == 0
    first, second = next(rows), next(rows)
    assert [(row["month"], row["date"]) for row in (first, second)] == [(0, date(2007, 4, 1)), (1, date(2007, 5, 1))]
    assert list(first) == ["month", "date", *OBSERVABLES]
    assert second["trust_council"] == pytest.approx(model.state.residents.trust_council.mean())
    rows.close()
    assert (model.steps, model.running) == (2, True)
    assert [row["month"] for row in model.months()] == [2, 3]
    assert list(model.months()) == []


def test_any_month_that_was_lived_can_be_read(model):
    with pytest.raises(IndexError, match="0 months"):
        model.row()
    rows = list(model.months())
    assert repr([model.row(month) for month in range(MONTHS)]) == repr(rows)
    assert repr(model.row()) == repr(rows[-1])
    for month in (MONTHS, -MONTHS - 1):
        with pytest.raises(IndexError, match=f"month {month} has not been lived"):
            model.row(month)


def test_the_first_month_has_the_date_of_the_world():
    config = compose(["world=flat", "world.first_month=2012-04", f"months={MONTHS}"])
    assert next(CommunityModel(config, rng=1).months())["date"] == date(2012, 4, 1)


# Rules and observables from outside


class rest:
    """Nobody pledges more than so many hours."""

    @staticmethod
    def advance(state, p, dice):
        np.minimum(state.residents.pledged_hours, p, out=state.residents.pledged_hours)

    @staticmethod
    def advance_reference(community, p, dice):
        for resident in community.residents:
            resident.pledged_hours = min(resident.pledged_hours, p)


LAZY = (*MONTH, Step("rest", rest, "hours are pledged for the month that comes", 1.5))


class Lazy(CommunityModel):
    """The model with a room from outside, and two observables."""

    verbs = LAZY
    also: ClassVar = {
        "most_pledged": lambda model: model.state.residents.pledged_hours.max(),
        "volunteers": lambda model: len(model.volunteers),
    }


def test_a_step_that_could_not_act_is_refused_before_the_first_month():
    class Nothing:
        pass

    class WithoutNumbers(CommunityModel):
        verbs = (*MONTH, Step("rest", rest, "no numbers"))

    class WithoutAdvance(CommunityModel):
        verbs = (*MONTH, Step("idle", Nothing, "no advance", 0.0))

    with pytest.raises(ValueError, match=r"has no numbers for the room .*rest: say them in its step, as Step\('rest'"):
        WithoutNumbers(CONFIG, rng=1)
    with pytest.raises(TypeError, match=r"room .*Nothing, which is to idle, has no advance"):
        WithoutAdvance(CONFIG, rng=1)


def test_what_is_no_number_is_told_of_the_room_that_left_it():
    class Careless:
        @staticmethod
        def advance(state, p, dice):
            if state.month == 1:
                state.residents.voice[[3, 5]] = p

    class Broken(CommunityModel):
        verbs = (*MONTH[:5], Step("spoil", Careless, "nothing is looked at", float("nan")), *MONTH[5:])

    broken = Broken(CONFIG, rng=1)
    broken.step()
    with pytest.raises(ValueError, match=r"Careless left .* in month 1: 2 of .* in residents.voice"):
        broken.step()


def test_a_room_from_outside_is_lived_and_its_observables_are_written_down(model, tmp_path):
    lazy = Lazy(CONFIG, rng=1)
    lazy.run(months=2)
    assert lazy.row()["most_pledged"] == 1.5
    assert lazy.row()["volunteers"] == len(lazy.volunteers)
    assert list(frame(lazy)) == [*OBSERVABLES, "most_pledged", "volunteers"]
    lazy.save(tmp_path / "lazy")
    for later in (Lazy.load(tmp_path / "lazy"), lazy.fork()):
        later.run()
        assert type(later) is Lazy
        assert len(frame(later)) == MONTHS
        assert later.row()["most_pledged"] == 1.5
    with pytest.raises(ValueError, match=r"is a town of tests\.test_model\.Lazy, .* load it by that class"):
        CommunityModel.load(tmp_path / "lazy")
    model.run(months=2)
    model.save(tmp_path / "plain")
    watched = Lazy.load(tmp_path / "plain")
    watched.run()
    assert [np.isnan(value) for value in frame(watched)["most_pledged"]][:3] == [True, True, False]
    assert "most_pledged" not in model.row()
    assert model.state.residents.pledged_hours.max() > 1.5


def test_both_hands_live_a_month_with_a_room_from_outside():
    fast, plain = made_up(CONFIG, 1), made_up(CONFIG, 1)
    live_a_month(fast, CONFIG, month=LAZY)
    live_a_month(plain, CONFIG, plain=True, month=LAZY)
    assert differences(fast, plain) == []
    assert fast.residents.pledged_hours.max() == 1.5


def test_a_room_in_the_place_of_the_models_takes_its_numbers(model):
    given = []

    class trust:
        @staticmethod
        def advance(state, p, dice):
            given.append(p)

    class Still(CommunityModel):
        verbs = tuple(step._replace(room=trust) if step.verb == "trust" else step for step in MONTH)

    Still(CONFIG, rng=1).step()
    assert given == [CONFIG.trust]


def test_an_observable_of_ones_own_takes_no_name_that_is_taken():
    class Double(CommunityModel):
        also: ClassVar = {"trust_council": len}

    with pytest.raises(ValueError, match="has an observable 'trust_council' already; name yours otherwise"):
        Double(CONFIG, rng=1)


@pytest.mark.parametrize("value", [None, "much", np.ones(2)])
def test_an_observable_of_ones_own_that_gives_no_number_is_named(value):
    class Odd(CommunityModel):
        also: ClassVar = {"oddity": lambda _: value}

    with pytest.raises(TypeError, match="gives one number a month, but oddity gave"):
        Odd(CONFIG, rng=1).step()


def test_dice_of_ones_own_are_keyed_by_all_that_keys_dice():
    ids = np.array([3, 2**62, 5])
    draws = Dice(1, 4).own("supper", ids)
    assert ((draws > 0) & (draws < 1)).all()
    assert Dice(1, 4).own("supper", ids[::-1]).tolist() == draws.tolist()[::-1]
    others = [Dice(2, 4).own("supper", ids), Dice(1, 5).own("supper", ids), Dice(1, 4).own("lunch", ids)]
    assert not {*draws.tolist()} & {draw for other in others for draw in other.tolist()}


# Seeds


def test_without_a_seed_it_is_replicate_nought(monkeypatch):
    assert CommunityModel(CONFIG).state.seed == run_seed(CONFIG.seed, 0)
    assert CommunityModel(config=CONFIG, rng=7).state.seed == 7
    assert CommunityModel(CONFIG, rng=np.int64(7)).state.seed == 7


@pytest.mark.parametrize(("rng", "fault"), [
    (-1, ValueError), (2**63, ValueError), (1.5, TypeError), (True, TypeError), (np.random.default_rng(1), TypeError),
])  # fmt: skip
def test_a_seed_is_a_whole_number(rng, fault):
    with pytest.raises(fault, match=r"from 0 to 2\^63 - 1"):
        CommunityModel(CONFIG, rng=rng)


def test_one_seed_one_run_and_two_models_do_not_mix(model):
    other, again = CommunityModel(CONFIG, rng=2), CommunityModel(CONFIG, rng=1)
    for _ in range(3):
        model.step()
        other.step()
    again.run(months=3)
    assert differences(model.state, again.state) == []
    assert differences(model.state, other.state) != []
    model.residents.set("trust_council", 0.0)
    assert 0.0 not in again.residents.get("trust_council")
    assert model.residents[0] not in again.residents


def test_what_users_draw_changes_nothing(model):
    before = model.random.getstate(), model.rng.bit_generator.state
    model.run(months=2)
    model.agents.shuffle().shuffle_do("step")
    assert (model.random.getstate(), model.rng.bit_generator.state) == before
    other = CommunityModel(CONFIG, rng=1)
    for _ in range(2):
        other.agents.shuffle_do("step")
        other.random.random(), other.rng.random(), random.random(), np.random.default_rng().random()
        other.step()
    assert differences(model.state, other.state) == []


# Saved and forked


def test_save_and_load_go_on_to_the_same_bits(model, tmp_path):
    model.run(months=2)
    model.save(tmp_path / "town.of mine")
    assert [path.name for path in tmp_path.iterdir()] == ["town.of mine"]
    later = CommunityModel.load(tmp_path / "town.of mine")
    assert (later.steps, later.running, later.config) == (2, True, CONFIG)
    model.run()
    later.run()
    assert (later.steps, later.running) == (MONTHS, False)
    assert differences(model.state, later.state) == []
    assert frame(model).equals(frame(later))
    assert frame(later).shape == (MONTHS, len(OBSERVABLES))
    assert repr(later.row(1)) == repr(model.row(1))  # some are nan


def test_a_fork_goes_on_alone_to_the_same_bits(model):
    model.run(months=2)
    fork = model.fork()
    model.run()
    assert (fork.steps, fork.state.month, len(frame(fork))) == (2, 2, 2)
    fork.run()
    assert differences(model.state, fork.state) == []
    assert frame(model).equals(frame(fork))
    assert fork.residents[0] != model.residents[0]
    assert CommunityModel.fork(fork).running is False


def test_a_saved_model_is_a_saved_state_and_not_the_other_way(model, tmp_path):
    model.run(months=1)
    model.save(tmp_path / "model")
    assert differences(State.load(tmp_path / "model"), model.state) == []
    model.state.save(tmp_path / "state")
    with pytest.raises(ValueError, match="saved state and not a saved model"):
        CommunityModel.load(tmp_path / "state")


@pytest.mark.parametrize("content", [b"", b"no town at all", b"PK\x03\x04 cut short"])
def test_what_is_no_saved_model_says_so(tmp_path, content):
    (tmp_path / "town").write_bytes(content)
    with pytest.raises(ValueError, match="is not a saved state"):
        CommunityModel.load(tmp_path / "town")
    with pytest.raises(FileNotFoundError):
        CommunityModel.load(tmp_path / "nowhere")


# What is written down


def test_the_collector_has_every_observable_a_row_a_month(model, monkeypatch):
    assert isinstance(model.datacollector, DataCollector)
    assert list(frame(model)) == list(OBSERVABLES)
    assert len(frame(model)) == 0
    asked = []
    for name in ("trust_council", "clustering"):
        entry = OBSERVABLES[name]
        counted = entry._replace(measure=lambda t, m=entry.measure, n=name: asked.append(n) or m(t))
        monkeypatch.setitem(OBSERVABLES, name, counted)
    model.run(months=3)
    assert asked == ["trust_council", "clustering"] * 3  # once a month: the collector does not measure again
    assert frame(model).shape == (3, len(OBSERVABLES))
    assert frame(model).trust_council.tolist()[-1] == model.row()["trust_council"]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_users_own_collector_finds_the_agents(model):
    collector = DataCollector(
        model_reporters={"volunteers": lambda m: len(m.volunteers), "first": lambda m: m.residents[0]},
        agent_reporters={"id": "unique_id", "kind": lambda a: type(a).__name__},
        agenttype_reporters={Volunteer: {"role": "role"}, Charity: {"band": "band"}},
    )
    collector.collect(model)
    assert collector.model_vars["volunteers"] == [len(model.volunteers)]
    assert collector.model_vars["first"][0] == model.residents[0]
    agents = collector.get_agent_vars_dataframe()
    assert agents["id"].tolist() == agents.index.get_level_values("AgentID").tolist() == model.agents.get("unique_id")
    assert agents.kind.value_counts().to_dict() == {
        "Resident": 250, "Charity": len(model.charities), "CouncilService": len(model.services), "Council": 1,
    }  # fmt: skip
    assert collector.get_agenttype_vars_dataframe(Volunteer)["role"].tolist() == model.volunteers.get("role")
    assert len(collector.get_agenttype_vars_dataframe(Charity)) == len(model.charities)


# The agents


def test_who_is_there(model):
    assert [len(s) for s in (model.residents, model.charities, model.services)] == [
        250, int(model.state.charities.alive.sum()), len(model.state.services.share)
    ]  # fmt: skip
    assert type(model.council) is Council
    everybody = [*model.residents, *model.charities, *model.services, model.council]
    assert list(model.agents) == everybody
    assert len(set(everybody)) == len(everybody)
    in_roles = [resident for resident in model.residents if resident.role != NOBODY]
    assert list(model.volunteers) == in_roles
    assert {type(volunteer) for volunteer in model.volunteers} == {Volunteer}
    assert 0 < len(in_roles) < 250
    assert model.agent_types == [Resident, Charity, CouncilService, Council]
    assert sum(map(len, model.agents_by_type.values())) == len(model.agents)
    assert all(isinstance(agents, Windows) for agents in model.agents_by_type.values())


def test_windows_live_through_the_months(model):
    before, residents = list(model.residents), model.residents
    model.run()
    gone = [resident for resident in before if not resident.is_here]
    assert gone
    assert len(residents) == 250
    assert set(residents) == set(model.residents) != set(before)
    with pytest.raises(Gone):
        _ = gone[0].trust_council
    here = [resident for resident in before if resident.is_here]
    assert [resident.trust_council for resident in here] == [
        model.state.residents.trust_council[resident.row] for resident in here
    ]


def test_charities_live_through_the_months(model):
    first, charities = list(model.charities), model.charities
    busy = {"founded": set(), "closed": set()}
    model.state.constants.register_chance[:] = 0.2
    model.state.charities.reserves[:] = -1e9
    for _ in range(10):
        before = set(charities)
        model.step()
        now = set(charities)
        c, month = model.state.charities, model.state.month - 1
        assert [charity.row for charity in charities] == np.flatnonzero(c.alive).tolist()
        assert {charity.row for charity in now - before} == set(np.flatnonzero(c.alive & (c.founded == month)).tolist())
        assert all(charity.row in np.flatnonzero(c.closed == month) for charity in before - now)
        busy["founded"] |= now - before
        busy["closed"] |= before - now
    assert busy["founded"]
    assert busy["closed"] & set(first)
    for charity in busy["closed"]:
        assert not charity.is_here
        with pytest.raises(Gone, match=r"closed"):
            _ = charity.reserves
    assert not {charity.unique_id for charity in busy["closed"]} & set(charities.get("unique_id"))
    assert len(model.agents) == 250 + len(charities) + len(model.services) + 1


def test_agents_are_not_added_or_removed_by_hand(model):
    for act in (lambda: Agent(model), model.remove_all_agents, model.residents[0].remove):
        with pytest.raises(RuntimeError, match="cannot be"):
            act()
    with pytest.raises(AttributeError):
        model.agents = []
    Agent._ids.pop(model, None) if hasattr(Agent, "_ids") else None


# The network


def test_the_network_has_the_ties_of_the_plain_hand(model):
    model.run(months=2)
    graph, community = model.network(), Community(model.state)
    assert isinstance(graph, nx.Graph)
    assert set(graph) == set(model.residents.get("unique_id"))
    for resident in model.residents:
        assert graph.nodes[resident.unique_id] == {
            "kind": "resident", "neighbourhood": resident.neighbourhood, "x": resident.x, "y": resident.y
        }  # fmt: skip
        told = {alter.unique_id: strength for alter, strength in resident.ties}
        assert {alter: tie["strength"] for alter, tie in graph[resident.unique_id].items()} == told
    ties = {
        frozenset((community.owner(slot).id, community.residents[tie.alter].id)): (tie.strength, tie.klass)
        for slot, tie in enumerate(community.ties) if tie.alter >= 0
    }  # fmt: skip
    assert ties
    assert {frozenset((a, b)): (e["strength"], e["klass"]) for a, b, e in graph.edges(data=True)} == ties


def officers_of(model):
    """Those who hold a post, by row."""
    return {row: officer for row, officer in enumerate(Community(model.state).officers) if officer.filled}


def edges(graph):
    """The edges as {the two ids: what the edge has}."""
    return {frozenset(pair): seen for *pair, seen in graph.edges(data=True)}


def kinds(graph):
    """The nodes of each kind."""
    return {kind: {who for who, seen in graph.nodes(data="kind") if seen == kind} for kind in KINDS}


KINDS = ("resident", "charity", "officer")


@pytest.fixture
def busy(model):
    """A model after a month, with ties in every layer, of which some are with who has left."""
    model.step()
    assert model.state.charities.alive.min() == 0
    return model


def who_is_there(model):
    ids = model.residents.get("unique_id"), model.charities.get("unique_id")
    return [*map(set, ids), {officer.id for officer in officers_of(model).values()}]


@pytest.mark.parametrize(("layer", "tied"), [
    ("residents", {"resident"}), ("membership", {"resident", "charity"}), ("officer-charity", {"officer", "charity"}),
    ("officer-resident", {"officer", "resident"}), ("charity-charity", {"charity"}),
])  # fmt: skip
def test_everybody_of_a_layer_is_a_node(busy, layer, tied):
    graph = busy.network(layer=layer)
    everybody = dict(zip(KINDS, who_is_there(busy), strict=True))
    assert kinds(graph) == {kind: who if kind in tied else set() for kind, who in everybody.items()}
    assert graph.number_of_edges() > 0
    assert all(0.0 <= strength <= 1.0 for *_, strength in graph.edges(data="strength"))
    for one, other in graph.edges:
        assert {graph.nodes[one]["kind"], graph.nodes[other]["kind"]} == tied


def test_members_are_tied_to_their_charity(busy):
    held = {
        frozenset((r.unique_id, r.member_of.unique_id)): {"strength": r.belonging, "in_role": int(r.role == r.belongs)}
        for r in busy.residents if r.member_of
    }  # fmt: skip
    graph = busy.network("membership")
    assert edges(graph) == held
    assert set(nx.get_edge_attributes(graph, "in_role").values()) == {0, 1}
    for charity in busy.charities:
        assert set(graph[charity.unique_id]) == set(charity.members.get("unique_id"))
        assert graph.nodes[charity.unique_id] == {
            "kind": "charity", "neighbourhood": charity.neighbourhood, "band": charity.band
        }  # fmt: skip


def test_officers_are_tied_to_charities(busy):
    busy.state.partnerships.second[np.flatnonzero(busy.state.partnerships.charity >= 0)[0]] = 0
    graph, community = busy.network("officer-charity"), Community(busy.state)
    held = {}
    for slot, tie in enumerate(community.partnerships):
        if tie.charity >= 0 and slot // PARTNERS in officers_of(busy):
            pair = frozenset((community.officers[slot // PARTNERS].id, community.charities[tie.charity].id))
            contacts = 1 if tie.second == NOBODY else 2
            held[pair] = {"strength": tie.strength, "contacts": contacts, "born": tie.born, "used": tie.used}
    assert edges(graph) == held
    assert 2 in nx.get_edge_attributes(graph, "contacts").values()
    for charity in busy.charities:
        assert sorted(graph[charity.unique_id]) == sorted(p.officer.id for p in charity.partnerships)
    officer = next(iter(officers_of(busy).values()))
    told = {name: getattr(officer, name) for name in ("body", "service", "first", "last")}
    assert graph.nodes[officer.id] == {"kind": "officer", **told}


def test_officers_are_tied_to_residents_who_have_not_left(busy):
    community = Community(busy.state)
    slots = np.flatnonzero(busy.state.acquaintances.resident >= 0)
    busy.state.acquaintances.who[slots[0]] += 1
    held = {}
    for slot, tie in enumerate(Community(busy.state).acquaintances):
        if tie.resident >= 0 and slot // PARTNERS in officers_of(busy) and slot != slots[0]:
            assert community.residents[tie.resident].id == tie.who
            pair = frozenset((community.officers[slot // PARTNERS].id, tie.who))
            held[pair] = {"strength": tie.strength, "born": tie.born, "used": tie.used}
    assert edges(busy.network("officer-resident")) == held


def test_charities_are_tied_to_allies(busy):
    graph = busy.network("charity-charity")
    for charity in busy.charities:
        told = {ally.unique_id: strength for ally, strength in charity.allies}
        assert {other: seen["strength"] for other, seen in graph[charity.unique_id].items()} == told


def test_an_empty_post_is_no_node_and_has_no_ties(busy):
    busy.state.officers.filled[:] = 0
    for layer in ("officer-charity", "officer-resident"):
        graph = busy.network(layer)
        assert kinds(graph)["officer"] == set()
        assert graph.number_of_edges() == 0


def test_a_network_is_a_copy(busy):
    before = busy.state.fork()
    for layer in LAYERS:
        graph = busy.network(layer)
        graph.clear()
        assert busy.network(layer).number_of_edges() > 0
    assert differences(before, busy.state) == []


@pytest.mark.parametrize(("layer", "near"), [
    ("officers-charity", "officer-charity"), ("member", "membership"), ("Residents", "residents"),
])  # fmt: skip
def test_a_layer_that_is_not_there_is_named_with_the_nearest(model, layer, near):
    with pytest.raises(ValueError, match=f"no layer '{layer}'. Did you mean {near}?"):
        model.network(layer=layer)
    with pytest.raises(ValueError, match=r"There is charity-charity, membership, officer-charity, .*, residents"):
        model.network(layer="streets")


# Mesa's habits


def test_mesas_names_are_left_to_mesa(model):
    assert isinstance(model.random, random.Random)
    assert isinstance(model.rng, np.random.Generator)
    assert not {"scenario", "time", "steps", "rng", "running", "random"} & set(vars(CommunityModel))
    model.run(months=2)
    plain = Model(rng=1)
    plain.step(), plain.step()
    names = ("steps", "time", "running")  # `time` is of Mesa 3.5
    assert [getattr(model, name, None) for name in names] == [getattr(plain, name, None) for name in names]


def test_it_is_made_anew_as_solara_does(model):
    parameters = inspect.signature(CommunityModel.__init__).parameters
    assert list(parameters) == ["self", "config", "rng"]
    again = type(model)(config=CONFIG, rng=1)
    assert differences(again.state, model.state) == []
    assert again.steps == 0


def test_a_deleted_model_is_let_go(model):
    other = CommunityModel(CONFIG, rng=3)
    other.run(months=2)
    windows = [list(other.agents), other.agents.shuffle(), other.volunteers, other.network(), other.fork()]
    watch = [weakref.ref(other), weakref.ref(windows[-1]), weakref.ref(windows[0][0])]
    assert other not in getattr(Agent, "_ids", {})
    del other, windows
    gc.collect()
    assert [ref() for ref in watch] == [None, None, None]


# The real founding


def test_a_founded_town_lives(monkeypatch):
    monkeypatch.setattr(sim.model, "found", found)
    model = CommunityModel(CONFIG)
    rows = list(islice(model.months(), 2))
    assert len(model.residents) == CONFIG.place.residents
    assert 0.15 < rows[1]["formal_volunteering"] < 0.40
    assert model.network().number_of_edges() > 5 * CONFIG.place.residents
