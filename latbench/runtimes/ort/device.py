"""A session of ONNX Runtime on a GPU: device memory, one private stream, and no node on the CPU.

One `run` puts on the stream, one after the other, the inputs' copies to the device, the inference and the
outputs' copies back, and waits. The events of the device latency stand around the inference alone.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from latbench.errors import BadInput, EnvironmentFault
from latbench.runtimes.base import Arrays, Facts, SessionOptions, wanted
from latbench.runtimes.ort import common
from latbench.runtimes.ort.providers import CPU
from latbench.runtimes.shared import cuda, nvidia
from latbench.runtimes.shared.cuda import Buffer, Stream

Providers = Sequence[tuple[str, Mapping[str, str]]]
_MEMORY = "cuda"
_ON_CPU = "fallback to CPU EP has been explicitly disabled"
_SHOWN = 5


@dataclass(frozen=True)
class Opened:
    """A session, the nodes of each provider (None: not told by this version), its threads, and ns to open."""

    session: Any
    nodes: Mapping[str, int] | None
    threads: int | None
    open_ns: int


def open_session(model: str | bytes, options: SessionOptions, providers: Providers, stream: Stream) -> Opened:
    """Return a session of `model` (a path, or an ONNX file's bytes) on `providers`, all of them on `stream`.

    EnvironmentFault when the first provider is not there, or did not take its options; BadInput naming nodes
    that only the CPU would compute; MemoryError when the GPU's memory is too small.
    """
    import onnxruntime

    own = {"device_id": "0", "user_compute_stream": str(stream.handle)}
    asked = [(name, {**own, **chosen}) for name, chosen in providers]
    before, begin = common.os_threads(), time.perf_counter_ns()
    try:
        session = onnxruntime.InferenceSession(
            model, common.session_options(options), providers=asked, enable_fallback=0
        )
    except Exception as error:
        if _ON_CPU in str(error):
            raise _left_to_cpu(model, options, asked) from error
        raise _memory(error) or error from None
    open_ns, after = time.perf_counter_ns() - begin, common.os_threads()
    first = asked[0][0]
    if session.get_providers()[0] != first:
        raise EnvironmentFault(_dropped(first, session.get_providers()))
    _confirm(session.get_provider_options(), asked)
    placed = nodes_by_provider(session)
    if placed is not None and CPU in placed:
        raise BadInput(_told(first, placed[CPU]))
    nodes = None if placed is None else {name: len(found) for name, found in placed.items()}
    count = session.get_session_options().intra_op_num_threads
    return Opened(session, nodes, common.threads(count, before, after), open_ns)


def nodes_by_provider(session: Any) -> dict[str, list[str]] | None:
    """Return the nodes of each provider as "Operator (name)"; None where this ONNX Runtime does not tell."""
    if not hasattr(session, "get_provider_graph_assignment_info"):
        return None
    found: dict[str, list[str]] = {}
    for part in session.get_provider_graph_assignment_info():
        nodes = (f"{node.op_type} ({node.name})" if node.name else node.op_type for node in part.get_nodes())
        found.setdefault(part.ep_name, []).extend(nodes)
    return found


def facts_of(opened: Opened, provider: str, precision: str | None, extra: Mapping[str, Any]) -> Facts:
    """Return the facts of a session on the GPU; `extra` joins those that every such session has."""
    import onnxruntime

    live = opened.session.get_session_options()
    taken = opened.session.get_provider_options()
    dynamic = [node.name for node in opened.session.get_outputs() if not common.static(node)]
    copies = nvidia.COPIES
    if dynamic:
        copies += f"; {', '.join(dynamic)}, of no fixed shape, inside device latency too"
    return Facts(
        provider=provider,
        device="cuda",
        precision=precision,
        threads=opened.threads,
        spinning=common.spinning(live),
        version=onnxruntime.__version__,
        extra={
            "copies": copies,
            "nodes": None if opened.nodes is None else dict(opened.nodes),
            "provider_options": {name: _lasting(taken[name]) for name in taken if name != CPU},
            "intra_op_num_threads": live.intra_op_num_threads,
            "inter_op_num_threads": live.inter_op_num_threads,
            **gpu(),
            **extra,
        },
    )


def gpu() -> dict[str, Any]:
    """Return what facts tell of the GPU: its driver, the variable on TF32, name and compute capability."""
    told: dict[str, Any] = {"driver": nvidia.driver(), nvidia.TF32: os.environ.get(nvidia.TF32)}
    for card in cuda.devices()[:1]:
        told |= {"gpu": card.name, "compute_capability": card.compute_capability}
    return told


class DeviceSession:
    """An `InferenceSession` with inputs, and outputs of static shape, in device memory allocated once."""

    def __init__(self, session: Any, stream: Stream, facts: Facts, compile_ns: int | None) -> None:
        self.facts = facts
        self.compile_ns = compile_ns
        self.device_ns: Callable[[int], tuple[int, ...]] | None = stream.device_ns
        self.run: Callable[[], object] = _unbound
        self._session, self._stream = session, stream
        self._binding = session.io_binding()
        self._inputs: dict[str, Buffer] = {}
        self._outputs: dict[str, Buffer] = {}

    def bind(self, inputs: Arrays) -> None:
        """Copy `inputs`, cast to the types the graph declares, into pinned memory, where `run` finds them."""
        arrays = {node.name: _fitting(node, inputs) for node in self._session.get_inputs()}
        if not self._inputs:
            self._allocate(arrays)
        for name, array in arrays.items():
            held = self._inputs[name].host
            if held.shape != array.shape:
                raise BadInput(
                    f"The input {name!r} is bound as {held.shape}; it cannot become {array.shape}."
                )
            np.copyto(held, array)

    def _allocate(self, arrays: Arrays) -> None:
        for name, array in arrays.items():
            self._inputs[name] = buffer = self._stream.buffer(array.shape, array.dtype)
            self._binding.bind_input(name, _MEMORY, 0, array.dtype.type, list(array.shape), buffer.ptr)
        for node in self._session.get_outputs():
            if common.static(node):
                kind = common.dtype(node)
                self._outputs[node.name] = buffer = self._stream.buffer(tuple(node.shape), kind)
                self._binding.bind_output(node.name, _MEMORY, 0, kind, list(node.shape), buffer.ptr)
            else:
                self._binding.bind_output(node.name, "cpu")
        self.run = self._call()

    def _call(self) -> Callable[[], object]:
        import onnxruntime

        chosen = onnxruntime.RunOptions()
        # The stream orders what follows and is waited for below: a wait inside would come before the copies.
        chosen.add_run_config_entry("disable_synchronize_execution_providers", "1")
        infer = partial(self._session._sess.run_with_iobinding, self._binding._iobinding, chosen)
        stream = self._stream
        uploads = tuple(partial(stream.upload, buffer) for buffer in self._inputs.values())
        downloads = tuple(partial(stream.download, buffer) for buffer in self._outputs.values())
        begin, end, wait = stream.begin, stream.end, stream.synchronize

        def run() -> None:
            for upload in uploads:
                upload()
            begin()
            try:
                infer()
            except Exception as error:
                raise _memory(error) or error from None
            end()
            for download in downloads:
                download()
            wait()

        return run

    def outputs(self) -> Arrays:
        """Return copies of the outputs of the latest `run`, by output name."""
        found = {}
        for node, value in zip(self._session.get_outputs(), self._binding.get_outputs(), strict=True):
            bound = self._outputs.get(node.name)
            found[node.name] = np.array(value.numpy() if bound is None else bound.host)
        return found

    def close(self) -> None:
        """Release the session, then its memory and its stream; a second call does nothing."""
        self.run, self.device_ns = _unbound, None
        self._session = self._binding = None
        self._inputs, self._outputs = {}, {}
        self._stream.close()


def _unbound() -> object:
    raise RuntimeError("run before bind")


def _fitting(node: Any, inputs: Arrays) -> np.ndarray:
    array = wanted(inputs, node.name).astype(common.dtype(node), order="C", casting="same_kind")
    pairs = zip(node.shape, array.shape, strict=False)
    if len(node.shape) != array.ndim or any(isinstance(a, int) and a != b for a, b in pairs):
        shape = tuple(node.shape)
        raise BadInput(f"The input {node.name!r} has the shape {shape}; the array given is {array.shape}.")
    return array


def _memory(error: Exception) -> MemoryError | None:
    """Return the MemoryError that an error of ONNX Runtime stands for, if it tells of too little memory."""
    return MemoryError(str(error)) if nvidia.full(str(error)) else None


def _confirm(taken: Mapping[str, Mapping[str, str]], asked: Providers) -> None:
    """Raise EnvironmentFault when a provider reads back another value than it was given.

    A value that it does not read back at all is no fault, save the stream's, on which every figure rests.
    """
    for provider, options in asked:
        read = taken.get(provider)
        if read is None:
            raise EnvironmentFault(_dropped(provider, list(taken)))
        for name, value in options.items():
            if name not in read and name != "user_compute_stream":
                continue
            if _plain(read.get(name)) != _plain(value):
                raise EnvironmentFault(
                    f"{provider} was given {name}={value} and reads back {read.get(name, 'nothing')}; "
                    "install another version of onnxruntime-gpu."
                )


def _plain(value: str | None) -> str | None:
    return {"True": "1", "False": "0"}.get(str(value), value)


def _lasting(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options that are the same in each launch: no addresses."""
    return {name: value for name, value in sorted(options.items()) if name != "user_compute_stream"}


def _left_to_cpu(model: str | bytes, options: SessionOptions, asked: Providers) -> Exception:
    """Return the error that names the nodes the CPU would get, found by opening the session once more."""
    import onnxruntime

    chosen = common.session_options(options)
    chosen.add_session_config_entry(common.NO_CPU, "0")
    placed: dict[str, list[str]] | None = None
    with suppress(Exception):
        session = onnxruntime.InferenceSession(model, chosen, providers=list(asked), enable_fallback=0)
        if session.get_providers()[0] != asked[0][0]:
            return EnvironmentFault(_dropped(asked[0][0], session.get_providers()))
        placed = nodes_by_provider(session)
    return BadInput(_told(asked[0][0], (placed or {}).get(CPU, [])))


def _told(provider: str, nodes: Sequence[str]) -> str:
    most = Counter(nodes).most_common(_SHOWN)
    shown = ", ".join(f"{count} x {node}" if count > 1 else node for node, count in most)
    more = f" and {len(set(nodes)) - _SHOWN} more" if len(set(nodes)) > _SHOWN else ""
    which = f"{len(nodes)} nodes: {shown}{more}" if nodes else "nodes that this onnxruntime does not name"
    return (
        f"{provider} leaves {which}, to the CPU, and a row must not be half a CPU's; export another lowering "
        "of them, or measure with --device cpu."
    )


def _dropped(provider: str, left: Sequence[str]) -> str:
    return (
        f"onnxruntime dropped {provider} and would have computed on {left[0] if left else 'nothing'}; "
        "`latbench doctor` tells what it lacks."
    )
