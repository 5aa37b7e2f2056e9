"""What importing a runtime brings into a process: whether it runs, and the libraries that start threads."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from latbench import runtimes
from latbench.runtimes.base import Runtime

POOLS = {
    "OpenMP (GNU)": r"libgomp",
    "OpenMP (Intel)": r"libiomp5",
    "OpenMP (LLVM)": r"libomp[-.]",
    "TBB": r"libtbb[-.]",
    "OpenBLAS": r"lib[a-z_]*openblas",
    "MKL": r"libmkl_(core|rt)",
    "BLIS": r"libblis",
}
"""Libraries that start threads of their own, by what their files are called."""


DEVICES = ("cpu", "cuda")
"""What a runtime is asked for, as far as it can be asked."""


def loaded(names: Sequence[str]) -> dict[str, Any]:
    """Return what the runtimes `names` offer, and the thread libraries and threads that they bring along.

    `available` has by name and device what `check` tells, all asked in this process: of runtimes that load
    the same package one process tells. `pools` are the paths of the thread libraries by the names of `POOLS`,
    None where the system does not tell what a process has loaded; so is `threads`.
    """
    found = {name: _checked(runtimes.get(name)) for name in names}
    tasks = Path("/proc/self/task")
    threads = len(list(tasks.iterdir())) if tasks.is_dir() else None
    return {"available": found, "pools": pools(Path("/proc/self/maps")), "threads": threads}


def _checked(runtime: Runtime) -> dict[str, Any]:
    return {device: asdict(runtime.check(device)) for device in DEVICES if device in runtime.devices}


def pools(maps: Path) -> dict[str, list[str]] | None:
    """Return the files of thread libraries that the list of mapped files `maps` names, by name in `POOLS`."""
    try:
        lines = maps.read_text(errors="replace").splitlines()
    except OSError:
        return None
    paths = sorted({line.split(maxsplit=5)[5] for line in lines if line.count("/") and len(line.split()) > 5})
    found = {
        name: [path for path in paths if re.match(pattern, Path(path).name)]
        for name, pattern in POOLS.items()
    }
    return {name: files for name, files in found.items() if files}
