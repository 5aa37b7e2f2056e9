"""Fold a constant scale or shift per channel into the 1x1 convolutions that read it.

The affine part of a group norm stands as Mul and Add behind the norm itself, and costs two passes over
memory in ONNX Runtime. What reads it, directly or through an average pooling (CloFormer's keys), is often
nothing but 1x1 convolutions. `norm_into_conv` does the same for a BatchNormalization.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import constant, dims, integer, is_op, prune
from exporters.passes.base import Pass
from exporters.passes.norm_into_conv import into, pads_nothing, pointwise

if TYPE_CHECKING:
    import onnx_ir as ir

FOLDED_BACKWARDS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""What takes a scale or shift of its only reader into its own weights, here or in a runtime."""


def apply(model: "ir.Model") -> int:
    """Return how many scales and shifts were folded, the last of each chain first."""
    changed = sum(_fold(node) for node in reversed(list(model.graph)) if is_op(node, "Mul", "Add"))
    prune(model)
    return changed


def _fold(node: "ir.Node") -> bool:
    for source, factor in (node.inputs, tuple(reversed(node.inputs))):
        values = _per_channel(constant(factor), dims(source))
        if source is None or values is None or dims(source) != dims(node.outputs[0]):
            continue
        producer = source.producer()
        if producer is not None and is_op(producer, *FOLDED_BACKWARDS) and len(source.uses()) == 1:
            return False
        readers = _readers(node.outputs[0], len(values))
        if not readers:
            return False
        scale, shift = (
            (values, np.zeros_like(values)) if node.op_type == "Mul" else (np.ones_like(values), values)
        )
        for conv in readers:
            into(conv, scale, shift)
        node.outputs[0].replace_all_uses_with(source)
        assert node.graph is not None
        node.graph.remove(node, safe=True)  # lest it count as a reader of what comes before it
        return True
    return False


def _per_channel(values: np.ndarray | None, shape: tuple[int, ...] | None) -> np.ndarray | None:
    """Return `values` as (C,) in float64 when they vary along the second axis of `shape` alone, else None."""
    if values is None or shape is None or len(shape) < 3 or values.ndim > len(shape):
        return None
    aligned = (1,) * (len(shape) - values.ndim) + values.shape
    if aligned[1] != shape[1] or values.size != shape[1] or values.size == 1:
        return None
    return values.astype(np.float64).reshape(-1)


def _readers(value: "ir.Value", channels: int) -> "list[ir.Node]":
    """Return the 1x1 convolutions that read `value`, some through a pooling; empty if anything else does."""
    found: list[ir.Node] = []
    if value.is_graph_output():
        return []
    for use in value.uses():
        if use.idx == 0 and pointwise(use.node, channels):
            found.append(use.node)
        elif _averages(use.node) and (behind := _readers(use.node.outputs[0], channels)):
            found += behind
        else:
            return []
    return found


def _averages(node: "ir.Node") -> bool:
    """Tell whether each output of `node` is a mean of values of one channel, none of them padding."""
    if is_op(node, "GlobalAveragePool"):
        return True
    return is_op(node, "AveragePool") and pads_nothing(node) and not integer(node, "ceil_mode", 0)


PASS = Pass(
    name="affine_into_conv",
    apply=apply,
    requires="Mul or Add by a constant per channel, more than one channel, that only 1x1 Convs without "
    "padding and with constant weights read, directly or through average pooling without padding, and that "
    "does not follow a Conv or product of which it is the only reader",
    ensures="that Mul or Add is gone",
    mathematics="W (s * x + t) + b = (W diag(s)) x + (W t + b), group by group, and the mean of s * x + t is "
    "s times the mean of x plus t",
)
