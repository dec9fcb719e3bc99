"""What all tests share."""

import os
from pathlib import Path

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


@pytest.fixture
def no_power_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk would take most of the time of tests that write thousands of files."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test runs in a folder of its own, and writes its results there."""
    monkeypatch.chdir(tmp_path)
