import numpy as np
import pytest

from latbench import runtimes
from latbench.machine import native
from latbench.measure import denormals
from latbench.measure.clock import FakeClock
from latbench.runtimes.base import SessionOptions, Source

SIZE = 192
OPTIONS = SessionOptions(threads=2)
MODULE = """
import torch

class Products(torch.nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.register_buffer("first", torch.full(({size}, {size}), scale))
        self.register_buffer("mean", torch.full(({size}, {size}), 1 / {size}))

    def forward(self, x):
        return x @ self.first @ self.mean @ self.mean @ self.mean
"""
can_flush = pytest.mark.skipif(not native.can_flush(), reason="machine code is refused here")


class Session:
    """Its runs take `slow` ns where denormal numbers are computed exactly, else 10 000."""

    def __init__(self, clock, slow):
        self.clock, self.slow, self.closed = clock, slow, 0
        self.runs = 0

    def bind(self, inputs):
        self.inputs = inputs

    def run(self):
        self.runs += 1
        exact = np.finfo(np.float32).smallest_subnormal * np.float32(4) > 0
        self.clock.advance(self.slow if exact else 10_000)

    def close(self):
        self.closed += 1


class Runtime:
    def __init__(self, clock, slow):
        self.clock, self.slow, self.sessions, self.threads = clock, slow, [], []

    def prepare(self, source, options):
        self.threads.append(options.threads)
        self.sessions.append(Session(self.clock, self.slow))
        return self.sessions[-1]


def ratio(slow, clock=None):
    clock = clock or FakeClock()
    runtime = Runtime(clock, slow)
    return denormals.flush_ratio(runtime, Source("module"), OPTIONS, {}, clock), runtime


@can_flush
@pytest.mark.parametrize(("slow", "expected"), [(10_000, 1.0), (31_000, 3.1), (9_000, 0.9)])
def test_the_ratio_is_exact_over_flushed(slow, expected):
    found, runtime = ratio(slow)
    assert found == pytest.approx(expected)
    assert runtime.threads == [1, 1]
    assert [session.closed for session in runtime.sessions] == [1, 1]


@can_flush
def test_a_model_of_a_second_is_called_as_often_as_needed_and_no_more():
    _, runtime = ratio(slow=10**9)
    assert [session.runs for session in runtime.sessions] == [1 + 8, 1 + 8]


@can_flush
def test_a_clock_that_stands_still_tells_nothing():
    found, _ = ratio(slow=0, clock=type("Still", (), {"__call__": lambda _: 0, "advance": lambda *_: None})())
    assert found is None


@can_flush
def test_calls_shorter_than_the_clock_can_tell_give_no_ratio(monkeypatch):
    monkeypatch.setattr(denormals, "_LEAST_NS", 10_001)
    assert ratio(slow=31_000)[0] is None


@can_flush
def test_sessions_are_closed_after_a_failure():
    class Failing(Runtime):
        def prepare(self, source, options):
            if self.sessions:
                raise RuntimeError("no memory for a second")
            return super().prepare(source, options)

    runtime = Failing(FakeClock(), 10)
    with pytest.raises(RuntimeError, match="second"):
        denormals.flush_ratio(runtime, Source("module"), OPTIONS, {}, runtime.clock)
    assert runtime.sessions[0].closed == 1


def test_without_machine_code_nothing_is_told(monkeypatch):
    monkeypatch.setattr(native, "can_flush", lambda: False)
    found, runtime = ratio(slow=31)
    assert (found, runtime.sessions) == (None, [])


@pytest.fixture
def products(tmp_path, monkeypatch):
    """Return the source of four matrix products for a runtime, the first matrix being full of `scale`."""

    def build(name, scale):
        if name == "pytorch":
            (tmp_path / "small_numbers.py").write_text(MODULE.format(size=SIZE))
            monkeypatch.syspath_prepend(tmp_path)
            return Source("module", factory="small_numbers:Products", kwargs={"scale": scale})
        return Source("onnx", path=str(exported(tmp_path / f"{scale}.onnx", scale)))

    return build


def exported(path, scale):
    from onnx import TensorProto, helper, numpy_helper, save

    values = {"first": scale, "mean": 1 / SIZE}
    held = [
        numpy_helper.from_array(np.full((SIZE, SIZE), one, np.float32), name) for name, one in values.items()
    ]
    nodes = [
        helper.make_node(
            "MatMul", [f"x{index}" if index else "x", "mean" if index else "first"], [f"x{index + 1}"]
        )
        for index in range(4)
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIZE, SIZE]) for name in ("x", "x4")]
    graph = helper.make_graph(nodes, "products", ends[:1], ends[1:], held)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def multiplies_denormals_slowly():
    """Tell whether this processor does: small numbers against ordinary ones, on one thread."""
    clock = denormals.MONOTONIC
    fastest = {}
    for small in (True, False):
        a, b = (np.full((64, 64), scale if small else 1.0, np.float32) for scale in (1e-20, 1e-19))
        fastest[small] = min(denormals.time_calls(lambda a=a, b=b: a @ b, clock, 20))
    return fastest[True] > 3 * fastest[False]


@can_flush
@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnxruntime", "openvino", "pytorch"])
def test_a_real_model_with_denormal_numbers_shows_and_an_ordinary_one_does_not(name, products):
    if not multiplies_denormals_slowly():
        pytest.skip("this processor multiplies denormal numbers at full speed")
    found = [
        denormals.flush_ratio(
            runtimes.get(name), products(name, weights), OPTIONS, {"x": np.full((SIZE, SIZE), x, np.float32)}
        )
        for weights, x in ((1e-20, 1e-19), (0.01, 1.0))
    ]
    assert found[0] > 1.5 * found[1]
    assert found[1] < 1.2
