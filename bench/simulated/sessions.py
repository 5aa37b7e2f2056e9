"""Comparisons whose truth is known: sessions of ABBA blocks, decided as `latbench compare` decides them."""

from collections import Counter
from collections.abc import Iterator
from itertools import product

import numpy as np

from latbench import stats
from latbench.stats import Comparison, Verdict
from latbench.stats.verdict import MARGIN
from simulated import worlds
from simulated.finding import Finding

FALSE = "A against A is called faster, slower or untrusted"
FAMILY = "ten pairs of A against A: any of them is called so"
POOLED = "A against A is significant to a t-test over pooled iterations"
MISS = "95 % interval of the ratio misses the truth"

BLOCKS = (10, 20, 40)
EFFECTS = (0.01, 0.02, 0.03, 0.05)
SPREADS = (0.01, 0.03)
ERROR = 0.05
CHANCE = 0.02
"""A true 5 % shows as at most 7 % of 1000, give or take 2.9 standard errors."""

UNSTEADY: dict[str, worlds.World] = {
    "launches differ by 0.2 %": worlds.spread(0.002),
    "launches differ by 1 %": worlds.spread(0.01),
    "launches differ by 3 %": worlds.spread(0.03),
    "0.2 %, and 3 % drift over the session": worlds.spread_with_drift(0.002),
    "1 %, and 3 % drift over the session": worlds.spread_with_drift(0.01),
    "1 %, and two levels 1.5 apart kept for ten launches": worlds.spread_with_regimes(0.01),
    "1 %, and one launch in twenty 1.5 times slower": worlds.spread_with_spikes(0.01),
    "a level that wanders by 2 % a launch": worlds.wandering(0.02),
}


def sessions(
    world: worlds.World, runs: int, blocks: int, seed: int, effect: float = 0.0
) -> Iterator[Comparison]:
    """Yield comparisons of B, which takes 1 / (1 + `effect`) of the time A takes: blocks ABBA or BAAB."""
    generator = np.random.default_rng(seed)
    logs = world(generator, (runs, 4 * blocks, 1)).reshape(runs, blocks, 4)
    outer, inner = logs[..., [0, 3]], logs[..., [1, 2]]
    abba = generator.random((runs, blocks, 1)) < 0.5
    baseline = worlds.nanoseconds(np.where(abba, outer, inner)).reshape(runs, 2 * blocks, 1)
    candidate = np.where(abba, inner, outer) - np.log1p(effect)
    for one, other in zip(baseline, worlds.nanoseconds(candidate).reshape(runs, 2 * blocks, 1), strict=True):
        yield stats.compared(tuple(one), tuple(other))


def verdicts(
    world: worlds.World, runs: int, blocks: int, seed: int, effect: float = 0.0
) -> dict[Verdict, float]:
    """Return the share of each verdict among that many sessions."""
    counts = Counter(stats.decide(one).verdict for one in sessions(world, runs, blocks, seed, effect))
    return {verdict: counts[verdict] / runs for verdict in Verdict}


def wrong(shares: dict[Verdict, float]) -> float:
    """Return the share of verdicts that A against A must not have."""
    return shares[Verdict.FASTER] + shares[Verdict.SLOWER] + shares[Verdict.UNTRUSTED]


def false_verdicts(runs: int = 1000) -> Iterator[Finding]:
    """Yield how often A against A is called different, in each world and size of session."""
    for seed, (case, world) in enumerate(UNSTEADY.items(), 1):
        for blocks in BLOCKS:
            share = wrong(verdicts(world, runs, blocks, 1000 * seed + blocks))
            yield Finding(FALSE, f"{case}; {blocks} blocks", runs, share, most=ERROR)
    for spread in SPREADS:
        told = f"launches differ by {100 * spread:g} %; 10 blocks"
        yield Finding(FAMILY, told, runs, family(worlds.spread(spread), runs), most=ERROR)
    yield Finding(POOLED, "launches differ by 2.7 %, samples by 5 %; 10 launches of 400", runs, pooled(runs))


def family(world: worlds.World, runs: int, pairs: int = 10, blocks: int = 10) -> float:
    """Return the share of sessions of so many pairs in which any is called different."""
    drawn = [sessions(world, runs, blocks, seed) for seed in range(100, 100 + pairs)]
    bad = (Verdict.FASTER, Verdict.SLOWER, Verdict.UNTRUSTED)
    sweeps = (stats.decide_all(sweep) for sweep in zip(*drawn, strict=True))
    return sum(any(one.verdict in bad for one in sweep) for sweep in sweeps) / runs


def pooled(runs: int, launches: int = 10, iterations: int = 400) -> float:
    """Return how often Student's t over all iterations of two equal sides has p < 5 %."""
    generator = np.random.default_rng(7)
    shape = (2 * runs, launches, iterations)
    values = worlds.launches_differ(generator, shape).reshape(2, runs, -1)
    error = np.sqrt(values.var(axis=2, ddof=1).sum(axis=0) / values.shape[2])
    return float(np.mean(np.abs(values[0].mean(axis=1) - values[1].mean(axis=1)) > 1.96 * error))


def power(runs: int = 1000) -> Iterator[Finding]:
    """Yield what is said of true effects; promised is that no wrong thing is said too often."""
    cases = list(product(EFFECTS, SPREADS, BLOCKS))
    seen = [verdicts(worlds.spread(sd), runs, n, 2000 + i, e) for i, (e, sd, n) in enumerate(cases)]
    for verdict in (Verdict.FASTER, Verdict.SAME, Verdict.SLOWER):
        for (effect, sd, blocks), shares in zip(cases, seen, strict=True):
            case = f"by {100 * effect:g} %, launches differ by {100 * sd:g} %; {blocks} blocks"
            most = _limits(effect)[verdict]
            yield Finding(f"what is faster is called {verdict}", case, runs, shares[verdict], most=most)


def _limits(effect: float) -> dict[Verdict, float | None]:
    """Return what may be said how often; on the margin itself "same" has 5 %, which shows as up to 7 %."""
    same = None if effect < MARGIN else ERROR + CHANCE * (effect == MARGIN)
    return {Verdict.FASTER: None, Verdict.SAME: same, Verdict.SLOWER: ERROR / 2}


def missed(world: worlds.World, runs: int, blocks: int, seed: int) -> float:
    """Return how often the ratio's 95 % interval misses a B that is 3 % faster."""
    intervals = (one.effect.interval() for one in sessions(world, runs, blocks, seed, 0.03))
    return sum(not one.low <= 1.03 <= one.high for one in intervals) / runs  # type: ignore[operator]


def ratio_coverage(runs: int = 1000) -> Iterator[Finding]:
    """Yield how often the interval of the ratio misses, in each world."""
    for seed, (case, world) in enumerate(UNSTEADY.items(), 1):
        share = missed(world, runs, 10, 3000 * seed)
        yield Finding(MISS, f"{case}; 10 blocks", runs, share, most=ERROR + CHANCE)
