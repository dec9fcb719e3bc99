"""Launchers without their engines: jobs and their size, settings, and what becomes of jobs that end in other ways.

`tests/engines` has the engines themselves.
"""

import json
import math
import re
import shlex
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from sim import compose, cost, launchers
from sim.cli import UsageError, main
from sim.cli.request import read
from sim.config import ConfigError
from sim.ensemble import specs_of, store_all
from sim.files import OutputError
from sim.launchers import Ray, Slurm, check_launcher, elsewhere, jobs_of, memory_gb
from sim.launchers.away import lived_by
from sim.launchers.jobs import SPLIT, Ended, Job, packed
from sim.pool import CtrlC, EnsembleError
from sim.source import source_hash
from sim.store import Store, digest_of
from tests.outside_rules import Fails

SMALL = ("world=history", "place.residents=1500", "months=2", "policy=ready_meals", "policy.ready_meals.start=0")


def points(count, replicates, *words):
    """The runs of so many points, which differ in a policy's dose."""
    each = [compose([*SMALL, f"policy.ready_meals.dose={1 + n}", *words]) for n in range(count)]
    return [spec for config in each for spec in specs_of(config, replicates)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The digest of a store in which three points of two replicates lie."""
    folder = tmp_path_factory.mktemp("alone")
    assert store_all(points(3, 2), folder, workers=1) == {}
    return digest_of(Store(folder))


# Jobs.


SIX = points(6, 4)


@settings(max_examples=200)
@given(st.lists(st.floats(0.01, 50.0), min_size=24, max_size=24), st.floats(0.5, 200.0), st.integers(1, 4),
       st.sets(st.integers(0, 23)))  # fmt: skip
def test_every_run_is_in_one_job_and_no_job_is_far_too_long(seconds, target, workers, stored):
    places = [place for place in range(24) if place not in stored]
    jobs = packed(places, SIX, seconds, target=target, store="s", workers=workers)
    assert sorted(place for job in jobs for place in job.places) == places
    for job in jobs:
        assert [SIX[place] for place in job.places] == list(job.specs)
        assert job.seconds == pytest.approx(math.fsum(seconds[place] for place in job.places) / workers)
        whole = {place // 4 for place in job.places}
        assert job.seconds <= SPLIT * target or (len(whole) == 1 and len(job.places) == 1)


def test_points_stay_whole_and_fill_a_job():
    jobs = packed(range(24), SIX, [10.0] * 24, target=80.0, store="s")
    assert [sorted(job.places) for job in jobs] == [list(range(n, n + 8)) for n in (0, 8, 16)]
    assert {job.seconds for job in jobs} == {80.0}


def test_a_point_that_is_far_too_long_is_split():
    jobs = packed(range(8), SIX, [100.0] * 24, target=150.0, store="s")
    assert [sorted(job.places) for job in jobs] == [[n] for n in range(8)]
    jobs = packed(range(8), SIX, [100.0] * 24, target=201.0, store="s")
    assert [sorted(job.places) for job in jobs] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_jobs_that_begin_together_begin_with_other_towns():
    jobs = packed(range(24), SIX, [10.0] * 24, target=40.0, store="s")
    assert [SIX[job.places[0]].replicate for job in jobs] == [0, 1, 2, 3, 0, 1]


def test_the_size_of_a_job_follows_the_pace_that_was_measured(tmp_path):
    specs = points(40, 5, "months=100")
    places, launcher = range(len(specs)), check_launcher({"kind": "slurm", "job_min": 1.0})
    counts = []
    for pace in (1.0, 4.0):
        (tmp_path / "pace.json").write_text(json.dumps({"pace": pace}))
        counts.append(len(jobs_of(launcher, places, specs, tmp_path)))
    assert counts[1] > 2 * counts[0]
    assert counts[1] <= len(specs)


def test_a_pace_that_is_not_known_is_measured(tmp_path):
    assert cost.pace(tmp_path) is None
    found = cost.measure(tmp_path)
    assert cost.pace(tmp_path) == pytest.approx(found)
    assert 0.01 <= found <= 100.0


def test_a_job_is_given_the_memory_that_it_needs_and_some_more():
    specs = points(1, 1, "place.residents=200000")
    needs = cost.memory_of(specs) / 1e9
    one, four = (check_launcher({"kind": "slurm", "cpus_per_task": cores}) for cores in (1, 4))
    assert 1.2 * needs < memory_gb(one, specs) < 2.5 * needs + 1.0
    assert memory_gb(four, specs) > 3.0 * memory_gb(one, specs)
    assert memory_gb(check_launcher({"kind": "ray", "mem_gb": 7}), specs) == 7.0


# Settings.


@pytest.mark.parametrize(("words", "said"), [
    (["hydra/launcher=slrum"], r"hydra/launcher=slrum is unknown. Did you mean slurm\?"),
    (["hydra/launcher=slurm", "hydra.launcher.partitoin=a"], r"Did you mean hydra.launcher.partition\?"),
    (["hydra/launcher=slurm", "hydra.launcher.mem_gb=-1"], "numbers from 0 to 4,000"),
    (["hydra/launcher=slurm", "hydra.launcher.job_min=much"], "hydra.launcher.job_min is 'much'"),
    (["hydra/launcher=ray", "hydra.launcher.partition=a"], "hydra.launcher.partition is unknown"),
    (["hydra.launcher.partition=a"], "Choose slurm or ray too"),
    (["hydra/launcher=slurm,ray"], "names no single launcher"),
    (["hydra/launcher=null"], "names no single launcher"),
    (["hydra/launcher=slurm", "hydra.launcher.partition=[a,b]"], "a text is needed"),
    (["hydra/launcher=slurm", "hydra.launcher.kind=pbs"], "can be local, slurm, ray"),
    (["hydra.laucnher.qos=a"], "is not used here"),
])  # fmt: skip
def test_what_is_wrong_with_a_launcher_is_told(words, said):
    with pytest.raises((ConfigError, UsageError), match=said):
        read([*SMALL, *words])


def test_settings_are_read_as_they_are_meant():
    words = ["hydra/launcher=slurm", "hydra.launcher.partition=2024", 'hydra.launcher.setup=["module load a","b"]',
             "hydra.launcher.job_min=20", "hydra.launcher.array_parallelism=1e3"]  # fmt: skip
    asked = read([*SMALL, *words]).launcher
    assert (asked.partition, asked.setup, asked.job_min, asked.array_parallelism) == (
        "2024", ("module load a", "b"), 20.0, 1000)  # fmt: skip
    assert read([*SMALL, "hydra/launcher=slurm", "hydra.launcher.setup='module load a'"]).launcher.setup == (
        "module load a",)  # fmt: skip
    assert read(SMALL).launcher.kind == "local"


def test_a_launcher_of_ones_own_is_a_file(tmp_path, monkeypatch):
    folder = tmp_path / "hydra" / "launcher"
    folder.mkdir(parents=True)
    (folder / "ours.yaml").write_text("kind: slurm\npartition: short\n")
    monkeypatch.setattr("sim.composition.config_folder", lambda: tmp_path)
    from sim.composition import launcher_of, parse

    said = launcher_of(parse(["hydra/launcher=ours", "hydra.launcher.qos=x"]))
    assert check_launcher(said).model_dump(include={"kind", "partition", "qos"}) == {
        "kind": "slurm", "partition": "short", "qos": "x"}  # fmt: skip


def test_what_is_to_be_installed_is_told_before_anything_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(launchers.EXTRAS, "slurm", "nothing_of_this_name")
    monkeypatch.chdir(tmp_path)
    assert main(["run", *SMALL, "hydra/launcher=slurm"]) == 2
    said = capsys.readouterr().err
    assert "pip install 'takestwo[slurm]'" in said
    assert not list(tmp_path.iterdir())


def test_where_there_is_no_slurm_it_is_told(monkeypatch):
    monkeypatch.setitem(launchers.EXTRAS, "slurm", "json")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnsembleError, match="login node"):
        launchers.check_ready(check_launcher({"kind": "slurm"}))


def test_a_plan_tells_the_jobs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["-m", "policy=none,ready_meals", "replicates=30"]
    assert main(["plan", *words, "hydra/launcher=slurm", "hydra.launcher.cpus_per_task=2"]) == 0
    said = capsys.readouterr().out
    assert "of the launcher slurm" in said
    assert "each given 2 cores and 1.0 GB of memory" in said
    assert main(["plan", *words]) == 0
    assert "of the launcher local" in capsys.readouterr().out


# What becomes of jobs.


class Here:
    """An engine that lives its jobs in this process, one whenever it is asked, and loses what it is told to.

    Args:
        lose: how a job ends, by its number among all that were started: called with the job.
    """

    def __init__(self, lose=()):
        self._lose, self._waiting = dict(lose), []
        self.started, self.stopped = [], 0

    def start(self, jobs):
        self._waiting += jobs
        self.started.append([job.places for job in jobs])
        self._number = sum(map(len, self.started)) - len(self._waiting)

    def ended(self):
        if self._waiting:
            job = self._waiting.pop(0)
            number = self._number
            self._number += 1
            yield job, self._lose.get(number, lambda job: job())(job)

    def finish(self):
        back, self._waiting = self._waiting, []
        return back

    def stop(self):
        self.stopped += 1


def a_job_a_point(places, specs, store):
    return packed(places, specs, [1.0] * len(specs), target=2.0, store=store)


def swept(engine, folder, specs, progress=None):
    return store_all(specs, folder, elsewhere=partial(lived_by, engine, a_job_a_point), progress=progress)


def half(job):
    """It lives a run, and is lost."""
    store_all(job.specs[:1], job.store, workers=1)
    return "its node died"


def test_jobs_fill_the_store_as_this_machine_would(alone, tmp_path):
    engine, reports = Here(), []
    assert swept(engine, tmp_path, points(3, 2), reports.append) == {}
    assert digest_of(Store(tmp_path)) == alone
    assert [len(each) for each in engine.started] == [3]
    assert engine.stopped == 1
    assert (reports[-1].done, reports[-1].lived, reports[-1].months) == (6, 12, 12)


def test_what_a_lost_job_had_done_is_kept_and_the_rest_handed_out_again(alone, tmp_path):
    engine = Here({0: half, 1: lambda _: "killed"})
    assert swept(engine, tmp_path, points(3, 2)) == {}
    assert digest_of(Store(tmp_path)) == alone
    again = [place for places in engine.started[1] for place in places]
    assert len(again) == 3  # one of the first job, both of the second
    assert len(engine.started) == 2


def test_runs_whose_job_is_lost_again_are_named(tmp_path):
    engine = Here({0: lambda _: "out of memory", 3: lambda _: "out of memory"})
    failed = swept(engine, tmp_path, points(3, 2))
    assert sorted(failed) == [0, 1]
    assert "its job was lost: out of memory" in str(failed[0])
    assert len(Store(tmp_path).names()) >= 1


def test_a_run_that_fails_in_a_job_is_tried_again_and_named(tmp_path):
    specs = specs_of(compose(["place.residents=1500", "months=3"]), 3, model=Fails)
    failed = swept(Here(), tmp_path, specs)
    assert [(place, str(fault)) for place, fault in failed.items()] == [(0, "nothing adds up")]


def test_a_job_that_finds_another_source_ends_it_all(tmp_path):
    engine = Here({0: lambda _: Ended({}, EnsembleError("the model's source changed"))})
    with pytest.raises(EnsembleError, match="source changed"):
        swept(engine, tmp_path, points(2, 1))
    assert engine.stopped == 1


def test_a_disk_that_is_full_ends_it_all(tmp_path):
    with pytest.raises(OutputError, match="no room"):
        swept(Here({0: lambda _: Ended({}, OutputError("no room"))}), tmp_path, points(2, 1))


def test_a_job_that_says_it_is_done_and_has_stored_nothing_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.launchers.away.LAG_SECONDS", 0.0)
    lying = dict.fromkeys(range(4), lambda _: Ended({}))
    failed = swept(Here(lying), tmp_path, points(2, 1))
    assert sorted(failed) == [0, 1]
    assert "does not have it" in str(failed[0])


def test_ctrl_c_stops_the_jobs(tmp_path):
    engine = Here()

    def stop(progress):
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(engine, tmp_path, points(3, 1), stop)
    assert engine.stopped == 1


class Slow(Here):
    """Of its jobs one is under way; when it is to finish, it has lived a run."""

    def ended(self):
        return []

    def finish(self):
        self.ended = lambda: [(under_way, Ended({}, stopped=True))]
        (under_way, *back), self._waiting = self._waiting, []
        half(under_way)
        return back


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_lets_the_jobs_that_run_finish_the_run_that_they_are_at_and_twice_waits_for_nothing(tmp_path, presses):
    engine, reports = Slow(), []

    def press(progress):
        reports.append(progress)
        for _ in range(presses * (len(reports) == 3)):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        swept(engine, tmp_path, points(3, 2), press)
    assert len(engine.started) == engine.stopped == 1
    assert reports[-1].stopping == (presses == 1)
    assert reports[-1].done == len(Store(tmp_path).names()) == (presses == 1)


def test_what_jobs_have_stored_counts_when_ctrl_c_is_pressed_twice(tmp_path):
    engine, reports = Slow(), []

    def press(progress):
        reports.append(progress)
        if len(reports) == 3:
            half(engine._waiting[0])
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        swept(engine, tmp_path, points(3, 2), press)
    assert reports[-1].done == len(Store(tmp_path).names()) == 1


def test_a_pause_ends_when_ctrl_c_is_pressed():
    """Also a second time; a sleep would go on after a signal that was only noted."""
    ctrl_c = CtrlC(patient=True)
    for times in (1, 2):
        threading.Timer(0.05, ctrl_c.press).start()
        began = time.monotonic()
        ctrl_c.pause(300.0)
        assert time.monotonic() - began < 200.0
        assert ctrl_c.times == times
    ctrl_c.pause(0.0)


def test_what_a_job_that_was_asked_to_end_has_left_is_handed_out_again(alone, tmp_path):
    """As by somebody who is not who asked for the sweep."""
    assert Job((4,), (), str(tmp_path), 1, 1.0, source_hash())() == Ended({})

    def asked_to_end(job):
        half(job)
        return Ended({}, stopped=True)

    engine = Here({0: asked_to_end})
    assert swept(engine, tmp_path, points(3, 2)) == {}
    assert digest_of(Store(tmp_path)) == alone
    assert len(engine.started) == 2


def test_a_job_that_hears_ctrl_c_says_that_it_was_stopped(tmp_path, monkeypatch):
    def heard(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.launchers.jobs.store_all", heard)
    assert Job((4,), (), str(tmp_path), 1, 1.0, source_hash())() == Ended({}, stopped=True)


def test_nothing_is_measured_or_handed_out_by_the_local_launcher(tmp_path):
    assert elsewhere(check_launcher({"kind": "local"}), points(1, 1), tmp_path, tmp_path) is None
    assert not list(tmp_path.iterdir())


# The guide.

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "cluster.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^takestwo (run|plan) (.+)$", GUIDE, flags=re.MULTILINE)


@pytest.mark.parametrize(("command", "words"), COMMANDS)
def test_every_command_of_the_guide_can_be_followed(command, words):
    asked = read(shlex.split(words))
    assert asked.multirun
    assert len(asked.points) == 4


def test_the_guide_tells_every_setting_and_its_default():
    assert len(COMMANDS) == 4
    table = [line for line in GUIDE.splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`(?:hydra\.launcher)?\.(\w+)`", " ".join(line.split("|")[1] for line in table)))
    assert named == set(Slurm.model_fields) - {"kind"}
    own = Slurm(kind="slurm")
    told = {line.split("|")[1].strip(" `").rpartition(".")[2]: line.split("|")[3].strip() for line in table}
    assert told["job_min"] == f"{own.job_min:.0f}"
    assert told["cpus_per_task"] == str(own.cpus_per_task)
    assert told["array_parallelism"] == str(own.array_parallelism)
    assert f"`.job_min` ({Ray(kind='ray').job_min:.0f})" in GUIDE


def test_the_file_of_the_guide_is_a_launcher():
    (said,) = re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert check_launcher(yaml.safe_load(said)).partition == "short"
