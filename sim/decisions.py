"""Decisions that are taken while a town lives: what `CommunityModel.decide` checks, keeps and puts in force.

A decision has a month and takes force as that month begins; until then the town lives as it would have lived. Only a
reorganisation is in the plans from the moment it is decided, for it is announced before it strikes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from sim.chance import permanent_id
from sim.checked import as_month
from sim.config import Config, ConfigError, check_policy, nearest
from sim.policy import Policy, rows
from sim.state import Policies, State
from sim.units import date_of, month_of
from sim.world import KIND

KINDS = ("policy", "dose", "end", "reorganisation", "core_funding")
"""What can be decided, one thing at a time."""
BODIES = ("council", "health")
MOST_FUNDING = 3.0


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes:
        taken: the month that was next when it was taken, from 0.
        month: the month from whose beginning it is in force, or in which a reorganisation strikes.
        kind: one of `KINDS`.
        what: of it, as plain data.
    """

    taken: int
    month: int
    kind: str
    what: dict[str, Any]

    def plain(self) -> dict[str, Any]:
        """As plain data, from which ``Decision(**data)`` makes the same."""
        return asdict(self)


def decision(
    config: Config, state: State, earlier: Sequence[Decision], month: int | str | date | None, asked: Mapping[str, Any],
    body: str,
) -> Decision:
    """The decision that was asked for, checked.

    Args:
        config: of the model.
        state: as it stands.
        earlier: decisions that were taken before.
        month: from which on; none: the next.
        asked: by `KINDS`; what is not asked for is none.
        body: whose reorganisation.

    Raises:
        ConfigError: if it cannot be done.
    """
    given = [kind for kind in KINDS if asked[kind] is not None]
    if len(given) != 1:
        said = " and ".join(given) if given else "nothing"
        raise ConfigError(f"{said} was to be decided. Decide one thing at a time: {', '.join(KINDS)}.")
    (kind,) = given
    when = _when(month, config, state)
    what = asked[kind]
    if kind == "policy":
        checked: dict[str, Any] = _policies(what, when, config, earlier)
    elif kind == "dose":
        checked = _doses(what, when, config, earlier)
    elif kind == "end":
        checked = {"policy": _known(str(what), when, config, earlier)}
    elif kind == "reorganisation":
        checked = {"kind": _one_of("reorganisation", what, KIND), "body": _one_of("body", body, BODIES)}
    else:
        checked = {"times": _times(what)}
    return Decision(state.month, when, kind, checked)


def plan(decided: Decision, state: State) -> None:
    """What a decision changes at once: a reorganisation is in the plans."""
    if decided.kind == "reorganisation":
        getattr(state.world, f"planned_{decided.what['body']}")[decided.month] = KIND[decided.what["kind"]]


def take_force(decided: Decision, state: State, config: Config) -> None:
    """What a decision changes as its month begins."""
    what = decided.what
    if decided.kind == "policy":
        _add(what, state, config)
    elif decided.kind == "dose":
        for name, dose in what.items():
            state.policies.dose[_row(name, state)] = dose
    elif decided.kind == "end":
        row, policies = _row(what["policy"], state), state.policies
        policies.months[row] = min(int(policies.months[row]), max(0, decided.month - int(policies.start[row])))
        policies.taper[row] = 0
    elif decided.kind == "core_funding":
        state.world.core_funding[decided.month :] *= what["times"]


def _when(month: int | str | date | None, config: Config, state: State) -> int:
    """The month, 0-based."""
    world = config.world
    next_one = f"{state.month} ({date_of(state.month, world.first_month):%Y-%m})"
    if month is None:
        when = state.month
    elif isinstance(month, int) and not isinstance(month, bool):
        when = month
    else:
        try:
            when = month_of(as_month(month), world.first_month)
        except ValueError as fault:
            raise ConfigError(f"month is {month!r}: it {fault}, or months after month 0, as {state.month}.") from None
    if when < state.month:
        raise ConfigError(f"month {when} has been lived, and what is past cannot be decided. The next is {next_one}; "
                          "decide for that or a later one, or in a fork that was made before.")  # fmt: skip
    if when >= world.most_months:
        raise ConfigError(f"month {when} is never lived: world={world.name} has months 0 to {world.most_months - 1}. "
                          f"The next is {next_one}.")  # fmt: skip
    return when


