"""PyTorch eager: the module itself, in inference mode, on the CPU or on a GPU."""

from latbench.runtimes import torchmodule
from latbench.runtimes.base import Availability, SessionOptions, Source, knob
from latbench.runtimes.torchmodule import ModuleSession


class PyTorch:
    """PyTorch's eager mode; on the CPU in fp32 it is the reference that exported artifacts are compared with.

    On a GPU, fp16 and bf16 are the weights cast to that type, with the casts of inputs and outputs from and
    to float32 inside the inference, as in an ONNX file of that precision.
    """

    name = "pytorch"
    package = "torch"
    accepts = frozenset({"module"})
    devices = frozenset({"cpu", "cuda"})
    precisions = torchmodule.PRECISIONS
    knobs = torchmodule.KNOBS

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether torch is importable and computes on `device`."""
        return torchmodule.check(self.name, device, self.devices)

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return the variables by which the OpenMP libraries stop spinning, read when torch is imported."""
        return torchmodule.environment(options)

    def prepare(self, source: Source, options: SessionOptions) -> ModuleSession:
        """Call the factory and put its module into eval and inference mode, on the device."""
        given = {name: bool(knob(self, options, name)) for name in torchmodule.KNOBS}
        with torchmodule.loaded(source, options, **given) as (module, mode, gpu):
            extra = {} if gpu is None else {"cuda_graph": "off"}
            return ModuleSession(module, mode, torchmodule.facts(module, "eager", gpu, **extra), gpu)


RUNTIME = PyTorch()
