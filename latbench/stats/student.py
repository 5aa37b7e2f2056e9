"""Student's t distribution for whole degrees of freedom, without scipy."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

_EXACT_UP_TO = 200
"""Degrees of freedom from which the expansion around the normal distribution is good to ten digits."""


def t_tail(t: float, df: int) -> float:
    """Return P(|T| > |t|) for `df` >= 1 degrees of freedom; absolute error below 1e-12.

    Source: Abramowitz & Stegun 1964, equations 26.7.3 and 26.7.4.
    """
    if df < 1:
        raise ValueError(f"degrees of freedom must be at least 1, not {df}")
    return 1.0 - _central(math.atan(abs(t) / math.sqrt(df)), df)


@lru_cache(maxsize=1024)
def t_quantile(probability: float, df: int) -> float:
    """Return t with P(T <= t) = `probability`, for 0 < probability < 1 and `df` >= 1 degrees of freedom.

    Source: bisection of Abramowitz & Stegun 26.7.3 and 26.7.4; their expansion 26.7.5 beyond 200 degrees.
    """
    if not 0 < probability < 1 or df < 1:
        raise ValueError(f"no t quantile for probability {probability} and {df} degrees of freedom")
    if probability < 0.5:
        return -t_quantile(1 - probability, df)
    if df > _EXACT_UP_TO:
        return _expansion(NormalDist().inv_cdf(probability), df)
    low, high, wanted = 0.0, math.pi / 2, 2 * probability - 1
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _central(middle, df) < wanted else (low, middle)
    return math.sqrt(df) * math.tan(low)


def _central(theta: float, df: int) -> float:
    """Return P(|T| < sqrt(df) tan(theta)) as the finite sum that whole degrees of freedom allow."""
    sine, square = math.sin(theta), math.cos(theta) ** 2
    if df % 2:
        steps = np.arange(2, df - 1, 2)
        terms = np.cumprod(steps / (steps + 1) * square)
        inner = sine * math.cos(theta) * (1 + float(terms.sum())) if df > 1 else 0.0
        return 2 / math.pi * (theta + inner)
    steps = np.arange(1, df - 2, 2)
    return sine * (1 + float(np.cumprod(steps / (steps + 1) * square).sum()))


def _expansion(z: float, df: int) -> float:
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / df**power for power, term in enumerate(terms, start=1))
