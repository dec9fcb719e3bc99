"""Numbers by the short names that the table of evidence and the papers behind it give them.

Wherever a parameter may be named, as an override, in a design or at the head of a column, ``ties.S_bridge`` is
``ties.survival_bridging``. Only names of the very same quantity in the same unit stand here.
"""

from __future__ import annotations

SYMBOLS = {
    "coproduction.coord_hours": "coproduction.path_hours",
    "coproduction.sigma_co": "coproduction.sigma",
    "helping.delta": "helping.displacement",
    "nurture.org_cost": "nurture.organiser_gbp",
    "nurture.small_grant": "nurture.grant_gbp",
    "nurture.vol_cost": "nurture.support_gbp",
    "renewal.m_owner": "renewal.move_rate_owner",
    "renewal.m_private": "renewal.move_rate_private",
    "renewal.m_social": "renewal.move_rate_social",
    "reorganisation.f_cut_reorg": "reorganisation.structural_cut",
    "reorganisation.f_cut_restr": "reorganisation.restructure_cut",
    "reorganisation.p_tie_lost_double": "reorganisation.lost_second_stays",
    "reorganisation.p_tie_lost_single": "reorganisation.lost_alone",
    "reorganisation.reorg_notice": "reorganisation.notice_months",
    "reorganisation.reorg_stall": "reorganisation.stall_months",
    "reorganisation.staff_turn": "reorganisation.turnover",
    "serving.rho": "serving.volunteer_worth",
    "survival.birth_k": "survival.need_pull",
    "ties.S_bond": "ties.survival_bonding",
    "ties.S_bridge": "ties.survival_bridging",
    "ties.S_weak": "ties.survival_weak",
    "ties.p_triadic": "ties.triadic_share",
    "trust.trust_gain": "trust.gain",
    "trust.trust_lambda": "trust.loss_ratio",
    "trust.trust_revert": "trust.revert_rate",
    "volunteering.coord_ratio": "volunteering.coordinator_volunteers",
    "volunteering.hours_med": "volunteering.role_hours",
    "volunteering.hours_sigma": "volunteering.hours_spread",
    "volunteering.kappa": "volunteering.crowding",
    "volunteering.share_ask": "volunteering.asked_share",
}
"""The path of a parameter, by its short name."""


def spelt_out(name: str) -> str:
    """A parameter's own path for its short name; any other name as it stands.

    Examples:
        >>> from sim.symbols import spelt_out
        >>> spelt_out("ties.S_bridge"), spelt_out("ties.build")
        ('ties.survival_bridging', 'ties.build')
    """
    return SYMBOLS.get(name, name)
