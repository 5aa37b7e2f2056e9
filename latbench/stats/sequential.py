"""Looking at a measurement before it is finished: what each look may cost."""

import math
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Shape = Literal["obrien-fleming", "pocock"]

_LEAST = 1e-9
"""What a look costs at least: below this no quantile is exact, and no look is passed anyway."""

_NORMAL = NormalDist()


def spent(looks: Sequence[int], error: float = 0.05, shape: Shape = "obrien-fleming") -> tuple[float, ...]:
    """Return for each look the confidence of the interval to judge it by; together they err in `error`.

    `looks` are the launches (or blocks) at which one looks, declared before the first and rising; the last is
    the most there will be. "obrien-fleming" spends next to nothing early and nearly all at the end,
    "pocock" evenly. The levels allow for later looks seeing the earlier data again; they are exact for normal
    observations of known variance, and taken over to Student's t by their confidence.

    For a *comparison* (stop when the interval leaves out 1) this holds the rate of false differences. For
    *precision* (stop when half the interval is at most r of the estimate) the stop depends on the width
    alone, and spending does not make the error exact: what looking costs there is that a run stops where the
    spread happens to look small. An interval of the look's own confidence (`looks.look_interval`) still
    misses in at most `error` of all runs, as the looks' shares add up to that; a plain 95 % interval printed
    there would cover 91-95 % with "pocock" or no spending at all, and 93-95 % with "obrien-fleming", which
    takes 1.5 to 2 times the launches. Where few runs get as narrow as asked, those that do are the lucky ones
    and cover less: the last look should leave room.

    ValueError when looks do not rise from 1 or more. Source: Lan & DeMets 1983; Armitage, McPherson & Rowe
    1969 for the recursion.
    """
    return _levels(tuple(looks), error, shape)


@lru_cache(maxsize=64)
def _levels(looks: tuple[int, ...], error: float, shape: Shape) -> tuple[float, ...]:
    if not looks or looks[0] < 1 or any(one >= other for one, other in pairwise(looks)):
        raise ValueError(f"looks must rise from 1 or more, not {', '.join(map(str, looks)) or 'none'}")
    times = [look / looks[-1] for look in looks]
    budget = [_spending(time, error, shape) for time in times]
    levels, before, paths = [], 0.0, None
    for time, used, earlier in zip(times, budget, [0.0, *budget], strict=False):
        step = time - before
        wanted = max(used - earlier, _LEAST)
        bound = _bound(wanted, paths, step, time)
        levels.append(1 - max(2 * _NORMAL.cdf(-bound / math.sqrt(time)), _LEAST))
        paths = _carried(paths, step, bound)
        before = time
    return tuple(levels)


def _spending(time: float, error: float, shape: Shape) -> float:
    if shape == "pocock":
        return error * math.log(1 + (math.e - 1) * time)
    return 4 * _NORMAL.cdf(_NORMAL.inv_cdf(error / 4) / math.sqrt(time))


# The sum of the observations, in units in which the whole has variance 1, wanders as Brownian motion. `paths`
# are places between the bounds of the last look, each with the mass of the paths that are there, unstopped.
_Paths = tuple[NDArray[np.float64], NDArray[np.float64]]


def _bound(wanted: float, paths: _Paths | None, step: float, time: float) -> float:
    """Return the bound that `wanted` of all paths cross at this look for the first time."""

    def crossing(bound: float) -> float:
        if paths is None:
            return 2 * _NORMAL.cdf(-bound / math.sqrt(step))
        places, mass = paths
        scale = math.sqrt(2 * step)
        tails = [math.erfc((bound - x) / scale) + math.erfc((bound + x) / scale) for x in places]
        return float(mass @ np.array(tails)) / 2

    return _falling(crossing, wanted, 10 * math.sqrt(time))


def _falling(function: Callable[[float], float], wanted: float, high: float) -> float:
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > wanted else (low, middle)
    return high


def _carried(paths: _Paths | None, step: float, bound: float) -> _Paths:
    places, weights = (bound * each for each in _nodes())
    before, mass = (np.zeros(1), np.ones(1)) if paths is None else paths
    density = np.exp(-((places[:, None] - before) ** 2) / (2 * step)) / math.sqrt(2 * math.pi * step)
    return places, weights * (density @ mass)


@cache
def _nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return nodes and weights of the quadrature over [-1, 1]; few processes need them, many import this."""
    return np.polynomial.legendre.leggauss(160)
