"""Neighbouring samples tell much the same."""

from functools import lru_cache

import numpy as np

from latbench import stats
from latbench.records.flags.base import Evidence, Flag

_MOST = 0.2
_SAMPLES = 20
"""Samples of a launch below which their dependence cannot be told."""


def _fired(evidence: Evidence) -> str | None:
    return _figure(evidence.samples)


@lru_cache(maxsize=4096)
def _figure(samples: tuple[tuple[int, ...], ...]) -> str | None:
    launches = tuple(np.asarray(one, dtype=np.int64) for one in samples if len(one) >= _SAMPLES)
    if not launches:
        return None
    worth = stats.effective_sample_size(launches) / sum(map(len, launches))
    return f"{worth:.2g}" if worth <= _MOST else None


FLAG = Flag(
    "autocorrelated",
    "Independent samples that one sample is worth, from 0.2 down: slow samples come together.",
    _fired,
    "More launches make the interval narrower; more iterations in each hardly do.",
)
