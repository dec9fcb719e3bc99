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
# # It takes two
#
# Two parties meet a town's needs: a council that is paid to, and a community that is not. What becomes of the second
# when the first is cut? And would money spent on nurturing relationships have changed it?
#
# One town under one luck cannot say. Here two scenarios live under the *same* luck, several times over, and what is
# read is the difference between them. (See `1_a_first_town.py` for what a town is.)

# %%
import os

import matplotlib.pyplot as plt

from sim import compare, compose

PAIRS = int(os.environ.get("TAKESTWO_LESSON_PAIRS", "8"))  # more pairs, narrower intervals
TOWN = ["place.residents=1500", "months=96", "workers=1"]  # eight years from April 2007
SHOWN = {
    "hours_discretionary": "council hours beyond the law",
    "hours_volunteer": "volunteers' hours",
    "hours_neighbour": "neighbours' hours",
    "hours_coproduced": "hours put into joint work",
    "ties_per_resident": "ties of a resident",
    "trust_council": "trust in the council",
    "unmet_need": "need unmet",
}

# %% [markdown]
# ## Two worlds
#
# In `flat` nothing happens from outside. In `essay` the council's central grant falls by a quarter from 2011 to 2015.
# `compare` runs both in pairs. Both towns of a pair hold the same people and throw the same dice, so most luck cancels,
# and what is left is what the cuts did. `low` and `high` are the ends of a 95% interval for the mean difference.

# %%
cuts = compare(compose(["world=flat", *TOWN]), compose(["world=essay", *TOWN]), replicates=PAIRS)
table = cuts.outcomes.set_index("outcome")
table.loc[list(SHOWN), ["unit", "counterfactual", "scenario", "difference", "low", "high"]].round(4)

# %% [markdown]
# Read a row as: in the last year, the town with cuts had so much more or less. Where the interval holds 0, this many
# pairs do not tell whether it is more or less. That is no proof of "no effect".
#
# Where the difference and both ends are 0.0, it is another matter: nothing that the cuts did reached that row in any
# pair, and more pairs will hardly change that. The model's middle numbers let cuts reach volunteers and neighbours by
# narrow ways only. Other numbers inside the stated ranges open them, as `volunteering.crowding=0.3`.
#
# Of twenty such intervals about one misses by luck alone, so one row out of seven that just clears 0 is not much.
#
# A picture says it faster. Each row is put on a scale of its own: per cent of what the world without cuts has.


# %%
def picture(table, title):
    """Differences with their intervals, as a share of the counterfactual."""
    share = table.loc[list(SHOWN)[::-1]]
    size = share["counterfactual"] / 100
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    middle = share["difference"] / size
    reach = [middle - share["low"] / size, share["high"] / size - middle]
    axes.errorbar(middle, range(len(share)), xerr=reach, fmt="o", color="#0072B2", capsize=4)
    axes.axvline(0, color="0.5", linewidth=1)
    axes.set_yticks(range(len(share)), [SHOWN[name] for name in share.index])
    axes.set(title=title, xlabel="difference in the last year, % (95% interval)")
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()


def told(table):
    """Which of the rows shown have an interval that leaves out 0."""
    clear = [name for name in SHOWN if table.loc[name, "low"] > 0 or table.loc[name, "high"] < 0]
    return f"{len(clear)} of {len(SHOWN)} differences are clear of 0"


picture(table, f"With cuts beside without: {told(table)}")

# %% [markdown]
# ## Two policies for the same money
#
# The essay that the model is built on says that relationships are "not like ready meals": they need creating,
# nurturing, supporting. Here both policies start in April 2009 and spend the same pounds. `ready_meals` buys publicity
# that asks people to step forward. `nurture_early` buys organisers who bring people together.

# %%
ready_meals = compose(["world=essay", "policy=ready_meals", *TOWN])
nurture = compose(["world=essay", "policy=nurture_early", *TOWN])
policies = compare(ready_meals, nurture, replicates=PAIRS)
table = policies.outcomes.set_index("outcome")
for name, side in (("ready meals", policies.counterfactual), ("nurture", policies.scenario)):
    spent = side.results.groupby("replicate")["spend_nurture"].sum()
    print(f"{name}: {spent.mean():,.0f} pounds in all")
picture(table, f"Nurture beside ready meals: {told(table)}")

# %% [markdown]
# The essay may be wrong here. If the rows lie around 0, then in this small town, in these eight years, at this price,
# it made no difference that this many pairs can see.
#
# ## What if a mechanism were not there? An ablation
#
# In the model charities are brokers between officers and residents. Take that away (`ablation=no_brokers`), found the
# town so that it begins where the model begins, and cut again. Does the answer about cuts hang on brokers? (Such a town
# has to be worked out first. That takes a minute or two, once.)

# %%
without = compare(
    compose(["world=flat", "ablation=no_brokers", *TOWN]),
    compose(["world=essay", "ablation=no_brokers", *TOWN]),
    replicates=PAIRS,
)
beside = {"the model": cuts, "no brokers": without}

# %% [markdown]
# ## What if the world works otherwise? A rival
#
# A rival is another account of the same record. In `retreat` a council that loses money draws back to its legal core
# and gives fewer officer hours to joint work. In the model itself it does neither that nor the opposite.

# %%
retreat = compare(
    compose(["world=flat", "rival=retreat", *TOWN]),
    compose(["world=essay", "rival=retreat", *TOWN]),
    replicates=PAIRS,
)
beside["rival: retreat"] = retreat

lower = 0
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
for place, contrast in enumerate(beside.values()):
    row = contrast.outcomes.set_index("outcome").loc["hours_coproduced"]
    lower += row["high"] < 0
    reach = [[row["difference"] - row["low"]], [row["high"] - row["difference"]]]
    axes.errorbar(row["difference"], -place, xerr=reach, fmt="o", color="#0072B2", capsize=4)
axes.axvline(0, color="0.5", linewidth=1)
axes.set_yticks([0, -1, -2], list(beside))
axes.set(title=f"By {lower} of {len(beside)} accounts, cuts clearly lower joint work",
         ylim=(-2.5, 0.5),
         xlabel="hours put into joint work, a month for 1,000 residents:\n"
                "with cuts less without (95% interval)")
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# All three begin with the same hours from the same month. Where they part, what cuts do to joint work hangs on which of
# them is right, and nothing on this page can tell.
#
# ## What may be said, and what may not
#
# *May be said.* "In this model, with these parameters, a town with cuts has so many hours fewer than the same town
# without, and the interval is so and so." "This answer changes when brokers are taken away."
#
# *May not be said.* "Austerity caused this": nothing here is fitted to the outcome of a natural experiment. "This will
# happen in Bolton": no place here is a place. "Volunteers can do it instead": hours are not interchangeable, and
# `potential` is not owed by anybody. "There is a 95% chance": the interval is about luck in the model, and leaves out
# what is not known of its parameters, which is more.
#
# ## Three questions to try
#
# 1. `configs/experiment/ready_meals_win.yaml` holds numbers with which publicity wins. Add
#    `experiment=ready_meals_win` to both policies. Which numbers are they, and do you believe them?
# 2. Set `policy.nurture_early.dose=100` (pounds a resident and year). Does ten times the money do ten times as much?
# 3. `cuts.residents` has every resident of both towns of each pair, side by side. Who lost most trust in the council?
