"""The host: kernel, distribution, hypervisor, container, load."""

import os
import platform
import re
from collections.abc import Mapping

from latbench.machine import cpuinfo
from latbench.machine.files import Tree, pairs

NONE = "none"
"""Known to be absent, which is more than None (unknown) says."""

_VENDORS = {
    "QEMU": "KVM",
    "KVM": "KVM",
    "VMware": "VMware",
    "VirtualBox": "VirtualBox",
    "innotek": "VirtualBox",
    "Xen": "Xen",
    "Google": "Google Compute Engine",
    "Amazon EC2": "Amazon EC2",
    "Virtual Machine": "Hyper-V",
    "Firecracker": "Firecracker",
    "Parallels": "Parallels",
}
"""What the firmware's vendor or product contains: the hypervisor's name."""

_MARKS = {".dockerenv": "docker", "run/.containerenv": "podman"}
_GROUPS = {
    "kubepods": "kubernetes",
    "docker": "docker",
    "libpod": "podman",
    "lxc": "lxc",
    "containerd": "containerd",
}


def kernel(tree: Tree) -> str | None:
    """Return the release of the operating system's kernel."""
    return tree.text("proc/sys/kernel/osrelease") or (platform.release() if tree.real else None) or None


def distribution(tree: Tree) -> str | None:
    """Return the name and version of the distribution."""
    for path in ("etc/os-release", "usr/lib/os-release"):
        told = pairs(tree.text(path), "=")
        name = told.get("PRETTY_NAME") or told.get("NAME")
        if name:
            return name.strip("\"'")
    return None


def hypervisor(tree: Tree) -> str | None:
    """Return the hypervisor's name, "unnamed" when only its presence shows, "none" on bare metal, or None."""
    flags = cpuinfo.flags(tree) or frozenset()
    x86 = "sse2" in flags
    if x86 and "hypervisor" not in flags:
        return NONE
    if "microsoft" in (kernel(tree) or "").lower():
        return "WSL"
    firmware = " ".join(
        tree.text(f"sys/class/dmi/id/{name}") or "" for name in ("sys_vendor", "product_name", "bios_vendor")
    )
    named = next((name for part, name in _VENDORS.items() if part in firmware), None)
    return named or tree.text("sys/hypervisor/type") or ("unnamed" if x86 else None)


def container(tree: Tree, environ: Mapping[str, str]) -> str | None:
    """Return the kind of container, "unnamed" when only its presence shows, "none", or None if untold."""
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "kubernetes"
    marked = next((name for mark, name in _MARKS.items() if tree.exists(mark)), None)
    named = marked or tree.text("run/systemd/container")
    if named:
        return named
    groups = tree.text("proc/self/cgroup")
    if groups is None:
        return None
    within = next((name for part, name in _GROUPS.items() if part in groups), None)
    overlay = re.search(
        r"^\S+ \S+ \S+ \S+ / .* - overlay ", tree.text("proc/self/mountinfo") or "", re.MULTILINE
    )
    return within or ("unnamed" if overlay else NONE)


def load_average(tree: Tree) -> list[float] | None:
    """Return the load averages over 1, 5 and 15 minutes (processes running or about to), or None."""
    words = (tree.text("proc/loadavg") or "").split()[:3]
    if len(words) == 3 and all(re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}", word) for word in words):
        return [float(word) for word in words]
    return list(os.getloadavg()) if tree.real and hasattr(os, "getloadavg") else None
