"""What joint work yields: a normalised CES function, from complements to substitutes.

    Y = A (L0 + V0) exp( (m + log1p(d expm1(r ln l - m) + (1 - d) expm1(r ln v - m))) / r ),  m = max(r ln l, r ln v)

which is A (L0 + V0) (d l^r + (1 - d) v^r)^(1/r) with the greater term taken out, so that no power overflows and both
small r and great l, v keep their figures. Within `NO_JUMP` of r = 0 it is its limit, Cobb-Douglas. Where a party is
absent (l or v below `ABSENT`), Y is nil for an elasticity up to 1, and above that the present party's term alone.
"""

from __future__ import annotations

from numba import njit

from sim.compiling import KERNEL, PART
from sim.elementary import exp, expm1, log, log1p

ABSENT = 1e-6
MOST = 1e3
"""The most that hours can be, beside founding."""
NO_JUMP = 1e-9
LEAST_SIGMA = 0.01


@njit(**KERNEL)
def joint_output(l, v, scale, d, sigma):  # noqa: ANN001, ANN201 - compiled
    """Hours of need that joint work can meet.

    Args:
        l: professional hours beside founding.
        v: citizen hours beside founding, weighted by quality.
        scale: A (L0 + V0).
        d: weight of professional hours at founding, between 0 and 1.
        sigma: elasticity of substitution.
    """
    l, v, sigma = min(l, MOST), min(v, MOST), max(sigma, LEAST_SIGMA)
    r = 1.0 - 1.0 / sigma
    if l < ABSENT or v < ABSENT:
        return 0.0 if r <= 0.0 else scale * _alone(l, v, d, r)
    if abs(r) < NO_JUMP:
        return scale * exp(d * log(l) + (1.0 - d) * log(v))
    of_l, of_v = r * log(l), r * log(v)
    m = max(of_l, of_v)
    mix = d * expm1(of_l - m) + (1.0 - d) * expm1(of_v - m)
    return scale * exp((m + log1p(mix)) / r)


@njit(**PART)
def _alone(l, v, d, r):  # noqa: ANN001, ANN202 - compiled
    if l >= ABSENT:
        return l * exp(log(d) / r)
    if v >= ABSENT:
        return v * exp(log(1.0 - d) / r)
    return 0.0
