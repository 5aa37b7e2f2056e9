"""The latency stepped between two launches and stayed there."""

from functools import lru_cache

import numpy as np

from latbench import stats
from latbench.records.flags.base import Evidence, Flag

_LEAST = 0.02


def _fired(evidence: Evidence) -> str | None:
    return _figure(evidence.samples)


@lru_cache(maxsize=4096)
def _figure(samples: tuple[tuple[int, ...], ...]) -> str | None:
    found = stats.step(tuple(np.asarray(one, dtype=np.int64) for one in samples))
    if found is None or abs(found.ratio - 1) < _LEAST:
        return None
    return f"{found.ratio:.3g}x@launch {found.index + 1}"


FLAG = Flag(
    "step",
    "Launch medians after a step over those before, from 2 % on, and the first launch after it.",
    _fired,
    "See what began or ended on the machine at that launch; run again when it is quiet.",
)
