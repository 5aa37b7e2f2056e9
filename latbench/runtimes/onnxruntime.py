"""ONNX Runtime: sessions with IO binding on preallocated values."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from latbench.errors import BadInput
from latbench.runtimes.base import (
    Arrays,
    Availability,
    Facts,
    Session,
    SessionOptions,
    Source,
    wanted,
)
from latbench.runtimes.ort import common, cuda, providers
from latbench.runtimes.ort.providers import CPU, CUDA
from latbench.runtimes.shared import nvidia, onnxfile
from latbench.runtimes.shared.vendor import installed


class OnnxRuntimeSession:
    """An `InferenceSession` with inputs, and outputs of static shape, in values allocated once."""

    def __init__(self, session: Any, facts: Facts) -> None:
        import onnxruntime

        self.facts = facts
        self.compile_ns: int | None = None
        self.device_ns: Callable[[int], tuple[int, ...]] | None = None
        self._session = session
        self._binding = session.io_binding()
        self._inputs: dict[str, Any] = {}
        # The C-level call with options made once costs a quarter of `InferenceSession.run`
        # (bench/overhead.py).
        call = session._sess.run_with_iobinding
        self.run: Callable[[], object] = partial(call, self._binding._iobinding, onnxruntime.RunOptions())

    def bind(self, inputs: Arrays) -> None:
        """Copy `inputs` into the bound values, cast to the types the graph declares."""
        first = not self._inputs
        for node in self._session.get_inputs():
            array = wanted(inputs, node.name).astype(common.dtype(node), order="C", casting="same_kind")
            if first:
                self._inputs[node.name] = value = _value(array.shape, array.dtype.type)
                self._binding.bind_ortvalue_input(node.name, value)
            self._inputs[node.name].update_inplace(array)
        if first:
            self._bind_outputs()

    def _bind_outputs(self) -> None:
        for node in self._session.get_outputs():
            if common.static(node):
                self._binding.bind_ortvalue_output(node.name, _value(node.shape, common.dtype(node)))
            else:
                self._binding.bind_output(node.name, "cpu")

    def outputs(self) -> Arrays:
        """Return copies of the outputs of the latest `run`, by output name."""
        names = (node.name for node in self._session.get_outputs())
        return {
            name: np.array(value.numpy())
            for name, value in zip(names, self._binding.get_outputs(), strict=True)
        }

    def close(self) -> None:
        """Release the session and its values."""
        del self.run, self._binding, self._session
        self._inputs = {}


def _value(shape: Any, dtype: Any) -> Any:
    import onnxruntime

    return onnxruntime.OrtValue.ortvalue_from_shape_and_type(list(shape), dtype, "cpu")


class OnnxRuntime:
    """ONNX Runtime on the CPU provider, or on CUDA where that build is installed.

    On CUDA "fp32" is computed with TF32 off, "tf32" allows it, and "fp16" is the file converted beforehand,
    with inputs and outputs of the same types.
    """

    name = "onnxruntime"
    package = "onnxruntime"
    accepts = frozenset({"onnx"})
    devices = frozenset({"cpu", "cuda"})
    precisions = frozenset({"fp32", "tf32", "fp16"})
    knobs = cuda.KNOBS

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether onnxruntime is importable and its provider for `device` can work here."""
        found = installed("onnxruntime", "onnxruntime" if device == "cpu" else "cuda")
        if not found.available:
            return found
        import onnxruntime

        offers = tuple(onnxruntime.get_available_providers())
        found = Availability(True, onnxruntime.__version__, offers=offers)
        if device == "cuda":
            return providers.available(CUDA, found, ("fp32", "tf32", "fp16"))
        if device == "cpu" and CPU in offers:
            return replace(found, precisions=("fp32",))
        reason = f"this build of onnxruntime has no execution provider for device {device!r}"
        return Availability(False, onnxruntime.__version__, reason, "--device cpu")

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return what keeps NVIDIA's libraries from TF32 in a launch on a GPU; no variables on the CPU."""
        return nvidia.environment(options)

    def prepare(self, source: Source, options: SessionOptions) -> Session:
        """Load `source.path` with all graph optimisations; off the CPU, no node may fall back to it."""
        if options.device == "cuda":
            return cuda.prepare(Path(str(source.path)), options)
        import onnxruntime

        if options.precision != "fp32":
            raise BadInput(f"onnxruntime has {options.precision} on --device cuda only.")
        path = str(source.path)
        before = common.os_threads()
        chosen = common.session_options(options)
        session = onnxruntime.InferenceSession(path, chosen, providers=[(CPU, {})])
        after = common.os_threads()
        return OnnxRuntimeSession(session, _facts(session, path, before, after))


def _facts(session: Any, path: str, before: int | None, after: int | None) -> Facts:
    import onnxruntime

    live = session.get_session_options()
    asked = live.intra_op_num_threads
    held = onnxfile.weights(path)
    provider = session.get_providers()[0]
    return Facts(
        provider=provider,
        device="cpu" if provider == CPU else None,
        precision=common.precision(session, held),
        threads=common.threads(asked, before, after),
        spinning=common.spinning(live),
        version=onnxruntime.__version__,
        extra={
            "weights": held,
            "intra_op_num_threads": asked,
            "inter_op_num_threads": live.inter_op_num_threads,
        },
    )


RUNTIME = OnnxRuntime()
