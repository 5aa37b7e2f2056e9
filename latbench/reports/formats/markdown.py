"""The table for people as GitHub-flavoured Markdown."""

from collections.abc import Sequence

from latbench.reports.formats.base import Format, Page
from latbench.reports.ranking import Ranked
from latbench.reports.view import view


def _render(rows: Sequence[Ranked], _: Page) -> str:
    shown = view(rows)
    rulers = ["--:" if column.numeric else ":--" for column in shown.columns]
    table = [[column.title for column in shown.columns], rulers]
    table += [[_escaped(cell) for cell in shown.cells(one)] for one in shown.rows]
    lines = [f"| {' | '.join(cells)} |" for cells in table]
    if shown.caption:
        lines += ["", _escaped(shown.caption)]
    if shown.notes:
        lines += ["", *(f"- {_escaped(note)}" for note in shown.notes)]
    return "\n".join(lines) + "\n"


def _escaped(cell: str) -> str:
    """Return `cell` so that Markdown shows it as it is: no markup, no cell or line ended early."""
    for character in "\\|<*_`[":
        cell = cell.replace(character, f"\\{character}")
    return cell.replace("\n", "<br>")


FORMAT = Format("markdown", "the table for people, to paste into a README or an issue", _render)
