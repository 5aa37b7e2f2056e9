"""A module that runs: bound to its inputs, called, its outputs read, on the CPU or on a GPU."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from latbench.runtimes.base import Arrays, Facts
from latbench.runtimes.pt import cuda

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
