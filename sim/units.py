"""Months, years, hours and real pounds: the only conversions, said once.

Month 0 is the first month of a run. Money is in real pounds, hours are a person's hours, chances are monthly
unless a name ends in ``_rate`` (a year).
"""

from __future__ import annotations

from datetime import date

from sim.elementary import expm1_plain, log1p_plain

MONTHS_A_YEAR = 12
ADULT_SHARE = 0.81
"""Share of a population aged 16 and over: population = residents / ADULT_SHARE."""


def monthly_chance(yearly_share: float) -> float:
    """The monthly chance that gives ``yearly_share`` over twelve months.

    >>> round(monthly_chance(0.041), 5)
    0.00348
    """
    if yearly_share >= 1.0:
        return 1.0
    return -expm1_plain(log1p_plain(-yearly_share) / MONTHS_A_YEAR)


def population(residents: float) -> float:
    """People of all ages where ``residents`` adults live."""
    return residents / ADULT_SHARE


def month_of(day: date, first: date) -> int:
    """The 0-based month of ``day`` in a run whose month 0 begins on ``first``.

    >>> month_of(date(2009, 4, 1), date(2007, 4, 1))
    24
    """
    return (day.year - first.year) * MONTHS_A_YEAR + day.month - first.month


def date_of(month: int, first: date) -> date:
    """The first day of a 0-based month of a run that begins on ``first``.

    >>> date_of(-1, date(2007, 4, 1))
    datetime.date(2007, 3, 1)
    """
    years, months = divmod(first.month - 1 + month, MONTHS_A_YEAR)
    return date(first.year + years, months + 1, 1)
