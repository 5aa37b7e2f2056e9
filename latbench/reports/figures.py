"""Figures as text: as many digits as their uncertainty warrants, and a dash for the unknown."""

import math
from collections.abc import Iterable

UNKNOWN = "–"


def number(value: float | None, digits: int = 3) -> str:
    """Return `value` to `digits` significant digits, without an exponent from 0.001 up to a million."""
    if value is None:
        return UNKNOWN
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    return _plain(value, digits) if 1e-3 <= abs(value) < 1e6 else f"{value:.{digits - 1}e}"


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return "value ± half", half being the way to the farther end of the interval, to two digits.

    Without an interval, the value alone to three digits.
    """
    if value is None or low is None or high is None:
        return number(value)
    half = max(high - value, value - low)
    if half <= 0 or not math.isfinite(half):
        return f"{number(value)} ± {half:g}"
    places = max(0, 1 - _magnitude(half))
    return f"{value:.{places}f} ± {half:.{places}f}"


def alike(values: Iterable[float], width: float) -> list[str]:
    """Return `values` to as many places as `width`, the width of their interval, has at two digits."""
    if width <= 0 or not math.isfinite(width):
        return [number(value, 4) for value in values]
    places = max(0, 1 - _magnitude(width))
    return [f"{value:.{places}f}" for value in values]


def short(value: str | None, length: int = 8) -> str:
    """Return the first characters of a hash."""
    return UNKNOWN if value is None else value[:length]


def text(value: object) -> str:
    """Return a value as text; unknown is a dash."""
    return UNKNOWN if value is None else str(value)


def _magnitude(value: float) -> int:
    """Return the power of ten of the first digit of `value` once it is rounded to two."""
    return int(f"{abs(value):.1e}".partition("e")[2])


def _plain(value: float, digits: int) -> str:
    exponent = int(f"{abs(value):.{digits - 1}e}".partition("e")[2])
    return f"{value:.{max(0, digits - 1 - exponent)}f}"
