"""Percentiles of the pooled samples: observed values, with intervals by rank, printed only under licence."""

import math

import numpy as np
from numpy.typing import NDArray

from latbench.stats.base import NS_PER_MS, Launches, Statistic
from latbench.stats.dependence import effective_sample_size
from latbench.stats.licence import licensed


def quantile(samples: NDArray[np.int64], p: float) -> float:
    """Return the smallest sample that at least a share `p` (0 < p <= 1) of the samples does not exceed."""
    if not 0 < p <= 1:
        raise ValueError(f"p must lie above 0 and not above 1, not {p}")
    rank = max(math.ceil(p * len(samples) - 1e-9), 1)
    return float(np.partition(samples, rank - 1)[rank - 1])


def quantile_interval(
    samples: NDArray[np.int64], p: float, confidence: float = 0.95, effective: float | None = None
) -> tuple[float | None, float | None]:
    """Return the samples between which the true `p` quantile (0 < p < 1) lies; None where none bounds it.

    The number of samples below the true quantile is binomial, whatever the distribution; each end leaves out
    at most half of 1 - confidence. `effective`, the effective number of samples, widens the ranks when
    samples depend on one another. Source: David & Nagaraja 2003, section 7.1.
    """
    if not 0 < p < 1:
        raise ValueError(f"p must lie between 0 and 1, not {p}")
    count = len(samples)
    trials = count if effective is None else max(1, min(count, int(effective)))
    # Ranks are whole: of a handful of trials they may lie nearer than those of all samples.
    ranks = [_ranks(one, count, p, (1 - confidence) / 2) for one in {trials, count}]
    low, high = min(one[0] for one in ranks), max(one[1] for one in ranks)
    ordered = np.sort(samples)
    return (
        float(ordered[low - 1]) if low >= 1 else None,
        float(ordered[high - 1]) if high <= count else None,
    )


def _ranks(trials: int, count: int, p: float, tail: float) -> tuple[int, int]:
    """Return the ranks of both ends among `count`, from those among `trials`; outside where none bounds."""
    below = _binomial_cdf(trials, p)
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1 - tail, side="left")) + 1
    return low * count // trials, -(-high * count // trials) if high <= trials else count + 1


def _binomial_cdf(trials: int, p: float) -> NDArray[np.float64]:
    """Return P(Binomial(trials, p) <= k) for k = 0 .. trials."""
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, trials + 1)))])
    hits = np.arange(trials + 1)
    ways = factorials[-1] - factorials - factorials[::-1]
    return np.cumsum(np.exp(ways + hits * math.log(p) + (trials - hits) * math.log1p(-p)))


def _percentile(p: float, suffix: str, order: int) -> Statistic:
    def compute(launches: Launches) -> float | None:
        if not licensed(p, effective_sample_size(launches)):
            return None
        return quantile(np.concatenate(launches), p) / NS_PER_MS

    return Statistic(
        f"latency_{suffix}_ms",
        "ms",
        "lower",
        order,
        f"{100 * p:g}th percentile of all samples; empty when effective_samples are too few to license it.",
        "MLPerf inference rules, early stopping at 99 % confidence",
        compute,
    )


STATISTIC = (
    _percentile(0.90, "p90", 30),
    _percentile(0.95, "p95", 31),
    _percentile(0.99, "p99", 32),
    _percentile(0.999, "p99_9", 33),
)
