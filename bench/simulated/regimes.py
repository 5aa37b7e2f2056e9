"""Cells that run at one level, or at two: whether the levels are found, and how near."""

from collections.abc import Iterator
from itertools import chain, pairwise

import numpy as np

from latbench import stats
from simulated import worlds
from simulated.coverage import ITERATIONS, LAUNCHES, LEAST, MOST
from simulated.faults import SOUND
from simulated.finding import Finding

APART = 0.4
ONE = "a cell of one level is said to have one"
TWO = "a cell of two levels, 1.5 apart, is said to have two"
NEAR = "both are found within 1 %"
COVERS = "95 % interval of a level covers it"
AGREE = "two runs agree within 3 % on both levels"

STAYS = (100, 400, 1000)


def two_levels(generator: np.random.Generator, stay: int) -> worlds.Array:
    """Return log latencies, shape (launches, samples), that keep a level for `stay` samples on average.

    A stay goes on from one launch into the next, and each level has a tenth of the samples at least. Launches
    differ by 0.5 % and samples by 2 %.
    """
    share = 0.0
    while not 0.1 <= share <= 0.9:
        changes = generator.random(LAUNCHES * ITERATIONS) < 1 / stay
        level = ((generator.integers(2) + np.cumsum(changes)) % 2).reshape(LAUNCHES, ITERATIONS)
        share = float(level.mean())
    noise = 0.005 * worlds.normal(generator, (LAUNCHES, 1))
    return APART * level + noise + 0.02 * worlds.normal(generator, (LAUNCHES, ITERATIONS))


def found(logs: worlds.Array) -> tuple[stats.Level, ...]:
    """Return the levels that are found in a cell."""
    return stats.levels(tuple(worlds.nanoseconds(logs))).levels


def single(trials: int) -> Iterator[Finding]:
    """Yield how often a cell of one level is said to have one."""
    for seed, (case, world) in enumerate(SOUND.items()):
        drawn = world(np.random.default_rng([31, seed]), (trials, LAUNCHES, ITERATIONS))
        share = sum(len(found(logs)) == 1 for logs in drawn) / trials
        yield Finding(ONE, case, trials, share, least=0.95)


def double(trials: int) -> Iterator[Finding]:
    """Yield how well two levels are found, for short stays and long ones."""
    limits = {TWO: (0.95, None), NEAR: (0.95, None), COVERS: (LEAST, MOST), AGREE: (0.95, None)}
    seen = {stay: shares(stay, trials) for stay in STAYS}
    for place, (question, (least, most)) in enumerate(limits.items()):
        for stay in STAYS:
            yield Finding(
                question, f"kept for {stay} samples on average", trials, seen[stay][place], least, most
            )


def shares(stay: int, trials: int) -> tuple[float, float, float, float]:
    """Return the shares of cells with two levels, both near; of intervals that cover, runs that agree."""
    generator = np.random.default_rng([32, stay])
    truth = worlds.LEVEL_NS * np.exp([0, APART])
    cells = [found(two_levels(generator, stay)) for _ in range(trials)]
    pairs = [tuple(zip(cell, truth, strict=True)) for cell in cells if len(cell) == 2]
    near = [all(abs(one.estimate / true - 1) <= 0.01 for one, true in pair) for pair in pairs]
    covers = [
        one.low <= true <= one.high
        for one, true in chain.from_iterable(pairs)
        if one.low is not None and one.high is not None
    ]
    agree = [
        len(one) == len(other) and all(_agree(*both) for both in zip(one, other, strict=True))
        for one, other in pairwise(cells)
    ]
    return len(pairs) / trials, float(np.mean(near)), float(np.mean(covers)), float(np.mean(agree))


def _agree(one: stats.Level, other: stats.Level) -> bool:
    return 1 / 1.03 <= one.estimate / other.estimate <= 1.03
