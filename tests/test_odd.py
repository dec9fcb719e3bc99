"""The ODD+D document holds all that the code has."""

import inspect
import re
from itertools import pairwise

from sim import state
from sim.analysis.patterns import WHAT, patterns
from sim.chance import Die
from sim.cli import main
from sim.composition import options
from sim.ledger import FLOWS
from sim.observables import OBSERVABLES
from sim.parameters import REGISTRY
from sim.report import odd
from sim.schedule import MONTH
from sim.switches import SWITCHES


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
    assert "None" not in re.sub(r"\*\*[^*]+\*\* None[.:]", "", page)


def test_every_column_of_an_entity_is_there_with_its_meaning():
    for table in odd.tables():
        assert [name for name, _ in table.columns] == list(state.TABLES[table.name]._fields)
        assert all(meaning for _, meaning in table.columns), table.name


def test_a_column_takes_no_meaning_from_the_one_above_unless_it_says_so():
    for table in odd.tables():
        lines = inspect.getsource(state.TABLES[table.name]).splitlines()
        for above, (name, meaning) in pairwise([("", ""), *table.columns]):
            (line,) = [line for line in lines if line.startswith(f"    {name}: ")]
            own = line.partition("  # ")[2]
            told = f"as `{above[0]}`" if own == odd.LIKEWISE else own
            assert meaning == told.replace("|", "\\|"), f"{table.name}.{name} is told as {meaning}, and says {own!r}"
            assert above[0] or own != odd.LIKEWISE, f"{table.name}.{name} is as no column above it"


def test_values_and_ranges_are_those_of_the_registry():
    told = {p["path"]: p for room in odd.rooms() for p in room.parameters}
    assert (told["ties.build"]["value"], told["ties.build"]["unit"]) == ("0.0077", REGISTRY["ties.build"].unit)
    assert told["funding.decide_at"]["range"] == "authority, neighbourhood"
    assert told["picture.on"]["range"] == "on, off"


def test_odd_takes_no_settings(capsys):
    assert main(["odd", "x"]) == 2
    assert "takes no settings" in capsys.readouterr().err


ELEMENTS = {
    "I.i": "ab", "I.ii": "abcde", "I.iii": "a", "II.i": "abcde", "II.ii": "abcdefgh", "II.iii": "ab", "II.iv": "abcde",
    "II.v": "ac", "II.vi": "abcd", "II.vii": "ab", "II.viii": "ab", "II.ix": "a", "II.x": "ab", "III.i": "ab",
    "III.ii": "abc", "III.iii": "a", "III.iv": "abc",
}  # fmt: skip
"""The guiding questions of ODD+D (Müller et al. 2013, table 1), by number; of prediction the first and the last."""


def test_every_question_of_the_protocol_is_answered_in_its_order():
    page = odd.document()
    headings = re.findall(r"^### ([IVX]+\.[ivx]+) ", page, re.MULTILINE)
    assert headings == list(ELEMENTS)
    for element, questions in ELEMENTS.items():
        section = page.partition(f"### {element} ")[2].partition("\n### ")[0]
        assert [q for q in questions if f"{element}.{q}" in section] == list(questions), element


def test_what_the_tables_hold_is_all_that_the_code_holds():
    page = odd.document()
    assert {name for names in odd.dice().values() for name in names} == {d.name.lower().replace("_", " ") for d in Die}
    assert sum(map(len, odd.stocks().values())) == len(FLOWS)
    for claim, switch in SWITCHES.items():
        assert f"| {claim} | {switch.claim} |" in page
    for group in ("place", "world", "policy", "rival", "ablation"):
        assert list(odd.options(group)) == options(group)
        assert all(odd.options(group).values())
    for name in state.TABLES:
        assert (f"**{name}.**" in page) == (name not in odd.MEMORY)
    for room in odd.rooms():
        assert set(room.told) == {"Reads", "Writes", "Source", "Departs"}
    assert [claim for claim in every_claim() if claim not in SWITCHES] == ["S14"]
    assert "S14 has no row" in page


def every_claim():
    """The claims of the essay by number, up to the last that has a switch."""
    return [f"S{number}" for number in range(1, 1 + max(int(claim[1:]) for claim in SWITCHES))]


def test_patterns_are_in_the_words_of_the_evidence_and_name_what_they_are_measured_with():
    rows = {row["id"]: row for row in odd.patterns()}
    assert rows.keys() == {*patterns(), *patterns("declared")} == WHAT.keys()
    page = odd.document()
    for name, row in rows.items():
        assert row["what"] == WHAT[name]
        assert f"| {name} | {row['what']} | {row['measured']} |" in page
        named = set(re.findall(r"`(\w+)`", row["measured"]))
        assert named <= set(OBSERVABLES)
        assert bool(named) != row["measured"].startswith("not measured: "), name
        assert row["unit"] == row["what"] or f"| {row['unit']} |" not in page
    assert rows["C1"]["measured"] == "`formal_volunteering`"
    assert rows["V20"]["measured"].startswith("`lonely`; a stand-in")


def test_every_table_is_whole():
    """As many cells in each row as in the head, or Markdown drops some."""
    for block in re.findall(r"(?:^\|.*\n)+", odd.document(), re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block[:300]


def test_how_many_numbers_are_assumptions_is_counted():
    counted = odd.confidence()
    numbers = [entry for entry in REGISTRY.values() if entry.is_number]
    assert counted["all"] == len(numbers) == counted["high"] + counted["medium"] + counted["low"]
    assert 0 < counted["assumed"] < counted["all"]
