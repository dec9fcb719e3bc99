"""Places: their files, their schema, and what `takestwo place` says of them."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from sim import compose
from sim.cli import main
from sim.composition import options
from sim.config import ConfigError
from sim.ensemble import run_ensemble
from sim.founding import solved_for
from sim.founding.first_morning import _areas, _lay_out_neighbourhoods, first_morning
from sim.place import Place
from sim.placecheck import by_quintile, oddities
from sim.state import allocate

ROOT = Path(__file__).resolve().parents[1]
SOURCES = Place.named("england_average").sources


@pytest.fixture
def town(tmp_path):
    """A place file with something changed."""

    def write(**changes):
        said = yaml.safe_load((ROOT / "configs" / "place" / "england_average.yaml").read_text(encoding="utf-8"))
        path = tmp_path / "mytown.yaml"
        path.write_text(yaml.safe_dump(said | changes), encoding="utf-8")
        return path

    return write


def test_the_published_schema_is_that_of_the_code():
    published = json.loads((ROOT / "sim" / "data" / "place.schema.json").read_text(encoding="utf-8"))
    assert published == Place.schema_of_files(), "takestwo verify --publish writes it anew"
    assert published["properties"]["spend_per_head"]["maximum"] == 3000.0
    assert set(published["properties"]) == set(Place.model_fields)
    assert set(published["properties"]["sources"]["required"]) == set(SOURCES)


@pytest.mark.parametrize("name", options("place"))
def test_each_place_is_sourced_and_only_its_assumptions_are_odd(name):
    place = Place.named(name)
    assert place.name == name
    assert [line for line in oddities(place) if "assumptions" not in line] == []


def test_a_place_of_ones_own_is_run_from_its_file(town):
    config = compose([f"place={town(name='mytown', residents=2000)}", "place.funded_area=500", "months=12"])
    assert (config.place.name, config.place.residents, config.place.funded_area) == ("mytown", 2000, 500)
    assert compose([f"place={town(name='mytown', residents=3000)}"]).place.residents == 3000  # read again


def test_residents_of_the_area_are_those_who_are_founded_there():
    config = compose(["place.residents=2000", "place.neighbourhood_people=1000", "place.funded_area=1200"])
    state = first_morning(config, 1, solved_for(compose([])), month=-1)
    there = np.count_nonzero(state.residents.neighbourhood < config.place.area_neighbourhoods)
    assert there == config.place.area_residents


def test_the_area_of_a_places_own_file_wins_over_that_of_a_policy_and_what_is_typed_over_both(town):
    def area(*typed, **said):
        return compose([*typed, f"place={town(residents=20000, **said)}", "policy=place_programme"]).place.funded_area

    assert area(funded_area=2000) == 2000
    assert area() == area(funded_area=0) == 10000
    assert area("place.funded_area=5000", funded_area=2000) == 5000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"charities_per_1000": 6.0}, "charities_per_1000 is 6; places in England have about 0.5 to 4."),
        ({"quintile_shares": [1.0, 0.0, 0.0, 0.0, 0.0], "charities_per_1000": 2}, "deprived places mostly have fewer"),
        ({"quintile_shares": [0.0, 0.0, 0.0, 0.1, 0.9], "charities_per_1000": 1.0}, "affluent places mostly have more"),
        ({"abc1_share": [0.5, 0.4, 0.5, 0.6, 0.7]}, "abc1_share does not rise"),
        ({"residents": 2000}, "it has 1 neighbourhood(s)"),
        ({"tenure_shares": {"owner": 0.0, "social": 0.0, "private": 1.0}}, "odd: 100% of homes that are private."),
        ({"age_shares": {"from_16": 0.02, "from_35": 0.03, "from_65": 0.95}}, "odd: 95% of adults of age from 65."),
        ({"abc1_share": [0.01, 0.2, 0.3, 0.4, 0.5]}, "odd: 1% of adults in grades A to C1 in quintile 1."),
        ({"spend_per_head": 951.0}, "its name is that of a place that comes with the package, england_average"),
        ({"quintile_shares": [0.5, 0.5, 0.0, 0.0, 0.0]}, "deprivation, the most deprived first: 3, 4, 0, 0, 0"),
        ({"funded_area": 10_000}, "the whole place is funded"),
        ({"sources": dict.fromkeys(Place.named("england_average").sources, "[a] a guess")}, "11 of 11 figures are"),
    ],
)
def test_check_says_what_is_odd(town, capsys, changes, said):
    assert main(["place", "check", str(town(**changes))]) == 0
    assert said in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"spend_per_head": 9000.0}, "spend_per_head is 9000.0, outside what is allowed: numbers from 200 to 3,000"),
        ({"spend_pr_head": 900.0}, "spend_pr_head is unknown. Did you mean spend_per_head?"),
        ({"quintile_shares": [0.5, 0.1, 0.1, 0.1, 0.1]}, "quintile_shares"),
        ({"sources": {}}, "lacks a source for neighbourhood_people"),
        ({"sources": SOURCES | {"care_share": " "}}, "it lacks a source for care_share"),
        ({"sources": SOURCES | {"carre_share": "a book"}}, "it has a source for carre_share, which no place has"),
        ({"tenure_shares": {"owner": 0.5, "socal": 0.3, "private": 0.2}}, "tenure_shares.socal is unknown. Did you"),
        ({"tenure_shares": {"owner": 0.5, "private": 0.5}}, "tenure_shares.social is missing: a share."),
        ({"spend_per_head": "950"}, "spend_per_head is the text '950', and a number is needed"),
        ({"quintile_shares": [0.1] * 10}, "and a list of fewer values is needed"),
        ({"sources": ["a"]}, "sources is ['a'], and a mapping of names to values is needed."),
        ({"name": 5}, "name is 5, and a text is needed."),
        ({"title": "${oc.env:HOME}"}, "has a text with ${...}"),
    ],
)
def test_check_refuses_what_cannot_be_run(town, capsys, changes, said):
    assert main(["place", "check", str(town(**changes))]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "mytown.yaml" in told
    assert "Traceback" not in told


def test_the_misspelt_key_is_named_and_not_the_one_that_is_missing_for_it(town, capsys):
    path = town()
    text = path.read_text(encoding="utf-8").replace("\nspend_per_head: ", "\nspend_pr_head: ")
    path.write_text(text, encoding="utf-8")
    assert main(["place", "check", str(path)]) == 2
    assert "spend_pr_head is unknown. Did you mean spend_per_head?" in capsys.readouterr().err


def test_every_fault_of_every_file_is_told_at_once(town, tmp_path, capsys):
    path, lost = town(spend_per_head=9000.0, care_share="half"), tmp_path / "lost.yaml"
    assert main(["place", "check", str(path), str(lost)]) == 2
    told = capsys.readouterr().err
    assert all(said in told for said in ("spend_per_head is 9000.0", "care_share is 'half'", "cannot read the place"))


def test_a_name_that_stands_twice_is_refused(town, capsys):
    path = town()
    path.write_text(path.read_text(encoding="utf-8") + "residents: 5000\n", encoding="utf-8")
    assert main(["place", "check", str(path)]) == 2
    assert "residents stands there twice" in capsys.readouterr().err


def test_a_place_that_comes_with_the_package_is_checked_by_its_name(capsys):
    assert main(["place", "check", "county"]) == 0
    told = capsys.readouterr().out
    assert "county: a county can be run" in told
    assert "takestwo run place=county" in told
    assert main(["place", "check", "conty"]) == 2
    assert "conty: cannot read the place conty" in capsys.readouterr().err


def test_list_names_every_place_and_bad_words_are_refused(capsys):
    assert main(["place", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in options("place"))
    for words in ([], ["lst"], ["check"], ["list", "x"], ["check", "/nowhere/x.yaml"]):
        assert main(["place", *words]) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.0, 0.0, 0.0), (0.2, 0.2, 0.2, 0.2, 0.2), (0.0, 0.0, 0.3, 0.0, 0.7)])
def test_the_fifths_that_are_told_are_those_of_the_town(shares):
    place = Place.named("england_average").model_copy(update={"quintile_shares": shares})
    town = allocate(residents=1, charities=1, services=1, neighbourhoods=place.neighbourhoods, policies=0, world=1,
                    flows=1)  # fmt: skip
    _lay_out_neighbourhoods(town, place)
    assert by_quintile(place) == np.bincount(town.neighbourhoods.quintile, minlength=6)[1:].tolist()


def test_a_funded_area_needs_one_and_a_policy_may_be_for_it_alone():
    with pytest.raises(ConfigError, match="england_average has none"):
        compose(["policy=nurture_early", "policy.nurture_early.where=funded_area"])
    place = compose(["place=county", "place.funded_area=10000"]).place
    assert place.area_neighbourhoods == 7
    assert compose(["place.funded_area=400000"]).place.area_neighbourhoods == 7  # the whole place


def test_the_area_lies_at_the_centre_and_next_door_lies_round_it():
    k = np.arange(29)
    x, y = np.sqrt(k) * np.cos(2.399963 * k), np.sqrt(k) * np.sin(2.399963 * k)
    area = _areas(x, y, 7)
    assert np.flatnonzero(area == 0).tolist() == list(range(7))
    next_door = np.flatnonzero(area == 1)
    nearest = np.hypot(x[:, None] - x[:7], y[:, None] - y[:7]).min(axis=1)
    assert 4 <= len(next_door) <= 15
    assert nearest[next_door].max() < nearest[area == 2].min()
    assert [set(_areas(x, y, funded).tolist()) for funded in (0, 29)] == [{2}, {0}]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in options("place") if name != "england_average"])
def test_each_place_is_founded_and_lived_in_with_a_part_of_it_funded(name):
    """Three years from the founding, with a programme in a part of it: every number there, and no trend in quiet."""
    words = [f"place={name}", "place.residents=12000", "place.funded_area=3400", "months=36"]
    quiet, funded = (
        run_ensemble(compose([*words, *more]), replicates=4)
        for more in (["world=flat"], ["policy=nurture_early", "policy.nurture_early.where=funded_area",
                                      "policy.nurture_early.start=2007-04"])
    )  # fmt: skip
    assert set(funded.by_area["area"]) == {"inside", "next door", "the rest"}
    results = quiet.results
    first, last = (results[results["month"].between(*months)].mean(numeric_only=True) for months in ((0, 5), (30, 35)))
    for outcome, margin in {"ties_per_resident": 0.4, "unmet_need": 0.015, "trust_council": 0.015}.items():
        assert abs(last[outcome] - first[outcome]) < margin, outcome
