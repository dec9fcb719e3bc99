"""The command: its examples work, its files are those promised, and faults of the user end in one message."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import pytest
from omegaconf import OmegaConf
from rich.console import Console

from sim import cli, verification
from sim.cli import COMMANDS, NOT_BUILT, UsageError, comparison, main, screen
from sim.cli.request import read
from sim.cli.work import notes
from sim.composition import compose
from sim.config import ConfigError
from sim.contrast import CONTRAST, GAINED, Contrast, pairs_needed
from sim.ensemble import Progress
from sim.founding import solving
from sim.headlines import SHORT
from sim.observables import OBSERVABLES
from sim.report.study import read_study
from sim.report.words import finding
from sim.results import SUMMARY, read_results
from sim.source import config_folder
from sim.tables import SCENARIO
from sim.wording import plus_minus

pytestmark = pytest.mark.usefixtures("elsewhere")

SMALL = ("place.residents=1500", "months=13", "replicates=2", "workers=1")
EXAMPLES = {"run": ["workers=1"], "compare": ["workers=1"], "runs": []}
"""Commands whose examples use the store, and what else they are given."""
noted = partial(notes, faults=())
TAKESTWO = [sys.executable, "-m", "sim.cli"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One store for all tests, so that a run is done once."""
    return f"store={tmp_path_factory.mktemp('store')}"


def said(capsys, *words, code=0):
    """What a command prints (output, faults), with each blank run made one space."""
    assert main(words) == code
    return tuple(" ".join(text.split()) for text in capsys.readouterr())


# Help


def test_help_names_what_is_built_and_no_more(capsys):
    out, _ = said(capsys, "--help")
    assert said(capsys)[0] == out
    assert all(name in out for name in COMMANDS)
    assert not any(re.search(rf"\b{name}\b", out) for name in set(NOT_BUILT) - {"place"})


def test_version_is_said(capsys):
    assert re.fullmatch(r"takestwo \d+\.\d+\.\d+", said(capsys, "--version")[0])


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(capsys, command):
    out, _ = said(capsys, command, "--help")
    assert f"takestwo {command}" in out.partition("example")[2]
    assert "place build" not in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_form_of_a_command_has_an_example(command):
    """A command that does several things, each by a word of its own, shows each."""
    usage, _, shown = re.split(r"(\nexamples?:)", import_module(f"sim.cli.{command}").HELP)
    forms = re.findall(rf"takestwo {command}(?: [a-z]+\b)?", usage.partition("\n\n")[0])
    assert forms
    assert all(form in shown for form in forms)


def examples():
    """The examples of each help, in their order."""
    helps = [cli.HELP, *(import_module(f"sim.cli.{name}").HELP for name in COMMANDS)]
    found = [[line.split("takestwo ", 1)[1].split() for line in re.split(r"examples?:", text)[1].splitlines()
              if "takestwo " in line] for text in helps]  # fmt: skip
    assert all(found)
    return found


@pytest.mark.parametrize("lines", [e for e in examples() if e != [["verify"]]], ids=lambda lines: lines[0][0])
def test_examples_work(lines, store, capsys, monkeypatch, tmp_path):
    """One after another, in one folder: an example may go on from what the one before has left.

    Draws are founded in seconds, and kept apart from what is founded in earnest.
    """
    for words in lines:
        with monkeypatch.context() as patch:
            if any(word.startswith("draw=") for word in words):
                patch.setenv("TAKESTWO_CACHE", str(tmp_path / "cache"))
                for name, value in (("RESIDENTS", 1500), ("MONTHS", 60), ("SETTLED", 20)):
                    patch.setattr(solving, name, value)
            said(capsys, *words, *EXAMPLES.get(words[0], []), *([store] if words[0] in EXAMPLES else []))


def test_asking_for_help_is_quick():
    code = ("import sys; from sim.cli import main; main(['run', '--help']); "
            "print([name for name in ('numba', 'hydra', 'pandas', 'pydantic') if name in sys.modules])")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_importing_sim_loads_nothing_heavy():
    code = "import sys, sim; print([m for m in ('numba', 'numpy', 'hydra', 'pandas', 'mesa') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Runs


