"""Need: it arises by person and kind, more where deprived and in hard times; unmet prevention turns into crisis.

    m_ik  = hours_k weight_b hardship [ban] scale                   b the neighbourhood of i, k a kind of need
    n_ik  ~ Poisson(m_ik)
    u_i   = sum of (need - met) of last month, over all kinds but care
    c_i'  = kept c_i + chance ratio u_i                             crisis, in hours of care
    need  = n_ik,  + c_i' for care;   met = 0

An hour of prevention that stays unmet for good ends in gain = chance ratio / (1 - kept) hours of crisis a month, and
that must be below 1: crisis may not breed more need than went unmet. Hardship comes ready made with the world.

Reads   residents (id, neighbourhood, need, met, crisis), neighbourhoods, world, constants (need_scale)
Writes  residents.crisis, need, met
Source  Assumptions, all of them wide: hours by kind, deprivation, hardship, crisis. The scale is solved at founding.
Departs Crisis is a mean, not a draw: what is left of it fades by a share a month instead of ending person by person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from sim.chance import Dice, Die, poisson_quantile, uniforms_by_turn
from sim.compiling import KERNEL, PART
from sim.elementary import exp
from sim.ledger import Flow
from sim.parameters import numbers, parameter, room_parameters
from sim.state import CARE, KINDS, State

if TYPE_CHECKING:
    from sim.community import Community

TABLED = 8
"""Counts whose chances the fast hand tables; a draw beyond them is searched from nought."""


@room_parameters
class Parameters:
    """The numbers of need.

    Raises:
        ValueError: if crisis would breed more need than went unmet.
    """

    care_hours: float = parameter(
        4.5, unit="hours/month", low=2.0, high=9.0, source="assumption", meaning="care needed on average")
    practical_hours: float = parameter(
        2.0, unit="hours/month", low=0.5, high=6.0, source="assumption", meaning="practical help needed on average")
    company_hours: float = parameter(
        2.5, unit="hours/month", low=0.5, high=6.0, source="assumption", meaning="company needed on average")
    advice_hours: float = parameter(
        1.0, unit="hours/month", low=0.2, high=3.0, source="assumption", meaning="advice needed on average")
    activity_hours: float = parameter(
        2.0, unit="hours/month", low=0.5, high=6.0, source="assumption", meaning="activity needed on average")
    ban_ratio: float = parameter(
        1.3, unit="times", low=1.0, high=2.0, source="assumption", meaning="need while meeting is banned")
    crisis_kept: float = parameter(
        0.83, unit="share/month", low=0.0, high=0.95, source="assumption",
        meaning="share of crisis that is still there a month later")
    crisis_chance: float = parameter(
        0.03, unit="1/month", low=0.0, high=0.10, source="assumption",
        meaning="chance that an unmet hour of prevention turns into crisis")
    crisis_ratio: float = parameter(
        2.0, unit="times", low=0.0, high=5.0, source="assumption",
        meaning="hours of crisis that such an hour brings")  # fmt: skip

    def __post_init__(self) -> None:
        """Refuse a crisis that would feed on itself."""
        gone = 1.0 - self.crisis_kept
        if self.crisis_chance * self.crisis_ratio >= gone:
            raise ValueError(
                f"need.crisis_chance {self.crisis_chance} x need.crisis_ratio {self.crisis_ratio} must be below "
                f"1 - need.crisis_kept = {gone:.3g}, or crisis breeds more need than went unmet: lower one of the three"
            )


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of need, on the state's columns."""
    world, row = state.world, state.world_row
    _kernel(
        state.residents, state.neighbourhoods.need_weight, world.hardship[row], world.meeting_ban[row],
        state.constants.need_scale[0], numbers(p), dice.streams[Die.NEED], state.ledger,
    )  # fmt: skip


@njit(**KERNEL)
def _kernel(residents, need_weight, hardship, banned, scale, p, stream, ledger):  # noqa: ANN001, ANN202 - compiled
    pressure = p.ban_ratio if banned == 1 else 1.0
    hours = (p.care_hours, p.practical_hours, p.company_hours, p.advice_hours, p.activity_hours)
    mean = np.empty((need_weight.size, len(hours)))
    chances = np.empty((need_weight.size, len(hours), TABLED))
    for b in range(need_weight.size):
        for k in range(len(hours)):
            mean[b, k] = hours[k] * need_weight[b] * hardship * pressure * scale
            _table(mean[b, k], chances[b, k])
    need, met = residents.need, residents.met
    luck = uniforms_by_turn(stream, residents.id, len(hours))
    in_all = ledger[Flow.NEED_ARISEN]
    for i in range(residents.id.size):
        prevention = 0.0
        for k in range(len(hours)):
            if k != CARE:
                prevention += max(0.0, need[i, k] - met[i, k])
        crisis = p.crisis_kept * residents.crisis[i] + p.crisis_chance * p.crisis_ratio * prevention
        residents.crisis[i] = crisis
        b = residents.neighbourhood[i]
        for k in range(len(hours)):
            arisen = float(_count(luck[k, i], mean[b, k], chances[b, k]))
            if k == CARE:
                arisen += crisis
            need[i, k] = arisen
            met[i, k] = 0.0
            in_all += arisen
    ledger[Flow.NEED_ARISEN] = in_all


@njit(**PART)
def _table(mean, chances):  # noqa: ANN001, ANN202 - compiled
    """The chance of so many or fewer, by the steps of `poisson_quantile`: people of a neighbourhood share it."""
    mean = min(mean, 700.0)
    chance = exp(-mean)
    chances[0] = chance
    for count in range(1, chances.size):
        chance *= mean / count
        chances[count] = chances[count - 1] + chance


@njit(**PART)
def _count(u, mean, chances):  # noqa: ANN001, ANN202 - compiled
    """`poisson_quantile`, looked up where the table reaches. Counting all of a short table beats stopping in time."""
    count = 0
    for step in range(TABLED):
        count += u > chances[step]
    return count if count < TABLED else poisson_quantile(u, mean)


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: one resident at a time."""
    for resident in community.residents:
        u = 0.0
        for k in range(len(KINDS)):
            if k != CARE:
                u += max(0.0, resident.need[k] - resident.met[k])
        resident.crisis = p.crisis_kept * resident.crisis + p.crisis_chance * p.crisis_ratio * u
        arisen = [draw(resident, k, community, p, dice) for k in range(len(KINDS))]
        arisen[CARE] += resident.crisis
        resident.need, resident.met = arisen, [0.0] * len(KINDS)
        for hours in arisen:
            community.ledger[Flow.NEED_ARISEN] += hours


def draw(resident: Any, k: int, community: Community, p: Parameters, dice: Dice) -> float:
    """The hours of one kind of need that arise for one resident this month."""
    hours_k = (p.care_hours, p.practical_hours, p.company_hours, p.advice_hours, p.activity_hours)[k]
    m = hours_k * community.neighbourhoods[resident.neighbourhood].need_weight * community.drivers.hardship
    if community.drivers.meeting_ban:
        m *= p.ban_ratio
    m *= community.constants.need_scale
    return float(poisson_quantile.py_func(dice.uniform(Die.NEED, resident.id, k), m))
