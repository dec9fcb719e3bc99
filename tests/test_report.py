"""The report: its numbers are those of the tables, its words say no more than the runs bear, it opens offline."""

import base64
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from omegaconf import OmegaConf

from sim.cli import comparison
from sim.composition import compose
from sim.contrast import GAINED, GAINS, by_part
from sim.files import OutputError
from sim.headlines import GROUPS, WHERE
from sim.observables import OBSERVABLES
from sim.report import page, write_report
from sim.report.figures import COLOURS, _ticks, caption, paths, sections
from sim.report.gains import bands, bought, spent, where
from sim.report.parts import _places, parts, where_found
from sim.report.study import Scenario, account_of, read_study
from sim.report.svg import smaller
from sim.report.words import begun, changed, finding, findings, peaks
from sim.results import Results, read_results, write_results
from sim.tables import PARTS, SCHEMAS, Tables, joined
from sim.units import date_of
from sim.wording import amount, interval, sign, signed

PROVENANCE = {"command": ["takestwo", "run", "place.residents=1500"], "source": "abc123", "versions": {"numpy": "2"}}
PROVENANCE |= {"runs": []}
LEVELS = {
    "hours_discretionary": 2000.0, "hours_statutory": 2200.0, "unmet_need": 0.2, "formal_volunteering": 0.27,
    "ties_per_resident": 17.0, "trust_council": 0.54, "lonely": 0.14, "spend_nurture": 0.0,
}  # fmt: skip


def lived(config, replicates=8, moves=None):
    """Results of made-up runs: each outcome keeps its level, or adds what `moves` gives it, a value a month."""
    fields = SCHEMAS["results"]
    parts = []
    for replicate in range(replicates):
        luck = np.random.default_rng(replicate)
        months = config.months
        columns = {"run_id": [f"{config.scenario['policy']}-{replicate}"] * months, "replicate": [replicate] * months}
        columns |= {name: [text] * months for name, text in config.scenario.items()}
        columns |= {"draw": [0] * months, "seed": [replicate] * months, "month": list(range(months))}
        columns["date"] = [date_of(m, config.world.first_month) for m in range(months)]
        for name in OBSERVABLES:
            noise = 0.01 * luck.standard_normal(months) + 0.01 * luck.standard_normal()
            columns[name] = LEVELS.get(name, 5.0) * (1.0 + noise) + np.asarray((moves or {}).get(name, 0.0))
        parts.append(pa.table([pa.array(columns[f.name], f.type) for f in fields], schema=fields))
    return Tables(pa.concat_tables(parts), **{name: SCHEMAS[name].empty_table() for name in PARTS})


def write(folder, points, *tables, typed=1):
    """A results folder of one or several scenarios, as the command writes it; so many words of each tell them apart."""
    configs = [compose(point) for point in points]
    each = enumerate(zip(points, configs, strict=True))
    content = {str(n): {"overrides": p[:typed], "config": c.resolved()} for n, (p, c) in each}
    plain = configs[0].resolved() if len(points) == 1 else {"points": content}
    text = OmegaConf.to_yaml(OmegaConf.create(plain))
    write_results(folder, Results(joined(tables)), config=text, provenance=PROVENANCE)
    return folder


MONTHS = 48
ONE = ["months=48", "place.residents=1500"]
FALL = {"hours_discretionary": np.where(np.arange(MONTHS) < 24, 0.0, -800.0)}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    folder = write(tmp_path_factory.mktemp("one"), [ONE], lived(compose(ONE), moves=FALL))
    write_report(folder)
    return folder


PAIR = [[policy, "months=96", "policy.nurture_early.months=48"][: 3 if "early" in policy else 2]
        for policy in ("policy=none", "policy=nurture_early")]  # fmt: skip


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    # Luck is shared, so that the paired difference is the move itself; it lasts while the policy is paid.
    paid = np.isin(np.arange(96), np.arange(24, 72))
    tables = [lived(compose(PAIR[0])), lived(compose(PAIR[1]), moves={"ties_per_resident": 0.5 * paid})]
    folder = write(tmp_path_factory.mktemp("two"), PAIR, *tables)
    write_report(folder)
    return folder


FIFTHS = {2: 0.0, 3: 0.004, 5: -0.02}
"""Quintiles of the made-up place, and what the scenario adds to unmet need there."""
AREAS = {"inside": -0.03, "next door": 0.0, "the rest": 0.0}


def in_parts(tables, moves):
    """The same runs by quintile and by area: as the whole, but for unmet need, which moves with luck of its own."""
    made = {}
    whole = tables.results.to_pandas()
    for name, moved in (("by_quintile", FIFTHS), ("by_area", AREAS)):
        label, every = PARTS[name]
        frame = pd.concat([whole.assign(**{label: part}) for part in every], ignore_index=True)
        frame = frame.sort_values(["run_id", "month"], kind="stable")
        noise = np.random.default_rng(1).standard_normal(len(frame)) * 0.02 * moves
        frame["unmet_need"] += noise + moves * frame[label].map(moved)
        frame.loc[~frame[label].isin(moved), list(OBSERVABLES)] = np.nan  # nobody lives there
        made[name] = pa.Table.from_pandas(frame, SCHEMAS[name], preserve_index=False)
    return replace(tables, **made)


