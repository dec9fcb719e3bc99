"""The one-file report: what the template is told, all of it from a study."""

from __future__ import annotations

import dataclasses
import math
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined

from sim import draws, wording
from sim.composition import ACCOUNTS
from sim.config import ROOMS_IN_ORDER, Config
from sim.headlines import GROUPS, unit_of, with_altered
from sim.observables import OBSERVABLES
from sim.parameters import REGISTRY, Entry
from sim.place import Place
from sim.report import words
from sim.report.contents import FILES
from sim.report.figures import SUFFIXES, caption, marked, paths, sections
from sim.report.gains import Figure, bands, bought, halving, narrowed, spent, where, who
from sim.report.parts import rows_of
from sim.report.pictured import Picture
from sim.report.study import Scenario, Study, account_of
from sim.report.svg import embedded
from sim.units import date_of


class Row(NamedTuple):
    """A row of a headline table: two levels, what is between them, and whether it is clear."""

    outcome: str
    name: str
    unit: str
    before: Figure
    after: Figure
    change: Figure
    low: Figure
    high: Figure
    verdict: str


def page(study: Study, network: Picture | None = None) -> str:
    """The report as HTML, with the figure of the network where there is one."""
    source = files("sim.report").joinpath("report.html.jinja").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    template = environment.from_string(source)
    return template.render(
        study=study, finding=words.finding(study), begun=words.begun(study), caption=caption(study),
        question=question(study),
        wide=embedded(paths(study, 3, worded=False)), narrow=embedded(paths(study, 1, worded=False)),
        alt=alternative(study), where=where(study), who=who(study), spent=[*spent(study), *bought(study)],
        halving=[*narrowed(study), *halving(study)],
        where_charities=bands(study), dated=bool(marked(study)), levels=levels(study),
        changes=[(s, changes(s)) for s in study.scenarios if study.two_years_apart],
        differences=differences(study), few=words.FEW,
        shared=shared(study), own=own(study), rooms=rooms(study.first), findings=words.findings(study),
        command=shlex.join(map(str, study.provenance["command"])), files=kept(study, network), when=when(study.first),
        network=network,
    )  # fmt: skip


def question(study: Study) -> str:
    """What was asked."""
    if study.others:
        others = " or ".join(s.name for s in study.others)
        return (
            f"What differs with {others}, rather than with {study.first.name}: in what council and charities do "
            "together, in ties, and in need?"
        )
    return (
        "What becomes of a town in such a world: of what council and charities do, alone and together, of its "
        "volunteers and ties, and of need?"
    )


def when(scenario: Scenario) -> str:
    """From which month to which."""
    first, months = scenario.config.world.first_month, scenario.config.months
    return f"{first:%B %Y} to {date_of(months - 1, first):%B %Y}"


def _where(where: int | str) -> str:
    known = {"all": "", "funded_area": ", in the funded area only"}
    return known.get(str(where), f", in neighbourhood {where} only")


def _area(place: Place) -> str:
    """How many of them live in the funded area, which is made of whole neighbourhoods."""
    if not place.funded_area:
        return ""
    of_all = f"{place.area_neighbourhoods} of {place.neighbourhoods} neighbourhoods"
    return f"; {place.area_residents:,} of them in the funded area, {of_all}"


def facts(scenario: Scenario) -> dict[str, str]:
    """What was run, by name."""
    config = scenario.config
    policies = [
        f"{p.named}: £{p.dose:g} a resident a year for {p.months} months, paid from "
        + ("outside" if p.payer == "outside" else "the council's discretionary money")
        + _where(p.where)
        for p in config.policy.values()
    ]
    chosen = [f"{group}={name}" for group in ACCOUNTS if (name := config.scenario[group]) != "none"]
    return {
        "Place": f"{config.place.title} ({config.place.name}), {config.place.residents:,} residents aged 16 and over"
        + _area(config.place),
        "World": f"{config.world.title} ({config.world.name})",
        "Policy": "; ".join(policies) or "none",
        "Account": account_of(config) + (f" ({', '.join(chosen)})" if chosen else ""),
        "Time": f"{when(scenario)}, {config.months} months",
        "Runs": f"{scenario.runs}, alike in everything but luck",
        "Seed": str(config.seed),
        "Parameters": _parameters(config) + (f", but {altered}" if (altered := _altered(scenario)) else ""),
    }


