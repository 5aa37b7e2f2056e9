"""latency.csv: the rows as a tidy table, written whole or not at all."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from exporters import wholefile
from latbench.errors import BadInput
from latbench.records.columns import Column, columns
from latbench.records.lock import unwritable
from latbench.records.record import SCHEMA
from latbench.records.row import Row

_NEEDED = ("schema", "model", "runtime", "status")


def text(rows: Iterable[Row], using: Sequence[Column] | None = None) -> str:
    """Return `rows` as CSV: a header, LF line ends, unknown empty, floats at their shortest exact form."""
    chosen = columns() if using is None else using
    lines = [[column.name for column in chosen]]
    lines += [[_cell(row.get(column.name)) for column in chosen] for row in rows]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)


def write(rows: Iterable[Row], path: Path | str, using: Sequence[Column] | None = None) -> None:
    """Write `rows` to `path` as `text` does, in UTF-8; a reader sees the old file or the new, never a part.

    Raises EnvironmentFault when the folder is full or cannot be written; the old file then stands.
    """
    write_text(text(rows, using), path)


def write_text(content: str, path: Path | str) -> None:
    """Write `content` to `path` as `write` does: whole or not at all."""
    try:
        wholefile.write(Path(path), content.encode("utf-8", errors="backslashreplace"))
    except OSError as error:
        raise unwritable(Path(path), error) from None


def read(path: Path | str, using: Sequence[Column] | None = None) -> list[Row]:
    """Return the rows of the CSV at `path`, every known column present; other columns are left out.

    BadInput when the file is missing, is no latency.csv, was written by a later latbench, or a value does not
    fit its column (named by line and column).
    """
    path = Path(path)
    chosen = columns() if using is None else using
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            content = file.read()
    except FileNotFoundError:
        raise BadInput(f"There is no {path}; name a results directory or a latency.csv.") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not text in UTF-8; name a latency.csv that latbench wrote.") from None
    except OSError as error:
        raise BadInput(f"Cannot read {path}: {error.strerror}; name a readable results file.") from None
    table = csv.reader(io.StringIO(content, newline=""))
    try:
        header = next(table, [])
        missing = [name for name in _NEEDED if name not in header]
        if missing:
            raise BadInput(f"{path} has no column {missing[0]!r}; name a latency.csv that latbench wrote.")
        return [_row(header, line, chosen, f"{path}, line {table.line_num},") for line in table if line]
    except csv.Error as error:
        raise BadInput(f"{path}, line {table.line_num}, is not CSV ({error}); restore the file.") from None


def _row(header: list[str], line: list[str], chosen: Sequence[Column], where: str) -> Row:
    if len(line) != len(header):
        raise BadInput(f"{where} has {len(line)} cells under {len(header)} columns; restore the file.")
    cells = dict(zip(header, line, strict=True))
    schema = cells["schema"]
    if schema.isdecimal() and int(schema) > SCHEMA:
        raise BadInput(
            f"{where} has schema {schema} but this latbench reads up to {SCHEMA}: upgrade latbench."
        )
    values: Row = {}
    for column in chosen:
        cell = cells.get(column.name, "")
        try:
            values[column.name] = None if cell == "" else _PARSERS[column.type](cell)
        except (ValueError, KeyError):
            raise BadInput(
                f"{where} column {column.name}: {cell!r} is not a value in {column.unit}."
            ) from None
    return values


def _whole(cell: str) -> int:
    """Return a whole number, "4.0" included: spreadsheets and pandas write it so where a column has gaps."""
    try:
        return int(cell)
    except ValueError:
        value = float(cell)
        if not value.is_integer():
            raise
        return int(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(cell: str) -> str:
    """Return `cell`, quoted where it must be; the csv module leaves a bare carriage return unquoted."""
    if not any(character in cell for character in ',"\r\n'):
        return cell
    return '"' + cell.replace('"', '""') + '"'


_BOOLS = {"true": True, "false": False}
_PARSERS: Mapping[type, Callable[[str], Any]] = {
    str: str,
    int: _whole,
    float: float,
    bool: lambda cell: _BOOLS[cell.lower()],
}