AREA = [[*words[:2], "place.funded_area=3000", *words[2:]] for words in PAIR]


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """A comparison in a place with several fifths and a funded area, and with gains and losses."""
    tables = [in_parts(lived(compose(words)), moves) for moves, words in enumerate(AREA)]
    folder = write(tmp_path_factory.mktemp("apart"), AREA, *tables)
    gained = pd.DataFrame([dict.fromkeys(GAINED, 0.1) | {"outcome": name, "residents": 1477.6} for name in GAINS])
    gained["net_low"], gained["net_high"] = -0.0123456789, 0.2123456789
    gained = gained.assign(counterfactual_overrides="policy=none", scenario_overrides="policy=nurture_early")
    gained.to_csv(folder / "gained_and_lost.csv", index=False)
    write_report(folder)
    return folder


class Page(HTMLParser):
    """The numbers of every outcome table, in order, and of every other; every address; every tag."""

    def __init__(self, folder):
        super().__init__()
        self.rows, self.others, self.links, self.tags = [], {}, [], []
        self.text = (folder / "report.html").read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.links += [attrs[name] for name in ("href", "src", "srcset") if name in attrs]
        if "data-outcome" in attrs:
            self.rows.append((attrs["data-outcome"], []))
            self.told = self.rows[-1][1]
        for name in ("data-part", "data-gain", "data-mean", "data-band"):
            if name in attrs:
                self.told = self.others.setdefault(attrs[name], [])
        if tag == "data":
            self.told.append(float(attrs["value"]))


def test_the_funded_area_is_told_with_its_people_and_charities_by_income(apart):
    text = " ".join(Page(apart).text.split())
    place = read_study(apart).first.config.place
    inside = place.area_residents
    assert f"{inside:,} of them in the funded area, {place.area_neighbourhoods} of" in text
    assert "within 2 km of a funded" in text
    study = read_study(apart)
    known = {"income_band": "micro", "difference": 1.5, "low": 1.0, "high": 2.0, "pairs": 3}
    units = (("charities", "bodies"), ("income_total", "GBP"))
    rows = [known | {"outcome": name, "unit": unit} for name, unit in units]
    vars(study)["bands"] = {s.name: pd.DataFrame(rows) for s in study.others}
    ((_, columns, ((name, cells),)),) = bands(study)
    assert (name, columns) == ("Micro", ["Charities", "Their income, £ a month"])
    assert [cell.difference.text for cell in cells] == ["+1.5", "+£2"]
    assert 'data-band="Micro:charities"' in page.page(study)


def test_files_are_there_and_are_pictures(one):
    assert (one / "figures" / "paths.png").read_bytes().startswith(b"\x89PNG")
    assert len((one / "figures" / "paths.png").read_bytes()) > 20_000
    root = ET.parse(one / "figures" / "paths.svg").getroot()  # noqa: S314 - our own file
    assert root.tag.endswith("svg")
    assert len(list(root.iter())) > 200


def test_numbers_are_those_of_the_summary(one):
    summary = pd.read_csv(one / "summary.csv").set_index("outcome")
    rows = Page(one).rows
    assert [outcome for outcome, _ in rows] == [name for group in GROUPS.values() for name in group]
    for outcome, numbers in rows:
        expected = summary.loc[outcome, ["start", "end", "change", "change_5", "change_95"]]
        assert numbers == pytest.approx(list(expected), rel=1e-12), outcome


def test_numbers_of_a_comparison_are_paired_differences(two):
    frame = read_results(two).results
    last = frame[frame.month >= 84].groupby(["policy", "replicate"])["ties_per_resident"].mean()
    paid = frame[(frame.month >= 60) & (frame.month < 72)].groupby(["policy", "replicate"])["ties_per_resident"].mean()
    rows = [numbers for outcome, numbers in Page(two).rows if outcome == "ties_per_resident"]
    for numbers, means in zip(rows, (paid, last), strict=False):
        apart = means["nurture_early"] - means["none"]
        assert numbers[0] == pytest.approx(means["none"].mean())
        assert numbers[2] == pytest.approx(apart.mean(), abs=1e-12)
        half = 2.3646 * apart.std() / np.sqrt(8)  # Student's t, 7 degrees of freedom
        assert numbers[3:] == pytest.approx([apart.mean() - half, apart.mean() + half], abs=1e-6)
    assert len(rows) == 4  # two periods, then each scenario's own change


def test_numbers_by_part_are_paired_differences(apart):
    told = Page(apart).others
    study = read_study(apart)
    for table, moved in (("by_quintile", FIFTHS), ("by_area", AREAS)):
        label = PARTS[table][0]
        rows = by_part(study.first.results, study.others[0].results, table).set_index([label, "outcome"])
        for part in moved:
            for outcome in WHERE:
                expected = rows.loc[(part, outcome), ["difference", "low", "high"]]
                assert told[f"{table}:{part}:{outcome}"] == pytest.approx(list(expected), rel=1e-12), (part, outcome)
    paid = read_results(apart).by_area
    paid = paid[(paid.month >= 60) & (paid.month < 72) & (paid.area == "inside")]  # the last year of the money
    means = paid.groupby(["policy", "replicate"])["unmet_need"].mean()
    apart_then = (means["nurture_early"] - means["none"]).mean()
    assert told["paid:by_area:inside:unmet_need"][0] == pytest.approx(apart_then, rel=1e-12)
    assert told["paid:by_area:inside:unmet_need"][0] != told["by_area:inside:unmet_need"][0]
    assert told["by_area:inside:unmet_need"][0] == pytest.approx(-0.03, abs=0.01)
    assert not any(key.startswith(("by_quintile:1:", "by_quintile:4:")) for key in told)  # nobody lives there


