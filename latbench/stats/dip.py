"""Whether latencies gather round more than one value."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FEWEST = 6
_RESOLUTION = 0.04
"""Equal latencies are spread over at most this share of themselves: a coarse clock makes no modes."""

_TAILS = (0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
_QUANTILES = {
    6: (0.302, 0.354, 0.390, 0.404, 0.442, 0.473, 0.497, 0.522, 0.541),
    8: (0.314, 0.348, 0.400, 0.435, 0.469, 0.489, 0.507, 0.526, 0.551),
    10: (0.309, 0.360, 0.413, 0.442, 0.477, 0.506, 0.527, 0.554, 0.570),
    15: (0.324, 0.372, 0.425, 0.457, 0.497, 0.525, 0.548, 0.578, 0.595),
    25: (0.335, 0.387, 0.442, 0.478, 0.520, 0.550, 0.576, 0.603, 0.627),
    50: (0.346, 0.401, 0.459, 0.497, 0.540, 0.570, 0.595, 0.631, 0.665),
    100: (0.355, 0.411, 0.472, 0.511, 0.556, 0.591, 0.622, 0.659, 0.696),
    200: (0.361, 0.420, 0.480, 0.520, 0.570, 0.601, 0.632, 0.673, 0.705),
    500: (0.368, 0.427, 0.492, 0.530, 0.581, 0.613, 0.654, 0.697, 0.741),
    2000: (0.374, 0.432, 0.498, 0.543, 0.594, 0.627, 0.667, 0.705, 0.727),
}
"""Of sqrt(n) times the dip of n flat values, those exceeded with the chances above, from 10 000 to 40 000
simulated samples each; they hardly change beyond n = 2000."""

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Dip:
    """`statistic` is the distance to the nearest distribution of one mode, `p_value` that of a flat one."""

    statistic: float
    p_value: float


def dip(values: _Ints | _Floats, effective: float | None = None) -> Dip:
    """Return the dip of latencies (any unit and order) and its p-value.

    The statistic lies between 1 / (2 n) and 1/4. The p-value is against the flat distribution, the hardest of
    those with one mode, so a bell has a high one; it is read from simulated quantiles and not below 0.001,
    which stands for that or less. `effective` is the number of independent values that they are worth, all by
    default; fewer than six tell nothing: p-value 1. Equal values are first spread as far as the clock may
    have rounded.
    Source: Hartigan & Hartigan 1985; steps of the search as in Hartigan 1985.
    """
    if not len(values):
        raise ValueError("no values have no dip")
    statistic = _statistic(_spread(values))
    worth = len(values) if effective is None else min(effective, len(values))
    return Dip(statistic, 1.0 if worth < _FEWEST else _p_value(statistic, worth))


def _spread(values: _Ints | _Floats) -> _Floats:
    """Return the values in order, equal ones spread evenly half way to their nearest neighbour, or less."""
    known, counts = np.unique(np.maximum(values, 1).astype(np.float64), return_counts=True)
    gaps = np.concatenate([[math.inf], np.diff(known), [math.inf]])
    reach = np.minimum(np.minimum(gaps[:-1], gaps[1:]), _RESOLUTION * known)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    place = (np.arange(len(values)) - first + 0.5) / np.repeat(counts, counts) - 0.5
    return np.repeat(known, counts) + place * np.repeat(reach, counts)


def _statistic(ordered: _Floats) -> float:
    """Return the dip of distinct values in order.

    Below the mode the nearest distribution is the greatest convex function under the empirical one, above it
    the least concave one over it. Where the two are farthest apart lies the mode: the search goes on between
    the touching points there, until they are no farther apart than what lies outside has been missed by.
    """
    count = len(ordered)
    below = np.arange(count, dtype=np.float64)
    above = below + 1
    low, high, missed = 0, count - 1, 1.0
    while True:
        convex = low + _hull(ordered[low : high + 1], below[low : high + 1])
        concave = low + _hull(ordered[low : high + 1], -above[low : high + 1])
        at_convex = np.interp(ordered[convex], ordered[concave], above[concave]) - below[convex]
        at_concave = above[concave] - np.interp(ordered[concave], ordered[convex], below[convex])
        if max(at_convex.max(), at_concave.max()) <= missed:
            break
        if at_convex.max() >= at_concave.max():
            left = int(convex[np.argmax(at_convex)])
            right = int(concave[np.searchsorted(concave, left)])
        else:
            right = int(concave[np.argmax(at_concave)])
            left = int(convex[np.searchsorted(convex, right, side="right") - 1])
        outer = slice(low, left + 1), slice(right, high + 1)
        under = above[outer[0]] - np.interp(ordered[outer[0]], ordered[convex], below[convex])
        over = np.interp(ordered[outer[1]], ordered[concave], above[concave]) - below[outer[1]]
        missed = max(missed, float(under.max()), float(over.max()))
        if (left, right) == (low, high):
            break
        low, high = left, right
    return missed / (2 * count)


def _hull(x: _Floats, y: _Floats) -> _Ints:
    """Return the indices of the corners of the greatest convex function under the points."""
    across, up = x.tolist(), y.tolist()
    corners: list[int] = []
    for index in range(len(across)):
        while len(corners) > 1:
            one, two = corners[-2], corners[-1]
            turn = (across[two] - across[one]) * (up[index] - up[one])
            if turn > (across[index] - across[one]) * (up[two] - up[one]):
                break
            corners.pop()
        corners.append(index)
    return np.array(corners, dtype=np.int64)


def _p_value(statistic: float, count: float) -> float:
    """Return the chance of a dip this large among as many flat values, between the simulated quantiles."""
    sizes = np.array(sorted(_QUANTILES), dtype=np.float64)
    wanted = min(max(count, sizes[0]), sizes[-1])
    quantiles = [
        float(np.interp(-1 / math.sqrt(wanted), -1 / np.sqrt(sizes), column))
        for column in np.array([_QUANTILES[int(size)] for size in sizes]).T
    ]
    scaled = math.sqrt(count) * statistic
    if scaled < quantiles[0]:
        return 1.0
    return math.exp(float(np.interp(scaled, quantiles, np.log(_TAILS))))
