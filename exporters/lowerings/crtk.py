"""Transform over any factor of the length; complex products by three real ones (Gauss). Dense ones too."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import FOURIER, Circular, Lowering
from exporters.lowerings.dft import best, divisors, gauss_products, gauss_rows, indivisible, shifted

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder

LARGEST, INNER = 32, 4
"""Worth trying depthwise: factors up to the first, that leave at least the second as N2."""


def build(builder: "Builder", x: "ir.Value", op: Circular, factor: int | None) -> "ir.Value":
    """Return y by the transform (J, N1), one product per residue row, and the transform back (N1, J)."""
    assert factor is not None
    there, back = gauss_rows(factor)
    blocks = arrange(builder, x, op, factor)
    rows = builder.node("MatMul", builder.floats(there), blocks)
    return finish(builder, rows, back, op, factor)


def arrange(builder: "Builder", x: "ir.Value", op: Circular, factor: int) -> "ir.Value":
    """Return x with the slow index of the length as its rows: (B, C, N1, -1), or dense (B, N1, -1)."""
    batch, channels, height, width = op.shape
    inner = op.length // factor
    if op.dense and inner == 1:
        moved = builder.transpose(x, *((0, 2, 1, 3) if op.axis == "h" else (0, 3, 1, 2)))
        return builder.reshape(moved, batch, factor, -1)
    if op.dense:
        split = (channels, factor, inner, width) if op.axis == "h" else (channels, height, factor, inner)
        order = (0, 2, 1, 3, 4) if op.axis == "h" else (0, 3, 1, 4, 2)
        moved = builder.transpose(builder.reshape(x, batch, *split), *order)
        return builder.reshape(moved, batch, factor, -1)
    if op.axis == "w":
        x = builder.transpose(builder.reshape(x, batch, channels, height, factor, inner), 0, 1, 3, 2, 4)
    return builder.reshape(x, batch, channels, factor, inner * op.other)


def finish(builder: "Builder", rows: "ir.Value", back: np.ndarray, op: Circular, factor: int) -> "ir.Value":
    """Return y from the transformed rows: the product of each with its matrices, the way back, the shift."""
    mixed = _mixed_dense if op.dense else _mixed_depthwise
    return shifted(builder, mixed(builder, rows, back, op, factor), op)


def _mixed_depthwise(
    builder: "Builder", rows: "ir.Value", back: np.ndarray, op: Circular, factor: int
) -> "ir.Value":
    batch, channels, inner, other = op.shape[0], op.channels[0], op.length // factor, op.other
    matrices, count = gauss_products(op.weight, factor), back.shape[1]
    if op.axis == "h":
        columns = builder.reshape(rows, batch, channels, count, inner, other)
        product = builder.node("MatMul", builder.floats(matrices), columns)
    else:
        columns = builder.reshape(rows, batch, channels, count, other, inner)
        product = builder.node("MatMul", columns, builder.floats(matrices.swapaxes(-1, -2)))
    product = builder.reshape(product, batch, channels, count, inner * other)
    y = builder.node("MatMul", builder.floats(back), product)
    if op.axis == "w":
        y = builder.transpose(builder.reshape(y, batch, channels, factor, other, inner), 0, 1, 3, 2, 4)
    return builder.reshape(y, *op.out_shape)


def _mixed_dense(
    builder: "Builder", rows: "ir.Value", back: np.ndarray, op: Circular, factor: int
) -> "ir.Value":
    """Return y: one matrix a row, (O N2, C N2), from all input to all output channels."""
    batch, (inputs, outputs), inner, other = op.shape[0], op.channels, op.length // factor, op.other
    matrices, count = gauss_products(op.weight, factor), back.shape[1]
    joint = matrices.transpose(2, 0, 3, 1, 4).reshape(count, outputs * inner, inputs * inner)
    columns = builder.reshape(rows, batch, count, inputs * inner, other)
    product = builder.node("MatMul", builder.floats(joint), columns)
    product = builder.reshape(product, batch, count, outputs * inner * other)
    y = builder.node("MatMul", builder.floats(back), product)
    if inner == 1:
        y = builder.reshape(y, batch, factor, outputs, other)
        return builder.transpose(y, *((0, 2, 1, 3) if op.axis == "h" else (0, 2, 3, 1)))
    y = builder.reshape(y, batch, factor, outputs, inner, other)
    y = builder.transpose(y, *((0, 2, 1, 3, 4) if op.axis == "h" else (0, 2, 4, 1, 3)))
    return builder.reshape(y, *op.out_shape)


def refusal(op: Circular, factor: int | None) -> str | None:
    """Return why `op` cannot be split by `factor`; depthwise, something must be left for the products."""
    reason = indivisible(op, factor)
    if reason is None and factor == op.length and not op.dense:
        return f"a factor of {factor} leaves nothing of the length {op.length} for the products"
    return reason


def factors(op: Circular) -> tuple[int, ...]:
    """Return at most four N1 with the fewest multiplications, the fewest first.

    Depthwise J (2 + N2 / N1) a number, J being about 1.5 N1; dense the largest, since the channels outweigh
    the transform.
    """
    valid = [n for n in divisors(op.length) if refusal(op, n) is None]
    if op.dense:
        return best(valid, lambda n: -n, 3)
    valid = [n for n in valid if n <= LARGEST and op.length // n >= INNER]
    return best(valid, lambda n: (3 * n // 2 - 1 + n % 2) * (2 + op.length / n**2))


LOWERING = Lowering(
    name="crtk",
    family=FOURIER,
    build=build,
    mathematics="y = B S A x: a real DFT of N1 points, three N2 x N2 products a complex residue, and back",
    refusal=refusal,
    factors=factors,
    takes_factor=True,
)
