"""Spread between launches and within them."""

import numpy as np

from latbench.stats.base import Launches, Statistic
from latbench.stats.interval import launch_medians


def _between(launches: Launches) -> float | None:
    medians = launch_medians(launches)
    centre = float(np.median(medians))
    if len(medians) < 2 or centre <= 0:
        return None
    return 100 * float(np.std(medians, ddof=1)) / centre


def _within(launches: Launches) -> float | None:
    spreads = [
        100 * float(np.std(launch, ddof=1)) / float(np.mean(launch))
        for launch in launches
        if len(launch) > 1 and np.mean(launch) > 0
    ]
    return float(np.median(spreads)) if spreads else None


STATISTIC = (
    Statistic(
        "latency_sd_between_launches_percent",
        "%",
        "lower",
        40,
        "Standard deviation of the launch medians, in percent of latency_ms; empty for one launch.",
        "Kalibera & Jones 2013",
        _between,
    ),
    Statistic(
        "latency_cv_within_launches_percent",
        "%",
        "lower",
        41,
        "Standard deviation within a launch in percent of its mean, median over launches.",
        "coefficient of variation",
        _within,
    ),
)
