import inspect
import re
import sys

import numpy as np
import pytest

from latbench.runtimes.shared import cuda
from latbench.runtimes.shared.cuda import CudaError, Stream


@pytest.fixture
def stream(cuda_api):
    return Stream(cuda_api, pairs=4)


@pytest.fixture
def error(fakecuda):
    return fakecuda.cudaError_t


def infer(stream, work):
    stream.begin()
    work()
    stream.end()
    stream.synchronize()


def test_what_goes_up_comes_down_once_waited_for(stream, cuda_api, fakecuda):
    given, back = stream.buffer((2, 3), np.float32), stream.buffer((2, 3), np.float32)
    assert (given.host.shape, given.host.dtype, given.nbytes) == ((2, 3), np.float32, 24)
    assert given.ptr != given.host_ptr
    given.host[...] = np.arange(6).reshape(2, 3)
    there, here = (fakecuda.array_at(one.ptr, (2, 3), np.float32) for one in (given, back))
    stream.upload(given)
    cuda_api.work(lambda: np.multiply(there, 2, out=here))
    stream.download(back)
    assert not np.array_equal(back.host, given.host * 2)
    stream.synchronize()
    assert np.array_equal(back.host, given.host * 2)


@pytest.mark.parametrize("shape", [(), (0, 3), (5,)])
def test_odd_shapes_have_memory_too(stream, shape):
    buffer = stream.buffer(shape, np.int8)
    assert buffer.host.shape == shape
    stream.upload(buffer)
    stream.download(buffer)
    stream.synchronize()


def test_device_times_are_of_the_latest_pairs_in_order(stream, cuda_api):
    for latency in (1.0, 2.0, 3.0, 4.0, 5.0):
        cuda_api.work_ms = latency
        infer(stream, cuda_api.work)
    assert stream.device_ns(2) == (4_000_000, 5_000_000)
    assert stream.device_ns(4) == (2_000_000, 3_000_000, 4_000_000, 5_000_000)


@pytest.mark.parametrize("count", [0, 2, 5])
def test_device_times_that_are_not_held_are_unknown(stream, cuda_api, count):
    infer(stream, cuda_api.work)
    assert stream.device_ns(1) == (250_000,)
    assert stream.device_ns(count) == ()


def test_copies_are_outside_the_device_time(stream, cuda_api):
    buffer = stream.buffer((4,), np.float32)
    order = ["upload", "cudaEventRecord", "cudaEventRecord", "download", "cudaStreamSynchronize"]
    before = len(cuda_api.log)
    stream.upload(buffer)
    stream.begin()
    cuda_api.work()
    stream.end()
    stream.download(buffer)
    stream.synchronize()
    assert cuda_api.log[before:] == order
    assert stream.device_ns(1) == (250_000,)


def test_events_are_made_beforehand(stream, cuda_api):
    made = cuda_api.log.count("cudaEventCreate")
    for _ in range(9):
        infer(stream, cuda_api.work)
    assert cuda_api.log.count("cudaEventCreate") == made == 8


def test_a_graph_does_what_was_captured_each_time_it_is_launched(stream, cuda_api):
    done = []
    replay = stream.capture(lambda: cuda_api.work(lambda: done.append(1)))
    assert done == []
    for _ in range(3):
        infer(stream, replay)
    assert len(done) == 3
    assert stream.device_ns(3) == (250_000,) * 3
    assert cuda_api.log.count("cudaGraphLaunch") == 3


@pytest.mark.parametrize("fault", [lambda: 1 / 0, lambda: False])
def test_work_that_fails_while_captured_leaves_the_stream_usable(stream, cuda_api, fault):
    with pytest.raises(CudaError, match="no CUDA graph of this"):
        stream.capture(fault)
    assert cuda_api.graph is None
    assert "cudaGetLastError" in cuda_api.log
    infer(stream, cuda_api.work)
    assert stream.device_ns(1) == (250_000,)


def test_an_invalid_capture_is_an_error_and_forgotten(stream, cuda_api, error):
    cuda_api.fail["cudaStreamEndCapture"] = error.cudaErrorStreamCaptureInvalidated
    with pytest.raises(CudaError, match="cudaErrorStreamCaptureInvalidated"):
        stream.capture(cuda_api.work)
    assert cuda_api.log[-1] == "cudaGetLastError"


def test_memory_that_runs_out_inside_a_capture_stays_what_it_is(stream):
    def enqueue():
        raise MemoryError("full")

    with pytest.raises(MemoryError, match="full"):
        stream.capture(enqueue)


@pytest.mark.parametrize("name", ["cudaMalloc", "cudaMallocHost"])
def test_too_little_memory_is_a_memory_error_and_holds_nothing(stream, cuda_api, error, name):
    cuda_api.fail[name] = error.cudaErrorMemoryAllocation
    with pytest.raises(MemoryError, match=name):
        stream.buffer((8,), np.float32)
    assert cuda_api.memory == {}


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("upload", "upload"),
        ("download", "download"),
        ("cudaEventRecord", "begin"),
        ("cudaEventRecord", "end"),
        ("cudaStreamSynchronize", "synchronize"),
    ],
)
def test_a_failing_call_is_named_with_its_error(stream, cuda_api, error, name, call):
    given = [stream.buffer((1,), np.float32)] if call in ("upload", "download") else []
    cuda_api.fail[name] = error.cudaErrorLaunchFailure
    with pytest.raises(CudaError, match=r"cuda\w+: cudaErrorLaunchFailure: launchfailure"):
        getattr(stream, call)(*given)


