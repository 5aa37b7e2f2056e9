"""Columns stacked, then row by row of the window: K larger products, each summed over its K taps at once."""

from typing import TYPE_CHECKING

from exporters.involution.base import Involution, Lowering
from exporters.involution.windows import columns, padded, rows

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return K column Slices in one Concat, then K times a row Slice, Mul, ReduceSum and Add."""
    batch, groups, members = op.grouped[:3]
    high, wide = op.kernel
    stack = stacked(builder, columns(builder, padded(builder, x, op), op), op)
    weights = builder.reshape(kernels.by_tap(builder), batch, high, wide * groups, *op.out)
    parts = builder.split(weights, [1] * high, 1) if high > 1 else [weights]
    total: ir.Value | None = None
    for window, part in zip(rows(builder, stack, op), parts, strict=True):
        weight = builder.reshape(part, batch, wide, groups, 1, op.places)
        shifted = builder.reshape(window, batch, wide, groups, members, op.places)
        product = builder.node("Mul", shifted, weight)
        row = builder.node("ReduceSum", product, builder.integers([1]), keepdims=0)
        total = row if total is None else builder.node("Add", total, row)
    assert total is not None
    return builder.reshape(total, *op.out_shape)


def stacked(builder: "Builder", parts: "list[ir.Value]", op: Involution) -> "ir.Value":
    """Return the column copies as (B, K G, C / G, H padded, W')."""
    return parts[0] if op.kernel[1] == 1 else builder.node("Concat", *parts, axis=1)


LOWERING = Lowering(
    name="two_level",
    mathematics="y = sum over u of (sum over v of w_uv * R_u X_v) with X_v = C_v x stacked: K x the map in "
    "memory, not K^2; the inner sum is one product and one sum over K",
    build=build,
)
