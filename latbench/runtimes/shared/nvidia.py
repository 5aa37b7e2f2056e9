"""What holds of NVIDIA's GPUs whichever library reaches them: driver, TF32, units, words of a full memory."""

import re
from collections.abc import Iterable
from pathlib import Path

from latbench.runtimes.base import SessionOptions

COPIES = "inputs and outputs, inside host latency"
"""The fact `copies` of a session that copies both, one after the other, in each run."""

TF32 = "NVIDIA_TF32_OVERRIDE"
"""The variable by which cuBLAS, cuDNN and TensorRT are forbidden TF32 ("0"), whatever a program asks for."""

_DRIVER = Path("/sys/module/nvidia/version")
_AMPERE = 8
_NEWER = ("tf32", "bf16")
_FULL = re.compile(
    r"out ?of ?memory|insufficient memory|memory could not be allocated|failed to allocate memory"
    r"|alloc_failed|smaller than requested",
    re.IGNORECASE,
)


def environment(options: SessionOptions) -> dict[str, str]:
    """Return the variable that forbids TF32, for a launch on a GPU, unless "tf32" is asked for.

    In fp16 and bf16 too: what such a graph leaves in float32 (or a library falls back to) is exact there, as
    the settings of each library's own have it.
    """
    return {TF32: "0"} if options.device == "cuda" and options.precision != "tf32" else {}


def units(precisions: Iterable[str], capability: str) -> tuple[str, ...]:
    """Return those of `precisions` that a card of compute `capability` ("9.0") has units for.

    TF32 and bfloat16 came with Ampere, 8.0.
    """
    recent = int(capability.partition(".")[0]) >= _AMPERE
    return tuple(name for name in precisions if recent or name not in _NEWER)


def full(words: str) -> bool:
    """Tell whether the words of an error of CUDA, cuDNN, TensorRT or ONNX Runtime mean too little memory."""
    return _FULL.search(words) is not None


def driver() -> str | None:
    """Return the version of the NVIDIA kernel module, None where the system does not tell."""
    try:
        return _DRIVER.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None
