"""As crtk, the transform a convolution: its taps reach over the length where crtk has to move it."""

from typing import TYPE_CHECKING

from exporters.lowerings.base import FOURIER, Circular, Lowering
from exporters.lowerings.crtk import build as gauss
from exporters.lowerings.crtk import factors as gauss_factors
from exporters.lowerings.crtk import finish, refusal
from exporters.lowerings.dft import gauss_rows

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", op: Circular, factor: int | None) -> "ir.Value":
    """Return y as crtk does, its first Transpose and product one convolution from 1 to J channels.

    Depthwise along H nothing is moved: there it is crtk itself.
    Along W, N1 taps N2 apart over each image of a channel (or of all channels, one under the other, dense):
    (J, H, N2) comes out. Dense along H, N1 taps next to one another, and N1 further each time. An axis of
    one place makes it a convolution of volumes, which ONNX Runtime leaves in the plain layout.
    """
    assert factor is not None
    if not moved(op):
        return gauss(builder, x, op, factor)
    batch, channels, height, width = op.shape
    inner = op.length // factor
    there, back = gauss_rows(factor)
    if op.axis == "h":
        image, place = (batch, 1, 1, channels * factor, inner * width), {"strides": [1, factor, 1]}
        taps = [1, factor, 1]
    else:
        image = (
            (batch, 1, 1, channels * height, width) if op.dense else (batch * channels, 1, 1, height, width)
        )
        place, taps = {"dilations": [1, 1, inner]}, [1, 1, factor]
    weight = builder.floats(there.reshape(-1, 1, *taps))
    rows = builder.node("Conv", builder.reshape(x, *image), weight, kernel_shape=taps, **place)
    if op.dense and op.axis == "w" and inner > 1:
        split = builder.reshape(rows, batch, there.shape[0], channels, height, inner)
        rows = builder.transpose(split, 0, 1, 2, 4, 3)
    return finish(builder, rows, back, op, factor)


def moved(op: Circular) -> bool:
    """Return whether crtk moves x before its transform."""
    return op.dense or op.axis == "w"


def factors(op: Circular) -> tuple[int, ...]:
    """Return those of crtk, none where this is the same."""
    return gauss_factors(op) if moved(op) else ()


LOWERING = Lowering(
    name="crtkd",
    family=FOURIER,
    build=build,
    mathematics="y = B S A x: as crtk, A a convolution with N1 strided or dilated taps and J output channels",
    refusal=refusal,
    factors=factors,
    takes_factor=True,
)
