"""The floor: what a handful of inferences in a row take when nothing disturbs them."""

import numpy as np

from latbench.stats.base import NS_PER_MS, Launches, Statistic

TOGETHER = 5
"""Inferences in a row: enough that no single lucky reading makes the floor, few enough that they fit between
disturbances of some tens of milliseconds, which on a busy virtual machine are seldom further apart."""


def floor(launches: Launches) -> float | None:
    """Return the least median, in ns, of `TOGETHER` consecutive inferences of any launch.

    None where no launch is that long. A bound for comparing sessions on a machine whose neighbours come and
    go, not what a user waits for: the level that a session at best reaches moves with what share of it was
    disturbed, while this needs a moment alone.
    """
    found = [_least(launch) for launch in launches if len(launch) >= TOGETHER]
    return min(found, default=None)


def _least(launch: np.ndarray) -> float:
    windows = np.lib.stride_tricks.sliding_window_view(launch, TOGETHER)
    return float(np.median(windows, axis=1).min())


def _in_ms(launches: Launches) -> float | None:
    found = floor(launches)
    return None if found is None else found / NS_PER_MS


STATISTIC = Statistic(
    "latency_floor_ms",
    "ms",
    "lower",
    20,
    f"Least median of {TOGETHER} inferences in a row; the undisturbed latency, where sessions agree best.",
    "running median, Tukey 1977; minimum over launches, Chen & Revels 2016",
    _in_ms,
)
