"""Own exponential and logarithm: as near to the true ones as they say, and the same bits by both hands."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from sim import elementary
from sim.elementary import MOST

BESIDE = {"exp": (st.floats(-MOST, MOST), 4), "log": (st.floats(1e-300, 1e300), 4), "expm1": (st.floats(-40, 40), 6),
          "log1p": (st.floats(-0.999, 1e6), 6)}  # fmt: skip
"""Where each is asked, and within how many units in the last place it stands."""


@pytest.mark.parametrize("name", BESIDE)
def test_it_is_near_the_true_one_and_both_hands_agree_to_the_bit(name: str) -> None:
    compiled, plain, true = getattr(elementary, name), getattr(elementary, f"{name}_plain"), getattr(math, name)
    asked, units = BESIDE[name]

    @given(asked)
    @example(0.5)
    @example(1.0)
    @example(math.nextafter(1.0, 0.0))
    def check(x: float) -> None:
        here = compiled(x)
        assert np.float64(here).tobytes() == np.float64(plain(x)).tobytes()
        assert abs(here - true(x)) <= units * np.spacing(max(abs(true(x)), 2.0**-1000))

    check()


@pytest.mark.parametrize(("at", "value"), [(0.0, 1.0), (-0.0, 1.0), (-1e9, math.exp(-MOST)), (1e9, math.exp(MOST))])
def test_exp_at_nought_and_beyond_its_ends(at: float, value: float) -> None:
    assert elementary.exp(at) == elementary.exp_plain(at) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("name", ["expm1", "log1p"])
@pytest.mark.parametrize("x", [0.0, 1e-300, -1e-17, 1e-17])
def test_near_nought_nothing_is_lost(name: str, x: float) -> None:
    assert getattr(elementary, name)(x) == getattr(elementary, f"{name}_plain")(x) == x




@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the C library's instructions can be chosen on Linux alone")
def test_an_old_processor_gives_the_published_bits(tmp_path: Path) -> None:
    """Neither numba nor NumPy nor the C library may use what came after SSE3."""
    old = {
        "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "TAKESTWO_CACHE": str(tmp_path),
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX,-FMA4",
    }  # fmt: skip
    command = [str(Path(sys.executable).with_name("takestwo")), "verify"]
    done = subprocess.run(command, env=os.environ | old, capture_output=True, text=True, check=False)
    assert "as published." in done.stdout, done.stdout + done.stderr
