"""A paper's table beside ours as text: one format a file in this folder, found by walking it."""

from functools import cache

from exporters.discovery import discover
from latbench.errors import BadInput
from latbench.papers import Beside
from latbench.reports.formats.base import Page
from latbench.reports.paper.base import Format


@cache
def formats() -> dict[str, Format]:
    """Return every format by name."""
    return discover(__name__, "FORMAT", lambda format_: format_.name)


def known(format: str) -> Format:
    """Return the format called `format`; BadInput names them all when there is none."""
    if format not in formats():
        raise BadInput(f"There is no format {format!r}; --format is one of {', '.join(formats())}.")
    return formats()[format]


def render(shown: Beside, format: str = "table", width: int | None = None, color: bool = False) -> str:
    """Return `shown` as text, its last line end included; BadInput for a format that does not exist.

    `width` in characters bounds the terminal table, which then leaves columns out and says which.
    """
    return known(format).render(shown, Page(width, color))
