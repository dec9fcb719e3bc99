"""The common month in the engine of Takes Two: its columns, its slots for ties, its keyed chance, its compile habits.

The habits, and where they are explained: tables of columns that kernels read in place (`sim.columns`); kernels and
parts of kernels (`sim.compiling`); draws keyed by die, month and permanent id, cut from one hash where one has bits
enough (`sim.chance`); ties in their owners' slots, luck chosen without branching, and lists as columns (`sim.indexes`
and the rooms' kernels). A slot is never given up here, so its number is the tie's permanent id.

The ties are gone through once, in blocks, between two passes over the residents.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import NamedTuple

import numpy as np
from large_pages import in_one_piece
from numba import njit
from rules import NEIGHBOURHOOD, RULES, SLOTS, Rules, found

from sim.chance import Dice, bits, uniform, uniform2
from sim.columns import read_in_place
from sim.compiling import KERNEL, PART
from sim.elementary import WHOLE, WHOLE_BITS

BLOCK = 256
"""Residents whose ties are met at a time: what is worked out for these stays in the fastest memory."""
THIRD_BITS = 21
THIRD_OF_IT, THIRD = (1 << THIRD_BITS) - 1, 2.0**-THIRD_BITS

HAS_TIME, NEEDS, VOLUNTEERS, CAN_BE_ASKED, VENUE = 0, 1, 2, 3, 8
GAVE, HELPED, ASKED = 16, 32, 48
"""Bits of a resident's marks: four flags, the venue, then three counters."""
VENUE_OF_IT, COUNT = 0xFF, 0xFFFF
LINE, TRUST, PULL, WEIGHT, MARKS = (np.uint64(n) for n in (4, 0, 1, 2, 3))
"""How long a resident's line of the board is, and what stands where in it."""
FIRST, COUNTED = range(2)
"""What stands where in ``incoming``."""
BEFORE, AFTER = range(2)
NONE = np.uint32(0xFFFFFFFF)
"""What stands where in ``beside``, and what stands there at the ends of a list."""


class Die(IntEnum):
    """What the dice decide. They key the draws: each is one of the model's dice, by its number."""

    TIE = 0
    ASK = auto()
    SEARCH = auto()
    NEED = auto()
    ROLE = auto()


class Residents(NamedTuple):
    """Who lives here, in order of neighbourhood."""

    trust: np.ndarray  # (N,) 0 to 1
    deprivation: np.ndarray  # (N,) 0 to 1
    venue: np.ndarray  # (N,)
    hours: np.ndarray  # (N,) to spare, a month
    volunteers: np.ndarray  # (N,) 0 or 1
    incoming: np.ndarray  # (N, 2) the ties that others own: the slot of the first in the list, and how many
    board: np.ndarray  # (LINE N,) what a tie asks of its ends, side by side: trust, and sums over the ties so far
    marks: np.ndarray  # (LINE N,) the same memory as whole numbers, which the last of each line is


class Ties(NamedTuple):
    """Ties in their owners' slots: the owner is ``slot // SLOTS``."""

    alter: np.ndarray  # (SLOTS N,) rows
    strength: np.ndarray  # (SLOTS N,) 0 to 1
    beside: np.ndarray  # (SLOTS N, 2) the slots before and after this one in the list of its alter


read_in_place(Residents)
read_in_place(Ties)


class Town:
    """Tables, and the seed that keys their luck."""

    def __init__(self, residents: int, seed: int, rules: Rules) -> None:
        first = found(residents, seed)
        self.seed, self.rules, self.months = seed, rules, 0
        alter = first.alter.astype(np.uint32).ravel()
        have = in_one_piece(
            trust=first.trust, deprivation=first.deprivation, venue=first.venue.astype(np.uint8),
            hours=first.hours.astype(np.uint8), volunteers=first.volunteers.astype(np.uint8),
            incoming=np.tile(np.array([NONE, 0], np.uint32), (residents, 1)), board=np.zeros(residents * int(LINE)),
            alter=alter, strength=first.strength.ravel(), beside=np.zeros((alter.size, 2), np.uint32),
        )  # fmt: skip
        have["marks"] = have["board"].view(np.uint64)
        self.residents = Residents(**{name: have[name] for name in Residents._fields})
        self.ties = Ties(**{name: have[name] for name in Ties._fields})
        self.helped_share = np.nan
        _index_ties(self.residents, self.ties)

    def month(self) -> None:
        """Live a month."""
        streams = Dice(self.seed, self.months).streams
        helped, needed = _live_a_month(self.residents, self.ties, self.rules, streams)
        self.helped_share = helped / needed
        self.months += 1

    def shares(self) -> dict[str, float]:
        """The five quantities."""
        return {
            "volunteering": float(self.residents.volunteers.mean()), "trust": float(self.residents.trust.mean()),
            "helped": self.helped_share, "ties": float(SLOTS + self.residents.incoming[:, COUNTED].mean()),
            "strength": float(self.ties.strength.mean()),
        }  # fmt: skip


