"""Fold the scale of queries and keys into the product that makes them.

Attention divides its scores by the root of the channels of a head. Exported, the root of that is multiplied
to queries and keys, behind the Reshape, Transpose and Slice that part one product into heads, so that
`fold_scale` does not see the product. Which of its columns reach the Mul is found by following their numbers.
ONNX Runtime folds the Muls into its own product of queries and keys; OpenVINO computes both (a Swin block: 50
operators for 52), so this is for it.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import bias_of, constant, dims, is_op, producer, prune, replace, set_constant, used_once
from exporters.moves import MOVES, moved, numbers
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

ALONG = tuple(op for op in MOVES if op != "Concat")


def apply(model: "ir.Model") -> int:
    """Return how many scales were folded."""
    changed = sum(_fold(node) for node in list(model.graph) if is_op(node, "Mul"))
    prune(model)
    return changed


def _fold(mul: "ir.Node") -> bool:
    for scaled, factor in (mul.inputs, tuple(reversed(mul.inputs))):
        scale = constant(factor)
        if scaled is None or scale is None or scale.size != 1 or dims(scaled) != dims(mul.outputs[0]):
            continue
        made = _origin(scaled)
        columns = _columns(made, mul) if made is not None else None
        if made is None or columns is None or not _scale(made, columns, scale.reshape(())):
            continue
        replace(mul.outputs[0], scaled)
        assert mul.graph is not None
        mul.graph.remove(mul, safe=True)
        return True
    return False


def _origin(value: "ir.Value") -> "ir.Value | None":
    """Return the value whose elements, moved, are those of `value`; None where nothing moved them."""
    made: ir.Value | None = value
    while (node := producer(made, *ALONG)) is not None:
        made = node.inputs[0]
    return None if made is value else made


def _columns(made: "ir.Value", mul: "ir.Node") -> np.ndarray | None:
    """Return which channels of `made` (the last axis, of a Conv the second) only `mul` reads, as booleans.

    None where it reads others too, or something else reads what it does.
    """
    held, shape = numbers(made), dims(made)
    if held is None or shape is None or len(shape) < 2:
        return None
    axis = 1 if producer(made, "Conv") else len(shape) - 1
    along = [-1 if place == axis else 1 for place in range(len(shape))]
    held = np.broadcast_to(np.arange(shape[axis]).reshape(along), shape)
    mine, others = (np.zeros(shape[axis], bool) for _ in range(2))
    waiting = [(made, held)]
    for value, columns in waiting:
        if value.is_graph_output():
            others[columns] = True
        for use in value.uses():
            outputs = use.node.outputs if is_op(use.node, *ALONG) and use.idx == 0 else ()
            after = [(each, moved(each, [columns])) for each in outputs]
            if after and all(each is not None for _, each in after):
                waiting += [(each, found) for each, found in after if found is not None]
            else:
                (mine if use.node is mul else others)[columns] = True
    return mine if mine.any() and not (mine & others).any() else None


def _scale(made: "ir.Value", columns: np.ndarray, scale: np.ndarray) -> bool:
    """Multiply the `columns` of the layer that makes `made` by `scale`; tell whether that could be done."""
    factors = np.where(columns, scale, np.ones_like(scale))
    conv = producer(made, "Conv")
    if conv is not None:
        weight, bias = constant(conv.inputs[1]), bias_of(conv)
        if weight is None or bias is None:
            return False
        set_constant(conv, 1, weight * factors.reshape(-1, *[1] * (weight.ndim - 1)), "scaled")
        if bias.any():
            set_constant(conv, 2, bias * factors, "scaled")
        return True
    add = producer(made, "Add")
    product = next((value for value in add.inputs if producer(value, "MatMul")), None) if add else made
    matmul = producer(product, "MatMul")
    weight = constant(matmul.inputs[1]) if matmul else None
    if matmul is None or product is None or weight is None or weight.shape[1:] != factors.shape:
        return False
    if add is not None:
        place = 1 - list(add.inputs).index(product)
        bias = constant(add.inputs[place])
        if bias is None or bias.shape != factors.shape or not used_once(product):
            return False
        set_constant(add, place, bias * factors, "scaled")
    set_constant(matmul, 1, weight * factors, "scaled")
    return True


PASS = Pass(
    name="scale_into_product",
    apply=apply,
    requires="Mul by a constant scalar of a MatMul(+Add) or Conv with constant weights, with Reshape, "
    "Transpose, Slice, Split, Gather, Squeeze, Unsqueeze or Flatten of known shapes between; of the channels "
    "that reach it nothing else reads any",
    ensures="that Mul is gone",
    mathematics="moving elements and multiplying all by one number commute; c (W x + b) = (c W) x + c b on "
    "the rows of W that make the channels moved there",
)
