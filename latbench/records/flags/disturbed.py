"""The latency was well above what it is while the machine is at its best."""

from latbench import stats
from latbench.records.flags.base import Flag, of_samples
from latbench.stats.base import Launches


def _figure(launches: Launches) -> str | None:
    ratio = stats.slowdown(launches)
    return None if ratio is None else f"{ratio:.2f}x"


FLAG = Flag(
    "disturbed",
    "Latency / what it is while the machine is at its best (columns best_*), from 1.1 on.",
    of_samples(_figure),
    "Compare best_ms between days, and latency_ms within a session; `latbench doctor` says what may disturb.",
)
