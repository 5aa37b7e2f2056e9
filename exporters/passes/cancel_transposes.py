"""Take away a Transpose and its inverse where only element-wise operators stand between.

A module that keeps channels last around an activation or a scale leaves such pairs between convolutions.
ONNX Runtime cancels them itself; OpenVINO keeps both (Conv, Transpose, Sigmoid, Mul, Transpose, Conv).
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import constant, dims, ints, is_op, producer, prune, replace, set_constant, used_once
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

UNARY = (
    *("Relu", "Sigmoid", "Tanh", "Erf", "Gelu", "HardSwish", "HardSigmoid", "LeakyRelu", "Elu", "Softplus"),
    *("Exp", "Log", "Sqrt", "Reciprocal", "Neg", "Abs"),
)
BINARY = ("Add", "Sub", "Mul", "Div")


def apply(model: "ir.Model") -> int:
    """Return how many pairs were taken away."""
    changed = sum(_cancel(node) for node in list(model.graph) if is_op(node, "Transpose"))
    prune(model)
    return changed


def _cancel(last: "ir.Node") -> bool:
    perm, between, value = ints(last, "perm"), list["ir.Node"](), last.inputs[0]
    while value is not None and used_once(value) and (node := producer(value, *UNARY, *BINARY)) is not None:
        place = _computed(node, len(perm))
        if place is None or dims(node.outputs[0]) is None or dims(node.inputs[place]) != dims(value):
            return False
        between.insert(0, node)
        value = node.inputs[place]
    first = producer(value, "Transpose")
    if not between or first is None or value is None or not used_once(value) or first.inputs[0] is None:
        return False
    there = ints(first, "perm")
    if len(there) != len(perm) or [there[axis] for axis in perm] != list(range(len(perm))):
        return False
    source = first.inputs[0]
    for node in between:
        place = _computed(node, len(perm))
        assert place is not None
        node.replace_input_with(place, source)
        if len(node.inputs) == 2:
            _turn(node, 1 - place, perm)
        source = node.outputs[0]
        source.shape = last.outputs[0].shape
    replace(last.outputs[0], source)
    return True


def _computed(node: "ir.Node", rank: int) -> int | None:
    """Return which input of `node` is computed, the other being constant; None where that is not so."""
    if node.op_type in UNARY:
        return 0
    left, right = (constant(value) for value in node.inputs)
    known = right if left is None else left
    if known is None or known.ndim > rank or (left is not None and right is not None):
        return None
    return 0 if left is None else 1


def _turn(node: "ir.Node", place: int, perm: tuple[int, ...]) -> None:
    """Let the constant at `place` of `node` vary along the axes that `perm` brings its own to."""
    array = constant(node.inputs[place])
    assert array is not None
    if array.size > 1:
        aligned = array.reshape((1,) * (len(perm) - array.ndim) + array.shape)
        set_constant(node, place, np.ascontiguousarray(aligned.transpose(perm)), "turned")


PASS = Pass(
    name="cancel_transposes",
    apply=apply,
    requires="a Transpose and its inverse with unary operators, or Add, Sub, Mul, Div by constants, between "
    "that are read once and keep a known shape; at least one",
    ensures="both Transposes are gone",
    mathematics="element-wise operators and permutations of axes commute; a constant takes the permutation",
)
