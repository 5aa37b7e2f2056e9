"""Whether the kernel has killed a process for want of memory."""

from pathlib import Path

_SOURCES = ("/proc/vmstat", "/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


def kills() -> int | None:
    """Return the out-of-memory kills counted so far; None where nothing counts them.

    Only a difference between two calls means anything. Source: `oom_kill` in /proc/vmstat (Linux 4.13),
    cgroup v2 memory.events, cgroup v1 memory.oom_control.
    """
    counts = [count for source in _SOURCES if (count := _count(Path(source))) is not None]
    return sum(counts) if counts else None


def _count(source: Path) -> int | None:
    try:
        lines = source.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
