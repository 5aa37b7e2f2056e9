"""Which stretches of a stream belong to one level, and when levels are clearly apart."""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

MOST = 3
"""Levels told apart at most."""

_LEAST_SAMPLES = 50
_LEAST_SHARE = 0.05
"""Of all samples: what is rarer is a disturbance of the level nearest to it."""

_LEAST_RATIO = 1.06
_CLEAR = 6.0
"""Distance of neighbouring levels over the scatter of their stretches, where these are many. The halves of a
bell are 2.7 apart, of a flat distribution 3.5, of a slow sine 4.1."""

_USUAL_SCATTER = 0.02
_USUAL_WEIGHT = 2
"""Scatter of launches at one level (in log latency) and its weight in stretches."""

_MOST_PLACES = 160
_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


def boundaries(logs: _Floats, sizes: _Ints) -> _Floats:
    """Return the log latencies that part the levels of stretches, in order; none for one level.

    `logs` are the log latencies of the stretches, `sizes` their samples, both of shape (stretches,), in any
    order. The stretches are parted into groups of neighbours with the least squared error, weighted by their
    samples; the most groups, three at most, are taken for which all neighbours are clearly apart: by 6 % and
    by six times the scatter of the stretches within them, each group with 50 samples and 5 % of all. A group
    with fewer is set aside as stray and the rest parted again. As n stretches say less about their scatter
    than many, six becomes 6 (1 + 2 / n), and the scatter of a group is drawn towards 2 %.
    Source: Ashman, Bird & Zepf 1994, for the distance; the thresholds by simulation (see the tests).
    """
    order = np.lexsort((sizes, logs))
    logs, weights = logs[order], sizes[order].astype(np.float64)
    least = max(_LEAST_SAMPLES, _LEAST_SHARE * float(weights.sum()))
    while True:
        strays = None
        for count in range(MOST, 1, -1):
            edges = _edges(logs, weights, count)
            groups = [slice(start, stop) for start, stop in pairwise(edges)]
            held = [float(weights[group].sum()) for group in groups]
            if min(held) < least:
                strays = groups[int(np.argmin(held))]
            elif len(groups) == count and _apart(logs, weights, groups):
                return np.array([(logs[edge - 1] + logs[edge]) / 2 for edge in edges[1:-1]])
        if strays is None or strays == slice(0, len(logs)):
            return np.empty(0)
        logs, weights = np.delete(logs, strays), np.delete(weights, strays)


def _edges(logs: _Floats, weights: _Floats, count: int) -> list[int]:
    """Return the edges of the `count` groups with the least squared error, fewer where there are not so many.

    Among very many stretches only the widest gaps and evenly spread edges are tried.
    """
    last = len(logs)
    inner = 1 + np.flatnonzero(logs[1:] > logs[:-1])
    if len(inner) < count - 1:
        return [0, last]
    if len(inner) > _MOST_PLACES:
        spread = np.linspace(0, len(inner) - 1, _MOST_PLACES).astype(int)
        widest = np.argsort(logs[inner - 1] - logs[inner], kind="stable")[: _MOST_PLACES // 4]
        inner = inner[np.union1d(spread, widest)]
    taken, sums = (np.append(0.0, np.cumsum(one)) for one in (weights, weights * (logs - logs.mean())))

    def gain(start: _Ints | int, stop: _Ints | int) -> _Floats:
        return np.square(sums[stop] - sums[start]) / (taken[stop] - taken[start])

    if count == 2:
        return [0, int(inner[np.argmax(gain(0, inner) + gain(inner, last))]), last]
    one, two = (inner[index] for index in np.triu_indices(len(inner), 1))
    best = int(np.argmax(gain(0, one) + gain(one, two) + gain(two, last)))
    return [0, int(one[best]), int(two[best]), last]


def _apart(logs: _Floats, weights: _Floats, groups: list[slice]) -> bool:
    return all(_clear(logs, weights, *pair) for pair in pairwise(groups))


def _clear(logs: _Floats, weights: _Floats, lower: slice, upper: slice) -> bool:
    (low, low_scatter), (high, high_scatter) = (_moments(logs[one], weights[one]) for one in (lower, upper))
    needed = _CLEAR * (1 + 2 / (upper.stop - lower.start))
    return high - low >= max(math.log(_LEAST_RATIO), needed * math.sqrt((low_scatter + high_scatter) / 2))


def _moments(logs: _Floats, weights: _Floats) -> tuple[float, float]:
    """Return mean and variance, the latter drawn towards the usual one the more, the fewer the stretches."""
    mean = float(np.average(logs, weights=weights))
    variance = float(np.average((logs - mean) ** 2, weights=weights))
    return mean, (len(logs) * variance + _USUAL_WEIGHT * _USUAL_SCATTER**2) / (len(logs) + _USUAL_WEIGHT)
