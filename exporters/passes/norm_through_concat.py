"""Fold a norm behind a concatenation of convolutions into those convolutions.

A mixer that splits the channels, convolves each half along another axis and joins them again (ParC-ResNet50,
ParC-MobileNetV2) has one BatchNormalization behind the Concat, where no tool folds it. Per channel it belongs
to one part, so it folds there. It runs before circular correlations are looked for: they then carry it.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import (
    batch_norm,
    bias_of,
    constant,
    dims,
    integer,
    is_op,
    only_user,
    producer,
    prune,
    replace,
    set_constant,
    used_once,
)
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir


def apply(model: "ir.Model") -> int:
    """Return how many norms, scales and shifts were folded into the parts of a Concat."""
    changed = sum(_fold_behind(node) for node in list(model.graph) if is_op(node, "Concat"))
    prune(model)
    return changed


def _fold_behind(concat: "ir.Node") -> int:
    """Return how many operators behind `concat`, one after the other, were folded into its parts."""
    joined, folded = concat.outputs[0], 0
    parts = _parts(concat)
    while parts:
        norm = only_user(joined, "BatchNormalization", "Mul", "Add")
        affine = None if norm is None else _affine(norm, joined)
        if norm is None or affine is None or len(affine[0]) != sum(size for _, size in parts):
            break
        start = 0
        for conv, size in parts:
            _into_conv(conv, *(each[start : start + size] for each in affine))
            start += size
        replace(norm.outputs[0], joined)
        assert norm.graph is not None
        norm.graph.remove(norm, safe=True)
        folded += 1
    return folded


def _parts(concat: "ir.Node") -> "list[tuple[ir.Node, int]]":
    """Return the convolutions that `concat` joins along the channels, with the channels of each.

    Empty unless every part is one with constant weights that nothing else reads.
    """
    parts: list[tuple[ir.Node, int]] = []
    axis, rank = integer(concat, "axis", 0), len(dims(concat.outputs[0]) or ())
    if rank < 3 or axis % rank != 1:
        return []
    for value in concat.inputs:
        conv = producer(value, "Conv")
        weight = constant(conv.inputs[1]) if conv is not None else None
        if conv is None or value is None or weight is None or bias_of(conv) is None or not used_once(value):
            return []
        parts.append((conv, weight.shape[0]))
    return parts


def _affine(norm: "ir.Node", joined: "ir.Value") -> tuple[np.ndarray, np.ndarray] | None:
    """Return scale and shift per channel, (C,) each float64, of what `norm` does to `joined`, else None."""
    if norm.op_type == "BatchNormalization":
        return batch_norm(norm) if norm.inputs[0] is joined else None
    shape = dims(joined)
    other = norm.inputs[1 - list(norm.inputs).index(joined)]
    values = constant(other)
    if shape is None or values is None or dims(norm.outputs[0]) != shape:
        return None
    rank = len(shape)
    aligned = values.reshape((1,) * (rank - values.ndim) + values.shape)
    if any(size != 1 for axis, size in enumerate(aligned.shape) if axis != 1):
        return None
    each = np.broadcast_to(aligned.astype(np.float64).reshape(-1), (shape[1],))
    return (each, np.zeros(shape[1])) if norm.op_type == "Mul" else (np.ones(shape[1]), each)


def _into_conv(conv: "ir.Node", scale: np.ndarray, shift: np.ndarray) -> None:
    weight, bias = constant(conv.inputs[1]), bias_of(conv)
    assert weight is not None
    assert bias is not None
    along = scale.reshape(-1, *[1] * (weight.ndim - 1))
    set_constant(conv, 1, (weight * along).astype(weight.dtype), "normed")
    set_constant(conv, 2, (bias * scale + shift).astype(weight.dtype), "normed")


PASS = Pass(
    name="norm_through_concat",
    apply=apply,
    requires="BatchNormalization, or Mul or Add by a constant per channel or scalar, of a Concat along the "
    "channels that only it reads, each part a Conv with constant weights that nothing else reads",
    ensures="that operator is gone",
    mathematics="s * (W x + b) + t = (s W) x + (s b + t) per output channel, and channel by channel a "
    "concatenation is its parts",
)
