"""The machine kept the latency at more than one level."""

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
    found = stats.levels(tuple(np.asarray(one, dtype=np.int64) for one in samples)).levels
    if len(found) < 2:
        return None
    return "|".join(milliseconds(level.estimate) for level in found) + " ms"


def milliseconds(nanoseconds: float) -> str:
    """Return three digits, or more where the milliseconds have more: "5.71", "1234"."""
    value = nanoseconds / stats.NS_PER_MS
    return f"{value:.0f}" if value >= 999.5 else f"{value:.3g}"


FLAG = Flag(
    "levels",
    "Latencies between which the machine went back and forth, clearly apart; the columns level_* tell them.",
    _fired,
    "Compare level by level, not by latency_ms, which depends on the shares; `latbench doctor` says what may "
    "leave the slow one.",
)
