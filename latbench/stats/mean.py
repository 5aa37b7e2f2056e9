"""The arithmetic mean, which throughput follows and outliers move."""

import numpy as np

from latbench.stats.base import NS_PER_MS, Launches, Statistic


def _mean(launches: Launches) -> float:
    return float(np.mean([np.mean(launch) for launch in launches])) / NS_PER_MS


STATISTIC = Statistic(
    "latency_mean_ms",
    "ms",
    "lower",
    21,
    "Mean over launches of each launch's mean latency; no outlier is dropped.",
    "arithmetic mean",
    _mean,
)
