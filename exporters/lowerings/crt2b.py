"""As crt2, y put together by broadcasting: one sum of the two products, a sign and the shift, no Concat."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import FOURIER, Circular, Lowering
from exporters.lowerings.crt2 import products, refusal

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", op: Circular, _factor: int | None) -> "ir.Value":
    """Return y = t + (1, -1) d + s, t and d being the products of `crt2`, at two places of an axis of halves.

    A runtime that fuses element-wise operators writes y once: OpenVINO does; ONNX Runtime makes three passes.
    """
    batch, channels, height, width = op.shape
    half = op.length // 2
    one: tuple[int, ...] = (1, half, width) if op.axis == "h" else (height, 1, half)
    two: tuple[int, ...] = (2, half, 1) if op.axis == "h" else (1, 2, half)
    sign: tuple[int, ...] = (2, 1, 1) if op.axis == "h" else (2, 1)
    total, difference = (builder.reshape(each, batch, channels, *one) for each in products(builder, x, op))
    signs = builder.floats(np.array([1, -1]).reshape(sign))
    y = builder.node("Add", total, builder.node("Mul", difference, signs))
    if op.shift is not None:
        y = builder.node("Add", y, builder.floats(op.shift.reshape(1, channels, *two)))
    return builder.reshape(y, *op.shape)


LOWERING = Lowering(
    name="crt2b",
    family=FOURIER,
    build=build,
    mathematics="y = t + (1, -1) d + s: as crt2, the halves put together by broadcasting",
    refusal=refusal,
)
