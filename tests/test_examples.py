"""Every example in the docstrings of what users hold runs, and gives what it shows."""

import doctest
import inspect
from functools import lru_cache
from importlib import import_module

import pytest

import sim
from sim import composition

MODULES = (
    "sim", "sim.agents.kinds", "sim.agents.sets", "sim.chance", "sim.composition", "sim.config", "sim.contrast",
    "sim.designs", "sim.ensemble", "sim.model", "sim.results", "sim.run", "sim.schedule", "sim.store.frames",
    "sim.store.settings", "sim.symbols", "sim.vectors",
)  # fmt: skip
"""Where what users hold is said."""
EXAMPLES = [
    example for module in MODULES for example in doctest.DocTestFinder().find(import_module(module)) if example.examples
]


def public():
    """What `sim` exports, what users reach from it, and all that a model has."""
    from sim.agents import Charity, Resident, Windows
    from sim.config import Config
    from sim.contrast import Contrast
    from sim.ensemble import RunSpec, simulate
    from sim.results import Results, write_results
    from sim.schedule import Step
    from sim.vectors import vector, with_vector

    yield from (getattr(sim, name) for name in sim.__all__ if name != "ConfigError")
    yield from (Charity, Config, Contrast, Resident, Results, RunSpec, Step, Windows)
    yield from (simulate, vector, with_vector, write_results)
    for name, member in vars(sim.CommunityModel).items():
        is_held = inspect.isfunction(member) or isinstance(member, (classmethod, property))
        if is_held and not name.startswith("_") and name not in SHOWN_ELSEWHERE:
            yield getattr(member, "fget", None) or getattr(member, "__func__", member)


SHOWN_ELSEWHERE = {
    "load", "agent_types", "agents_by_type", "register_agent", "deregister_agent", "remove_all_agents",
}  # fmt: skip
"""`load` is shown beside `save`; the others are Mesa's and not for users to call."""


KNOWN = lru_cache(composition.compose)


@pytest.fixture
def composed_once(monkeypatch):
    """Examples say in full what they need; the same configuration is composed once."""
    monkeypatch.setattr(composition, "compose", lambda overrides=(): KNOWN(tuple(overrides)))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(example, composed_once):
    example.globs = {}  # a stranger begins with nothing
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert not said, "".join(said)


def test_an_example_that_does_not_hold_is_seen():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    said = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(wrong, out=said.append)
    assert said


def test_what_users_hold_has_an_example():
    shown, held = {example.name for example in EXAMPLES}, list(public())
    assert len(held) > 25
    assert sim.CommunityModel.step in held
    for thing in held:
        assert f"{thing.__module__}.{thing.__qualname__}" in shown


def test_what_users_hold_can_be_completed_and_what_is_not_there_is_told():
    assert set(sim.__all__) <= set(dir(sim))
    with pytest.raises(AttributeError, match="has no attribute 'Model'; it has CommunityModel, ConfigError, compare"):
        _ = sim.Model
