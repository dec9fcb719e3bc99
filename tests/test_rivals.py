"""Ablations and rivals begin where the main model begins: the same capacity by source, ties and trust at month 0.

A town of another account lives its spin-up beside the main model's town of the same seed, month by month and under the
same luck, and each of its levers (`LEVERS`) is pulled to what that has. So both towns of a pair are alike, and the mean
over pairs is the nearer to the truth the more there are.

The slow suite lives `PAIRS` of towns of 10,000 residents: twenty minutes on two cores. Their mean is held to the margin
of 1% at month 0, as it stands. (With fewer, as TAKESTWO_PAIRS=8, its interval has to reach into the margin.) Held to it
with their intervals are the five years before month 0, in which levers are pulled, and the three years after it, in
which nothing is pulled any more.

With the direct route alone (`SWINGS`) joint work is done by a dozen people who happen to know an officer, and what they
do in three years swings by a third from town to town. Over 120 towns it was +2.5% in those after (95%: -3.6 to +8.7).

An account that does nothing before month 0 has no such error: its town is the main model's to the last bit.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim import founding, schedule
from sim.chance import run_seed
from sim.composition import compose, options
from sim.config import Config
from sim.contrast import t_quantile
from sim.founding import solving
from sim.founding.solving import LEVERS, Levels, Solved, levels
from sim.state import Floats, State
from tests.twins import differences

ENOUGH = 40
"""Pairs over which the model says that month 0 is the main model's within the margin."""
PAIRS = int(os.environ.get("TAKESTWO_PAIRS", ENOUGH))
MARGIN = 0.01
YEARS, AFTER = 60, 36
WHEN = {"month 0": 0.975, "five years before": 0.975, "three years after": 0.9995}
"""What is compared, and the quantile of its interval: of hundreds of levels after month 0, some lie far off by luck."""
WIDEST = 0.06
"""Half of the widest interval that a comparison may have."""
PLACE = ("place=england_average", "place.residents=10000", "world=flat")

RIVALS = {
    "recession_only", "secular_decline", "churn", "selection", "time_crowding", "replacement", "direct_route",
    "spontaneous", "scale_gain", "retreat", "linear_ties", "reshuffling_helps", "sceptic",
}  # fmt: skip
"""All that the model names; ablations are told by the switches, and tested beside them."""
EARLIER = {
    "ablation=a_pound_is_a_pound", "ablation=equally_local", "ablation=frozen_trust", "ablation=no_brokers",
    "ablation=no_complements", "ablation=perfect_picture", "ablation=ready_meal", "rival=churn", "rival=direct_route",
    "rival=linear_ties", "rival=recession_only", "rival=replacement", "rival=sceptic", "rival=selection",
    "rival=spontaneous",
}  # fmt: skip
"""Accounts that differ from the main model before month 0; the others do so from then on, if at all."""
SWINGS = {(account, "joint") for account in ("ablation=no_brokers", "rival=direct_route")}
"""With the direct route alone a dozen people are in joint work, and what they do in a month swings by a third."""
ACCOUNTS = [f"{group}={name}" for group in ("ablation", "rival") for name in options(group) if name != "none"]


def test_all_that_the_model_names_are_there() -> None:
    assert set(options("rival")) == RIVALS | {"none"}


# A small place, quickly solved: is the machinery at work at all?

SMALL, SOLVED_MONTHS, SPUN_MONTHS = 1500, 150, 120


