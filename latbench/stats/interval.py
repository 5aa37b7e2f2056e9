"""The headline: the median of the launch medians, with an interval over launches."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latbench.stats.base import NS_PER_MS, Launches, Statistic
from latbench.stats.student import t_quantile


@dataclass(frozen=True)
class Interval:
    """An estimate and its bounds, in the unit of what was given; bounds are None without an interval."""

    estimate: float
    low: float | None
    high: float | None

    @property
    def half_percent(self) -> float | None:
        """Half the width of the interval in percent of the estimate, or None without either."""
        if self.low is None or self.high is None or not self.estimate:
            return None
        return 100 * (self.high - self.low) / 2 / self.estimate


def launch_medians(launches: Launches) -> NDArray[np.float64]:
    """Return the median of each launch in nanoseconds, shape (launches,)."""
    if len({len(launch) for launch in launches}) == 1:
        return np.asarray(np.median(np.stack(launches), axis=1), dtype=np.float64)
    return np.array([np.median(launch) for launch in launches], dtype=np.float64)


def t_interval(values: NDArray[np.float64], confidence: float = 0.95) -> Interval:
    """Return the median of `values` with Student's interval for their expectation.

    The interval is mean -+ t s / sqrt(count), stretched where needed until it holds the median, which skewed
    values can push out. Bounds are None for fewer than two values.
    """
    estimate, count = float(np.median(values)), len(values)
    if count < 2:
        return Interval(estimate, None, None)
    centre = float(np.mean(values))
    half = t_quantile((1 + confidence) / 2, count - 1) * float(np.std(values, ddof=1)) / math.sqrt(count)
    return Interval(estimate, min(centre - half, estimate), max(centre + half, estimate))


def launch_interval(launches: Launches, confidence: float = 0.95) -> Interval:
    """Return the median of launch medians in nanoseconds, with the t interval of the expected launch median.

    A launch is one observation however many samples it holds: samples of one process share its luck. Launches
    of a strongly skewed kind (a rare slow one among ten) cover less than `confidence` says.
    Source: Georges et al. 2007, with processes as the unit; Kalibera & Jones 2013.
    """
    return t_interval(launch_medians(launches), confidence)


def _milliseconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / NS_PER_MS


_SOURCE = "Georges et al. 2007; Kalibera & Jones 2013"

STATISTIC = (
    Statistic(
        "latency_ms",
        "ms",
        "lower",
        10,
        "The headline: median over launches of each launch's median latency.",
        _SOURCE,
        lambda launches: _milliseconds(launch_interval(launches).estimate),
    ),
    Statistic(
        "latency_ci95_low_ms",
        "ms",
        "lower",
        11,
        "Lower end of the 95 % interval (t over launch medians); empty for one launch.",
        _SOURCE,
        lambda launches: _milliseconds(launch_interval(launches).low),
    ),
    Statistic(
        "latency_ci95_high_ms",
        "ms",
        "lower",
        12,
        "Upper end of that interval.",
        _SOURCE,
        lambda launches: _milliseconds(launch_interval(launches).high),
    ),
    Statistic(
        "latency_ci95_half_percent",
        "%",
        "lower",
        13,
        "Half the width of that interval, in percent of latency_ms.",
        _SOURCE,
        lambda launches: launch_interval(launches).half_percent,
    ),
)
