"""The GPU as the doctor sees it: whether there is one, and its state now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latbench.machine.files import Tree
from latbench.machine.gpu import Reading
from latbench.machine.gpupick import card
from latbench.machine.nvml import Api, opened


@dataclass(frozen=True)
class Seen:
    """What the doctor sees of the GPU: `why` in one phrase where NVML tells nothing of it, else its state."""

    why: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    slice: bool = False
    names: Mapping[int, str] = field(default_factory=dict)


def present(tree: Tree) -> bool:
    """Tell whether this machine has an NVIDIA GPU: its driver, a device file, or the card on the PCI bus."""
    marks = ("proc/driver/nvidia/version", "dev/nvidia0", "usr/lib/wsl/lib/libnvidia-ml.so.1")
    if any(tree.exists(mark) for mark in marks):
        return True
    folder = "sys/bus/pci/devices"
    return any(
        tree.text(f"{folder}/{name}/vendor") == "0x10de"
        and (tree.text(f"{folder}/{name}/class") or "").startswith("0x03")
        for name in tree.names(folder)
    )


def look(tree: Tree, environ: Mapping[str, str], api: Api = None) -> Seen | None:
    """Return what can be seen of the GPU now, None where there is none; `api` stands for pynvml in tests."""
    if api is None and not present(tree):
        return None
    if api is None and not tree.real:
        return Seen("not told by this machine")
    with opened(api) as found:
        if isinstance(found, str):
            return Seen(found)
        one = card(found, None, environ)
        if isinstance(one, str):
            return Seen(one)
        reading = one.read()
        names = {pid: found.text("nvmlSystemGetProcessName", pid) or "" for pid, _ in reading.processes or ()}
        return Seen(None, one.facts(), reading, one.slice, names)
