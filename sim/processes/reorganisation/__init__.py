"""Reorganisation: officers leave, are made redundant and change post; reorganisations are announced and strike.

    posts kept of the council = round(posts_0 clip(1 - first (1 - pay), 0, 1)),  pay = discretionary spending / founding
    P(leave in the month)     = 1 - (1 - turnover)^(n / 12),     n = notice_turnover under notice, else 1
    P(announced in the month) = 1 - exp(-rate (1 + stress max(0, 1 - pay)) / 12)             stress: the council's alone
    at a strike, with cut = damage f_cut of its kind:
      P(a post changes hands) = cut                         joint work stalls for damage stall months
      picture'                = picture (1 - cut share)     share: the body's part of all filled posts
      due'  = due + cost of a year's budget;  saved' = saved + saving, at a structural one     (the council's alone)
    P(a tie ends | its contact leaves) = .6 if it was the only one, .15 if a second stays, .6 if both leave at once
    w' = w / 2 for a tie that outlives its contact
    at a reorganisation chance and loss of strength are multiplied by damage; at turnover and redundancy they are not

Which posts go first is a lottery keyed by run and post: in one run the same posts go and come back. A post for whose
time a policy paid last month stays before all others, whatever the pay bill; the others go the sooner. One
reorganisation of a body is pending at a time. A planned one strikes in its month, whatever is announced by chance; one
announced by chance that would strike later, or in the same month, gives way to it. The health body's, when by chance,
are structural.

Reads   council.spend_discretionary, discretionary_founding and budget at founding; world; charities (id, alive, home);
        the officers and their ties as the month found them
Writes  officers (id, generation, since, filled); partnerships; acquaintances; bodies (all but posts_founding);
        council.reorganisation_due, saved_share; neighbourhoods.picture_need, picture_resources
Source  Turnover: LGA workforce surveys. How often bodies change: structural changes of 2009 to 2023, Walshe (2010).
        The rest: assumption.
Departs A post that is made redundant leaves its surviving ties in place, unmet and fading, until it is filled again.
        The second contact is of use only while the post itself is filled. Where the council had no discretionary money
        at founding, its posts stay. Only holders whom a reorganisation brings come with ties of their own. A second
        contact that leaves takes nothing away from a tie whose first stays.
"""

from __future__ import annotations

from sim.chance import Dice
from sim.parameters import numbers, parameter, room_parameters
from sim.processes.reorganisation.kernel import Grounds, reorganise
from sim.processes.reorganisation.reference import advance_reference
from sim.state import State

__all__ = ["Parameters", "advance", "advance_reference"]


@room_parameters
class Parameters:
    """The numbers of reorganisation."""

    damage: float = parameter(
        1.0, unit="times", low=0.0, high=1.0, source="the essay's claim; 0: nothing is lost",
        meaning="what a reorganisation does to posts, ties, pictures and joint work, beside its stated size (S7)")
    turnover: float = parameter(
        0.14, unit="share a year", low=0.0, high=0.4, source="LGA workforce surveys: 13 to 15%", confidence="medium",
        meaning="officers who leave their post in a year of their own accord")
    notice_turnover: float = parameter(
        1.0, unit="times", low=0.5, high=3.0, source="assumption",
        meaning="turnover while a reorganisation is announced beside other times")
    posts_first: float = parameter(
        1.0, unit="times", low=0.5, high=3.0, source="assumption",
        meaning="cut in posts that are contacts beside the cut in discretionary spending; above 1 they go first")
    notice_months: int = parameter(
        12, unit="months", low=0, high=24, source="assumption",
        meaning="from the announcement of a reorganisation to its strike")
    structural_cut: float = parameter(
        0.40, unit="share", low=0.0, high=0.7, source="from memory: 25 to 40% of contacts change",
        meaning="posts that change hands when a body is merged or replaced (f_cut)")
    restructure_cut: float = parameter(
        0.15, unit="share", low=0.0, high=0.3, source="assumption",
        meaning="posts that change hands when a body is restructured within (f_cut)")
    cost_share: float = parameter(
        0.01, unit="share of a year's budget", low=0.0, high=0.02, source="assumption",
        meaning="what a reorganisation of the council costs once")
    saving_share: float = parameter(
        0.0, unit="share of the budget", low=-0.01, high=0.04, source="assumption: mergers may cost or save",
        meaning="what a structural reorganisation of the council saves for ever; contested")
    stall_months: float = parameter(
        6.0, unit="months", low=0.0, high=12.0, source="assumption",
        meaning="how long joint work stands still after a reorganisation")
    stress: float = parameter(
        0.0, unit="times", low=0.0, high=5.0, source="assumption",
        meaning="how much a full cut of discretionary spending raises the council's hazards")
    lost_alone: float = parameter(
        0.60, unit="chance", low=0.0, high=0.8, source="assumption",
        meaning="chance that a tie ends when its only contact leaves")
    lost_second_stays: float = parameter(
        0.15, unit="chance", low=0.0, high=0.3, source="assumption",
        meaning="chance that a tie ends when its contact leaves and a second stays")
    lost_both: float = parameter(
        0.60, unit="chance", low=0.0, high=0.8, source="assumption",
        meaning="chance that a tie ends when both its contacts leave in one month")
    strength_kept: float = parameter(
        0.5, unit="share", low=0.2, high=1.0, source="assumption",
        meaning="strength left to a tie that outlives its contact")
    fresh_ties: int = parameter(
        0, unit="ties", low=0, high=3, source="assumption, for the account that reshuffling helps",
        meaning="charities that an officer brought by a reorganisation knows already")
    fresh_strength: float = parameter(
        0.25, unit="strength", low=0.1, high=0.5, source="assumption", meaning="strength of such ties")


def advance(state: State, p: Parameters, dice: Dice) -> None:
    """The fast hand: a month of announcements, strikes, leaving and hiring."""
    grounds = Grounds(*(getattr(state.charities, name) for name in Grounds._fields))
    reorganise(
        state.officers, state.bodies, state.partnerships, state.acquaintances, grounds, state.council,
        state.neighbourhoods, state.world, state.world_row, state.month, numbers(p), dice.seed, dice.streams,
        state.ledger,
    )  # fmt: skip
