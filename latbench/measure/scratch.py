"""A folder for the files of one process, removed afterwards; so is what killed runs have left."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "latbench-scratch-"

_YOUNG_S = 60
"""A folder this young may not be locked yet by the process that is making it."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a fresh folder in the temporary one, gone at the end; OSError when it cannot be made.

    After kill -9 nobody removes it. Hence a folder is locked as long as its process lives, and whoever makes
    one removes those that nobody locks any more.
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _locks(descriptor)
            _sweep(folder)
            yield folder
        finally:
            os.close(descriptor)


def _sweep(own: Path) -> None:
    now = own.stat().st_mtime
    for folder in own.parent.glob(f"{PREFIX}*"):
        try:
            if folder != own and now - folder.stat().st_mtime > _YOUNG_S:
                _remove_if_left(folder)
        except OSError:  # it is another user's, or has gone meanwhile
            continue


def _remove_if_left(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if _locks(descriptor):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def _locks(descriptor: int) -> bool:
    """Tell whether nobody else holds the lock of the open folder, and hold it until it is closed."""
    import fcntl  # absent on Windows, where results can still be read

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
