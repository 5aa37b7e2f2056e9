"""What the machine is, as plain values for the proof card."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import latbench
from latbench.machine import cpuinfo, host
from latbench.machine.cpus import usable_cpus
from latbench.machine.files import Tree, cpu_ranges
from latbench.machine.frequency import frequency
from latbench.machine.memory import memory
from latbench.machine.packages import INSTALLED
from latbench.machine.topology import caches, topology

_DISTRIBUTIONS = (
    *("numpy", "torch", "onnx", "onnxscript", "onnxsim"),
    *("onnxruntime", "onnxruntime-gpu", "openvino", "tensorrt"),
)


def versions() -> dict[str, str]:
    """Return the version of latbench and of each installed package that can change a result, by name."""
    return {"latbench": latbench.__version__} | INSTALLED.versions(_DISTRIBUTIONS)


def probe(root: str | Path = "/", environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the facts of this machine by name, as JSON values; unknown is None.

    Units stand in the names (bytes, mhz). `cpu_flags` lists the instruction sets that matter and are there.
    `hypervisor` and `container` say "none" when there is none and "unnamed" when only their presence shows.
    `cpu_quota` is in CPUs, `usable_cpus` the whole CPUs a process may use, `cpu_set` those it may run on.
    """
    tree = Tree(Path(root))
    return {
        **_processor(tree),
        **_frequency(tree),
        **_usable(tree),
        **_memory(tree),
        "kernel": host.kernel(tree),
        "distribution": host.distribution(tree),
        "hypervisor": host.hypervisor(tree),
        "container": host.container(tree, os.environ if environ is None else environ),
        "load_average": host.load_average(tree),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _processor(tree: Tree) -> dict[str, Any]:
    found = topology(tree)
    return {
        "cpu_model": cpuinfo.model(tree) or (platform.processor() or None if tree.real else None),
        "cpu_flags": cpuinfo.instruction_sets(tree),
        "cpu_sockets": found.sockets,
        "cpu_cores": None if found.cores is None else len(found.cores),
        "cpu_threads": len(found.online),
        "smt": found.smt,
        "core_kinds": {name: cpu_ranges(cpus) for name, cpus in found.kinds.items()},
        "caches": caches(tree),
        "numa_nodes": {str(node): cpu_ranges(cpus) for node, cpus in found.nodes.items()} or None,
    }


def _frequency(tree: Tree) -> dict[str, Any]:
    found = frequency(tree)
    return {
        "governor": found.governor,
        "frequency_driver": found.driver,
        "energy_preference": found.preference,
        "turbo": found.turbo,
        "frequency_min_mhz": found.least_mhz,
        "frequency_max_mhz": found.most_mhz,
    }


def _usable(tree: Tree) -> dict[str, Any]:
    found = usable_cpus(tree.root)
    return {
        "usable_cpus": found.count,
        "cpu_set": cpu_ranges(found.affinity),
        "cpu_quota": found.quota,
        "cpu_limited_by": found.limited_by,
    }


def _memory(tree: Tree) -> dict[str, Any]:
    found = memory(tree)
    return {
        "memory_total_bytes": found.total,
        "memory_available_bytes": found.available,
        "memory_limit_bytes": found.limit,
        "swap_total_bytes": found.swap_total,
        "swap_used_bytes": found.swap_used,
        "transparent_huge_pages": found.huge_pages,
    }
