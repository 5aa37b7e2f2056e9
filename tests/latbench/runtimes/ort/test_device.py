import json
from dataclasses import asdict

import numpy as np
import pytest

from exporters.parity import ParityLimits, compare
from latbench.errors import BadInput, EnvironmentFault
from latbench.runtimes.base import Facts, SessionOptions
from latbench.runtimes.ort import common, device
from latbench.runtimes.ort.providers import CPU
from latbench.runtimes.shared import cuda

CUDA = "CUDAExecutionProvider"
OPTIONS = SessionOptions(device="cuda", threads=1)
ONE_RUN = [
    "upload",
    "cudaEventRecord",
    "infer",
    "cudaEventRecord",
    "download",
    "download",
    "cudaStreamSynchronize",
]


@pytest.fixture
def stream(cuda_api):
    return cuda.Stream(cuda_api, pairs=8)


@pytest.fixture
def opened(fake_ort, stream):
    return lambda **chosen: device.open_session("m.onnx", OPTIONS, [(CUDA, chosen)], stream)


@pytest.fixture
def session(opened, stream):
    one = opened(use_tf32="0")
    return device.DeviceSession(one.session, stream, device.facts_of(one, CUDA, "fp32", {}), None)


def test_a_run_copies_infers_copies_and_waits_in_this_order(session, cuda_api, tiny_arrays):
    given, expected = tiny_arrays
    session.bind({"x": given["x"]})
    before = len(cuda_api.log)
    session.run()
    assert cuda_api.log[before:] == ONE_RUN
    assert ParityLimits().passes(compare(session.outputs(), expected))


def test_device_latency_is_that_of_the_inference_alone(session, cuda_api, tiny_arrays):
    session.bind({"x": tiny_arrays[0]["x"]})
    for latency in (1.0, 2.0, 3.0):
        cuda_api.work_ms = latency
        session.run()
    assert session.device_ns(2) == (2_000_000, 3_000_000)
    assert session.device_ns(9) == ()


def test_a_second_bind_keeps_the_memory_and_the_call(session, cuda_api, tiny_arrays):
    x = tiny_arrays[0]["x"]
    session.bind({"x": x})
    run, held = session.run, cuda_api.log.count("cudaMalloc")
    session.bind({"x": x * 2 + 1})
    session.run()
    assert session.run is run
    assert cuda_api.log.count("cudaMalloc") == held == 3
    (w, b) = (tiny_arrays[0][name] for name in "wb")
    assert np.allclose(session.outputs()["y"], np.maximum((x * 2 + 1) @ w + b, 0))


def test_outputs_are_copies(session, tiny_arrays):
    session.bind({"x": tiny_arrays[0]["x"]})
    session.run()
    session.outputs()["y"][...] = 7
    assert ParityLimits().passes(compare(session.outputs(), tiny_arrays[1]))


def test_all_providers_compute_on_the_one_stream(fake_ort, opened, stream):
    device.open_session("m.onnx", OPTIONS, [(CUDA, {}), ("TensorrtExecutionProvider", {})], stream)
    ((_, entries, providers),) = fake_ort.opened
    assert {options["user_compute_stream"] for _, options in providers} == {str(stream.handle)}
    assert entries["session.disable_cpu_ep_fallback"] == "1"


def test_an_output_of_no_fixed_shape_is_left_to_onnxruntime_and_told(
    fake_ort, opened, stream, cuda_api, tiny_arrays
):
    fake_ort.dynamic = True
    one = opened()
    facts = device.facts_of(one, CUDA, "fp32", {})
    session = device.DeviceSession(one.session, stream, facts, None)
    session.bind({"x": tiny_arrays[0]["x"]})
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), tiny_arrays[1]))
    assert cuda_api.log.count("download") == 1
    assert facts.extra["copies"].endswith("; z, of no fixed shape, inside device latency too")


def test_the_facts_are_what_was_read_back(fake_ort, session):
    facts = session.facts
    assert (facts.provider, facts.device, facts.precision, facts.boundary) == (CUDA, "cuda", "fp32", "host")
    assert facts.version == fake_ort.__version__
    assert facts.extra["copies"] == "inputs and outputs, inside host latency"
    assert facts.extra["nodes"] == {CUDA: 2}
    assert facts.extra["provider_options"] == {CUDA: {"device_id": "0", "use_tf32": "0"}}
    assert json.loads(json.dumps(asdict(facts))) == asdict(facts)


def test_a_version_that_does_not_tell_where_nodes_go(fake_ort, opened):
    fake_ort.tells = False
    assert opened().nodes is None


def test_nodes_left_to_the_cpu_are_an_error_that_names_them(fake_ort, opened):
    fake_ort.on_cpu = [("DFT", "fft"), ("NonZero", ""), ("NonZero", "")]
    with pytest.raises(BadInput, match=r"CUDA.* leaves 3 nodes: 2 x NonZero, DFT \(fft\), to the CPU"):
        opened()
    assert [entries["session.disable_cpu_ep_fallback"] for _, entries, _ in fake_ort.opened] == ["1", "0"]


def test_many_nodes_on_the_cpu_are_shown_in_part(fake_ort, opened):
    fake_ort.on_cpu = [("DFT", f"n{number}") for number in range(9)]
    with pytest.raises(BadInput, match=r"9 nodes: DFT \(n0\), .*\(n4\) and 4 more, to the CPU"):
        opened()


def test_nodes_on_the_cpu_without_names_are_an_error_too(fake_ort, opened):
    fake_ort.on_cpu, fake_ort.tells = [("DFT", "fft")], False
    with pytest.raises(BadInput, match="leaves nodes that this onnxruntime does not name"):
        opened()


