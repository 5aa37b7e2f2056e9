"""A comparison as text: one format a file in this folder, found by walking it."""

from functools import cache

from exporters.discovery import discover
from latbench.errors import BadInput
from latbench.records.compare.outcome import Comparison
from latbench.reports.comparison.base import Format


@cache
def formats() -> dict[str, Format]:
    """Return every format by name."""
    return discover(__name__, "FORMAT", lambda format_: format_.name)


def render(comparison: Comparison, format: str = "table") -> str:
    """Return `comparison` as text, its last line end included; BadInput for a format that does not exist."""
    known = formats()
    if format not in known:
        raise BadInput(f"There is no format {format!r}; --format is one of {', '.join(known)}.")
    return known[format].render(comparison)
