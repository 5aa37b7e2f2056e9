"""How many CPUs this process may really use."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from latbench.machine.cgroups import quotas
from latbench.machine.files import Tree, cpu_list, pairs


@dataclass(frozen=True)
class UsableCpus:
    """The CPUs a process may use.

    `count` is the whole number of CPUs (at least 1), `quota` the tightest cgroup quota in CPUs (None without
    one; 1.5 stays 1.5), `affinity` the CPUs the scheduler may choose from. `limited_by` names what makes
    `count` smaller than the machine: "affinity", "cgroup v1 quota" or "cgroup v2 quota"; None if nothing.
    """

    count: int
    quota: float | None
    affinity: tuple[int, ...]
    limited_by: str | None


def usable_cpus(root: str | Path = "/") -> UsableCpus:
    """Return the CPUs this process may use: affinity, and the quotas of cgroups v1 and v2 at every level.

    The number of installed CPUs (`os.cpu_count`) knows of neither, which is how four threads come to share
    one and a half CPUs.
    """
    tree = Tree(Path(root))
    affinity = allowed_cpus(tree)
    tightest = next(iter(quotas(tree)), None)
    count, limited_by = len(affinity), "affinity" if len(affinity) < len(online_cpus(tree)) else None
    if tightest is not None and tightest.cpus < count:
        count, limited_by = math.floor(tightest.cpus), f"cgroup v{tightest.group.version} quota"
    return UsableCpus(max(1, count), tightest.cpus if tightest else None, affinity, limited_by)


def online_cpus(tree: Tree) -> tuple[int, ...]:
    """Return the numbers of the machine's CPUs that are switched on."""
    return cpu_list(tree.text("sys/devices/system/cpu/online")) or tuple(range(os.cpu_count() or 1))


def allowed_cpus(tree: Tree) -> tuple[int, ...]:
    """Return the CPUs the scheduler may run this process on, in order."""
    if tree.real and hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return cpu_list(pairs(tree.text("proc/self/status")).get("Cpus_allowed_list")) or online_cpus(tree)
