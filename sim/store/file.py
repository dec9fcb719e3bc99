"""One file of the store: the rows of one run, or of many, each under a digest of what they say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sim.files import packed_as, written_whole

DIGESTS = b"takestwo.digests"
"""Under this key a file's metadata has, as JSON, the digest of each run, in the order of their rows."""
SEAL = b"takestwo.seal"
"""Under this key it has the digest of its own bytes, of which those of the digest itself are taken to be zeros."""
_BLANK = b"0" * 32
GROUP = 32
"""Runs of a pack that are read at one go: its row groups."""
FAULTS = (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError, OverflowError)
"""What reading a damaged file may raise."""


_TEXT = pa.string()
_DATES = {pa.date32(): pa.int32(), pa.timestamp("ms", "UTC"): pa.int64()}
_BYTES = {pa.float64().id: 8, pa.int64().id: 8}
"""Of each value, by the kind of nearly all columns: those can be looked at where they lie."""


def digest(table: pa.Table, head: bytes | None = None) -> str:
    """What a table says, in 32 hexadecimal digits: names, types, units and meanings, and every value to the bit.

    Args:
        table: the rows.
        head: what `told` says of its columns, where that is known.
    """
    head = head or told(table.schema)
    hashed = hashlib.blake2b(head, digest_size=16)
    hashed.update(str(len(table)).encode())
    for column in table.itercolumns():
        hashed.update(_bits(column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()))
    return hashed.hexdigest()


def told(schema: pa.Schema) -> bytes:
    """What columns are, as bytes: less what Parquet adds of its own."""
    return _told(schema.serialize().to_pybytes())


@lru_cache(maxsize=64)
def _told(written: bytes) -> bytes:
    """The same, of a schema as Arrow writes it: the tables of a sweep have a few between them."""
    schema = pa.ipc.read_schema(pa.py_buffer(written))
    each = [
        [field.name, str(field.type),
         sorted((str(k), str(v)) for k, v in (field.metadata or {}).items() if not k.startswith(b"PARQUET"))]
        for field in schema
    ]  # fmt: skip
    return json.dumps(each).encode()


def _bits(values: Any) -> bytes | memoryview:
    """Every value of an array: where there is none, that there is none."""
    width = _BYTES.get(values.type.id, 0)
    if width and not values.null_count:
        first, last = values.offset, values.offset + len(values)
        return memoryview(values.buffers()[1] or b"")[width * first : width * last]
    gaps = b""
    if values.null_count:
        gaps = values.is_valid().to_numpy(zero_copy_only=False).tobytes()
        values = values.fill_null("" if values.type == _TEXT else 0)
    if values.type == _TEXT:
        if len(values) and values[1:].equals(values[:-1]):  # as the names of a run: its dictionary has one word
            return gaps + json.dumps([values[0].as_py()]).encode() + bytes(4 * len(values))
        words = values.dictionary_encode()
        gaps += json.dumps(words.dictionary.to_pylist()).encode()
        values = words.indices
    elif values.type in _DATES:
        values = values.view(_DATES[values.type])
    bits: bytes = values.to_numpy().tobytes()
    return gaps + bits


def write(path: Path, runs: Mapping[str, pa.Table], known: Mapping[str, str] | None = None) -> None:
    """Write the rows of runs, whole or not at all.

    Args:
        path: of the file.
        runs: each run's rows, all of the same columns.
        known: their digests, where they have just been read.

    Raises:
        OutputError: if the disk is full or the folder may not be written.
    """
    tables = list(runs.values())
    head = told(tables[0].schema)
    said = json.dumps({run: known[run] if known else digest(table, head) for run, table in runs.items()})
    schema = tables[0].schema.with_metadata({DIGESTS: said.encode()})
    packed = packed_as(schema, sum(map(len, tables)))

    to = pa.BufferOutputStream()
    with pq.ParquetWriter(to, schema, **packed) as file:
        for first in range(0, len(tables), GROUP):
            together = pa.concat_tables(tables[first : first + GROUP])
            file.write_table(together.replace_schema_metadata(schema.metadata))
        file.add_key_value_metadata({SEAL: _BLANK})
    content = bytearray(to.getvalue())
    place = _sealed_at(content)
    content[place : place + len(_BLANK)] = _digest_but(content, place)
    written_whole(path, lambda passing: passing.write_bytes(content), lasting=True)


def is_sealed(path: Path) -> bool:
    """Whether every byte of a file is as it was written.

    Raises:
        OSError: if it cannot be read.
    """
    content = bytearray(path.read_bytes())
    place = _sealed_at(content)
    return place > 0 and bytes(content[place : place + len(_BLANK)]) == _digest_but(content, place)


