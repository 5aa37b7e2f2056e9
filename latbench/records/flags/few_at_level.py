"""A level, or the best, was seen by too few launches for its interval to be trusted."""

from functools import lru_cache

import numpy as np

from latbench import stats
from latbench.records.flags.base import Evidence, Flag
from latbench.records.flags.levels import milliseconds


def _fired(evidence: Evidence) -> str | None:
    return _figure(evidence.samples)


@lru_cache(maxsize=4096)
def _figure(samples: tuple[tuple[int, ...], ...]) -> str | None:
    if not samples:
        return None
    launches = tuple(np.asarray(one, dtype=np.int64) for one in samples)
    levels = stats.levels(launches).levels
    found: list[stats.Level | stats.Best] = [*levels] if len(levels) > 1 else []
    if stats.slowdown(launches) is not None:
        found.append(stats.best(launches))
    rarest = min(found, key=lambda level: level.launches, default=None)
    if rarest is None or rarest.launches >= stats.ENOUGH:
        return None
    return f"{rarest.launches}<{stats.ENOUGH} at {milliseconds(rarest.estimate)} ms"


FLAG = Flag(
    "few_at_level",
    "Launches that visited the least visited level (or best_ms) < launches that its interval needs.",
    _fired,
    "Give more --launches, or --extend the run until each level has enough.",
)
