"""Where the launches of a cell step from one level to another, if they do."""

import math

import numpy as np
from numpy.typing import NDArray

from latbench.stats.base import Launches
from latbench.stats.changepoint import ChangePoint
from latbench.stats.interval import launch_medians
from latbench.stats.student import t_tail

_SHORTEST = 2
"""Launches on each side: one alone is an outlier."""


def step(launches: Launches, alpha: float = 0.01) -> ChangePoint | None:
    """Return the clearest step of the launch medians in the order taken, or None when p is above `alpha`.

    `index` is the first launch after the step, from 0. The least-squares split of the log medians into two
    levels of at least two launches; Student's t with the scatter within both sides, its p-value multiplied by
    the number of splits tried (Bonferroni). A straight line that fits as well is a drift, and no step. Fewer
    than four launches show none. `change_point` is for samples: it needs five on each side.
    """
    count = len(launches)
    if count < 2 * _SHORTEST:
        return None
    medians = np.maximum(launch_medians(launches), 1.0)
    logs = np.log(medians)
    splits = range(_SHORTEST, count - _SHORTEST + 1)
    errors = [_squares(logs[:split]) + _squares(logs[split:]) for split in splits]
    best = int(np.argmin(errors))
    index = splits[best]
    apart = float(np.mean(logs[index:]) - np.mean(logs[:index]))
    if abs(apart) < 1e-9 or errors[best] >= _off_line(logs):
        return None
    scatter = math.sqrt(errors[best] / (count - 2) * (1 / index + 1 / (count - index)))
    p_value = min(1.0, len(splits) * t_tail(apart / scatter, count - 2)) if scatter > 0 else 0.0
    if p_value > alpha:
        return None
    return ChangePoint(index, float(np.median(medians[index:]) / np.median(medians[:index])), p_value)


def _squares(logs: NDArray[np.float64]) -> float:
    return float(np.sum((logs - logs.mean()) ** 2))


def _off_line(logs: NDArray[np.float64]) -> float:
    """Return the squared error of the least-squares line."""
    time = np.arange(len(logs)) - (len(logs) - 1) / 2
    return _squares(logs) - float(time @ logs) ** 2 / float(time @ time)
