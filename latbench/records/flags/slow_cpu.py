"""A CPU was slower around some launches than around others: neighbours on the host, heat, other work."""

from collections.abc import Mapping
from typing import Any

from latbench.records.flags.base import Evidence, Flag

_LEAST = 1.3
"""Nineteen of twenty launches stayed below on two CPUs that other programs used as well."""


def _fired(evidence: Evidence) -> str | None:
    slowest: list[tuple[float, int]] = []
    around = [_by_cpu(launch.witnesses) for launch in evidence.launches]
    fastest: dict[int, float] = {}
    for times in around:
        for cpu, pair in times.items():
            fastest[cpu] = min(*pair, fastest.get(cpu, pair[0]))
    for times in around:
        ratios = [(min(pair) / fastest[cpu], cpu) for cpu, pair in times.items()]
        slowest += [max(ratios)] if ratios and max(ratios)[0] >= _LEAST else []
    if not slowest:
        return None
    ratio, cpu = max(slowest)
    return f"{ratio:.2g}x@cpu{cpu},{len(slowest)}/{len(around)}"


def _by_cpu(witnesses: Mapping[str, Any]) -> dict[int, tuple[float, float]]:
    """Return the times of the compute kernel before and after a launch, by CPU, where both are known."""
    lists = (witnesses.get(name) or () for name in ("compute_cpus", "compute_before_ns", "compute_after_ns"))
    return {cpu: (before, after) for cpu, before, after in zip(*lists, strict=False) if before and after}


FLAG = Flag(
    "slow_cpu",
    "How much longer a CPU took for the reference product, both before and after a launch, than at its best, "
    "and the CPU; launches from 1.3 on / launches.",
    _fired,
    "Stop other work; on a virtual machine compare within one interleaved run only, or get CPUs of your own.",
)
