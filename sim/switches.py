"""Every mechanism that can be turned exactly off, in one place: the essay's claims that are built so far.

Numbered as in the essay's table of claims. Claims that wait for charities, council officers and co-production (S3, S7
to S15) are not here yet, and neither are their switches.
"""

from __future__ import annotations

from typing import NamedTuple


class Switch(NamedTuple):
    """A mechanism, where it is turned off, and what shows that it works."""

    claim: str
    path: str
    off: float | bool
    observable: str
    strongest: float | bool = True


SWITCHES: dict[str, Switch] = {
    "S1": Switch("central funding is cut, and services with it", "funding.cuts", False, "hours_discretionary"),
    "S2": Switch("people could give more than they give", "volunteering.latent", False, "potential"),
    "S4": Switch("ties are built, kept and lost: not ready meals", "ties.build_and_decay", False, "ties_per_resident"),
    "S5": Switch("asking without support does harm", "trust.asked_unsupported", 0.0, "trust_council", -0.05),
    "S6": Switch("trust moves with experience", "trust.moves", False, "trust_council"),
}
"""The built claims by number: off is exactly off, and ``strongest`` is the end of the range at which a claim bites."""
