"""Whether a stream of latencies drifts, and how far."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_BLOCKS = 100
"""Values looked at: of a longer stream the medians of at most as many blocks of equal length."""

_FEWEST = 4
_Values = NDArray[np.int64] | NDArray[np.float64]
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """`slope` is the relative change over the whole stream (0.03 for 3 %), `p_value` that of one at rest."""

    slope: float
    p_value: float


def trend(values: _Values) -> Trend:
    """Return how far latencies (any unit, in order of time) drift from the first to the end of the last.

    The slope is the median of the slopes between all pairs of log latencies (Theil-Sen), times the number of
    values; the p-value that of Mann and Kendall's test, two-sided, its variance enlarged for the correlation
    that ranks show once the slope is taken out, never made smaller. Both ask only for the order of most
    pairs, so outliers do little. Correlation by 0.3 of 10 to 100 values at rest, too few to show all of it,
    brings a p-value of 1 % in up to 4 of 100 streams. Fewer than four values: slope 0, p-value 1.
    Source: Sen 1968; Kendall 1975; Hamed & Rao 1998.
    """
    stream = _blocks(np.log(np.maximum(values, 1).astype(np.float64)))
    count = len(stream)
    if count < _FEWEST:
        return Trend(0.0, 1.0)
    early, late = np.triu_indices(count, 1)
    rises = stream[late] - stream[early]
    slope = float(np.median(rises / (late - early)))
    score = float(np.sign(rises).sum())
    variance = _variance(stream) * _inflation(stream - slope * np.arange(count))
    if variance <= 0 or not score:
        return Trend(math.expm1(slope * count), 1.0)
    z = (abs(score) - 1) / math.sqrt(variance)
    return Trend(math.expm1(slope * count), min(1.0, 2 * NormalDist().cdf(-z)))


def _blocks(logs: _Floats) -> _Floats:
    size = -(-len(logs) // _BLOCKS)
    if size <= 1:
        return logs
    return np.median(logs[: len(logs) // size * size].reshape(-1, size), axis=1)


def _variance(stream: _Floats) -> float:
    """Return the variance of Kendall's score of independent values, equal ones allowed for."""
    count = len(stream)
    ties = np.unique(stream, return_counts=True)[1].astype(np.float64)
    equal = float((ties * (ties - 1) * (2 * ties + 5)).sum())
    return (count * (count - 1) * (2 * count + 5) - equal) / 18


def _inflation(rest: _Floats) -> float:
    """Return by how much correlation of the ranks of `rest` enlarges the variance; at least 1.

    Lags count from the first up to a third of the length, as far as the correlation is clearly above 0.
    """
    count = len(rest)
    ranks = np.argsort(np.argsort(rest, kind="stable"), kind="stable") - (count - 1) / 2
    power, added = float(ranks @ ranks), 0.0
    for lag in range(1, count // 3 + 1):
        correlation = float(ranks[lag:] @ ranks[:-lag]) / power
        if correlation < NormalDist().inv_cdf(0.95) / math.sqrt(count):
            break
        added += (count - lag) * (count - lag - 1) * (count - lag - 2) * correlation
    return 1 + 2 * added / (count * (count - 1) * (count - 2))
