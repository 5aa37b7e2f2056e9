"""Which operators stay in fp32, each for a stated reason: what they compute would not survive in 16 bits."""

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

SUMS = {"ReduceSum", "ReduceMean", "ReduceL1", "GlobalAveragePool", "Softmax", "LogSoftmax"}
AFTER = {
    "ReduceMean",
    "ReduceSum",
    "ReduceMax",
    "Sqrt",
    "Reciprocal",
    "Log",
    "Add",
    "Sub",
    "Mul",
    "Max",
    "Clip",
}
"""What may follow a steep operator on its way back: the mean of squares, an epsilon, the root."""

PASSIVE = {"Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity"}
PASSIVE |= {"Pad", "Reshape", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"}
TOWARDS = {
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Floor",
    "Ceil",
    "Round",
    "Sqrt",
    "Neg",
    "Abs",
    "Min",
    "Max",
    "Clip",
    "Cast",
}
TOWARDS |= PASSIVE
"""Operators that what becomes an integer is followed back through."""

INTEGERS = {"INT4", "INT8", "INT16", "INT32", "INT64", "UINT4", "UINT8", "UINT16", "UINT32", "UINT64"}
DIVISORS = {("Div", 1), ("Mod", 1), ("BatchNormalization", 4)}
"""Inputs that are divided by, or whose root is: each value must keep its digits."""


def kept(graph: "ir.Graph", opset: int, half: Half) -> "dict[ir.Node, str]":
    """Return the nodes of `graph` that stay in fp32, in its order, each with the reason.

    `graph` has the type of every value, and constants only as initializers. Nodes without fp32 tensors are
    not named; those within branches and loops go with the node that holds them.
    """
    nodes = [node for node in graph if any(singles(node)) or holds_graph(node)]
    found: dict[ir.Node, str] = {}
    for node in nodes:
        reason = _by_itself(node, opset, half)
        if reason is not None:
            found[node] = reason
    _before_integers(nodes, found)
    _after_steep(nodes, found)
    _between(nodes, found)
    return {node: found[node] for node in nodes if node in found}


def holds_graph(node: "ir.Node") -> bool:
    """Tell whether `node` has graphs of its own, as If, Loop and Scan do."""
    import onnx_ir as ir

    return any(
        each.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS) for each in node.attributes.values()
    )


def _by_itself(node: "ir.Node", opset: int, half: Half) -> str | None:
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
    """Return why a sum is too long: to 2^bits equal values a type of that many bits cannot add another."""
    if not is_op(node, *SUMS):
        return None
    length = _summed(node)
    limit = 2**half.bits
    if length is None:
        return f"it may sum more than {limit} values"
    return (
        f"it sums {length} values, more than the {limit} that {half.name} can count"
        if length > limit
        else None
    )


def _summed(node: "ir.Node") -> int | None:
    """Return how many values go into one result of a reduction or a softmax, None when that is unknown."""
    shape = dims(node.inputs[0])
    if shape is None:
        return None
    if node.op_type == "GlobalAveragePool":
        return math.prod(shape[2:])
    if node.op_type in ("Softmax", "LogSoftmax"):
        return shape[integer(node, "axis", -1)]
    axes: tuple[int, ...] = ints(node, "axes")
    if len(node.inputs) > 1 and node.inputs[1] is not None:
        given = constant(node.inputs[1])
        if given is None:
            return None
        axes = tuple(int(axis) for axis in given.reshape(-1))
    if not axes:
        return 1 if integer(node, "noop_with_empty_axes", 0) else math.prod(shape)
    return math.prod(shape[axis] for axis in axes)


def _lost(node: "ir.Node", opset: int, half: Half) -> str | None:
    import onnx_ir as ir

    places = slots(node, opset, half)
    assert places is not None
    for place, (value, wide) in enumerate(zip(node.inputs, places.inputs, strict=True)):
        array = constant(value) if wide and value is not None and value.dtype == ir.DataType.FLOAT else None
        if array is not None and value is not None:
            reason = lost(array, half, each=(node.op_type, place) in DIVISORS)
            if reason is not None:
                return f"of its constant {value.name}, {reason}"
    return None


def _before_integers(nodes: "Sequence[ir.Node]", found: "dict[ir.Node, str]") -> None:
    """Add what only leads to a Cast to integers, which a rounding before it could make other integers."""
    import onnx_ir as ir

    waiting = [
        node
        for node in nodes
        if is_op(node, "Cast") and ir.DataType(integer(node, "to", 1)).name in INTEGERS and node not in found
    ]
    while waiting:
        node = waiting.pop()
        found.setdefault(node, "it leads to integers, which rounding would change")
        makers = (value.producer() for value in singles(node))
        waiting += [
            maker
            for maker in makers
            if maker is not None and maker not in found and is_op(maker, *TOWARDS) and _read_by(maker, found)
        ]


def _after_steep(nodes: "Sequence[ir.Node]", found: "dict[ir.Node, str]") -> None:
    """Add what brings the result of a steep operator back: the mean of squares, an epsilon, the root."""
    steep = {node for node, reason in found.items() if is_op(node, *STEEP) or reason == SQUARE}
    for node in nodes:
        fed = [value for value in singles(node) if value.producer() is not node and constant(value) is None]
        if (
            node not in found
            and is_op(node, *AFTER)
            and fed
            and all(value.producer() in steep for value in fed)
        ):
            found[node] = "what it takes may be beyond the range of 16 bits"
            steep.add(node)


def _between(nodes: "Sequence[ir.Node]", found: "dict[ir.Node, str]") -> None:
    """Add what only moves values from fp32 to fp32: rounding them on the way would gain nothing."""
    changed = True
    while changed:
        changed = False
        for node in nodes:
            fed = [
                value for value in singles(node) if value.producer() is not node and constant(value) is None
            ]
            if (
                node not in found
                and is_op(node, *PASSIVE)
                and fed
                and all(value.producer() in found or value.is_graph_input() for value in fed)
                and _read_by(node, found, outside=True)
            ):
                found[node], changed = "it only moves values from fp32 to fp32", True


def _read_by(node: "ir.Node", found: "dict[ir.Node, str]", *, outside: bool = False) -> bool:
    """Tell whether only nodes of `found` read what `node` makes; the graph's outputs count if `outside`."""
    return all(
        (outside or not value.is_graph_output())
        and all(use.node in found or use.node.graph is not node.graph for use in value.uses())
        for value in node.outputs
    )
