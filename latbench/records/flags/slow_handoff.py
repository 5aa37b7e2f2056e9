"""Two CPUs passed a cache line more slowly around some launches than around others."""

import numpy as np

from latbench.records.flags.base import Evidence, Flag

_LEAST = 2.0
"""It stayed below 1.6 on a busy machine; the slow level of a virtual machine is 3 to 5 times the fast one."""


_FAST_QUARTER = 25
"""The percentile that ratios are taken of: a few figures in a hundred are half of all others."""


def _fired(evidence: Evidence) -> str | None:
    pairs = [
        (launch.witnesses.get("handoff_before_ns"), launch.witnesses.get("handoff_after_ns"))
        for launch in evidence.launches
    ]
    known = [(before, after) for before, after in pairs if before and after]
    if not known:
        return None
    usual = float(np.percentile(known, _FAST_QUARTER))
    ratios = [min(pair) / usual for pair in known]
    slow = [ratio for ratio in ratios if ratio >= _LEAST]
    return f"{max(slow):.2g}x,{len(slow)}/{len(pairs)}" if slow else None


FLAG = Flag(
    "slow_handoff",
    "How much longer a cache line took from one CPU to another, both before and after a launch, than at the "
    "25th percentile; launches from 2 on / launches.",
    _fired,
    "Threads that wait for one another suffer most: compare with --threads 1, and see latbench doctor.",
)
