"""Device memory, one private stream and its events, over the CUDA runtime's own Python bindings (no torch).

Whatever calls CUDA takes the bindings as `api` (default: `cuda.bindings.runtime`), so that a test can stand
in for them. A call that fails raises `CudaError` with its name and its words; one that finds too little
memory raises MemoryError.
"""

import ctypes
import math
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

_OUT_OF_MEMORY = 2
_NO_DEVICE = 100


class CudaError(RuntimeError):
    """A call of the CUDA runtime that failed: its name, the error's name and the error's words."""


@dataclass
class Buffer:
    """Device memory at `ptr`, and pinned host memory of the same shape and type as the array `host`.

    `nbytes` is the size of either; `host_ptr` is where the host memory stands. Both live until the stream
    that made them is closed; `host` is empty from then on.
    """

    ptr: int
    nbytes: int
    host: np.ndarray
    host_ptr: int


@dataclass(frozen=True)
class DeviceFacts:
    """What the driver tells of one GPU: name, "GPU-..." identifier, compute capability ("9.0") and memory.

    `driver_version` is the newest CUDA that the driver serves ("13.0"), `runtime_version` the CUDA of the
    bindings.
    """

    name: str
    uuid: str
    compute_capability: str
    memory_bytes: int
    driver_version: str
    runtime_version: str


class Stream:
    """A private stream on the first visible GPU that waits for no other, its buffers, a ring of event pairs.

    The `pairs` of timed events are made beforehand, so that `begin` and `end` only record. One `begin` and
    one `end` stand around each inference; the ring keeps the latest `pairs` of them.
    """

    def __init__(self, api: Any = None, pairs: int = 1 << 13) -> None:
        self._api = api = bindings() if api is None else api
        self._buffers: list[Buffer] = []
        self._graphs: list[Any] = []
        self._events: list[Any] = []
        self._stream: Any = None
        self._ended = 0
        self._pairs = pairs
        _ask(api, "cudaSetDevice", 0)
        try:
            self._stream = _ask(api, "cudaStreamCreateWithFlags", api.cudaStreamNonBlocking)
            self._events = [_ask(api, "cudaEventCreate") for _ in range(2 * pairs)]
        except Exception:
            self.close()
            raise
        self.handle = int(self._stream)
        records = [partial(api.cudaEventRecord, event, self._stream) for event in self._events]
        self._begins, self._ends = records[::2], records[1::2]
        self._copy = api.cudaMemcpyAsync
        self._in = api.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._out = api.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._wait: Callable[[], Any] = partial(api.cudaStreamSynchronize, self._stream)

    def buffer(self, shape: tuple[int, ...], dtype: Any) -> Buffer:
        """Return a buffer for an array of `shape` and `dtype`, on the device and pinned on the host.

        MemoryError when either has too little room.
        """
        kind = np.dtype(dtype)
        nbytes = kind.itemsize * math.prod(shape)
        room = max(nbytes, 1)
        ptr = int(_ask(self._api, "cudaMalloc", room))
        try:
            host_ptr = int(_ask(self._api, "cudaMallocHost", room))
        except Exception:
            with suppress(CudaError):
                _ask(self._api, "cudaFree", ptr)
            raise
        memory = (ctypes.c_ubyte * room).from_address(host_ptr)
        host = np.frombuffer(memory, dtype=np.uint8)[:nbytes].view(kind).reshape(shape)
        self._buffers.append(Buffer(ptr, nbytes, host, host_ptr))
        return self._buffers[-1]

    def upload(self, buffer: Buffer) -> None:
        """Put a copy from the host's memory to the device's onto the stream; returns before it is done."""
        result = self._copy(buffer.ptr, buffer.host_ptr, buffer.nbytes, self._in, self._stream)
        if result[0]:
            _fail(self._api, "cudaMemcpyAsync", result[0])

    def download(self, buffer: Buffer) -> None:
        """Put a copy from the device's memory to the host's onto the stream; returns before it is done."""
        result = self._copy(buffer.host_ptr, buffer.ptr, buffer.nbytes, self._out, self._stream)
        if result[0]:
            _fail(self._api, "cudaMemcpyAsync", result[0])

    def begin(self) -> None:
        """Record the first event of the next pair."""
        result = self._begins[self._ended % self._pairs]()
        if result[0]:
            _fail(self._api, "cudaEventRecord", result[0])

    def end(self) -> None:
        """Record the second event of the pair that `begin` opened."""
        result = self._ends[self._ended % self._pairs]()
        if result[0]:
            _fail(self._api, "cudaEventRecord", result[0])
        self._ended += 1

    def synchronize(self) -> None:
        """Wait until everything on the stream is done; an error of any of it is raised here."""
        result = self._wait()
        if result[0]:
            _fail(self._api, "cudaStreamSynchronize", result[0])

    def device_ns(self, count: int) -> tuple[int, ...]:
        """Return the time in ns between the events of each of the latest `count` pairs, oldest first.

        CUDA resolves about 500 ns. Call it after `synchronize`. () when so many pairs were not recorded, or
        are more than the ring keeps: unknown, not shortened.
        """
        if not 0 < count <= min(self._ended, self._pairs):
            return ()
        slots = (slot % self._pairs for slot in range(self._ended - count, self._ended))
        return tuple(self._elapsed(slot) for slot in slots)

    def _elapsed(self, slot: int) -> int:
        first, second = self._events[2 * slot : 2 * slot + 2]
        return round(_ask(self._api, "cudaEventElapsedTime", first, second) * 1e6)

    def capture(self, enqueue: Callable[[], object]) -> Callable[[], object]:
        """Return a call that launches, as one CUDA graph on this stream, the work that `enqueue` puts on it.

        `enqueue` must have run once before, so that nothing is allocated or tuned inside; it fails by raising
        or by returning False. CudaError when the work cannot be captured: the stream is usable afterwards.
        """
        api, stream = self._api, self._stream
        mode = api.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _ask(api, "cudaStreamBeginCapture", stream, mode)
        try:
            if enqueue() is False:
                raise CudaError("the work could not be put on the stream")
        except Exception as error:
            self._abandon()
            if isinstance(error, MemoryError):
                raise
            raise CudaError(f"no CUDA graph of this: {error}") from error
        try:
            graph = _ask(api, "cudaStreamEndCapture", stream)
        except CudaError:
            api.cudaGetLastError()
            raise
        try:
            runnable = _ask(api, "cudaGraphInstantiate", graph, 0)
        finally:
            _ask(api, "cudaGraphDestroy", graph)
        self._graphs.append(runnable)
        launch = partial(api.cudaGraphLaunch, runnable, stream)

        def replay() -> None:
            result = launch()
            if result[0]:
                _fail(api, "cudaGraphLaunch", result[0])

        return replay

    def _abandon(self) -> None:
        """End a capture that failed, and forget the errors it left behind."""
        with suppress(CudaError, MemoryError):
            graph = _ask(self._api, "cudaStreamEndCapture", self._stream)
            if graph is not None and int(graph):
                _ask(self._api, "cudaGraphDestroy", graph)
        self._api.cudaGetLastError()

    def close(self) -> None:
        """Wait for the stream and free everything on it; errors here change nothing and are dropped."""
        for name, argument in self._owned():
            with suppress(CudaError, MemoryError):
                _ask(self._api, name, argument)
        for buffer in self._buffers:
            buffer.host = np.empty(0, buffer.host.dtype)
        self._buffers, self._graphs, self._events, self._stream = [], [], [], None

    def _owned(self) -> Iterator[tuple[str, Any]]:
        if self._stream is None:
            return
        yield "cudaStreamSynchronize", self._stream
        yield from (("cudaGraphExecDestroy", graph) for graph in self._graphs)
        yield from (("cudaEventDestroy", event) for event in self._events)
        for buffer in self._buffers:
            yield "cudaFree", buffer.ptr
            yield "cudaFreeHost", buffer.host_ptr
        yield "cudaStreamDestroy", self._stream