def test_a_dropped_provider_is_an_error_and_no_row(fake_ort, opened):
    fake_ort.drops = {CUDA}
    with pytest.raises(EnvironmentFault, match=r"dropped CUDA.*would have computed on CPU.*latbench doctor"):
        opened()


def test_a_second_provider_that_is_dropped_is_an_error_too(fake_ort, opened, stream):
    fake_ort.drops = {CUDA}
    with pytest.raises(EnvironmentFault, match=f"dropped {CUDA}"):
        device.open_session("m.onnx", OPTIONS, [("TensorrtExecutionProvider", {}), (CUDA, {})], stream)


@pytest.mark.parametrize("read", ["1", "-1"])
def test_an_option_read_back_otherwise_is_an_error(fake_ort, opened, read):
    fake_ort.overrides = {"use_tf32": read}
    with pytest.raises(EnvironmentFault, match=f"given use_tf32=0 and reads back {read}"):
        opened(use_tf32="0")


def test_an_option_not_read_back_is_unknown_unless_it_is_the_stream(fake_ort, opened):
    fake_ort.overrides = {"use_tf32": None}
    assert opened(use_tf32="0").nodes == {CUDA: 2}
    fake_ort.overrides = {"user_compute_stream": None}
    with pytest.raises(EnvironmentFault, match=r"user_compute_stream=.* reads back nothing"):
        opened()


def test_on_and_off_are_read_back_as_digits(opened):
    assert opened(trt_fp16_enable="True").session.get_provider_options()[CUDA]["trt_fp16_enable"] == "1"


FULL = "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 268435456"


def test_too_little_memory_is_a_memory_error(fake_ort, opened, session, tiny_arrays):
    session.bind({"x": tiny_arrays[0]["x"]})
    fake_ort.fault = RuntimeError(FULL)
    with pytest.raises(MemoryError, match="268435456"):
        session.run()
    fake_ort.open_fault = RuntimeError("CUDA failure 2: out of memory")
    with pytest.raises(MemoryError, match="out of memory"):
        opened()


def test_other_failures_keep_the_runtimes_message(fake_ort, opened, session, tiny_arrays):
    session.bind({"x": tiny_arrays[0]["x"]})
    fake_ort.fault = RuntimeError("CUDNN_STATUS_EXECUTION_FAILED")
    with pytest.raises(RuntimeError, match="CUDNN_STATUS_EXECUTION_FAILED"):
        session.run()
    fake_ort.open_fault = RuntimeError("Protobuf parsing failed")
    with pytest.raises(RuntimeError, match="Protobuf parsing failed"):
        opened()


def test_memory_that_runs_out_while_binding_is_a_memory_error(session, cuda_api, fakecuda, tiny_arrays):
    cuda_api.fail["cudaMalloc"] = fakecuda.cudaError_t.cudaErrorMemoryAllocation
    with pytest.raises(MemoryError, match="cudaMalloc"):
        session.bind({"x": tiny_arrays[0]["x"]})


@pytest.mark.parametrize("shape", [(2, 7), (2,), (1, 6)])
def test_a_wrong_shape_is_named(session, shape):
    with pytest.raises(BadInput, match=r"input 'x' has the shape \(2, 6\); the array given is"):
        session.bind({"x": np.zeros(shape, np.float32)})


def test_a_missing_input_is_named(session):
    with pytest.raises(BadInput, match=r"'x'.*given are: image"):
        session.bind({"image": np.zeros(1)})


def test_a_run_before_bind_and_after_close_is_an_error(session, cuda_api, tiny_arrays):
    with pytest.raises(RuntimeError, match="before bind"):
        session.run()
    session.bind({"x": tiny_arrays[0]["x"]})
    session.close()
    session.close()
    assert cuda_api.memory == {}
    assert session.device_ns is None
    with pytest.raises(RuntimeError, match="before bind"):
        session.run()


@pytest.fixture
def at_once(fakecuda, monkeypatch):
    """The fake of CUDA, but what is put on a stream is done at once, as ONNX Runtime does it on the CPU."""

    class AtOnce(fakecuda.FakeCuda):
        def put(self, action):
            action()

    monkeypatch.setattr(device, "_MEMORY", "cpu")
    return AtOnce()


def test_the_real_onnxruntime_computes_in_the_memory_it_is_given(at_once, tiny_model, tiny_arrays):
    import onnxruntime

    chosen = common.session_options(SessionOptions(threads=1))
    chosen.add_session_config_entry(common.PLACED, "1")
    live = onnxruntime.InferenceSession(tiny_model, chosen, providers=[CPU], enable_fallback=0)
    session = device.DeviceSession(live, cuda.Stream(at_once, pairs=2), Facts(), None)
    for factor in (1, -3):
        x = tiny_arrays[0]["x"] * np.float32(factor)
        session.bind({"x": x})
        session.run()
        y = np.maximum(x @ tiny_arrays[0]["w"] + tiny_arrays[0]["b"], 0)
        assert ParityLimits().passes(compare(session.outputs(), {"y": y, "z": y + y}))
    assert sorted(device.nodes_by_provider(live)[CPU])[-1] == "Relu"
    session.close()


def test_the_real_onnxruntime_names_what_it_would_leave_to_the_cpu(tiny_model, stream):
    import onnxruntime

    remote = "AzureExecutionProvider"  # in the package for CPUs, and takes no node of this model
    if remote not in onnxruntime.get_available_providers():
        pytest.skip(f"this build of onnxruntime has no {remote}")
    with pytest.raises(BadInput, match=f"{remote} leaves 3 nodes: .*Gemm.*, to the CPU"):
        device.open_session(str(tiny_model), OPTIONS, [(remote, {})], stream)
