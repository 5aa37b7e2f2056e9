"""A module as PyTorch runs it, eagerly, compiled or as a CUDA graph: built, placed, bound to its inputs."""

import importlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np

from latbench.errors import BadInput
from latbench.runtimes.base import Arrays, Availability, Facts, Knob, SessionOptions, Source
from latbench.runtimes.pt import cuda
from latbench.runtimes.shared.vendor import installed

HALVES = {"fp16": "float16", "bf16": "bfloat16"}
"""Precisions that the weights are cast to, and PyTorch's names of them."""

PRECISIONS = frozenset({"fp32", "tf32", *HALVES})
"""What a module can be asked for; all but "fp32" on a GPU alone."""

KNOBS: Mapping[str, Knob] = {
    "channels_last": Knob(False, "weights and 4-D activations channel by channel (NHWC)"),
    "cudnn_benchmark": Knob(
        False, "cuDNN tries its algorithms and takes the fastest", devices=frozenset({"cuda"})
    ),
}
"""The knobs of every runtime here; the defaults are PyTorch's own."""

_PASSIVE = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
_WAIT_POLICIES = {"passive": False, "active": True}
_NAMES = {"torch.float32": "fp32", "torch.float64": "fp64"} | {
    f"torch.{one}": name for name, one in HALVES.items()
}

Function = Callable[..., Any]
Ready = Callable[[Any, Sequence[Any]], Function]
"""Makes of a module and the tensors that are its inputs what is called with them in each run."""


class ModuleSession:
    """A module in eval mode; inference mode is entered once, from loading to `close`, not on every call.

    `ready` makes what is called, once the inputs are there. On a GPU (`gpu`) a run is the copies in, the call
    between two events, the copies out, and the wait for them.
    """

    device_ns: Callable[[int], tuple[int, ...]] | None

    def __init__(
        self,
        module: Any,
        mode: Any,
        facts: Facts,
        gpu: cuda.Gpu | None = None,
        ready: Ready | None = None,
    ) -> None:
        self.facts = facts
        self.compile_ns: int | None = None
        self.device_ns = None
        self.run: Callable[[], object] = _unbound
        self._module, self._mode, self._gpu = module, mode, gpu
        self._ready: Ready = ready or (lambda module, _: module)
        self._hosts: list[Any] = []
        self._latest: list[Any] = [None]

    def bind(self, inputs: Arrays) -> None:
        """Copy `inputs` into tensors passed in the order given, pinned ones where the module is on a GPU."""
        import torch

        arrays = [torch.from_numpy(np.array(array, order="C")) for array in inputs.values()]
        if self._hosts:
            _fill(self._hosts, arrays)
            return
        with cuda.out_of_memory():
            if self._gpu is None:
                self._hosts = [torch.empty_like(array) for array in arrays]
                _fill(self._hosts, arrays)
                tensors = tuple(self._hosts)
                self.run = _call(self._ready(self._module, tensors), tensors, self._latest)
            else:
                self._hosts = [self._gpu.pinned(array) for array in arrays]
                _fill(self._hosts, arrays)
                pairs = [(host, host.to(self._gpu.device)) for host in self._hosts]
                function = self._ready(self._module, tuple(device for _, device in pairs))
                run = cuda.Run(self._gpu, pairs, function, self._latest)
                self.run, self.device_ns = run.once, run.device_ns

    @property
    def bound(self) -> tuple[Any, tuple[Any, ...]]:
        """The module, and the tensors on the host that hold its inputs: on the CPU what it is called with."""
        return self._module, tuple(self._hosts)

    def outputs(self) -> Arrays:
        """Return copies of the latest outputs: "output", "output_1", ... or the keys of a mapping."""
        return {name: _array(tensor) for name, tensor in named(self._latest[0]).items()}

    def close(self) -> None:
        """Release the module and leave inference mode."""
        if self._mode is not None:
            self._mode.__exit__(None, None, None)
        self._module = self._mode = None
        self._hosts, self._latest, self.run, self.device_ns = [], [None], _unbound, None


def _fill(tensors: Sequence[Any], arrays: Sequence[Any]) -> None:
    for tensor, array in zip(tensors, arrays, strict=True):
        tensor.copy_(array)


def _call(function: Function, tensors: tuple[Any, ...], latest: list[Any]) -> Callable[[], object]:
    def run() -> None:
        latest[0] = function(*tensors)

    return run


def _unbound() -> object:
    raise RuntimeError("run before bind")


def named(result: Any) -> dict[str, Any]:
    """Return the tensors that a module returned by name: "output", "output_1", ... or those of a mapping."""
    if isinstance(result, Mapping):
        return dict(result)
    tensors = result if isinstance(result, tuple | list) else (result,)
    return {f"output_{index}" if index else "output": tensor for index, tensor in enumerate(tensors)}


