"""Fold what scales a residual branch into its convolution where the branch holds the shortcut as well.

VAN's x + c (W u + b + norm(x)) holds the block's input twice, once behind a BatchNormalization. Neither
`fold_scale` nor a runtime can fold c, because an Add stands in between. Multiplied out, W and b take c and
every constant, and the two shortcuts are one: a norm, an Add, a Mul and an Add become one norm and one Add.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import (
    add_constant,
    batch_norm,
    bias_of,
    constant,
    dims,
    insert,
    is_op,
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
    """Return how many sums were multiplied out."""
    changed = sum(_rewrite(node) for node in list(model.graph) if is_op(node, "Add"))
    prune(model)
    return changed


def _rewrite(add: "ir.Node") -> bool:
    for source, branch in (add.inputs, tuple(reversed(add.inputs))):
        shape, mul = dims(source), producer(branch, "Mul")
        if source is None or shape is None or len(shape) < 3 or mul is None or not used_once(mul.outputs[0]):
            continue
        for inner, factor in (mul.inputs, tuple(reversed(mul.inputs))):
            scale = _per_channel(constant(factor), shape)
            found = None if scale is None else _convolution_and_norm(inner, source)
            if scale is None or found is None or not shape == dims(inner) == dims(add.outputs[0]):
                continue
            _multiply_out(add, source, *found, scale)
            return True
    return False


def _convolution_and_norm(inner: "ir.Value | None", source: "ir.Value") -> "tuple[ir.Node, ir.Node] | None":
    """Return the Conv and the norm of `source` that add up to `inner`, each read as the pass requires."""
    add = producer(inner, "Add")
    if inner is None or add is None or not used_once(inner):
        return None
    for left, right in (add.inputs, tuple(reversed(add.inputs))):
        conv, norm = producer(left, "Conv"), producer(right, "BatchNormalization")
        if (
            left is None
            or conv is None
            or norm is None
            or not used_once(left)
            or norm.inputs[0] is not source
        ):
            continue
        if (
            constant(conv.inputs[1]) is not None
            and bias_of(conv) is not None
            and batch_norm(norm) is not None
        ):
            return conv, norm
    return None


def _multiply_out(
    add: "ir.Node", source: "ir.Value", conv: "ir.Node", norm: "ir.Node", scale: np.ndarray
) -> None:
    weight, bias, affine, graph = constant(conv.inputs[1]), bias_of(conv), batch_norm(norm), add.graph
    assert weight is not None
    assert bias is not None
    assert affine is not None
    assert graph is not None
    along = scale.reshape(-1, *[1] * (weight.ndim - 1))
    set_constant(conv, 1, (weight * along).astype(weight.dtype), "scaled")
    set_constant(conv, 2, (scale * (bias + affine[1])).astype(weight.dtype), "scaled")
    name, zeros = add.outputs[0].name, np.zeros_like(scale, weight.dtype)
    shortcut = (1 + scale * affine[0]).astype(weight.dtype)
    values = {"scale": shortcut, "shift": zeros, "mean": zeros, "variance": zeros + 1}
    constants = [add_constant(graph, f"{name}.{what}", array) for what, array in values.items()]
    scaled = insert(add, "BatchNormalization", [source, *constants], f"{name}.shortcut", {"epsilon": 0.0})
    total = insert(add, "Add", [conv.outputs[0], scaled], f"{name}.sum")
    scaled.shape = total.shape = add.outputs[0].shape
    replace(add.outputs[0], total)


def _per_channel(values: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return `values` as (C,) in float64, None when they vary along more than the second axis of `shape`."""
    if values is None or values.ndim > len(shape):
        return None
    aligned = values.reshape((1,) * (len(shape) - values.ndim) + values.shape)
    if any(size != 1 for axis, size in enumerate(aligned.shape) if axis != 1):
        return None
    return np.broadcast_to(aligned.astype(np.float64).reshape(-1), (shape[1],))


PASS = Pass(
    name="linear_residual",
    apply=apply,
    requires="x + c (conv + norm), in any order of the terms: c constant, per channel or scalar, norm a "
    "BatchNormalization of x, conv a Conv with constant weights; the two sums, the product and conv are read "
    "once, norm may be read by others too",
    ensures="that sum is the Conv plus one BatchNormalization of x",
    mathematics="x + c (W u + b + s x + t) = (c W) u + c (b + t) + (1 + c s) x, per channel",
)
