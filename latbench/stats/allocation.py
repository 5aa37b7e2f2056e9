"""How a pilot's launches and iterations would best be spent to reach a wanted precision."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latbench.stats.base import Launches, Statistic
from latbench.stats.dependence import effective_sample_size
from latbench.stats.interval import launch_medians
from latbench.stats.student import t_quantile

_MOST_LAUNCHES = 2**40


@dataclass(frozen=True)
class Allocation:
    """Variances of a pilot, in squared nanoseconds, and what follows from them.

    `within` (T1 squared) is the variance of a launch's median times its iterations; `between` (T2 squared) is
    that of the launches' true levels, 0 when the medians scatter no more than their samples explain.
    """

    estimate: float
    iterations: float
    within: float
    between: float

    def best_iterations(self, launch_cost: float) -> int | None:
        """Return n*, the iterations per launch of least cost; None (no end to it) if launches do not differ.

        `launch_cost` is what a launch costs before its first timed iteration, in iterations.
        """
        if self.between <= 0:
            return None
        return max(1, math.ceil(math.sqrt(launch_cost * self.within / self.between)))

    def standard_error(self, launches: int, iterations: float | None = None) -> float:
        """Return the standard error in nanoseconds with that many launches and iterations in each."""
        return math.sqrt((self.between + self.within / (iterations or self.iterations)) / launches)

    def launches_needed(
        self, target: float, iterations: float | None = None, confidence: float = 0.95
    ) -> int:
        """Return the fewest launches whose interval would have a half-width of at most `target` x estimate.

        `iterations` is per launch, by default the pilot's. ValueError when `target` or the estimate is not
        positive.
        """
        if target <= 0 or self.estimate <= 0:
            raise ValueError(f"no interval can be {target} of {self.estimate} ns wide")

        def reached(launches: int) -> bool:
            t = t_quantile((1 + confidence) / 2, launches - 1)
            return t * self.standard_error(launches, iterations) <= target * self.estimate

        low, high = 1, 2
        while not reached(high) and high < _MOST_LAUNCHES:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return high


def allocate(launches: Launches) -> Allocation | None:
    """Return the variances within and between the launches of a pilot; None for fewer than two launches.

    Kalibera & Jones average means; here the levels are medians, so the variance within is that of the median,
    read off the samples ranked one standard error below and above it (Woodruff 1952), with the effective
    number of samples. At the pilot's own iterations the standard error is that of `launch_interval`, unless
    the samples alone explain a larger one.
    Source: Kalibera & Jones 2013, section 6, with two levels.
    """
    if len(launches) < 2:
        return None
    medians = launch_medians(launches)
    noise = float(np.mean([_median_variance(launch) for launch in launches]))
    iterations = float(np.mean([len(launch) for launch in launches]))
    between = max(0.0, float(np.var(medians, ddof=1)) - noise)
    return Allocation(float(np.median(medians)), iterations, noise * iterations, between)


def _median_variance(samples: NDArray[np.int64]) -> float:
    step = min(0.5, 0.5 / math.sqrt(effective_sample_size((samples,))))
    low, high = np.quantile(samples, [0.5 - step, 0.5 + step])
    return ((float(high) - float(low)) / 2) ** 2


def _needed(launches: Launches) -> int | None:
    pilot = allocate(launches)
    return None if pilot is None or pilot.estimate <= 0 else pilot.launches_needed(0.01)


def _launches(launches: Launches) -> float | None:
    needed = _needed(launches)
    return None if needed is None else float(needed)


def _iterations(launches: Launches) -> float | None:
    needed = _needed(launches)
    return None if needed is None else float(math.ceil(needed * np.mean([len(one) for one in launches])))


STATISTIC = (
    Statistic(
        "launches_for_1_percent",
        "launches",
        "lower",
        60,
        "Launches of this length that would bring latency_ci95_half_percent to 1; empty for one launch.",
        "Kalibera & Jones 2013",
        _launches,
    ),
    Statistic(
        "iterations_for_1_percent",
        "iterations",
        "lower",
        61,
        "Timed iterations in those launches together.",
        "Kalibera & Jones 2013",
        _iterations,
    ),
)
