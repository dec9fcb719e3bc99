"""``python -m sim.cli`` is ``takestwo``, where the command is not on the path."""

import sys

from sim.cli import main

sys.exit(main())