@njit(**KERNEL)
def _index_ties(residents, ties):  # noqa: ANN001, ANN202 - compiled
    for slot in range(ties.alter.size):
        _hang(residents, ties, slot, ties.alter[slot])


@njit(**KERNEL)
def _live_a_month(residents, ties, p, streams):  # noqa: ANN001, ANN202 - compiled
    """A month of all; how many were helped, and how many were in need."""
    _open(residents, p, streams[Die.NEED])
    luck = np.empty(BLOCK * SLOTS, np.uint64)
    for first in range(0, residents.trust.size, BLOCK):
        end = min(first + BLOCK, residents.trust.size)
        _meet(first, end, residents, ties, p, streams, luck)
        _help_ask_and_pull(first, end, residents, ties, p, streams[Die.ASK], luck)
    return _close(residents, p, streams[Die.ROLE])


@njit(**PART)
def _third(h, n):  # noqa: ANN001, ANN202 - compiled
    """One of three draws in (0, 1) of 21 bits each."""
    cut = (h >> np.uint64(THIRD_BITS * n)) & np.uint64(THIRD_OF_IT)
    return (np.uint64(cut | np.uint64(WHOLE_BITS)).view(np.float64) - (WHOLE - 0.5)) * THIRD


@njit(**PART)
def _bit(marks, n):  # noqa: ANN001, ANN202 - compiled
    return (marks >> np.uint64(n)) & np.uint64(1)


@njit(**PART)
def _line(i):  # noqa: ANN001, ANN202 - compiled
    """Where a resident's line of the board begins."""
    return np.uint64(i) * LINE


@njit(**PART)
def _open(residents, p, stream):  # noqa: ANN001, ANN202 - compiled
    """Clear the board, and mark who needs help, has time, volunteers, and goes where."""
    for i in range(residents.trust.size):
        needs = np.uint64(uniform(stream, i) < p.need * (1.0 + residents.deprivation[i]))
        has_time = np.uint64(residents.hours[i] > 0)
        me = _line(i)
        residents.board[me + TRUST] = residents.trust[i]
        residents.board[me + PULL] = 0.0
        residents.board[me + WEIGHT] = 0.0
        residents.marks[me + MARKS] = (
            has_time << np.uint64(HAS_TIME) | needs << np.uint64(NEEDS)
            | np.uint64(residents.volunteers[i]) << np.uint64(VOLUNTEERS) | np.uint64(1 << CAN_BE_ASKED)
            | np.uint64(residents.venue[i]) << np.uint64(VENUE)
        )  # fmt: skip


@njit(**PART)
def _meet(first, end, residents, ties, p, streams, luck):  # noqa: ANN001, ANN202 - compiled
    """Ties of a block grow or fade; those that die are made anew. Leaves their other draws in ``luck``."""
    strength, alter = ties.strength[first * SLOTS : end * SLOTS], ties.alter[first * SLOTS : end * SLOTS]
    chances = np.array((p.meet_at_venue, p.meet))
    chance, theirs = np.empty(strength.size), np.empty(strength.size, np.uint64)
    # So short a loop asks for many distant lines of memory at a time; those that follow find them near.
    for tie in range(strength.size):
        theirs[tie] = residents.marks[_line(alter[tie]) + MARKS]
    for n in range(end - first):
        mine = residents.marks[_line(first + n) + MARKS]
        for k in range(SLOTS):
            tie = n * SLOTS + k
            apart = ((mine ^ theirs[tie]) >> np.uint64(VENUE)) & np.uint64(VENUE_OF_IT)
            chance[tie] = chances[np.uint8(apart != 0)]
    for tie in range(strength.size):
        h = bits(streams[Die.TIE], first * SLOTS + tie)
        u, w = _third(h, 0), strength[tie]
        grown, faded = w + p.growth * (1.0 - w), p.fading * w
        w = grown if u < chance[tie] else faded
        luck[tie] = h
        strength[tie] = 0.0 if (w < p.least) | (u >= 1.0 - p.give_up) else w
    dead = np.empty(strength.size + 1, np.uint32)
    found = np.uint32(0)
    for tie in range(strength.size):
        dead[found] = first * SLOTS + tie
        found += np.uint32(strength[tie] == 0.0)
    _make_anew(residents, ties, dead[:found], p, streams[Die.SEARCH])


