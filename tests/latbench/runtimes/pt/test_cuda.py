"""The GPU's part without one: a double with streams, events and pinned memory records the order."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from latbench import runtimes
from latbench.errors import BadInput
from latbench.runtimes.base import Availability, SessionOptions, Source
from latbench.runtimes.pt import cuda

FACTORIES = """
import torch

class Spoken(torch.nn.Module):
    log, raises = [], None

    def forward(self, x):
        self.log.append("module")
        if self.raises:
            raise self.raises
        return {"twice": x * 2, "x": x}
"""
SOURCE = Source("module", factory="spoken_modules:Spoken")
X = {"x": np.arange(4, dtype=np.float32)}


class Log(list):
    """What was done, and a clock that each recorded event moves by its number in ms."""

    now = 0.0


class Event:
    def __init__(self, log):
        self.log, self.at = log, None

    def record(self, stream):
        assert stream is not None
        self.log.now += 0.25
        self.at = self.log.now
        self.log.append("event")

    def elapsed_time(self, other):
        return other.at - self.at


class Stream:
    def __init__(self, log):
        self.log = log

    def synchronize(self):
        self.log.append("wait")


class Double(cuda.Gpu):
    """The CPU in place of a GPU."""

    device = "cpu"

    def __init__(self, log):
        self.log, self.stream = log, Stream(log)

    def pinned(self, tensor):
        self.log.append("pinned")
        return torch.empty_like(tensor)

    def events(self, pairs):
        return [(Event(self.log), Event(self.log)) for _ in range(pairs)]

    def capture(self, function):
        outputs = function()
        self.log.append("captured")

        def replay():
            self.log.append("replay")
            for name, tensor in function().items():
                outputs[name].copy_(tensor)

        return replay, outputs

    def facts(self):
        return {"gpu": "double", "copies": "inputs and outputs, inside host latency"}


@pytest.fixture
def log(monkeypatch, tmp_path):
    (tmp_path / "spoken_modules.py").write_text(FACTORIES)
    monkeypatch.syspath_prepend(tmp_path)
    log = Log()

    class Here(Double):
        def __init__(self):
            super().__init__(log)

    monkeypatch.setattr(cuda, "Gpu", Here)
    monkeypatch.setattr(cuda, "PAIRS", 4)
    copy = torch.Tensor.copy_

    def copied(tensor, other, non_blocking=False):
        if non_blocking:
            log.append("copy")
        return copy(tensor, other)

    monkeypatch.setattr(torch.Tensor, "copy_", copied)
    return log


@pytest.fixture
def prepare(log):
    before = torch.backends.cudnn.benchmark
    opened = []

    def prepare(name="pytorch", **options):
        asked = SessionOptions(device="cuda", threads=1, **options)
        opened.append(runtimes.get(name).prepare(SOURCE, asked))
        import spoken_modules

        spoken_modules.Spoken.log, spoken_modules.Spoken.raises = log, None
        opened[-1].spoken = spoken_modules.Spoken
        return opened[-1]

    yield prepare
    for session in reversed(opened):
        session.close()
    cuda.allow_tf32(False)
    torch.backends.cudnn.benchmark = before


def test_a_run_is_copies_inference_between_events_copies_and_the_wait(prepare, log):
    session = prepare()
    session.bind(X)
    log.clear()
    session.run()
    inference = ["event", "module", "event"]
    assert log == ["copy", *inference, "pinned", "pinned", "copy", "copy", "wait"]
    log.clear()
    session.run()
    assert log == ["copy", *inference, "copy", "copy", "wait"]
    np.testing.assert_array_equal(session.outputs()["twice"], 2 * X["x"])
    assert list(session.outputs()) == ["twice", "x"]


def test_device_latency_is_that_of_the_latest_runs_oldest_first(prepare, log):
    session = prepare()
    assert session.device_ns is None
    session.bind(X)
    assert session.device_ns(1) == ()
    forward = session.spoken.forward

    def slow(self, x):
        log.now += 0.5
        return forward(self, x)

    session.run()
    session.spoken.forward = slow
    session.run()
    assert session.device_ns(2) == (250_000, 750_000)
    assert session.device_ns(1) == (750_000,)
    for _ in range(3):
        session.run()
    assert session.device_ns(4) == (750_000,) * 4
    assert session.device_ns(5) == ()  # the ring holds four


def test_a_second_bind_reaches_the_device_with_the_next_run(prepare):
    session = prepare()
    session.bind(X)
    session.run()
    run = session.run
    session.bind({"x": X["x"] + 1})
    assert session.run is not None
    session.run()
    assert session.run == run
    np.testing.assert_array_equal(session.outputs()["twice"], 2 * (X["x"] + 1))


def test_a_full_memory_is_a_memory_error_with_the_words_of_pytorch(prepare):
    session = prepare()
    session.bind(X)
    session.spoken.raises = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore")
    with pytest.raises(MemoryError, match=r"^CUDA out of memory\. Tried to allocate 2 GiB$"):
        session.run()


def test_a_graph_is_captured_while_binding_and_replayed_in_each_run(prepare, log):
    session = prepare("torch_cudagraph")
    session.bind(X)
    assert log[-2:] == ["module", "captured"]
    session.run()
    log.clear()
    session.bind({"x": X["x"] + 1})
    session.run()
    inference = ["event", "replay", "module", "event"]  # the double's replay calls the module
    assert log == ["copy", *inference, "copy", "copy", "wait"]
    np.testing.assert_array_equal(session.outputs()["twice"], 2 * (X["x"] + 1))
    assert session.facts.extra["cuda_graph"] == "on"


def test_a_capture_that_fails_names_the_reason_and_the_mend(monkeypatch):
    class Graph:
        replay = None

    class Capturing:
        def __init__(self, graph, stream):
            pass

        def __enter__(self):
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nCompile with x")

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", Capturing)
    calls = []
    says = r"captured as a CUDA graph \(CUDA error: operation not .* capturing\); use --runtime pytorch\.$"
    with pytest.raises(BadInput, match=says):
        cuda.Gpu.capture(Double(Log()), lambda: calls.append(1))
    assert len(calls) == cuda.WARM


@pytest.mark.parametrize(("precision", "told"), [("fp32", "fp32"), ("tf32", "tf32")])
def test_tf32_is_switched_and_read_back(prepare, monkeypatch, precision, told):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    cuda.allow_tf32(precision != "tf32")
    session = prepare(precision=precision)
    assert session.facts.precision == told
    backends = torch.backends
    how = {backends.cuda.matmul.fp32_precision, backends.cudnn.conv.fp32_precision}
    assert how == ({"tf32"} if told == "tf32" else {"ieee"})
    assert torch.get_float32_matmul_precision() == ("high" if told == "tf32" else "highest")


def test_a_gpu_without_units_for_tf32_tells_fp32(prepare, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
    assert prepare(precision="tf32").facts.precision == "fp32"


def test_products_that_differ_are_mixed(prepare):
    session = prepare(precision="fp32")
    torch.backends.cudnn.conv.fp32_precision = "tf32"
    try:
        assert session._gpu.float32() == "mixed"
    finally:
        torch.backends.cudnn.conv.fp32_precision = "ieee"


def test_the_benchmark_of_cudnn_is_a_knob_that_is_off(prepare):
    torch.backends.cudnn.benchmark = True
    prepare()
    assert torch.backends.cudnn.benchmark is False
    prepare(knobs={"cudnn_benchmark": True})
    assert torch.backends.cudnn.benchmark is True


def test_half_precision_runs_with_float32_outside(prepare):
    session = prepare(precision="fp16")
    assert session.facts.precision == "fp16"
    session.bind({"x": np.full(4, 1 / 3, np.float32)})
    session.run()
    found = session.outputs()["x"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.float16(1 / 3).astype(np.float32))


def test_a_build_without_cuda_is_named_with_the_line_that_mends_it(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    found = cuda.check(Availability(True, version="2.13.0"))
    assert not found.available
    assert "is built without CUDA" in found.reason
    assert found.mend.startswith('pip install --force-reinstall "torch==2.')


def test_no_gpu_is_told_in_the_words_of_pytorch(monkeypatch):
    def none():
        raise RuntimeError("Found no NVIDIA driver on your system. Please check.\nmore")

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "get_device_name", none)
    found = cuda.check(Availability(True, version="2.13.0"))
    assert found.reason == "PyTorch sees no GPU here: Found no NVIDIA driver on your system. Please check"
    assert "driver" in found.mend


@pytest.mark.parametrize(
    ("capability", "precisions"),
    [((9, 0), ("fp32", "fp16", "tf32", "bf16")), ((7, 5), ("fp32", "fp16"))],
)
def test_precisions_are_those_that_the_gpu_has_units_for(monkeypatch, capability, precisions):
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A card")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    found = cuda.check(Availability(True, version="2.13.0"))
    assert found == replace(found, available=True, precisions=precisions, offers=("A card",))


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["pytorch", "torch_cudagraph"])
def test_a_real_gpu_agrees_with_the_cpu(name):
    source = Source("module", factory="torch.nn:AvgPool2d", kwargs={"kernel_size": 2})
    x = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)
    session = runtimes.get(name).prepare(source, SessionOptions(device="cuda", threads=1))
    session.bind({"x": x})
    for _ in range(5):
        session.run()
    expected = x.reshape(1, 3, 4, 2, 4, 2).mean((3, 5))
    np.testing.assert_allclose(session.outputs()["output"], expected, atol=1e-6)
    assert session.facts.precision == "fp32"
    assert len(session.device_ns(5)) == 5
    assert min(session.device_ns(5)) > 0
    session.close()
