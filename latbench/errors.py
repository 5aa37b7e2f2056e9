"""Errors a user can mend, and the exit code each one ends the command with."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every `latbench` command (documented in the README)."""

    OK = 0
    SLOWER = 1
    BAD_INPUT = 2
    UNDECIDED = 3
    EXPORT_REFUSED = 4
    ROWS_NOT_OK = 5
    ENVIRONMENT = 6
    INTERNAL = 70
    INTERRUPTED = 130


class LatbenchError(Exception):
    """One sentence that names what is wrong and how to mend it; shown without a traceback."""

    exit_code: Exit = Exit.BAD_INPUT


class BadInput(LatbenchError):
    """An option, a file or a model name that cannot be used as given."""


class EnvironmentFault(LatbenchError):
    """The machine lacks something: a runtime, a writable directory, disk space, a free lock."""

    exit_code = Exit.ENVIRONMENT