def test_a_graph_that_fails_to_launch_is_an_error(stream, cuda_api, error):
    replay = stream.capture(cuda_api.work)
    cuda_api.fail["cudaGraphLaunch"] = error.cudaErrorLaunchFailure
    with pytest.raises(CudaError, match="cudaGraphLaunch"):
        replay()


def test_close_frees_all_of_it_once(stream, cuda_api):
    buffer = stream.buffer((3,), np.float32)
    stream.capture(cuda_api.work)
    stream.close()
    stream.close()
    assert cuda_api.memory == {}
    assert buffer.host.size == 0
    counted = {name: cuda_api.log.count(name) for name in set(cuda_api.log)}
    assert counted["cudaEventDestroy"] == counted["cudaEventCreate"]
    assert counted["cudaStreamDestroy"] == counted["cudaGraphExecDestroy"] == counted["cudaFreeHost"] == 1


def test_close_bears_a_broken_context(stream, cuda_api, error):
    stream.buffer((3,), np.float32)
    cuda_api.fail.update(dict.fromkeys(["cudaStreamSynchronize", "cudaFree"], error.cudaErrorLaunchFailure))
    stream.close()
    assert "cudaStreamDestroy" in cuda_api.log


def test_a_stream_that_cannot_be_made_says_why(cuda_api, error):
    cuda_api.fail["cudaEventCreate"] = error.cudaErrorMemoryAllocation
    with pytest.raises(MemoryError, match="cudaEventCreate"):
        Stream(cuda_api, pairs=1)
    assert cuda_api.log[-1] == "cudaStreamDestroy"


def test_the_facts_of_a_device(cuda_api):
    (facts,) = cuda.devices(cuda_api)
    assert (facts.name, facts.compute_capability, facts.memory_bytes) == ("Fake H1", "9.0", 1 << 34)
    assert facts.uuid == "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert (facts.driver_version, facts.runtime_version) == ("13.0", "13.5")
    assert cuda.why_none(cuda_api) is None
    assert "cudaSetDevice" not in cuda_api.log  # would leave a context on the card


@pytest.mark.parametrize(
    ("changed", "failure", "phrase"),
    [
        ({"driver": 0}, None, "no NVIDIA driver was found"),
        (
            {"driver": 12020},
            "cudaErrorInsufficientDriver",
            r"serves CUDA 12\.2 at most, .* 13\.5",
        ),
        ({}, "cudaErrorNoDevice", "shows no GPU to this process"),
        ({"cards": 0}, None, "shows no GPU to this process"),
        ({}, "cudaErrorLaunchFailure", "cudaGetDeviceCount: cudaErrorLaunchFailure"),
    ],
)
def test_why_there_is_no_device(fakecuda, error, changed, failure, phrase):
    api = fakecuda.FakeCuda(**changed)
    if failure:
        api.fail["cudaGetDeviceCount"] = error[failure]
    assert re.search(phrase, cuda.why_none(api))
    if changed != {"driver": 0}:
        assert cuda.devices(api) == ()


def test_without_the_bindings_there_is_a_reason_and_no_device(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    assert "cuda-bindings cannot be imported" in cuda.why_none()
    assert cuda.devices() == ()
    with pytest.raises(CudaError, match="cuda-bindings"):
        Stream()


def test_the_real_bindings_have_every_name_with_its_arguments(cuda_api):
    real = pytest.importorskip("cuda.bindings.runtime")
    named = [name for name in dir(cuda_api) if name.startswith("cuda")]
    assert [name for name in named if not hasattr(real, name)] == []
    for name in (name for name in named if inspect.ismethod(getattr(cuda_api, name))):
        first = (getattr(real, name).__doc__ or "").split("\n")[0]
        written = [part for part in first.partition("(")[2].rpartition(")")[0].split(",") if part.strip()]
        assert len(written) == len(inspect.signature(getattr(cuda_api, name)).parameters), first
    for error in type(cuda_api).cudaError_t:
        assert getattr(real.cudaError_t, error.name) == error
    assert real.cudaMemcpyKind.cudaMemcpyHostToDevice == 1
    assert real.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal == 1


@pytest.mark.gpu
def test_a_real_device_copies_waits_and_tells_the_time():
    stream = Stream(pairs=2)
    buffer = stream.buffer((1 << 20,), np.float32)
    buffer.host[...] = np.arange(1 << 20)
    infer(stream, lambda: stream.upload(buffer))
    buffer.host[...] = 0
    stream.download(buffer)
    stream.synchronize()
    assert np.array_equal(buffer.host, np.arange(1 << 20, dtype=np.float32))
    (latency,) = stream.device_ns(1)
    assert latency > 0
    infer(stream, stream.capture(lambda: stream.upload(buffer)))
    assert len(stream.device_ns(2)) == 2
    stream.close()
