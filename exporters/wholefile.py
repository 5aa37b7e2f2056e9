"""Files written whole or not at all: a reader sees the old file or the new one, never a part."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Write `data` to `path`; when that fails (OSError), what was there stays."""
    write_together({path: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write `files` in order; when one of them cannot be written (OSError), none is.

    They become visible one after the other once all are on the disk. A kill leaves at most one hidden file
    for each path, which the next writer of that path uses again; writers of one path wait for one another.
    """
    with ExitStack() as stack:
        partials = {path: stack.enter_context(_partial(path)) for path in files}
        for path, data in files.items():
            partials[path].fill(data)
        for path in files:
            partials[path].publish(path)


class _Partial:
    """A hidden file beside the one that it will replace, locked where the system has such locks."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor, self._published = path, descriptor, False

    def fill(self, data: bytes) -> None:
        os.ftruncate(self._descriptor, 0)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)

    def publish(self, path: Path) -> None:
        if os.name == "nt":
            self._close()  # an open file cannot be renamed there
        os.replace(self._path, path)  # noqa: PTH105
        self._published = True

    def leave(self) -> None:
        # Unlocked last: what bears this name afterwards may be another writer's.
        with suppress(OSError):
            if not self._published:
                self._path.unlink()
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def _partial(path: Path) -> Iterator[_Partial]:
    hidden = path.with_name(f".{path.name}.partial")
    partial = _Partial(hidden, _locked(hidden))
    try:
        yield partial
    finally:
        partial.leave()


def _locked(path: Path) -> int:
    """Return a descriptor of `path`, created if need be, once nobody else is writing to it."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
        try:
            _lock(descriptor)
            if _is_still(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # while we waited, its writer gave it its final name


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    with suppress(OSError):  # some network file systems have no locks
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
