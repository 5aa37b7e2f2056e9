"""Memory: how much there is, how much is free, swap, and huge pages."""

import re
from dataclasses import dataclass

from latbench.machine.cgroups import memory_headroom, memory_limit
from latbench.machine.files import Tree, pairs, whole


@dataclass(frozen=True)
class Memory:
    """Memory in bytes, None where it is not told; `limit` is the tightest that a cgroup sets.

    `available` can be had without swapping, by the machine and within the limit. `huge_pages` is the
    transparent huge page mode: "always", "madvise" or "never".
    """

    total: int | None
    available: int | None
    limit: int | None
    swap_total: int | None
    swap_used: int | None
    huge_pages: str | None


def memory(tree: Tree) -> Memory:
    """Return the state of the memory, from /proc/meminfo and the control groups."""
    told = pairs(tree.text("proc/meminfo"))
    total, available, swap, free = (
        _bytes(told.get(name)) for name in ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")
    )
    left = [value for value in (available, memory_headroom(tree)) if value is not None]
    return Memory(
        total,
        min(left, default=None),
        memory_limit(tree),
        swap,
        None if swap is None or free is None else swap - free,
        _chosen(tree.text("sys/kernel/mm/transparent_hugepage/enabled")),
    )


def _bytes(text: str | None) -> int | None:
    value = whole((text or "").removesuffix(" kB"))
    return None if value is None else value * 1024


def _chosen(text: str | None) -> str | None:
    """Return the word in brackets of "always [madvise] never"."""
    found = re.search(r"\[(\w+)\]", text or "")
    return found[1] if found else None
