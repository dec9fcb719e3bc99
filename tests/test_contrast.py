"""Contrasts from tables made by hand, so that what must come of them is known in closed form."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sim import compare, compose
from sim.contrast import CONTRAST, GAINED, GAINS, Contrast, gained_and_lost, pairs_needed, t_quantile
from sim.lately import Lately
from sim.results import Results
from sim.tables import PARTS, SCHEMAS, Tables
from sim.units import date_of
from sim.wording import difference, interval

MONTHS = 15
T2 = 4.302653  # Student's t, 97.5%, 2 degrees of freedom


def table(name, replicates, values):
    """A table of MONTHS months: `values(replicate, month, part)` gives outcomes by name; the others are 1."""
    label, parts = PARTS.get(name, (None, [None]))
    rows = []
    for replicate in range(replicates):
        for month in range(MONTHS):
            for part in parts:
                row = dict.fromkeys(SCHEMAS[name].names, 1.0)
                row |= {"run_id": str(replicate), "replicate": replicate, "month": month, "date": date_of(month, DAY)}
                row |= dict.fromkeys(("place", "world", "policy", "rival", "ablation"), "x") | {"draw": 0, "seed": 1}
                rows.append(row | ({label: part} if label else {}) | values(replicate, month, part))
    columns = [pa.array([row[f.name] for row in rows], f.type) for f in SCHEMAS[name]]
    return pa.table(columns, schema=SCHEMAS[name])


DAY = date(2007, 4, 1)


def results(replicates=3, **values):
    """Results with a function of (replicate, month, part) for each table that is not left plain."""
    tables = {name: SCHEMAS[name].empty_table() for name in PARTS}
    for name in {"results", *values}:
        tables[name] = table(name, replicates, values.get(name, lambda *_: {}))
    return Results(Tables(**tables))


def row_of(frame, **where):
    for name, value in where.items():
        frame = frame[frame[name] == value]
    (row,) = frame.to_dict("records")
    return row


# In parts.


def by_quintile(extra):
    """Replicate r of the scenario has q + r more in quintile q. Early months differ wildly, and do not count."""

    def values(replicate, month, quintile):
        wild = 1e6 * extra * (month < MONTHS - 12)
        return {"ties_per_resident": 10.0 * quintile + replicate**2 + extra * (quintile + replicate) + wild}

    return values


@pytest.mark.parametrize("quintile", [1, 5])
def test_each_quintile_has_its_own_paired_difference(quintile):
    contrast = Contrast(results(by_quintile=by_quintile(0)), results(by_quintile=by_quintile(1)))
    row = row_of(contrast.by_quintile, outcome="ties_per_resident", quintile=quintile)
    assert row["unit"] == "ties"
    assert row["pairs"] == 3
    assert row["counterfactual"] == pytest.approx(10 * quintile + 5 / 3)
    assert row["difference"] == pytest.approx(quintile + 1)  # over replicates 0, 1, 2
    half = T2 * 1.0 / 3**0.5  # their standard deviation is 1
    assert (row["low"], row["high"]) == pytest.approx((quintile + 1 - half, quintile + 1 + half), abs=1e-5)


def test_the_parts_have_their_columns_and_order():
    same = {name: lambda *_: {} for name in PARTS}
    contrast = Contrast(results(**same), results(**same))
    for name in ("by_quintile", "by_area", "by_band"):
        frame, (label, parts) = getattr(contrast, name), PARTS[name]
        assert list(frame.columns) == [label, *CONTRAST]
        assert frame[label].tolist() == list(parts) * (len(frame) // len(parts))
    assert row_of(contrast.by_band, outcome="income_total", income_band="small")["unit"] == "GBP/month"


def test_a_place_without_a_funded_area_has_no_areas():
    with_area = results(by_area=lambda *_: {})
    for a, b in ((results(), results()), (with_area, results()), (results(), with_area)):
        assert Contrast(a, b).by_area.empty
        assert list(Contrast(a, b).by_area.columns) == ["area", *CONTRAST]
    assert len(Contrast(with_area, with_area).by_area)


def test_months_and_pairs_without_a_value_are_left_out():
    def gaps(extra):
        def values(replicate, month, part):
            missing = replicate == 2 or (month == MONTHS - 1 and extra)
            return {"lonely": np.nan if missing else extra * (1 + replicate), "influence": np.nan}

        return values

    a, b = (results(results=gaps(e), by_quintile=gaps(e)) for e in (0, 1))
    contrast = Contrast(a, b)
    for row in (row_of(contrast.outcomes, outcome="lonely"),
                row_of(contrast.by_quintile, outcome="lonely", quintile=2)):  # fmt: skip
        assert (row["pairs"], row["difference"]) == (2, 1.5)
        assert row["high"] - row["low"] == pytest.approx(2 * 12.7062 * 0.5, abs=1e-3)  # sd .7071, over root 2
    for row in (row_of(contrast.outcomes, outcome="influence"),
                row_of(contrast.by_quintile, outcome="influence", quintile=2)):  # fmt: skip
        assert row["pairs"] == 0
        assert all(pd.isna(row[name]) for name in ("counterfactual", "difference", "low", "high", "pairs_needed"))


def test_one_pair_has_a_difference_and_no_interval():
    a, b = (results(1, by_quintile=by_quintile(e)) for e in (0, 1))
    row = row_of(Contrast(a, b).by_quintile, outcome="ties_per_resident", quintile=3)
    assert row["difference"] == pytest.approx(3)
    assert all(pd.isna(row[name]) for name in ("low", "high", "pairs_needed"))


# Pairs that would halve an interval.


@pytest.mark.parametrize("pairs", [2, 3, 4, 7, 20, 60])
def test_so_many_pairs_halve_the_interval_and_no_fewer(pairs):
    def width(count):
        return t_quantile(0.975, count - 1) / count**0.5

    needed = pairs_needed(pairs, 1.3)
    assert needed > pairs
    assert width(needed) <= width(pairs) / 2 < width(needed - 1)


def test_where_nothing_differs_no_more_pairs_are_needed():
    frame = Contrast(results(), results()).outcomes
    assert (frame["pairs_needed"] == 3).all()
    assert (frame[["difference", "low", "high"]] == 0).all(axis=None)
    assert frame["pairs_needed"].to_csv(index=False).split("\n")[1] == "3"


# Resident by resident.


def people(**columns):
    """Residents at the end, a row each; what is not given is the same for all."""
    count = len(columns["id"])
    plain = {"replicate": 0, "month": 20, "quintile": 1, "need_12": 100.0, "met_12": 50.0, "formal_hours_12": 0.0,
             "ties": 10, "strong_ties": 3, "trust_council": 0.5, "trust_charity": 0.6}  # fmt: skip
    frame = pd.DataFrame(plain | columns, index=range(count))
    frame["charity"] = pd.array(columns.get("charity", [None] * count), dtype="Int64")
    return frame


def shares(frame, outcome):
    row = row_of(frame, outcome=outcome)
    return tuple(row[name] for name in ("residents", "gained", "lost", "same", "net"))


def test_a_gain_is_a_difference_of_at_least_the_least_size():
    a = people(id=[1, 2, 3, 4], met_12=[50.0] * 4, formal_hours_12=[0.0, 24.0, 12.0, 12.0])
    b = people(id=[1, 2, 3, 4], met_12=[55.0, 54.9, 45.0, 44.0], ties=[13, 14, 20, 7],
               charity=[7, None, None, None],
               formal_hours_12=[12.0, 0.0, 23.0, 1.0], trust_council=[0.54, 0.5, 0.44, 0.5])  # fmt: skip
    frame = gained_and_lost(a, b)
    assert frame["outcome"].tolist() == list(GAINS)
    assert shares(frame, "need_met") == (4, 0.25, 0.5, 0.25, -0.25)
    assert shares(frame, "ties") == (4, 0.75, 0.25, 0.0, 0.5)
    assert shares(frame, "strong_ties") == (4, 0.0, 0.0, 1.0, 0.0)
    assert shares(frame, "trust_council") == (4, 0.0, 0.25, 0.75, -0.25)
    assert shares(frame, "role") == (4, 0.25, 0.0, 0.75, 0.25)
    assert shares(frame, "formal_hours") == (4, 0.25, 0.25, 0.5, 0.0)


def test_only_who_lives_in_both_and_has_a_value_counts():
    a = people(id=[1, 2, 3], need_12=[100.0, 0.0, 10.0], met_12=[50.0, 0.0, 5.0])
    b = people(id=[4, 2, 1], need_12=[100.0, 5.0, 100.0], met_12=[50.0, 5.0, 90.0], ties=[30, 10, 13])
    frame = gained_and_lost(a, b)
    assert shares(frame, "need_met") == (1, 1.0, 0.0, 0.0, 1.0)  # 2 needed nothing in one of the runs
    assert shares(frame, "ties") == (2, 0.5, 0.0, 0.5, 0.5)


def recorded(*frames):
    """Results whose residents are these frames, one under the other."""
    frame = pd.concat(frames, ignore_index=True)
    columns = [pa.array(frame[f.name], f.type) if f.name in frame else pa.nulls(len(frame), f.type)
               for f in SCHEMAS["residents"]]  # fmt: skip
    ties = SCHEMAS["ties"].empty_table()
    made = replace(results().tables, residents=pa.table(columns, schema=SCHEMAS["residents"]), ties=ties)
    return Results(made)


def test_only_the_end_of_the_runs_counts():
    first = people(id=[1, 2], month=0)
    a = recorded(first, people(id=[1, 2]))
    b = recorded(first.assign(ties=0), people(id=[1, 2], ties=[13, 12], charity=[4, None]))
    contrast = Contrast(a, b)
    assert shares(contrast.gained_and_lost, "ties") == (2, 0.5, 0.0, 0.5, 0.5)
    assert shares(contrast.gained_and_lost_by_quintile, "role") == (2, 0.5, 0.0, 0.5, 0.5)


def test_shares_have_their_interval_over_pairs():
    ids, replicate = [1, 2, 1, 2, 1, 2], [0, 0, 1, 1, 2, 2]
    a = people(id=ids, replicate=replicate)
    b = people(id=ids, replicate=replicate, ties=[13, 10, 13, 13, 10, 10])  # gained: .5, 1 and 0
    row = row_of(gained_and_lost(a, b), outcome="ties")
    assert (row["pairs"], row["residents"], row["gained"]) == (3, 2, 0.5)
    assert (row["net_low"], row["net_high"]) == pytest.approx((0.5 - T2 * 0.5 / 3**0.5, 1.0), abs=1e-5)
    assert (row["gained_low"], row["gained_high"]) == (0.0, 1.0)  # a share is no less than nothing and no more than all
    assert (row["lost"], row["lost_low"], row["lost_high"]) == (0.0, 0.0, 0.0)
    alone = row_of(gained_and_lost(a[:2], b[:2]), outcome="ties")
    assert alone["gained"] == 0.5
    assert pd.isna(alone["gained_low"])


def test_gains_by_quintile_are_those_of_the_counterfactuals_homes():
    a = people(id=[1, 2, 3], quintile=[1, 1, 4])
    b = people(id=[1, 2, 3], quintile=[5, 1, 4], ties=[13, 12, 7])
    frame = gained_and_lost(a, b, by_quintile=True)
    assert list(frame.columns) == ["quintile", *GAINED]
    assert shares(frame[frame["quintile"] == 1], "ties") == (2, 0.5, 0.0, 0.5, 0.5)
    assert shares(frame[frame["quintile"] == 4], "ties") == (1, 0.0, 1.0, 0.0, -1.0)
    assert set(frame["quintile"]) == {1, 4}


def test_what_was_not_recorded_is_run_again_once_or_told():
    asked = []

    def again():
        asked.append(1)
        return recorded(people(id=[1, 2])), recorded(people(id=[1, 2]))

    contrast = Contrast(results(), results(), again)
    assert shares(contrast.gained_and_lost, "ties") == (2, 0.0, 0.0, 1.0, 0.0)
    assert len(contrast.residents) == 2
    assert len(contrast.ties) == 0
    assert asked == [1]
    with pytest.raises(ValueError, match=r"record=\[residents,ties\]"):
        _ = Contrast(results(), results()).gained_and_lost


# As they show themselves.


def moved(policy, unmet):
    return results(results=lambda replicate, *_: {"policy": policy, "unmet_need": unmet + 0.001 * replicate * unmet})


def test_a_contrast_shows_what_it_found():
    contrast = Contrast(moved("none", 0.2), moved("<b>&", 0.25))
    said = (
        "In the last 12 months: unmet need 5.0 points higher; no difference at all in officers’ partnerships, need "
        "met in joint work, volunteering or ties per resident. They begin apart, in month 0: unmet need 5.0 points "
        "higher. So what differs in the end came in part of how they were founded, or of a policy that began then."
    )
    assert repr(contrast) == f"Contrast(policy <b>& less policy none, 3 pairs). {said}"
    html = contrast._repr_html_()
    assert said in html
    assert "<b>&<" not in html
    page = ET.fromstring(f"<div>{html}</div>")  # noqa: S314 - our own
    groups = [th.text for th in page.iter("th") if th.get("scope") == "rowgroup"]
    assert groups[:2] == ["Paid", "Unpaid"]
    (row,) = [tr for tr in page.iter("tr") if tr[0].text == "unmet need"]
    low, high = contrast.outcomes.set_index("outcome").loc["unmet_need", ["low", "high"]]
    assert [td.text for td in row] == ["unmet need", "%", "20.0%", "25.0%", "+5.0 points", interval(low, high, "share")]


def test_a_contrast_shows_where_and_what_would_halve_its_interval():
    here = ["place.residents=6000", "place.funded_area=1500", "months=2"]
    paid = ["policy=hosting", "policy.hosting.start=0", "policy.hosting.dose=300", "policy.hosting.where=funded_area"]
    contrast = compare(compose(here), compose([*here, *paid]), replicates=3, workers=1)
    page = ET.fromstring(f"<div>{contrast._repr_html_()}</div>")  # noqa: S314 - our own
    where = {tr[0].text: [td.text for td in tr[1:]] for tr in page.findall("table")[1].iter("tr")}
    assert {"inside", "next door"} <= set(where)
    row = contrast.by_area.set_index(["area", "outcome"]).loc[("inside", "ties_per_resident")]
    assert where["inside"][1] == f"{difference(row.difference, row.unit)} ({interval(row.low, row.high, row.unit)})"
    needed = contrast.outcomes.set_index("outcome").loc["unmet_need", "pairs_needed"]
    assert f"replicates={int(needed)}." in "".join(page.itertext())


def test_what_differs_later_alone_does_not_begin_apart():
    later = results(results=lambda replicate, month, *_: {"unmet_need": 1.0 + (0.1 + 0.001 * replicate) * (month > 0)})
    contrast = Contrast(results(), later)
    assert contrast.at_the_start["difference"].eq(0.0).all()
    assert "unmet need 10.1 points higher" in contrast.finding
    assert "begin apart" not in contrast.finding


@pytest.mark.parametrize(("more", "told"), [(0.0011, True), (0.0009, False)])
def test_what_begins_within_a_thousandth_is_not_told_as_apart(more, told):
    """As joint work of a rival, which founding brings to the main model's but for some last figures."""
    apart = results(results=lambda replicate, *_: {"joint_output": 1.0 + more + 1e-6 * replicate})
    assert ("They begin apart, in month 0: need met in joint work" in Contrast(results(), apart).finding) == told


