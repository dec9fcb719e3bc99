"""Numbers and differences in words, and no more said than the runs bear.

A difference is clear where its paired 95% interval leaves out zero, and it is a thousandth of its level or more: of
less no sentence speaks, and the tables have it. One pair has no interval: of it, what differs is told.
"""

from __future__ import annotations

import math
from typing import Any

DIFFERS = {
    "partnerships": "officers’ partnerships",
    "joint_output": "need met in joint work",
    "unmet_need": "unmet need",
    "formal_volunteering": "volunteering",
    "ties_per_resident": "ties per resident",
}
"""What the headline of a comparison speaks of."""

BEGINS = DIFFERS | {"trust_council": "trust in the council"}
"""What is looked at for two scenarios that begin apart."""

BY_LEVEL = {"hours_discretionary", "joint_output", "partnerships"}
"""Outcomes of which headlines say by what share of their level they moved."""


def parted(rows: Any) -> tuple[list[str], list[str], list[str]]:
    """How outcomes differ that clearly do; names of those that may; and of those that are the same in every pair."""
    clear, unclear, same = [], [], []
    for outcome, name in DIFFERS.items():
        row = rows.loc[outcome]
        if is_clear(row):
            clear.append(f"{name} {size_of(row)} {_above(row.difference)}")
        elif is_same(row):
            same.append(name)
        elif not math.isnan(row.difference):
            unclear.append(name)
    return clear, unclear, same


def begins_apart(rows: Any) -> list[str]:
    """What differs in month 0 by more than luck, and what that means; nothing where both begin alike.

    Args:
        rows: `sim.contrast.at_the_start`, a row an outcome.
    """
    each = [(name, rows.loc[outcome]) for outcome, name in BEGINS.items()]
    clear = [(name, row) for name, row in each if sign(row.low, row.high) and not is_slight(row)]
    apart = [f"{name} {size_of(row)} {_above(row.difference)}" for name, row in clear]
    if not apart:
        return []
    told = f"They begin apart, in month 0: {', '.join(apart)}."
    return [f"{told} So what differs in the end came in part of how they were founded, or of a policy that began then."]


SLIGHT = 1e-3
"""Share of its level under which a difference is not spoken of."""


def is_slight(row: Any) -> bool:
    """Whether a difference is so small beside its level that no sentence speaks of it."""
    return bool(abs(row.difference) < SLIGHT * abs(row.counterfactual))


def is_clear(row: Any) -> bool:
    """Whether the interval leaves out zero; of one pair of runs, whether they differ. And by more than a little."""
    return bool(sign(row.low, row.high) or (row.pairs == 1 and row.difference != 0.0)) and not is_slight(row)


TRIFLING = 1e-6
"""Share of its level under which a difference is one of rounding."""


def is_same(row: Any) -> bool:
    """Whether every pair of runs has the same, but for rounding."""
    ends = [row.difference] if row.pairs == 1 else [row.low, row.high]
    return all(abs(end) <= TRIFLING * abs(row.counterfactual) for end in ends)


def size_of(row: Any) -> str:
    """How large a difference is, without its sign: a share of the level for outcomes of `BY_LEVEL`."""
    if row.name in BY_LEVEL and row.counterfactual:
        return percent(abs(row.difference / row.counterfactual))
    return difference(abs(row.difference), row.unit).lstrip("+")


def _above(number: float) -> str:
    return "higher" if number > 0.0 else "lower"


def sign(low: float, high: float) -> int:
    """1 or -1 where an interval lies wholly on one side of zero, else 0; 0 too where there is no interval.

    >>> sign(0.1, 0.2), sign(-0.2, -0.1), sign(-0.1, 0.1), sign(0.0, 0.2)
    (1, -1, 0, 0)
    """
    return int(low > 0.0) - int(high < 0.0)


def percent(share: float) -> str:
    """A share of a level: whole per cents, or one digit more under three.

    >>> percent(0.412), percent(0.0234), percent(0.0001)
    ('41%', '2.3%', 'less than 0.1%')
    """
    if share < 0.001:
        return "less than 0.1%"
    return f"{100 * share:.{0 if share >= 0.03 else 1}f}%"


