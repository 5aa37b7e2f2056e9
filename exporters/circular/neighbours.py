"""The 1x1 convolutions on either side of an operator, as a runtime that chooses layouts sees them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exporters.graph import constant, dims, is_op, is_pointwise

if TYPE_CHECKING:
    import onnx_ir as ir

THROUGH = (
    *("Add", "Sub", "Mul", "Div", "Relu", "Clip", "Sigmoid", "HardSwish", "HardSigmoid", "Gelu", "Erf"),
    *("Tanh", "LeakyRelu", "PRelu", "Elu", "Softplus", "Identity", "BatchNormalization"),
    *("Split", "Slice", "Concat"),
)
"""Operators that keep the layout of what they are given."""


@dataclass(frozen=True)
class Passage:
    """An operator that is passed over as a whole, from `source` to `end`."""

    source: "ir.Value"
    end: "ir.Value"
    conv: "ir.Node"
    nodes: "set[ir.Node]"


def convolutions(value: "ir.Value", passages: Sequence[Passage], *, up: bool) -> "tuple[ir.Node, ...]":
    """Return the dense 1x1 Convs that `value` comes from (`up`) or goes to, of its height and width.

    Between may lie what keeps the layout (`THROUGH`) and other operators of the same kind.
    """
    image, queue, seen = (dims(value) or ())[2:], [value], {id(value)}
    found: list[ir.Node] = []
    for item in queue:
        for node, nexts in _above(item, passages) if up else _below(item, passages):
            if is_pointwise(node):
                found += [node] if all(node is not other for other in found) else []
                continue
            fresh = [each for each in nexts if (dims(each) or ())[2:] == image and id(each) not in seen]
            queue += fresh
            seen |= {id(each) for each in fresh}
    return tuple(found)


Hop = tuple["ir.Node", Iterable["ir.Value"]]


def _above(value: "ir.Value", passages: Sequence[Passage]) -> "Iterator[Hop]":
    over = next((each for each in passages if each.end is value), None)
    node = value.producer()
    if over is not None:
        yield over.conv, [over.source]
    elif is_op(node, *THROUGH, "Conv") and node is not None:
        inputs = [each for each in node.inputs if each is not None and constant(each) is None]
        yield node, [] if node.op_type == "Conv" else inputs


def _below(value: "ir.Value", passages: Sequence[Passage]) -> "Iterator[Hop]":
    for use in value.uses():
        over = next((each for each in passages if use.node in each.nodes), None)
        if over is not None:
            yield over.conv, [over.end]
        elif is_op(use.node, *THROUGH, "Conv"):
            yield use.node, [] if use.node.op_type == "Conv" else use.node.outputs
