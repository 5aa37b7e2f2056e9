"""The doctor's checks: one file, or a tight group, each in this folder, found by walking it."""

from functools import cache

from exporters.discovery import discover
from latbench.machine.checks.base import Check


@cache
def checks() -> tuple[Check, ...]:
    """Return every check, by sorted file name and in the order within the file."""
    return tuple(discover(__name__, "CHECK", lambda check: check.key).values())
