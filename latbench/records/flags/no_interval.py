"""One launch says nothing about the spread between launches."""

from latbench.records.flags.base import Evidence, Flag


def _fired(evidence: Evidence) -> str | None:
    return "1" if len(evidence.launches) == 1 else None


FLAG = Flag(
    "no_interval",
    "Launches: one alone gives no interval.",
    _fired,
    "Measure with several --launches.",
)