def test_the_terminal_tells_the_parts_while_it_was_paid(apart):
    study = read_study(apart)
    cells = [[str(cell) for cell in comparison.where(study, study.others, paid=paid).columns[1].cells]
             for paid in (True, False)]  # fmt: skip
    assert [len(each) for each in cells] == [6, 6]
    assert cells[0] != cells[1]


def test_numbers_of_who_gained_are_those_of_the_table(apart):
    told = Page(apart).others
    rows = pd.read_csv(apart / "gained_and_lost.csv").set_index("outcome")
    assert set(rows.index) == set(GAINS)
    for outcome, row in rows.iterrows():
        expected = row[["gained", "lost", "net", "net_low", "net_high"]]
        assert told[outcome] == pytest.approx(list(expected), rel=1e-12)
    assert "shares of 1,478 residents" in Page(apart).text


def test_the_picture_of_the_parts_says_what_it_shows(apart, two):
    study = read_study(apart)
    assert where_found(study) == (
        "Final year, against no policy: unmet need higher in the 3rd fifth; unmet need lower in the least deprived "
        "fifth and inside; no clear difference anywhere in ties a resident or volunteering"
    )
    assert {path.name for path in (apart / "figures").iterdir()} == {f"{n}.{s}" for n in ("parts", "paths")
                                                                    for s in ("png", "svg")}  # fmt: skip
    assert parts(read_study(two)) is None  # there is one part only, the whole
    assert "Who gains" not in Page(two).text


def test_a_fifth_that_is_the_funded_area_is_told_once(tmp_path):
    made = [in_parts(lived(compose(words)), moves) for moves, words in enumerate(AREA)]
    for number, tables in enumerate(made):
        fifth, area = tables.by_quintile.to_pandas(), tables.by_area.to_pandas()
        (label, _), (other, _) = PARTS["by_quintile"], PARTS["by_area"]
        there, here = fifth[label] == 5, area[other] == "inside"
        area.loc[here, list(WHERE)] = fifth.loc[there, list(WHERE)].to_numpy()
        made[number] = replace(tables, by_area=pa.Table.from_pandas(area, SCHEMAS["by_area"], preserve_index=False))
    study = read_study(write(tmp_path, AREA, *made))
    assert "lower in the least deprived fifth (which is inside);" in where_found(study)


def test_where_all_is_clear_nothing_is_told_as_unclear(tmp_path):
    before, after = (in_parts(lived(compose(words)), 0) for words in AREA)
    areas = after.by_area.to_pandas()
    areas.loc[areas[PARTS["by_area"][0]] == "inside", list(WHERE)] += 0.1
    after = replace(after, by_area=pa.Table.from_pandas(areas, SCHEMAS["by_area"], preserve_index=False))
    assert where_found(read_study(write(tmp_path, AREA, before, after))) == (
        "Final year, against no policy: unmet need higher, ties a resident higher and volunteering higher inside"
    )


def test_each_scenario_has_a_sentence_on_the_parts(tmp_path):
    words = [*AREA, ["policy=ready_meals", *AREA[0][1:]]]
    tables = [in_parts(lived(compose(each)), moves % 2) for moves, each in enumerate(words)]
    told = where_found(read_study(write(tmp_path, words, *tables)))
    assert told.startswith("Final year, against no policy. Organisers from April 2009: unmet need ")
    assert told.endswith(". Publicity from April 2009: nothing clear")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["inside"], "inside"),
        (["inside", "the rest"], "inside and in the rest"),
        (["2nd fifth", "3rd fifth", "next door"], "in the 2nd fifth, the 3rd fifth and next door"),
        (["2nd fifth", "3rd fifth", "inside", "next door"], "in every part"),
    ],
)
def test_parts_are_told_in_good_english(names, told):
    assert _places(names, 4) == told


def test_parts_of_one_pair_claim_nothing(tmp_path):
    tables = [in_parts(lived(compose(words), replicates=1), moves) for moves, words in enumerate(AREA)]
    study = read_study(write(tmp_path, AREA, *tables))
    assert where_found(study) == "Final year, by part of the place: one pair of runs, so no interval"
    cells = [cell for _, _, row in where(study).tables[-1][2] for cell in row]
    assert {(cell.low.text, cell.high.text) for cell in cells} == {("–", "–")}
    assert all(cell.difference.text != "–" for cell in cells)


@pytest.mark.parametrize("columns", [3, 1])
def test_no_word_of_the_figure_of_parts_is_cut_or_covered(apart, columns):
    figure = parts(read_study(apart), columns)
    figure.draw_without_rendering()
    assert_readable(figure, [label for axes in figure.axes for label in axes.get_yticklabels()])


def test_a_table_of_gains_of_another_version_is_told(apart, tmp_path):
    folder = write(tmp_path, PAIR, *(lived(compose(words), replicates=2) for words in PAIR))
    columns = "outcome,counterfactual_overrides,scenario_overrides"
    (folder / "gained_and_lost.csv").write_text(f"{columns}\nties,policy=none,policy=nurture_early\n")
    with pytest.raises(OutputError, match=r"gained_and_lost.csv has no column gained"):
        write_report(folder)


def test_outcomes_of_the_tables_exist():
    assert {name for group in GROUPS.values() for name in group} <= set(OBSERVABLES)


@pytest.mark.parametrize("folder", ["one", "two", "apart"])
def test_the_page_loads_nothing_from_elsewhere_and_is_small(folder, request):
    page = Page(request.getfixturevalue(folder))
    assert all(link.startswith(("#", "data:")) for link in page.links), page.links
    assert not {"script", "link", "iframe", "object"} & {tag for tag, a in page.tags if a.get("rel") != "icon"}
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", page.text)
    embedded = [link for link in page.links if link.startswith("data:image/svg")]
    assert len(embedded) == (4 if folder == "apart" else 2)
    for link in embedded:
        assert ET.fromstring(base64.b64decode(link.partition(",")[2])).tag.endswith("svg")  # noqa: S314 - our own
    assert len(page.text.encode()) < 600_000


