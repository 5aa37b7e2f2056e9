"""Which operators stay in fp32, each for a stated reason: what they compute would not survive in 16 bits."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from exporters.graph import constant, integer, is_op
from exporters.precision.constants import Half
from exporters.precision.rules import LOST, SQUARE, STEEP, by_itself, holds_graph
from exporters.precision.slots import singles

if TYPE_CHECKING:
    import onnx_ir as ir

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
    "Div",
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


def kept(graph: "ir.Graph", opset: int, half: Half) -> "dict[ir.Node, str]":
    """Return the nodes of `graph` that stay in fp32, in its order, each with the reason.

    `graph` has the type of every value, and constants only as initializers. Nodes without fp32 tensors are
    not named; those within branches and loops go with the node that holds them.
    """
    nodes = [node for node in graph if any(singles(node)) or holds_graph(node)]
    found: dict[ir.Node, str] = {}
    for node in nodes:
        reason = by_itself(node, opset, half)
        if reason is not None:
            found[node] = reason
    _before_integers(nodes, found)
    _after_steep(nodes, found)
    _between(nodes, found)
    return {node: found[node] for node in nodes if node in found}


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
    """Add what brings back a result beyond the range: the mean of squares, an epsilon, the root."""
    steep = {
        node
        for node, reason in found.items()
        if is_op(node, *STEEP) or reason == SQUARE or reason.startswith(LOST)
    }
    for node in nodes:
        fed = _taken(node)
        if is_op(node, *AFTER) and fed and all(value.producer() in steep for value in fed):
            found.setdefault(node, "what it takes may be beyond the range of 16 bits")
            steep.add(node)


def _between(nodes: "Sequence[ir.Node]", found: "dict[ir.Node, str]") -> None:
    """Add what only moves values from fp32 to fp32: rounding them on the way would gain nothing."""
    moving = {node: "it only moves values from fp32 to fp32" for node in nodes if is_op(node, *PASSIVE)}
    while True:
        staying = {**moving, **found}
        out = [
            node for node in moving if not (_fed_by(node, staying) and _read_by(node, staying, outside=True))
        ]
        if not out:
            break
        for node in out:
            del moving[node]
    for node, reason in moving.items():
        found.setdefault(node, reason)


def _fed_by(node: "ir.Node", found: "dict[ir.Node, str]") -> bool:
    """Tell whether what `node` takes in fp32, constants aside, comes from `found` or from outside."""
    fed = _taken(node)
    return bool(fed) and all(value.is_graph_input() or value.producer() in found for value in fed)


def _taken(node: "ir.Node") -> "list[ir.Value]":
    return [value for value in singles(node) if value.producer() is not node and constant(value) is None]


def _read_by(node: "ir.Node", found: "dict[ir.Node, str]", *, outside: bool = False) -> bool:
    """Tell whether only nodes of `found` read what `node` makes; the graph's outputs count if `outside`."""
    return all(
        (outside or not value.is_graph_output())
        and all(use.node in found or use.node.graph is not node.graph for use in value.uses())
        for value in node.outputs
    )
