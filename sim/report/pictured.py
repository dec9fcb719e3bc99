"""Which towns of a study the figure of the network shows, and how the page embeds it."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple

from sim.report.figures import drawn
from sim.report.network import side_by_side
from sim.report.side_by_side import SideBySide
from sim.report.study import Scenario, Study
from sim.report.turnover import are_one_town, towns
from sim.tables import STATES


class Picture(NamedTuple):
    """The figure as the page has it: the finding, what is drawn, and two forms of it as addresses that hold them."""

    title: str
    caption: str
    wide: str
    narrow: str


def pictured(study: Study) -> SideBySide | None:
    """The first scenario; of a comparison the second, beside the first as its counterfactual.

    None where residents and ties were not recorded at two months. A scenario of another town is passed over.
    """
    first = study.first
    if not _is_recorded(first):
        return None
    town = next(towns(first.results))
    for other in study.others:
        if _is_recorded(other) and are_one_town(town, next(towns(other.results))):
            return SideBySide(other.results, first.results, (other.name, first.name))
    policies = [policy.title for policy in first.config.policy.values()]
    return SideBySide(first.results, None, (", ".join([first.config.world.title, *policies]), ""))


def _is_recorded(scenario: Scenario) -> bool:
    tables = scenario.results.tables
    return scenario.config.months > 1 and tables.holds(STATES) and bool(len(tables.ties or ()))


def picture(pair: SideBySide, scenarios: int) -> Picture:
    """The figure as the page of so many scenarios has it."""
    said = pair.caption
    if len(pair.scenarios) == 1:
        said += (
            " For a town without cuts beside it: takestwo compare world=flat,history record=[residents,ties], and all "
            "else as here."
        )
    elif scenarios > len(pair.scenarios):
        said += f" Two of the {scenarios} scenarios are drawn."
    wide, narrow = (drawn(side_by_side(pair, worded=False, narrow=form), "svg") for form in (False, True))
    return Picture(pair.title, said, _address(wide), _address(narrow))


def _address(svg: bytes) -> str:
    """A picture as an address that holds it, with lines to a tenth of a point, so that the page stays small."""
    lines = re.compile(rb'(?<= d=")[^"]*')
    slim = lines.sub(lambda path: re.sub(rb"(\.\d)\d+| (?=\n)", rb"\1", path[0]), svg)
    return f"data:image/svg+xml;base64,{base64.b64encode(slim).decode()}"
