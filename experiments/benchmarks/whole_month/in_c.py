"""Two rooms in C, the two dearest: a yardstick for what a kernel could be.

gcc builds ``ties.c`` and ``helping.c`` for this very processor, into a temporary folder, with the options of
`common_month.c_month`: -O3 and -march=native, no -ffast-math, so that sums keep their order. They take the state's own
columns and the month's keyed streams, and leave the same bits as the kernels. A room in C is a step of the month like
any other; of ties, it is what residents have with one another (`build_and_decay` and the lists that it needs), and
officers' and charities' contacts are kept by the kernel.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from sim.chance import Dice, Die
from sim.indexes import members, ties_from_others
from sim.ledger import Flow
from sim.parameters import numbers
from sim.processes import helping, ties
from sim.processes.helping.kernel import help_for_a_month
from sim.processes.ties.contacts import keep_contacts
from sim.processes.ties.kernel import build_and_decay
from sim.state import KINDS, SLOTS, State

HERE = Path(__file__).parent
COMPILER = "gcc"
OPTIONS = ("-O3", "-march=native", "-fno-trapping-math", "-ffp-contract=off", "-shared", "-fPIC")
WIDTHS = {"SLOTS": f"{SLOTS}u", "KINDS": str(len(KINDS))}
"""What a source states of the state's shapes, and must find as it is here."""


class MissingError(Exception):
    """The C cannot be built here, told in one message."""


def _fields(counts: str, columns: str, doubles: str, streams: str, posted: str) -> list[tuple[str, Any]]:
    """The fields of ``Town``, in the order of the source."""
    kinds = {"counts": ctypes.c_uint32, "columns": ctypes.c_void_p, "doubles": ctypes.c_double,
             "streams": ctypes.c_uint64, "posted": ctypes.c_double}  # fmt: skip
    words = {"counts": counts, "columns": columns, "doubles": doubles, "streams": streams, "posted": posted}
    return [(name, kinds[part]) for part, names in words.items() for name in names.split()]


class _Ties(ctypes.Structure):
    """``Town`` of ``ties.c``."""

    _fields_ = _fields(
        "residents neighbourhoods month",
        "id neighbourhood group planned_hours nurtured_hours alter strength klass deepening born hours",
        "search_chance take_up_chance acceptance build kept_bonding kept_weak kept_bridging survival_bonding "
        "survival_weak survival_bridging contact_hours bonding_from weak_below new_strength time_limit triadic_share "
        "near_share introduction_chance",
        "end_and_take_up search search_local search_alter search_friend search_near search_other accept introduced "
        "introduced_to",
        "faded searched met",
    )
    posts = (Flow.TIE_FADED, Flow.TIE_SEARCH, Flow.TIE_INTRODUCED)


class _Helping(ctypes.Structure):
    """``Town`` of ``helping.c``."""

    _fields_ = _fields(
        "residents neighbourhoods charities",
        "id neighbourhood belongs neighbourly warmth pledged_hours hours_past need met spare_hours helping_hours "
        "helped_months received_months alter strength",
        "scale help_rate help_slope hours hours_spread hours_noise most_hours displacement favour_own pool_share",
        "helps help_hours help_order",
        "set_aside given idle received",
    )
    posts = (Flow.HOURS_NEIGHBOUR, Flow.HOURS_NEIGHBOUR_MET, Flow.HOURS_NEIGHBOUR_IDLE, Flow.NEED_MET_NEIGHBOURS)


TOWNS: dict[str, Any] = {"ties": _Ties, "helping": _Helping}


@cache
def library(room: str, *options: str) -> ctypes.CDLL:
    """The compiled C of a room, with further options of the compiler.

    Raises:
        MissingError: if there is no compiler, or the state has other shapes than the source was written for.
    """
    if shutil.which(COMPILER) is None:
        raise MissingError(f"{COMPILER} is not installed, so there is no C to compare with")
    source = HERE / f"{room}.c"
    text = "".join(file.read_text(encoding="utf-8") for file in (HERE / "slots.h", HERE / "helping.c"))
    for name, value in WIDTHS.items():
        if f"#define {name} {value}\n" not in text:
            raise MissingError(f"the C does not state {name} as {value}, as sim/state.py does: write it anew")
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / f"{room}.so"
        subprocess.run([COMPILER, *OPTIONS, *options, "-o", str(built), str(source)], check=True)  # noqa: S603 - our own source
        # The file may go once it is loaded: the process keeps what it has mapped.
        return ctypes.CDLL(str(built))


