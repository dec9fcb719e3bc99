"""The common month in Starsim: a network whose edges are the ties, and an intervention for what goes along them.

Advice followed, of Starsim's user guide: "Adding new modules" (states by ``define_states``, distributions made once, in
``__init__``); "Networks" (edges as arrays p1, p2 and beta, changed in the network's own ``step``; custom behaviour by
overriding it); "Array indexing" (index by ``ss.uids``, draw and look up only where it can matter); "Random numbers" (a
distribution for each decision). As transmission in Starsim itself does, only edges on which something can happen are
drawn for, in either direction. Draws are taken without common random numbers (``ss.options.crn``), which its release
notes for 3.5 give as the quicker way. Numbers have 32 bits, as Starsim has them by default.
"""

from __future__ import annotations

import numpy as np
import starsim as ss
from rules import RULES, SLOTS, Founding, Rules, found
from searching import TiesByEnd

MONTHS = 1_200
"""Room in the calendar: more than anybody measures."""


class Ties(ss.Network):
    """Edges from owners (p1) to alters (p2); beta is the strength."""

    def __init__(self, first: Founding, rules: Rules) -> None:
        owner = np.repeat(np.arange(len(first.trust)), SLOTS)
        super().__init__(p1=owner, p2=first.alter.ravel(), beta=first.strength.ravel())
        self.rules = rules
        self.luck = ss.multi_random("owner", "alter")
        self.friend, self.friends_friend, self.by_friend = ss.random(), ss.random(), ss.random()
        self.neighbour = ss.random()

    def step(self) -> None:
        """Ties grow or fade; those that die are made anew."""
        p, edges = self.rules, self.edges
        venue = self.sim.interventions.town.venue
        w, u = edges.beta, self.luck.rvs(edges.p1, edges.p2)
        met = u < np.where(venue[edges.p1] == venue[edges.p2], p.meet_at_venue, p.meet)
        w = np.where(met, w + p.growth * (1.0 - w), p.fading * w).astype(w.dtype)
        dead = np.flatnonzero((w < p.least) | (u >= 1.0 - p.give_up))
        edges.p2[dead] = self.new_alters(edges.p1[dead])
        w[dead] = p.new
        edges.beta = w

    def new_alters(self, ego: ss.uids) -> np.ndarray:
        """Whom the owners of dead ties tie themselves to, by the ties as they stood: all search at once."""
        tied = TiesByEnd(np.asarray(self.edges.p2), len(self.sim.people))
        who = np.asarray(ego)
        friend = tied.any_tie(who, self.friend.rvs(ego))
        other = tied.any_tie(friend, self.friends_friend.rvs(ego))
        wanting = np.flatnonzero((self.by_friend.rvs(ego) >= self.rules.by_friend) | tied.hold(who, other))
        while wanting.size:
            other[wanting] = tied.neighbour(who[wanting], self.neighbour.rvs(ego[wanting]))
            wanting = wanting[tied.hold(who[wanting], other[wanting])]
        return other


