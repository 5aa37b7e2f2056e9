"""The circulant matrix itself: one matrix product per channel, or one for all where every channel is read."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import CIRCULANT, Circular, Lowering
from exporters.lowerings.builder import Builder
from exporters.lowerings.reference import circulant
from exporters.lowerings.spatial import shift_of

if TYPE_CHECKING:
    import onnx_ir as ir

LARGEST = 2**29
"""Bytes of matrices that one operator may take: 384 channels of length 448 take 0.3 GB."""


def build(builder: Builder, x: "ir.Value", op: Circular, _factor: int | None = None) -> "ir.Value":
    """Return MatMul(M, x) along H, MatMul(x, M transposed) along W, and the shift added to it."""
    y = _dense(builder, x, op) if op.dense else _depthwise(builder, x, op)
    return y if op.shift is None else builder.node("Add", y, shift_of(builder, op))


def _depthwise(builder: Builder, x: "ir.Value", op: Circular) -> "ir.Value":
    matrices = circulant(op.weight)
    if op.axis == "h":
        return builder.node("MatMul", builder.floats(matrices), x)
    return builder.node("MatMul", x, builder.floats(matrices.transpose(0, 2, 1)))


def _dense(builder: Builder, x: "ir.Value", op: Circular) -> "ir.Value":
    batch, channels, height, width = op.shape
    matrix, outputs = block_matrix(op), op.channels[1]
    if op.axis == "h":
        flat = builder.reshape(x, batch, channels * height, width)
        return builder.reshape(builder.node("MatMul", builder.floats(matrix), flat), *op.out_shape)
    rows = builder.reshape(builder.transpose(x, 0, 2, 1, 3), batch, height, channels * width)
    product = builder.node("MatMul", rows, builder.floats(matrix.T))
    return builder.transpose(builder.reshape(product, batch, height, outputs, width), 0, 2, 1, 3)


def block_matrix(op: Circular) -> np.ndarray:
    """Return the matrix of a dense operator, (O N, C N): a circulant block per output and input channel."""
    inputs, outputs = op.channels
    return circulant(op.weight).transpose(0, 2, 1, 3).reshape(outputs * op.length, inputs * op.length)


def too_large(op: Circular, _factor: int | None = None) -> str | None:
    """Return why the matrices of `op` are not written out, None where they may be."""
    size = 4 * op.weight.size * op.length
    return f"its matrices would take {size / 1e9:.1f} GB" if size > LARGEST else None


LOWERING = Lowering(
    name="circulant",
    family=CIRCULANT,
    build=build,
    mathematics="y = M x with M[i, j] = w[(j - i) mod N], a matrix per channel",
    refusal=too_large,
)
