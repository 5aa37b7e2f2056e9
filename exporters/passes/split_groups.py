"""Split a group-wise product between two 1x1 convolutions into one chain per group.

Between `fc1` (C to r*C channels) and `fc2` (r*C to C), a context of C channels meets each of r groups of values.
Written as one product, the context must be copied r times or the activation reshaped, and either takes ONNX Runtime
out of its blocked channel layout. Written group by group, every tensor has C channels, nothing is copied, and the
second convolutions add up in place.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import add_constant, bias_of, constant, dims, insert, is_op, is_pointwise, only_user, producer
from exporters.graph import prune, replace, used_once
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

BLOCK = 16
MOST_PADDING = 1.05
"""Channels are padded to whole blocks at run time; beyond 5 % more arithmetic the split does not pay (measured)."""

UNARY = ("Gelu", "Relu", "Sigmoid", "Tanh", "Erf", "HardSwish")


@dataclass(frozen=True)
class Match:
    """The parts of one group-wise product: conv -> (unary) -> reshape -> combine(context) -> reshape -> conv."""

    first: "ir.Node"
    unary: "ir.Node | None"
    combine: "ir.Node"
    context: "ir.Value"
    second: "ir.Node"
    groups: int


def apply(model: "ir.Model") -> int:
    """Return how many group-wise products were split."""
    found = [match for node in list(model.graph) if is_op(node, "Mul", "Add") and (match := _match(node))]
    for match in found:
        _split(match)
    prune(model)
    return len(found)


def _match(combine: "ir.Node") -> Match | None:
    shape = dims(combine.outputs[0])
    if shape is None or len(shape) != 5:
        return None
    _, groups, channels, height, width = shape
    merged = only_user(combine.outputs[0], "Reshape")
    second = only_user(merged.outputs[0], "Conv") if merged else None
    if merged is None or second is None or not is_pointwise(second):
        return None
    if dims(merged.outputs[0]) != (shape[0], groups * channels, height, width) or not _pays(channels):
        return None
    for values, context in (combine.inputs, tuple(reversed(combine.inputs))):
        split, narrow = producer(values, "Reshape"), producer(context, "Unsqueeze", "Reshape")
        if split is None or narrow is None or not used_once(split.outputs[0]) or dims(values) != shape:
            continue
        unary = producer(split.inputs[0], *UNARY)
        if split.inputs[0] is None or not used_once(split.inputs[0]):
            continue
        first = producer(unary.inputs[0] if unary else split.inputs[0], "Conv")
        if first is None or not is_pointwise(first) or not used_once(first.outputs[0]):
            continue
        if dims(context) == (shape[0], 1, channels, height, width) and dims(narrow.inputs[0]) == (
            shape[0],
            channels,
            height,
            width,
        ):
            return Match(first, unary, combine, narrow.inputs[0], second, groups)  # type: ignore[arg-type]
    return None


def _pays(channels: int) -> bool:
    return -(-channels // BLOCK) * BLOCK <= MOST_PADDING * channels


def _split(match: Match) -> None:
    first, second = match.first, match.second
    graph = second.graph
    inner, inner_bias, outer, outer_bias = (
        constant(first.inputs[1]),
        bias_of(first),
        constant(second.inputs[1]),
        bias_of(second),
    )
    assert graph is not None and inner is not None and inner_bias is not None
    assert outer is not None and outer_bias is not None
    residual = only_user(second.outputs[0], "Add")
    last, total = second, None
    if residual is not None:
        last = residual
        total = residual.inputs[1 - list(residual.inputs).index(second.outputs[0])]
        if total is None or dims(total) != dims(second.outputs[0]):
            last, total = second, None
    name = second.outputs[0].name
    parts = zip(
        np.split(inner, match.groups),
        np.split(inner_bias, match.groups),
        np.split(outer, match.groups, axis=1),
        strict=True,
    )
    for group, (weight_in, bias_in, weight_out) in enumerate(parts):
        tag = f"{name}.{group}"
        value = insert(
            last,
            "Conv",
            [
                first.inputs[0],
                add_constant(graph, f"{tag}.in.weight", weight_in),
                add_constant(graph, f"{tag}.in.bias", bias_in),
            ],
            f"{tag}.in",
        )
        if match.unary is not None:
            attributes = {key: attribute.value for key, attribute in match.unary.attributes.items()}
            value = insert(last, match.unary.op_type, [value], f"{tag}.unary", attributes)
        value = insert(last, match.combine.op_type, [value, match.context], f"{tag}.met")
        inputs = [value, add_constant(graph, f"{tag}.out.weight", weight_out)]
        if group == 0:
            inputs.append(add_constant(graph, f"{tag}.out.bias", outer_bias))
        value = insert(last, "Conv", inputs, f"{tag}.out")
        total = value if total is None else insert(last, "Add", [total, value], f"{tag}.sum")
    assert total is not None
    total.shape = last.outputs[0].shape
    replace(last.outputs[0], total)


PASS = Pass(
    name="split_groups",
    apply=apply,
    requires="Conv 1x1, unary or nothing, Reshape to (1, r, C, H, W), Mul or Add with (1, 1, C, H, W), Reshape back, "
    "Conv 1x1, each read once, C within 5 % of a multiple of 16",
    ensures="r chains Conv, unary, Mul or Add, Conv whose results add up; no Reshape and no 5-D tensor",
    mathematics="W2 [v1 * c; ...; vr * c] = sum_g W2_g (v_g * c), v_g = u(W1_g x + b1_g)",
)
