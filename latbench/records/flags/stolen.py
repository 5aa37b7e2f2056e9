"""The hypervisor gave our CPUs to others."""

from latbench.records.flags.base import Evidence, Flag

_LEAST_PERCENT = 1.0
"""The kernel counts in ticks of a few milliseconds: less than this is one or two of them."""


def _fired(evidence: Evidence) -> str | None:
    worst = max(evidence.witnessed("steal_percent"), default=0.0)
    return f"{worst:.3g}%" if worst >= _LEAST_PERCENT else None


FLAG = Flag(
    "stolen",
    "CPU time the hypervisor gave to others in the worst launch, from 1 % on.",
    _fired,
    "Nothing inside this machine helps: measure on CPUs of your own, or when the host is quieter.",
)
