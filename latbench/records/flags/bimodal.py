"""The latency gathers round two values instead of one."""

import numpy as np
from numpy.typing import NDArray

from latbench import stats
from latbench.records.flags.base import Flag, of_samples
from latbench.stats.base import Launches

_LEAST = 1.02
_ALPHA = 0.01


def _figure(launches: Launches) -> str | None:
    worth = [stats.effective_sample_size((one,)) for one in launches]
    ratios = [ratio for pair in zip(launches, worth, strict=True) if (ratio := _apart(*pair)) is not None]
    if ratios and _by_chance(len(ratios), len(launches)) < 1.001 * _ALPHA:  # one of one: equal
        return f"{float(np.median(ratios)):.3g}x within {len(ratios)}/{len(launches)} launches"
    between = _apart(stats.launch_medians(launches), len(launches))
    return None if between is None else f"{between:.3g}x between launches"


def _apart(values: NDArray[np.int64] | NDArray[np.float64], worth: float) -> float | None:
    """Return the ratio of the two modes of `values`, or None when they have one."""
    if stats.dip(values, worth).p_value > _ALPHA:
        return None
    logs = np.log(np.maximum(np.sort(values), 1).astype(np.float64))
    sums, taken = np.cumsum(logs - logs.mean())[:-1], np.arange(1, len(logs))
    cut = int(np.argmax(sums**2 / (taken * (len(logs) - taken)))) + 1
    ratio = float(np.exp(np.median(logs[cut:]) - np.median(logs[:cut])))
    return ratio if ratio >= _LEAST else None


def _by_chance(hits: int, launches: int) -> float:
    """Return the chance that as many of the launches have a p-value of 1 % or less although none should."""
    fewer, term = 0.0, (1 - _ALPHA) ** launches
    for count in range(hits):
        fewer += term
        term *= (launches - count) / (count + 1) * _ALPHA / (1 - _ALPHA)
    return 1 - fewer


FLAG = Flag(
    "bimodal",
    "Upper over lower mode where the latency has two (dip test at 1 %): within launches, or between them.",
    of_samples(_figure),
    "The median jumps between the modes: compare level by level where levels are told, or percentiles.",
)
