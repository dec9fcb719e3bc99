# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Change a rule
#
# For those who want to know what hangs on what. From outside, without touching the model's files, you
#
# 1. set a number of a rule, and switch a mechanism off;
# 2. write down something that the model does not;
# 3. put a rule of your own into the month;
# 4. put one in the place of the model's.

# %%
import os

import numpy as np

from sim import CommunityModel, compare, compose
from sim.config import registry
from sim.schedule import MONTH, Step
from sim.state import EMPTY, SLOTS
from sim.vectors import vector

TOWN = ["place.residents=1500", "world=flat", "months=36"]
PAIRS = int(os.environ.get("TAKESTWO_LESSON_PAIRS", "5"))

# %% [markdown]
# ## 1. A number, a switch
#
# Every number of every rule is said once, with its unit, range and source.

# %%
entry = registry()["helping.displacement"]
print(entry.default, entry.unit, "from", entry.low, "to", entry.high)
print(entry.meaning)
print("source:", entry.source)
print("numbers in all:", len(vector(compose(TOWN))))

# %% [markdown]
# You set one by its path. What is out of range is refused, and the message says what is allowed.

# %%
try:
    compose([*TOWN, "helping.displacement=2"])
except ValueError as refusal:
    print(refusal)

# %% [markdown]
# A switch turns a mechanism exactly off. Here: trust never moves. With a new number or switch, the constants that keep
# a quiet town quiet are worked out again, which takes a minute, once.

# %%
frozen = CommunityModel(compose([*TOWN, "trust.moves=false"]), rng=1)
frozen.run()
print(round(frozen.row(0)["trust_council"], 3), round(frozen.row()["trust_council"], 3))

# %% [markdown]
# It is not quite still: people die and move away, and newcomers bring their own trust. A switch set like this leaves
# all else alone, so the town may begin elsewhere. The files of `configs/ablation` (`ablation=frozen_trust`) are founded
# to begin where the model begins; use those when you compare.
#
# ## 2. An observable of your own
#
# How many ties do people have who came within the last two years? The model does not write that down. An observable is
# a function of the model that gives a number. `model.state` holds the town as columns; `sim/state.py` says which.
# A tie is stored once, in a slot of the resident who owns it, and names the other one as `alter`.


# %%
def newcomers(model):
    """Who came less than two years ago, as True and False."""
    return model.state.month - model.state.residents.arrived < 24


