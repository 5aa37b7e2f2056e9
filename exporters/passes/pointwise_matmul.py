"""Write marked 1x1 convolutions as matrix products, so that no layout changes between them and a product.

OpenVINO keeps activations in blocks of channels around convolutions and in plain order around matrix
products: a lowering made of products between two 1x1 convolutions pays a reorder on either side. Written as
products themselves they pay none. Which convolutions to write so is the measured table's choice
(`exporters.lowerings.choice`), which marks them; away from such a lowering a convolution is faster.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import add_constant, bias_of, constant, dims, insert, is_pointwise, prune, replace
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

MARK, MATMUL = "latbench.pointwise", "matmul"
"""The property of a node, and its value, that asks for a matrix product."""


def apply(model: "ir.Model") -> int:
    """Return how many convolutions became matrix products; every mark is taken away."""
    changed = 0
    for node in list(model.graph):
        if node.metadata_props.pop(MARK, None) == MATMUL:
            changed += _rewrite(node)
    prune(model)
    return changed


def _rewrite(conv: "ir.Node") -> bool:
    before, after = dims(conv.inputs[0]), dims(conv.outputs[0])
    weight, bias, graph = constant(conv.inputs[1]), bias_of(conv), conv.graph
    if not is_pointwise(conv) or before is None or after is None or len(before) != 4:
        return False
    assert weight is not None
    assert graph is not None
    name, places = conv.outputs[0].name, before[2] * before[3]

    def numbers(what: str, *values: int) -> "ir.Value":
        return add_constant(graph, f"{name}.{what}", np.asarray(values, np.int64))

    flat = insert(
        conv, "Reshape", [conv.inputs[0], numbers("to_columns", *before[:2], places)], f"{name}.flat"
    )
    matrix = add_constant(graph, f"{name}.matrix", weight.reshape(weight.shape[:2]))
    product = insert(conv, "MatMul", [matrix, flat], f"{name}.product")
    if bias is not None and bias.any():
        added = add_constant(graph, f"{name}.bias", bias.reshape(1, -1, 1))
        product = insert(conv, "Add", [product, added], f"{name}.biased")
    image = insert(conv, "Reshape", [product, numbers("to_image", *after)], f"{name}.image")
    image.shape = conv.outputs[0].shape
    replace(conv.outputs[0], image)
    return True


PASS = Pass(
    name="pointwise_matmul",
    apply=apply,
    requires="Conv marked for it: dense, 1x1, stride 1, without padding, constant weights, of an image "
    "(N, C, H, W) of known size",
    ensures="no node is marked; each that was is a MatMul between two Reshapes",
    mathematics="a 1x1 convolution is W (O, C) times the image's columns (C, H W), plus b per row",
)
