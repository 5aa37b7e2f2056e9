"""Write a group norm of one group as a LayerNormalization over channels and places.

The exporter flattens each image to one channel, takes an InstanceNormalization of that, and restores the
shape. OpenVINO keeps activations in blocks of channels, and each Reshape costs a reorder out of them and
back; one normalisation over all axes but the first it computes on the blocks as they are (three of
CloFormer's blocks: 254 operators for 283). ONNX Runtime gains nothing, so this is not for it.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import add_constant, constant, dims, insert, is_op, only_user, producer, prune, replace
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

EPSILON = 1e-5
"""That of an InstanceNormalization which states none."""


def apply(model: "ir.Model") -> int:
    """Return how many norms were rewritten."""
    changed = sum(_rewrite(node) for node in list(model.graph) if is_op(node, "InstanceNormalization"))
    prune(model)
    return changed


def _rewrite(norm: "ir.Node") -> bool:
    flat = producer(norm.inputs[0], "Reshape")
    back = only_user(norm.outputs[0], "Reshape")
    scale, shift = (constant(value) for value in norm.inputs[1:3])
    if flat is None or back is None or scale is None or shift is None:
        return False
    source, shape = flat.inputs[0], dims(flat.inputs[0])
    if source is None or shape is None or len(shape) < 3 or dims(back.outputs[0]) != shape:
        return False
    if dims(norm.inputs[0]) != (shape[0], 1, math.prod(shape[1:])):
        return False
    last, scale, shift = _with_affine(back.outputs[0], scale, shift, shape)
    graph = norm.graph
    assert graph is not None
    name, along = last.name, (-1,) + (1,) * (len(shape) - 2)
    inputs = [source, add_constant(graph, f"{name}.scale", scale.reshape(along))]
    if shift.any():
        inputs.append(add_constant(graph, f"{name}.shift", shift.reshape(along)))
    stated = norm.attributes.get("epsilon")
    epsilon = EPSILON if stated is None else stated.as_float()
    node = last.producer()
    assert node is not None
    normed = insert(node, "LayerNormalization", inputs, f"{name}.whole", {"axis": 1, "epsilon": epsilon})
    normed.shape = last.shape
    replace(last, normed)
    return True


def _with_affine(
    value: "ir.Value", scale: np.ndarray, shift: np.ndarray, shape: tuple[int, ...]
) -> "tuple[ir.Value, np.ndarray, np.ndarray]":
    """Return the last of what scales and shifts `value` per channel, and the scale and shift up to there."""
    while (node := only_user(value, "Mul", "Add")) is not None:
        factor = constant(node.inputs[1 - list(node.inputs).index(value)])
        if factor is None or dims(node.outputs[0]) != shape:
            break
        aligned = (1,) * (len(shape) - factor.ndim) + factor.shape
        if any(size != 1 for axis, size in enumerate(aligned) if axis != 1):
            break
        each = factor.reshape(-1)
        scale, shift = (scale * each, shift * each) if node.op_type == "Mul" else (scale, shift + each)
        value = node.outputs[0]
    return value, scale, shift


PASS = Pass(
    name="group_norm",
    apply=apply,
    requires="InstanceNormalization of (N, 1, the rest of the axes) between Reshapes from a known shape and "
    "back to it, with a constant scale and shift, nothing else reading in between; Mul and Add by constants "
    "per channel behind it join it",
    ensures="that norm, its Reshapes and those Mul and Add are one LayerNormalization over all axes but the "
    "first",
    mathematics="both subtract the mean of the image and divide by its standard deviation, epsilon inside "
    "the root; s (u x + v) + t = (s u) x + (s v + t)",
)