def test_a_run_leaves_its_folder(store, tmp_path, capsys):
    out, progress = said(capsys, "run", *SMALL, "policy=nurture_early", "policy.nurture_early.start=2007-06", store)
    (folder,) = tmp_path.glob("outputs/*/*")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d-\d{6}", folder.relative_to(tmp_path / "outputs").as_posix())
    assert f"Results: {folder.relative_to(tmp_path)}" in out
    assert "First numbers, from the first year of one run: unmet need " in progress
    assert "One run is finished, first year to last: unmet need " in progress
    assert "2 of 2 runs done" in progress
    there = {file.name for file in folder.iterdir()}
    assert there == {"results.parquet", "by_quintile.parquet", "by_band.parquet", "by_service.parquet", "summary.csv",
                     "config.yaml", "provenance.json", "report.html", "figures"}  # fmt: skip
    results = read_results(folder)
    assert results.results.groupby("replicate").size().to_dict() == {0: 13, 1: 13}
    assert set(results.results["policy"]) == {"nurture_early"}
    assert list(pd.read_csv(folder / "summary.csv").columns) == [*SCENARIO, *SUMMARY]


def test_a_folder_says_how_it_was_made(store, tmp_path, capsys):
    said(capsys, "run", *SMALL, "hydra.run.dir=here/it/is", store)
    folder = tmp_path / "here" / "it" / "is"
    config = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
    assert config["place"]["residents"] == 1500
    assert config["volunteering"]["ask_chance"] > 0
    facts = json.loads((folder / "provenance.json").read_text())
    assert facts["commit"] is None or re.match(r"[0-9a-f]{40}( and changes)?$", facts["commit"])
    assert facts["command"] == ["takestwo", "run", *SMALL, "hydra.run.dir=here/it/is", store]
    assert {"source", "versions", "machine", "started", "ended", "seconds"} <= set(facts)
    ids = set(read_results(folder).results["run_id"])
    assert {run["run_id"] for run in facts["runs"]} == ids


