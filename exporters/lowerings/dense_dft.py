"""Fast-ParC with real operators: the whole Fourier transform as matrix products, the spectra multiplied."""

from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import FOURIER, Circular, Lowering
from exporters.lowerings.dft import harmonics, shifted, spectrum

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder


def build(builder: "Builder", x: "ir.Value", op: Circular, _factor: int | None) -> "ir.Value":
    """Return irfft(rfft(x) conj(rfft(w))) + shift, N // 2 + 1 frequencies, real and imaginary parts apart.

    Fast-ParC (Yang et al., arXiv:2210.04020): depthwise the product is element by element, dense one over the
    channels at each frequency.
    """
    y = _dense(builder, x, op) if op.dense else _depthwise(builder, x, op)
    return shifted(builder, y, op)


def _depthwise(builder: "Builder", x: "ir.Value", op: Circular) -> "ir.Value":
    def times(value: "ir.Value", matrix: np.ndarray) -> "ir.Value":
        if op.axis == "h":
            return builder.node("MatMul", builder.floats(matrix), value)
        return builder.node("MatMul", value, builder.floats(matrix.T))

    def scaled(value: "ir.Value", factor: np.ndarray) -> "ir.Value":
        shape = (1, -1, factor.shape[1], 1) if op.axis == "h" else (1, -1, 1, factor.shape[1])
        return builder.node("Mul", value, builder.floats(factor.reshape(shape)))

    cosines, sines = harmonics(op.length)
    taps = spectrum(op.weight, op.length)[..., 0, 0]
    real, imaginary = times(x, cosines), times(x, sines)
    product = (
        builder.node("Sub", scaled(real, taps.real), scaled(imaginary, taps.imag)),
        builder.node("Add", scaled(real, taps.imag), scaled(imaginary, taps.real)),
    )
    return builder.node("Add", times(product[0], cosines.T), times(product[1], sines.T))


def _dense(builder: "Builder", x: "ir.Value", op: Circular) -> "ir.Value":
    """Return y: the length moved before the channels, so that each product takes large matrices."""
    batch, (inputs, outputs), length, other = op.shape[0], op.channels, op.length, op.other
    rows = np.stack(harmonics(length), axis=1).reshape(-1, length)
    taps = spectrum(op.weight, length)[..., 0, 0].transpose(2, 0, 1)
    matrices = np.block([[taps.real, -taps.imag], [taps.imag, taps.real]])
    count = len(taps)
    moved = builder.transpose(x, *((0, 2, 1, 3) if op.axis == "h" else (0, 3, 1, 2)))
    spectra = builder.node(
        "MatMul", builder.floats(rows), builder.reshape(moved, batch, length, inputs * other)
    )
    spectra = builder.reshape(spectra, batch, count, 2 * inputs, other)
    product = builder.node("MatMul", builder.floats(matrices), spectra)
    product = builder.reshape(product, batch, 2 * count, outputs * other)
    y = builder.node("MatMul", builder.floats(rows.T), product)
    y = builder.reshape(y, batch, length, outputs, other)
    return builder.transpose(y, *((0, 2, 1, 3) if op.axis == "h" else (0, 2, 3, 1)))


LOWERING = Lowering(
    name="dense_dft",
    family=FOURIER,
    build=build,
    mathematics="irfft(rfft(x) conj(rfft(w))), the transforms as products with cosines and with sines",
)
