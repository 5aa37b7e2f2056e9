"""What else wants the CPUs: the hypervisor's other guests, and other processes."""

import re

from latbench.machine.checks.base import Check, Context, Finding, untold
from latbench.machine.host import load_average
from latbench.machine.witnesses import stolen_since_boot

_STEAL_PERCENT = 1.0
_LOAD_SHARE = 0.25
_PRESSURE_PERCENT = 5.0


def _steal(context: Context) -> Finding:
    percent = stolen_since_boot(context.tree)
    if percent is None:
        return untold("time given to other guests cannot be seen")
    value = f"{percent:.2g} % of the CPU time since boot"
    if percent < _STEAL_PERCENT:
        return Finding("ok", value)
    return Finding(
        "warning",
        value,
        "the hypervisor gives our CPUs to other guests: samples hold time in which nothing ran",
        "use a dedicated instance, or more launches; rows state the stolen time of their own launches",
    )


def _load(context: Context) -> Finding:
    load = load_average(context.tree)
    if load is None:
        return untold("other work on the machine cannot be seen")
    cpus = len(context.topology.online)
    value = f"{load[0]:.2f} over the last minute on {cpus} CPUs"
    if load[0] < _LOAD_SHARE * cpus:
        return Finding("ok", value)
    status = "problem" if load[0] > cpus else "warning"
    effect = "other processes take CPU time and caches while the model is timed"
    return Finding(status, value, effect, "stop other work (see top) and wait a minute")


def _pressure(context: Context) -> Finding:
    text = context.tree.text("proc/pressure/cpu") or ""
    found = re.search(r"^some avg10=([0-9]{1,3}\.[0-9]{1,2})", text, re.MULTILINE)
    if found is None:
        return untold("how long tasks wait for a CPU cannot be seen")
    value = f"tasks waited for a CPU {found[1]} % of the last 10 s"
    if float(found[1]) < _PRESSURE_PERCENT:
        return Finding("ok", value)
    return Finding(
        "warning", value, "the CPUs are wanted by more tasks than there are CPUs", "stop other work"
    )


CHECK = (
    Check("steal", "stolen CPU time", _steal),
    Check("load", "load", _load),
    Check("pressure", "CPU pressure", _pressure),
)
