"""PyTorch eager: the module itself, in inference mode, on the CPU or on a GPU."""

from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.pt.facts import facts
from latbench.runtimes.pt.runtime import TorchRuntime
from latbench.runtimes.pt.session import ModuleSession


class PyTorch(TorchRuntime):
    """PyTorch's eager mode; on the CPU in fp32 it is the reference that exported artifacts are compared with.

    On a GPU, fp16 and bf16 are the weights cast to that type, with the casts of inputs and outputs from and
    to float32 inside the inference, as in an ONNX file of that precision.
    """

    name = "pytorch"
    devices = frozenset({"cpu", "cuda"})

    def prepare(self, source: Source, options: SessionOptions) -> ModuleSession:
        """Call the factory and put its module into eval and inference mode, on the device."""
        with self.loaded(source, options) as (module, mode, gpu):
            extra = {} if gpu is None else {"cuda_graph": "off"}
            return ModuleSession(module, mode, facts(module, "eager", gpu, **extra), gpu)


RUNTIME = PyTorch()
