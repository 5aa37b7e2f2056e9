"""The latency was well above what it is while the machine is at its best."""

from functools import lru_cache

import numpy as np

from latbench import stats
from latbench.records.flags.base import Evidence, Flag


def _fired(evidence: Evidence) -> str | None:
    return _figure(evidence.samples)


@lru_cache(maxsize=4096)
def _figure(samples: tuple[tuple[int, ...], ...]) -> str | None:
    if not samples:
        return None
    ratio = stats.slowdown(tuple(np.asarray(one, dtype=np.int64) for one in samples))
    return None if ratio is None else f"{ratio:.2f}x"


FLAG = Flag(
    "disturbed",
    "Latency / what it is while the machine is at its best (columns best_*), from 1.1 on.",
    _fired,
    "Compare best_ms between days, and latency_ms within a session; `latbench doctor` says what may disturb.",
)
