"""The element types of an engine's inputs and outputs, and numpy arrays in and out of them.

numpy has no bfloat16: such a tensor lies in memory as 16-bit words, which are the upper halves of float32s.
"""

from typing import Any

import numpy as np

from latbench.errors import BadInput

_STORED: dict[str, Any] = {
    "fp32": np.float32,
    "fp16": np.float16,
    "bf16": np.uint16,
    "int64": np.int64,
    "int32": np.int32,
    "int8": np.int8,
    "uint8": np.uint8,
    "bool": np.bool_,
}


def kind_of(trt: Any, dtype: Any, name: str) -> str:
    """Return the type of the tensor `name` as one word, "fp32" to "bool", for a `tensorrt.DataType`.

    BadInput for a type that no array of this process can hold.
    """
    kinds = {
        trt.DataType.FLOAT: "fp32",
        trt.DataType.HALF: "fp16",
        trt.DataType.BF16: "bf16",
        trt.DataType.INT64: "int64",
        trt.DataType.INT32: "int32",
        trt.DataType.INT8: "int8",
        trt.DataType.UINT8: "uint8",
        trt.DataType.BOOL: "bool",
    }
    if dtype not in kinds:
        raise BadInput(f"The tensorrt runtime cannot bind {name!r}, whose type is {dtype}.")
    return kinds[dtype]


def stored(kind: str) -> np.dtype:
    """Return the numpy type that memory of `kind` is seen as: uint16 for bfloat16."""
    return np.dtype(_STORED[kind])


def put(array: np.ndarray, host: np.ndarray, kind: str) -> None:
    """Copy `array` into `host`, memory of `kind`; TypeError when that takes more than a change of width."""
    if kind == "bf16":
        host[...] = _halves(array.astype(np.float32, casting="same_kind"))
    else:
        np.copyto(host, array, casting="same_kind")


def taken(host: np.ndarray, kind: str) -> np.ndarray:
    """Return a copy of `host`, memory of `kind`; bfloat16 becomes float32, which holds it exactly."""
    if kind == "bf16":
        return (host.astype(np.uint32) << 16).view(np.float32)
    return np.array(host)


def _halves(array: np.ndarray) -> np.ndarray:
    """Return the upper 16 bits of float32s, rounded to the nearest, ties to even; NaN stays NaN."""
    bits = np.ascontiguousarray(array).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(array), (bits >> 16) | 0x40, rounded).astype(np.uint16)
