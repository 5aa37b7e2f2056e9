"""What PyTorch's runtimes have in common: modules are what they load, and one package what they need."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from latbench.runtimes.base import Availability, Knob, SessionOptions, Source
from latbench.runtimes.pt import cuda
from latbench.runtimes.pt.load import HALVES, loaded
from latbench.runtimes.shared.vendor import installed

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


class TorchRuntime:
    """A runtime of PyTorch but for its `name`, its `devices` and what `prepare` makes of a loaded module."""

    package = "torch"
    accepts = frozenset({"module"})
    precisions = PRECISIONS
    knobs = KNOBS
    name: str
    devices: frozenset[str]

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether torch is importable and computes on `device`.

        On the CPU `offers` are the libraries that this build computes with, on a GPU its name.
        """
        found = installed("torch", "torch")
        if not found.available:
            return found
        if device not in self.devices:
            known = " or ".join(sorted(self.devices))
            reason = f"the {self.name} runtime measures on {known}, not on {device!r}"
            return Availability(False, found.version, reason, f"--device {sorted(self.devices)[0]}")
        if device == "cpu":
            return replace(found, precisions=("fp32",), offers=_backends())
        return cuda.check(found)

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return the variables by which the OpenMP libraries stop spinning, read when torch is imported."""
        return dict(_PASSIVE) if options.spinning is False else {}

    def loaded(
        self, source: Source, options: SessionOptions
    ) -> AbstractContextManager[tuple[Any, Any, cuda.Gpu | None]]:
        """Return what loads the module of `source` under `options` and the knobs of all these runtimes."""
        given = {name: bool(options.knobs.get(name, knob.default)) for name, knob in KNOBS.items()}
        return loaded(source, options, **given)


def _backends() -> tuple[str, ...]:
    from torch import backends

    found = {name: getattr(backends, name, None) for name in ("mkldnn", "mkl", "openmp")}
    return tuple(name for name, backend in found.items() if backend is not None and backend.is_available())
