"""Numbers turned into words, and no more said than the runs bear.

A change is clear where the interval from 5% to 95% of the runs leaves out zero, a difference as `sim.wording` says. One
run has no interval; under `FEW` runs an interval is rough, and the words say how many there were.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np

from sim.report.study import Scenario, Study
from sim.units import MONTHS_A_YEAR, date_of
from sim.wording import (
    BY_LEVEL,
    DIFFERS,
    amount,
    begins_apart,
    difference,
    interval,
    is_clear,
    is_share,
    joined,
    lower,
    parted,
    percent,
    plural,
    sign,
    size_of,
    upper,
)  # fmt: skip

FEW = 6
"""Fewer runs than this agree on a sign by luck alone more often than one time in twenty."""

FOUND = {
    "hours_discretionary": "discretionary council hours",
    "joint_output": "need met in joint work",
    "unmet_need": "unmet need",
    "formal_volunteering": "volunteering",
}
"""What the headline of one scenario speaks of."""


def finding(study: Study) -> str:
    """The finding in one sentence: a comparison where there is one, else what changed."""
    if not study.two_years_apart:
        months = min(s.config.months for s in study.scenarios)
        return f"{months} {plural(months, 'month')}: too short a run to set a last year apart from a first"
    if study.contrasts:
        return compared(study)
    if len(study.scenarios) > 1:
        return "Scenarios that do not share seed and months: shown side by side, and not compared"
    return changed(study.first.outcomes, study.first.runs, peaks(study.first))


def begun(study: Study) -> list[str]:
    """What differed in the first month already, a sentence a scenario that begins elsewhere than the first."""
    several = len(study.others) > 1
    told = {name: begins_apart(rows) for name, rows in study.starts.items()}
    return [f"{name}: {lower(words)}" if several else words for name, each in told.items() for words in each]


def changed(outcomes: Any, runs: int, peaks: dict[str, str] | None = None) -> str:
    """What changed from the first 12 months to the last, and what did not clearly change.

    Args:
        outcomes: rows of `sim.results.summarised`, by outcome.
        runs: how many runs there are.
        peaks: what is to be said of an outcome that went much further in between.
    """
    peaks = peaks or {}
    if runs == 1:
        parts = [f"{name} went {_from_to(outcomes.loc[o])}" for o, name in FOUND.items() if _known(outcomes.loc[o])]
        return f"One run, so luck cannot be told apart: {', '.join(parts)}"
    clear, unclear = [], []
    for outcome, name in FOUND.items():
        row = outcomes.loc[outcome]
        direction = sign(row.change_5, row.change_95)
        if direction:
            between = f" after it {peaks[outcome]}" if outcome in peaks else ""
            clear.append(f"{name} {'rose' if direction > 0 else 'fell'} {_how_far(outcome, row)}{between}")
        elif outcome in peaks:
            clear.append(f"{name} {peaks[outcome]}, with no clear change by the end")
        elif _known(row):
            unclear.append(name)
    return joined(clear, unclear, [], "change") + _few(runs)


UNCLEAR = "nothing clear"
FAR = 0.1
"""Share of its first level by which an outcome must part from it to be spoken of."""


def peaks(scenario: Scenario) -> dict[str, str]:
    """What went much further in between than at the end: words by outcome.

    The 12 months are those whose mean over all runs lies furthest from the first 12. They are spoken of where that is
    more than `FAR`, at least twice as far as the last 12 months, and on one side in 5% to 95% of the runs.
    """
    said = {}
    for outcome in FOUND:
        row = scenario.outcomes.loc[outcome]
        years = np.lib.stride_tricks.sliding_window_view(scenario.matrix(outcome), MONTHS_A_YEAR, axis=1).mean(axis=2)
        moves = years - years[:, :1]
        mean = moves.mean(axis=0)
        if np.isnan(mean).any():
            continue
        at = int(np.abs(mean).argmax())
        clear = sign(*np.quantile(moves[:, at], [0.05, 0.95]).tolist())
        if clear and abs(mean[at]) > max(FAR * abs(row.start), 2.0 * abs(row.change)):
            last = date_of(at + MONTHS_A_YEAR - 1, scenario.config.world.first_month)
            level = _rounded(float(years[:, at].mean()), row.unit)
            said[outcome] = f"{'rose' if mean[at] > 0.0 else 'fell'} to {level} in the year to {last:%B %Y}"
    return said


def _rounded(level: float, unit: str) -> str:
    return f"{100 * level:.0f}%" if is_share(unit) else amount(level, unit)


def compared(study: Study) -> str:
    """How each scenario differs from the first over the last 12 months."""
    pairs = min(int(rows.pairs.max()) for rows in study.contrasts.values())
    if len(study.contrasts) == 1:
        ((name, final),) = study.contrasts.items()
        words = f"With {name}{',' * (',' in name)} rather than {study.first.name}"
        if name in study.while_paid:
            words += _at_two_times(*study.while_paid[name], final)
        else:
            words += f", in the final year: {lower(joined(*parted(final), 'difference'))}"
    else:
        ends = {study.while_paid[name][0] if name in study.while_paid else None for name in study.contrasts}
        at_once = ends.pop() if len(ends) == 1 else None
        each = [f"{name}: {_in_time(study, name, at_once)}" for name in study.contrasts]
        when = "Against" if study.while_paid else "Final year, against"
        money = f", in the last year of the money (to {at_once:%B %Y}) and then in the final year" if at_once else ""
        words = f"{when} {study.first.name}{money}. " + ". ".join(upper(part) for part in each)
    return words + ("; one pair of runs, so no interval" if pairs == 1 else _few(pairs))


def _at_two_times(last: date, paid: Any, final: Any) -> str:
    """The clear differences of the last year of the money and of the final year, and what is clear in neither."""
    money = f"in the last year of the money (to {last:%B %Y})"
    (now, unclear, same), (then, unclear_then, same_then) = parted(paid), parted(final)
    ever = [name for name in DIFFERS.values() if name in same and name in same_then]
    either = {*unclear, *same} & {*unclear_then, *same_then}
    never = [name for name in DIFFERS.values() if name in either and name not in ever]
    if not now and not then:
        return f", {money} or in the final year: {lower(joined([], never, ever, 'difference'))}"
    told = f": {money} {', '.join(now) or 'nothing clear'}; in the final year {', '.join(then) or 'nothing clear'}"
    return f"{told}; {lower(joined([], never, ever, 'difference'))} at either time" if never or ever else told


def _in_time(study: Study, name: str, at_once: date | None) -> str:
    """The clear differences of the final year, and before them those of the last year of a scenario's money.

    Args:
        study: the results folder.
        name: the scenario's.
        at_once: when the money of all ends, where that is said already.
    """
    final = _differing(study.contrasts[name])
    if name not in study.while_paid:
        return f"{final} in the final year" if study.while_paid else final
    last, paid = study.while_paid[name]
    then = _differing(paid)
    if at_once:
        return f"{UNCLEAR} at either time" if then == final == UNCLEAR else f"{then}; then {final}"
    return f"{then} in the last year of the money (to {last:%B %Y}), {final} in the final year"


def _differing(rows: Any) -> str:
    """The clear differences alone, with their signs."""
    each = [(name, rows.loc[outcome]) for outcome, name in DIFFERS.items()]
    return ", ".join(f"{name} {_signed_size(row)}" for name, row in each if is_clear(row)) or UNCLEAR


def _signed_size(row: Any) -> str:
    size, more = size_of(row), row.difference > 0.0
    if not size[0].isdigit() and not size.startswith("£"):  # less than 0.1%
        return f"{'up' if more else 'down'} by {size}"
    return f"{'+' if more else '−'}{size}"


def _known(row: Any) -> bool:
    return not math.isnan(row.change)


def _how_far(outcome: str, row: Any) -> str:
    if outcome in BY_LEVEL and row.start:
        return percent(abs(row.change / row.start))
    return _from_to(row)


def _from_to(row: Any) -> str:
    """The ends of a change, with as many digits as it takes to see it."""
    if not is_share(row.unit):
        return f"from {amount(row.start, row.unit)} to {amount(row.end, row.unit)}"
    digits = 0 if abs(row.change) >= 0.015 else 1 if abs(row.change) >= 0.0015 else 2
    return f"from {100 * row.start:.{digits}f}% to {100 * row.end:.{digits}f}%"


def _few(runs: int) -> str:
    return f" (only\u00a0{runs}\u00a0runs)" if 1 < runs < FEW else ""


def findings(study: Study) -> list[str]:
    """The finding once more, a sentence an outcome, with its interval."""
    if not study.two_years_apart:
        return []
    if study.contrasts:
        first = study.first.name
        each: list[tuple[str, str, date | None, Any]] = []
        each += [(name, first, last, rows) for name, (last, rows) in study.while_paid.items()]
        each += [(name, first, None, rows) for name, rows in study.contrasts.items()]
        each += [(s.name, study.others[0].name, last, rows) for s, last, rows in study.between]
        several = len(study.others) > 1
        return [told for compared in each for told in _compared_in_full(*compared, several=several)]
    return [] if len(study.scenarios) > 1 else _changed_in_full(study.first)


def _changed_in_full(scenario: Scenario) -> list[str]:
    told = []
    for outcome, label in FOUND.items():
        row = scenario.outcomes.loc[outcome]
        if _known(row):
            change = difference(row.change, row.unit)
            change += _within(scenario.runs, "5% to 95% of runs", row.change_5, row.change_95, row.unit)
            told.append(
                f"{upper(label)}{_per(row.unit)}: {amount(row.start, row.unit)} in the first 12 months, "
                f"{amount(row.end, row.unit)} in the last, a change of {change}."
            )
    return told


def _per(unit: str) -> str:
    if unit == "hours of need met/1,000 residents":
        return " in hours a month for every 1,000 residents"
    return " a month for every 1,000 residents" if unit == "hours/1,000 residents" else ""


def _compared_in_full(name: str, beside: str, last: date | None, rows: Any, *, several: bool) -> list[str]:
    """Each clear difference with its interval, and then what is not clear: final year, or the last of the money."""
    told, period = [], f"the 12 months to {last:%B %Y}" if last else "the last 12 months"
    for outcome, label in DIFFERS.items():
        row = rows.loc[outcome]
        if is_clear(row):
            apart = difference(row.difference, row.unit)
            apart += _within(row.pairs, "95% interval", row.low, row.high, row.unit)
            told.append(
                f"{upper(label)}{_per(row.unit)} in {period}: {amount(row.counterfactual, row.unit)} with "
                f"{beside}, {amount(row.scenario, row.unit)} with {name}, a difference of {apart}."
            )
    _, unclear, same = parted(rows)
    whose = f" with {name} rather than {beside}" if several else ""
    if unclear:
        told.append(f"{joined([], unclear, [], 'difference')} in {period}{whose}: the intervals are in the tables.")
    if same:
        told.append(f"{joined([], [], same, 'difference')} in {period}{whose}.")
    return told


def _within(runs: int, what: str, low: float, high: float, unit: str) -> str:
    return f" ({what}: {interval(low, high, unit)})" if runs > 1 else ""
