"""The numbers beside which joint work is set, taken from the founding of one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.parameters import numbers
from sim.processes.coproduction.kernel import cells, meet
from sim.processes.coproduction.paths import choose_the_routes
from sim.state import Floats, State

if TYPE_CHECKING:
    from sim.processes.coproduction import Parameters


class Founding(NamedTuple):
    """Hours a month per 1,000 residents of a place, by service; quality is nil where nobody works together."""

    joint_officer: Floats  # (S,) L0
    joint_citizen: Floats  # (S,) q0 V0
    joint_quality: Floats  # (S,) q0
    joint_staff: float  # L0 between charities' own staff and citizens
    joint_member: float  # q0 V0 likewise
    joint_member_quality: float  # q0 likewise


def measure(state: State, p: Parameters) -> Founding:
    """The hours that meet in a state, where both parties are there, once what co-ordination costs is taken off.

    It rests on who could join with whom, never on the founding numbers that it measures, so that it gives the same
    before and after these are set, and before and after the room has run. It changes nothing. Numbers of several
    replicates may be averaged, the qualities weighted by hours.
    """
    routes = choose_the_routes(
        state.residents, state.charities, state.council.openness, state.services, state.neighbourhoods, state.officers,
        state.partnerships, state.acquaintances, state.alliances, state.bodies, numbers(p), state.month,
    )  # fmt: skip
    paid, citizens, weighed, running, _ = meet(
        state.residents.neighbourhood, routes, cells(routes, state.officers.service)
    )
    at_work = np.maximum(0.0, paid - running)
    both = (at_work > 0.0) & (weighed > 0.0)
    thousands = len(state.residents.id) / 1000.0
    l, v, qv = (np.where(both, hours, 0.0).sum(axis=0) / thousands for hours in (at_work, citizens, weighed))
    q = np.divide(qv, v, out=np.zeros_like(qv), where=v > 0.0)
    return Founding(l[:-1], qv[:-1], q[:-1], float(l[-1]), float(qv[-1]), float(q[-1]))
