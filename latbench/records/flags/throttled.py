"""A cgroup quota stopped the measuring process."""

from latbench.records.flags.base import Evidence, Flag


def _fired(evidence: Evidence) -> str | None:
    stopped = sum(evidence.witnessed("throttled_ms"))
    return f"{stopped:.3g}ms" if stopped > 0 else None


FLAG = Flag(
    "throttled",
    "Time for which a cgroup quota stopped the timed regions, over all launches.",
    _fired,
    "Raise the CPU quota of the container, or use fewer --threads than the quota's CPUs.",
)
