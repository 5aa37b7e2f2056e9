"""The clock that times an inference: what it costs, how fine it is, and what it counts."""

from itertools import pairwise
from statistics import median

from latbench.machine.checks.base import Check, Context, Finding, untold

_READINGS = 2001
_COSTLY_NS = 1000
_SLOW_SOURCES = ("hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit", "xen")


def _timer(context: Context) -> Finding:
    clock = context.clock
    readings = [clock() for _ in range(_READINGS)]
    steps = [later - earlier for earlier, later in pairwise(readings)]
    cost, finest = median(steps), min((step for step in steps if step > 0), default=None)
    if finest is None:
        return Finding("problem", "the clock stands still", "nothing can be timed", "see the clock source")
    value = f"a pair of readings costs {cost:.0f} ns, smallest step {finest} ns"
    if cost <= _COSTLY_NS and finest <= _COSTLY_NS:
        return Finding("ok", value)
    effect = "the clock itself shows in the latency of small models"
    return Finding("warning", value, effect, "see the clock source")


def _source(context: Context) -> Finding:
    folder = "sys/devices/system/clocksource/clocksource0"
    source = context.tree.text(f"{folder}/current_clocksource")
    if not source:
        return untold("what the clock counts cannot be seen")
    if source not in _SLOW_SOURCES:
        return Finding("ok", source)
    others = context.tree.text(f"{folder}/available_clocksource") or source
    return Finding(
        "warning",
        f"{source} (available: {others})",
        "each reading enters the kernel or a slow device",
        f"echo tsc | sudo tee /{folder}/current_clocksource, if tsc is available",
    )


CHECK = (Check("timer", "timer", _timer), Check("clock_source", "clock source", _source))
