"""What is decided while a town lives: in force from its month on, under the same luck, kept and told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sim.model
from sim import CommunityModel, compose
from sim.config import Config, ConfigError
from sim.policy import INSTRUMENTS
from sim.state import NO_REORGANISATION, STRUCTURAL, State
from tests.towns import town
from tests.twins import differences

PLACE = ("world=flat", "world.most_months=40", "months=9", "place.residents=1500", "policy.nurture_early.start=1",
         "policy.nurture_early.months=30")  # fmt: skip
CONFIG = compose([*PLACE, "policy=nurture_early"])
NEW = {"title": "listening", "instrument": "listening", "dose": 100}


def made_up(config: Config, seed: int) -> State:
    """A small town at month 0 in place of a founded one, with the policies of its configuration."""
    from sim import policy
    from sim.state import Policies

    state = town(residents=120, seed=seed % 2**32, month=0)
    state.seed = seed
    state.world.meeting_ban[:] = 0
    rows, blank = policy.rows(config.policy, config.world.first_month), np.zeros(len(config.policy))
    state.policies = Policies(**{name: rows.get(name, blank.copy()) for name in Policies._fields})
    return state


@pytest.fixture(autouse=True)
def towns_are_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.model, "found", made_up)


@pytest.fixture
def model() -> CommunityModel:
    lived = CommunityModel(CONFIG, rng=3)
    lived.run(months=2)
    return lived


DECISIONS: list[tuple[dict[str, Any], set[str]]] = [
    ({"policy": {"ours": NEW}}, {"residents.outside_ask"}),
    ({"dose": {"nurture_early": 400.0}}, {"policies.dose"}),
    ({"end": "nurture_early"}, {"policies.received"}),
    ({"core_funding": 0.5}, {"council.income"}),
]


@pytest.mark.parametrize(("asked", "seen"), DECISIONS, ids=[next(iter(asked)) for asked, _ in DECISIONS])
def test_a_fork_is_the_same_to_the_bit_until_the_month_of_its_decision(
    asked: dict[str, Any], seen: set[str], model: CommunityModel
) -> None:
    other = model.fork()
    decided = other.decide(month=5, **asked)
    assert (decided.taken, decided.month, decided.kind) == (2, 5, next(iter(asked)))
    for month in range(2, 6):
        assert differences(model.state, other.state) == [], month
        model.step(), other.step()
    assert seen <= {line.split(" ")[0] for line in apart(model.state, other.state)}
    assert model.decisions == []
    assert [model.row(month) == other.row(month) for month in range(6)] == [True] * 5 + [False]


def apart(one: State, other: State) -> list[str]:
    """As `differences`; a table that has more rows in one is left out."""
    fewer = min(len(one.policies.id), len(other.policies.id))
    cut = other.fork()
    cut.policies = type(cut.policies)(*(column[:fewer] for column in cut.policies))
    return differences(one, cut)


def test_without_a_month_it_is_the_next(model: CommunityModel) -> None:
    model.decide(policy={"ours": NEW})
    model.step()
    row = int(np.flatnonzero(model.state.policies.instrument == INSTRUMENTS.index("listening"))[0])
    assert model.state.policies.start[row] == 2
    assert model.state.policies.received[row] == pytest.approx(100 * 120 / 12)
    assert model.state.policies.people[row] > 0.0


def test_decided_in_mid_run_is_as_if_it_had_been_there_from_the_start() -> None:
    """A policy of the configuration and the same one decided on later: one life, to the bit."""
    both = compose([*PLACE, "policy=[nurture_early,hosting]", "policy.hosting.start=4"])
    planned, decided = CommunityModel(both, rng=3), CommunityModel(CONFIG, rng=3)
    planned.run(months=6)
    decided.run(months=3)
    decided.decide(policy={"hosting": both.policy["hosting"]}, month="2007-08")
    decided.run(months=3)
    assert differences(planned.state, decided.state) == []


def test_an_end_leaves_what_is_in_the_purse_and_ends_a_taper_too(model: CommunityModel) -> None:
    model.state.policies.taper[:] = 12
    model.decide(end="nurture_early", month=4)
    received = []
    for _ in range(4):
        balance = model.state.policies.balance[0]
        model.step()
        received.append(float(model.state.policies.received[0]))
        spent = model.state.policies.spent[0]
        assert model.state.policies.balance[0] == pytest.approx(balance + received[-1] - spent)
    assert received == pytest.approx([120.0, 120.0, 0.0, 0.0])
    tapering = CommunityModel(CONFIG, rng=3)
    tapering.state.policies.months[:], tapering.state.policies.taper[:] = 1, 20
    tapering.decide(end="nurture_early", month=5)
    tapering.run(months=5)
    assert tapering.state.policies.received[0] > 0.0
    tapering.step()
    assert tapering.state.policies.received[0] == 0.0


def test_an_end_before_the_start_pays_nothing_at_all() -> None:
    model = CommunityModel(CONFIG, rng=3)
    model.decide(end="nurture_early", month=0)
    model.run(months=4)
    assert model.state.policies.balance[0] == 0.0


@pytest.mark.parametrize("body", ["council", "health"])
def test_a_reorganisation_is_planned_announced_and_strikes_in_its_month(body: str, model: CommunityModel) -> None:
    number, twin = ["council", "health"].index(body), model.fork()
    model.state.bodies.kind[:] = NO_REORGANISATION
    model.decide(reorganisation="structural", body=body, month=20)
    for month in range(2, 21):
        model.step()
        announced = model.state.bodies.kind[number] == STRUCTURAL
        assert announced == (8 <= month < 20), month
    assert model.state.bodies.struck[number] == STRUCTURAL
    assert not twin.state.world.planned_council.any()


def test_core_funding_is_beside_its_path_from_then_on(model: CommunityModel) -> None:
    path = model.state.world.core_funding.copy()
    model.decide(core_funding=0.9, month=4)
    model.decide(core_funding=1.2, month=6)
    model.run(months=5)
    assert model.state.world.core_funding[:4].tolist() == path[:4].tolist()
    assert model.state.world.core_funding[4:6] == pytest.approx(0.9 * path[4:6])
    assert model.state.world.core_funding[6:] == pytest.approx(1.08 * path[6:])


def test_decisions_are_kept_by_save_load_and_fork(model: CommunityModel, tmp_path: Any) -> None:
    """Those to come among them: all three live on as one."""
    model.decide(policy={"ours": NEW}, month=3)
    model.decide(dose={"ours": 20.0, "nurture_early": 0.0}, month=5)
    model.decide(reorganisation="restructure", month=7)
    model.run(months=2)
    model.save(tmp_path / "model")
    loaded, forked = CommunityModel.load(tmp_path / "model"), model.fork()
    assert loaded.decisions == forked.decisions == model.decisions
    for one in (model, loaded, forked):
        one.run(months=4)
    assert differences(model.state, loaded.state) == differences(model.state, forked.state) == []
    assert model.state.policies.dose.tolist() == [0.0, 20.0]
    forked.decide(end="ours")
    assert len(model.decisions) == 3


def test_provenance_tells_what_was_decided_and_when(model: CommunityModel) -> None:
    model.decide(policy={"ours": NEW}, month=3)
    told = model.provenance()
    (one,) = told["decisions"]
    assert (one["taken"], one["month"], one["kind"]) == (2, 3, "policy")
    assert one["what"]["ours"]["start"] == "2007-07"
    assert (told["seed"], told["month"]) == (3, 2)
    assert Config.check(told["config"]) == CONFIG
    assert told["versions"]["numpy"] == np.__version__
    assert len(told["source"]) == 16


@pytest.mark.parametrize(("asked", "what", "advice"), [
    ({"end": "nurture_early", "month": 1}, "month 1 has been lived", "The next is 2 (2007-06)"),
    ({"end": "nurture_early", "month": "2007-04"}, "month 0 has been lived", "The next is 2"),
    ({"end": "nurture_early", "month": 40}, "month 40 is never lived", "months 0 to 39"),
    ({"end": "nurture_early", "month": "soon"}, "month is 'soon'", "as 2009-04, or months after month 0, as 2"),
    ({"end": "nurture_early", "month": True}, "month is True", "as 2009-04"),
    ({}, "nothing was to be decided", "policy, dose, end, reorganisation, core_funding"),
    ({"end": "nurture_early", "core_funding": 1.0}, "end and core_funding was to be decided", "one thing at a time"),
    ({"end": "nurture_erly"}, "policy nurture_erly is not there", "Did you mean nurture_early?"),
    ({"dose": {"nurture_early": 501}}, "policy.nurture_early.dose is 501", "from 0 to 500"),
    ({"dose": 5}, "dose is 5", "dose={'nurture_early': 6}"),
    ({"dose": {"ours": 5}}, "policy ours is not there", "There is nurture_early"),
    ({"policy": {"nurture_early": NEW}}, "policy nurture_early is there already", "another name"),
    ({"policy": {"ours": NEW | {"dose": -1}}}, "policy.ours.dose is -1", "from 0 to 500"),
    ({"policy": {"ours": NEW | {"instrument": "listenning"}}}, "policy.ours.instrument", "Did you mean listening?"),
    ({"policy": {"ours": NEW | {"start": 3}}}, "policy.ours has a start", "month=..."),
    ({"policy": {"ours": {"instrument": "hosting"}}}, "policy.ours.title is missing", "called in text"),
    ({"policy": {"ours": NEW | {"where": 9}}}, "policy.ours.where is 9", "Choose one of those, or all"),
    ({"policy": {"ours": "listening"}}, "policy.ours is 'listening'", "'instrument'"),
    ({"policy": "listening"}, "policy is 'listening'", "policy={'listening'"),
    ({"reorganisation": "merger"}, "reorganisation is 'merger'", "restructure, structural"),
    ({"reorganisation": "structural", "body": "police"}, "body is 'police'", "council, health"),
    ({"core_funding": 3.5}, "core_funding is 3.5", "from 0 to 3"),
    ({"core_funding": "half"}, "core_funding is 'half'", "from 0 to 3"),
])  # fmt: skip
def test_what_cannot_be_decided_is_one_clear_message(
    asked: dict[str, Any], what: str, advice: str, model: CommunityModel
) -> None:
    before = model.state.fork()
    with pytest.raises(ConfigError) as fault:
        model.decide(**asked)
    assert what in str(fault.value)
    assert advice in str(fault.value)
    assert "\n" not in str(fault.value)
    assert model.decisions == []
    assert differences(before, model.state) == []


def test_a_policy_can_be_changed_once_it_is_there(model: CommunityModel) -> None:
    model.decide(policy={"ours": NEW}, month=6)
    with pytest.raises(ConfigError, match="policy ours is not there in month 5"):
        model.decide(end="ours", month=5)
    assert model.decide(end="ours", month=8).what == {"policy": "ours"}
