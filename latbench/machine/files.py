"""Reading the files in which a kernel tells about itself; what cannot be read is None."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_MOST_CPUS = 1 << 16
_BEYOND = 1 << 64


@dataclass(frozen=True)
class Tree:
    """The file system below `root`; paths are given without a leading slash ("proc/stat").

    A root other than "/" stands for another machine: tests write a small /proc and /sys there.
    """

    root: Path = Path("/")

    @property
    def real(self) -> bool:
        """Tell whether this is the machine that we run on."""
        return self.root == Path("/")

    def text(self, path: str) -> str | None:
        """Return the content of a file without the white space around it, None when it cannot be read."""
        try:
            return (self.root / path).read_bytes().decode(errors="replace").strip()
        except (OSError, ValueError):
            return None

    def number(self, path: str) -> int | None:
        """Return the whole number that a file holds, or None."""
        return whole(self.text(path))

    def names(self, path: str) -> tuple[str, ...]:
        """Return the sorted names in a folder, () when it cannot be read."""
        try:
            return tuple(sorted(entry.name for entry in (self.root / path).iterdir()))
        except (OSError, ValueError):
            return ()

    def exists(self, path: str) -> bool:
        """Tell whether a file or folder can be seen."""
        try:
            return (self.root / path).exists()
        except (OSError, ValueError):
            return False


def whole(text: str | None) -> int | None:
    """Return `text` as a whole number in decimal of at most 64 bits, or None when it is not one."""
    found = re.fullmatch(r"-?[0-9]{1,20}", text or "")
    value = int(found[0]) if found else None
    return value if value is not None and abs(value) < _BEYOND else None


def pairs(text: str | None, separator: str | None = ":") -> dict[str, str]:
    """Return "key<separator>value" lines as a dict; the first of equal keys counts, other lines are left out.

    `separator` None splits at white space.
    """
    found: dict[str, str] = {}
    for line in (text or "").splitlines():
        parts = line.split(separator, 1)
        if len(parts) == 2:
            found.setdefault(parts[0].strip(), parts[1].strip())
    return found


def cpu_list(text: str | None) -> tuple[int, ...] | None:
    """Return the CPUs of a kernel list such as "0-3,8", sorted; () for an empty one, None for no list."""
    if text is None:
        return None
    cpus: set[int] = set()
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        low, high = whole(first), whole(last if "-" in part else first)
        if low is None or high is None or not 0 <= low <= high < _MOST_CPUS:
            return None
        cpus.update(range(low, high + 1))
    return tuple(sorted(cpus))


def cpu_ranges(cpus: Iterable[int]) -> str:
    """Return CPUs in the kernel's short form: (0, 1, 2, 8) becomes "0-2,8"."""
    runs: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
