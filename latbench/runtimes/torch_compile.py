"""torch.compile with Inductor: the module compiled to C++ for the CPU, or to Triton kernels for a GPU."""

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from latbench.runtimes.base import Availability, Facts, Knob, SessionOptions, Source, knob
from latbench.runtimes.pt.cuda import Gpu
from latbench.runtimes.pt.facts import facts
from latbench.runtimes.pt.runtime import KNOBS, TorchRuntime
from latbench.runtimes.pt.session import ModuleSession

MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")
CACHE = "TORCHINDUCTOR_CACHE_DIR"

_WARM = 3
"""Calls after the compiling one, untimed: with CUDA graphs the first of them records, the others replay."""

_KNOBS: Mapping[str, Knob] = {
    **KNOBS,
    "mode": Knob("default", "mode of torch.compile", choices=MODES),
    "fullgraph": Knob(False, "a graph break is an error"),
    "freezing": Knob(False, "weights are constants of the compiled code: folded, laid out beforehand"),
    "cache": Knob(True, "what an earlier process compiled is used again"),
}

_COUNTED = {
    "frames": ("frames", "total"),
    "graphs": ("stats", "unique_graphs"),
    "hits": ("inductor", "fxgraph_cache_hit"),
    "misses": ("inductor", "fxgraph_cache_miss"),
    "bypassed": ("inductor", "fxgraph_cache_bypass"),
    "without_graph": ("inductor", "cudagraph_skips"),
}

_compiled_frames = 0
"""Frames compiled in this process while a session was bound: any more were compiled in a run."""


class CompiledSession(ModuleSession):
    """A compiled module: the first `bind` compiles for those shapes, a later compilation is an error.

    `compile_ns` is the call that compiles, with its one inference.
    """

    def __init__(
        self, module: Any, mode: Any, told: Facts, gpu: Gpu | None, given: Mapping[str, Any]
    ) -> None:
        super().__init__(module, mode, told, gpu, self._compiled)
        self._given = given

    @property
    def facts(self) -> Facts:
        """What ran, with the recompilations of this process until now."""
        recompiles = _counts()["frames"] - _compiled_frames
        return replace(self._told, extra={**self._told.extra, "recompiles": recompiles})

    @facts.setter
    def facts(self, told: Facts) -> None:
        self._told = told

    def close(self) -> None:
        """Release the module, leave inference mode and allow compilation again."""
        import torch

        super().close()
        torch.compiler.set_stance("default")

    def _compiled(self, module: Any, tensors: Sequence[Any]) -> Callable[..., Any]:
        import torch

        global _compiled_frames  # noqa: PLW0603 - Dynamo counts for the process, too
        before = _counts()
        torch.compiler.set_stance("default")
        # Without its own entries a second module of a class would be a recompilation of the first.
        compiler: Any = torch.compile
        function = compiler(module, dynamic=False, isolate_recompiles=True, **self._given)
        try:
            begin = time.perf_counter_ns()
            function(*tensors)
            if self._gpu is not None:
                self._gpu.stream.synchronize()
            self.compile_ns = time.perf_counter_ns() - begin
            for _ in range(_WARM):
                function(*tensors)
        finally:
            counted = {name: count - before[name] for name, count in _counts().items()}
            _compiled_frames += counted["frames"]
        torch.compiler.set_stance("fail_on_recompile")
        self._told = replace(self._told, extra={**self._told.extra, **_told(counted, self._gpu, self._given)})
        return function


def _counts() -> dict[str, int]:
    from torch._dynamo.utils import counters

    found = {name: int(counters[group][key]) for name, (group, key) in _COUNTED.items()}
    return {**found, "graph_breaks": sum(counters["graph_break"].values())}


def _told(counted: Mapping[str, int], gpu: Gpu | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the counters tell of one compilation; `engine_cached` None where nothing was looked up."""
    from torch._inductor import config

    looked_up = counted["hits"] + counted["misses"] + counted["bypassed"]
    told: dict[str, Any] = {
        "graphs": counted["graphs"],
        "graph_breaks": counted["graph_breaks"],
        "engine_cached": counted["hits"] == looked_up if looked_up else None,
        "compile_threads": config.compile_threads,
    }
    if gpu is not None:
        skipped = counted["without_graph"]
        graph = f"fell back: Inductor left out {skipped}" if skipped else "on"
        told["cuda_graph"] = graph if given["options"].get("triton.cudagraphs") else "off"
    return told


class TorchCompile(TorchRuntime):
    """torch.compile with its Inductor backend, for fixed shapes; compiled while the inputs are bound.

    What was compiled is kept in a folder of the user's cache and found again by the next process; the fact
    `engine_cached` tells whether it was. fp16, bf16 and tf32 on a GPU as in eager mode.
    """

    name = "torch_compile"
    devices = frozenset({"cpu", "cuda"})
    knobs = _KNOBS

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether torch is importable, computes on `device`, and has the compiler it needs for that."""
        found = super().check(device)
        if not found.available:
            return found
        if device != "cpu" and importlib.util.find_spec("triton") is None:
            reason, mend = "torch.compile needs Triton on a GPU, which is not installed", "pip install triton"
            return Availability(False, found.version, reason, mend)
        variable, usual = _compiler(device)
        compiler = os.environ.get(variable) or usual
        path = shutil.which(compiler.partition(" ")[0])
        if path is None:
            reason = f"torch.compile needs a compiler, and there is no {compiler}"
            mend = f"install {usual} (Debian, Ubuntu: apt-get install {usual}), or name another by {variable}"
            return Availability(False, found.version, reason, mend)
        return replace(found, offers=(*found.offers, Path(path).name))

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return what stops spinning and helpers of Inductor, and the folder of what is compiled.

        That folder is the user's TORCHINDUCTOR_CACHE_DIR, else latbench/torchinductor in the folder for
        caches ($XDG_CACHE_HOME, ~/.cache without).
        """
        found = {**super().environment(options), "TORCHINDUCTOR_COMPILE_THREADS": "1"}
        if not knob(self, options, "cache"):
            found["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
        if not os.environ.get(CACHE):
            told = os.environ.get("XDG_CACHE_HOME")
            folder = Path(told) if told else Path.home() / ".cache"
            found[CACHE] = str(folder / "latbench" / "torchinductor")
        return found

    def prepare(self, source: Source, options: SessionOptions) -> CompiledSession:
        """Call the factory and put its module into eval and inference mode; `bind` compiles it."""
        import torch._inductor as inductor

        settings: dict[str, Any] = dict(inductor.list_mode_options(str(knob(self, options, "mode"))))
        if knob(self, options, "freezing"):
            settings["freezing"] = True
        how = {"options": settings, "fullgraph": bool(knob(self, options, "fullgraph"))}
        with self.loaded(source, options) as (module, mode, gpu):
            return CompiledSession(module, mode, facts(module, "inductor", gpu), gpu, how)


def _compiler(device: str) -> tuple[str, str]:
    """Return the variable that names the compiler used for `device`, and the one used without it."""
    if device != "cpu":
        return "CC", "gcc"
    return "CXX", "clang++" if sys.platform == "darwin" else "g++"


RUNTIME = TorchCompile()
