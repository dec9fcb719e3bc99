"""What all tests share."""

import os

import matplotlib as mpl
import pytest
from hypothesis import settings

from sim import compose, run_ensemble

mpl.use("Agg")  # no screen is needed

# Compiled kernels take seconds the first time they run, so no example has a deadline.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before tests are shared out all is compiled once, by two processes that share the work; else each does it all."""
    if session.config.getoption("numprocesses", None):
        run_ensemble(compose(["place.residents=1500", "months=1"]), replicates=2, workers=2)
