"""Flags of a row: one file each in this folder, found by walking it."""

from functools import cache

from exporters.discovery import discover
from latbench.records.flags.base import Evidence, Flag


@cache
def flags() -> tuple[Flag, ...]:
    """Return every flag, sorted by file name."""
    return tuple(discover(__name__, "FLAG", lambda flag: flag.name).values())


def fired(evidence: Evidence) -> tuple[str, ...]:
    """Return "name=figure" for each flag that `evidence` fires."""
    figures = ((flag.name, flag.fired(evidence)) for flag in flags())
    return tuple(f"{name}={figure}" for name, figure in figures if figure is not None)
