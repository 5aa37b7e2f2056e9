"""Discrete Fourier transforms as real matrices: one product, or two for a long composite length."""

import math
from dataclasses import dataclass

import numpy as np

LONGEST_DENSE = 256
"""The longest length that is one product: up to here its matrix takes a megabyte at most. Above it, a
composite length N1 N2 is two products (Cooley and Tukey, Math. Comp. 19, 1965), a prime one still one."""


@dataclass(frozen=True)
class Transform:
    """X[k] = scale x sum over n < `inputs` of a(n) x[n] exp(-/+ 2 pi i k n / length), for k < `outputs`.

    The sign is + where `inverse`. `real_in` says that x has no imaginary part, `real_out` that only the real
    part of X is wanted. `hermitian` says that x is the first half of a spectrum whose other half is its
    mirror: a(n) is 1 at n = 0 and n = length/2, else 2; and 1 everywhere where not `hermitian`.
    """

    length: int
    inputs: int
    outputs: int
    scale: float = 1.0
    inverse: bool = False
    real_in: bool = False
    real_out: bool = False
    hermitian: bool = False

    @property
    def name(self) -> str:
        """A name for the constants: transforms of the same name have the same."""
        kind = "r2c" if self.real_in else "c2r" if self.real_out else "c2c"
        way = "_inverse" if self.inverse else ""
        scale = "" if self.scale == 1 else f"_over_{1 / self.scale:.12g}".replace(".", "_")
        return f"dft_{kind}{way}_{self.length}_{self.inputs}_{self.outputs}{scale}"


def forward(length: int, *, real_in: bool, half: bool, scale: float) -> Transform:
    """Return the transform of a signal; `half` keeps the frequencies up to length/2."""
    return Transform(length, length, length // 2 + 1 if half else length, scale, real_in=real_in)


def backward(length: int, *, scale: float) -> Transform:
    """Return the transform from a whole complex spectrum to a complex signal."""
    return Transform(length, length, length, scale, inverse=True)


def to_real(length: int, *, scale: float) -> Transform:
    """Return the transform from half a spectrum to a real signal; see `Transform.hermitian`."""
    return Transform(length, length // 2 + 1, length, scale, inverse=True, real_out=True, hermitian=True)


def factors(transform: Transform) -> tuple[int, int] | None:
    """Return (N1, N2) of the two products that cost least, None where one product is to be used."""
    length = transform.length
    if length <= LONGEST_DENSE:
        return None
    divisors = [n for n in range(2, length) if length % n == 0]
    best = min(divisors, key=lambda n: (n + length // n, n), default=None)
    return None if best is None else (best, length // best)


def weights(transform: Transform) -> np.ndarray:
    """Return a(n), (inputs,)."""
    a = np.ones(transform.inputs)
    if transform.hermitian:
        a[1 : (transform.length + 1) // 2] = 2
    return a


def dense(transform: Transform) -> np.ndarray:
    """Return the matrix from [re, im] of the inputs to [re, im] of the outputs, in float64.

    Its rows are all real parts, then all imaginary ones; the columns too; a part that is absent is left out.
    """
    t = transform
    c, s = _circle(t.length, np.outer(np.arange(t.outputs), np.arange(t.inputs)), t.inverse)
    return _real_form(t.scale * weights(t) * c, t.scale * weights(t) * s, t.real_in, t.real_out)


def stages(transform: Transform, n1: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices of the two products for N = N1 N2, in float64; the weights a(n) are not in them.

    With n = N2 i + j and k = p + N1 q, the first, (2 N1, [re, im] of i), is the transform over i, its rows
    ordered p by p as (re, im); the second, (N1, [re, im] of q, [re, im] of j), holds for each p the transform
    over j with the twiddle factors exp(-/+ 2 pi i j p / N) in it. i and q go as far as the inputs and the
    outputs need.
    """
    t, n2 = transform, transform.length // n1
    rows, columns = math.ceil(t.inputs / n2), math.ceil(t.outputs / n1)
    c, s = _circle(n1, np.outer(np.arange(n1), np.arange(rows)), t.inverse)
    first = _real_form(c, s, t.real_in, False).reshape(2, n1, -1).swapaxes(0, 1).reshape(2 * n1, -1)
    k = np.arange(n1)[:, None] + n1 * np.arange(columns)[None, :]
    c, s = _circle(t.length, k[:, :, None] * np.arange(n2), t.inverse)
    return first, _real_form(t.scale * c, t.scale * s, False, t.real_out)


def _circle(length: int, turns: np.ndarray, inverse: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return cos and sin of -/+ 2 pi turns / length, reduced to one turn; exact zeros are zeros."""
    angle = 2 * np.pi * np.arange(length) / length
    cosine, sine = np.cos(angle), np.sin(angle) if inverse else -np.sin(angle)
    cosine[np.abs(cosine) < 1e-15] = 0
    sine[np.abs(sine) < 1e-15] = 0
    return cosine[turns % length], sine[turns % length]


def _real_form(c: np.ndarray, s: np.ndarray, real_in: bool, real_out: bool) -> np.ndarray:
    """Return c + i s, (..., K, N), as a real matrix from (re, im) to (re, im), absent parts left out."""
    real = c if real_in else np.concatenate([c, -s], axis=-1)
    if real_out:
        return real
    return np.concatenate([real, s if real_in else np.concatenate([s, c], axis=-1)], axis=-2)
