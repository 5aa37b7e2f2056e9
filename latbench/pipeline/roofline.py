"""What the device can do at most, measured here: copy bandwidth of its memory, and matrix products by type.

Both are figures that a plain program reaches, not those of a data sheet. No network is faster than its bytes
over the one and its arithmetic over the other allow.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

Torch = Any
Call = Callable[[], object]

CPU = "cpu"
KINDS = {"fp32": "float32", "tf32": "float32", "fp16": "float16", "bf16": "bfloat16"}
"""The types of a matrix product, with PyTorch's names; fp32 is without TF32."""

_LEAST_MAJOR = {"fp32": 0, "fp16": 7, "tf32": 8, "bf16": 8}
"""The first compute capability that has matrix units for a type."""


@dataclass(frozen=True)
class Sizes:
    """How large the work is: sides of square matrices, bytes of a buffer, seconds and calls for each figure.

    A buffer takes at most an eighth of the memory that is free; it should be far beyond the caches.
    """

    sides: tuple[int, ...] = (4096, 8192)
    buffer_bytes: int = 1 << 30
    budget_s: float = 0.8
    most: int = 400


def roofline(device: str = "cuda", sizes: Sizes | None = None, torch: Torch = None) -> dict[str, Any]:
    """Return {"copy_gb_s", "tflops": {type: figure}, "how", "device"} of `device`, measured in this process.

    Bandwidth in 1e9 bytes a second, each byte read and each written counted; 1e12 floating-point operations
    a second, a multiply-add being two. A type without units of its own is left out. Where nothing can be
    measured the figures are None and {}, and `how` says why. `torch` stands for PyTorch in tests.
    """
    if torch is None:
        try:
            import torch as installed
        except ImportError:
            return nothing("PyTorch is not installed")
        torch = installed
    if device != CPU and not torch.cuda.is_available():
        cpu_only = torch.version.cuda is None
        return nothing(f"this PyTorch {'was built without CUDA' if cpu_only else 'finds no CUDA device'}")
    try:
        with torch.inference_mode():
            return _Bench(torch, device, sizes or Sizes()).measured()
    except (RuntimeError, MemoryError) as error:
        return nothing(" ".join(str(error).split())[:200])


def nothing(why: str) -> dict[str, Any]:
    """Return the roofline that was not measured, and why."""
    return {"copy_gb_s": None, "tflops": {}, "how": f"not measured: {why}", "device": None}


@dataclass(frozen=True)
class _Bench:
    torch: Torch
    device: str
    sizes: Sizes

    def measured(self) -> dict[str, Any]:
        copied = self._buffer_bytes()
        bandwidth = 2 * copied / self._copy_s(copied) / 1e9
        found = {precision: self._tflops(precision) for precision in KINDS if self._has(precision)}
        sides = " and ".join(map(str, self.sizes.sides))
        how = (
            f"best of several: a copy of {copied / 2**20:.0f} MiB within the memory, read and written bytes "
            f"counted; products of random square matrices of side {sides}; timed by "
            f"{'the clock' if self.device == CPU else 'events'}, PyTorch {self.torch.__version__}"
        )
        name = CPU if self.device == CPU else self.torch.cuda.get_device_name(0)
        return {"copy_gb_s": bandwidth, "tflops": found, "how": how, "device": name}

    def _buffer_bytes(self) -> int:
        most = self.sizes.buffer_bytes
        return most if self.device == CPU else max(1, min(most, self.torch.cuda.mem_get_info()[0] // 8))

    def _has(self, precision: str) -> bool:
        if self.device == CPU:
            return precision == "fp32"
        return bool(self.torch.cuda.get_device_capability()[0] >= _LEAST_MAJOR[precision])

    def _copy_s(self, size: int) -> float:
        source = self.torch.empty(size, dtype=self.torch.uint8, device=self.device).random_()
        return self._best_s(partial(self.torch.empty_like(source).copy_, source))

    def _tflops(self, precision: str) -> float:
        """Return the best over the sides; a side that would take too long is left out, but for the first."""
        found, expected_s = 0.0, 0.0
        for side in sorted(self.sizes.sides):
            if found:
                expected_s = 2 * side**3 / found / 1e12
            if 6 * expected_s > 4 * self.sizes.budget_s:
                break
            found = max(found, 2 * side**3 / self._product_s(precision, side) / 1e12)
        return found

    def _product_s(self, precision: str, side: int) -> float:
        """Return the seconds of a product of random numbers; that of zeros would take less power."""
        torch, kind = self.torch, getattr(self.torch, KINDS[precision])
        a, b = (torch.randn(side, side, device=self.device).to(kind) for _ in range(2))
        with _tf32(torch, precision == "tf32"):
            return self._best_s(partial(torch.matmul, a, b, out=torch.empty_like(a)))

    def _best_s(self, call: Call) -> float:
        """Return the shortest time of `call` over as many as fit the budget, after three to warm up."""
        times = _by_clock if self.device == CPU else partial(_by_events, self.torch)
        once = min(times(call, 3))
        fit = int(self.sizes.budget_s / once) if once > 0 else self.sizes.most
        return min(times(call, max(3, min(self.sizes.most, fit))))


@contextmanager
def _tf32(torch: Torch, allowed: bool) -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if allowed else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _by_events(torch: Torch, call: Call, count: int) -> Sequence[float]:
    """Return the seconds of each of `count` calls, back to back on the device."""
    pairs = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(count)]
    torch.cuda.synchronize()
    for begin, end in pairs:
        begin.record()
        call()
        end.record()
    torch.cuda.synchronize()
    return [begin.elapsed_time(end) / 1e3 for begin, end in pairs]


def _by_clock(call: Call, count: int) -> Sequence[float]:
    found = []
    for _ in range(count):
        begin = time.perf_counter()
        call()
        found.append(time.perf_counter() - begin)
    return found
