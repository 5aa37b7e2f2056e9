"""Let a residual stream that starts at a LayerNormalization start inside the convolutions' blocked layout.

ONNX Runtime keeps activations in blocks of channels between convolutions, and adds a residual inside a
convolution when both are in that layout. A stream that starts at a norm is not, so every addition on it would
fall out. The norm's affine part, written as a depthwise 1x1 convolution, is the same arithmetic and puts the
stream into the blocked layout once.
"""

from typing import TYPE_CHECKING

from exporters.graph import (
    TO_NCHW,
    TO_NHWC,
    add_constant,
    affine_of,
    drop_affine,
    insert,
    is_op,
    is_transpose,
    prune,
)
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir


def apply(model: "ir.Model") -> int:
    """Return how many streams were entered by a depthwise convolution."""
    changed = sum(_enter(node) for node in list(model.graph) if is_op(node, "LayerNormalization"))
    prune(model)
    return changed


def _enter(norm: "ir.Node") -> bool:
    affine, normal, graph = affine_of(norm), norm.outputs[0], norm.graph
    streams = [use.node for use in normal.uses() if is_transpose(use.node, TO_NCHW)]
    starts = [node for node in streams if any(is_op(use.node, "Add") for use in node.outputs[0].uses())]
    scale, shift = affine or (None, None)
    if scale is None or shift is None or graph is None or not starts:
        return False
    if any(value.is_graph_output() for value in (normal, *(node.outputs[0] for node in streams))):
        return False
    name = normal.name
    others = [use for use in normal.uses() if use.node not in streams]
    readers = [use for node in streams for use in node.outputs[0].uses()]
    weight = add_constant(graph, f"{name}.scale", scale.reshape(-1, 1, 1, 1))
    drop_affine(norm)
    first = starts[0].outputs[0]
    bias = add_constant(graph, f"{name}.shift", shift)
    entered = insert(
        starts[0], "Conv", [first, weight, bias], f"{name}.entered", {"group": len(scale)}, after=True
    )
    entered.shape = first.shape
    for use in readers:
        use.node.replace_input_with(use.idx, entered)
    if others:
        node = entered.producer()
        assert node is not None
        back = insert(node, "Transpose", [entered], f"{name}.back", {"perm": list(TO_NHWC)}, after=True)
        back.shape = normal.shape
        for use in others:
            use.node.replace_input_with(use.idx, back)
    graph.sort()
    return True


PASS = Pass(
    name="blocked_entry",
    apply=apply,
    requires="LayerNormalization with constant scale and bias whose NCHW transpose is read by an Add",
    ensures="that norm has scale 1 and no bias; a depthwise 1x1 Conv applies them",
    mathematics="s * n + t per channel is a depthwise 1x1 convolution with weight s and bias t",
)
