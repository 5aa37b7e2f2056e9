"""The latency creeps up or down."""

import numpy as np

from latbench import stats
from latbench.records.flags.base import Flag, of_samples
from latbench.stats.base import Launches

_LEAST = 0.02
_ALPHA = 0.01
_LAUNCHES = 6
"""Launches that can show a drift from one to the next."""

_SAMPLES = 20
"""Samples of a launch that can show one within it."""


def _figure(launches: Launches) -> str | None:
    if len(launches) >= _LAUNCHES and _drifts(over := stats.trend(stats.launch_medians(launches))):
        return f"{100 * over.slope:+.2g}%"
    within = [stats.trend(one) for one in launches if len(one) >= _SAMPLES]
    for sign in (1, -1):
        slopes = [one.slope for one in within if _drifts(one) and one.slope * sign > 0]
        if 2 * len(slopes) > len(launches):
            return f"{100 * float(np.median(slopes)):+.2g}% within {len(slopes)}/{len(launches)} launches"
    return None


def _drifts(trend: stats.Trend) -> bool:
    return trend.p_value <= _ALPHA and abs(trend.slope) >= _LEAST


FLAG = Flag(
    "drift",
    "Trend of the latency over the whole run, or within most launches, from 2 % on.",
    of_samples(_figure),
    "Let the machine come to rest, in clock and in heat, before the run; lengthen --warmup where it drifts "
    "within launches.",
)
