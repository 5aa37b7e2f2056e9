"""The GPU as PyTorch reaches it: one private stream, pinned memory, pairs of events around each inference."""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from latbench.errors import BadInput
from latbench.runtimes.base import Availability
from latbench.runtimes.shared import nvidia

PAIRS = 1 << 13
"""So many of the latest runs have their device latency kept."""

WARM = 3
"""Calls before a graph is captured: libraries load, algorithms are chosen, memory is taken."""

_PRODUCTS = {True: "tf32", False: "ieee"}


class Gpu:
    """The first visible GPU, and the one stream of this process on which everything runs.

    The stream is made by the first and stays the current one until the process ends: what a module does goes
    to the current stream, and a session must not depend on which other was opened or closed.
    """

    device = "cuda"

    def __init__(self) -> None:
        import torch

        cuda: Any = torch.cuda
        self.stream = cuda.current_stream()
        if self.stream == cuda.default_stream():
            self.stream = cuda.Stream()
            cuda.set_stream(self.stream)

    def pinned(self, tensor: Any) -> Any:
        """Return an empty tensor in pinned host memory, of the shape, type and strides of `tensor`."""
        import torch

        return torch.empty_like(tensor, device="cpu", pin_memory=True)

    def events(self, pairs: int) -> list[tuple[Any, Any]]:
        """Return pairs of timing events, each recorded once: an event is created when first recorded."""
        import torch

        cuda: Any = torch.cuda
        made = [(cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)) for _ in range(pairs)]
        for pair in made:
            for event in pair:
                event.record(self.stream)
        self.stream.synchronize()
        return made

    def capture(self, function: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
        """Return what replays the CUDA graph of `function`, and its outputs, which each replay writes anew.

        BadInput with CUDA's reason when it cannot be captured.
        """
        from torch import OutOfMemoryError, cuda

        for _ in range(WARM):
            function()
        self.stream.synchronize()
        graph = cuda.CUDAGraph()
        try:
            with cuda.graph(graph, stream=self.stream):
                outputs = function()
        except RuntimeError as error:
            if isinstance(error, OutOfMemoryError):
                raise
            raise BadInput(
                f"It cannot be captured as a CUDA graph ({reason_of(error)}); use --runtime pytorch."
            ) from error
        return graph.replay, outputs

    def float32(self) -> str:
        """Return how products of float32 are computed, read back: "fp32", "tf32", or "mixed"."""
        kinds = set(_products().values())
        if kinds == {_PRODUCTS[True]}:
            return "tf32" if nvidia.units(("tf32",), _capability()) else "fp32"
        return "mixed" if _PRODUCTS[True] in kinds else "fp32"

    def facts(self) -> dict[str, Any]:
        """Return what is read back of the GPU and of PyTorch's settings for it."""
        import torch

        backends: Any = torch.backends
        cuda = torch.cuda
        return {
            "gpu": cuda.get_device_name(),
            "driver": nvidia.driver(),
            "compute_capability": _capability(),
            "cuda": torch.version.cuda,
            "cudnn": backends.cudnn.version(),
            "cudnn_benchmark": backends.cudnn.benchmark,
            "cudnn_deterministic": backends.cudnn.deterministic,
            "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
            "fp16_reduced_precision_reduction": backends.cuda.matmul.allow_fp16_reduced_precision_reduction,
            "bf16_reduced_precision_reduction": backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
            **{f"float32_{kind}": how for kind, how in _products().items()},
            "copies": nvidia.COPIES,
        }


class Run:
    """One run on the GPU: inputs in from pinned memory, the inference between two events, outputs out to it.

    `pairs` are the inputs in host and device memory, `latest[0]` becomes the outputs in host memory: it is
    made by the first run, whose shapes the others have.
    """

    def __init__(
        self, gpu: Gpu, pairs: Sequence[tuple[Any, Any]], function: Callable[..., Any], latest: list[Any]
    ) -> None:
        import torch

        self._gpu, self._pairs, self._latest = gpu, pairs, latest
        self._function, self._tensors = function, tuple(device for _, device in pairs)
        self._events, self._count = gpu.events(PAIRS), 0
        self._full = torch.OutOfMemoryError

    def once(self) -> None:
        """Run once, until the outputs are in pinned host memory; MemoryError when the GPU's is full."""
        stream = self._gpu.stream
        begin, end = self._events[self._count % PAIRS]
        try:
            for host, device in self._pairs:
                device.copy_(host, non_blocking=True)
            begin.record(stream)
            result = self._function(*self._tensors)
            end.record(stream)
            tensors = _tensors(result)
            if self._latest[0] is None:
                self._latest[0] = _like(result, [self._gpu.pinned(tensor) for tensor in tensors])
            for host, tensor in zip(_tensors(self._latest[0]), tensors, strict=True):
                host.copy_(tensor, non_blocking=True)
            stream.synchronize()
        except self._full as error:
            raise MemoryError(reason_of(error)) from error
        self._count += 1

    def device_ns(self, count: int) -> tuple[int, ...]:
        """Return the time between the events of each of the latest `count` runs in ns, oldest first.

        () when fewer runs were kept. The events resolve about 0.5 us.
        """
        if not 0 < count <= min(self._count, PAIRS):
            return ()
        latest = (self._events[at % PAIRS] for at in range(self._count - count, self._count))
        return tuple(round(begin.elapsed_time(end) * 1e6) for begin, end in latest)


def _tensors(result: Any) -> Sequence[Any]:
    if isinstance(result, Mapping):
        return list(result.values())
    return result if isinstance(result, tuple | list) else (result,)


def _like(result: Any, tensors: Sequence[Any]) -> Any:
    if isinstance(result, Mapping):
        return dict(zip(result, tensors, strict=True))
    return tuple(tensors) if isinstance(result, tuple | list) else tensors[0]


def allow_tf32(allowed: bool) -> None:
    """Let products of float32 on a GPU be computed in TF32, or not: matrix products, convolutions, RNNs.

    The older switches are set first, for parts of PyTorch 2.13 still read them and raise where the newer ones
    alone were; cuDNN's newer one then says of convolutions what the older leaves open.
    """
    from torch import backends

    backends.cuda.matmul.allow_tf32 = allowed
    backends.cudnn.allow_tf32 = allowed
    backends.cudnn.fp32_precision = _PRODUCTS[allowed]


def _products() -> dict[str, str]:
    import torch

    backends: Any = torch.backends
    return {
        "matmul": backends.cuda.matmul.fp32_precision,
        "conv": backends.cudnn.conv.fp32_precision,
        "rnn": backends.cudnn.rnn.fp32_precision,
    }


def check(found: Availability) -> Availability:
    """Return the availability `found` of torch for the GPU: its name, or the reason why there is none."""
    import torch

    if torch.version.cuda is None:
        version = torch.__version__.partition("+")[0]
        mend = f'pip install --force-reinstall "torch=={version}" (on Linux, PyPI has the CUDA build)'
        if platform.system() != "Linux":
            mend = "install a build of PyTorch for CUDA (pytorch.org/get-started/locally)"
        return Availability(False, found.version, f"PyTorch {torch.__version__} is built without CUDA", mend)
    try:
        name, capability = torch.cuda.get_device_name(), _capability()
    except Exception as error:
        mend = "install the NVIDIA driver that this CUDA needs, or use --device cpu"
        return Availability(False, found.version, f"PyTorch sees no GPU here: {reason_of(error)}", mend)
    here = nvidia.units(("fp32", "fp16", "tf32", "bf16"), capability)
    return replace(found, precisions=here, offers=(name,))


def _capability() -> str:
    import torch

    return ".".join(map(str, torch.cuda.get_device_capability()))


@contextmanager
def out_of_memory() -> Iterator[None]:
    """Let a GPU's full memory be a MemoryError with PyTorch's own words."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryError(reason_of(error)) from error


def reason_of(error: BaseException) -> str:
    """Return the first line of what `error` says, without its full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")
