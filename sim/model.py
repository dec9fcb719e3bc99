"""CommunityModel: one town through its months, as a Mesa model.

`step` lives one month of `sim.schedule.MONTH`. The town is ``model.state``; the agents are windows on its columns
(`sim.agents`). ``model.random`` and ``model.rng`` are Mesa's, and the simulation never draws from them: all its chance
is keyed (`sim.chance`), so two models in one process do not mix.
"""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, ClassVar, NoReturn, Self

import networkx as nx
import numpy as np
from mesa.datacollection import DataCollector
from mesa.model import Model

from sim.agents import Charity, Council, CouncilService, Resident, Volunteer, Window, Windows
from sim.agents.networks import network
from sim.chance import ID_BITS, key, run_seed
from sim.config import Config, checked
from sim.decisions import Decision, decision, plan, take_force
from sim.founding import found
from sim.observables import OBSERVABLES, Observed
from sim.schedule import MONTH, Step, live_a_month
from sim.source import source_hash, versions
from sim.state import NOBODY, State
from sim.units import date_of

AGENTS: tuple[type[Window], ...] = (Resident, Charity, CouncilService, Council)
"""The kinds of agents; a volunteer is a resident in a role and not counted again."""


class CommunityModel(Model):  # type: ignore[misc]
    """A town as a ``mesa.Model``: founded when it is made, and standing at the beginning of month 0.

    Args:
        config: the configuration, as `compose` or `Config.check` makes it.
        rng: the run seed, a whole number from 0 to 2^63 - 1; without it, that of replicate 0 under ``config.seed``.

    Attributes:
        config: the configuration.
        state: the town as columns; ``state.month`` is the month that the next step lives, from 0.
        datacollector: Mesa's, with every observable, a row a month.
        running: whether months of ``config.months`` are left to live.
        steps: months lived since month 0.
        decisions: what was decided on the way (`decide`), in the order in which it was.
        lots: what shuffles of windows draw from.

    Raises:
        TypeError: if ``config`` is not what `compose` makes, or ``rng`` is no whole number.
        FoundingError: if such a place cannot be kept as it is.
        ValueError: if ``rng`` is out of range, or `also` names an observable that the model has.

    A subclass may live by other rules (`verbs`) and write down more (`also`).

    Examples:
        >>> from sim import CommunityModel, compose
        >>> model = CommunityModel(compose(["place.residents=1500", "months=3"]), rng=1)
        >>> while model.running:
        ...     model.step()
        >>> model
        CommunityModel(england_average, history, month=3)
        >>> len(model.residents), len(model.volunteers) < 1500
        (1500, True)

        A rule, and an observable, of one's own:

        >>> from sim.schedule import MONTH, Step
        >>> class august:
        ...     @staticmethod
        ...     def advance(state, p, dice):
        ...         if state.month % 12 == 4:  # month 0 is April
        ...             state.residents.pledged_hours[:] = p
        >>> class Mine(CommunityModel):
        ...     verbs = (*MONTH, Step("rest", august, "hours are pledged for the month that comes", 0.0))
        ...     also = {"pledged": lambda model: model.state.residents.pledged_hours.sum()}
        >>> mine = Mine(compose(["place.residents=1500", "months=6"]), rng=1)
        >>> mine.run()
        >>> [mine.row(month)["pledged"] > 0 for month in range(6)]
        [True, True, True, True, False, True]
    """

    verbs: ClassVar[tuple[Step, ...]] = MONTH
    """The month that `step` lives: steps in order. Towns are founded by `sim.schedule.MONTH`, whatever stands here."""

    also: ClassVar[Mapping[str, Callable[[Any], float]]] = {}
    """What is written down of a month beside the model's observables: functions of the model, by name.

    They are asked when the month is lived, so ``model.state.month`` is already the next. They may look at the state and
    not change it.
    """

    observed: Observed
    """The last month that was lived, whole and in parts, with what `also` measured."""

    def __init__(self, config: Config, rng: int | None = None) -> None:
        seed = run_seed(checked(config).seed, 0) if rng is None else _checked_seed(rng)
        self._begin(config, found(checked(config), seed), [], [])

    def _begin(
        self, config: Config, state: State, rows: list[dict[str, float]], decisions: Sequence[Decision]
    ) -> None:
        if clash := sorted(set(self.also) & set(OBSERVABLES)):
            raise ValueError(f"the model has an observable {clash[0]!r} already; name yours otherwise")
        for step in self.verbs:
            _check_step(step, config)
        self._month = tuple(step if step in MONTH else step._replace(room=_FromOutside(step)) for step in self.verbs)
        super().__init__(rng=state.seed)
        self.config, self.state = config, state
        self.decisions = list(decisions)
        self.lots = random.Random(key(state.seed))
        self._rows: list[dict[str, float]] = []
        self.datacollector = DataCollector({name: partial(_observed, name) for name in (*OBSERVABLES, *self.also)})
        for row in rows:
            self._write_down(row)
        self.steps = state.month
        self.running = state.month < config.months

    @classmethod
    def _going_on(
        cls, config: Config, state: State, rows: list[dict[str, float]], decisions: Sequence[Decision]
    ) -> Self:
        model = cls.__new__(cls)
        model._begin(config, state, rows, decisions)  # noqa: SLF001 - in place of __init__, which would found a town
        return model

    def step(self) -> None:
        """Live one month and write it down; the last of ``config.months`` ends ``running``.

        Raises:
            ValueError: if the world has no more months (``config.world.most_months``), or a rule of one's own has left
                what is no number.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500", "months=3"]), rng=1)
            >>> model.step()
            >>> model.steps, model.running
            (1, True)
        """
        world = self.config.world
        if self.state.month >= world.most_months:
            raise ValueError(f"world={world.name} has {world.most_months} months, and all are lived")
        for decided in self.decisions:
            if decided.month == self.state.month:
                take_force(decided, self.state, self.config)
        observed = live_a_month(self.state, self.config, month=self._month)
        self.observed = observed._replace(whole=observed.whole | {name: self._measured(name) for name in self.also})
        self._write_down(self.observed.whole)
        self.running = self.running and self.state.month < self.config.months

    def _measured(self, name: str) -> float:
        """One observable of `also`, this month."""
        value = self.also[name](self)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise TypeError(f"an observable of `also` gives one number a month, but {name} gave "
                            f"{type(value).__name__}: {str(value)[:80]}") from None  # fmt: skip

    def run(self, months: int | None = None) -> None:
        """Live that many more months; without a number, those that are left of ``config.months``.

        Args:
            months: how many; they may go on beyond ``config.months``, to the last that the world has.

        Raises:
            ValueError: if the world has not so many months left, or ``months`` is no whole number from 0.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500", "months=3"]), rng=1)
            >>> model.run(months=1)
            >>> model.run()
            >>> model.steps, model.running
            (3, False)
        """
        most = self.config.world.most_months - self.state.month
        if months is None:
            months = max(self.config.months - self.state.month, 0)
        if isinstance(months, bool) or not isinstance(months, int) or not 0 <= months <= most:
            raise ValueError(f"months is {months!r}, outside what is allowed: from month {self.state.month} of "
                             f"world={self.config.world.name}, 0 to {most} more can be lived")  # fmt: skip
        for _ in range(months):
            self.step()

    def months(self) -> Iterator[dict[str, Any]]:
        """Live the months that are left, one each time that the next is asked for; stop asking and it stops.

        Yields:
            A month's row: ``month`` (0-based), ``date`` (its first day), and the observables by name.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500", "months=3"]), rng=1)
            >>> for row in model.months():
            ...     print(row["month"], row["date"], row["venues_open"])
            0 2007-04-01 3.0
            1 2007-05-01 3.0
            2 2007-06-01 3.0
        """
        while self.running:
            self.step()
            yield self.row()

    def row(self, month: int = -1) -> dict[str, Any]:
        """What was written down of a month: ``month``, ``date`` and the observables by name.

        Args:
            month: 0-based; -1 is the last that was lived.

        Raises:
            IndexError: if that month has not been lived.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500", "months=3"]), rng=1)
            >>> model.run()
            >>> model.row(0)["date"], model.row()["month"]
            (datetime.date(2007, 4, 1), 2)
            >>> model.row(3)
            Traceback (most recent call last):
            IndexError: month 3 has not been lived; 3 months have been
        """
        lived = range(len(self._rows))
        if not -len(lived) <= month < len(lived):
            raise IndexError(f"month {month} has not been lived; {len(lived)} months have been")
        month = lived[month]
        return {"month": month, "date": date_of(month, self.config.world.first_month), **self._rows[month]}

    def _write_down(self, observed: dict[str, float]) -> None:
        self._rows.append(dict(observed))
        self.datacollector.collect(self)

    @property
    def agents(self) -> Windows:
        """Residents, charities that are alive, services and the council.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500"]), rng=1)
            >>> print(*(kind.__name__ for kind, _ in model.agents.groupby(type)))
            Resident Charity CouncilService Council
            >>> len(model.agents) == 1500 + len(model.charities) + len(model.services) + 1
            True
        """
        return Windows.whole(self, *AGENTS)

    @property
    def residents(self) -> Windows:
        """Everybody of 16 and over: a set with the habits of Mesa's ``AgentSet``, whose columns are read whole.

        Attributes of each are the columns of `sim.state.Residents`, with their units.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> residents = CommunityModel(compose(["place.residents=1500"]), rng=1).residents
            >>> trust = residents.get("trust_council")
            >>> len(trust), 0 <= min(trust) <= max(trust) <= 1
            (1500, True)
            >>> len(residents.select(lambda r: r.trust_council > 0.5)) == sum(t > 0.5 for t in trust)
            True
            >>> friend, strength = residents[0].ties[0]
            >>> friend in residents, 0 < strength <= 1
            (True, True)
        """
        return Windows.whole(self, Resident)

    @property
    def volunteers(self) -> Windows:
        """The residents who hold a role now: the same people as in `residents`, seen as volunteers.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500"]), rng=1)
            >>> volunteer = model.volunteers[0]
            >>> volunteer in model.residents, volunteer.charity in model.charities
            (True, True)
        """
        return Windows.at(self, Volunteer, np.flatnonzero(self.state.residents.role != NOBODY))

    @property
    def charities(self) -> Windows:
        """The charities and unregistered groups that are alive, from the founding of each until it closes.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> charities = CommunityModel(compose(["place.residents=1500"]), rng=1).charities
            >>> largest = max(charities, key=lambda charity: charity.income)
            >>> largest.band_name, len(largest.members) >= len(largest.volunteers)
            ('medium', True)
        """
        return Windows.whole(self, Charity)

    @property
    def services(self) -> Windows:
        """The council's services.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500"]), rng=1)
            >>> print(*model.services.get("name"), sep=", ")
            adult_care, childrens, libraries, youth, early_years, culture_leisure, advice_housing, community
        """
        return Windows.whole(self, CouncilService)

    @property
    def council(self) -> Council:
        """All local government of the place in one; its attributes are the columns of `sim.state.Council`.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> council = CommunityModel(compose(["place.residents=1500"]), rng=1).council
            >>> council.reserves > 0
            True
        """
        return Council(self, 0)

    @property
    def agent_types(self) -> list[type[Window]]:
        """The kinds of agents in `agents`."""
        return list(AGENTS)

    @property
    def agents_by_type(self) -> dict[type[Window], Windows]:
        """The agents of each kind in `agents`."""
        return {kind: Windows.whole(self, kind) for kind in AGENTS}

    def network(self, layer: str = "residents") -> nx.Graph:
        """One layer of ties as a new ``networkx.Graph``, whose nodes are permanent ids.

        Args:
            layer: "residents", ties between residents; "membership", of a resident with the charity to which he or she
                belongs; "officer-charity", of an officer in post with a charity; "officer-resident"; "charity-charity".

        Returns:
            Everybody of the layer's kinds is a node, tied or not, and has ``kind``: "resident" with ``neighbourhood``
            (its row), ``x`` and ``y`` (kilometres, fixed); "charity" with ``neighbourhood`` and ``band`` (a number);
            "officer" with ``body`` (0 council, 1 health), ``service`` (its row), ``first`` and ``last`` (rows of the
            neighbourhoods covered). Edges have ``strength`` (0 to 1), and by layer ``klass`` (0 bonding, 1 weak, 2
            bridging), ``in_role`` (0 or 1), ``contacts`` (officers that keep it, 1 or 2), ``born`` (month) and ``used``
            (1 if joint work ran along it last month).

        Raises:
            ValueError: if there is no such layer; the message names the nearest.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500"]), rng=1)
            >>> graph = model.network(layer="residents")
            >>> len(graph), max(strength for _, _, strength in graph.edges(data="strength")) <= 1
            (1500, True)
            >>> len(graph[model.residents[0].unique_id]) == len(model.residents[0].ties)
            True
            >>> model.network("resident")
            Traceback (most recent call last):
            ValueError: there is no layer 'resident'. Did you mean residents? There is charity-charity, ...
        """
        return network(self.state, layer)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the town, its configuration and the months written down to exactly ``path``.

        Raises:
            OSError: if the file cannot be written.

        Examples:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500", "months=3"]), rng=1)
            >>> model.run(months=2)
            >>> with TemporaryDirectory() as folder:
            ...     model.save(Path(folder, "town"))
            ...     later = CommunityModel.load(Path(folder, "town"))
            >>> model.run()
            >>> later.run()
            >>> later.row()["trust_council"] == model.row()["trust_council"]
            True
        """
        beside = {"config": self.config.resolved(), "rows": self._rows, "model": _named(type(self))}
        self.state.save(path, beside=json.dumps(beside | {"decisions": [one.plain() for one in self.decisions]}))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """A model that goes on, and collects on, from where `save` left it.

        One of a subclass is loaded by the subclass: rules and observables of one's own are not in the file. A subclass
        may go on from a town that was saved without them; its observables are NaN in the months before.

        Raises:
            OSError: if the file cannot be read.
            ValueError: if the file is not a model that this version saved, or one of another subclass.
        """
        state, beside = State.load(path), State.beside(path)
        if not beside:
            raise ValueError(f"{path} is a saved state and not a saved model: it has no configuration")
        saved = json.loads(beside)
        if saved["model"] not in {_named(one) for one in cls.__mro__}:
            raise ValueError(f"{path} is a town of {saved['model']}, whose rules and observables are not in the file: "
                             f"load it by that class, and not by {_named(cls)}")  # fmt: skip
        decisions = [Decision(**one) for one in saved["decisions"]]
        unseen = dict.fromkeys(cls.also, math.nan)
        rows = [unseen | row for row in saved["rows"]]
        return cls._going_on(Config.check(saved["config"]), state, rows, decisions)

    def fork(self) -> Self:
        """A second model that stands where this one stands, shares nothing that changes, and collects on from here.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500", "months=3"]), rng=1)
            >>> model.run(months=2)
            >>> other = model.fork()
            >>> other.run()
            >>> model.steps, other.steps
            (2, 3)
        """
        return self._going_on(self.config, self.state.fork(), self._rows, self.decisions)

    def decide(
        self, *, month: int | str | date | None = None, policy: Mapping[str, Any] | None = None,
        dose: Mapping[str, float] | None = None, end: str | None = None, reorganisation: str | None = None,
        body: str = "council", core_funding: float | None = None,
    ) -> Decision:  # fmt: skip
        """Decide one thing while the town lives, from a month on that is still to come.

        All luck stays as it is: two forks of a model, one with a decision and one without, are the same to the bit up
        to its month, and differ from then on by the decision alone.

        Args:
            month: from whose beginning it is in force, in months after month 0 or as a date (2012-04); without it, the
                next that is lived.
            policy: new policies by name, each a `sim.policy.Policy` (as of another configuration) or plain data without
                a start: it begins with the month.
            dose: a new dose by the name of the policy, pounds a resident-year, 0 to 500.
            end: the name of a policy into whose purse nothing more is paid. What lies in it is still spent.
            reorganisation: "structural" or "restructure": one that strikes in the month. It is announced at once, or
                when its usual notice begins.
            body: whose reorganisation, "council" or "health".
            core_funding: what core funding is from then on beside its path, 0 to 3: 0.9 is a cut of a tenth.

        Returns:
            The decision, which is kept in ``decisions``, by `save`, `load` and `fork`, and told by `provenance`.

        Raises:
            ConfigError: if the month has been lived or is never lived, or what is decided is not possible.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500", "months=4"]), rng=1)
            >>> model.run(months=2)
            >>> other = model.fork()
            >>> new = {"listening": {"title": "listening", "instrument": "listening", "dose": 50}}
            >>> other.decide(policy=new, month=3)
            Decision(taken=2, month=3, kind='policy', what={'listening': {'title': 'listening', ...}})
            >>> model.run(), other.run()
            (None, None)
            >>> [other.row(month)["spend_nurture"] > 0 for month in range(4)]
            [False, False, False, True]
            >>> other.row(2) == model.row(2), other.row(3) == model.row(3)
            (True, False)
            >>> other.decide(core_funding=0.9, month="2007-05")
            Traceback (most recent call last):
            sim.config.ConfigError: month 1 has been lived, and what is past cannot be decided. The next ...
        """
        asked = {"policy": policy, "dose": dose, "end": end, "reorganisation": reorganisation}
        decided = decision(self.config, self.state, self.decisions, month, asked | {"core_funding": core_funding}, body)
        plan(decided, self.state)
        self.decisions.append(decided)
        return decided

    def provenance(self) -> dict[str, Any]:
        """How this town came to be as it is, as plain data: enough to make it again.

        Returns:
            ``source`` (hash of the code), ``versions``, ``seed``, ``month`` (the next to be lived), ``config``
            (resolved) and ``decisions``, each with the month that was next when it was taken, and the month from which
            it is in force.

        Examples:
            >>> from sim import CommunityModel, compose
            >>> model = CommunityModel(compose(["place.residents=1500"]), rng=1)
            >>> decided = model.decide(reorganisation="structural", month="2009-04")
            >>> model.provenance()["decisions"][0]["month"]
            24
        """
        return {
            "source": source_hash(), "versions": versions(), "seed": self.state.seed, "month": self.state.month,
            "config": self.config.resolved(), "decisions": [one.plain() for one in self.decisions],
        }  # fmt: skip

    def register_agent(self, agent: object) -> NoReturn:
        """Not to be had.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"{agent!r} cannot be added: the agents of this model are windows on its columns")

    deregister_agent = register_agent

    def remove_all_agents(self) -> NoReturn:
        """Not to be had.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"agents cannot be removed by hand: {Resident.stays}")

    def __repr__(self) -> str:
        return f"CommunityModel({self.config.place.name}, {self.config.world.name}, month={self.state.month})"


def _observed(name: str, model: CommunityModel) -> float:
    return model._rows[-1][name]  # noqa: SLF001 - the model's own reporter


def _checked_seed(rng: object) -> int:
    if isinstance(rng, bool) or not isinstance(rng, int | np.integer):
        raise TypeError(f"rng is the run seed, a whole number from 0 to 2^{ID_BITS} - 1, and not {rng!r}")
    if not 0 <= int(rng) < 1 << ID_BITS:
        raise ValueError(f"rng is {rng}, outside what is allowed: whole numbers from 0 to 2^{ID_BITS} - 1")
    return int(rng)


def _check_step(step: Step, config: Config) -> None:
    """What would otherwise end the first month.

    Raises:
        TypeError: if a step's room cannot act.
        ValueError: if nobody has said its numbers.
    """
    if not callable(getattr(step.room, "advance", None)):
        raise TypeError(f"the room {step.name}, which is to {step.verb}, has no advance(state, p, dice)")
    if step.numbers is None and step.name not in config.rooms:
        raise ValueError(f"the configuration has no numbers for the room {step.name}: say them in its step, as "
                         f"Step({step.verb!r}, {step.name}, 'why here', 0.5); advance is given them as p")  # fmt: skip


class _FromOutside:
    """The room of a step that is not the model's: what it leaves is looked at before the next room takes it up."""

    def __init__(self, step: Step) -> None:
        self.__name__, self._step = step.room.__name__, step

    def advance(self, state: State, p: Any, dice: Any) -> None:
        """Have the room act.

        Raises:
            ValueError: if it leaves NaN or an infinite number in the state.
        """
        self._step.room.advance(state, p, dice)
        for table, column, values in state.columns():
            if values.dtype.kind == "f" and not (good := np.isfinite(values)).all():
                raise ValueError(f"the room {self._step.name} left what is no number (NaN or infinite) in month "
                                 f"{state.month}: {np.count_nonzero(~good):,} of {values.size:,} in {table}.{column}. "
                                 "Look for a division by zero, or a root or logarithm of nothing.")  # fmt: skip


def _named(model: type) -> str:
    """A class by its module and name."""
    return f"{model.__module__}.{model.__qualname__}"
