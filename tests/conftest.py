"""What all tests share."""

import os

import matplotlib as mpl
from hypothesis import settings

mpl.use("Agg")  # no screen is needed

# Compiled kernels take seconds the first time they run, so no example has a deadline.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
