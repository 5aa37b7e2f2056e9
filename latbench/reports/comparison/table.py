"""A comparison as plain aligned text."""

from latbench.records.compare.outcome import Comparison
from latbench.reports.comparison.base import Format, cells, heading, legend, reasons, remarks


def _render(comparison: Comparison) -> str:
    titles, rows, numeric = cells(comparison)
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in (titles, *rows)
    ]
    rule = "-" * max(map(len, lines))
    told = [*reasons(comparison), "", legend(comparison), *remarks(comparison)]
    return "\n".join([heading(comparison), "", lines[0], rule, *lines[1:], "", *told]) + "\n"


FORMAT = Format("table", "aligned text", _render)
