"""One side of a stored comparison: the cells that a results file holds, each once."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latbench.errors import BadInput
from latbench.records.anyfile import Warn, read_any
from latbench.records.compare.likeness import IDENTITY, Key, Likeness
from latbench.records.parse import Records
from latbench.records.record import PENDING
from latbench.records.row import Row, rows
from latbench.records.store import RECORDS, TABLE, read
from latbench.stats import Launches


@dataclass(frozen=True)
class Measured:
    """A row, and the samples of its launches in nanoseconds where the file holds them (a CSV does not)."""

    row: Row
    launches: Launches | None = None


def is_results(path: Path | str) -> bool:
    """Tell whether `path` is an existing results file, or a directory that holds one."""
    path = Path(path)
    if path.is_dir():
        return any((path / name).is_file() for name in (RECORDS, TABLE))
    return path.is_file() and path.suffix in {Path(name).suffix for name in (RECORDS, TABLE)}


def load(path: Path | str, warn: Warn | None = None) -> list[Measured]:
    """Return the rows of a results directory, records.jsonl or latency.csv, in order.

    BadInput when it is missing, of another kind or unreadable; `warn` hears of a torn last line.
    """
    path = Path(path)
    file = path / RECORDS if path.is_dir() else path
    if file.suffix != Path(RECORDS).suffix or not file.is_file():
        return [Measured(row) for row in read_any([path], warn)]
    records = read(file)
    for note in records.notes:
        if warn is not None:
            warn(note)
    return of_records(records)


def of_records(records: Records) -> list[Measured]:
    """Return every planned cell of `records` with its samples."""
    finished = records.ok_launches()
    return [
        Measured(
            row,
            tuple(
                np.asarray(launch.result.samples_ns, dtype=np.int64)
                for launch in finished.get((row["run_id"], row["cell_id"]), ())
                if launch.result.samples_ns
            ),
        )
        for row in rows(records)
    ]


def by_key(side: list[Measured], likeness: Likeness, path: Path | str) -> dict[Key, Measured]:
    """Return the cells of one side by what they are matched by: of a cell measured often, the latest.

    A pending row never takes the place of a finished one. BadInput when a waived difference leaves two
    different cells that cannot be told apart.
    """
    found: dict[Key, Measured] = {}
    for one in sorted(side, key=lambda one: one.row.get("created") or ""):
        key = likeness.key(one.row)
        earlier = found.get(key)
        if earlier is not None:
            _same_cell(earlier.row, one.row, likeness, path)
            if one.row["status"] == PENDING and earlier.row["status"] != PENDING:
                continue
        found[key] = one
    return found


def _same_cell(one: Row, other: Row, likeness: Likeness, path: Path | str) -> None:
    for name, column in IDENTITY.items():
        if name in likeness.allowed and one.get(column) != other.get(column):
            raise BadInput(
                f"{path} holds {one['model']} on {one['runtime']} with {column} {one.get(column)} and "
                f"{other.get(column)}: with --allow {name} it is not clear which one is meant; compare "
                "files with one of them."
            )
