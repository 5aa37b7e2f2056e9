"""Which type each input and output of a node may have, by the schema that ONNX itself gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from exporters.precision.constants import Half

if TYPE_CHECKING:
    import onnx_ir as ir

SINGLE = {
    ("LayerNormalization", "U"),
    ("Resize", "T2"),
    ("OneHot", "T1"),
    ("OneHot", "T2"),
    ("Dropout", "T1"),
}
"""Type variables that stay fp32 where a half type would be allowed: statistics, regions, indices, ratios."""


@dataclass(frozen=True)
class Slots:
    """For every input and every output of a node, whether what is fp32 there may be of the half type."""

    inputs: tuple[bool, ...]
    outputs: tuple[bool, ...]


def slots(node: "ir.Node", opset: int, half: Half) -> Slots | None:
    """Return which of the places of `node` may be of the type `half`, None without a schema."""
    found = _schema(node.op_type, node.domain, opset, half.onnx)
    if found is None:
        return None
    inputs, outputs = found
    return Slots(
        tuple(_at(inputs, place) for place in range(len(node.inputs))),
        tuple(_at(outputs, place) for place in range(len(node.outputs))),
    )


def _at(places: tuple[bool, ...], place: int) -> bool:
    """Return what holds of a place; the last formal parameter stands for all that follow (variadic)."""
    return bool(places) and places[min(place, len(places) - 1)]


@cache
def _schema(
    op_type: str, domain: str, opset: int, half: str
) -> tuple[tuple[bool, ...], tuple[bool, ...]] | None:
    import onnx.defs

    if domain not in ("", "ai.onnx"):
        return None
    try:
        schema = onnx.defs.get_schema(op_type, opset, "")
    except onnx.defs.SchemaError:
        return None
    wide = {
        constraint.type_param_str
        for constraint in schema.type_constraints
        if f"tensor({half.lower()})" in constraint.allowed_type_strs
        and (op_type, constraint.type_param_str) not in SINGLE
    }
    return (
        tuple(formal.type_str in wide for formal in schema.inputs),
        tuple(formal.type_str in wide for formal in schema.outputs),
    )


def singles(node: "ir.Node") -> "Iterator[ir.Value]":
    """Yield the inputs and outputs of `node` that are fp32 tensors."""
    import onnx_ir as ir

    for value in (*node.inputs, *node.outputs):
        if value is not None and value.dtype == ir.DataType.FLOAT:
            yield value
