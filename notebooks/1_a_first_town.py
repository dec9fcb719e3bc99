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
# # A first town
#
# Takes Two is an English town in a computer. Residents meet, make ties, help their neighbours and volunteer. Charities
# open and close. A council spends what it is given, which from 2010 to 2020 is less each year.
#
# Here you open such a town, look at one person in it and at one tie, and then let it live from 2007 to 2024. You need
# a little Python and no statistics. The first time, the model is compiled and the town made, which takes a few
# minutes. After that every cell takes seconds.

# %%
import matplotlib.pyplot as plt

from sim import CommunityModel, compose

# %% [markdown]
# ## What a town is
#
# `compose` says which town: what it is like (`place`), and what happens to it from outside (`world`). This one is
# middling England with 3,000 people of 16 and over, in two neighbourhoods. Small towns are quick, and luck shows in
# them. `rng` picks the luck: the same number gives the same town, person by person.

# %%
config = compose(["place.residents=3000", "world=history"])
town = CommunityModel(config, rng=1)
print(len(town.residents), "residents, of whom", len(town.volunteers), "volunteer")
print(len(town.charities), "charities and groups")
print(len(town.services), "council services:", ", ".join(town.services.get("name")))

# %% [markdown]
# ## One resident
#
# Nobody here is a real person. Each is a row of numbers which follows rules that you can read. Take somebody who
# volunteers, and call her Ada.

# %%
ada = town.volunteers[0]
print("Ada's charity is", ada.charity.band_name, "in size")
print("others who volunteer for it here:", len(ada.charity.volunteers) - 1)
print("hours she has promised it for the month to come:", round(ada.pledged_hours, 1))
print("her trust in the council, from 0 to 1:", round(ada.trust_council, 2))
print("the deprivation of her neighbourhood, from 1 (most) to 5 (least):", ada.quintile)
print("people she has a tie with:", len(ada.ties))

# %% [markdown]
# ## One tie
#
# A tie joins two people. Its strength lies between 0 and 1. It grows in months when they spend time together and fades
# in months when they do not. Follow all of Ada's ties for two years. A tie that has ended, or whose other end has died
# or moved away, has strength 0.

# %%
friends = [friend for friend, _ in ada.ties]
months = []
for _ in range(24):
    now = dict(ada.ties) if ada.is_here else {}
    months.append([now.get(friend, 0.0) for friend in friends])
    town.step()

kept = sum(strength > 0 for strength in months[-1])
figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
axes.plot(months, color="#0072B2", alpha=0.7)
axes.set(title=f"Of the {len(friends)} ties that Ada had, {kept} are left after two years",
         xlabel="months since April 2007", ylabel="strength of the tie (0 to 1)",
         ylim=(0, 1), xlim=(0, 23))
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# She has made new ties meanwhile, which this figure leaves out. Strong ties tend to last, and weak ones to end.
#
# ## A year
#
# The town writes itself down each month, in some seventy numbers. Here are a few of them, at the start and after a
# year. Hours are for each 1,000 residents in a month.

# %%
diary = town.datacollector.get_model_vars_dataframe()
columns = ["formal_volunteering", "hours_volunteer", "hours_neighbour", "hours_discretionary",
           "ties_per_resident"]
diary.loc[[0, 12], columns].round(2)

# %% [markdown]
# `hours_discretionary` are paid council hours beyond what the law demands: libraries, youth work, parks.
# `hours_volunteer` are given to charities, `hours_neighbour` to neighbours.
#
# ## Until 2024
#
# Let it live the rest, and set the three kinds of hours side by side. Each is averaged over twelve months, so that the
# seasons of luck do not hide the path.

# %%
town.run()
diary = town.datacollector.get_model_vars_dataframe()
year = 2007.25 + diary.index / 12
smooth = diary.rolling(12).mean()
kinds = {"hours_discretionary": ("paid, council", "#D55E00", "-"),
         "hours_volunteer": ("unpaid, volunteers", "#0072B2", "--"),
         "hours_neighbour": ("unpaid, neighbours", "#009E73", ":")}


def change(name):
    """Last year of the run less the first."""
    return diary[name].iloc[-12:].mean() - diary[name].iloc[:12].mean()


figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
for name, (label, colour, dashes) in kinds.items():
    axes.plot(year, smooth[name], color=colour, linestyle=dashes, label=label)
paid, unpaid = change("hours_discretionary"), change("hours_volunteer") + change("hours_neighbour")
axes.set(title=f"From first year to last: council hours {paid:+,.0f}, unpaid hours {unpaid:+,.0f}",
         xlabel="year", ylabel="hours a month for 1,000 residents", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## Luck
#
# That was one town under one luck. Another luck gives other people, other friendships, other charities that fail. What
# happens from outside is the same. So before you believe a line, see how far it moves when only luck is different.

# %%
twin = CommunityModel(config, rng=2)
twin.run()
other = twin.datacollector.get_model_vars_dataframe().rolling(12).mean()

figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
for name, (label, colour, dashes) in kinds.items():
    axes.plot(year, smooth[name], color=colour, linestyle=dashes, label=label)
    axes.plot(year, other[name], color=colour, linestyle=dashes, alpha=0.45)
axes.set(title="The same town under two lucks: the second is pale", xlabel="year",
         ylabel="hours a month for 1,000 residents", ylim=(0, None))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The council's line keeps its shape: it follows the money, which is the same in both. The volunteers' line goes another
# way, and in the end the neighbours' too. Whether cuts changed them cannot be seen from one town. The second notebook
# shows how to ask that fairly.
#
# This is not a forecast of any place, and Ada's hours are not spare labour.
#
# ## Three questions to try
#
# 1. Who has the fewest ties? `lonely = min(town.residents, key=lambda r: len(r.ties))` finds somebody. Is it one who
#    came lately (`lonely.arrived`, in months after April 2007)? And who has the most?
# 2. Put `place=inner_city` in `compose`. People there move more often. What happens to ties and to volunteers?
# 3. Put `place.residents=20000`. Which of the lines above grow calmer, and why?
