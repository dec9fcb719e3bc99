"""The launchers on real engines: whichever lives a sweep, and whatever dies on the way, its store says the same.

`make test-engines` installs the engines and runs this. The digest of a store (`sim.store.digest_of`) is that of all
tables of all its runs, to the bit.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from sim import cost
from sim.cli.request import read
from sim.ensemble import specs_of
from sim.launchers import check_launcher, elsewhere, slurm
from sim.pool import store_all
from sim.store import Store, check, digest_of
from tests.engines.slurm import Cluster

pytest.importorskip("submitit", reason="tests/engines/install.sh installs the engines")
pytest.importorskip("ray")
pytestmark = pytest.mark.engines

SWEEP = ["-m", "policy=ready_meals", "policy.ready_meals.start=6", "policy.ready_meals.dose=range(1,15)",
         "place.residents=1500", "months=204", "replicates=3"]  # fmt: skip
RUNS = 14 * 3
PATIENCE = 400.0


def sweep(folder, *words, around=os.environ, of=SWEEP):
    """Begin a sweep by the command line."""
    words = [*of, *words, f"store={folder / 'store'}", f"hydra.sweep.dir={folder / 'out'}"]
    command, told = [sys.executable, "-m", "sim.cli", "run", *words], folder / "told"
    folder.mkdir(parents=True, exist_ok=True)
    with told.open("w") as file:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file, env=around)
    BEGUN.append(process)
    return process


BEGUN = []


@pytest.fixture(autouse=True)
def nothing_goes_on():
    """A sweep whose test has failed ends with it."""
    yield
    while BEGUN:
        BEGUN.pop().kill()


def ended(process, folder):
    """What a sweep said, when it has ended well."""
    code = process.wait(PATIENCE)
    told = (folder / "told").read_text()
    assert code == 0, told
    assert "Traceback" not in told
    return told


def is_like_the_others(folder, undisturbed):
    """Whether a sweep's store has the digest of one that was lived here, and is whole."""
    found = check(Store(folder / "store"))
    assert (found.runs, found.is_sound) == (RUNS, True)
    return digest_of(Store(folder / "store")) == undisturbed


def stored(folder):
    return len(Store(folder / "store").names())


