"""The ratio of two latencies, taken side by side."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latbench.stats.base import Launches
from latbench.stats.interval import Interval, launch_medians, t_interval
from latbench.stats.student import t_quantile, t_tail


@dataclass(frozen=True)
class Effect:
    """The logarithm of a ratio of latencies, with what its interval and its p-value need.

    `log_ratio` is ln(baseline / candidate), above 0 where the candidate is faster; `standard_error` is None
    for too few `units` (blocks or launches, on the side that has fewer) to know it, `freedom` the degrees of
    freedom of that error.
    """

    log_ratio: float
    standard_error: float | None
    freedom: int
    units: int

    def interval(self, confidence: float = 0.95) -> Interval:
        """Return the ratio with Student's interval, symmetric in its logarithm; None bounds without one."""
        if self.standard_error is None:
            return Interval(math.exp(self.log_ratio), None, None)
        half = t_quantile((1 + confidence) / 2, self.freedom) * self.standard_error
        low, high = (_exponential(self.log_ratio + end) for end in (-half, half))
        return Interval(math.exp(self.log_ratio), low, high)

    @property
    def p_value(self) -> float | None:
        """The two-sided p-value of "the ratio is 1", that of the t interval; None without an error."""
        if self.standard_error is None:
            return None
        if self.standard_error == 0:
            return float(self.log_ratio == 0)
        return max(t_tail(self.log_ratio / self.standard_error, self.freedom), 0.0)


def mean_effect(logs: NDArray[np.float64]) -> Effect:
    """Return the effect of log ratios that are independent observations, shape (units,): their mean."""
    count = len(logs)
    error = float(np.std(logs, ddof=1)) / math.sqrt(count) if count > 1 else None
    return Effect(float(np.mean(logs)), error, max(count - 1, 1), count)


def log_medians(launches: Launches) -> NDArray[np.float64]:
    """Return the logarithm of each launch's median, shape (launches,); ValueError for a median of 0 ns."""
    medians = launch_medians(launches)
    if not (medians > 0).all():
        raise ValueError("a launch with a median latency of 0 ns has no ratio")
    return np.log(medians)


def block_effect(baseline: Launches, candidate: Launches, per_block: int = 2) -> Effect:
    """Return the effect with the block as the unit: in each, the difference of the means of log medians.

    Each `per_block` launches that follow one another form a block, the i-th of the baseline with the i-th of
    the candidate. ABBA blocks take out what drifts evenly through a block; what befalls a whole block falls
    on both. ValueError when the launches do not fill the same blocks, or a median is 0.
    """
    if per_block < 1 or len(baseline) != len(candidate) or not baseline or len(baseline) % per_block:
        counts = f"{len(baseline)} against {len(candidate)}"
        raise ValueError(f"launches do not form blocks of {per_block}: {counts}")
    over, under = (log_medians(one).reshape(-1, per_block).mean(axis=1) for one in (baseline, candidate))
    return mean_effect(over - under)


def block_ratio(
    baseline: Launches, candidate: Launches, per_block: int = 2, confidence: float = 0.95
) -> Interval:
    """Return baseline / candidate latency, the speed-up, with its interval over blocks: see `block_effect`.

    The estimate is the geometric mean over blocks, which the interval is made for and always holds.
    """
    return block_effect(baseline, candidate, per_block).interval(confidence)


def ratio_interval(baseline: Launches, candidate: Launches, confidence: float = 0.95) -> Interval:
    """Return baseline / candidate latency, the speed-up, with its interval; launch i pairs with launch i.

    Works on logarithms of launch medians, so that swapping the two gives the reciprocal: the estimate is
    the exponential of the median log ratio. ValueError when the two differ in launches or a median is not
    positive. Pairing takes out what the machine did to both launches of a block.
    """
    if len(baseline) != len(candidate):
        raise ValueError(f"launches do not pair: {len(baseline)} against {len(candidate)}")
    return _exponentials(t_interval(log_medians(baseline) - log_medians(candidate), confidence))


def round_ratio(baseline: Launches, candidate: Launches, confidence: float = 0.95) -> Interval:
    """Return baseline / candidate latency with its interval, where both took turns inside each launch.

    Sample i of the two in a launch belongs to one round, so what befell the machine then falls on both: a
    launch stands for the median over rounds of the log ratio, which swings less than that of its medians.
    ValueError when launches or rounds do not pair or a latency is 0.
    """
    if [len(one) for one in baseline] != [len(one) for one in candidate]:
        raise ValueError("the rounds of baseline and candidate do not pair")
    if not all((one > 0).all() for one in (*baseline, *candidate)):
        raise ValueError("a latency of 0 ns has no ratio")
    rounds = [np.log(one) - np.log(other) for one, other in zip(baseline, candidate, strict=True)]
    return _exponentials(t_interval(np.array([float(np.median(one)) for one in rounds]), confidence))


def _exponentials(logs: Interval) -> Interval:
    ends = (None if end is None else _exponential(end) for end in (logs.low, logs.high))
    return Interval(math.exp(logs.estimate), *ends)


def _exponential(value: float) -> float:
    """Return e to the `value`, kept within what a float and a file can hold."""
    return math.exp(min(max(value, -300.0), 300.0))