def test_the_page_is_well_formed_and_can_be_heard(one):
    page = Page(one)
    tags = [tag for tag, _ in page.tags]
    assert dict(page.tags)["html"]["lang"] == "en-GB"
    assert tags.count("h1") == tags.count("main") == 1
    assert tags.count("table") == tags.count("caption")
    assert all(attrs.get("scope") for tag, attrs in page.tags if tag == "th")
    (alt,) = [attrs["alt"] for tag, attrs in page.tags if tag == "img"]
    assert "Discretionary council hours fell 40%" in alt
    for tag in ("section", "table", "tr", "td", "th", "details", "dl", "ul", "div"):
        assert tags.count(tag) == page.text.count(f"</{tag}>"), tag


def test_the_page_says_what_was_run_and_what_may_not_be_said(one):
    text = Page(one).text
    for words in (
        "1,500 residents", "England, 2007 to 2024", "takestwo run place.residents=1500", "abc123",
        "forecast of any place", "austerity caused", "replace staff",
        "Intervals are over luck only so far", "volunteering.asked_share",
    ):  # fmt: skip
        assert words in text, words


def test_altered_parameters_are_named(tmp_path):
    words = [*ONE, "volunteering.asked_share=0.5"]
    folder = write(tmp_path, [words], lived(compose(words), replicates=2))
    write_report(folder)
    assert "but volunteering.asked_share 0.5 (stated: " in Page(folder).text


def test_what_shows_an_altered_mechanism_is_told(tmp_path):
    words = ["reorganisation.damage=0", *ONE]
    tables = [lived(compose(point), replicates=2) for point in (ONE, words)]
    folder = write(tmp_path, [ONE, words], *tables)
    write_report(folder)
    assert re.search("What is altered.*Strength of partnerships", Page(folder).text, re.DOTALL)


def test_a_draw_is_named_and_what_was_set_in_it(tmp_path):
    words = [*ONE, "draw=3", "volunteering.asked_share=0.5"]
    drawn = compose([*ONE, "draw=3"])
    scenario = Scenario("", compose(words), None)
    assert page._parameters(drawn) == "all as drawn at random: draw 3"
    assert page._altered(scenario) == "volunteering.asked_share 0.5 (drawn: 0.56457)"


def test_what_is_typed_is_written_as_text_and_never_as_tags(tmp_path):
    folder = write(tmp_path, [ONE], lived(compose(ONE), replicates=2))
    facts = PROVENANCE | {"command": ["takestwo", "<script>alert(1)</script>"]}
    (folder / "provenance.json").write_text(json.dumps(facts))
    write_report(folder)
    assert "<script" not in Page(folder).text


# Words.


def rows(**changes):
    """Outcome rows with (start, change, 5%, 95%)."""
    index, data = list(changes), []
    for start, change, low, high in changes.values():
        data.append({"start": start, "end": start + change, "change": change, "change_5": low, "change_95": high})
    return pd.DataFrame(data, index=index).assign(unit=[OBSERVABLES[outcome].unit for outcome in index])


def said(hours, unmet, volunteering, runs=20, peaks=None, joint=(600.0, -60.0, -80.0, -40.0)):
    told = {"hours_discretionary": hours, "joint_output": joint, "unmet_need": unmet}
    return changed(rows(**told, formal_volunteering=volunteering), runs, peaks)


def test_the_title_says_what_is_clear_and_what_is_not():
    hours, unmet = (2000.0, -820.0, -900.0, -700.0), (0.2, 0.07, 0.05, 0.09)
    assert said(hours, unmet, (0.27, -0.001, -0.02, 0.02)) == (
        "Discretionary council hours fell 41%; need met in joint work fell 10%; unmet need rose from 20% to 27%; "
        "no clear change in volunteering"
    )
    assert said(hours, (0.2, 0.03, -0.001, 0.06), (0.27, 0.0, -0.1, 0.1)).endswith(
        "; no clear change in unmet need or volunteering"
    )
    nothing = (1.0, 0.0, 0.0, 0.0)
    assert said(nothing, nothing, nothing, joint=nothing) == (
        "No clear change in discretionary council hours, need met in joint work, unmet need or volunteering"
    )


def test_small_changes_are_told_with_the_digits_they_need():
    told = said((2000.0, -30.0, -40.0, -20.0), (0.2, 0.004, 0.001, 0.008), (0.27, 0.0004, 0.0001, 0.001))
    assert told == (
        "Discretionary council hours fell 1.5%; need met in joint work fell 10%; unmet need rose from 20.0% to 20.4%; "
        "volunteering rose from 27.00% to 27.04%"
    )


def test_few_runs_and_one_run_are_owned_up_to():
    hours, still = (2000.0, -820.0, -900.0, -700.0), (0.2, 0.0, -0.1, 0.1)
    assert said(hours, still, still, runs=3).endswith("(only\u00a03\u00a0runs)")
    alone = said((2000.0, -820.0, -820.0, -820.0), (0.2, 0.07, 0.07, 0.07), (0.27, 0.0, 0.0, 0.0), runs=1)
    assert alone.startswith("One run, so luck cannot be told apart")
    assert "fell" not in alone


