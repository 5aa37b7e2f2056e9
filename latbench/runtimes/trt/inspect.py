"""What a TensorRT engine is made of, from the JSON of its inspector: layers by the precision they compute in.

The inspector describes each layer by its tensors and, for most, the name of the kernel that was chosen. A
tensor's type stands under "Format/Datatype" in TensorRT 10 and under "DataType" and "Format" in 11, as
"Half" or within words such as "Channel major FP16 format". That a layer takes TF32 products only the name of
its kernel tells, which then contains "tf32" (as in ..._tf32f32_tf32f32_f32_...): its tensors are FP32.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_TYPE_KEYS = ("Format/Datatype", "Format/DataType", "DataType", "Format")
_TYPES = (
    ("bf16", re.compile(r"\b(?:bf16|bfloat16|bfloat)\b", re.IGNORECASE)),
    ("fp16", re.compile(r"\b(?:fp16|half|float16)\b", re.IGNORECASE)),
    ("fp8", re.compile(r"\bfp8", re.IGNORECASE)),
    ("fp4", re.compile(r"\bfp4", re.IGNORECASE)),
    ("int8", re.compile(r"\bint8\b", re.IGNORECASE)),
    ("fp32", re.compile(r"\b(?:fp32|float|float32)\b", re.IGNORECASE)),
)
_MOVES = ("reformat", "noop", "constant", "signal", "wait", "shapehost", "move", "assertion")
_MULTIPLIES = re.compile(
    r"conv|gemm|matmul|matrix_?multiply|correlation|fprop|mha|attention|einsum", re.IGNORECASE
)


@dataclass(frozen=True)
class Inspection:
    """The number of layers by precision ("fp32", "tf32", "fp16", "mixed", ...), and that of the whole.

    Layers that only move or reorder data are not counted. `precision` is that of the layers that multiply
    (convolutions and matrix products; where none is recognised, of all), "tf32" where some of them take TF32
    products and the others fp32, "mixed" where they differ otherwise, None where it cannot be told; `unread`
    says why nothing could be read.
    """

    layers: Mapping[str, int] = field(default_factory=dict)
    precision: str | None = None
    unread: str | None = None


def inspect(text: str, tf32: bool | None) -> Inspection:
    """Return what the inspector's JSON `text` tells; `tf32` is whether the engine may take TF32 products.

    Where it may (or that is unknown) and a layer that multiplies fp32 numbers does not name its kernel, the
    precision cannot be told.
    """
    try:
        described = json.loads(text)["Layers"]
    except (ValueError, KeyError, TypeError) as error:
        return Inspection(unread=f"the inspector's JSON cannot be read ({type(error).__name__}: {error})")
    layers = [layer for layer in described if isinstance(layer, Mapping)]
    if described and not layers:
        return Inspection(unread="the engine was built without the details of its layers")
    told = [(layer, kind) for layer in layers if (kind := _precision(layer)) is not None]
    multiply = [(layer, kind) for layer, kind in told if _multiplies(layer)]
    kinds = {kind for _, kind in multiply or told}
    unnamed = any(kind == "fp32" and not layer.get("TacticName") for layer, kind in multiply or told)
    return Inspection(Counter(kind for _, kind in told), _whole(kinds, tf32 is not False and unnamed))


def _whole(kinds: set[str], doubtful: bool) -> str | None:
    if not kinds:
        return None
    if "tf32" in kinds and kinds <= {"tf32", "fp32"}:
        return "tf32"
    if len(kinds) > 1:
        return "mixed"
    (kind,) = kinds
    return None if kind == "fp32" and doubtful else kind


def _precision(layer: Mapping[str, Any]) -> str | None:
    """Return the precision a layer computes in; None for one that moves data or has only integers."""
    if str(layer.get("LayerType", "")).lower().startswith(_MOVES):
        return None
    kinds = set(_kinds(layer))
    if not kinds:
        return None
    if kinds == {"fp32"} and "tf32" in str(layer.get("TacticName", "")).lower():
        return "tf32"
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _kinds(layer: Mapping[str, Any]) -> Iterator[str]:
    inputs, weights = layer.get("Inputs"), layer.get("Weights")
    texts = [
        " ".join(str(tensor[key]) for key in _TYPE_KEYS if key in tensor)
        for tensor in (inputs if isinstance(inputs, list) else ())
        if isinstance(tensor, Mapping)
    ]
    if isinstance(weights, Mapping) and weights.get("Count"):
        texts.append(str(weights.get("Type", "")))
    for text in texts:
        for kind, pattern in _TYPES:
            if pattern.search(text):
                yield kind
                break


def _multiplies(layer: Mapping[str, Any]) -> bool:
    words = (str(layer.get(key, "")) for key in ("LayerType", "ParameterType", "TacticName"))
    return bool(_MULTIPLIES.search(" ".join(words)))
