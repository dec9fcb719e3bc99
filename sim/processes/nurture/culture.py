"""Nurture of culture, the fast hand: what a programme in discretionary services brings, and how that fades."""
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

from numba import njit

from sim.compiling import KERNEL
from sim.policy import CULTURE
from sim.processes.nurture.kernel import spend


@njit(**KERNEL)
def change_culture(culture, services, policies, p, ledger):
    """Up by what share of a full programme is paid, back by what share is not."""
    hours = 0.0
    for s in range(services.hours.size):
        if services.statutory[s] == 0:
            hours += services.hours[s]
    full = p.culture_gbp / 12.0 * (hours / p.post_hours)
    covered = 0.0
    for row in range(policies.id.size):
        if policies.instrument[row] == CULTURE:
            cost = full * (1.0 + policies.overhead[row])
            share = min(1.0 - covered, max(0.0, policies.balance[row]) / cost) if cost > 0.0 else 0.0
            covered += share
            spend(policies, row, share, share * cost, 0.0, ledger)
    changed = culture[0] + covered / p.culture_months
    changed -= (1.0 - covered) * (culture[0] - p.representation) / p.culture_fading
    culture[0] = min(1.0, max(0.0, changed))
