"""Rows from whatever a user names: results directories, records.jsonl files, latency.csv files, mixed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from latbench.errors import BadInput
from latbench.records import csvfile
from latbench.records.record import LaunchRecord
from latbench.records.row import Row, rows
from latbench.records.store import RECORDS, TABLE, read

Warn = Callable[[str], object]


@dataclass(frozen=True)
class Measured:
    """The launches of a cell of a run: `kept` are in its row, `lost` did not end ok or were repetitions."""

    kept: tuple[LaunchRecord, ...] = ()
    lost: tuple[LaunchRecord, ...] = ()


def read_any(paths: Iterable[Path | str], warn: Warn | None = None) -> list[Row]:
    """Return the rows of all `paths` in order; a cell of a run that several paths hold appears once.

    A directory stands for its records.jsonl, or its latency.csv when it has no records. `warn` receives a
    sentence for whatever was left out (a torn last line). BadInput when a path is missing, of another kind or
    unreadable.
    """
    found: dict[tuple[object, ...], Row] = {}
    for path in map(Path, paths):
        file = _file(path)
        for number, row in enumerate(_READERS[file.suffix](file, warn or _silent)):
            key = (row["run_id"], row["cell_id"])
            found.setdefault(key if None not in key else (file, number), row)
    return list(found.values())


def read_launches(paths: Iterable[Path | str]) -> dict[tuple[str, str], Measured]:
    """Return the launches of every cell that the records under `paths` hold, by (run_id, cell_id).

    The first of several paths that hold a cell counts, as in `read_any`, and so do its errors. A table
    holds no launches: what stands only in a latency.csv is not in the answer.
    """
    found: dict[tuple[str, str], Measured] = {}
    for file in map(_file, map(Path, paths)):
        if file.suffix == Path(RECORDS).suffix:
            found = _measured(file) | found
    return found


def _measured(file: Path) -> dict[tuple[str, str], Measured]:
    records = read(file)
    kept = records.ok_launches()
    planned = [(run.run_id, cell.cell_id) for run in records.runs for cell in run.cells]
    lost: dict[tuple[str, str], list[LaunchRecord]] = {key: [] for key in planned}
    for launch in records.launches:
        key = (launch.run_id, launch.cell_id)
        if not any(launch is one for one in kept.get(key, ())):
            lost.setdefault(key, []).append(launch)
    return {key: Measured(kept.get(key, ()), tuple(others)) for key, others in lost.items()}


def _file(path: Path) -> Path:
    if path.is_dir():
        files = [path / name for name in (RECORDS, TABLE) if (path / name).exists()]
        if not files:
            raise BadInput(
                f"{path} holds neither {RECORDS} nor {TABLE}; name the --output directory of a run."
            )
        return files[0]
    if not path.exists():
        raise BadInput(f"There is no {path}; name a results directory, a {RECORDS} or a {TABLE}.")
    if path.suffix not in _READERS:
        raise BadInput(f"{path} is no results file; name a results directory, a {RECORDS} or a {TABLE}.")
    return path


def _silent(_: str) -> None:
    pass


def _from_records(file: Path, warn: Warn) -> list[Row]:
    records = read(file)
    for note in records.notes:
        warn(note)
    return rows(records)


_READERS: Mapping[str, Callable[[Path, Warn], list[Row]]] = {
    Path(RECORDS).suffix: _from_records,
    Path(TABLE).suffix: lambda file, _: csvfile.read(file),
}
