"""How many independent samples the samples of a launch are worth."""

import numpy as np
from numpy.typing import NDArray

from latbench.stats.base import Launches, Statistic


def effective_sample_size(launches: Launches) -> float:
    """Return the number of independent samples worth as much as all samples, summed over launches.

    Each launch counts n / tau, at most n and at least 1: tau is the integrated autocorrelation time of the
    *ranks* of its samples, so that one outlier cannot hide the dependence of the rest. Samples that are all
    equal show no dependence and count n. Dependence through a shared launch is the interval's business.
    Source: Geyer 1992, initial monotone sequence; ranks after Vehtari et al. 2021.
    """
    return float(sum(_effective(launch) for launch in launches))


def _effective(samples: NDArray[np.int64]) -> float:
    count = len(samples)
    covariance = _autocovariance(_ranks(samples))
    if count < 4 or covariance[0] <= 0:
        return float(count)
    correlation = covariance[: count - count % 2] / covariance[0]
    pairs = correlation.reshape(-1, 2).sum(axis=1)
    positive = pairs[: np.argmax(pairs <= 0)] if (pairs <= 0).any() else pairs
    tau = 2 * float(np.minimum.accumulate(positive).sum()) - 1
    return count if tau <= 1 else max(count / tau, 1.0)


def _ranks(samples: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return ranks from 1, equal samples sharing the mean of theirs."""
    _, place, counts = np.unique(samples, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[place]


def _autocovariance(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the autocovariance at lags 0 .. n - 1, each divided by n."""
    count = len(values)
    spectrum = np.fft.rfft(values - values.mean(), n=2 * count)
    return np.fft.irfft(np.abs(spectrum) ** 2, n=2 * count)[:count] / count


STATISTIC = Statistic(
    "effective_samples",
    "samples",
    "higher",
    50,
    "Independent samples that all samples are worth after autocorrelation within launches.",
    "Geyer 1992; Vehtari et al. 2021",
    effective_sample_size,
)
