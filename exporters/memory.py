"""Peak memory of this process, as the kernel counts it."""

from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


def reset_peak() -> bool:
    """Start a new peak where the kernel allows it; tell whether it did."""
    try:
        CLEAR.write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def peak_mib() -> float | None:
    """Return the peak resident memory in MiB since the last reset (or the start), None where unknown."""
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return round(found[0] / 1024, 1) if found else None
