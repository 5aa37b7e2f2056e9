"""Denormal numbers slow the model down."""

from latbench.records.flags.base import Evidence, Flag

_LEAST = 1.2
"""Of 100 probes of models without denormal numbers, on a busy machine, the highest ratio was 1.06."""


def _fired(evidence: Evidence) -> str | None:
    worst = max(evidence.witnessed("flush_denormals_ratio"), default=1.0)
    return f"{worst:.3g}x" if worst >= _LEAST else None


FLAG = Flag(
    "denormals",
    "Latency / latency with denormal numbers flushed to zero, on one thread, from 1.2 on.",
    _fired,
    "Time trained weights, or turn on the runtime's flush-to-zero option if deployment will.",
)
