"""The session used another number of threads than asked for."""

from latbench.records.flags.base import Evidence, Flag, differs


def _fired(evidence: Evidence) -> str | None:
    return differs(evidence.plan.threads, evidence.actual("threads"))


FLAG = Flag(
    "threads_differ",
    "Threads asked for -> threads used.",
    _fired,
    "Ask for the --threads that ran, so that the row says what it is.",
)
