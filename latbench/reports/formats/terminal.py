"""The table for people on a terminal: aligned, and never wider than the page."""

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from latbench.reports.formats.base import Format, Page
from latbench.reports.ranking import Ranked
from latbench.reports.view import Shown, View, view

if TYPE_CHECKING:
    from rich.table import Table

_LEAST_WRAPPED = 24
"""A column that wraps is not made narrower than this to keep another one."""

_GAP = 3
_UNBOUNDED = 100_000


def _render(rows: Sequence[Ranked], page: Page) -> str:
    from rich.console import Console
    from rich.text import Text

    whole = view(rows)
    shown = whole if page.width is None else _fitted(whole, page.width)
    left_out = (column for column in whole.columns if column not in shown.columns)
    hidden = [column.title for column in left_out if column.instead is None]
    notes = list(shown.notes)
    if hidden:
        notes.append(f"Not shown at this width: {', '.join(hidden)}; --format csv has every column.")
    file = StringIO()
    console = Console(
        file=file,
        width=page.width or _UNBOUNDED,
        force_terminal=page.color,
        color_system="standard" if page.color else None,
        legacy_windows=False,
    )
    console.print(_table(shown))
    console.print()
    for line in filter(None, (shown.caption, *notes)):
        console.print(Text(line), soft_wrap=page.width is None)
    return "\n".join(line.rstrip() for line in file.getvalue().split("\n"))


def _natural(column: Shown, shown: View) -> int:
    """Return the width in terminal cells that `column` takes when nothing is broken."""
    from rich.cells import cell_len

    lines = [line for one in shown.rows for line in column.text(one).split("\n")]
    return max(map(cell_len, [column.title, *lines]))


def _fitted(shown: View, width: int) -> View:
    """Return `shown` with as many columns left out as it takes to fit into `width`."""

    def least(column: Shown) -> int:
        natural = _natural(column, shown)
        return min(natural, _LEAST_WRAPPED) if column.wraps else natural

    widths = {column: _GAP + least(column) for column in shown.columns}
    droppable = sorted((one for one in shown.columns if one.dispensable), key=lambda one: one.dispensable)
    while droppable and sum(widths[column] for column in shown.columns) - _GAP > width:
        shown = shown.without(droppable.pop())
    return shown


def _table(shown: View) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for column in shown.columns:
        table.add_column(
            Text(column.title),
            justify="right" if column.numeric else "left",
            no_wrap=not column.wraps,
            overflow="fold",
        )
    previous = None
    for one in shown.rows:
        if previous is not None and one.row["model"] != previous:
            table.add_section()
        previous = one.row["model"]
        table.add_row(*map(Text, shown.cells(one)), style=None if one.rank else "dim")
    return table


FORMAT = Format("table", "aligned for a terminal", _render)