def _policies(said: Any, when: int, config: Config, earlier: Sequence[Decision]) -> dict[str, Any]:
    """The new policies as plain data, each with the month as its start."""
    if not isinstance(said, Mapping) or not said:
        raise ConfigError(f"policy is {said!r}. Write names and what each policy is, as policy={{'listening': "
                          "{'title': 'listening', 'instrument': 'listening'}}, or take those of the package, as "
                          "policy=compose(['policy=listening']).policy.")  # fmt: skip
    made = {}
    for name, policy in said.items():
        if name in _names(config, earlier):
            raise ConfigError(f"policy {name} is there already. Give the new one another name, or change its dose.")
        told = policy.model_dump() if isinstance(policy, Policy) else policy
        if not isinstance(told, Mapping):
            raise ConfigError(f"policy.{name} is {policy!r}. Write what it is by name, as "
                              "{'title': 'listening', 'instrument': 'listening'}.")  # fmt: skip
        start = {"start": date_of(when, config.world.first_month)}
        if "start" in told and not isinstance(policy, Policy):
            raise ConfigError(f"policy.{name} has a start. A decision says when by month=..., for all that it holds.")
        made[str(name)] = check_policy(str(name), {**told, **start}, config).model_dump(mode="json")
    return made


def _doses(said: Any, when: int, config: Config, earlier: Sequence[Decision]) -> dict[str, float]:
    if not isinstance(said, Mapping) or not said:
        raise ConfigError(f"dose is {said!r}. Write it by policy, as dose={{'nurture_early': 6}}.")
    told = {"title": "dose", "instrument": "organisers", "start": config.world.first_month}
    return {
        _known(str(name), when, config, earlier): check_policy(str(name), {**told, "dose": dose}, config).dose
        for name, dose in said.items()
    }


def _times(said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0.0 <= said <= MOST_FUNDING:
        raise ConfigError(f"core_funding is {said!r}, outside what is allowed: numbers from 0 to {MOST_FUNDING:g} "
                          "(times its path so far). Choose a value in that range.")  # fmt: skip
    return float(said)


def _one_of(name: str, said: Any, there: Any) -> str:
    if said not in there:
        raise ConfigError(f"{name} is {said!r}. {nearest(str(said), there)}")
    return str(said)


def _names(config: Config, earlier: Sequence[Decision]) -> dict[str, int]:
    """Every policy's name, and the month from which it can be changed."""
    added = {name: one.month for one in earlier if one.kind == "policy" for name in one.what}
    return dict.fromkeys(config.policy, 0) | added


def _known(name: str, when: int, config: Config, earlier: Sequence[Decision]) -> str:
    there = [known for known, since in _names(config, earlier).items() if since <= when]
    if name not in there:
        advice = nearest(name, there) if there else "There is none: decide on a new one with policy=..."
        raise ConfigError(f"policy {name} is not there in month {when}. {advice}")
    return name


def _row(name: str, state: State) -> int:
    return int(np.flatnonzero(state.policies.id == permanent_id(*name.encode()))[0])


def _add(said: Mapping[str, Any], state: State, config: Config) -> None:
    """Rows for new policies, below those that are there."""
    new = {name: Policy(**policy) for name, policy in said.items()}
    made = rows(new, config.world.first_month, config.place.area_neighbourhoods)
    blank = np.zeros(len(new))
    state.policies = Policies(**{
        name: np.concatenate([column, made.get(name, blank).astype(column.dtype)])
        for name, column in zip(Policies._fields, state.policies, strict=True)
    })  # fmt: skip
