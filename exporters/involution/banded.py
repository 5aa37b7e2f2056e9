"""One matrix for a group: what every pixel takes from every other, zeros where the window does not reach."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.involution.base import Involution, Lowering
from exporters.involution.kernels import ZERO

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder

LARGEST = 200
"""The most pixels of x: the matrix has their number times that of y."""


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return Gather (the matrices from the kernels) and MatMul."""
    batch, groups, members = op.grouped[:3]
    inputs = op.shape[2] * op.shape[3]
    order = np.column_stack((kernels.where, np.full(groups, ZERO)))
    weights = kernels.ordered(builder, order.ravel())
    weights = builder.reshape(weights, batch, groups, (op.taps + 1) * op.places)
    matrices = builder.node("Gather", weights, builder.integers(places(op).ravel()), axis=2)
    matrices = builder.reshape(matrices, batch, groups, inputs, op.places)
    signal = builder.reshape(x, batch, groups, members, inputs)
    return builder.reshape(builder.node("MatMul", signal, matrices), *op.out_shape)


def places(op: Involution) -> np.ndarray:
    """Return (H W, H' W'): where in (T + 1, H' W') a pixel of y finds its weight of a pixel of x.

    Place T, a kernel of zeros, stands where the window does not reach.
    """
    wide = op.kernel[1]
    here = np.arange(op.places)
    found = np.broadcast_to(op.taps * op.places + here, (op.shape[2] * op.shape[3], op.places)).copy()
    rows, columns = np.divmod(here, op.out[1])
    for tap in range(op.taps):
        row = op.stride[0] * rows + op.dilation[0] * (tap // wide) - op.pads[0]
        column = op.stride[1] * columns + op.dilation[1] * (tap % wide) - op.pads[1]
        inside = (row >= 0) & (row < op.shape[2]) & (column >= 0) & (column < op.shape[3])
        found[(row * op.shape[3] + column)[inside], here[inside]] = tap * op.places + here[inside]
    return found


def refusal(op: Involution) -> str | None:
    """Return why `op` cannot be written so."""
    inputs = op.shape[2] * op.shape[3]
    return None if inputs <= LARGEST else f"its matrices of {inputs} by {op.places} would be mostly zeros"


LOWERING = Lowering(
    name="banded",
    mathematics="y_g = x_g M_g with M_g[q, p] = w[g, t, p] where tap t of pixel p reads pixel q, else 0; "
    "each q is read by one tap of p at most, and what is read outside is zero: no window and no padding",
    build=build,
    refusal=refusal,
    work=lambda op: op.shape[0] * op.shape[1] * op.shape[2] * op.shape[3] * op.places,
)
