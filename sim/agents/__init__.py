"""Residents, volunteers, charities, services and the council as Mesa agents: windows on the columns of the state.

A window is a row of a table and the permanent id that stood there when the window was opened. It keeps nothing else:
``resident.trust_council`` reads the column, ``resident.trust_council = 0.5`` writes it. What has several values a row
(``resident.need``) is an array that writes through. Windows are made when they are looked at and are equal when model
and id are, so a set of 100,000 costs about a millisecond and reading a whole set makes none.

Rows are used again: a resident's by the replacement, a closed charity's by a new one. A window on who is gone says so.

Mesa's own ``Agent.__init__`` is never called. It would enter 100,000 objects in the model, and in Mesa 3.3 it keeps
every model alive for ever (in ``Agent._ids``). For the same reason the sets are our own: Mesa's hold their agents
weakly, and would drop windows at once.
"""

from sim.agents.kinds import Charity, Council, CouncilService, Officer, Partnership, Resident, Volunteer
from sim.agents.sets import Windows
from sim.agents.window import Gone, Window

__all__ = [
    "Charity", "Council", "CouncilService", "Gone", "Officer", "Partnership", "Resident", "Volunteer", "Window",
    "Windows",
]  # fmt: skip
