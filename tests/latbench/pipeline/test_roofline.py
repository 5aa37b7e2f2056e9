from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from latbench.pipeline import roofline as module
from latbench.pipeline.roofline import Sizes, roofline

SIZES = Sizes(sides=(100, 200), buffer_bytes=1 << 20, budget_s=1.0, most=5)


class Tensor:
    def __init__(self, size, dtype, torch):
        self.size, self.dtype, self.torch = size, dtype, torch

    def random_(self):
        return self

    def to(self, kind):
        return Tensor(self.size, kind, self.torch)

    def copy_(self, other):
        self.torch.spend(2 * self.size / self.torch.bandwidth)


class Torch:
    """PyTorch on a device with a clock of its own: a call takes as long as `bandwidth` and `speeds` say."""

    float32, float16, bfloat16, uint8 = "float32", "float16", "bfloat16", "uint8"
    __version__ = "9.9"

    def __init__(self, speeds, capability=(9, 0), bandwidth=4e12, free=1 << 40, fault=None):
        self.speeds, self.bandwidth, self.fault = speeds, bandwidth, fault
        self.now, self.matmul_precision, self.calls, self.asked = 0.0, "medium", 0, []
        self.version = SimpleNamespace(cuda="13.0")
        self.cuda = SimpleNamespace(
            is_available=lambda: True,
            get_device_capability=lambda: capability,
            get_device_name=lambda _: "NVIDIA H",
            mem_get_info=lambda: (free, 1 << 40),
            synchronize=lambda: None,
            Event=lambda enable_timing: Event(self),
        )

    def spend(self, seconds):
        self.calls += 1
        self.now += seconds * (2 if self.calls % 3 else 1)  # most calls are disturbed

    def inference_mode(self):
        return nullcontext()

    def empty(self, size, dtype, device):
        return Tensor(size, dtype, self)

    def empty_like(self, other):
        return Tensor(other.size, other.dtype, self)

    def randn(self, side, _, device):
        return Tensor(side, "float32", self)

    def matmul(self, a, b, out):
        if self.fault:
            raise self.fault
        kind = "tf32" if a.dtype == "float32" and self.matmul_precision == "high" else a.dtype
        self.asked.append((kind, a.size, self.matmul_precision))
        self.spend(2 * a.size**3 / self.speeds[kind, a.size])

    def get_float32_matmul_precision(self):
        return self.matmul_precision

    def set_float32_matmul_precision(self, value):
        self.matmul_precision = value


class Event:
    def __init__(self, torch):
        self.torch = torch

    def record(self):
        self.at = self.torch.now

    def elapsed_time(self, other):
        return 1e3 * (other.at - self.at)


def speeds(**by_kind):
    return {
        (kind, side): figure
        for kind, pair in by_kind.items()
        for side, figure in zip((100, 200), pair, strict=True)
    }


FAST = speeds(float32=(2e12, 5e13), tf32=(3e14, 4e14), float16=(8e14, 7e14), bfloat16=(1e14, 7e14))


def test_the_best_of_several_at_the_best_size():
    torch = Torch(FAST)
    found = roofline("cuda", SIZES, torch)
    assert found["copy_gb_s"] == pytest.approx(4000)
    assert found["tflops"] == {
        key: pytest.approx(value)
        for key, value in {"fp32": 50, "tf32": 400, "fp16": 800, "bf16": 700}.items()
    }
    assert found["device"] == "NVIDIA H"
    assert "1 MiB" in found["how"]
    assert "100 and 200" in found["how"]


def test_tf32_is_off_for_fp32_and_the_setting_comes_back():
    torch = Torch(FAST)
    roofline("cuda", SIZES, torch)
    assert {precision for kind, _, precision in torch.asked if kind == "float32"} == {"highest"}
    assert {precision for kind, _, precision in torch.asked if kind == "tf32"} == {"high"}
    assert torch.matmul_precision == "medium"


@pytest.mark.parametrize(
    ("capability", "kinds"),
    [((6, 1), {"fp32"}), ((7, 5), {"fp32", "fp16"}), ((8, 0), {"fp32", "tf32", "fp16", "bf16"})],
)
def test_types_without_units_are_left_out(capability, kinds):
    assert set(roofline("cuda", SIZES, Torch(FAST, capability))["tflops"]) == kinds


def test_the_buffer_leaves_room_on_a_full_card():
    assert (
        "1 MiB"
        in roofline("cuda", Sizes(sides=(100,), buffer_bytes=1 << 30), Torch(FAST, free=8 << 20))["how"]
    )


def test_a_large_product_is_left_out_where_it_would_take_long():
    slow = dict.fromkeys(FAST, 1000000.0)  # the side of 100 takes two seconds
    torch = Torch(slow)
    found = roofline("cuda", SIZES, torch)
    assert {side for _, side, _ in torch.asked} == {100}
    assert found["tflops"]["fp32"] == pytest.approx(1e-6)


def test_few_calls_where_each_takes_long_and_never_more_than_the_most():
    torch = Torch(dict.fromkeys(FAST, 1000000.0))
    roofline("cuda", SIZES, torch)
    assert len(torch.asked) == 4 * (3 + 3)
    torch = Torch(FAST)
    roofline("cuda", SIZES, torch)
    assert len(torch.asked) == 4 * 2 * (3 + SIZES.most)


@pytest.mark.parametrize(
    ("torch", "why"),
    [
        (Torch(FAST, fault=RuntimeError("CUDA error:\n out of memory")), "CUDA error: out of memory"),
        (
            SimpleNamespace(
                cuda=SimpleNamespace(is_available=lambda: False), version=SimpleNamespace(cuda=None)
            ),
            "built without CUDA",
        ),
        (
            SimpleNamespace(
                cuda=SimpleNamespace(is_available=lambda: False), version=SimpleNamespace(cuda="13.0")
            ),
            "finds no CUDA device",
        ),
    ],
)
def test_where_nothing_can_be_measured_it_says_why(torch, why):
    found = roofline("cuda", SIZES, torch)
    assert (found["copy_gb_s"], found["tflops"], found["device"]) == (None, {}, None)
    assert found["how"].startswith("not measured: ")
    assert why in found["how"]


def test_the_real_pytorch_measures_the_cpu():
    pytest.importorskip("torch")
    sizes = Sizes(sides=(32, 64), buffer_bytes=1 << 16, budget_s=0.001, most=3)
    found = roofline("cpu", sizes)
    assert found["copy_gb_s"] > 0
    assert set(found["tflops"]) == {"fp32"}
    assert found["tflops"]["fp32"] > 0
    assert "the clock" in found["how"]


@pytest.mark.gpu
def test_the_real_device():
    found = roofline("cuda", Sizes(sides=(1024,), buffer_bytes=1 << 26, budget_s=0.1))
    assert found["copy_gb_s"] > 0
    assert found["tflops"]["fp32"] > 0


def test_the_timer_of_the_cpu_counts_each_call():
    calls = []
    assert len(module._by_clock(lambda: calls.append(1), 4)) == len(calls) == 4
