"""What holds of NVIDIA's GPUs whichever library reaches them."""

from pathlib import Path

_DRIVER = Path("/sys/module/nvidia/version")


def driver() -> str | None:
    """Return the version of the NVIDIA kernel module, None where the system does not tell."""
    try:
        return _DRIVER.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None