def until(is_so, what):
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, f"{what} has not come to be"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The digest of the store of the same sweep, by the pool of this machine."""
    folder = tmp_path_factory.mktemp("local")
    ended(sweep(folder, "hydra/launcher=local"), folder)
    return digest_of(Store(folder / "store"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("slurm")) as up:
        yield up


def running(cluster, node):
    return cluster.do("squeue", "-h", "-t", "R", "-w", node, "-o", "%i").split()


def states(cluster):
    """How jobs stand in the books, each time that they were begun, by number and node; the books come a little late."""
    lines = cluster.do("sacct", "-n", "-X", "-D", "-P", "-o", "JobID,Submit,NodeList,State").splitlines()
    rows = [line.split("|") for line in lines]
    return {tuple(row[:-1]): row[-1].split()[0] for row in rows if len(row) == 4}


def test_a_sweep_whose_node_dies_has_the_store_of_one_that_nothing_befell(cluster, undisturbed, tmp_path):
    process = sweep(tmp_path, "hydra/launcher=slurm", "hydra.launcher.job_min=0.05", around=cluster.surroundings)
    until(lambda: stored(tmp_path) >= 4 and running(cluster, "one") and running(cluster, "two"), "work on both nodes")
    assert cluster.kill_node("one") > 0
    assert stored(tmp_path) < RUNS
    told = ended(process, tmp_path)
    assert is_like_the_others(tmp_path, undisturbed), told
    until(lambda: {"NODE_FAIL", "COMPLETED"} <= {*states(cluster).values()}, "the books' word of a dead node")
    print(f"jobs by accounting: {Counter(states(cluster).values())}")
    cluster.start_node("one")
    until(lambda: "down" not in cluster.do("sinfo", "-h", "-o", "%T"), "the node's return")


def test_a_second_sweep_finds_all_and_hands_in_nothing(cluster, undisturbed, tmp_path):
    ended(sweep(tmp_path), tmp_path)
    before = {*states(cluster)}
    told = ended(sweep(tmp_path, "hydra/launcher=slurm", around=cluster.surroundings), tmp_path)
    assert f"Nothing to run: the store has all {RUNS}." in told
    assert {*states(cluster)} == before
    assert is_like_the_others(tmp_path, undisturbed)


def test_a_partition_that_is_not_there_is_told_in_one_message(cluster, tmp_path):
    process = sweep(tmp_path, "hydra/launcher=slurm", "hydra.launcher.partition=shrot", around=cluster.surroundings)
    assert process.wait(PATIENCE) == 2
    told = (tmp_path / "told").read_text()
    assert "SLURM does not take the jobs" in told
    assert "invalid partition" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_takes_back_the_jobs_and_keeps_what_they_did(cluster, undisturbed, tmp_path, presses):
    """Once: those that run end by themselves, with the run that they are at. Twice: they are ended."""
    words = ("hydra/launcher=slurm", "hydra.launcher.job_min=0.05")
    before = {*states(cluster)}
    process = sweep(tmp_path, *words, around=cluster.surroundings)
    until(lambda: stored(tmp_path) >= 2, "a first run")
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        until(lambda: "come to their end and are kept" in (tmp_path / "told").read_text(), "word of it")
    assert process.wait(PATIENCE) == 130
    until(lambda: not cluster.do("squeue", "-h", "-o", "%i").split(), "an empty queue")
    assert 2 <= stored(tmp_path) < RUNS

    def mine():
        return [state for job, state in states(cluster).items() if job not in before]

    until(lambda: "CANCELLED" in mine() and (presses == 2 or "COMPLETED" in mine()), "the books' word of the jobs")
    print(f"presses {presses}, jobs by accounting: {Counter(mine())}")
    ended(sweep(tmp_path, *words, around=cluster.surroundings), tmp_path)
    assert is_like_the_others(tmp_path, undisturbed)


def test_ctrl_c_lets_tasks_of_ray_finish_the_run_that_they_are_at(undisturbed, tmp_path):
    words = ("hydra/launcher=ray", "hydra.launcher.job_min=0.05", "hydra.launcher.num_cpus=2")
    process = sweep(tmp_path, *words)
    until(lambda: stored(tmp_path) >= 2 and ray_workers(), "work by Ray")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert "come to their end and are kept" in (tmp_path / "told").read_text()
    assert 2 <= stored(tmp_path) < RUNS
    assert not ray_workers()
    ended(sweep(tmp_path, *words), tmp_path)
    assert is_like_the_others(tmp_path, undisturbed)


def test_as_many_pairs_as_are_needed_are_lived_by_jobs_as_here(cluster, tmp_path):
    """`replicates=auto`: after each look, more jobs; the same pairs as this machine would take."""
    auto = ["-m", "policy=none,nurture_early", "place.residents=1500", "months=60", "replicates=auto",
            "precision=0.005", "replicates.most=60"]  # fmt: skip
    found = {}
    for name, launcher in {"here": (), "slurm": ("hydra/launcher=slurm", "hydra.launcher.job_min=0.05")}.items():
        told = ended(sweep(tmp_path / name, *launcher, around=cluster.surroundings, of=auto), tmp_path / name)
        store = Store(tmp_path / name / "store")
        found[name] = digest_of(store), check(store).runs
    assert found["here"] == found["slurm"]
    print(f"{found['here'][1]} runs; the last lines: {told[-300:]}")


def test_jobs_that_are_lost_without_accounting_are_noticed_and_handed_out_again(undisturbed, tmp_path):
    """Somebody takes back two jobs, and no books are kept that would tell: by submitit alone one waits for ever."""
    with Cluster(tmp_path / "slurm", accounting=False) as bare:
        process = sweep(tmp_path, "hydra/launcher=slurm", "hydra.launcher.job_min=0.05", around=bare.surroundings)
        until(lambda: stored(tmp_path) >= 2 and running(bare, "one") and running(bare, "two"), "work on both nodes")
        taken = [*running(bare, "one"), *running(bare, "two")]
        bare.do("scancel", *taken)
        assert stored(tmp_path) < RUNS
        told = ended(process, tmp_path)
        print(f"taken back: {taken}")
    assert is_like_the_others(tmp_path, undisturbed), told


def test_more_jobs_than_slurm_takes_at_one_stroke(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", cluster.surroundings["SLURM_CONF"])
    monkeypatch.setattr(slurm, "ARRAY", 2)
    words = ["-m", "policy=ready_meals", "policy.ready_meals.start=6", "policy.ready_meals.dose=range(1,6)",
             "place.residents=1500", "months=12", "replicates=1"]  # fmt: skip
    specs = [spec for point in read(words).points for spec in specs_of(point.config)]
    store = tmp_path / "store"
    store.mkdir()
    cost.measure(store)
    launcher = check_launcher({"kind": "slurm", "job_min": 0.01})
    monkeypatch.setattr(cost, "pace", lambda _: 20.0)  # so slow that every run is a job
    before = {*states(cluster)}
    assert store_all(specs, store, elsewhere=elsewhere(launcher, specs, store, tmp_path / "jobs")) == {}
    until(lambda: len({*states(cluster)} - before) >= 5, "five jobs in the books")
    assert check(Store(store)).runs == 5


def ray_workers():
    """Processes of Ray that live a job."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::_live"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_a_sweep_of_ray_whose_workers_are_killed_has_the_same_store(undisturbed, tmp_path):
    process = sweep(tmp_path, "hydra/launcher=ray", "hydra.launcher.job_min=0.05", "hydra.launcher.num_cpus=2")
    killed = 0
    for enough in (2, 8):
        until(lambda at_least=enough: stored(tmp_path) >= at_least and ray_workers(), "work by Ray")
        os.kill(ray_workers()[0], signal.SIGKILL)
        killed += 1
    assert stored(tmp_path) < RUNS
    told = ended(process, tmp_path)
    print(f"workers killed: {killed}")
    assert is_like_the_others(tmp_path, undisturbed), told
    assert not ray_workers()


def test_no_ray_at_an_address_is_told_in_one_message(tmp_path):
    process = sweep(tmp_path, "hydra/launcher=ray", "hydra.launcher.address=127.0.0.1:1")
    assert process.wait(PATIENCE) == 2
    told = (tmp_path / "told").read_text()
    assert "no Ray answers at hydra.launcher.address=127.0.0.1:1" in told
    assert "Traceback" not in told
