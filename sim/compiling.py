"""How kernels are compiled.

A kernel that Python calls is ``@njit(**KERNEL)``. A part of one, called from kernels alone, is ``@njit(**PART)``. Numba
would optimise each part, turn it into machine code that nobody calls, and do it all again in each kernel that the part
is linked into, once for every level between them. A part is only translated; the kernel optimises the whole once. So
is what numba itself has for a kernel's calls, such as ``np.empty``. And what numba asks itself at every call in every
function, of types and of options, it asks once (`_answers_kept`).

A compiled kernel is kept by where its file lies in the package, and not by where that lies on the disk, as numba would:
so a second clone, an installed wheel and another machine's mount of the same cache find what is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from numba.core import event
from numba.core.caching import CacheImpl, UserProvidedCacheLocator
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.targetconfig import TargetConfig
from numba.core.typed_passes import NativeLowering
from numba.core.types.functions import BaseFunction
from numba.core.typing.templates import _OverloadFunctionTemplate


class _PartLibrary(JITCodeLibrary):
    """The code of a part: there to be linked, never run by itself."""

    def _optimize_functions(self, module: Any) -> None:
        """Left to the kernel."""
        module.data_layout = self._codegen._data_layout  # noqa: SLF001 - a method of numba's, overridden

    def _optimize_final_module(self) -> None:
        """Left to the kernel."""

    def _finalize_final_module(self) -> None:
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(NativeLowering):
    _name = "part_lowering"

    def run_pass(self, state: Any) -> bool:
        name = state.func_id.func_qualname
        state.library = _PartLibrary(state.targetctx.codegen(), name)
        state.flags.no_compile = True
        super().run_pass(state)
        state.flags.no_compile = False
        # Numba knows a compiled function by the builtin that Python would call: here one that says why it cannot.
        entry = f"{{{name} is a part of a kernel, and only kernels call it}}".format
        state.targetctx.insert_user_function(entry, state.cr.fndesc, [state.library])
        state["cr"] = state.cr._replace(cfunc=entry)
        return True


class _KernelCompiler(Compiler):
    def compile_extra(self, function: Any) -> Any:
        with _answers_kept():
            return super().compile_extra(function)


class _PartCompiler(CompilerBase):
    def compile_extra(self, function: Any) -> Any:
        with _answers_kept():
            return super().compile_extra(function)

    def define_pipelines(self) -> list[PassManager]:
        whole = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes = PassManager("part")
        for step, why in whole.passes:
            passes.add_pass(_PartLowering if step is NativeLowering else step, why)
        passes.finalize()
        return [passes]


_answers: dict[Any, Any] = {}
_asked = BaseFunction.get_call_type
_alike = TargetConfig.__eq__
_decorator = _OverloadFunctionTemplate._get_jit_decorator  # noqa: SLF001 - as said there


def _answer(function: Any, context: Any, args: Any, kws: Any) -> Any:
    """What a call of a builtin with such types is: numba would try dozens of definitions, at each call anew."""
    try:
        question = (function, context, tuple(args), tuple(kws.items()))
        known = _answers.get(question)
    except TypeError:  # types that have no hash
        return _asked(function, context, args, kws)
    if known is not None and known.args in function._impl_keys:  # noqa: SLF001 - as numba's own
        return known
    answer = _asked(function, context, args, kws)
    if answer is not None and answer.recvr is None:
        _answers[question] = answer
    return answer


def _alike_at_once(options: Any, other: Any) -> Any:
    """Whether options are alike: those are in which the same was set."""
    if options is other or (type(options) is type(other) and options._values == other._values):  # noqa: SLF001
        return True
    return _alike(options, other)


@cache
def _hash_of(kind: Any) -> int:
    return hash(tuple(sorted(kind.options)))


def _hash(options: Any) -> int:
    """As numba has it: the same for all options of a kind."""
    kind: Any = type(options)
    hashed: int = _hash_of(kind)
    return hashed


def _as_part(template: Any) -> Any:
    """How numba compiles what it has for a call: as a part."""
    compiled = _decorator(template)
    return lambda **options: compiled(**{"pipeline_class": _PartCompiler, **options})


_QUICKER: tuple[tuple[Any, str, Any], ...] = (
    (BaseFunction, "get_call_type", _answer),
    (TargetConfig, "__eq__", _alike_at_once),
    (TargetConfig, "__hash__", _hash),
    (_OverloadFunctionTemplate, "_get_jit_decorator", _as_part),
)


@contextmanager
def _answers_kept() -> Iterator[None]:
    """While a kernel is compiled, under numba's lock: a fifth of the time is for what it has asked itself before."""
    before = [(where, name, getattr(where, name)) for where, name, _ in _QUICKER]
    for where, name, quicker in _QUICKER:
        setattr(where, name, quicker)
    try:
        yield
    finally:
        for where, name, whole in before:
            setattr(where, name, whole)


PACKAGE = Path(__file__).resolve().parent


class _WithinPackage(UserProvidedCacheLocator):
    """Where the kernels of this package are kept: in the folder that `sim` names by the source."""

    def __init__(self, kernel: Any, file: str) -> None:
        super().__init__(kernel, file)
        kernels = Path(self._cache_path).parent
        self._cache_path = str(kernels / Path(file).resolve().relative_to(PACKAGE).parent)

    @classmethod
    def from_function(cls, kernel: Any, file: str) -> _WithinPackage | None:
        if not Path(file).resolve().is_relative_to(PACKAGE):
            return None  # the functions of others are kept where they always were
        found: _WithinPackage | None = super().from_function(kernel, file)
        return found


CacheImpl._locator_classes.insert(0, _WithinPackage)  # noqa: SLF001 - numba lets the environment alone choose, for all

class NotKeptError(Exception):
    """A kernel was asked for that is not kept, where nothing is to be compiled."""


class _Refusal(event.Listener):
    def on_start(self, event: Any) -> None:  # noqa: ARG002 - numba calls it so
        raise NotKeptError

    def on_end(self, event: Any) -> None:
        """Nothing was begun."""


@contextmanager
def nothing_compiled() -> Iterator[None]:
    """Load kernels that are kept; one that is not raises `NotKeptError`."""
    with event.install_listener("numba:compile", _Refusal()):
        yield


KERNEL: dict[str, Any] = {"cache": True, "no_cfunc_wrapper": True, "pipeline_class": _KernelCompiler}
PART: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": _PartCompiler}
