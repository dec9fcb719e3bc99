"""Exponential and logarithm, of our own: the same bits on every machine, and several at a time.

A library's ``exp`` and ``log`` differ in the last bit from one kind of processor to another, so a run would depend on
where it was lived; and compiled code calls them one by one. Here they are sums, products and one division, which every
machine rounds alike, without a branch, so that a loop over a column is compiled to take four values at a time.

    exp x = 2^k sum of r^n / n!             k = x / log 2 to the nearest whole number, r = x - k log 2
    log x = k log 2 + 2 artanh f            x = 2^k m, m in [1/sqrt 2, sqrt 2), f = (m - 1) / (m + 1)

Both are within four units in the last place. Two more come of them, within six, without the loss near nought:

    expm1 x = (u - 1) x / log u,  u = exp x         log1p x = log(u) x / (u - 1),  u = 1 + x

The plain hand has its own, by Python's ``frexp`` and ``ldexp`` in place of the bits of a number: the same values.

Source  Muller (2016), "Elementary functions", 3rd ed., ch. 11: reduction of the argument; the last two are Kahan's, in
        Higham (2002), "Accuracy and stability of numerical algorithms", 2nd ed., 1.14.1.
Departs Nothing beyond the domain is told apart: exp is cut at e^-700 and e^700, and log takes what is at least 1e-300.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.compiling import KERNEL, PART

MOST = 700.0
"""Where exp is cut, to either side."""
PER_LOG2 = 1.4426950408889634
LOG2, LOG2_REST = 0.6931471803691238, 1.9082149292705877e-10
"""Log 2 in two parts, the first so short that a whole number of times it is exact."""
OVER = 6755399441055744.0
"""1.5 x 2^52: added and taken off, it rounds to the nearest whole number, which stands in the last bits of the sum."""
TERMS = tuple(1.0 / math.factorial(n) for n in range(13))
ODD = tuple(2.0 / n for n in range(1, 26, 2))
"""Coefficients of the two series, thirteen each."""
EXPONENT, BIAS = 52, 1023
WHOLE, WHOLE_BITS = 2.0**52, 0x4330000000000000
ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
"""The bits of the square root of a half."""
ABOVE = 1024
"""Added to an exponent, so that it has no sign while it is shifted."""
COMPILED = KERNEL | {"error_model": "numpy"}
"""Division as the machine does it: Python's would ask each time whether it is by nought, and branch."""


@njit(**PART)
def _series(x, c):  # noqa: ANN001, ANN202 - compiled
    """The sum of c[n] x^n, in a tree of pairs (Estrin's scheme), so that no step waits for all those before it."""
    x2 = x * x
    x4 = x2 * x2
    first = (c[0] + c[1] * x) + (c[2] + c[3] * x) * x2
    second = (c[4] + c[5] * x) + (c[6] + c[7] * x) * x2
    third = (c[8] + c[9] * x) + (c[10] + c[11] * x) * x2
    return (first + second * x4) + (third + c[12] * x4) * (x4 * x4)


@njit(**COMPILED)
def exp(x):  # noqa: ANN001, ANN201 - compiled
    """The exponential."""
    x = min(max(x, -MOST), MOST)
    over = x * PER_LOG2 + OVER
    k = over - OVER
    r = (x - k * LOG2) - k * LOG2_REST
    power = (np.float64(over).view(np.int64) + np.int64(BIAS)) << np.int64(EXPONENT)
    return _series(r, TERMS) * np.int64(power).view(np.float64)


@njit(**COMPILED)
def log(x):  # noqa: ANN001, ANN201 - compiled
    """The natural logarithm."""
    bits = np.float64(x).view(np.uint64)
    k = (bits + np.uint64((ABOVE << EXPONENT) - ROOT_HALF_BITS)) >> np.uint64(EXPONENT)
    m = np.uint64(bits + np.uint64(ABOVE << EXPONENT) - (k << np.uint64(EXPONENT))).view(np.float64)
    twos = np.uint64(k | np.uint64(WHOLE_BITS)).view(np.float64) - WHOLE - ABOVE
    f = (m - 1.0) / (m + 1.0)
    return twos * LOG2 + (f * _series(f * f, ODD) + twos * LOG2_REST)


@njit(**PART)
def exps(slope, x, less):  # noqa: ANN001, ANN201 - compiled
    """exp(slope x - less) for a column x. So short a loop is compiled to make several at a time."""
    out = np.empty(x.size)
    for i in range(x.size):
        out[i] = exp(slope * x[i] - less)
    return out


@njit(**COMPILED)
def expm1(x):  # noqa: ANN001, ANN201 - compiled
    """The exponential less one."""
    u = exp(x)
    return x if u == 1.0 else (u - 1.0) * (x / log(u))


@njit(**COMPILED)
def log1p(x):  # noqa: ANN001, ANN201 - compiled
    """The natural logarithm of one more."""
    u = 1.0 + x
    return x if u == 1.0 else log(u) * (x / (u - 1.0))


# The plain hand.


def series_plain(x: float, c: tuple[float, ...]) -> float:
    """The sum of c[n] x^n, in the same order."""
    pairs = [low + high * x for low, high in zip(c[::2], (*c[1::2], 0.0), strict=True)]
    x2 = x * x
    x4 = x2 * x2
    first, second, third = (pairs[n] + pairs[n + 1] * x2 for n in (0, 2, 4))
    return (first + second * x4) + (third + pairs[6] * x4) * (x4 * x4)


def exp_plain(x: float) -> float:
    """The exponential."""
    x = min(max(x, -MOST), MOST)
    k = round(x * PER_LOG2)
    r = (x - k * LOG2) - k * LOG2_REST
    return math.ldexp(series_plain(r, TERMS), k)


def log_plain(x: float) -> float:
    """The natural logarithm."""
    m, k = math.frexp(x)
    if m < math.sqrt(0.5):
        m, k = 2.0 * m, k - 1
    f = (m - 1.0) / (m + 1.0)
    return k * LOG2 + (f * series_plain(f * f, ODD) + k * LOG2_REST)


def expm1_plain(x: float) -> float:
    """The exponential less one."""
    u = exp_plain(x)
    return x if u == 1.0 else (u - 1.0) * (x / log_plain(u))


def log1p_plain(x: float) -> float:
    """The natural logarithm of one more."""
    u = 1.0 + x
    return x if u == 1.0 else log_plain(u) * (x / (u - 1.0))
