"""Cells whose two CPUs have neighbours that come and go: whether the latency at best is found, and again."""

from collections.abc import Iterator

import numpy as np

from latbench import stats
from simulated import worlds
from simulated.coverage import ITERATIONS, LAUNCHES
from simulated.finding import Finding

SLOWED = np.log(1.45)
STAY = 80
FOUND = "what a disturbed cell is at best is found within 2 %"
COVERS = "95 % interval of the best covers it"
AGREE = "two runs agree within 3 %, the CPUs undisturbed 80 % of the time each, then 40 %"

QUIET = (0.4, 0.6, 0.8)


def disturbed(generator: np.random.Generator, quiet: float, samples: int = ITERATIONS) -> worlds.Array:
    """Return log latencies, shape (launches, samples), 0 where neither CPU is slowed.

    Each CPU is undisturbed for a share `quiet` of the time and then takes 1.45 times as long; it changes
    every 80 samples on average, and an inference waits for the slower of the two. Launches differ by 0.5 %
    and samples by 2 %.
    """
    noise = 0.005 * worlds.normal(generator, (LAUNCHES, 1))
    slowed = slowing(generator, quiet, (LAUNCHES, samples))
    return slowed + noise + 0.02 * worlds.normal(generator, (LAUNCHES, samples))


def slowing(generator: np.random.Generator, quiet: float, shape: tuple[int, int]) -> worlds.Array:
    """Return by how much neighbours slow each sample, in log latency, shape (launches, samples)."""
    samples = shape[1]
    slow = [_slowed(generator, quiet, samples) | _slowed(generator, quiet, samples) for _ in range(shape[0])]
    return SLOWED * np.array(slow)


def _slowed(generator: np.random.Generator, quiet: float, samples: int) -> worlds.Array:
    state = bool(generator.random() > quiet)
    stays: list[int] = []
    while sum(stays) < samples:
        share = 1 - quiet if state ^ (len(stays) % 2 == 1) else quiet
        stays.append(1 + int(generator.exponential(2 * STAY * share)))
    states = (np.arange(len(stays)) % 2 == 1) ^ state
    return np.repeat(states, stays)[:samples]


def findings(trials: int) -> Iterator[Finding]:
    """Yield how near the best is, how often its interval covers it, and how well two runs agree."""
    cells = {
        f"each CPU undisturbed {100 * quiet:.0f} % of the time": _bests(quiet, trials) for quiet in QUIET
    }
    for case, found in cells.items():
        near = [abs(one.estimate / worlds.LEVEL_NS - 1) <= 0.02 for one in found]
        yield Finding(FOUND, case, trials, float(np.mean(near)), least=0.95)
    for case, found in cells.items():
        told = [(one.low, one.high) for one in found if one.low is not None and one.high is not None]
        covers = [low <= worlds.LEVEL_NS <= high for low, high in told]
        yield Finding(COVERS, case, trials, float(np.mean(covers)))
    generator = np.random.default_rng(42)
    pairs = [(_cell(generator, QUIET[-1]), _cell(generator, QUIET[0])) for _ in range(trials)]
    at_best = [_agree(stats.best(one).estimate, stats.best(other).estimate) for one, other in pairs]
    headline = [
        _agree(stats.launch_interval(one).estimate, stats.launch_interval(other).estimate)
        for one, other in pairs
    ]
    yield Finding(AGREE, "at best", trials, float(np.mean(at_best)), least=0.95)
    yield Finding(AGREE, "as measured", trials, float(np.mean(headline)))


def _bests(quiet: float, trials: int) -> list[stats.Level]:
    generator = np.random.default_rng([41, round(100 * quiet)])
    return [stats.best(_cell(generator, quiet)) for _ in range(trials)]


def _cell(generator: np.random.Generator, quiet: float) -> stats.Launches:
    return tuple(worlds.nanoseconds(disturbed(generator, quiet)))


def _agree(one: float, other: float) -> bool:
    return 1 / 1.03 <= one / other <= 1.03
