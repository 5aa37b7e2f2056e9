"""Times a plain loop around one model, as a person writes it down; `bench/rerun.py` runs it for each cell."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from statistics import mean, median
from typing import Any

import numpy as np

WARMUP = 10


def main(text: str) -> int:
    """Time a plain loop, as a person writes it down, and print what it comes to as JSON."""
    asked = json.loads(text)
    array = np.random.default_rng(0).standard_normal(asked["shape"]).astype(np.float32)
    call = CALLS[asked["runtime"]](asked["source"], array, asked["threads"])
    for _ in range(WARMUP):
        call()
    seen = []
    for _ in range(asked["count"]):
        begin = time.perf_counter()
        call()
        seen.append(1e3 * (time.perf_counter() - begin))
    print(json.dumps({"iterations": len(seen), "median_ms": median(seen), "mean_ms": mean(seen)}))
    return 0


def _onnxruntime(source: Mapping[str, Any], array: np.ndarray, threads: int) -> Callable[[], object]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(source["path"], options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: array})


def _openvino(source: Mapping[str, Any], array: np.ndarray, threads: int) -> Callable[[], object]:
    import openvino

    asked = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(source["path"], "CPU", asked)
    return lambda: compiled(array)


def _pytorch(source: Mapping[str, Any], array: np.ndarray, threads: int) -> Callable[[], object]:
    import importlib

    import torch

    torch.set_num_threads(threads)
    package, _, factory = source["factory"].partition(":")
    module = getattr(importlib.import_module(package), factory)(**source["kwargs"]).eval()
    tensor = torch.from_numpy(array)

    def call() -> object:
        with torch.inference_mode():
            return module(tensor)

    return call


CALLS = {"onnxruntime": _onnxruntime, "openvino": _openvino, "pytorch": _pytorch}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
