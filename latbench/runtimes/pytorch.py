"""PyTorch eager: the module itself, in inference mode, on the CPU or on a GPU."""

from latbench.runtimes.base import SessionOptions, Source, knob
from latbench.runtimes.pt import module as torchmodule
from latbench.runtimes.pt.module import ModuleSession, TorchRuntime


class PyTorch(TorchRuntime):
    """PyTorch's eager mode; on the CPU in fp32 it is the reference that exported artifacts are compared with.

    On a GPU, fp16 and bf16 are the weights cast to that type, with the casts of inputs and outputs from and
    to float32 inside the inference, as in an ONNX file of that precision.
    """

    name = "pytorch"
    devices = frozenset({"cpu", "cuda"})

    def prepare(self, source: Source, options: SessionOptions) -> ModuleSession:
        """Call the factory and put its module into eval and inference mode, on the device."""
        given = {name: bool(knob(self, options, name)) for name in torchmodule.KNOBS}
        with torchmodule.loaded(source, options, **given) as (module, mode, gpu):
            extra = {} if gpu is None else {"cuda_graph": "off"}
            return ModuleSession(module, mode, torchmodule.facts(module, "eager", gpu, **extra), gpu)


RUNTIME = PyTorch()
