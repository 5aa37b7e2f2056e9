"""Parity: how far one set of outputs lies from another (numeric agreement, not accuracy)."""

from collections.abc import Mapping
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
    if actual.shape != expected.shape:
        return f"has the shape {_shape(actual)}, not {_shape(expected)}"
    if _KINDS.get(actual.dtype.kind, "float") != _KINDS.get(expected.dtype.kind, "float"):
        return f"holds {actual.dtype}, not {expected.dtype}"
    for whose, array in (("", actual), (" in the reference", expected)):
        numbers = array if array.dtype.kind == "c" else array.astype(np.float64)
        count = int(array.size - np.isfinite(numbers).sum())
        if count:
            return f"holds {count} of {array.size} values that are not finite{whose}"
    return None


_KINDS = {"b": "whole", "i": "whole", "u": "whole", "c": "complex", "S": "text", "U": "text", "O": "object"}
"""What numpy's kinds are to us; those not named, small floats of other packages among them, are floats."""


def _shape(array: np.ndarray) -> str:
    return "x".join(map(str, array.shape)) or "()"


def _compare_one(actual: np.ndarray, expected: np.ndarray) -> Parity:
    if _fault(actual, expected) is not None:
        return FAILED
    a, b = actual.astype(np.float64).ravel(), expected.astype(np.float64).ravel()
    if a.size == 0:
        return Parity(0.0, 0.0, 1.0)
    max_abs = float(np.abs(a - b).max())
    scale = float(np.abs(b).max())
    if scale == 0:
        return Parity(max_abs, max_abs, 1.0)
    return Parity(max_abs, max_abs / scale, _cosine(a, b))


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of the angle between `a` and `b`, which is not 0; 0 when `a` is."""
    largest = float(np.abs(a).max())
    if largest == 0:
        return 0.0
    a, b = a / largest, b / np.abs(b).max()  # squares neither overflow nor vanish
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
