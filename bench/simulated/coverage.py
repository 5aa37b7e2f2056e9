"""How often the 95 % interval of the headline holds the truth."""

from collections.abc import Iterator

import numpy as np

from latbench import stats
from simulated import worlds
from simulated.finding import Finding

LAUNCHES, ITERATIONS = 10, 400
QUESTION = "95 % interval of the headline covers the truth"
LEAST, MOST = 0.93, 0.97

PROMISED: tuple[worlds.World, ...] = (
    worlds.independent,
    worlds.autoregressive,
    worlds.launches_differ,
    worlds.drift_in_launches,
    worlds.drift_over_run,
    worlds.bimodal,
    worlds.heavy_tailed,
)
LIMITS: tuple[worlds.World, ...] = (
    worlds.drift_alone,
    worlds.slow_launches,
    worlds.skewed_launches,
    worlds.regimes,
)
"""Too wide under a drift that is nearly all there is; too narrow where ten launches cannot show it all."""


def covered(world: worlds.World, runs: int, seed: int = 2024) -> float:
    """Return the share of runs whose interval holds the truth: the mean of the launch medians of other runs.

    For a drift that is the average level of the run, start to end.
    """
    seeds = np.random.SeedSequence(seed).spawn(2)
    shape = (runs, LAUNCHES, ITERATIONS)
    seen, others = (worlds.nanoseconds(world(np.random.default_rng(one), shape)) for one in seeds)
    truth = float(np.median(others, axis=2).mean())
    found = [stats.launch_interval(tuple(run)) for run in seen]
    return float(np.mean([one.low <= truth <= one.high for one in found]))  # type: ignore[operator]


def findings(runs: int = 1000) -> Iterator[Finding]:
    """Yield the coverage in each world, those with a promise first."""
    for world in PROMISED:
        yield Finding(QUESTION, _told(world), runs, covered(world, runs), LEAST, MOST)
    for world in LIMITS:
        yield Finding(QUESTION, _told(world), runs, covered(world, runs))


def _told(world: worlds.World) -> str:
    return (world.__doc__ or "").strip().rstrip(".")
