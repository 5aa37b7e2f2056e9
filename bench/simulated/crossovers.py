"""How often the interval of a crossover holds the truth, and whether the best of many is told for a gain."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from latbench.stats import crossover_of_logs
from latbench.stats.ratio import mean_effect
from latbench.studies.crossover.best import best
from simulated.finding import Finding

SIZES = tuple(7 * 2**doubling for doubling in range(7))
RISE, SPREAD = math.log(1.15), 0.1
"""The log ratio gains this much per doubling; launches differ by this standard deviation of it."""

EVEN, UNEVEN = (SPREAD,) * len(SIZES), tuple(SPREAD * (2 if at % 2 else 0.2) for at in range(len(SIZES)))
COVERS = "95 % interval of a crossover, 7:448, covers the truth"
CASES = (
    ("28, a size that is measured", 28, EVEN),
    ("40, between two sizes", 40, EVEN),
    ("9, near the smallest", 9, EVEN),
    ("5, below the smallest", 5, EVEN),
    ("600, above the largest", 600, EVEN),
    ("40, sizes that differ tenfold in noise", 40, UNEVEN),
)
LAUNCHES = (2, 3, 4, 5, 10)
LEAST = 0.93

AHEAD = "the best of 20 lowerings, none of them faster than the spatial form, is said to be"
GUARDED = "judged on launches that did not choose it"
EQUAL, APART, MOST = 20, 0.05, 0.05


def covered(truth: float, spreads: tuple[float, ...], launches: int, runs: int, seed: int) -> float:
    """Return the share of sweeps whose interval holds `truth`, where the curve crosses."""
    generator = np.random.default_rng(seed)
    means = RISE * np.log2(np.array(SIZES) / truth)
    return float(np.mean([_holds(truth, means, spreads, launches, generator) for _ in range(runs)]))


def _holds(
    truth: float,
    means: NDArray[np.float64],
    spreads: tuple[float, ...],
    launches: int,
    generator: np.random.Generator,
) -> bool:
    logs = [generator.normal(mean, spread, launches) for mean, spread in zip(means, spreads, strict=True)]
    found = crossover_of_logs(SIZES, logs)
    low, high = found.low, found.high
    assert low is not None and high is not None
    # Both ends beyond the same end of the range say that the crossover lies anywhere out there.
    return min(low, SIZES[-1]) <= truth <= max(high, SIZES[0])


def ahead(launches: int, runs: int, seed: int, *, guarded: bool) -> float:
    """Return how often the ratio of the best of 20 equal lowerings lies above 1 with its whole interval.

    `guarded`: each launch judged on what the other launches chose; else on the fastest by its own mean.
    """
    drawn = np.random.default_rng(seed).normal(0, APART, (runs, EQUAL, launches))
    return float(np.mean([_wins(table, guarded=guarded) for table in drawn]))


def _wins(table: NDArray[np.float64], *, guarded: bool) -> bool:
    logs = table[table.mean(axis=1).argmax()]
    if guarded:
        found = best({str(at): dict(enumerate(map(float, row))) for at, row in enumerate(table)})
        assert found is not None
        logs = found.logs
    low = mean_effect(logs).interval().low
    return low is not None and low > 1


def findings(runs: int = 1000) -> Iterator[Finding]:
    """Yield the coverage by crossover and launches, then how often luck is told for a gain."""
    for seed, (case, truth, spreads) in enumerate(CASES):
        for count in LAUNCHES:
            share = covered(truth, spreads, count, runs, 100 * seed + count)
            yield Finding(COVERS, f"{case}; {count} launches", runs, share, least=LEAST)
    for guarded, how, most in ((True, GUARDED, MOST), (False, "judged on its own", None)):
        for count in LAUNCHES[1:]:
            share = ahead(count, runs, count, guarded=guarded)
            yield Finding(AHEAD, f"{how}; {count} launches", runs, share, most=most)
