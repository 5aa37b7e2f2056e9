"""A paper's table as GitHub-flavoured Markdown."""

from collections.abc import Sequence

from latbench.papers import Beside
from latbench.reports.formats.base import Page
from latbench.reports.paper.base import Column, Format, below, columns, notes, ranks


def _render(shown: Beside, _: Page) -> str:
    made = columns(shown)
    lines = [f"### {_escaped(shown.table.title)}", "", _escaped(shown.table.paper), ""]
    lines += _table(made)
    lines += ["", *(f"- {_escaped(note)}" for note in notes(shown))]
    ranked = ranks(shown)
    if ranked:
        lines += ["", *_table(ranked), "", *(f"- {_escaped(note)}" for note in below(shown))]
    return "\n".join(lines) + "\n"


def _table(shown: Sequence[Column]) -> list[str]:
    rulers = ["--:" if column.numeric else ":--" for column in shown]
    rows = [[_escaped(cell) for cell in row] for row in zip(*(column.cells for column in shown), strict=True)]
    titles = [_escaped(column.title) for column in shown]
    return [f"| {' | '.join(line)} |" for line in (titles, rulers, *rows)]


def _escaped(text: str) -> str:
    for character in "\\|<*_`[":
        text = text.replace(character, f"\\{character}")
    return text


FORMAT = Format("markdown", "the table, its notes and the rank correlations, to paste into a page", _render)
