"""The paper's form: the input followed by itself less its last place, then one convolution of length N."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import AXES, SPATIAL, Circular, Lowering
from exporters.lowerings.builder import Builder

if TYPE_CHECKING:
    import onnx_ir as ir

LEVEL = 1e-12
"""Relative spread along the axis up to which a shift is one bias per channel: rounding in float64."""


def build(builder: Builder, x: "ir.Value", op: Circular, _factor: int | None = None) -> "ir.Value":
    """Return Concat(x, x[:N-1]) under a valid Conv; what is added becomes its bias where it is level."""
    axis, length = AXES[op.axis], op.length
    if length > 1:
        ends = [builder.integers([value]) for value in (0, length - 1, axis)]
        x = builder.node("Concat", x, builder.node("Slice", x, *ends), axis=axis)
    taps = (length, 1) if op.axis == "h" else (1, length)
    inputs = op.weight.shape[1] if op.dense else 1
    given = [x, builder.floats(op.weight.reshape(-1, inputs, *taps))]
    bias = op.shift is not None and level(op)
    if op.shift is not None and bias:
        given.append(builder.floats(op.shift[:, 0]))
    groups = 1 if op.dense else op.channels[0]
    y = builder.node("Conv", *given, group=groups, kernel_shape=list(taps))
    return y if op.shift is None or bias else builder.node("Add", y, shift_of(builder, op))


def level(op: Circular) -> bool:
    """Tell whether what `op` adds is the same all along its axis, or nothing."""
    if op.shift is None:
        return True
    return bool(np.ptp(op.shift, axis=1).max() <= LEVEL * np.abs(op.shift).max())


def shift_of(builder: Builder, op: Circular) -> "ir.Value":
    """Return the constant that is added at the end, (1, O, N, 1) along H or (1, O, 1, N) along W."""
    assert op.shift is not None
    return builder.floats(op.shift[None, :, :, None] if op.axis == "h" else op.shift[None, :, None, :])


LOWERING = Lowering(
    name=SPATIAL,
    family=SPATIAL,
    build=build,
    mathematics="y[i] = sum_k w[k] z[i + k] with z = (x, x without its last place), of length 2N - 1",
)
