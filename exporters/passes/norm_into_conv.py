"""Fold a BatchNormalization into the 1x1 convolutions that read it.

Runtimes fold a norm into the convolution before it. One that stands behind an Add or a Concat (the norms
before the feed-forward layers and behind the mixers of ParC-Net) has none, and costs a pass over memory. A
1x1 convolution without padding reads every place alike, so the norm goes into its weights instead.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import batch_norm, bias_of, constant, integer, ints, is_op, prune, set_constant
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir


def apply(model: "ir.Model") -> int:
    """Return how many norms were folded into what reads them."""
    changed = sum(_fold(node) for node in list(model.graph) if is_op(node, "BatchNormalization"))
    prune(model)
    return changed


def _fold(norm: "ir.Node") -> bool:
    source, normed, affine = norm.inputs[0], norm.outputs[0], batch_norm(norm)
    uses = list(normed.uses())
    if source is None or affine is None or normed.is_graph_output() or not uses:
        return False
    producer = source.producer()
    if is_op(producer, "Conv") and len(source.uses()) == 1:
        return False  # the runtime folds it backwards, whatever reads it
    if not all(use.idx == 0 and pointwise(use.node, len(affine[0])) for use in uses):
        return False
    for use in uses:
        into(use.node, *affine)
        use.node.replace_input_with(0, source)
    return True


def pointwise(node: "ir.Node", channels: int) -> bool:
    """Tell whether `node` is a 1x1 convolution of `channels` inputs in any groups, unpadded and constant."""
    weight = constant(node.inputs[1]) if is_op(node, "Conv") else None
    return (
        weight is not None
        and bias_of(node) is not None
        and set(weight.shape[2:]) == {1}
        and weight.shape[1] * integer(node, "group", 1) == channels
        and pads_nothing(node)
    )


def pads_nothing(conv: "ir.Node") -> bool:
    """Tell whether a Conv or a pooling reads nothing but its input."""
    stated = conv.attributes.get("auto_pad")
    automatic = stated is not None and stated.as_string() != "NOTSET"
    return not automatic and set(ints(conv, "pads", (0,))) == {0}


def into(conv: "ir.Node", scale: np.ndarray, shift: np.ndarray) -> None:
    """Let the 1x1 convolution `conv` do what `scale` and `shift`, (C,) each, did to its input."""
    weight, bias, groups = constant(conv.inputs[1]), bias_of(conv), integer(conv, "group", 1)
    assert weight is not None
    assert bias is not None
    flat = weight.astype(np.float64).reshape(groups, -1, weight.shape[1])
    moved = np.einsum("goc,gc->go", flat, shift.reshape(groups, -1)).reshape(-1)
    scaled = (flat * scale.reshape(groups, 1, -1)).reshape(weight.shape)
    set_constant(conv, 1, scaled.astype(weight.dtype), "normed")
    set_constant(conv, 2, (bias + moved).astype(weight.dtype), "normed")


PASS = Pass(
    name="norm_into_conv",
    apply=apply,
    requires="BatchNormalization that only 1x1 Convs without padding and with constant weights read, and "
    "that does not follow a Conv of which it is the only reader",
    ensures="the norm is gone",
    mathematics="W (s * x + t) + b = (W diag(s)) x + (W t + b), group by group",
)
