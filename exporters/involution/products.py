"""One matrix product for a pixel: its kernels times its windows, channels last."""

from typing import TYPE_CHECKING

from exporters.involution.base import Involution, Lowering
from exporters.involution.windows import columns, padded, rows

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return all windows as (B, pixels, G, T, C / G) under one MatMul with (B, pixels, G, 1, T)."""
    batch, groups, members = op.grouped[:3]
    parts = [
        builder.reshape(window, batch, 1, op.shape[1], op.places)
        for part in rows(builder, padded(builder, x, op), op)
        for window in columns(builder, part, op)
    ]
    windows = parts[0] if op.taps == 1 else builder.node("Concat", *parts, axis=1)
    windows = builder.reshape(windows, batch, op.taps, groups, members, op.places)
    windows = builder.transpose(windows, 0, 4, 2, 1, 3)
    weights = builder.reshape(kernels.by_group(builder), batch, groups, op.taps, 1, op.places)
    weights = builder.transpose(weights, 0, 4, 1, 3, 2)
    met = builder.reshape(builder.node("MatMul", weights, windows), batch, op.places, op.shape[1])
    return builder.reshape(builder.transpose(met, 0, 2, 1), *op.out_shape)


LOWERING = Lowering(
    name="products",
    mathematics="y[g, :, p] = U_gp^T w_gp: for each pixel and group the T weights times the T by C / G "
    "matrix of its windows",
    build=build,
)
