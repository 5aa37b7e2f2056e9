"""Runs of one flat buffer by Split, a pixel of a group after the other, whose channels share a weight."""

from typing import TYPE_CHECKING

from exporters.involution.base import Involution, Lowering
from exporters.involution.flat import MATHEMATICS, summed, view

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder

LARGEST = 90_000
"""The most values of a map that are multiplied at once: with their weights and sums they stay in a cache."""


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return Transpose and Pad, then T times Split, Mul and Add, and Slice and Transpose of the planes."""
    return summed(builder, x, kernels, op, view, LARGEST, members_last=True)


LOWERING = Lowering(
    name="flat_pixels",
    mathematics=MATHEMATICS + "; of each place the channels of a group stand together, weighted alike",
    build=build,
    takes_after=True,
)
