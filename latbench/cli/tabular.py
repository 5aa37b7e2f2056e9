"""Small tables that are no results: as text, CSV or JSON."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from latbench.errors import BadInput

Rows = Sequence[Mapping[str, Any]]


def _table(rows: Rows) -> str:
    names = list(rows[0]) if rows else []
    cells = [names, *([_text(row[name]) for name in names] for row in rows)]
    numeric = [all(isinstance(row[name], int | float | None) for row in rows) for name in names]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    return "".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        + "\n"
        for line in cells
    )


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else str(value)


def _csv(rows: Rows) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _json(rows: Rows) -> str:
    return json.dumps([dict(row) for row in rows], indent=2, ensure_ascii=False) + "\n"


FORMATS: Mapping[str, Callable[[Rows], str]] = {"table": _table, "csv": _csv, "json": _json}
"""The formats of these tables."""


def render(rows: Rows, format: str) -> str:
    """Return `rows` (of equal keys) as text; unknown is a dash, empty or null. BadInput: no such format."""
    if format not in FORMATS:
        raise BadInput(f"--format {format!r} does not exist; use one of: {', '.join(FORMATS)}.")
    return FORMATS[format](rows)
