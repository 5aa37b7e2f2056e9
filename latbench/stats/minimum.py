"""The fastest sample."""

import numpy as np

from latbench.stats.base import NS_PER_MS, Launches, Statistic


def _minimum(launches: Launches) -> float:
    return float(min(np.min(launch) for launch in launches)) / NS_PER_MS


STATISTIC = Statistic(
    "latency_min_ms",
    "ms",
    "lower",
    20,
    "Fastest single inference of all launches; a bound, not what to expect.",
    "Chen & Revels 2016",
    _minimum,
)
