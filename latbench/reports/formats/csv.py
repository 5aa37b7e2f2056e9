"""Every column as CSV, as in latency.csv but in the order of the table."""

from collections.abc import Sequence

from latbench.records import csvfile
from latbench.reports.formats.base import Format, Page
from latbench.reports.ranking import Ranked


def _render(rows: Sequence[Ranked], _: Page) -> str:
    return csvfile.text(one.row for one in rows)


FORMAT = Format("csv", "every column, comma-separated, unknown empty", _render)
