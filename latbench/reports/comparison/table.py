"""A comparison as plain aligned text."""

from collections.abc import Sequence

from latbench.records.compare.outcome import Comparison
from latbench.reports.comparison.base import Format, alike, cells, heading, legend, reasons, remarks, sides
from latbench.reports.figures import UNKNOWN


def _render(comparison: Comparison) -> str:
    names = [] if alike(comparison) else [str(number) for number in range(1, len(comparison.pairs) + 1)]
    titles, rows, numeric = cells(comparison, names)
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in (titles, *rows)
    ]
    rule = "-" * max(map(len, lines))
    told = [*reasons(comparison, names), "", legend(comparison), *remarks(comparison, names)]
    return (
        "\n".join([heading(comparison), "", *_who(comparison, names), lines[0], rule, *lines[1:], "", *told])
        + "\n"
    )


def _who(comparison: Comparison, names: Sequence[str]) -> list[str]:
    """Return what the numbers of the pairs stand for: long names would make the table too wide."""
    lines = []
    for name, pair in zip(names, comparison.pairs, strict=False):
        for word, label in zip(sides(comparison), (pair.baseline_label, pair.candidate_label), strict=True):
            lines.append(f"{name} {word}  {label or UNKNOWN}")
    return [*lines, ""] if lines else []


FORMAT = Format("table", "aligned text", _render)
