"""Runs that go on until their interval is as narrow as asked, and percentiles that are printed or not."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from latbench import stats
from latbench.pipeline.protocol import Protocol
from latbench.stats.looks import look_interval
from latbench.stats.percentiles import STATISTIC
from simulated import worlds
from simulated.finding import Finding

COVERS = "the interval of a run stopped at its precision target covers the truth"
PRINTED = "p99 is printed"
EXCEEDED = "the true percentile lies above the second largest of as many samples as license it"
PROTOCOLS = (Protocol(precision_target=0.01), Protocol(precision_target=0.05), Protocol(quick=True))
LEAST = 0.93


def covered(protocol: Protocol, spread: float, runs: int, seed: int) -> tuple[float, float]:
    """Return which shares of runs reach the target of `protocol`, and end with an interval that covers.

    A run that uses up its launches counts with the interval that it ends with.
    """
    medians = 1e6 * (1 + spread * np.random.default_rng(seed).standard_normal((runs, protocol.launch_count)))
    ends = [_ended(tuple(run[:, None]), protocol) for run in medians]
    holds = [one.low <= 1e6 <= one.high for one, _ in ends]  # type: ignore[operator]
    return float(np.mean([reached for _, reached in ends])), float(np.mean(holds))


def _ended(launches: stats.Launches, protocol: Protocol) -> tuple[stats.Interval, bool]:
    """Return the interval at the look at which the run ends, and whether it is as narrow as asked."""
    for look in protocol.looks:
        found = look_interval(launches[:look], protocol.looks)
        if found.half_percent is not None and found.half_percent <= 100 * (protocol.target_share or 0):
            return found, True
    return found, False


def precision(runs: int = 1000) -> Iterator[Finding]:
    """Yield the coverage of adaptive and of quick runs, where launches differ little and much."""
    for seed, (protocol, effort) in enumerate(product(PROTOCOLS, (0.3, 1, 2)), 1):
        target = protocol.target_share or 0
        _, share = covered(protocol, effort * target, runs, seed)
        case = f"{protocol.label}, {100 * target:g} %; launches differ by {effort:g} x the target"
        yield Finding(COVERS, case, runs, share, least=LEAST)


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
