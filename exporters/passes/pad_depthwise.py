"""Pad the channels of a depthwise convolution with zeros to whole blocks, where its neighbours allow it.

ONNX Runtime has a fast depthwise convolution in its blocked layout only when the channels come in fours;
MBConv's 1638 channels fall back to a kernel four times slower. Ten more channels of zeros keep every output.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import (
    TO_NCHW,
    TO_NHWC,
    bias_of,
    constant,
    integer,
    is_op,
    is_transpose,
    only_user,
    producer,
    prune,
    set_constant,
    used_once,
)
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

BLOCK = 16
UNIT = 4
ZERO_TO_ZERO = ("Gelu", "Relu", "Tanh", "Erf", "HardSwish", "LeakyRelu", "Elu", "Identity")
"""Element-wise operators with f(0) = 0."""


def apply(model: "ir.Model") -> int:
    """Return how many depthwise convolutions were padded."""
    changed = sum(_pad(node) for node in list(model.graph) if is_op(node, "Conv"))
    prune(model)
    return changed


def _pad(conv: "ir.Node") -> bool:
    weight, bias = constant(conv.inputs[1]), bias_of(conv)
    if weight is None or bias is None or weight.ndim != 4 or weight.shape[1] != 1:
        return False
    channels = weight.shape[0]
    if integer(conv, "group", 1) != channels or channels == 1 or channels % UNIT == 0:
        return False
    source, above = _upwards(conv)
    reader, below = _downwards(conv)
    if source is None or reader is None:
        return False
    extra = -channels % BLOCK
    _grow(source, 0 if source.op_type == "Conv" else 1, extra)
    _grow(reader, 1 if reader.op_type == "Conv" else 0, extra)
    set_constant(conv, 1, np.pad(weight, ((0, extra), (0, 0), (0, 0), (0, 0))), "padded")
    set_constant(conv, 2, np.pad(bias, (0, extra)), "padded")
    _set_group(conv, channels + extra)
    for value in (*above, *below):
        value.shape = None
    return True


def _upwards(conv: "ir.Node") -> "tuple[ir.Node | None, list[ir.Value]]":
    """Return the linear layer that feeds `conv` through zero-preserving operators, and the values between.

    A Conv has its channels where `conv` has them; a MatMul has them last, so one transpose lies between.
    """
    value, passed, turned = conv.inputs[0], [], False
    while value is not None and used_once(value):
        passed.append(value)
        node = value.producer()
        turns = is_transpose(node, TO_NCHW) and not turned
        if node is not None and (turns or is_op(node, *ZERO_TO_ZERO)):
            turned |= turns
            value = node.inputs[0]
            continue
        if node is not None and is_op(node, "Add"):
            product = next((item for item in node.inputs if producer(item, "MatMul")), None)
            other = node.inputs[1 - list(node.inputs).index(product)] if product is not None else None
            if product is None or constant(other) is None or not used_once(product):
                return None, []
            passed.append(product)
            node = product.producer()
        return (node if _is_linear(node, "MatMul" if turned else "Conv") else None), passed
    return None, []


def _downwards(conv: "ir.Node") -> "tuple[ir.Node | None, list[ir.Value]]":
    """Return the linear layer that reads `conv` through zero-preserving operators, and the values between."""
    value, passed, turned = conv.outputs[0], [], False
    while True:
        passed.append(value)
        node = only_user(value, "Conv", "MatMul", "Transpose", *ZERO_TO_ZERO)
        turns = is_transpose(node, TO_NHWC) and not turned
        if node is not None and (turns or is_op(node, *ZERO_TO_ZERO)):
            turned |= turns
            value = node.outputs[0]
            continue
        if (
            node is None
            or node.inputs[0] is not value
            or not _is_linear(node, "MatMul" if turned else "Conv")
        ):
            return None, []
        return node, passed


def _is_linear(node: "ir.Node | None", op_type: str) -> bool:
    """Tell whether `node` is a dense `op_type` ("Conv" or "MatMul") with constant weights."""
    weight = constant(node.inputs[1]) if node is not None and is_op(node, op_type) else None
    if node is None or weight is None:
        return False
    if op_type == "MatMul":
        return weight.ndim == 2
    return integer(node, "group", 1) == 1 and bias_of(node) is not None


def _grow(node: "ir.Node", axis: int, extra: int) -> None:
    """Append `extra` zeros on `axis` of the weight of `node`, and to its bias if that is its output axis."""
    weight, bias = constant(node.inputs[1]), bias_of(node) if is_op(node, "Conv") else None
    assert weight is not None
    set_constant(node, 1, _padded(weight, axis, extra), "padded")
    if bias is not None and axis == 0:
        set_constant(node, 2, _padded(bias, 0, extra), "padded")
    add = only_user(node.outputs[0], "Add") if is_op(node, "MatMul") and axis == 1 else None
    if add is not None:
        place = 1 - list(add.inputs).index(node.outputs[0])
        added = constant(add.inputs[place])
        if added is not None and added.shape[-1:] == weight.shape[1:]:
            set_constant(add, place, _padded(added, -1, extra), "padded")


def _padded(array: np.ndarray, axis: int, extra: int) -> np.ndarray:
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, extra)
    return np.pad(array, widths)


def _set_group(conv: "ir.Node", groups: int) -> None:
    import onnx_ir as ir

    conv.attributes.add(ir.AttrInt64("group", groups))


PASS = Pass(
    name="pad_depthwise",
    apply=apply,
    requires="depthwise Conv whose channels are no multiple of 4, between linear layers with constant "
    "weights, with only transposes and element-wise operators f(0) = 0 between, each read once",
    ensures="its channels are a multiple of 16",
    mathematics="a channel of zeros stays zero through f and the convolution; zero columns do not read it",
)
