"""Real matrices that do what a discrete Fourier transform over a factor of the length does; all float64.

An index of the length N = N1 N2 is i = i1 N2 + i2. In blocks of N2 the correlation reads y_i1 = sum over d
of T_d x_(i1+d), cyclic in i1, with T_d[a, b] = w[(d N2 + b - a) mod N]; so the N1-point transform over i1
leaves one product a residue, Y_r = S_r X_r with S_r = sum over d of T_d exp(2 pi i r d / N1): the Chinese
remainder theorem for z^N - 1 = product over r of (z^N2 - exp(2 pi i r / N1)) (Nussbaumer, Fast Fourier
Transform and Convolution Algorithms, 1981). Since x is real, residue N1 - r is the conjugate of r, and 0 and
N1/2 are real.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from exporters.lowerings.base import Circular
from exporters.lowerings.spatial import shift_of

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder


def blocks(weight: np.ndarray, factor: int) -> np.ndarray:
    """Return T of weight (..., N): (..., N1, N2, N2) for N1 = `factor`."""
    length = weight.shape[-1]
    inner = length // factor
    place = np.arange(inner)
    taps = np.arange(factor)[:, None, None] * inner + place[None, None, :] - place[None, :, None]
    return np.asarray(weight, np.float64)[..., taps % length]


def spectrum(weight: np.ndarray, factor: int) -> np.ndarray:
    """Return S_r of weight (..., N) for r = 0 to N1 // 2, complex: (..., N1 // 2 + 1, N2, N2)."""
    return np.conj(np.fft.rfft(blocks(weight, factor), axis=-3))


def harmonics(factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the real and the imaginary rows of the transform of real numbers, (N1 // 2 + 1, N1) each.

    All rows that are not zero, together, are an orthogonal matrix: its transpose is the inverse. Zero are the
    imaginary rows of the real residues.
    """
    residue = np.arange(factor // 2 + 1)
    angle = 2 * np.pi * (residue[:, None] * np.arange(factor) % factor) / factor
    real = (residue == 0) | (2 * residue == factor)
    scale = np.sqrt(np.where(real, 1, 2) / factor)[:, None]
    return scale * np.cos(angle), np.where(real[:, None], 0, -scale * np.sin(angle))


def divisors(length: int) -> list[int]:
    """Return the divisors of `length` other than 1, in order."""
    return [number for number in range(2, length + 1) if length % number == 0]


def indivisible(op: Circular, factor: int | None) -> str | None:
    """Return why `factor` is no N1 for `op`, None when it is."""
    if factor is None:
        return "it needs a factor of the length, as in NAME_8"
    if factor < 2 or op.length % factor:
        return f"{op.length} has no factor {factor}"
    return None


def shifted(builder: "Builder", value: "ir.Value", op: Circular) -> "ir.Value":
    """Return `value`, (B, O, H, W), with the shift of `op` added where it has one."""
    return value if op.shift is None else builder.node("Add", value, shift_of(builder, op))


def pair_rows(factor: int) -> np.ndarray:
    """Return the orthogonal (N1, N1) matrix of the transform for even N1, two rows a pair of residues.

    Pair 0 is residues 0 and N1/2, both real; pair r is the real and the imaginary part of residue r.
    """
    real, imaginary = harmonics(factor)
    half = factor // 2
    first = np.stack([real[:half], imaginary[:half]], axis=1)
    first[0, 1] = real[half]
    return first.reshape(factor, factor)


def pair_products(weight: np.ndarray, factor: int) -> np.ndarray:
    """Return the matrices between `pair_rows` and its transpose: (..., N1 / 2, 2 N2, 2 N2) of (..., N)."""
    residues = spectrum(weight, factor)
    half, inner = factor // 2, residues.shape[-1]
    real, imaginary = residues[..., :half, :, :].real, residues[..., :half, :, :].imag
    matrices = np.empty((*residues.shape[:-3], half, 2 * inner, 2 * inner))
    matrices[..., :inner, :inner], matrices[..., :inner, inner:] = real, -imaginary
    matrices[..., inner:, :inner], matrices[..., inner:, inner:] = imaginary, real
    matrices[..., 0, :inner, inner:] = matrices[..., 0, inner:, :inner] = 0
    matrices[..., 0, inner:, inner:] = residues[..., half, :, :].real
    return matrices


def gauss_rows(factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the transform (J, N1) and its inverse (N1, J) for products by `gauss_products`.

    A real residue has one row, a complex one three: with S = c + id and X = a + ib, k1 = c (a + b),
    k2 = (d - c) a and k3 = (c + d) b give S X = (k1 - k3) + i (k1 + k2), Gauss's three products.
    J = 3 N1 / 2 - 1, and (3 N1 - 1) / 2 for odd N1.
    """
    there: list[np.ndarray] = []
    back: list[np.ndarray] = []
    for real, imaginary in zip(*harmonics(factor), strict=True):
        single = not imaginary.any()
        there += [real] if single else [real + imaginary, real, imaginary]
        back += [real] if single else [real + imaginary, imaginary, -real]
    return np.stack(there), np.stack(back, axis=1)


def gauss_products(weight: np.ndarray, factor: int) -> np.ndarray:
    """Return the matrices between the two of `gauss_rows`: (..., J, N2, N2) of (..., N)."""
    residues = spectrum(weight, factor)
    parts: list[np.ndarray] = []
    for at in range(residues.shape[-3]):
        real, imaginary = residues[..., at, :, :].real, residues[..., at, :, :].imag
        single = at == 0 or 2 * at == factor
        parts += [real] if single else [real, imaginary - real, real + imaginary]
    return np.stack(parts, axis=-3)


def best(candidates: list[int], cost: Callable[[int], float], most: int = 4) -> tuple[int, ...]:
    """Return at most `most` of the candidates, the cheapest first."""
    return tuple(sorted(candidates, key=lambda factor: (cost(factor), factor))[:most])
