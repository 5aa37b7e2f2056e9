"""Neighbouring samples tell much the same."""

from latbench import stats
from latbench.records.flags.base import Flag, of_samples
from latbench.stats.base import Launches

_MOST = 0.2
_SAMPLES = 20
"""Samples of a launch below which their dependence cannot be told."""


def _figure(launches: Launches) -> str | None:
    launches = tuple(one for one in launches if len(one) >= _SAMPLES)
    if not launches:
        return None
    worth = stats.effective_sample_size(launches) / sum(map(len, launches))
    return f"{worth:.2g}" if worth <= _MOST else None


FLAG = Flag(
    "autocorrelated",
    "Independent samples that one sample is worth, from 0.2 down: slow samples come together.",
    of_samples(_figure),
    "More launches make the interval narrower; more iterations in each hardly do.",
)
