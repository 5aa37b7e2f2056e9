"""Every column as a JSON array of objects, with the rank first."""

from collections.abc import Sequence

from latbench.records.line import dumps
from latbench.reports.formats.base import Format, Page
from latbench.reports.ranking import Ranked


def _render(rows: Sequence[Ranked], _: Page) -> str:
    return dumps([{"rank": one.rank, **one.row} for one in rows], indent=2) + "\n"


FORMAT = Format("json", "every column and the rank, unknown null", _render)
