"""What every session of ONNX Runtime shares, whichever provider computes: options, types, read-backs."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions
from latbench.runtimes.shared import onnxfile

SPINNING = "session.intra_op.allow_spinning"
NO_CPU = "session.disable_cpu_ep_fallback"
PLACED = "session.record_ep_graph_assignment_info"
DTYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}
_PRECISIONS = {"tensor(float)": "fp32", "tensor(float16)": "fp16", "tensor(double)": "fp64"}


def dtype(node: Any) -> Any:
    """Return the numpy type of an input or output of a session; BadInput for one that numpy cannot hold."""
    if node.type not in DTYPES:
        raise BadInput(f"The onnxruntime runtime cannot bind {node.name!r}, which is a {node.type}.")
    return DTYPES[node.type]


def static(node: Any) -> bool:
    """Tell whether the shape of an input or output of a session is known before it runs."""
    return all(isinstance(size, int) for size in node.shape)


def session_options(options: SessionOptions) -> Any:
    """Return the `onnxruntime.SessionOptions` that `options` stand for.

    Off the CPU, nodes that would fall back to it are an error, and where each node goes is written down.
    """
    import onnxruntime

    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = options.threads
    chosen.inter_op_num_threads = 1
    chosen.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    chosen.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    if options.spinning is not None:
        chosen.add_session_config_entry(SPINNING, str(int(options.spinning)))
    if options.device != "cpu":
        chosen.add_session_config_entry(NO_CPU, "1")
        chosen.add_session_config_entry(PLACED, "1")
    return chosen


def threads(asked: int, before: int | None, after: int | None) -> int | None:
    """Return the threads that compute, from the process's threads `before` and `after` making a session.

    The pool holds one worker fewer than the threads that compute: the caller is the other one.
    """
    return asked if before is None or after is None else after - before + 1


def os_threads() -> int | None:
    """Return how many threads this process has, None where the system does not tell."""
    tasks = Path("/proc/self/task")
    return len(os.listdir(tasks)) if tasks.is_dir() else None  # noqa: PTH208 - counts, needs no Path objects


def spinning(live: Any) -> bool | None:
    """Return whether idle threads spin, read back from a session's options; None for its own default."""
    try:
        return bool(live.get_session_config_entry(SPINNING) == "1")
    except RuntimeError:
        return None


def precision(session: Any, held: dict[str, int]) -> str | None:
    """Return the precision of a graph that holds the weights `held`: theirs, or its first input's if none."""
    unweighted = _PRECISIONS.get(session.get_inputs()[0].type) if session.get_inputs() else None
    return onnxfile.precision(held) or unweighted
