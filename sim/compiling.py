"""How kernels are compiled.

A kernel that Python calls is ``@njit(**KERNEL)``. A part of one, called from kernels alone, is ``@njit(**PART)``. Numba
would optimise each part, turn it into machine code that nobody calls, and do it all again in each kernel that the part
is linked into, once for every level between them. A part is only translated; the kernel optimises the whole once.

A compiled kernel is kept by where its file lies in the package, and not by where that lies on the disk, as numba would:
so a second clone, an installed wheel and another machine's mount of the same cache find what is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numba.core.caching import CacheImpl, UserProvidedCacheLocator
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering


class _PartLibrary(JITCodeLibrary):
    """The code of a part: there to be linked, never run by itself."""

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


class _PartCompiler(CompilerBase):
    def define_pipelines(self) -> list[PassManager]:
        whole = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes = PassManager("part")
        for step, why in whole.passes:
            passes.add_pass(_PartLowering if step is NativeLowering else step, why)
        passes.finalize()
        return [passes]


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

KERNEL: dict[str, Any] = {"cache": True, "no_cfunc_wrapper": True}
PART: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": _PartCompiler}
