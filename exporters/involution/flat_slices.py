"""Runs of one flat buffer by Slice: each tap copies one run of memory, whatever the window."""

from typing import TYPE_CHECKING

from exporters.involution.base import Involution, Lowering
from exporters.involution.flat import MATHEMATICS, summed

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.involution.kernels import Kernels
    from exporters.lowerings.builder import Builder

LARGEST = 80_000
"""The most values of a map that are multiplied at once: with their products and sums they stay in a cache."""


def build(builder: "Builder", x: "ir.Value", kernels: "Kernels", op: Involution) -> "ir.Value":
    """Return Pad, then T times Slice, Mul and Add, and a Slice of the planes."""
    return summed(builder, x, kernels, op, _run, LARGEST)


def _run(builder: "Builder", flat: "ir.Value", start: int, count: int, length: int) -> "ir.Value":
    bounds = (builder.integers([place]) for place in (start, start + count, 0))
    return flat if count == length else builder.node("Slice", flat, *bounds)


LOWERING = Lowering(
    name="flat_slices",
    mathematics=MATHEMATICS,
    build=build,
)
