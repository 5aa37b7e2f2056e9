"""The correlation modulo z^(N/2) - 1 and z^(N/2) + 1: half the multiplications of the circulant."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import AXES, FOURIER, Circular, Lowering
from exporters.lowerings.dft import blocks, shifted

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", op: Circular, _factor: int | None) -> "ir.Value":
    """Return y from the sum and the difference of the halves of x, a matrix product per channel each.

    With blocks T0 and T1: y0 + y1 = (T0 + T1)(x0 + x1) and y0 - y1 = (T0 - T1)(x0 - x1); the matrices take
    the halving.
    """
    total, difference = products(builder, x, op)
    halves = builder.node("Add", total, difference), builder.node("Sub", total, difference)
    return shifted(builder, builder.node("Concat", *halves, axis=AXES[op.axis]), op)


def products(builder: "Builder", x: "ir.Value", op: Circular) -> "tuple[ir.Value, ir.Value]":
    """Return half the sum and half the difference of the halves of y, before what is added.

    Each is (B, C, H, W) with N/2 places along the axis.
    """
    half = op.length // 2
    first, second = builder.split(x, [half, half], AXES[op.axis])
    same, other = np.moveaxis(blocks(op.weight, 2), -3, 0)
    total = _product(builder, (same + other) / 2, builder.node("Add", first, second), op)
    return total, _product(builder, (same - other) / 2, builder.node("Sub", first, second), op)


def _product(builder: "Builder", matrices: np.ndarray, x: "ir.Value", op: Circular) -> "ir.Value":
    if op.axis == "h":
        return builder.node("MatMul", builder.floats(matrices), x)
    return builder.node("MatMul", x, builder.floats(matrices.transpose(0, 2, 1)))


def refusal(op: Circular, _factor: int | None) -> str | None:
    """Return why `op` has no two halves."""
    if op.dense:
        return "a dense correlation has no such form here, crtk_2 has"
    return f"{op.length} is odd" if op.length % 2 else None


LOWERING = Lowering(
    name="crt2",
    family=FOURIER,
    build=build,
    mathematics="z^N - 1 = (z^(N/2) - 1)(z^(N/2) + 1): a cyclic and a negacyclic product of half the length",
    refusal=refusal,
)
