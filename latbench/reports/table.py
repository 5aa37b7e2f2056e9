"""From rows to a table as text, in any of the formats."""

from collections.abc import Iterable

from latbench.errors import BadInput
from latbench.records import Row
from latbench.reports.formats import formats
from latbench.reports.formats.base import Page
from latbench.reports.ranking import ranked


def render(rows: Iterable[Row], format: str = "table", width: int | None = None, color: bool = False) -> str:
    """Return `rows` as text, ranked by latency within each model.

    `format` is one of `formats()`: "table" (for a terminal), "csv", "json" or "markdown". `width` in
    characters bounds the terminal table, which then leaves columns out and says which; `color` allows escape
    sequences in it. BadInput for a format that does not exist.
    """
    known = formats()
    if format not in known:
        raise BadInput(f"There is no format {format!r}; --format is one of {', '.join(known)}.")
    return known[format].render(ranked(rows), Page(width, color))
