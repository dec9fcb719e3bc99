"""The common month in C: gcc builds ``c_month.c`` for this very processor, into a temporary folder.

Advice followed, of the manual of GCC: "Optimize Options" and "x86 Options". -O3 and -march=native; -fno-trapping-math,
without which a choice between two numbers that luck makes is a jump; no -ffast-math, so that sums keep their order.
The draws are keyed as in `own_engine`, and sums run in the same order: the two live the same months to the last bit.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from large_pages import in_one_piece
from rules import NEIGHBOURHOOD, RULES, SLOTS, Rules, found

SOURCE = Path(__file__).with_suffix(".c")
COMPILER = "gcc"
OPTIONS = ("-O3", "-march=native", "-fno-trapping-math", "-ffp-contract=off", "-shared", "-fPIC")
GOLDEN, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1
DICE, NONE = 5, 0xFFFFFFFF
MACROS = {
    "MEET_CHANCE": "meet", "MEET_AT_VENUE": "meet_at_venue", "GROWTH": "growth", "FADING": "fading",
    "GIVE_UP": "give_up", "LEAST": "least", "NEW": "new", "BY_FRIEND": "by_friend", "NEED_CHANCE": "need",
    "HELP_CHANCE": "help", "ASK_CHANCE": "ask", "JOIN": "join", "LEAVE": "leave",
    "LEAVE_OVERLOADED": "leave_overloaded", "TRUST_UP": "trust_up", "TRUST_DOWN": "trust_down",
    "INFLUENCE": "influence",
}  # fmt: skip
"""What ``c_month.c`` calls the numbers of the rules."""


class _Columns(ctypes.Structure):
    """``Town`` of ``c_month.c``."""

    _fields_ = (
        ("residents", ctypes.c_uint32),
        *((name, ctypes.c_void_p) for name in (
            "trust", "strength", "deprivation", "venue", "hours", "volunteers", "alter", "beside", "incoming", "board",
            "people",
        )),
    )  # fmt: skip


class Town:
    """Columns that C reads and writes."""

    def __init__(self, residents: int, seed: int, rules: Rules) -> None:
        first = found(residents, seed)
        self.seed, self.months = seed, 0
        self.columns = in_one_piece(
            trust=first.trust, strength=first.strength, deprivation=first.deprivation,
            venue=first.venue.astype(np.uint8), hours=first.hours.astype(np.uint8),
            volunteers=first.volunteers.astype(np.uint8), alter=first.alter.astype(np.uint32),
            beside=np.zeros((residents * SLOTS, 2), np.uint32),
            incoming=np.tile(np.array([NONE, 0], np.uint32), (residents, 1)),
            board=np.zeros((residents, 4)), people=np.zeros(2),
        )  # fmt: skip
        self._town = _Columns(residents, *(column.ctypes.data for column in self.columns.values()))
        self._library = library(rules)
        self._library.index_ties(ctypes.byref(self._town))

    def month(self) -> None:
        """Live a month."""
        streams = (ctypes.c_uint64 * DICE)(*(stream(self.seed, die, self.months) for die in range(DICE)))
        self._library.live_a_month(ctypes.byref(self._town), streams)
        self.months += 1

    def shares(self) -> dict[str, float]:
        """The five quantities."""
        have = self.columns
        helped, needed = have["people"]
        return {
            "volunteering": float(have["volunteers"].mean()), "trust": float(have["trust"].mean()),
            "helped": float(helped / needed), "ties": float(SLOTS + have["incoming"][:, 1].mean()),
            "strength": float(have["strength"].mean()),
        }  # fmt: skip


def mix(x: int) -> int:
    """The finaliser of splitmix64."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def stream(seed: int, die: int, month: int) -> int:
    """What keys a die's draws in a month."""
    return mix((mix((mix(seed) + die * GOLDEN) & MASK) + month * GOLDEN) & MASK)


def library(rules: Rules) -> ctypes.CDLL:
    """The compiled C, with these numbers in it."""
    if shutil.which(COMPILER) is None:
        raise RuntimeError(f"{COMPILER} is not installed, so there is no C to compare with")
    numbers = {macro: getattr(rules, name) for macro, name in MACROS.items()}
    numbers |= {"SLOTS": f"{SLOTS}u", "NEIGHBOURHOOD": f"{NEIGHBOURHOOD}u"}
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "common_month.so"
        macros = [f"-D{macro}={number}" for macro, number in numbers.items()]
        command = [COMPILER, *OPTIONS, *macros, "-o", str(built), str(SOURCE)]
        subprocess.run(command, check=True)  # noqa: S603 - our own source, our own numbers
        # The file may go once it is loaded: the process keeps what it has mapped.
        return ctypes.CDLL(str(built))


def build(residents: int, seed: int, rules: Rules = RULES) -> Town:
    """A town in C."""
    return Town(residents, seed, rules)
