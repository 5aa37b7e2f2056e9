"""How the CPUs are put together: sockets, cores, hardware threads, kinds of core, memory nodes, caches."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from latbench.machine.cpus import online_cpus
from latbench.machine.files import Tree, cpu_list

_CPUS = "sys/devices/system/cpu"
_NODES = "sys/devices/system/node"
_CACHE_SUFFIX = {"Data": "d", "Instruction": "i"}

Cpus = tuple[int, ...]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Topology:
    """Cores and sockets; `cores` holds the CPUs of each core, and what is not told is None.

    `kinds` names the CPUs of each kind of core when there are several (performance and efficiency), else it
    is empty. `nodes` names the CPUs of each NUMA node.
    """

    online: Cpus
    cores: tuple[Cpus, ...] | None
    sockets: int | None
    smt: bool | None
    kinds: dict[str, Cpus]
    nodes: dict[int, Cpus]


def topology(tree: Tree) -> Topology:
    """Return how the CPUs that are switched on are put together, from sysfs."""
    online = online_cpus(tree)
    cores = _cores(tree, online)
    packages = _each(online, lambda cpu: tree.number(f"{_CPUS}/cpu{cpu}/topology/physical_package_id"))
    active = {"0": False, "1": True}.get(tree.text(f"{_CPUS}/smt/active") or "")
    if active is None and cores is not None:
        active = any(len(core) > 1 for core in cores)
    return Topology(
        online,
        cores,
        len(set(packages.values())) if packages else None,
        active,
        _kinds(tree, online),
        _nodes(tree),
    )


def one_per_core(cores: tuple[Cpus, ...], allowed: Cpus) -> Cpus:
    """Return the first allowed CPU of each core that has one: a CPU set in which no two share a core."""
    first = (next((cpu for cpu in core if cpu in allowed), None) for core in cores)
    return tuple(sorted(cpu for cpu in first if cpu is not None))


def caches(tree: Tree) -> list[dict[str, Any]] | None:
    """Return the caches by level and size: name ("L1d"), bytes of one, and how many there are, or None."""
    seen: set[tuple[str, int, str]] = set()
    for cpu in online_cpus(tree):
        folder = f"{_CPUS}/cpu{cpu}/cache"
        for index in (name for name in tree.names(folder) if name.startswith("index")):
            level, kind, size, shared = (
                tree.text(f"{folder}/{index}/{name}") for name in ("level", "type", "size", "shared_cpu_list")
            )
            held = _size(size)
            if level and held is not None:
                seen.add((f"L{level}{_CACHE_SUFFIX.get(kind or '', '')}", held, shared or str(cpu)))
    counts = Counter((name, held) for name, held, _ in seen)
    return [
        {"name": name, "bytes": held, "count": count} for (name, held), count in sorted(counts.items())
    ] or None


def _size(text: str | None) -> int | None:
    found = re.fullmatch(r"([0-9]{1,9})([KMG]?)", text or "")
    return int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[found[2]] if found else None


def _cores(tree: Tree, online: Cpus) -> tuple[Cpus, ...] | None:
    def siblings(cpu: int) -> Cpus | None:
        folder = f"{_CPUS}/cpu{cpu}/topology"
        told = (
            cpu_list(tree.text(f"{folder}/{name}")) for name in ("core_cpus_list", "thread_siblings_list")
        )
        return next((cpus for cpus in told if cpus), None)

    told = _each(online, siblings)
    return tuple(sorted(set(told.values()))) if len(told) == len(online) else None


def _kinds(tree: Tree, online: Cpus) -> dict[str, Cpus]:
    """Return the kinds of core: Intel names two device folders, ARM gives each CPU a capacity of 1024."""
    named = {
        "performance": cpu_list(tree.text("sys/devices/cpu_core/cpus")) or (),
        "efficiency": cpu_list(tree.text("sys/devices/cpu_atom/cpus")) or (),
    }
    if all(named.values()):
        return named
    capacity = _each(online, lambda cpu: tree.number(f"{_CPUS}/cpu{cpu}/cpu_capacity"))
    distinct = sorted(set(capacity.values()), reverse=True)
    if len(distinct) < 2 or len(capacity) < len(online):
        return {}
    return {f"capacity {value}": tuple(cpu for cpu in online if capacity[cpu] == value) for value in distinct}


def _nodes(tree: Tree) -> dict[int, Cpus]:
    told = _each(
        cpu_list(tree.text(f"{_NODES}/online")) or (),
        lambda n: cpu_list(tree.text(f"{_NODES}/node{n}/cpulist")),
    )
    return {node: cpus for node, cpus in told.items() if cpus}


def _each(numbers: Cpus, read: Callable[[int], Value | None]) -> dict[int, Value]:
    """Return what `read` tells of each number, those left out of which it tells nothing."""
    told = ((number, read(number)) for number in numbers)
    return {number: value for number, value in told if value is not None}