def _sealed_at(content: bytearray) -> int:
    """Where the seal begins: behind its key, and two bytes that tell its length. Or 0."""
    key = content.rfind(SEAL)
    return key + len(SEAL) + 2 if key > 0 else 0


def _digest_but(content: bytearray, place: int) -> bytes:
    content[place : place + len(_BLANK)] = _BLANK
    return hashlib.blake2b(content, digest_size=16).hexdigest().encode()


def opened(path: Path, known: pq.FileMetaData | None = None) -> pq.ParquetFile:
    """A file, whose pages are checked as they are read.

    Args:
        path: of the file.
        known: what its foot says, if that has been read.

    Raises:
        FAULTS: if it is not there, or no Parquet.
    """
    return pq.ParquetFile(path, metadata=known, page_checksum_verification=True)


def digests(path: Path) -> dict[str, str]:
    """The digest of each run in a file, in order.

    Raises:
        FAULTS: if it cannot be read, or is none of the store's.
    """
    return _digests(pq.read_schema(path))


def _digests(schema: pa.Schema) -> dict[str, str]:
    said = json.loads((schema.metadata or {})[DIGESTS])
    return {str(run): str(one) for run, one in said.items()}


def read(path: Path, run: str) -> pa.Table | None:
    """The rows of one run, or None if they are not there, sound."""
    found = read_with_digest(path, run)
    return None if found is None else found[0]


def read_with_digest(path: Path, run: str) -> tuple[pa.Table, str] | None:
    """The rows of one run and their digest, or None if they are not there, sound."""
    try:
        rows, said, head = _in_pack(path, run) if path.stem != run else _alone(path, run)
        return (rows, said) if digest(rows, head) == said else None
    except FAULTS:
        return None


def _alone(path: Path, run: str) -> tuple[pa.Table, str, bytes]:
    file = opened(path)
    rows = file.read(use_threads=False).replace_schema_metadata(None)
    return rows, _digests(file.schema_arrow)[run], told(rows.schema)


def _in_pack(path: Path, run: str) -> tuple[pa.Table, str, bytes]:
    known = path.stat()
    key = str(path), known.st_mtime_ns, known.st_size
    said = _said(*key)[0]
    rows, head = _group(*key, list(said).index(run) // GROUP)
    return rows[run], said[run], head


@lru_cache(maxsize=32)
def _said(path: str, *_: int) -> tuple[dict[str, str], pq.FileMetaData]:
    known = pq.read_metadata(path)
    return _digests(known.schema.to_arrow_schema()), known


@lru_cache(maxsize=12)
def _group(path: str, changed: int, size: int, number: int) -> tuple[dict[str, pa.Table], bytes]:
    """Runs of a pack that lie together, as neighbours are often asked for one after another; and what `told` says."""
    said, known = _said(path, changed, size)
    rows = opened(Path(path), known).read_row_group(number, use_threads=False)
    return apart(rows, list(said)[number * GROUP : (number + 1) * GROUP]), told(rows.schema)


def apart(table: pa.Table, names: list[str]) -> dict[str, pa.Table]:
    """The rows of each run of a table, which lie together: one of these names that has no row has no rows."""
    plain = table.replace_schema_metadata(None).combine_chunks()
    counts = {one["values"]: one["counts"] for one in pc.value_counts(plain["run_id"]).to_pylist()}
    rows, first = {}, 0
    for name in names:
        count = counts.get(name, 0)
        rows[name] = plain.slice(first, count)
        first += count
    return rows


def each_run(path: Path) -> Iterator[tuple[str, bool]]:
    """Every run of a file, and whether its rows are what its digest says.

    Raises:
        FAULTS: if the file cannot be read on.
    """
    file = opened(path)
    said = _digests(file.schema_arrow)
    names = list(said)
    if len(names) == 1:
        yield names[0], digest(file.read().replace_schema_metadata(None)) == said[names[0]]
        return
    if file.num_row_groups != -(-len(names) // GROUP):
        raise ValueError("rows are missing")
    for number in range(file.num_row_groups):
        some = names[number * GROUP : (number + 1) * GROUP]
        table = file.read_row_group(number)
        rows = apart(table, some)
        if sum(map(len, rows.values())) != len(table):
            raise ValueError("rows that belong to no run")
        head = told(table.schema)
        for run, own in rows.items():
            yield run, digest(own, head) == said[run]
