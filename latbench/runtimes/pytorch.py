"""PyTorch eager: the module itself, in inference mode."""

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np

from latbench.errors import BadInput
from latbench.runtimes.base import NO_KNOBS, Arrays, Availability, Facts, SessionOptions, Source
from latbench.runtimes.vendor import installed

_PASSIVE = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
_WAIT_POLICIES = {"passive": False, "active": True}
_PRECISIONS = {
    "torch.float32": "fp32",
    "torch.float16": "fp16",
    "torch.bfloat16": "bf16",
    "torch.float64": "fp64",
}


class PyTorchSession:
    """A module in eval mode; inference mode is entered once, from loading to `close`, not on every call."""

    def __init__(self, module: Any, mode: Any, facts: Facts) -> None:
        self.facts = facts
        self.compile_ns: int | None = None
        self.run: Callable[[], object] = _unbound
        self._module, self._mode = module, mode
        self._tensors: list[Any] = []
        self._latest: list[Any] = [None]

    def bind(self, inputs: Arrays) -> None:
        """Copy `inputs` into tensors passed in the order given."""
        import torch

        arrays = [torch.from_numpy(np.array(array, order="C")) for array in inputs.values()]
        if not self._tensors:
            self._tensors = [torch.empty_like(array) for array in arrays]
            self.run = _call(self._module, tuple(self._tensors), self._latest)
        for tensor, array in zip(self._tensors, arrays, strict=True):
            tensor.copy_(array)

    def outputs(self) -> Arrays:
        """Return copies of the latest outputs: "output", "output_1", ... or the keys of a mapping."""
        return {name: _array(tensor) for name, tensor in _named(self._latest[0]).items()}

    def close(self) -> None:
        """Release the module and leave inference mode."""
        if self._mode is not None:
            self._mode.__exit__(None, None, None)
        self._module = self._mode = None
        self._tensors, self._latest, self.run = [], [None], _unbound


def _call(module: Any, tensors: tuple[Any, ...], latest: list[Any]) -> Callable[[], object]:
    def run() -> None:
        latest[0] = module(*tensors)

    return run


def _unbound() -> object:
    raise RuntimeError("run before bind")


def _named(result: Any) -> dict[str, Any]:
    if isinstance(result, Mapping):
        return dict(result)
    tensors = result if isinstance(result, tuple | list) else (result,)
    return {f"output_{index}" if index else "output": tensor for index, tensor in enumerate(tensors)}


def _array(tensor: Any) -> np.ndarray:
    import torch

    return np.array((tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy(force=True))


class PyTorch:
    """PyTorch's eager mode on the CPU: the reference the exported artifacts are compared with."""

    name = "pytorch"
    accepts = frozenset({"module"})
    devices = frozenset({"cpu"})
    precisions = frozenset({"fp32"})
    knobs = NO_KNOBS

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether torch is importable; `device` must be "cpu"."""
        found = installed("torch", "torch")
        if not found.available:
            return found
        if device in self.devices:
            return replace(found, offers=_backends())
        reason = f"the pytorch runtime measures the CPU only, not {device!r}"
        return Availability(False, found.version, reason, "--device cpu")

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return the variables by which the OpenMP libraries stop spinning, read when torch is imported."""
        return dict(_PASSIVE) if options.spinning is False else {}

    def prepare(self, source: Source, options: SessionOptions) -> PyTorchSession:
        """Call the factory and put its module into eval and inference mode."""
        import torch

        torch.set_num_threads(options.threads)
        if torch.get_num_interop_threads() != 1:
            torch.set_num_interop_threads(1)
        module = build(source).eval()
        mode = torch.inference_mode()
        mode.__enter__()
        return PyTorchSession(module, mode, _facts(module))


def _backends() -> tuple[str, ...]:
    """Return the libraries that this build of PyTorch computes with."""
    from torch import backends

    found = {name: getattr(backends, name, None) for name in ("mkldnn", "mkl", "openmp")}
    return tuple(name for name, backend in found.items() if backend is not None and backend.is_available())


def build(source: Source) -> Any:
    """Return the module that the source's factory makes; BadInput naming the factory when it cannot."""
    package, _, attribute = str(source.factory).partition(":")
    if not package or not attribute:
        raise BadInput(f"A factory is written package.module:callable, not {source.factory!r}.")
    try:
        factory = attrgetter(attribute)(importlib.import_module(package))
    except (ImportError, AttributeError) as error:
        raise BadInput(f"The factory {source.factory} cannot be imported: {error}.") from error
    module = factory(**source.kwargs)
    if not hasattr(module, "eval") or not callable(module):
        raise BadInput(f"The factory {source.factory} returned a {type(module).__name__}, not an nn.Module.")
    return module


def _facts(module: Any) -> Facts:
    import torch

    dtypes = {tensor.dtype for tensor in module.parameters()} or {torch.get_default_dtype()}
    formats = {_PRECISIONS.get(str(dtype)) for dtype in dtypes}
    matmul = torch.get_float32_matmul_precision()
    exact = len(formats) == 1 and matmul == "highest"
    return Facts(
        provider="eager",
        device=next((str(tensor.device) for tensor in module.parameters()), "cpu"),
        precision=formats.pop() if exact else "mixed",
        threads=torch.get_num_threads(),
        spinning=_WAIT_POLICIES.get(os.environ.get("OMP_WAIT_POLICY", "").lower()),
        version=torch.__version__,
        extra={
            "interop_threads": torch.get_num_interop_threads(),
            "float32_matmul_precision": matmul,
            "inference_mode": torch.is_inference_mode_enabled(),
        },
    )


RUNTIME = PyTorch()
