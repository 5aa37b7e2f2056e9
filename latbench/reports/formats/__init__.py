"""The formats of a table: one file each in this folder, found by walking it."""

from functools import cache

from exporters.discovery import discover
from latbench.reports.formats.base import Format


@cache
def formats() -> dict[str, Format]:
    """Return every format by name."""
    return discover(__name__, "FORMAT", lambda format_: format_.name)
