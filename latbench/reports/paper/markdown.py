"""A paper's table as GitHub-flavoured Markdown."""

from collections.abc import Sequence

from latbench.papers import Beside
from latbench.reports.formats.base import Page
from latbench.reports.paper.base import Format, below, columns, notes, ranks


def _render(shown: Beside, _: Page) -> str:
    made = columns(shown)
    lines = [f"### {_escaped(shown.table.title)}", "", _escaped(shown.table.paper), ""]
    lines += _table(
        [one.title for one in made],
        list(zip(*(one.cells for one in made), strict=True)),
        [one.numeric for one in made],
    )
    lines += ["", *(f"- {_escaped(note)}" for note in notes(shown))]
    titles, rows = ranks(shown)
    if rows:
        numeric = [False, False, *[True] * 5, False, False]
        lines += ["", *_table(titles, rows, numeric), "", *(f"- {_escaped(note)}" for note in below(shown))]
    return "\n".join(lines) + "\n"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> list[str]:
    rulers = ["--:" if right else ":--" for right in numeric]
    cells = [[_escaped(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(line)} |" for line in (list(map(_escaped, titles)), rulers, *cells)]


def _escaped(text: str) -> str:
    for character in "\\|<*_`[":
        text = text.replace(character, f"\\{character}")
    return text


FORMAT = Format("markdown", "the table, its notes and the rank correlations, to paste into a page", _render)