def test_an_outcome_without_a_value_is_not_spoken_of():
    assert "unmet" not in said((2000.0, -820.0, -900.0, -700.0), (np.nan,) * 4, (0.27, 0.0, -0.1, 0.1))


def test_zero_at_the_very_end_of_an_interval_is_not_clear():
    assert [sign(0.0, 1.0), sign(-1.0, 0.0), sign(np.nan, np.nan)] == [0, 0, 0]
    assert [sign(1e-9, 1.0), sign(-1.0, -1e-9)] == [1, -1]


def test_what_came_and_went_is_told(tmp_path):
    pulse = np.where((np.arange(MONTHS) >= 18) & (np.arange(MONTHS) < 30), 0.1, 0.0)
    folder = write(tmp_path, [ONE], lived(compose(ONE), moves={"unmet_need": pulse}))
    study = read_study(folder)
    assert set(peaks(study.first)) == {"unmet_need"}
    told = "nmet need rose to 30% in the year to September 2009, with no clear change by the end"
    assert told in finding(study)


def test_a_short_run_claims_nothing(tmp_path):
    words = ["months=18", "place.residents=1500"]
    folder = write(tmp_path, [words], lived(compose(words), replicates=1))
    write_report(folder)
    assert finding(read_study(folder)).startswith("18 months: too short a run")
    assert findings(read_study(folder)) == []
    text = Page(folder).text
    assert "mean of 18 months" in text
    assert "First 12 months" not in text


def test_a_comparison_says_the_difference_while_paid_and_at_the_end(two):
    told = finding(read_study(two))
    assert told == (
        "With organisers from April 2009 rather than no policy: in the last year of the money (to March 2013) "
        "ties per resident 0.50 higher; in the final year nothing clear; no difference at all in officers’ "
        "partnerships, need met in joint work, unmet need or volunteering at either time"
    )
    assert any("+0.50 (95% interval: +0.50 to +0.50)" in sentence for sentence in findings(read_study(two)))
    assert findings(read_study(two))[-1] == (
        "No difference at all in officers’ partnerships, need met in joint work, unmet need, volunteering or ties per "
        "resident in the last 12 months."
    )


def test_pounds_for_an_area_are_told_by_its_residents(tmp_path):
    for reach, ending in (("funded_area", "a resident of the whole place, and £"), ("all", "a resident.")):
        there = [AREA[0], [*AREA[1], f"policy.nurture_early.where={reach}"]]
        paid = [lived(compose(there[0])), lived(compose(there[1]), moves={"spend_nurture": np.full(96, 1500.0)})]
        folder = write(tmp_path / reach, there, *paid)
        (told,) = spent(read_study(folder))
        assert ending in told


def test_a_thousand_pounds_is_told_in_hours_of_need_met(tmp_path):
    points = [["months=96"], ["policy=nurture_early", "months=96"]]
    residents = compose(points[0]).place.residents
    pounds, hours = 5e5 / 96, 3.0  # £500,000 in all; 3 hours a month for every 1,000 residents
    moves = {"spend_nurture": np.full(96, pounds)}
    moves |= {"capacity": hours, "capacity_paid": -hours, "capacity_unpaid": 2.0 * hours}
    study = read_study(write(tmp_path, points, lived(compose(points[0])), lived(compose(points[1]), moves=moves)))
    each = hours * residents / 1000.0 * 96 / 500.0
    (told,) = bought(study)
    assert told == (
        f"For every £1,000 spent, in hours over all 96 months: need met from every source +{each:.1f}, of it by paid "
        f"hours −{each:.1f}, by volunteers and neighbours +{2.0 * each:.1f}, in joint work 0."
    )
    assert told in page.page(study)
    assert bought(read_study(write(tmp_path / "nil", points, *(lived(compose(p)) for p in points)))) == []


def test_scenarios_that_begin_apart_are_told_at_the_top(tmp_path, two):
    words = ["ties.triadic_share=0", "months=96"]
    tables = [lived(compose(PAIR[0])), lived(compose(words), moves={"ties_per_resident": np.full(96, -1.3)})]
    folder = write(tmp_path, [PAIR[0], words], *tables)
    write_report(folder)
    told = "They begin apart, in month 0: ties per resident 1.3 lower."
    assert begun(read_study(folder))[0].startswith(told)
    assert told in Page(folder).text
    assert begun(read_study(two)) == []


def test_a_comparison_without_a_clear_difference_says_so_once(tmp_path):
    folder = write(tmp_path, PAIR, *(lived(compose(words)) for words in PAIR))
    assert finding(read_study(folder)) == (
        "With organisers from April 2009 rather than no policy, in the last year of the money (to March 2013) or in "
        "the final year: no difference at all in officers’ partnerships, need met in joint work, unmet need, "
        "volunteering or ties per resident"
    )


def test_joint_work_is_told_by_its_share(tmp_path):
    folder = write(tmp_path, PAIR, lived(compose(PAIR[0])), lived(compose(PAIR[1]), moves={"joint_output": -0.5}))
    assert "need met in joint work 10% lower" in finding(read_study(folder))
    told = [sentence for sentence in findings(read_study(folder)) if sentence.startswith("Need met in joint work")]
    assert told[0].startswith("Need met in joint work in hours a month for every 1,000 residents in the 12 months to ")