@njit(**PART)
def _make_anew(residents, ties, dead, p, stream):  # noqa: ANN001, ANN202 - compiled
    """New ties in the slots of dead ones, strength and all.

    Friends of friends are found by the ties as they stood before any of these died; who is tied already, by the ties
    as they stand then. Step by step for all, so that those who wait for distant memory wait together.
    """
    friend, count = np.empty(dead.size, np.uint32), np.empty(dead.size, np.uint32)
    other = np.empty(dead.size, np.uint32)
    for n in range(dead.size):
        i = dead[n] // np.uint32(SLOTS)
        friend[n] = _any_tie(residents, ties, i, residents.incoming[i, COUNTED], uniform2(stream, dead[n], 1))
    for n in range(dead.size):
        count[n] = residents.incoming[friend[n], COUNTED]
    for n in range(dead.size):
        i, j = dead[n] // np.uint32(SLOTS), _any_tie(residents, ties, friend[n], count[n], uniform2(stream, dead[n], 2))
        other[n] = j if uniform2(stream, dead[n], 0) < p.by_friend else i
    for slot in dead:
        _take_off(residents, ties, slot)
    for n in range(dead.size):
        slot, j, turn = dead[n], other[n], 3
        i = slot // np.uint32(SLOTS)
        while _tied(ties, i, j):
            j = _neighbour(residents, i, uniform2(stream, slot, turn))
            turn += 1
        _hang(residents, ties, slot, j)
        ties.strength[slot] = p.new


@njit(**PART)
def _any_tie(residents, ties, i, count, u):  # noqa: ANN001, ANN202 - compiled
    """The other end of one of a resident's ties, whoever owns it; others own ``count``."""
    pick = np.uint32(u * (np.uint32(SLOTS) + count))
    if pick < SLOTS:
        return ties.alter[i * np.uint32(SLOTS) + pick]
    slot = residents.incoming[i, FIRST]
    for _ in range(pick - np.uint32(SLOTS)):
        slot = ties.beside[slot, AFTER]
    return slot // np.uint32(SLOTS)


@njit(**PART)
def _neighbour(residents, i, u):  # noqa: ANN001, ANN202 - compiled
    """Somebody of the neighbourhood, oneself among them."""
    first = i // np.uint32(NEIGHBOURHOOD) * np.uint32(NEIGHBOURHOOD)
    return first + np.uint32(u * min(np.uint32(NEIGHBOURHOOD), np.uint32(residents.trust.size) - first))


@njit(**PART)
def _tied(ties, i, j):  # noqa: ANN001, ANN202 - compiled
    """Whether two are one, or tied, whoever owns the tie."""
    found = i == j
    for k in range(np.uint32(SLOTS)):
        found |= (ties.alter[i * np.uint32(SLOTS) + k] == j) | (ties.alter[j * np.uint32(SLOTS) + k] == i)
    return found


@njit(**PART)
def _hang(residents, ties, slot, alter):  # noqa: ANN001, ANN202 - compiled
    """Tie a slot to an alter, first in the alter's list."""
    after = residents.incoming[alter, FIRST]
    ties.alter[slot] = alter
    ties.beside[slot, BEFORE] = NONE
    ties.beside[slot, AFTER] = after
    if after != NONE:
        ties.beside[after, BEFORE] = slot
    residents.incoming[alter, FIRST] = slot
    residents.incoming[alter, COUNTED] += np.uint32(1)


@njit(**PART)
def _take_off(residents, ties, slot):  # noqa: ANN001, ANN202 - compiled
    """Take a slot off its alter's list. Its owner's own row stands in it then."""
    alter, before, after = ties.alter[slot], ties.beside[slot, BEFORE], ties.beside[slot, AFTER]
    if before != NONE:
        ties.beside[before, AFTER] = after
    else:
        residents.incoming[alter, FIRST] = after
    if after != NONE:
        ties.beside[after, BEFORE] = before
    residents.incoming[alter, COUNTED] -= np.uint32(1)
    ties.alter[slot] = slot // np.uint32(SLOTS)


