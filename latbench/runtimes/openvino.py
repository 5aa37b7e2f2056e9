"""OpenVINO: one infer request with preset tensors, precision set and read back."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from latbench.errors import BadInput
from latbench.runtimes.base import NO_KNOBS, Arrays, Availability, Facts, SessionOptions, Source, wanted
from latbench.runtimes.shared.vendor import installed

_DEVICES = {"cpu": "CPU"}
_HINTS = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}
_READ_BACK = {"f32": "fp32", "f16": "fp16", "bf16": "bf16", "dynamic": "dynamic"}
_EXTRA = (
    "NUM_STREAMS",
    "PERFORMANCE_HINT",
    "ENABLE_CPU_PINNING",
    "ENABLE_HYPER_THREADING",
    "EXECUTION_MODE_HINT",
)


class OpenVinoSession:
    """A compiled model and its one infer request."""

    def __init__(self, compiled: Any, compile_ns: int, facts: Facts) -> None:
        import openvino

        self.facts = facts
        self.compile_ns: int | None = compile_ns
        self._compiled = compiled
        self._request = compiled.create_infer_request()
        self._bound = False
        # The wrapper's `infer` checks its arguments and copies the outputs on each call, `start_async` +
        # `wait` hands over to another thread; the C-level `infer` with shared outputs does neither
        # (bench/overhead.py).
        base: Any = super(openvino.InferRequest, self._request)
        self.run: Callable[[], object] = partial(base.infer, {}, True, False)

    def bind(self, inputs: Arrays) -> None:
        """Copy `inputs` into the preset tensors, cast to the types the model declares."""
        import openvino

        for index, port in enumerate(self._compiled.inputs):
            name = next((name for name in port.get_names() if name in inputs), port.get_any_name())
            array = wanted(inputs, name)
            if not self._bound:
                tensor = openvino.Tensor(port.get_element_type(), openvino.Shape(array.shape))
                self._request.set_input_tensor(index, tensor)
            np.copyto(self._request.get_input_tensor(index).data, array, casting="same_kind")
        if not self._bound:
            self._preset_outputs()
        self._bound = True

    def _preset_outputs(self) -> None:
        import openvino

        for index, port in enumerate(self._compiled.outputs):
            if port.get_partial_shape().is_static:
                self._request.set_output_tensor(
                    index, openvino.Tensor(port.get_element_type(), port.get_shape())
                )

    def outputs(self) -> Arrays:
        """Return copies of the outputs of the latest `run`, by output name."""
        return {
            port.get_any_name(): np.array(self._request.get_output_tensor(index).data)
            for index, port in enumerate(self._compiled.outputs)
        }

    def close(self) -> None:
        """Release the request and the compiled model."""
        del self.run, self._request, self._compiled


class OpenVino:
    """OpenVINO's CPU plug-in with the latency hint and one stream."""

    name = "openvino"
    accepts = frozenset({"onnx"})
    devices = frozenset(_DEVICES)
    precisions = frozenset(_HINTS)
    knobs = NO_KNOBS

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether openvino is importable and sees `device`, and what its plug-in computes in there."""
        found = installed("openvino", "openvino")
        if not found.available:
            return found
        import openvino

        core, wanted_device = openvino.Core(), _DEVICES.get(device)
        if wanted_device in core.available_devices:
            capable = core.get_property(wanted_device, "OPTIMIZATION_CAPABILITIES")
            units = tuple(name for name in _HINTS if name.upper() in capable)
            return replace(found, precisions=units, offers=tuple(core.available_devices))
        return Availability(False, found.version, f"openvino sees no device {device!r} here", "--device cpu")

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return no variables: OpenVINO is steered by properties, and has no switch for spinning."""
        return {}

    def prepare(self, source: Source, options: SessionOptions) -> OpenVinoSession:
        """Read `source.path` and compile it, the compilation timed apart."""
        import openvino

        core = openvino.Core()
        model = core.read_model(str(source.path))
        begin = time.perf_counter_ns()
        compiled = core.compile_model(model, _DEVICES[options.device], properties(options))
        compile_ns = time.perf_counter_ns() - begin
        return OpenVinoSession(compiled, compile_ns, _facts(compiled))


def properties(options: SessionOptions) -> dict[str, Any]:
    """Return the compile properties that `options` stand for; BadInput for an unknown precision."""
    if options.precision not in _HINTS:
        raise BadInput(f"openvino has no precision {options.precision!r}; choose one of {', '.join(_HINTS)}.")
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": options.threads,
        "INFERENCE_PRECISION_HINT": _HINTS[options.precision],
    }


def _facts(compiled: Any) -> Facts:
    import openvino

    precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    devices = compiled.get_property("EXECUTION_DEVICES")
    return Facts(
        provider=",".join(devices),
        device=next((name for name, its in _DEVICES.items() if [its] == devices), None),
        precision=_READ_BACK.get(precision, precision),
        threads=compiled.get_property("INFERENCE_NUM_THREADS"),
        version=openvino.__version__.partition("-")[0],
        extra={
            "build": openvino.__version__,
            **{name: _plain(compiled.get_property(name)) for name in _EXTRA},
        },
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)


RUNTIME = OpenVino()