def test_several_scenarios_are_told_by_their_clear_differences(tmp_path):
    points = [[f"policy={name}", "months=96"] for name in ("none", "nurture_early", "ready_meals")]
    moves = [{}, {"formal_volunteering": 0.02}, {}]
    folder = write(tmp_path, points, *(lived(compose(p), moves=m) for p, m in zip(points, moves, strict=True)))
    study = read_study(folder)
    assert finding(study) == (
        "Against no policy, in the last year of the money (to March 2014) and then in the final year. Organisers from "
        "April 2009: volunteering +2.0 points; then volunteering +2.0 points. Publicity from April 2009: nothing clear "
        "at either time"
    )
    table = comparison.while_paid(study, study.others)
    assert [column.header for column in table.columns[1:]] == [f"{s.name}, to March 2014" for s in study.others]
    assert [str(cell) for cell in table.columns[1].cells if "2.0" in str(cell)]


def test_of_less_than_a_thousandth_no_headline_speaks(tmp_path):
    points = [[f"policy={name}", "months=96"] for name in ("none", "nurture_early")]
    for size, told in ((1e-4, "no clear difference in unmet need"), (1e-3, "unmet need 0.1 points lower")):
        tables = [lived(compose(p), moves={"unmet_need": -n * size}) for n, p in enumerate(points)]
        assert told in finding(read_study(write(tmp_path / str(size), points, *tables)))


def test_options_stand_beside_each_other(tmp_path):
    points = [[f"policy={name}", "months=96"] for name in ("none", "nurture_early", "ready_meals")]
    paid = np.isin(np.arange(96), np.arange(72, 84))
    moves = [{}, {"formal_volunteering": 0.02}, {"formal_volunteering": 0.05 + 0.01 * paid}]
    folder = write(tmp_path, points, *(lived(compose(p), moves=m) for p, m in zip(points, moves, strict=True)))
    study = read_study(folder)
    assert [(s.name, last and f"{last:%B %Y}") for s, last, _ in study.between] == [
        ("publicity from April 2009", "March 2014"), ("publicity from April 2009", None)]  # fmt: skip
    (table,) = comparison.between(study)
    differences = [[str(cell) for cell in column.cells] for column in table.columns[1:]]
    assert [[cell for cell in cells if cell.startswith("+")] for cells in differences] == [["+4.0*"], ["+3.0*"]]
    assert "With publicity from April 2009" in page.page(study)
    assert "Publicity from April 2009, less organisers from April 2009" in page.page(study)
    assert findings(study)[-2].endswith("a difference of +3.0 points (95% interval: +3.0 to +3.0 points).")


def test_money_that_ends_at_several_times_is_told_with_each(tmp_path):
    points = [["policy=none", "months=96"], ["policy=ready_meals", "months=96"],
              ["policy=nurture_early", "policy.nurture_early.months=48", "months=96"],
              ["policy=nurture_late", "months=96"]]  # fmt: skip
    folder = write(tmp_path, points, *(lived(compose(words)) for words in points))
    assert finding(read_study(folder)) == (
        "Against no policy. Publicity from April 2009: nothing clear in the last year of the money (to March 2014), "
        "nothing clear in the final year. Organisers from April 2009: nothing clear in the last year of the money (to "
        "March 2013), nothing clear in the final year. Organisers from April 2014: nothing clear in the final year"
    )


def test_several_scenarios_whose_money_lasts_are_told_of_the_final_year_alone(tmp_path):
    points = [[f"world={name}", "months=96"] for name in ("flat", "history", "essay")]
    moves = [{}, {"formal_volunteering": 0.02}, {}]
    folder = write(tmp_path, points, *(lived(compose(p), moves=m) for p, m in zip(points, moves, strict=True)))
    told = finding(read_study(folder))
    assert told.startswith("Final year, against ")
    assert "volunteering +2.0 points. " in told
    assert told.endswith(": nothing clear")


NAMED = [
    (["world=flat"], ["world=history"],
     "With England, 2007 to 2024, rather than a world where nothing changes, in the final year: "),
    (["ablation=none"], ["ablation=no_brokers"], "With no brokers rather than the main model, in the final year: "),
    (["rival=churn"], ["rival=none"],
     "With the main model rather than ties that end only as people move, in the final year: "),
    (["ablation=none", "rival=churn"], ["ablation=no_cuts", "rival=churn"],
     "With ties that end only as people move and no cuts rather than ties that end only as people move, in the final "),
    (["world=flat", "ablation=none"], ["world=essay", "ablation=no_damage"],
     "With the essay's cuts (reorganisations that do no damage) rather than a world where nothing changes (the main "),
    (["ablation=none"], ["ties.build=0.006"], "With ties.build=0.006 rather than ablation=none, in the final year: "),
]  # fmt: skip


@pytest.mark.parametrize(("first", "other", "told"), NAMED)
def test_scenarios_are_named_so_that_sentences_read(first, other, told, tmp_path):
    points = [[*words, "months=36"] for words in (first, other)]
    folder = write(tmp_path, points, *(lived(compose(words)) for words in points), typed=len(first))
    assert finding(read_study(folder)).startswith(told)


def test_the_page_says_under_which_names_an_account_is_asked_for(tmp_path):
    points = [["ablation=none", "months=36"], ["ablation=no_brokers", "months=36"]]
    study = read_study(write(tmp_path, points, *(lived(compose(words)) for words in points)))
    assert [named["Account"] for _, named in page.own(study)] == ["the main model", "no brokers (ablation=no_brokers)"]
    assert study.first.name == "the main model"


def test_an_account_without_a_file_is_told_as_it_was_typed():
    gone = compose(["ablation=no_brokers"]).model_copy(update={"ablation": "no_longer_there"})
    assert account_of(gone) == "ablation=no_longer_there"


def boxes(texts):
    return [text.get_window_extent() for text in texts if text.get_text()]


