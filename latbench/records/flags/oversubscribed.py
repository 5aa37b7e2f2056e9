"""More threads than the process may use CPUs."""

from latbench.records.flags.base import Evidence, Flag


def _fired(evidence: Evidence) -> str | None:
    usable = evidence.run.machine.get("usable_cpus")
    threads = max((evidence.plan.threads, *evidence.actual("threads")))
    return f"{threads}>{usable}" if usable is not None and threads > usable else None


FLAG = Flag(
    "oversubscribed",
    "Threads > usable CPUs: the threads wait for one another.",
    _fired,
    "Use no more --threads than usable CPUs.",
)
