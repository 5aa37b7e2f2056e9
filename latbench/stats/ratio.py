"""The ratio of two latencies, taken side by side."""

import math

import numpy as np

from latbench.stats.base import Launches
from latbench.stats.interval import Interval, launch_medians, t_interval


def ratio_interval(baseline: Launches, candidate: Launches, confidence: float = 0.95) -> Interval:
    """Return baseline / candidate latency, the speed-up, with its interval; launch i pairs with launch i.

    Works on logarithms of launch medians, so that swapping the two gives the reciprocal: the estimate is
    the exponential of the median log ratio. ValueError when the two differ in launches or a median is not
    positive. Pairing takes out what the machine did to both launches of a block.
    """
    if len(baseline) != len(candidate):
        raise ValueError(f"launches do not pair: {len(baseline)} against {len(candidate)}")
    over, under = launch_medians(baseline), launch_medians(candidate)
    if not (over > 0).all() or not (under > 0).all():
        raise ValueError("a launch with a median latency of 0 ns has no ratio")
    logs = t_interval(np.log(over / under), confidence)
    if logs.low is None or logs.high is None:
        return Interval(math.exp(logs.estimate), None, None)
    return Interval(math.exp(logs.estimate), math.exp(logs.low), math.exp(logs.high))