@pytest.mark.parametrize(("folder", "columns"), [("one", 3), ("two", 3), ("two", 1), ("wide", 3)])
def test_no_word_of_the_figure_is_cut_or_covered(folder, columns, request):
    figure = paths(read_study(request.getfixturevalue(folder)), columns)
    figure.draw_without_rendering()
    assert_readable(figure)


def assert_readable(figure, labels=()):
    drawn = boxes(labels) + [box for axes in figure.axes for box in boxes(axes.texts)] + boxes(figure.texts)
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in drawn)
    assert all(figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 for box in drawn)
    for some in (figure.texts, *(axes.texts for axes in figure.axes)):
        each = boxes(some)
        assert not any(a.overlaps(b) for number, a in enumerate(each) for b in each[:number])


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    points = [["world=flat", "months=204"], ["world=history", "months=204"]]
    folder = tmp_path_factory.mktemp("wide")
    return write(folder, points, *(lived(compose(p), replicates=2) for p in points))


def test_the_figure_shows_both_parties_and_what_is_between_them(one, two):
    shown = {o for s in sections(read_study(one)) for panel in s.panels for o, _ in panel.curves}
    assert {"hours_discretionary", "hours_charity", "charities_opened", "charities_closed"} <= shown
    assert {"partnerships", "shared_picture", "joint_output"} <= shown
    assert {"formal_volunteering", "ties_per_resident", "unmet_need"} <= shown
    apart, levels = sections(read_study(two))
    assert {"partnerships", "joint_output", "unmet_need"} <= {o for panel in apart.panels for o, _ in panel.curves}
    assert "spend_nurture" in {o for panel in levels.panels for o, _ in panel.curves}


def test_the_key_says_which_event_each_number_is(two):
    figure = paths(read_study(two))
    key = " ".join(text.get_text() for text in figure.texts).replace("\u00a0", " ")
    assert "1 banking crisis, Sep 2008; 2 organisers: money begins, Apr 2009; 3 spending review, Oct 2010;" in key
    assert "4 health bodies reorganised and organisers: money ends, Apr 2013" in key


def test_no_word_of_the_key_is_broken_on_a_narrow_figure(two):
    wide, narrow = (
        [text.get_text().replace("\u00a0", " ") for text in paths(read_study(two), columns).figure.texts if "Apr 20" in
         text.get_text() or "Dotted" in text.get_text() or "reo" in text.get_text()]
        for columns in (3, 1)
    )  # fmt: skip
    said = {word for line in wide for word in line.split()}
    assert {word for line in narrow for word in line.split()} <= said


def test_charities_opened_are_counted_from_the_start(one):
    study = read_study(one)
    (panel,) = [p for s in sections(study) for p in s.panels if p.counted]
    figure = paths(study)
    (axes,) = [axes for axes in figure.axes if axes.get_xlim() and len(axes.lines) and "opened" in
               {text.get_text() for text in axes.texts}]  # fmt: skip
    ends = [line.get_ydata()[-1] for line in axes.lines if len(line.get_ydata()) == MONTHS]
    expected = [study.first.matrix(outcome).sum(axis=1).mean() for outcome, _ in panel.curves]
    assert ends == pytest.approx(expected)


def panel_of(figure, name):
    """The axes in which a curve has this name, and the boxes of the names of its curves."""
    figure.draw_without_rendering()
    (axes,) = [axes for axes in figure.axes if name in {text.get_text() for text in axes.texts}]
    return axes, boxes(text for text in axes.texts if not text.get_text().isdigit())


@pytest.mark.parametrize("closed", [0.0, 0.02])
@pytest.mark.parametrize("columns", [3, 1])
def test_names_of_curves_that_end_at_zero_stand_apart_and_above_the_axis(tmp_path, columns, closed):
    words = ["months=6"]
    tables = lived(compose(words), replicates=1)
    gone = np.where(np.arange(6) > 3, closed, 0.0)
    frame = tables.results.to_pandas().assign(charities_opened=0.0, charities_closed=gone)
    told = replace(tables, results=pa.Table.from_pandas(frame, SCHEMAS["results"], preserve_index=False))
    study = read_study(write(tmp_path, [words], told))
    axes, names = panel_of(paths(study, columns), "opened")
    lower, upper = sorted(names, key=lambda box: box.y0)
    assert lower.y0 >= axes.get_window_extent().y0
    assert upper.y0 >= lower.y1


def fallen(tmp_path):
    """Two scenarios, in the second of which discretionary hours fall to where the first one's name would be."""
    points = [["world=flat", "months=60"], ["world=history", "months=60"]]
    moves = [{}, {"hours_discretionary": np.where(np.arange(60) < 48, 0.0, -230.0)}]
    return read_study(write(tmp_path, points, *(lived(compose(p), 2, m) for p, m in zip(points, moves, strict=True))))


@pytest.mark.parametrize("columns", [3, 1])
def test_no_name_covers_a_curve_of_any_scenario(tmp_path, columns):
    axes, names = panel_of(paths(fallen(tmp_path), columns), "discretionary")
    curves = [line for line in axes.lines if len(line.get_xdata()) == 60]
    assert len(curves) == len(names) * 2
    for line in curves:
        path = axes.transData.transform_path(line.get_path())
        assert not any(path.intersects_bbox(box, filled=False) for box in names)


def seen(axes, colour):
    """The heights at which a colour has turns of its own in a panel, and how many turns."""
    shown = [line for line in axes.lines if line.get_color() == colour and line.get_solid_capstyle() == "butt"]
    heights = np.concatenate([line.get_ydata() for line in shown]) if shown else np.array([])
    return heights, int(np.isnan(heights).sum())


