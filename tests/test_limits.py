"""What the rooms must come to where the answer is known on paper.

Survival of unmet ties and the officers' rule stand in ``processes/test_ties.py``; seven years of strong ties in
``test_evidence.py`` (C15).
"""

import dataclasses
import math

import numpy as np
import pytest

from sim import compose
from sim.chance import Dice, run_seed
from sim.founding import found
from sim.ledger import Flow
from sim.processes import volunteering
from sim.schedule import live_a_month
from sim.state import EMPTY, NOBODY, SLOTS
from tests.towns import town

ERRORS = 4.0
"""Standard errors within which a simulated number must lie of the one on paper."""


# A purse twice as large

YEARS_PAID = 5


def in_the_last_paid_year(*words):
    """Means over three towns of what the last of five years of money brings."""
    means = []
    for replicate in range(3):
        config = compose(["place.residents=1500", "world=flat", *words])
        state = found(config, run_seed(1, replicate))
        rows = [live_a_month(state, config).whole for _ in range(12 * YEARS_PAID)]
        means.append([np.mean([row[name] for row in rows[-12:]]) for name in ("ties_per_resident", "hours_volunteer")])
    return np.mean(means, axis=0)


@pytest.mark.parametrize(("policy", "brings"), [("hosting", [0]), ("nurture_early", [0, 1])])
def test_twice_the_pounds_never_double_the_effect_at_the_top_of_the_range(policy, brings):
    """Ties, and of organisers hours of volunteers: at 250 and at 500 pounds a resident-year.

    In the fifth year of the money. In the second, twice the pounds bring up to 2.3 times the hours of volunteers: whom
    organisers meet first are mostly volunteers already, and more money goes on to the others.
    """
    set_to = [f"policy={policy}", f"policy.{policy}.start=0", f"policy.{policy}.months={12 * YEARS_PAID}"]
    none, half, whole = (in_the_last_paid_year(*words) for words in (
        [], [*set_to, f"policy.{policy}.dose=250"], [*set_to, f"policy.{policy}.dose=500"]))  # fmt: skip
    for outcome in brings:
        assert 0.0 < (half - none)[outcome] < (whole - none)[outcome] < 1.95 * (half - none)[outcome]


# A chain of two states: in a role or in none

EVEN = volunteering.Parameters(
    civic_slope=0.0, resources_abc1=1.0, resources_c2de=1.0, return_ratio=1.0, new_ratio=1.0, overload_share=0.0,
    once_chance=0.0, life_share=0.7, other_share=0.1,
)  # fmt: skip
LEAVE = 0.03 * 0.8
PEOPLE, SETTLING, WATCHED = 3000, 250, 400


def share_in_roles(k, p):
    """Mean share in a role of people who are all asked as on average, once the chain has settled."""
    state = town(residents=PEOPLE, neighbourhoods=1, habit="no ties", seed=8, month=0)
    state.constants.join_rate[:], state.charities.joining_weight[:] = k, 1.0
    state.constants.asking[:], state.residents.outside_ask[:] = 1.0, 1.0
    shares = []
    for month in range(SETTLING + WATCHED):
        state.month = month
        volunteering.advance(state, p, Dice(state.seed, month))
        shares.append(np.mean(state.residents.role != NOBODY))
    return float(np.mean(shares[SETTLING:]))


def stationary(k):
    """The share on paper, and the standard error of a mean over the months watched."""
    join = -math.expm1(-k)
    share = join / (join + LEAVE)
    kept = 1.0 - join - LEAVE  # correlation of a month with the next
    return share, math.sqrt(share * (1.0 - share) / (PEOPLE * WATCHED) * (1.0 + kept) / (1.0 - kept))


@pytest.mark.parametrize("k", [0.004, 0.02, 0.1])
def test_a_chain_of_roles_has_its_stationary_share(k):
    share, error = stationary(k)
    assert error < 0.005
    assert abs(share_in_roles(k, EVEN) - share) < ERRORS * error


@pytest.mark.parametrize(
    "spoilt", [{"new_ratio": 2.0}, {"other_share": 0.2}, {"resources_abc1": 1.25}, {"civic_slope": 0.9}]
)
def test_a_chain_with_one_hazard_amiss_misses_that_share(spoilt):
    share, error = stationary(0.02)
    assert abs(share_in_roles(0.02, dataclasses.replace(EVEN, **spoilt)) - share) > ERRORS * error


# The loop: more roles, more asking, more joining

