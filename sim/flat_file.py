"""Many arrays in one file, which is read at one stroke: the 250 columns of a town in a millisecond or two.

NumPy's own way, a zip with a file an array, takes forty: as long as a town of 1,500 residents takes for three years.
After a line that names the kind of file come the length of a head, the head as JSON (words, and the name, kind and
shape of each array), the arrays, each from a multiple of 64 bytes on, and the CRC-32 of all that, as zip has it.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

FIRST_LINE = b"Takes Two: arrays, 1\n"
ALIGN = 64
"""Bytes of which each array begins at a multiple: a line of a processor's cache."""
_LENGTH, _CHECK = struct.Struct("<Q"), struct.Struct("<I")


def save(path: str | os.PathLike[str], arrays: Mapping[str, Any], words: Mapping[str, Any]) -> None:
    """Write arrays, and words beside them, to exactly ``path``, by a temporary file and a rename.

    Args:
        path: of the file.
        arrays: of numbers, by name.
        words: what JSON can say.

    Raises:
        OSError: if it cannot be written; its folder must be there.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write {target}: there is no folder {target.parent}")
    each = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    head = json.dumps({"words": dict(words), "arrays": each}).encode()
    parts: list[Any] = [FIRST_LINE + _LENGTH.pack(len(head)) + head, *map(np.ascontiguousarray, arrays.values())]
    passing = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with passing.open("wb") as file:
            check = 0
            for part in parts:
                for piece in (part, bytes(-memoryview(part).nbytes % ALIGN)):
                    file.write(piece)
                    check = zlib.crc32(piece, check)
            file.write(_CHECK.pack(check))
        passing.replace(target)
    finally:
        passing.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays that `save` wrote, which can be written to, and the words beside them.

    Raises:
        OSError: if there is no such file.
        ValueError: if it is none of these files, or damaged.
    """
    content: Any = np.fromfile(path, dtype=np.uint8)
    end, begin = len(content) - _CHECK.size, len(FIRST_LINE) + _LENGTH.size
    if end < begin or content[: len(FIRST_LINE)].tobytes() != FIRST_LINE:
        raise ValueError(f"{path} is none of these files")
    if _CHECK.unpack(content[end:].tobytes())[0] != zlib.crc32(content[:end]):
        raise ValueError(f"{path} is damaged")
    first = begin + _LENGTH.unpack(content[len(FIRST_LINE) : begin].tobytes())[0]
    head, begin = json.loads(content[begin:first].tobytes()), first + -first % ALIGN
    arrays = {}
    for name, kind, shape in head["arrays"]:
        size = np.dtype(kind).itemsize * math.prod(shape)
        arrays[name] = content[begin : begin + size].view(kind).reshape(shape)
        begin += size + -size % ALIGN
    return arrays, head["words"]
