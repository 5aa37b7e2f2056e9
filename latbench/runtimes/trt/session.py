"""A TensorRT engine that runs: its context, its bound buffers, and the call that is timed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from latbench.errors import BadInput
from latbench.runtimes.base import Arrays, Facts, wanted
from latbench.runtimes.shared import cuda
from latbench.runtimes.trt import values
from latbench.runtimes.trt.log import fault, made, said_last


@dataclass(frozen=True)
class _Port:
    """One input or output: its name, element type and buffer."""

    name: str
    kind: str
    buffer: cuda.Buffer


class TensorRtSession:
    """An engine, its execution context, and every input and output bound to a buffer for good.

    `run` copies the inputs from pinned memory to the device, infers, copies the outputs back and waits: one
    after the other, on one stream. `device_ns` tells the time of the inference alone.
    """

    def __init__(
        self,
        trt: Any,
        log: Any,
        engine: Any,
        stream: cuda.Stream,
        *,
        facts: Facts,
        compile_ns: int | None,
        graph: bool,
    ) -> None:
        self.facts = facts
        self.compile_ns = compile_ns
        self.device_ns: Callable[[int], tuple[int, ...]] | None = stream.device_ns
        self.run: Callable[[], object] = _unbound
        self._log, self._engine, self._stream, self._graph = log, engine, stream, graph
        self._context = made(engine.create_execution_context, log, "TensorRT made no execution context")
        # Names for profilers, which cost time in each call once the engine holds its layers' details.
        self._context.nvtx_verbosity = trt.ProfilingVerbosity.NONE
        self._inputs: list[_Port] = []
        self._outputs: list[_Port] = []
        for index in range(engine.num_io_tensors):
            name = engine.get_tensor_name(index)
            given = engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
            (self._inputs if given else self._outputs).append(self._port(trt, name))

    def _port(self, trt: Any, name: str) -> _Port:
        shape = tuple(self._engine.get_tensor_shape(name))
        if any(size < 0 for size in shape):
            raise BadInput(
                f"The shape of {name!r} depends on the data, {shape}; the tensorrt runtime measures fixed "
                "shapes only."
            )
        kind = values.kind_of(trt, self._engine.get_tensor_dtype(name), name)
        buffer = self._stream.buffer(shape, values.stored(kind))
        if not self._context.set_tensor_address(name, buffer.ptr):
            raise fault(self._log, f"TensorRT refuses the address of {name!r}")
        return _Port(name, kind, buffer)

    def bind(self, inputs: Arrays) -> None:
        """Copy `inputs` into the pinned buffers, cast to the engine's types; BadInput for another shape."""
        for port in self._inputs:
            array, host = wanted(inputs, port.name), port.buffer.host
            if array.shape != host.shape:
                raise BadInput(
                    f"The engine's input {port.name!r} has the shape {host.shape}, the array given "
                    f"{array.shape}."
                )
            values.put(array, host, port.kind)
        if self.run is _unbound:
            self.run = self._call()

    def _call(self) -> Callable[[], object]:
        """Return the call that is timed; where a graph is wanted, after one plain run that warms it up."""
        plain = partial(self._context.execute_async_v3, self._stream.handle)
        if not self._graph:
            return self._around(plain)
        self._around(plain, timed=False)()
        try:
            launch = self._stream.capture(plain)
        except cuda.CudaError as error:
            said = said_last(self._log)
            self._tell(cuda_graph=f"fell back: {error}" + (f" ({said})" if said else ""))
            return self._around(plain)
        self._tell(cuda_graph="on")
        return self._around(launch)

    def _around(self, infer: Callable[[], object], timed: bool = True) -> Callable[[], object]:
        """Return copies in, `infer` between two events (if `timed`), copies out and the wait.

        Everything is looked up here, nothing in the call.
        """
        stream, log = self._stream, self._log
        uploads = tuple(partial(stream.upload, port.buffer) for port in self._inputs)
        downloads = tuple(partial(stream.download, port.buffer) for port in self._outputs)
        begin, end = (stream.begin, stream.end) if timed else (_nothing, _nothing)
        synchronize = stream.synchronize

        def run() -> None:
            for upload in uploads:
                upload()
            begin()
            if infer() is False:
                raise fault(log, "TensorRT did not start the inference")
            end()
            for download in downloads:
                download()
            synchronize()

        return run

    def _tell(self, **extra: Any) -> None:
        self.facts = replace(self.facts, extra={**self.facts.extra, **extra})

    def outputs(self) -> Arrays:
        """Return copies of the outputs of the latest `run`, by output name; bfloat16 as float32."""
        return {port.name: values.taken(port.buffer.host, port.kind) for port in self._outputs}

    def close(self) -> None:
        """Release the context, the engine, the buffers and the stream."""
        self.run, self.device_ns = _unbound, None
        self._inputs, self._outputs = [], []
        self._context = None
        self._engine = None
        self._stream.close()


def _nothing() -> None:
    pass


def _unbound() -> object:
    raise RuntimeError("run before bind")
