"""Arithmetic, entry by entry, of complex tensors among themselves and with real ones and numbers."""

from typing import TYPE_CHECKING, Any

import numpy as np

from exporters.fourier.circular import transfer_of
from exporters.fourier.rules.base import Apply, Rule, paired, parts, promoted
from exporters.fourier.values import Complex, Context, Filtered, Known, Spectrum, pair

if TYPE_CHECKING:
    import torch


def product(a: Any, b: Any) -> Complex:
    """Return a b."""
    (ar, ai), (br, bi) = parts(a), parts(b)
    if ai is None and bi is None:  # a known real spectrum among them
        return paired(ar * br, (ar * br).new_zeros(()))
    if bi is None:
        return paired(ar * br, ai * br)
    if ai is None:
        return paired(ar * br, ar * bi)
    if isinstance(b, complex) and br == 0:
        return paired(-(ai * bi), ar * bi)
    return paired(ar * br - ai * bi, ar * bi + ai * br)


def quotient(a: Any, b: Any) -> Complex:
    """Return a / b."""
    br, bi = parts(b)
    if bi is None:
        ar, ai = parts(a)
        return paired(ar / br, ai / br)
    size = br * br + bi * bi
    return product(a, pair(br / size, -bi / size) if hasattr(br, "shape") else complex(br, -bi) / size)


def _multiply(_: Context, __: Apply, a: Any, b: Any) -> Complex:
    return (
        _filtered(a, b, lambda: product(a, b), inverted=False)
        or _filtered(b, a, lambda: product(a, b), inverted=False)
        or product(a, b)
    )


def _divide(_: Context, __: Apply, a: Any, b: Any) -> Complex:
    return _filtered(a, b, lambda: quotient(a, b), inverted=True) or quotient(a, b)


def _filtered(a: Any, b: Any, literal: Any, *, inverted: bool) -> Complex | None:
    """Return a times (or over) b where a is the spectrum of a real signal and b is known; else None."""
    if not isinstance(a, Spectrum | Filtered) or not isinstance(b, Known | int | float | complex):
        return None
    spectrum = a.spectrum if isinstance(a, Filtered) else a
    factor = transfer_of(spectrum, np.asarray(b.value if isinstance(b, Known) else b))
    if factor is None:
        return None
    before = a.transfer if isinstance(a, Filtered) else np.ones(())
    return Filtered(spectrum, before / factor if inverted else before * factor, lambda: literal().parts)


def total(a: Any, b: Any, factor: float = 1) -> Complex:
    """Return a + factor b."""
    (ar, ai), (br, bi) = parts(a), parts(b)
    if ai is None and bi is None:
        return pair(*promoted(_sum(ar, br, factor)))
    if ai is None or bi is None:
        return paired(_sum(ar, br, factor), ai if bi is None else _sum(0.0, bi, factor))
    return paired(_sum(ar, br, factor), _sum(ai, bi, factor))


def _sum(a: Any, b: Any, factor: float) -> Any:
    if isinstance(a, float) and a == 0:
        return b if factor == 1 else -b if factor == -1 else factor * b
    return a + b if factor == 1 else a - b if factor == -1 else a + factor * b


def _add(_: Context, __: Apply, a: Any, b: Any, alpha: float = 1) -> Complex:
    return total(a, b, alpha)


def _subtract(_: Context, __: Apply, a: Any, b: Any, alpha: float = 1) -> Complex:
    return total(a, b, -alpha)


def _subtract_from(_: Context, __: Apply, a: Any, b: Any, alpha: float = 1) -> Complex:
    return total(b, a, -alpha)


def _absolute(_: Context, __: Apply, z: Complex) -> "torch.Tensor":
    return absolute(z)


def absolute(z: Complex) -> "torch.Tensor":
    """Return |z|."""
    re, im = z.parts
    return (re * re + im * im).sqrt()


def _norm(_: Context, operator: Apply, z: Complex, *args: Any, **kwargs: Any) -> Any:
    return operator(absolute(z), *args, **{name: value for name, value in kwargs.items() if name != "dtype"})


def _variance(_: Context, operator: Apply, z: Complex, *args: Any, **kwargs: Any) -> "torch.Tensor":
    return operator(z.real, *args, **kwargs) + operator(z.imag, *args, **kwargs)


def _power(_: Context, __: Apply, z: Complex, exponent: float) -> Complex:
    if isinstance(exponent, int | float) and exponent == int(exponent) and 1 <= abs(exponent) <= 4:
        power = z
        for _times in range(abs(int(exponent)) - 1):
            power = product(power, z)
        return power if exponent > 0 else quotient(1.0, power)
    size, angle = absolute(z) ** exponent, z.imag.atan2(z.real) * exponent
    return pair(size * angle.cos(), size * angle.sin())


def _exponential(_: Context, __: Apply, z: Complex) -> Complex:
    size = z.real.exp()
    return pair(size * z.imag.cos(), size * z.imag.sin())


def _sign(_: Context, __: Apply, z: Complex) -> Complex:
    size = absolute(z)
    safe = size.where(size > 0, size.new_ones(()))
    return pair(z.real / safe, z.imag / safe)


RULES = (
    Rule("aten.mul", _multiply, keeps=True),
    Rule("aten.div", _divide, keeps=True),
    Rule("aten.add", _add),
    Rule("aten.sub", _subtract),
    Rule("aten.rsub", _subtract_from),
    Rule("aten.abs", _absolute),
    Rule("aten.linalg_vector_norm", _norm),
    Rule("aten.var", _variance),
    Rule("aten.pow", _power),
    Rule("aten.exp", _exponential),
    Rule("aten.sgn", _sign),
    Rule("aten.angle", lambda _, __, z: z.imag.atan2(z.real)),
    Rule("aten.reciprocal", lambda _, __, z: quotient(1.0, z)),
    *(
        Rule(f"aten.{name}", lambda _, __, z: z.conjugate)
        for name in ("_conj", "_conj_physical", "conj_physical")
    ),
    Rule("aten.resolve_conj", lambda _, __, z: z),
)
