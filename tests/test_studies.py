"""The shipped studies: each runs small, leaves its table and its figure, and says no where its claim is not so."""

import importlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import cost, founding
from sim.cli import request
from sim.cost import cost_of
from sim.ensemble import specs_of

ROOT = Path(__file__).resolve().parents[1]
SMALL = {
    "cuts_and_nurture": ["world.deepening=0,2", "policy.nurture_early.start=2008-04,2009-04", "months=52",
                         "policy.nurture_early.months=3"],
    "reorganisations": ["world.restructure_rate=0,0.5,1", "months=24", "policy.double_contacts.months=24"],
    "local_or_global": ["place.residents=5000", "months=72", "policy.localism.months=48", "rival=none"],
}  # fmt: skip
FULL = r"In full\s+(\d+) points x (\d+) replicates of 10,000 residents over (\d+) months[^:]*: (.+) of one core"


@pytest.fixture(scope="module", autouse=True)
def there():
    """The folder of experiments, as a script of it has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "experiments")
        yield


def study(name):
    return importlib.import_module(name)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("studies") / "store"


@pytest.mark.parametrize("name", SMALL)
def test_a_study_runs_small_and_leaves_what_it_found(name, store, tmp_path, capsys):
    words = ["place.residents=1500", "replicates=2", "workers=1", *SMALL[name], f"store={store}",
             f"hydra.run.dir={tmp_path}"]  # fmt: skip
    words = [word for n, word in enumerate(words) if word.partition("=")[0] not in
             {later.partition("=")[0] for later in words[n + 1 :]}]  # fmt: skip
    assert study(name).STUDY.main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith(study(name).__doc__.partition("\n")[0])
    assert "95% interval" in said
    left = {path.name for path in tmp_path.iterdir()}
    assert left >= {"found.txt", "table.csv", "replicates.csv", "figure.png", "figure.svg"}
    assert (tmp_path / "found.txt").read_text() in said
    table, rows = pd.read_csv(tmp_path / "table.csv"), pd.read_csv(tmp_path / "replicates.csv")
    assert len(table)
    assert len(rows) == 2 * len(table)
    assert set(rows["replicate"]) == {0, 1}
    assert not rows.select_dtypes("number").isna().any().any()


@pytest.mark.parametrize("name", SMALL)
def test_the_full_size_is_as_stated(name, tmp_path, monkeypatch):
    """At the benchmark's pace, where nothing is founded yet but what comes with the package is solved."""
    monkeypatch.setenv("TAKESTWO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cost, "_compiled", lambda: True)
    monkeypatch.setattr(founding, "are_solved", lambda config: not config.main_model and config.rival == "none")
    points, replicates, months, said = re.search(FULL, study(name).__doc__.replace("\n", " ")).groups()
    asked = request.read(["-m", *study(name).STUDY.design]).points
    specs = [spec for point in asked for spec in specs_of(point.config)]
    assert (len(asked), len(specs) / len(asked), asked[0].config.months) == (int(points), int(replicates), int(months))
    hours = cost_of(specs, workers=1).seconds / 3600.0
    number = float(said.split()[0])
    assert (number / 60.0 if "minute" in said else number) == pytest.approx(hours, rel=0.06)


@pytest.mark.parametrize("name", SMALL)
def test_a_study_that_is_planned_runs_nothing(name, tmp_path, capsys):
    assert study(name).STUDY.main(["plan", f"store={tmp_path}/store"]) == 0
    assert "of one core" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "words", "told"), [
    ("cuts_and_nurture", ["world=histry"], "Did you mean history?"),
    ("cuts_and_nurture", ["policy.nurture_early.start=2020-04"], "counts until 2027-03, two years after"),
    ("reorganisations", ["--fast"], "unknown flag --fast"),
])  # fmt: skip
def test_what_a_study_cannot_follow_is_one_message(name, words, told, tmp_path, capsys):
    words = [*words, f"store={tmp_path}/store", "place.residents=1500", "replicates=1"]
    assert study(name).STUDY.main(words) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"experiments/{name}.py: ")
    assert told in said


# They can say no


def planted(factors, values, replicates=8, noise=1e-3):
    """Rows whose values follow from the factors, with a little luck in every replicate."""
    luck = np.random.default_rng(3)
    return pd.DataFrame([
        point | {"replicate": k} | {name: value + noise * luck.normal() for name, value in values(point).items()}
        for point in factors for k in range(replicates)
    ])  # fmt: skip


DEPTHS = [{"depth": d, "start": s} for d in (0.0, 1.0, 2.0) for s in (2009.25, 2013.25, 2017.25)]
RATES = [{"rate": r} for r in (0.0, 0.5, 1.0)]
ACCOUNTS = [{"account": a} for a in ("none", "churn", "retreat")]


def verdicts(name, factors, values, **how):
    return [claim.verdict for claim in study(name).claims(planted(factors, values, **how))]


@pytest.mark.parametrize(("by_depth", "by_start", "found"), [
    (3.0, -1.0, ["holds", "holds"]), (-3.0, 1.0, ["fails", "fails"]), (0.0, 0.0, ["is not shown"] * 2),
    (3.0, 1.0, ["holds", "fails"]),
])  # fmt: skip
def test_whether_nurture_buys_more_is_read_off_the_runs(by_depth, by_start, found):
    def values(point):
        return {"capacity": 50.0 + by_depth * point["depth"] + by_start * (point["start"] - 2009.0)}

    assert verdicts("cuts_and_nurture", DEPTHS, values) == found


