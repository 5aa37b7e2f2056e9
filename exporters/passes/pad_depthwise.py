"""Pad the channels of a depthwise convolution with zeros to whole blocks, where its neighbours allow it.

ONNX Runtime has a fast depthwise convolution in its blocked layout only when the channels come in fours; MBConv's 1638
channels fall back to a kernel four times slower. Ten more channels of zeros keep every output.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import (
    TO_NCHW,
    TO_NHWC,
    add_constant,
    bias_of,
    constant,
    integer,
    is_op,
    is_transpose,
    only_user,
    producer,
    prune,
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
    _set(conv, 1, np.pad(weight, ((0, extra), (0, 0), (0, 0), (0, 0))))
    conv.resize_inputs(3)
    _set(conv, 2, np.pad(bias, (0, extra)))
    conv.attributes.add(_attribute("group", channels + extra))
    for value in (*above, *below):
        value.shape = None
    return True


def _upwards(conv: "ir.Node") -> "tuple[ir.Node | None, list[ir.Value]]":
    """Return the linear layer that feeds `conv` through zero-preserving operators, and the values between."""
    value, passed = conv.inputs[0], []
    while value is not None and used_once(value):
        passed.append(value)
        node = value.producer()
        if is_op(node, *ZERO_TO_ZERO) or is_transpose(node, TO_NCHW):
            assert node is not None
            value = node.inputs[0]
            continue
        if is_op(node, "Add") and node is not None:
            product = next((item for item in node.inputs if producer(item, "MatMul")), None)
            other = node.inputs[1 - list(node.inputs).index(product)] if product is not None else None
            if product is None or constant(other) is None or not used_once(product):
                return None, []
            passed.append(product)
            node = product.producer()
        return (node if _is_linear(node) else None), passed
    return None, []


def _downwards(conv: "ir.Node") -> "tuple[ir.Node | None, list[ir.Value]]":
    """Return the linear layer that reads `conv` through zero-preserving operators, and the values between."""
    value, passed = conv.outputs[0], []
    while True:
        passed.append(value)
        node = only_user(value, "Conv", "MatMul", "Transpose", *ZERO_TO_ZERO)
        if is_op(node, *ZERO_TO_ZERO) or is_transpose(node, TO_NHWC):
            assert node is not None
            value = node.outputs[0]
            continue
        reads = node is not None and node.inputs[0] is value and _is_linear(node)
        return (node if reads else None), passed


def _is_linear(node: "ir.Node | None") -> bool:
    weight = constant(node.inputs[1]) if is_op(node, "Conv", "MatMul") and node is not None else None
    if node is None or weight is None:
        return False
    if node.op_type == "MatMul":
        return weight.ndim == 2
    return integer(node, "group", 1) == 1 and bias_of(node) is not None


def _grow(node: "ir.Node", axis: int, extra: int) -> None:
    """Append `extra` zeros on `axis` of the weight of `node`, and to its bias when that axis is its outputs'."""
    weight = constant(node.inputs[1])
    assert weight is not None
    widths = [(0, 0)] * weight.ndim
    widths[axis] = (0, extra)
    _set(node, 1, np.pad(weight, widths))
    if node.op_type == "Conv" and axis == 0:
        bias = bias_of(node)
        assert bias is not None
        node.resize_inputs(3)
        _set(node, 2, np.pad(bias[: weight.shape[0]], (0, extra)))
    if node.op_type == "MatMul" and axis == 1:
        add = only_user(node.outputs[0], "Add")
        if add is not None:
            place = 1 - list(add.inputs).index(node.outputs[0])
            bias = constant(add.inputs[place])
            if bias is not None and bias.shape[-1:] == weight.shape[1:]:
                _set(add, place, np.pad(bias, [(0, 0)] * (bias.ndim - 1) + [(0, extra)]))


def _set(node: "ir.Node", place: int, array: np.ndarray) -> None:
    old = node.inputs[place]
    name = old.name if old is not None else f"{node.outputs[0].name}.bias"
    assert node.graph is not None
    node.replace_input_with(place, add_constant(node.graph, f"{name}.padded", array))


def _attribute(name: str, value: int) -> "ir.Attr":
    import onnx_ir as ir

    return ir.AttrInt64(name, value)


PASS = Pass(
    name="pad_depthwise",
    apply=apply,
    requires="depthwise Conv whose channels are no multiple of 4, between linear layers with constant weights, with "
    "only transposes and element-wise operators f(0) = 0 between, each read once",
    ensures="its channels are a multiple of 16",
    mathematics="a channel of zeros stays zero through f and the convolution, and zero columns do not read it",
)