def ties_of_newcomers(model):
    """Ties that a newcomer has, on average."""
    alter, people = model.state.ties.alter, len(model.residents)
    held = np.flatnonzero(alter != EMPTY)
    ties = np.bincount(held // SLOTS, minlength=people) + np.bincount(alter[held], minlength=people)
    return ties[newcomers(model)].mean()


class Watched(CommunityModel):
    """The model, and what I also want to know."""

    also = {"ties_of_newcomers": ties_of_newcomers}


model = Watched(compose(TOWN), rng=1)
model.run()
diary = model.datacollector.get_model_vars_dataframe()
diary[["ties_per_resident", "ties_of_newcomers"]].iloc[11::12].round(2)

# %% [markdown]
# ## 3. A rule of your own
#
# The month is a list of steps. Each has a verb, a room that knows how, and a reason for standing where it stands.

# %%
for step in MONTH:
    print(f"{step.verb:12}{step.reason}")

# %% [markdown]
# Now a rule that the model lacks. Every month each neighbourhood has a **supper**. Newcomers are invited, and so is a
# share of everybody else. Who comes spends some hours with the others there.
#
#     P(i comes) = c for a newcomer, c / 10 for others
#     h_i'       = h_i + 3 hours, if i comes
#
# A room needs a name and `advance(state, p, dice)`, which changes the state in place. `nurtured_hours` are hours of
# arranged company; the rooms that follow, `meet` and `tie`, make of them what they make of all such hours. Luck comes
# from the dice and is keyed to who it is about, so that two runs share all the luck that they have in common.


# %%
class supper:
    """A monthly supper in each neighbourhood, to which newcomers come with chance p."""

    @staticmethod
    def advance(state, p, dice):
        """Add three hours of arranged company for those who come."""
        people = state.residents
        new = state.month - people.arrived < 24
        comes = dice.own("supper", people.id) < np.where(new, p, p / 10)
        people.nurtured_hours[comes] += 3.0


def with_supper(chance):
    """The month with a supper after `nurture`, which counts arranged company, and before `meet`."""
    place = [step.verb for step in MONTH].index("nurture") + 1
    dine = Step("dine", supper, "who dines together has then met", chance)
    return (*MONTH[:place], dine, *MONTH[place:])


class WithSupper(Watched):
    """The model with suppers to which half of the newcomers come."""

    verbs = with_supper(0.5)


# %% [markdown]
# `compare` takes a class for either side. One town twice, without suppers and with them, under the same luck, several
# times over; what you write down yourself is among the outcomes.

# %%
town = compose(TOWN)
contrast = compare(town, town, replicates=PAIRS, models=(Watched, WithSupper))
gain = contrast.outcomes.set_index("outcome").loc["ties_of_newcomers"]
print(f"suppers give a newcomer {gain['difference']:+.2f} ties")
print(f"95% interval {gain['low']:+.2f} to {gain['high']:+.2f}, from {gain['pairs']} pairs")

# %% [markdown]
# A class that stands in a notebook is known to this process alone, so its runs go one after another and are not kept.
# In a module of your own (`from my_rules import WithSupper`) they use every core, and `store="outputs/.store"` keeps
# them, until one of the files changes that hold the class, its rooms or its observables. (What these import in turn is
# not looked at: after a change there, name another store.) `run_ensemble(town, model=WithSupper)` gives the runs of one
# side.

# %% [markdown]
# Try it with nobody coming: a rule of nothing must change nothing, to the bit.


# %%
class Nobody(Watched):
    """Suppers to which nobody comes."""

    verbs = with_supper(0.0)


one, other = Watched(compose(TOWN), rng=1), Nobody(compose(TOWN), rng=1)
one.run(months=12)
other.run(months=12)
columns = zip(one.state.columns(), other.state.columns(), strict=True)
print(all(np.array_equal(a, b) for (_, _, a), (_, _, b) in columns))

# %% [markdown]
# ## 4. A rule in the place of the model's
#
# What if trust in the council, once lost, did not come back? Wrap the model's own room: let it work, then take back
# every gain. A room with the name of the model's is given its numbers.

# %%
trust_step = next(step for step in MONTH if step.verb == "trust")


class trust:
    """The model's trust, but what is lost stays lost."""

    @staticmethod
    def advance(state, p, dice):
        """Let trust move, and take back what any resident gained."""
        before = state.residents.trust_council.copy()
        trust_step.room.advance(state, p, dice)
        np.minimum(before, state.residents.trust_council, out=state.residents.trust_council)


class Unforgiving(CommunityModel):
    """The model, in which the council wins no trust."""

    verbs = tuple(step._replace(room=trust) if step is trust_step else step for step in MONTH)


contrast = compare(town, town, replicates=PAIRS, models=(None, Unforgiving))
told = contrast.outcomes.set_index("outcome").loc["trust_council"]
print(f"trust in the council {told['counterfactual']:.3f}")
print(f"where none is won back {told['scenario']:.3f}")

# %% [markdown]
# ## What to bear in mind
#
# - A town is founded, and kept steady, by the model's own month. With another rule it drifts even where nothing happens
#   from outside. So compare with and without; never a month with a month.
# - What you add from outside stays with your class: the command line lives the model's own month. `CONTRIBUTING.md`
#   says how a rule goes into the model itself, with its equation, its source and a second, plain hand that checks the
#   fast one.
# - The suppers above cost nobody anything. In the model every pound and hour has an origin; a rule that gives hours
#   away flatters itself.
#
# ## Three questions to try
#
# 1. Let the supper count only where at least ten come. In which neighbourhoods does it fail?
# 2. Put `dine` after `meet` instead. What happens, and does the reason given for the order explain it?
# 3. Write an observable that would show that suppers do harm. Does it?