def test_scenarios_that_lie_together_are_seen_in_turns(tmp_path):
    points = [[f"policy={name}", "months=60"] for name in ("none", "nurture_early", "ready_meals", "listening")]
    lone = np.where(np.arange(60) < 30, 0.0, 0.5)
    moves = [{}, {}, {}, {"ties_per_resident": lone}]
    study = read_study(write(tmp_path, points, *(lived(compose(p), 2, m) for p, m in zip(points, moves, strict=True))))
    figure = paths(study)
    assert "their colours take turns" in caption(study)
    together, apart = figure.axes[0], figure.axes[4]
    turns = [seen(together, colour)[1] for colour in COLOURS[1:4]]
    assert min(turns) > 5
    assert max(turns) - min(turns) <= 1
    heights, many = seen(apart, COLOURS[3])
    assert many < turns[2]
    assert np.nanmax(np.abs(heights)) < 0.1  # of the one that leaves, turns only until it does
    assert seen(apart, COLOURS[1])[1] > turns[0]


def test_two_scenarios_and_one_take_no_turns(one, two):
    assert all("turns" not in caption(read_study(folder)) for folder in (one, two))


def test_the_caption_says_why_charities_are_not_whole(one, two):
    told = "A branch of a larger charity counts as a part of one, so the numbers opened and closed need not be whole."
    assert told in caption(read_study(one))
    assert told not in caption(read_study(two))  # its panel shows the money


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (5, ["Apr 2007", "Jun 2007", "Aug 2007"]),
        (17, ["Apr 2007", "Oct 2007", "Apr 2008"]),
        (23, ["2008", "2009"]),
        (203, ["2008", "2012", "2016", "2020", "2024"]),
    ],
)
def test_short_runs_are_marked_by_months(length, told):
    low = 2007.25
    at, said = _ticks(low, low + length / 12)
    assert said == told
    assert all(low <= when <= low + length / 12 for when in at)


def test_scenarios_of_unlike_length_are_not_compared(tmp_path):
    points = [["months=24"], ["months=36"]]
    folder = write(tmp_path, points, *(lived(compose(p), replicates=2) for p in points))
    write_report(folder)
    study = read_study(folder)
    assert study.others == ()
    assert "not compared" in finding(study)


def test_numbers_in_their_units():
    assert amount(np.nan, "share") == signed(np.nan, "ties") == "–"
    assert signed(-0.004, "ties") == "−0.004"
    assert signed(0.0, "GBP") == "0"
    assert signed(-1500.0, "GBP/month") == "−£1,500"
    assert interval(np.nan, 1.0, "share") == ""


# Folders that are none.


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OutputError, match="is not a results folder"):
        write_report(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", ["config.yaml", "provenance.json"])
def test_a_folder_that_lost_a_file_is_told(tmp_path, name):
    folder = write(tmp_path, [ONE], lived(compose(ONE), replicates=1))
    (folder / name).unlink()
    with pytest.raises(OutputError, match=rf"not a whole results folder: cannot read {name}"):
        write_report(folder)
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.yaml", "a: 1\n", "another version"),
        ("config.yaml", "points: 3\n", "another version"),
        ("config.yaml", "[1, 2]\n", "holds no configuration"),
        ("config.yaml", "a: [\n", "cannot read"),
        ("provenance.json", "{", "cannot read"),
        ("provenance.json", "{}", "does not say how"),
    ],
)
def test_a_foreign_file_is_told(tmp_path, name, content, message):
    folder = write(tmp_path, [ONE], lived(compose(ONE), replicates=1))
    (folder / name).write_text(content)
    with pytest.raises(OutputError, match=message):
        write_report(folder)


def test_results_of_another_version_are_told(tmp_path):
    tables = lived(compose(ONE), replicates=1)
    folder = write(tmp_path, [ONE], tables)
    pa.parquet.write_table(tables.results.drop_columns(["unmet_need"]), folder / "results.parquet")
    with pytest.raises(OutputError, match="has no column unmet_need"):
        write_report(folder)


def test_drawing_is_not_loaded_before_it_is_asked_for():
    code = "import sys, sim, sim.report, sim.cli; assert not {'matplotlib', 'jinja2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_same_folder_gives_the_same_files(one, tmp_path):
    files = {path: path.read_bytes() for path in write_report(one)}
    write_report(one)
    assert {path: path.read_bytes() for path in files} == files


def points(path):
    """Where a path goes, in points, its lines given from the point before or not."""
    at, gone = np.zeros(2), []
    for command, numbers in re.findall(r"([MlL])([^MlLz]*)", path):
        pair = np.array([float(word) for word in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", numbers)])
        at = at + pair if command == "l" else pair
        gone.append(at)
    return np.array(gone)


def test_a_path_made_smaller_goes_the_same_way():
    luck = np.random.default_rng(1)
    way = np.add(np.cumsum(luck.normal(0.0, 3.0, (200, 2)), axis=0), [300.0, -40.0])
    way[50:90] = way[50] + np.outer(np.arange(40), [1.0, 0.0])  # straight on
    written = "M " + " L ".join(f"{x:.6f} {y:.6f}" for x, y in way)
    short = smaller(written)
    assert len(short) < 0.6 * len(written)
    gone = points(short)
    assert len(gone) < 165  # what goes straight on is one line
    assert np.allclose(gone[:50], way[:50], atol=0.0501)
    assert np.allclose(gone[-100:], way[-100:], atol=0.0501)