@pytest.mark.parametrize(("joint", "bought", "by_rate", "found"), [
    (-40.0, 5.0, 9.0, ["holds", "holds", "holds"]), (40.0, -5.0, 0.0, ["fails", "fails", "is not shown"]),
    (0.0, -5.0, -9.0, ["is not shown", "fails", "fails"]),
])  # fmt: skip
def test_whether_second_contacts_pay_is_read_off_the_runs(joint, bought, by_rate, found):
    def values(point):
        rate = point["rate"]
        return {"joint_output_without": 500.0 + joint * rate, "bought": bought + by_rate * (rate - 0.5)}

    assert verdicts("reorganisations", RATES, values) == found


@pytest.mark.parametrize(("gaps", "found", "told"), [
    ({"none": -1.0, "churn": -2.0, "retreat": -0.5}, ["holds", "holds"], "under all 3 accounts"),
    ({"none": -1.0, "churn": 2.0, "retreat": -0.5}, ["fails", "holds"],
     "under 2 of 3 accounts of the record, and widen it under ties that end only as people move"),
    ({"none": 1.0, "churn": -2.0, "retreat": -0.5}, ["fails", "fails"], "widen it under the main model"),
    ({"none": -1.0, "churn": 0.0, "retreat": -0.5}, ["is not shown", "holds"], "under 2 of 3 accounts"),
])  # fmt: skip
def test_an_account_under_which_the_claim_fails_is_enough(gaps, found, told):
    rows = planted(ACCOUNTS, lambda point: {"gap": gaps[point["account"]], "poor": 0.0})
    claims = study("local_or_global").claims(rows)
    assert [claim.verdict for claim in claims] == found
    assert told in claims[0].sentence


@pytest.mark.parametrize("name", SMALL)
def test_the_title_of_the_figure_says_what_was_found(name, tmp_path, monkeypatch):
    factors, values = {
        "cuts_and_nurture": (DEPTHS, lambda p: dict.fromkeys([*study(name).BOUGHT, "pounds"], -p["depth"])),
        "reorganisations": (RATES, lambda p: {f"{n}_{side}": 9.0 + p["rate"] for n in study(name).LEVELS
                                              for side in ("without", "second")} | {"bought": 1.0}),
        "local_or_global": (ACCOUNTS, lambda p: {"gap": len(p), "poor": 1.0}),
    }[name]  # fmt: skip
    titles = []
    kept = study("study").titled
    monkeypatch.setattr(study("study"), "titled", lambda figure, claims: titles.append((kept(figure, claims), figure)))
    rows = planted(factors, values)
    study(name).STUDY.left(tmp_path, rows)
    claim, *others = study(name).claims(rows)
    assert claim.verdict == "fails"
    ((_, figure),) = titles
    assert " ".join(figure.get_suptitle().split()) == claim.false
    small = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    assert all(other.sentence in small for other in others)
    assert small.count("95% interval") == 1 + len(others)
    assert all(axes.get_xlabel() for axes in figure.axes)


def test_what_a_thousand_pounds_buy_is_worked_out_from_the_months():
    """One replicate of 2,000 residents: from the second month on, three of four months count."""
    def months(start, capacity, pounds):
        return pd.DataFrame({
            "month": range(4), "replicate": 0, "depth": 1.0, "residents": 2000, "start": start, "first": 1, "last": 2,
            "capacity": capacity, "capacity_paid": capacity, "capacity_unpaid": 0.0, "joint_output": 0.0,
            "spend_nurture": pounds})  # fmt: skip

    both = pd.concat([months(np.nan, [10.0] * 4, [0.0] * 4), months(2009.25, [10, 13, 15, 99], [0, 400, 100, 0])])
    (row,) = study("cuts_and_nurture").measured(both).to_dict("records")
    assert row["capacity"] == pytest.approx((3 + 5) * 2 / 0.5)
    assert row["pounds"] == 500.0


def test_second_contacts_are_set_against_what_they_cost():
    def months(second, capacity, pounds):
        return pd.DataFrame({"month": range(2), "replicate": 0, "rate": 0.5, "second": second, "residents": 3000,
                             "capacity": capacity, "partnerships": 4.0, "joint_output": [1.0, 3.0],
                             "spend_nurture": pounds})  # fmt: skip

    rows = study("reorganisations").measured(pd.concat([months(False, [10, 10], 0.0), months(True, [9, 15], 250.0)]))
    assert rows["bought"].tolist() == [pytest.approx((5 - 1) * 3 / 0.5)]
    assert rows["joint_output_without"].tolist() == [2.0]


def test_a_gap_is_that_of_the_last_years():
    def months(local, poor, rich):
        each = [{"month": m, "replicate": 0, "account": "none", "local": local, "since": 1, "quintile": q,
                 "enough_support": share} for m, (a, b) in enumerate(zip(poor, rich, strict=True))
                for q, share in ((1, a), (3, 0.5), (5, b))]  # fmt: skip
        return pd.DataFrame(each)

    rows = study("local_or_global").measured(
        pd.concat([months(False, [0.9, 0.5, 0.5], [0.1, 0.8, 0.8]), months(True, [0.9, 0.6, 0.6], [0.1, 0.8, 0.7])])
    )
    assert rows[["gap", "poor"]].to_numpy().tolist() == [[pytest.approx(-15.0), pytest.approx(10.0)]]
