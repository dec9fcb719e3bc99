"""The figure of the network: counts are those of the tables, homes stand still, and the same is drawn every time."""

import doctest
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, PathPatch

from sim.composition import compose
from sim.report import network as drawing, write_report
from sim.report.figures import INK, drawn
from sim.report.network import network, side_by_side
from sim.report.pictured import picture, pictured
from sim.report.side_by_side import GONE, KEPT, MADE, MANY_KEPT, SideBySide
from sim.report.study import read_study
from sim.report.turnover import COUNTS, close_up, towns, turnover
from sim.results import Results
from sim.tables import PARTS, Tables
from tests.test_report import Page, lived, write

DAYS = (date(2007, 4, 1), date(2024, 3, 1))


def recorded(homes, people, ties, run="a"):
    """Tables of residents and ties, told by hand.

    `homes` are (x, y, neighbourhood); `people` who lives in each of them, first and last; `ties` the pairs, likewise.
    """
    months = (0, 203)
    rows = [
        {"run_id": run, "month": m, "date": day, "id": who, "x": x, "y": y, "neighbourhood": place, "quintile": 3}
        for m, day, living in zip(months, DAYS, people, strict=True)
        for who, (x, y, place) in sorted(zip(living, homes, strict=True))
    ]
    pairs = [
        {"run_id": run, "month": m, "smaller_id": min(pair), "larger_id": max(pair)}
        for m, each in zip(months, ties, strict=True)
        for pair in each
    ]
    return {"residents": pa.Table.from_pylist(rows), "ties": pa.Table.from_pylist(pairs)}


def results(*tables, world="history", policy="none"):
    whole = pa.table({"world": [world], "policy": [policy]})
    none = dict.fromkeys(PARTS)
    return Results(
        Tables(whole, **none, **{name: pa.concat_tables([t[name] for t in tables]) for name in ("residents", "ties")})
    )


HOMES = [(0.0, 0.0, 0), (0.1, 0.0, 0), (0.1, 0.1, 0), (2.0, 2.0, 1)]
PEOPLE = [[11, 12, 13, 14], [12, 11, 13, 99]]  # 11 and 12 change homes; 14 goes, 99 comes
TIES = [[(11, 12), (11, 13), (12, 14), (13, 14)], [(12, 11), (12, 13), (13, 99)]]


@pytest.fixture(scope="module")
def four():
    return recorded(HOMES, PEOPLE, TIES)


def big(seed, homes_seed=1):
    """A town of 300 homes in two neighbourhoods, a third of them with new people, half of its 900 ties lasting."""
    rng, place = np.random.default_rng(seed), np.random.default_rng(homes_seed)
    near = place.integers(0, 2, 300)
    homes = list(zip(place.normal(2.0 * near, 0.2), place.normal(0.0, 0.2, 300), near.tolist(), strict=True))
    ids = place.permutation(10_000)[:300].tolist()
    people = [ids, [who + 10_000 if rng.random() < 1 / 3 else who for who in ids]]
    first = [tuple(int(ids[k]) for k in place.choice(300, 2, replace=False)) for _ in range(900)]
    both = [pair for pair in first[:450] if all(who in people[1] for who in pair)]
    new = [tuple(int(people[1][k]) for k in rng.choice(300, 2, replace=False)) for _ in range(450)]
    return recorded(homes, people, [sorted({tuple(sorted(p)) for p in each}) for each in (first, both + new)])


# Counts.


def test_ties_are_counted_by_what_became_of_them(four):
    (town,) = towns(results(four))
    assert town.counts() == {"lasted": 1, "parted": 1, "left": 2, "between": 1, "newcomer": 1}
    assert turnover(results(four)).loc[0].to_dict() == dict(zip(COUNTS, [25.0, 25.0, 50.0, 25.0, 25.0], strict=True))


