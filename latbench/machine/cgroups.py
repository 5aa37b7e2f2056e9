"""Control groups: the limits set on this process at any level, in versions 1 and 2."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from latbench.machine.files import Tree, pairs, whole

_UNLIMITED_V1 = 1 << 60
"""Version 1 writes "no memory limit" as the largest multiple of a page below 2**63."""

_USUAL = {1: ("sys/fs/cgroup/{}", "sys/fs/cgroup/{0},{0}acct"), 2: ("sys/fs/cgroup",)}
"""Where the hierarchies are mounted by custom, for when the mounts cannot be read."""


@dataclass(frozen=True)
class Group:
    """One control group: its version (1 or 2), its name below the mount ("/" at the top) and its folder."""

    version: int
    name: str
    folder: str


@dataclass(frozen=True)
class Quota:
    """CPU time that a group may use, in CPUs (1.5 = three halves of one CPU's time)."""

    cpus: float
    group: Group


@dataclass(frozen=True)
class Throttling:
    """How often, and how long in microseconds, the quotas have stopped the process's groups so far."""

    periods: int
    microseconds: int


@dataclass(frozen=True)
class _Mount:
    version: int
    controllers: tuple[str, ...]
    root: str
    point: str


def groups(tree: Tree, controller: str) -> tuple[Group, ...]:
    """Return the groups of this process for `controller` ("cpu", "memory"), inner before outer, 2 before 1.

    A limit binds at whatever level it stands, so that all levels up to the mount are named. In a container
    the outermost is the container's own group: limits further out cannot be seen from within.
    """
    found: list[Group] = []
    for version in (2, 1):
        member = _membership(tree, version, controller)
        for mount in _mounts(tree, version, controller):
            for name in _levels(member, mount.root):
                group = Group(version, name, f"{mount.point}{name}".rstrip("/"))
                if group not in found:
                    found.append(group)
    return tuple(found)


def quotas(tree: Tree) -> tuple[Quota, ...]:
    """Return every CPU quota that binds this process, the tightest first."""
    readers: dict[int, Callable[[Tree, str], float | None]] = {1: _quota_v1, 2: _quota_v2}
    read = ((readers[group.version](tree, group.folder), group) for group in groups(tree, "cpu"))
    return tuple(sorted((Quota(cpus, group) for cpus, group in read if cpus), key=lambda quota: quota.cpus))


def throttling(tree: Tree) -> Throttling | None:
    """Return how far the quotas have throttled the process's groups, summed over levels; None if not told."""
    periods, microseconds, told = 0, 0, False
    for group in groups(tree, "cpu"):
        counters = pairs(tree.text(f"{group.folder}/cpu.stat"), None)
        count = whole(counters.get("nr_throttled"))
        if count is not None:
            told = True
            periods += count
            microseconds += whole(counters.get("throttled_usec")) or 0
            microseconds += (whole(counters.get("throttled_time")) or 0) // 1000
    return Throttling(periods, microseconds) if told else None


def memory_limit(tree: Tree) -> int | None:
    """Return the tightest memory limit in bytes over all levels, None without one."""
    return min((limit for limit, _ in _memory(tree)), default=None)


def memory_headroom(tree: Tree) -> int | None:
    """Return the bytes left below the memory limits, or None without one.

    File pages that the kernel can drop count as left.
    """
    return min((max(0, limit - used) for limit, used in _memory(tree) if used is not None), default=None)


def _memory(tree: Tree) -> Iterator[tuple[int, int | None]]:
    files = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        2: ("memory.max", "memory.current", "inactive_file"),
    }
    for group in groups(tree, "memory"):
        limit_file, used_file, droppable = files[group.version]
        limit = tree.number(f"{group.folder}/{limit_file}")
        if limit is not None and 0 <= limit < _UNLIMITED_V1:
            used = tree.number(f"{group.folder}/{used_file}")
            cache = whole(pairs(tree.text(f"{group.folder}/memory.stat"), None).get(droppable)) or 0
            yield limit, None if used is None else max(0, used - cache)


def _quota_v2(tree: Tree, folder: str) -> float | None:
    quota, _, period = (tree.text(f"{folder}/cpu.max") or "").partition(" ")
    return _share(whole(quota), whole(period or "100000"))


def _quota_v1(tree: Tree, folder: str) -> float | None:
    return _share(tree.number(f"{folder}/cpu.cfs_quota_us"), tree.number(f"{folder}/cpu.cfs_period_us"))


def _share(quota: int | None, period: int | None) -> float | None:
    return quota / period if quota and period and quota > 0 and period > 0 else None


def _membership(tree: Tree, version: int, controller: str) -> str:
    for line in (tree.text("proc/self/cgroup") or "").splitlines():
        _, controllers, name = (*line.split(":", 2), "", "")[:3]
        if name.startswith("/") and (
            controllers == "" if version == 2 else controller in controllers.split(",")
        ):
            return name
    return "/"


def _mounts(tree: Tree, version: int, controller: str) -> list[_Mount]:
    text = tree.text("proc/self/mountinfo")
    if not text:
        return [_Mount(version, (), "/", point.format(controller)) for point in _USUAL[version]]
    mounts = (_mount(line) for line in text.splitlines())
    return [
        mount
        for mount in mounts
        if mount is not None
        and mount.version == version
        and (version == 2 or controller in mount.controllers)
    ]


def _mount(line: str) -> _Mount | None:
    """Return the control group mount that a line of mountinfo tells of (proc(5)), None for other mounts."""
    before, _, after = line.partition(" - ")
    place, kind = before.split(" "), after.split(" ")
    version = {"cgroup": 1, "cgroup2": 2}.get(kind[0])
    if version is None or len(place) < 5:
        return None
    return _Mount(version, tuple(kind[-1].split(",")), _plain(place[3]), _plain(place[4]).strip("/"))


def _plain(path: str) -> str:
    """Return a mountinfo path with its octal escapes (a space is \\040) undone."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), path)


def _levels(member: str, mount_root: str) -> tuple[str, ...]:
    """Return the names below the mount of the group `member` and of those around it, inner first.

    A group that the mount does not show leaves the mount's own top as the only one known.
    """
    group, top = PurePosixPath(member), PurePosixPath(mount_root)
    if not group.is_relative_to(top) or ".." in group.parts:
        return ("/",)
    below = PurePosixPath("/") / group.relative_to(top)
    return tuple(str(level) for level in (below, *below.parents))
