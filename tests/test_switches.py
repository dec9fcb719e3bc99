"""Each switch, at the end of its range where it bites and alone, changes its observable; off is exactly off."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from sim import compare, policy, schedule, world
from sim.composition import compose, options
from sim.config import Config, registry
from sim.contrast import t_quantile
from sim.founding import solved_for
from sim.founding.first_morning import first_morning
from sim.source import config_folder
from sim.state import NO_REORGANISATION, Policies, State, World
from sim.switches import SWITCHES, Switch, Value, shown_by
from tests.twins import differences

PLACE = ("world=history", "place.residents=8000")
"""Five neighbourhoods or more: in fewer nobody can be better known than others."""
BEGINS = 58
"""Early in 2012: cuts are under way."""
SETTLING = 96
"""Months in which officers and charities get to know each other, with nothing happening from outside."""
MONTHS, LAST = 20, 10
SEEDS, MORE_SEEDS = range(1, 6), {"S10": range(1, 15)}
"""Whom advocates speak for differs from town to town, so that their effect takes more towns to see."""
MORE_PAIRS = {"S3": 20, "S4": 20, "S9": 80, "S10": 20}
"""Joint work and its allocation swing with the few officers and brokers of a town: six towns say little. They swing
most where officers go to residents alone: 20 towns left it open, and told that some 73 would do."""


def overrides(values: Mapping[str, Value]) -> list[str]:
    return [f"{path}={str(value).lower()}" for path, value in values.items()]


@cache
def town(seed: int) -> State:
    """A town at the beginning of 2012 that has settled, by the numbers at which the model starts."""
    config = compose(PLACE)
    state = first_morning(config, seed, solved_for(config), month=BEGINS - SETTLING)
    for _ in range(SETTLING):
        schedule.pass_a_month(state, config)
    return state


def placed(seed: int, config: Config) -> State:
    """That town with the world and the policies of a configuration ahead of it."""
    state = town(seed).fork()
    state.world = World(**world.build(config.world, config.place, config.world.most_months))
    rows, blank = policy.rows(config.policy, config.world.first_month), np.zeros(len(config.policy))
    state.policies = Policies(**{name: rows.get(name, blank.copy()) for name in Policies._fields})
    return state


def shown(switch: Switch, seed: int, values: Mapping[str, Value]) -> float:
    """What shows the switch, in the mean over the last months of a town lived under these values."""
    config = compose([*PLACE, *switch.beside, *overrides(values)])
    state = placed(seed, config)
    months = [schedule.live_a_month(state, config) for _ in range(MONTHS)][-LAST:]
    return float(np.mean([measured(switch, month) for month in months]))


def measured(switch: Switch, month: Any) -> float:
    if not switch.as_gap:
        return float(month.whole[switch.observable])
    parts = [value for value in month.by_quintile[switch.observable] if not np.isnan(value)]
    return float(parts[-1] - parts[0])


@pytest.mark.parametrize("number", SWITCHES)
def test_on_at_its_strongest_differs_from_off_under_the_same_luck(number: str) -> None:
    switch = SWITCHES[number]
    seeds = MORE_SEEDS.get(number, SEEDS)
    d = np.array([shown(switch, seed, switch.strongest) - shown(switch, seed, switch.off) for seed in seeds])
    half = t_quantile(0.975, len(d) - 1) * d.std(ddof=1) / len(d) ** 0.5
    assert abs(d.mean()) > half, f"{switch.observable}: {d}"
    assert abs(d.mean()) > 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("number", SWITCHES)
def test_whole_runs_differ_from_those_of_the_ablation_that_start_alike(number: str) -> None:
    """Founded each by its own rules to look the same at month 0, then lived for six years."""
    switch = SWITCHES[number]
    both = (*PLACE, "months=72", *switch.beside)
    off = compose([*both, f"ablation={switch.ablation}"])
    pairs = MORE_PAIRS.get(number, 6)
    contrast = compare(off, compose([*both, *overrides(switch.strongest)]), replicates=pairs)
    if switch.as_gap:
        runs = [r.by_quintile[r.by_quintile["month"] >= 60] for r in (contrast.counterfactual, contrast.scenario)]
        gaps = [r.groupby(["replicate", "quintile"])[switch.observable].mean().unstack().dropna(axis=1) for r in runs]
        a, b = ((gap.iloc[:, -1] - gap.iloc[:, 0]).to_numpy() for gap in gaps)
        half = t_quantile(0.975, pairs - 1) * (b - a).std(ddof=1) / pairs**0.5
        assert abs((b - a).mean()) > half
    else:
        row = contrast.outcomes.set_index("outcome").loc[switch.observable]
        assert row.low > 0 or row.high < 0, row


MATCHED = SWITCHES["S12"]._replace(beside=(
    "policy=match", "policy.match.dose=200", "policy.match.start=2007-04", "policy.match.months=240"
))  # fmt: skip
"""The last of the funding modes: the same money goes as far as charities bring their side."""


@pytest.mark.parametrize("observable", ["hours_volunteer", "hours_charity"])
def test_a_match_draws_in_hours_beyond_what_the_same_pounds_do_by_income(observable: str) -> None:
    switch = MATCHED._replace(observable=observable)
    d = np.array([shown(switch, seed, switch.strongest) - shown(switch, seed, switch.off) for seed in SEEDS])
    assert d.mean() > t_quantile(0.975, len(d) - 1) * d.std(ddof=1) / len(d) ** 0.5, d


def test_switches_of_nothing_would_be_noticed() -> None:
    switch = SWITCHES["S1"]._replace(strongest=SWITCHES["S1"].off)
    assert shown(switch, 1, switch.strongest) == shown(switch, 1, switch.off)


# Off, and where it is written


def test_every_claim_but_the_question_has_its_switch() -> None:
    assert list(SWITCHES) == [f"S{k}" for k in range(1, 16) if k != 14]


@pytest.mark.parametrize("number", SWITCHES)
def test_both_ends_are_of_registered_parameters_and_in_their_range(number: str) -> None:
    switch = SWITCHES[number]
    assert set(switch.strongest) <= set(switch.off)
    for path, value in [*switch.off.items(), *switch.strongest.items()]:
        entry = registry()[path]
        at = entry.options.index(value) if isinstance(value, str) else float(value)
        assert entry.low <= at <= entry.high
    compose([*switch.beside, *overrides(switch.strongest)])  # what stands beside is in its range too


@pytest.mark.parametrize("number", SWITCHES)
def test_the_ablation_is_exactly_the_switch_off(number: str) -> None:
    switch = SWITCHES[number]
    written = OmegaConf.to_container(OmegaConf.load(config_folder() / "ablation" / f"{switch.ablation}.yaml"))
    assert isinstance(written, dict)
    assert written.pop("ablation") == switch.ablation
    assert written.pop("title")
    flat = {f"{group}.{name}": value for group, numbers in written.items() for name, value in numbers.items()}
    assert flat == switch.off
    ablated, by_hand = compose([f"ablation={switch.ablation}"]), compose(overrides(switch.off))
    assert ablated.rooms == by_hand.rooms


def test_every_ablation_is_that_of_one_switch() -> None:
    assert sorted(options("ablation")) == sorted(["none", *(s.ablation for s in SWITCHES.values())])


def test_every_switch_of_a_room_is_in_the_one_place() -> None:
    there = {path for s in SWITCHES.values() for path in s.off}
    assert {path for path, entry in registry().items() if entry.is_switch} <= there


def lived(seed: int, months: int, *words: str) -> tuple[State, State]:
    """The town before and after some months under these words."""
    config = compose([*PLACE, *words])
    state = placed(seed, config)
    before = state.fork()
    for _ in range(months):
        schedule.live_a_month(state, config)
    return before, state


def test_frozen_trust_stands_still() -> None:
    before, after = lived(1, 1, "trust.moves=false")
    stayed = after.residents.id == before.residents.id
    assert np.array_equal(after.residents.trust_council[stayed], before.residents.trust_council[stayed])


def test_no_cuts_leaves_the_council_what_it_had() -> None:
    before, after = lived(1, 6, "funding.cuts=false")
    founding = (before.council.core_founding[0] + before.council.other_founding[0]) / 12.0
    assert after.council.income[0] == pytest.approx(founding, rel=1e-12)


def test_ready_meals_leave_every_tie_in_its_place() -> None:
    before, after = lived(1, 6, *overrides(SWITCHES["S4"].off))
    assert (after.residents.id != before.residents.id).any()
    for column in ("alter", "strength", "klass", "born"):
        assert np.array_equal(getattr(after.ties, column), getattr(before.ties, column))


def test_harmless_reorganisations_are_those_of_a_place_without_any() -> None:
    """All but what they cost and when they strike."""
    harmless, quiet = "reorganisation.damage=0", "reorganisation.cost_share=0"
    struck, calm = (lived(1, 6, w, harmless, quiet)[1] for w in ("world=merger", "world=flat"))
    merged = compose([*PLACE, "world=merger", harmless, quiet])
    strikes = placed(1, merged)
    strikes.world.planned_council[BEGINS + 1] = NO_REORGANISATION + 1
    for _ in range(6):
        schedule.live_a_month(strikes, merged)
    assert strikes.bodies.stalled_until[0] <= BEGINS + 2
    apart = [line for line in differences(strikes, calm) if line.split(".")[0] not in ("world", "bodies", "policies")]
    assert apart == []
    assert not [line for line in differences(struck, calm) if line.split(".")[0] not in ("world", "bodies")]


def test_without_brokers_joint_work_is_direct_alone() -> None:
    _, after = lived(1, 6, "brokerage.on=false")
    assert not after.neighbourhoods.joint_routes[:, 1:].any()


@pytest.mark.parametrize("number", SWITCHES)
def test_a_comparison_is_told_what_shows_the_mechanism_that_it_alters(number):
    switch = SWITCHES[number]
    altered = compose([f"{path}={str(value).lower()}" for path, value in {**switch.strongest, **switch.off}.items()])
    other = compose([f"{path}={str(value).lower()}" for path, value in switch.strongest.items()])
    assert switch.observable in shown_by(altered, other)
    assert shown_by(other, other) == []
