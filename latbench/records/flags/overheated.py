"""Heat slowed the processor down."""

from latbench.records.flags.base import Evidence, Flag


def _fired(evidence: Evidence) -> str | None:
    times = sum(evidence.witnessed("thermal_throttles"))
    return f"{times:.0f}" if times > 0 else None


FLAG = Flag(
    "overheated",
    "How often heat slowed the CPUs during the timed regions, over all launches.",
    _fired,
    "Let the machine cool, or cool it better.",
)
