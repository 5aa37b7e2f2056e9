"""Split a group-wise product between two 1x1 convolutions into one chain per group.

Between `fc1` (C to r*C channels) and `fc2` (r*C to C), a context of C channels meets each of r groups of
values. Written as one product, the context must be copied r times or the activation reshaped, and either
takes ONNX Runtime out of its blocked channel layout. Written group by group, every tensor has C channels,
nothing is copied, and the second convolutions add up in place.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import (
    add_constant,
    bias_of,
    constant,
    dims,
    insert,
    is_op,
    is_pointwise,
    only_user,
    producer,
    prune,
    replace,
    used_once,
)
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir

BLOCK = 16
MOST_PADDING = 1.05
"""Channels are padded to whole blocks at run time; beyond 5 % more arithmetic the split did not pay."""

UNARY = ("Gelu", "Relu", "Sigmoid", "Tanh", "Erf", "HardSwish")


@dataclass(frozen=True)
class Match:
    """One group-wise product: first -> (unary) -> Reshape -> combine(widen(context)) -> Reshape -> second."""

    first: "ir.Node"
    unary: "ir.Node | None"
    combine: "ir.Node"
    widen: "ir.Node"
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
    batch, groups, channels, *image = shape
    merged = only_user(combine.outputs[0], "Reshape")
    second = only_user(merged.outputs[0], "Conv") if merged else None
    if merged is None or second is None or not is_pointwise(second):
        return None
    flat = (batch, groups * channels, *image)
    if dims(merged.outputs[0]) != flat or not _pays(channels):
        return None
    for values, context in (combine.inputs, tuple(reversed(combine.inputs))):
        first, unary = _expanded(values, flat, shape)
        widen = producer(context, "Unsqueeze", "Reshape")
        if first is None or widen is None or dims(context) != (batch, 1, channels, *image):
            continue
        if dims(widen.inputs[0]) == (batch, channels, *image):
            return Match(first, unary, combine, widen, second, groups)
    return None


def _expanded(
    values: "ir.Value | None", flat: tuple[int, ...], shape: tuple[int, ...]
) -> "tuple[ir.Node | None, ir.Node | None]":
    """Return the 1x1 Conv and the unary (or None) whose `flat` result is reshaped to `values` of `shape`."""
    split = producer(values, "Reshape")
    value = split.inputs[0] if split is not None and used_once(split.outputs[0]) else None
    if value is None or dims(value) != flat or dims(values) != shape or not used_once(value):
        return None, None
    unary = producer(value, *UNARY)
    source = unary.inputs[0] if unary is not None else value
    first = producer(source, "Conv")
    if first is None or not is_pointwise(first) or not used_once(first.outputs[0]):
        return None, None
    return first, unary


def _pays(channels: int) -> bool:
    return -(-channels // BLOCK) * BLOCK <= MOST_PADDING * channels


def _split(match: Match) -> None:
    first, second, context = match.first, match.second, match.widen.inputs[0]
    inner, inner_bias = constant(first.inputs[1]), bias_of(first)
    outer, outer_bias = constant(second.inputs[1]), bias_of(second)
    assert inner is not None
    assert inner_bias is not None
    assert outer is not None
    assert outer_bias is not None
    graph = second.graph
    assert graph is not None
    last, total = _residual(second)
    name = second.outputs[0].name
    parts = zip(
        np.split(inner, match.groups),
        np.split(inner_bias, match.groups),
        np.split(outer, match.groups, axis=1),
        strict=True,
    )
    for group, (weight_in, bias_in, weight_out) in enumerate(parts):
        tag = f"{name}.{group}"
        inputs = [
            first.inputs[0],
            add_constant(graph, f"{tag}.in.weight", weight_in),
            add_constant(graph, f"{tag}.in.bias", bias_in),
        ]
        value = insert(last, "Conv", inputs, f"{tag}.in")
        if match.unary is not None:
            attributes = {key: attribute.value for key, attribute in match.unary.attributes.items()}
            value = insert(last, match.unary.op_type, [value], f"{tag}.unary", attributes)
        value = insert(last, match.combine.op_type, [value, context], f"{tag}.met")
        inputs = [value, add_constant(graph, f"{tag}.out.weight", weight_out)]
        if group == 0:
            inputs.append(add_constant(graph, f"{tag}.out.bias", outer_bias))
        value = insert(last, "Conv", inputs, f"{tag}.out")
        total = value if total is None else insert(last, "Add", [total, value], f"{tag}.sum")
    assert total is not None
    total.shape = last.outputs[0].shape
    replace(last.outputs[0], total)


def _residual(second: "ir.Node") -> "tuple[ir.Node, ir.Value | None]":
    """Return the node whose result the groups' sum replaces, and the residual to start from, if any."""
    add = only_user(second.outputs[0], "Add")
    if add is not None:
        start = add.inputs[1 - list(add.inputs).index(second.outputs[0])]
        if start is not None and dims(start) == dims(second.outputs[0]):
            return add, start
    return second, None


PASS = Pass(
    name="split_groups",
    apply=apply,
    requires="Conv 1x1, unary or nothing, Reshape to (1, r, C, H, W), Mul or Add with (1, 1, C, H, W), "
    "Reshape back, Conv 1x1, each read once, C within 5 % of a multiple of 16",
    ensures="r chains Conv, unary, Mul or Add, Conv whose results add up; no Reshape and no 5-D tensor",
    mathematics="W2 [v1 * c; ...; vr * c] = sum_g W2_g (v_g * c), v_g = u(W1_g x + b1_g)",
)
