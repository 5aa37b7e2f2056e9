"""The literal FFT: what an unhelped export of irfft(rfft(x) conj(rfft(w))) gives, with ONNX's DFT."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import AXES, LITERAL, Circular, Lowering
from exporters.lowerings.dft import shifted

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder

AXIS_IS_INPUT = 20
"""The opset from which DFT takes its axis as an input; before, it is an attribute."""


def build(builder: "Builder", x: "ir.Value", op: Circular, _factor: int | None) -> "ir.Value":
    """Return y: DFT, product with the conjugate spectrum of the taps by real operators, inverse DFT.

    Depthwise the nodes are those of the dynamo exporter of PyTorch 2.13 (opset 18 and 20), the spectrum a
    constant. Dense there is a matrix product over the channels at each frequency.
    """
    if op.dense:
        return _dense(builder, x, op)
    last = builder.integers([-1])
    spectrum = np.conj(np.fft.rfft(np.asarray(op.weight, np.float64), axis=-1))
    along = (1, op.channels[0], *((-1, 1) if op.axis == "h" else (1, -1)), 1)
    wide = _dft(builder, builder.node("Unsqueeze", x, last), op, inverse=0)
    real, imaginary = (_part(builder, wide, at, last) for at in (0, 1))
    by_real, by_imaginary = (builder.floats(part.reshape(along)) for part in (spectrum.real, spectrum.imag))
    product = builder.node(
        "Concat",
        builder.node("Sub", builder.node("Mul", real, by_real), builder.node("Mul", imaginary, by_imaginary)),
        builder.node("Add", builder.node("Mul", real, by_imaginary), builder.node("Mul", imaginary, by_real)),
        axis=-1,
    )
    y = _part(builder, _dft(builder, product, op, inverse=1), 0, last)
    return shifted(builder, builder.node("Squeeze", y, last), op)


def _dense(builder: "Builder", x: "ir.Value", op: Circular) -> "ir.Value":
    last = builder.integers([-1])
    there, back = ((0, 2, 1, 3), (0, 2, 1, 3)) if op.axis == "h" else ((0, 3, 1, 2), (0, 2, 3, 1))
    spectrum = np.conj(np.fft.rfft(np.asarray(op.weight, np.float64), axis=-1)).transpose(2, 0, 1)
    taps = builder.floats(spectrum.real), builder.floats(spectrum.imag)
    wide = _dft(builder, builder.node("Unsqueeze", x, last), op, inverse=0)
    parts = [builder.node("Squeeze", _part(builder, wide, at, last), last) for at in (0, 1)]
    real, imaginary = (builder.transpose(part, *there) for part in parts)

    def times(at: int, value: "ir.Value") -> "ir.Value":
        return builder.node("MatMul", taps[at], value)

    products = (
        builder.node("Sub", times(0, real), times(1, imaginary)),
        builder.node("Add", times(1, real), times(0, imaginary)),
    )
    halves = [builder.node("Unsqueeze", builder.transpose(part, *back), last) for part in products]
    y = _part(builder, _dft(builder, builder.node("Concat", *halves, axis=-1), op, inverse=1), 0, last)
    return shifted(builder, builder.node("Squeeze", y, last), op)


def _dft(builder: "Builder", value: "ir.Value", op: Circular, inverse: int) -> "ir.Value":
    """Return the half spectrum of real numbers, or with `inverse` the real numbers of a half spectrum."""
    length, axis = builder.integers(np.asarray(op.length)), AXES[op.axis]
    if builder.opset < AXIS_IS_INPUT:
        return builder.node("DFT", value, length, axis=axis, inverse=inverse, onesided=1)
    return builder.node("DFT", value, length, builder.integers(np.asarray(axis)), inverse=inverse, onesided=1)


def _part(builder: "Builder", value: "ir.Value", at: int, last: "ir.Value") -> "ir.Value":
    """Return the real (0) or the imaginary (1) part, the last axis kept."""
    return builder.node("Slice", value, builder.integers([at]), builder.integers([at + 1]), last)


LOWERING = Lowering(
    name="dft_op",
    family=LITERAL,
    build=build,
    mathematics="irfft(rfft(x) conj(rfft(w))) by ONNX's DFT operator, as an unhelped export has it",
    exact=False,
)
