"""The provider options that our runtimes give ONNX Runtime, against those that the GPU build knows."""

from pathlib import Path

import pytest
from providers import CUDA, faults

from latbench.runtimes import onnxruntime_tensorrt as tensorrt
from latbench.runtimes.base import SessionOptions
from latbench.runtimes.ort import cuda
from latbench.runtimes.ort.providers import CUDA as PROVIDER
from latbench.runtimes.ort.providers import TENSORRT

KNOBS = [
    {name: value}
    for name, knob in cuda.KNOBS.items()
    for value in (knob.choices or ((False, True) if isinstance(knob.default, bool) else (knob.default, 64)))
]


@pytest.mark.parametrize("precision", cuda.PRECISIONS)
@pytest.mark.parametrize("knobs", [{}, *KNOBS], ids=str)
def test_what_the_cuda_provider_is_given_it_has(precision, knobs):
    given = cuda.provider_options(SessionOptions(device="cuda", precision=precision, knobs=knobs))
    assert given["use_tf32"] == ("1" if precision == "tf32" else "0")
    assert faults(PROVIDER, given) == []


@pytest.mark.parametrize("knobs", KNOBS, ids=str)
def test_a_knob_reaches_the_provider_and_its_default_is_the_provider_s_own(knobs):
    ((name, value),) = knobs.items()
    given = cuda.provider_options(SessionOptions(device="cuda", knobs=knobs))
    reached = given.keys() - {"use_tf32"}
    if value == cuda.KNOBS[name].default:
        assert all(given[option] == CUDA[option] for option in reached)
    else:
        assert len(reached) == 1


@pytest.mark.parametrize("precision", sorted(tensorrt.RUNTIME.precisions))
@pytest.mark.parametrize("kept", [None, Path("engines")])
@pytest.mark.parametrize("graph", [False, True])
def test_what_the_tensorrt_provider_is_given_it_has(precision, kept, graph):
    knobs = {"cuda_graph": graph, "builder_level": 5, "workspace_mib": 64}
    options = SessionOptions(device="cuda", precision=precision, knobs=knobs)
    given = tensorrt.provider_options(tensorrt.RUNTIME, options, kept, kept)
    assert given["trt_cuda_graph_enable"] == str(graph)
    assert faults(TENSORRT, given) == []


def test_a_planted_breach_is_seen():
    assert faults("CUDAExecutionProvider", {"use_tf32": "0", "use_tf23": "0"}) == [
        "CUDAExecutionProvider has no use_tf23"
    ]
    given = {"trt_fp16_enable": "1", "trt_fp8": "True", "trt_max_workspace_size": "-1", "device_id": "x"}
    assert faults("TensorrtExecutionProvider", given) == [
        "TensorrtExecutionProvider has no trt_fp8",
        "TensorrtExecutionProvider refuses trt_fp16_enable=1",
        "TensorrtExecutionProvider refuses device_id=x",
    ]
