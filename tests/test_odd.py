"""The ODD+D document holds all that the code has."""

import re

from sim import state
from sim.cli import main
from sim.observables import OBSERVABLES
from sim.parameters import REGISTRY
from sim.report import odd
from sim.schedule import MONTH


def test_the_document_has_every_room_parameter_and_observable(capsys):
    assert main(["odd"]) == 0
    page = capsys.readouterr().out
    told = re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)
    assert set(REGISTRY) <= set(told)
    assert set(OBSERVABLES) <= set(told)
    for step in MONTH:
        assert step.reason in page
        assert str(step.room.__doc__).strip() in page
    assert "{{" not in page
    assert "None" not in re.sub(r"\*\*[^*]+\*\* None\.", "", page)


def test_every_column_of_an_entity_is_there_with_its_meaning():
    for table in odd.tables():
        assert [name for name, _ in table.columns] == list(state.TABLES[table.name]._fields)
        assert table.columns[0][1] != "likewise"


def test_values_and_ranges_are_those_of_the_registry():
    told = {p["path"]: p for room in odd.rooms() for p in room.parameters}
    assert (told["ties.build"]["value"], told["ties.build"]["unit"]) == ("0.0077", REGISTRY["ties.build"].unit)
    assert told["funding.decide_at"]["range"] == "authority, neighbourhood"
    assert told["picture.on"]["range"] == "on, off"


def test_odd_takes_no_settings(capsys):
    assert main(["odd", "x"]) == 2
    assert "takes no settings" in capsys.readouterr().err
