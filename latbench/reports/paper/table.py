"""A paper's table for a terminal: aligned, columns left out where it is too narrow for them."""

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING

from latbench.papers import Beside
from latbench.reports.formats.base import Page
from latbench.reports.paper.base import Column, Format, below, columns, notes, ranks

if TYPE_CHECKING:
    from rich.table import Table

_GAP = 3
_UNBOUNDED = 100_000


def _render(shown: Beside, page: Page) -> str:
    from rich.console import Console
    from rich.text import Text

    parts: list[list[str] | Table] = [[shown.table.title, shown.table.paper]]
    for whole, sentences in ((columns(shown), notes(shown)), (ranks(shown), below(shown))):
        if whole:
            kept = whole if page.width is None else fitted(whole, page.width)
            parts += [_table(kept), [*sentences, *_left_out(whole, kept)]]
    file = StringIO()
    console = Console(
        file=file,
        width=page.width or _UNBOUNDED,
        force_terminal=page.color,
        color_system="standard" if page.color else None,
        legacy_windows=False,
    )
    for part in parts:
        for piece in [Text(line) for line in part] if isinstance(part, list) else [part]:
            console.print(piece, soft_wrap=page.width is None)
        console.print()
    return "\n".join(line.rstrip() for line in file.getvalue().split("\n")).rstrip("\n") + "\n"


def _left_out(whole: Sequence[Column], kept: Sequence[Column]) -> list[str]:
    titles = {one.title.replace("\n", " ") for one in kept}
    hidden = [one.title for one in whole if one.title not in titles]
    return [f"Not shown at this width: {', '.join(hidden)}; --format markdown has all."] if hidden else []


def fitted(whole: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that fit into `width` characters, titles broken where they must be.

    The most dispensable ones are left out first; those that are not dispensable stay, however narrow it is.
    """
    kept = list(whole)
    if _taken(kept) > width:
        kept = [replace(one, title=one.title.replace(" ", "\n")) for one in kept]
    while _taken(kept) > width and (most := max(one.dispensable for one in kept)):
        kept = [one for one in kept if one.dispensable != most]
    return kept


def _taken(columns: Sequence[Column]) -> int:
    from rich.cells import cell_len

    def least(one: Column) -> int:
        cells = [word for cell in one.cells for word in cell.split()] if one.wraps else one.cells
        return max(map(cell_len, (*one.title.split("\n"), *cells)))

    return sum(map(least, columns)) + _GAP * (len(columns) - 1)


def _table(shown: Sequence[Column]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for column in shown:
        table.add_column(
            Text(column.title),
            justify="right" if column.numeric else "left",
            overflow="fold",
            no_wrap=not column.wraps,
        )
    for cells in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*map(Text, cells))
    return table


FORMAT = Format("table", "aligned for a terminal", _render)