def bindings() -> Any:
    """Return NVIDIA's Python bindings of the CUDA runtime; CudaError when they are not installed."""
    try:
        from cuda.bindings import runtime
    except Exception as error:
        raise CudaError(f"the Python package cuda-bindings cannot be imported: {error}") from error
    return runtime


def devices(api: Any = None) -> tuple[DeviceFacts, ...]:
    """Return the facts of every visible GPU, first device first; () where there is none, for any reason.

    It makes no CUDA context, so that asking leaves nothing on the card.
    """
    try:
        api = bindings() if api is None else api
        count = _ask(api, "cudaGetDeviceCount")
        versions = [_version(_ask(api, f"cuda{part}GetVersion")) for part in ("Driver", "Runtime")]
        return tuple(_facts(_ask(api, "cudaGetDeviceProperties", index), *versions) for index in range(count))
    except (CudaError, MemoryError):
        return ()


def why_none(api: Any = None) -> str | None:
    """Return one phrase that tells why there is no usable CUDA device; None when there is one."""
    try:
        api = bindings() if api is None else api
        if not _ask(api, "cudaDriverGetVersion"):
            return "no NVIDIA driver was found (libcuda.so.1)"
        served, needed = (_version(_ask(api, f"cuda{part}GetVersion")) for part in ("Driver", "Runtime"))
        error, count = api.cudaGetDeviceCount()
        if error == api.cudaError_t.cudaErrorInsufficientDriver:
            return f"the NVIDIA driver serves CUDA {served} at most, the bindings want {needed}"
        if error == _NO_DEVICE or (not error and not count):
            return "the NVIDIA driver shows no GPU to this process (is CUDA_VISIBLE_DEVICES set?)"
        if error:
            _fail(api, "cudaGetDeviceCount", error)
    except (CudaError, MemoryError) as fault:
        return str(fault)
    return None


def _facts(properties: Any, driver: str, runtime: str) -> DeviceFacts:
    return DeviceFacts(
        name=bytes(properties.name).rstrip(b"\0").decode(errors="replace"),
        uuid=f"GPU-{uuid.UUID(bytes=bytes(properties.uuid.bytes))}",
        compute_capability=f"{properties.major}.{properties.minor}",
        memory_bytes=int(properties.totalGlobalMem),
        driver_version=driver,
        runtime_version=runtime,
    )


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _ask(api: Any, name: str, *arguments: Any) -> Any:
    """Return what the call `name` of the bindings answers beside its status; raises when that is an error."""
    error, *answer = getattr(api, name)(*arguments)
    if error:
        _fail(api, name, error)
    return answer[0] if answer else None


def _fail(api: Any, name: str, error: Any) -> None:
    words = api.cudaGetErrorString(error)[1]
    told = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    label = getattr(error, "name", str(error))
    if error == _OUT_OF_MEMORY:
        raise MemoryError(f"the GPU or its pinned memory is full: {name}: {told}")
    raise CudaError(f"{name}: {label}: {told}")