def test_a_tie_is_drawn_where_its_people_live(four):
    (town,) = towns(results(four))
    places = town.homes[["x", "y"]].to_numpy()

    def drawn_at(moment, pair):
        (row,) = moment.ties[(moment.ties.smaller_id == pair[0]) & (moment.ties.larger_id == pair[1])].itertuples()
        return [places[row.one].tolist(), places[row.other].tolist()]

    assert drawn_at(town.first, (11, 12)) == [[0.0, 0.0], [0.1, 0.0]]
    assert drawn_at(town.last, (11, 12)) == [[0.1, 0.0], [0.0, 0.0]]
    assert drawn_at(town.last, (13, 99)) == [[0.1, 0.1], [2.0, 2.0]]
    assert town.first.settled.tolist() == town.last.settled.tolist() == [True, True, True, False]
    assert (town.first.day, town.last.day) == DAYS


def test_runs_are_counted_apart(four):
    other = recorded(HOMES, PEOPLE, [TIES[0], TIES[0][:2]], run="b")
    counts = turnover(results(four, other))
    assert counts["lasted"].tolist() == [25.0, 50.0]
    pair = SideBySide(results(four, other), None, ("", ""))
    assert pair.title == "Of every 100 ties of April 2007, 62 were gone by March 2024 and 25 made since"
    assert "2 runs, of which the first is drawn; in 5% to 95% of them 51.2 to 73.8 of 100 ties" in pair.caption


def test_what_was_not_recorded_is_told(four):
    with pytest.raises(ValueError, match=r"record=\[residents,ties\]"):
        network(Results(replace(results(four).tables, ties=None)))
    once = {name: table.filter(pa.compute.field("month") == 0) for name, table in four.items()}
    with pytest.raises(ValueError, match="more months"):
        network(results(once))
    strangers = recorded(HOMES, PEOPLE, [[(11, 14), (12, 13), (11, 13)], TIES[1]])
    with pytest.raises(ValueError, match="do not begin as one town"):
        network(results(four), beside=results(strangers))
    elsewhere = recorded([(x + 1.0, y, place) for x, y, place in HOMES], PEOPLE, TIES)
    with pytest.raises(ValueError, match="do not begin as one town"):
        network(results(four), beside=results(elsewhere))


def test_the_close_up_grows_from_the_middle_of_a_neighbourhood_until_it_holds_so_many_ties():
    homes = [(0.1 * k, 0.0, 0) for k in range(5)] + [(9.0, 9.0, 1)]  # the middle of the five is home 2
    ids = [20, 21, 22, 23, 24, 30]
    ties = [(21, 23), (20, 24), (22, 30)]  # within the three about the middle; within all five; out of the part
    (town,) = towns(results(recorded(homes, [ids, ids], [ties, ties])))
    three, five, all_there_are = (close_up(town, many) for many in (1, 2, 3))
    assert sorted(three.homes.tolist()) == [1, 2, 3]
    assert sorted(five.homes.tolist()) == sorted(all_there_are.homes.tolist()) == [0, 1, 2, 3, 4]
    assert three.middle == pytest.approx((0.2, 0.0))
    assert three.radius == pytest.approx(0.1)
    assert three.neighbourhood == 0
    (town,) = towns(results(recorded(homes, [[50, 51, 52, 53, 54, 30]] * 2, [[(50, 51)]] * 2)))
    assert close_up(town, 1).neighbourhood == 1  # where the lowest id lives


# What is drawn.


def ends(axes, colour, width=None):
    """The end points of the lines of one colour in a picture: an array (lines, 2, 2)."""
    paths = [p for p in axes.patches if isinstance(p, PathPatch) and to_hex(p.get_edgecolor()) == colour]
    of_width = [p for p in paths if width is None or p.get_linewidth() == width]
    assert len(of_width) <= 1
    return of_width[0].get_path().vertices.reshape(-1, 2, 2) if of_width else np.empty((0, 2, 2))


def maps(figure):
    """The pictures of the town, and those close up, from left to right."""
    pictures = [axes for axes in figure.axes if any(text.get_text().endswith("m") for text in axes.texts)]
    return pictures[::2], pictures[1::2]


