"""Ways for a machine to be unsteady: log latencies around 0, of shape (runs, launches, samples).

Spreads are shares of the latency: 0.05 is a standard deviation of 5 %.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL_NS = 5e6

Array = NDArray[Any]
Shape = tuple[int, int, int]
World = Callable[[np.random.Generator, Shape], Array]


def nanoseconds(logs: Array) -> NDArray[np.int64]:
    """Return latencies around 5 ms whose logarithms lie `logs` away from it."""
    return (LEVEL_NS * np.exp(logs)).astype(np.int64)


def normal(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return standard normal numbers."""
    return generator.standard_normal(shape, dtype=np.float32)


def per_launch(generator: np.random.Generator, shape: Shape) -> Array:
    """Return one standard normal number for each launch, shape (runs, launches, 1)."""
    return normal(generator, (*shape[:2], 1))


def independent(generator: np.random.Generator, shape: Shape) -> Array:
    """Independent samples, sd 5 %."""
    return 0.05 * normal(generator, shape)


def autoregressive(generator: np.random.Generator, shape: Shape) -> Array:
    """Each sample follows its predecessor with correlation 0.5, sd 5 %."""
    noise = normal(generator, shape)
    for index in range(1, shape[2]):
        noise[..., index] *= np.sqrt(0.75)
        noise[..., index] += 0.5 * noise[..., index - 1]
    return 0.05 * noise


def launches_differ(generator: np.random.Generator, shape: Shape) -> Array:
    """Sd 5 %, of whose square 0.3 belongs to the launch (intra-class correlation): 2.7 % between launches."""
    noise = np.sqrt(np.float32(0.7)) * normal(generator, shape)
    return 0.05 * (noise + np.sqrt(0.3) * per_launch(generator, shape))


def drift_in_launches(generator: np.random.Generator, shape: Shape) -> Array:
    """Every launch slows down by 3 % from its first to its last sample."""
    return np.linspace(0, 0.03, shape[2], dtype=np.float32) + independent(generator, shape)


def drift_over_run(generator: np.random.Generator, shape: Shape) -> Array:
    """The machine slows down by 3 % from the first launch to the last, which also differ as launches do."""
    return np.linspace(0, 0.03, shape[1], dtype=np.float32)[:, None] + launches_differ(generator, shape)


def drift_alone(generator: np.random.Generator, shape: Shape) -> Array:
    """The same drift where launches otherwise do not differ at all."""
    return np.linspace(0, 0.03, shape[1], dtype=np.float32)[:, None] + independent(generator, shape)


def bimodal(generator: np.random.Generator, shape: Shape) -> Array:
    """Three samples in ten at 1.5 times the level, sd 2 %."""
    return 0.4 * (generator.random(shape, dtype=np.float32) < 0.3) + 0.02 * normal(generator, shape)


def heavy_tailed(generator: np.random.Generator, shape: Shape) -> Array:
    """Pareto noise of infinite variance on one side."""
    uniform = 1 - generator.random(shape, dtype=np.float32)
    return np.minimum(0.05 * (uniform ** np.float32(-1 / 1.5) - 1), 3)


def slow_launches(generator: np.random.Generator, shape: Shape) -> Array:
    """Three launches in ten run at 1.5 times the level throughout."""
    return 0.4 * (generator.random((*shape[:2], 1)) < 0.3) + 0.02 * normal(generator, shape)


def regimes(generator: np.random.Generator, shape: Shape) -> Array:
    """Two levels, 1.5 times apart, each kept for ten launches on average."""
    return 0.4 * _switching(generator, shape[:2], 0.1)[..., None] + 0.02 * normal(generator, shape)


def skewed_launches(generator: np.random.Generator, shape: Shape) -> Array:
    """Launches differ log-normally: most a little, a few a lot."""
    return 0.02 * normal(generator, shape) + 0.03 * np.exp(0.8 * per_launch(generator, shape))


def _switching(generator: np.random.Generator, shape: tuple[int, int], chance: float) -> Array:
    """Return 0 or 1 for each launch of each run, changing from one to the next with that chance."""
    begun = generator.integers(2, size=(shape[0], 1))
    changes = generator.random(shape) < chance
    changes[:, 0] = False
    return (begun + np.cumsum(changes, axis=1)) % 2


# Sessions of a comparison are simulated at the level of launch medians: one sample for each launch.


def spread(sd: float) -> World:
    """Return a world whose launches differ by `sd`, normally."""
    return lambda generator, shape: sd * per_launch(generator, shape)


def spread_with_drift(sd: float) -> World:
    """Return that world, slowing down by 3 % over the session."""
    return lambda generator, shape: (
        sd * per_launch(generator, shape) + np.linspace(0, 0.03, shape[1])[:, None]
    )


def spread_with_regimes(sd: float) -> World:
    """Return that world with two levels, 1.5 times apart, each kept for ten launches on average."""
    return lambda generator, shape: (
        sd * per_launch(generator, shape) + 0.4 * _switching(generator, shape[:2], 0.1)[..., None]
    )


def spread_with_spikes(sd: float) -> World:
    """Return that world with one launch in twenty at 1.5 times the level."""
    return lambda generator, shape: (
        sd * per_launch(generator, shape) + 0.4 * (generator.random((*shape[:2], 1)) < 0.05)
    )


def wandering(sd: float) -> World:
    """Return a world whose level goes from launch to launch by independent steps of `sd` that add up."""
    return lambda generator, shape: sd * np.cumsum(per_launch(generator, shape), axis=1)
