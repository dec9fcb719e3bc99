"""The common month in NumPy: an edge list, whole-array steps, no loop over residents or ties.

Advice followed, all of the NumPy manual: "Random Generator" (one generator, a whole array a call) and "Performance" in
the same chapter (of its generators `SFC64` draws quickest); "numpy.bincount", with weights, for sums over the ties of a
resident, rather than the unbuffered ``ufunc.at``.
"""

from __future__ import annotations

import numpy as np
from rules import RULES, SLOTS, Rules, found
from searching import TiesByEnd


class Town:
    """Residents as arrays (N,), ties as an edge list (SLOTS N,)."""

    def __init__(self, residents: int, seed: int, rules: Rules) -> None:
        first = found(residents, seed)
        self.residents, self.rules = residents, rules
        self.luck = np.random.Generator(np.random.SFC64([seed, 1]))
        self.venue, self.hours = first.venue.astype(np.int8), first.hours.astype(np.int8)
        self.need_chance = rules.need * (1.0 + first.deprivation)
        self.trust, self.volunteers = first.trust, first.volunteers
        self.owner = np.repeat(np.arange(residents), SLOTS)
        self.alter, self.strength = first.alter.ravel(), first.strength.ravel()
        self.helped_share = np.nan

    def month(self) -> None:
        """Live a month."""
        self.meet()
        needed, helped, given = self.help()
        self.ask(given)
        self.learn(needed, helped, given)

    def meet(self) -> None:
        """Ties grow or fade; those that die are made anew."""
        p, w = self.rules, self.strength
        same = self.venue[self.owner] == self.venue[self.alter]
        u = self.luck.random(w.size)
        met = u < np.where(same, p.meet_at_venue, p.meet)
        w = np.where(met, w + p.growth * (1.0 - w), p.fading * w)
        dead = np.flatnonzero((w < p.least) | (u >= 1.0 - p.give_up))
        self.alter[dead] = self.new_alters(dead)
        w[dead] = p.new
        self.strength = w

    def new_alters(self, dead: np.ndarray) -> np.ndarray:
        """Whom the owners of dead ties tie themselves to, by the ties as they stood: all search at once."""
        ego, draw = self.owner[dead], self.luck.random
        tied = TiesByEnd(self.alter, self.residents)
        friend = tied.any_tie(ego, draw(ego.size))
        other = tied.any_tie(friend, draw(ego.size))
        wanting = np.flatnonzero((draw(ego.size) >= self.rules.by_friend) | tied.hold(ego, other))
        while wanting.size:
            other[wanting] = tied.neighbour(ego[wanting], draw(wanting.size))
            wanting = wanting[tied.hold(ego[wanting], other[wanting])]
        return other

    def help(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Who needed help, who had it, and the hours given by each."""
        p, n = self.rules, self.residents
        needed = self.luck.random(n) < self.need_chance
        has = self.hours > 0
        helped, given = np.zeros(n, bool), np.zeros(n, np.int64)
        for ego, alter in ((self.owner, self.alter), (self.alter, self.owner)):
            asked = np.flatnonzero(needed[ego] & has[alter])
            helps = asked[self.luck.random(asked.size) < p.help * self.strength[asked]]
            helped[ego[helps]] = True
            given += np.bincount(alter[helps], minlength=n)
        self.helped_share = helped[needed].mean()
        return needed, helped, given

    def ask(self, given: np.ndarray) -> None:
        """Volunteers ask, and leave."""
        p, n = self.rules, self.residents
        asked = np.zeros(n, bool)
        for ego, alter in ((self.owner, self.alter), (self.alter, self.owner)):
            asking = np.flatnonzero(self.volunteers[alter])
            asks = asking[self.luck.random(asking.size) < p.ask * self.strength[asking]]
            asked[ego[asks]] = True
        overloaded = (given >= self.hours) & (given > 0)
        stays = self.luck.random(n) >= p.leave + p.leave_overloaded * overloaded
        self.volunteers = np.where(self.volunteers, stays, asked & (self.luck.random(n) < p.join))

    def learn(self, needed: np.ndarray, helped: np.ndarray, given: np.ndarray) -> None:
        """Trust moves with what came of needing and giving, and towards the alters' trust."""
        p, n, T, w = self.rules, self.residents, self.trust, self.strength
        weight = np.bincount(self.owner, w, n) + np.bincount(self.alter, w, n)
        pull = np.bincount(self.owner, w * T[self.alter], n) + np.bincount(self.alter, w * T[self.owner], n)
        good = helped | (given > 0)
        learnt = np.where(good, p.trust_up * (1.0 - T), np.where(needed, -p.trust_down * T, 0.0))
        self.trust = T + learnt + p.influence * (pull / weight - T)

    def shares(self) -> dict[str, float]:
        """The five quantities."""
        return {
            "volunteering": float(self.volunteers.mean()), "trust": float(self.trust.mean()),
            "helped": float(self.helped_share), "ties": 2.0 * self.alter.size / self.residents,
            "strength": float(self.strength.mean()),
        }  # fmt: skip


def build(residents: int, seed: int, rules: Rules = RULES) -> Town:
    """A town in NumPy."""
    return Town(residents, seed, rules)