def by_c(room: str, state: State, p: Any, dice: Dice) -> Callable[[], None]:
    """A month of a room in C, on the state's columns, ready to be called: to say where these lie takes Python a while.

    Raises:
        MissingError: as `library`.
    """
    town, code = town_of(room, state, p, dice), library(room)
    posted = town._fields_[-len(town.posts) :]
    for (name, _), flow in zip(posted, town.posts, strict=True):
        setattr(town, name, state.ledger[flow])

    def work() -> None:
        code.live_a_month(ctypes.byref(town))
        for (name, _), flow in zip(posted, town.posts, strict=True):
            state.ledger[flow] = getattr(town, name)

    return work


def town_of(room: str, state: State, p: Any, dice: Dice) -> Any:
    """``Town`` of a room's source, with nothing posted: the state's columns where they lie."""
    made = TOWNS[room]
    town = made()
    tables = (state.residents, state.ties)
    for name, kind in made._fields_:
        if kind is ctypes.c_void_p:
            column = next(getattr(table, name) for table in tables if name in table._fields)
            setattr(town, name, column.ctypes.data)
        elif kind is ctypes.c_uint64:
            setattr(town, name, int(dice.streams[Die[name.upper()]]))
        elif name in state.constants._fields:
            setattr(town, name, float(getattr(state.constants, name)[0]))
        elif hasattr(p, name):
            setattr(town, name, float(getattr(p, name)))
    town.residents, town.neighbourhoods = len(state.residents.id), len(state.neighbourhoods.x)
    if room == "ties":
        town.month = state.month & 0xFFFFFFFF
    else:
        town.charities, town.scale = len(state.charities.id), float(state.constants.help_scale[0])
    return town


def by_kernel(room: str, state: State, p: Any, dice: Dice) -> Callable[[], None]:
    """The same month by the room's kernel, ready to be called."""
    charities, parts, given = len(state.charities.id), len(state.neighbourhoods.x), numbers(p)

    def help_each_other() -> None:
        help_for_a_month(
            state.residents, state.ties, charities, parts, state.constants.help_scale[0], given, dice.streams,
            state.ledger,
        )  # fmt: skip

    def change_ties() -> None:
        near = members(state.residents.neighbourhood, parts)
        build_and_decay(
            state.residents, state.ties, ties_from_others(state.ties), near, state.constants, given, dice.streams,
            state.ledger, state.month,
        )  # fmt: skip

    return help_each_other if room == "helping" else change_ties


def _contacts(state: State, p: Any, dice: Dice) -> None:
    keep_contacts(
        state.officers, state.bodies, state.partnerships, state.acquaintances, state.alliances, state.charities,
        state.residents, members(state.residents.neighbourhood, len(state.neighbourhoods.x)), state.constants,
        numbers(p), dice.streams, state.ledger, state.month, bool(state.world.meeting_ban[state.world_row]),
    )  # fmt: skip


class Room:
    """A room as a step of the month, done by one hand or the other.

    Args:
        name: "ties" or "helping".
        hand: `by_c` or `by_kernel`.
        watch: called as ``watch(work)`` with what is to be timed; it must do the work.
    """

    def __init__(
        self, name: str, hand: Callable[..., Callable[[], None]],
        watch: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:  # fmt: skip
        self.__name__, self._hand, self._watch = f"in_c.{name}", hand, watch
        self.Parameters = {"ties": ties, "helping": helping}[name].Parameters

    def advance(self, state: State, p: Any, dice: Dice) -> None:
        """A month of the room."""
        name = self.__name__.rpartition(".")[2]
        if name == "ties" and not p.build_and_decay:
            return
        work = self._hand(name, state, p, dice)
        (self._watch or (lambda done: done()))(work)
        if name == "ties":
            _contacts(state, p, dice)
