"""From the bytes of a records.jsonl to its records."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from latbench.errors import BadInput
from latbench.records.line import NewerSchema, decode
from latbench.records.record import SCHEMA, CellRecord, LaunchRecord, Record, RunRecord


@dataclass(frozen=True)
class Records:
    """The records of a results directory in the order written; `notes` says what was left out and why."""

    runs: tuple[RunRecord, ...] = ()
    launches: tuple[LaunchRecord, ...] = ()
    cells: tuple[CellRecord, ...] = ()
    notes: tuple[str, ...] = ()

    def ok_launches(self) -> dict[tuple[str, str], tuple[LaunchRecord, ...]]:
        """Return the launches to summarise, by (run_id, cell_id), ordered by index.

        Only ok ones, and the first ok one of each index: a repeated launch must not replace a measurement.
        """
        kept: dict[tuple[str, str], dict[int, LaunchRecord]] = {}
        for launch in self.launches:
            if launch.result.status == "ok":
                kept.setdefault((launch.run_id, launch.cell_id), {}).setdefault(launch.index, launch)
        return {key: tuple(found[index] for index in sorted(found)) for key, found in kept.items()}


@dataclass
class Parsed:
    """What the bytes of a file held: its records, the bytes they fill, and whether they end in a line end."""

    records: list[Record] = field(default_factory=list)
    whole: int = 0
    ended: bool = True
    notes: tuple[str, ...] = ()

    def sorted(self) -> Records:
        """Return the records by kind."""
        of = self.records
        return Records(
            tuple(record for record in of if isinstance(record, RunRecord)),
            tuple(record for record in of if isinstance(record, LaunchRecord)),
            tuple(record for record in of if isinstance(record, CellRecord)),
            self.notes,
        )


def parse(data: bytes, file: Path) -> Parsed:
    """Return what `data`, the bytes of `file`, holds.

    A torn last line is left out and noted; BadInput names `file` and the line for a newer schema or any other
    line that is not a record.
    """
    parsed = Parsed()
    *lines, last = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if line.strip():
            parsed.records.append(_decode(line, file, number))
        parsed.whole += len(line) + 1
    if not last:
        return parsed
    # No proper prefix of a JSON object is JSON: a last line that parses is whole and lacks only its line end.
    if _is_json(last):
        parsed.records.append(_decode(last, file, len(lines) + 1))
        parsed.whole, parsed.ended = len(data), False
    else:
        parsed.notes = (f"{file}: the last line is torn ({len(last)} bytes) and was left out.",)
    return parsed


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _decode(line: bytes, file: Path, number: int) -> Record:
    try:
        return decode(line)
    except NewerSchema as newer:
        raise BadInput(
            f"{file}, line {number}, has schema {newer.schema} but this latbench reads up to {SCHEMA}: "
            "upgrade latbench, or name another directory."
        ) from None
    except ValueError as error:
        raise BadInput(
            f"{file}, line {number}, is not a record ({error}): restore the file, or delete that line."
        ) from None
