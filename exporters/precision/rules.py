"""Why an operator stays in fp32 whatever its neighbours: its kind, its length, its constants."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from exporters.graph import constant, dims, integer, ints, is_op
from exporters.precision.constants import Half, lost
from exporters.precision.slots import singles, slots

if TYPE_CHECKING:
    import onnx_ir as ir

POSITIONS = {"GridSample", "RoiAlign", "NonMaxSuppression", "AffineGrid", "DeformConv", "Range"}
TRANSFORMS = {"DFT", "STFT", "BlackmanWindow", "HammingWindow", "HannWindow", "MelWeightMatrix"}
RUNNING = {"CumSum", "CumProd"}
QUANTISED = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}
MADE = {
    "ConstantOfShape",
    "EyeLike",
    "RandomNormal",
    "RandomUniform",
    "RandomNormalLike",
    "RandomUniformLike",
}
STATISTICS = {"InstanceNormalization", "MeanVarianceNormalization", "LpNormalization"}
STEEP = {"Exp", "Pow", "Sinh", "Cosh", "Tan", "ReduceProd"}
STEEP |= {"ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"}
STATISTICAL = "its statistics need fp32, and its schema has no stash_type to say so"
STASHED = 21
"""The opset from which on GroupNormalization states the type of its statistics, by default fp32."""
SQUARE = "a square leaves the range of 16 bits soon"
LOST = "of its constant"
WHOLE = {
    "the positions it computes with need more digits": POSITIONS,
    "transforms and their windows are computed in fp32": TRANSFORMS,
    "a running sum loses what is added late": RUNNING,
    "quantised values are left as they are": QUANTISED,
    "what it makes is of the type of its attribute": MADE,
    STATISTICAL: STATISTICS,
    "its values leave the range of 16 bits soon": STEEP,
}
"""Operators that stay whatever their inputs, by the reason. The steep ones stay in PyTorch's autocast too."""

SUMS = {"ReduceSum", "ReduceMean", "ReduceL1", "AveragePool", "GlobalAveragePool", "Softmax", "LogSoftmax"}
DIVISORS = {("Div", 1), ("Mod", 1), ("BatchNormalization", 4)}
"""Inputs that are divided by, or whose root is: each value must keep its digits."""


def holds_graph(node: "ir.Node") -> bool:
    """Tell whether `node` has graphs of its own, as If, Loop and Scan do."""
    import onnx_ir as ir

    return any(
        each.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS) for each in node.attributes.values()
    )


def by_itself(node: "ir.Node", opset: int, half: Half) -> str | None:
    """Return why `node` stays in fp32 whatever its neighbours, None when it need not."""
    if holds_graph(node):
        return "branches and loops are left as they are"
    places = slots(node, opset, half)
    if places is None:
        return f"ONNX {opset} has no {node.op_type} of the domain {node.domain or 'ai.onnx'}"
    if not any(value in _wide(node, opset, half) for value in singles(node)):
        return f"ONNX {opset} has no {node.op_type} in {half.name}"
    return _by_name(node, opset) or _long_sum(node, half) or _lost(node, opset, half)


def _by_name(node: "ir.Node", opset: int) -> str | None:
    if node.op_type == "GroupNormalization" and opset < STASHED:
        return STATISTICAL
    if node.op_type == "Mul" and node.inputs[0] is node.inputs[1]:
        return SQUARE
    return next((reason for reason, operators in WHOLE.items() if is_op(node, *operators)), None)


def _wide(node: "ir.Node", opset: int, half: Half) -> "set[ir.Value | None]":
    places = slots(node, opset, half)
    assert places is not None
    pairs = (*zip(node.inputs, places.inputs, strict=True), *zip(node.outputs, places.outputs, strict=True))
    return {value for value, wide in pairs if wide}


def _long_sum(node: "ir.Node", half: Half) -> str | None:
    """Return why a sum is too long for `half`, None when it is not, or is none."""
    if not is_op(node, *SUMS):
        return None
    length, most = _summed(node), limit(half)
    if length is None:
        return f"it may sum more than {most} values"
    return (
        f"it sums {length} values, more than the {most} that {half.name} can count" if length > most else None
    )


def limit(half: Half) -> int:
    """Return how many equal values can be added one by one before the total stands still (stagnation)."""
    return int(2**half.bits)


def _summed(node: "ir.Node") -> int | None:
    """Return how many values go into one result of a reduction or a softmax, None when that is unknown."""
    shape = dims(node.inputs[0])
    if shape is None:
        return None
    if node.op_type == "AveragePool":
        return math.prod(ints(node, "kernel_shape"))
    axes = _axes(node, len(shape))
    return None if axes is None else math.prod(shape[axis] for axis in axes)


def _axes(node: "ir.Node", rank: int) -> Sequence[int] | None:
    """Return the axes that `node` sums over, None when they are computed."""
    if node.op_type == "GlobalAveragePool":
        return range(2, rank)
    if node.op_type in ("Softmax", "LogSoftmax"):
        return (integer(node, "axis", -1),)
    axes: tuple[int, ...] = ints(node, "axes")
    if len(node.inputs) > 1 and node.inputs[1] is not None:
        given = constant(node.inputs[1])
        if given is None:
            return None
        axes = tuple(int(axis) for axis in given.reshape(-1))
    whole = () if integer(node, "noop_with_empty_axes", 0) else range(rank)
    return axes or whole


def _lost(node: "ir.Node", opset: int, half: Half) -> str | None:
    import onnx_ir as ir

    places = slots(node, opset, half)
    assert places is not None
    for place, (value, wide) in enumerate(zip(node.inputs, places.inputs, strict=True)):
        array = constant(value) if wide and value is not None and value.dtype == ir.DataType.FLOAT else None
        if array is not None and value is not None:
            reason = lost(array, half, each=(node.op_type, place) in DIVISORS)
            if reason is not None:
                return f"{LOST} {value.name}, {reason}"
    return None
