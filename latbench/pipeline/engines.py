"""The doctor's part on what was built for a GPU and kept: how much there is, and how to be rid of it."""

import shlex
from pathlib import Path

from latbench.machine.checks.base import Finding
from latbench.runtimes.shared.derived import FOLDER

MUCH = 10 << 30
"""The bytes from which on the doctor advises to clear: those of other drivers and options pile up."""


def engine_finding(results: Path, much: int = MUCH) -> Finding | None:
    """Return what the engines kept below `results` take and the command that clears them, None without any.

    Nothing else deletes them. A note from `much` bytes on, fine below.
    """
    folders = sorted(folder for folder in results.rglob(FOLDER) if folder.is_dir())
    sizes = [file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file()]
    if not sizes:
        return None
    value = f"{sum(sizes) / 2**30:.2f} GiB in {', '.join(map(str, folders))}"
    cleared = f"{shlex.join(['rm', '-r', *map(str, folders)])} clears them"
    told = {"key": "engines", "title": "engines kept"}
    if sum(sizes) < much:
        return Finding("ok", f"{value}; {cleared}", **told)
    effect = "those of earlier drivers, versions and options stay, and fill the disk"
    return Finding("note", value, effect, f"{cleared}; what is needed again is built again", **told)