def test_every_tie_of_a_small_town_is_drawn_in_its_colour(four):
    figure = network(results(four), beside=results(recorded(HOMES, PEOPLE, [TIES[0], TIES[0][:2]]), world="flat"))
    (before, after, beside), _ = maps(figure)
    assert ends(before, KEPT).tolist() == [[[0.0, 0.0], [0.1, 0.0]]]
    assert len(ends(before, GONE)) == 3
    assert ends(after, KEPT).tolist() == [[[0.1, 0.0], [0.0, 0.0]]]
    assert len(ends(after, MADE)) == 2
    assert len(ends(beside, KEPT)) == 2
    assert len(ends(beside, MADE)) == 0
    styles = {to_hex(p.get_edgecolor()): p.get_linestyle() for p in before.patches if isinstance(p, PathPatch)}
    assert styles[KEPT] == "-" != styles[GONE]
    assert len({KEPT, GONE, MADE}) == 3


def test_the_rarer_sort_of_ties_lies_on_top_and_is_wide():
    def drawn_as(ties):
        figure = network(results(recorded(HOMES, PEOPLE, [TIES[0], ties])))
        lines = [p for p in maps(figure)[0][0].patches if isinstance(p, PathPatch)]
        return {to_hex(p.get_edgecolor()): (p.get_zorder(), p.get_linewidth()) for p in lines}

    few, many = drawn_as(TIES[0][:1]), drawn_as(TIES[0][:3])
    assert few == {KEPT: (4, 1.3), GONE: (3, 0.7)}
    assert many == {MANY_KEPT: (3, 0.7), GONE: (4, 1.3)}


def test_the_circle_that_is_shown_close_up_stands_out_on_every_map(four):
    for axes in maps(network(results(four)))[0]:
        circles = [p for p in axes.patches if isinstance(p, Circle) and not p.get_fill()]
        white, dark = sorted(circles, key=Circle.get_linewidth, reverse=True)
        assert [to_hex(p.get_edgecolor()) for p in (white, dark)] == ["#ffffff", INK]
        ties = [p for p in axes.patches if isinstance(p, PathPatch)]
        assert dark.get_linewidth() > max(p.get_linewidth() for p in ties)
        assert white.get_linewidth() > dark.get_linewidth() + 1.0
        assert white.get_zorder() > max(p.get_zorder() for p in ties)
        assert axes.patches.index(white) < axes.patches.index(dark)


def test_homes_stand_still_and_a_tie_that_lasts_is_drawn_in_every_picture():
    one, other = results(big(1)), results(big(2), world="flat")
    pair = SideBySide(one, other, ("", ""))
    assert pair.share == pytest.approx(200 / len(pair.town.first.ties))
    town_maps, close_ups = maps(side_by_side(pair))
    assert len(town_maps) == len(close_ups) == 3
    for pictures in (town_maps, close_ups):
        assert len({axes.get_xlim() + axes.get_ylim() for axes in pictures}) == 1
    places = {tuple(place) for place in pair.town.homes[["x", "y"]].to_numpy().tolist()}
    for axes in (*town_maps, *close_ups):
        for colour, width in ((KEPT, 1.3), (GONE, None), (MADE, None)):
            assert {tuple(end) for end in ends(axes, colour, width).reshape(-1, 2).tolist()} <= places
    kept = [{frozenset(map(tuple, line)) for line in ends(axes, KEPT, 1.3).tolist()} for axes in town_maps[:2]]
    assert kept[0] == kept[1]  # in this town nobody changes homes
    assert len(kept[0]) > 20
    assert 150 < len(kept[0]) + len(ends(town_maps[0], GONE)) < 250
    dots = [axes.patches[k].get_path().vertices for axes in close_ups for k in range(len(axes.patches))
            if isinstance(axes.patches[k], PathPatch) and axes.patches[k].get_capstyle() == "round"
            and to_hex(axes.patches[k].get_edgecolor()) == KEPT]  # fmt: skip
    assert len(dots) == 6  # filled and open ones in each
    together = [np.unique(np.concatenate(dots[k : k + 2]), axis=0) for k in (0, 2, 4)]
    assert len(together[0]) == 2 * len(pair.part.homes)
    assert all(np.array_equal(together[0], each) for each in together)


