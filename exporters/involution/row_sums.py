"""Kernels moved instead of windows: sums on the padded rows, cut once for each row of the window."""

from typing import TYPE_CHECKING

from exporters.involution.base import Involution, Lowering
from exporters.involution.two_level import stacked
from exporters.involution.windows import columns, padded, rows

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return K column Slices in one Concat, then K times Pad, Mul, ReduceSum, a row Slice and Add."""
    batch, groups, members = op.grouped[:3]
    high, wide = op.kernel
    tall = op.padded[0]
    stack = stacked(builder, columns(builder, padded(builder, x, op), op), op)
    stack = builder.reshape(stack, batch, wide, groups, members, tall * op.out[1])
    weights = builder.reshape(kernels.by_tap(builder), batch, high, wide * groups, *op.out)
    parts = builder.split(weights, [1] * high, 1) if high > 1 else [weights]
    sums = []
    for row, part in enumerate(parts):
        above = row * op.dilation[0]
        below = tall - op.out[0] - above
        weight = builder.node("Pad", part, builder.integers([0, 0, 0, above, 0, 0, 0, 0, below, 0]))
        weight = builder.reshape(weight, batch, wide, groups, 1, tall * op.out[1])
        product = builder.node("Mul", stack, weight)
        summed = builder.node("ReduceSum", product, builder.integers([1]), keepdims=0)
        sums.append(builder.reshape(summed, batch, groups, members, tall, op.out[1]))
    total = None
    for row, summed in enumerate(sums):
        window = rows(builder, summed, op)[row]
        total = window if total is None else builder.node("Add", total, window)
    assert total is not None
    return builder.reshape(total, *op.out_shape)


def refusal(op: Involution) -> str | None:
    """Return why `op` cannot be written so."""
    return None if op.stride[0] == 1 else "its rows have a stride, so that kernels do not move with them"


LOWERING = Lowering(
    name="row_sums",
    mathematics="sum over u of R_u (sum over v of (R_u^T w_uv) * X_v) = sum over u, v of w_uv * R_u X_v, "
    "R_u^T putting the kernels where row u of the window stands, zeros elsewhere: R_u cuts K sums",
    build=build,
    refusal=refusal,
)
