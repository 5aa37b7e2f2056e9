"""Prints what the timed loop costs on top of the call it times, and what each way of calling a runtime costs.

Run by `make bench-overhead`; exits with 1 when the loop and a bare one differ by over 0.3 % and over 0.5 us.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from latbench import runtimes
from latbench.measure.clock import MONOTONIC
from latbench.measure.loop import buffer, time_loop
from latbench.runtimes.base import SessionOptions, Source

Call = Callable[[], object]

_LIMIT_RATIO, _LIMIT_NS = 0.003, 500.0
_CHUNK = 50


def overhead(call: Call, rounds: int) -> tuple[float, float]:
    """Return the medians in ns of one call as `time_loop` sees it and in a loop with no clock inside.

    Chunks of the two alternate in this process, so that a change of the machine's speed falls on both; each
    figure is a median over chunks, of the chunk's median sample and of the bare chunk's time per call.
    """
    starts, ends = buffer(_CHUNK), buffer(_CHUNK)
    clock = time.perf_counter_ns

    def looped() -> float:
        time_loop(call, MONOTONIC, starts, ends, _CHUNK)
        return median(end - start for start, end in zip(starts, ends, strict=True))

    def bare() -> float:
        chunk = range(_CHUNK)
        begin = clock()
        for _ in chunk:
            call()
        return (clock() - begin) / _CHUNK

    return _alternate({"loop": looped, "bare": bare}, rounds)


def _alternate(ways: Mapping[str, Callable[[], float]], rounds: int) -> Any:
    seen: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for index in range(rounds):
        order = list(ways.items())
        for name, way in order if index % 2 else reversed(order):
            seen[name].append(way())
    return tuple(median(values) for values in seen.values())


def identity(path: Path, length: int) -> None:
    """Write an ONNX file whose only node is Identity on a (1, length) float tensor."""
    from onnx import TensorProto, helper, save

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, length]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", [x], [y])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)


def onnxruntime_paths(session: Any, array: np.ndarray) -> dict[str, Call]:
    """Return the ways of running an ONNX Runtime session, the one latbench uses last."""
    live, binding = session._session, session._binding
    return {
        "InferenceSession.run, arrays": partial(live.run, None, {"x": array}),
        "run_with_iobinding": partial(live.run_with_iobinding, binding),
        "C-level, options made per call": partial(live._sess.run_with_iobinding, binding._iobinding, None),
        "C-level, options made once (used)": session.run,
    }


def openvino_paths(session: Any, array: np.ndarray) -> dict[str, Call]:
    """Return the ways of running an OpenVINO request, the one latbench uses last."""
    request = session._request
    base = session.run.func

    def start_and_wait() -> None:
        request.start_async()
        request.wait()

    return {
        "infer, array given": partial(request.infer, [array]),
        "infer, preset tensors": request.infer,
        "start_async + wait": start_and_wait,
        "C-level infer, outputs copied": partial(base, {}, False, False),
        "C-level infer, outputs shared (used)": session.run,
    }


_PATHS = {"onnxruntime": onnxruntime_paths, "openvino": openvino_paths}


def main() -> int:
    """Print both tables; return 1 when the loop costs too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="chunks of 50 calls per way")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--length", type=int, default=3 * 224 * 224, help="floats through the no-op model")
    arguments = parser.parse_args()
    array = np.zeros((1, arguments.length), np.float32)
    costly = False
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "identity.onnx"
        identity(model, arguments.length)
        sources = {
            "fake": Source("module"),
            "onnxruntime": Source("onnx", path=str(model)),
            "openvino": Source("onnx", path=str(model)),
            "pytorch": Source("module", factory="torch.nn:Identity"),
        }
        print(f"{'no-op model on':<40}{'loop us':>10}{'bare us':>10}{'cost us':>10}{'cost %':>10}")
        for name, source in sources.items():
            session = runtimes.get(name).prepare(source, SessionOptions(threads=arguments.threads))
            session.bind({"x": array})
            looped, bare = overhead(session.run, arguments.rounds)
            cost = looped - bare
            costly |= abs(cost) > max(_LIMIT_NS, _LIMIT_RATIO * bare)
            print(
                f"{name:<40}{looped / 1e3:>10.3f}{bare / 1e3:>10.3f}{cost / 1e3:>10.3f}{cost / bare:>10.2%}"
            )
            if name in _PATHS:
                _print_paths(_PATHS[name](session, array), arguments.rounds)
            session.close()
    print("The loop differs by more than 0.3 % and 0.5 us." if costly else "Within 0.3 % or 0.5 us.")
    return int(costly)


def _print_paths(paths: Mapping[str, Call], rounds: int) -> None:
    def chunk(call: Call) -> float:
        starts, ends = buffer(_CHUNK), buffer(_CHUNK)
        time_loop(call, MONOTONIC, starts, ends, _CHUNK)
        return median(end - start for start, end in zip(starts, ends, strict=True))

    for name, cost in zip(
        paths, _alternate({n: partial(chunk, c) for n, c in paths.items()}, rounds), strict=True
    ):
        print(f"  {name:<38}{cost / 1e3:>10.3f}")


if __name__ == "__main__":
    sys.exit(main())
