"""The ODD+D document holds all that the code has."""

import inspect
import re
from itertools import pairwise

import pytest

from sim import draws, state
from sim.analysis.patterns import WHAT, patterns
from sim.chance import Die
from sim.cli import main
from sim.composition import compose, options
from sim.founding import published_constants
from sim.founding.solving import Solved
from sim.ledger import FLOWS
from sim.observables import OBSERVABLES
from sim.parameters import REGISTRY
from sim.report import odd, references, stated
from sim.schedule import MONTH
from sim.source import HERE, data_table
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
        assert list(stated.options(group)) == options(group)
        assert all(option["what"] for option in stated.options(group).values())
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


def test_each_work_that_a_source_names_is_listed_once_with_all_that_name_it():
    listed = page_of_references()
    assert listed == dict(references.references(template()))
    for cited in references.every_source(template()):
        for work in references.works(cited.says):
            name = cited.name.rpartition(".")[2] if cited.kind == "place" else cited.name or "head of this page"
            assert re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", listed[work]), (work, cited)


def test_references_stand_in_the_order_of_the_alphabet():
    works = [work for work, _ in references.bibliography()]
    assert list(page_of_references()) == works
    letters = [re.sub(r"[^a-z0-9 ]", "", work.casefold().replace("ü", "u")) for work in works]
    assert letters == sorted(letters)


def test_a_source_is_a_work_or_ours_or_told_to_be_neither():
    told = {reference.work for reference in references.unnamed()}
    for cited in references.every_source(template()):
        assert not references.unknown(cited.says), cited
        if cited.kind in {"parameter", "pattern", "place"}:
            known = bool(references.works(cited.says)) or cited.says.lower().startswith(OWN)
            assert known != (cited.says in told), cited
    page = odd.document()
    assert told
    assert all(f"\n| {says} | " in page for says in told)


OWN = ("assumption", "[a]", "model", "contested", "by definition")
"""How a source begins that is nobody's work."""


def template():
    return (HERE / "report" / "odd.md.jinja").read_text(encoding="utf-8")


def page_of_references():
    """The works that the document lists, each with where it is named."""
    found = re.findall(r"^- (.+) \*Named in\* (.+)\.$", odd.document().partition("\n## References\n")[2], re.MULTILINE)
    assert len(found) == len(dict(found))
    return dict(found)


@pytest.mark.parametrize(
    ("says", "begins"),
    [
        ("Hall (2019): a friend", ["Hall, J. A."]),
        ("Mollenhorst; Roy 2022", ["Mollenhorst, G.", "Roy, C."]),
        ("NCVO, Time Well Spent (2019)", ["NCVO (2019)"]),
        ("NCVO (2018)", ["NCVO (2018)"]),
        ("NCVO", ["NCVO. UK Civil Society Almanac"]),
        (
            "assumption; for a decline: Putnam 2000; against: Lim & Laurence 2015",
            ["Putnam", "Lim, C."],
        ),
        ("Hallam 2019", []),
        ("assumption", []),
    ],
)
def test_a_work_is_known_by_the_name_under_which_it_is_cited(says, begins):
    works = references.works(says)
    assert len(works) == len(begins)
    assert all(work.startswith(begin) for work, begin in zip(works, begins, strict=True))


def test_a_work_that_is_not_in_the_list_is_noticed():
    assert references.unknown("Hall 2019; Hallam & Short 2019; as of June 2018") == ["Hallam & Short 2019"]
    assert references.unknown("Nobody et al. (2031), from 2019") == ["Nobody et al. 2031"]


@pytest.mark.parametrize("name", ["bands", "services", "drivers"])
def test_every_value_of_a_data_file_is_printed(name):
    page = odd.document()
    for row in data_table(name):
        assert f"| {' | '.join(row.values())} |" in page
    assert f"**{name}.csv.** {references.comment(name)}\n" in page


def test_what_is_solved_is_printed_for_the_default_place():
    solved = Solved.load(published_constants(compose([])))
    page = odd.document()
    for name, column in solved.constants._asdict().items():
        value = "each town's own" if name in stated.OF_A_TOWN else f"{column[0]:.4g}"
        assert f"| `{name}` | {value} | " in page
    assert f"| `met_founding` | {', '.join(f'{met:.4g}' for met in solved.quintiles.met_founding)} | " in page
    assert f"| `libraries` | {solved.joint.officer[2]:.4g} | " in page


def test_without_published_constants_the_document_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(stated, "published_constants", lambda _: tmp_path / "none.npz")
    monkeypatch.setattr(stated, "constants_file", lambda _: tmp_path / "none.npz")
    page = odd.document()
    assert "they do not come with this version of the source" in page
    assert "| `join_rate` |  | k0 a month |" in page
    assert "Joint work at founding" not in page


def test_a_number_that_cannot_be_set_is_printed_with_what_it_means():
    numbers = {number.name: number for number in stated.fixed()}
    assert numbers["VENUES"] == ("VENUES", "3", "Places to meet in a neighbourhood: assumption.")
    assert numbers["NEED_BY_QUINTILE"].value == "1.5, 1.2, 1, 0.8, 0.6"
    assert all(number.meaning for number in numbers.values())


def test_what_a_file_of_the_configuration_sets_is_printed():
    assert stated.options("ablation")["no_damage"]["sets"] == "`reorganisation.damage=0`"
    assert stated.options("world")["deep"]["sets"] == "as `history`; `deepening=2`"
    assert stated.options("world")["next_decade"]["sets"].startswith("as `history` before month 0; ")
    assert "`restructure_rate=0.35` (a year, from memory" in stated.options("world")["history"]["sets"]
    assert "sources" not in stated.options("place")["county"]["sets"]


def test_a_reader_is_told_that_values_are_centres_and_how_draws_are_taken():
    page = odd.document()
    assert "a parameter's value is the\ncentre of what is known of it" in page.partition("### III.iv ")[2]
    luck = page.partition("### II.ix ")[2].partition("\n### ")[0]
    assert f"{draws.WIDE:g} times apart" in " ".join(luck.split())
    told = {p["path"]: p["range"] for room in odd.rooms() for p in room.parameters}
    for path, entry in REGISTRY.items():
        assert ("drawn from" in told[path]) == (entry.likely is not None), path
    assert told["renewal.death_rate"] == "0 to 1; drawn from 0.01 to 0.012"


def test_how_many_numbers_are_assumptions_is_counted():
    counted = odd.confidence()
    numbers = [entry for entry in REGISTRY.values() if entry.is_number]
    assert counted["all"] == len(numbers) == counted["high"] + counted["medium"] + counted["low"]
    assert 0 < counted["assumed"] < counted["all"]
