"""Every mechanism that can be turned exactly off, in one place: the essay's claims, numbered as in its table.

S14 is no mechanism: it is a question put to the results by income band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sim.config import Config

Value = float | bool | str


class Switch(NamedTuple):
    """A mechanism: where it is turned off, where it bites most, what shows that it works, and what it needs beside it.

    ``beside`` are overrides under which the mechanism has something to work on, the same on both sides of a test. With
    ``as_gap`` it is not the observable's level that shows it but its gap: least less most deprived quintile.
    """

    claim: str
    off: dict[str, Value]
    strongest: dict[str, Value]
    observable: str
    ablation: str
    beside: tuple[str, ...] = ()
    as_gap: bool = False


SWITCHES: dict[str, Switch] = {
    "S1": Switch("central funding is cut, and services with it",
                 {"funding.cuts": False}, {"funding.cuts": True}, "hours_discretionary", "no_cuts"),
    "S2": Switch("people could give more than they give",
                 {"volunteering.latent": False}, {"volunteering.latent": True}, "potential", "no_latent"),
    "S3": Switch("two parties must join",
                 {"coproduction.sigma": 20.0}, {"coproduction.sigma": 0.3}, "joint_output", "no_complements"),
    "S4": Switch("ties are built, kept and lost: not ready meals",
                 {"ties.build_and_decay": False, "renewal.leavers_take_ties": False,
                  "coproduction.route_quality": False, "reorganisation.lost_alone": 0.0,
                  "reorganisation.lost_second_stays": 0.0, "reorganisation.lost_both": 0.0,
                  "reorganisation.strength_kept": 1.0},
                 {"ties.build_and_decay": True, "renewal.leavers_take_ties": True, "coproduction.route_quality": True},
                 "joint_output", "ready_meal"),
    "S5": Switch("asking without support does harm",
                 {"trust.asked_unsupported": 0.0}, {"trust.asked_unsupported": -0.05}, "trust_council",
                 "asking_is_free"),
    "S6": Switch("trust moves with experience",
                 {"trust.moves": False}, {"trust.moves": True}, "trust_council", "frozen_trust"),
    "S7": Switch("reorganisations end ties and stall joint work",
                 {"reorganisation.damage": 0.0}, {"reorganisation.damage": 1.0}, "partnership_strength", "no_damage",
                 ("world=merger", "world.reorganisations=[{date: 2012-06, body: council, kind: structural}]",
                  "reorganisation.structural_cut=0.7", "reorganisation.stall_months=12")),
    "S8": Switch("culture at the top opens hours to joint work",
                 {"culture.effect": 0.0}, {"culture.effect": 0.5}, "officer_hours_opened", "no_culture",
                 ("nurture.representation=1",)),
    "S9": Switch("charities are the connectors",
                 {"brokerage.on": False}, {"brokerage.on": True}, "joint_output", "no_brokers"),
    "S10": Switch("larger charities have lost their local connections, and could be advocates",
                  {"advocacy.on": False}, {"advocacy.on": True}, "allocation_error", "equally_local",
                  ("serving.advocate_weight=0.6",)),
    "S11": Switch("needs and resources are known as far as people found out together",
                  {"picture.on": False}, {"picture.on": True}, "allocation_error", "perfect_picture"),
    "S12": Switch("contract, grant and asset differ in kind",
                  {"funding.modes": False}, {"funding.modes": True}, "hours_volunteer", "a_pound_is_a_pound",
                  ("policy=small_grants", "policy.small_grants.dose=200", "policy.small_grants.start=2007-04",
                   "policy.small_grants.months=240")),
    "S13": Switch("neighbourhoods decide",
                  {"funding.decide_at": "authority"}, {"funding.decide_at": "neighbourhood"}, "enough_support",
                  "one_authority", ("serving.capture=0", "serving.local_knowledge=1"), as_gap=True),
    "S15": Switch("less money makes councils rethink, or retreat",
                  {"funding.rethink": 0.0}, {"funding.rethink": 1.0}, "officer_hours_opened", "no_rethink"),
}  # fmt: skip
"""Off is exactly off; ``strongest`` is the end of the range at which a claim bites most."""


def shown_by(one: Config, other: Config) -> list[str]:
    """What shows a mechanism to work, of each mechanism of which two configurations have other numbers.

    Examples:
        >>> from sim import compose
        >>> from sim.switches import shown_by
        >>> shown_by(compose([]), compose(["reorganisation.damage=0"]))
        ['partnership_strength']
    """
    a, b = one.resolved(), other.resolved()
    touched = (s.observable for s in SWITCHES.values() if any(_at(a, path) != _at(b, path) for path in s.off))
    return list(dict.fromkeys(touched))


def _at(numbers: Any, path: str) -> Any:
    for name in path.split("."):
        numbers = numbers[name]
    return numbers
