"""Fold a constant per-channel scale (layer-scale) into the linear layer before it."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import (
    bias_of,
    constant,
    dims,
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
    """Return how many scales were folded."""
    changed = sum(_fold(node) for node in list(model.graph) if is_op(node, "Mul"))
    prune(model)
    return changed


def _fold(mul: "ir.Node") -> bool:
    for scaled, factor in (mul.inputs, tuple(reversed(mul.inputs))):
        scale = constant(factor)
        if scaled is None or scale is None or not used_once(scaled):
            continue
        if dims(scaled) is None or dims(scaled) != dims(mul.outputs[0]):
            return False  # the factor has more axes than what it scales: without it the shape would change
        if not (_into_conv(scaled, scale) or _into_matmul(scaled, scale)):
            return False
        replace(mul.outputs[0], scaled)
        assert mul.graph is not None
        mul.graph.remove(mul, safe=True)  # lest it count as a reader of what the next Mul scales
        return True
    return False


def _into_conv(scaled: "ir.Value", scale: np.ndarray) -> bool:
    conv = producer(scaled, "Conv")
    weight = constant(conv.inputs[1]) if conv else None
    if conv is None or weight is None:
        return False
    channels = _per_channel(scale, weight.shape[0], axis=-(weight.ndim - 1))
    bias = bias_of(conv)
    if channels is None or bias is None:
        return False
    set_constant(conv, 1, weight * channels.reshape(-1, *[1] * (weight.ndim - 1)), "scaled")
    set_constant(conv, 2, bias * channels, "scaled")
    return True


def _into_matmul(scaled: "ir.Value", scale: np.ndarray) -> bool:
    add = producer(scaled, "Add")
    product = next((value for value in add.inputs if producer(value, "MatMul")), None) if add else scaled
    matmul = producer(product, "MatMul")
    weight = constant(matmul.inputs[1]) if matmul else None
    if matmul is None or product is None or weight is None or weight.ndim != 2:
        return False
    channels = _per_channel(scale, weight.shape[1], axis=-1)
    if channels is None:
        return False
    if add is not None:
        place = 1 - list(add.inputs).index(product)
        bias = constant(add.inputs[place])
        if (
            bias is None
            or bias.shape not in ((weight.shape[1],), (1,), ())
            or only_user(product, "Add") is None
        ):
            return False
        set_constant(add, place, bias * channels, "scaled")
    set_constant(matmul, 1, weight * channels, "scaled")
    return True


def _per_channel(scale: np.ndarray, channels: int, axis: int) -> np.ndarray | None:
    """Return `scale` as (channels,) when it varies along `axis` (counted from the end) alone, else None."""
    if scale.size == 1:
        return np.full(channels, scale.reshape(()), scale.dtype)
    wanted = scale.shape[axis] if scale.ndim >= -axis else 0
    return scale.reshape(-1) if wanted == channels == scale.size else None


PASS = Pass(
    name="fold_scale",
    apply=apply,
    requires="Mul by a constant, per channel or scalar, of a Conv or MatMul(+Add) with constant weights, "
    "each read once",
    ensures="that Mul is gone",
    mathematics="c * (W x + b) = (c W) x + c b, c acting on the output channels",
)
