"""The machine kept the latency at more than one level."""

from latbench import stats
from latbench.records.flags.base import Flag, of_samples
from latbench.stats.base import Launches


def _figure(launches: Launches) -> str | None:
    found = stats.levels(launches).levels
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
    of_samples(_figure),
    "Compare level by level, not by latency_ms, which depends on the shares; `latbench doctor` says what may "
    "leave the slow one.",
)
