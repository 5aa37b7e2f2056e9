"""Parity: how far one set of outputs lies from another (numeric agreement, not accuracy)."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Parity:
    """Agreement of outputs with a reference, the worst over all outputs.

    `max_abs` is max|a-b|; `max_rel` is max|a-b| / max|b| per output; `cosine` is the cosine similarity of the
    flattened outputs. Where `unlike` finds something, `max_abs = max_rel = inf` and `cosine = 0`.
    Where b is all zeros there is nothing to relate to: `max_rel = max_abs`, `cosine = 1`.
    """

    max_abs: float
    max_rel: float
    cosine: float

    def to_json(self) -> dict[str, float]:
        """Return the three figures by name."""
        return asdict(self)


@dataclass(frozen=True)
class ParityLimits:
    """What counts as the same outputs: `max_rel` at most, `cosine` at least."""

    max_rel: float = 1e-4
    cosine: float = 0.99999

    def passes(self, parity: Parity) -> bool:
        """Tell whether `parity` lies within the limits (NaN never does)."""
        return parity.max_rel <= self.max_rel and parity.cosine >= self.cosine


ROUNDINGS = 16
"""At least so many roundings are allowed for: one operator of the program can be several nodes."""

MOST_REL = 0.05
"""No limit is wider, however many values are rounded: beyond it, agreement would prove too little."""


def limits_of(epsilon: float | None, roundings: int) -> ParityLimits:
    """Return the limits for a program that rounds `roundings` values to a type with the spacing `epsilon`.

    `epsilon` is the distance from 1 to the next number, None where nothing is coarser than float32; then the
    limits are the usual ones. A rounding is off by epsilon / 2 at most, and both sides round, in places of
    their own; independent errors of n roundings add up as sqrt(n) (N. J. Higham and T. Mary, "A new approach
    to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41, 2019). So `max_rel` is
    epsilon * sqrt(n). Outputs that are off by a share r of their size have a cosine of about 1 - r^2 / 2; the
    limit leaves twice that.
    """
    usual = ParityLimits()
    if epsilon is None:
        return usual
    rel = max(usual.max_rel, min(MOST_REL, epsilon * max(ROUNDINGS, roundings) ** 0.5))
    return ParityLimits(rel, min(usual.cosine, 1 - rel**2))


FAILED = Parity(float("inf"), float("inf"), 0.0)


def compare(actual: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> Parity:
    """Return the worst agreement over the outputs of `expected`, matched by name.

    Raises KeyError when an expected output is missing.
    """
    worst = Parity(0.0, 0.0, 1.0)
    for name, reference in expected.items():
        one = _compare_one(np.asarray(actual[name]), np.asarray(reference))
        worst = Parity(
            max(worst.max_abs, one.max_abs), max(worst.max_rel, one.max_rel), min(worst.cosine, one.cosine)
        )
    return worst


def unlike(actual: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> str | None:
    """Return what makes the first such output of `expected` incomparable, in words that name it; or None.

    That is another shape, numbers of another kind, or a value that is not finite on either side.
    """
    for name, reference in expected.items():
        fault = _fault(np.asarray(actual[name]), np.asarray(reference))
        if fault is not None:
            return f"output {name!r} {fault}"
    return None


def _fault(actual: np.ndarray, expected: np.ndarray) -> str | None:
    other = _mismatch(actual, expected)
    if other is not None:
        return other
    for whose, array in (("", actual), (" in the reference", expected)):
        parts = [array] if array.dtype.kind == "c" else _parts(array)
        count = array.size - sum(int(np.isfinite(part).sum()) for part in parts)
        if count:
            return f"holds {count} of {array.size} values that are not finite{whose}"
    return None


def _mismatch(actual: np.ndarray, expected: np.ndarray) -> str | None:
    if actual.shape != expected.shape:
        return f"has the shape {_shape(actual)}, not {_shape(expected)}"
    if _KINDS.get(actual.dtype.kind, "float") != _KINDS.get(expected.dtype.kind, "float"):
        return f"holds {actual.dtype}, not {expected.dtype}"
    return None


_KINDS = {"b": "whole", "i": "whole", "u": "whole", "c": "complex", "S": "text", "U": "text", "O": "object"}
"""What numpy's kinds are to us; those not named, small floats of other packages among them, are floats."""


def _shape(array: np.ndarray) -> str:
    return "x".join(map(str, array.shape)) or "()"


BLOCK = 1 << 14
"""How many values are compared at a time: their float64 copies stay in a cache."""

TINY, HUGE = 1e-140, 1e140
"""Between these the squares of a whole array neither vanish nor overflow."""


def _parts(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the values of `array` in order, `BLOCK` at a time, as float64; a complex one as its two parts."""
    flat = array.ravel()
    flat = flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat
    for start in range(0, flat.size, BLOCK):
        yield flat[start : start + BLOCK].astype(np.float64)


def _compare_one(actual: np.ndarray, expected: np.ndarray) -> Parity:
    if _mismatch(actual, expected) is not None:
        return FAILED
    if actual.size == 0:
        return Parity(0.0, 0.0, 1.0)
    extremes, products = np.zeros(3), np.zeros(3)
    with np.errstate(invalid="ignore", over="ignore"):
        for a, b in zip(_parts(actual), _parts(expected), strict=True):
            extremes = np.maximum(extremes, [_largest(a), _largest(b), _largest(a - b)])  # keeps NaN
            products += a @ b, a @ a, b @ b
    if not np.isfinite(extremes[:2]).all():
        return FAILED
    largest, scale, max_abs = map(float, extremes)
    if scale == 0:
        return Parity(max_abs, max_abs, 1.0)
    if largest == 0:
        return Parity(max_abs, max_abs / scale, 0.0)
    if not all(TINY < each < HUGE for each in (largest, scale)):
        products = np.zeros(3)
        for a, b in zip(_parts(actual), _parts(expected), strict=True):
            one, other = a / largest, b / scale
            products += one @ other, one @ one, other @ other
    return Parity(max_abs, max_abs / scale, float(products[0] / np.sqrt(products[1] * products[2])))


def _largest(values: np.ndarray) -> float:
    return max(values.max(), -values.min())
