"""Tables as compiled kernels see them: read in place, whatever their columns' kind, length and layout."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numba import njit, typeof

from sim.columns import Table, read_in_place
from sim.compiling import KERNEL, PART
from sim.processes.helping.kernel import help_for_a_month
from sim.state import TABLES, allocate


class Parcels(NamedTuple):
    weight: Any
    rank: Any
    kinds: Any


read_in_place(Parcels)


@njit
def read(parcels, i, k):
    return parcels.weight[i], parcels.rank[i], parcels.kinds[i, k], parcels.kinds.shape, parcels.weight.size


@njit
def double(parcels):
    for i in range(parcels.weight.size):
        parcels.weight[i] *= 2.0
        parcels.kinds[i, :] = parcels.rank[i]


@njit(**PART)
def heaviest(parcels):
    return parcels.weight.max()


@njit(**KERNEL)
def twice_the_heaviest(parcels):
    return 2.0 * heaviest(parcels)


def parcels(rows, kind=np.int8, *, every=1):
    rng = np.random.default_rng(rows)
    wide = (
        rng.random(every * rows), rng.integers(0, 9, every * rows).astype(kind), rng.random((every * rows, every * 5)),
    )  # fmt: skip
    return Parcels(*(column[::every] for column in wide[:2]), wide[2][::every, ::every])


@given(st.integers(1, 40), st.sampled_from([np.int8, np.int32, np.int64, np.uint8]), st.sampled_from([1, 2, 3]))
def test_a_kernel_reads_what_python_reads(rows, kind, every):
    table = parcels(rows, kind, every=every)
    for i, k in ((0, 0), (rows - 1, 4), (rows // 2, 2)):
        here = (table.weight[i], table.rank[i], table.kinds[i, k], table.kinds.shape, rows)
        assert read(table, i, k) == here


@pytest.mark.parametrize("every", [1, 2])
def test_a_kernel_writes_in_place(every):
    table = parcels(6, every=every)
    weight = table.weight.copy()
    double(table)
    assert (table.weight == 2.0 * weight).all()
    assert (table.kinds == table.rank[:, None]).all()


def test_an_empty_table_has_no_rows():
    double(parcels(0))


def test_tables_of_other_columns_have_other_types_and_names():
    kinds = [typeof(parcels(3, kind, every=every)) for kind in (np.int8, np.int64) for every in (1, 2)]
    assert len(set(kinds)) == len({kind.name for kind in kinds}) == len(kinds)
    assert typeof(parcels(3)) == typeof(parcels(4))


def test_all_tables_of_a_state_are_read_in_place():
    state = allocate(residents=2, charities=1, services=1, neighbourhoods=1, policies=1, world=1, flows=3)
    assert all(isinstance(typeof(getattr(state, name)), Table) for name in TABLES)


def test_a_part_works_within_a_kernel_and_says_so_when_python_calls_it():
    table = parcels(5)
    assert twice_the_heaviest(table) == 2.0 * table.weight.max()
    with pytest.raises(KeyError, match="heaviest is a part of a kernel, and only kernels call it"):
        heaviest(table)


def test_a_kernel_is_kept_by_its_place_in_the_package_and_other_functions_by_theirs_on_the_disk():
    kernels = Path(os.environ["NUMBA_CACHE_DIR"])
    assert Path(help_for_a_month._cache.cache_path) == kernels / "processes" / "helping"
    assert Path(twice_the_heaviest._cache.cache_path).name.startswith("tests_")
