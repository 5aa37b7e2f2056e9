"""The latency stepped between two launches and stayed there."""

from latbench import stats
from latbench.records.flags.base import Flag, of_samples
from latbench.stats.base import Launches

_LEAST = 0.02


def _figure(launches: Launches) -> str | None:
    found = stats.step(launches)
    if found is None or abs(found.ratio - 1) < _LEAST:
        return None
    return f"{found.ratio:.3g}x@launch {found.index + 1}"


FLAG = Flag(
    "step",
    "Launch medians after a step over those before, from 2 % on, and the first launch after it.",
    of_samples(_figure),
    "See what began or ended on the machine at that launch; run again when it is quiet.",
)
