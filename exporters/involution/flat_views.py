"""Runs of one flat buffer by Split along its only axis, which OpenVINO hands out without a copy."""

from typing import TYPE_CHECKING

from exporters.involution.base import Involution, Lowering
from exporters.involution.flat import MATHEMATICS, summed, view

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder

LARGEST = 120_000
"""The most values of a map that are multiplied at once: with their weights and sums they stay in a cache."""


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return Pad, then T times Split, Mul and Add, and a Slice of the planes."""
    return summed(builder, x, kernels, op, view, LARGEST)


LOWERING = Lowering(
    name="flat_views",
    mathematics=MATHEMATICS,
    build=build,
    takes_after=True,
)