@pytest.fixture(scope="module")
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def small(cache_of_its_own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Founding in seconds, and kept apart from what is founded in earnest, and from what comes with the package."""
    monkeypatch.setenv("TAKESTWO_CACHE", str(cache_of_its_own))
    monkeypatch.setattr(founding, "PUBLISHED", cache_of_its_own / "published")
    for name, value in (("RESIDENTS", SMALL), ("MONTHS", SOLVED_MONTHS), ("SETTLED", 50)):
        monkeypatch.setattr(solving, name, value)
    monkeypatch.setattr(founding, "SPIN_UP_MONTHS", SPUN_MONTHS)
    monkeypatch.setattr(founding, "SETTLING_MONTHS", SPUN_MONTHS)


def little(*account: str) -> Config:
    return compose(["place=england_average", f"place.residents={SMALL}", "world=flat", *account])


def gaps(account: Solved, main: Solved) -> dict[str, float]:
    """How far each level lies from the main model's, in logs."""
    return {n: float(np.log(a[0] / b[0])) for n, a, b in zip(Levels._fields, account.levels, main.levels, strict=True)}


OTHER = (
    "funding.council_hour_gbp=26", "survival.hour_gbp=26", "volunteering.role_hours=9", "helping.hours=5",
    "coproduction.efficiency=0.9", "ties.triadic_share=0.3",
)  # fmt: skip
"""Another account in as many ways as there are levers."""


def test_every_lever_brings_its_level_to_the_main_models(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    main, other = founding.solved_for(little()), little(*OTHER)
    matched = gaps(solving.solve(other, match=main), main)
    monkeypatch.setattr(solving, "LEVERS", [lever._replace(pull=0.0, push=0.0) for lever in LEVERS])
    free = gaps(solving.solve(other, match=main), main)
    for lever in LEVERS:
        assert abs(matched[lever.level]) < 0.045, lever
        assert abs(free[lever.level]) > max(0.055, 1.5 * abs(matched[lever.level])), lever


def test_what_a_lever_moves_is_what_it_says(small: None) -> None:
    """A pound buys as many more hours of council and charity work as the scales say, from the first morning on."""
    config = little()
    main = founding.solved_for(config)
    state = founding.first_morning(config, 1, main, month=-9)
    before = levels_of_pay(state.fork(), config)
    solving.set_beside(state, solving.levers(main.constants), np.array([1.2, 1.3, 1.0, 1.0, 1.0, 1.0]))
    assert levels_of_pay(state, config) == pytest.approx([1.2 * before[0], 1.3 * before[1]], rel=1e-9)
    dearer = main._replace(constants=main.constants._replace(charity_scale=np.array([1.3])))
    later = founding.first_morning(config, 1, dearer, month=-9)
    assert levels_of_pay(later, config)[1] == pytest.approx(1.3 * before[1], rel=1e-9)


def levels_of_pay(state: State, config: Config) -> list[float]:
    """Paid hours of the council and of charities once a month has passed."""
    schedule.act(state, config)
    return [float(state.services.hours.sum()), float(state.charities.paid_hours.sum())]


def test_a_town_is_founded_beside_the_main_models(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    config = little("rival=churn")
    lucks = (3, 4, 5, 6)
    kept = [founding._course_of(config.main_model, luck) for luck in lucks]
    beside = [apart(founding.spin_up(config, luck)[1], own)["joint"] for luck, own in zip(lucks, kept, strict=True)]
    monkeypatch.setattr(founding, "pull_to_match", lambda beside, *_: beside)
    alone = [apart(founding.spin_up(config, luck)[1], own)["joint"] for luck, own in zip(lucks, kept, strict=True)]
    print(beside, alone)
    assert sum(beside) < 0.7 * sum(alone)


def test_joint_work_of_month_0_is_the_main_models_and_its_scale_the_one_of_ten_years(small: None) -> None:
    """With the direct route alone, in a place of 1,500: three or four people do it, or nobody."""
    config = little("rival=direct_route")
    matched = 0
    for luck in (3, 4, 5, 6):
        town, course = founding.spin_up(config, luck)
        other, main = founding._spun_up(config.main_model, luck), founding._course_of(config.main_model, luck)
        assert town.constants.joint_scale[0] == solving.joint_scale_that_lasts(course, main)
        alone = town.fork()
        alone.constants.joint_first[:] = 1.0
        wanted, has, by_luck = (month_0(t, c) for t, c in ((other, config.main_model), (town, config), (alone, config)))
        if by_luck > 0.0:
            assert has == pytest.approx(wanted, rel=1e-3)
            assert by_luck != pytest.approx(wanted, rel=0.02)
            matched += 1
    assert matched > 0


def month_0(town: State, config: Config) -> float:
    """Need met by joint work in it."""
    state = town.fork()
    schedule.act(state, config)
    return float(levels(state).joint[0])


def courses(had: Floats, wanted: Floats, scale: Floats) -> tuple[solving.Course, solving.Course]:
    """Of a place that has ``had`` as much joint work in each month at a scale of 1, and of the main model's."""
    mine, main = solving.Course.blank(len(had)), solving.Course.blank(len(had))
    mine.levers[:, -2] = scale
    mine.levels[:, 4], main.levels[:, 4] = had * np.append(1.0, scale[:-1]), wanted
    assert (LEVERS[-2].constant, Levels._fields[4]) == ("joint_scale", "joint")
    return mine, main


def test_the_scale_that_lasts_is_what_the_main_model_had_over_what_a_place_has() -> None:
    scale = np.linspace(2.0, 5.0, 360)
    assert solving.joint_scale_that_lasts(*courses(np.full(360, 90.0), np.full(360, 600.0), scale)) == pytest.approx(
        600 / 90)  # fmt: skip
    before = np.where(np.arange(360) < 240, 1e6, 90.0)
    assert solving.joint_scale_that_lasts(*courses(before, np.full(360, 600.0), scale)) == pytest.approx(600 / 90)


def test_the_scale_that_lasts_is_not_too_high_where_luck_goes_far() -> None:
    """A plain ratio is too high, and so is the mean of what was wanted in each month."""
    rng, lasting, plain, lever = np.random.default_rng(7), [], [], []
    for _ in range(4000):
        had = np.repeat(rng.gamma(4.0, 25.0, 24), 15)  # luck lasts for 15 months: a mean of 100, half of it its s.d.
        mine, main = courses(had, np.full(360, 600.0), np.full(360, 6.0))
        lasting.append(solving.joint_scale_that_lasts(mine, main))
        plain.append(600.0 / had[-solving.LASTING_MONTHS :].mean())
        lever.append(600.0 / had[-1])
    assert np.mean(lasting) == pytest.approx(6.0, rel=0.01)
    assert np.mean(plain) > 6.0 * 1.02
    assert np.mean(lever) > 6.0 * 1.2


def test_a_place_without_joint_work_keeps_the_scale_that_it_had() -> None:
    nobody = courses(np.zeros(360), np.full(360, 600.0), np.full(360, 100.0))
    assert solving.joint_scale_that_lasts(*nobody) == 100.0
    late = courses(np.where(np.arange(360) < 300, 0.0, 1.0), np.full(360, 600.0), np.full(360, 100.0))
    assert 100.0 == solving.MOST_BESIDE == solving.joint_scale_that_lasts(*late)


def apart(course: solving.Course, main: solving.Course, months: int = 36) -> dict[str, float]:
    """Typical distance of the last months' levels, as a share."""
    a, b = course.levels[-months:], main.levels[-months:]
    return dict(zip(Levels._fields, np.abs(a / np.maximum(1e-9, b) - 1.0).mean(axis=0).tolist(), strict=True))


def test_what_differs_from_month_0_on_alone_is_founded_as_the_main_model_to_the_bit(small: None) -> None:
    """Also where the main model's course is read from the cache."""
    config = little("ablation=no_cuts")
    found = [founding._spun_up(c, 3) for c in (config.main_model, config)]
    assert config.matched
    assert differences(*found) == []
    assert differences(founding.spin_up(config, 3)[0], found[0]) == []


def test_need_is_held_to_the_share_that_is_to_be_unmet(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    config = little()
    main = founding.solved_for(config)
    off = main._replace(constants=main.constants._replace(need_scale=1.1 * main.constants.need_scale))
    monkeypatch.setattr(founding, "solved_for", lambda _: off)
    assert unmet(config) == pytest.approx(0.20, abs=0.015)
    monkeypatch.setattr(founding, "hold_need", lambda _: None)
    assert unmet(config) > 0.23


def unmet(config: Config, months: int = 24) -> float:
    """Share of need unmet in the mean over the months after a town was founded."""
    state, _ = founding.spin_up(config, 5)
    shares = []
    for _ in range(months):
        schedule.act(state, config)
        shares.append(1.0 - state.residents.met.sum() / state.residents.need.sum())
        state.month += 1
    return float(np.mean(shares))


# The accounts themselves.


@cache
def beginnings(account: str, seed: int) -> Floats:
    """Levels of an account and of the main model at month 0, in the years before it and in those after: (2, 3, 7)."""
    config, both = compose([account, *PLACE]), []
    for c in (config, config.main_model):
        state, after = founding.found(c, seed), []
        for _ in range(1 + AFTER):
            schedule.pass_a_month(state, c)
            after.append(np.concatenate(levels(state)))
        before = founding._course_of(c, seed).levels[-YEARS:].mean(axis=0)
        both.append([after[0], before, np.mean(after[1:], axis=0)])
    return np.asarray(both)


def beside_the_main_model(pairs: Floats) -> tuple[Floats, Floats]:
    """How far the mean of one is from the mean of the other, as a share, and half of its 95% interval.

    Of means, and not a mean of logs, which lies below by half the variance where a level swings.
    """
    account, main = pairs[:, 0], pairs[:, 1]
    ratio = account.mean(axis=0) / main.mean(axis=0)
    error = (account - ratio * main).std(axis=0, ddof=1) / main.mean(axis=0) / len(pairs) ** 0.5
    return ratio - 1.0, t_quantile(0.975, len(pairs) - 1) * error


def test_a_level_that_swings_is_not_told_as_lower() -> None:
    luck = np.random.default_rng(5).normal(0.0, 0.3, (4000, 2, 3, 7))
    pairs = np.exp(luck - 0.3**2 / 2.0)
    pairs[:, 1] = 1.0
    apart, half = beside_the_main_model(pairs)
    assert (np.abs(apart) < 2.0 * half).all()
    assert (half < 0.012).all()
    assert (np.abs(np.log(pairs[:, 0]).mean(axis=0)) > 3.0 * half).all()
    higher, _ = beside_the_main_model(pairs * np.array([1.02, 1.0])[:, None, None])
    assert higher == pytest.approx(apart + 0.02, abs=2e-3)


def does_nothing_before_month_0(account: str) -> bool:
    config = compose([account, *PLACE])
    return bool((founding.solved_for(config).beside(founding.solved_for(config.main_model)) == 1.0).all())


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS)
def test_month_0_is_the_main_models(account: str) -> None:
    alike = account not in EARLIER
    if account != "ablation=frozen_trust":
        assert does_nothing_before_month_0(account) == alike
    pairs = np.array([beginnings(account, run_seed(1, k)) for k in range(1 if alike else PAIRS)])
    if alike:
        assert (pairs[:, 0, :2] == pairs[:, 1, :2]).all()
        return
    apart, half = beside_the_main_model(pairs)
    for n, (when, quantile) in enumerate(WHEN.items()):
        print(account, when, *(f"{100 * a:+.2f}±{100 * h:.2f}" for a, h in zip(apart[n], half[n], strict=True)))
        wider = t_quantile(quantile, PAIRS - 1) / t_quantile(0.975, PAIRS - 1)
        reach = MARGIN + wider * half[n] * (n > 0 or PAIRS < ENOUGH)
        for k, name in enumerate(Levels._fields):
            assert abs(apart[n, k]) <= reach[k], (when, name, pairs[:, :, n, k])
            assert (account, name) in SWINGS or half[n, k] <= WIDEST, (when, name, half[n, k])


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS)
def test_three_years_of_it_are_lived(account: str) -> None:
    """On the towns that are founded already."""
    config = compose([account, *PLACE[:2], "world=history"])
    state = founding.found(config, run_seed(1, 0))
    for _ in range(36):
        whole = schedule.live_a_month(state, config).whole
        assert not [name for name, value in whole.items() if np.isinf(value)]
        assert 0.0 < whole["unmet_need"] < 1.0
        assert whole["ties_per_resident"] > 5.0