CONFIG = compose(["world=flat", "place.residents=3000", "months=120"])
MORE = 1.1
DICE = 300


@pytest.fixture(scope="module")
def first_morning():
    return found(CONFIG, run_seed(CONFIG.seed, 0))


def joins(state, seed, asking=1.0):
    """People who take up a role in one month under other dice, with asking stronger than it is."""
    one = state.fork()
    one.constants.asking[0] /= asking
    volunteering.advance(one, CONFIG.volunteering, Dice(seed, one.month))
    return int(sum(one.ledger[flow] for flow in (Flow.JOINED_INSIDE_ASK, Flow.JOINED_OUTSIDE_ASK, Flow.JOINED_UNASKED)))


def gain_on_paper(state):
    """d ln(joins) / d ln(asking): the asked part of each rate, as far as asking is not at its most."""
    p, r, t = CONFIG.volunteering, state.residents, state.ties
    asking = np.zeros(len(r.id))
    for slot in np.flatnonzero(t.alter != EMPTY):
        i, j = slot // SLOTS, t.alter[slot]
        asking[i] += t.strength[slot] * (r.role[j] != NOBODY)
        asking[j] += t.strength[slot] * (r.role[i] != NOBODY)
    f = np.minimum(p.asked_most, asking / state.constants.asking[0])
    grade = np.where(r.group < 3, p.resources_abc1, p.resources_c2de) * np.where(r.ever == 1, p.return_ratio, 1.0)
    part = (1.0 - p.asked_share) + p.asked_share * f
    weight = np.where(r.role == NOBODY, np.exp(p.civic_slope * r.civic) * grade * part, 0.0)
    return float(np.sum(weight * (p.asked_share * f / part) * (f < p.asked_most)) / np.sum(weight))


def test_the_gain_of_asking_is_what_it_is_on_paper_and_under_one(first_morning):
    state = first_morning.fork()
    state.ledger[:] = 0.0
    counts = np.array([(joins(state, seed), joins(state, seed, MORE)) for seed in range(DICE)])
    more = counts[:, 1] - counts[:, 0]
    assert (more >= 0).all()  # the same dice: asking can only add
    gain = math.log(counts[:, 1].sum() / counts[:, 0].sum()) / math.log(MORE)
    error = more.std(ddof=1) * math.sqrt(DICE) / counts[:, 0].sum() / math.log(MORE)
    assert error < 0.05
    assert abs(gain - gain_on_paper(state)) < ERRORS * error
    assert abs(gain - CONFIG.volunteering.asked_share) < 0.12
    assert gain + ERRORS * error < 1.0


PULSE = 0.15


def excess(state, months, turnover=1.0):
    """How many more hold a role, month by month, after a pulse of roles beside the same place without one.

    Args:
        turnover: chances to join and to leave, beside what they are, for a test of the test.
    """
    config = CONFIG
    if turnover != 1.0:
        numbers = dataclasses.replace(CONFIG.volunteering, leave_chance=CONFIG.volunteering.leave_chance * turnover)
        config = CONFIG.model_copy(update={"rooms": CONFIG.rooms | {"volunteering": numbers}})
    plain, pulsed = state.fork(), state.fork()
    for one in (plain, pulsed):
        one.constants.join_rate[:] *= turnover
    r = pulsed.residents
    free = np.flatnonzero(r.role == NOBODY)
    chosen = free[np.random.default_rng(1).permutation(len(free))[: int(PULSE * len(r.id))]]
    held = r.role[r.role != NOBODY]
    r.role[chosen] = held[np.arange(len(chosen)) % len(held)]
    r.role_since[chosen], r.role_starts[chosen] = -60, -60
    more = []
    for _ in range(months):
        for one in (plain, pulsed):
            live_a_month(one, config)
        with_it, without = (np.count_nonzero(one.residents.role != NOBODY) for one in (pulsed, plain))
        more.append(with_it - without)
    return np.array(more) / len(chosen)


def test_a_pulse_of_roles_fades(first_morning):
    left = excess(first_morning, 120)
    assert left[0] > 0.8
    assert left[48:60].mean() < 0.35
    assert left[108:].mean() < 0.15
    assert np.all(np.diff([left[k : k + 12].mean() for k in (0, 24, 48)]) < -0.1)


def test_a_pulse_that_stayed_would_be_noticed(first_morning):
    """With hardly any joining or leaving, roles stay; with less leaving alone, the others would catch up."""
    assert excess(first_morning, 60, turnover=0.05)[48:].mean() > 0.5
