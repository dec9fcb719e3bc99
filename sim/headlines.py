"""What outcomes are called, and which of them are told first: paid and unpaid stand apart.

An hour of a volunteer is not an hour of staff, so nothing here adds the two. The report has the rows of `GROUPS`; a
screen, and a notebook, those of `SHORT`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sim.switches import shown_by

if TYPE_CHECKING:
    from sim.config import Config

HEADLINE = "unmet_need"
"""The outcome that is watched while runs are under way, and whose interval is to be narrowed."""

GROUPS: dict[str, dict[str, str]] = {
    "Paid": {
        "hours_council": "Paid council hours, all services",
        "hours_statutory": "– statutory services (care first)",
        "hours_discretionary": "– discretionary services",
        "hours_charity": "Paid charity hours",
        "capacity_paid": "Need met by paid hours",
    },
    "Unpaid": {
        "hours_volunteer": "Hours given by volunteers",
        "hours_neighbour": "Hours given to neighbours",
        "capacity_unpaid": "Need met by volunteers and neighbours",
    },
    "Between council and charities": {
        "partnerships": "Officers’ partnerships: working ties with charities",
        "shared_picture": "Shared picture of need",
        "hours_coproduced": "Hours that both put into joint work",
        "joint_output": "Need met in joint work",
    },
    "Charities": {
        "charities_registered": "Registered charities",
        "income_state": "Their income from the state",
        "income_private": "Their private income",
    },
    "Need": {
        "need": "Need that arose",
        "unmet_need": "Unmet need, of all hours of need",
        "enough_support": "People in need with at least 80% of it met",
    },
    "People and ties": {
        "formal_volunteering": "Volunteered for a group in the month",
        "informal_help": "Helped a neighbour in the month",
        "ties_per_resident": "Ties with other residents",
        "lonely": "Without a strong tie",
        "trust_council": "Trust in the council",
        "influence": "Feel they can influence local decisions",
    },
    "Pounds": {
        "spend_statutory": "Spent on statutory services",
        "spend_discretionary": "Spent on discretionary services",
        "spend_nurture": "Spent on nurture",
        "spend_unspent": "Paid for nurture and not spent yet",
        "council_reserves": "Council reserves",
    },
}
"""The headline tables: outcomes by group, and what they are called."""

UNITS = {
    "share": "", "0 to 1": "0 to 1", "ties": "ties a resident", "GBP/month": "£ a month", "GBP": "£",
    "hours/1,000 residents": "hours a month per 1,000", "hours of need met/1,000 residents": "hours a month per 1,000",
}  # fmt: skip
"""Units as the headline tables write them."""
OWN_UNITS = {"partnerships": "in the town", "charities_registered": "in the town"}
"""Units of those outcomes that another text says better."""

SHORT: dict[str, dict[str, str]] = {
    "Paid": {
        "hours_council": "paid council hours",
        "hours_charity": "paid charity hours",
        "capacity_paid": "need met by paid hours",
    },
    "Unpaid": {
        "hours_volunteer": "hours of volunteers",
        "hours_neighbour": "hours given to neighbours",
        "capacity_unpaid": "need met by unpaid hours",
    },
    "Between them": {
        "partnerships": "officers’ partnerships",
        "joint_output": "need met in joint work",
    },
    "Need and people": {
        "unmet_need": "unmet need",
        "enough_support": "have enough support",
        "formal_volunteering": "volunteer in a month",
        "ties_per_resident": "ties a resident has",
        "lonely": "without a strong tie",
        "trust_council": "trust in the council",
    },
}
"""The outcomes of a screen, by group, in few words."""
NAMES = {outcome: name for members in SHORT.values() for outcome, name in members.items()}
"""What each of them is called."""
OF_MECHANISMS = {
    "hours_discretionary": "hours of discretionary services",
    "potential": "hours that could be given",
    "partnership_strength": "strength of partnerships",
    "officer_hours_opened": "officers’ hours in joint work",
    "allocation_error": "hours not where need is",
}
"""What shows that a mechanism works, where `SHORT` does not tell it anyhow: for comparisons in which it is altered."""
WHERE = {"unmet_need": "unmet need", "ties_per_resident": "ties a resident", "formal_volunteering": "volunteering"}
"""Outcomes that are told by part of the place, and what they are called there."""
FIFTHS = {1: "most deprived fifth", 2: "2nd fifth", 3: "3rd fifth", 4: "4th fifth", 5: "least deprived fifth"}
"""Deprivation quintiles, of all of England."""
GAINS_NAMES = {
    "need_met": "need met over the year",
    "ties": "ties",
    "strong_ties": "strong ties",
    "trust_council": "trust in the council",
    "trust_charity": "trust in charities",
    "role": "a role in a charity",
    "formal_hours": "hours given to charities",
}
"""What the outcomes of `sim.contrast.GAINS` are called."""


def with_altered(
    groups: dict[str, dict[str, str]], one: Config, others: Iterable[Config]
) -> dict[str, dict[str, str]]:
    """Groups of outcomes, and last what shows the mechanisms by which others differ from one, if not told anyhow."""
    told = {outcome for members in groups.values() for outcome in members}
    shown = [outcome for other in others for outcome in shown_by(one, other) if outcome not in told]
    altered = {outcome: OF_MECHANISMS[outcome] for outcome in shown if outcome in OF_MECHANISMS}
    return groups | ({"What is altered": altered} if altered else {})


def unit_of(outcome: str, unit: str) -> str:
    """A unit as tables for people write it."""
    return OWN_UNITS.get(outcome, UNITS.get(unit, unit))
