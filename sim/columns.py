"""How a compiled kernel reads a table: in place, by the address of its named tuple.

Numba would take a named tuple of forty arrays apart at every call: five thousand instructions to compile in the wrapper
of each kernel, and some three hundred arguments at each call of a part. Here a table is one pointer, and
``residents.trust_council`` is read through it when it is wanted: tuple -> array -> data and shape. Columns are never
rebound and arrays never resized, so these reads are marked as invariant and move out of loops. Compiling takes half as
long, and calls cost nothing.

The kernel holds no reference: whoever calls it holds the state. So it may not give a column back to Python.
"""

from __future__ import annotations

import hashlib
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models
from numba.core.datamodel.registry import register_default
from numba.core.imputils import lower_getattr_generic
from numba.core.pythonapi import NativeValue, unbox
from numba.core.typing.typeof import typeof_impl
from numba.np.arrayobj import make_array, populate_array

ITEMS = tuple.__basicsize__
"""Where a tuple's items begin, in bytes."""
DATA = object.__basicsize__
"""Where an array's address of data lies: the first field of NumPy's ``PyArrayObject``, in bytes."""
SHAPE, STRIDES = DATA + 16, DATA + 24
WORD = 8

_ADDRESS = ir.IntType(8).as_pointer()


class Table(types.NamedTuple):
    """The type of a table in compiled code: which named tuple, and the types of its columns.

    Its name, part of the name of every function that takes it, is a digest: in full it would be two thousand letters.
    """

    def __init__(self, columns: tuple[types.Array, ...], made: type) -> None:
        super().__init__(columns, made)
        self.name = f"{made.__name__}_{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"


register_default(Table)(models.OpaqueModel)


def read_in_place(table: type) -> None:
    """Let kernels read this kind of table by its address.

    Args:
        table: a named tuple whose fields are all arrays.
    """
    typeof_impl.register(table)(_type_of)


def _type_of(table: Any, context: Any) -> Table:
    return Table(tuple(typeof_impl(column, context) for column in table), type(table))


@unbox(Table)
def _take(_: Table, table: Any, c: Any) -> NativeValue:
    return NativeValue(c.builder.bitcast(table, _ADDRESS))


@lower_getattr_generic(Table)
def _column(context: Any, builder: Any, table: Table, address: Any, name: str) -> Any:
    index = table.fields.index(name)
    kind = table[index]
    column = make_array(kind)(context, builder)
    array = _read(builder, address, ITEMS + WORD * index, _ADDRESS)
    lengths = _read(builder, array, SHAPE, _ADDRESS)
    word = context.get_value_type(types.intp)
    shape = [_read(builder, lengths, WORD * axis, word) for axis in range(kind.ndim)]
    size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    if kind.layout == "C":
        strides = [ir.Constant(word, size)]
        for length in shape[:0:-1]:
            strides.insert(0, builder.mul(strides[0], length))
    else:
        steps = _read(builder, array, STRIDES, _ADDRESS)
        strides = [_read(builder, steps, WORD * axis, word) for axis in range(kind.ndim)]
    data = _read(builder, array, DATA, column.data.type)
    populate_array(column, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return column._getvalue()  # noqa: SLF001 - numba's name for the value of a made array


def _read(builder: Any, address: Any, offset: int, kind: Any) -> Any:
    place = builder.gep(address, [ir.Constant(ir.IntType(64), offset)])
    value = builder.load(builder.bitcast(place, kind.as_pointer()))
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value
