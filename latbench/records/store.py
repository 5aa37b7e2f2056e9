"""The append-only file of records, `records.jsonl`: written by one process, read by anyone."""

import os
from pathlib import Path
from typing import Self

from latbench.errors import BadInput
from latbench.records.line import encode
from latbench.records.lock import Lock, unwritable
from latbench.records.parse import Parsed, Records, parse
from latbench.records.record import Record

RECORDS, LOCK, TABLE = "records.jsonl", ".lock", "latency.csv"


def read(path: Path | str) -> Records:
    """Return the records under `path`, a results directory or a records.jsonl.

    A torn last line (a writer was killed in the middle of it) is left out and noted. BadInput when the file
    is missing, was written by a later latbench, or holds any other line that is not a record (named by its
    number).
    """
    path = Path(path)
    file = path / RECORDS if path.is_dir() else path
    return parse(_bytes(file), file).sorted()


class Store:
    """The one writer of a results directory; use as a context manager."""

    def __init__(self, directory: Path, lock: Lock, descriptor: int, parsed: Parsed) -> None:
        self.directory = directory
        self._lock, self._descriptor, self._parsed = lock, descriptor, parsed
        self._path, self._torn = directory / RECORDS, False

    @classmethod
    def open(cls, directory: Path | str) -> Self:
        """Return the store of `directory`, created if need be and locked until closed.

        A torn last line is cut off. EnvironmentFault when another process holds the directory (named in the
        message) or it cannot be written; BadInput when its records cannot be read.
        """
        directory = Path(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(directory, error) from None
        lock = Lock.take(directory / LOCK)
        try:
            return cls._opened(directory, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _opened(cls, directory: Path, lock: Lock) -> Self:
        path = directory / RECORDS
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise unwritable(path, error) from None
        try:
            parsed = parse(_bytes(path), path)
            if parsed.notes:
                os.ftruncate(descriptor, parsed.whole)
            elif not parsed.ended:
                _write(descriptor, b"\n")
                parsed.whole += 1
            os.fsync(descriptor)
            _sync_folder(directory)
        except OSError as error:
            os.close(descriptor)
            raise unwritable(path, error) from None
        except BaseException:
            os.close(descriptor)
            raise
        return cls(directory, lock, descriptor, parsed)

    def append(self, record: Record) -> None:
        """Write `record` as one line and force it to the disk; once this returns, a kill cannot lose it.

        When it raises (EnvironmentFault for a full disk) nothing of it is kept, and every earlier record is.
        """
        line = encode(record)
        try:
            if self._torn:
                self._cut()
            self._torn = True
            _write(self._descriptor, line)
            os.fsync(self._descriptor)
        except BaseException as error:
            self._cut_if_possible()
            if isinstance(error, OSError):
                raise unwritable(self._path, error) from None
            raise
        self._torn = False
        self._parsed.whole += len(line)
        self._parsed.records.append(record)

    def records(self) -> Records:
        """Return all records of the directory, those appended through this store included."""
        return self._parsed.sorted()

    def close(self) -> None:
        """Close the file and give the directory back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cut(self) -> None:
        os.ftruncate(self._descriptor, self._parsed.whole)
        self._torn = False

    def _cut_if_possible(self) -> None:
        try:
            self._cut()
        except OSError:
            return  # the next append, or the next open, cuts the torn line off


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_folder(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"There is no {file}; name a results directory or a records.jsonl.") from None
    except OSError as error:
        raise BadInput(f"Cannot read {file}: {error.strerror}; name a readable results file.") from None