def test_one_pair_shows_itself_without_an_interval():
    contrast = Contrast(results(1), results(1, results=lambda *_: {"unmet_need": 0.5}))
    assert "one pair of runs, so no interval" in contrast.finding
    assert "begin apart" not in contrast.finding
    html = Contrast(results(1), results(1))._repr_html_()
    assert "1 pair of runs" in html
    assert "nan" not in html


def test_results_show_themselves():
    html = moved("none", 0.2)._repr_html_()
    page = ET.fromstring(html)  # noqa: S314 - our own
    assert page[0].text == "place x, world x, policy none, rival x, ablation x: mean of 3 runs"
    (row,) = [tr for tr in page.iter("tr") if tr[0].text == "unmet need"]
    assert [td.text for td in row][2:5] == ["20.0%", "20.0%", "0 points"]


# Twelve months of each resident.


def lived(months, replaced):
    """Sums at the end for three residents; who lives in row 1 is replaced in the month `replaced`."""
    lately = Lately(months)
    for month in range(months):
        ids = np.array([1, 2 + 10 * (month >= replaced), 3])
        need = np.outer(np.array([1.0, 2.0, 4.0]), [month, 1.0])
        lately.live(SimpleNamespace(residents=SimpleNamespace(
            id=ids, need=need, met=need / 2, formal_hours=np.array([1.0, month, 0.0])
        )))  # fmt: skip
        if month == 0:
            first = lately.columns()
    return first, lately.columns()


def test_the_last_twelve_months_are_summed():
    first, last = lived(20, replaced=15)
    assert first["need_12"].tolist() == [1, 2, 4]  # month 0 alone
    year, since = sum(range(8, 20)) + 12, sum(range(15, 20)) + 5
    assert last["need_12"].tolist() == [year, 2 * since, 4 * year]
    assert (last["met_12"] == last["need_12"] / 2).all()
    assert last["formal_hours_12"].tolist() == [12, sum(range(15, 20)), 0]


@pytest.mark.parametrize("months", [1, 5, 12, 13])
def test_short_runs_are_summed_as_far_as_they_go(months):
    _, last = lived(months, replaced=99)
    there = range(max(0, months - 12), months)
    assert last["need_12"][0] == sum(there) + len(there)