@njit(**PART)
def _help_ask_and_pull(first, end, residents, ties, p, stream, luck):  # noqa: ANN001, ANN202 - compiled
    """What goes along the ties of a block, in the order of the slots.

    Four things may happen on a tie: they help me, I help them, they ask me, I ask them. Each wants something of either
    end and of luck. The marks of the other end hold what each wants of them in the same four bits, so three numbers
    tell all at once what came of it, and what that adds to the marks of the ends is looked up.
    """
    strength, alter = ties.strength[first * SLOTS : end * SLOTS], ties.alter[first * SLOTS : end * SLOTS]
    for tie in range(strength.size):
        helps, asks = p.help * strength[tie], p.ask * strength[tie]
        one, two = luck[tie], bits(stream, first * SLOTS + tie)
        luck[tie] = (
            (np.uint64(1) if _third(one, 1) < helps else np.uint64(0))
            | (np.uint64(2) if _third(one, 2) < helps else np.uint64(0))
            | (np.uint64(4) if _third(two, 0) < asks else np.uint64(0))
            | (np.uint64(8) if _third(two, 1) < asks else np.uint64(0))
        )
    to_mine, to_theirs = _what_comes_of_it()
    board, marks = residents.board, residents.marks
    for n in range(end - first):
        me = _line(first + n)
        mine = _bit(marks[me + MARKS], NEEDS) | _bit(marks[me + MARKS], HAS_TIME) << np.uint64(1)
        mine |= np.uint64(4) | _bit(marks[me + MARKS], VOLUNTEERS) << np.uint64(3)
        trust, pull, weight, added = board[me + TRUST], 0.0, 0.0, np.uint64(0)
        for k in range(SLOTS):
            tie = n * SLOTS + k
            other, w = _line(alter[tie]), strength[tie]
            theirs = marks[other + MARKS]
            came = theirs & mine & luck[tie]
            added += to_mine[came]
            marks[other + MARKS] = theirs + to_theirs[came]
            pull += w * board[other + TRUST]
            weight += w
            board[other + PULL] += w * trust
            board[other + WEIGHT] += w
        marks[me + MARKS] += added
        board[me + PULL] += pull
        board[me + WEIGHT] += weight


@njit(**PART)
def _what_comes_of_it():  # noqa: ANN202 - compiled
    """What each of the 16 outcomes on a tie adds to the marks of its owner, and of its other end."""
    to_mine, to_theirs = np.empty(16, np.uint64), np.empty(16, np.uint64)
    gave, helped, asked = np.uint64(1 << GAVE), np.uint64(1 << HELPED), np.uint64(1 << ASKED)
    for n in range(16):
        came = np.uint64(n)
        they_help, i_help, they_ask, i_ask = _bit(came, 0), _bit(came, 1), _bit(came, 2), _bit(came, 3)
        to_mine[n] = they_help * helped + i_help * gave + they_ask * asked
        to_theirs[n] = they_help * gave + i_help * helped + i_ask * asked
    return to_mine, to_theirs


@njit(**PART)
def _close(residents, p, stream):  # noqa: ANN001, ANN202 - compiled
    """Roles are taken up and given up, and trust moves, all from the board."""
    # By need (1) and something good (2): how far trust moves, and towards what.
    share, outcome = np.array((0.0, p.trust_down, p.trust_up, p.trust_up)), np.array((0.0, 0.0, 1.0, 1.0))
    leaving = np.array((p.leave, p.leave + p.leave_overloaded))
    were_helped = needed = 0
    for i in range(residents.trust.size):
        me = _line(i)
        marks, h = residents.marks[me + MARKS], bits(stream, i)
        gave = (marks >> np.uint64(GAVE)) & np.uint64(COUNT)
        helped = ((marks >> np.uint64(HELPED)) & np.uint64(COUNT)) != 0
        needs, was = _bit(marks, NEEDS) != 0, _bit(marks, VOLUNTEERS) != 0
        overloaded = (gave != 0) & (gave >= residents.hours[i])
        joins = ((marks >> np.uint64(ASKED)) != 0) & (_third(h, 0) < p.join)
        stays = _third(h, 1) >= leaving[np.uint8(overloaded)]
        residents.volunteers[i] = (was & stays) | (joins & ~was)
        T, came = residents.board[me + TRUST], np.uint8(needs) | np.uint8(helped | (gave != 0)) << np.uint8(1)
        learnt = share[came] * (outcome[came] - T)
        # No weight is nil: a resident owns five ties, and none of them is weaker than the least.
        alters = residents.board[me + PULL] / residents.board[me + WEIGHT]
        residents.trust[i] = T + learnt + p.influence * (alters - T)
        needed += needs
        were_helped += helped
    return were_helped, needed


def build(residents: int, seed: int, rules: Rules = RULES) -> Town:
    """A town in the engine of Takes Two."""
    return Town(residents, seed, rules)
