"""Files that are written whole or not at all, and faults of the disk told in one message."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


class OutputError(Exception):
    """A folder or file that cannot be written or read, told in one message."""


@contextmanager
def becoming(path: Path, *, lasting: bool = False) -> Iterator[Path]:
    """A passing name to write a file under: only at the end is it given its own name.

    Args:
        path: its own name.
        lasting: put it on the disk before that, so that it outlives a loss of power: for what all else is made from.

    Raises:
        OutputError: if the disk is full or the folder may not be written.
    """
    passing = path.with_name(f".{path.name}.{secrets.token_hex(4)}")  # two machines may have processes of one number
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        yield passing
        if lasting:
            with passing.open("rb+") as file:
                os.fsync(file.fileno())
        passing.replace(path)
    except OSError as fault:
        raise OutputError(cannot_write(path, fault)) from fault
    finally:
        _forget(passing)


def written_whole(path: Path, write: Callable[[Path], object], *, lasting: bool = False) -> None:
    """Write a file whole or not at all, as `becoming` does.

    Raises:
        OutputError: if the disk is full or the folder may not be written.
    """
    with becoming(path, lasting=lasting) as passing:
        write(passing)


def check_folder(folder: Path) -> None:
    """Make a folder and try a file in it, so that a long run does not end in vain.

    Raises:
        OutputError: if it cannot be written.
    """
    trial = folder / f".trial.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as fault:
        raise OutputError(cannot_write(folder, fault)) from fault


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # the folder itself is missing or closed: there is nothing to forget
        return


def cannot_write(path: Path, fault: OSError) -> str:
    """One message for a file or folder that cannot be written."""
    why = fault.strerror or str(fault)
    return f"cannot write {path}: {why}. Make room there, or choose another folder."


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write one table, whole or not at all, with a checksum on every page."""
    packed = packed_as(table.schema, len(table))
    if len(table) < MANY_ROWS:  # at one stroke: the disk is not asked a hundred times for a hundred columns
        content = pa.BufferOutputStream()
        pq.write_table(table, content, **packed)
        written_whole(path, lambda passing: passing.write_bytes(content.getvalue()))
    else:
        written_whole(path, lambda passing: pq.write_table(table, passing, **packed))


MANY_ROWS = 5_000
"""Rows from which on a file is worth packing tightly."""


def packed_as(schema: pa.Schema, rows: int) -> dict[str, Any]:
    """How a table is put into a file of Parquet: with a checksum on every page.

    Of floats there is no dictionary, which is a waste, and no smallest and largest, which nobody looks for and which
    take a quarter of the time. To set zstd up for each of a hundred columns takes twice as long as all else about a
    small table, and for reading three times; there Snappy packs nearly as well, and needs neither.
    """
    small = rows < MANY_ROWS
    words = not small and [field.name for field in schema if not pa.types.is_floating(field.type)]
    return {
        "compression": "snappy" if small else "zstd", "write_page_checksum": True,
        "use_dictionary": words, "write_statistics": words,
    }  # fmt: skip


def write_text(path: Path, text: str) -> Path:
    """Write one text file, whole or not at all."""
    written_whole(path, lambda passing: passing.write_bytes(text.encode()))
    return path


def read_parquet(path: Path) -> pa.Table:
    """Read one table.

    Raises:
        OutputError: if the file is cut short, damaged or cannot be read.
    """
    try:
        return pq.ParquetFile(path, page_checksum_verification=True).read()
    except (OSError, pa.ArrowException) as fault:
        raise OutputError(f"cannot read {path}: {' '.join(str(fault).split())}") from fault
