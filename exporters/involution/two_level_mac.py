"""Columns first, then rows, multiply, add: K copies shifted by columns, their rows cut as runs of memory."""

from typing import TYPE_CHECKING

from exporters.involution.base import Involution, Lowering
from exporters.involution.shift_mac import tap_weights
from exporters.involution.windows import columns, padded, rows

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return K column Slices, then T times a row Slice, Mul and Add."""
    weights = tap_weights(builder, kernels, op)
    total: ir.Value | None = None
    for column, part in enumerate(columns(builder, padded(builder, x, op), op)):
        for row, window in enumerate(rows(builder, part, op)):
            product = builder.node("Mul", window, weights[row * op.kernel[1] + column])
            total = product if total is None else builder.node("Add", total, product)
    assert total is not None
    return builder.reshape(total, *op.out_shape)


LOWERING = Lowering(
    name="two_level_mac",
    mathematics="y = sum over v, u of w_uv * R_u (C_v x), C_v cutting the columns of the padded map and R_u "
    "its rows: S_uv = R_u C_v; the K maps C_v x are made once",
    build=build,
)
