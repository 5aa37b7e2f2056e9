"""ONNX Runtime: sessions with IO binding on preallocated values."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from latbench.errors import BadInput
from latbench.runtimes import onnxfile
from latbench.runtimes.base import NO_KNOBS, Arrays, Availability, Facts, SessionOptions, Source, wanted
from latbench.runtimes.vendor import installed

_SPINNING = "session.intra_op.allow_spinning"
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_PROVIDER_OPTIONS: dict[str, dict[str, str]] = {"cpu": {}, "cuda": {"use_tf32": "0"}}
_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}
_PRECISIONS = {"tensor(float)": "fp32", "tensor(float16)": "fp16", "tensor(double)": "fp64"}


class OnnxRuntimeSession:
    """An `InferenceSession` with inputs, and outputs of static shape, in values allocated once."""

    def __init__(self, session: Any, facts: Facts) -> None:
        import onnxruntime

        self.facts = facts
        self.compile_ns: int | None = None
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
            array = wanted(inputs, node.name).astype(_dtype(node), order="C", casting="same_kind")
            if first:
                self._inputs[node.name] = value = _value(array.shape, array.dtype.type)
                self._binding.bind_ortvalue_input(node.name, value)
            self._inputs[node.name].update_inplace(array)
        if first:
            self._bind_outputs()

    def _bind_outputs(self) -> None:
        for node in self._session.get_outputs():
            if all(isinstance(size, int) for size in node.shape):
                self._binding.bind_ortvalue_output(node.name, _value(node.shape, _dtype(node)))
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


def _dtype(node: Any) -> Any:
    if node.type not in _DTYPES:
        raise BadInput(f"The onnxruntime runtime cannot bind {node.name!r}, which is a {node.type}.")
    return _DTYPES[node.type]


def _value(shape: Any, dtype: Any) -> Any:
    import onnxruntime

    return onnxruntime.OrtValue.ortvalue_from_shape_and_type(list(shape), dtype, "cpu")


class OnnxRuntime:
    """ONNX Runtime on the CPU provider, or on CUDA where that build is installed."""

    name = "onnxruntime"
    accepts = frozenset({"onnx"})
    devices = frozenset(_PROVIDERS)
    precisions = frozenset({"fp32"})
    knobs = NO_KNOBS

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether onnxruntime is importable and has the provider for `device`."""
        found = installed("onnxruntime", "onnxruntime")
        if not found.available:
            return found
        import onnxruntime

        offers = tuple(onnxruntime.get_available_providers())
        if _PROVIDERS.get(device) in offers:
            return Availability(True, version=onnxruntime.__version__, offers=offers)
        reason = f"this build of onnxruntime has no execution provider for device {device!r}"
        return Availability(False, onnxruntime.__version__, reason, "--device cpu")

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return no variables: threads and spinning are session options."""
        return {}

    def prepare(self, source: Source, options: SessionOptions) -> OnnxRuntimeSession:
        """Load `source.path` with all graph optimisations; off the CPU, no node may fall back to it."""
        import onnxruntime

        path = str(source.path)
        provider = (_PROVIDERS[options.device], _PROVIDER_OPTIONS[options.device])
        before = _os_threads()
        session = onnxruntime.InferenceSession(path, session_options(options), providers=[provider])
        after = _os_threads()
        return OnnxRuntimeSession(session, _facts(session, path, options.device, before, after))


def session_options(options: SessionOptions) -> Any:
    """Return the `onnxruntime.SessionOptions` that `options` stand for."""
    import onnxruntime

    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = options.threads
    chosen.inter_op_num_threads = 1
    chosen.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    chosen.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    if options.spinning is not None:
        chosen.add_session_config_entry(_SPINNING, str(int(options.spinning)))
    if options.device != "cpu":
        chosen.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    return chosen


def _facts(session: Any, path: str, device: str, before: int | None, after: int | None) -> Facts:
    import onnxruntime

    live = session.get_session_options()
    asked = live.intra_op_num_threads
    held = onnxfile.weights(path)
    unweighted = _PRECISIONS.get(session.get_inputs()[0].type) if session.get_inputs() else None
    provider = session.get_providers()[0]
    return Facts(
        provider=provider,
        device=next((name for name, its in _PROVIDERS.items() if its == provider), device),
        precision=onnxfile.precision(held) or unweighted,
        # The pool holds one worker fewer than the threads that compute: the caller is the other one.
        threads=asked if before is None or after is None else after - before + 1,
        spinning=_spinning(live),
        version=onnxruntime.__version__,
        extra={
            "weights": held,
            "intra_op_num_threads": asked,
            "inter_op_num_threads": live.inter_op_num_threads,
        },
    )


def _spinning(live: Any) -> bool | None:
    try:
        return bool(live.get_session_config_entry(_SPINNING) == "1")
    except RuntimeError:
        return None


def _os_threads() -> int | None:
    tasks = Path("/proc/self/task")
    return len(os.listdir(tasks)) if tasks.is_dir() else None  # noqa: PTH208 - counts, needs no Path objects


RUNTIME = OnnxRuntime()
