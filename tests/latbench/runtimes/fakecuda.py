"""A stand-in for `cuda.bindings.runtime`: it writes down each call, and does work only when it is waited for.

Device memory is memory of this process, so that copies really copy; what is put on a stream waits in a queue
until the stream is synchronised, or goes into a graph while one is captured.
"""

import ctypes
from enum import IntEnum
from types import SimpleNamespace

import numpy as np


class cudaError_t(IntEnum):
    cudaSuccess = 0
    cudaErrorMemoryAllocation = 2
    cudaErrorInsufficientDriver = 35
    cudaErrorNoDevice = 100
    cudaErrorLaunchFailure = 719
    cudaErrorStreamCaptureInvalidated = 901


OK = (cudaError_t.cudaSuccess,)


class FakeCuda:
    """`log` holds the calls by name; `fail[name] = error` makes the call `name` fail, from then on."""

    cudaStreamNonBlocking = 1
    cudaError_t = cudaError_t
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)

    def __init__(self, cards=1, driver=13000, work_ms=0.25):
        self.cards, self.driver, self.work_ms = cards, driver, work_ms
        self.log, self.fail, self.queue, self.graph = [], {}, [], None
        self.memory, self.times, self.clock, self.handles = {}, {}, 0.0, 100

    def work(self, action=lambda: None):
        """Put a piece of work on the stream, as a library would; it takes `work_ms` of the device."""

        def do():
            self.clock += self.work_ms
            action()

        self.put(do)

    def put(self, action):
        (self.queue if self.graph is None else self.graph).append(action)

    def called(self, name, *answer):
        self.log.append(name)
        error = self.fail.get(name, cudaError_t.cudaSuccess)
        if error:
            return (error, *(None for _ in answer)) if answer else (error,)
        return (cudaError_t.cudaSuccess, *answer)

    def new(self):
        self.handles += 1
        return self.handles

    def allocate(self, name, size):
        result = self.called(name, None)
        if result[0]:
            return result
        memory = ctypes.create_string_buffer(b"\xee" * size, size)  # never zeros: nobody may count on them
        address = ctypes.addressof(memory)
        self.memory[address] = memory
        return (*OK, address)

    def free(self, name, address):
        result = self.called(name)
        del self.memory[address]
        return result

    def inside(self, address, size):
        return any(
            start <= address and address + size <= start + len(held) for start, held in self.memory.items()
        )

    def cudaSetDevice(self, device):
        return self.called("cudaSetDevice")

    def cudaGetDeviceCount(self):
        return self.called("cudaGetDeviceCount", self.cards)

    def cudaDriverGetVersion(self):
        return self.called("cudaDriverGetVersion", self.driver)

    def cudaRuntimeGetVersion(self):
        return self.called("cudaRuntimeGetVersion", 13050)

    def cudaGetDeviceProperties(self, device):
        card = SimpleNamespace(
            name=b"Fake H1" + b"\0" * 5,
            uuid=SimpleNamespace(bytes=bytes(range(16))),
            major=9,
            minor=0,
            totalGlobalMem=1 << 34,
        )
        return self.called("cudaGetDeviceProperties", card)

    def cudaStreamCreateWithFlags(self, flags):
        assert flags == self.cudaStreamNonBlocking
        return self.called("cudaStreamCreateWithFlags", self.new())

    def cudaStreamDestroy(self, stream):
        return self.called("cudaStreamDestroy")

    def cudaEventCreate(self):
        return self.called("cudaEventCreate", self.new())

    def cudaEventDestroy(self, event):
        return self.called("cudaEventDestroy")

    def cudaEventRecord(self, event, stream):
        self.put(lambda: self.times.update({event: self.clock}))
        return self.called("cudaEventRecord")

    def cudaEventElapsedTime(self, first, second):
        if self.fail.get("cudaEventElapsedTime"):
            return self.called("cudaEventElapsedTime", None)
        return self.called("cudaEventElapsedTime", self.times[second] - self.times[first])

    def cudaMalloc(self, size):
        return self.allocate("cudaMalloc", size)

    def cudaMallocHost(self, size):
        return self.allocate("cudaMallocHost", size)

    def cudaFree(self, address):
        return self.free("cudaFree", address)

    def cudaFreeHost(self, address):
        return self.free("cudaFreeHost", address)

    def cudaMemcpyAsync(self, target, source, count, kind, stream):
        assert self.inside(target, count)
        assert self.inside(source, count)
        self.put(lambda: ctypes.memmove(target, source, count))
        return self.called("upload" if kind == 1 else "download")

    def cudaStreamSynchronize(self, stream):
        work, self.queue = self.queue, []
        for action in work:
            action()
        return self.called("cudaStreamSynchronize")

    def cudaStreamBeginCapture(self, stream, mode):
        assert mode == self.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self.graph = []
        return self.called("cudaStreamBeginCapture")

    def cudaStreamEndCapture(self, stream):
        graph, self.graph = self.graph, None
        self.graphs = {**getattr(self, "graphs", {}), self.new(): graph}
        return self.called("cudaStreamEndCapture", self.handles)

    def cudaGraphInstantiate(self, graph, flags):
        return self.called("cudaGraphInstantiate", graph)

    def cudaGraphDestroy(self, graph):
        return self.called("cudaGraphDestroy")

    def cudaGraphExecDestroy(self, graph):
        return self.called("cudaGraphExecDestroy")

    def cudaGraphLaunch(self, graph, stream):
        self.queue.extend(self.graphs[graph])
        return self.called("cudaGraphLaunch")

    def cudaGetLastError(self):
        return self.called("cudaGetLastError")

    def cudaGetErrorString(self, error):
        return (*OK, cudaError_t(error).name.removeprefix("cudaError").lower().encode())


def array_at(address, shape, dtype):
    """Return the array that stands at `address`: what a library finds there that is given the pointer."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    held = np.frombuffer((ctypes.c_ubyte * max(count, 1)).from_address(address), np.uint8)[:count]
    return held.view(dtype).reshape(shape)
