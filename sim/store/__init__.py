"""The store of runs, by content: what is done is never done again, and is there for any tool to read.

    STORE/runs/         a row a run: scenario, replicate, source, when it was made, the whole configuration
    STORE/results/      a row a run and month; by_quintile/, by_area/, by_band/, by_service/ likewise
    STORE/residents/    where they were recorded, as ties/

Each folder holds Parquet files of the same columns, so ``results/*.parquet`` is one table to R, DuckDB and pandas as
it stands. A file holds one run and is called by its `run_id`, a hash of all that can change it; or it is a *pack* of
many.

**Why packs.** Any tool takes about half a millisecond to open a file, however few rows are asked for: 100,000 take
minutes. So runs that lie about one by one are put into packs of `packing.LOOSE` runs while a sweep goes on, and 100,000
runs are 400 files a table, listed and queried in seconds. States of residents and ties are large already, and
stay one file a run.

Short runs are not even written one by one: what a process finishes within two seconds it writes as a *block*, a small
pack, for six files cost as much as a run of 20 milliseconds. Blocks are packed like runs that lie about.

**Nothing is lost.** Files are immutable: written under a passing name, put on the disk, renamed. The row in ``runs`` is
written last, and where it stands the run is whole. So processes and machines may share a store: two that live one run
at once write the same file twice. A pack is written before what it stands for is removed; whoever is killed in
between leaves a run twice, the same bits, and the next packing clears that up. One process packs at a time, by a lock
that ends with it; where a file system has no locks nothing is packed, and all else works.

**What is damaged counts as absent.** Every file carries a digest of each run's rows: of names, types, units and values,
not of bytes as they are encoded, so it outlives packing, and another version of Parquet. Reading a run checks it, after
the checksum of each page. Together these digests are the store's own, by which two stores are compared. And every file
is sealed with a digest of all its bytes, of which no other program knows: by it `soundness.check` finds one flipped bit
anywhere, at the speed of the disk, and a file that was written anew by somebody else.
"""

from sim.store.frame import ChoiceError, Frame
from sim.store.frames import Runs, open_store
from sim.store.packing import LOOSE, clear, drop, pack, put_together
from sim.store.shelf import About, Store, run_id
from sim.store.soundness import check, digest_of

__all__ = [
    "LOOSE", "About", "ChoiceError", "Frame", "Runs", "Store", "check", "clear", "digest_of", "drop", "open_store",
    "pack", "put_together", "run_id",
]  # fmt: skip
