"""The circulant as a 1x1 convolution: the axis joins the channels, and each channel is a group of N."""

from typing import TYPE_CHECKING

from exporters.lowerings.base import CIRCULANT, Circular, Lowering
from exporters.lowerings.builder import Builder
from exporters.lowerings.circulant import block_matrix, too_large
from exporters.lowerings.reference import circulant

if TYPE_CHECKING:
    import onnx_ir as ir


def build(builder: Builder, x: "ir.Value", op: Circular, _factor: int | None = None) -> "ir.Value":
    """Return Reshape, Conv 1x1 with the shift as its bias, Reshape; along W between two Transposes."""
    batch, (inputs, outputs) = op.shape[0], op.channels
    length, other = op.length, op.other
    if op.axis == "w":
        x = builder.transpose(x, 0, 1, 3, 2)
    flat = builder.reshape(x, batch, inputs * length, 1, other)
    weight = block_matrix(op) if op.dense else circulant(op.weight).reshape(-1, length)
    constants = [builder.floats(weight[:, :, None, None])]
    if op.shift is not None:
        constants.append(builder.floats(op.shift.reshape(-1)))
    y = builder.node("Conv", flat, *constants, group=1 if op.dense else inputs, kernel_shape=[1, 1])
    y = builder.reshape(y, batch, outputs, length, other)
    return builder.transpose(y, 0, 1, 3, 2) if op.axis == "w" else y


LOWERING = Lowering(
    name="grouped_conv",
    family=CIRCULANT,
    build=build,
    mathematics="y = M x + s, place i of channel c being channel c N + i of a convolution with C groups",
    refusal=too_large,
)
