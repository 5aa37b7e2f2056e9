"""Other work was given the CPUs of the measuring process."""

from latbench.records.flags.base import Evidence, Flag

_LEAST = 0.1


def _fired(evidence: Evidence) -> str | None:
    known = [one for one in evidence.launches if one.witnesses.get("involuntary_switches") is not None]
    timed = sum(len(one.samples_ns) for one in known)
    switches = sum(one.witnesses["involuntary_switches"] for one in known)
    return f"{switches / timed:.2g}" if timed and switches / timed >= _LEAST else None


FLAG = Flag(
    "involuntary_switches",
    "Times per inference that other work took a CPU from a thread that wanted it, from 0.1 on.",
    _fired,
    "Stop what else runs on these CPUs, or use fewer threads.",
)
