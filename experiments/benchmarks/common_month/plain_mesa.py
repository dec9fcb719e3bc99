"""The common month in plain Mesa: agents as objects, a networkx graph of ties, the month in stages.

Advice followed, of the documentation of Mesa 3: "Mesa Overview" (agents as objects with methods, and ``agents.do`` to
walk them: the rules are simultaneous, so the order needs no shuffling); "Best Practices" (``self.random``); the
migration guide's pages on staged and simultaneous activation (one ``do`` a stage, the new state taken over at the
end). A tie is an edge with its data in the graph, as in the example "Virus on a Network". Only its
``discrete_space.Network`` is left out: each change of a connection clears the cached neighbourhoods of all cells, and
ties change all the time here.
"""

from __future__ import annotations

import mesa
import networkx as nx
from rules import NEIGHBOURHOOD, RULES, Founding, Rules, found


class Resident(mesa.Agent):
    """Somebody with ties, hours to spare and trust."""

    def __init__(self, model: Town, first: Founding, i: int) -> None:
        super().__init__(model)
        self.neighbourhood = i // NEIGHBOURHOOD
        self.venue = int(first.venue[i])
        self.hours = int(first.hours[i])
        self.deprivation = float(first.deprivation[i])
        self.trust = self.next_trust = float(first.trust[i])
        self.volunteers = self.next_volunteers = bool(first.volunteers[i])
        self.needs = self.helped = False
        self.given = 0

    def meet(self) -> None:
        """Meet along the ties that one founded, and make those anew that die."""
        rules, ties = self.model.rules, self.model.ties
        for alter, tie in list(ties[self].items()):
            if tie["owner"] is not self:
                continue
            luck = self.random.random()
            if luck < (rules.meet_at_venue if self.venue == alter.venue else rules.meet):
                tie["strength"] += rules.growth * (1.0 - tie["strength"])
            else:
                tie["strength"] *= rules.fading
            if tie["strength"] < rules.least or luck >= 1.0 - rules.give_up:
                ties.remove_edge(self, alter)
                ties.add_edge(self, self.someone_new(), owner=self, strength=rules.new)

    def someone_new(self) -> Resident:
        """Find a friend of a friend, or somebody from the neighbourhood."""
        ties = self.model.ties
        if self.random.random() < self.model.rules.by_friend:
            friend = self.random.choice(list(ties[self]))
            other = self.random.choice(list(ties[friend]))
            if other is not self and not ties.has_edge(self, other):
                return other
        while True:
            other = self.random.choice(self.model.neighbourhoods[self.neighbourhood])
            if other is not self and not ties.has_edge(self, other):
                return other

    def fall_in_need(self) -> None:
        """Begin the month."""
        self.needs = self.random.random() < self.model.rules.need * (1.0 + self.deprivation)
        self.helped = False
        self.given = 0

    def seek_help(self) -> None:
        """Ask all alters."""
        if self.needs:
            for alter, tie in self.model.ties[self].items():
                if alter.hours > 0 and self.random.random() < self.model.rules.help * tie["strength"]:
                    alter.given += 1
                    self.helped = True

    def take_up_or_leave(self) -> None:
        """Volunteer from next month, or no more."""
        rules = self.model.rules
        if self.volunteers:
            overloaded = self.given > 0 and self.given >= self.hours
            chance = rules.leave + (rules.leave_overloaded if overloaded else 0.0)
            self.next_volunteers = self.random.random() >= chance
        else:
            asked = False
            for alter, tie in self.model.ties[self].items():
                if alter.volunteers and self.random.random() < rules.ask * tie["strength"]:
                    asked = True
            self.next_volunteers = asked and self.random.random() < rules.join

    def learn(self) -> None:
        """Move trust with what came of the month, and towards the alters' trust."""
        rules = self.model.rules
        pull = weight = 0.0
        for alter, tie in self.model.ties[self].items():
            pull += tie["strength"] * alter.trust
            weight += tie["strength"]
        self.next_trust = self.trust + rules.influence * (pull / weight - self.trust)
        if self.helped or self.given > 0:
            self.next_trust += rules.trust_up * (1.0 - self.trust)
        elif self.needs:
            self.next_trust -= rules.trust_down * self.trust

    def advance(self) -> None:
        """Take over what the month made of one."""
        self.trust = self.next_trust
        self.volunteers = self.next_volunteers


class Town(mesa.Model):
    """A town of residents."""

    def __init__(self, residents: int, seed: int, rules: Rules) -> None:
        super().__init__(seed=seed)
        self.rules = rules
        first = found(residents, seed)
        self.neighbourhoods: dict[int, list[Resident]] = {}
        everybody = []
        for i in range(residents):
            resident = Resident(self, first, i)
            self.neighbourhoods.setdefault(resident.neighbourhood, []).append(resident)
            everybody.append(resident)
        self.ties = nx.Graph()
        self.ties.add_nodes_from(everybody)
        for resident, alters, strengths in zip(
            everybody, first.alter.tolist(), first.strength.tolist(), strict=True
        ):  # fmt: skip
            for alter, strength in zip(alters, strengths, strict=True):
                self.ties.add_edge(resident, everybody[alter], owner=resident, strength=strength)

    def step(self) -> None:
        """Live a month, stage by stage."""
        for stage in ("meet", "fall_in_need", "seek_help", "take_up_or_leave", "learn", "advance"):
            self.agents.do(stage)

    month = step

    def shares(self) -> dict[str, float]:
        """The five quantities."""
        needed = self.agents.select(lambda resident: resident.needs)
        strengths = [strength for *_, strength in self.ties.edges(data="strength")]
        return {
            "volunteering": self.agents.agg("volunteers", sum) / len(self.agents),
            "trust": self.agents.agg("trust", sum) / len(self.agents),
            "helped": needed.agg("helped", sum) / len(needed), "ties": 2.0 * len(strengths) / len(self.agents),
            "strength": sum(strengths) / len(strengths),
        }  # fmt: skip


def build(residents: int, seed: int, rules: Rules = RULES) -> Town:
    """A town in plain Mesa."""
    return Town(residents, seed, rules)
