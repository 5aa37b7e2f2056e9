"""Write a broadcast over groups of few channels as an Expand and a product of equal shapes.

ONNX Runtime walks a broadcast in runs as long as the shared inner axis. A run of 32 or 40 channels is so
short that the product takes twice as long as copying the small operand and multiplying flat.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import add_constant, dims, insert, is_op
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

WIDEST = 64
"""Channels up to which expanding paid (measured at 32, 40 and 64; a tie at 144)."""


def apply(model: "ir.Model") -> int:
    """Return how many broadcasts were expanded."""
    return sum(_expand(node) for node in list(model.graph) if is_op(node, "Mul", "Add"))


def _expand(node: "ir.Node") -> bool:
    full = dims(node.outputs[0])
    if full is None or len(full) < 3 or full[-1] > WIDEST or full[-2] == 1:
        return False
    narrow = (*full[:-2], 1, full[-1])
    for place, value in enumerate(node.inputs):
        if value is None or dims(value) != narrow or dims(node.inputs[1 - place]) != full:
            continue
        graph = node.graph
        assert graph is not None
        name = node.outputs[0].name
        shape = add_constant(graph, f"{name}.shape", np.array(full, np.int64))
        expanded = insert(node, "Expand", [value, shape], f"{name}.expanded")
        expanded.shape = node.outputs[0].shape
        node.replace_input_with(place, expanded)
        return True
    return False


PASS = Pass(
    name="expand_narrow",
    apply=apply,
    requires="Mul or Add of (..., r, C) with (..., 1, C), C at most 64, static shapes",
    ensures="both operands have the same shape",
    mathematics="a broadcast is the product with the operand copied along its axis of size 1",
)
