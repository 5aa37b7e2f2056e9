"""One writer per results directory."""

import errno
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from latbench.errors import EnvironmentFault

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def unwritable(path: Path, error: OSError) -> EnvironmentFault:
    """Return the fault to raise when `path` cannot be written, with the way out."""
    if error.errno in FULL:
        return EnvironmentFault(
            f"No space left to write {path}: free some and run the same command again; "
            "nothing recorded so far is lost."
        )
    why = error.strerror or str(error)
    return EnvironmentFault(f"Cannot write {path}: {why}; name a writable directory with --output.")


class Lock:
    """An exclusive lock on a file, held until `release` or until the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Self:
        """Return the lock on `path`, with this process's pid, host and time written into the file.

        EnvironmentFault when another process has it (named in the message) or `path` cannot be written.
        """
        import fcntl  # absent on Windows, where results can still be read

        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise unwritable(path, error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, _signature())
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise EnvironmentFault(
                f"{path.parent} is being written by {holder}: wait for it to end, or name another directory "
                "with --output."
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise unwritable(path, error) from None
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it would let two writers in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _signature() -> bytes:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}).encode() + b"\n"


def _holder(descriptor: int) -> str:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {told['pid']} on {told['host']} since {told['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
