import sys

import numpy as np
import pytest

from latbench import runtimes
from latbench.errors import EnvironmentFault
from latbench.measure.child import measure
from latbench.measure.launch import LaunchRequest
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.shared import cuda, nvidia
from latbench.runtimes.tensorrt import RUNTIME


@pytest.fixture
def card(cuda_api, monkeypatch):
    """Give the card this compute capability."""

    def card(major, minor):
        real = cuda_api.cudaGetDeviceProperties

        def properties(device):
            error, told = real(device)
            told.major, told.minor = major, minor
            return error, told

        monkeypatch.setattr(cuda_api, "cudaGetDeviceProperties", properties)

    return card


@pytest.fixture
def launch(trt, tiny_model, tiny_arrays, tmp_path):
    """Measure one launch of the tiny model, as the child of a run does, and return its result."""
    given, expected = tiny_arrays
    arrays = {"input:x": given["x"], **{f"output:{name}": array for name, array in expected.items()}}
    np.savez(tmp_path / "tiny.npz", **arrays)
    (tmp_path / "tiny.onnx").write_bytes(tiny_model.read_bytes())

    def launch(precision="fp32", **knobs):
        source = Source("onnx", path=str(tmp_path / "tiny.onnx"))
        options = SessionOptions(device="cuda", threads=1, precision=precision, knobs=knobs)
        return measure(LaunchRequest(source, "tensorrt", options, 5, 2, str(tmp_path / "tiny.npz")))

    return launch


def test_it_is_found_and_computes_on_cuda_alone():
    runtime = runtimes.get("tensorrt")
    assert (runtime.accepts, runtime.devices) == ({"onnx"}, {"cuda"})
    assert runtime.precisions == {"fp32", "tf32", "fp16", "bf16"}


@pytest.mark.parametrize("device", ["cpu", "abacus"])
def test_another_device_is_refused_with_the_option(device):
    found = RUNTIME.check(device)
    assert (found.available, found.mend) == (False, "--device cuda")
    assert device in found.reason


def test_without_the_package_and_a_gpu_both_are_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    monkeypatch.setattr(cuda, "why_none", lambda: "no NVIDIA driver was found (libcuda.so.1)")
    found = RUNTIME.check("cuda")
    assert not found.available
    assert found.reason.startswith("tensorrt ")
    assert found.reason.endswith(", and no NVIDIA driver was found (libcuda.so.1)")
    assert found.mend == 'pip install "latbench[tensorrt]"'


def test_without_the_package_alone_the_install_line_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    monkeypatch.setattr(cuda, "why_none", lambda: None)
    found = RUNTIME.check("cuda")
    assert (found.available, found.mend) == (False, 'pip install "latbench[tensorrt]"')
    assert " and " not in found.reason


def test_without_a_gpu_the_reason_is_cudas(trt, cuda_api):
    cuda_api.cards = 0
    found = RUNTIME.check("cuda")
    assert (found.available, found.version) == (False, trt.__version__)
    assert found.reason == cuda.why_none()
    assert "nvidia-smi" in found.mend


def test_without_cudas_bindings_their_install_line_is_told(trt, monkeypatch):
    def bindings():
        raise cuda.CudaError("the Python package cuda-bindings cannot be imported: no module")

    monkeypatch.setattr(cuda, "bindings", bindings)
    found = RUNTIME.check("cuda")
    assert (found.available, found.mend) == (False, 'pip install "latbench[tensorrt]"')
    assert "cuda-bindings" in found.reason


def test_a_gpu_is_told_with_what_it_computes_in(trt):
    found = RUNTIME.check("cuda")
    assert (found.available, found.version, found.offers) == (True, trt.__version__, ("Fake H1",))
    assert found.precisions == ("fp32", "tf32", "fp16", "bf16")


def test_an_older_card_has_neither_tf32_nor_bf16(trt, card):
    card(7, 5)
    assert RUNTIME.check("cuda").precisions == ("fp32", "fp16")


def test_11_has_half_precision_only_where_the_graph_can_be_converted(trt, monkeypatch):
    monkeypatch.setattr("latbench.runtimes.shared.half.possible", lambda: False)
    converts = trt.__version__.startswith("11")
    assert RUNTIME.check("cuda").precisions == (
        ("fp32", "tf32") if converts else ("fp32", "tf32", "fp16", "bf16")
    )


def test_tf32_is_forbidden_to_every_library_unless_asked_for():
    off = {"NVIDIA_TF32_OVERRIDE": "0"}
    for precision in RUNTIME.precisions - {"tf32"}:
        assert RUNTIME.environment(SessionOptions(device="cuda", precision=precision)) == off
    assert RUNTIME.environment(SessionOptions(device="cuda", precision="tf32")) == {}


def test_a_launch_measures_host_and_device_and_agrees(trt, launch, monkeypatch):
    monkeypatch.setattr(nvidia, "driver", lambda: "999.1")
    result = launch()
    assert (result.status, result.reason) == ("ok", None)
    assert len(result.samples_ns) == len(result.device_ns) == 5
    assert set(result.device_ns) == {250_000}
    assert result.parity["cosine"] > 0.999999
    assert result.compile_ns > 0
    facts = result.facts
    assert (facts["provider"], facts["device"], facts["precision"]) == ("TensorRT", "cuda", "fp32")
    assert (facts["version"], facts["boundary"], facts["threads"]) == (trt.__version__, "host", None)
    expected = {
        "engine_cached": False,
        "engine_build_ns": result.compile_ns,
        "layers": {"fp32": 3},
        "tf32": False,
        "cuda_graph": "off",
        "copies": "inputs and outputs, inside host latency",
        "gpu": "Fake H1",
        "compute_capability": "9.0",
        "driver": "999.1",
        "cuda_driver": "13.0",
    }
    assert {name: facts["extra"][name] for name in expected} == expected


def test_the_next_launch_takes_the_engine_that_was_kept(launch):
    first, second = launch(), launch(cuda_graph=True)
    assert second.status == "ok"
    assert second.compile_ns is None
    assert second.facts["extra"]["engine_cached"] is True
    assert second.facts["extra"]["engine_build_ns"] == first.compile_ns
    assert second.facts["extra"]["cuda_graph"] == "on"


@pytest.mark.parametrize("precision", ["tf32", "fp16", "bf16"])
def test_the_precision_is_read_from_the_engine(launch, precision):
    result = launch(precision)
    assert (result.status, result.facts["precision"]) == ("ok", precision)


def test_a_build_without_memory_is_a_launch_without_memory(trt, launch):
    trt.fail["build_serialized_network"] = "Error Code 2: OutOfMemory (no further information)"
    assert launch().status == "oom"


def test_a_build_that_fails_is_a_failed_launch_with_the_librarys_words(trt, launch):
    trt.fail["build_serialized_network"] = "Error Code 10: Could not find any implementation for node {Gemm}"
    result = launch()
    assert result.status == "failed"
    assert "Could not find any implementation for node {Gemm}" in result.reason


def test_plugins_that_do_not_register_stop_nothing(trt, launch):
    trt.fail["init_libnvinfer_plugins"] = None
    assert launch().status == "ok"


def test_a_gpu_that_is_gone_is_a_clear_fault(trt, tiny_model, cuda_api):
    cuda_api.cards = 0
    with pytest.raises(
        EnvironmentFault, match="TensorRT needs an NVIDIA GPU: the NVIDIA driver shows no GPU"
    ):
        RUNTIME.prepare(Source("onnx", path=str(tiny_model)), SessionOptions(device="cuda"))
    assert "cudaStreamCreateWithFlags" not in cuda_api.log
