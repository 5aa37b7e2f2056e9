"""Shift, multiply, add: for each tap one shifted view of the padded map, never all windows at once."""

from typing import TYPE_CHECKING

from exporters.involution.base import Involution, Lowering
from exporters.involution.windows import columns, padded, rows

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return T times Slice, Mul and Add, the rows cut first: what is cut twice is short."""
    weights = tap_weights(builder, kernels, op)
    total: ir.Value | None = None
    for row, part in enumerate(rows(builder, padded(builder, x, op), op)):
        for column, window in enumerate(columns(builder, part, op)):
            product = builder.node("Mul", window, weights[row * op.kernel[1] + column])
            total = product if total is None else builder.node("Add", total, product)
    assert total is not None
    return builder.reshape(total, *op.out_shape)


def tap_weights(builder: "Builder", kernels: "Kernels", op: Involution) -> "list[ir.Value]":
    """Return, for each tap, its weights as (B, G, 1, H', W')."""
    whole = kernels.by_tap(builder)
    parts = builder.split(whole, [1] * op.taps, 1) if op.taps > 1 else [whole]
    return [builder.reshape(part, op.shape[0], op.groups, 1, *op.out) for part in parts]


LOWERING = Lowering(
    name="shift_mac",
    mathematics="y = sum over t of w_t * S_t x, S_t x being the padded map cut at the place of tap t; "
    "the sum is taken tap by tap, w_t (G maps) broadcast over the channels of a group",
    build=build,
)
