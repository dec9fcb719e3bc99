"""Two sweeps at once on one store, with runs in common: each run is done once or agrees, and nothing breaks."""

import subprocess
import sys

import pytest

from sim import open_store, read_results
from sim.cli.request import read
from sim.ensemble import specs_of, store_all
from sim.store import LOOSE, Store, check, digest_of
from tests.test_kills import PATIENCE

PACKING_SOON = """
import sys
from functools import partial
from sim.pool import asked
from sim.store import packing
asked.LOOSE = packing.LOOSE = {loose}
asked.pack = partial(packing.pack, least={loose})
if __name__ == "__main__":
    from sim.cli import main
    sys.exit(main(sys.argv[1:]))
"""
"""The command, but that runs are packed as soon as so many lie about: so one sweep reads while the other packs."""


def words(first, last, replicates):
    """Points that have all but the dose of a policy in common: so they share their towns, and are quick."""
    return ["-m", "policy=nurture_early", "policy.nurture_early.start=0", "place.residents=1500", "months=6",
            f"policy.nurture_early.dose=range({first},{last})", f"replicates={replicates}"]  # fmt: skip


def begun(script, store, out, asked, workers):
    command = [sys.executable, str(script), "run", *asked, f"workers={workers}", f"store={store}",
               f"hydra.sweep.dir={out}"]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def run_ids(asked):
    return {spec.run_id for point in read(asked).points for spec in specs_of(point.config)}


def at_once(tmp_path, one, two, *, loose, workers):
    """Both sweeps to their end, and what they have left beside the store of one that did all of it alone."""
    script, store = tmp_path / "soon.py", tmp_path / "store"
    script.write_text(PACKING_SOON.format(loose=loose))
    both = [begun(script, store, tmp_path / name, asked, workers) for name, asked in (("one", one), ("two", two))]
    for process in both:
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, told
        assert "Traceback" not in told
    ids = [run_ids(asked) for asked in (one, two)]
    assert ids[0] & ids[1]
    assert ids[0] != ids[1]
    found = check(Store(store))
    assert (found.runs, found.is_sound, set(open_store(store).ids)) == (len(ids[0] | ids[1]), True, ids[0] | ids[1])
    points = [*read(one).points, *read(two).points]
    specs = {spec.run_id: spec for point in points for spec in specs_of(point.config)}
    assert store_all(list(specs.values()), tmp_path / "alone", workers=1) == {}
    assert digest_of(Store(store)) == digest_of(Store(tmp_path / "alone"))
    left = [read_results(tmp_path / name).results for name in ("one", "two")]
    assert [set(frame["run_id"]) for frame in left] == ids
    shared = [frame[frame["run_id"].isin(ids[0] & ids[1])].reset_index(drop=True) for frame in left]
    assert shared[0].equals(shared[1])
    return store


def test_two_sweeps_that_overlap_end_as_one(tmp_path):
    store = at_once(tmp_path, words(1, 14, 2), words(8, 21, 2), loose=6, workers=1)  # too many points for reports
    assert any(name.startswith("pack-") for name in Store(store).names())


@pytest.mark.slow
def test_two_long_sweeps_that_overlap_end_as_one(tmp_path):
    at_once(tmp_path, words(1, 201, 2), words(101, 301, 2), loose=LOOSE, workers=2)
