"""Runs that go on until their interval is as narrow as asked, and percentiles that are printed or not."""

from collections.abc import Iterator

import numpy as np

from latbench import stats
from latbench.stats.interval import t_interval
from latbench.stats.percentiles import STATISTIC
from simulated import worlds
from simulated.finding import Finding

COVERS = "95 % interval of a run stopped at its precision target covers the truth"
PRINTED = "p99 is printed"
EXCEEDED = "the true percentile lies above the second largest of as many samples as license it"
LOOKS = (5, 10, 15, 20, 30, 40)
LEAST = 0.93


def stopped(spread: float, target: float, runs: int, seed: int) -> tuple[float, float]:
    """Return the share of runs that reached `target`, and the share of those whose 95 % interval covers."""
    looks = tuple(zip(LOOKS, stats.spent(LOOKS), strict=True))
    medians = 1e6 * (1 + spread * np.random.default_rng(seed).standard_normal((runs, LOOKS[-1])))
    covered = [ended for run in medians if (ended := _ended(run, looks, target)) is not None]
    return len(covered) / runs, float(np.mean(covered))


def _ended(run: worlds.Array, looks: tuple[tuple[int, float], ...], target: float) -> bool | None:
    """Return whether the interval covers at the first look that is narrow enough; None if none is."""
    for look, confidence in looks:
        half = t_interval(run[:look], confidence).half_percent
        if half is not None and half <= 100 * target:
            plain = t_interval(run[:look])
            return plain.low <= 1e6 <= plain.high  # type: ignore[operator]
    return None


def precision(runs: int = 1000) -> Iterator[Finding]:
    """Yield the coverage of runs stopped at 1 % and at 5 %."""
    for seed, (target, effort) in enumerate(((t, e) for t in (0.01, 0.05) for e in (0.3, 1, 2)), 1):
        _, covered = stopped(effort * target, target, runs, seed)
        case = f"target {100 * target:g} %, launches differ by {100 * effort * target:g} %"
        yield Finding(COVERS, case, runs, covered, least=LEAST)


def licences(runs: int = 1000) -> Iterator[Finding]:
    """Yield how often a percentile is printed short of its licence, and what the licence is worth."""
    p99 = next(one for one in STATISTIC if one.name == "latency_p99_ms")
    needed = stats.samples_needed(0.99)
    generator = np.random.default_rng(11)
    for count, limits in ((needed - 1, (None, 0.0)), (needed // 2, (None, 0.0))):
        drawn = worlds.nanoseconds(worlds.heavy_tailed(generator, (runs, 1, count)))
        share = float(np.mean([p99.compute(tuple(run)) is not None for run in drawn]))
        yield Finding(PRINTED, f"{count} independent samples", runs, share, *limits)
    slow = worlds.nanoseconds(worlds.autoregressive(generator, (runs, 1, needed)))
    share = float(np.mean([p99.compute(tuple(run)) is not None for run in slow]))
    yield Finding(PRINTED, f"{needed} samples that correlate by 0.5", runs, share, None, 0.0)
    for name, p in (("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        uniform = generator.random((runs, stats.samples_needed(p)))
        share = float(np.mean(np.partition(uniform, -2, axis=1)[:, -2] < p))
        yield Finding(EXCEEDED, f"{name}, {stats.samples_needed(p)} samples", runs, share, None, 0.02)
