"""The month: the rooms in order, and why in that order.

`MONTH` is data. It can be printed, timed, quoted in a paper, and a room from another package can be put into it:
see `Step`, and ``notebooks/3_change_a_rule.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

from sim import observables
from sim.chance import Dice
from sim.community import Community
from sim.ledger import Flow
from sim.processes import (
    coproduction,
    funding,
    helping,
    meeting,
    need,
    nurture,
    renewal,
    reorganisation,
    serving,
    survival,
    ties,
    trust,
    volunteering,
)  # fmt: skip
from sim.state import State, allocate


class Step(NamedTuple):
    """One verb of the month: the room that knows how, and why it stands where it stands.

    Attributes:
        verb: what is done, in a word.
        room: a module of `sim.processes`; or anything from outside, a module or a class, that has a ``__name__`` and an
            ``advance(state, p, dice)`` which changes the state in place. With ``plain=True`` it needs
            ``advance_reference(community, p, dice)`` too.
        reason: why here.
        numbers: what ``advance`` is given as ``p``; None for what the configuration holds under the room's name.

    A room of one's own is a new `Step` in a copy of `MONTH`; `sim.CommunityModel.verbs` lives by it.

    Examples:
        >>> from sim.schedule import MONTH, Step
        >>> print(*(step.verb for step in MONTH))
        renew fund reorganise nurture meet tie need help coproduce serve volunteer trust survive
        >>> class holiday:
        ...     @staticmethod
        ...     def advance(state, p, dice):
        ...         state.residents.pledged_hours *= p
        >>> step = Step("rest", holiday, "a month off, for some", 0.5)
        >>> step.name
        'holiday'
    """

    verb: str
    room: Any
    reason: str
    numbers: Any = None

    @property
    def name(self) -> str:
        """The room's name, under which the configuration holds its numbers."""
        return str(self.room.__name__).rpartition(".")[2]


MONTH: tuple[Step, ...] = (
    Step("renew", renewal, "who lives here is settled before anything is done for them"),
    Step("fund", funding, "money comes before what it buys"),
    Step("reorganise", reorganisation, "posts follow the pay bill; who left is not there to be met"),
    Step("nurture", nurture, "what is bought for meetings is there before people meet"),
    Step("meet", meeting, "hours are shared before they can build a tie"),
    Step("tie", ties, "ties follow the hours of the month"),
    Step("need", need, "need arises before anybody answers it"),
    Step("help", helping, "neighbours are asked first, and draw on one budget of time"),
    Step("coproduce", coproduction, "hours set aside for joint work go first, and are counted once"),
    Step("serve", serving, "paid and volunteer hours meet what is left"),
    Step("volunteer", volunteering, "who asks, joins and leaves has lived the month; hours are pledged for the next"),
    Step("trust", trust, "experience of the month is complete"),
    Step("survive", survival, "income, costs and members of the month are known"),
)


def live_a_month(
    state: State, config: Any, *, plain: bool = False, month: tuple[Step, ...] = MONTH
) -> observables.Observed:
    """Live one month and write it down. The state then stands at the beginning of the next.

    Args:
        state: changed in place.
        config: has the numbers of each room under the room's name.
        plain: use the plain hands in place of the fast ones.
        month: the rooms in order.

    Returns:
        What was observed of the month.
    """
    act(state, config, plain=plain, month=month)
    observed = observables.observe(state, config)
    observables.remember(state)
    state.month += 1
    return observed


def pass_a_month(state: State, config: Any) -> None:
    """Live one month that nobody writes down, but that the place remembers."""
    act(state, config)
    observables.remember(state)
    state.month += 1


def kernel_calls(*, policies: bool = True) -> list[Callable[[], Any]]:
    """Calls that live and observe a month of an empty town, a room each: all kernels are compiled by them, and kept.

    Without policies, not those that policies alone need. Processes that share the calls out share the compiling.
    """
    purses = int(policies)
    town = allocate(residents=2, charities=1, services=1, neighbourhoods=1, policies=purses, world=1, flows=len(Flow))
    town.policies.months[:], town.policies.dose[:] = 1, 1.0
    town.neighbourhoods.quintile[:] = 1
    rooms = [partial(step.room.advance, town.fork(), step.room.Parameters(), Dice(1, 0)) for step in MONTH]
    numbers = SimpleNamespace(**{step.name: step.room.Parameters() for step in MONTH})
    return [*rooms, partial(observables.observe, town, numbers)]


def act(state: State, config: Any, *, plain: bool = False, month: tuple[Step, ...] = MONTH) -> None:
    """The month without writing it down: wipe the ledger, walk the rooms."""
    dice = Dice(state.seed, state.month)
    state.ledger[:] = 0.0
    for step in month:
        numbers = getattr(config, step.name) if step.numbers is None else step.numbers
        if plain:
            community = Community(state)
            step.room.advance_reference(community, numbers, dice)
            community.write_back()
        else:
            step.room.advance(state, numbers, dice)
