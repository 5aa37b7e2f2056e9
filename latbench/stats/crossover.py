"""The size from which a candidate is faster than a baseline, as an estimate with an interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latbench.stats.base import Launches
from latbench.stats.interval import Interval, launch_medians
from latbench.stats.isotonic import isotonic, passing
from latbench.stats.ratio import mean_effect
from latbench.stats.student import t_quantile

CROSSING, CANDIDATE, BASELINE, TIE = "crossing", "candidate", "baseline", "tie"
"""The kinds: within the range; none, the candidate or the baseline being ahead throughout; not to be told."""


@dataclass(frozen=True)
class Point:
    """One size of the curve: baseline / candidate with its interval over launches, and the monotone fit."""

    size: float
    ratio: Interval
    fitted: float
    launches: int


@dataclass(frozen=True)
class Crossover:
    """Where the ratio baseline / candidate rises through 1.

    `estimate` is the size at which the monotone fit does: -inf where the fit is above 1 at every size (the
    crossover lies below the smallest), inf where it is below at every size. `low` and `high` bound it, and
    may be infinite too: an open end. They are None where a size has a single launch. `exceptions` are sizes
    at which the measured ratio lies on the other side of 1 than the fit says, its whole interval with it.
    """

    estimate: float
    low: float | None
    high: float | None
    points: tuple[Point, ...]
    exceptions: tuple[float, ...]

    @property
    def kind(self) -> str:
        """One of the kinds; TIE where the interval spans the whole range, by whatever the estimate is."""
        if self.low == -math.inf and self.high == math.inf:
            return TIE
        if math.isfinite(self.estimate):
            return CROSSING
        return CANDIDATE if self.estimate < 0 else BASELINE

    @property
    def settled(self) -> bool:
        """Whether the interval keeps to what `kind` says: of one that lies outside the range, wholly so."""
        if self.low is None or self.high is None or self.kind == TIE:
            return False
        return self.kind == CROSSING or self.low == self.high


def crossover(
    sizes: Sequence[float],
    baseline: Sequence[Launches],
    candidate: Sequence[Launches],
    *,
    overheads: Sequence[Sequence[float]] | None = None,
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
) -> Crossover:
    """Return the crossover of two curves of latency over ascending `sizes`; see `crossover_of_logs`.

    `baseline[i]` and `candidate[i]` are the launches at `sizes[i]`, the j-th of both from one process;
    `overheads[i][j]` is what a call costs there by itself, in ns, taken from both. ValueError for launches
    that do not pair, or a median that is not above its overhead.
    """
    pairs = list(zip(baseline, candidate, strict=True))
    costs: Sequence[Sequence[float] | None] = [None] * len(pairs) if overheads is None else overheads
    logs = [log_ratios(*pair, cost) for pair, cost in zip(pairs, costs, strict=True)]
    return crossover_of_logs(sizes, logs, confidence=confidence, replicates=replicates, seed=seed)


def log_ratios(
    baseline: Launches, candidate: Launches, overheads: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """Return log(baseline / candidate) of the launch medians, less `overheads` (ns), shape (launches,).

    ValueError as `crossover` raises it.
    """
    if not baseline or len(baseline) != len(candidate):
        raise ValueError(f"launches do not pair: {len(baseline)} against {len(candidate)}")
    cost = np.zeros(len(baseline)) if overheads is None else np.asarray(overheads, np.float64)
    if cost.shape != (len(baseline),):
        raise ValueError(f"{len(baseline)} launches need as many overheads, not {cost.size}")
    net = [launch_medians(one) - cost for one in (baseline, candidate)]
    if not all((one > 0).all() for one in net):
        raise ValueError("a launch's median is not above the overhead of its call")
    return np.log(net[0]) - np.log(net[1])


def crossover_of_logs(
    sizes: Sequence[float],
    logs: Sequence[NDArray[np.float64]],
    *,
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
) -> Crossover:
    """Return where the mean log ratio, `logs[i]` by launch at `sizes[i]`, rises through 0.

    The means are fitted by a monotone curve in log size (pool adjacent violators, weighted); between sizes it
    is straight. The interval comes from `replicates` resamplings of the launches within each size. Those of
    few launches vary too little: their deviations are stretched to where `confidence` of them lie within
    Student's interval of that size. ValueError unless the sizes are positive and ascend, with a launch each.
    """
    places = np.log(np.asarray(sizes, np.float64))
    if len(logs) != len(places) or not len(logs) or not all(map(len, logs)):
        raise ValueError(f"{len(places)} sizes need launches each")
    if not (np.isfinite(places).all() and (np.diff(places) > 0).all()):
        raise ValueError("the sizes must be positive and ascend")
    means = np.array([float(np.mean(one)) for one in logs])
    weights = _weights(logs)
    fit = isotonic(means[None], weights)
    estimate = float(passing(places, fit)[0])
    low: float | None = None
    high: float | None = None
    if min(map(len, logs)) > 1:
        drawn = isotonic(_resampled(logs, means, confidence, replicates, seed), weights)
        found = np.sort(passing(places, drawn))
        skip = int((1 - confidence) / 2 * replicates)
        low, high = min(float(found[skip]), estimate), max(float(found[-1 - skip]), estimate)
    points = tuple(
        Point(size, mean_effect(one).interval(confidence), math.exp(fitted), len(one))
        for size, one, fitted in zip(sizes, logs, fit[0], strict=True)
    )
    return Crossover(
        _size(estimate),
        None if low is None else _size(low),
        None if high is None else _size(high),
        points,
        tuple(point.size for point in points if _against(point)),
    )


def _weights(logs: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return launches over variance, each variance halfway to their mean: of few launches it is a guess."""
    counts = np.array([len(one) for one in logs], np.float64)
    variances = np.array([np.var(one, ddof=1) if len(one) > 1 else np.nan for one in logs])
    known = variances[np.isfinite(variances)]
    common = float(known.mean()) if len(known) else 0.0
    if common == 0:
        return counts
    return counts / ((np.where(np.isfinite(variances), variances, common) + common) / 2)


def _resampled(
    logs: Sequence[NDArray[np.float64]],
    means: NDArray[np.float64],
    confidence: float,
    replicates: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return means of launches drawn with replacement, shape (replicates, sizes), stretched as told above."""
    generator = np.random.default_rng(seed)
    drawn = np.empty((replicates, len(logs)))
    for at, one in enumerate(logs):
        count = len(one)
        half = t_quantile((1 + confidence) / 2, count - 1) * float(np.std(one, ddof=1)) / math.sqrt(count)
        away = one[generator.integers(count, size=(replicates, count))].mean(axis=1) - means[at]
        reach = float(np.quantile(np.abs(away), confidence))
        drawn[:, at] = means[at] + (away * (half / reach) if reach > 0 else 0)
    return drawn


def _size(place: float) -> float:
    return math.exp(place) if math.isfinite(place) else place


def _against(point: Point) -> bool:
    low, high = point.ratio.low, point.ratio.high
    if low is None or high is None:
        return False
    return (high < 1 < point.fitted) or (point.fitted < 1 < low)
