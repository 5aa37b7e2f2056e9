"""The ratio of two latencies measured at different times, where nothing pairs."""

import math

import numpy as np

from latbench.stats.base import Launches
from latbench.stats.interval import Interval
from latbench.stats.ratio import Effect, log_medians
from latbench.stats.student import t_quantile


def welch_effect(baseline: Launches, candidate: Launches) -> Effect:
    """Return the effect with the launch as the unit, from the log medians of two sets of launches.

    No equal variances are assumed; the degrees of freedom are Satterthwaite's, rounded down. What the machine
    did between the two sessions is not in the error. ValueError for a median of 0 ns, or no launch.
    Source: Welch 1947; Satterthwaite 1946.
    """
    if not baseline or not candidate:
        raise ValueError("a ratio needs a launch on either side")
    over, under = log_medians(baseline), log_medians(candidate)
    errors = [float(np.var(one, ddof=1)) / len(one) if len(one) > 1 else None for one in (over, under)]
    return _combined(float(over.mean() - under.mean()), errors, (len(over), len(under)))


def welch_effect_of_rows(baseline: Interval, candidate: Interval, launches: tuple[int, int]) -> Effect:
    """Return the effect from two rows: their 95 % intervals over launches, and how many launches each had.

    The middle of an interval is the mean of the launch medians and its width gives their error, taken to the
    logarithm by the delta method: what `welch_effect` says of the same launches, but for curvature.
    ValueError for a middle that is not positive.
    """
    sides = tuple(_row(one, count) for one, count in zip((baseline, candidate), launches, strict=True))
    return _combined(sides[0][0] - sides[1][0], [side[1] for side in sides], launches)


def welch_ratio(baseline: Launches, candidate: Launches, confidence: float = 0.95) -> Interval:
    """Return baseline / candidate latency, the speed-up, with its unpaired interval: see `welch_effect`.

    The estimate is the ratio of the geometric means of the launch medians.
    """
    return welch_effect(baseline, candidate).interval(confidence)


def _row(interval: Interval, launches: int) -> tuple[float, float | None]:
    """Return the logarithm of the middle and the squared standard error of that logarithm."""
    known = interval.low is not None and interval.high is not None
    low, high = (interval.low, interval.high) if known else (interval.estimate, interval.estimate)
    assert low is not None
    assert high is not None
    middle = (low + high) / 2
    if not middle > 0:
        raise ValueError(f"a latency of {middle:g} has no ratio")
    if not known or launches < 2:
        return math.log(middle), None
    return math.log(middle), ((high - low) / 2 / t_quantile(0.975, launches - 1) / middle) ** 2


def _combined(log_ratio: float, errors: list[float | None], launches: tuple[int, int]) -> Effect:
    fewer = min(launches)
    one, other = errors
    if one is None or other is None:
        return Effect(log_ratio, None, 1, fewer)
    total = one + other
    spread = one**2 / (launches[0] - 1) + other**2 / (launches[1] - 1)
    freedom = math.floor(total**2 / spread + 1e-9) if spread > 0 else sum(launches) - 2
    return Effect(log_ratio, math.sqrt(total), max(freedom, 1), fewer)
