"""ONNX Runtime's CUDA provider: its options, TF32 off unless asked for, and files converted to fp16."""

import os
from collections.abc import Mapping
from pathlib import Path

from exporters import wholefile
from latbench.errors import BadInput
from latbench.runtimes.base import Knob, SessionOptions, Value
from latbench.runtimes.ort import common, device, providers
from latbench.runtimes.ort.providers import CUDA
from latbench.runtimes.shared import cuda, derived, half, nvidia, onnxfile

PRECISIONS = ("fp32", "tf32", "fp16")
_GPU = frozenset({"cuda"})
_SEARCHES = ("EXHAUSTIVE", "HEURISTIC", "DEFAULT")
_ARENAS = ("kNextPowerOfTwo", "kSameAsRequested")
_MEMORY = "gpu_mem_limit_mib"
KNOBS: Mapping[str, Knob] = {
    "cuda_graph": Knob(False, "the inference is captured once and launched as a CUDA graph", devices=_GPU),
    "cudnn_conv_algo_search": Knob(
        "EXHAUSTIVE", "how cuDNN's algorithm of a convolution is found", choices=_SEARCHES, devices=_GPU
    ),
    "cudnn_conv_use_max_workspace": Knob(True, "convolutions may use all the memory they like", devices=_GPU),
    "fuse_conv_bias": Knob(False, "a convolution, its bias and activation are one kernel", devices=_GPU),
    "prefer_nhwc": Knob(False, "convolutions run channels-last", devices=_GPU),
    "arena_extend_strategy": Knob(
        "kNextPowerOfTwo", "how the memory arena grows", choices=_ARENAS, devices=_GPU
    ),
    _MEMORY: Knob(0, "the most memory in MiB of the arena; 0 is all there is", least=0, devices=_GPU),
}
"""The provider's own options that can be set, `cuda_graph` for its `enable_cuda_graph`; its own defaults."""


def provider_options(options: SessionOptions) -> dict[str, str]:
    """Return the provider's options that `options` stand for: TF32, and the knobs that were set."""
    chosen = {"use_tf32": str(int(options.precision == "tf32"))}
    for name, value in options.knobs.items():
        if name == "cuda_graph":
            chosen["enable_cuda_graph"] = word(value)
        elif name != _MEMORY:
            chosen[name] = word(value)
        elif value:
            chosen["gpu_mem_limit"] = str(int(value) << 20)
    return chosen


def word(value: Value) -> str:
    """Return the value of a knob as ONNX Runtime's providers write it: "1" and "0" for on and off."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def prepare(path: Path, options: SessionOptions) -> device.DeviceSession:
    """Return a session of the ONNX file at `path` on the CUDA provider; its facts tell what was read back.

    BadInput for a precision that it lacks, and for nodes that it leaves to the CPU; EnvironmentFault when the
    provider is dropped or its options are not taken; MemoryError when the GPU's memory is too small.
    """
    if options.precision not in PRECISIONS:
        known = ", ".join(PRECISIONS)
        raise BadInput(f"onnxruntime on CUDA cannot be asked for {options.precision}; choose one of {known}.")
    model, kept = converted(path) if options.precision == "fp16" else (str(path), None)
    providers.preload(CUDA)
    stream = cuda.Stream()
    try:
        chosen = [(CUDA, provider_options(options))]
        opened = device.open_session(model, options, chosen, stream)
        taken = opened.session.get_provider_options()[CUDA]
        held = onnxfile.weights(model if isinstance(model, str) else path)
        weights = common.precision(opened.session, held) if isinstance(model, str) else "fp16"
        extra = {
            **({"weights": held} if isinstance(model, str) else {}),
            **({"converted": kept} if kept else {}),
            "cuda_graph": "on" if taken.get("enable_cuda_graph") == "1" else "off",
        }
        precision = _read_back(weights, taken.get("use_tf32"))
        facts = device.facts_of(opened, CUDA, precision, extra)
        return device.DeviceSession(opened.session, stream, facts, None)
    except BaseException:
        stream.close()
        raise


def _read_back(weights: str | None, tf32: str | None) -> str | None:
    """Return the precision of a graph whose weights are `weights`, `tf32` being the provider's own answer."""
    if weights != "fp32":
        return weights
    if os.environ.get(nvidia.TF32) == "0" or tf32 == "0":
        return "fp32"
    return None if tf32 is None else "tf32"


def converted(path: Path) -> tuple[str | bytes, str]:
    """Return the file at `path` converted to fp16, and how it came about: "now" or "in an earlier launch".

    It is kept beside the artifact, named by what it was made from and by; where it cannot be, the bytes of
    the converted file are returned instead of its path.
    """
    name = derived.name({"source": derived.source_sha256(path), "maker": half.maker(), "to": "fp16"})
    file = path.parent / derived.FOLDER / f"{name}.fp16.onnx"
    if file.is_file():
        return str(file), "in an earlier launch"
    data = half.converted(path, "fp16")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        wholefile.write(file, data)
    except OSError:
        return data, "now"
    return str(file), "now"