def _array(tensor: Any) -> np.ndarray:
    import torch

    return np.array((tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy(force=True))


@contextmanager
def loaded(
    source: Source, options: SessionOptions, *, channels_last: bool, cudnn_benchmark: bool
) -> Iterator[tuple[Any, Any, cuda.Gpu | None]]:
    """Yield the module in eval mode where `options` want it, its inference mode, and the GPU (None: the CPU).

    Inference mode stays entered unless the block raises. On a GPU, TF32 is off but for precision "tf32".
    MemoryError when the GPU's memory is full.
    """
    import torch

    torch.set_num_threads(options.threads)
    if torch.get_num_interop_threads() != 1:
        torch.set_num_interop_threads(1)
    gpu = None if options.device == "cpu" else cuda.Gpu()
    if gpu is not None:
        cuda.allow_tf32(options.precision == "tf32")
        torch.backends.cudnn.benchmark = cudnn_benchmark
    dtype = getattr(torch, HALVES[options.precision]) if options.precision in HALVES else None
    with cuda.out_of_memory():
        module = build(source).eval()
        if gpu is not None or dtype is not None:
            module = module.to(device=None if gpu is None else gpu.device, dtype=dtype)
        if channels_last:
            module = module.to(memory_format=torch.channels_last)
        if dtype is not None or channels_last:
            module = _adapted(module, dtype, channels_last=channels_last).eval()
    mode = torch.inference_mode()
    mode.__enter__()
    try:
        yield module, mode, gpu
    except BaseException:
        mode.__exit__(None, None, None)
        raise


def _adapted(module: Any, dtype: Any, *, channels_last: bool) -> Any:
    """Return `module` with its inputs cast to `dtype` and laid out, its outputs cast back to float32.

    The casts are part of the inference: from outside the types are those of the module in float32.
    """
    import torch

    def given(tensor: Any) -> Any:
        if dtype is not None and tensor.is_floating_point():
            tensor = tensor.to(dtype)
        if channels_last and tensor.dim() == 4:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        return tensor

    def returned(result: Any) -> Any:
        if isinstance(result, torch.Tensor):
            return result.float() if result.dtype is dtype else result
        if isinstance(result, Mapping):
            return {name: returned(tensor) for name, tensor in result.items()}
        return tuple(returned(tensor) for tensor in result)

    class Adapted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module, self.computes_in = module, dtype

        def forward(self, *tensors: Any) -> Any:
            return returned(self.module(*(given(tensor) for tensor in tensors)))

    return Adapted()


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


def environment(options: SessionOptions) -> dict[str, str]:
    """Return the variables by which the OpenMP libraries stop spinning, read when torch is imported."""
    return dict(_PASSIVE) if options.spinning is False else {}


def check(name: str, device: str, devices: frozenset[str]) -> Availability:
    """Return whether torch is importable and reaches `device`, which must be one of `devices` of `name`.

    On the CPU `offers` are the libraries that this build computes with, on a GPU its name.
    """
    found = installed("torch", "torch")
    if not found.available:
        return found
    if device not in devices:
        known = " or ".join(sorted(devices))
        reason = f"the {name} runtime measures on {known}, not on {device!r}"
        return Availability(False, found.version, reason, f"--device {sorted(devices)[0]}")
    if device == "cpu":
        return replace(found, precisions=("fp32",), offers=_backends())
    return cuda.check(found)


class TorchRuntime:
    """What the runtimes of PyTorch have in common: they load modules, and stand in one package.

    `name` and `devices` are a runtime's own; `check` and `environment` are unless it needs more.
    """

    package = "torch"
    accepts = frozenset({"module"})
    precisions = PRECISIONS
    knobs = KNOBS
    name: str
    devices: frozenset[str]

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether torch is importable and computes on `device`."""
        return check(self.name, device, self.devices)

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return the variables by which the OpenMP libraries stop spinning, read when torch is imported."""
        return environment(options)


def _backends() -> tuple[str, ...]:
    from torch import backends

    found = {name: getattr(backends, name, None) for name in ("mkldnn", "mkl", "openmp")}
    return tuple(name for name, backend in found.items() if backend is not None and backend.is_available())


def facts(module: Any, provider: str, gpu: cuda.Gpu | None, **extra: Any) -> Facts:
    """Return what is read back from a loaded module, with `extra` beside it."""
    import torch

    return Facts(
        provider=provider,
        device=next(
            (tensor.device.type for tensor in module.parameters()), "cpu" if gpu is None else gpu.device
        ),
        precision=_precision(module, gpu),
        threads=torch.get_num_threads(),
        spinning=_WAIT_POLICIES.get(os.environ.get("OMP_WAIT_POLICY", "").lower()),
        version=torch.__version__,
        extra={
            "interop_threads": torch.get_num_interop_threads(),
            "float32_matmul_precision": torch.get_float32_matmul_precision(),
            "inference_mode": torch.is_inference_mode_enabled(),
            "channels_last": _channels_last(module),
            **({} if gpu is None else gpu.facts()),
            **extra,
        },
    )


def _precision(module: Any, gpu: cuda.Gpu | None) -> str | None:
    """Return the format of the parameters; of float32 on a GPU, whether its products are TF32.

    "mixed" for several formats, or where only some products may be less exact.
    """
    import torch

    given = getattr(module, "computes_in", None) or torch.get_default_dtype()
    formats = {_NAMES.get(str(tensor.dtype)) for tensor in module.parameters()} or {_NAMES.get(str(given))}
    if len(formats) > 1:
        return "mixed"
    (found,) = formats
    if found != "fp32" or gpu is None:
        return found if torch.get_float32_matmul_precision() == "highest" else "mixed"
    return gpu.float32()


def _channels_last(module: Any) -> bool | None:
    """Return whether the weights with four axes lie channels last, None where their layout tells nothing."""
    import torch

    formats = (torch.channels_last, torch.contiguous_format)
    four = [tensor for tensor in module.parameters() if tensor.dim() == 4]
    told = [[one.is_contiguous(memory_format=kind) for kind in formats] for one in four]
    lasts = [last for last, plain in told if last != plain]  # those of 1x1 convolutions are both
    return all(lasts) if lasts else None
