"""Let a residual stream that starts at a LayerNormalization start inside the convolutions' blocked layout.

ONNX Runtime keeps activations in blocks of channels between convolutions, and adds a residual inside a convolution when
both are in that layout. A stream that starts at a norm is not, so every addition on it would fall out. The norm's affine
part, written as a depthwise 1x1 convolution, is the same arithmetic and puts the stream into the blocked layout once.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import (
    TO_NCHW,
    TO_NHWC,
    add_constant,
    constant,
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
    scale = constant(norm.inputs[1])
    shift = constant(norm.inputs[2]) if len(norm.inputs) > 2 else None
    normal = norm.outputs[0]
    streams = [use.node for use in normal.uses() if is_transpose(use.node, TO_NCHW)]
    starts = [node for node in streams if any(is_op(use.node, "Add") for use in node.outputs[0].uses())]
    if scale is None or scale.ndim != 1 or shift is None or not starts or normal.is_graph_output():
        return False
    graph = norm.graph
    assert graph is not None
    name, channels = normal.name, len(scale)
    others = [use for use in normal.uses() if use.node not in streams]
    weight = add_constant(graph, f"{name}.scale", scale.reshape(channels, 1, 1, 1))
    norm.replace_input_with(1, add_constant(graph, f"{name}.ones", np.ones_like(scale)))
    norm.resize_inputs(2)
    first = starts[0].outputs[0]
    readers = [use for node in streams for use in node.outputs[0].uses()]
    bias = add_constant(graph, f"{name}.shift", shift)
    entered = insert(starts[0], "Conv", [first, weight, bias], f"{name}.entered", {"group": channels}, after=True)
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
