"""The clock of the CPUs: who sets it, and whether it may exceed the nominal one."""

from latbench.machine.checks.base import Check, Context, Finding, untold
from latbench.machine.frequency import frequency

_OWN_CONTROL = ("intel_pstate", "amd-pstate-epp")
"""Drivers under which "powersave" means that the processor chooses for itself."""


def _governor(context: Context) -> Finding:
    found = frequency(context.tree)
    if found.governor is None:
        return untold("the frequency is decided outside our sight, as in most virtual machines")
    driver = f" ({found.driver})" if found.driver else ""
    value = f"{found.governor}{driver}"
    mend = "sudo cpupower frequency-set -g performance"
    if found.governor == "performance":
        return Finding("ok", value)
    if found.governor == "powersave" and found.driver in _OWN_CONTROL:
        preference = f", prefers {found.preference}" if found.preference else ""
        effect = "the processor raises its clock as work comes: the first samples are slower"
        return Finding("note", f"{value}{preference}", effect, mend)
    if found.governor == "powersave":
        return Finding("problem", value, "the CPUs are held at their lowest frequency", mend)
    effect = "the clock follows the load with a delay: short models are timed on a clock that still rises"
    return Finding("warning", value, effect, mend)


def _turbo(context: Context) -> Finding:
    turbo = frequency(context.tree).turbo
    if turbo is None:
        return untold("whether the clock may exceed the nominal one cannot be seen")
    if not turbo:
        return Finding("ok", "off: the clock does not exceed the nominal one")
    return Finding(
        "note",
        "on",
        "the clock depends on heat and on how many cores work: fast at first, then slower",
        "for figures that repeat, turn it off (intel_pstate/no_turbo = 1, or cpufreq/boost = 0); "
        "leave it on if deployment has it on",
    )


CHECK = (Check("governor", "frequency governor", _governor), Check("turbo", "turbo, boost", _turbo))
