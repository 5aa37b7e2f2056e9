"""How often a fault is flagged, and how often a flag cries where there is none."""

from collections.abc import Iterator

import numpy as np

from simulated import faults
from simulated.finding import Finding

CAUGHT = "a fault is caught"
FALSE = "a flag is raised on a sound cell"
LEAST, MOST = 0.95, 0.05


def caught(name: str, trials: int, seed: int = 5) -> float:
    """Return the share of cells with the fault `name` whose row carries its flag."""
    generator = np.random.default_rng([seed, *name.encode()])
    hits = 0
    for _ in range(trials):
        cell = faults.steady(generator)
        faults.FAULTS[name](generator, cell)
        hits += name in faults.flagged(cell, generator)
    return hits / trials


def raised(world: str, trials: int, seed: int = 6) -> dict[str, float]:
    """Return the share of sound cells of `world` that carry each of the flags that tell a fault."""
    generator = np.random.default_rng([seed, *world.encode()])
    cells = (faults.sound(generator, faults.SOUND[world]) for _ in range(trials))
    seen = [faults.flagged(cell, generator) for cell in cells]
    return {name: sum(name in one for one in seen) / trials for name in faults.FAULTS}


def findings(trials: int = 100) -> Iterator[Finding]:
    """Yield both rates for each fault."""
    for name, fault in faults.FAULTS.items():
        told = (fault.__doc__ or "").strip().rstrip(".")
        yield Finding(CAUGHT, f"{name}: {told}", trials, caught(name, trials), least=LEAST)
    for world in faults.SOUND:
        for name, share in raised(world, trials).items():
            yield Finding(FALSE, f"{name}; {world}", trials, share, most=MOST)
