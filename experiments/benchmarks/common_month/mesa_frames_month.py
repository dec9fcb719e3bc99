"""The common month in mesa-frames: one agent set whose agents are rows of a Polars frame, and a frame of ties.

Advice followed, of the user guide of mesa-frames: "Getting Started" (never loop over agents, think in sets; Polars
rather than pandas; where agents would race, loop over whole-column steps), and "Classes" (an ``AgentSetPolars`` filled
with a frame that has a unique_id; the frame itself is at hand as ``self.agents`` for all that Polars can do;
``self.random`` for luck). It has no space for networks yet, so ties are a frame of their own. Of Polars' user guide:
"Expressions" (whole columns; filter before drawing; group and join what few rows are left).

Polars runs on one thread, as POLARS_MAX_THREADS says; the driver sets it.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from mesa_frames import AgentSetPolars, ModelDF
from rules import NEIGHBOURHOOD, RULES, SLOTS, Founding, Rules, found

ROW = pl.UInt32
BOTH_WAYS = (("owner", "alter"), ("alter", "owner"))


class Residents(AgentSetPolars):
    """All residents, and the ties between them: a tie of ``owner`` lies in one of the rows that are its slots."""

    def __init__(self, model: Town, first: Founding) -> None:
        super().__init__(model)
        n = len(first.trust)
        self += pl.DataFrame({
            "unique_id": np.arange(n), "venue": first.venue.astype(np.uint8), "hours": first.hours,
            "deprivation": first.deprivation, "trust": first.trust, "volunteers": first.volunteers,
            "needs": np.zeros(n, bool), "helped": np.zeros(n, bool), "given": np.zeros(n, np.int64),
        })  # fmt: skip
        self.ties = pl.DataFrame({
            "owner": np.repeat(np.arange(n), SLOTS), "alter": first.alter.ravel(), "strength": first.strength.ravel(),
        }).with_columns(pl.col("owner", "alter").cast(ROW))  # fmt: skip

    def luck(self, rows: int) -> pl.Series:
        """Uniform draws."""
        return pl.Series("luck", self.random.random(rows))

    def meet(self) -> None:
        """Ties grow or fade; those that die are made anew."""
        p, venue, w = self.model.rules, self.agents["venue"], pl.col("strength")
        u = self.luck(len(self.ties))
        same = venue.gather(self.ties["owner"]) == venue.gather(self.ties["alter"])
        chance = pl.when(same).then(p.meet_at_venue).otherwise(p.meet)
        ties = self.ties.with_columns(
            strength=pl.when(u < chance).then(w + p.growth * (1.0 - w)).otherwise(p.fading * w)
        )
        dead = ((ties["strength"] < p.least) | (u >= 1.0 - p.give_up)).arg_true()
        new = self.new_alters(ties["owner"].gather(dead))
        self.ties = ties.with_columns(
            alter=ties["alter"].scatter(dead, new), strength=ties["strength"].scatter(dead, p.new)
        )  # fmt: skip

    def new_alters(self, ego: pl.Series) -> pl.Series:
        """Whom the owners of dead ties tie themselves to, by the ties as they stood: all search at once."""
        by_alter = self.ties["alter"].arg_sort()
        ends = self.ties["alter"].gather(by_alter)
        other = self.any_tie(self.any_tie(ego, by_alter, ends), by_alter, ends)
        searching = pl.DataFrame({"who": ego, "other": other})
        wanting = searching.select(
            ((self.luck(len(ego)) >= self.model.rules.by_friend) | self.held()).arg_true()
        ).to_series()  # fmt: skip
        while len(wanting):
            first = pl.col("who") // NEIGHBOURHOOD * NEIGHBOURHOOD
            size = pl.min_horizontal(pl.lit(NEIGHBOURHOOD, ROW), pl.lit(len(self.agents), ROW) - first)
            trying = pl.DataFrame({"who": ego.gather(wanting), "place": wanting}).with_columns(
                other=first + (self.luck(len(wanting)) * size).cast(ROW)
            )  # fmt: skip
            other = other.scatter(wanting, trying["other"])
            wanting = trying.filter(self.held())["place"]
        return other

    def any_tie(self, who: pl.Series, by_alter: pl.Series, ends: pl.Series) -> pl.Series:
        """The other end of one of the ties of each of these, whoever owns it."""
        start = ends.search_sorted(who, side="left")
        count = ends.search_sorted(who, side="right") - start
        pick = pl.col("pick")
        own = pl.lit(self.ties["alter"]).gather(pl.col("who") * SLOTS + pick.clip(upper_bound=SLOTS - 1))
        place = (pl.col("start").cast(pl.Int64) + pick - SLOTS).clip(0, len(by_alter) - 1)
        theirs = pl.lit(by_alter).gather(place) // SLOTS
        return (
            pl.DataFrame({"who": who, "start": start, "pick": (self.luck(len(who)) * (SLOTS + count)).cast(ROW)})
            .select(pl.when(pick < SLOTS).then(own).otherwise(theirs)).to_series()
        )  # fmt: skip

    def held(self) -> pl.Expr:
        """Whether ``other`` is ``who``, or tied to them already."""
        alter, who, other = pl.lit(self.ties["alter"]), pl.col("who"), pl.col("other")
        theirs = [alter.gather(who * SLOTS + k) == other for k in range(SLOTS)]
        return pl.any_horizontal(
            who == other, *theirs, *(alter.gather(other * SLOTS + k) == who for k in range(SLOTS))
        )  # fmt: skip

    def along_ties(self, ego: str, alter: str, wants: pl.Series, can: pl.Series, chance: float) -> pl.DataFrame:
        """The ties on which luck has it that something goes from an alter who can to an ego who wants."""
        possible = self.ties.filter(wants.gather(self.ties[ego]) & can.gather(self.ties[alter]))
        return possible.filter(self.luck(len(possible)) < chance * pl.col("strength"))

    def help(self) -> None:
        """Who needs help asks all alters."""
        p, n = self.model.rules, len(self.agents)
        needs = self.agents.select(self.luck(n) < p.need * (1.0 + pl.col("deprivation"))).to_series()
        has_time = self.agents["hours"] > 0
        happened = [
            self.along_ties(ego, alter, needs, has_time, p.help).select(ego=pl.col(ego), alter=pl.col(alter))
            for ego, alter in BOTH_WAYS
        ]
        hours = pl.concat(happened)
        helped = pl.zeros(n, pl.Boolean, eager=True).scatter(hours["ego"].unique(), True)
        by_helper = hours["alter"].value_counts()
        given = pl.zeros(n, pl.Int64, eager=True).scatter(by_helper["alter"], by_helper["count"].cast(pl.Int64))
        self.agents = self.agents.with_columns(needs=needs, helped=helped, given=given)

    def ask(self) -> None:
        """Volunteers ask, and leave."""
        p, n, volunteers = self.model.rules, len(self.agents), self.agents["volunteers"]
        happened = [
            self.along_ties(ego, alter, ~volunteers, volunteers, p.ask).select(ego=pl.col(ego))
            for ego, alter in BOTH_WAYS
        ]
        asked = pl.zeros(n, pl.Boolean, eager=True).scatter(pl.concat(happened)["ego"].unique(), True)
        overloaded = (pl.col("given") > 0) & (pl.col("given") >= pl.col("hours"))
        stays = self.luck(n) >= p.leave + p.leave_overloaded * overloaded.cast(pl.Float64)
        joins = asked & (self.luck(n) < p.join)
        self.agents = self.agents.with_columns(volunteers=pl.when("volunteers").then(stays).otherwise(joins))

    def learn(self) -> None:
        """Trust moves with what came of needing and giving, and towards the alters' trust."""
        p, T = self.model.rules, self.agents["trust"]
        sides = self.ties.select(
            "alter", "strength", pull=pl.col("strength") * T.gather(self.ties["owner"]),
            own_pull=pl.col("strength") * T.gather(self.ties["alter"]),
        )  # fmt: skip
        # A resident's own ties lie together; those that others own have to be gathered.
        weight = sides["strength"].reshape((-1, SLOTS)).arr.sum()
        pull = sides["own_pull"].reshape((-1, SLOTS)).arr.sum()
        sums = sides.group_by("alter").agg(pl.col("strength", "pull").sum())
        weight += pl.zeros(len(T), eager=True).scatter(sums["alter"], sums["strength"])
        pull += pl.zeros(len(T), eager=True).scatter(sums["alter"], sums["pull"])
        learnt = (
            pl.when(pl.col("helped") | (pl.col("given") > 0)).then(p.trust_up * (1.0 - T))
            .when("needs").then(-p.trust_down * T).otherwise(0.0)
        )  # fmt: skip
        self.agents = self.agents.with_columns(trust=T + learnt + p.influence * (pull / weight - T))

    def step(self) -> None:
        """Live a month."""
        self.meet()
        self.help()
        self.ask()
        self.learn()


class Town(ModelDF):
    """A town of residents."""

    def __init__(self, residents: int, seed: int, rules: Rules) -> None:
        super().__init__(seed)
        self.rules = rules
        self.residents = Residents(self, found(residents, seed))
        self.agents += self.residents

    def month(self) -> None:
        """Live a month."""
        self.agents.do("step")

    def shares(self) -> dict[str, float]:
        """The five quantities."""
        agents, ties = self.residents.agents, self.residents.ties
        return {
            "volunteering": agents["volunteers"].mean(), "trust": agents["trust"].mean(),
            "helped": agents.filter("needs")["helped"].mean(), "ties": 2.0 * len(ties) / len(agents),
            "strength": ties["strength"].mean(),
        }  # fmt: skip


def build(residents: int, seed: int, rules: Rules = RULES) -> Town:
    """A town in mesa-frames."""
    return Town(residents, seed, rules)
