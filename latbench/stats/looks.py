"""The interval of a measurement that stops when its interval is narrow enough."""

import math
from collections.abc import Sequence

from latbench.stats.base import Launches
from latbench.stats.interval import Interval, launch_interval
from latbench.stats.sequential import spent


def ladder(first: int, last: int, ratio: float = 2.0) -> tuple[int, ...]:
    """Return the launches to look at: from `first` on, each `ratio` times the one before, to `last`."""
    looks, step = [min(first, last)], float(first)
    while looks[-1] < last:
        step *= ratio
        looks.append(min(last, max(looks[-1] + 1, math.ceil(step))))
    return tuple(looks)


def look_interval(launches: Launches, looks: Sequence[int]) -> Interval:
    """Return the interval of `launches`, wide enough for all looks together to err in at most 5 %.

    Its confidence is that of the first of `looks` with as many launches or more: a measurement that is ended
    between two looks, by a time limit, is judged by the next one. The error is spent evenly (Pocock), because
    the interval reported is this one and not the plain 95 % interval, and early stops are what one looks for.
    """
    levels = spent(looks, shape="pocock")
    reached = (level for look, level in zip(looks, levels, strict=True) if look >= len(launches))
    return launch_interval(launches, next(reached, levels[-1]))
