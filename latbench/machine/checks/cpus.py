"""CPUs: how many may be used, and what takes them away."""

from latbench.machine.cgroups import quotas, throttling
from latbench.machine.checks.base import Check, Context, Finding
from latbench.machine.files import cpu_ranges


def _usable(context: Context) -> Finding:
    usable, online = context.usable, len(context.topology.online)
    limited = f", limited by {usable.limited_by}" if usable.limited_by else ""
    value = f"{usable.count} of {online}{limited}"
    if context.threads <= usable.count:
        return Finding("ok", value)
    return Finding(
        "warning",
        f"{value}; {context.threads} threads asked for",
        "threads that share a CPU wait for one another: spinning is turned off, rows flagged oversubscribed",
        f"latbench run --threads {usable.count}, or give the process more CPUs",
    )


def _affinity(context: Context) -> Finding:
    allowed, online = context.usable.affinity, context.topology.online
    if len(allowed) >= len(online):
        return Finding("ok", f"all {len(online)} CPUs")
    return Finding(
        "note",
        f"CPUs {cpu_ranges(allowed)} of {cpu_ranges(online)}",
        "only these CPUs are used; compare with runs on the same set",
        "taskset or the container's cpuset, if that was not meant",
    )


def _quota(context: Context) -> Finding:
    tightest = next(iter(quotas(context.tree)), None)
    if tightest is None:
        return Finding("ok", "no quota")
    stopped = throttling(context.tree)
    times = f", throttled in {stopped.periods} periods so far" if stopped and stopped.periods else ""
    group = tightest.group
    value = f"{tightest.cpus:g} CPUs (cgroup v{group.version}, {group.name}){times}"
    if tightest.cpus >= len(context.usable.affinity):
        return Finding("ok", value)
    return Finding(
        "warning",
        value,
        "when the quota of a period is used up the process stands still: a tail that is not the model's",
        "give whole CPUs instead of a quota (docker run --cpuset-cpus 0-3 rather than --cpus 4)",
    )


CHECK = (
    Check("usable_cpus", "usable CPUs", _usable),
    Check("affinity", "CPU affinity", _affinity),
    Check("quota", "CPU quota", _quota),
)
