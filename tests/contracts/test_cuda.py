"""Our calls of the CUDA runtime, and the fake that tests them, against the real bindings of cuda-bindings."""

import importlib.util
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from held import Held, words

from latbench.runtimes.shared import cuda

real = pytest.importorskip("cuda.bindings.runtime", reason="cuda-bindings is not installed here")
FAKE = Path(__file__).parents[1] / "latbench" / "runtimes" / "fakecuda.py"
NAMES = r"cuda[A-Z]\w+"


@pytest.fixture(scope="module")
def fakes():
    found = importlib.util.spec_from_file_location("fakecuda", FAKE)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def api(fakes):
    return Held(real, fakes.FakeCuda(), "cuda")


def use(api, fakes):
    """Let our code make every call that it can make, the failures too."""
    stream = cuda.Stream(api, pairs=2)
    buffer = stream.buffer((2, 3), np.float32)
    stream.upload(buffer)
    stream.begin()
    stream.end()
    stream.download(buffer)
    stream.synchronize()
    assert len(stream.device_ns(1)) == 1
    stream.capture(api.fake.work)()
    for fails in ("enqueue", "cudaStreamEndCapture", "cudaMallocHost"):
        api.fake.fail = {fails: fakes.cudaError_t.cudaErrorLaunchFailure}
        with pytest.raises(cuda.CudaError):
            stream.buffer((1,), np.int8) if "Malloc" in fails else stream.capture(
                lambda: "enqueue" not in api.fake.fail
            )
    api.fake.fail = {}
    stream.close()
    assert len(cuda.devices(api)) == 1
    assert cuda.why_none(api) is None
    api.fake.fail = {"cudaGetDeviceCount": fakes.cudaError_t.cudaErrorInsufficientDriver}
    assert cuda.why_none(api)


def test_every_call_we_make_is_there_and_fits(api, fakes):
    use(api, fakes)
    assert api.faults == []


def test_no_name_in_the_code_goes_unlooked_at(api, fakes):
    use(api, fakes)
    written = words(inspect.getsource(cuda), NAMES)
    assert "cudaMalloc" in written
    members = {name for kind in _enums() for name in dir(kind)}
    assert {name for name in written if not hasattr(real, name)} <= members
    assert written - api.used <= members


def _enums():
    return real.cudaMemcpyKind, real.cudaStreamCaptureMode, real.cudaError_t


def test_the_fake_has_nothing_that_the_real_one_lacks(fakes):
    ours = {name for name in dir(fakes.FakeCuda) if re.fullmatch(NAMES, name)}
    assert ours
    assert {name for name in ours if not hasattr(real, name)} == set()


def test_the_fake_takes_the_arguments_that_the_real_one_takes(fakes):
    for name in sorted(ours for ours in dir(fakes.FakeCuda) if re.fullmatch(NAMES, ours)):
        kept = getattr(fakes.FakeCuda, name)
        if inspect.isfunction(kept):
            given = list(inspect.signature(kept).parameters)[1:]
            assert len(given) == len(inspect.signature(getattr(real, name)).parameters), name


def answers(name):
    """Return how many values a function of the real bindings returns with its error, by its docstring."""
    told = inspect.getdoc(getattr(real, name)).partition("Returns\n-------\n")[2].partition("\n\n")[0]
    return sum(not line.startswith(" ") for line in told.splitlines()) - 1


# Docstrings that do not say what is returned, in one release or another: it is said here.
UNTOLD = {"cudaGetDeviceProperties": 1, "cudaGraphInstantiate": 1}


def test_the_fake_answers_with_as_many_values_as_the_real_one(api, fakes):
    counted = {}
    for name in dir(fakes.FakeCuda):
        kept = getattr(api.fake, name)
        if re.fullmatch(NAMES, name) and inspect.ismethod(kept):
            setattr(api.fake, name, _counting(kept, name, counted))
    use(api, fakes)
    assert "cudaMalloc" in counted
    for name, count in counted.items():
        assert count == {1 + (UNTOLD[name] if name in UNTOLD else answers(name))}, name


def _counting(function, name, counted):
    def call(*arguments):
        answer = function(*arguments)
        counted.setdefault(name, set()).add(len(answer))
        return answer

    return call


def test_what_is_read_of_a_device_is_in_the_real_structure():
    held = real.cudaDeviceProp()
    assert isinstance(held.name, bytes)
    assert len(held.uuid.bytes) == 16
    assert (held.major, held.minor, held.totalGlobalMem) == (0, 0, 0)
    assert int(real.cudaStream_t(5)) == 5


def test_success_is_false_and_words_are_bytes():
    assert not real.cudaError_t.cudaSuccess
    error, told = real.cudaGetErrorString(real.cudaError_t.cudaErrorMemoryAllocation)
    assert (int(error), told) == (0, b"out of memory")
    assert int(real.cudaError_t.cudaErrorMemoryAllocation) == cuda._OUT_OF_MEMORY
    assert int(real.cudaError_t.cudaErrorNoDevice) == cuda._NO_DEVICE


@pytest.mark.skipif(cuda.devices() != (), reason="this machine has a CUDA device")
def test_without_a_gpu_the_real_bindings_fail_as_our_code_expects():
    error, nothing = real.cudaMalloc(16)
    assert error
    assert nothing is None
    with pytest.raises(cuda.CudaError, match=r"^cudaSetDevice: cudaError"):
        cuda.Stream()
    assert cuda.why_none()