def test_the_same_tables_make_the_same_file():
    pair = SideBySide(results(big(1)), results(big(2), world="flat"), ("one", "other"))
    again = network(results(big(1)), beside=results(big(2), world="flat"), names=("one", "other"))
    file = drawn(side_by_side(pair), "svg")
    assert file == drawn(again, "svg")
    assert len(file) < 300_000


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("alone", [False, True])
def test_no_word_is_cut_or_covered(narrow, alone):
    beside = None if alone else results(big(2), world="flat")
    figure = network(results(big(1)), beside, ("England, 2007 to 2024", "nothing changes"), narrow=narrow)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.texts]
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert all(figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 for box in boxes)
    assert not any(a.overlaps(b) for number, a in enumerate(boxes) for b in boxes[:number])


# Words.


def test_the_title_tells_both_towns(four):
    still = results(recorded(HOMES, PEOPLE, [TIES[0], TIES[0][:2]]), world="flat")
    names = ("England", "nothing changes")
    told = "Of every 100 ties of April 2007, 75 were gone by March 2024 and 50 made since (England); 50 and 0 in the "
    assert SideBySide(results(four), still, names).title == told + "town where nothing changes"
    with_money = results(recorded(HOMES, PEOPLE, [TIES[0], TIES[0][:2]]), world="flat", policy="nurture_early")
    assert SideBySide(results(four), with_money, ("England", "money")).title == told + "town beside it (money)"
    assert SideBySide(results(four), None, ("", "")).names == ["world history"]


def test_the_caption_says_where_the_towns_already_differ(four):
    other = results(recorded(HOMES, PEOPLE, [TIES[0][:3], TIES[1]]), world="flat")
    caption = SideBySide(results(four), other, ("England", "still")).caption
    assert "on the left, is that of England. In April 2007 the two towns already differ in 1 tie. " in caption
    assert "already" not in SideBySide(results(four), results(four), ("a", "b")).caption


# In a results folder.

WORLDS = [["world=flat", "months=3"], ["world=history", "months=3"]]


def with_states(words, states):
    return replace(lived(compose(words), replicates=1), **states)


def test_a_comparison_shows_its_counterfactual_beside_it(tmp_path, four):
    states = (recorded(HOMES, PEOPLE, [TIES[0], TIES[0][:2]], "flat"), four)
    folder = write(tmp_path, WORLDS, *map(with_states, WORLDS, states))
    files = {path.relative_to(folder).as_posix() for path in write_report(folder)}
    assert {"figures/network.png", "figures/network.svg"} <= files
    pair = pictured(read_study(folder))
    assert pair.names == ["England, 2007 to 2024", "a world where nothing changes"]
    assert [counts["lasted"].tolist() for counts in pair.turnover] == [[25.0], [50.0]]
    page = Page(folder)
    assert pair.title in page.text
    assert page.text.count("data:image/svg") == 4
    assert "figures/network.svg" in page.text
    assert all(tag != "img" or attrs["alt"] for tag, attrs in page.tags)


def test_scenarios_that_are_one_and_the_same_keep_their_own_states(tmp_path, four):
    words = [["policy=none", "months=3"]] * 2
    folder = write(tmp_path, words, *(with_states(each, four) for each in words))
    pair = pictured(read_study(folder))
    assert [counts["lasted"].tolist() for counts in pair.turnover] == [[25.0], [25.0]]


def test_one_scenario_shows_before_and_after_and_says_how_to_see_more(tmp_path, four):
    folder = write(tmp_path, WORLDS[1:], with_states(WORLDS[1], four))
    pair = pictured(read_study(folder))
    assert len(pair.views()) == 2
    assert "takestwo compare world=flat,history record=[residents,ties]" in picture(pair, 1).caption


def test_another_town_is_not_shown_beside(tmp_path, four):
    stranger = recorded(HOMES, PEOPLE, [[(11, 14), (12, 13)], TIES[1]], "flat")
    folder = write(tmp_path, WORLDS, *map(with_states, WORLDS, (stranger, four)))
    assert len(pictured(read_study(folder)).towns) == 1


def test_without_states_there_is_no_network(tmp_path, four):
    folder = write(tmp_path, WORLDS[1:], lived(compose(WORLDS[1]), replicates=1))
    assert pictured(read_study(folder)) is None


def test_the_example_runs():
    assert doctest.testmod(drawing) == doctest.TestResults(failed=0, attempted=6)