def joined(clear: list[str], unclear: list[str], same: list[str], what: str) -> str:
    """What is clear, then what shows no clear change or difference, then what shows none at all."""
    parts = list(clear)
    for names, how in ((unclear, f"no clear {what} in"), (same, f"no {what} at all in")):
        if names:
            *before, last = names
            parts.append(f"{how} {', '.join(before)}{' or ' if before else ''}{last}")
    return upper("; ".join(parts) or "nothing that can be measured")


def upper(words: str) -> str:
    """With a capital at the beginning."""
    return words[:1].upper() + words[1:]


def plural(count: int, word: str) -> str:
    """The word, for so many."""
    return word if count == 1 else f"{word}s"


def lower(words: str) -> str:
    """Without one."""
    return words[:1].lower() + words[1:]


# Numbers in their units.


def amount(number: float, unit: str) -> str:
    """A number in its unit, for people.

    >>> amount(0.2713, "share"), amount(1234.5, "hours/1,000 residents"), amount(5e4, "GBP/month")
    ('27.1%', '1,234', '£50,000')
    """
    if math.isnan(number):
        return "–"
    if is_share(unit):
        return f"{100 * number:.1f}%"
    text = _number(abs(number), unit)
    minus = "−" if number < 0 and any(digit in "123456789" for digit in text) else ""
    return f"{minus}{'£' if unit.startswith('GBP') else ''}{text}"


def difference(number: float, unit: str) -> str:
    """A difference in its unit, signed; shares differ by percentage points.

    >>> difference(-0.0213, "share"), difference(3.0, "ties"), difference(-0.00001, "share")
    ('−2.1 points', '+3.0', '−0.001 points')
    """
    if math.isnan(number):
        return "–"
    return signed(number, unit) + (" points" if is_share(unit) else "")


def signed(number: float, unit: str) -> str:
    """As `difference`, but without a word after it."""
    if math.isnan(number):
        return "–"
    size = abs(100 * number if is_share(unit) else number)
    text = f"{size:.1f}" if is_share(unit) else _number(size, unit)
    if not any(digit in "123456789" for digit in text):  # as many digits as it takes to see it
        if size < 0.0001:
            return "0"
        text = f"{size:.1g}"
    return f"{'−' if number < 0 else '+'}{'£' if unit.startswith('GBP') else ''}{text}"


def interval(low: float, high: float, unit: str) -> str:
    """The two ends of an interval of differences; nothing where there is none.

    >>> interval(-0.02, 0.01, "share")
    '−2.0 to +1.0 points'
    """
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{signed(low, unit)} to {difference(high, unit)}"


def _number(size: float, unit: str) -> str:
    digits = 3 if unit == "0 to 1" else 0 if size >= 100 or unit.startswith("GBP") else 1 if size >= 1 else 2
    return f"{size:,.{digits}f}"


TRIFLE = 0.0005
"""What is written as nothing beside an interval."""


def plus_minus(mean: float, low: float, high: float, unit: str) -> str:
    """A difference and half the width of its interval, in as many digits as the width bears; shares in points.

    >>> plus_minus(0.0123, 0.0071, 0.0175, "share"), plus_minus(3.0, -152.0, 158.0, "hours/1,000 residents")
    ('+1.23 ± 0.52', '+3 ± 155')
    >>> plus_minus(0.02, math.nan, math.nan, "share"), plus_minus(0.0, 0.0, 0.0, "ties")
    ('+2.0', '0')
    """
    scale = 100.0 if is_share(unit) else 1.0
    size, half = scale * abs(mean), scale * 0.5 * (high - low)
    if math.isnan(mean) or math.isnan(half) or half < TRIFLE:
        return "0" if size < TRIFLE else signed(mean, unit)
    digits = 0 if unit.startswith("GBP") else min(3, max(0, 1 - math.floor(math.log10(half))))
    text = f"{size:,.{digits}f}"
    sign = "" if not any(digit in "123456789" for digit in text) else "−" if mean < 0.0 else "+"
    pounds = "£" if unit.startswith("GBP") else ""
    return f"{sign}{pounds}{text} ± {pounds}{half:,.{digits}f}"


def is_share(unit: str) -> bool:
    """Whether numbers in it are shown in per cent."""
    return unit.startswith("share")