def shared(study: Study) -> dict[str, str]:
    """What all scenarios have in common."""
    each = [facts(s) for s in study.scenarios]
    return {name: what for name, what in each[0].items() if all(other[name] == what for other in each)}


def own(study: Study) -> list[tuple[str, dict[str, str]]]:
    """What is a scenario's own, by the scenario's name."""
    common = shared(study)
    return [(s.name, {n: w for n, w in facts(s).items() if n not in common}) for s in study.scenarios]


def alternative(study: Study) -> str:
    """What the figure shows, for those who do not see it."""
    shown = ", ".join(panel.title[0].lower() + panel.title[1:] for s in sections(study) for panel in s.panels)
    kind = "Differences between scenarios, then levels" if study.others else "Lines"
    return f"{kind}, month by month, {when(study.first)}: {shown}. {words.finding(study)}. The tables hold the numbers."


# Tables.


def changes(scenario: Scenario) -> dict[str, list[Row]]:
    """First 12 months, last 12 months and the change, by group."""
    alone = scenario.runs == 1
    names = ("start", "end", "change", "change_5", "change_95")
    unclear = "one run" if alone else "no clear change"
    return _grouped(GROUPS, scenario.outcomes, names, unclear, ("fell", "rose"), alone=alone)


class Level(NamedTuple):
    """A row of the table of a run that is too short to have a first and a last year."""

    outcome: str
    name: str
    unit: str
    mean: Figure


def levels(study: Study) -> list[tuple[Scenario, dict[str, list[Level]]]]:
    """The mean of every outcome over all months, of runs too short to set a last year apart from a first."""
    return [] if study.two_years_apart else [(s, _levels(s)) for s in study.scenarios]


def _levels(scenario: Scenario) -> dict[str, list[Level]]:
    made: dict[str, list[Level]] = {}
    for group, members in GROUPS.items():
        made[group] = []
        for outcome, name in members.items():
            unit, mean = OBSERVABLES[outcome].unit, float(scenario.matrix(outcome).mean())
            figure = Figure(mean, wording.amount(mean, unit))
            made[group].append(Level(outcome, wording.upper(name), unit_of(outcome, unit), figure))
    return made


class Differing(NamedTuple):
    """A table of how a scenario differs from the one beside it in a period, by group of outcomes."""

    scenario: Scenario
    beside: Scenario
    period: str
    groups: dict[str, list[Row]]


def differences(study: Study) -> list[Differing]:
    """Each scenario less the first, for each period; then the options beside each other."""
    made = []
    for s in study.others:
        if s.name in study.while_paid:
            made.append(_differing(s, study.first, *study.while_paid[s.name]))
        made.append(_differing(s, study.first, None, study.contrasts[s.name]))
    return made + [_differing(s, study.others[0], last, rows) for s, last, rows in study.between]


def _differing(scenario: Scenario, beside: Scenario, last: date | None, rows: Any) -> Differing:
    """The table of the last 12 months; or of the 12 to the last in which it was paid."""
    alone = rows.pairs.max() <= 1
    unclear = "one pair" if alone else "no clear difference"
    period = f"While it was paid: the 12 months to {last:%B %Y}" if last else "The last 12 months"
    groups = with_altered(GROUPS, beside.config, [scenario.config])
    names = ("counterfactual", "scenario", "difference", "low", "high")
    return Differing(scenario, beside, period, _grouped(groups, rows, names, unclear, ("lower", "higher"), alone=alone))


