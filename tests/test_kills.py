"""Nothing is lost: sweeps whose workers and parent are killed, or whose disk is full, end as if nothing had been.

The store of a disturbed sweep, gone on with until it is whole, says the same to the bit as that of one that was left
alone: the same runs, and the same digest of all their tables (`sim.store.digest_of`).
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.cli.request import read
from sim.ensemble import specs_of, store_all
from sim.store import Store, check, digest_of

KILLS = int(os.environ.get("TAKESTWO_KILLS", "200"))
SEEDS = 120
SWEEP = ["-m", f"seed={','.join(map(str, range(SEEDS)))}", "place.residents=1500", "months=12", "replicates=2",
         "workers=2"]  # fmt: skip
PATIENCE = 600.0


def sweep(store, out, words=SWEEP):
    words = [*words, f"store={store}", f"hydra.sweep.dir={out}"]
    command = [sys.executable, "-m", "sim.cli", "run", *words]
    out, told = subprocess.DEVNULL, subprocess.PIPE
    return subprocess.Popen(command, stdout=out, stderr=told, text=True, start_new_session=True)


def family(process):
    """The parent, its workers and the server that forks them, as far as they live."""
    there = [process.pid]
    for pid in there:
        try:
            there += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except OSError:
            continue
    return there if Path(f"/proc/{process.pid}").exists() else []


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The digest of a store that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    specs = [spec for point in read(SWEEP).points for spec in specs_of(point.config)]
    assert store_all(specs, folder, workers=2) == {}
    return digest_of(Store(folder))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="workers are found by /proc")
def test_a_sweep_that_is_killed_again_and_again_ends_as_one_that_was_left_alone(undisturbed, tmp_path):
    lots, killed, parents, rounds = random.Random(5), 0, 0, 0
    store = tmp_path / "store"
    while killed < KILLS:
        if rounds and _is_whole(store):  # all to be done again
            shutil.rmtree(store / "runs")
        process = sweep(store, tmp_path / "out")
        rounds += 1
        while process.poll() is None and killed < KILLS:
            time.sleep(lots.uniform(0.05, 3.0))
            there = family(process)
            if len(there) < 2 and lots.random() < 0.8:
                continue  # it is only starting: mostly let it come to work
            if there:
                victim = lots.choice(there)
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                killed += 1
                parents += victim == process.pid
        _ended(process)
    assert killed >= KILLS
    assert parents > KILLS / 20
    last = sweep(store, tmp_path / "out")
    assert last.wait(PATIENCE) == 0, last.stderr.read()
    print(f"{killed} kills, {parents} of them of the parent, in {rounds} rounds")
    assert digest_of(Store(store)) == undisturbed
    found = check(Store(store))
    assert (found.runs, found.is_sound) == (2 * SEEDS, True), found.findings


def _is_whole(store):
    return check(Store(store)).runs == 2 * SEEDS


def _ended(process):
    """Wait until the parent has ended, and its workers with it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    process.stderr.close()


@pytest.mark.slow
def test_a_disk_that_is_full_loses_nothing(undisturbed, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(small)], check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        process = sweep(small / "store", tmp_path / "out")
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2, told
        assert "No space left" in told
        assert "Traceback" not in told
        kept = check(Store(small / "store")).runs
        assert 0 < kept < 2 * SEEDS
        subprocess.run(["mount", "-o", "remount,size=400m", str(small)], check=True)
        process = sweep(small / "store", tmp_path / "out")
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, told
        assert digest_of(Store(small / "store")) == undisturbed
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)
