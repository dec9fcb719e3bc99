from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from sim.processes import volunteering
from sim.processes.volunteering import kernel
from tests.towns import RECIPES, town
from tests.twins import assert_fault_is_caught, assert_twins

BUSY = volunteering.Parameters(leave_chance=0.2, other_share=0.6)
"""People leave often, for other reasons, so that rare branches are taken in small towns."""
FAULTS = [
    ("asking[i] += w * other_in_role", "asking[i] += other_in_role"),
    ("if ever == 1:", "if ever == 0:"),
    ("max(1.0, present[g])", "max(2.0, present[g])"),
    ("if close >= 2", "if close >= 1"),
    ("residents.role_starts[i] = month + p.waiting_months", "residents.role_starts[i] = month"),
]


@given(RECIPES)
def test_the_hands_agree(recipe: dict[str, Any]) -> None:
    assert_twins(volunteering, town(**recipe))


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_planted_fault_is_caught(right: str, wrong: str) -> None:
    assert_fault_is_caught(volunteering, kernel, "live_the_month", right, wrong, p=BUSY)


def test_a_planted_fault_is_caught_when_compiled() -> None:
    assert_fault_is_caught(volunteering, kernel, "live_the_month", *FAULTS[0], compiled=True)


def test_the_kernel_is_compiled_and_runs() -> None:
    assert_twins(volunteering, town())
    assert kernel.live_the_month.nopython_signatures
