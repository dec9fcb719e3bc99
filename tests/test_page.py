"""The report in a browser, from disk and with the network off: no fault, no request, and anybody can read it."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from sim.report.study import read_study
from sim.report.words import finding
from tests import browser
from tests.test_report import apart, one  # noqa: F401 - made-up comparisons, as fixtures

AXE = find_spec("axe_playwright_python")
RULES = {"resultTypes": ["violations"]}
pytestmark = pytest.mark.skipif(browser.PATH is None, reason=browser.MISSING)
needs_axe = pytest.mark.skipif(AXE is None, reason="axe-core is not here: pip install --no-deps axe-playwright-python")


@pytest.fixture(scope="module")
def window():
    with browser.browser() as opened:
        yield opened


@pytest.fixture(scope="module", params=["one", "apart"])
def folder(request):
    return request.getfixturevalue(request.param)


def test_the_page_asks_for_nothing_and_complains_of_nothing(window, folder):
    window.open(folder / "report.html")
    asked = [url for url in window.requests if not url.startswith("data:")]
    assert asked == [(folder / "report.html").as_uri()]
    assert window.complaints == []
    assert window.tell("navigator.onLine") is False
    assert window.tell("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert window.tell("document.querySelector('h1').innerText") == finding(read_study(folder))


def test_a_complaint_and_a_request_would_be_noticed(window, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html><title>x</title><img src='there-is-none.png'><script>undefined.x</script>")
    window.open(page)
    assert any("there-is-none" in url for url in window.requests)
    assert any("Uncaught" in said for said in window.complaints)


def faults(window, path, width):
    """What axe-core finds wrong: rule and place."""
    window.open(path, width)
    window.tell((Path(AXE.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8") + ";0")
    window.tell("document.querySelectorAll('details').forEach(part => { part.open = true })")
    found = json.loads(window.tell(f"axe.run(document, {json.dumps(RULES)}).then(told => JSON.stringify(told))"))
    assert found["passes"]
    return [(fault["id"], [node["target"] for node in fault["nodes"]]) for fault in found["violations"]]


@needs_axe
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_fault(window, apart, width):  # noqa: F811
    assert faults(window, apart / "report.html", width) == []


@needs_axe
def test_axe_would_find_a_fault(window, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<!DOCTYPE html><html><title>x</title><main><h1>x</h1><img src='data:,'><p style='color:#ccc'>pale</p></main>"
    )
    assert {rule for rule, _ in faults(window, page, 800)} == {"html-has-lang", "image-alt", "color-contrast"}


def test_sources_are_read_on_paper(window, folder):
    """What is folded away on the screen is printed: as many pages as with everything opened."""
    window.open(folder / "report.html")
    folded = pages(window.printed())
    window.tell("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert folded == pages(window.printed())
    window.tell("document.querySelectorAll('details').forEach(part => { part.remove() })")
    assert folded > pages(window.printed()) + 3


def pages(pdf):
    """How many pages a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_hangs_over_the_edge(window, folder, width):
    window.open(folder / "report.html", width)
    assert window.tell("document.documentElement.scrollWidth") <= width


def test_numbers_shown_are_those_of_the_tables(window, apart):  # noqa: F811
    """What a reader sees, beside what the tables hold: each shown number is the table's, rounded."""
    window.open(apart / "report.html")
    shown = window.tell(
        "[...document.querySelectorAll('tr[data-gain]')].map(row => [row.dataset.gain, "
        "[...row.querySelectorAll('data')].map(told => [told.value, told.innerText])])"
    )
    table = pd.read_csv(apart / "gained_and_lost.csv").set_index("outcome")
    assert [name for name, _ in shown] == list(table.index)
    for name, cells in shown:
        row = table.loc[name, ["gained", "lost", "net", "net_low", "net_high"]]
        assert [float(value) for value, _ in cells] == pytest.approx(list(row), rel=1e-12)
        assert [float(text.replace("−", "-").rstrip("%")) for _, text in cells] == pytest.approx(
            [100 * value for value in row], abs=0.05
        )
    summary = pd.read_csv(apart / "summary.csv")
    starts = summary[summary["policy"] == "none"].set_index("outcome")["start"].to_dict()
    told = window.tell(
        "[...document.querySelector('details.levels').querySelectorAll('tr[data-outcome]')].map(row => "
        "[row.dataset.outcome, Number(row.querySelector('data').value)])"
    )
    assert len(told) > 20
    assert dict(told) == pytest.approx({name: starts[name] for name, _ in told})


def test_it_prints_on_paper(window, folder):
    window.open(folder / "report.html")
    assert window.printed().startswith(b"%PDF")
