"""The common month in Mesa done well: its agents and agent sets, but ties in dicts, and one pass over each.

Advice followed, of the documentation of Mesa 3: "Mesa Overview" and the tutorial on the AgentSet (``agents.do``,
``agents.select`` and ``agents.agg`` rather than loops of one's own; ``agents.get`` to read many at once); and Python's
own: bind what a loop looks up, keep what belongs to an agent on the agent, test what costs nothing before drawing.
A tie is gone through once a month and from its owner's side, for both directions at a time.
"""

from __future__ import annotations

import mesa
from rules import NEIGHBOURHOOD, RULES, Founding, Rules, found


class Resident(mesa.Agent):
    """Somebody with ties, hours to spare and trust."""

    __slots__ = (
        "asked", "given", "has_time", "helped", "hours", "need_chance", "needs", "neighbours", "others", "own", "pull",
        "trust", "venue", "volunteers", "weight",
    )  # fmt: skip

    def __init__(self, model: Town, first: Founding, i: int, neighbours: list[Resident]) -> None:
        super().__init__(model)
        self.venue, self.hours = int(first.venue[i]), int(first.hours[i])
        self.has_time = self.hours > 0
        self.need_chance = model.rules.need * (1.0 + float(first.deprivation[i]))
        self.trust, self.volunteers = float(first.trust[i]), bool(first.volunteers[i])
        self.own: dict[Resident, float] = {}  # alters of the ties that one founded, and strengths
        self.others: dict[Resident, None] = {}  # owners of the ties that others founded, as an ordered set
        self.neighbours = neighbours
        neighbours.append(self)

    def meet(self) -> None:
        """Meet along one's own ties, make those anew that die, and begin the month."""
        rules, draw, own, venue = self.model.rules, self.model.draw, self.own, self.venue
        meet, at_venue, growth, fading = rules.meet, rules.meet_at_venue, rules.growth, rules.fading
        least, most = rules.least, 1.0 - rules.give_up
        dead = None
        for alter, w in own.items():
            luck = draw()
            w = w + growth * (1.0 - w) if luck < (at_venue if venue == alter.venue else meet) else fading * w  # noqa: PLW2901
            own[alter] = w
            if w < least or luck >= most:
                dead = [alter] if dead is None else [*dead, alter]
        if dead is not None:
            for alter in dead:
                del own[alter], alter.others[self]
                other = self.someone_new()
                own[other] = rules.new
                other.others[self] = None
        self.needs = draw() < self.need_chance
        self.helped = self.asked = False
        self.given, self.pull, self.weight = 0, 0.0, 0.0

    def someone_new(self) -> Resident:
        """Find a friend of a friend, or somebody from the neighbourhood."""
        own, others, choice = self.own, self.others, self.model.random.choice
        if self.model.draw() < self.model.rules.by_friend:
            friend = choice((*own, *others))
            other = choice((*friend.own, *friend.others))
            if other is not self and other not in own and other not in others:
                return other
        while True:
            other = choice(self.neighbours)
            if other is not self and other not in own and other not in others:
                return other

    def reach_out(self) -> None:
        """Help, ask and influence along one's own ties, both ways."""
        rules, draw = self.model.rules, self.model.draw
        help_chance, ask = rules.help, rules.ask
        needs, has_time, volunteers, trust = self.needs, self.has_time, self.volunteers, self.trust
        pull = weight = 0.0
        for alter, w in self.own.items():
            if needs and alter.has_time and draw() < help_chance * w:
                self.helped = True
                alter.given += 1
            if has_time and alter.needs and draw() < help_chance * w:
                alter.helped = True
                self.given += 1
            if alter.volunteers:
                if not volunteers and draw() < ask * w:
                    self.asked = True
            elif volunteers and draw() < ask * w:
                alter.asked = True
            pull += w * alter.trust
            weight += w
            alter.pull += w * trust
            alter.weight += w
        self.pull += pull
        self.weight += weight

    def advance(self) -> None:
        """Take over what the month made of one."""
        rules, given, trust = self.model.rules, self.given, self.trust
        if self.volunteers:
            overloaded = given > 0 and given >= self.hours
            chance = rules.leave + rules.leave_overloaded if overloaded else rules.leave
            self.volunteers = self.model.draw() >= chance
        elif self.asked:
            self.volunteers = self.model.draw() < rules.join
        moved = trust + rules.influence * (self.pull / self.weight - trust)
        if self.helped or given > 0:
            moved += rules.trust_up * (1.0 - trust)
        elif self.needs:
            moved -= rules.trust_down * trust
        self.trust = moved


class Town(mesa.Model):
    """A town of residents."""

    def __init__(self, residents: int, seed: int, rules: Rules) -> None:
        super().__init__(seed=seed)
        self.rules, self.draw = rules, self.random.random
        first = found(residents, seed)
        neighbours: list[list[Resident]] = [[] for _ in range(0, residents, NEIGHBOURHOOD)]
        everybody = [Resident(self, first, i, neighbours[i // NEIGHBOURHOOD]) for i in range(residents)]
        for resident, alters, strengths in zip(
            everybody, first.alter.tolist(), first.strength.tolist(), strict=True
        ):  # fmt: skip
            resident.own = {everybody[alter]: strength for alter, strength in zip(alters, strengths, strict=True)}
            for alter in resident.own:
                alter.others[resident] = None

    def step(self) -> None:
        """Live a month."""
        self.agents.do("meet")
        self.agents.do("reach_out")
        self.agents.do("advance")

    month = step

    def shares(self) -> dict[str, float]:
        """The five quantities."""
        needed = self.agents.select(lambda resident: resident.needs)
        strengths = [strength for own in self.agents.get("own") for strength in own.values()]
        others = self.agents.get("others")
        return {
            "volunteering": self.agents.agg("volunteers", sum) / len(others),
            "trust": self.agents.agg("trust", sum) / len(others),
            "helped": needed.agg("helped", sum) / len(needed),
            "ties": (len(strengths) + sum(map(len, others))) / len(others),
            "strength": sum(strengths) / len(strengths),
        }  # fmt: skip


def build(residents: int, seed: int, rules: Rules = RULES) -> Town:
    """A town in Mesa done well."""
    return Town(residents, seed, rules)
