"""Fold the affine part of a LayerNormalization into the linear layers that read it."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import (
    TO_NCHW,
    add_constant,
    affine_of,
    bias_of,
    constant,
    drop_affine,
    insert,
    is_op,
    is_pointwise,
    is_transpose,
    only_user,
    prune,
)
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir


def apply(model: "ir.Model") -> int:
    """Return how many norms lost their affine part."""
    changed = sum(_fold(node) for node in list(model.graph) if is_op(node, "LayerNormalization"))
    prune(model)
    return changed


def _fold(norm: "ir.Node") -> bool:
    affine = affine_of(norm)
    if affine is None:
        return False
    scale, shift = affine
    readers = _linear_readers(norm.outputs[0], len(scale))
    if not readers or (shift is None and bool((scale == 1).all())):
        return False
    for reader in readers:
        if reader.op_type == "Conv":
            _into_conv(reader, scale, shift)
        else:
            _into_matmul(reader, scale, shift)
    drop_affine(norm)
    return True


def _linear_readers(value: "ir.Value", channels: int) -> "list[ir.Node]":
    """Return the linear layers of `channels` inputs that read `value`, empty unless nothing else does."""
    readers: list[ir.Node] = []
    if value.is_graph_output():
        return []
    for use in value.uses():
        node = use.node
        weight = constant(node.inputs[1]) if is_op(node, "MatMul") and use.idx == 0 else None
        if weight is not None and weight.shape[:-1] == (channels,) and not node.outputs[0].is_graph_output():
            readers.append(node)
        elif is_transpose(node, TO_NCHW) and not node.outputs[0].is_graph_output():
            convolutions = [each.node for each in node.outputs[0].uses()]
            if not all(is_pointwise(each) for each in convolutions):
                return []
            readers += convolutions
        else:
            return []
    return readers


def _into_conv(conv: "ir.Node", scale: np.ndarray, shift: np.ndarray | None) -> None:
    weight, bias, graph = constant(conv.inputs[1]), bias_of(conv), conv.graph
    assert weight is not None
    assert bias is not None
    assert graph is not None
    name = conv.outputs[0].name
    conv.replace_input_with(1, add_constant(graph, f"{name}.weight", weight * scale[None, :, None, None]))
    if shift is not None:
        conv.resize_inputs(3)
        conv.replace_input_with(2, add_constant(graph, f"{name}.bias", bias + weight[:, :, 0, 0] @ shift))


def _into_matmul(matmul: "ir.Node", scale: np.ndarray, shift: np.ndarray | None) -> None:
    weight, product, graph = constant(matmul.inputs[1]), matmul.outputs[0], matmul.graph
    assert weight is not None
    assert graph is not None
    matmul.replace_input_with(1, add_constant(graph, f"{product.name}.weight", scale[:, None] * weight))
    if shift is None:
        return
    extra = shift @ weight
    add = only_user(product, "Add")
    place = 1 - list(add.inputs).index(product) if add else 0
    bias = constant(add.inputs[place]) if add else None
    if add is not None and bias is not None and bias.shape == extra.shape:
        add.replace_input_with(place, add_constant(graph, f"{add.outputs[0].name}.bias", bias + extra))
        return
    readers = list(product.uses())
    moved = add_constant(graph, f"{product.name}.bias", extra)
    shifted = insert(matmul, "Add", [product, moved], f"{product.name}.shifted", after=True)
    shifted.shape = product.shape
    for use in readers:
        use.node.replace_input_with(use.idx, shifted)


PASS = Pass(
    name="fold_norm",
    apply=apply,
    requires="LayerNormalization over the last axis, read only by MatMul or 1x1 Conv with constant weights",
    ensures="that norm has scale 1 and no bias",
    mathematics="W (s * n + t) + b = (W diag(s)) n + (W t + b)",
)
