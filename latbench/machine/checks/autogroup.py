"""Whether the scheduler shares CPUs by session, so that nice and idle priority count only within one."""

from latbench.machine.cgroups import groups
from latbench.machine.checks.base import Check, Context, Finding, untold
from latbench.machine.files import Tree

_SWITCH = "proc/sys/kernel/sched_autogroup_enabled"
_WEIGHTS = {1: "cpu.shares", 2: "cpu.weight"}


def _autogroup(context: Context) -> Finding:
    mode = context.tree.number(_SWITCH)
    if mode is None:
        if context.tree.text("proc/sys/kernel/osrelease") is None:
            return untold("whether background work at idle priority still takes its share cannot be seen")
        return Finding("ok", "none: this kernel has no groups by session")
    if mode == 0:
        return Finding("ok", "off")
    if _grouped(context.tree):
        return Finding("ok", "on, without effect here: control groups share the CPUs instead")
    return Finding(
        "note",
        "on: the CPUs are shared between sessions, then within each",
        "nice and idle priority count only within a session: background work of another session, however low "
        "its priority, takes up to half of a CPU from a measurement",
        "sudo sysctl kernel.sched_autogroup_enabled=0, or stop the background work",
    )


def _grouped(tree: Tree) -> bool:
    """Tell whether this process is in a control group with a CPU share: sessions then make no groups.

    In version 2 only groups below the root have the file; in version 1 the root has it as well.
    """
    return any(
        tree.exists(f"{group.folder}/{_WEIGHTS[group.version]}") and (group.version == 2 or group.name != "/")
        for group in groups(tree, "cpu")
    )


CHECK = Check("autogroup", "CPUs shared by session", _autogroup)
