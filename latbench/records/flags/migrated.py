"""The scheduler moved threads from CPU to CPU."""

from latbench.records.flags.base import Evidence, Flag

_LEAST, _LEAST_PER_SECOND = 10, 10.0
"""A move costs about 0.1 ms of refilled caches, so that ten a second take 0.1 % of the time. On an idle
machine a launch has none or a few, on an oversubscribed one 10 to 30 a second."""


def _fired(evidence: Evidence) -> str | None:
    rates = [0.0]
    for launch in evidence.launches:
        moves, elapsed_ms = (launch.witnesses.get(name) for name in ("migrations", "elapsed_ms"))
        if moves is not None and elapsed_ms and moves >= _LEAST:
            rates.append(1e3 * moves / elapsed_ms)
    worst = max(rates)
    return f"{worst:.0f}/s" if worst >= _LEAST_PER_SECOND else None


FLAG = Flag(
    "migrated",
    "Times per second that threads were moved to another CPU in the worst launch, from 10 on.",
    _fired,
    "Ask for no more threads than usable CPUs, stop other work, or pin the process with taskset -c.",
)
