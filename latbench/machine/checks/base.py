"""What a check is: one question to the machine, answered by a finding that says why it matters."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from latbench.machine import kernels
from latbench.machine.cpus import UsableCpus, usable_cpus
from latbench.machine.files import Tree
from latbench.machine.gpuseen import Seen, look
from latbench.machine.libraries import Libraries
from latbench.machine.packages import INSTALLED, Packages
from latbench.machine.topology import Topology, topology

STATUSES = ("ok", "note", "warning", "problem", "unknown")
"""Nothing to say; worth knowing; figures suffer; figures are wrong or runs fail; not told by the machine."""


@dataclass(frozen=True)
class Finding:
    """What a check found: one of `STATUSES`, the value read, its effect on results, and how to mend it.

    `key` and `title` are the check's; a finding that is not ok says its effect.
    """

    status: str
    value: str
    effect: str | None = None
    mend: str | None = None
    key: str = ""
    title: str = ""


@dataclass(frozen=True)
class Context:
    """What a check may look at; tests replace any of it.

    `threads` is the number of threads a run would ask for, `results` the folder it would write to, `clock` a
    counter of nanoseconds; `products` and `handoff` are those of `machine.kernels`. `pynvml` stands for that
    module, `site` for the folder of installed packages.
    """

    tree: Tree = field(default_factory=Tree)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    packages: Packages = INSTALLED
    results: Path = Path("results")
    threads: int = 4
    clock: Callable[[], int] = time.perf_counter_ns
    products: Callable[[int, int], list[int]] = kernels.slices_ns
    handoff: Callable[[bool], int | None] = kernels.handoff_ns
    pynvml: Any = None
    site: Path | None = None

    @cached_property
    def usable(self) -> UsableCpus:
        """The CPUs this process may use."""
        return usable_cpus(self.tree.root)

    @cached_property
    def topology(self) -> Topology:
        """The cores, sockets and memory nodes."""
        return topology(self.tree)

    @cached_property
    def gpu(self) -> Seen | None:
        """The NVIDIA GPU as it is now, None without one; NVML is opened once for all checks."""
        return look(self.tree, self.environ, self.pynvml)

    @cached_property
    def libraries(self) -> Libraries:
        """The shared libraries of this machine and of the installed packages."""
        return Libraries(self.tree, self.environ, self.site)


@dataclass(frozen=True)
class Check:
    """One question: a unique key, the title of its line, and the function that answers it.

    None is no answer: the question makes no sense on this machine.
    """

    key: str
    title: str
    run: Callable[[Context], Finding | None]


def untold(effect: str, mend: str | None = None) -> Finding:
    """Return the finding of a check whose file or counter this machine does not have."""
    return Finding("unknown", "not told by this machine", effect, mend)