def test_who_reads_only_the_beginning_gets_every_file(store, tmp_path):
    command = [str(Path(sys.executable).with_name("takestwo")), "run", *SMALL, store, "hydra.run.dir=cut"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        run.stdout.close()
    assert run.returncode == 0
    assert (tmp_path / "cut" / "report.html").exists()
    assert (tmp_path / "cut" / "summary.csv").exists()


def test_a_scenario_asked_for_twice_is_refused():
    with pytest.raises(UsageError, match="policy=none is asked for twice"):
        read(["policy=none,nurture_early,none"], several=True)


def test_the_help_of_run_names_all_that_there_is_to_choose(capsys):
    assert main(["run", "--help"]) == 0
    told = capsys.readouterr().out
    assert all(path.stem in told for path in config_folder().rglob("*/*.yaml"))
    assert widest(told) <= 120


def test_money_beyond_the_end_is_told_and_not_forbidden():
    late = "policy=nurture_late"
    (said,) = noted(compose([late, "world=next_decade"]))
    assert "nurture_late" in said
    assert "begins in April 2033, and the run ends in March 2036: 24 of its 60 months of money lie beyond" in said
    assert noted(compose([late, "world=next_decade", "policy.nurture_late.dose=0"])) == []
    assert noted(compose([late, "months=150"])) == []
    (ended,) = noted(compose([late]))
    assert "was paid until March 2019, and the last year of the run is told" in ended
    assert "whole place" in noted(compose(["place.funded_area=10000"]))[0]
    asked = "policy.ready_meals.months=180"
    elsewhere = ["place.residents=20000", "place.funded_area=9334", "policy=ready_meals", asked]
    assert "set policy.ready_meals.where=funded_area" in noted(compose(elsewhere))[0]
    assert noted(compose([*elsewhere, "policy.ready_meals.where=funded_area"])) == []


def test_settings_of_a_policy_hold_where_its_own_start_would_not():
    asked = read(["policy=none,listening", "policy.listening.start=12", "months=24"], several=True)
    assert [list(point.config.policy) for point in asked.points] == [[], ["listening"]]
    with pytest.raises(ConfigError, match="would never start"):
        read(["policy=none,listening", "policy.listening.start=2031-04", "months=24"], several=True)


def test_a_comma_within_a_number_is_told():
    with pytest.raises(ConfigError, match=r"If place\.residents=20,000 was meant as one number, write"):
        read(["policy=none,listening", "place.residents=20,000"], several=True)


def test_the_second_time_nothing_is_run(store, capsys, monkeypatch):
    said(capsys, "run", *SMALL, store)

    def never(*_):
        raise AssertionError("a run that was stored is run again")

    monkeypatch.setattr("sim.pool.alone.simulate", never)
    out, _ = said(capsys, "run", *SMALL, store, "workers=2")
    assert "2 of 2 runs were found" in out


def test_states_are_written_on_request(store, tmp_path, capsys):
    said(capsys, "run", *SMALL, "replicates=1", "record=[ties,residents]", "hydra.run.dir=x", store)
    assert pq.read_metadata(tmp_path / "x" / "residents.parquet").num_rows == 3000
    assert pq.read_metadata(tmp_path / "x" / "ties.parquet").num_rows > 3000
    assert (tmp_path / "x" / "figures" / "network.svg").exists()
    assert '<h2 id="network">' in (tmp_path / "x" / "report.html").read_text(encoding="utf-8")


def test_a_folder_that_is_used_again_holds_nothing_of_before(store, tmp_path, capsys):
    def files(name):
        return {path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob("*") if path.is_file()}

    pairs = ("replicates=auto", "precision=0.2", "replicates.least=5", "replicates.most=5")
    parts = ("place.residents=1500", "place.funded_area=500", "record=[residents,ties]", "months=13", "workers=1")
    said(capsys, "compare", "world=flat,history", *pairs, *parts, store, "hydra.run.dir=x")
    for name in ("precision.csv", "gained_and_lost.csv", "1/by_area.parquet", "figures/network.svg"):
        assert (tmp_path / "x" / name).exists()
    own = {Path("notes.txt"), Path("2024", "summary.csv")}
    for name in own:
        (tmp_path / "x" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "x" / name).write_text("mine")
    for name in ("x", "fresh"):
        said(capsys, "run", *SMALL, store, f"hydra.run.dir={name}")
    assert files("x") == files("fresh") | own
    assert not (tmp_path / "x" / "0").exists()


def test_a_sweep_leaves_all_together_and_each_apart(store, tmp_path, capsys):
    out, _ = said(capsys, "run", "-m", *SMALL, "world=flat,history", "seed=1,2", "hydra.sweep.dir=sweep", store)
    folder = tmp_path / "sweep"
    together = read_results(folder)
    apart = [read_results(folder / str(n)) for n in range(4)]
    assert len(together.results) == 4 * 2 * 13
    pd.testing.assert_frame_equal(together.results, pd.concat([r.results for r in apart], ignore_index=True))
    assert [set(r.results["world"]) for r in apart] == [{"flat"}, {"flat"}, {"history"}, {"history"}]
    summary = pd.read_csv(folder / "summary.csv")
    assert summary.groupby("point")["overrides"].first().tolist() == [
        "world=flat seed=1", "world=flat seed=2", "world=history seed=1", "world=history seed=2"
    ]  # fmt: skip
    assert len(summary) == 4 * len(OBSERVABLES)
    assert out.count("mean of 2 runs") == 4


def test_every_point_is_checked_before_the_first_runs(store, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sim.cli.work.store_all", None)
    _, fault = said(capsys, "run", "-m", *SMALL, "months=12,24,700", store, code=2)
    assert "with months=700" in fault
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("words", ["world=flat,history", "months=range(12,15)"])
def test_comma_lists_need_a_sweep(capsys, words):
    _, fault = said(capsys, "run", *SMALL, words, code=2)
    assert "-m" in fault
    assert "takestwo compare" in fault


def test_folders_may_be_named_by_the_time(tmp_path):
    asked = read(["months=12", "hydra.run.dir='here/${now:%Y}'", "store='a b/c'"])
    assert re.fullmatch(r"here/20\d\d", asked.folder.as_posix())
    assert asked.store.as_posix() == "a b/c"


def test_what_is_set_of_a_policy_holds_where_it_is_chosen():
    asked = read(["policy=none,nurture_early", "policy.nurture_early.dose=25,50"], several=True)
    assert [point.name for point in asked.points] == [
        "policy=none", "policy=nurture_early policy.nurture_early.dose=25",
        "policy=nurture_early policy.nurture_early.dose=50",
    ]  # fmt: skip
    assert [sum(p.dose for p in point.config.policy.values()) for point in asked.points] == [0.0, 25.0, 50.0]
    with pytest.raises(ConfigError, match=r"policy\.nurture_late is not chosen"):
        read(["policy=none,nurture_early", "policy.nurture_late.dose=25"], several=True)


def test_an_area_of_whole_neighbourhoods_may_be_the_place():
    small, note = noted(compose(["place.residents=1500", "place.funded_area=750"]))
    assert small == "so small a place (1,500 residents) begins with 16 to 18 ties a resident, not 15."
    assert "about 1,700 people: so nothing lies next door" in note
    (other,) = noted(compose(["place.residents=10000", "place.funded_area=5000"]))
    assert "has 5,715 residents and not 5,000: it is made of whole neighbourhoods (4 of 7)" in other
    assert noted(compose(["place.residents=10000", "place.funded_area=5700"])) == []


def test_the_time_left_is_that_of_the_months_and_not_of_what_is_done_once(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(screen, "time", SimpleNamespace(monotonic=lambda: clock.now))
    watcher = screen.Watcher("a cost")
    clock.now = 300.0
    assert watcher._left(Progress(4, 0, 0, 800, 0)) == ""
    watcher(Progress(4, 0, 0, 800, 10))
    assert watcher._left(Progress(4, 0, 0, 800, 11)) == ""
    clock.now = 310.0
    assert watcher._left(Progress(4, 0, 0, 800, 110)) == "about 1 min 09 s left"


# Comparisons


@pytest.fixture(scope="module")
def compared(store, tmp_path_factory):
    """A comparison of three scenarios: its folder, and what was printed."""
    folder = tmp_path_factory.mktemp("compared")
    words = ["compare", "world=flat,history,essay", *SMALL, f"hydra.run.dir={folder}", store]
    done = subprocess.run([*TAKESTWO, *words], capture_output=True, text=True, check=True)
    return folder, done.stdout


def test_the_runs_of_a_comparison_say_whose_they_are(compared):
    folder, _ = compared
    runs = json.loads((folder / "provenance.json").read_text())["runs"]
    for number in range(3):
        own = {run["run_id"] for run in json.loads((folder / str(number) / "provenance.json").read_text())["runs"]}
        assert own == {run["run_id"] for run in runs if run["points"] == [number]}


def test_a_comparison_leaves_its_contrasts(compared):
    folder, out = compared
    frame = pd.read_csv(folder / "contrasts.csv")
    assert list(frame.columns) == [*CONTRAST, "counterfactual_overrides", "scenario_overrides"]
    pairs = frame[["counterfactual_overrides", "scenario_overrides"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["world=flat", "world=history"], ["world=flat", "world=essay"], ["world=history", "world=essay"]]
    assert len(read_results(folder).results) == 3 * 2 * 13
    row = frame[(frame["outcome"] == "hours_council") & (frame["scenario_overrides"] == "world=history")].iloc[0]
    last = [read_results(folder / n).results.query("month >= 1")["hours_council"].mean() for n in "01"]
    assert row.difference == pytest.approx(last[1] - last[0])
    assert row.low <= row.difference <= row.high
    titles = [scenario.name for scenario in read_study(folder).scenarios]
    assert f"Differences from {titles[0]}, mean of 2 pairs of runs" in " ".join(out.split())
    assert f"The options beside each other: differences from {titles[1]}, mean of 2 pairs" in " ".join(out.split())
    assert all(title in " ".join(out.split()) for title in titles)


def test_a_comparison_tells_where_and_who_and_names_its_tables(store, tmp_path, capsys):
    words = ("world=flat,history", *SMALL, "place.funded_area=500", "hydra.run.dir=c", store)
    out, _ = said(capsys, "compare", *words)
    folder = tmp_path / "c"
    assert out.startswith(finding(read_study(folder)))
    assert "Tables: contrasts.csv, contrasts_by_quintile.csv, contrasts_by_area.csv, contrasts_by_band.csv, " in out
    assert not (folder / "residents.parquet").exists()  # they were not asked for
    ends = ["counterfactual_overrides", "scenario_overrides"]
    parts = pd.read_csv(folder / "contrasts_by_area.csv")
    assert list(parts.columns) == ["area", *CONTRAST, *ends]
    row = parts[(parts["outcome"] == "unmet_need") & (parts["area"] == "inside")].iloc[0]
    assert f"inside {plus_minus(row.difference, row.low, row.high, row.unit)}" in out
    gained = pd.read_csv(folder / "gained_and_lost.csv").set_index("outcome")
    assert list(gained.columns) == [*list(GAINED)[1:], *ends]
    assert f"ties, by 3 or more {100 * gained.gained.ties:.1f} {100 * gained.lost.ties:.1f} " in out
    needed = int(pd.read_csv(folder / "contrasts.csv").set_index("outcome").pairs_needed["unmet_need"])
    assert needed == pairs_needed(2, 1.0)
    assert f"{needed - 2} more pair, replicates={needed}." in out


def test_residents_of_large_comparisons_are_not_recorded_unasked(store, capsys, monkeypatch):
    monkeypatch.setattr("sim.cli.compare.MOST_RESIDENTS", 1500)
    out, _ = said(capsys, "compare", "world=flat,history", *SMALL, "replicates=1", store)
    assert "Who gained and who lost: ask for it with record=[residents]." in out
    assert "gained_and_lost.csv" not in out
    assert "One pair of runs has no interval" in out


def test_tables_fit_in_a_hundred_columns(store, compared, capsys):
    assert main(["run", *SMALL, store]) == 0
    run = capsys.readouterr().out
    outcomes = [name for group in SHORT.values() for name in group.values()]
    for out in (run, compared[1]):
        assert widest(out) <= 100
        for name in outcomes:
            assert re.search(rf"^ *{name}[ ,].*\d", out, re.MULTILINE), out


def widest(out):
    return max(len(line.rstrip()) for line in out.splitlines() if not re.match(r"Results:|\d of", line))


@pytest.mark.parametrize("width", [56, 80])
@pytest.mark.parametrize("several", [True, False])
def test_a_comparison_is_whole_in_a_narrow_terminal(compared, width, several, capsys):
    study = read_study(compared[0])
    study = study if several else replace(study, scenarios=study.scenarios[:2])
    contrasts = [Contrast(study.first.results, scenario.results) for scenario in study.others]
    console = Console(width=width)
    for part in comparison.told(study, contrasts, width):
        console.print(part)
    out = capsys.readouterr().out
    assert "…" not in out
    assert widest(out) <= width
    words = " ".join(out.split())
    assert all(word in words for word in ("Paid", "Unpaid", "±", "unregistered", "pair"))


# Reports


def test_a_report_is_made_anew(store, tmp_path, capsys):
    said(capsys, "run", *SMALL, "hydra.run.dir=x", store)
    (tmp_path / "x" / "report.html").unlink()
    out, _ = said(capsys, "report", "x")
    assert out == "Report: x/report.html"
    assert "<h1>" in (tmp_path / "x" / "report.html").read_text(encoding="utf-8")


# Faults

BAD = {
    ("rn",): "unknown command. Did you mean takestwo run?",
    ("frobnicate",): "There is run, compare, plan, runs, odd, report, place, profile, verify.",
    ("invest",): "not built yet",
    ("run", "montsh=12"): "Did you mean months?",
    ("run", "place.resident=2000"): "Did you mean place.residents?",
    ("run", "volunteering.ask_chances=0.1"): "Did you mean volunteering.ask_chance?",
    ("run", "policy=nurture_erly"): "Did you mean nurture_early?",
    ("run", "place=atlantis"): "england_average",
    ("run", "months=twelve"): "1 to 600",
    ("run", "months=9999"): "1 to 600",
    ("run", "place.residents=10"): "1,500 to 1,000,000",
    ("run", "volunteering.ask_chance=7"): "volunteering.ask_chance",
    ("run", "replicates=0"): "replicates",
    ("run", "record=[tie]"): "ties",
    ("run", "world=next_decad"): "Did you mean next_decade",
    ("run", "policy=localsm"): "Did you mean localism?",
    ("run", "funding.decide_at=parish"): "funding.decide_at",
    ("run", "draw=-3"): "0 is the centre",
    ("run", "ablation=no_culturee"): "Did you mean no_culture?",
    ("run", "world=history", "months=300"): "204",
    ("run", "policy=nurture_late", "months=24"): "would never start",
    ("run", "policy=listening", "policy.listening.end=2014"): "dose is paid is policy.listening.months",
    ("run", "fast"): "key=value",
    ("run", "policy=[none"): "Cannot read",
    ("run", "--fast"): "unknown flag --fast",
    ("run", "hydra.verbose=true"): "hydra.run.dir",
    ("run", "store="): "store=FOLDER",
    ("run", "-m", "months=interval(1,2)"): "commas",
    ("compare", "policy=none"): "two are needed",
    ("compare", "seed=1,2"): "Set seed to the same in both",
    ("compare", "months=12,24"): "Set months to the same in both",
    ("verify", "months=2"): "takes no settings",
    ("report",): "name one results folder",
    ("report", "nowhere"): "is not a results folder",
    ("report", "months=2"): "name one results folder",
    ("runs",): "There is check, drop, export, list, show.",
    ("runs", "lst"): "Did you mean list?",
    ("runs", "list", "store=nowhere"): "there is no store nowhere",
    ("runs", "list", "--yes"): "unknown flag --yes",
    ("runs", "drop", "--all"): "There is --yes",
    ("runs", "list", "world="): "Write world=VALUE",
    ("runs", "check", "world=essay"): "check looks at all of a store",
    ("runs", "export", "x.csv", "table=by_quintle"): "Did you mean by_quintile?",
}


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_bad_input_is_one_message(words, capsys, tmp_path):
    assert main(words) == 2
    out, fault = capsys.readouterr()
    assert out == ""
    assert BAD[words] in fault
    assert fault.startswith("takestwo ")
    assert fault.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["hydra.run.dir", "store"])
def test_a_folder_that_cannot_be_written_is_told_at_once(key, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    _, fault = said(capsys, "run", *SMALL, f"{key}=file/x", code=2)
    assert "cannot write file/x" in fault


def test_a_full_disk_is_one_message(tmp_path, capsys, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    _, fault = said(capsys, "run", *SMALL, code=2)
    assert re.search(r"takestwo run: cannot write outputs/\.store/\w+/\w+\.parquet: No space left", fault)
    assert not list(tmp_path.glob("outputs/.store/*/*"))


def test_the_command_exits_with_its_code():
    done = subprocess.run([*TAKESTWO, "run", "montsh=12"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent another way there")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_finished_runs(workers, capsys):
    words = ["run", "place.residents=1500", "months=60", "replicates=2000", f"workers={workers}", "store=kept"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = subprocess.Popen([*TAKESTWO, *words], **pipes, start_new_session=True)
    heard = []
    while not any("One run is finished" in line for line in heard):
        heard.append(running.stderr.readline())
        assert heard[-1], heard
    os.killpg(running.pid, signal.SIGINT)
    try:
        out, rest = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    assert out == ""
    assert "Traceback" not in rest
    assert workers == 1 or "the runs that are under way come to their end and are kept" in rest
    finished = int(re.search(r"Interrupted\. (\d+) of 2000 runs are finished and kept in kept\.", rest).group(1))
    assert finished >= 1
    assert f"takestwo {' '.join(words)}" in rest
    out, _ = said(capsys, *words, "replicates=1")
    assert "1 of 1 runs were found in kept." in out


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent another way there")
def test_ctrl_c_pressed_once_more_while_the_command_ends_changes_nothing():
    words = ["run", "place.residents=1500", "months=60", "replicates=2000", "workers=1", "store=kept"]
    running = subprocess.Popen([*TAKESTWO, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    heard = []
    for awaited in ("One run is finished", "Interrupted. "):
        while not any(awaited in line for line in heard):
            heard.append(running.stderr.readline())
            assert heard[-1], heard
        running.send_signal(signal.SIGINT)
    rest = running.stderr.read()
    assert running.wait(60) == 130
    assert "Traceback" not in rest


# Verify


def test_verify_says_that_both_checks_hold(capsys):
    out, _ = said(capsys, "verify")
    assert "hands agrees" in out
    assert "as published" in out


@pytest.fixture
def only_the_digest(monkeypatch):
    """Verify looks at the standard run only, and finds other bits than those published."""
    monkeypatch.setattr("sim.verification.check_hands", fine)
    monkeypatch.setattr("sim.verification._standard_run", standard_run)
    monkeypatch.setattr("sim.verification.digest", lambda _: "0" * 64)


LIVE = verification._standard_run


@cache
def standard_run():
    return LIVE()


def test_verify_allows_for_the_last_bits(only_the_digest, capsys):
    out, _ = said(capsys, "verify")
    assert re.search(r"digest agrees: digest 0{16} and not \w{16} .*but every number is within 1e-09", out)


def test_verify_sees_other_numbers(only_the_digest, capsys, monkeypatch):
    numbers = verification._numbers

    def other(tables):
        made = numbers(tables)
        made["trust_council"][-1] += 1e-6
        return made

    monkeypatch.setattr("sim.verification._numbers", other)
    out, _ = said(capsys, "verify", code=1)
    assert "digest DIFFERS" in out
    assert "trust_council" in out


def fine():
    return verification.Verdict("digest", True, "not looked at")


def test_verify_sees_hands_that_part(capsys, monkeypatch):
    from sim.processes import trust

    advance = trust.advance

    def wrong(state, p, dice):
        advance(state, p, dice)
        state.residents.trust_council[7] += 1e-15

    monkeypatch.setattr(trust, "advance", wrong)
    monkeypatch.setattr("sim.verification.check_standard_run", fine)
    out, _ = said(capsys, "verify", code=1)
    assert "hands DIFFERS: fast and plain hands part in month 0, in residents.trust_council" in out


# Words for numbers


@pytest.mark.parametrize(
    ("number", "unit", "level", "change"),
    [
        (0.2714, "share", "27.1%", "+27.14 points"),
        (-0.0213, "share of residents", "−2.1%", "−2.13 points"),
        (-0.00001, "share", "0.0%", "+0.00 points"),
        (1234.5, "hours/1,000 residents", "1,234", "+1,234"),
        (11.26, "ties", "11.3", "+11.3"),
        (0.5461, "0 to 1", "0.546", "+0.546"),
        (float("nan"), "share", "none", "none"),
    ],
)
def test_numbers_are_written_in_their_unit(number, unit, level, change):
    assert screen.value(number, unit) == level
    assert screen.change(number, unit) == change
