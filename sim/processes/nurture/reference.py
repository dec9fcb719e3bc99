"""Nurture, the plain hand: each purse in turn buys what it can, with the symbols of the room's equations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sim.chance import Dice, Die
from sim.elementary import exp_plain as exp, log_plain as log
from sim.ledger import Flow
from sim.policy import INSTRUMENTS, WHOM_FIRST, reaches
from sim.processes.nurture.charities_reference import BY_INSTRUMENT, give, wipe
from sim.processes.nurture.giving_up_reference import give_up_by_hand
from sim.processes.nurture.matching_reference import match_brought
from sim.processes.nurture.officers_reference import change_culture, keep_seconds, map_together, protect_time

if TYPE_CHECKING:
    from sim.community import Community
    from sim.processes.nurture import Parameters


MEETS = {
    "organisers": Die.MET_BY_ORGANISER, "publicity": Die.ASKED_BY_PUBLICITY, "listening": Die.LISTENED_TO,
    "hosting": Die.HOSTED,
}  # fmt: skip
"""The instruments that reach residents one by one, and the die that says whom first."""


def advance_reference(community: Community, p: Parameters, dice: Dice) -> None:
    """The plain hand: a month of what the purses buy."""
    for resident in community.residents:
        resident.nurtured_hours = resident.outside_ask = 0.0
    for neighbourhood in community.neighbourhoods:
        neighbourhood.mapped_hours = 0.0
    for policy in community.policies:
        if INSTRUMENTS[policy.instrument] in MEETS:
            for resident in met(policy, community, p, dice):
                reach(resident, policy, community, p)
    wipe(community)
    given = dict.fromkeys(range(len(community.charities)), 0.0)
    for policy in community.policies:
        instrument = INSTRUMENTS[policy.instrument]
        if instrument in {"contracts", "small_grants", "shared_assets", "match"} and not community.council.modes_differ:
            give(policy, given, community, p)
        elif instrument in BY_INSTRUMENT:
            BY_INSTRUMENT[instrument](policy, community, p, dice)
    match_brought(community, p)
    keep_seconds(community, p, dice)
    map_together(community, p)
    protect_time(community, p)
    change_culture(community, p)
    give_up_by_hand(community, p)


def met(policy: Any, community: Community, p: Parameters, dice: Dice) -> list[Any]:
    """Pay for as many people as the purse holds whole costs of, and say who they are."""
    instrument = INSTRUMENTS[policy.instrument]
    direct = {
        "organisers": p.organiser_gbp / p.organiser_meets, "publicity": p.publicity_gbp, "listening": p.listening_gbp,
        "hosting": p.hosting_gbp,
    }  # fmt: skip
    cost = direct[instrument] * (1.0 + policy.overhead)
    people = [r for r in community.residents if reaches(policy.where, r.neighbourhood)]
    n = min(len(people), max(0, math.floor(policy.balance / cost)))
    times: dict[int, float] = {}
    if n:
        weight = [1.0] * len(people) if instrument == "publicity" else weights(policy, people, community, p)
        for place, resident in enumerate(people):
            times[place] = -log(dice.uniform(MEETS[instrument], resident.id, policy.id)) / weight[place]
    policy.people = float(n)
    policy.spent = min(policy.balance, n * cost)
    policy.balance -= policy.spent
    community.ledger[Flow.PURSE_SPENT] += policy.spent
    return [people[place] for place in sorted(times, key=lambda place: times[place])[:n]]


def weights(policy: Any, people: list[Any], community: Community, p: Parameters) -> list[float]:
    """weight_i, from what is seen and what the picture of resources shows."""
    whom = WHOM_FIRST[policy.whom]
    m, q = [], []
    for r in people:
        if whom == "needs":
            unmet = 0.1
            for need, was_met in zip(r.need, r.met, strict=True):
                unmet += max(0.0, need - was_met)
            m.append(unmet)
        else:
            m.append(exp(p.eta * log(0.1 + r.formal_hours + r.helping_hours)))
        q.append(exp(p.potential_slope * r.civic))
    B = len(community.neighbourhoods)
    m_sum, q_sum, heads = [0.0] * B, [0.0] * B, [0.0] * B
    for r, m_i, q_i in zip(people, m, q, strict=True):
        m_sum[r.neighbourhood] += m_i
        q_sum[r.neighbourhood] += q_i
        heads[r.neighbourhood] += 1.0
    made = []
    for r, m_i, q_i in zip(people, m, q, strict=True):
        b = r.neighbourhood
        K = {"assets": 1.0, "needs": 0.0}.get(whom, community.neighbourhoods[b].picture_resources)
        made.append((1.0 - K) * (m_i * heads[b] / m_sum[b]) + K * (q_i * heads[b] / q_sum[b]))
    return made


def reach(resident: Any, policy: Any, community: Community, p: Parameters) -> None:
    """What a meeting, a conversation, or an ask, leaves with a resident."""
    instrument, A0 = INSTRUMENTS[policy.instrument], community.constants.asking
    hours = {"organisers": p.organiser_hours, "hosting": p.hosting_hours}
    asks = {"organisers": p.organiser_ask, "listening": p.listening_ask, "publicity": p.publicity_ask}
    if instrument in hours:
        left = max(0.0, p.most_hours - resident.planned_hours)
        resident.nurtured_hours = min(left, resident.nurtured_hours + hours[instrument])
    if instrument in asks:
        resident.outside_ask += asks[instrument] * A0
    if instrument == "publicity":
        resident.unsupported_asks += 1
    if instrument == "listening":
        b, place = resident.neighbourhood, community.neighbourhoods[resident.neighbourhood]
        heads = sum(1 for other in community.residents if other.neighbourhood == b)
        room = p.mapping_most * heads / 100.0 - place.mapped_hours
        place.mapped_hours += min(p.listening_hours, max(0.0, room))
