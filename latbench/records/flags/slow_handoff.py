"""Two CPUs passed a cache line more slowly around some launches than around others."""

from latbench.records.flags.base import Evidence, Flag

_LEAST = 2.0
"""It stayed below 1.6 on a busy machine; the slow level of a virtual machine is 3 to 5 times the fast one."""


def _fired(evidence: Evidence) -> str | None:
    pairs = [
        (launch.witnesses.get("handoff_before_ns"), launch.witnesses.get("handoff_after_ns"))
        for launch in evidence.launches
    ]
    known = [(before, after) for before, after in pairs if before and after]
    fastest = min((min(pair) for pair in known), default=1)
    ratios = [min(pair) / fastest for pair in known]
    slow = [ratio for ratio in ratios if ratio >= _LEAST]
    return f"{max(slow):.2g}x,{len(slow)}/{len(pairs)}" if slow else None


FLAG = Flag(
    "slow_handoff",
    "How much longer a cache line took from one CPU to another, both before and after a launch, than at its "
    "best; launches from 2 on / launches.",
    _fired,
    "Threads that wait for one another suffer most: compare with --threads 1, and see latbench doctor.",
)