def _grouped(
    groups: dict[str, dict[str, str]], rows: Any, names: tuple[str, ...], unclear: str, moved: tuple[str, str], *,
    alone: bool,
) -> dict[str, list[Row]]:  # fmt: skip
    return {
        group: [
            _row(outcome, wording.upper(name), rows.loc[outcome], names, unclear, moved, alone)
            for outcome, name in members.items()
        ]
        for group, members in groups.items()
    }


def _row(
    outcome: str, name: str, row: Any, names: tuple[str, ...], unclear: str, moved: tuple[str, str], alone: bool
) -> Row:
    unit = str(row.unit)
    before, after, change, low, high = (float(row[column]) for column in names)
    direction = 0 if alone else wording.sign(low, high)
    first, last = (Figure(value, wording.amount(value, unit)) for value in (before, after))
    moves = [Figure(value, wording.signed(value, unit)) for value in (change, low, high)]
    if math.isnan(change):
        verdict = "no value"
    elif {move.text for move in moves} <= {"0", "–"} or _is_trifling(moves, before):
        moves = [Figure(0.0, "0"), *moves[1:]] if alone else [Figure(0.0, "0")] * 3
        verdict = "the same"
    else:
        verdict = moved[direction > 0] if direction else unclear
    return Row(outcome, name, unit_of(outcome, unit), first, last, moves[0], moves[1], moves[2], verdict)


def _is_trifling(moves: Sequence[Figure], level: float) -> bool:
    """Whether a difference and both ends of its interval, where it has one, are of rounding."""
    return all(math.isnan(move.value) or abs(move.value) <= wording.TRIFLING * abs(level) for move in moves)


class Setting(NamedTuple):
    """A parameter and the value that it had."""

    entry: Entry
    value: str
    default: str

    @property
    def altered(self) -> bool:
        """Whether the value is another than the stated one."""
        return self.value != self.default


def rooms(scenario: Scenario) -> list[tuple[str, str, list[Setting]]]:
    """(name, what it does, its parameters) of each room, as the month runs."""
    made = []
    for room in ROOMS_IN_ORDER:
        what = (sys.modules[f"sim.processes.{room}"].__doc__ or "").partition("\n")[0]
        name, _, does = what.partition(": ")
        made.append((name, does, _settings(scenario, room)))
    return made


def _parameters(config: Config) -> str:
    return f"all as drawn at random: draw {config.draw}" if config.draw else "all at their stated values"


def _altered(scenario: Scenario) -> str:
    """Parameters that were given another value than the stated one, or the drawn one, as text."""
    draw = scenario.config.draw
    each = [setting for room in ROOMS_IN_ORDER for setting in _settings(scenario, room, draw) if setting.altered]
    return ", ".join(f"{s.entry.path} {s.value} ({'drawn' if draw else 'stated'}: {s.default})" for s in each)


def _settings(scenario: Scenario, room: str, draw: int = 0) -> list[Setting]:
    """A room's parameters beside those of a draw; draw 0 is the stated values."""
    values = dataclasses.asdict(scenario.config.rooms[room])
    entries = {entry.field: entry for entry in REGISTRY.values() if entry.room == room}
    usual = dataclasses.asdict(draws.room(room, draw))
    return [Setting(e, written(e, values[name]), written(e, usual[name])) for name, e in entries.items()]


def written(entry: Entry, value: float | str) -> str:
    """A parameter's value as text."""
    if isinstance(value, str):
        return value
    if entry.is_switch:
        return "on" if value else "off"
    return f"{value:,.6g}"


def kept(study: Study, network: Picture | None = None) -> dict[str, str]:
    """What lies in the folder, by the name of the file."""
    drawn_now = ["paths", *["parts"] * bool(rows_of(study)), *["network"] * (network is not None)]
    made = {f"figures/{name}.{suffix}" for name in drawn_now for suffix in SUFFIXES}
    return {name: what for name, what in FILES.items() if name in made or (study.folder / name).exists()}