class CommonMonth(ss.Intervention):
    """Residents' states, and what goes along their ties."""

    def __init__(self, first: Founding, rules: Rules) -> None:
        super().__init__(name="town")
        self.first, self.rules = first, rules
        self.define_states(
            ss.IntArr("venue"), ss.IntArr("hours"), ss.FloatArr("need_chance"), ss.FloatArr("trust"),
            ss.BoolArr("has_time"), ss.BoolArr("volunteers"), ss.BoolArr("needs"), ss.BoolArr("helped"),
        )  # fmt: skip
        self.falls_in_need = ss.bernoulli(p=lambda module, uids: module.need_chance[uids])
        self.helping = ss.multi_random("helped", "helper")
        self.asking = ss.multi_random("asked", "asker")
        self.joins = ss.bernoulli(p=rules.join)
        self.leaves = ss.bernoulli(p=rules.leave)
        self.leaves_overloaded = ss.bernoulli(p=rules.leave + rules.leave_overloaded)

    def init_post(self) -> None:
        """Residents as they were found."""
        super().init_post()
        for name in ("venue", "hours", "trust", "volunteers"):
            getattr(self, name)[:] = getattr(self.first, name)
        self.need_chance[:] = self.rules.need * (1.0 + self.first.deprivation)
        self.has_time[:] = self.first.hours > 0

    def step(self) -> None:
        """Help, ask, and learn from it."""
        given = self.help()
        self.ask(given)
        self.learn(given)

    def both_ways(self) -> tuple[tuple[ss.uids, ss.uids], ...]:
        """The edges from either end: who may be helped or asked, and by whom."""
        edges = self.sim.networks.ties.edges
        return (edges.p1, edges.p2), (edges.p2, edges.p1)

    def help(self) -> np.ndarray:
        """Who needs help asks all alters; the hours given by each."""
        w = self.sim.networks.ties.edges.beta
        self.needs[:] = False
        self.helped[:] = False
        self.needs[self.falls_in_need.filter()] = True
        given = np.zeros(len(self.trust), np.int64)
        for ego, alter in self.both_ways():
            can = np.flatnonzero(self.needs[ego] & self.has_time[alter])
            helps = can[self.helping.rvs(ego[can], alter[can]) < self.rules.help * w[can]]
            self.helped[ego[helps]] = True
            given += np.bincount(alter[helps], minlength=given.size)
        return given

    def ask(self, given: np.ndarray) -> None:
        """Volunteers ask, and leave."""
        w = self.sim.networks.ties.edges.beta
        asked = self.volunteers.asnew(np.zeros(len(self.trust), bool))
        for ego, alter in self.both_ways():
            can = np.flatnonzero(self.volunteers[alter] & ~self.volunteers[ego])
            asks = can[self.asking.rvs(ego[can], alter[can]) < self.rules.ask * w[can]]
            asked[ego[asks]] = True
        overloaded = (given > 0) & (given >= self.hours.values)
        leaving = self.leaves.filter((self.volunteers & ~overloaded).uids)
        leaving_overloaded = self.leaves_overloaded.filter((self.volunteers & overloaded).uids)
        joining = self.joins.filter(asked.uids)
        self.volunteers[leaving] = False
        self.volunteers[leaving_overloaded] = False
        self.volunteers[joining] = True

    def learn(self, given: np.ndarray) -> None:
        """Trust moves with what came of needing and giving, and towards the alters' trust."""
        p, w, T = self.rules, self.sim.networks.ties.edges.beta, self.trust.values
        weight, pull = np.zeros(T.size), np.zeros(T.size)
        for ego, alter in self.both_ways():
            weight += np.bincount(ego, w, T.size)
            pull += np.bincount(ego, w * self.trust[alter], T.size)
        good = self.helped.values | (given > 0)
        learnt = np.where(good, p.trust_up * (1.0 - T), np.where(self.needs.values, -p.trust_down * T, 0.0))
        self.trust[:] = T + learnt + p.influence * (pull / weight - T)


class Town:
    """A Starsim simulation, month by month."""

    def __init__(self, residents: int, seed: int, rules: Rules) -> None:
        ss.options.crn = False
        first = found(residents, seed)
        self.sim = ss.Sim(
            n_agents=residents, networks=Ties(first, rules), interventions=CommonMonth(first, rules),
            start=ss.months(0), dur=ss.months(MONTHS), dt=ss.months(1), rand_seed=seed, verbose=0,
        )  # fmt: skip
        self.sim.init()

    def month(self) -> None:
        """Live a month."""
        self.sim.run_one_step()

    def shares(self) -> dict[str, float]:
        """The five quantities."""
        town, edges = self.sim.interventions.town, self.sim.networks.ties.edges
        return {
            "volunteering": float(town.volunteers.mean()), "trust": float(town.trust.mean()),
            "helped": float(town.helped[town.needs.uids].mean()), "ties": 2.0 * len(edges.p1) / len(town.trust),
            "strength": float(edges.beta.mean()),
        }  # fmt: skip


def build(residents: int, seed: int, rules: Rules = RULES) -> Town:
    """A town in Starsim."""
    return Town(residents, seed, rules)
