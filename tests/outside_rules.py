"""A model from outside, as a module that other processes find again."""

from __future__ import annotations

import multiprocessing
import os
from typing import ClassVar

from sim import CommunityModel
from sim.chance import run_seed
from sim.schedule import MONTH, Step


class strike:
    @staticmethod
    def advance(state, p, dice):
        state.residents.pledged_hours[:] = 0.0


class Strike(CommunityModel):
    verbs = (*MONTH, Step("rest", strike, "nobody gives in the month that comes", 0.0))
    also: ClassVar = {"pledged": lambda model: model.state.residents.pledged_hours.sum()}


class Counted(CommunityModel):
    also: ClassVar = {"most_hours": lambda model: model.state.residents.formal_hours.max()}


class Fails(CommunityModel):
    """Ends in its second month, in replicate 0 alone."""

    def step(self):
        if self.steps == 1 and self.state.seed == run_seed(self.config.seed, 0):
            raise ArithmeticError("nothing adds up")
        super().step()


class Surrounded(CommunityModel):
    """Tells of the process in which it lives."""

    also: ClassVar = {
        "said": lambda _: float(os.environ["TAKESTWO_TEST"]),
        "threads": lambda _: float(os.environ["OMP_NUM_THREADS"]),
        "at_home": lambda _: float(multiprocessing.parent_process() is None),
    }
