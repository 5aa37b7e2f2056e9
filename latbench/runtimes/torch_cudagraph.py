"""PyTorch's eager kernels as one CUDA graph: captured once, replayed in each run."""

from collections.abc import Callable, Sequence
from typing import Any

from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.pt.cuda import Gpu
from latbench.runtimes.pt.facts import facts
from latbench.runtimes.pt.runtime import TorchRuntime
from latbench.runtimes.pt.session import ModuleSession, Ready


class TorchCudaGraph(TorchRuntime):
    """The module's kernels launched by the GPU itself: what eager mode costs the host for each is left out.

    The inference is captured while it is bound, after a few calls on the same stream. A module that cannot be
    captured (it waits for the GPU, or copies from pageable memory) fails; nothing falls back.
    """

    name = "torch_cudagraph"
    devices = frozenset({"cuda"})

    def prepare(self, source: Source, options: SessionOptions) -> ModuleSession:
        """Call the factory and put its module into eval and inference mode on the GPU."""
        with self.loaded(source, options) as (module, mode, gpu):
            told = facts(module, "eager, captured", gpu, cuda_graph="on")
            return ModuleSession(module, mode, told, gpu, _captured(gpu))


def _captured(gpu: Gpu | None) -> Ready:
    def ready(module: Any, tensors: Sequence[Any]) -> Callable[..., Any]:
        if gpu is None:
            raise BadInput("A CUDA graph needs a GPU; use --device cuda.")
        replay, outputs = gpu.capture(lambda: module(*tensors))

        def function(*_: Any) -> Any:
            replay()
            return outputs

        return function

    return ready


RUNTIME = TorchCudaGraph()
